"""What benchmarks/speed.py counts and how it takes turns. What it measures is never asserted."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
import pytest

BENCHMARKS = Path(__file__).parents[1] / "benchmarks"
sys.path.insert(0, str(BENCHMARKS))

speed_turns = pytest.importorskip("speed_turns", reason="needs the checkout")
import rivals  # noqa: E402
import speed_ours  # noqa: E402
import speed_tables  # noqa: E402

from sketchback import models  # noqa: E402
from sketchback.models import backbones

SCRIPT = f"""
import sys, time
sys.path.insert(0, {str(BENCHMARKS)!r})
from speed_turns import serve

def counter(start):
    def act(number):
        print("libraries print what they like")
        act.count += 1
        return {{"number": number, "count": act.count, "seconds": 0.5}}
    act.count = start
    return act

def absent():
    import no_such_package

serve({{"counter": counter, "absent": absent}})
"""


@pytest.fixture
def script(tmp_path: Path) -> str:
    path = tmp_path / "script.py"
    path.write_text(SCRIPT)
    return str(path)


def test_turns_alternate_and_the_first_does_not_count(script: str, tmp_path: Path) -> None:
    makers = [("counter", {"start": 0}), ("counter", {"start": 10})]
    contenders = [
        speed_turns.Contender("a", sys.executable, script, name, tmp_path / "log", **settings)
        for name, settings in makers
    ]
    for contender in contenders:
        contender.wait()
    idle = speed_turns.alternate(contenders, 3)
    for contender in contenders:
        contender.close()
    assert [[turn["count"] for turn in contender.turns] for contender in contenders] == [[2, 3, 4], [12, 13, 14]]
    assert [turn["number"] for turn in contenders[0].turns] == [1, 2, 3]
    assert contenders[0].turns[0]["seconds"] == 0.5  # what the contender timed itself counts
    assert contenders[0].turns[0]["peak"] > 0.001
    assert idle == 0.0  # no turn took long enough to tell
    assert all(contender.process.returncode == 0 for contender in contenders)
    assert (tmp_path / "log").read_text().startswith("libraries print")


def test_who_is_not_installed_is_left_out(script: str, tmp_path: Path) -> None:
    with pytest.raises(speed_turns.LeftOutError, match=r"^b: No module named 'no_such_package'$"):
        speed_turns.Contender("b", sys.executable, script, "absent", tmp_path / "log").wait()


def test_ratios_are_those_of_each_turn() -> None:
    # 2, 1 and 8: their median is 2, while the medians 4 and 3 would give 1.33.
    assert speed_tables.ratios([4.0, 3.0, 8.0], [2.0, 3.0, 1.0]) == "2.00 [1.00, 8.00]"


def test_the_floating_point_operations_of_a_training_step() -> None:
    # Convolutions one by one: multiply-accumulates for each pixel of a picture whose area is 4 ** level times smaller.
    channels = [32, 64, 128, 256, 256]
    generator = 49 * 32 + 9 * 32 * 3 + 3 * 2 * 9 * 256 * 256 / 4**4
    for level in range(1, 5):
        shallow, deep = channels[level - 1], channels[level]
        generator += (9 * shallow * deep + 2 * 9 * deep * deep) / 4**level
        generator += (9 * deep * shallow + 2 * 9 * shallow * shallow) / 4 ** (level - 1)
    vgg = 9 * (3 * 64 + 64 * 64 + 64 * 128 / 4 + 128 * 128 / 4)
    # Forward, weights and inputs of the generator, but no gradient of the sketch; two forward and one back in VGG.
    expected = 2 * 96 * 96 * (3 * generator - 49 * 32 + 3 * vgg) / 1e9
    macs = speed_ours.generator_macs
    model, network = models.scribbler(), backbones.vgg16_relu2_2("random")
    counted = speed_ours.training_gflop(
        macs(model, (96, 96)), model.get_layer("stem").kernel.shape, macs(network, (96, 96)), 96
    )
    assert counted == pytest.approx(expected, rel=1e-9)
    assert counted == pytest.approx(17.91, abs=0.01)


@pytest.mark.parametrize("skips", [True, False])
def test_the_twin_in_pytorch_gives_the_same_picture(tmp_path: Path, skips: bool) -> None:
    pytest.importorskip("torch", reason="needs PyTorch")
    generator = models.build("scribbler", width=4, halvings=3, blocks=1, skips=skips)
    rng = np.random.default_rng(0)
    for variable in generator.weights:  # the second convolutions begin at zero, which would hide mistakes
        variable.assign(rng.normal(0, 0.2, variable.shape))
    arrays = {variable.path.removeprefix("scribbler/"): np.asarray(variable) for variable in generator.weights}
    np.savez(tmp_path / "generator.npz", arguments=json.dumps(generator.arguments), **arrays)
    sketches = rng.random((2, 32, 48, 1), np.float32)
    ours = np.asarray(generator(sketches))
    theirs = rivals.torch_runner(str(tmp_path / "generator.npz"))(sketches)
    assert np.ptp(ours) > 0.1
    np.testing.assert_allclose(theirs, ours, atol=1e-4)
