"""Photographs made soft, as a generator's are: what the enlarger is shown in training."""

from __future__ import annotations

import cv2
import numpy as np

from sketchback.images import from_uint8, resize, to_uint8


def soften(photo: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Halves the size of a photograph, and spoils it at random as generators do.

    A generator's photographs are soft, a little off in colour, and here and there grainy or displaced by a stroke;
    sizes in pixels belong to the small photograph. A tenth are left as they are.

    Args:
        photo: `(H, W, 3)` RGB in [0, 1], both sides even.
        rng: Samples what is done. Everything is sampled before anything is applied.

    Returns:
        `(H / 2, W / 2, 3)` float32 in [0, 1].
    """
    height, width = photo.shape[0] // 2, photo.shape[1] // 2
    clean, blurred, compressed, shifted = rng.random(4) < (0.1, 0.8, 0.3, 0.7)
    sigma, quality = rng.uniform(0.2, 1.1), int(rng.integers(40, 90))
    gain, offset, contrast = rng.normal(1.0, 0.04, 3), rng.normal(0.0, 0.03, 3), rng.uniform(0.85, 1.1)
    sizes, strengths = (16, 6), rng.uniform(0.0, (0.03, 0.02))
    patches = [rng.standard_normal((-(-height // side), -(-width // side), 3)) for side in sizes]
    grain, strength = rng.standard_normal((height, width, 3)), rng.uniform(0.0, 0.015)
    small = resize(photo, (height, width))
    if clean:
        return small
    if blurred:
        small = cv2.GaussianBlur(small, (0, 0), sigma)
    if shifted:  # all over, and in patches as large as a cell of tone or an eye
        mean = small.mean(axis=(0, 1))
        small = (mean + contrast * (small - mean)) * gain + offset
        for patch, share in zip(patches, strengths, strict=True):
            small = small + share * cv2.resize(patch, (width, height), interpolation=cv2.INTER_CUBIC)
    small = np.clip(small + strength * grain, 0.0, 1.0).astype(np.float32)
    return _compress(small, quality) if compressed else small


def _compress(photo: np.ndarray, quality: int) -> np.ndarray:
    """There and back through JPEG."""
    values = to_uint8(photo)[..., ::-1]  # OpenCV takes blue first
    coded = cv2.imencode(".jpg", values, [cv2.IMWRITE_JPEG_QUALITY, quality])[1]
    return from_uint8(np.asarray(cv2.imdecode(coded, cv2.IMREAD_COLOR))[..., ::-1])
