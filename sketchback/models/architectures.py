"""Generators by the names that recipes and weight files use."""

from __future__ import annotations

import inspect
from collections.abc import Callable

import keras

from sketchback.models.scribbler import least_parameters, scribbler
from sketchback.models.sketchback2017 import sketchback2017
from sketchback.models.unet import unet_resnet

ARCHITECTURES: dict[str, Callable[..., keras.Model]] = {
    "scribbler": scribbler,
    "sketchback2017": sketchback2017,
    "unet_resnet": unet_resnet,
}


def complete(architecture: str, arguments: dict[str, object]) -> dict[str, object]:
    """All arguments of an architecture, its defaults included.

    Raises:
        ValueError: There is no such architecture, or it takes no such argument.
    """
    if architecture not in ARCHITECTURES:
        raise ValueError(f"`model` must be one of {', '.join(ARCHITECTURES)}. Received: {architecture!r}.")
    try:
        bound = inspect.signature(ARCHITECTURES[architecture]).bind(**arguments)
    except TypeError as error:
        raise ValueError(f"The arguments of a generator must be its own. Received: {arguments} ({error}).") from None
    bound.apply_defaults()
    return dict(bound.arguments)


def build(architecture: str, **arguments: object) -> keras.Model:
    """Builds a generator by its name.

    Returns:
        A Keras model that is a `Generator` too.

    Raises:
        ValueError: There is no such architecture, or it takes no such argument or value.
    """
    arguments = complete(architecture, arguments)
    return ARCHITECTURES[architecture](**arguments)


def least(architecture: str, **arguments: object) -> int:
    """A lower bound of the parameters of what `build` would build, found without building it.

    Raises:
        ValueError: As `build`.
    """
    arguments = complete(architecture, arguments)
    # The largest of the other architectures takes 120 MB.
    return least_parameters(**arguments) if architecture == "scribbler" else 0  # type: ignore[arg-type]
