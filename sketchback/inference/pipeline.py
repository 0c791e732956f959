"""From a picture of a drawing to photographs: clean, bring to the scale that a generator knows, run it, enlarge."""

from __future__ import annotations

import dataclasses
import logging
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from sketchback import images, weights
from sketchback.images import MIN_SIDE, check_size, resize, tones
from sketchback.inference import enlarging, telling, tone_layers
from sketchback.inference import runtime as runtimes
from sketchback.inference.options import Options, check, find_helper
from sketchback.inference.padding import pad_to_multiple
from sketchback.sketching import cleanup, oddities

if TYPE_CHECKING:
    from sketchback.models.generator import Generator

logger = logging.getLogger(__name__)

MAX_WORKING = 4_000_000  # pixels that a generator is shown; one needs up to 2 kB of memory for each
MAX_ANSWER = 16_000_000  # pixels of a photograph that is larger than its drawing; the enlarger adds nothing beyond
MAX_TOGETHER = 100_000_000  # pixels of the candidates of a drawing, 12 bytes each
WORKING = (512, 512)  # bounds memory where a file does not say what its generator was trained at


def working_size(generator: Generator) -> tuple[int, int]:
    """The size that a loaded generator was trained at, as its file says; `WORKING` where it says nothing."""
    return trained_size(generator) or WORKING


def trained_size(generator: Generator) -> tuple[int, int] | None:
    """The same; None where a file says nothing, so that drawings are shown as they are."""
    try:
        recipe: Any = generator.facts["recipe"]
        return check_size(recipe["size"])
    except (AttributeError, KeyError, TypeError, ValueError):  # what a file says of itself may be anything
        return None


@dataclasses.dataclass(frozen=True)
class GeneratorView:
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


def look(generator: Generator, sketches: np.ndarray, working: Sequence[int] | None = None) -> GeneratorView:
    """Brings sketches to what a generator sees; see `predict`, also for what is refused."""
    given = np.asarray(sketches)
    if given.ndim != 4 or given.shape[-1] != 1 or not given.size:
        raise ValueError(f"`sketches` must be (B, H, W, 1), at least one. Received: shape={given.shape}.")
    sketches = given.astype(np.float32, copy=False)
    if not (given.dtype.kind == "f" and sketches.min() >= -1e-3 and sketches.max() <= 1 + 1e-3):  # nor NaN
        raise ValueError(
            "`sketches` must be float in [0, 1], white paper = 1. "
            f"Received: {given.dtype} from {sketches.min():.4g} to {sketches.max():.4g}. Read them with "
            "`images.read(path, channels=1)`."
        )
    seen = _seen(generator, sketches.shape[1:3], working)
    if seen != sketches.shape[1:3]:
        sketches = np.stack([resize(sketch, seen, cubic=True) for sketch in sketches])
    return GeneratorView(pad_to_multiple(sketches, generator.stride), seen)


def _seen(generator: Generator, size: Sequence[int], working: Sequence[int] | None) -> tuple[int, int]:
    """The size at which sketches of a size are shown to a generator."""
    height, width = size
    rows, columns = working_size(generator) if working is None else check_size(working, "working")
    if rows * columns > MAX_WORKING:
        raise ValueError(
            f"`working` may have at most {MAX_WORKING / 1e6:.0f} megapixels, for the sake of memory. "
            f"Received: working=({rows}, {columns})."
        )
    ratio = max(rows / height, columns / width)
    if ratio > 1:
        # A ribbon that covered `working` would be as long as memory; and who says nothing is shown no guess.
        room = max(4 * rows * columns / (height * width), 1) ** 0.5
        ratio = min(ratio, room) if working is not None or trained_size(generator) else 1
    ratio = min(ratio, (MAX_WORKING / (height * width)) ** 0.5)  # a ribbon that covers `working` may be long
    return max(round(height * ratio), MIN_SIDE), max(round(width * ratio), MIN_SIDE)


def predict(
    generator: Generator,
    sketches: np.ndarray,
    working: Sequence[int] | None = None,
    *,
    tones: np.ndarray | None = None,
    detail: bool = False,
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
            averaged over the cells of what the generator sees, see `tone_layers.from_array`, and kept.
        detail: Let the enlarger add what the generator does not see, as `run` does, where `adds_detail`.

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
        told = []
        for tone in tones:
            asked = Options(tone=np.asarray(tone))
            check(generator, asked)
            told.append([tone_layers.from_array(asked.tone["strokes"], view.seen)])
    enlarger = enlarging.load_enlarger(view.seen, np.shape(sketches)[1:3], Options()) if detail else None
    return _bring(_answer(generator, view, told), sketches, enlarger)


def predict_both(
    generator: Generator, sketches: np.ndarray, working: Sequence[int] | None = None
) -> tuple[np.ndarray, np.ndarray | None]:
    """What `predict` gives without and with `detail`, of one pass of the generator; None where detail adds nothing."""
    view, size = look(generator, sketches, working), np.shape(sketches)[1:3]
    answers, enlarger = list(_answer(generator, view)), enlarging.load_enlarger(view.seen, size, Options())
    return _bring(answers, sketches, None), None if enlarger is None else _bring(answers, sketches, enlarger)


def _bring(answers: Iterable[np.ndarray], sketches: np.ndarray, enlarger: Generator | None) -> np.ndarray:
    """What a generator answered, at the size of the sketches."""
    pairs = zip(answers, sketches, strict=True)
    return np.stack([enlarging.bring_to(photo, sketch, sketch.shape[:2], enlarger) for photo, sketch in pairs])


def adds_detail(generator: Generator, size: Sequence[int], working: Sequence[int] | None = None) -> bool:
    """Whether the enlarger is installed, and has something to add to photographs of a size `(height, width)`.

    Raises:
        ValueError: `working` is too small or too large; or the enlarger is damaged or does not run, see `runtime.load`.
    """
    return enlarging.load_enlarger(_seen(generator, size, working), (size[0], size[1]), Options()) is not None


def _answer(
    generator: Generator, view: GeneratorView, told: Sequence[Sequence[tone_layers.Layer]] | None = None
) -> np.ndarray:
    """The photographs of a view `(B, height, width, 3)`, told the layers of each, or nothing."""
    flat = None if told is None else np.stack([tone_layers.flatten(each, view.seen) for each in told])
    photos = telling.answer(generator, view.shown, flat)[:, : view.seen[0], : view.seen[1]]
    if told is None or "tone" not in generator.takes:
        return photos
    return np.stack([tone_layers.keep(photo, each) for photo, each in zip(photos, told, strict=True)])


def to_sketch(
    picture: np.ndarray,
    *,
    clean: bool = False,
    say: Callable[[str], object] = logger.warning,
) -> np.ndarray:
    """What `run` shows to a generator, at its own size; a drawing that is white on black is turned.

    Args:
        picture: `(H, W, 1)` or `(H, W, 3)` in [0, 1].
        clean: It is a photograph or scan of paper, in colour if possible, and goes through `cleanup.clean`.
        say: Is called with a sentence where the drawing was turned.

    Returns:
        `(H', W', 1)` float32 in [0, 1], paper = 1.

    Raises:
        EmptySheetError: Nothing is drawn on it; it is a `ValueError`.
    """
    if oddities.is_negative(picture):
        picture = oddities.invert_tones(picture)
        say(oddities.TURNED)
    sketch = cleanup.clean(picture) if clean else images.to_gray(picture)[..., np.newaxis]
    oddities.check_drawn(sketch)
    return sketch


def run(
    generator: Generator,
    pictures: Sequence[np.ndarray],
    options: Options | None = None,
    *,
    say: Callable[[str], object] = logger.warning,
) -> np.ndarray:
    """Turns pictures of drawings into photographs, all the way.

    Args:
        generator: See `predict`.
        pictures: Each `(H, W, 1)` or `(H, W, 3)` in [0, 1].
        options: What is done with them; nothing but what must be by default.
        say: See `to_sketch`.

    Returns:
        `(B, H', W', 3)` float32 in [0, 1], with candidates `(B, candidates, H', W', 3)`.

    Raises:
        ValueError: The sketches differ in size, maybe after cleaning; nothing is drawn on one of them; the photographs
            would be too large, see `MAX_ANSWER`; or the generator, or what is installed, cannot do what is asked of it.
    """
    if not pictures:
        raise ValueError("A batch must hold one drawing at least. Received: none. Give a list for none or more.")
    options = options or Options()
    check(generator, options)
    drawn = max((picture.shape[0] * picture.shape[1] for picture in pictures), default=0)
    if options.size is not None:
        _scaled(options.size, drawn, options)  # before there is a canvas of that size
    own = [to_sketch(picture, clean=options.clean, say=say) for picture in pictures]
    sketches = own if options.size is None else [images.fit(sketch, options.size, options.fit) for sketch in own]
    sizes = sorted({sketch.shape[:2] for sketch in sketches})
    if len(sizes) > 1:
        raise ValueError(
            f"A batch must have one size. Received: sketches that are {sizes[0]} to {sizes[-1]}"
            f"{' after cleaning' if options.clean else ''}. Give `size`, or a list instead of a batch."
        )
    size = _scaled(sizes[0], max(drawn, sizes[0][0] * sizes[0][1]), options)
    view = look(generator, np.stack(sketches), options.working)
    told = _tell(generator, view, [sketch.shape[:2] for sketch in own], options)
    enlarger = enlarging.load_enlarger(view.seen, size, options)
    each = zip(_make(generator, view, told, options), sketches, strict=True)
    made = [[enlarging.bring_to(photo, sketch, size, enlarger) for photo in several] for several, sketch in each]
    if options.compare:
        pairs = zip([resize(sketch, size, cubic=True) for sketch in sketches], made, strict=True)
        made = [[images.side_by_side([sketch, one]) for one in several] for sketch, several in pairs]
    photos = np.stack([np.stack(several) for several in made])
    return photos[:, 0] if options.candidates is None else photos


def _scaled(size: Sequence[int], drawn: int, options: Options) -> tuple[int, int]:
    """The size of the photographs, or `ValueError` where they are too large, for the sake of memory.

    Args:
        size: Of the sketches.
        drawn: Pixels of the largest drawing, which a photograph may have too.
        options: What is asked.
    """
    height, width = (side * (options.scale or 1) for side in size)
    if height * width > max(MAX_ANSWER, drawn):
        raise ValueError(
            f"A photograph may have at most {MAX_ANSWER // 10**6} megapixels, or those of its drawing. Received: "
            f"a drawing that would become {height} rows x {width} columns. Take a smaller "
            f"`size`{'' if options.scale in (None, 1) else ' or `scale`, which may be 1'}."
        )
    if options.candidates and options.candidates * height * width > MAX_TOGETHER:
        raise ValueError(
            f"All `candidates` of a drawing may have at most {MAX_TOGETHER // 10**6} megapixels. Received: "
            f"candidates={options.candidates} of {height} rows x {width} columns. Take fewer, or a smaller `size`."
        )
    return height, width


def _tell(
    generator: Generator, view: GeneratorView, sizes: Sequence[tuple[int, int]], options: Options
) -> list[list[tone_layers.Layer]] | None:
    """What a user tells of the tones of each drawing, which were of these sizes; None where there is nothing."""
    tone, changes = options.tone, telling.changes(options.tone)
    if not tone:
        return None
    # Else the candidates, or the reference, are what changes change.
    changed = changes and options.candidates is None and "reference" not in tone
    answers = _answer(generator, view) if telling.names_parts(tone) or changed else None
    photos = [None] * len(view.shown) if answers is None else answers
    told = [
        telling.place(telling.lay(tone, size, options.size, options.fit), photo=photo, sketch=sketch)
        for size, photo, sketch in zip(sizes, photos, view.sketches, strict=True)
    ]
    if changed and answers is not None:
        own = [tone_layers.whole(telling.change(tones.of_photo(photo), **changes)) for photo in answers]
        told = [[below, *above] for below, above in zip(own, told, strict=True)]
    return told


def _make(
    generator: Generator, view: GeneratorView, told: list[list[tone_layers.Layer]] | None, options: Options
) -> Iterator[np.ndarray]:
    """The photographs of each drawing `(candidates, height, width, 3)`, or one of each."""
    if options.candidates is None:
        yield from _answer(generator, view, told)[:, np.newaxis]
        return
    from sketchback.inference import candidates

    name = weights.sampler_of(getattr(generator, "facts", {}))
    sampler = runtimes.load_once(find_helper(name, f"candidates={options.candidates}"), options.runtime)
    asked: dict[str, Any] = {"candidates": options.candidates, "first": options.first, "seed": options.seed}
    known = None if told is None else np.stack([tone_layers.flatten(each, view.seen) for each in told])
    answers, changes = telling.answer(generator, view.shown, known), telling.changes(options.tone)
    own = np.stack([tones.of_photo(photo) for photo in answers])
    sampled = candidates.sample(sampler, own, view.shown, told=known, **asked)
    for index, (photo, several) in enumerate(zip(answers[:, : view.seen[0], : view.seen[1]], sampled, strict=True)):
        above = [] if told is None else told[index]
        if changes:
            several = np.stack([telling.change(one, **changes) for one in several])
        if known is not None:  # what was told is told by the layers above; beside it the answer is as it is, or changed
            own_there = telling.change(tone_layers.beneath(photo, above), **changes) if changes and above else np.nan
            several = np.where(np.isfinite(known[index]), own_there, several).astype(np.float32)
        yield np.stack([tone_layers.keep(photo, [tone_layers.whole(one), *above]) for one in several])
