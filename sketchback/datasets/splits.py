"""Splits by person or building: nobody who is tested is trained on."""

from __future__ import annotations

import dataclasses
import hashlib
import logging
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path

from sketchback.datasets.examples import Example

logger = logging.getLogger(__name__)

SPLITS = ("train", "val", "test")
VALIDATION_SHARE = 0.1


def subset(examples: Iterable[Example], split: str) -> list[Example]:
    """Returns the examples of one split, `"train"`, `"val"`, `"test"`, or of all with `"all"`."""
    if split not in (*SPLITS, "all"):
        raise ValueError(f"`split` must be one of {', '.join(SPLITS)}, all. Received: {split!r}.")
    return [example for example in examples if split in ("all", example.split)]


def complete(examples: list[Example], folder: Path) -> list[Example]:
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
        logger.warning(
            "%s: %d people or buildings stand in several parts of its list; each is kept in the part "
            "farthest from training: %s",
            folder,
            len(torn),
            ", ".join(torn[:5]),
        )
    if unlisted:
        by_group = _sample_part(by_group, "test")
    if "val" not in by_group.values():
        by_group = _sample_part(by_group, "val")
    return [dataclasses.replace(example, split=by_group[example.group]) for example in examples]


def _sample_part(by_group: dict[str, str], part: str) -> dict[str, str]:
    """Moves 10 % of the training groups to another part by hash; at least one where there are two."""
    numbers = {
        group: int(hashlib.sha256(f"{part}/{group}".encode()).hexdigest()[:8], 16) / 2**32
        for group, split in by_group.items()
        if split == "train"
    }
    if len(numbers) < 2:
        return by_group
    drawn = {group for group, number in numbers.items() if number < VALIDATION_SHARE}
    drawn = drawn or {min(numbers, key=numbers.__getitem__)}
    drawn = drawn if len(drawn) < len(numbers) else drawn - {min(numbers)}
    return {group: part if group in drawn else split for group, split in by_group.items()}
