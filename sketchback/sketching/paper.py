"""The bare paper under a photographed or scanned drawing: its colour and the light on it, and what divides them out."""

from __future__ import annotations

import cv2
import numpy as np

from sketchback.images import resize, to_gray


def paper(image: np.ndarray) -> np.ndarray:
    """Estimates the bare paper under a drawing: its colour and the light on it.

    In squares of the picture the brighter fifth is taken. A plane is fitted to its logarithm by quantile regression
    (Koenker and Bassett 1978) at 85 %, which lies on the paper however large the dark areas are, as long as some paper
    is visible between them; squares near the page's edge count more, because drawings have their tones in the middle.
    Squares that differ little from the plane then count as paper, and a quadratic surface is fitted to them, which is
    corrected locally. So gradual changes, which come from light, are followed; hair and shaded skin, which begin with
    a step, are not.

    Args:
        image: `(H, W, 1)` or `(H, W, 3)` in [0, 1].

    Returns:
        `(H, W, C)` float32, at least 0.02.
    """
    squares = _brighter_squares(image)  # (h, w, C)
    height, width, channels = squares.shape
    basis = np.stack([term.ravel() for term in np.broadcast_arrays(*_quadratic(height, width))], axis=-1)
    colours = np.log(squares).reshape(-1, channels)
    tone = np.log(to_gray(squares)).ravel()
    prior = 0.1 + 0.9 * np.exp(-4 * (1 - np.abs(basis[:, 1:3]).max(axis=1)))  # 1 at the edge, 0.1 in the middle
    weights = prior
    plane = basis[:, :3]
    for _ in range(40):  # iteratively reweighted least squares
        fit = plane @ _least_squares(plane, tone, weights)
        weights = prior * np.where(tone > fit, 0.85, 0.15) / np.maximum(np.abs(tone - fit), 0.01)
    for _ in range(8):
        weights = prior * ((np.abs(tone - fit) < 0.12) + 1e-6)
        fit = basis @ _least_squares(basis, tone, weights)
    quadratic = _least_squares(basis, colours, weights)  # (6, C)
    rest = np.zeros((height, width, channels))
    for spread in (max(height, width) / 8, max(height, width) / 16):
        known = (weights > 1e-3).astype(float).reshape(height, width)
        left = (colours - basis @ quadratic).reshape(rest.shape) - rest
        # Normalised convolution (Knutsson and Westin 1993): where nothing is known, nothing is added.
        blurred = cv2.GaussianBlur(left * known[..., np.newaxis], (0, 0), spread).reshape(rest.shape)
        rest = rest + blurred / (cv2.GaussianBlur(known, (0, 0), spread)[..., np.newaxis] + 0.05)
        off = (colours - basis @ quadratic).reshape(rest.shape) - rest
        weights = (np.abs(off.mean(axis=-1)) < 0.08).astype(float).ravel()
    whole = cv2.resize(rest.astype(np.float32), image.shape[1::-1], interpolation=cv2.INTER_LINEAR).reshape(image.shape)
    for term, coefficients in zip(_quadratic(*image.shape[:2]), quadratic, strict=True):
        whole += term[..., np.newaxis] * coefficients.astype(np.float32)
    return np.clip(np.exp(whole), 0.02, 1.0)


def _quadratic(height: int, width: int) -> tuple[np.ndarray, ...]:
    """1, x, y, x^2, x y and y^2 at the pixels of a picture whose edges are at -1 and 1; each can be broadcast."""
    x = ((2 * np.arange(width, dtype=np.float32) + 1) / width - 1)[np.newaxis]
    y = ((2 * np.arange(height, dtype=np.float32) + 1) / height - 1)[:, np.newaxis]
    return np.ones((1, 1), np.float32), x, y, x * x, x * y, y * y


def _brighter_squares(image: np.ndarray) -> np.ndarray:
    """The 80th percentile of each square, 32 along the long side: `(h, w, C)`, at least 0.02."""
    side, longest = 8, max(image.shape[:2])
    rows, columns = (max(round(32 * length / longest), 1) for length in image.shape[:2])
    small = resize(image, (rows * side, columns * side))
    blocks = small.reshape(rows, side, columns, side, -1).swapaxes(1, 2).reshape(rows, columns, side * side, -1)
    return np.maximum(np.percentile(blocks, 80, axis=2), 0.02)


def _least_squares(basis: np.ndarray, values: np.ndarray, weights: np.ndarray) -> np.ndarray:
    weighted = basis * weights[:, np.newaxis]
    # A little ridge regression: where there is nothing to fit, the surface stays flat.
    ridge = 1e-3 * weights.sum() * np.diag([0.0] + [1.0] * (basis.shape[1] - 1))
    return np.linalg.solve(weighted.T @ basis + ridge, weighted.T @ values)


def flatten(image: np.ndarray) -> np.ndarray:
    """Divides a picture by its `paper`, so that paper is white everywhere and strokes keep their depth.

    Args:
        image: `(H, W, 1)` or `(H, W, 3)` in [0, 1].

    Returns:
        The same shape, float32 in [0, 1]; the picture itself where its paper is white and even already, or where
        there is none (black all over).
    """
    under = paper(image)
    low, middle, high = np.percentile(to_gray(under), [2, 50, 98])
    colour = np.ptp(under.reshape(-1, under.shape[-1]).mean(axis=0))
    if middle < 0.1 or (low > 0.92 and high - low < 0.06 and colour < 0.03):
        return image
    return np.minimum(image / under, 1.0)
