"""Trained weights: find, verify, load, save. What an `.h5` says about itself stands in its attributes.

A file is written by Keras (`model.save_weights`) and gets attributes at its root, all strings: `architecture`,
`arguments`, `stride`, `recipe`, `data`, `terms`, `scores`, `note`, `date`, `sketchback` (JSON where structured).
Plain Keras loads it into the same architecture. Loading runs no code from the file, follows no link out of it, and
takes no more memory than it is long.
"""

from __future__ import annotations

import contextlib
import datetime
import hashlib
import json
import math
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
ATTRIBUTES = ("architecture", "arguments", "stride", "recipe", "data", "terms", "scores", "note", "date",
              "sketchback")  # fmt: skip
STRUCTURED = ("arguments", "stride", "recipe", "data", "scores")  # as JSON
CHANNELS = ("rgb", "bgr")


class WeightsError(ValueError):
    """A file that holds no weights of ours, is damaged, or holds those of another architecture."""


def folders() -> list[Path]:
    """Where names are looked for: `SKETCHBACK_WEIGHTS` (a folder, or one file, which then is known by its name), the
    checkout's `weights/`, the installed package's copy.
    """
    places = [Path(os.environ[ENVIRONMENT])] if os.environ.get(ENVIRONMENT) else []
    package = Path(__file__).resolve().parent
    return [*places, package.parent / "weights", package / "_weights"]


def names() -> list[str]:
    """The names that `find` knows, of files that are there."""
    paths = [path for folder in folders() if folder.is_dir() for path in folder.glob(f"*{SUFFIX}")]
    # A hidden one is what a killed `save` leaves.
    found = {_name(path) for path in [*paths, *_given()] if not path.name.startswith(".")}
    return sorted(found)


def _given() -> list[Path]:
    """The file that `SKETCHBACK_WEIGHTS` names, where it names a file and not a folder."""
    path = Path(os.environ.get(ENVIRONMENT, "."))
    return [path] if path.is_file() else []


def _name(path: Path) -> str:
    return path.name.removesuffix(SUFFIX)


def find(weights: str | Path) -> Path:
    """Finds the file of a name, or returns the path that was given.

    Args:
        weights: A path, or a name such as `"faces"`. A path comes first, then `folders()` in order.

    Raises:
        FileNotFoundError: Nothing of that name; the message lists what there is.
    """
    if Path(weights).is_file():
        return Path(weights)
    for path in _given():
        if str(weights) in (path.name, _name(path)):
            return path
    for folder in folders():
        path = folder / f"{weights}{SUFFIX}"
        if path.is_file():
            return path
    known = ", ".join(names()) or "none"
    raise FileNotFoundError(
        f"`weights` must be a file or a known name. Received: {str(weights)!r}. Known names: {known} "
        f"(looked for in {', '.join(str(folder) for folder in folders())}). Train some with sketchback.train."
    )


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
    path = find(weights)
    with _opened(path) as file:
        if "layer_names" in file.attrs:
            return {"architecture": "sketchback2017", "arguments": {}, "layout": "2017"}
        if "architecture" not in file.attrs:
            raise WeightsError(
                f"Weights must say what they are in attributes. Received: {path} without `architecture`. "
                "Files of plain Keras are loaded with build(...).load_weights(path)."
            )
        facts: dict[str, object] = {name: _text(file.attrs.get(name, "")) for name in ATTRIBUTES}
    for name in STRUCTURED:
        # What is no JSON stays text; `load` refuses it where it needs it.
        with contextlib.suppress(ValueError, RecursionError):
            facts[name] = json.loads(str(facts[name]))
    return facts


def sha256(path: str | Path) -> str:
    """The SHA-256 of a file, as `weights/README.md` lists it."""
    digest = hashlib.sha256()
    with Path(path).open("rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


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
    from . import models

    if channels not in CHANNELS:
        raise ValueError(f"`channels` must be one of {', '.join(CHANNELS)}. Received: {channels!r}.")
    path = find(weights)
    facts = describe(path)
    architecture, arguments = str(facts["architecture"]), facts["arguments"] or {}
    old = facts.get("layout") == "2017"
    try:
        if not isinstance(arguments, dict) or "dtype" in arguments:
            raise ValueError(f"its arguments are {arguments!r}")
        claimed = models.count_parameters(architecture, **arguments)
    except (ValueError, TypeError) as error:
        raise WeightsError(f"{path} names an architecture that cannot be built: {error}") from None
    # Before anything is built: a file must not make us build more than it can fill.
    held = _count(path, "/" if old else "layers")
    if held < claimed or (held > claimed and not old):
        raise WeightsError(
            f"{path} must hold the {claimed} parameters of {architecture}. Received: {held}. "
            "Is it of another architecture?"
        )
    generator = models.build(architecture, **arguments, dtype=dtype)
    _fill(generator, _read(path, generator, old), path)
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
    from . import models

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
        "stride": json.dumps(models.stride(generator)),
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


@contextlib.contextmanager
def _opened(path: Path) -> Iterator[h5py.File]:
    """Opens a file to read; whatever HDF5 stumbles over becomes one `WeightsError`."""
    try:
        with h5py.File(path, "r") as file:
            yield file
    except WeightsError:
        raise
    # h5py raises all of these on damaged files.
    except (OSError, KeyError, ValueError, TypeError, AttributeError, RuntimeError, MemoryError) as error:
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        raise WeightsError(
            f"Weights must be a whole HDF5 file. Received: {path}, which cannot be read ({reason}). "
            "Download or copy it again."
        ) from None


def _text(value: object) -> str:
    return value.decode(errors="replace") if isinstance(value, bytes) else str(value)


def _count(path: Path, group: str) -> int:
    """The numbers that a file holds in `group`; refuses a file that declares more of them than it is long."""
    with _opened(path) as file:
        datasets = list(_datasets(file[group])) if group in file else []
        count = sum(math.prod(dataset.shape or ()) for dataset in datasets)
        declared = sum(math.prod(dataset.shape or ()) * dataset.dtype.itemsize for dataset in datasets)
        if declared > path.stat().st_size:
            raise WeightsError(
                f"Weights must lie in their file, uncompressed. Received: {path} with {path.stat().st_size} bytes, "
                f"which declares arrays of {declared}. Repack it with h5repack -f NONE."
            )
    return count


def _read(path: Path, generator: keras.Model, old: bool) -> list[np.ndarray]:
    """The arrays of a file in the order of `generator.weights`; shapes are checked before anything is read."""
    with _opened(path) as file:
        places = _places_2017(file) if old else _places(generator)
        datasets = [_dataset(file, place, path) for place in places]
        wanted = [tuple(variable.shape) for variable in generator.weights]
        found = [dataset.shape for dataset in datasets]
        for place, shape, other in zip(places, wanted, found, strict=False):
            if shape != other:
                raise WeightsError(
                    f"{path} does not fit {generator.name}: {place} must be {shape}. Received: {other}. "
                    "Is it of another architecture?"
                )
        if len(wanted) != len(found):
            raise WeightsError(
                f"{path} must hold {len(wanted)} arrays of {generator.name}. Received: {len(found)}. "
                "Is it of another architecture?"
            )
        return [dataset[()] for dataset in datasets]


def _dataset(file: h5py.File, place: str, path: Path) -> h5py.Dataset:
    """The array at a place of the file itself: no link leads to another file, and no data lies outside."""
    item = file
    for part in place.split("/"):
        link = item.get(part, getlink=True) if part and isinstance(item, h5py.Group) else None
        if not isinstance(link, h5py.HardLink):
            what = "nothing" if link is None else "a link"
            raise WeightsError(f"{path} must hold an array at {place}. Received: {what}. Download or copy it again.")
        item = item[part]
    if not isinstance(item, h5py.Dataset) or item.is_virtual or item.external or item.dtype.kind != "f":
        raise WeightsError(f"{path} must hold an array of floating-point numbers at {place}. Received: {item}.")
    return item


def _places(generator: keras.Model) -> list[str]:
    """Where Keras 3 stores each of `generator.weights`."""
    # Variable n of layer `conv2d_3` lies at layers/conv2d_3/vars/n; classes are numbered in model order.
    places: list[str] = []
    counts: dict[str, int] = {}
    for layer in generator.layers:
        kind = _snake(type(layer).__name__)
        number = counts.get(kind, 0)
        counts[kind] = number + 1
        group = f"layers/{kind}_{number}" if number else f"layers/{kind}"
        places += [f"{group}/vars/{index}" for index in range(len(layer.weights))]
    return places


def _snake(name: str) -> str:
    """Keras's name of a class in its files: Conv2D -> conv2d, BatchNormalization -> batch_normalization."""
    name = re.sub(r"(.)([A-Z][a-z0-9]+)", r"\1_\2", name)
    return re.sub(r"([a-z])([A-Z])", r"\1_\2", name).lower()


def _places_2017(file: h5py.File) -> list[str]:
    """Where an authors' file has its 24 kernels and biases; VGG, a nested group of many arrays, is left out."""
    places: list[str] = []
    for name in map(_text, file.attrs["layer_names"]):
        members = [_text(member) for member in file[name].attrs["weight_names"]]
        if len(members) == 2:
            places += [f"{name}/{member}" for member in members]
    return places


def _fill(generator: keras.Model, arrays: list[np.ndarray], path: Path) -> None:
    """Checks everything, then sets everything: a generator is never half loaded."""
    for variable, array in zip(generator.weights, arrays, strict=True):
        if not np.isfinite(array).all():
            raise WeightsError(
                f"{path} must hold finite numbers. Received: NaN or infinity for {variable.path}. "
                "Download or copy it again."
            )
    generator.set_weights([array.astype(np.float32) for array in arrays])
