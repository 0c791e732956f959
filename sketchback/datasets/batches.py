"""Examples -> batches of what a network is shown and asked for; `prefetch` makes them ahead of the training step."""

from __future__ import annotations

import copy
import logging
import threading
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, Protocol, TypeVar

import numpy as np

from sketchback.datasets import tasks
from sketchback.datasets.augmentation import AUGMENTATIONS, NO_AUGMENTATION
from sketchback.datasets.examples import Example
from sketchback.datasets.processes import Job
from sketchback.datasets.views import View
from sketchback.images import check_size

logger = logging.getLogger(__name__)


class Batches:
    """The batches of one epoch, by number. `at(epoch)` gives those of another.

    The order, the styles and the augmentation depend on `(seed, epoch, index)` alone, so any number of processes and
    workers gives the same pixels, and an epoch can be taken up in its middle. Every batch is full: a remainder is
    left for other epochs, whose order differs.

    Args:
        examples: What to show, in training usually `datasets.subset(examples, "train")`.
        view: Size, style and fit.
        batch_size: Examples in a batch.
        seed: Decides everything random.
        augmentation: Of photographs without a drawn sketch, a name in `augmentation.AUGMENTATIONS`.
        pair_augmentation: Of pairs, which are few.
        pair_share: The share of an epoch that shows hand-drawn pairs, in [0, 1). They are repeated to reach it, every
            set of them equally often however small it is; 0 shows each pair once an epoch.
        flip: Mirror half of the examples.
        zoom: Show windows at random places, enlarged by up to this factor; see `View.see`.
        aspect: Change the proportions of a quarter of the examples by up to this factor.
        shuffle: Show another order each epoch.
        limit: Show at most so many examples an epoch.
        crop: `(height, width)`: of what is seen at `view.size`, show a window of this size at a random place.
        takes: The inputs of the network, see `tasks.TASKS`.
        telling: How often tones are told, see `tasks.Telling`.
        artist: How often the artist's drawing is shown, in [0, 1], see `View.see`.

    Raises:
        ValueError: There are no examples, or an argument is out of range.
    """

    def __init__(
        self,
        examples: Sequence[Example],
        view: View,
        *,
        batch_size: int = 16,
        seed: int = 0,
        augmentation: str = NO_AUGMENTATION,
        pair_augmentation: str = NO_AUGMENTATION,
        pair_share: float = 0.0,
        flip: bool = True,
        zoom: float = 1.0,
        aspect: float = 1.0,
        shuffle: bool = True,
        limit: int | None = None,
        crop: tuple[int, int] | None = None,
        takes: tuple[str, ...] = ("sketch",),
        telling: tasks.Telling = tasks.NOTHING_TOLD,
        artist: float = 0.0,
    ):
        if not examples:
            raise ValueError("Batches need at least one example. Received: none. Is there a training part?")
        if view.size is None:
            raise ValueError("Batches need one size for all. Received: size=None. Give (height, width).")
        for name in (augmentation, pair_augmentation):
            if name not in AUGMENTATIONS:
                raise ValueError(f"`augmentation` must be one of {', '.join(AUGMENTATIONS)}. Received: {name!r}.")
        at_least_one = {"batch_size": batch_size, "zoom": zoom, "aspect": aspect}
        for name, value in {**at_least_one, "limit": 1 if limit is None else limit}.items():
            if not value >= 1:  # NaN is refused too
                raise ValueError(f"`{name}` must be at least 1. Received: {name}={value}.")
        if not 0 <= pair_share < 1:
            raise ValueError(f"`pair_share` must be in [0, 1). Received: pair_share={pair_share}.")
        if takes not in tasks.TASKS:
            known = "; ".join(", ".join(one) for one in tasks.TASKS)
            raise ValueError(f"A network must take one of: {known}. Received: {', '.join(takes)}.")
        for name, share in {"told": telling.share, "retoned": telling.retoned, "artist": artist}.items():
            if not 0 <= share <= 1:
                raise ValueError(f"`{name}` must be in [0, 1]. Received: {name}={share}.")
        if crop is not None and any(part > whole for part, whole in zip(check_size(crop), view.size, strict=True)):
            raise ValueError(f"`crop` must fit into `size`. Received: crop={crop}, size={view.size}.")
        self.crop, self.takes, self.telling, self.artist = crop, takes, telling, artist
        self.examples, self.view, self.batch_size, self.seed = list(examples), view, batch_size, seed
        self.augmentation, self.pair_augmentation = augmentation, pair_augmentation
        self.pair_share, self.flip, self.shuffle, self.limit = pair_share, flip, shuffle, limit
        self.zoom, self.aspect = zoom, aspect
        self.skipped: dict[Example, str] = {}  # what could not be decoded, and why
        self._skipping = threading.Lock()
        self.epoch, self.first, self.rank, self.parts = 0, 0, 0, 1
        self._order = self._sample_order()

    def at(self, epoch: int, first: int = 0, rank: int = 0, workers: int = 1) -> Batches:
        """The batches of an epoch, from number `first` on.

        Args:
            epoch: Which order, styles and augmentation.
            first: The batch to begin with.
            rank: Which of the `workers` parts of each batch.
            workers: Into how many equal parts each batch is divided; one after the other they are the batch.

        Raises:
            ValueError: A batch cannot be divided into so many parts.
        """
        other = at(self, epoch, first, rank, workers)
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
        order = np.concatenate([photos, pairs])
        if self.shuffle:
            order = rng.permutation(order)
        order = order[: self.limit]
        return np.resize(order, max(len(order), self.batch_size))  # a small set is repeated to fill one batch

    @property
    def steps(self) -> int:
        """Batches of the whole epoch, whatever number this one begins with."""
        return len(self._order) // self.batch_size

    def __len__(self) -> int:
        return self.steps - self.first

    def __getitem__(self, index: int) -> tasks.Shown:
        """Returns the network's input, or a tuple of inputs, and the targets: sketches `(B, H, W, 1)` and photographs
        `(B, H, W, 3)` for a network that takes a sketch alone.
        """
        return self.make(index, lambda job: job(np.empty))

    def make(self, index: int, run: Callable[[Job[tasks.Shown]], tasks.Shown]) -> tasks.Shown:
        """Makes what `batches[index]` makes, but has it drawn by `run`, for example `Processes.run`."""
        while True:
            chosen = [(place, self._choose(place)) for place in places(self, index)]
            try:
                return run(partial(_draw, chosen, **self._manner()))
            except DamagedError as error:
                example, reason = error.args
                with self._skipping:
                    if example not in self.skipped:
                        self.skipped[example] = reason
                        logger.warning("left out %d so far: %s", len(self.skipped), reason)

    def _manner(self) -> dict[str, Any]:
        """What the pixels depend on beside the example and its place: no more than that travels to a process."""
        return {
            "view": self.view,
            "seed": (self.seed, self.epoch),
            "augmentations": (self.augmentation, self.pair_augmentation),
            "crop": self.crop,
            "takes": self.takes,
            "telling": self.telling,
            "seeing": {"flip": self.flip, "zoom": self.zoom, "aspect": self.aspect, "artist": self.artist},
        }

    def _choose(self, place: int) -> Example:
        """What is shown at a place. A file that breaks off is found only when it is drawn; the next one stands in."""
        for offset in range(len(self._order)):
            example = self.examples[self._order[(place + offset) % len(self._order)]]
            if example not in self.skipped:
                return example
        raise ValueError(f"Training needs one example that can be read. Received: {len(self.examples)}, all damaged.")


class DamagedError(ValueError):
    """An example that cannot be decoded, and why."""


def _draw(
    chosen: Sequence[tuple[int, Example]],
    empty: Callable[..., np.ndarray],
    *,
    view: View,
    seed: tuple[int, int],
    augmentations: tuple[str, str],
    crop: tuple[int, int] | None,
    takes: tuple[str, ...],
    telling: tasks.Telling,
    seeing: Mapping[str, Any],
) -> tasks.Shown:
    shown = []
    for place, example in chosen:
        try:
            augmentation = augmentations[example.sketch is not None]
            sketch, photo = view.see(example, (*seed, place), augmentation=augmentation, **seeing)
            rng = np.random.default_rng((*seed, place, 1))
            if crop is not None:
                sketch, photo = _crop(sketch, photo, crop, rng)
            shown.append(tasks.TASKS[takes](sketch, photo, example.hand, rng, telling))
        except (ValueError, OSError) as error:
            raise DamagedError(example, str(error)) from None
    return tasks.stack(shown, empty)


class _OfEpoch(Protocol):
    batch_size: int
    epoch: int
    first: int
    rank: int
    parts: int

    def __len__(self) -> int: ...


OfEpoch = TypeVar("OfEpoch", bound=_OfEpoch)


def at(batches: OfEpoch, epoch: int, first: int, rank: int, workers: int) -> OfEpoch:
    """The same batches, of another epoch or another worker's part of them, see `Batches.at`."""
    if batches.batch_size % workers or not 0 <= rank < workers:
        raise ValueError(
            "`batch_size` must be a multiple of `workers`, and `rank` one of them. Received: "
            f"batch_size={batches.batch_size}, workers={workers}, rank={rank}."
        )
    other = copy.copy(batches)
    other.epoch, other.first, other.rank, other.parts = epoch, first, rank, workers
    return other


def places(batches: _OfEpoch, index: int) -> range:
    """The places in the epoch's order that a worker's part of batch `index`, counted from `first`, shows.

    Raises:
        IndexError: There is no such batch.
    """
    if not 0 <= index < len(batches):
        raise IndexError(f"A batch must be one of {len(batches)}. Received: index={index}.")
    count = batches.batch_size // batches.parts
    begin = (batches.first + index) * batches.batch_size + batches.rank * count
    return range(begin, begin + count)


def _crop(
    sketch: np.ndarray, photo: np.ndarray, size: tuple[int, int], rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    top, left = (int(rng.integers(whole - part + 1)) for whole, part in zip(photo.shape[:2], size, strict=True))
    window = np.s_[top : top + size[0], left : left + size[1]]
    return sketch[window], photo[window]
