"""Trained weights: find, verify, load, save. What an `.h5` says about itself stands in its attributes.

A file is written by Keras (`model.save_weights`) and gets attributes at its root, all strings: `architecture`,
`arguments`, `recipe`, `data`, `terms`, `scores`, `date`, `sketchback` (JSON where structured). Plain Keras loads it
into the same architecture. Loading runs no code from the file.
"""

from __future__ import annotations

import datetime
import json
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import h5py
import numpy as np

from . import __version__
from .atomic import replacing

if TYPE_CHECKING:
    import keras

ENVIRONMENT = "SKETCHBACK_WEIGHTS"
SUFFIX = ".weights.h5"


class WeightsError(ValueError):
    """A file that holds no weights of ours, is damaged, or holds those of another architecture."""


def folders() -> list[Path]:
    """Where names are looked for: `SKETCHBACK_WEIGHTS`, the checkout's `weights/`, the installed package's copy."""
    places = [Path(os.environ[ENVIRONMENT])] if os.environ.get(ENVIRONMENT) else []
    package = Path(__file__).resolve().parent
    return [*places, package.parent / "weights", package / "_weights"]


def names() -> list[str]:
    """The names that `find` knows, of files that are there."""
    found = {path.name.removesuffix(SUFFIX) for folder in folders() for path in folder.glob(f"*{SUFFIX}")}
    return sorted(found)


def find(weights: str | Path) -> Path:
    """Finds the file of a name, or returns the path that was given.

    Args:
        weights: A path, or a name such as `"faces"`. A path comes first, then `folders()` in order.

    Raises:
        FileNotFoundError: Nothing of that name; the message lists what there is.
    """
    if Path(weights).is_file():
        return Path(weights)
    given = Path(os.environ.get(ENVIRONMENT, "."))
    if given.is_file() and given.name == f"{weights}{SUFFIX}":
        return given
    for folder in folders():
        path = folder / f"{weights}{SUFFIX}"
        if path.is_file():
            return path
    known = ", ".join(names()) or "none"
    raise FileNotFoundError(
        f"`weights` must be a file or a known name. Received: {str(weights)!r}. Known names: {known} "
        f"(looked for in {', '.join(str(folder) for folder in folders())}). Train some with sketchback.train."
    )


def describe(path: str | Path) -> dict[str, object]:
    """Reads what a file says about itself, without Keras.

    Returns:
        Its attributes; `architecture` is `"sketchback2017"` for a file of the original's authors.

    Raises:
        WeightsError: The file is not HDF5, or says nothing that we understand.
    """
    with _opened(path) as file:
        if "layer_names" in file.attrs:
            return {"architecture": "sketchback2017", "arguments": {}, "layout": "2017"}
        if "architecture" not in file.attrs:
            raise WeightsError(
                f"Weights must say what they are in attributes. Received: {path} without `architecture`. "
                "Files of plain Keras are loaded with build(...).load_weights(path)."
            )
        facts: dict[str, object] = {}
        for name in ("architecture", "arguments", "recipe", "data", "terms", "scores", "date", "sketchback"):
            value = file.attrs.get(name, "")
            value = value.decode() if isinstance(value, bytes) else str(value)
            try:
                facts[name] = json.loads(value)
            except ValueError:
                facts[name] = value
        return facts


def load(weights: str | Path, dtype: str | None = None, channels: str = "rgb") -> keras.Model:
    """Loads a generator; the file says which architecture it is of.

    Args:
        weights: A name or a path, see `find`. The authors' files of 2017 (Keras 2 layout, generator and VGG in one
            file, without a suffix) are recognised.
        dtype: Precision policy of the generator, float32 by default.
        channels: `"bgr"` for authors' files whose truth was BGR (their buildings): the last layer is permuted.

    Returns:
        The generator with its weights.

    Raises:
        FileNotFoundError: See `find`.
        WeightsError: See `describe`; also where a shape does not fit, or a value is not finite.
    """
    from . import models

    path = find(weights)
    facts = describe(path)
    arguments = facts.get("arguments") or {}
    try:
        generator = models.build(str(facts["architecture"]), **arguments, dtype=dtype)
    except (ValueError, TypeError) as error:
        raise WeightsError(f"{path} names an architecture that cannot be built: {error}") from None
    if facts.get("layout") == "2017":
        _fill(generator, _read_2017(path), path)
        if channels == "bgr":
            last = generator.layers[-1]
            last.set_weights([array[..., ::-1] for array in last.get_weights()])
    else:
        _fill(generator, _read(path, generator), path)
    generator.facts = facts
    return generator


def save(
    generator: keras.Model,
    path: str | Path,
    recipe: str = "",
    data: object = (),
    terms: str = "",
    scores: object = None,
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
        half: Store half precision, half the size; Keras casts when it loads.
        date: ISO date; today by default.

    Returns:
        The path.

    Raises:
        ValueError: The path ends otherwise, or the generator does not know its architecture.
    """
    path = Path(path)
    if not path.name.endswith(SUFFIX):
        raise ValueError(f"A weight file must be named *{SUFFIX}. Received: {path}.")
    if not hasattr(generator, "architecture"):
        raise ValueError("A generator must come from models.build to be saved. Received: a model without a name.")
    facts = {
        "architecture": generator.architecture,
        "arguments": json.dumps(generator.arguments),
        "recipe": recipe,
        "data": json.dumps(data),
        "terms": terms,
        "scores": json.dumps(scores or {}),
        "date": date or datetime.date.today().isoformat(),
        "sketchback": __version__,
    }
    with replacing(path) as temporary:
        generator.save_weights(temporary, overwrite=True)
        with h5py.File(temporary, "r+") as file:
            if half:
                for dataset in list(_datasets(file)):
                    name, values = dataset.name, dataset[()]
                    del file[name]
                    file.create_dataset(name, data=values.astype(np.float16))
            file.attrs.update(facts)
        if half:
            _repack(temporary)
    return path


def _repack(path: Path) -> None:
    # HDF5 does not give back the room of deleted datasets; a copy does.
    with replacing(path) as smaller, h5py.File(path, "r") as source, h5py.File(smaller, "w") as target:
        for name in source:
            source.copy(name, target)
        target.attrs.update(source.attrs)


def _datasets(group: h5py.Group) -> Iterator[h5py.Dataset]:
    found: list[h5py.Dataset] = []
    group.visititems(lambda _, item: found.append(item) if isinstance(item, h5py.Dataset) else None)
    yield from found


def _opened(path: str | Path) -> h5py.File:
    try:
        return h5py.File(path, "r")
    except OSError as error:
        raise WeightsError(
            f"Weights must be a whole HDF5 file. Received: {path}, which cannot be opened "
            f"({str(error).splitlines()[0]}). Download or copy it again."
        ) from None


def _read(path: Path, generator: keras.Model) -> list[np.ndarray]:
    """The arrays of a file in Keras 3's layout, in the order of `generator.weights`."""
    # Keras stores variable n of layer `conv2d_3` at layers/conv2d_3/vars/n, numbering classes in model order.
    arrays: list[np.ndarray] = []
    counts: dict[str, int] = {}
    with _opened(path) as file:
        for layer in generator.layers:
            kind = _snake(type(layer).__name__)
            number = counts.get(kind, 0)
            counts[kind] = number + 1
            group = f"layers/{kind}_{number}" if number else f"layers/{kind}"
            for index in range(len(layer.weights)):
                name = f"{group}/vars/{index}"
                try:
                    item = file[name]
                    if item.shape != tuple(layer.weights[index].shape):
                        raise WeightsError(
                            f"{path} does not fit the architecture it names: {name} should be "
                            f"{tuple(layer.weights[index].shape)} and is {item.shape}."
                        )
                    arrays.append(item[()])
                except (KeyError, OSError, AttributeError) as error:
                    raise WeightsError(f"{path} is incomplete or damaged at {name} ({error}).") from None
    return arrays


def _snake(name: str) -> str:
    """Keras's name of a class in its files: Conv2D -> conv2d, BatchNormalization -> batch_normalization."""
    name = re.sub(r"(.)([A-Z][a-z0-9]+)", r"\1_\2", name)
    return re.sub(r"([a-z])([A-Z])", r"\1_\2", name).lower()


def _read_2017(path: Path) -> list[np.ndarray]:
    """The 24 kernels and biases of an authors' file in order; VGG, a nested group of many arrays, is left out."""
    arrays: list[np.ndarray] = []
    with _opened(path) as file:
        for name in file.attrs["layer_names"]:
            name = name.decode() if isinstance(name, bytes) else str(name)
            try:
                members = [m.decode() if isinstance(m, bytes) else str(m) for m in file[name].attrs["weight_names"]]
                if len(members) == 2:
                    arrays += [np.asarray(file[name][member]) for member in members]
            except (KeyError, OSError) as error:
                raise WeightsError(f"{path} is incomplete or damaged at {name} ({error}).") from None
    return arrays


def _fill(generator: keras.Model, arrays: list[np.ndarray], path: Path) -> None:
    """Checks everything, then sets everything: a generator is never half loaded."""
    wanted = [tuple(variable.shape) for variable in generator.weights]
    found = [array.shape for array in arrays]
    if wanted != found:
        place = next((i for i, (w, f) in enumerate(zip(wanted, found, strict=False)) if w != f), min(
            len(wanted), len(found)))  # fmt: skip
        raise WeightsError(
            f"{path} must hold {len(wanted)} arrays of {generator.name}. Received: {len(found)}; the first that "
            f"differs is number {place}. Is it of another architecture?"
        )
    for place, array in enumerate(arrays):
        if not (np.issubdtype(array.dtype, np.floating) and np.isfinite(array).all()):
            raise WeightsError(f"{path} must hold finite numbers. Received: array {place} with NaN or infinity.")
    generator.set_weights([array.astype(np.float32) for array in arrays])
