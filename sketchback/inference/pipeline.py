"""From a picture of a drawing to photographs: clean, bring to the scale that a generator knows, run it, enlarge."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from sketchback import images, weights
from sketchback.images import MIN_SIDE, check_size, resize
from sketchback.images import tones as grids
from sketchback.inference import runtime as runtimes
from sketchback.inference import tones as telling
from sketchback.inference.options import Options, check
from sketchback.inference.padding import pad_to_multiple
from sketchback.sketching import cleanup

if TYPE_CHECKING:
    from sketchback.models.generator import Generator

MAX_WORKING = 4_000_000  # pixels that a generator is shown; one needs up to 2 kB of memory for each
WORKING = (512, 512)  # bounds memory where a file does not say what its generator was trained at
SAMPLER, ENLARGER = "tones", "enlarger"  # the names of their weights
DOUBLINGS = 2  # of one photograph: a drawing leads no further
WORTH = 1.25  # times the size: below, an enlarger has nothing to add


def working_size(generator: Generator) -> tuple[int, int]:
    """The size that a loaded generator was trained at, as its file says; `WORKING` where it says nothing."""
    return _trained_size(generator) or WORKING


def _trained_size(generator: Generator) -> tuple[int, int] | None:
    try:
        recipe: Any = generator.facts["recipe"]
        return check_size(recipe["size"])
    except (AttributeError, KeyError, TypeError, ValueError):  # what a file says of itself may be anything
        return None


@dataclasses.dataclass(frozen=True)
class View:
    """A batch of sketches as a generator sees them.

    Attributes:
        shown: `(B, H, W, 1)`, at the scale that the generator knows, reflected to multiples of its stride.
        seen: `(height, width)` of it without what is reflected.
    """

    shown: np.ndarray
    seen: tuple[int, int]

    @property
    def sketches(self) -> np.ndarray:
        """`(B, height, width, 1)`, without what is reflected."""
        return self.shown[:, : self.seen[0], : self.seen[1]]


def look(generator: Generator, sketches: np.ndarray, working: Sequence[int] | None = None) -> View:
    """Brings sketches to what a generator sees; see `predict`, also for what is refused."""
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
    seen = max(round(height * ratio), MIN_SIDE), max(round(width * ratio), MIN_SIDE)
    if seen != size:
        sketches = np.stack([resize(sketch, seen, cubic=True) for sketch in sketches])
    return View(pad_to_multiple(sketches, generator.stride), seen)


def predict(
    generator: Generator,
    sketches: np.ndarray,
    working: Sequence[int] | None = None,
    *,
    tones: np.ndarray | None = None,
) -> np.ndarray:
    """Runs a generator on sketches of any size: reflects them to a multiple of its stride, and crops back.

    A generator knows strokes and faces at the scale that it was trained at. Sketches are therefore brought to where
    they just cover `working`, and the photographs back to the size of the sketches.

    Args:
        generator: `(B, H, W, 1) -> (B, H, W, 3)`, from `runtime.load`, `weights.load` or `models.build`.
        sketches: `(B, H, W, 1)` float in [0, 1].
        working: `(height, width)`, by default what `working_size` says. Where a generator says nothing, smaller
            sketches are shown as they are.
        tones: `(B, h, w, 3)` in [0, 1], any h and w, NaN where nothing is told; each covers its whole sketch. They are
            averaged over the cells of what the generator sees, see `tones.to_cells`.

    Returns:
        `(B, H, W, 3)` float32 in [0, 1].

    Raises:
        ValueError: The sketches or tones are of another shape, `working` is too small, or the generator takes no tone.
    """
    view = look(generator, sketches, working)
    told = None
    if tones is not None:
        if np.ndim(tones) != 4 or np.shape(tones)[0] != len(view.shown) or np.shape(tones)[-1] != 3:
            raise ValueError(
                f"`tones` must be (B, h, w, 3), one map for each sketch. Received: shape={np.shape(tones)} for "
                f"{len(view.shown)} sketches."
            )
        check(generator, Options(tone=np.asarray(tones[0])))
        told = np.stack([telling.to_cells(np.asarray(tone), view.seen) for tone in tones])
    photos, size = _answer(generator, view, told), np.shape(sketches)[1:3]
    return photos if size == view.seen else np.stack([resize(photo, size, cubic=True) for photo in photos])


def _answer(generator: Generator, view: View, told: np.ndarray | None = None) -> np.ndarray:
    """The photographs of a view `(B, height, width, 3)`, told the tones of its cells `(B, h, w, 3)` or nothing."""
    takes_tone = "tone" in generator.takes
    if told is None and takes_tone:
        cells = [side // grids.CELL for side in view.shown.shape[1:3]]
        told = np.full((len(view.shown), *cells, 3), np.nan, np.float32)
    inputs = [view.shown, grids.encode(told)] if takes_tone and told is not None else view.shown
    photos = np.asarray(generator.predict_on_batch(inputs), np.float32)
    return photos[:, : view.seen[0], : view.seen[1]]


def to_sketch(
    picture: np.ndarray, *, clean: bool = False, size: Sequence[int] | None = None, fit: str = "crop"
) -> np.ndarray:
    """What `run` shows to a generator.

    Args:
        picture: `(H, W, 1)` or `(H, W, 3)` in [0, 1].
        clean: It is a photograph or scan of paper, in colour if possible, and goes through `cleanup.clean`.
        size: `(height, width)` that the sketch is brought to.
        fit: How, see `images.fit`.

    Returns:
        `(H', W', 1)` float32 in [0, 1], paper = 1.
    """
    sketch = cleanup.clean(picture) if clean else images.to_gray(picture)[..., np.newaxis]
    return sketch if size is None else images.fit(sketch, size, fit)


def run(generator: Generator, pictures: Sequence[np.ndarray], options: Options | None = None) -> np.ndarray:
    """Turns pictures of drawings into photographs, all the way.

    Args:
        generator: See `predict`.
        pictures: Each `(H, W, 1)` or `(H, W, 3)` in [0, 1].
        options: What is done with them; nothing but what must be by default.

    Returns:
        `(B, H', W', 3)` float32 in [0, 1], with candidates `(B, candidates, H', W', 3)`.

    Raises:
        FileNotFoundError: The sampler's weights are not installed.
        ValueError: The sketches differ in size, maybe after cleaning; or the generator, or what is installed, cannot
            do what is asked of it.
    """
    options = options or Options()
    check(generator, options)
    sketches = [to_sketch(picture, clean=options.clean, size=options.size, fit=options.fit) for picture in pictures]
    sizes = sorted({sketch.shape[:2] for sketch in sketches})
    if len(sizes) > 1:
        raise ValueError(
            f"A batch must have one size. Received: sketches that are {sizes[0]} to {sizes[-1]}"
            f"{' after cleaning' if options.clean else ''}. Give `size`, or a list instead of a batch."
        )
    view = look(generator, np.stack(sketches), options.working)
    told = _tell(generator, view, sizes[0], options)
    if options.candidates is None:
        made = _answer(generator, view, told)[:, np.newaxis]  # (B, 1, height, width, 3)
    else:
        tones = _sample(generator, view, told, options)
        made = np.stack(
            [_answer(generator, *pair) for pair in zip(_repeat(view, options.candidates), tones, strict=True)]
        )
    enlarger = _find_enlarger(view.seen, sizes[0], options)
    photos = np.stack(
        [_enlarge(several, sketch, enlarger, options) for several, sketch in zip(made, sketches, strict=True)]
    )
    if options.compare:
        rows = zip(sketches, photos, strict=True)
        photos = np.stack([[images.side_by_side([sketch, one]) for one in several] for sketch, several in rows])
    return photos[:, 0] if options.candidates is None else photos


def _tell(generator: Generator, view: View, size: tuple[int, int], options: Options) -> np.ndarray | None:
    """The tones that a user tells `(B, h, w, 3)`; None where there are none."""
    if options.tone is None:
        return None
    answers = _answer(generator, view) if telling.needs_answer(options.tone) else [None] * len(view.shown)
    pairs = zip(answers, view.sketches, strict=True)
    return np.stack([telling.place(options.tone, size, photo=photo, sketch=sketch) for photo, sketch in pairs])


def _sample(generator: Generator, view: View, told: np.ndarray | None, options: Options) -> np.ndarray:
    """The tones of each drawing's candidates `(B, candidates, h, w, 3)`; what is told is the same in all."""
    from sketchback.inference import candidates

    sampler = runtimes.load_once(SAMPLER, options.runtime)
    number, seed = options.candidates, options.seed
    return candidates.sample(sampler, generator, view.shown, candidates=number, seed=seed, told=told)


def _repeat(view: View, times: int) -> list[View]:
    """Each sketch as a batch of so many."""
    return [View(np.repeat(shown[np.newaxis], times, axis=0), view.seen) for shown in view.shown]


def _find_enlarger(seen: tuple[int, int], size: tuple[int, int], options: Options) -> Generator | None:
    """What enlarges the photographs, if they are to be, and it is installed.

    Raises:
        ValueError: It is asked for, and is not installed.
    """
    try:
        path = weights.find(ENLARGER)
    except FileNotFoundError:
        if options.scale in (None, 1):
            return None
        raise ValueError(
            f"`scale` needs the weights of the enlarger. Received: scale={options.scale}, without "
            f"{ENLARGER}{weights.SUFFIX}. Download it, or leave `scale` out."
        ) from None
    times = options.scale or 1
    grows = max(times * side / own for side, own in zip(size, seen, strict=True)) >= WORTH
    return runtimes.load_once(path, options.runtime) if grows else None


def _enlarge(photos: np.ndarray, sketch: np.ndarray, enlarger: Generator | None, options: Options) -> np.ndarray:
    """Brings photographs `(N, h, w, 3)` of one sketch to its size, or the scale of it that is asked for."""
    from sketchback.inference import enlarging

    size = tuple((options.scale or 1) * side for side in sketch.shape[:2])
    for _ in range(DOUBLINGS if enlarger is not None else 0):
        twice = tuple(2 * side for side in photos.shape[1:3])
        grows = max(2 * side / double for side, double in zip(size, twice, strict=True)) >= WORTH
        if not grows or twice[0] * twice[1] > MAX_WORKING:
            break
        strokes = np.repeat(resize(sketch, twice, cubic=True)[np.newaxis], len(photos), axis=0)
        photos = enlarging.enlarge(enlarger, photos, strokes)
    if photos.shape[1:3] == size:
        return photos
    return np.stack([resize(photo, size, cubic=True) for photo in photos])
