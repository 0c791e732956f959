"""Frozen networks whose features are compared, with their preprocessing inside: VGG16 up to relu2_2.

And what the others (`efficientnet`, `recogniser`) are made of.

VGG16: Simonyan and Zisserman 2015; its weights are CC BY 4.0. The first of these that is there is taken: the file that
is given, the file that `SKETCHBACK_VGG16` names, Keras's own file (58 MB, downloaded once).
"""

from __future__ import annotations

import contextlib
import math
import os
import sys
from pathlib import Path

import h5py
import keras
import numpy as np
from keras import layers, ops

ENVIRONMENT = "SKETCHBACK_VGG16"
MEANS = (103.939, 116.779, 123.68)  # of ImageNet, blue, green, red
CONVOLUTIONS = (
    ("block1_conv1", 3, 64),
    ("block1_conv2", 64, 64),
    ("block2_conv1", 64, 128),
    ("block2_conv2", 128, 128),
)
OUTPUTS = {"relu1_2": "block1_conv2", "relu2_2": "block2_conv2"}
# Keras's own file, which `keras.applications.VGG16` downloads too, to the same place.
PUBLISHED = (
    "https://storage.googleapis.com/tensorflow/keras-applications/vgg16/"
    "vgg16_weights_tf_dim_ordering_tf_kernels_notop.h5"
)
PUBLISHED_MD5 = "6d6bbae143d832006294945121d1f1fc"


class FeaturesError(ValueError):
    """There are no weights for the feature network, or the file that was given holds others."""


def convolve(x, kind, name: str, *arguments, activate: bool = True, **options):
    """A convolution of that kind and name, with "same" padding, and a ReLU6 after it unless `activate` is false."""
    kernel = "depthwise" if kind is layers.DepthwiseConv2D else "kernel"
    options[f"{kernel}_initializer"] = "zeros"  # JAX would compile a random one for each shape
    x = kind(*arguments, padding="same", name=name, **options)(x)
    return layers.ReLU(6.0, name=f"{name}_relu6", dtype=options.get("dtype"))(x) if activate else x


def convolutions(network: keras.Model) -> list[keras.Layer]:
    """Its layers with weights."""
    return [layer for layer in network.layers if layer.weights]


def fill_randomly(network: keras.Model) -> None:
    """Gives convolutions random kernels, always the same, under which features keep their spread."""
    rng = np.random.default_rng(0)
    for layer in convolutions(network):
        kernel, bias = (tuple(variable.shape) for variable in layer.weights)
        spread = math.sqrt(2 / math.prod(kernel[:2] if isinstance(layer, layers.DepthwiseConv2D) else kernel[:3]))
        layer.set_weights([rng.normal(0, spread, kernel).astype("float32"), np.zeros(bias, "float32")])


def coloured(photo):
    """`(B, H, W, 1 or 3)` -> `(B, H, W, 3)`."""
    return ops.repeat(photo, 3, axis=-1) if photo.shape[-1] == 1 else photo


@keras.saving.register_keras_serializable("sketchback")
class Preprocess(layers.Layer):
    """RGB in [0, 1] -> BGR in [0, 255] minus ImageNet's means, which is what VGG16 was trained on."""

    def call(self, photo):
        photo = ops.cast(photo, "float32")
        return ops.flip(photo, axis=-1) * 255.0 - ops.convert_to_tensor(MEANS, "float32")


def vgg16(
    weights: str | Path | None = None, outputs: tuple[str, ...] = ("relu2_2",), *, dtype: str | None = None
) -> keras.Model:
    """VGG16, frozen, `(B, H, W, 3)` RGB in [0, 1] -> what the feature loss compares, `"relu2_2"` `(B, H/2, W/2, 128)`.

    Args:
        weights: An `.npz` or `.h5` with the four convolutions; `"random"` for random weights, always the same; None
            for `SKETCHBACK_VGG16` (a file or `"random"`), and without it Keras's own file.
        outputs: Names in `OUTPUTS`, also `"relu1_2"` `(B, H, W, 64)`. With one, the model gives its features, else a
            list.
        dtype: Precision policy of the convolutions.

    Raises:
        ValueError: An output is not one of those.
        FeaturesError: The file is not one of VGG16, or nothing was found; the message says what to do.
    """
    if not outputs or not set(outputs) <= set(OUTPUTS):
        raise ValueError(f"`outputs` must be some of {', '.join(OUTPUTS)}. Received: {outputs!r}.")
    source = weights or os.environ.get(ENVIRONMENT) or _download()
    arrays = {} if str(source) == "random" else _read(Path(source))
    photo = layers.Input((None, None, 3), name="photo")
    x = Preprocess(dtype="float32", name="preprocess")(photo)
    features = {}
    for name, _, filters in CONVOLUTIONS:
        if name == "block2_conv1":
            x = layers.MaxPooling2D(name="block1_pool", dtype=dtype)(x)
        x = layers.Conv2D(filters, 3, padding="same", activation="relu", name=name, dtype=dtype)(x)
        features[name] = x
    chosen = [features[OUTPUTS[name]] for name in outputs]
    network = keras.Model(photo, chosen[0] if len(chosen) == 1 else chosen, name="vgg16")
    if arrays:
        for layer in convolutions(network):
            layer.set_weights(arrays[layer.name])
    else:
        fill_randomly(network)
    network.trainable = False
    return network


def _download() -> Path:
    name = PUBLISHED.rsplit("/", 1)[-1]
    try:
        with contextlib.redirect_stdout(sys.stderr):  # Keras's bar: standard output may be a picture
            return Path(keras.utils.get_file(name, PUBLISHED, cache_subdir="models", file_hash=PUBLISHED_MD5))
    except Exception as error:  # urllib, sockets and Keras each raise their own kind
        raise FeaturesError(
            f"VGG16's ImageNet weights are needed, and could not be downloaded ({error}). "
            f"Give a file with --vgg16 FILE or {ENVIRONMENT}; or do without, with --vgg16 random."
        ) from None


def _read(path: Path) -> dict[str, list[np.ndarray]]:
    """Reads `{name}_kernel` and `{name}_bias` of an .npz, or Keras's .h5 with or without its top."""
    if not path.is_file():
        raise FeaturesError(f"VGG16's weights must be a file that exists. Received: {path}.")
    try:
        if path.suffix == ".npz":
            # NumPy does not close a damaged file that it opened itself.
            with path.open("rb") as opened, np.load(opened, allow_pickle=False) as file:
                arrays = {name: [file[f"{name}_kernel"], file[f"{name}_bias"]] for name, _, _ in CONVOLUTIONS}
        else:
            with h5py.File(path, "r") as file:
                root = file["model_weights"] if "model_weights" in file else file
                arrays = {name: _kernel_and_bias(root[name]) for name, _, _ in CONVOLUTIONS}
    except Exception as error:  # NumPy, zipfile and h5py raise a dozen kinds on damaged files and on other files
        raise FeaturesError(
            f"VGG16's weights must be an .npz or .h5 with {', '.join(name for name, _, _ in CONVOLUTIONS)}. "
            f"Received: {path} ({error})."
        ) from None
    for name, inputs, filters in CONVOLUTIONS:
        shapes = [array.shape for array in arrays[name]]
        if shapes != [(3, 3, inputs, filters), (filters,)]:
            raise FeaturesError(f"VGG16's {name} must be 3 x 3 x {inputs} x {filters}. Received: {shapes} in {path}.")
        if not all(array.dtype.kind == "f" and np.isfinite(array).all() for array in arrays[name]):
            raise FeaturesError(f"VGG16's {name} must hold finite numbers. Received: others in {path}.")
    return arrays


def _kernel_and_bias(group: h5py.Group) -> list[np.ndarray]:
    found: list[h5py.Dataset] = []
    group.visititems(lambda _, item: found.append(item) if isinstance(item, h5py.Dataset) else None)
    # The largest of these arrays has 147,456 numbers: whatever else a file declares is not read into memory.
    if any(math.prod(item.shape or ()) > 1_000_000 for item in found):
        raise ValueError(f"{group.name} is far too large")
    return sorted((item[()] for item in found), key=np.ndim, reverse=True)
