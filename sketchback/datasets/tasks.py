"""What a network is shown of a sketch and its photograph, and what is asked of it: by the inputs that it takes.

Every task takes a sketch `(H, W, 1)`, its photograph `(H, W, 3)`, both float32 in [0, 1], the name of the hand that
drew it, a generator to sample with, and how tones are told; it returns what is shown, and the target, in float32.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import cv2
import numpy as np

from sketchback.datasets.degradation import soften
from sketchback.images import tones
from sketchback.sketching.artist import HANDS

Inputs = np.ndarray | tuple[np.ndarray, ...]
Shown = tuple[Inputs, np.ndarray]  # what the network is shown, in the order of its inputs, and the target

TOLD_NOISE = 0.02  # standard deviation by which a third of the told tones is off
ALIKE = (0.06, 0.2)  # how far colours of one region may lie apart, at least and at most
TINTS = (0.06, 0.3)  # standard deviations by which channels change where a region is given other tones
DARKEST = 0.04  # a tone that a photograph's detail still shows in; the lightest is as far from white


class Telling(NamedTuple):
    """How often tones are told."""

    share: float = 0.0  # of the examples, in [0, 1], see `tell`
    retoned: float = 0.0  # the share of these in which a region was given other tones before, see `retone`


NOTHING_TOLD = Telling()


def photograph(sketch: np.ndarray, photo: np.ndarray, hand: str, rng: np.random.Generator, telling: Telling) -> Shown:
    """From a sketch `(H, W, 1)` to its photograph `(H, W, 3)`."""
    return sketch, photo


def told_photograph(
    sketch: np.ndarray, photo: np.ndarray, hand: str, rng: np.random.Generator, telling: Telling
) -> Shown:
    """From a sketch `(H, W, 1)` and what somebody could tell of the tones, `(ceil(H / 16), ceil(W / 16), 4)` as
    `tones.encode` gives it, to the photograph `(H, W, 3)`.
    """
    truth = tones.of_photo(photo)
    if telling.retoned and rng.random() < telling.share * telling.retoned:
        region = _region(truth, _cell(truth, rng), rng.uniform(*ALIKE))
        photo = retone(photo, region, rng)
        truth = tones.of_photo(photo)
        told = truth if rng.random() < 0.5 else _of_one_colour(truth, truth, region, rng)
        return (sketch, tones.encode(told)), photo
    share = telling.share * (1 - telling.retoned) / max(1 - telling.share * telling.retoned, 1e-6)
    return (sketch, tones.encode(tell(truth, rng, share))), photo


def drawing(sketch: np.ndarray, photo: np.ndarray, hand: str, rng: np.random.Generator, telling: Telling) -> Shown:
    """From a photograph `(H, W, 3)` and the hand that drew it, `(5,)` by `artist.HANDS`, to its drawing `(H, W, 1)`;
    the hand is all zeros where it is unknown.
    """
    return (photo, np.array([hand == one for one in HANDS], np.float32)), sketch


def enlargement(sketch: np.ndarray, photo: np.ndarray, hand: str, rng: np.random.Generator, telling: Telling) -> Shown:
    """From a photograph of half the size `(H / 2, W / 2, 3)`, as soft as generators make them, and the sketch
    `(H, W, 1)` to the photograph `(H, W, 3)`; both sides are even.
    """
    return (soften(photo, rng), sketch), photo


TASKS: dict[tuple[str, ...], Callable[..., Shown]] = {
    ("sketch",): photograph,
    ("sketch", "tone"): told_photograph,
    ("photo", "hand"): drawing,
    ("photo", "sketch"): enlargement,
}


def tell(truth: np.ndarray, rng: np.random.Generator, share: float) -> np.ndarray:
    """A part of a tone map, as a person, a reference photograph or a sampler would tell it.

    Args:
        truth: `(h, w, 3)`, all tones.
        rng: What to sample with.
        share: How often anything is told. Of that, half tells all, a quarter some cells, and a quarter one to three
            connected regions of similar cells, each by one colour: a skin, a backdrop.

    Returns:
        `(h, w, 3)`, NaN where nothing is told.
    """
    if rng.random() >= share:
        return np.full_like(truth, np.nan)
    kind = rng.random()
    shown = truth + (TOLD_NOISE * rng.standard_normal(truth.shape) if rng.random() < 1 / 3 else 0.0)
    if kind < 0.5:
        return np.clip(shown, 0.0, 1.0).astype(np.float32)
    told = np.full_like(truth, np.nan)
    if kind < 0.75:
        cells = rng.random(truth.shape[:2]) < rng.uniform(0.02, 0.9)
        told[cells] = np.clip(shown, 0.0, 1.0)[cells]
        return told
    for _ in range(int(rng.integers(1, 4))):
        region = _region(truth, _cell(truth, rng), rng.uniform(*ALIKE))
        told[region] = _of_one_colour(truth, shown, region, rng)[region]
    return told


def retone(photo: np.ndarray, region: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A photograph in which one region has other tones, and its own detail: dyed hair, a wall that was painted.

    So that what is told counts where the drawing suggests something else, as densely hatched hair does.

    Args:
        photo: `(H, W, 3)` in [0, 1].
        region: Its cells, `(ceil(H / 16), ceil(W / 16))` boolean.
        rng: What to sample the tones with.

    Returns:
        `(H, W, 3)` float32 in [0, 1].
    """
    inside = photo[_over(region, photo, cv2.INTER_NEAREST) > 0.5]
    before = np.clip(np.median(inside, axis=0), DARKEST, 1 - DARKEST)
    light = np.clip(before.mean() + rng.uniform(-0.4, 0.45), 0.1, 0.9)
    if light < before.mean():
        after = before * light / before.mean()
    else:
        after = 1 - (1 - before) * (1 - light) / (1 - before.mean())
    after = np.clip(after * (1 + rng.choice(TINTS) * rng.standard_normal(3)), DARKEST, 1 - DARKEST)
    # Darker as under less light; lighter half as under more, half as through a veil, which alone takes the contrast.
    changed = photo * after / before
    if light > before.mean():
        changed = (np.clip(changed, 0.0, 1.0) + 1 - (1 - photo) * (1 - after) / (1 - before)) / 2
    # Where the region ends only pixels that have its colour are changed.
    spread = max(2 * float(inside.std(axis=0).mean()), ALIKE[0])
    alike = np.exp(-((np.abs(photo - before).max(axis=-1) / spread) ** 2))
    inner = _over(cv2.erode(region.astype(np.uint8), np.ones((3, 3), np.uint8)), photo, cv2.INTER_LINEAR)
    share = _over(cv2.dilate(region.astype(np.uint8), np.ones((3, 3), np.uint8)), photo, cv2.INTER_LINEAR)
    share = (share * (inner + (1 - inner) * alike))[..., np.newaxis]
    return np.clip(photo + share * (changed - photo), 0.0, 1.0).astype(np.float32)


def _over(cells: np.ndarray, photo: np.ndarray, interpolation: int) -> np.ndarray:
    """A number of each cell as one of each pixel: `(h, w)` -> `(H, W)` float32."""
    rows, columns = (tones.CELL * side for side in cells.shape)
    large = cv2.resize(cells.astype(np.float32), (columns, rows), interpolation=interpolation)
    return large[: photo.shape[0], : photo.shape[1]]


def _cell(truth: np.ndarray, rng: np.random.Generator) -> tuple[int, int]:
    return int(rng.integers(truth.shape[0])), int(rng.integers(truth.shape[1]))


def _of_one_colour(truth: np.ndarray, shown: np.ndarray, region: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A region told by its mean colour alone, or with the shading that it has: `(h, w, 3)`, NaN elsewhere."""
    shading = truth[region].mean(axis=-1, keepdims=True)
    shading = shading / max(float(shading.mean()), 1e-3) if rng.random() < 0.5 else 1.0
    told = np.full_like(truth, np.nan)
    told[region] = np.clip(shown[region].mean(axis=0) * shading, 0.0, 1.0)
    return told


def _region(truth: np.ndarray, start: tuple[int, int], tolerance: float) -> np.ndarray:
    """The cells that are connected with `start` and whose colour is near to it: `(h, w)` bool."""
    near = np.abs(truth - truth[start]).max(axis=-1) < tolerance
    _, labels = cv2.connectedComponents(near.astype(np.uint8), connectivity=4)
    return labels == labels[start]


def stack(shown: Sequence[Shown], empty: Callable[..., np.ndarray] = np.empty) -> Shown:
    """A batch of them, `(B, ...)` of each array, in arrays that `empty(shape, dtype)` makes.

    Raises:
        ValueError: There is none, or their shapes differ.
    """

    def one_array(parts: Sequence[np.ndarray]) -> np.ndarray:
        return np.stack(parts, out=empty((len(parts), *parts[0].shape), parts[0].dtype))

    inputs, targets = zip(*shown, strict=True)
    if isinstance(inputs[0], tuple):
        return tuple(one_array(parts) for parts in zip(*inputs, strict=True)), one_array(targets)
    return one_array(inputs), one_array(targets)
