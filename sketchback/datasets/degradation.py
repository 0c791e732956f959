"""Photographs made soft, as a generator's are: what the enlarger is shown in training."""

from __future__ import annotations

import cv2
import numpy as np

from sketchback.images import from_uint8, resize, to_gray, to_uint8

PATCH = 6  # pixels, about an eye


def soften(photo: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Halves the size of a photograph, and spoils it at random as generators do.

    A generator's photographs are soft, softer still in colour, uneven in tone within a cell, grainy here and there.
    Their tones as a whole stay: what was told about them is kept. Sizes in pixels belong to the small photograph. A
    tenth are left as they are.

    Args:
        photo: `(H, W, 3)` RGB in [0, 1], both sides even.
        rng: Samples what is done. Everything is sampled before anything is applied.

    Returns:
        `(H / 2, W / 2, 3)` float32 in [0, 1].
    """
    height, width = photo.shape[0] // 2, photo.shape[1] // 2
    clean, blurred, bled, compressed = rng.random(4) < (0.1, 0.8, 0.6, 0.3)
    sigma, sigma_of_colour, quality = rng.uniform(0.2, 1.0), rng.uniform(0.5, 3.0), int(rng.integers(40, 90))
    patches = rng.standard_normal((-(-height // PATCH), -(-width // PATCH), 3))
    grain = rng.standard_normal((height, width, 3))
    unevenness, graininess = rng.uniform(0.0, (0.015, 0.015))
    small = resize(photo, (height, width))
    if clean:
        return small
    if blurred:
        small = cv2.GaussianBlur(small, (0, 0), sigma)
    if bled:  # over the edges that only the brightness keeps
        gray = to_gray(small)[..., np.newaxis]
        small = gray + cv2.GaussianBlur(small - gray, (0, 0), sigma_of_colour)
    small = small + unevenness * cv2.resize(patches, (width, height), interpolation=cv2.INTER_CUBIC)
    small = np.clip(small + graininess * grain, 0.0, 1.0).astype(np.float32)
    return _compress(small, quality) if compressed else small


def _compress(photo: np.ndarray, quality: int) -> np.ndarray:
    """There and back through JPEG."""
    values = to_uint8(photo)[..., ::-1]  # OpenCV takes blue first
    coded = cv2.imencode(".jpg", values, [cv2.IMWRITE_JPEG_QUALITY, quality])[1]
    return from_uint8(np.asarray(cv2.imdecode(coded, cv2.IMREAD_COLOR))[..., ::-1])
