"""The examples run in order, as a newcomer would run them, and write what they say."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).resolve().parents[1] / "examples"
SCRIPTS = sorted(EXAMPLES.glob("[0-9]_*.py"))


@pytest.fixture(scope="module")
def out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("examples")


@pytest.mark.slow  # all but the first start Keras, and 3 and 4 train
@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.stem)
def test_example(script: Path, out: Path) -> None:
    done = subprocess.run([sys.executable, str(script), str(out)], capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    written = [Path(line.removeprefix("wrote ")) for line in done.stdout.splitlines() if line.startswith("wrote ")]
    assert all(path.stat().st_size > 1000 for path in written)
    expected = {"1_sketch_a_photo": 1, "2_invert_a_drawing": 3, "3_train_a_small_model": 1}
    assert len(written) == expected.get(script.stem, 0)
    if script.stem == "4_finetune_and_compare":
        # Of each model a row of PSNR, and one of the other measures.
        rows = [line[38:].split() for line in done.stdout.splitlines() if line[:38].rstrip() == "the generator"]
        before, after = (float(row[0]) for row in rows[::2])
        assert len(rows) == 4 and after > before  # fine-tuning on buildings helps on buildings
    if script.stem == "5_weights_in_python":
        assert "plain Keras: 0.0" in done.stdout


def test_there_are_five() -> None:
    assert len(SCRIPTS) == 5
