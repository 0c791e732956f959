"""The light runtime and Keras: the same photographs, the same refusals, and one for the other where it must be."""

from __future__ import annotations

import dataclasses
import json
import subprocess
import sys
from pathlib import Path

import h5py
import keras
import numpy as np
import pytest

from sketchback import images, models, weights
from sketchback.inference import graphs, pipeline, runtime
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


def test_the_weights_that_ship(sketches: np.ndarray) -> None:
    for name in weights.names():
        agree(runtime.load(name, "onnx"), runtime.load(name, "keras"), sketches)


def test_a_light_one_begins_without_the_heavy_packages(tmp_path: Path) -> None:
    path = weights.save(models.build("scribbler"), tmp_path / "mine.weights.h5", half=True)
    drawing = images.write(tmp_path / "drawing.png", np.ones((40, 33, 1), np.float32))
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


def test_weights_that_change_need_no_other_graph(small: Path, cache: Path, sketches: np.ndarray) -> None:
    photos = []
    for value in (0.0, 3.0):
        with h5py.File(small, "r+") as file:
            place = max(name for name in file["layers"] if name.startswith("conv2d"))
            file[f"layers/{place}/vars/1"][...] = value
        agree(runtime.load(small), weights.load(small), sketches)
        photos.append(pipeline.predict(runtime.load(small), sketches))
    assert np.abs(photos[1] - photos[0]).max() > 0.05
    assert len(list(cache.rglob("*.onnx"))) == 1


# What is refused


def spoil(file: h5py.File, how: str) -> None:
    place = "layers/conv2d_2/vars/0"
    if how == "nan":
        file[place][0, 0, 0, 0] = np.nan
    elif how == "shape":
        kernel = file[place][()]
        del file[place]
        file[place] = kernel.transpose(3, 0, 1, 2)
    elif how == "missing":
        file.move(place, "layers/conv2d_2/vars/kernel")
    elif how == "fewer":
        del file[place]
    elif how == "more":
        file["layers/extra"] = np.zeros(3, np.float32)
    elif how == "architecture":
        file.attrs["architecture"] = "pix2pix"
    elif how == "another":
        file.attrs["architecture"], file.attrs["arguments"] = "sketchback2017", "{}"
    elif how == "arguments":
        file.attrs["arguments"] = '{"width": 4.0, "halvings": 2, "blocks": 1}'
    elif how == "no arguments":
        file.attrs["arguments"] = "[1, 2]"


@pytest.mark.parametrize(
    "how", ["nan", "shape", "missing", "fewer", "more", "architecture", "another", "arguments", "no arguments"]
)
def test_both_refuse_the_same_files_and_say_the_same(small: Path, how: str) -> None:
    runtime.load(small)  # its graph is kept now
    with h5py.File(small, "r+") as file:
        spoil(file, how)
    said = []
    for name in ("onnx", "keras", "auto"):
        with pytest.raises(weights.WeightsError, match="Received|cannot be built") as caught:
            runtime.load(small, name)
        said.append(str(caught.value))
    assert said[0] == said[1] == said[2]


def test_unknown_names(monkeypatch, small: Path) -> None:
    for name in ("auto", "onnx", "keras"):
        assert runtime.check(name) == name
    assert runtime.check(None) == "auto"
    monkeypatch.setenv(runtime.ENVIRONMENT, "keras")
    assert runtime.check(None) == "keras" and runtime.check("onnx") == "onnx"
    assert isinstance(runtime.load(small), keras.Model)
    with pytest.raises(ValueError, match=r"`runtime` must be one of auto, onnx, keras\. Received: 'torch'\."):
        runtime.load(small, "torch")
    with pytest.raises(FileNotFoundError, match="Known names"):
        runtime.load("nobody")


# One for the other


def test_keras_where_onnxruntime_is_missing(small: Path, sketches: np.ndarray, monkeypatch) -> None:
    monkeypatch.setitem(sys.modules, "onnxruntime", None)  # as Python marks a package that cannot be imported
    assert isinstance(runtime.load(small), keras.Model)
    with pytest.raises(ImportError, match="needs onnxruntime"):
        runtime.load(small, "onnx")


def test_keras_where_no_graph_can_be_made(small: Path, monkeypatch) -> None:
    monkeypatch.setitem(sys.modules, "onnx", None)
    assert isinstance(runtime.load(small), keras.Model)
    with pytest.raises(ValueError, match="must run in ONNX Runtime"):
        runtime.load(small, "onnx")


@pytest.mark.parametrize("graph", ["garbage", "of another"])
def test_keras_where_a_session_cannot_be_made(small: Path, graph: str) -> None:
    generator = weights.load(small)
    other = graphs.find("sketchback2017", {}).model
    wrong = dataclasses.replace(graphs.make(generator), model=b"garbage" if graph == "garbage" else other)
    graphs.keep(wrong, generator.arguments)
    assert isinstance(runtime.load(small), keras.Model)
    with pytest.raises(ValueError, match="must run in ONNX Runtime"):
        runtime.load(small, "onnx")


def test_a_cache_that_cannot_be_written_is_no_error(small: Path, cache: Path) -> None:
    cache.write_text("in the way")
    assert isinstance(runtime.load(small, "onnx"), LightGenerator)


def test_sketches_that_memory_does_not_hold(small: Path) -> None:
    huge = np.broadcast_to(np.float32(1), (1, 1 << 20, 1 << 20, 1))  # four bytes, that claim to be 4 TB
    with pytest.raises(MemoryError, match="must fit into memory"):
        runtime.load(small)(huge)
