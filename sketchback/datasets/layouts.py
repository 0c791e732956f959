"""Folders as data sets come -> examples: CelebA, FS2K, pairs (CUFS, XM2VTS), MEBeauty, UTKFace, ZuBuD, LFW, any other.

`recognise` tries one layout after the other. The split of an example is taken from the set's own lists or folders, and
left empty where there are none; `sources.find` checks the files and completes the splits.
"""

from __future__ import annotations

import json
import logging
import re
from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from sketchback import images
from sketchback.datasets import pairs, splits
from sketchback.datasets.examples import Example, warn_left_out

logger = logging.getLogger(__name__)

ZUBUD_NAME = re.compile(r"^(object\d+)\.view\d+$", re.IGNORECASE)
LFW_NAME = re.compile(r"^(.*\D)_\d{4}$")
MEBEAUTY_NAME = re.compile(r"^((female|male)_(asian|black|caucasian|hispanic|indian|mideastern)_\d+)$", re.IGNORECASE)
# Age, gender, race, date and time; the set's own files end in .jpg.chip.jpg.
UTKFACE_NAME = re.compile(r"^((\d{1,3})_([01])_([0-4])_\d{14,17})(?:\.jpg\.chip)?$", re.IGNORECASE)
UTKFACE_RACES = ("white", "black", "asian", "indian", "other")
KIND = re.compile(r"[-_ .](photo|image|real|colou?r|sketch|drawing|pencil|edges?|lines?)\w*$")  # at the end of a name
AGES = {12: "child", 35: "young", 59: "middle-aged", 999: "old"}  # up to this age


def recognise(folder: Path) -> list[Example]:
    """The examples of a folder in the first layout that it fits; `split` is empty where no list and no folder says it.

    Raises:
        ValueError: Annotations cannot be read, or no two names of a folder of pairs agree.
    """
    for layout in (_celeba, _fs2k, pairs.find, _mebeauty, _utkface, _zubud, _lfw):
        examples = layout(folder)
        if examples is not None:
            return examples
    return _photographs(folder)


def partition(folder: Path) -> dict[str, str]:
    """The lines `file 0/1/2` of the `partition.txt` in a folder or beside it, which any set may have."""
    return splits.read_table(folder / "partition.txt") or splits.read_table(folder.parent / "partition.txt")


# ---- the layouts, each None where a folder is not of its kind


def _celeba(folder: Path) -> list[Example] | None:
    named = ("img_align_celeba", "img_celeba")
    root = folder.parent if folder.name in named else folder
    inside = [folder] if folder.name in named else [folder / name for name in named if (folder / name).is_dir()]
    if not inside:
        return None
    people = _by_stem(splits.read_table(root / "identity_CelebA.txt"))
    listed = _by_stem(
        splits.read_table(root / "list_eval_partition.txt") or splits.read_table(root / "list_eval_partition.csv")
    )
    if not people and not listed:
        logger.warning(
            "%s lacks identity_CelebA.txt and list_eval_partition: a person may be in training and in the test", root
        )
    return [
        Example(
            name=f"{files.name}/{path.name}",
            photo=path,
            group=f"celeba/{people.get(path.stem, path.name)}",
            split=splits.by_list(listed, path.stem),
            kind="CelebA",
        )
        for files in inside
        for path in images.list_files(files)
    ]


def _by_stem(table: Mapping[str, str]) -> dict[str, str]:
    """A table of files without their suffixes: the set is handed on as PNG too, with lists that name JPEG."""
    return {Path(name).stem: value for name, value in table.items()}


def _fs2k(folder: Path) -> list[Example] | None:
    annotations = [(split, folder / f"anno_{split}.json") for split in ("train", "test")]
    if not all((folder / part).is_dir() for part in ("photo", "sketch")):
        return None
    if not any(path.is_file() for _, path in annotations):
        return None
    photos, sketches = (
        {path.relative_to(root).with_suffix("").as_posix(): path for path in images.list_files(root)}
        for root in (folder / "photo", folder / "sketch")
    )
    examples: list[Example] = []
    missing: list[str] = []
    for split, path in annotations:
        for record in _read_annotations(path):
            name = str(record["image_name"])
            photo = photos.pop(name, None)
            sketch = sketches.pop(name.replace("photo", "sketch").replace("image", "sketch"), None)
            if photo is None or sketch is None:
                missing.append(name)
                continue
            label = f"style {record['style']}" if "style" in record else ""
            examples.append(Example(name, photo, sketch, f"fs2k/{name}", split, "FS2K", label))
    warn_left_out("annotated pairs whose photograph or sketch is missing", missing)
    warn_left_out("photographs without annotation", sorted(photos))
    warn_left_out("sketches without annotation", sorted(sketches))
    return examples


def _read_annotations(path: Path) -> list[dict[str, Any]]:
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


def _mebeauty(folder: Path) -> list[Example] | None:
    return _by_name(folder, MEBEAUTY_NAME, "MEBeauty", traits=lambda name: (name[3].lower(), name[2].lower()))


def _utkface(folder: Path) -> list[Example] | None:
    return _by_name(folder, UTKFACE_NAME, "UTKFace", traits=_utkface_traits)


def _utkface_traits(name: re.Match[str]) -> tuple[str, ...]:
    age = next(band for oldest, band in AGES.items() if int(name[2]) <= oldest)
    return UTKFACE_RACES[int(name[4])], ("male", "female")[int(name[3])], age


def _zubud(folder: Path) -> list[Example] | None:
    return _by_name(folder, ZUBUD_NAME, "ZuBuD")


def _lfw(folder: Path) -> list[Example] | None:
    # Names such as cmp_0001 and Trip_Rome_0001 read like LFW's; but most of LFW's people have a first and a last name,
    # and few pictures each.
    listed = (folder / "partition.txt").exists() or (folder.parent / "partition.txt").exists()
    return None if listed else _by_name(folder, LFW_NAME, "LFW", typical=lambda name: "_" in name[1], people=0.2)


def _by_name(
    folder: Path,
    pattern: re.Pattern[str],
    kind: str,
    *,
    typical: Callable[[re.Match[str]], bool] = bool,
    people: float = 0.0,
    traits: Callable[[re.Match[str]], tuple[str, ...]] = lambda name: (),
) -> list[Example] | None:
    """Photographs whose names begin with a person or building, if most of the folder's names do.

    Args:
        folder: Searched with its subfolders.
        pattern: Of the names without suffix; its first group is the person or building.
        kind: What the set is called.
        typical: Which of the matching names speak for this set.
        people: How many persons or buildings there must be for each of them.
        traits: What a name says of the person; the first becomes the label.
    """
    files = images.list_files(folder)
    names = {path: match for path in files if (match := pattern.match(path.stem))}
    if not files or sum(map(typical, names.values())) < 0.8 * len(files):
        return None
    if len({match[1].lower() for match in names.values()}) <= people * len(names):
        return None
    warn_left_out(f"files not named like those of {kind}", [path for path in files if path not in names])
    return [
        Example(
            name=path.relative_to(folder).as_posix(),
            photo=path,
            group=f"{kind}/{name[1].lower()}",
            split=splits.by_folder(path, folder),
            kind=kind,
            label="".join(traits(name)[:1]),
            traits=traits(name),
        )
        for path, name in names.items()
    ]


def _photographs(folder: Path) -> list[Example]:
    files = images.list_files(folder)
    below = [(splits.by_folder(path, folder), path.relative_to(folder)) for path in files]
    parts = {path.parts[0] for split, path in below if len(path.parts) > 1 and not split}
    stems = Counter((split, KIND.sub("", path.stem.lower())) for split, path in below)
    paired = sum(count for count in stems.values() if count in (2, 3))
    if len(parts) <= 3 and paired > 0.6 * len(files):
        logger.warning(
            "%s: %d of %d pictures share their name with another, and all are taken for photographs. If some are "
            "drawings of the others, lay them out as data/README.md says of your pairs",
            *(folder, paired, len(files)),
        )
    return [
        Example(
            name=path.relative_to(folder).as_posix(),
            photo=path,
            group=f"{folder.resolve().name}/{path.relative_to(folder).with_suffix('').as_posix()}",
            split=splits.by_folder(path, folder),
            kind="photographs",
        )
        for path in files
    ]
