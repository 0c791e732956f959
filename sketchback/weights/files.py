"""Trained weights: find, verify, load, save. What an `.h5` says about itself stands in its attributes.

A file is written by Keras (`model.save_weights`) and gets attributes at its root, all strings: `architecture`,
`arguments`, `stride`, `recipe`, `data`, `terms`, `scores`, `note`, `date`, `sketchback` (JSON where structured).
Plain Keras loads it into the same architecture. Loading runs no code from the file. Weights that ship are bound to
their names by a `SHA256SUMS` beside them; a file that it does not list is read as a stranger's (see `hdf5`).
"""

from __future__ import annotations

import contextlib
import datetime
import json
from pathlib import Path
from typing import TYPE_CHECKING

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


def describe(weights: str | Path) -> dict[str, object]:
    """Reads what a file says about itself, without Keras.

    Args:
        weights: A name or a path, see `find`.

    Returns:
        Its attributes; `architecture` is `"sketchback2017"` for a file of the original's authors.

    Raises:
        FileNotFoundError: See `find`.
        WeightsError: The file is not HDF5, or says nothing that we understand.
    """
    return read(weights, arrays=False)[0]


def read(weights: str | Path, arrays: bool = True) -> tuple[dict[str, object], untrusted.Contents]:
    """Reads a file without Keras: what it says about itself, and what it holds.

    Args:
        weights: A name or a path, see `find`.
        arrays: Read the arrays too, not the attributes alone.

    Returns:
        What `describe` returns, and the contents, of which nothing is checked yet (see `layout`).

    Raises:
        FileNotFoundError: See `find`.
        WeightsError: See `describe`.
    """
    path = find(weights)
    contents = _contents(path, arrays)
    return _facts(path, contents), contents


def _facts(path: Path, contents: untrusted.Contents) -> dict[str, object]:
    if mapping.is_2017(contents):
        return {"architecture": "sketchback2017", "arguments": {}, "layout": "2017"}
    if "architecture" not in contents.texts:
        raise WeightsError(
            f"Weights must say what they are in attributes. Received: {path} without `architecture`. "
            "Files of plain Keras are loaded with build(...).load_weights(path)."
        )
    facts: dict[str, object] = {name: contents.texts.get(name, "") for name in ATTRIBUTES}
    for name in STRUCTURED:
        # What is no JSON stays text; `load` refuses it where it needs it.
        with contextlib.suppress(ValueError, RecursionError):
            facts[name] = json.loads(str(facts[name]))
    return facts


def load(weights: str | Path, dtype: str | None = None, channels: str = "rgb") -> keras.Model:
    """Loads a generator; the file says which architecture it is of.

    Args:
        weights: A name or a path, see `find`. The authors' files of 2017 (Keras 2 layout, generator and VGG in one
            file, without a suffix) are recognised.
        dtype: Precision policy of the generator, float32 by default.
        channels: `"bgr"` for files whose truth was BGR (the authors' buildings): the last layer is permuted.

    Returns:
        The generator with its weights.

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
    architecture, arguments = str(facts["architecture"]), facts["arguments"] or {}
    try:
        if not isinstance(arguments, dict) or "dtype" in arguments:
            raise ValueError(f"its arguments are {arguments!r}")
        generator = models.build(architecture, **arguments, dtype=dtype)
    except (ValueError, TypeError) as error:
        # A file may say a great deal.
        reason = str(error) if len(str(error)) < 300 else f"{str(error)[:300]}..."
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
        generator: From `models.build` (or `load`); any other has no architecture to state.
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
        raise ValueError("A generator must come from models.build to be saved. Received: a model without a name.")
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
        with h5py.File(temporary, "r+") as file:
            if half:
                datasets: list[h5py.Dataset] = []
                file.visititems(lambda _, item: datasets.append(item) if isinstance(item, h5py.Dataset) else None)
                for dataset in datasets:
                    name, values = dataset.name, dataset[()]
                    del file[name]
                    file.create_dataset(name, data=values.astype(np.float16))
            file.attrs.update(facts)
        if half:
            _repack(temporary)
    return path


def _repack(path: Path) -> None:
    import h5py

    # HDF5 does not give back the room of deleted datasets; a copy does.
    with replacing(path) as smaller, h5py.File(path, "r") as source, h5py.File(smaller, "w") as target:
        for name in source:
            source.copy(name, target)
        target.attrs.update(source.attrs)


def _contents(path: Path, arrays: bool) -> untrusted.Contents:
    """What a file holds; one that `SHA256SUMS` beside it lists must be that file, and every other is a stranger."""
    facts = path.stat()
    try:
        return untrusted.read(path, arrays, trusted=is_published(path, facts.st_mtime_ns, facts.st_size))
    except untrusted.Hdf5Error as error:
        raise WeightsError(
            f"Weights must be a whole HDF5 file that is safe to read. Received: {path}; {error}"
        ) from None
