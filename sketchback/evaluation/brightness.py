"""How much lighter or darker faces are made than they are, and whom that happens to.

A drawing does not hold how bright a photograph was, and a generator that is not told answers with the mean: dark faces
become lighter and light ones darker. The mean over all pictures hides it; the darkest third and the groups show it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypedDict

import numpy as np

from sketchback import images

STEPS = 255.0
THIRDS = ("darkest third", "middle third", "lightest third")


class Brightness(TypedDict):
    """Means over pictures, in steps of 1/255; `signed` is made minus truth, `absolute` the mean of its size."""

    images: int
    truth: float
    made: float
    signed: float
    absolute: float


def middle(photo: np.ndarray) -> float:
    """The mean luminance of the middle third of the rows and columns, where the face is, in steps of 1/255.

    It holds skin and light together, which a photograph does not part.

    Args:
        photo: `(H, W, 3)` or `(H, W, 1)` in [0, 1]; each side at least 3.

    >>> middle(np.full((9, 9, 3), 0.2, np.float32))
    51.0
    """
    height, width = photo.shape[:2]
    part = photo[height // 3 : height - height // 3, width // 3 : width - width // 3]
    return round(STEPS * float(images.to_gray(part).mean(dtype=np.float64)), 3)


def by_group(
    truth: Sequence[float], made: Sequence[float], groups: Sequence[Sequence[str]] = ()
) -> dict[str, Brightness]:
    """Compares all pictures, their thirds by the brightness of the photograph, and each group.

    Args:
        truth: `middle` of each photograph.
        made: `middle` of what was made of their sketches, in the same order.
        groups: The names of the groups that each picture belongs to; empty names are left out.

    Returns:
        `all`, `darkest third`, `middle third`, `lightest third` (where there are three pictures or more), and the
        groups, sorted. Empty where there is no picture.
    """

    def compare(own: list[int]) -> Brightness:
        true, got = (np.array([values[k] for k in own], np.float64) for values in (truth, made))
        return {
            "images": len(own),
            "truth": float(true.mean()),
            "made": float(got.mean()),
            "signed": float((got - true).mean()),
            "absolute": float(np.abs(got - true).mean()),
        }

    return {name: compare(own) for name, own in members(truth, groups).items()}


def members(truth: Sequence[float], groups: Sequence[Sequence[str]] = ()) -> dict[str, list[int]]:
    """Which pictures belong to each of the groups of `by_group`, by their places."""
    if not truth:
        return {}
    found = {"all": list(range(len(truth)))}
    if len(truth) >= len(THIRDS):
        order = np.argsort(truth, kind="stable")
        found |= {name: part.tolist() for name, part in zip(THIRDS, np.array_split(order, len(THIRDS)), strict=True)}
    for name in sorted({name for own in groups for name in own} - {""}):
        found[name] = [index for index, own in enumerate(groups) if name in own]
    return found
