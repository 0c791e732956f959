"""What was told is kept: the mean of each told cell of a photograph becomes its tone.

A generator follows tones only roughly. The difference that is left is spread from cells to pixels along the
photograph's own edges, so that a dark head does not glow before a light backdrop, and made up for as light would:
darker as in shadow, lighter half as in more light and half as behind a veil.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from sketchback import images
from sketchback.images import tones
from sketchback.images.tones import BLOCK, CELL

ROUNDS = 3  # after one, neighbours still take a fifth of the difference from each other
REACH = 0.5  # of a cell: standard deviation of the weight of a cell over the distance from its middle
ALIKE = 0.2  # standard deviation over the difference of colour, RGB in [0, 1]
MOST_LIGHT, DARKEST = 4.0, 0.02  # times the light of a pixel that it gets in one round; what it reflects at least
LEAST_ALIKE = 1e-3  # of the weight, for pixels that are like none of the cells around them
BRUSH = 9  # pixels over which the edge of a mask is softened
WINDOW, CONTRAST = 17, 0.05  # pixels of a mask that are taken together, and the contrast that counts as an edge in it


def back_project(
    photo: np.ndarray,
    told: np.ndarray,
    mask: np.ndarray | None = None,
    *,
    others: np.ndarray | None = None,
    guide: np.ndarray | None = None,
) -> np.ndarray:
    """Brings the means of a photograph's cells to the tones that were told.

    Args:
        photo: `(H, W, 3)` in [0, 1].
        told: `(h, w, 3)` in [0, 1] of `h = ceil(H / 16)`, NaN where nothing is told.
        mask: `(4 h, 4 w)` in [0, 1], which blocks of 4 x 4 pixels of the cells that are told a tone is the mean of, and
            where the photograph changes; by default all.
        others: `(4 h, 4 w)` in [0, 1], which blocks show something else: both masks are fitted to the photograph's
            edges, and nothing changes there. Without it the mask's own edges become soft.
        guide: `(H, W, 3)` in [0, 1], another photograph whose edges count too, such as the one in which the blocks were
            found: this one may have been made alike on both sides of an edge.

    Returns:
        `(H, W, 3)` float32 in [0, 1]. Where the cells around are told too, means are within a few 1/255 of what was
        told, unless pixels would have to be darker than black or lighter than white; towards the edge of the mask the
        change fades.

    Source: iterative back-projection (Irani & Peleg 1991), spread by joint bilateral upsampling (Kopf et al. 2007).
    """
    size = photo.shape[0], photo.shape[1]
    inside = tones.to_pixels(reach(told, mask), size)
    if others is None:
        inside = _soften(inside)
    else:
        beside = tones.to_pixels(others, size)
        guides = [photo] if guide is None else [photo, guide]
        inside = np.max([_refine(inside, one) * (1 - _refine(beside, one)) for one in guides], axis=0)
    own = tones.under(photo, inside)
    is_told = np.isfinite(told) & np.isfinite(own)
    if not is_told.any():
        return photo
    wanted = np.where(is_told, told, 0.0)
    weights = _weights(photo, np.where(is_told, own, 0.0), is_told)
    made = photo
    for _ in range(ROUNDS):
        means = np.where(is_told, tones.under(made, inside), 0.0)
        times = np.clip((wanted + DARKEST) / (means + DARKEST), 1 / MOST_LIGHT, MOST_LIGHT)
        spread = _spread(np.concatenate([wanted - means, times - 1], axis=-1), weights, size)
        added, shaded = spread[..., :3], (made + DARKEST) * spread[..., 3:]
        # Darker as under less light; lighter half as under more, half as through a veil.
        made = np.clip(made + np.where(added < 0, shaded, (added + shaded) / 2), 0.0, 1.0)
    result: np.ndarray = np.clip(photo + inside * (made - photo), 0.0, 1.0)  # else 1.0000001
    return result


def reach(told: np.ndarray, mask: np.ndarray | None = None) -> np.ndarray:
    """A mask `(4 h, 4 w)`, by default all, as far as cells `(h, w, 3)` are told."""
    blocks = np.isfinite(told[..., 0]).repeat(CELL // BLOCK, axis=0).repeat(CELL // BLOCK, axis=1).astype(np.float32)
    return blocks if mask is None else blocks * mask


def _soften(mask: np.ndarray) -> np.ndarray:
    """A mask `(H, W, 1)` as a soft brush would leave it; what is thin stays visible."""
    return np.minimum(1.5 * cv2.blur(mask, (BRUSH, BRUSH)), 1.0)[..., np.newaxis]


def _refine(mask: np.ndarray, photo: np.ndarray) -> np.ndarray:
    """A coarse mask `(H, W, 1)` that keeps to a photograph's own edges, by a guided filter (He et al. 2010), and ends
    more steeply than that leaves it.
    """
    guide = images.to_gray(photo)

    def mean(values: np.ndarray) -> np.ndarray:
        return cv2.blur(values, (WINDOW, WINDOW))

    light, share = mean(guide), mean(mask[..., 0])
    slope = (mean(guide * mask[..., 0]) - light * share) / (mean(guide * guide) - light * light + CONTRAST**2)
    offset = share - slope * light
    return np.clip(2 * (mean(slope) * guide + mean(offset)) - 0.3, 0.0, 1.0)[..., np.newaxis]


def _weights(photo: np.ndarray, own: np.ndarray, is_told: np.ndarray) -> np.ndarray:
    """How much each pixel takes from its own cell and the eight around it, `(h, w, 256, 9)`: 1 in sum over those that
    are told.
    """
    rows, columns = own.shape[:2]
    sides = [(0, cells * CELL - side) for cells, side in zip(own.shape[:2], photo.shape[:2], strict=True)]
    pixels = np.pad(photo, [*sides, (0, 0)], mode="edge").reshape(rows, CELL, columns, CELL, 3)
    pixels = pixels.swapaxes(1, 2).reshape(rows, columns, CELL * CELL, 3)
    cells = _around(own)
    squares = [(values**2).sum(axis=-1) for values in (pixels, cells)]
    unlike = squares[0][..., np.newaxis] + squares[1][..., np.newaxis, :] - 2 * pixels @ cells.swapaxes(-1, -2)
    weights = _NEAR * (np.exp(-np.maximum(unlike, 0.0) / (2 * ALIKE**2)) + LEAST_ALIKE)
    weights = weights * _around(is_told[..., :1])[..., np.newaxis, :, 0]
    return (weights / np.maximum(weights.sum(axis=-1, keepdims=True), 1e-12)).astype(np.float32)


def _near() -> np.ndarray:
    """The part of the weights that place decides: `(256, 9)`."""
    away = (np.arange(CELL) + 0.5) / CELL - 0.5  # of a pixel from the middle of its cell, in cells
    near = np.exp(-(((away[:, np.newaxis] - (-1, 0, 1)) / REACH) ** 2) / 2)
    return np.einsum("yd,xr->yxdr", near, near).reshape(CELL * CELL, 9).astype(np.float32)


_NEAR = _near()


def _around(cells: np.ndarray) -> np.ndarray:
    """Of each cell itself and the eight around it, `(h, w, C) -> (h, w, 9, C)`, 0 outside the picture."""
    windows = sliding_window_view(np.pad(cells, [(1, 1), (1, 1), (0, 0)]), (3, 3), axis=(0, 1))  # (h, w, C, 3, 3)
    return windows.reshape(*cells.shape, 9).swapaxes(-1, -2).astype(np.float32)


def _spread(cells: np.ndarray, weights: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Numbers of cells `(h, w, C)` -> numbers of pixels `(height, width, C)`."""
    rows, columns, channels = cells.shape
    pixels = (weights @ _around(cells)).reshape(rows, columns, CELL, CELL, channels)
    return pixels.swapaxes(1, 2).reshape(rows * CELL, columns * CELL, channels)[: size[0], : size[1]]
