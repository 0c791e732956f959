"""From a picture of a drawing to a photograph: clean, bring to the scale that a generator knows, run it, bring back."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from sketchback import images
from sketchback.images import MIN_SIDE, check_size, resize
from sketchback.inference.padding import pad_to_multiple
from sketchback.sketching import cleanup, oddities

if TYPE_CHECKING:
    from sketchback.models.generator import Generator

logger = logging.getLogger(__name__)

MAX_WORKING = 4_000_000  # pixels that a generator is shown; one needs up to 2 kB of memory for each
WORKING = (512, 512)  # bounds memory where a file does not say what its generator was trained at


def working_size(generator: Generator) -> tuple[int, int]:
    """The size that a loaded generator was trained at, as its file says; `WORKING` where it says nothing."""
    return _trained_size(generator) or WORKING


def _trained_size(generator: Generator) -> tuple[int, int] | None:
    try:
        recipe: Any = generator.facts["recipe"]
        return check_size(recipe["size"])
    except (AttributeError, KeyError, TypeError, ValueError):  # what a file says of itself may be anything
        return None


def predict(generator: Generator, sketches: np.ndarray, working: Sequence[int] | None = None) -> np.ndarray:
    """Runs a generator on sketches of any size: reflects them to a multiple of its stride, and crops back.

    A generator knows strokes and faces at the scale that it was trained at. Sketches are therefore brought to where
    they just cover `working`, and the photographs back to the size of the sketches.

    Args:
        generator: `(B, H, W, 1) -> (B, H, W, 3)`, from `runtime.load`, `weights.load` or `models.build`.
        sketches: `(B, H, W, 1)` float in [0, 1].
        working: `(height, width)`, by default what `working_size` says. Where a generator says nothing, smaller
            sketches are shown as they are.

    Returns:
        `(B, H, W, 3)` float32 in [0, 1].

    Raises:
        ValueError: The sketches are of another shape, or `working` is too small.
    """
    sketches = np.asarray(sketches, np.float32)
    if sketches.ndim != 4 or sketches.shape[-1] != 1:
        raise ValueError(f"`sketches` must be (B, H, W, 1). Received: shape={sketches.shape}.")
    height, width = size = sketches.shape[1:3]
    rows, columns = check_size(working_size(generator) if working is None else working)
    if rows * columns > MAX_WORKING:
        raise ValueError(
            f"`working` may have at most {MAX_WORKING / 1e6:.0f} megapixels, for the sake of memory. "
            f"Received: working=({rows}, {columns})."
        )
    ratio = max(rows / height, columns / width)
    if ratio > 1:
        # A ribbon that covered `working` would be as long as memory; and who says nothing is shown no guess.
        room = max(4 * rows * columns / (height * width), 1) ** 0.5
        ratio = min(ratio, room) if working is not None or _trained_size(generator) else 1
    seen = tuple(max(round(side * ratio), MIN_SIDE) for side in size)
    if seen != size:
        photos = predict(generator, np.stack([resize(sketch, seen, cubic=True) for sketch in sketches]), seen)
        return np.stack([resize(photo, size, cubic=True) for photo in photos])
    padded = pad_to_multiple(sketches, generator.stride)
    return np.asarray(generator.predict_on_batch(padded), np.float32)[:, :height, :width]


def to_sketch(
    picture: np.ndarray,
    *,
    clean: bool = False,
    size: Sequence[int] | None = None,
    fit: str = "crop",
    say: Callable[[str], object] = logger.warning,
) -> np.ndarray:
    """What `run` shows to a generator; a drawing that is white on black is turned.

    Args:
        picture: `(H, W, 1)` or `(H, W, 3)` in [0, 1].
        clean: It is a photograph or scan of paper, in colour if possible, and goes through `cleanup.clean`.
        size: `(height, width)` that the sketch is brought to.
        fit: How, see `images.fit`.
        say: Is called with a sentence where the drawing was turned.

    Returns:
        `(H', W', 1)` float32 in [0, 1], paper = 1.

    Raises:
        EmptySheetError: Nothing is drawn on it; it is a `ValueError`.
    """
    if oddities.is_negative(picture):
        picture = oddities.turn(picture)
        say(oddities.TURNED)
    sketch = cleanup.clean(picture) if clean else images.to_gray(picture)[..., np.newaxis]
    oddities.check_drawn(sketch)
    return sketch if size is None else images.fit(sketch, size, fit)


def run(
    generator: Generator,
    pictures: Sequence[np.ndarray],
    *,
    clean: bool = False,
    size: Sequence[int] | None = None,
    fit: str = "crop",
    working: Sequence[int] | None = None,
    compare: bool = False,
    say: Callable[[str], object] = logger.warning,
) -> np.ndarray:
    """Turns pictures of drawings into photographs, all the way.

    Args:
        generator: See `predict`.
        pictures: Each `(H, W, 1)` or `(H, W, 3)` in [0, 1].
        clean: See `to_sketch`.
        size: See `to_sketch`.
        fit: See `to_sketch`.
        working: See `predict`.
        compare: Put the sketch beside each photograph.
        say: See `to_sketch`.

    Returns:
        `(B, H', W', 3)` float32 in [0, 1].

    Raises:
        ValueError: The sketches differ in size, maybe after cleaning; or nothing is drawn on one of them.
    """
    sketches = [to_sketch(picture, clean=clean, size=size, fit=fit, say=say) for picture in pictures]
    sizes = sorted({sketch.shape[:2] for sketch in sketches})
    if len(sizes) > 1:
        raise ValueError(
            f"A batch must have one size. Received: sketches that are {sizes[0]} to {sizes[-1]}"
            f"{' after cleaning' if clean else ''}. Give `size`, or a list instead of a batch."
        )
    photos = predict(generator, np.stack(sketches), working)
    return np.stack([images.side_by_side(pair) for pair in zip(sketches, photos, strict=True)]) if compare else photos
