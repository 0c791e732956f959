"""Scores of a generator on held-out examples, once an epoch."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from sketchback import images
from sketchback.datasets import tasks
from sketchback.evaluation import metrics
from sketchback.inference import pipeline
from sketchback.inference.padding import pad_inputs
from sketchback.training.distribution import ONE, Devices

if TYPE_CHECKING:
    import keras

    from sketchback.datasets import Example
    from sketchback.datasets.views import View

BATCH = 16
SAMPLES = 6  # rows of samples.png

logger = logging.getLogger(__name__)


def validate(
    generator: keras.Model, examples: Sequence[Example], view: View, *, devices: Devices = ONE
) -> tuple[dict[str, float], list[list[np.ndarray]]]:
    """Scores a generator on held-out examples, whose sketches are the same every time.

    Args:
        generator: What to score.
        examples: Held-out examples.
        view: How they are seen.
        devices: The workers that share this, each with the generator on one of its devices.

    Returns:
        The mean of PSNR (dB) and SSIM, on all workers, and on the first one the first few rows (sketch, prediction,
        truth) to look at; nothing for a network whose input is no picture.
    """
    if generator.takes not in tasks.TASKS:
        return {}, []
    measures: tuple[Callable[[np.ndarray, np.ndarray], float], ...] = (metrics.psnr, metrics.ssim)
    scores = np.full((len(examples), len(measures)), np.nan)
    rows: list[list[np.ndarray]] = []
    scorers = np.arange(len(examples)) // BATCH % devices.workers  # batches in turn
    for begin in range(devices.rank * BATCH, len(examples), BATCH * devices.workers):
        seen = []
        for index, example in enumerate(examples[begin : begin + BATCH], start=begin):
            try:
                sketch, photo = view.see(example, (0, index))
                task = tasks.TASKS[generator.takes]
                seen.append((index, *task(sketch, photo, example.hand, np.random.default_rng(0), tasks.NOTHING_TOLD)))
            except (ValueError, OSError) as error:
                logger.warning("left out of validation: %s", error)
        if not seen:
            continue
        inputs: Any = tasks.stack([(shown, target) for _, shown, target in seen])[0]
        # Sketches untold, as `invert` shows them.
        firsts: Any = inputs[0] if len(generator.takes) > 1 else inputs
        if generator.takes[0] == "sketch":
            predictions = pipeline.predict(generator, firsts, view.size)
        else:
            height, width = seen[0][2].shape[:2]
            predictions = np.asarray(generator.predict_on_batch(pad_inputs(generator, inputs)), np.float32)
            predictions = predictions[:, :height, :width]
        for (index, _, target), first, prediction in zip(seen, firsts, predictions, strict=True):
            pair = [np.repeat(one, 3, axis=-1) if one.shape[-1] == 1 else one for one in (target, prediction)]
            scores[index] = [measure(*pair) for measure in measures]
            if len(rows) < SAMPLES:
                rows.append([images.resize(first, target.shape[:2]), prediction, target])
    scores = devices.gather(scores)[scorers, np.arange(len(examples))]
    scores = scores[~np.isnan(scores).all(axis=1)]  # what was left out
    return {name: float(np.mean(scores[:, place])) for place, name in enumerate(("psnr", "ssim")) if len(scores)}, rows


def hold_out(examples: Sequence[Example], count: int) -> list[Example]:
    """A fixed draw from every kind of data set in turn, so that a few hand-drawn pairs are always among them."""
    rng = np.random.default_rng(0)
    by_kind: dict[str, list[Example]] = {}
    for index in rng.permutation(len(examples)):
        by_kind.setdefault(examples[index].kind, []).append(examples[index])
    drawn: list[Example] = []
    while len(drawn) < min(count, len(examples)):
        drawn += [own.pop() for own in by_kind.values() if own]
    return drawn[:count]
