"""VGG16 up to relu2_2: its preprocessing by hand, its numbers against plain NumPy, its files good and bad."""

from __future__ import annotations

import re
from pathlib import Path

import h5py
import keras
import numpy as np
import pytest
from keras import ops
from places import DATA

from sketchback.models import backbones
from sketchback.models.backbones import CONVOLUTIONS, ENVIRONMENT, FeaturesError, Preprocess, vgg16

REAL = DATA / "vgg16" / "vgg16_relu2_2.npz"
RNG = np.random.default_rng(7)
ARRAYS = {
    name: [RNG.normal(0, (2 / (9 * a)) ** 0.5, (3, 3, a, b)).astype("f4"), RNG.normal(0, 5, b).astype("f4")]
    for name, a, b in CONVOLUTIONS
}
PHOTO = RNG.random((1, 8, 12, 3)).astype("f4")


@pytest.fixture(autouse=True)
def _no_weights_of_the_user(monkeypatch):
    monkeypatch.delenv(ENVIRONMENT, raising=False)


def write_npz(path: Path, arrays: dict[str, list[np.ndarray]]) -> Path:
    path = path.with_suffix(".npz")
    np.savez(
        path, **{f"{n}_{part}": pair[i] for n, pair in arrays.items() for i, part in enumerate(("kernel", "bias"))}
    )
    return path


def write_h5(path: Path, arrays: dict[str, list[np.ndarray]], root: str = "/") -> Path:
    """VGG16 without its top as Keras 2 wrote it: `block1_conv1/block1_conv1_W_1:0`, with layers that hold nothing."""
    path = path.with_suffix(".h5")
    with h5py.File(path, "w") as file:
        file.require_group(f"{root}/input_1")
        for name, (kernel, bias) in arrays.items():
            file[f"{root}/{name}/{name}_W_1:0"], file[f"{root}/{name}/{name}_b_1:0"] = kernel, bias
    return path


WRITERS = pytest.mark.parametrize("write", [write_npz, write_h5])


def run(network: keras.Model, photo: np.ndarray = PHOTO) -> np.ndarray:
    return ops.convert_to_numpy(network(photo))


@pytest.mark.parametrize(
    ("rgb", "bgr"),
    [
        ((0.0, 0.0, 0.0), (-103.939, -116.779, -123.68)),
        ((1.0, 0.0, 0.0), (-103.939, -116.779, 131.32)),  # red comes last: 255 - 123.68
        ((0.2, 0.4, 0.6), (49.061, -14.779, -72.68)),  # 153 - 103.939, 102 - 116.779, 51 - 123.68
    ],
)
def test_preprocessing_is_bgr_minus_the_means_in_float32(rgb, bgr):
    pixel = np.array(rgb, np.float32).reshape(1, 1, 1, 3)
    assert run(Preprocess(), pixel).ravel() == pytest.approx(bgr, abs=1e-4)
    expected = keras.applications.vgg16.preprocess_input(pixel * 255.0)
    np.testing.assert_allclose(run(Preprocess(), pixel), expected, atol=1e-4)
    assert keras.backend.standardize_dtype(Preprocess()(ops.cast(pixel, "bfloat16")).dtype) == "float32"


def reference(rgb: np.ndarray, arrays: dict[str, list[np.ndarray]]) -> list[np.ndarray]:
    """relu1_2 and relu2_2 of one image, with NumPy in float64."""

    def convolve(x: np.ndarray, kernel: np.ndarray, bias: np.ndarray) -> np.ndarray:
        height, width, _ = x.shape
        padded = np.pad(x, ((1, 1), (1, 1), (0, 0)))
        places = [(i, j) for i in range(3) for j in range(3)]
        return np.maximum(sum(padded[i : i + height, j : j + width] @ kernel[i, j] for i, j in places) + bias, 0)

    x = rgb[..., ::-1].astype(np.float64) * 255 - (103.939, 116.779, 123.68)
    x = convolve(convolve(x, *arrays["block1_conv1"]), *arrays["block1_conv2"])
    height, width, filters = x.shape
    y = x.reshape(height // 2, 2, width // 2, 2, filters).max(axis=(1, 3))
    return [x, convolve(convolve(y, *arrays["block2_conv1"]), *arrays["block2_conv2"])]


def test_the_network_equals_plain_numpy(tmp_path):
    """Of our numbers, and of the published ones where they are."""
    places = [write_npz(tmp_path / "vgg", ARRAYS), *([REAL] if REAL.is_file() else [])]
    for place in places:
        with np.load(place) as file:
            arrays = {name: [file[f"{name}_kernel"], file[f"{name}_bias"]] for name, _, _ in CONVOLUTIONS}
        outputs = vgg16(place, ("relu1_2", "relu2_2"))(PHOTO)
        for found, expected in zip(outputs, reference(PHOTO[0], arrays), strict=True):
            np.testing.assert_allclose(found[0], expected, rtol=1e-4, atol=1e-4 * expected.max())
        np.testing.assert_array_equal(outputs[1], vgg16(place)(PHOTO))
    for names in ((), ("relu3_3",)):
        with pytest.raises(ValueError, match=r"`outputs` must be some of relu1_2, relu2_2\. Received"):
            vgg16("random", names)


def test_random_weights_are_always_the_same_and_frozen():
    network = vgg16("random")
    np.testing.assert_array_equal(run(network), run(vgg16("random")))
    assert run(network, np.ones((2, 17, 31, 3))).shape == (2, 8, 15, 128)
    assert network.trainable_variables == []
    assert network.count_params() == 260_160  # 9 (3 64 + 64 64 + 64 128 + 128 128) + 64 + 64 + 128 + 128
    half = ops.convert_to_numpy(ops.cast(vgg16("random", dtype="mixed_bfloat16")(PHOTO), "float32"))
    np.testing.assert_allclose(half, run(network), atol=0.05 * half.max())


def test_every_form_of_file_gives_the_same(tmp_path, monkeypatch):
    more = {**ARRAYS, "block3_conv1": [np.zeros((3, 3, 128, 256), np.float32), np.zeros(256, np.float32)]}
    npz = write_npz(tmp_path / "vgg", ARRAYS)
    expected = run(vgg16(npz))
    for path in (write_h5(tmp_path / "top", more), write_h5(tmp_path / "whole", ARRAYS, root="model_weights")):
        np.testing.assert_array_equal(run(vgg16(path)), expected)
    monkeypatch.setenv("SKETCHBACK_VGG16", str(npz))
    np.testing.assert_array_equal(run(vgg16()), expected)
    monkeypatch.setenv(ENVIRONMENT, str(tmp_path / "missing.npz"))
    np.testing.assert_array_equal(run(vgg16(npz)), expected)  # what is given comes first
    with pytest.raises(FeaturesError, match=r"missing\.npz"):
        vgg16()


def test_without_a_network_the_error_says_what_to_do(monkeypatch):
    monkeypatch.setattr(backbones, "PUBLISHED", "http://localhost:9/none.h5")  # nobody listens there
    with pytest.raises(FeaturesError, match="could not be downloaded") as caught:
        vgg16()
    for way_out in ("--vgg16", "SKETCHBACK_VGG16", "--vgg16 random"):
        assert way_out in str(caught.value)


def test_the_download_is_kerass_own_file():
    from keras.src.applications import vgg16 as published  # private, and so only looked at here

    assert backbones.PUBLISHED == published.WEIGHTS_PATH_NO_TOP


# Files that will not do: always a FeaturesError that names the file


def refused(path: Path) -> str:
    with pytest.raises(FeaturesError, match=re.escape(str(path))) as caught:
        vgg16(path)
    assert "Received" in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize("content", [b"", b"a letter, no weights\n", b"PK\x03\x04 no zip", b"\x89HDF\r\n\x1a\n none"])
def test_files_of_another_kind(tmp_path, content):
    for path in (tmp_path / "vgg.npz", tmp_path / "vgg.h5"):
        refused(path)  # it is missing
        path.write_bytes(content)
        refused(path)


def test_a_pickle_is_not_run(tmp_path):
    spoilt = {name: [np.array([{}], dtype=object)] * 2 for name in ARRAYS}
    assert "allow_pickle" in refused(write_npz(tmp_path / "vgg", spoilt))


@WRITERS
def test_spoilt_files_say_what_is_wrong(tmp_path, write):
    missing = {name: pair for name, pair in ARRAYS.items() if name != "block2_conv2"}
    assert "block2_conv2" in refused(write(tmp_path / "missing", missing))
    turned = {**ARRAYS, "block1_conv2": [np.zeros((3, 3, 32, 64), np.float32), np.zeros(64, np.float32)]}
    message = refused(write(tmp_path / "turned", turned))
    assert "block1_conv2 must be 3 x 3 x 64 x 64" in message and "(3, 3, 32, 64)" in message
    kernel, bias = ARRAYS["block1_conv1"]
    nan = {**ARRAYS, "block1_conv1": [kernel, bias * np.nan]}
    assert "block1_conv1 must hold finite numbers" in refused(write(tmp_path / "nan", nan))
    whole = write(tmp_path / "whole", ARRAYS)
    content = whole.read_bytes()
    for share in (0.1, 0.5, 0.999):
        whole.write_bytes(content[: int(len(content) * share)])
        refused(whole)


def test_an_absurd_shape_takes_no_memory(tmp_path):
    path = write_h5(tmp_path / "vgg", ARRAYS)
    with h5py.File(path, "r+") as file:
        del file["block1_conv1"]["block1_conv1_W_1:0"]
        file["block1_conv1"].create_dataset("block1_conv1_W_1:0", (2**40,), "f4", chunks=(1024,))  # 4 TiB, all hollow
    assert "too large" in refused(path)
