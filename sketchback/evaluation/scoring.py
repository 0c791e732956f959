"""Scores weights on a part of a data set, with the baselines beside them."""

from __future__ import annotations

import itertools
import logging
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from sketchback import datasets, images
from sketchback.datasets.views import View
from sketchback.evaluation import brightness
from sketchback.evaluation.baselines import ITSELF, SHARPENED, Baselines, sharpened
from sketchback.evaluation.selection import ENLARGED, GENERATOR, Subject, check_limit, choose_size, each, sample
from sketchback.evaluation.tables import Table
from sketchback.inference import pipeline
from sketchback.inference.options import Options, check

if TYPE_CHECKING:
    from sketchback.datasets import Example
    from sketchback.models import Generator

TOLD = "the generator, told the tones"
BEST_OF = "the best of {} candidates"
BASELINE_EXAMPLES = 2000  # more of them do not change the mean photograph
BATCH = 8
ROWS = 8  # of the picture that `grid` writes
# The parts that the baselines of a part may be fitted on: what training may see, and never what is scored.
FITTED_ON = {"test": ("train", "val"), "val": ("train",)}

logger = logging.getLogger(__name__)


def evaluate(
    weights: str | Path | None,
    data: str | Path | Sequence[str | Path],
    *,
    style: str = "pencil",
    size: Sequence[int] | None = None,
    fit: str = "crop",
    enlarge: Sequence[int] | None = None,
    split: str = "test",
    limit: int | None = None,
    working: Sequence[int] | None = None,
    fidelity: float | None = None,
    mirrored: bool = False,
    runtime: str = "keras",
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
        data: A folder, or several, see `datasets.find`.
        style: How photographs without a hand-drawn sketch are sketched.
        size: `(height, width)`; by default the one size that all hand-drawn pairs have, else the size that the
            weights were trained at (`pipeline.working_size`).
        fit: How pictures are brought to the size.
        enlarge: Resize photographs to this size first, for data that is stored small.
        split: `"train"`, `"val"`, `"test"` or `"all"`.
        limit: Score only so many examples, see `sample`.
        working: `(height, width)` that sketches are brought to for the generator, see `invert`.
        fidelity: See `invert`.
        mirrored: See `invert`.
        runtime: What computes the generator, see `invert`; sampler and enlarger run as they do there by default.
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
    data = datasets.as_folders(data)
    check_limit(limit)
    datasets.check_split(split)  # what is wrong is reported before anything is read
    View(None, style=style, fit=fit)
    asked = Options(candidates=candidates)
    subject = Subject(weights, runtime=runtime, fidelity=fidelity, mirrored=mirrored, working=working)
    generator = subject.generator
    given = {"working": working, "fidelity": fidelity, "mirrored": mirrored, "told": told, "candidates": candidates}
    if generator is None and (
        found := [name for name, value in given.items() if value is not None and value is not False]
    ):
        raise ValueError(f"`{found[0]}` is for weights. Received: none of these. Leave it out.")
    if generator is not None:
        if told and "tone" not in generator.takes:
            raise ValueError(
                f"`told` needs weights that take a tone map. Received: {weights}, which take a sketch alone. Take "
                "faces-tone or buildings, or leave it out."
            )
        if candidates is not None:
            check(generator, asked, name=str(weights))
    examples = datasets.find_all(data)
    test = sample(datasets.subset(examples, split), limit)
    if not test:
        raise ValueError(f"An evaluation needs examples. Received: {', '.join(data) or 'no data'} without any {split}.")
    size = choose_size(size, test, generator)
    view = View(size, style=style, fit=fit, enlarge=None if enlarge is None else images.check_size(enlarge, "enlarge"))
    training = [example for example in examples if example.split in FITTED_ON.get(split, ())]
    training = sample(training, BASELINE_EXAMPLES)
    baselines = _fit_baselines(training, view, progress)

    scored = _Scored()
    seen = each(test, lambda example, index: (*view.see(example, (0, index)), example), "scoring", progress)
    hand_drawn = 0
    while batch := list(itertools.islice(seen, BATCH)):
        sketches, truths = (np.stack(own) for own in zip(*((sketch, truth) for sketch, truth, _ in batch), strict=True))
        examples = [example for _, _, example in batch]
        hand_drawn += sum(example.sketch is not None for example in examples)
        made: dict[str, list[np.ndarray]] = {}
        if generator is not None:
            made = _made(generator, sketches, truths, told=told, candidates=candidates, working=working)
        for sketch in sketches:
            own = baselines.predictions(sketch) if baselines else {ITSELF: np.repeat(sketch, 3, axis=-1)}
            for row, prediction in own.items():
                made.setdefault(row, []).append(prediction)
        scored.add(sketches, truths, [example.label for example in examples], made)
    if not scored.labels:
        raise ValueError(f"An evaluation needs one example that can be read. Received: {len(test)}, all damaged.")
    if grid is not None:
        images.write(grid, images.grid(scored.shown))
    return {
        **subject.facts(data, split=split, size=size, fit=fit),
        "images": len(scored.labels),
        "hand_drawn": hand_drawn,
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
    photos, detailed = pipeline.predict_both(generator, sketches, working)
    rows = {GENERATOR: list(photos), SHARPENED: [sharpened(photo) for photo in photos]}
    if detailed is not None:
        rows[ENLARGED] = list(detailed)
    if told:
        rows[TOLD] = list(pipeline.predict(generator, sketches, working, tones=truths))
    if candidates is not None:
        several = pipeline.run(generator, list(sketches), Options(candidates=candidates, working=working, scale=1))
        errors = ((several - truths[:, np.newaxis]) ** 2).mean(axis=(2, 3, 4))  # (B, candidates)
        best = errors.argmin(axis=1)
        rows[BEST_OF.format(candidates)] = [own[index] for own, index in zip(several, best, strict=True)]
    return rows


def _fit_baselines(examples: list[Example], view: View, progress: bool) -> Baselines | None:
    if not examples:
        logger.warning("no training part beside the part that is scored: the only baseline left is %s", ITSELF)
        return None
    pairs = each(examples, lambda example, index: view.see(example, (1, index)), "fitting the baselines", progress)
    return Baselines.fit((photo, sketch) for sketch, photo in pairs)
