"""Twice the size, and again: photographs enlarged along the strokes of their drawings."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from sketchback.images import resize
from sketchback.inference import runtime
from sketchback.inference.options import ENLARGER, Options, find_helper

if TYPE_CHECKING:
    from sketchback.models.generator import Generator

DOUBLINGS = 2  # of one photograph: a drawing leads no further
WORTH = 1.25  # times the size: below, an enlarger has nothing to add
LARGEST = 4_000_000  # pixels of what it makes at once; one needs up to 2 kB of memory for each
MARGIN = 8  # pixels: a network that pads with zeros is less sure at the edge of what it sees


def load_enlarger(seen: tuple[int, int], size: tuple[int, int], options: Options) -> Generator | None:
    """What enlarges photographs from one size to another; None where it has nothing to add, or is not installed.

    Args:
        seen: `(height, width)` that the generator makes.
        size: `(height, width)` that is wanted.
        options: `scale` 1 leaves it out; any other asks for it.

    Raises:
        ValueError: It is asked for, and is not installed.
    """
    if options.scale == 1 or not _is_worth_it(seen, size):
        return None
    try:
        path = find_helper(ENLARGER, f"scale={options.scale}")
    except ValueError:
        if options.scale is None:
            return None
        raise
    return runtime.load_once(path, options.runtime)


def _is_worth_it(size: Sequence[int], wanted: Sequence[int]) -> bool:
    return max(wanted[0] / size[0], wanted[1] / size[1]) >= WORTH


def bring_to(photo: np.ndarray, sketch: np.ndarray, size: tuple[int, int], enlarger: Generator | None) -> np.ndarray:
    """Brings a photograph to a size, by an enlarger as far as that has something to add.

    Args:
        photo: `(h, w, 3)` RGB in [0, 1]; one at a time, for the sake of memory.
        sketch: `(H, W, 1)` in [0, 1], of any size.
        size: `(height, width)`.
        enlarger: From `load_enlarger`.

    Returns:
        `(height, width, 3)` float32 in [0, 1].
    """
    if enlarger is not None:
        for _ in range(DOUBLINGS):
            twice = 2 * photo.shape[0], 2 * photo.shape[1]
            if not _is_worth_it(photo.shape[:2], size) or twice[0] * twice[1] > LARGEST:
                break
            strokes = resize(sketch, twice, cubic=True)
            photo = enlarge(enlarger, photo[np.newaxis], strokes[np.newaxis])[0]
    return resize(photo, size, cubic=True)


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
