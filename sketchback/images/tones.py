"""Tone maps: the mean colour of each cell of a picture, and which cells are told.

A drawing does not hold tone. A generator that takes a tone map beside the sketch is told as much of it as is known.
"""

from __future__ import annotations

import numpy as np

from sketchback.images.arrays import resize

CELL = 16  # pixels, the side of a cell
BLOCK = 4  # pixels, the side of a block: a mask says on this finer grid where a tone is meant


def of_photo(photo: np.ndarray) -> np.ndarray:
    """The tone map of a photograph.

    Args:
        photo: `(H, W, 3)` in [0, 1]; NaN where nothing is known. A last row or column of cells may be incomplete.

    Returns:
        `(ceil(H / 16), ceil(W / 16), 3)` float32: the mean of each cell over what is known there; NaN where less than
        half of it is.

    >>> of_photo(np.full((32, 20, 3), 0.25, np.float32)).shape
    (2, 2, 3)
    """
    known = np.isfinite(photo).all(axis=-1, keepdims=True)
    sums = _sum_cells(np.where(known, photo, 0.0))
    counts, sizes = _sum_cells(known.astype(np.float64)), _sum_cells(np.ones_like(known, np.float64))
    means = sums / np.maximum(counts, 1.0)
    return np.where(2 * counts >= sizes, means, np.nan).astype(np.float32)


def under(photo: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """The tones of what lies under a mask.

    Args:
        photo: `(H, W, 3)` in [0, 1].
        weights: `(H, W, 1)`, at least 0.

    Returns:
        `(ceil(H / 16), ceil(W / 16), 3)` float32: the weighted mean of each cell; NaN where the weights are less than 1
        in sum.
    """
    sums, counts = _sum_cells(photo * weights), _sum_cells(weights)
    return np.where(counts >= 1, sums / np.maximum(counts, 1e-12), np.nan).astype(np.float32)


def to_pixels(mask: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """A mask on blocks `(4 h, 4 w)` -> one on the pixels of a picture `(height, width)`, `(height, width, 1)`."""
    sides = mask.shape[0] * BLOCK, mask.shape[1] * BLOCK
    return resize(mask[..., np.newaxis], sides)[: size[0], : size[1]]


def encode(tones: np.ndarray) -> np.ndarray:
    """What a generator takes.

    Args:
        tones: `(..., h, w, 3)` in [0, 1], NaN where nothing is told.

    Returns:
        `(..., h, w, 4)` float32: red, green, blue and whether they are told; all 0 where they are not.
    """
    told = np.isfinite(tones).all(axis=-1, keepdims=True)
    return np.concatenate([np.where(told, tones, 0.0), told], axis=-1).astype(np.float32)


def untold(shape: tuple[int, int]) -> np.ndarray:
    """The tone map of a picture of `(H, W)` of which nothing is told: `(h, w, 3)` NaN."""
    return np.full((-(-shape[0] // CELL), -(-shape[1] // CELL), 3), np.nan, np.float32)


def _sum_cells(values: np.ndarray) -> np.ndarray:
    """`(H, W, C)` -> `(h, w, C)` float64."""
    rows = np.add.reduceat(values, np.arange(0, values.shape[0], CELL), axis=0, dtype=np.float64)
    return np.add.reduceat(rows, np.arange(0, values.shape[1], CELL), axis=1)
