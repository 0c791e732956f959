"""Searches for the people of a data set's hand-drawn sketches among its photographs."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sketchback import datasets, images
from sketchback.datasets.views import View
from sketchback.evaluation import identification, reports
from sketchback.evaluation.selection import ENLARGED, GENERATOR, Subject, check_limit, choose_size, each, sample
from sketchback.inference import pipeline

if TYPE_CHECKING:
    from sketchback.datasets import Example

logger = logging.getLogger(__name__)


def identify(
    weights: str | Path | None,
    data: str | Path | Sequence[str | Path],
    *,
    distractors: Mapping[str | Path, str] | None = None,
    size: Sequence[int] | None = None,
    fit: str = "crop",
    split: str = "test",
    limit: int | None = None,
    working: Sequence[int] | None = None,
    fidelity: float | None = None,
    mirrored: bool = False,
    runtime: str = "keras",
    descriptor: str = "hog",
    cmc: str | Path | None = None,
    progress: bool = False,
) -> dict[str, Any]:
    """Searches for the people of hand-drawn sketches among their photographs, before and after inversion.

    Args:
        weights: A name or a file; None searches by the sketches alone.
        data: A folder, or several, see `datasets.find`; examples without a hand-drawn sketch are left out.
        distractors: Folders of photographs that enlarge the gallery, each with the part to take of it: `"test"`,
            `"all"` ... Pictures of people who are searched for are left out of them.
        size: `(height, width)`; by default the one size that all pairs have, else that of the weights.
        fit: How pictures, those of the distractors too, are brought to the size.
        split: `"train"`, `"val"`, `"test"` or `"all"`.
        limit: Search for only so many sketches, see `sample`; the gallery shrinks with them.
        working: As in `evaluate`.
        fidelity: As in `evaluate`.
        mirrored: As in `evaluate`.
        runtime: As in `evaluate`.
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
    data = datasets.as_folders(data)
    check_limit(limit)
    for part in (split, *(distractors or {}).values()):
        datasets.check_split(part)
    identification.Faces(descriptor)  # names that are wrong are reported before anything is read
    images.check_fit(fit)
    subject = Subject(weights, runtime=runtime, fidelity=fidelity, mirrored=mirrored, working=working)
    generator = subject.generator
    examples = datasets.subset(datasets.find_all(data), split)
    pairs = [example for example in examples if example.sketch is not None]
    if len(pairs) < len(examples):
        logger.warning("left out %d photographs without a hand-drawn sketch", len(examples) - len(pairs))
    if not pairs:
        raise ValueError(
            "Identification needs hand-drawn sketches with their photographs. "
            f"Received: {', '.join(data) or 'no data'} without any {split} pair. "
            "Give a folder of pairs, or another --split."
        )
    pairs = sample(pairs, limit)
    others = _distractors(distractors or {}, data, {example.group for example in pairs})
    size = choose_size(size, pairs, generator)
    view = View(size, fit=fit)
    found = identification.identify(
        each(pairs, lambda example, _: (*view.see(example), example.group), "searching", progress),
        distractors=each(
            others, lambda one, _: (images.fit(one.read_photo(), size, fit), one.group), "distractors", progress
        ),
        invert=None
        if generator is None
        else lambda sketches: pipeline.predict(generator, sketches, working, detail=True),
        descriptor=descriptor,
        after=ENLARGED if generator is not None and pipeline.adds_detail(generator, size, working) else GENERATOR,
    )
    if cmc is not None:
        reports.plot_cmc(found, cmc)
    return {
        **subject.facts(data, split=split, size=size, fit=fit),
        "images": found["photographs"],
        "hand_drawn": found["photographs"],
        "distractors_from": {str(place): part for place, part in (distractors or {}).items()},
        **found,
    }


def _distractors(folders: Mapping[str | Path, str], data: Sequence[str], people: set[str]) -> list[Example]:
    chosen: list[Example] = []
    for folder, part in folders.items():
        found = datasets.find_beside(folder, data)
        own = datasets.subset(found, part)
        others = [example for example in own if example.group not in people]
        logger.info(
            "%s: %d of %d photographs are distractors in the gallery (%s)", folder, len(others), len(found), part
        )
        if len(others) < len(own):
            logger.warning("left out %d photographs of people who are searched for: %s", len(own) - len(others), folder)
        chosen += others
    return chosen
