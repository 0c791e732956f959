"""What painting by code needs: a canvas on which outlines are filled, the outlines, and what a camera adds.

Lengths are drawing units, about the pixels of a picture at the size it was designed for; x goes right, y goes down.
All randomness is drawn first, into a bag of traits; painting is then a pure function of the traits and the size.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from types import SimpleNamespace as Traits

import cv2
import numpy as np

Points = np.ndarray | Sequence[tuple[float, float]]
Paint = np.ndarray | Sequence[float] | Callable[[slice, slice], np.ndarray]


class Canvas:
    """Planes of colour on which outlines are filled.

    Args:
        height, width: In pixels.
        scale: Pixels a drawing unit.
        origin: The pixel `(x, y)` of the drawing's (0, 0).
        planes: 3 for RGB; 4 also counts how far each pixel is covered.
    """

    def __init__(self, height: int, width: int, scale: float, origin: tuple[float, float], planes: int = 3) -> None:
        self.pixels = np.zeros((planes, height, width), np.float32)
        self.scale, self.origin = scale, np.array(origin)
        self.x = ((np.arange(width, dtype=np.float32) + 0.5 - origin[0]) / scale).astype(np.float32)[None, :]
        self.y = ((np.arange(height, dtype=np.float32) + 0.5 - origin[1]) / scale).astype(np.float32)[:, None]

    def fill(
        self,
        outlines: np.ndarray | Sequence[np.ndarray],
        color: Paint,
        opacity: float = 1.0,
        soft: float = 0.0,
        width: float = 0.0,
    ) -> None:
        """Lays paint inside outlines, or along them.

        Args:
            outlines: One `(N, 2)`, or several; those inside others are holes.
            color: RGB; or a picture `(3, H, W)` of the canvas' size; or a function that paints one for just the
                rows and columns it is asked for.
            opacity: 0 to 1.
            soft: Standard deviation of the edge's blur.
            width: Of a line along the outlines; 0 fills them.
        """
        outlines = [outlines] if isinstance(outlines, np.ndarray) else outlines
        outlines = [outline * self.scale + self.origin for outline in outlines]
        soft, width = soft * self.scale, width * self.scale
        every, margin = np.concatenate(outlines) if len(outlines) > 1 else outlines[0], 3 * soft + width + 2
        (left, upper), (right, lower) = every.min(0).tolist(), every.max(0).tolist()
        x0, y0 = max(int(left - margin), 0), max(int(upper - margin), 0)
        x1 = min(int(right + margin) + 2, self.pixels.shape[2])
        y1 = min(int(lower + margin) + 2, self.pixels.shape[1])
        if x0 >= x1 or y0 >= y1:
            return
        step = max(1, int(soft / 2))  # a soft mask needs no fine pixels
        mask = np.zeros((-(-(y1 - y0) // step), -(-(x1 - x0) // step)), np.uint8)
        points = [np.rint(((outline - (x0, y0)) / step - 0.5) * 16).astype(np.int32) for outline in outlines]
        if width:
            cv2.polylines(mask, points, False, 255, max(1, round(width / step)), cv2.LINE_AA, 4)
            opacity *= min(1.0, width / step)
        else:
            cv2.fillPoly(mask, points, 255, cv2.LINE_AA, 4)
        if soft > 0.45:  # below that the anti-aliasing is blur enough
            mask = cv2.GaussianBlur(mask, (0, 0), soft / step)
        if step > 1:
            mask = cv2.resize(mask, None, fx=step, fy=step, interpolation=cv2.INTER_LINEAR)
        alpha = mask[: y1 - y0, : x1 - x0] * np.float32(opacity / 255)
        if callable(color):
            color = color(slice(y0, y1), slice(x0, x1))
        elif np.ndim(color) == 3:
            color = color[:, y0:y1, x0:x1]
        else:
            color = np.asarray((*color, 1.0)[: len(self.pixels)], np.float32)[:, None, None]
        region = self.pixels[:, y0:y1, x0:x1]
        region += alpha * (np.asarray(color, np.float32) - region)


def curve(points: Points, closed: bool = True, steps: int = 6) -> np.ndarray:
    """A Catmull-Rom curve through points `(N, 2)`, with `steps` points a span."""
    p = np.asarray(points, np.float64)
    p = np.concatenate([p[-1:], p, p[:2]] if closed else [p[:1], p, p[-1:]])
    u = (np.arange(steps) / steps)[None, :, None]
    a, b, c, d = (p[k : len(p) - 3 + k, None] for k in range(4))
    spans = b + 0.5 * u * (c - a + u * (2 * a - 5 * b + 4 * c - d + u * (3 * (b - c) + d - a)))
    spans = spans.reshape(-1, 2)
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
    """The corners of a rectangle.

    >>> box(0, 0, 2, 1).tolist()
    [[0.0, 0.0], [2.0, 0.0], [2.0, 1.0], [0.0, 1.0]]
    """
    return np.array([(x0, y0), (x1, y0), (x1, y1), (x0, y1)], np.float64)


def smooth_noise(noise: np.ndarray, height: int, width: int, cells: int) -> np.ndarray:
    """A corner of `noise` blown up to `(height, width)`, about `cells` waves high."""
    corner = noise[:cells, : max(2, min(cells * width // height, noise.shape[1]))]
    return cv2.resize(corner, (width, height), interpolation=cv2.INTER_CUBIC)


def generator(seed: int) -> np.random.Generator:
    """The randomness of one picture; `ValueError` where `seed` is negative."""
    if seed < 0:
        raise ValueError(f"`seed` must be 0 or more. Received: seed={seed}. Choose one below FACES or BUILDINGS.")
    return np.random.default_rng(seed)


def chance(rng: np.random.Generator, p: float) -> bool:
    """True in a share `p` of all draws."""
    return bool(rng.random() < p)


def traits(**values: object) -> Traits:
    """What was drawn about a picture, its float arrays as float32."""
    # A float64 number would turn every float32 plane it meets into float64, at twice the time.
    return Traits(
        **{
            key: np.float32(value) if isinstance(value, np.ndarray) and value.dtype == float else value
            for key, value in values.items()
        }
    )


def photograph(picture: np.ndarray, t: Traits, scale: float) -> np.ndarray:
    """What a camera adds to a picture `(H, W, 3)`: blur, a darker rim, white balance and grain; clipped to [0, 1]."""
    height, width = picture.shape[:2]
    if t.blur * scale > 0.35:
        picture = cv2.GaussianBlur(picture, (0, 0), t.blur * scale)
    down, across = (np.linspace(-1, 1, n, dtype=np.float32) for n in (height, width))
    falloff = 1 - np.float32(t.vignette) * np.add.outer(down**2, across**2)
    noise = np.tile(t.noise * np.float32(t.grain), (-(-height // 128), -(-width // 128)))[:height, :width]
    picture = cv2.multiply(picture, cv2.merge([falloff * np.float32(gain) for gain in t.balance]))
    picture = cv2.add(picture, cv2.merge([noise] * 3))
    return np.clip(picture, 0, 1, out=picture)
