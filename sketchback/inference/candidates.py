"""Candidates: several plausible tone maps for one drawing, sampled by a rectified flow (Liu et al. 2023).

What flows, from noise at time 0 to a map at time 1, is the difference between a photograph's tones and those that the
generator answers by itself, in units of `SPREAD`. The noise is spread over scales and colours as those differences are,
so that little is left to learn but what the drawing says.

The generator's own photograph is then brought to each map along its edges, see `backprojection`: by validation as
near to the truth as one that is made anew, and several times as fast.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from sketchback.images import tones
from sketchback.images.tones import CELL
from sketchback.inference import telling

if TYPE_CHECKING:
    from sketchback.models.generator import Generator

SPREAD = 0.14  # of the difference in training, so that the flow ends as wide as it begins
STEPS = 8  # of Heun's method, two looks of the sampler each; 16 change a sample by less than 0.01
# Parts along the longer side that have noise in common, the share of its variance that they have, and how strongly a
# candidate begins with it, as validation chose: a drawing leaves the tone as a whole open, single cells less.
LEVELS = ((1, 0.40, 1.5), (2, 0.15, 0.8), (4, 0.27, 0.4), (None, 0.18, 0.2))
# The axes of the differences' colours, with their standard deviations: light, warmth, and green.
COLOURS = np.array([[1, 1, 1], [1, 0, -1], [1, -2, 1]]) / np.sqrt([[3], [2], [6]]) * np.sqrt([[2.6], [0.34], [0.06]])
COLOUR = 0.5  # of what a candidate's colour differs by, beside its light: more looks laid on; by validation 0.4 to 0.6
FINE = 4  # pixels, the side of the squares whose ink a cell reports


def ink(sketches: np.ndarray) -> np.ndarray:
    """How much ink is where in each cell.

    Args:
        sketches: `(B, H, W, 1)` in [0, 1], paper 1.

    Returns:
        `(B, ceil(H / 16), ceil(W / 16), 20)` float32: of each cell the mean ink of its 16 squares of 4 x 4 pixels, row
        by row, then the spread (standard deviation) of the ink in its four quarters. Incomplete cells are continued by
        their last pixels.

    >>> found = ink(np.zeros((1, 32, 16, 1), np.float32))
    >>> found.shape, found[0, 0, 0, 0], found[0, 0, 0, 16]
    ((1, 2, 1, 20), np.float32(1.0), np.float32(0.0))
    """
    bottom, right = (-side % CELL for side in sketches.shape[1:3])
    darkness = 1.0 - np.pad(sketches[..., 0], ((0, 0), (0, bottom), (0, right)), mode="edge")
    squares = _squares(darkness, FINE).mean(axis=-1)
    quarters = _squares(darkness, CELL // 2).std(axis=-1)
    return np.concatenate([squares, quarters], axis=-1, dtype=np.float32)


def answer_tones(generator: Generator, sketches: np.ndarray, told: np.ndarray | None = None) -> np.ndarray:
    """The tones of what a generator answers by itself.

    Args:
        generator: See `telling.answer`.
        sketches: See there.
        told: See there.

    Returns:
        `(B, h, w, 3)` float32.
    """
    return np.stack([tones.of_photo(photo) for photo in telling.answer(generator, sketches, told)])


def state(
    difference: np.ndarray, answers: np.ndarray, is_told: np.ndarray, inks: np.ndarray, time: float | np.ndarray
) -> np.ndarray:
    """What a sampler takes: everything that is known at some time of the flow.

    Args:
        difference: `(B, h, w, 3)`, the noisy difference in units of `SPREAD`.
        answers: `(B, h, w, 3)`, see `answer_tones`.
        is_told: `(B, h, w, 1)`, 1 where the answer was told the tone.
        inks: `(B, h, w, 20)`, see `ink`.
        time: In [0, 1], one number or `(B, 1, 1, 1)`.

    Returns:
        `(B, h, w, 28)` float32.
    """
    times = np.broadcast_to(time, is_told.shape)
    return np.concatenate([difference, answers - 0.5, is_told, inks, times], axis=-1, dtype=np.float32)


def noise(rng: np.random.Generator, shape: tuple[int, ...], *, weighed: bool = False) -> np.ndarray:
    """What a flow begins with: random differences of tone, alike in parts of several sizes.

    Args:
        rng: A generator to draw with.
        shape: `(B, h, w, 3)`.
        weighed: As candidates begin with it: more as a whole, less in small parts.

    Returns:
        float64 of that shape, of variance 1 unless it is weighed.
    """
    batch, height, width, _ = shape
    drawn = np.zeros(shape)
    for parts, share, strength in LEVELS:
        side = 1 if parts is None else -(-max(height, width) // parts)
        grid = rng.standard_normal((batch, -(-height // side), -(-width // side), 3))
        large = grid.repeat(side, axis=1).repeat(side, axis=2)[:, :height, :width]
        drawn += (strength if weighed else 1.0) * np.sqrt(share) * large
    return drawn @ COLOURS


def sample(
    sampler: Generator,
    answers: np.ndarray,
    sketches: np.ndarray,
    *,
    candidates: int = 4,
    first: int = 0,
    seed: int = 0,
    told: np.ndarray | None = None,
) -> np.ndarray:
    """Samples tone maps that photographs of these drawings may have.

    The first begins with no noise and is the calmest, near the generator's own answer. The others come in pairs that
    begin with opposite noise: where one is lighter, the other is mostly darker, so that few candidates reach far. The
    noise is weaker in small parts than as a whole, see `LEVELS`. The same seed gives the same candidates, to rounding;
    number i depends neither on how many are asked for nor on the other drawings.

    Args:
        sampler: A `tone_sampler`.
        answers: `(B, h, w, 3)`, the tones of what its generator answers, told or not; see `answer_tones`.
        sketches: `(B, H, W, 1)` in [0, 1], at the size that the generator sees: sides multiples of its stride.
        candidates: How many for each, at least 1.
        first: The number of the first of them.
        seed: A whole number of at least 0.
        told: `(B, h, w, 3)` in [0, 1], NaN where nothing is told; these cells are the same in all candidates.

    Returns:
        `(B, candidates, h, w, 3)` float32 in [0, 1], h = ceil(H / 16).

    Raises:
        ValueError: An argument is out of range or of another shape.

    Source: Liu et al. 2023; told cells are put back after each step, as in RePaint (Lugmayr et al. 2022).
    """
    sketches = np.asarray(sketches, np.float32)
    if candidates < 1 or first < 0 or seed < 0:
        raise ValueError(
            "`candidates` must be at least 1, `first` and `seed` at least 0. "
            f"Received: candidates={candidates}, first={first}, seed={seed}."
        )
    if sketches.ndim != 4 or sketches.shape[-1] != 1:
        raise ValueError(f"`sketches` must be (B, H, W, 1). Received: shape={sketches.shape}.")
    shape = (len(sketches), *(-(-side // CELL) for side in sketches.shape[1:3]), 3)
    told = np.full(shape, np.nan, np.float32) if told is None else np.asarray(told, np.float32)
    for name, maps in {"told": told, "answers": answers}.items():
        if maps.shape != shape:
            raise ValueError(
                f"`{name}` must hold a tone for each cell of {CELL} x {CELL} pixels, {shape}. "
                f"Received: shape={maps.shape}."
            )
    is_told = np.isfinite(told).all(axis=-1, keepdims=True)
    goal = np.where(is_told, (told - answers) / SPREAD, 0.0)
    begun = np.stack([_noise(seed, number, shape[1:]) for number in range(first, first + candidates)])
    begun = np.concatenate([begun] * len(sketches))  # (B * candidates, h, w, 3), candidates of one drawing together
    known = [np.repeat(part, candidates, axis=0) for part in (answers, is_told, ink(sketches), goal)]
    difference = SPREAD * _flow(sampler, begun, *known)
    light = difference.mean(axis=-1, keepdims=True)
    found = known[0] + light + COLOUR * (difference - light)
    found = np.where(known[1], np.repeat(told, candidates, axis=0), found)
    return np.clip(found, 0.0, 1.0).astype(np.float32).reshape(len(sketches), candidates, *shape[1:])


def _noise(seed: int, number: int, shape: tuple[int, ...]) -> np.ndarray:
    """What candidate `number` begins with: nothing, or one of a pair of opposites."""
    if number == 0:
        return np.zeros(shape)
    found = noise(np.random.default_rng([seed, (number + 1) // 2]), (1, *shape), weighed=True)[0]
    return found if number % 2 else -found


def _flow(
    sampler: Generator, noise: np.ndarray, own: np.ndarray, is_told: np.ndarray, inks: np.ndarray, goal: np.ndarray
) -> np.ndarray:
    """Follows the flow from time 0 to 1 by Heun's method; told cells keep to the straight way to their goal."""

    def velocity(difference: np.ndarray, time: float) -> np.ndarray:
        return np.asarray(sampler.predict_on_batch(state(difference, own, is_told, inks, time)), np.float32)

    def put_back(difference: np.ndarray, time: float) -> np.ndarray:
        return np.where(is_told, (1 - time) * noise + time * goal, difference)

    difference, step = noise, 1 / STEPS
    for number in range(STEPS):
        time = number * step
        first = velocity(difference, time)
        second = velocity(put_back(difference + step * first, time + step), time + step)
        difference = put_back(difference + step * (first + second) / 2, time + step)
    return difference


def _squares(pictures: np.ndarray, side: int) -> np.ndarray:
    """The squares that cells are made of: `(B, H, W)` -> `(B, h, w, squares of a cell, pixels of a square)`."""
    batch, height, width = pictures.shape
    count = CELL // side
    cut = pictures.reshape(batch, height // CELL, count, side, width // CELL, count, side)
    cut = cut.transpose(0, 1, 4, 2, 5, 3, 6)  # (B, h, w, rows, columns, rows of pixels, columns of pixels)
    return cut.reshape(*cut.shape[:3], count**2, side**2)
