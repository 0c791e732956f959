"""Scores of a generator on a test part, its baselines beside it."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from sketchback import console, datasets, images, weights
from sketchback.evaluation import identification, metrics
from sketchback.evaluation.baselines import Baselines
from sketchback.inference import pipeline

if TYPE_CHECKING:
    import keras

    from sketchback.datasets import Example
    from sketchback.datasets.batches import View


GENERATOR = "the generator"
BASELINE_EXAMPLES = 2000  # the mean photograph does not move any more
BATCH = 8

logger = logging.getLogger(__name__)


def evaluate(
    name: str | Path | None,
    data: Sequence[str | Path],
    style: str = "pencil",
    size: Sequence[int] | None = None,
    fit: str = "crop",
    enlarge: Sequence[int] | None = None,
    split: str = "test",
    limit: int | None = None,
    working: Sequence[int] | None = None,
    grid: str | Path | None = None,
    progress: bool = False,
) -> dict[str, Any]:
    """Scores weights, and the baselines beside them.

    PSNR and SSIM are scikit-image's defaults on 8-bit RGB with `data_range=255`, R is Pearson's; all are means over
    images with a 95 % bootstrap interval. The baselines are fitted on the training and validation parts.

    Args:
        name: Weights by name or file; None scores the baselines alone.
        data: Folders, see `datasets.find`.
        style: How photographs without a drawn sketch are drawn.
        size: `(height, width)`; by default the one size that all hand-drawn pairs have, else the size that the
            weights were trained at (`pipeline.working_size`).
        fit: How pictures are brought to the size.
        enlarge: Resize photographs to this size first, for data that is stored small.
        split: `"train"`, `"val"`, `"test"` or `"all"`.
        limit: Score the first so many examples in an order drawn by seed 0.
        working: `(height, width)` that sketches are brought to for the generator, see `invert`.
        grid: Write sketch, photograph and truth of eight examples to this picture.
        progress: Show a bar.

    Returns:
        What was scored and how, and `scores`: row -> metric -> (mean, low, high); `labels` holds the same for each
        label of the data (the styles of FS2K).

    Raises:
        ValueError: The split is empty, or nothing in it can be read.
    """
    from sketchback.datasets.batches import View

    if grid is not None:
        images.check_writable(grid)
    _check_limit(limit)
    View(None, style, fit)  # names that are wrong are said before anything is read
    generator = None if name is None else weights.load(name)
    examples = datasets.find_all(data)
    test = draw(datasets.subset(examples, split), limit)
    if not test:
        raise ValueError(f"An evaluation needs examples. Received: {', '.join(map(str, data))} without any {split}.")
    view = View(_size(size, test, generator), style, fit, None if enlarge is None else tuple(enlarge))
    # The baselines learn from what training may see, and never from what is scored.
    pool = {"test": ("train", "val"), "val": ("train",)}.get(split, ())
    training = draw([example for example in examples if example.split in pool], BASELINE_EXAMPLES)
    baselines = _fit_baselines(training, view, progress)

    table: dict[str, list[dict[str, float]]] = {}
    labels: list[str] = []
    rows: list[list[np.ndarray]] = []
    bar = console.Bar(len(test), "scoring", "image", shown=progress)
    for begin in range(0, len(test), BATCH):
        seen = []
        for index, example in enumerate(test[begin : begin + BATCH], start=begin):
            bar.advance()
            try:
                seen.append((*view.see(example, (0, index)), example.label))
            except (ValueError, OSError) as error:
                logger.warning("left out: %s", error)
        if not seen:
            continue
        sketches = np.stack([sketch for sketch, _, _ in seen])
        photos = pipeline.predict(generator, sketches, working) if generator is not None else [None] * len(seen)
        for (sketch, truth, label), photo in zip(seen, photos, strict=True):
            candidates = {} if photo is None else {GENERATOR: photo}
            candidates |= (
                baselines.predictions(sketch) if baselines else {"the sketch itself": np.repeat(sketch, 3, -1)}
            )
            for row, candidate in candidates.items():
                table.setdefault(row, []).append(metrics.score(truth, candidate))
            labels.append(label)
            if len(rows) < 8:
                rows.append([sketch, *([] if photo is None else [photo]), truth])
    bar.close()
    if not labels:
        raise ValueError(f"An evaluation needs one example that can be read. Received: {len(test)}, all damaged.")
    if grid is not None:
        images.write(grid, images.grid(rows))
    names = sorted(set(labels) - {""})
    return {
        "weights": None if name is None else str(name),
        "data": [str(place) for place in data],
        "split": split,
        "images": len(labels),
        "size": list(view.size),
        "style": style,
        "fit": fit,
        "working": None if generator is None else list(working or pipeline.working_size(generator)),
        "hand_drawn": sum(example.sketch is not None for example in test),
        "floors_fitted_on": len(training),
        "scores": {row: _summarise(own) for row, own in table.items()},
        "labels": {
            label: {
                row: _summarise([s for s, mine in zip(own, labels, strict=True) if mine == label])
                for row, own in table.items()
            }
            for label in names
        },
    }


def _check_limit(limit: int | None) -> None:
    if limit is not None and limit < 1:
        raise ValueError(f"`limit` must be at least 1. Received: limit={limit}.")


def draw(examples: list[Example], limit: int | None) -> list[Example]:
    """The first so many examples in an order drawn by seed 0, as `--limit` takes them."""
    if limit is None or limit >= len(examples):
        return examples
    chosen = np.random.default_rng(0).permutation(len(examples))[:limit]
    return [examples[index] for index in sorted(chosen)]


def _size(size: Sequence[int] | None, test: list[Example], generator: keras.Model | None) -> tuple[int, int]:
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
        logger.warning(
            "no training part beside the one that is scored: of the baselines only the sketch itself is left"
        )
        return None
    pairs = _seen(examples, lambda example, index: view.see(example, (1, index)), "fitting the baselines", progress)
    return Baselines.fit((photo, sketch) for sketch, photo in pairs)


def _seen(examples: list[Example], see: Callable[[Example, int], tuple], what: str, progress: bool) -> Iterator[tuple]:
    """Yields what `see` makes of each example and its number; what cannot be read is named and left out."""
    for index, example in enumerate(console.Bar(len(examples), what, "image", shown=progress).over(examples)):
        try:
            seen = see(example, index)
        except (ValueError, OSError) as error:
            logger.warning("left out: %s", error)
        else:
            yield seen


def _summarise(scores: list[dict[str, float]]) -> dict[str, tuple[float, float, float]]:
    return {name: tuple(metrics.bootstrap_interval([score[name] for score in scores])) for name in metrics.METRICS}


def identify(
    name: str | Path | None,
    data: Sequence[str | Path],
    distractors: Mapping[str | Path, str] | None = None,
    size: Sequence[int] | None = None,
    fit: str = "crop",
    split: str = "test",
    limit: int | None = None,
    working: Sequence[int] | None = None,
    descriptor: str = "hog",
    cmc: str | Path | None = None,
    progress: bool = False,
) -> dict[str, Any]:
    """Searches for the people of hand-drawn sketches among their photographs, before and after inversion.

    Args:
        name: Weights by name or file; None searches by the sketches alone.
        data: Folders, see `datasets.find`; examples without a hand-drawn sketch are left out.
        distractors: Folders of photographs that enlarge the gallery, each with the part to take of it: `"test"`,
            `"all"` ... Pictures of people who are searched for are left out of them.
        size: `(height, width)`; by default the one size that all pairs have, else that of the weights.
        fit: How pictures, those of the distractors too, are brought to the size.
        split: `"train"`, `"val"`, `"test"` or `"all"`.
        limit: Search for the first so many sketches in an order drawn by seed 0; the gallery shrinks with them.
        working: As in `evaluate`.
        descriptor: A name in `identification.DESCRIPTORS`.
        cmc: Draw the CMC curves to this file.
        progress: Show bars.

    Returns:
        What was searched and how, and what `identification.identify` returns.

    Raises:
        ValueError: There are no hand-drawn pairs, or of fewer than two people.
    """
    from sketchback.datasets.batches import View

    if cmc is not None:
        identification.check_plot(cmc)
    _check_limit(limit)
    identification.Faces(descriptor)  # names that are wrong are said before anything is read
    images.check_fit(fit)
    generator = None if name is None else weights.load(name)
    examples = datasets.subset(datasets.find_all(data), split)
    drawn = [example for example in examples if example.sketch is not None]
    if len(drawn) < len(examples):
        logger.warning("left out %d photographs without a hand-drawn sketch", len(examples) - len(drawn))
    if not drawn:
        raise ValueError(
            f"Identification needs hand-drawn sketches with their photographs. Received: {', '.join(map(str, data))} "
            f"without any {split} pair. Give a folder of pairs, or another --split."
        )
    drawn = draw(drawn, limit)
    others = _distractors(distractors or {}, {example.group for example in drawn})
    view = View(_size(size, drawn, generator), fit=fit)
    pairs = _seen(drawn, lambda example, _: (*view.see(example), example.group), "searching", progress)
    found = identification.identify(
        pairs,
        _seen(
            others, lambda one, _: (images.fit(one.read_photo(), view.size, fit), one.group), "distractors", progress
        ),
        None if generator is None else lambda sketches: pipeline.predict(generator, sketches, working),
        descriptor,
    )
    if cmc is not None:
        identification.plot(found, cmc)
    return {
        "weights": None if name is None else str(name),
        "data": [str(place) for place in data],
        "split": split,
        "images": found["photographs"],
        "hand_drawn": found["photographs"],
        "distractors_from": {str(place): part for place, part in (distractors or {}).items()},
        "size": list(view.size),
        "fit": fit,
        "working": None if generator is None else list(working or pipeline.working_size(generator)),
        **found,
    }


def _distractors(folders: Mapping[str | Path, str], people: set[str]) -> list[Example]:
    chosen: list[Example] = []
    for folder, part in folders.items():
        found = datasets.find(folder)
        own = datasets.subset(found, part)
        apart = [example for example in own if example.group not in people]
        logger.info(
            "%s: %d of %d photographs are distractors in the gallery (%s)", folder, len(apart), len(found), part
        )
        if len(apart) < len(own):
            logger.warning("left out %d photographs of people who are searched for: %s", len(own) - len(apart), folder)
        chosen += apart
    return chosen


def report(result: dict[str, Any]) -> str:
    """The result of `evaluate` or `identify` as a table to read: each score with its interval, baselines below."""
    height, width = result["size"]
    drawn = "hand-drawn" if result["hand_drawn"] == result["images"] else f"{result['style']}, {result['fit']}"
    lines = [
        f"{result['weights'] or 'baselines'} on {', '.join(result['data'])}: {result['images']} {result['split']} "
        f"images, {height} rows x {width} columns, {drawn}"
    ]
    if "rows" in result:
        return f"{lines[0]}\n{identification.report(result)}"
    for title, scores in [("", result["scores"]), *result["labels"].items()]:
        lines.append(f"\n{title:38}{'PSNR dB':24}{'SSIM':26}{'Pearson R'}")
        for row, own in scores.items():
            cells = [
                f"{own[name][0]:.{digits}f} [{own[name][1]:.{digits}f}, {own[name][2]:.{digits}f}]"
                for name, digits in (("psnr", 2), ("ssim", 3), ("r", 3))
            ]
            lines.append(f"{row:38}{cells[0]:24}{cells[1]:26}{cells[2]}")
    return "\n".join(lines)
