"""Splits by person or building: nobody who is tested is trained on."""

from __future__ import annotations

import codecs
import dataclasses
import hashlib
import logging
import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Mapping
from pathlib import Path

from sketchback.datasets.examples import Example

logger = logging.getLogger(__name__)

SPLITS = ("train", "val", "test")
ROW = re.compile(r"\s*(\S.*?)[\s,]+([^\s,]+)\s*")  # of a list: a file, and what is said of it
HELD_OUT = 0.1  # the share of training groups that becomes the validation split, or the test split, that a set lacks
FOLDERS = {
    "train": "train",
    "training": "train",
    "val": "val",
    "valid": "val",
    "validation": "val",
    "test": "test",
    "testing": "test",
}


def check_split(split: str) -> None:
    """Refuses what is no split, and is not `"all"`."""
    if split not in (*SPLITS, "all"):
        raise ValueError(f"`split` must be one of {', '.join(SPLITS)}, all. Received: {split!r}.")


def subset(examples: Iterable[Example], split: str) -> list[Example]:
    """Returns the examples of one split, `"train"`, `"val"`, `"test"`, or of all with `"all"`."""
    check_split(split)
    return [example for example in examples if split in ("all", example.split)]


# ---- what a set says about its splits


def read_table(path: Path) -> dict[str, str]:
    """Reads lines `file value` or `file,value`; names may hold spaces. Other lines (CelebA's count) are left out."""
    if not path.is_file():
        return {}
    data = path.read_bytes()
    encoding = "utf-16" if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) else "utf-8-sig"
    rows = map(ROW.fullmatch, plain(data.decode(encoding, errors="replace")).splitlines())
    return {row[1]: row[2] for row in rows if row}


def plain(name: str) -> str:
    """A name as most systems write it; some (macOS) take accents and letters apart."""
    return unicodedata.normalize("NFC", name)


def by_list(partition: Mapping[str, str], file_name: str) -> str:
    """The split of a file in a list `file 0/1/2`, as CelebA has it, or `file train`; empty where it says none."""
    said = partition.get(plain(file_name), "").lower()
    return FOLDERS.get(said) or dict(zip("012", SPLITS, strict=True)).get(said, "")


def by_folder(path: Path, root: Path) -> str:
    """The split that the first folder below `root` is named after; empty where it is not."""
    return FOLDERS.get(path.relative_to(root).parts[0].lower(), "")


# ---- what it leaves open


def complete(examples: list[Example], name: str) -> list[Example]:
    """Gives every example a split, the same for all examples of a group.

    A group that is in several splits is kept in the one farthest from training. A set without any split gets a test
    split, and a set without a validation split gets one: 10 % of the training groups each, chosen by a hash of the
    group's name, so that in a set of some 50 groups and more the choice stays when others are added.

    Args:
        examples: With an empty `split` where it is open.
        name: What the log calls the set.

    Returns:
        The examples in the same order.
    """
    given: dict[str, set[str]] = defaultdict(set)
    for example in examples:
        given[example.group].update({example.split} - {""})
    torn = [group for group, splits in given.items() if len(splits) > 1]
    if torn:
        logger.warning(
            "%s: %d people or buildings are in several splits; each is kept in the one farthest from training: %s",
            name,
            len(torn),
            ", ".join(torn[:5]),
        )
    by_group = {
        group: next((split for split in ("test", "val", "train") if split in splits), "train")
        for group, splits in given.items()
    }
    if not any(given.values()):
        by_group = _hold_out(by_group, "test")
    if "val" not in by_group.values():
        by_group = _hold_out(by_group, "val")
    return [dataclasses.replace(example, split=by_group[example.group]) for example in examples]


def _hold_out(by_group: dict[str, str], split: str) -> dict[str, str]:
    """Moves 10 % of the training groups to another split; of two groups or more at least one, and never all."""
    numbers = {
        group: int(hashlib.sha256(f"{split}/{group}".encode()).hexdigest()[:8], 16) / 2**32
        for group, own in by_group.items()
        if own == "train"
    }
    if len(numbers) < 2:
        return by_group
    chosen = {group for group, number in numbers.items() if number < HELD_OUT}
    chosen = chosen or {min(numbers, key=numbers.__getitem__)}
    chosen = chosen if len(chosen) < len(numbers) else chosen - {min(numbers)}
    return {group: split if group in chosen else own for group, own in by_group.items()}
