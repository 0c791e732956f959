"""Drawings on a table, made here: for the tests of cleaning and of finding the page."""

from __future__ import annotations

import cv2
import numpy as np

from sketchback import images


def head(height: int = 250, width: int = 200) -> np.ndarray:
    """A drawing with a big dark area that reaches the lower edge, as long hair does: `(height, width, 1)`."""
    page = np.ones((1000, 800), np.float32)
    cv2.ellipse(page, (400, 520), (300, 420), 0, 0, 360, 0.15, -1)
    cv2.rectangle(page, (100, 520), (700, 1000), 0.15, -1)
    cv2.rectangle(page, (270, 520), (530, 1000), 0.8, -1)
    cv2.ellipse(page, (400, 540), (200, 280), 0, 0, 360, 0.8, -1)  # shaded skin
    for x in (320, 480):
        cv2.circle(page, (x, 480), 25, 0.3, 8)
    cv2.ellipse(page, (400, 680), (70, 20), 0, 0, 180, 0.3, 8)
    return images.resize(page[..., np.newaxis], (height, width))


def photographed(page: np.ndarray, corners: np.ndarray, size: tuple[int, int], table: tuple = (0.35, 0.25, 0.2)):
    """A page on a table, its corners at `corners`, `x, y` from the upper left clockwise: `(*size, 3)`."""
    height, width = page.shape[:2]
    outline = np.float32([[0, 0], [width, 0], [width, height], [0, height]]) - 0.5
    matrix = cv2.getPerspectiveTransform(outline, np.float32(corners))
    colour = np.repeat(page, 3, axis=-1) if page.shape[-1] == 1 else page
    picture = cv2.warpPerspective(colour, matrix, size[::-1], borderMode=cv2.BORDER_REPLICATE)
    mask = cv2.warpPerspective(np.ones(page.shape[:2], np.float32), matrix, size[::-1])[..., np.newaxis]
    return (mask * picture + (1 - mask) * np.float32(table)).astype(np.float32)


def light(size: tuple[int, int], darkest: float = 0.5) -> np.ndarray:
    ramp = np.linspace(1, darkest, size[1], dtype=np.float32)
    return np.broadcast_to(ramp[np.newaxis, :, np.newaxis], (*size, 1))


BEIGE = np.array([0.93, 0.86, 0.72], np.float32)
TILTED = np.float32([[95, 70], [520, 40], [560, 640], [60, 600]])
