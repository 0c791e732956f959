"""Generators: a sketch `(B, H, W, 1)` in [0, 1] -> a photograph `(B, H, W, 3)`, RGB in [0, 1].

All are fully convolutional. Their input must be a multiple of `inference.stride` on both sides; `inference.predict`
pads and crops, so that users may give any size. `ARCHITECTURES` maps the names that weight files carry.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable

import keras
from keras import layers

from . import unet
from .unet import unet_resnet

NORMALISATIONS = (None, "batch")


def scribbler(
    width: int = 32,
    halvings: int = 4,
    skips: bool = True,
    normalisation: str | None = None,
    blocks: int = 3,
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
        dtype: Precision policy, for example `"mixed_bfloat16"`; Keras's current one by default. The last
            convolution computes in float32.

    Returns:
        A model `(B, H, W, 1) -> (B, H, W, 3)`; 9.8 million parameters by default.

    Raises:
        ValueError: An argument is out of range.
    """
    _check_scribbler(width, halvings, normalisation, blocks)
    channels = [width * min(2**level, 8) for level in range(halvings + 1)]
    per_level = 2 if not skips else 1  # the paper has two blocks a level; skips make one enough

    def convolve(x, filters: int, name: str, kernel: int = 3, strides: int = 1, zero: bool = False):
        x = layers.Conv2D(
            filters, kernel, strides, padding="same", use_bias=normalisation is None,
            kernel_initializer="zeros" if zero and normalisation is None else "he_normal", name=name, dtype=dtype,
        )(x)  # fmt: skip
        return x if normalisation is None else layers.BatchNormalization(name=f"{name}_norm", dtype=dtype)(x)

    def activate(x, name: str):
        return layers.ReLU(name=f"{name}_relu", dtype=dtype)(x)

    def residual(x, filters: int, name: str):
        y = activate(convolve(x, filters, f"{name}_conv1"), f"{name}_conv1")
        y = convolve(y, filters, f"{name}_conv2", zero=True)
        return layers.Add(name=f"{name}_add", dtype=dtype)([x, y])

    sketch = layers.Input((None, None, 1), name="sketch")
    x = activate(convolve(sketch, width, "stem", kernel=7), "stem")  # (B, H, W, c)
    encoded = [x]
    for level in range(1, halvings + 1):
        x = activate(convolve(x, channels[level], f"down{level}", strides=2), f"down{level}")  # (B, H/2, W/2, 2c)
        x = residual(x, channels[level], f"down{level}_block")
        encoded.append(x)
    for block in range(1, blocks + 1):
        x = residual(x, channels[-1], f"block{block}")  # (B, H/16, W/16, 8c)
    for level in reversed(range(halvings)):
        x = layers.UpSampling2D(interpolation="nearest", name=f"up{level}", dtype=dtype)(x)
        x = convolve(x, channels[level], f"up{level}_conv")
        if skips:
            x = layers.Add(name=f"up{level}_skip", dtype=dtype)([x, encoded[level]])
        x = activate(x, f"up{level}_conv")
        for block in range(1, per_level + 1):
            x = residual(x, channels[level], f"up{level}_block{block}")
    photo = layers.Conv2D(3, 3, padding="same", activation="sigmoid", name="photo", dtype="float32")(x)
    return keras.Model(sketch, photo, name="scribbler")


def _check_scribbler(width: int, halvings: int, normalisation: str | None, blocks: int) -> None:
    whole = all(isinstance(value, int) for value in (width, halvings, blocks))
    if not whole or width < 1 or not 1 <= halvings <= 4 or blocks < 0:
        raise ValueError(
            "`width` must be positive, `halvings` 1 to 4 and `blocks` not negative, all whole numbers. "
            f"Received: width={width!r}, halvings={halvings!r}, blocks={blocks!r}."
        )
    if normalisation not in NORMALISATIONS:
        raise ValueError(f"`normalisation` must be None or 'batch'. Received: {normalisation!r}.")


def _scribbler_parameters(
    width: int, halvings: int, skips: bool, normalisation: str | None, blocks: int, dtype: object = None
) -> int:
    _check_scribbler(width, halvings, normalisation, blocks)
    channels = [width * min(2**level, 8) for level in range(halvings + 1)]

    def convolution(inputs: int, filters: int, kernel: int = 3) -> int:
        return filters * (inputs * kernel**2 + (1 if normalisation is None else 4))

    def residuals(filters: int, count: int) -> int:
        return 2 * count * convolution(filters, filters)

    levels = sum(
        convolution(shallow, deep) + residuals(deep, 1)  # down
        + convolution(deep, shallow) + residuals(shallow, 1 if skips else 2)  # up
        for shallow, deep in zip(channels, channels[1:], strict=False)
    )  # fmt: skip
    return convolution(1, width, 7) + levels + residuals(channels[-1], blocks) + 3 * (9 * width + 1)


def sketchback2017(dtype: str | keras.DTypePolicy | None = None) -> keras.Model:
    """The generator of the original Sketchback (AlKhamissi and Nassar 2017), whose weight files it reads.

    24 convolutions without normalisation, 4,251,555 parameters. Residual steps are a single convolution,
    `x + conv(x)`, as the authors wrote them.

    Args:
        dtype: Precision policy, as in `scribbler`.

    Returns:
        A model `(B, H, W, 1) -> (B, H, W, 3)` of stride 8.
    """
    count = iter(range(1, 100))

    def convolve(x, filters: int, kernel: int):
        name = f"conv{next(count)}"
        return layers.Conv2D(filters, kernel, padding="same", activation="relu", name=name, dtype=dtype)(x)

    def residual(x, filters: int):
        return layers.Add(dtype=dtype)([x, convolve(x, filters, 3)])

    sketch = layers.Input((None, None, 1), name="sketch")
    x = sketch
    for filters, second in ((32, 2), (64, 2), (128, 3)):
        x = convolve(convolve(x, filters, 3), filters, second)
        x = layers.MaxPooling2D(dtype=dtype)(x)  # (B, H/2, W/2, 32), then 64, 128
    x = convolve(x, 256, 3)  # (B, H/8, W/8, 256)
    for _ in range(5):
        x = residual(x, 256)
    for filters, residuals in ((128, 2), (64, 2), (32, 1)):
        x = convolve(x, filters, 2)
        x = layers.UpSampling2D(interpolation="nearest", dtype=dtype)(x)
        x = convolve(x, filters, 3)
        for _ in range(residuals):
            x = residual(x, filters)
    photo = layers.Conv2D(3, 3, padding="same", activation="sigmoid", name="photo", dtype="float32")(x)
    return keras.Model(sketch, photo, name="sketchback2017")


ARCHITECTURES: dict[str, Callable[..., keras.Model]] = {
    "scribbler": scribbler,
    "sketchback2017": sketchback2017,
    "unet_resnet": unet_resnet,
}
PARAMETERS: dict[str, Callable[..., int]] = {
    "scribbler": _scribbler_parameters,
    "sketchback2017": lambda dtype=None: 4_251_555,
    "unet_resnet": unet.parameters,
}


def complete(architecture: str, arguments: dict[str, object]) -> dict[str, object]:
    """All arguments of an architecture, its defaults included.

    Raises:
        ValueError: There is no such architecture, or it takes no such argument.
    """
    if architecture not in ARCHITECTURES:
        raise ValueError(f"`model` must be one of {', '.join(ARCHITECTURES)}. Received: {architecture!r}.")
    try:
        bound = inspect.signature(ARCHITECTURES[architecture]).bind(**arguments)
    except TypeError as error:
        raise ValueError(f"The arguments of a generator must be its own. Received: {arguments} ({error}).") from None
    bound.apply_defaults()
    return dict(bound.arguments)


def count_parameters(architecture: str, **arguments: object) -> int:
    """The number of parameters that `build` would give, without building: a file's claim is checked by it first.

    Raises:
        ValueError: As `build`.
    """
    arguments = complete(architecture, arguments)
    return PARAMETERS[architecture](**arguments)


def build(architecture: str, **arguments: object) -> keras.Model:
    """Builds a generator by the name that recipes and weight files use.

    The model remembers both as `generator.architecture` and `generator.arguments`, for `weights.save`; defaults too,
    so that its file still loads when they change.

    Raises:
        ValueError: There is no such architecture, or it takes no such argument or value.
    """
    arguments = complete(architecture, arguments)
    generator = ARCHITECTURES[architecture](**arguments)
    generator.architecture = architecture
    generator.arguments = {name: value for name, value in arguments.items() if name != "dtype"}
    return generator
