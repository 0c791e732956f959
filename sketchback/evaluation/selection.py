"""What `scoring` and `searching` share: which examples, at what size, read one by one, and what results say first."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from sketchback import console, images
from sketchback.evaluation import identification
from sketchback.inference import pipeline
from sketchback.inference import runtime as runtimes
from sketchback.inference.options import Options, check

if TYPE_CHECKING:
    from sketchback.datasets import Example
    from sketchback.models import Generator

GENERATOR, ENLARGED = identification.AFTER, "the generator, then the enlarger"  # rows of results

Seen = TypeVar("Seen")
logger = logging.getLogger(__name__)


def sample(examples: list[Example], limit: int | None) -> list[Example]:
    """Chooses `limit` of the examples by seed 0, in the order in which they are given; None takes all."""
    if limit is None or limit >= len(examples):
        return examples
    chosen = np.random.default_rng(0).permutation(len(examples))[:limit]
    return [examples[index] for index in sorted(chosen)]


def check_limit(limit: int | None) -> None:
    """Refuses a `limit` that is no whole number of at least 1."""
    if limit is not None and not (isinstance(limit, (int, np.integer)) and limit >= 1):
        raise ValueError(f"`limit` must be a whole number of at least 1. Received: limit={limit!r}.")


def choose_size(size: Sequence[int] | None, test: list[Example], generator: Generator | None) -> tuple[int, int]:
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


def each(examples: list[Example], see: Callable[[Example, int], Seen], what: str, progress: bool) -> Iterator[Seen]:
    """Yields `see(example, number)` for each example; those that cannot be read are named and left out."""
    for index, example in enumerate(console.Bar(len(examples), what, "image", shown=progress).over(examples)):
        try:
            seen = see(example, index)
        except (ValueError, OSError) as error:
            logger.warning("left out: %s", error)
        else:
            yield seen


class Subject:
    """Weights that are scored, and how they are run.

    Args:
        weights: A name or a file, see `runtime.load` for it and what follows; None: the baselines alone are scored.
        runtime: What computes them.
        fidelity: Between their two ends.
        mirrored: Ask them twice.
        working: `(height, width)` that sketches are brought to, see `pipeline.predict`.

    Attributes:
        generator: They, loaded; None without weights.
        working: As above.
    """

    def __init__(
        self,
        weights: str | Path | None,
        *,
        runtime: str,
        fidelity: float | None,
        mirrored: bool,
        working: Sequence[int] | None,
    ):
        self.generator: Generator | None = None
        if weights is not None:
            self.generator = runtimes.load(weights, runtime, fidelity=fidelity, mirrored=mirrored)
            check(self.generator, Options(), name=str(weights))
        self.working = working
        self._said = {"weights": None if weights is None else str(weights), "fidelity": fidelity, "mirrored": mirrored}

    def facts(self, data: Sequence[str | Path], *, split: str, size: tuple[int, int], fit: str) -> dict[str, Any]:
        """What the results of `scoring.evaluate` and `searching.identify` both begin with."""
        working = None if self.generator is None else list(self.working or pipeline.working_size(self.generator))
        seen = {"data": [str(place) for place in data], "split": split, "size": list(size), "fit": fit}
        return {**self._said, **seen, "working": working}
