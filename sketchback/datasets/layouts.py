"""Folders as data sets come -> examples: CelebA, LFW, CUFS, FS2K, ZuBuD, pairs, plain photographs.

`recognise` tries one layout after the other; which split an example is in is taken from the set's own lists, and left
open where there are none. `datasets.find` checks the files and completes the splits.
"""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from sketchback import images
from sketchback.datasets.examples import Example

logger = logging.getLogger(__name__)


def recognise(folder: Path) -> list[Example]:
    """The examples of a folder in the first layout that it fits; `split` is empty where no list and no folder says it.

    Raises:
        ValueError: Annotations cannot be read, or no two names of a folder of pairs agree.
    """
    for layout in (_celeba, _fs2k, _pairs, _zubud, _lfw):
        examples = layout(folder)
        if examples is not None:
            return examples
    return _photographs(folder)


# ---- the layouts, each returning None where it does not recognise its own


def _celeba(folder: Path) -> list[Example] | None:
    named = ("img_align_celeba", "img_celeba")
    root = folder.parent if folder.name in named else folder
    inside = [folder] if folder.name in named else [folder / name for name in named if (folder / name).is_dir()]
    if not inside:
        return None
    people = read_table(root / "identity_CelebA.txt")
    partition = read_table(root / "list_eval_partition.txt")
    return [
        Example(
            name=f"{files.name}/{path.name}",
            photo=path,
            group=f"celeba/{people.get(path.name, path.name)}",
            split=named_split(partition, path.name),
            kind="CelebA",
        )
        for files in inside
        for path in images.list_files(files)
    ]


def _fs2k(folder: Path) -> list[Example] | None:
    annotations = [(split, folder / f"anno_{split}.json") for split in ("train", "test")]
    if not all((folder / part).is_dir() for part in ("photo", "sketch")):
        return None
    if not any(path.is_file() for _, path in annotations):
        return None
    photos = {
        path.relative_to(folder / "photo").with_suffix("").as_posix(): path
        for path in images.list_files(folder / "photo")
    }
    sketches = {
        path.relative_to(folder / "sketch").with_suffix("").as_posix(): path
        for path in images.list_files(folder / "sketch")
    }
    examples: list[Example] = []
    missing: list[str] = []
    for split, path in annotations:
        for record in _read_annotations(path):
            name = str(record["image_name"])
            photo, sketch = (
                photos.pop(name, None),
                sketches.pop(name.replace("photo", "sketch").replace("image", "sketch"), None),
            )
            if photo is None or sketch is None:
                missing.append(name)
                continue
            label = f"style {record['style']}" if "style" in record else ""
            examples.append(Example(name, photo, sketch, f"fs2k/{name}", split, "FS2K", label))
    report("annotated pairs whose photograph or sketch is missing", missing)
    report("photographs without annotation", sorted(photos))
    report("sketches without annotation", sorted(sketches))
    return examples


# The short words count as whole words only: Caroline and Jacqueline are people.
PHOTO_FOLDERS = re.compile(r"photo|image|picture|building|colou?r|(?<![a-z])(real|face)s?(?![a-z])", re.IGNORECASE)
SKETCH_FOLDERS = re.compile(r"sketch|drawing|pencil|(?<![a-z])(line|edge|draft)(s|art|maps?)?(?![a-z])", re.IGNORECASE)
SPLIT_FOLDERS = {
    "train": "train",
    "training": "train",
    "val": "val",
    "valid": "val",
    "validation": "val",
    "test": "test",
    "testing": "test",
}


def _pairs(folder: Path) -> list[Example] | None:
    parts = {
        SPLIT_FOLDERS[child.name.lower()]: child for child in _folders(folder) if child.name.lower() in SPLIT_FOLDERS
    }
    places = [(split, _two_folders(child)) for split, child in parts.items()] if parts else [("", _two_folders(folder))]
    if not any(two for _, two in places):
        return None
    examples: list[Example] = []
    report(
        "parts without a folder of photographs and one of sketches",
        [str(parts[split]) for split, two in places if two is None],
    )
    for split, two in places:
        if two is None:
            continue
        photos, sketches = (_by_key(files) for files in two)
        kind = "CUFS" if any(CUFS_NAME.match(path.stem) for path in photos.values()) else "pairs"
        for key in sorted(photos.keys() & sketches.keys()):
            # CUFS's names are people; other names are often numbers that begin anew in every part.
            part = f"{split}/" if split and kind == "pairs" else ""
            group = f"{kind}/{folder.resolve().name}/{part}{key}"
            name = photos[key].relative_to(folder).as_posix()
            examples.append(Example(name, photos[key], sketches[key], group, split, kind))
        report("photographs without a sketch", [str(photos[key]) for key in sorted(photos.keys() - sketches.keys())])
        report("sketches without a photograph", [str(sketches[k]) for k in sorted(sketches.keys() - photos.keys())])
    if not examples:
        raise ValueError(
            "The sketches of a folder of pairs must be named like their photographs. "
            f"Received: {folder}, where no two names agree. Rename them alike (a.jpg and a.png will do)."
        )
    return examples


# Photographs f-005-01 and f1-001-01 have the sketches F2-005-01-sz1 (or f-005-01-sz1) and f1-001-01-sz1.
CUFS_NAME = re.compile(r"^([fm])(1?)2?-(\d+)-(\d+)(-sz\d+)?$", re.IGNORECASE)


def pair_key(stem: str) -> str:
    """What the names of a photograph and its sketch have in common, CUFS's own names included.

    >>> pair_key("f-005-01"), pair_key("F2-005-01-sz1"), pair_key("Anna")
    ('f-005-01', 'f-005-01', 'anna')
    """
    match = CUFS_NAME.match(stem)
    return f"{match[1]}{match[2]}-{match[3]}-{match[4]}".lower() if match else stem.lower()


def _by_key(folder: Path) -> dict[str, Path]:
    keyed: dict[str, Path] = {}
    doubles: list[str] = []
    for path in images.list_files(folder):
        # Folders inside the two must agree as well: 01/a.jpg is not 02/a.jpg.
        inner = path.relative_to(folder).parent.as_posix()
        key = f"{inner}/{pair_key(path.stem)}".removeprefix("./")
        if key in keyed:
            doubles.append(str(path))
        keyed.setdefault(key, path)
    report("files whose name, apart from the suffix, occurs before", doubles)
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


ZUBUD_NAME = re.compile(r"^(object\d+)\.view\d+$", re.IGNORECASE)
LFW_NAME = re.compile(r"^(.*\D)_\d{4}$")


def _zubud(folder: Path) -> list[Example] | None:
    return _by_name(folder, ZUBUD_NAME, "ZuBuD", lambda name: True)


def _lfw(folder: Path) -> list[Example] | None:
    # A name such as cmp_0001 reads like LFW's; but most of LFW's people have a first and a last name.
    listed = (folder / "partition.txt").exists() or (folder.parent / "partition.txt").exists()
    return None if listed else _by_name(folder, LFW_NAME, "LFW", lambda name: "_" in name)


def _by_name(folder: Path, pattern: re.Pattern[str], kind: str, typical: Callable[[str], bool]) -> list[Example] | None:
    files = images.list_files(folder)
    matches = {path: pattern.match(path.stem) for path in files}
    known = [path for path, match in matches.items() if match]
    if not files or sum(typical(matches[path][1]) for path in known) < 0.8 * len(files):
        return None
    report(f"files not named like those of {kind}", [str(path) for path in files if path not in set(known)])
    return [
        Example(
            name=path.relative_to(folder).as_posix(),
            photo=path,
            group=f"{kind}/{matches[path][1].lower()}",
            split=_folder_split(path, folder),
            kind=kind,
        )
        for path in known
    ]


def _photographs(folder: Path) -> list[Example]:
    return [
        Example(
            name=path.relative_to(folder).as_posix(),
            photo=path,
            group=f"{folder.resolve().name}/{path.relative_to(folder).with_suffix('').as_posix()}",
            split=_folder_split(path, folder),
            kind="photographs",
        )
        for path in images.list_files(folder)
    ]


# ---- lists


def read_table(path: Path) -> dict[str, str]:
    """Reads lines `file value`; other lines (CelebA's files may begin with a count) are left out."""
    if not path.is_file():
        return {}
    rows = (row.split() for row in path.read_text(encoding="utf-8", errors="replace").splitlines())
    return {row[0]: row[1] for row in rows if len(row) == 2}


def _read_annotations(path: Path) -> list[dict]:
    if not path.is_file():
        return []
    try:
        records = json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as error:
        raise ValueError(f"Annotations must be JSON. Received: {path}, {error}. Download it again.") from None
    if not isinstance(records, list) or not all(isinstance(one, dict) and "image_name" in one for one in records):
        raise ValueError(
            f"Annotations must be a list of records with an `image_name`. Received: {path} without. Download it again."
        )
    return records


def named_split(partition: dict[str, str], file_name: str) -> str:
    return {"0": "train", "1": "val", "2": "test"}.get(partition.get(file_name, ""), "")


def _folder_split(path: Path, folder: Path) -> str:
    return SPLIT_FOLDERS.get(path.relative_to(folder).parts[0].lower(), "")


def report(what: str, names: Sequence[str], shown: int = 5) -> None:
    if names:
        more = f" and {len(names) - shown} more" if len(names) > shown else ""
        logger.warning("left out %d %s: %s%s", len(names), what, "; ".join(names[:shown]), more)
