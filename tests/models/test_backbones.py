"""VGG16 up to relu2_2: its preprocessing by hand, its files good and bad, its numbers against plain NumPy."""

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
from sketchback.models.backbones import CONVOLUTIONS, ENVIRONMENT, FeaturesError, Preprocess, vgg16, vgg16_relu2_2

REAL = DATA / "vgg16" / "vgg16_relu2_2.npz"
NAMES = [name for name, _, _ in CONVOLUTIONS]


@pytest.fixture(autouse=True)
def _no_weights_of_the_user(monkeypatch):
    monkeypatch.delenv(ENVIRONMENT, raising=False)


@pytest.fixture(scope="module")
def arrays() -> dict[str, list[np.ndarray]]:
    rng = np.random.default_rng(7)
    return {
        name: [
            rng.normal(0, (2 / (9 * inputs)) ** 0.5, (3, 3, inputs, filters)).astype(np.float32),
            rng.normal(0, 5, filters).astype(np.float32),
        ]
        for name, inputs, filters in CONVOLUTIONS
    }


def write_npz(path: Path, arrays: dict[str, list[np.ndarray]]) -> Path:
    np.savez(
        path,
        **{f"{n}_{part}": a for n, pair in arrays.items() for part, a in zip(("kernel", "bias"), pair, strict=True)},
    )
    return path


def write_h5(path: Path, arrays: dict[str, list[np.ndarray]], root: str = "") -> Path:
    """Keras 2's layout of VGG16 without its top: `block1_conv1/block1_conv1_W_1:0`, with layers that hold nothing."""
    with h5py.File(path, "w") as file:
        group = file.require_group(root) if root else file
        group.attrs["layer_names"] = np.array(["input_1", *arrays, "block1_pool"], "S")
        group.create_group("input_1").attrs["weight_names"] = np.array([], "S1")
        for name, (kernel, bias) in arrays.items():
            layer = group.create_group(name)
            layer.attrs["weight_names"] = np.array([f"{name}_W_1:0", f"{name}_b_1:0"], "S")
            layer[f"{name}_W_1:0"], layer[f"{name}_b_1:0"] = kernel, bias
    return path


def photo(seed: int = 0, size: tuple[int, int] = (8, 8), batch: int = 1) -> np.ndarray:
    return np.random.default_rng(seed).random((batch, *size, 3)).astype(np.float32)


def run(network: keras.Model, values: np.ndarray) -> np.ndarray:
    return ops.convert_to_numpy(network(values))


# The reference: preprocessing, convolution and pooling with NumPy in float64.


def convolve(image: np.ndarray, kernel: np.ndarray, bias: np.ndarray) -> np.ndarray:
    height, width, _ = image.shape
    padded = np.zeros((height + 2, width + 2, image.shape[2]))
    padded[1:-1, 1:-1] = image
    out = np.zeros((height, width, kernel.shape[3])) + bias
    for row in range(3):
        for column in range(3):
            out += padded[row : row + height, column : column + width] @ kernel[row, column].astype(np.float64)
    return np.maximum(out, 0)


def reference(rgb: np.ndarray, arrays: dict[str, list[np.ndarray]]) -> tuple[np.ndarray, np.ndarray]:
    """relu1_2 and relu2_2 of one image."""
    red, green, blue = (rgb[..., channel].astype(np.float64) * 255 for channel in range(3))
    x = np.stack([blue - 103.939, green - 116.779, red - 123.68], axis=-1)
    x = convolve(convolve(x, *arrays["block1_conv1"]), *arrays["block1_conv2"])
    height, width, filters = x.shape
    y = x[: height // 2 * 2, : width // 2 * 2].reshape(height // 2, 2, width // 2, 2, filters).max(axis=(1, 3))
    return x, convolve(convolve(y, *arrays["block2_conv1"]), *arrays["block2_conv2"])


# Preprocessing


@pytest.mark.parametrize(
    ("rgb", "bgr"),
    [
        ((0.0, 0.0, 0.0), (-103.939, -116.779, -123.68)),
        ((1.0, 0.0, 0.0), (-103.939, -116.779, 131.32)),  # red comes last: 255 - 123.68
        ((0.0, 0.0, 1.0), (151.061, -116.779, -123.68)),  # blue comes first: 255 - 103.939
        ((0.2, 0.4, 0.6), (49.061, -14.779, -72.68)),  # 153 - 103.939, 102 - 116.779, 51 - 123.68
    ],
)
def test_preprocessing_is_bgr_minus_the_means(rgb, bgr):
    found = run(Preprocess(), np.array(rgb, np.float32).reshape(1, 1, 1, 3))
    assert found.ravel() == pytest.approx(bgr, abs=1e-4)


def test_preprocessing_agrees_with_keras():
    from keras.applications import vgg16 as published

    expected = published.preprocess_input(photo() * 255.0)
    np.testing.assert_allclose(run(Preprocess(), photo()), expected, atol=1e-4)


def test_preprocessing_is_computed_in_float32():
    found = Preprocess()(ops.cast(photo(), "bfloat16"))
    assert keras.backend.standardize_dtype(found.dtype) == "float32"


# The network


@pytest.mark.parametrize(("size", "expected"), [((8, 8), (4, 4)), ((16, 24), (8, 12)), ((17, 31), (8, 15))])
def test_shape_is_half_with_128_channels(size, expected):
    assert run(vgg16_relu2_2("random"), photo(size=size, batch=2)).shape == (2, *expected, 128)


def test_several_outputs():
    first, second = vgg16(("relu1_2", "relu2_2"), "random")(photo(size=(8, 12)))
    assert tuple(first.shape) == (1, 8, 12, 64)
    assert tuple(second.shape) == (1, 4, 6, 128)
    np.testing.assert_array_equal(second, vgg16_relu2_2("random")(photo(size=(8, 12))))
    np.testing.assert_array_equal(first, vgg16(("relu1_2",), "random")(photo(size=(8, 12))))


@pytest.mark.parametrize("outputs", [(), ("relu3_3",), ("relu2_2", "block2_conv2")])
def test_unknown_outputs_are_refused(outputs):
    with pytest.raises(ValueError, match=r"`outputs` must be some of relu1_2, relu2_2\. Received"):
        vgg16(outputs, "random")


def test_the_network_is_frozen():
    network = vgg16_relu2_2("random")
    assert not network.trainable
    assert network.trainable_variables == []
    assert len(network.weights) == 8
    assert network.count_params() == 260_160  # 9 (3 64 + 64 64 + 64 128 + 128 128) + 64 + 64 + 128 + 128


def test_random_weights_are_always_the_same():
    first, second = vgg16_relu2_2("random"), vgg16_relu2_2("random")
    for one, other in zip(first.get_weights(), second.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)
    assert np.isfinite(run(first, photo())).all() and run(first, photo()).std() > 0


def test_mixed_precision_sees_nearly_the_same():
    half = vgg16_relu2_2("random", dtype="mixed_bfloat16")
    assert {keras.backend.standardize_dtype(variable.dtype) for variable in half.weights} == {"float32"}
    exact, found = run(vgg16_relu2_2("random"), photo()), ops.convert_to_numpy(ops.cast(half(photo()), "float32"))
    np.testing.assert_allclose(found, exact, atol=0.05 * exact.max())


def test_the_network_equals_plain_numpy(tmp_path, arrays):
    image = photo(3)
    first, second = vgg16(("relu1_2", "relu2_2"), write_npz(tmp_path / "vgg.npz", arrays))(image)
    expected_first, expected_second = reference(image[0], arrays)
    np.testing.assert_allclose(first[0], expected_first, rtol=1e-4, atol=1e-4 * expected_first.max())
    np.testing.assert_allclose(second[0], expected_second, rtol=1e-4, atol=1e-4 * expected_second.max())


@pytest.mark.skipif(not REAL.is_file(), reason="../shared/data/vgg16 is not here")
def test_the_published_weights_equal_plain_numpy():
    with np.load(REAL) as file:
        published = {name: [file[f"{name}_kernel"], file[f"{name}_bias"]] for name in NAMES}
    image = photo(4)
    found = run(vgg16_relu2_2(REAL), image)[0]
    _, expected = reference(image[0], published)
    assert expected.max() > 100  # on 0-255 pictures its features are in the hundreds
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-4 * expected.max())


# Where the weights come from


def test_npz_and_h5_give_the_same(tmp_path, arrays):
    found = [
        run(vgg16_relu2_2(path), photo())
        for path in (
            write_npz(tmp_path / "vgg.npz", arrays),
            write_h5(tmp_path / "notop.h5", arrays),
            write_h5(tmp_path / "whole_model.h5", arrays, root="model_weights"),
            str(tmp_path / "notop.h5"),
        )
    ]
    for other in found[1:]:
        np.testing.assert_array_equal(found[0], other)


def test_a_file_with_more_layers_is_read(tmp_path, arrays):
    more = {**arrays, "block3_conv1": [np.zeros((3, 3, 128, 256), np.float32), np.zeros(256, np.float32)]}
    found = run(vgg16_relu2_2(write_h5(tmp_path / "vgg.h5", more)), photo())
    np.testing.assert_array_equal(found, run(vgg16_relu2_2(write_npz(tmp_path / "vgg.npz", arrays)), photo()))


def test_the_environment_names_a_file(tmp_path, arrays, monkeypatch):
    path = write_npz(tmp_path / "vgg.npz", arrays)
    expected = run(vgg16_relu2_2(path), photo())
    monkeypatch.setenv(ENVIRONMENT, str(path))
    assert ENVIRONMENT == "SKETCHBACK_VGG16"  # its name is part of the interface
    np.testing.assert_array_equal(run(vgg16_relu2_2(), photo()), expected)


def test_a_given_file_comes_before_the_environment(tmp_path, arrays, monkeypatch):
    monkeypatch.setenv(ENVIRONMENT, str(tmp_path / "missing.npz"))
    vgg16_relu2_2(write_npz(tmp_path / "vgg.npz", arrays))
    vgg16_relu2_2("random")
    with pytest.raises(FeaturesError, match=r"missing\.npz"):
        vgg16_relu2_2()


def test_the_environment_may_say_random(monkeypatch):
    monkeypatch.setenv(ENVIRONMENT, "random")
    np.testing.assert_array_equal(run(vgg16_relu2_2(), photo()), run(vgg16_relu2_2("random"), photo()))


@pytest.mark.parametrize("environment", [None, ""])
def test_without_a_network_the_error_says_what_to_do(monkeypatch, environment):
    def offline(*_, **__):
        raise OSError("no route to host")

    if environment is not None:  # an empty variable is as good as none
        monkeypatch.setenv(ENVIRONMENT, environment)
    monkeypatch.setattr(keras.utils, "get_file", offline)
    with pytest.raises(FeaturesError, match="no route to host") as caught:
        vgg16_relu2_2()
    for way_out in ("--vgg16", "SKETCHBACK_VGG16", "--features random"):
        assert way_out in str(caught.value)


def test_the_download_is_kerass_own_file():
    from keras.src.applications import vgg16 as published  # private, and so only looked at here

    assert backbones.PUBLISHED == published.WEIGHTS_PATH_NO_TOP


# Files that will not do: always a FeaturesError that names the file


def refused(path: Path) -> str:
    with pytest.raises(FeaturesError, match=re.escape(str(path))) as caught:
        vgg16_relu2_2(path)
    assert "Received" in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize("suffix", [".npz", ".h5", ""])
@pytest.mark.parametrize("content", [b"", b"a letter, no weights\n", b"PK\x03\x04 no zip", b"\x89HDF\r\n\x1a\n none"])
def test_files_of_another_kind(tmp_path, suffix, content):
    path = tmp_path / f"vgg{suffix}"
    path.write_bytes(content)
    refused(path)


def test_missing_files_and_folders(tmp_path):
    refused(tmp_path / "missing.npz")
    refused(tmp_path)


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9, 0.999])
@pytest.mark.parametrize("write", [write_npz, write_h5])
def test_files_that_break_off(tmp_path, arrays, write, share):
    path = write(tmp_path / ("vgg.npz" if write is write_npz else "vgg.h5"), arrays)
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * share)])
    refused(path)


def test_a_plain_array_named_npz(tmp_path):
    with (tmp_path / "vgg.npz").open("wb") as file:
        np.save(file, np.zeros(3))
    refused(tmp_path / "vgg.npz")


def test_a_pickle_is_not_run(tmp_path, arrays):
    np.savez(
        tmp_path / "vgg.npz",
        **{f"{name}_{part}": np.array([{}], dtype=object) for name in NAMES for part in ("kernel", "bias")},
    )
    refused(tmp_path / "vgg.npz")


@pytest.mark.parametrize("write", [write_npz, write_h5])
def test_missing_layers_are_named(tmp_path, arrays, write):
    path = tmp_path / ("vgg.npz" if write is write_npz else "vgg.h5")
    write(path, {name: pair for name, pair in arrays.items() if name != "block2_conv2"})
    assert "block2_conv2" in refused(path)


@pytest.mark.parametrize("write", [write_npz, write_h5])
def test_wrong_shapes_are_named(tmp_path, arrays, write):
    path = tmp_path / ("vgg.npz" if write is write_npz else "vgg.h5")
    write(path, {**arrays, "block1_conv2": [np.zeros((3, 3, 32, 64), np.float32), np.zeros(64, np.float32)]})
    message = refused(path)
    assert "block1_conv2 must be 3 x 3 x 64 x 64" in message and "(3, 3, 32, 64)" in message


@pytest.mark.parametrize("write", [write_npz, write_h5])
def test_values_that_are_no_finite_numbers(tmp_path, arrays, write):
    path = tmp_path / ("vgg.npz" if write is write_npz else "vgg.h5")
    spoilt = arrays["block1_conv1"][0].copy()
    spoilt[1, 1, 1, 1] = np.nan
    write(path, {**arrays, "block1_conv1": [spoilt, arrays["block1_conv1"][1]]})
    assert "block1_conv1 must hold finite numbers" in refused(path)


def test_an_absurd_shape_takes_no_memory(tmp_path, arrays):
    path = write_h5(tmp_path / "vgg.h5", arrays)
    with h5py.File(path, "r+") as file:
        del file["block1_conv1"]["block1_conv1_W_1:0"]
        file["block1_conv1"].create_dataset("block1_conv1_W_1:0", (2**40,), "f4", chunks=(1024,))  # 4 TiB, all hollow
    assert "too large" in refused(path)


def test_features_errors_are_value_errors():
    assert issubclass(FeaturesError, ValueError)
    assert backbones.OUTPUTS["relu2_2"] == "block2_conv2"
