"""Examples -> batches of what a network is shown and asked for; `prefetch` makes them ahead of the training step."""

from __future__ import annotations

import copy
import logging
import threading
from collections.abc import Callable, Sequence
from functools import partial
from typing import TypeVar

import numpy as np

from sketchback.datasets import tasks
from sketchback.datasets.examples import Example
from sketchback.datasets.processes import Job
from sketchback.datasets.showing import AS_IT_IS, Showing
from sketchback.datasets.views import View

Own = TypeVar("Own", bound="Epochs")

logger = logging.getLogger(__name__)


class Epochs:
    """Batches of an epoch, by number; `at` gives those of another."""

    batch_size: int
    epoch, first, rank, parts = 0, 0, 0, 1

    @property
    def steps(self) -> int:
        """Batches of the whole epoch, whatever number this one begins with."""
        raise NotImplementedError

    def at(self: Own, epoch: int, first: int = 0, rank: int = 0, workers: int = 1) -> Own:
        """The batches of an epoch, from number `first` on.

        Args:
            epoch: Which order, styles and augmentation.
            first: The batch to begin with.
            rank: Which of the `workers` parts of each batch.
            workers: Into how many equal parts each batch is divided; one after the other they are the batch.

        Raises:
            ValueError: A batch cannot be divided into so many parts.
        """
        if self.batch_size % workers or not 0 <= rank < workers:
            raise ValueError(
                "`batch_size` must be a multiple of `workers`, and `rank` one of them. Received: "
                f"batch_size={self.batch_size}, workers={workers}, rank={rank}."
            )
        other = copy.copy(self)
        other.epoch, other.first, other.rank, other.parts = epoch, first, rank, workers
        return other

    def __len__(self) -> int:
        return self.steps - self.first

    def places(self, index: int) -> range:
        """The places in the epoch's order that a worker's part of batch `index`, counted from `first`, shows.

        Raises:
            IndexError: There is no such batch.
        """
        if not 0 <= index < len(self):
            raise IndexError(f"A batch must be one of {len(self)}. Received: index={index}.")
        count = self.batch_size // self.parts
        begin = (self.first + index) * self.batch_size + self.rank * count
        return range(begin, begin + count)


class Batches(Epochs):
    """The batches of one epoch, by number. `at(epoch)` gives those of another.

    The order, the styles and the augmentation depend on `(seed, epoch, index)` alone, so any number of processes and
    workers gives the same pixels, and an epoch can be taken up in its middle. Every batch is full: a remainder is
    left for other epochs, whose order differs.

    Args:
        examples: What to show, in training usually `datasets.subset(examples, "train")`.
        view: Size, style and fit.
        showing: What of an example is shown, and how that differs from epoch to epoch.
        batch_size: Examples in a batch.
        seed: Decides everything random.
        pair_share: The share of an epoch that shows hand-drawn pairs, in [0, 1). They are repeated to reach it, every
            kind of them (`Example.kind`) equally often however small it is; 0 shows each pair once an epoch.
        limit: Show at most so many examples an epoch.
        takes: The inputs of the network, see `tasks.TASKS`.

    Raises:
        ValueError: There are no examples, or an argument is out of range.
    """

    def __init__(
        self,
        examples: Sequence[Example],
        view: View,
        showing: Showing = AS_IT_IS,
        *,
        batch_size: int = 16,
        seed: int = 0,
        pair_share: float = 0.0,
        limit: int | None = None,
        takes: tuple[str, ...] = ("sketch",),
    ):
        if not examples:
            raise ValueError("Batches need at least one example. Received: none. Is there a training part?")
        if view.size is None:
            raise ValueError("Batches need one size for all. Received: size=None. Give (height, width).")
        for name, value in {"batch_size": batch_size, "limit": 1 if limit is None else limit}.items():
            if value < 1:
                raise ValueError(f"`{name}` must be at least 1. Received: {name}={value}.")
        if not 0 <= pair_share < 1:
            raise ValueError(f"`pair_share` must be in [0, 1). Received: pair_share={pair_share}.")
        if takes not in tasks.TASKS:
            known = "; ".join(", ".join(one) for one in tasks.TASKS)
            raise ValueError(f"A network must take one of: {known}. Received: {', '.join(takes)}.")
        crop = showing.crop
        if crop is not None and any(part > whole for part, whole in zip(crop, view.size, strict=True)):
            raise ValueError(f"`crop` must fit into `size`. Received: crop={crop}, size={view.size}.")
        self.examples, self.view, self.showing, self.takes = list(examples), view, showing, takes
        self.batch_size, self.seed, self.pair_share = batch_size, seed, pair_share
        self.limit = limit
        self.skipped: dict[Example, str] = {}  # what could not be decoded, and why
        self._skipping = threading.Lock()
        self._order = self._sample_order()

    def at(self, epoch: int, first: int = 0, rank: int = 0, workers: int = 1) -> Batches:
        """See `Epochs.at`."""
        other = super().at(epoch, first, rank, workers)
        other._order = other._sample_order()
        return other

    def _sample_order(self) -> np.ndarray:
        """The indices of the examples that the epoch shows, in order: `(N,)`."""
        rng = np.random.default_rng([self.seed, self.epoch])
        paired = np.array([example.sketch is not None for example in self.examples])
        photos, pairs = np.flatnonzero(~paired), np.flatnonzero(paired)
        if len(pairs) and self.pair_share:
            total = len(photos) * self.pair_share / (1 - self.pair_share) if len(photos) else len(pairs)
            kinds = sorted({self.examples[index].kind for index in pairs})
            count = max(round(total / len(kinds)), 1)
            parts = []
            for kind in kinds:
                own = [index for index in pairs if self.examples[index].kind == kind]
                # Each pair once before any is shown again.
                parts += [np.concatenate([rng.permutation(own) for _ in range(-(-count // len(own)))])[:count]]
            pairs = np.concatenate(parts)
        order = rng.permutation(np.concatenate([photos, pairs]))[: self.limit]
        return np.resize(order, max(len(order), self.batch_size))  # a small set is repeated to fill one batch

    @property
    def steps(self) -> int:
        """Batches of the whole epoch, whatever number this one begins with."""
        return len(self._order) // self.batch_size

    def __getitem__(self, index: int) -> tasks.Shown:
        """Returns the network's input, or a tuple of inputs, and the targets: sketches `(B, H, W, 1)` and photographs
        `(B, H, W, 3)` for a network that takes a sketch alone.
        """
        return self.make(index, lambda job: job(np.empty))

    def make(self, index: int, run: Callable[[Job[tasks.Shown]], tasks.Shown]) -> tasks.Shown:
        """Makes what `batches[index]` makes, but has it drawn by `run`, for example `Processes.run`."""
        while True:
            chosen = [(place, self._choose(place)) for place in self.places(index)]
            try:
                return run(self._job(chosen))
            except DamagedError as error:
                place, reason = error.args
                example = dict(chosen)[place]  # not one that travelled to a process and back, which may be another
                with self._skipping:
                    if example not in self.skipped:
                        self.skipped[example] = reason
                        logger.warning("left out %d so far: %s", len(self.skipped), reason)

    def _job(self, chosen: Sequence[tuple[int, Example]]) -> Job[tasks.Shown]:
        """Draws them, from what their pixels depend on: no more than that travels to a process."""
        seed = self.seed, self.epoch
        return partial(_draw, chosen, view=self.view, showing=self.showing, seed=seed, takes=self.takes)

    def _choose(self, place: int) -> Example:
        """What is shown at a place. A file that breaks off is found only when it is drawn; the next one stands in."""
        for offset in range(len(self._order)):
            example = self.examples[self._order[(place + offset) % len(self._order)]]
            if example not in self.skipped:
                return example
        raise ValueError(f"Training needs one example that can be read. Received: {len(self.examples)}, all damaged.")


class DamagedError(ValueError):
    """The place of an example that cannot be decoded, and why."""


def _draw(
    chosen: Sequence[tuple[int, Example]],
    empty: Callable[..., np.ndarray],
    *,
    view: View,
    showing: Showing,
    seed: tuple[int, int],
    takes: tuple[str, ...],
) -> tasks.Shown:
    shown = []
    for place, example in chosen:
        try:
            sketch, photo = view.see(example, (*seed, place), showing)
            rng = np.random.default_rng((*seed, place, 1))
            if showing.crop is not None:
                sketch, photo = _crop(sketch, photo, showing.crop, rng)
            shown.append(tasks.TASKS[takes](sketch, photo, example.hand, rng, showing.telling))
        except (ValueError, OSError) as error:
            raise DamagedError(place, str(error)) from None
    return tasks.stack(shown, empty)


def _crop(
    sketch: np.ndarray, photo: np.ndarray, size: tuple[int, int], rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    top, left = (int(rng.integers(whole - part + 1)) for whole, part in zip(photo.shape[:2], size, strict=True))
    window = np.s_[top : top + size[0], left : left + size[1]]
    return sketch[window], photo[window]
