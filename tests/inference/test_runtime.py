"""The light runtime and Keras: the same photographs, the same refusals, and one for the other where it must be."""

from __future__ import annotations

import dataclasses
import json
import subprocess
import sys
import types
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import h5py
import keras
import numpy as np
import pytest
import telling

from sketchback import images, models, weights
from sketchback.inference import fast, graphs, pipeline, runtime
from sketchback.inference.runtime import LightGenerator

SMALL = {"width": 4, "halvings": 2, "blocks": 1}
HEAVY = ("keras", "tensorflow", "jax", "torch", "onnx", "skimage", "scipy", "matplotlib", "imgaug")


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch) -> Path:
    monkeypatch.setenv(graphs.ENVIRONMENT, str(tmp_path / "cache"))
    monkeypatch.delenv(runtime.ENVIRONMENT, raising=False)
    return tmp_path / "cache"


@pytest.fixture
def small(tmp_path: Path) -> Path:
    generator, rng = models.build("scribbler", **SMALL), np.random.default_rng(0)
    generator.set_weights([rng.normal(0, 0.1, array.shape) for array in generator.get_weights()])
    return weights.save(generator, tmp_path / "small.weights.h5", recipe=json.dumps({"size": [48, 40]}), half=True)


@pytest.fixture
def sketches() -> np.ndarray:
    return np.random.default_rng(1).random((2, 33, 47, 1), np.float32)


def agree(one: object, other: object, sketches: np.ndarray) -> None:
    expected = pipeline.predict(other, sketches)
    assert expected.std() > 0.01
    np.testing.assert_allclose(pipeline.predict(one, sketches), expected, rtol=0, atol=1 / 255)


def test_both_runtimes_give_the_same_photograph(small: Path, sketches: np.ndarray) -> None:
    light, heavy = runtime.load(small, "onnx"), runtime.load(small, "keras")
    assert isinstance(light, LightGenerator) and isinstance(heavy, keras.Model)
    agree(light, heavy, sketches)
    for name in ("architecture", "arguments", "facts"):
        assert getattr(light, name) == getattr(heavy, name)
    assert light.stride == heavy.stride == 4
    assert pipeline.working_size(light) == pipeline.working_size(heavy) == (48, 40)


@pytest.mark.slow
def test_the_weights_that_ship(sketches: np.ndarray) -> None:
    for name in weights.names():
        agree(runtime.load(name, "onnx"), runtime.load(name, "keras"), sketches)


def test_a_light_one_begins_without_the_heavy_packages(tmp_path: Path) -> None:
    path = weights.save(models.build("scribbler"), tmp_path / "mine.weights.h5", half=True)
    drawing = images.write(tmp_path / "drawing.png", 1 - np.eye(40, 33, dtype=np.float32)[..., None])
    code = (
        "import sys; from sketchback.invert import main;"
        f"assert main([{str(drawing)!r}, '-o', {str(tmp_path / 'photo.png')!r}, '--weights', {str(path)!r}]) == 0;"
        f"print([name for name in {HEAVY} if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, "[]\n"), done.stderr
    assert images.read(tmp_path / "photo.png").shape == (40, 33, 3)
    assert not (tmp_path / "cache").exists()  # default arguments ship


def test_other_arguments_are_made_once(small: Path, cache: Path, sketches: np.ndarray) -> None:
    assert isinstance(runtime.load(small), LightGenerator)
    (path,) = cache.rglob("*.onnx")
    before = path.stat().st_mtime_ns
    runtime.load(small)
    assert path.stat().st_mtime_ns == before
    path.write_bytes(path.read_bytes()[:-9])  # damaged: made anew
    agree(runtime.load(small), weights.load(small), sketches)
    assert path.stat().st_mtime_ns != before
    assert graphs.find("scribbler", weights.describe(small)["arguments"]) is not None


# What is refused


PLACE = "layers/conv2d_2/vars/0"
SPOILT = {
    "nan": lambda file: file[PLACE].__setitem__((0, 0, 0, 0), np.nan),
    "shape": lambda file: [file.move(PLACE, "a"), file.__setitem__(PLACE, file["a"][()].T), file.__delitem__("a")],
    "missing": lambda file: file.move(PLACE, "layers/conv2d_2/vars/kernel"),
    "fewer": lambda file: file.__delitem__(PLACE),
    "more": lambda file: file.__setitem__("layers/extra", np.zeros(3, np.float32)),
    "architecture": lambda file: file.attrs.update(architecture="pix2pix"),
    "another": lambda file: file.attrs.update(architecture="sketchback2017", arguments="{}"),
    "arguments": lambda file: file.attrs.update(arguments='{"width": 4.0, "halvings": 2, "blocks": 1}'),
    "no arguments": lambda file: file.attrs.update(arguments="[1, 2]"),
}


@pytest.mark.slow
@pytest.mark.parametrize("how", SPOILT)
def test_both_refuse_the_same_files_and_say_the_same(small: Path, how: str) -> None:
    runtime.load(small)  # its graph is kept now
    with h5py.File(small, "r+") as file:
        SPOILT[how](file)
    said = []
    for name in ("onnx", "keras", "auto"):
        with pytest.raises(weights.WeightsError, match="Received|cannot be built") as caught:
            runtime.load(small, name)
        said.append(str(caught.value))
    assert said[0] == said[1] == said[2]


def test_unknown_names(monkeypatch, small: Path) -> None:
    assert [runtime.check(name) for name in (None, "auto", "fast")] == ["auto", "auto", "fast"]
    monkeypatch.setenv(runtime.ENVIRONMENT, "keras")
    assert runtime.check(None) == "keras" and runtime.check("onnx") == "onnx"
    with pytest.raises(ValueError, match=r"`runtime` must be one of auto, onnx, keras, fast\. Received: 'torch'\."):
        runtime.load(small, "torch")
    with pytest.raises(FileNotFoundError, match="Known names"):
        runtime.load("nobody")


def test_keras_where_onnxruntime_is_missing(small: Path, sketches: np.ndarray, monkeypatch) -> None:
    monkeypatch.setitem(sys.modules, "onnxruntime", None)  # as Python marks a package that cannot be imported
    assert isinstance(runtime.load(small), keras.Model)
    with pytest.raises(ImportError, match="needs onnxruntime"):
        runtime.load(small, "onnx")


# Fast


def test_the_fast_one_gives_nearly_the_same_photograph(small: Path, sketches: np.ndarray, monkeypatch) -> None:
    monkeypatch.setattr(fast, "PRECISION", "FP32")  # a CPU without bfloat16 computes in float32
    made = runtime.load(small, "fast")
    assert isinstance(made, LightGenerator)
    expected = pipeline.predict(runtime.load(small, "onnx"), sketches)
    np.testing.assert_allclose(pipeline.predict(made, sketches), expected, rtol=0, atol=3 / 255)
    first = made(sketches[:, :32, :44])
    kept = first.copy()
    made(sketches[:, :32, 1:45])
    np.testing.assert_array_equal(first, kept)  # and not an array that the next picture is written into
    with pytest.raises(ValueError, match="must run in its runtime|array of its own kind"):
        made(np.zeros((1, 32, 44, 3), np.float32))
    with ThreadPoolExecutor(4) as pool:  # one after the other
        for again in pool.map(lambda _: made(sketches[:, :32, :44]), range(12)):
            np.testing.assert_array_equal(again, kept)


def test_where_nothing_is_fast(small: Path, monkeypatch) -> None:
    core = types.SimpleNamespace(get_property=lambda *_: ["FP32", "INT8"])
    monkeypatch.setitem(sys.modules, "openvino", types.SimpleNamespace(Core=lambda: core))
    with pytest.raises(ValueError, match="needs a CPU that computes in bfloat16.*FP32, INT8. Take runtime onnx"):
        runtime.load(small, "fast")

    def nothing() -> None:
        raise RuntimeError("no plugin for\nCPU")

    monkeypatch.setitem(sys.modules, "openvino", types.SimpleNamespace(Core=nothing))
    with pytest.raises(ValueError, match="needs an OpenVINO that runs here. Received: no plugin for CPU"):
        runtime.load(small, "fast")
    assert not fast.can_run.__wrapped__()
    monkeypatch.setitem(sys.modules, "openvino", None)
    with pytest.raises(ImportError, match=r"needs openvino and onnx.*openvino.*\[fast\]"):
        runtime.load(small, "fast")


@pytest.mark.parametrize("graph", ["no onnx", "garbage", "of another"])
def test_keras_where_a_session_cannot_be_made(small: Path, graph: str, monkeypatch) -> None:
    if graph == "no onnx":  # and so no graph can be made
        monkeypatch.setitem(sys.modules, "onnx", None)
    else:
        generator = weights.load(small)
        model = b"garbage" if graph == "garbage" else graphs.find("sketchback2017", {}).model
        graphs.keep(dataclasses.replace(graphs.make(generator), model=model), generator.arguments)
    assert isinstance(runtime.load(small), keras.Model)
    with pytest.raises(ValueError, match="must run in runtime onnx"):
        runtime.load(small, "onnx")


@pytest.mark.parametrize("shape", [(1, 17, 32, 1), (1, 16, 32, 3)])
def test_arrays_of_another_shape_are_no_matter_of_memory(small: Path, shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="A generator takes .*Received: shape="):
        runtime.load(small, "onnx").predict_on_batch(np.ones(shape, np.float32))


def test_too_many_arrays_are_counted(small: Path) -> None:
    sketch = np.ones((1, 16, 16, 1), np.float32)
    with pytest.raises(ValueError, match=r"takes sketch must be given 1 arrays\. Received: 2"):
        runtime.load(small, "onnx").predict_on_batch([sketch, sketch])


def test_tones_of_another_size_are_no_matter_of_memory(tmp_path: Path) -> None:
    path = weights.save(telling.generator(1.0, 1.0), tmp_path / "telling.weights.h5")
    sketch, tone = np.ones((1, 32, 32, 1), np.float32), np.zeros((1, 1, 5, 4), np.float32)
    with pytest.raises(ValueError, match=r"must run in its runtime\. Received: shape=.*dimensions must match"):
        runtime.load(path, "onnx")([sketch, tone])


def test_sketches_that_memory_does_not_hold(small: Path) -> None:
    huge = np.broadcast_to(np.float32(1), (1, 1 << 20, 1 << 20, 1))  # four bytes, that claim to be 4 TB
    with pytest.raises(MemoryError, match="must fit into memory"):
        runtime.load(small)(huge)
