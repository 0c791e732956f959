"""The tone sampler: a small rectified flow over tone maps, whose samples are the candidates for a drawing."""

from __future__ import annotations

import keras
from keras import layers

from sketchback.models.generator import check_whole, declare

INK = 20  # numbers that describe the ink of a cell, see `inference.candidates.ink`
STATE = 3 + 3 + 1 + INK + 1  # noisy difference, the generator's own tones, which cells are told, ink, time


def tone_sampler(width: int = 64, blocks: int = 6, dtype: str | keras.DTypePolicy | None = None) -> keras.Model:
    """The velocity field of a rectified flow (Liu et al. 2023) from noise to tone maps.

    What flows is the difference between the true tone map and the tones of the generator's own answer, so the sampler
    learns only what that answer leaves open. Residual blocks of two convolutions work on the grid of cells, of any
    size, and see all of a map of 16 x 16. Time and all that is known go into each block anew.

    Args:
        width: Channels.
        blocks: Residual blocks; the second convolution of each starts at zero.
        dtype: Precision policy, as in `scribbler`.

    Returns:
        A model `(B, h, w, 28) -> (B, h, w, 3)` of stride 1; 0.5 million parameters by default. Its input is what
        `inference.candidates.state` puts together, its output the velocity of the difference.

    Raises:
        ValueError: An argument is out of range.
    """
    check_whole(width=(width, 1, 128), blocks=(blocks, 1, 16))

    def convolve(x, filters: int, name: str, kernel: int = 3, zero: bool = False, dtype=dtype):
        start = "zeros" if zero else "he_normal"
        return layers.Conv2D(filters, kernel, padding="same", kernel_initializer=start, name=name, dtype=dtype)(x)

    def activate(x, name: str):
        return layers.ReLU(name=f"{name}_relu", dtype=dtype)(x)

    def add(x, y, name: str):
        return layers.Add(name=name, dtype=dtype)([x, y])

    state = layers.Input((None, None, STATE), name="state")
    known = activate(convolve(state, width, "known", kernel=1), "known")
    x = convolve(state, width, "stem")  # (B, h, w, c)
    for block in range(1, blocks + 1):
        name = f"block{block}"
        y = add(
            convolve(activate(x, f"{name}_in"), width, f"{name}_conv1"),
            convolve(known, width, f"{name}_known", 1),
            f"{name}_sum",
        )
        y = convolve(activate(y, name), width, f"{name}_conv2", zero=True)
        x = add(x, y, f"{name}_add")
    velocity = convolve(activate(x, "out"), 3, "velocity", zero=True, dtype="float32")
    arguments = {"width": width, "blocks": blocks}
    return declare(keras.Model(state, velocity, name="tone_sampler"), arguments=arguments, stride=1)
