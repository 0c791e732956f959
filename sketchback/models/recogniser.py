"""A face recogniser, frozen: what a photograph shows of whose face it is, as a source of features for a loss.

MobileNet (Howard et al. 2017) that was taught to tell the people of VGGFace2 apart (Savchenko 2019, Efficient facial
representations for age, gender and identity recognition; Apache-2.0). Its weights come in half precision, as
TensorFlow.js writes them, in the package `@vladmandic/human` of npm (MIT). It has nothing to do with dlib's recogniser,
by which `evaluation.identification` measures.
"""

from __future__ import annotations

import functools
import json
import math
import os
from pathlib import Path
from typing import Any

import keras
import numpy as np
from keras import layers, ops

from sketchback import npm
from sketchback.models import backbones
from sketchback.models.backbones import FeaturesError, Preprocess, coloured, convolutions, fill_randomly

ENVIRONMENT = "SKETCHBACK_RECOGNISER"
PACKAGE = npm.Package(
    "@vladmandic/human",
    "3.3.6",
    "sha512-Nr5mPfq1gQ+uKeXY5uM3Fj8UxvF5CEh2s6txM5wRThqaW0mF9huooOuZSrT8hhGho0hGaXLFdAwfD/2+teCv6A==",
    {"models/faceres.json": "json", "models/faceres.bin": "bin"},
)
# Each block is a depth-wise convolution of this stride and a point-wise one to so many channels.
BLOCKS = [(1, 64), (2, 128), (1, 128), (2, 256), (1, 256), (2, 512), *[(1, 512)] * 5, (2, 1024), (1, 1024)]
TAPS = (5, 11)  # the last of stride 8, and of stride 16
# It was taught on pictures of this size, heads with their hair, and knows fewer people in smaller ones.
SIDE = 224
TYPES = {"float16": "<f2", "float32": "<f4", "int32": "<i4"}


class FaceRecogniser:
    """The frozen network, which sees pictures of any size at the size that it knows faces at.

    Args:
        weights: The file `faceres.json`, beside which `faceres.bin` lies; `"random"` for random weights, always the
            same; None for what `SKETCHBACK_RECOGNISER` says (one of these), and without it the package of npm (28 MB,
            fetched once).

    Attributes:
        network: A model, `(B, H, W, 3)` RGB in [0, 1], any size -> `[(B, H/8, W/8, 256), (B, H/16, W/16, 512),
            (B, 1024)]`: features at two depths, and the embedding, whose angle tells people apart.

    Raises:
        FeaturesError: The weights cannot be had, or are others; the message says what to do.
    """

    def __init__(self, weights: str | Path | None = None):
        self.network = _network()
        source = weights or find_weights()
        if source == "random":
            fill_randomly(self.network)
        else:
            arrays = _read(source)
            for layer in convolutions(self.network):
                layer.set_weights(_folded(arrays, layer, PACKAGE.name if isinstance(source, dict) else source))
        self.network.trainable = False

    def __call__(self, photo: Any) -> list[Any]:
        """What the network gives for `(B, H, W, 1 or 3)` in [0, 1], resized so that the shorter side is `SIDE`."""
        photo = coloured(ops.cast(photo, "float32"))
        scale = SIDE / min(photo.shape[1:3])
        size = tuple(round(scale * side) for side in photo.shape[1:3])
        return self.network(ops.image.resize(photo, size, interpolation="bilinear", antialias=scale < 1))


def _network() -> keras.Model:
    """In float32, whatever Keras's current policy is."""
    convolve = functools.partial(backbones.convolve, dtype="float32")
    photo = layers.Input((None, None, 3), name="photo")
    x = Preprocess(dtype="float32", name="preprocess")(photo)
    x = convolve(x, layers.Conv2D, "conv1", 32, 3, strides=2)
    outputs = []
    for block, (stride, filters) in enumerate(BLOCKS, 1):
        x = convolve(x, layers.DepthwiseConv2D, f"conv_dw_{block}", 3, strides=stride)
        x = convolve(x, layers.Conv2D, f"conv_pw_{block}", filters, 1)
        if block in TAPS:
            outputs.append(x)
    embedding = layers.GlobalAveragePooling2D(name="embedding", dtype="float32")(x)
    return keras.Model(photo, [*outputs, embedding], name="face_recogniser")


def find_weights() -> str | Path | dict[str, bytes]:
    """What `SKETCHBACK_RECOGNISER` says, or the two files of npm's package.

    Raises:
        FeaturesError: There is neither, or what is named is not there.
    """
    if named := os.environ.get(ENVIRONMENT):
        if named != "random":
            _files(named)
        return named
    try:
        return npm.fetch(PACKAGE)  # which keeps what it has fetched
    except (ImportError, OSError, ValueError) as error:
        raise FeaturesError(
            f"The face recogniser's weights must be at hand, and are not. {error} Or give faceres.json, beside "
            f"faceres.bin, with {ENVIRONMENT}."
        ) from None


def _files(source: str | Path) -> list[Path]:
    """The list of arrays and the numbers.

    Raises:
        FeaturesError: One is not there.
    """
    paths = [Path(source), Path(source).with_suffix(".bin")]
    if missing := [path for path in paths if not path.is_file()]:
        raise FeaturesError(
            f"The face recogniser's weights must be two files, faceres.json and beside it faceres.bin. Received: no "
            f"{missing[0]}. Name the first with {ENVIRONMENT}, or unset it for those of npm."
        )
    return paths


def _read(source: str | Path | dict[str, bytes]) -> dict[str, np.ndarray]:
    """The arrays of TensorFlow.js's pair of files, by name.

    Raises:
        FeaturesError: They are missing, damaged, or something else.
    """
    if isinstance(source, dict):
        listed, numbers, source = source["json"], source["bin"], PACKAGE.name
    else:
        listed, numbers = (path.read_bytes() for path in _files(source))
    arrays, start = {}, 0
    try:
        for entry in json.loads(listed)["weightsManifest"][0]["weights"]:
            kind = np.dtype(TYPES[entry.get("quantization", entry)["dtype"]])
            count = math.prod(entry["shape"])
            arrays[entry["name"]] = np.frombuffer(numbers, kind, count, start).reshape(entry["shape"])
            start += count * kind.itemsize
    except Exception as error:  # JSON of another form, or too few numbers: half a dozen kinds
        raise FeaturesError(
            "The face recogniser's weights must be TensorFlow.js's files faceres.json and faceres.bin. Received: "
            f"{source} ({error}). Unset {ENVIRONMENT} for those of npm."
        ) from None
    return arrays


def _folded(arrays: dict[str, np.ndarray], layer: keras.Layer, source: object) -> list[np.ndarray]:
    """Kernel and bias of a convolution with the batch normalisation after it, which the file keeps for depth-wise ones.

    Raises:
        FeaturesError: They are not there, or of another shape.
    """
    name, is_depthwise = layer.name, "dw" in layer.name
    kernel_name = "depthwise_kernel" if is_depthwise else "convolution/merged_input"
    parts = [f"{name}_bn/batchnorm_1/sub", f"{name}/{kernel_name}"]
    parts += [f"{name}_bn/batchnorm_1/mul"] if is_depthwise else []
    if missing := [part for part in parts if part not in arrays]:
        raise FeaturesError(f"The face recogniser's file must hold {missing[0]}. Received: {source}, without it.")
    bias, kernel, *gain = (arrays[part].astype("float32") for part in parts)
    expected = [tuple(variable.shape) for variable in reversed(layer.weights)]
    expected += expected[:1] if is_depthwise else []
    found = [array.shape for array in (bias, kernel, *gain)]
    if found != expected or not all(np.isfinite(array).all() for array in (bias, kernel, *gain)):
        raise FeaturesError(
            f"The face recogniser's {name} must be finite numbers of the shapes {', '.join(map(str, expected))}. "
            f"Received: {', '.join(map(str, found))} in {source}."
        )
    return [kernel * gain[0][:, np.newaxis] if is_depthwise else kernel, bias]
