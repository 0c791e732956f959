"""Folders of photographs and drawings -> lists of examples, split by person or building.

`find` recognises a folder by its layout (see `folders`), without being told: CelebA, LFW, CUFS, FS2K, ZuBuD, any folder
with a `partition.txt`, any two folders of pairs, any folder of photographs. What cannot be used is counted and named.
"""

from __future__ import annotations

import dataclasses
import hashlib
import logging
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from pathlib import Path

import numpy as np

from . import demo, images
from .folders import Example, named_split, read_table, recognise, report

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
    report("files of kinds that are not read", [str(path) for path in sorted(folder.rglob("*"))
                                                 if path.suffix.lower() in UNREAD])  # fmt: skip
    examples = _readable(examples)
    if not examples:
        raise ValueError(
            f"A data set must hold at least one readable image. Received: {folder} with {found} image files, "
            "none of them readable. data/README.md lists the shapes that are recognised."
        )
    partition = read_table(folder / "partition.txt") or read_table(folder.parent / "partition.txt")
    listed = [dataclasses.replace(example, split=named_split(partition, example.photo.name) or example.split)
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
