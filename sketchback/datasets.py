"""Folders of photographs and drawings -> lists of examples, split by person or building.

`find` recognises a folder by its layout, without being told: CelebA, LFW, CUFS, FS2K, ZuBuD, any folder with a
`partition.txt`, any two folders of pairs, any folder of photographs. What cannot be used is counted and named.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import logging
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from pathlib import Path

import numpy as np

from . import demo, images

SPLITS = ("train", "val", "test")
VALIDATION_SHARE = 0.1
UNREAD = (".heic", ".heif", ".avif", ".jp2", ".psd", ".svg", ".dng", ".cr2", ".nef", ".arw")
TERMS = {
    "CelebA": "non-commercial research use only",
    "CUFS": "research use only",
    "FS2K": "research use only",
    "LFW": "research use",
    "ZuBuD": "research use",
}

logger = logging.getLogger(__name__)

Source = Path | Callable[[], np.ndarray]


@dataclasses.dataclass(frozen=True)
class Example:
    """A photograph and, where somebody drew it by hand, its sketch.

    `group` is the person or building: no group is in two splits. `kind` names the data set, `label` a subset of it
    whose scores are reported apart (the drawing style of FS2K). The photograph of a built-in set is a function.
    """

    name: str
    photo: Source
    sketch: Path | None = None
    group: str = ""
    split: str = "train"
    kind: str = ""
    label: str = ""

    def read_photo(self) -> np.ndarray:
        """Reads the photograph: `(H, W, 3)` float32 RGB in [0, 1], at its own size."""
        return self.photo() if callable(self.photo) else images.read(self.photo)

    def read_sketch(self) -> np.ndarray | None:
        """Reads the drawn sketch: `(H, W, 1)` float32 in [0, 1] at its own size, or None where there is none."""
        return None if self.sketch is None else images.read(self.sketch, channels=1)


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
    for recognise in (_celeba, _fs2k, _pairs, _zubud, _lfw, _photographs):
        examples = recognise(folder)
        if examples is not None:
            break
    found = len(examples)
    _report("files of kinds that are not read", [str(path) for path in sorted(folder.rglob("*"))
                                                 if path.suffix.lower() in UNREAD])  # fmt: skip
    examples = _readable(examples)
    if not examples:
        raise ValueError(
            f"A data set must hold at least one readable image. Received: {folder} with {found} image files, "
            "none of them readable. data/README.md lists the shapes that are recognised."
        )
    partition = _read_table(folder / "partition.txt") or _read_table(folder.parent / "partition.txt")
    listed = [dataclasses.replace(example, split=_named_split(partition, example.photo.name) or example.split)
              for example in sorted(examples, key=lambda example: example.name)]  # fmt: skip
    examples = _split(listed, folder)
    counts = Counter(example.split for example in examples)
    pairs = sum(example.sketch is not None for example in examples)
    logger.info(
        "%s: %s, %d photographs (%d with a drawn sketch): %s",
        folder, examples[0].kind, len(examples), pairs,
        ", ".join(f"{counts[split]} {split}" for split in SPLITS),
    )  # fmt: skip
    return examples


def find_all(folders: Sequence[str | Path]) -> list[Example]:
    """Finds the examples of several folders and mixes them.

    Somebody who is tested in one of them is trained on in none.
    """
    examples = [example for folder in folders for example in find(folder)]
    return examples if len(folders) < 2 else _split(examples, Path("+".join(str(folder) for folder in folders)))


def subset(examples: Iterable[Example], split: str) -> list[Example]:
    """Returns the examples of one split, `"train"`, `"val"`, `"test"`, or of all with `"all"`."""
    if split not in (*SPLITS, "all"):
        raise ValueError(f"`split` must be one of {', '.join(SPLITS)}, all. Received: {split!r}.")
    return [example for example in examples if split in ("all", example.split)]


def terms(examples: Sequence[Example]) -> list[str]:
    """The terms of use that come with the data, one for each set; none for pictures that sketchback drew."""
    return [f"{kind}: {TERMS.get(kind, 'as its owners allow')}"
            for kind in sorted({example.kind for example in examples if not is_demo(example)})]  # fmt: skip


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


# ---- the layouts, each returning None where it does not recognise its own


def _celeba(folder: Path) -> list[Example] | None:
    named = ("img_align_celeba", "img_celeba")
    root = folder.parent if folder.name in named else folder
    inside = [folder] if folder.name in named else [folder / name for name in named if (folder / name).is_dir()]
    if not inside:
        return None
    people = _read_table(root / "identity_CelebA.txt")
    partition = _read_table(root / "list_eval_partition.txt")
    return [
        Example(
            name=f"{files.name}/{path.name}",
            photo=path,
            group=f"celeba/{people.get(path.name, path.name)}",
            split=_named_split(partition, path.name),
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
    photos = {path.relative_to(folder / "photo").with_suffix("").as_posix(): path
              for path in images.list_files(folder / "photo")}  # fmt: skip
    sketches = {path.relative_to(folder / "sketch").with_suffix("").as_posix(): path
                for path in images.list_files(folder / "sketch")}  # fmt: skip
    examples: list[Example] = []
    missing: list[str] = []
    for split, path in annotations:
        for record in _read_annotations(path):
            name = str(record["image_name"])
            photo, sketch = photos.pop(name, None), sketches.pop(name.replace("photo", "sketch").replace(
                "image", "sketch"), None)  # fmt: skip
            if photo is None or sketch is None:
                missing.append(name)
                continue
            label = f"style {record['style']}" if "style" in record else ""
            examples.append(Example(name, photo, sketch, f"fs2k/{name}", split, "FS2K", label))
    _report("annotated pairs whose photograph or sketch is missing", missing)
    _report("photographs without annotation", sorted(photos))
    _report("sketches without annotation", sorted(sketches))
    return examples


# The short words count as whole words only: Caroline and Jacqueline are people.
PHOTO_FOLDERS = re.compile(r"photo|image|picture|building|colou?r|(?<![a-z])(real|face)s?(?![a-z])", re.IGNORECASE)
SKETCH_FOLDERS = re.compile(r"sketch|drawing|pencil|(?<![a-z])(line|edge|draft)(s|art|maps?)?(?![a-z])", re.IGNORECASE)
SPLIT_FOLDERS = {"train": "train", "training": "train", "val": "val", "valid": "val", "validation": "val",
                 "test": "test", "testing": "test"}  # fmt: skip


def _pairs(folder: Path) -> list[Example] | None:
    parts = {SPLIT_FOLDERS[child.name.lower()]: child for child in _folders(folder)
             if child.name.lower() in SPLIT_FOLDERS}  # fmt: skip
    places = [(split, _two_folders(child)) for split, child in parts.items()] if parts else [
        ("", _two_folders(folder))]  # fmt: skip
    if not any(two for _, two in places):
        return None
    examples: list[Example] = []
    _report("parts without a folder of photographs and one of sketches",
            [str(parts[split]) for split, two in places if two is None])  # fmt: skip
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
        _report("photographs without a sketch", [str(photos[key]) for key in sorted(photos.keys() - sketches.keys())])
        _report("sketches without a photograph", [str(sketches[k]) for k in sorted(sketches.keys() - photos.keys())])
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
    _report("files whose name, apart from the suffix, occurs before", doubles)
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
    logger.warning("%s holds two folders of equal names: %s are taken for the photographs and %s for the sketches, "
                   "by their colours.", folder, first.name, second.name)  # fmt: skip
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


def _by_name(
    folder: Path, pattern: re.Pattern[str], kind: str, typical: Callable[[str], bool]
) -> list[Example] | None:
    files = images.list_files(folder)
    matches = {path: pattern.match(path.stem) for path in files}
    known = [path for path, match in matches.items() if match]
    if not files or sum(typical(matches[path][1]) for path in known) < 0.8 * len(files):
        return None
    _report(f"files not named like those of {kind}", [str(path) for path in files if path not in set(known)])
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


def _photographs(folder: Path) -> list[Example] | None:
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


# ---- reading lists, checking files, splitting


def _read_table(path: Path) -> dict[str, str]:
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


def _named_split(partition: dict[str, str], file_name: str) -> str:
    return {"0": "train", "1": "val", "2": "test"}.get(partition.get(file_name, ""), "")


def _folder_split(path: Path, folder: Path) -> str:
    return SPLIT_FOLDERS.get(path.relative_to(folder).parts[0].lower(), "")


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
    _report("unreadable files", bad)
    return kept


def _report(what: str, names: Sequence[str], shown: int = 5) -> None:
    if names:
        more = f" and {len(names) - shown} more" if len(names) > shown else ""
        logger.warning("left out %d %s: %s%s", len(names), what, "; ".join(names[:shown]), more)


def _split(examples: list[Example], folder: Path) -> list[Example]:
    """Completes the splits by group: what the lists leave open is drawn by hash, so it never changes."""
    members: dict[str, list[Example]] = defaultdict(list)
    for example in examples:
        members[example.group].append(example)
    unlisted = not any(example.split for example in examples)
    by_group: dict[str, str] = {}
    torn: list[str] = []
    for group, own in members.items():
        splits = {example.split for example in own} - {""}
        if len(splits) > 1:
            torn.append(group)
        # Whoever is in the test part anywhere is tested everywhere: training must not have seen them.
        by_group[group] = next((split for split in ("test", "val", "train") if split in splits), "train")
    if torn:
        logger.warning("%s: %d people or buildings stand in several parts of its list; each is kept in the part "
                       "farthest from training: %s", folder, len(torn), ", ".join(torn[:5]))  # fmt: skip
    if unlisted:
        by_group = _draw_part(by_group, "test")
    if "val" not in by_group.values():
        by_group = _draw_part(by_group, "val")
    return [dataclasses.replace(example, split=by_group[example.group]) for example in examples]


def _draw_part(by_group: dict[str, str], part: str) -> dict[str, str]:
    """Moves 10 % of the training groups to another part by hash; at least one where there are two."""
    numbers = {group: int(hashlib.sha256(f"{part}/{group}".encode()).hexdigest()[:8], 16) / 2**32
               for group, split in by_group.items() if split == "train"}  # fmt: skip
    if len(numbers) < 2:
        return by_group
    drawn = {group for group, number in numbers.items() if number < VALIDATION_SHARE}
    drawn = drawn or {min(numbers, key=numbers.__getitem__)}
    drawn = drawn if len(drawn) < len(numbers) else drawn - {min(numbers)}
    return {group: part if group in drawn else split for group, split in by_group.items()}


# ---- built in


def _demo(draw: Callable[[int], np.ndarray], count: int, kind: str) -> list[Example]:
    examples = [Example(f"{kind} {seed:04d}", partial(draw, seed), None, f"{kind}/{seed}", "", kind)
                for seed in range(count)]  # fmt: skip
    return _split(examples, Path(kind))


DEMOS: dict[str, Callable[[], list[Example]]] = {
    "demo:faces": lambda: _demo(demo.face, demo.FACES, "demo faces"),
    "demo:buildings": lambda: _demo(demo.building, demo.BUILDINGS, "demo buildings"),
}
