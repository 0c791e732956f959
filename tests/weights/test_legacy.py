"""The authors' files of 2017: written here as Keras 2 wrote them, and read."""

from __future__ import annotations

from pathlib import Path

import h5py
import numpy as np
import pytest
from small_weights import refused, same

from sketchback import models, weights
from sketchback.inference import runtime
from sketchback.inference.pipeline import predict

NAMED = {3: "block2_conv1", 5: "block3_conv1", 7: "block4_conv1"}  # some convolutions had names of their own
VGG16 = {
    "block1_conv1": (3, 3, 3, 64),
    "block1_conv2": (3, 3, 64, 64),
    "block2_conv1": (3, 3, 64, 128),
    "block2_conv2": (3, 3, 128, 128),
}


def write(path: Path, arrays: list[np.ndarray], vgg: str = "model_3", strings: bool = False) -> Path:
    """Keras 2's `save_weights` of the two-output model: the generator's layers, then VGG nested as one group."""
    encode = (lambda names: np.array(names, h5py.string_dtype())) if strings else (lambda names: np.array(names, "S"))
    layers: dict[str, dict[str, np.ndarray]] = {"input_1": {}}
    for number, (kernel, bias) in enumerate(zip(arrays[::2], arrays[1::2], strict=True), start=1):
        name = NAMED.get(number, f"conv2d_{number}")
        layers[name] = {f"{name}/kernel:0": kernel, f"{name}/bias:0": bias}
        if number in (2, 4, 6):
            layers[f"max_pooling2d_{number // 2}"] = {}
        if 7 < number < 13:
            layers[f"add_{number - 7}"] = {}
    layers[vgg] = {f"{name}/kernel:0": np.ones(shape, "f4") for name, shape in VGG16.items()}
    layers[vgg] |= {f"{name}/bias:0": np.ones(shape[-1], "f4") for name, shape in VGG16.items()}
    with h5py.File(path, "w") as file:
        for name, values in layers.items():
            group = file.create_group(name)
            group.attrs["weight_names"] = encode(list(values)) if values else np.array([], "S1")
            for place, array in values.items():
                group[place] = array
        file.attrs["layer_names"] = encode(list(layers))
        file.attrs["backend"], file.attrs["keras_version"] = np.bytes_("tensorflow"), np.bytes_("2.0.8")
    return path


@pytest.fixture(scope="module")
def arrays() -> list[np.ndarray]:
    """Random values, so that layers of equal shape differ; signals neither die nor saturate."""
    rng = np.random.default_rng(2)
    shapes = [tuple(variable.shape) for variable in models.sketchback2017().weights]
    scales = [np.sqrt(1 / np.prod(shape[:-1])) if len(shape) > 1 else 0.1 for shape in shapes]
    return [rng.normal(0, scale, shape).astype(np.float32) for shape, scale in zip(shapes, scales, strict=True)]


@pytest.mark.parametrize(("vgg", "strings"), [("model_3", False), ("model_1", True)])
def test_an_authors_file_is_read_and_can_be_saved_as_ours(tmp_path, arrays, vgg, strings):
    path = write(tmp_path / "face_weights", arrays, vgg, strings)  # without a suffix
    assert weights.describe(path) == {"architecture": "sketchback2017", "arguments": {}, "layout": "2017"}
    generator = weights.load(path)
    assert all(np.array_equal(a, b) for a, b in zip(generator.get_weights(), arrays, strict=True))
    assert same(generator, weights.load(weights.save(generator, tmp_path / "ours.weights.h5")))
    sketch = np.random.default_rng(3).random((1, 24, 16, 1), np.float32)
    expected = predict(generator, sketch)
    assert np.ptp(expected) > 0.1
    np.testing.assert_allclose(predict(weights.load(path, channels="bgr"), sketch), expected[..., ::-1], atol=1e-5)
    np.testing.assert_allclose(predict(runtime.load(path, "onnx"), sketch), expected, atol=1 / 255)


@pytest.mark.parametrize("spoil", ["missing group", "missing array", "shape", "order", "names", "few", "link"])
def test_a_spoilt_authors_file_is_refused(tmp_path, arrays, spoil):
    with h5py.File(write(tmp_path / "face_weights", arrays), "r+") as file:
        names, group, place = list(file.attrs["layer_names"]), file["conv2d_10"], "conv2d_10/kernel:0"
        kernel = group[place][()]
        if spoil == "missing group":
            del file["conv2d_10"]
        elif spoil in ("order", "names", "few"):
            file.attrs["layer_names"] = {"order": np.array(names[::-1]), "names": 3, "few": np.array(names[:9])}[spoil]
        else:
            del group[place]
        if spoil == "shape":
            group[place] = kernel.reshape(9, 256, 256)
        elif spoil == "link":
            file["hidden"], group[place] = kernel, h5py.SoftLink("/hidden")
    refused(tmp_path / "face_weights")


def test_kerass_vgg16_is_not_taken_for_a_generator(tmp_path):
    with h5py.File(tmp_path / "vgg16.h5", "w") as file:
        file.attrs["layer_names"] = np.array(["block1_conv1"], "S")
        file.create_group("block1_conv1").attrs["weight_names"] = np.array(["W_1:0", "b_1:0"], "S")
        file["block1_conv1/W_1:0"], file["block1_conv1/b_1:0"] = np.zeros((3, 3, 3, 64)), np.zeros(5_000_000, "f4")
    assert "sketchback2017" in refused(tmp_path / "vgg16.h5")
