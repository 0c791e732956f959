"""What every generator says about itself, in whatever runtime it runs."""

from __future__ import annotations

from typing import Any, Protocol

import keras
import numpy as np


class Generator(Protocol):
    """What `pipeline.predict` needs: a Keras model that `declare` has completed, or a `runtime.LightGenerator`.

    Attributes:
        architecture: A name in `models.ARCHITECTURES`.
        arguments: All arguments that it was built with but the precision, so that its file still loads when a default
            changes.
        stride: Both sides of a sketch must be a multiple of this.
        facts: What its weight file says about it, see `weights.describe`; empty where it comes from no file.
    """

    architecture: str
    arguments: dict[str, Any]
    stride: int
    facts: dict[str, Any]

    def predict_on_batch(self, sketches: np.ndarray) -> np.ndarray:
        """`(B, H, W, 1)` float32 in [0, 1], sides multiples of `stride` -> `(B, H, W, 3)`, RGB in [0, 1]."""
        ...


def declare(network: keras.Model, *, arguments: dict[str, Any], stride: int) -> keras.Model:
    """Gives a Keras model the attributes of a `Generator`; its architecture is its name. Returns the same model."""
    network.architecture, network.arguments, network.stride, network.facts = network.name, arguments, stride, {}
    return network
