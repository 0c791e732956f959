"""A generator that is asked twice: the mean of what it makes of a drawing and of the mirrored drawing.

A generator is taught on mirrored drawings too, and still makes something else of each; their mean is nearer to the
photograph than either, and softer (the self-ensemble of Timofte et al. 2016, with one of its seven transformations).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from sketchback.models.generator import Generator


class Mirrored:
    """A generator, asked twice; what it says about itself stays the same.

    Args:
        generator: Takes a sketch, and maybe a tone map.

    Raises:
        ValueError: It takes something else.
    """

    def __init__(self, generator: Generator):
        if generator.takes[0] != "sketch":
            raise ValueError(
                "`mirrored` needs weights that turn sketches into photographs. "
                f"Received: those of architecture {generator.architecture}. Leave it out."
            )
        self.architecture, self.arguments, self.stride = generator.architecture, generator.arguments, generator.stride
        self.takes, self.facts = generator.takes, getattr(generator, "facts", {})
        self._generator = generator

    def predict_on_batch(self, inputs: np.ndarray | Sequence[np.ndarray]) -> np.ndarray:
        """As that of the generator, of both."""
        photos, others = (self._generator.predict_on_batch(one) for one in (inputs, _mirror(inputs)))
        mean: np.ndarray = (np.asarray(photos, np.float32) + np.asarray(others, np.float32)[:, :, ::-1]) / 2
        return mean


def _mirror(inputs: np.ndarray | Sequence[np.ndarray]) -> np.ndarray | list[np.ndarray]:
    if isinstance(inputs, np.ndarray):
        return np.ascontiguousarray(inputs[:, :, ::-1])
    return [np.ascontiguousarray(one[:, :, ::-1]) for one in inputs]
