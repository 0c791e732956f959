"""Reads the texts and arrays of an HDF5 file of unknown origin, without trusting it.

The HDF5 library was not made for hostile files: a few wrong bytes can end the process, or keep it busy for ever
(benchmarks/README.md has counts). So a process of its own reads such a file, with little time and memory, and hands
over what it found; whatever happens to it is one `Hdf5Error` here. No link is followed out of the file, no filter is
run, and no more is read than the file is long.
"""

from __future__ import annotations

import contextlib
import dataclasses
import itertools
import json
import math
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import numpy as np

if TYPE_CHECKING:
    import h5py

SECONDS = 10  # of computing, and one more for each 20 MB; reading 20 MB takes a tenth of one
MEMORY = 1 << 30  # bytes, and three for each byte of the file
PATIENCE = 120.0  # seconds until a reader that waits, and computes nothing, is given up
DEPTH, OBJECTS, TEXTS = 8, 10_000, 1 << 20  # groups below each other; groups and arrays; letters in all texts together
REPACK = "Repack it with h5repack -f NONE -l CONTI."


class Hdf5Error(ValueError):
    """What is wrong with a file, as a sentence about `it`."""


@dataclasses.dataclass(frozen=True)
class Contents:
    """What a file holds; places are paths inside it, without a slash in front.

    `texts` are the root's attributes that are one text each. `lists` are attributes that are lists of texts: the
    root's by name, those of its groups as `group/name`. `arrays` are those of floating-point numbers; `others` says
    what lies at other places.
    """

    texts: dict[str, str]
    lists: dict[str, list[str]]
    arrays: dict[str, np.ndarray]
    others: dict[str, str]


def read(path: str | Path, *, arrays: bool = True, trusted: bool = False) -> Contents:
    """Reads a file.

    Args:
        path: An HDF5 file. Where it has a group `layers`, only the arrays below that are read, else all.
        arrays: Read the arrays too, not the attributes alone.
        trusted: Read it in this process, a fifth of a second faster: for files known by their hash.

    Returns:
        What it holds.

    Raises:
        Hdf5Error: The file is damaged, or made to do harm.
    """
    if trusted:
        return _read(path, arrays)
    program = f"import sys; sys.path[:] = {sys.path!r}; from {__name__} import _serve; _serve()"
    # One thread needs less memory, and a file may not have plug-ins loaded.
    environment = {**os.environ, "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "HDF5_PLUGIN_PRELOAD": "::"}
    try:
        done = subprocess.run(
            [sys.executable, "-c", program, os.fspath(path), "arrays" if arrays else "", str(SECONDS)],
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            timeout=PATIENCE,
        )
    except OSError as error:
        _refuse(f"the process that is to read it does not start: {error.strerror}")
    except subprocess.TimeoutExpired:
        _refuse(f"it keeps its reader busy for more than {PATIENCE:.0f} s")
    if done.returncode < 0:
        number = -done.returncode
        if number in (getattr(signal, "SIGXCPU", 0), signal.SIGKILL):  # the limit on its time, or the system's memory
            _refuse("reading it takes too much time or memory")
        _refuse(f"it ends its reader with signal {number}")
    head, _, body = done.stdout.partition(b"\n")
    try:
        facts = json.loads(head)
    except ValueError:
        _refuse(f"it ends its reader with status {done.returncode}")
    if "error" in facts:
        raise Hdf5Error(facts["error"])
    found, begin = {}, 0
    for place, shape, kind in facts["arrays"]:
        count = math.prod(shape)
        found[place] = np.frombuffer(body, kind, count, begin).reshape(shape)
        begin += found[place].nbytes
    return Contents(facts["texts"], facts["lists"], found, facts["others"])


def _refuse(reason: str) -> NoReturn:
    raise Hdf5Error(f"it cannot be read ({reason}). Download or copy it again.") from None


# ---- in the process that reads


def _serve() -> None:
    """Writes what a file holds to the standard output: a line of JSON, and the bytes of the arrays."""
    path, arrays = sys.argv[1], bool(sys.argv[2])
    import h5py  # noqa: F401 - before the limits, which are for the file

    with contextlib.suppress(ImportError):  # Windows has no limits, only the patience of who waits
        import resource

        size = os.stat(path).st_size
        seconds, memory = int(sys.argv[3]) + size // 20_000_000, _used() + MEMORY + 3 * size
        for limit, value in ((resource.RLIMIT_CORE, 0), (resource.RLIMIT_AS, memory), (resource.RLIMIT_CPU, seconds)):
            with contextlib.suppress(ValueError, OSError):  # macOS knows no RLIMIT_AS
                resource.setrlimit(limit, (value, value))
    output = sys.stdout.buffer
    try:
        contents = _read(path, arrays)
    except Hdf5Error as error:
        output.write(json.dumps({"error": str(error)}).encode() + b"\n")
        return
    facts = {
        **vars(contents),
        "arrays": [(place, array.shape, array.dtype.str) for place, array in contents.arrays.items()],
    }
    output.write(json.dumps(facts).encode() + b"\n")
    for array in contents.arrays.values():
        output.write(array.tobytes())
    output.flush()


def _used() -> int:
    """Bytes of addresses that this process has already."""
    with contextlib.suppress(OSError, ValueError, IndexError):
        return int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0]) * os.sysconf("SC_PAGE_SIZE")
    return 1 << 30


def _read(path: str | Path, arrays: bool) -> Contents:
    import h5py

    try:
        with h5py.File(path, "r") as file:
            texts, lists = _attributes(file)
            found, others = _arrays(file, os.stat(path).st_size) if arrays else ({}, {})
            return Contents(texts, lists, found, others)
    except Hdf5Error:
        raise
    except Exception as error:  # on damaged files h5py raises a dozen kinds
        _refuse((str(error).splitlines() or [type(error).__name__])[0])


def _attributes(file: h5py.File) -> tuple[dict[str, str], dict[str, list[str]]]:
    import h5py

    texts: dict[str, str] = {}
    lists: dict[str, list[str]] = {}
    groups = {"": file}
    if "layer_names" in file.attrs:  # a file of Keras 2: each group lists its arrays
        groups |= {f"{name}/": item for name, item in _members(file) if isinstance(item, h5py.Group)}
    for prefix, group in groups.items():
        for name in itertools.islice(group.attrs, OBJECTS):
            attribute = group.attrs.get_id(name)
            if h5py.check_string_dtype(attribute.dtype) is None or math.prod(attribute.shape or ()) > OBJECTS:
                continue
            value = group.attrs[name]
            if isinstance(value, (str, bytes)) and not prefix:
                texts[name] = _text(value)
            elif isinstance(value, np.ndarray) and value.ndim == 1:
                lists[prefix + name] = [_text(one) for one in value]
        if sum(map(len, [*texts.values(), *itertools.chain(*lists.values())])) > TEXTS:
            raise Hdf5Error(f"its attributes must be at most {TEXTS:,} letters long, and are longer.")
    return texts, lists


def _text(value: str | bytes) -> str:
    return value.decode(errors="replace") if isinstance(value, bytes) else value


def _arrays(file: h5py.File, size: int) -> tuple[dict[str, np.ndarray], dict[str, str]]:
    import h5py

    datasets: dict[str, h5py.Dataset] = {}
    others: dict[str, str] = {}
    root = file.get("layers", getlink=True)
    inside = isinstance(root, h5py.HardLink) and isinstance(file["layers"], h5py.Group)
    pending = [("layers/", file["layers"], 1)] if inside else [("", file, 0)]
    while pending:
        prefix, group, depth = pending.pop()
        for name, item in _members(group):
            if isinstance(item, h5py.Group) and depth < DEPTH:
                pending.append((f"{prefix}{name}/", item, depth + 1))
            elif isinstance(item, h5py.Dataset):
                datasets[prefix + name] = item
            else:
                others[prefix + name] = item if isinstance(item, str) else "something else"
        if len(datasets) + len(others) + len(pending) > OBJECTS:
            raise Hdf5Error(f"it must hold at most {OBJECTS:,} groups and arrays, and holds more.")
    declared = sum(math.prod(item.shape or ()) * item.id.get_type().get_size() for item in datasets.values())
    if declared > size:
        raise Hdf5Error(
            f"its arrays must lie in it, uncompressed; it has {size} bytes, and declares arrays of {declared}. {REPACK}"
        )
    arrays: dict[str, np.ndarray] = {}
    for place, item in datasets.items():
        what = _what(item)
        if what is None:
            arrays[place] = item[()]
        else:
            others[place] = what
    return arrays, others


def _what(item: h5py.Dataset) -> str | None:
    """What a dataset is, if it is not an array of numbers that lies in its file in one piece."""
    import h5py

    properties = item.id.get_create_plist()
    if item.is_virtual or item.external:
        return "an array of another file"
    if item.shape is None or item.dtype.kind != "f" or item.dtype.itemsize > 8:
        return f"an array of {item.dtype}"
    if properties.get_nfilters() or properties.get_layout() not in (h5py.h5d.CONTIGUOUS, h5py.h5d.COMPACT):
        raise Hdf5Error(f"its arrays must lie in it, uncompressed and in one piece; {item.name} does not. {REPACK}")
    if item.id.get_storage_size() != item.size * item.dtype.itemsize:
        return "an array that was never written"
    return None


def _members(group: h5py.Group) -> Iterator[tuple[str, h5py.HLObject | str]]:
    """Names and what lies there; a link is not followed."""
    import h5py

    for name in itertools.islice(group, OBJECTS + 1):
        hard = isinstance(group.get(name, getlink=True), h5py.HardLink)
        yield name, group[name] if hard else "a link"
