"""Weight files: save, load, and what an `.h5` says about itself in its attributes.

A file is written by Keras (`model.save_weights`) and gets attributes at its root, all strings: `architecture`,
`arguments`, `stride`, `recipe`, `data`, `terms`, `scores`, `note`, `date`, `sketchback` (JSON where structured).
Plain Keras loads it into the same architecture. Loading runs no code from the file.
"""

from __future__ import annotations

import contextlib
import datetime
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from sketchback import __version__
from sketchback.atomic import replacing
from sketchback.weights import mapping, untrusted
from sketchback.weights.mapping import WeightsError
from sketchback.weights.registry import SUFFIX, find, is_published

if TYPE_CHECKING:
    import h5py
    import keras

ATTRIBUTES = ("architecture", "arguments", "stride", "recipe", "data", "terms", "scores", "note", "date", "sketchback")
STRUCTURED = ("arguments", "stride", "recipe", "data", "scores")  # as JSON
CHANNELS = ("rgb", "bgr")


def describe(weights: str | Path) -> dict[str, Any]:
    """Reads what a file says about itself, without Keras.

    Args:
        weights: A name or a path, see `find`.

    Returns:
        Its attributes; `architecture` is `"sketchback2017"` for a file of the original's authors.

    Raises:
        FileNotFoundError: See `find`.
        WeightsError: The file is not HDF5, or does not say what it holds.
    """
    return read(weights, arrays=False)[0]


def read(weights: str | Path, *, arrays: bool = True) -> tuple[dict[str, Any], untrusted.Contents]:
    """Reads a file without Keras: what it says about itself, and what it holds.

    Args:
        weights: A name or a path, see `find`.
        arrays: Read the arrays too, not the attributes alone.

    Returns:
        What `describe` returns, and the contents, of which nothing is checked yet (see `mapping`).

    Raises:
        FileNotFoundError: See `find`.
        WeightsError: See `describe`.
    """
    path = find(weights)
    contents = _contents(path, arrays=arrays)
    return _facts(path, contents), contents


def _facts(path: Path, contents: untrusted.Contents) -> dict[str, Any]:
    if mapping.is_2017(contents):
        return {"architecture": "sketchback2017", "arguments": {}, "layout": "2017"}
    if "architecture" not in contents.texts:
        raise WeightsError(
            f"Weights must say what they are in attributes. Received: {path} without `architecture`. "
            "Files of plain Keras are loaded with build(...).load_weights(path)."
        )
    facts: dict[str, Any] = {name: contents.texts.get(name, "") for name in ATTRIBUTES}
    for name in STRUCTURED:
        # What is no JSON stays text; `load` refuses it where it needs it.
        with contextlib.suppress(ValueError, RecursionError):
            facts[name] = json.loads(facts[name])
    return facts


def load(weights: str | Path, *, dtype: str | None = None, channels: str = "rgb") -> keras.Model:
    """Loads a generator; the file says which architecture it is of.

    Args:
        weights: A name or a path, see `find`. The authors' files of 2017 (see `legacy`) are recognised.
        dtype: Precision policy of the generator, float32 by default.
        channels: `"bgr"` for files whose truth was BGR (the authors' buildings): the last layer is permuted.

    Returns:
        The generator with its weights, a `models.Generator` too.

    Raises:
        FileNotFoundError: See `find`.
        ValueError: `channels` is neither.
        WeightsError: See `describe`; also where a shape does not fit, or a value is not finite.
    """
    from sketchback import models

    if channels not in CHANNELS:
        raise ValueError(f"`channels` must be one of {', '.join(CHANNELS)}. Received: {channels!r}.")
    path = find(weights)
    facts, contents = read(path)
    architecture, arguments = facts["architecture"], facts["arguments"] or {}
    try:
        if not isinstance(arguments, dict) or "dtype" in arguments:
            raise ValueError(f"its arguments are {arguments!r}")
        # A small file must not make us build a large network.
        mapping.check_count(path, contents, architecture, models.least(architecture, **arguments), or_more=True)
        generator = models.build(architecture, **arguments, dtype=dtype)
    except WeightsError:
        raise
    except (ValueError, TypeError) as error:
        reason = str(error) if len(str(error)) < 300 else f"{str(error)[:300]}..."  # a file's texts may be long
        raise WeightsError(f"{path} names an architecture that cannot be built: {reason}") from None
    mapping.check_count(path, contents, architecture, generator.count_params())
    # Everything is checked before anything is set: a generator is never half loaded.
    generator.set_weights(
        mapping.ordered(path, contents, architecture, mapping.places(generator), mapping.shapes(generator))
    )
    if channels == "bgr":
        last = generator.layers[-1]
        last.set_weights([array[..., ::-1] for array in last.get_weights()])
    generator.facts = facts
    return generator


def save(
    generator: keras.Model,
    path: str | Path,
    *,
    recipe: str = "",
    data: object = (),
    terms: str = "",
    scores: object = None,
    note: str = "",
    half: bool = False,
    date: str | None = None,
) -> Path:
    """Saves a generator with everything that `load` and a reader need to know.

    Args:
        generator: From `models.build` (or `load`); any other does not say how to build it again.
        path: Must end in `.weights.h5`, as Keras demands.
        recipe: Its name, or what it was.
        data: What it was trained on.
        terms: Terms of use that come with the data.
        scores: Measured scores, as JSON can hold them.
        note: Whatever else a user of the file should know.
        half: Store half precision, half the size; Keras casts when it loads.
        date: ISO date; today by default.

    Returns:
        The path.

    Raises:
        ValueError: The path ends otherwise, the generator does not know its architecture, or a parameter is not
            finite or too large for the precision.
    """
    import h5py

    path = Path(path)
    if not path.name.endswith(SUFFIX):
        raise ValueError(f"A weight file must be named *{SUFFIX}. Received: {path}.")
    if not hasattr(generator, "architecture"):
        raise ValueError(
            "A generator must know its architecture to be saved. Received: another Keras model. Take models.build."
        )
    largest = np.finfo(np.float16 if half else np.float32).max
    for variable in generator.weights:
        if not (np.abs(np.asarray(variable)) <= largest).all():  # NaN is refused too
            raise ValueError(
                f"Weights must be finite, at most {largest:g} in size to be stored. Received: others in "
                f"{variable.path}. Take an earlier checkpoint{', or half=False' if half else ''}."
            )
    facts = {
        "architecture": generator.architecture,
        "arguments": json.dumps(generator.arguments),
        "stride": json.dumps(generator.stride),
        "recipe": recipe,
        "data": json.dumps(data),
        "terms": terms,
        "scores": json.dumps(scores or {}),
        "note": note,
        "date": date or datetime.date.today().isoformat(),
        "sketchback": __version__,
    }
    with replacing(path) as temporary:
        generator.save_weights(temporary, overwrite=True)
        if half:
            _halve(temporary)
        with h5py.File(temporary, "r+") as file:
            file.attrs.update(facts)
    return path


def _halve(path: Path) -> None:
    """Writes a file anew with all its arrays in half precision."""
    import h5py

    def copy(name: str, item: h5py.Group | h5py.Dataset) -> None:
        if isinstance(item, h5py.Dataset):
            target[name] = item[()].astype(np.float16)
        else:
            target.require_group(name).attrs.update(item.attrs)

    with replacing(path) as smaller, h5py.File(path, "r") as source, h5py.File(smaller, "w") as target:
        source.visititems(copy)


def _contents(path: Path, *, arrays: bool) -> untrusted.Contents:
    """What a file holds; it is trusted if `SHA256SUMS` beside it lists it."""
    try:
        return untrusted.read(path, arrays=arrays, trusted=is_published(path))
    except untrusted.Hdf5Error as error:
        raise WeightsError(
            f"Weights must be a whole HDF5 file that is safe to read. Received: {path}; {error}"
        ) from None
