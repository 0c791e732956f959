"""Folders of photographs and drawings -> lists of examples, split by person or building.

`find` recognises a folder by its layout (see `folders`), without being told: CelebA, LFW, CUFS, FS2K, ZuBuD, any folder
with a `partition.txt`, any two folders of pairs, any folder of photographs. What cannot be used is counted and named.
"""

from __future__ import annotations

import dataclasses
import hashlib
import logging
from collections import Counter
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import numpy as np

from sketchback import images
from sketchback.datasets import builtin
from sketchback.datasets.examples import Example
from sketchback.datasets.layouts import named_split, read_table, recognise, report
from sketchback.datasets.splits import SPLITS, complete

UNREAD = (".heic", ".heif", ".avif", ".jp2", ".psd", ".svg", ".dng", ".cr2", ".nef", ".arw")
TERMS = {
    "CelebA": "non-commercial research use only",
    "CUFS": "research use only",
    "FS2K": "research use only",
    "LFW": "research use",
    "ZuBuD": "research use",
}

logger = logging.getLogger(__name__)


def find(folder: str | Path) -> list[Example]:
    """Finds the examples below a folder, whose layout says what it is.

    Args:
        folder: A folder in one of the shapes that data/README.md lists; or `"demo:faces"` or `"demo:buildings"`
            for the sets that are built in, drawn from a seed.

    Returns:
        Examples sorted by name, each with its split. What is unreadable or has no partner is left out, counted and
        named in the log.

    Raises:
        FileNotFoundError: There is no such folder.
        ValueError: The folder holds no readable image.
    """
    if str(folder) in DEMOS:
        logger.info("%s: built-in pictures, drawn by sketchback and not photographed", folder)
        return DEMOS[str(folder)]()
    folder = Path(folder)
    if not folder.exists():
        raise FileNotFoundError(
            f"A data set must be a folder that exists, or one of {', '.join(DEMOS)}. Received: {folder}. "
            "data/README.md says where each set comes from."
        )
    if not folder.is_dir():
        raise ValueError(f"A data set must be a folder. Received: the file {folder}. Name the folder around it.")
    examples = recognise(folder)
    found = len(examples)
    report(
        "files of kinds that are not read",
        [str(path) for path in sorted(folder.rglob("*")) if path.suffix.lower() in UNREAD],
    )
    examples = _readable(examples)
    if not examples:
        raise ValueError(
            f"A data set must hold at least one readable image. Received: {folder} with {found} image files, "
            "none of them readable. data/README.md lists the shapes that are recognised."
        )
    partition = read_table(folder / "partition.txt") or read_table(folder.parent / "partition.txt")
    listed = [
        dataclasses.replace(example, split=named_split(partition, example.photo.name) or example.split)
        for example in sorted(examples, key=lambda example: example.name)
    ]
    examples = complete(listed, folder)
    counts = Counter(example.split for example in examples)
    pairs = sum(example.sketch is not None for example in examples)
    logger.info(
        "%s: %s, %d photographs (%d with a drawn sketch): %s",
        folder,
        examples[0].kind,
        len(examples),
        pairs,
        ", ".join(f"{counts[split]} {split}" for split in SPLITS),
    )
    return examples


def find_all(folders: Sequence[str | Path]) -> list[Example]:
    """Finds the examples of several folders and mixes them.

    Somebody who is tested in one of them is trained on in none.
    """
    examples = [example for folder in folders for example in find(folder)]
    return examples if len(folders) < 2 else complete(examples, Path("+".join(str(folder) for folder in folders)))


def terms(examples: Sequence[Example]) -> list[str]:
    """The terms of use that come with the data, one for each set; none for pictures that sketchback drew."""
    return [
        f"{kind}: {TERMS.get(kind, 'as its owners allow')}"
        for kind in sorted({example.kind for example in examples if not is_demo(example)})
    ]


def is_demo(example: Example) -> bool:
    """Whether a picture is drawn by sketchback itself, and bound by nobody's terms."""
    return not isinstance(example.photo, Path)


def fingerprint(examples: Sequence[Example]) -> str:
    """A short hash of what a run was shown: names, splits and sizes of the files."""
    digest = hashlib.sha256()
    for example in examples:
        files = [path for path in (example.photo, example.sketch) if isinstance(path, Path)]
        sizes = "/".join(str(path.stat().st_size) for path in files)
        digest.update(f"{example.kind}/{example.name}/{example.split}/{sizes}\n".encode())
    return digest.hexdigest()[:16]


# ---- checking files, splitting


def _readable(examples: list[Example]) -> list[Example]:
    """Leaves out what has no readable header; a file that breaks off later is found when it is decoded."""
    kept: list[Example] = []
    bad: list[str] = []
    for example in examples:
        try:
            for path in (example.photo, example.sketch):
                if isinstance(path, Path):
                    images.probe(path)
        except (ValueError, OSError) as error:
            bad.append(str(error))
        else:
            kept.append(example)
    report("unreadable files", bad)
    return kept


# ---- built in


def _demo(draw: Callable[[int], np.ndarray], count: int, kind: str) -> list[Example]:
    examples = [
        Example(f"{kind} {seed:04d}", partial(draw, seed), None, f"{kind}/{seed}", "", kind) for seed in range(count)
    ]
    return complete(examples, Path(kind))


DEMOS: dict[str, Callable[[], list[Example]]] = {
    "demo:faces": lambda: _demo(builtin.face, builtin.FACES, "demo faces"),
    "demo:buildings": lambda: _demo(builtin.building, builtin.BUILDINGS, "demo buildings"),
}
