"""Folders of pairs -> examples: photographs in one folder, sketches in another, named alike; also CUFS and XM2VTS."""

from __future__ import annotations

import logging
import re
from pathlib import Path

import numpy as np

from sketchback import images
from sketchback.datasets import splits
from sketchback.datasets.examples import Example, warn_left_out

logger = logging.getLogger(__name__)

# The short words count as whole words only: Caroline and Jacqueline are people.
PHOTO_FOLDERS = re.compile(r"photo|image|picture|building|colou?r|(?<![a-z])(real|face)s?(?![a-z])", re.IGNORECASE)
SKETCH_FOLDERS = re.compile(r"sketch|drawing|pencil|(?<![a-z])(line|edge|draft)(s|art|maps?)?(?![a-z])", re.IGNORECASE)
# Photographs f-005-01 and f1-001-01 have the sketches F2-005-01-sz1 (or f-005-01-sz1) and f1-001-01-sz1.
CUFS_NAME = re.compile(r"^([fm])(1?)2?-(\d+)-(\d+)(-sz\d+)?$", re.IGNORECASE)


def find(folder: Path) -> list[Example] | None:
    """The pairs below a folder, or below its folders `train`, `val` and `test`; None where there are no two folders.

    Raises:
        ValueError: There are two folders, but no two names in them agree.
    """
    below = [(child.name.lower(), child) for child in _folders(folder)]
    named = [(splits.FOLDERS[name], child) for name, child in below if name in splits.FOLDERS]
    others = [child for name, child in below if name not in splits.FOLDERS]
    has_own = all(any(words.search(child.name) for child in others) for words in (PHOTO_FOLDERS, SKETCH_FOLDERS))
    roots = [*named, *([("", folder)] if has_own or not named else [])]
    parts = [(split, root, _two_folders(root)) for split, root in roots]
    found = [(split, root, two) for split, root, two in parts if two is not None]
    if not found:
        return None
    warn_left_out(
        "parts without a folder of photographs and one of sketches",
        [root for _, root, two in parts if two is None],
    )
    examples: list[Example] = []
    for split, root, two in found:
        photos, sketches = (_by_key(files) for files in two)
        kind = _kind(folder, photos)
        for key in sorted(photos.keys() & sketches.keys()):
            # CUFS's and XM2VTS's names are people; other names are often numbers that begin anew in every part.
            part = f"{root.name}/" if split and kind == "pairs" else ""
            group = f"{kind}/{folder.resolve().name}/{part}{key}"
            name = photos[key].relative_to(folder).as_posix()
            examples.append(Example(name, photos[key], sketches[key], group, split, kind))
        warn_left_out("photographs without a sketch", [photos[key] for key in sorted(photos.keys() - sketches.keys())])
        warn_left_out("sketches without a photograph", [sketches[k] for k in sorted(sketches.keys() - photos.keys())])
    if not examples:
        raise ValueError(
            "The sketches of a folder of pairs must be named like their photographs. "
            f"Received: {folder}, where no two names agree. Rename them alike (a.jpg and a.png will do)."
        )
    return examples


def _kind(folder: Path, photos: dict[str, Path]) -> str:
    if sum(CUFS_NAME.match(path.stem) is not None for path in photos.values()) > len(photos) / 2:
        return "CUFS"
    # XM2VTS numbers its people, as everybody's pairs may be numbered: only the name of the folder tells.
    return "XM2VTS" if "xm2vts" in folder.resolve().name.lower() else "pairs"


def pair_key(stem: str) -> str:
    """What the names of a photograph and its sketch have in common, CUFS's own names included.

    >>> pair_key("f-005-01"), pair_key("F2-005-01-sz1"), pair_key("Anna")
    ('f-005-01', 'f-005-01', 'anna')
    """
    match = CUFS_NAME.match(stem := splits.plain(stem))
    return f"{match[1]}{match[2]}-{match[3]}-{match[4]}".lower() if match else stem.lower()


def _by_key(folder: Path) -> dict[str, Path]:
    keyed: dict[str, Path] = {}
    doubles: list[Path] = []
    for path in images.list_files(folder):
        # Folders inside the two must agree as well: 01/a.jpg is not 02/a.jpg.
        inner = path.relative_to(folder).parent.as_posix()
        key = f"{inner}/{pair_key(path.stem)}".removeprefix("./")
        if key in keyed:
            doubles.append(path)
        keyed.setdefault(key, path)
    warn_left_out("files whose name, apart from the suffix, occurs before", doubles)
    return keyed


def _folders(folder: Path) -> list[Path]:
    return sorted(child for child in folder.iterdir() if child.is_dir() and not child.name.startswith((".", "__")))


def _two_folders(folder: Path) -> tuple[Path, Path] | None:
    """The folder of photographs and the folder of sketches among the children, or None."""
    children = _folders(folder)
    sketches = [child for child in children if SKETCH_FOLDERS.search(child.name)]
    photos = [child for child in children if child not in sketches and PHOTO_FOLDERS.search(child.name)]
    if len(sketches) == 1 and len(photos) == 1:
        return photos[0], sketches[0]
    if len(children) != 2 or len(sketches) > 1:
        return None
    if len(sketches) == 1:
        return next(child for child in children if child not in sketches), sketches[0]
    # Two folders whose names say nothing: pairs if most names agree; the drawings are the less colourful ones.
    keys = [set(_by_key(child)) for child in children]
    if len(keys[0] & keys[1]) < 0.5 * max(len(keys[0]), len(keys[1]), 1):
        return None
    first, second = sorted(children, key=_colourfulness, reverse=True)
    logger.warning(
        "%s holds two folders of equal names: %s are taken for the photographs and %s for the sketches, "
        "by their colours.",
        folder,
        first.name,
        second.name,
    )
    return first, second


def _colourfulness(folder: Path) -> float:
    values = []
    for path in images.list_files(folder)[:8]:
        try:
            values.append(float(np.ptp(images.read(path), axis=-1).mean()))
        except (ValueError, OSError):
            continue
    return float(np.mean(values)) if values else 0.0
