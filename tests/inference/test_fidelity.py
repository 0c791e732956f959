"""Fidelity: which files are read, what lies between them, and the same in both runtimes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import small_weights

from sketchback import weights
from sketchback.inference import fidelity, onnx_files, runtime


@pytest.fixture
def both(tmp_path: Path) -> Path:
    small_weights.saved(tmp_path, "mine-faithful", seed=1)
    return small_weights.saved(tmp_path, "mine", seed=0)


def test_the_ends_are_the_files_themselves(both: Path) -> None:
    sketch = np.random.default_rng(0).random((1, 16, 16, 1), np.float32)
    for share, name in ((0, "mine"), (1, "mine-faithful"), (None, "mine")):
        expected = runtime.load(both.with_name(f"{name}.weights.h5")).predict_on_batch(sketch)
        np.testing.assert_array_equal(runtime.load(both, fidelity=share).predict_on_batch(sketch), expected)


def test_between_them_lie_their_weights(both: Path) -> None:
    sketch = np.random.default_rng(0).random((1, 16, 16, 1), np.float32)
    heavy = runtime.load(both, "keras", fidelity=0.25)
    first, second = (small_weights.original(seed).get_weights() for seed in (0, 1))
    for array, a, b in zip(heavy.get_weights(), first, second, strict=True):
        np.testing.assert_allclose(array, 0.75 * a + 0.25 * b, atol=1e-6)
    light = runtime.load_once(both, "onnx", 0.25)
    np.testing.assert_allclose(light.predict_on_batch(sketch), heavy.predict_on_batch(sketch), atol=1 / 255)
    assert light is runtime.load_once(both, "onnx", 0.25) is not runtime.load_once(both, "onnx", 0.5)


def test_a_graph_between_two_files(both: Path, tmp_path: Path) -> None:
    onnxruntime = pytest.importorskip("onnxruntime")
    sketch = np.random.default_rng(0).random((1, 16, 16, 1), np.float32)
    found = {f"{share}.onnx": runtime.load(both, "onnx", fidelity=share) for share in (0, 1)}
    ends = {file: onnx_files.fill(network.graph, network.arrays) for file, network in found.items()}
    data = onnx_files.between(ends)
    for file, content in {**ends, "between.onnx": data}.items():
        (tmp_path / file).write_bytes(content)
    session = onnxruntime.InferenceSession(tmp_path / "between.onnx", providers=["CPUExecutionProvider"])
    for share in (0, 0.25, 1):
        given = {"sketch": sketch, "fidelity": np.full((1, 1, 1, 1), share, np.float32)}
        expected = runtime.load(both, "onnx", fidelity=share)(sketch)
        np.testing.assert_allclose(session.run(None, given)[0], expected, rtol=0, atol=1 / 255)
    with pytest.raises(ValueError, match=r"of one graph\. Received: 0\.onnx and 1\.onnx"):
        onnx_files.between({**ends, "1.onnx": data})


def test_what_cannot_be(both: Path, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"in \[0, 1\].*Received: 1\.5"):
        fidelity.ends(both, 1.5)
    with pytest.raises(ValueError, match="must be in .*Received: '1'"):
        fidelity.ends(both, "1")
    with pytest.raises(ValueError, match="needs both ends.*which is the second.*Name the first"):
        fidelity.ends(fidelity.faithful_end(both), 0.5)
    alone = small_weights.saved(tmp_path / "alone", "mine")
    assert fidelity.ends(alone, None) == [(alone, 1.0)]
    with pytest.raises(ValueError, match="needs both ends.*alone.*Leave it out"):
        fidelity.ends(alone, 0.5)
    weights.save(small_weights.make(width=3, halvings=2, blocks=1), fidelity.faithful_end(alone))
    for name in ("onnx", "keras"):
        with pytest.raises(weights.WeightsError, match="one architecture with the same arguments"):
            runtime.load(alone, name, fidelity=0.5)
