"""Twice the size, and again: photographs enlarged along the strokes of their drawings."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from sketchback.models.generator import Generator

MARGIN = 8  # pixels: a network that pads with zeros is less sure at the edge of what it sees


def enlarge(enlarger: Generator, photos: np.ndarray, sketches: np.ndarray) -> np.ndarray:
    """Doubles the size of photographs; the strokes of their drawings lead the edges.

    Args:
        enlarger: From `runtime.load`, `weights.load` or `models.build("enlarger")`.
        photos: `(B, H, W, 3)` RGB in [0, 1], of any size.
        sketches: `(B, 2H, 2W, 1)` in [0, 1], paper 1.

    Returns:
        `(B, 2H, 2W, 3)` float32 in [0, 1].

    Raises:
        ValueError: An array is of another shape.
    """
    photos, sketches = np.asarray(photos, np.float32), np.asarray(sketches, np.float32)
    expected = (photos.shape[0], *(2 * side for side in photos.shape[1:3]), 1)
    if photos.ndim != 4 or photos.shape[3] != 3 or sketches.shape != expected:
        raise ValueError(
            "`photos` must be (B, H, W, 3) and `sketches` (B, 2H, 2W, 1). "
            f"Received: shapes {photos.shape} and {sketches.shape}. Resize the sketches."
        )
    height, width = photos.shape[1:3]
    bottom, right = (MARGIN + -(side + 2 * MARGIN) % enlarger.stride for side in (height, width))
    sides = ((0, 0), (MARGIN, bottom), (MARGIN, right), (0, 0))
    twice = tuple((2 * before, 2 * after) for before, after in sides)
    inputs = [np.pad(photos, sides, mode="symmetric"), np.pad(sketches, twice, mode="symmetric")]
    enlarged = np.asarray(enlarger.predict_on_batch(inputs), np.float32)
    begin = 2 * MARGIN
    return np.clip(enlarged[:, begin : begin + 2 * height, begin : begin + 2 * width], 0.0, 1.0)
