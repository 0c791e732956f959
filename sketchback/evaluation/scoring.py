"""Scores weights on a part of a data set, and searches for the people of its sketches."""

from __future__ import annotations

import itertools
import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from sketchback import console, datasets, images
from sketchback.datasets.views import View
from sketchback.evaluation import brightness, identification, reports
from sketchback.evaluation.baselines import ITSELF, SHARPENED, Baselines, sharpened
from sketchback.evaluation.tables import Table
from sketchback.inference import pipeline, runtime
from sketchback.inference.options import Options, check

if TYPE_CHECKING:
    from sketchback.datasets import Example
    from sketchback.models import Generator

GENERATOR = identification.AFTER
ENLARGED = "the generator, then the enlarger"
TOLD = "the generator, told the tones"
BEST_OF = "the best of {} candidates"
BASELINE_EXAMPLES = 2000  # more of them do not change the mean photograph
BATCH = 8
ROWS = 8  # of the picture that `grid` writes
# The parts that the baselines of a part may be fitted on: what training may see, and never what is scored.
FITTED_ON = {"test": ("train", "val"), "val": ("train",)}

Seen = TypeVar("Seen")
logger = logging.getLogger(__name__)


def evaluate(
    weights: str | Path | None,
    data: Sequence[str | Path],
    *,
    style: str = "pencil",
    size: Sequence[int] | None = None,
    fit: str = "crop",
    enlarge: Sequence[int] | None = None,
    split: str = "test",
    limit: int | None = None,
    working: Sequence[int] | None = None,
    fidelity: float | None = None,
    told: bool = False,
    candidates: int | None = None,
    grid: str | Path | None = None,
    progress: bool = False,
) -> dict[str, Any]:
    """Scores weights, and the baselines beside them.

    PSNR and SSIM are scikit-image's defaults on 8-bit RGB with `data_range=255`, R is Pearson's; all are means over
    images with a 95 % bootstrap interval. The sharpness ratio is a median over images, likewise; the distance and the
    KID (of 200 images and more) are those of `perceptual`, and left out where its network is not installed. The
    baselines are fitted on the training and validation parts; the generator's own picture, sharpened, is one as well.
    Where the enlarger is installed and pictures are larger than the generator's, what `invert` then gives has a row.

    Args:
        weights: A name or a file; None scores the baselines alone.
        data: Folders, see `datasets.find`.
        style: How photographs without a hand-drawn sketch are sketched.
        size: `(height, width)`; by default the one size that all hand-drawn pairs have, else the size that the
            weights were trained at (`pipeline.working_size`).
        fit: How pictures are brought to the size.
        enlarge: Resize photographs to this size first, for data that is stored small.
        split: `"train"`, `"val"`, `"test"` or `"all"`.
        limit: Score only so many examples, see `sample`.
        working: `(height, width)` that sketches are brought to for the generator, see `invert`.
        fidelity: See `invert`.
        told: Score also what the generator makes when it is told the tones of the photograph, each cell of them.
        candidates: Score also the best of so many candidates, chosen by their PSNR, as a person chooses who knows the
            photograph.
        grid: Write sketch, photograph and truth of eight examples to this picture.
        progress: Show a bar.

    Returns:
        What was scored and how, and `scores`: row -> metric -> (value, low, high), the metrics being `psnr`, `ssim`,
        `r`, `sharpness`, `distance`, `kid`; `labels` holds the same for each label of the data (the styles of
        FS2K), and `brightness` what `brightness.by_group` says of weights, `brightness_told` of what they were told.

    Raises:
        ValueError: The split is empty, or nothing in it can be read; or the weights cannot do what is asked.
    """
    if grid is not None:
        images.check_writable(grid)
    _check_limit(limit)
    View(None, style=style, fit=fit)  # names that are wrong are reported before anything is read
    generator = None if weights is None else runtime.load(weights, "keras", fidelity)
    if generator is not None:
        check(generator, Options(candidates=candidates, tone=np.zeros((1, 1, 3)) if told else None))
    examples = datasets.find_all(data)
    test = sample(datasets.subset(examples, split), limit)
    if not test:
        raise ValueError(f"An evaluation needs examples. Received: {', '.join(map(str, data))} without any {split}.")
    size = _size(size, test, generator)
    view = View(size, style=style, fit=fit, enlarge=None if enlarge is None else images.check_size(enlarge))
    training = [example for example in examples if example.split in FITTED_ON.get(split, ())]
    training = sample(training, BASELINE_EXAMPLES)
    baselines = _fit_baselines(training, view, progress)

    scored = _Scored()
    seen = _each(test, lambda example, index: (*view.see(example, (0, index)), example.label), "scoring", progress)
    while batch := list(itertools.islice(seen, BATCH)):
        sketches, truths = (np.stack(own) for own in zip(*((sketch, truth) for sketch, truth, _ in batch), strict=True))
        made: dict[str, list[np.ndarray]] = {}
        if generator is not None:
            made = _made(generator, sketches, truths, told=told, candidates=candidates, working=working)
        for sketch in sketches:
            own = baselines.predictions(sketch) if baselines else {ITSELF: np.repeat(sketch, 3, axis=-1)}
            for row, prediction in own.items():
                made.setdefault(row, []).append(prediction)
        scored.add(sketches, truths, [label for _, _, label in batch], made)
    if not scored.labels:
        raise ValueError(f"An evaluation needs one example that can be read. Received: {len(test)}, all damaged.")
    if grid is not None:
        images.write(grid, images.grid(scored.shown))
    return {
        **_facts(weights, data, split, size, fit, generator, working, fidelity),
        "images": len(scored.labels),
        "hand_drawn": sum(example.sketch is not None for example in test),
        "style": style,
        "baselines_fitted_on": len(training),
        **scored.summary(),
    }


class _Scored:
    """What was measured so far: the scores of each row, and the brightness of what weights made.

    Attributes:
        labels: Of each example.
        shown: Sketch, photograph and truth of the first examples, a row of the picture that `grid` writes each.
    """

    def __init__(self) -> None:
        self.labels: list[str] = []
        self.shown: list[list[np.ndarray]] = []
        self._table = Table()
        self._light: dict[str, list[float]] = {"truth": []}  # of the middle: row -> one number an image

    def add(
        self, sketches: np.ndarray, truths: np.ndarray, labels: Sequence[str], made: Mapping[str, list[np.ndarray]]
    ) -> None:
        """Measures a batch; `made` holds for each row the pictures of all its examples."""
        self._table.add(truths, made)
        self.labels += labels
        self._light["truth"] += map(brightness.middle, truths)
        for row in made.keys() & {GENERATOR, TOLD}:
            self._light.setdefault(row, []).extend(map(brightness.middle, made[row]))
        for index in range(min(len(sketches), ROWS - len(self.shown))):
            photo = made.get(GENERATOR, [])[index : index + 1]
            self.shown.append([sketches[index], *photo, truths[index]])

    def summary(self) -> dict[str, Any]:
        """`scores`, `labels`, `brightness` and `brightness_told`, as `evaluate` returns them."""
        labels = np.array(self.labels)
        return {
            "scores": self._table.summary(np.ones(len(labels), bool)),
            "labels": {label: self._table.summary(labels == label) for label in sorted({*self.labels} - {""})},
            **{
                name: brightness.by_group(self._light["truth"], self._light[row], [[label] for label in self.labels])
                for name, row in {"brightness": GENERATOR, "brightness_told": TOLD}.items()
                if row in self._light
            },
        }


def _made(
    generator: Generator,
    sketches: np.ndarray,
    truths: np.ndarray,
    *,
    told: bool,
    candidates: int | None,
    working: Sequence[int] | None,
) -> dict[str, list[np.ndarray]]:
    """The rows of the weights: what they make of a batch of sketches, `(H, W, 3)` each."""
    photos = list(pipeline.predict(generator, sketches, working))
    rows = {GENERATOR: photos, SHARPENED: [sharpened(photo) for photo in photos]}
    if pipeline.adds_detail(generator, sketches.shape[1:3], working):
        rows[ENLARGED] = list(pipeline.predict(generator, sketches, working, detail=True))
    if told:
        rows[TOLD] = list(pipeline.predict(generator, sketches, working, tones=truths))
    if candidates is not None:
        several = pipeline.run(generator, list(sketches), Options(candidates=candidates, working=working, scale=1))
        errors = ((several - truths[:, np.newaxis]) ** 2).mean(axis=(2, 3, 4))  # (B, candidates)
        best = errors.argmin(axis=1)
        rows[BEST_OF.format(candidates)] = [own[index] for own, index in zip(several, best, strict=True)]
    return rows


def identify(
    weights: str | Path | None,
    data: Sequence[str | Path],
    *,
    distractors: Mapping[str | Path, str] | None = None,
    size: Sequence[int] | None = None,
    fit: str = "crop",
    split: str = "test",
    limit: int | None = None,
    working: Sequence[int] | None = None,
    fidelity: float | None = None,
    descriptor: str = "hog",
    cmc: str | Path | None = None,
    progress: bool = False,
) -> dict[str, Any]:
    """Searches for the people of hand-drawn sketches among their photographs, before and after inversion.

    Args:
        weights: A name or a file; None searches by the sketches alone.
        data: Folders, see `datasets.find`; examples without a hand-drawn sketch are left out.
        distractors: Folders of photographs that enlarge the gallery, each with the part to take of it: `"test"`,
            `"all"` ... Pictures of people who are searched for are left out of them.
        size: `(height, width)`; by default the one size that all pairs have, else that of the weights.
        fit: How pictures, those of the distractors too, are brought to the size.
        split: `"train"`, `"val"`, `"test"` or `"all"`.
        limit: Search for only so many sketches, see `sample`; the gallery shrinks with them.
        working: As in `evaluate`.
        fidelity: As in `evaluate`.
        descriptor: A name in `descriptors.DESCRIPTORS`.
        cmc: Plot the CMC curves to this file.
        progress: Show bars.

    Returns:
        What was searched and how, and what `identification.identify` returns.

    Raises:
        ValueError: There are no hand-drawn pairs, or of fewer than two people.
    """
    if cmc is not None:
        reports.check_plot(cmc)
    _check_limit(limit)
    identification.Faces(descriptor)  # names that are wrong are reported before anything is read
    images.check_fit(fit)
    generator = None if weights is None else runtime.load(weights, "keras", fidelity)
    examples = datasets.subset(datasets.find_all(data), split)
    pairs = [example for example in examples if example.sketch is not None]
    if len(pairs) < len(examples):
        logger.warning("left out %d photographs without a hand-drawn sketch", len(examples) - len(pairs))
    if not pairs:
        raise ValueError(
            f"Identification needs hand-drawn sketches with their photographs. Received: {', '.join(map(str, data))} "
            f"without any {split} pair. Give a folder of pairs, or another --split."
        )
    pairs = sample(pairs, limit)
    others = _distractors(distractors or {}, {example.group for example in pairs})
    size = _size(size, pairs, generator)
    view = View(size, fit=fit)
    found = identification.identify(
        _each(pairs, lambda example, _: (*view.see(example), example.group), "searching", progress),
        distractors=_each(
            others, lambda one, _: (images.fit(one.read_photo(), size, fit), one.group), "distractors", progress
        ),
        invert=None
        if generator is None
        else lambda sketches: pipeline.predict(generator, sketches, working, detail=True),
        descriptor=descriptor,
    )
    if cmc is not None:
        reports.plot_cmc(found, cmc)
    return {
        **_facts(weights, data, split, size, fit, generator, working, fidelity),
        "images": found["photographs"],
        "hand_drawn": found["photographs"],
        "distractors_from": {str(place): part for place, part in (distractors or {}).items()},
        **found,
    }


def sample(examples: list[Example], limit: int | None) -> list[Example]:
    """Chooses `limit` of the examples by seed 0, in the order in which they are given; None takes all."""
    if limit is None or limit >= len(examples):
        return examples
    chosen = np.random.default_rng(0).permutation(len(examples))[:limit]
    return [examples[index] for index in sorted(chosen)]


def _check_limit(limit: int | None) -> None:
    if limit is not None and limit < 1:
        raise ValueError(f"`limit` must be at least 1. Received: limit={limit}.")


def _size(size: Sequence[int] | None, test: list[Example], generator: Generator | None) -> tuple[int, int]:
    """The size that was asked for, the one size of all hand-drawn pairs, or that of the weights."""
    if size is not None:
        return images.check_size(size)
    if generator is None or all(example.sketch is not None for example in test):
        sizes = {
            example.read_photo().shape[:2] if callable(example.photo) else images.probe(example.photo)
            for example in test
        }
        if len(sizes) == 1:
            return sizes.pop()
    if generator is None:
        raise ValueError(f"`size` must be given where pictures differ. Received: {len(sizes)} sizes. Give --size HxW.")
    return pipeline.working_size(generator)


def _fit_baselines(examples: list[Example], view: View, progress: bool) -> Baselines | None:
    if not examples:
        logger.warning("no training part beside the part that is scored: the only baseline left is %s", ITSELF)
        return None
    pairs = _each(examples, lambda example, index: view.see(example, (1, index)), "fitting the baselines", progress)
    return Baselines.fit((photo, sketch) for sketch, photo in pairs)


def _distractors(folders: Mapping[str | Path, str], people: set[str]) -> list[Example]:
    chosen: list[Example] = []
    for folder, part in folders.items():
        found = datasets.find(folder)
        own = datasets.subset(found, part)
        others = [example for example in own if example.group not in people]
        logger.info(
            "%s: %d of %d photographs are distractors in the gallery (%s)", folder, len(others), len(found), part
        )
        if len(others) < len(own):
            logger.warning("left out %d photographs of people who are searched for: %s", len(own) - len(others), folder)
        chosen += others
    return chosen


def _each(examples: list[Example], see: Callable[[Example, int], Seen], what: str, progress: bool) -> Iterator[Seen]:
    """Yields `see(example, number)` for each example; those that cannot be read are named and left out."""
    for index, example in enumerate(console.Bar(len(examples), what, "image", shown=progress).over(examples)):
        try:
            seen = see(example, index)
        except (ValueError, OSError) as error:
            logger.warning("left out: %s", error)
        else:
            yield seen


def _facts(
    weights: str | Path | None,
    data: Sequence[str | Path],
    split: str,
    size: tuple[int, int],
    fit: str,
    generator: Generator | None,
    working: Sequence[int] | None,
    fidelity: float | None,
) -> dict[str, Any]:
    """What the results of `evaluate` and `identify` both begin with."""
    return {
        "weights": None if weights is None else str(weights),
        "data": [str(place) for place in data],
        "split": split,
        "size": list(size),
        "fit": fit,
        "working": None if generator is None else list(working or pipeline.working_size(generator)),
        "fidelity": fidelity,
    }
