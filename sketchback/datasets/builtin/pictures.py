"""The built-in faces and buildings, drawn from a seed.

No data set has to be downloaded to try everything: these pictures are painted with polygons, soft masks and
one height map per head, and their sketches can be learnt from.
"""

from __future__ import annotations

import numpy as np

from sketchback.datasets.builtin import buildings, faces
from sketchback.datasets.builtin import canvas as painting
from sketchback.images import check_size

FACES = 512
BUILDINGS = 256


def face(seed: int, size: tuple[int, int] = (218, 178)) -> np.ndarray:
    """Paints a portrait, framed as CelebA frames its photographs.

    Args:
        seed: Which face, 0 or more; the built-in set is `range(FACES)`.
        size: `(height, width)`, each at least 16.

    Returns:
        `(height, width, 3)` float32 RGB in [0, 1]; the same seed and size give the same pixels.

    Raises:
        ValueError: `seed` is negative, or `size` too small.

    >>> face(7, size=(64, 48)).shape
    (64, 48, 3)
    """
    height, width = check_size(size)
    return faces.paint(faces.draw(painting.generator(seed)), height, width)


def building(seed: int, size: tuple[int, int] = (240, 320)) -> np.ndarray:
    """Paints a house, a facade or a tower in its street.

    Args:
        seed: Which building, 0 or more; the built-in set is `range(BUILDINGS)`.
        size: `(height, width)`, each at least 16.

    Returns:
        `(height, width, 3)` float32 RGB in [0, 1]; the same seed and size give the same pixels.

    Raises:
        ValueError: `seed` is negative, or `size` too small.

    >>> building(7, size=(48, 64)).shape
    (48, 64, 3)
    """
    height, width = check_size(size)
    return buildings.paint(buildings.draw(painting.generator(seed)), height, width)
