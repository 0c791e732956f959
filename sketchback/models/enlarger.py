"""The enlarger: a photograph and the drawing at twice its size -> the photograph at twice its size."""

from __future__ import annotations

import keras
from keras import layers

from sketchback.models.generator import check_whole, declare


def enlarger(width: int = 32, blocks: int = 2, dtype: str | keras.DTypePolicy | None = None) -> keras.Model:
    """Doubles the size of a photograph; the strokes of the drawing lead its edges.

    The drawing comes down to the photograph's size by a strided convolution, and nearly all the work is done there and
    at a half and a quarter of it. The result is the photograph, enlarged nearly bilinearly, plus a residual that
    starts at zero: an untrained enlarger is a plain one. Up-sampling is nearest neighbour and a convolution.

    Args:
        width: Channels at the photograph's size; twice and three times as many at a half and a quarter of it.
        blocks: Residual blocks at a half and at a quarter of the photograph's size.
        dtype: Precision policy, as in `scribbler`.

    Returns:
        A model `[photo (B, H, W, 3), sketch (B, 2H, 2W, 1)] -> (B, 2H, 2W, 3)` of stride 4, which both sides of the
        photograph must be a multiple of; 0.75 million parameters by default.

    Raises:
        ValueError: An argument is out of range.
    """
    check_whole(width=(width, 1, 64), blocks=(blocks, 0, 8))
    fine, (c1, c2, c3) = max(width // 2, 1), (width, 2 * width, 3 * width)

    def convolve(x, filters: int, name: str, kernel: int = 3, strides: int = 1, zero: bool = False, dtype=dtype):
        start = "zeros" if zero else "he_normal"
        return layers.Conv2D(
            filters, kernel, strides, padding="same", kernel_initializer=start, name=name, dtype=dtype
        )(x)

    def activate(x, name: str):
        return layers.ReLU(name=f"{name}_relu", dtype=dtype)(x)

    def add(x, y, name: str):
        return layers.Add(name=name, dtype=dtype)([x, y])

    def residual(x, filters: int, name: str):
        y = activate(convolve(x, filters, f"{name}_conv1"), f"{name}_conv1")
        return add(x, convolve(y, filters, f"{name}_conv2", zero=True), f"{name}_add")

    def enlarge(x, filters: int, name: str):
        x = layers.UpSampling2D(interpolation="nearest", name=name, dtype=dtype)(x)
        return convolve(x, filters, f"{name}_conv")

    photo = layers.Input((None, None, 3), name="photo")
    sketch = layers.Input((None, None, 1), name="sketch")
    strokes = convolve(sketch, c1, "strokes", kernel=5, strides=2)  # (B, H, W, c)
    x1 = activate(add(convolve(photo, c1, "stem", kernel=5), strokes, "stem_add"), "stem")
    x1 = residual(x1, c1, "stem_block")
    x2 = activate(convolve(x1, c2, "down1", strides=2), "down1")  # (B, H/2, W/2, 2c)
    for block in range(1, blocks + 1):
        x2 = residual(x2, c2, f"down1_block{block}")
    x = activate(convolve(x2, c3, "down2", strides=2), "down2")  # (B, H/4, W/4, 3c)
    for block in range(1, blocks + 1):
        x = residual(x, c3, f"down2_block{block}")
    x = activate(add(enlarge(x, c2, "up2"), x2, "up2_skip"), "up2")
    x = residual(x, c2, "up2_block")
    x = activate(add(enlarge(x, c1, "up1"), x1, "up1_skip"), "up1")
    x = residual(x, c1, "up1_block")
    # At full size only what places the edges: the strokes themselves, and two narrow convolutions.
    x = activate(add(enlarge(x, fine, "up0"), convolve(sketch, fine, "lines"), "up0_lines"), "up0")  # (B, 2H, 2W, c/2)
    x = convolve(x, 3, "detail", zero=True, dtype="float32")
    large = layers.UpSampling2D(interpolation="nearest", name="plain", dtype="float32")(photo)
    # Of pixels that are there twice, a mean of three is 2/3 and 1/3 of the two nearest; bilinear is 3/4 and 1/4.
    large = layers.AveragePooling2D(3, 1, padding="same", name="plain_smooth", dtype="float32")(large)
    enlarged = layers.Add(name="enlarged", dtype="float32")([large, x])
    arguments = {"width": width, "blocks": blocks}
    return declare(keras.Model([photo, sketch], enlarged, name="enlarger"), arguments=arguments, stride=4)
