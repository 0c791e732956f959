"""What a generator is shown: sketches at the scale that it knows, padded to what it can halve; and the way back."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from sketchback.images import MIN_SIDE, check_size, pad_to_multiple, resize

if TYPE_CHECKING:
    import keras

    from sketchback.inference.runtime import LightGenerator

WORKING = (512, 512)  # bounds memory where a file does not say what its generator was trained at


def working_size(generator: keras.Model | LightGenerator) -> tuple[int, int]:
    """The size that a loaded generator was trained at, as its file says; `WORKING` where it says nothing."""
    return _trained_size(generator) or WORKING


def _trained_size(generator: keras.Model | LightGenerator) -> tuple[int, int] | None:
    try:
        return check_size(generator.facts["recipe"]["size"])
    except (AttributeError, KeyError, TypeError, ValueError):  # what a file says of itself may be anything
        return None


def predict(
    generator: keras.Model | LightGenerator, sketches: np.ndarray, working: Sequence[int] | None = None
) -> np.ndarray:
    """Runs a generator on sketches of any size: reflects them to a multiple of its stride, and crops back.

    A generator knows strokes and faces at the scale that it was trained at. Sketches are therefore brought to where
    they just cover `working`, and the photographs back to the size of the sketches.

    Args:
        generator: `(B, H, W, 1) -> (B, H, W, 3)`, from `runtime.load`, `weights.load` or `models.build`.
        sketches: `(B, H, W, 1)` float in [0, 1].
        working: `(height, width)`, by default what `working_size` says. Where a generator says nothing, smaller
            sketches are shown as they are.

    Returns:
        `(B, H, W, 3)` float32 in [0, 1].

    Raises:
        ValueError: The sketches are of another shape, or `working` is too small.
    """
    sketches = np.asarray(sketches, np.float32)
    if sketches.ndim != 4 or sketches.shape[-1] != 1:
        raise ValueError(f"`sketches` must be (B, H, W, 1). Received: shape={sketches.shape}.")
    height, width = size = sketches.shape[1:3]
    rows, columns = check_size(working_size(generator) if working is None else working)
    ratio = max(rows / height, columns / width)
    if ratio > 1:
        # A ribbon that covered `working` would be as long as memory; and who says nothing is shown no guess.
        room = max(4 * rows * columns / (height * width), 1) ** 0.5
        ratio = min(ratio, room) if working is not None or _trained_size(generator) else 1
    seen = tuple(max(round(side * ratio), MIN_SIDE) for side in size)
    if seen != size:
        photos = predict(generator, np.stack([resize(sketch, seen, cubic=True) for sketch in sketches]), seen)
        return np.stack([resize(photo, size, cubic=True) for photo in photos])
    padded = pad_to_multiple(sketches, generator.stride)
    return np.asarray(generator.predict_on_batch(padded), np.float32)[:, :height, :width]
