"""The generator of the original Sketchback, whose weight files it reads."""

from __future__ import annotations

import keras
from keras import layers

from sketchback.models.generator import declare


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
    return declare(keras.Model(sketch, photo, name="sketchback2017"), arguments={}, stride=8)
