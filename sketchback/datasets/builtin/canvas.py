"""Painting by code: outlines filled on a canvas, and what a camera adds to the picture.

Lengths are units, about the pixels of a picture at its default size; x goes right, y goes down.
Everything random about a picture is sampled first, into `Traits`; painting is a pure function of traits and size.
"""

from __future__ import annotations

from collections.abc import Sequence
from types import SimpleNamespace as Traits

import cv2
import numpy as np

Points = np.ndarray | Sequence[tuple[float, float]]


class Canvas:
    """A picture `(3, height, width)` on which outlines are filled; `scale` pixels a unit, (0, 0) at pixel `origin`."""

    def __init__(self, height: int, width: int, *, scale: float, origin: tuple[float, float]) -> None:
        self.pixels = np.zeros((3, height, width), np.float32)
        self.scale, self.origin = scale, np.array(origin)
        self.x = ((np.arange(width) + 0.5 - origin[0]) / scale).astype(np.float32)[None, :]
        self.y = ((np.arange(height) + 0.5 - origin[1]) / scale).astype(np.float32)[:, None]

    def fill(
        self,
        outlines: np.ndarray | Sequence[np.ndarray],
        color: np.ndarray | Sequence[float],
        opacity: float = 1.0,
        *,
        soft: float = 0.0,
        width: float = 0.0,
    ) -> None:
        """Lays colour inside outlines, or along them.

        Args:
            outlines: One `(N, 2)`, or several; those inside others are holes.
            color: RGB, or a picture `(3, H, W)` of the canvas' size.
            opacity: 0 to 1.
            soft: Standard deviation of the edge's blur.
            width: Of a line along the outlines; 0 fills them.
        """
        outlines = [outlines] if isinstance(outlines, np.ndarray) else outlines
        outlines = [outline * self.scale + self.origin for outline in outlines]
        soft, width = soft * self.scale, width * self.scale
        every, margin = np.concatenate(outlines), 3 * soft + width + 2
        x0, y0 = np.maximum(every.min(0) - margin, 0).astype(int).tolist()
        x1, y1 = np.minimum(every.max(0) + margin + 2, self.pixels.shape[:0:-1]).astype(int).tolist()
        if x0 >= x1 or y0 >= y1:
            return
        mask = np.zeros((y1 - y0, x1 - x0), np.uint8)
        points = [np.rint((outline - (x0 + 0.5, y0 + 0.5)) * 16).astype(np.int32) for outline in outlines]
        if width:
            cv2.polylines(mask, points, False, 255, max(1, round(width)), cv2.LINE_AA, 4)
            opacity *= min(1.0, width)
        else:
            cv2.fillPoly(mask, points, 255, cv2.LINE_AA, 4)
        if soft > 0.45:  # below that the anti-aliasing is blur enough
            mask = cv2.GaussianBlur(mask, (0, 0), soft)
        paint = np.asarray(color, np.float32)
        paint = paint[:, y0:y1, x0:x1] if paint.ndim == 3 else paint[:, None, None]
        region = self.pixels[:, y0:y1, x0:x1]
        region += mask * np.float32(opacity / 255) * (paint - region)


def palette(colors: str) -> np.ndarray:
    """RGB `(N, 3)` in [0, 1] of `"rrggbb rrggbb ..."`."""
    return np.array([list(bytes.fromhex(color)) for color in colors.split()]) / 255


def single(t: Traits) -> Traits:
    """The traits with their float arrays in float32: a float64 one would double the time of all it meets."""
    arrays = {key: value for key, value in vars(t).items() if isinstance(value, np.ndarray) and value.dtype == float}
    return Traits(**vars(t) | {key: value.astype(np.float32) for key, value in arrays.items()})


def curve(points: Points, *, closed: bool = True) -> np.ndarray:
    """A Catmull-Rom curve through points `(N, 2)`, with six points a span."""
    p = np.asarray(points, np.float64)
    p = np.concatenate([p[-1:], p, p[:2]] if closed else [p[:1], p, p[-1:]])
    u = (np.arange(6) / 6)[None, :, None]
    a, b, c, d = (p[k : len(p) - 3 + k, None] for k in range(4))
    spans = (b + 0.5 * u * (c - a + u * (2 * a - 5 * b + 4 * c - d + u * (3 * (b - c) + d - a)))).reshape(-1, 2)
    return spans if closed else np.concatenate([spans, p[-2:-1]])


def mirrored(half: Points) -> np.ndarray:
    """The closed curve of a right half and its mirror image at x = 0."""
    half = np.asarray(half, np.float64)
    return curve(np.concatenate([half, (half[half[:, 0] != 0] * (-1, 1))[::-1]]))


def ellipse(x: float, y: float, rx: float, ry: float) -> np.ndarray:
    """24 points around `(x, y)`, at radii `rx` and `ry`."""
    angle = np.linspace(0, 2 * np.pi, 24, endpoint=False)
    return np.stack([x + rx * np.cos(angle), y + ry * np.sin(angle)], -1)


def box(x0: float, y0: float, x1: float, y1: float) -> np.ndarray:
    """The corners of a rectangle."""
    return np.array([(x0, y0), (x1, y0), (x1, y1), (x0, y1)], np.float64)


def photograph(picture: np.ndarray, t: Traits) -> np.ndarray:
    """What a camera adds to `(H, W, 3)`: a darker rim, white balance and grain; clipped to [0, 1]."""
    height, width = picture.shape[:2]
    down, across = (np.linspace(-1, 1, n, dtype=np.float32) for n in (height, width))
    light = 1 - np.float32(t.vignette) * np.add.outer(down**2, across**2)
    noise = np.tile(t.noise * np.float32(t.grain), (-(-height // 64), -(-width // 64)))[:height, :width]
    gains = cv2.merge([light * np.float32(gain) for gain in t.balance])
    picture = cv2.add(cv2.multiply(picture, gains), cv2.merge([noise] * 3))
    return np.clip(picture, 0, 1, out=picture)
