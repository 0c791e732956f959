"""The checkpoint mapping: where the parameters of a generator lie in an `.h5`.

Files of Keras 3 and the authors' of 2017 are known. `weights.load` and `inference.runtime` both get their arrays here,
so that both refuse the same files.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from sketchback.weights import untrusted
from sketchback.weights.legacy import is_2017, places_2017

if TYPE_CHECKING:
    import keras


class WeightsError(ValueError):
    """A file that holds no weights of ours, is damaged, or holds those of another architecture."""


def groups(generator: keras.Model) -> list[str]:
    """Where Keras 3 stores each of `generator.layers`: classes are numbered in model order, `layers/conv2d_3`."""
    found: list[str] = []
    counts: dict[str, int] = {}
    for layer in generator.layers:
        kind = _snake(type(layer).__name__)
        number = counts.get(kind, 0)
        counts[kind] = number + 1
        found.append(f"layers/{kind}_{number}" if number else f"layers/{kind}")
    return found


def places(generator: keras.Model) -> list[str]:
    """Where Keras 3 stores each of `generator.weights`: variable n of a layer at `layers/conv2d_3/vars/n`."""
    pairs = zip(generator.layers, groups(generator), strict=True)
    return [f"{group}/vars/{index}" for layer, group in pairs for index in range(len(layer.weights))]


def _snake(name: str) -> str:
    """Keras's name of a class in its files: Conv2D -> conv2d, BatchNormalization -> batch_normalization."""
    name = re.sub(r"(.)([A-Z][a-z0-9]+)", r"\1_\2", name)
    return re.sub(r"([a-z])([A-Z])", r"\1_\2", name).lower()


def shapes(generator: keras.Model) -> list[tuple[int, ...]]:
    """The shape of each of `generator.weights`."""
    return [tuple(variable.shape) for variable in generator.weights]


def check_count(
    path: Path, contents: untrusted.Contents, architecture: str, claimed: int, *, or_more: bool = False
) -> None:
    """Refuses a file that does not hold the parameters that it claims.

    Args:
        path: The file, for the message.
        contents: What it holds.
        architecture: Its name.
        claimed: How many parameters that architecture has with the arguments that the file states.
        or_more: `claimed` is a lower bound; the authors' files always may hold more, because VGG is in them.

    Raises:
        WeightsError: It holds fewer, or more.
    """
    held = sum(array.size for array in contents.arrays.values())
    if held < claimed or (held > claimed and not or_more and not is_2017(contents)):
        instead = "".join(f", and {what} at {place}" for place, what in list(contents.others.items())[:1])
        least = "at least " if or_more else ""
        raise WeightsError(
            f"{path} must hold the {least}{claimed} parameters of {architecture} as arrays of floating-point numbers. "
            f"Received: {held}{instead}. Is it of another architecture?"
        )


def ordered(
    path: Path,
    contents: untrusted.Contents,
    architecture: str,
    places: Sequence[str],
    shapes: Sequence[tuple[int, ...]],
) -> list[np.ndarray]:
    """The arrays of a file in the order of `generator.weights`, every one of them checked.

    Args:
        path: The file, for the message.
        contents: What it holds.
        architecture: Its name, for the message.
        places: Where Keras 3 stores each of them, see the function `places`; an authors' file has its own.
        shapes: The shape of each.

    Returns:
        Arrays in float32.

    Raises:
        WeightsError: One is missing, is of another shape, or is not finite.
    """
    if is_2017(contents):
        places = places_2017(contents)
    for place in places:
        if place not in contents.arrays:
            raise WeightsError(
                f"{path} must hold an array of floating-point numbers at {place}. "
                f"Received: {contents.others.get(place, 'nothing')}. Download or copy it again."
            )
    for place, shape in zip(places, shapes, strict=False):
        if contents.arrays[place].shape != shape:
            raise WeightsError(
                f"{path} does not fit {architecture}: {place} must be {shape}. "
                f"Received: {contents.arrays[place].shape}. Is it of another architecture?"
            )
    if len(places) != len(shapes):
        raise WeightsError(
            f"{path} must hold {len(shapes)} arrays of {architecture}. Received: {len(places)}. "
            "Is it of another architecture?"
        )
    arrays = []
    for place in places:
        with np.errstate(over="ignore"):  # a double that float32 does not hold becomes infinity, and is refused
            array = contents.arrays[place].astype(np.float32)
        if not np.isfinite(array).all():
            raise WeightsError(
                f"{path} must hold finite numbers. Received: NaN or infinity at {place}. Download or copy it again."
            )
        arrays.append(array)
    return arrays
