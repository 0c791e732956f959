"""Small data sets on disk, and what must hold of any: for the tests of `datasets`."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path

import numpy as np

from sketchback import datasets, images


def put(path: Path, value: float | tuple[float, float, float] = 0.5, size: tuple[int, int] = (20, 16)) -> Path:
    """Writes a small image of one colour."""
    return images.write(path, np.broadcast_to(np.float32(value), (*size, 3)))


def splits(examples: list[datasets.Example]) -> dict[str, str]:
    return {example.name: example.split for example in examples}


def assert_apart(examples: list[datasets.Example]) -> None:
    """No person or building is in two splits."""
    seen: dict[str, set[str]] = defaultdict(set)
    for example in examples:
        assert example.group and example.split in datasets.SPLITS
        seen[example.group].add(example.split)
    assert all(len(own) == 1 for own in seen.values())
