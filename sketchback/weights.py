"""Trained weights: find, verify, load, save. What an `.h5` says about itself stands in its attributes.

A file is written by Keras (`model.save_weights`) and gets attributes at its root, all strings: `architecture`,
`arguments`, `stride`, `recipe`, `data`, `terms`, `scores`, `note`, `date`, `sketchback` (JSON where structured).
Plain Keras loads it into the same architecture. Loading runs no code from the file. Weights that ship are bound to
their names by a `SHA256SUMS` beside them; a file that it does not list is read as a stranger's (see `hdf5`).
"""

from __future__ import annotations

import contextlib
import datetime
import functools
import hashlib
import json
import os
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from . import __version__, hdf5, inference, layout
from .atomic import replacing
from .layout import WeightsError

if TYPE_CHECKING:
    import h5py
    import keras

ENVIRONMENT = "SKETCHBACK_WEIGHTS"
SUFFIX = ".weights.h5"
SUMS = "SHA256SUMS"
ATTRIBUTES = ("architecture", "arguments", "stride", "recipe", "data", "terms", "scores", "note", "date",
              "sketchback")  # fmt: skip
STRUCTURED = ("arguments", "stride", "recipe", "data", "scores")  # as JSON
CHANNELS = ("rgb", "bgr")


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
    return read(weights, arrays=False)[0]


def read(weights: str | Path, arrays: bool = True) -> tuple[dict[str, object], hdf5.Contents]:
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


def _facts(path: Path, contents: hdf5.Contents) -> dict[str, object]:
    if layout.is_2017(contents):
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
    facts, contents = read(path)
    architecture, arguments = str(facts["architecture"]), facts["arguments"] or {}
    try:
        if not isinstance(arguments, dict) or "dtype" in arguments:
            raise ValueError(f"its arguments are {arguments!r}")
        claimed = models.count_parameters(architecture, **arguments)
    except (ValueError, TypeError) as error:
        # A file may say a great deal.
        reason = str(error) if len(str(error)) < 300 else f"{str(error)[:300]}..."
        raise WeightsError(f"{path} names an architecture that cannot be built: {reason}") from None
    # Before anything is built: a file must not make us build more than it can fill.
    layout.check_count(path, contents, architecture, claimed)
    generator = models.build(architecture, **arguments, dtype=dtype)
    # Everything is checked before anything is set: a generator is never half loaded.
    generator.set_weights(
        layout.ordered(path, contents, architecture, layout.places(generator), layout.shapes(generator))
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
        "stride": json.dumps(inference.stride(generator)),
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


def _contents(path: Path, arrays: bool) -> hdf5.Contents:
    """What a file holds; one that `SHA256SUMS` beside it lists must be that file, and every other is a stranger."""
    facts = path.stat()
    try:
        return hdf5.read(path, arrays, trusted=_listed(path, facts.st_mtime_ns, facts.st_size))
    except hdf5.Hdf5Error as error:
        raise WeightsError(
            f"Weights must be a whole HDF5 file that is safe to read. Received: {path}; {error}"
        ) from None


@functools.lru_cache(maxsize=64)
def _listed(path: Path, changed: int, size: int) -> bool:
    """Whether a file is listed, and is what was listed. Hashing 20 MB takes 20 ms, once for each state of a file."""
    wanted = read_sums(path.parent).get(path.name)
    if wanted is None:
        return False
    found = sha256(path)
    if found != wanted:
        raise WeightsError(
            f"Published weights must be the file that {SUMS} lists. Received: {path} with SHA-256 {found[:16]}... "
            f"instead of {wanted[:16]}... Download it again; or, if the change is yours, take its line out of {SUMS}."
        )
    return True


def read_sums(folder: str | Path) -> dict[str, str]:
    """The files that `SHA256SUMS` in a folder lists, as `sha256sum` writes it: name -> SHA-256; {} without one."""
    try:
        lines = (Path(folder) / SUMS).read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return {}
    return {parts[1].lstrip("*"): parts[0].lower() for parts in (line.split(maxsplit=1) for line in lines)
            if len(parts) == 2}  # fmt: skip


def write_sums(folder: str | Path) -> Path:
    """Lists every weight file of a folder in its `SHA256SUMS`, so that `load` trusts these, and no changed ones."""
    paths = sorted(path for path in Path(folder).glob(f"*{SUFFIX}") if not path.name.startswith("."))
    with replacing(Path(folder) / SUMS) as temporary:
        temporary.write_text("".join(f"{sha256(path)}  {path.name}\n" for path in paths), encoding="utf-8")
    return Path(folder) / SUMS
