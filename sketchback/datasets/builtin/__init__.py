"""The built-in faces and buildings: painted from a seed, so that everything can be tried without a data set."""

from __future__ import annotations

import numpy as np

from sketchback.datasets.builtin import buildings, faces
from sketchback.images import check_size

__all__ = ["BUILDINGS", "FACES", "building", "face"]

FACES = 512
BUILDINGS = 256


def face(seed: int, size: tuple[int, int] = (218, 178)) -> np.ndarray:
    """Paints a portrait, framed as CelebA frames its photographs.

    Args:
        seed: Which face, 0 or more; the built-in set is `range(FACES)`.
        size: `(height, width)`, each at least 16.

    Returns:
        `(height, width, 3)` float32 RGB in [0, 1]; the same seed and size give the same pixels, to rounding.

    Raises:
        ValueError: `seed` is negative, or `size` too small.

    >>> face(7, size=(64, 48)).shape
    (64, 48, 3)
    """
    return faces.paint(faces.sample(_generator(seed)), *check_size(size))


def building(seed: int, size: tuple[int, int] = (240, 320)) -> np.ndarray:
    """Paints a house, a façade or a tower in its street; arguments, result and errors as for `face`."""
    return buildings.paint(buildings.sample(_generator(seed)), *check_size(size))


def _generator(seed: int) -> np.random.Generator:
    if seed < 0:
        raise ValueError(f"`seed` must be 0 or more. Received: seed={seed}. Choose one below FACES or BUILDINGS.")
    return np.random.default_rng(seed)
