"""Where examples come from: folders of photographs and drawings, and the sets that are built in.

`find` takes a folder as its owner packed it (see `layouts`), leaves out what cannot be read, and completes the splits.
"""

from __future__ import annotations

import dataclasses
import logging
import os
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from pathlib import Path

import numpy as np

from sketchback import images
from sketchback.datasets import builtin, layouts, splits
from sketchback.datasets.examples import Example, is_demo, warn_left_out

TERMS = {
    "CelebA": "non-commercial research use only",
    "CUFS": "research use only",
    "FS2K": "research use only",
    "LFW": "research use",
    "MEBeauty": "non-commercial research use only",
    "UTKFace": "non-commercial research use only",
    "XM2VTS": "research use only",
    "ZuBuD": "research use",
}

OWN = ("photographs", "pairs")  # kinds whose groups are named after their folder

logger = logging.getLogger(__name__)


def find(folder: str | Path) -> list[Example]:
    """Finds the examples below a folder, whose contents say what it is.

    Args:
        folder: A folder in one of the shapes that data/README.md lists; or `"demo:faces"` or `"demo:buildings"`
            for the sets that are built in, drawn from a seed.

    Returns:
        Examples sorted by name, each with its split. What is unreadable or has no partner is left out, counted and
        named in the log.

    Raises:
        FileNotFoundError: There is no such folder.
        ValueError: The folder holds no readable image, or its annotations or pairs will not do.
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
    if folder.name in ("", ".."):  # what it is called, and what lies beside it, says what it is
        folder = Path(os.path.abspath(folder))
    found = layouts.recognise(folder)
    warn_left_out("files of kinds that are not read", images.list_files(folder, suffixes=images.UNREADABLE))
    readable = _readable(found)
    if not readable:
        raise ValueError(
            f"A data set must hold at least one readable image. Received: {folder} with {len(found)} image files, "
            "none of them readable. data/README.md lists the shapes that are recognised."
        )
    partition = layouts.partition(folder)
    listed = [
        dataclasses.replace(example, split=_listed(partition, example) or example.split)
        for example in sorted(readable, key=lambda example: example.name)
    ]
    if partition and (unlisted := [example.name for example in listed if not example.split]):
        logger.warning(
            "%s: partition.txt has no line `file 0`, `file 1` or `file 2` (train, val, test) for %d of %d pictures, "
            "among them %s; they are for training",
            *(folder, len(unlisted), len(listed), unlisted[0]),
        )
    examples = splits.complete(listed, str(folder))
    counts = Counter(example.split for example in examples)
    pairs = sum(example.sketch is not None for example in examples)
    logger.info(
        "%s: %s, %d photographs (%d with a drawn sketch): %s",
        folder,
        examples[0].kind,
        len(examples),
        pairs,
        ", ".join(f"{counts[split]} {split}" for split in splits.SPLITS),
    )
    return examples


def as_folders(given: str | Path | Sequence[str | Path]) -> tuple[str, ...]:
    """One folder, or several, as text.

    >>> as_folders("photos"), as_folders([Path("photos"), "demo:faces"])
    (('photos',), ('photos', 'demo:faces'))

    Raises:
        TypeError: It is something else.
        ValueError: A name is empty.
    """
    several = (given,) if isinstance(given, (str, Path)) or not isinstance(given, Iterable) else tuple(given)
    for one in several:
        if not isinstance(one, (str, Path)):
            raise TypeError(f"`data` must be a folder, or several. Received: {type(one).__name__} {one!r:.60}.")
        if one == "":  # which a path would take for the folder that one is in
            raise ValueError("`data` must be a folder. Received: an empty name. Give '.' for the folder you are in.")
    return tuple(map(str, several))


def find_all(folders: str | Path | Sequence[str | Path]) -> list[Example]:
    """Finds the examples of one folder, or of several, and mixes them.

    A person or building that is tested in one of them is trained on in none.

    Raises:
        ValueError: A folder is given twice; or as `find`.
    """
    folders = as_folders(folders)
    places = Counter(folder if folder in DEMOS else str(Path(folder).resolve()) for folder in folders)
    if twice := [place for place, count in places.items() if count > 1]:
        raise ValueError(
            f"A data set may be given once. Received: {', '.join(twice)} several times. Leave the others out."
        )
    if len(folders) < 2:
        return [example for folder in folders for example in find(folder)]
    found: list[Example] = []
    for place, folder in enumerate(folders):
        found += _apart(find(folder), place) if _is_namesake(folder, folders) else find(folder)
    return splits.complete(found, "+".join(folders))


def find_beside(folder: str | Path, folders: Sequence[str]) -> list[Example]:
    """Finds the examples of one more folder, or again of one of them, in which people are called as `find_all(folders)`
    calls them: who is in both is found by the name, and namesakes are not.
    """
    same = [place for place, one in enumerate(folders) if Path(one).resolve() == Path(folder).resolve()]
    place, together = (same[0], folders) if same else (len(folders), (*folders, str(folder)))
    found = find(folder)
    return _apart(found, place) if _is_namesake(str(folder), together) else found


def _is_namesake(folder: str, folders: Sequence[str]) -> bool:
    """Whether another of the folders is called the same, as many are called photos."""
    return sum(Path(one).resolve().name == Path(folder).resolve().name for one in folders) > 1


def _apart(examples: list[Example], place: int) -> list[Example]:
    """Tells the pictures of a folder from those of its namesake, where it is the folder's name that would."""
    return [
        dataclasses.replace(example, group=f"{place}/{example.group}") if example.kind in OWN else example
        for example in examples
    ]


def terms(examples: Sequence[Example]) -> list[str]:
    """The terms of use that come with the data, one for each set; none for pictures that sketchback drew."""
    return [
        f"{kind}: {TERMS.get(kind, 'as its owners allow')}"
        for kind in sorted({example.kind for example in examples if not is_demo(example)})
    ]


def _listed(partition: Mapping[str, str], example: Example) -> str:
    """The split that a list gives a picture by its path in the set, or by its name; empty where it gives none."""
    return splits.by_list(partition, example.name) or splits.by_list(partition, example.files[0].name)


def _readable(examples: list[Example]) -> list[Example]:
    """Leaves out what has no readable header; a file that breaks off later is found when it is decoded."""
    kept: list[Example] = []
    bad: list[str] = []
    for example in examples:
        try:
            for path in example.files:
                images.probe(path)
        except (ValueError, OSError) as error:
            bad.append(str(error))
        else:
            kept.append(example)
    warn_left_out("unreadable files", bad)
    return kept


def _demo(draw: Callable[[int], np.ndarray], count: int, kind: str) -> list[Example]:
    examples = [
        Example(f"{kind} {seed:04d}", partial(draw, seed), None, f"{kind}/{seed}", "", kind) for seed in range(count)
    ]
    return splits.complete(examples, kind)


DEMOS: dict[str, Callable[[], list[Example]]] = {
    "demo:faces": lambda: _demo(builtin.face, builtin.FACES, "demo faces"),
    "demo:buildings": lambda: _demo(builtin.building, builtin.BUILDINGS, "demo buildings"),
}
