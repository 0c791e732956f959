"""Generators by the names that recipes and weight files use."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

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
        A Keras model that is a `Generator` too. It refuses inputs that are no multiple of its stride with a
        `ValueError` that says what takes any size.

    Raises:
        ValueError: There is no such architecture, or it takes no such argument or value.
    """
    arguments = complete(architecture, arguments)
    generator = ARCHITECTURES[architecture](**arguments)
    _explain_sizes(generator)
    return generator


def least(architecture: str, **arguments: object) -> int:
    """A lower bound of the parameters of what `build` would build, found without building it.

    Raises:
        ValueError: As `build`.
    """
    arguments = complete(architecture, arguments)
    # The largest of the other architectures takes 120 MB.
    return least_parameters(**arguments) if architecture == "scribbler" else 0  # type: ignore[arg-type]


def _explain_sizes(generator: keras.Model) -> None:
    """Lets a generator say which sizes it takes, before some layer inside finds that two shapes differ.

    On this object, not in a class of its own: Keras goes on saving and loading it as any functional model.
    """
    call, stride = generator.call, generator.stride

    def checked(inputs: Any, training: bool | None = None, mask: Any = None) -> Any:
        shape = tuple(inputs.shape)
        sides = [side for side in shape[1:3] if side is not None]
        if len(shape) != 4 or shape[3] not in (1, None) or any(side % stride for side in sides):
            raise ValueError(
                f"A generator takes sketches (B, H, W, 1) whose height and width are multiples of {stride}. "
                f"Received: shape={shape}. "
                "`sketchback.invert.invert` and `inference.pipeline.predict` take any size."
            )
        return call(inputs, training=training, mask=mask)

    generator.call = checked
