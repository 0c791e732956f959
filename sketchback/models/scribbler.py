"""Scribbler's generator: down-sampling, residual blocks, up-sampling."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
from keras import layers

from sketchback.images.tones import CELL
from sketchback.models.generator import check_whole, declare

NORMALISATIONS = (None, "batch")


def scribbler(
    width: int = 32,
    halvings: int = 4,
    skips: bool = True,
    normalisation: str | None = None,
    blocks: int = 3,
    tone: bool = False,
    dtype: str | keras.DTypePolicy | None = None,
) -> keras.Model:
    """Scribbler's generator (Sangkloy et al., CVPR 2017): down-sampling, residual blocks, up-sampling.

    Against the paper's form, the defaults add skip connections from encoder to decoder and one more halving (it sees
    more of the picture, at less cost), and leave batch normalisation out: its moving statistics belong to the style
    of sketch that was trained on. `scribbler(halvings=3, skips=False, normalisation="batch", blocks=5)` is the
    paper's own. Up-sampling is nearest neighbour and a convolution, which leaves no checkerboard.

    Args:
        width: Channels at full size, `c` in the paper. They double with each halving, up to `8 c`.
        halvings: How often the encoder halves the picture, 1 to 4; the stride is `2 ** halvings`, at most the side of
            the smallest image.
        skips: Add the encoder's features to the decoder's at each size.
        normalisation: None or `"batch"`. Without it the second convolution of every residual block starts at zero,
            so that the untrained network is near the identity.
        blocks: Residual blocks at the smallest size.
        tone: Take a tone map too, as the paper's colour strokes: enlarged it joins the sketch at the stem, and through
            two convolutions, the second of which starts at zero, it is added at the smallest size. The stride is 16.
        dtype: Precision policy, for example `"mixed_bfloat16"`; Keras's current one by default. The last
            convolution computes in float32.

    Returns:
        A model `(B, H, W, 1) -> (B, H, W, 3)`, or of both, `[(B, H, W, 1), (B, H/16, W/16, 4)] -> (B, H, W, 3)`; 9.8
        million parameters by default.

    Raises:
        ValueError: An argument is out of range.
    """
    _check(width, halvings, normalisation, blocks)
    architecture: dict[str, Any] = {"width": width, "halvings": halvings, "skips": skips}
    architecture["normalisation"] = normalisation
    sketch = layers.Input((None, None, 1), name="sketch")
    if not tone:
        inputs, x = sketch, trunk(sketch, **architecture, blocks=blocks, dtype=dtype)
    else:
        told = layers.Input((None, None, 4), name="tone")
        inputs, large = [sketch, told], told
        for step in (1, 2):  # enlarged without steps, in layers that every runtime knows at any size
            large = layers.UpSampling2D(4, interpolation="nearest", name=f"tone_up{step}", dtype=dtype)(large)
            large = layers.AveragePooling2D(5, 1, padding="same", name=f"tone_smooth{step}", dtype=dtype)(large)
        x = layers.Concatenate(name="stem_inputs", dtype=dtype)([sketch, large])  # (B, H, W, 5)

        def tell(x, place: str):
            if place != "smallest":
                return x
            y = layers.Conv2D(
                2 * width,
                3,
                padding="same",
                activation="relu",
                kernel_initializer="he_normal",
                name="tone_conv1",
                dtype=dtype,
            )(told)
            y = layers.Conv2D(x.shape[-1], 1, kernel_initializer="zeros", name="tone_conv2", dtype=dtype)(y)
            if halvings < 4:
                y = layers.UpSampling2D(CELL // 2**halvings, interpolation="nearest", name="tone_up", dtype=dtype)(y)
            return layers.Add(name="tone_add", dtype=dtype)([x, y])

        x = trunk(x, **architecture, blocks=blocks, dtype=dtype, condition=tell)
    photo = layers.Conv2D(3, 3, padding="same", activation="sigmoid", name="photo", dtype="float32")(x)
    arguments = {**architecture, "blocks": blocks, "tone": tone}
    return declare(
        keras.Model(inputs, photo, name="scribbler"), arguments=arguments, stride=CELL if tone else 2**halvings
    )


def take_untold(telling: keras.Model, plain: keras.Model) -> None:
    """Gives a generator that takes tones the weights of one that does not; untold, both then give the same."""
    for layer in plain.layers:
        arrays = layer.get_weights()
        if layer.name == "stem":  # (7, 7, 1, c): nothing comes from the four channels of the tone map yet
            arrays[0] = np.concatenate([arrays[0], np.zeros_like(arrays[0]).repeat(4, axis=2)], axis=2)
        if arrays:
            telling.get_layer(layer.name).set_weights(arrays)


def trunk(
    x: Any,
    *,
    width: int,
    halvings: int = 4,
    skips: bool = True,
    normalisation: str | None = None,
    blocks: int = 3,
    dtype: str | keras.DTypePolicy | None = None,
    condition: Callable[[Any, str], Any] = lambda x, place: x,
) -> Any:
    """The layers between input and last convolution, for networks of Scribbler's form.

    Args:
        x: `(B, H, W, C)`.
        width: See `scribbler`, also for the others.
        halvings: See there.
        skips: See there.
        normalisation: See there.
        blocks: See there.
        dtype: See there.
        condition: Adds what else the network is told, `(features, place) -> features`, after the convolutions at the
            places `"stem"`, `"smallest"`, and `"up3"` to `"up0"`, from small to large.

    Returns:
        `(B, H, W, width)`.
    """
    channels = [width * min(2**level, 8) for level in range(halvings + 1)]
    per_level = 2 if not skips else 1  # the paper has two blocks a level; skips make one enough

    def convolve(x, filters: int, name: str, kernel: int = 3, strides: int = 1, zero: bool = False):
        x = layers.Conv2D(
            filters,
            kernel,
            strides,
            padding="same",
            use_bias=normalisation is None,
            kernel_initializer="zeros" if zero and normalisation is None else "he_normal",
            name=name,
            dtype=dtype,
        )(x)
        return x if normalisation is None else layers.BatchNormalization(name=f"{name}_norm", dtype=dtype)(x)

    def activate(x, name: str):
        return layers.ReLU(name=f"{name}_relu", dtype=dtype)(x)

    def residual(x, filters: int, name: str):
        y = activate(convolve(x, filters, f"{name}_conv1"), f"{name}_conv1")
        y = convolve(y, filters, f"{name}_conv2", zero=True)
        return layers.Add(name=f"{name}_add", dtype=dtype)([x, y])

    x = activate(condition(convolve(x, width, "stem", kernel=7), "stem"), "stem")  # (B, H, W, c)
    encoded = [x]
    for level in range(1, halvings + 1):
        x = activate(convolve(x, channels[level], f"down{level}", strides=2), f"down{level}")  # (B, H/2, W/2, 2c)
        x = residual(x, channels[level], f"down{level}_block")
        encoded.append(x)
    x = condition(x, "smallest")
    for block in range(1, blocks + 1):
        x = residual(x, channels[-1], f"block{block}")  # (B, H/16, W/16, 8c)
    for level in reversed(range(halvings)):
        x = layers.UpSampling2D(interpolation="nearest", name=f"up{level}", dtype=dtype)(x)
        x = condition(convolve(x, channels[level], f"up{level}_conv"), f"up{level}")
        if skips:
            x = layers.Add(name=f"up{level}_skip", dtype=dtype)([x, encoded[level]])
        x = activate(x, f"up{level}_conv")
        for block in range(1, per_level + 1):
            x = residual(x, channels[level], f"up{level}_block{block}")
    return x


def least_parameters(*, width: int, halvings: int, normalisation: str | None, blocks: int, **_: object) -> int:
    """The kernels of the residual blocks at the smallest size: a lower bound that needs no network.

    The largest network that the ranges below allow has 700 million parameters, and so a file must hold at least this
    many before `weights.load` builds what it asks for.

    Raises:
        ValueError: An argument is out of range.
    """
    _check(width, halvings, normalisation, blocks)
    channels = width * min(2**halvings, 8)
    return (blocks + 1) * 2 * 3 * 3 * channels**2


def _check(width: int, halvings: int, normalisation: str | None, blocks: int) -> None:
    check_whole(width=(width, 1, 128), halvings=(halvings, 1, 4), blocks=(blocks, 0, 32))
    if normalisation not in NORMALISATIONS:
        raise ValueError(f"`normalisation` must be None or 'batch'. Received: {normalisation!r}.")
