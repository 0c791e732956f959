"""What a network is shown of a sketch and its photograph, and what is asked of it: by the inputs that it takes.

Every task takes a sketch `(H, W, 1)`, its photograph `(H, W, 3)`, both float32 in [0, 1], the name of the hand that
drew it, a generator to sample with, and how often tones are told, in [0, 1]; it returns what is shown, and the target,
in float32.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import cv2
import numpy as np

from sketchback.datasets.degradation import soften
from sketchback.images import tones
from sketchback.sketching.artist import HANDS

Inputs = np.ndarray | tuple[np.ndarray, ...]
Shown = tuple[Inputs, np.ndarray]  # what the network is shown, in the order of its inputs, and the target

TOLD_NOISE = 0.02  # standard deviation by which a third of the told tones is off


def photograph(sketch: np.ndarray, photo: np.ndarray, hand: str, rng: np.random.Generator, told: float) -> Shown:
    """From a sketch `(H, W, 1)` to its photograph `(H, W, 3)`."""
    return sketch, photo


def told_photograph(sketch: np.ndarray, photo: np.ndarray, hand: str, rng: np.random.Generator, told: float) -> Shown:
    """From a sketch `(H, W, 1)` and what somebody could tell of the tones, `(ceil(H / 16), ceil(W / 16), 4)` as
    `tones.encode` gives it, to the photograph `(H, W, 3)`.
    """
    return (sketch, tones.encode(tell(tones.of_photo(photo), rng, told))), photo


def drawing(sketch: np.ndarray, photo: np.ndarray, hand: str, rng: np.random.Generator, told: float) -> Shown:
    """From a photograph `(H, W, 3)` and the hand that drew it, `(5,)` by `artist.HANDS`, to its drawing `(H, W, 1)`;
    the hand is all zeros where it is unknown.
    """
    return (photo, np.array([hand == one for one in HANDS], np.float32)), sketch


def enlargement(sketch: np.ndarray, photo: np.ndarray, hand: str, rng: np.random.Generator, told: float) -> Shown:
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
        start = (int(rng.integers(truth.shape[0])), int(rng.integers(truth.shape[1])))
        region = _region(truth, start, rng.uniform(0.06, 0.2))
        # By one colour alone, or with the shading that the region has.
        shading = truth[region].mean(axis=-1, keepdims=True)
        shading = shading / max(float(shading.mean()), 1e-3) if rng.random() < 0.5 else 1.0
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
