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
        takes: The names of its inputs, in order: `"sketch"` `(B, H, W, 1)`, and `"tone"` `(B, H/16, W/16, 4)` where it
            can be told tones (see `images.tones.encode`; all zeros tell nothing). An artist takes `"photo"` and
            `"hand"`, an enlarger `"photo"` and `"sketch"`, a tone sampler `"state"`.
        facts: What its weight file says about it, see `weights.describe`; empty where it comes from no file.
    """

    architecture: str
    arguments: dict[str, Any]
    stride: int
    takes: tuple[str, ...]
    facts: dict[str, Any]

    def predict_on_batch(self, inputs: Any) -> np.ndarray:
        """One array, or a list of them in the order of `takes`, sides multiples of `stride` -> `(B, H, W, 3)`."""
        ...


def declare(network: keras.Model, *, arguments: dict[str, Any], stride: int) -> keras.Model:
    """Gives a Keras model the attributes of a `Generator`: its name is its architecture, its inputs are what it takes.

    Returns:
        The same model.
    """
    network.architecture, network.arguments, network.stride, network.facts = network.name, arguments, stride, {}
    network.takes = tuple(tensor.name for tensor in network.inputs)
    return network


def check_whole(**ranges: tuple[object, int, int]) -> None:
    """Raises `ValueError` unless each `name=(value, least, most)` is a whole number between both.

    >>> check_whole(width=(32, 1, 64), blocks=(0, 0, 8))
    """
    for name, (value, least, most) in ranges.items():
        if not isinstance(value, int) or not least <= value <= most:
            raise ValueError(f"`{name}` must be a whole number from {least} to {most}. Received: {name}={value!r}.")
