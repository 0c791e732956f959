"""Weights by name: where they are looked for, and which of them are published.

Weights that ship are bound to their names by a `SHA256SUMS` beside them. A file that it does not list is a file of
unknown origin, see `untrusted`.
"""

from __future__ import annotations

import functools
import hashlib
import os
import re
from collections.abc import Mapping
from pathlib import Path

from sketchback.atomic import replacing
from sketchback.weights.mapping import WeightsError

ENVIRONMENT = "SKETCHBACK_WEIGHTS"
SUFFIX = ".weights.h5"
SUMS = "SHA256SUMS"
DEFAULT = "faces-tone"  # what a drawing is given to where nobody names other weights
FAITHFUL = "-faithful"  # ends the name of the faithful end of a training, see `inference.fidelity`
SAMPLERS = {"face": "tones", "building": "tones-buildings"}  # of tone maps, by what the photographs show
HELPERS = ("artist", "enlarger", *SAMPLERS.values())  # networks that take no sketch alone
SHOWS = {"faces": "face", "drawings": "face", "buildings": "building"}  # by a word of a name, or of its recipe's
PACKAGE = Path(__file__).resolve().parents[1]


def folders() -> list[Path]:
    """Where names are looked for: `SKETCHBACK_WEIGHTS` (a folder, or one file, which then is known by its name), the
    checkout's `weights/`, the installed package's copy.
    """
    places = [Path(os.environ[ENVIRONMENT])] if os.environ.get(ENVIRONMENT) else []
    return [*places, PACKAGE.parent / "weights", PACKAGE / "_weights"]


def names() -> list[str]:
    """The generators that `find` knows by name, of files that are there.

    It knows more: the `HELPERS`, and faithful ends.
    """
    paths = [path for folder in folders() if folder.is_dir() for path in folder.glob(f"*{SUFFIX}")]
    # A hidden one is what a killed `save` leaves.
    found = {_name(path) for path in [*paths, *_given()] if not path.name.startswith(".")}
    return sorted(name for name in found if name not in HELPERS and not name.endswith(FAITHFUL))


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
        TypeError: It is neither text nor a path.
    """
    if not isinstance(weights, (str, os.PathLike)):
        raise TypeError(f"`weights` must be a name or a path. Received: {type(weights).__name__}. Try {DEFAULT!r}.")
    if found := Path(weights) if Path(weights).is_file() else installed(str(weights)):
        return found
    known = ", ".join(names()) or "none"
    raise FileNotFoundError(
        f"`weights` must be a file or a known name. Received: {str(weights)!r}. Known names: {known} "
        f"(looked for in {', '.join(str(folder) for folder in folders())}). Train some with sketchback.train."
    )


def installed(name: str) -> Path | None:
    """The file of a name where weights are installed, or None: unlike `find`, never one in the current folder.

    Args:
        name: Such as `"enlarger"`: what the program itself looks for, which no user named.
    """
    wanted = f"{name}{SUFFIX}"
    given = [path for path in _given() if path.name in (name, wanted)]
    return next((path for path in [*given, *(folder / wanted for folder in folders())] if path.is_file()), None)


def shows(name: str, recipe: object) -> str:
    """What weights make photographs of: `"face"`, `"building"`, or nothing where nobody knows.

    Args:
        name: Of the weights, or of their file.
        recipe: What their file says of it, see `describe`.

    >>> shows("faces-tone", None), shows("best.weights.h5", {"name": "buildings"}), shows("mine", None)
    ('face', 'building', '')
    """
    names = [name, str(recipe.get("name", "")) if isinstance(recipe, dict) else ""]
    return next((SHOWS[word] for one in names for word in re.split(r"[-_. ]", one) if word in SHOWS), "")


def sampler_of(facts: Mapping[str, object]) -> str:
    """The name of the sampler that gives candidates for a generator: of faces, where nobody knows what it shows.

    Args:
        facts: What the file of its weights says of itself, see `describe`.

    >>> sampler_of({"recipe": {"name": "buildings"}}), sampler_of({})
    ('tones-buildings', 'tones')
    """
    return SAMPLERS[shows("", facts.get("recipe")) or "face"]


def takes_tone(facts: Mapping[str, object]) -> bool:
    """Whether a generator takes a tone map, by what the file of its weights says of itself.

    >>> takes_tone({"arguments": {"tone": True}}), takes_tone({})
    (True, False)
    """
    arguments = facts.get("arguments")
    return isinstance(arguments, dict) and arguments.get("tone") is True


def sha256(path: str | Path) -> str:
    """The SHA-256 of a file in 64 hexadecimal digits, as `SHA256SUMS` lists it.

    Raises:
        OSError: It cannot be read.
    """
    digest = hashlib.sha256()
    with Path(path).open("rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


@functools.lru_cache(maxsize=64)
def _sha256(path: Path, changed: int, size: int) -> str:
    """Hashing 20 MB takes 20 ms, once for each state of a file, which its time and size tell apart."""
    return sha256(path)


def is_published(path: Path) -> bool:
    """Whether `SHA256SUMS` beside a file lists it.

    Raises:
        OSError: It cannot be read.
        WeightsError: It is listed, and is another file than the listed one.
    """
    wanted = read_sums(path.parent).get(path.name)
    if wanted is None:
        return False
    state = path.stat()
    found = _sha256(path, state.st_mtime_ns, state.st_size)
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
    return {
        parts[1].lstrip("*"): parts[0].lower()
        for parts in (line.split(maxsplit=1) for line in lines)
        if len(parts) == 2
    }


def write_sum(path: str | Path) -> Path:
    """Lists a weight file in `SHA256SUMS` beside it: `load` then trusts it, and refuses it when it is changed.

    What is listed there of other files stays, so that nothing is trusted that nobody meant.

    Returns:
        The list.
    """
    path = Path(path)
    sums = {**read_sums(path.parent), path.name: sha256(path)}
    with replacing(path.with_name(SUMS)) as temporary:
        temporary.write_text("".join(f"{sums[name]}  {name}\n" for name in sorted(sums)), encoding="utf-8")
    return path.with_name(SUMS)
