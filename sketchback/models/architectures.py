"""Generators by the names that recipes and weight files use."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import keras

from sketchback.models.artist import artist
from sketchback.models.enlarger import enlarger
from sketchback.models.scribbler import least_parameters, scribbler
from sketchback.models.sketchback2017 import sketchback2017
from sketchback.models.tone_sampler import tone_sampler
from sketchback.models.unet import unet_resnet

ARCHITECTURES: dict[str, Callable[..., keras.Model]] = {
    "artist": artist,
    "enlarger": enlarger,
    "scribbler": scribbler,
    "sketchback2017": sketchback2017,
    "tone_sampler": tone_sampler,
    "unet_resnet": unet_resnet,
}

ANY_SIZE = {  # what takes it in their place
    "scribbler": "`sketchback.invert.invert` and `inference.pipeline.predict` take",  # and all others from sketches
    "artist": "`sketching.artist.draw` takes",
    "enlarger": "`inference.enlarging.enlarge` takes",
    "tone_sampler": "`inference.candidates.sample` takes",
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
    _complete_inputs(generator)
    return generator


def least(architecture: str, **arguments: object) -> int:
    """A lower bound of the parameters of what `build` would build, found without building it.

    Raises:
        ValueError: As `build`.
    """
    arguments = complete(architecture, arguments)
    # The largest of the other architectures takes 250 MB.
    return least_parameters(**arguments) if architecture == "scribbler" else 0  # type: ignore[arg-type]


def _complete_inputs(generator: keras.Model) -> None:
    """Lets a generator say which sizes it takes, before some layer inside finds that two shapes differ, and take a
    sketch alone where nothing is told.

    On this object, not in a class of its own: Keras goes on saving and loading it as any functional model.
    """
    call, stride, takes = generator.call, generator.stride, generator.takes

    def checked(inputs: Any, training: bool | None = None, mask: Any = None) -> Any:
        given = list(inputs) if isinstance(inputs, (list, tuple)) else [inputs]
        shapes = [tuple(one.shape) for one in given]
        if len(given) == 1 and len(shapes[0]) == 4 and takes == ("sketch", "tone"):
            batch, height, width = keras.ops.shape(given[0])[:3]
            given.append(keras.ops.zeros((batch, height // stride, width // stride, 4), given[0].dtype))
        sides = [side for side in shapes[0][1:3] if side is not None]
        channels = generator.inputs[0].shape[3]
        right = len(shapes[0]) == 4 and shapes[0][3] in (channels, None) and len(given) == len(takes)
        if not right or any(side % stride for side in sides):
            raise ValueError(
                f"A generator takes its {takes[0]} as (B, H, W, {channels}), its height and width multiples of "
                f"{stride}{', and ' + ' and '.join(takes[1:]) if takes[1:] else ''}. "
                f"Received: shape={', '.join(map(str, shapes))}. "
                f"{ANY_SIZE.get(generator.architecture, ANY_SIZE['scribbler'])} any size."
            )
        return call(given if len(given) > 1 else given[0], training=training, mask=mask)

    generator.call = checked
    generator.input_spec = None  # `checked` knows more than Keras's own rule
