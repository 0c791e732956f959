"""Layers of tones: what is told of a picture, one thing over another, and how a photograph keeps it.

A layer has a tone for each cell, which a generator is told, and a finer mask that says where in the cell it is meant.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from sketchback.images import tones
from sketchback.images.tones import BLOCK, CELL
from sketchback.inference.backprojection import back_project, reach

LEAST = 0.1  # of a cell: where so much is told, the cell is; a stroke of colour is narrower than a cell


class Layer(NamedTuple):
    """One thing that is told of a picture: colours in their places, a named part, or all of it.

    Attributes:
        tones: `(h, w, 3)` in [0, 1], a tone for each cell, NaN where nothing is told.
        mask: `(4 h, 4 w)` in [0, 1]: of how much of each block of 4 x 4 pixels it is told.
        least: Of a cell: where less is covered, the generator is not told.
        others: `(4 h, 4 w)` in [0, 1], where other parts are; the mask is a guess then, and is fitted to the
            photograph's edges, and to those of the guide.
        guide: `(H, W, 3)` in [0, 1], the photograph in which the parts were found.
    """

    tones: np.ndarray
    mask: np.ndarray
    least: float = 0.0
    others: np.ndarray | None = None
    guide: np.ndarray | None = None


def whole(cells: np.ndarray) -> Layer:
    """Tones `(h, w, 3)` that are told of whole cells, NaN where nothing is told."""
    side = CELL // BLOCK
    return Layer(cells, np.ones((cells.shape[0] * side, cells.shape[1] * side), np.float32))


def flatten(layers: Sequence[Layer], size: tuple[int, int]) -> np.ndarray:
    """What a generator is told of a picture `(height, width)`: the last layer that tells something of a cell.

    Returns:
        `(ceil(height / 16), ceil(width / 16), 3)`, NaN where nothing is told.
    """
    told = tones.untold(size)
    for layer in layers:
        is_told = (coverage(layer.mask)[..., np.newaxis] >= layer.least) & np.isfinite(layer.tones)
        told = np.where(is_told, layer.tones, told)
    return told


def coverage(mask: np.ndarray) -> np.ndarray:
    """How much of each cell `(h, w)` a mask `(4 h, 4 w)` covers."""
    side = CELL // BLOCK
    covered: np.ndarray = mask.reshape(mask.shape[0] // side, side, mask.shape[1] // side, side).mean(axis=(1, 3))
    return covered


def from_array(colours: np.ndarray, size: tuple[int, int]) -> Layer:
    """Colours in their places, averaged over the cells of a picture that they cover, each with its share of a cell.

    Args:
        colours: `(h, w, 3)`, any h and w; NaN where nothing is told.
        size: `(height, width)` of the picture.

    Returns:
        Of `ceil(height / 16)` x `ceil(width / 16)` cells, float32: means over what is told; NaN in cells of which less
        than a tenth is.

    >>> from_array(np.array([[[0.0] * 3, [1.0] * 3]]), (16, 48)).tones[0, :, 0].tolist()
    [0.0, 0.5, 1.0]
    """
    told = np.isfinite(colours).all(axis=-1, keepdims=True)

    def cover(side: int) -> tuple[np.ndarray, np.ndarray]:
        """Means of squares of so many pixels, and how much of each is told."""
        rows, columns = (_shares(parts, length, side) for parts, length in zip(colours.shape[:2], size, strict=True))

        def add(values: np.ndarray) -> np.ndarray:
            return np.einsum("yh,hwc,xw->yxc", rows, values, columns, optimize=True)

        counts, sizes = add(told.astype(np.float64)), add(np.ones(told.shape))
        return add(np.where(told, colours, 0.0)) / np.maximum(counts, 1e-12), counts / sizes

    means, covered = cover(CELL)
    mask = cover(BLOCK)[1][..., 0].astype(np.float32)
    sides = [(0, cells * CELL // BLOCK - blocks) for cells, blocks in zip(means.shape[:2], mask.shape, strict=True)]
    return Layer(np.where(covered >= LEAST, means, np.nan).astype(np.float32), np.pad(mask, sides, mode="edge"))


def _shares(parts: int, length: int, side: int) -> np.ndarray:
    """How much of each of so many equal parts of a length lies in each square of a side: `(squares, parts)`."""
    edges = np.linspace(0.0, length / side, parts + 1)
    squares = np.arange(-(-length // side))[:, np.newaxis]
    return np.clip(np.minimum(edges[1:], squares + 1) - np.maximum(edges[:-1], squares), 0.0, None)


def keep(photo: np.ndarray, layers: Sequence[Layer]) -> np.ndarray:
    """A photograph `(H, W, 3)` with the tones that were told, as a generator follows them only roughly."""
    for index, layer in enumerate(layers):
        above = layers[index + 1 :]
        mask = layer.mask * _uncovered(above) if above else layer.mask
        photo = back_project(photo, layer.tones, mask, others=layer.others, guide=layer.guide)
    return photo


def beneath(photo: np.ndarray, layers: Sequence[Layer]) -> np.ndarray:
    """The tones of a photograph `(H, W, 3)` where layers, at least one, leave it uncovered: `(h, w, 3)`, NaN where they
    cover a cell.
    """
    return tones.under(photo, tones.to_pixels(_uncovered(layers), (photo.shape[0], photo.shape[1])))


def _uncovered(layers: Sequence[Layer]) -> np.ndarray:
    covered: np.ndarray = np.max([reach(layer.tones, layer.mask) for layer in layers], axis=0)
    return 1 - covered
