"""Examples -> batches of sketches and photographs, made on worker threads ahead of the training step."""

from __future__ import annotations

import copy
import dataclasses
import logging
import threading
from collections.abc import Sequence

import keras
import numpy as np

from . import images, sketching
from .augmentation import AUGMENTATIONS, augment
from .datasets import Example

logger = logging.getLogger(__name__)

NO_AUGMENTATION = "none"
SQUEEZED = 0.25  # the share of pictures whose proportions are changed


@dataclasses.dataclass(frozen=True)
class View:
    """How an example becomes a sketch and a photograph of one size; the same in training and evaluation.

    `style` draws the sketch of a photograph that has none; `fit` brings both to `size`; `enlarge` first resizes the
    photograph, for data that is stored smaller than the sketch is to be drawn at.
    """

    size: tuple[int, int] | None = (128, 128)
    style: str = "pencil"
    fit: str = "crop"
    enlarge: tuple[int, int] | None = None

    def __post_init__(self) -> None:
        if sketching.check_style(self.style) == "neural":
            raise ValueError(
                "`style` must be quick to draw here. Received: 'neural', which takes seconds a picture. "
                "Draw with sketchback.sketch first, and give the pairs."
            )
        images.check_fit(self.fit)
        for size in (self.size, self.enlarge):
            if size is not None:
                images.check_size(size)

    def see(
        self, example: Example, seed: Sequence[int] = (0,), augmentation: str = NO_AUGMENTATION, flip: bool = False,
        zoom: float = 1.0, squeeze: float = 1.0,
    ) -> tuple[np.ndarray, np.ndarray]:
        """Makes the sketch and the photograph of one example; the same seed gives the same pixels.

        Args:
            example: What to read.
            seed: Whole numbers that decide the style and the augmentation.
            augmentation: A name in `augmentation.AUGMENTATIONS`.
            flip: Mirror both, for half of the seeds.
            zoom: Show a window of the picture, enlarged by 1 to `zoom`, at a place that is drawn; 1 shows the middle.
            squeeze: For a quarter of the seeds, change the proportions by up to this factor.

        Returns:
            Sketch `(H, W, 1)` and photograph `(H, W, 3)`, float32 in [0, 1].

        Raises:
            ValueError: A file of the example cannot be read.
        """
        rng = np.random.default_rng(seed)
        photo, sketch = example.read_photo(), example.read_sketch()
        if sketch is not None and sketch.shape[:2] != photo.shape[:2]:
            sketch = images.resize(sketch, photo.shape[:2])
        if self.enlarge is not None:
            photo = images.resize(photo, self.enlarge)
            sketch = None if sketch is None else images.resize(sketch, self.enlarge)
        # Whether or not they are used, the same numbers are drawn: one choice does not change the others.
        flipped, seed_of_augmentation = rng.random() < 0.5, int(rng.integers(2**31))
        dice = rng.random(5)
        if augmentation != NO_AUGMENTATION:
            photo, sketch = augment(photo, sketch, augmentation, seed_of_augmentation)
        if sketch is None:
            # Drawn at the photograph's own size and resized afterwards, as the original did.
            sketch = (
                sketching.apply_style(photo, sketching.draw_style(rng))
                if self.style == "random"
                else sketching.sketch(photo, self.style)
            )
        if self.size is not None and (zoom > 1 or squeeze > 1):
            window = _window(photo.shape[:2], self.size, zoom, squeeze, dice)
            photo, sketch = (images.resize(image[window], self.size) for image in (photo, sketch))
        elif self.size is not None:
            photo, sketch = (images.fit(image, self.size, self.fit) for image in (photo, sketch))
        if flip and flipped:
            photo, sketch = photo[:, ::-1], sketch[:, ::-1]
        # Averaging over an area rounds white up to 1.0000001.
        sketch, photo = (np.clip(image, 0.0, 1.0) for image in (sketch, photo))
        return np.ascontiguousarray(sketch), np.ascontiguousarray(photo)


def _window(
    shape: tuple[int, int], size: tuple[int, int], zoom: float, squeeze: float, dice: np.ndarray
) -> tuple[slice, slice]:
    """The part of a picture of `shape` that is shown at `size`; five numbers in [0, 1) decide which."""
    proportions = size[0] / size[1]
    if dice[0] < SQUEEZED:
        proportions *= squeeze ** (2 * dice[1] - 1)
    height = min(shape[0], shape[1] * proportions)
    ratio = zoom ** -dice[2]
    rows = min(max(round(height * ratio), 1), shape[0])
    columns = min(max(round(height / proportions * ratio), 1), shape[1])
    top, left = round((shape[0] - rows) * dice[3]), round((shape[1] - columns) * dice[4])
    return slice(top, top + rows), slice(left, left + columns)


class Batches(keras.utils.PyDataset):
    """The batches of one epoch, as Keras's `fit` takes them. `at(epoch)` gives those of another.

    The order, the styles and the augmentation depend on `(seed, epoch, index)` alone, so any number of threads and
    workers gives the same pixels, and an epoch can be taken up in its middle. Every batch is full: a remainder is
    left for other epochs, whose order differs.

    Args:
        examples: What to show, in training usually `datasets.subset(examples, "train")`.
        view: Size, style and fit.
        batch_size: Examples in a batch.
        seed: Decides everything random.
        augmentation: For photographs without a drawn sketch.
        pair_augmentation: For pairs, which are few.
        pair_share: The share of an epoch that shows hand-drawn pairs, which are repeated to reach it, every set of
            them equally often however small it is; 0 shows each pair once an epoch.
        flip: Mirror half of the examples.
        zoom: Show windows at random places, enlarged by up to this factor; see `View.see`.
        squeeze: Change the proportions of a quarter of the examples by up to this factor.
        shuffle: Draw another order each epoch.
        limit: Show at most so many examples an epoch.
        threads: How many read and draw ahead.

    Raises:
        ValueError: There are no examples.
    """

    def __init__(
        self,
        examples: Sequence[Example],
        view: View,
        batch_size: int = 16,
        seed: int = 0,
        augmentation: str = NO_AUGMENTATION,
        pair_augmentation: str = NO_AUGMENTATION,
        pair_share: float = 0.0,
        flip: bool = True,
        zoom: float = 1.0,
        squeeze: float = 1.0,
        shuffle: bool = True,
        limit: int | None = None,
        threads: int = 2,
    ):
        super().__init__(workers=threads, use_multiprocessing=False, max_queue_size=8)
        if not examples:
            raise ValueError("Batches need at least one example. Received: none. Is there a training part?")
        if view.size is None:
            raise ValueError("Batches need one size for all. Received: size=None. Give (height, width).")
        if batch_size < 1 or (limit is not None and limit < 1):
            raise ValueError(
                f"`batch_size` and `limit` must be at least 1. Received: batch_size={batch_size}, limit={limit}."
            )
        for name in (augmentation, pair_augmentation):
            if name not in AUGMENTATIONS:
                raise ValueError(f"`augmentation` must be one of {', '.join(AUGMENTATIONS)}. Received: {name!r}.")
        if threads < 1:
            raise ValueError(f"`threads` must be at least 1. Received: threads={threads}.")
        if not 0 <= pair_share < 1:
            raise ValueError(f"`pair_share` must be in [0, 1). Received: pair_share={pair_share}.")
        self.examples, self.view, self.batch_size, self.seed = list(examples), view, batch_size, seed
        self.augmentation, self.pair_augmentation = augmentation, pair_augmentation
        if not (zoom >= 1 and squeeze >= 1):
            raise ValueError(f"`zoom` and `squeeze` must be at least 1. Received: zoom={zoom}, squeeze={squeeze}.")
        self.pair_share, self.flip, self.shuffle, self.limit = pair_share, flip, shuffle, limit
        self.zoom, self.squeeze = zoom, squeeze
        self.skipped: dict[Example, str] = {}  # what could not be decoded, and why
        self._lock = threading.Lock()
        self._door, self._inside, self._closed = threading.Condition(), 0, False
        self.epoch, self.first, self.rank, self.parts = 0, 0, 0, 1
        self._order = self._draw_order()

    def at(self, epoch: int, first: int = 0, rank: int = 0, workers: int = 1) -> Batches:
        """The batches of an epoch, from number `first` on; in a `with`, whose end sends the threads home.

        With `workers`, number `rank` of as many equal parts of each of them: one after the other they are the batch.

        Raises:
            ValueError: A batch cannot be divided into so many parts.
        """
        if self.batch_size % workers or not 0 <= rank < workers:
            raise ValueError(
                "`batch_size` must be a multiple of `workers`, and `rank` one of them. Received: "
                f"batch_size={self.batch_size}, workers={workers}, rank={rank}."
            )
        other = copy.copy(self)
        other._door, other._inside, other._closed = threading.Condition(), 0, False
        other.epoch, other.first, other.rank, other.parts = epoch, first, rank, workers
        other._order = other._draw_order()
        return other

    def _draw_order(self) -> np.ndarray:
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

    def __getitem__(self, index: int) -> tuple[np.ndarray, np.ndarray]:
        """Returns sketches `(B, H, W, 1)` and photographs `(B, H, W, 3)`."""
        count = self.batch_size // self.parts
        begin = (self.first + index) * self.batch_size + self.rank * count
        with self._door:
            self._inside += 1
        try:
            shown = [self._show(place) for place in range(begin, begin + count)]
        finally:
            with self._door:
                self._inside -= 1
                self._door.notify_all()
        sketches, photos = zip(*shown, strict=True)
        return np.stack(sketches), np.stack(photos)

    def __enter__(self) -> Batches:
        return self

    def __exit__(self, *_: object) -> None:
        """Lets no thread begin another example, and waits for the examples that are being made.

        Where `fit` ends early, Keras leaves its threads to themselves, eight batches ahead. One that comes back from
        OpenCV while Python ends aborts the process (its C++ must not be unwound), one inside BLAS can hang it.
        """
        self._closed, interrupted = True, False
        while self._inside:
            try:
                with self._door:
                    self._door.wait_for(lambda: not self._inside)
            except KeyboardInterrupt:  # Ctrl-C held down: this is a matter of milliseconds
                interrupted = True
        if interrupted:
            raise KeyboardInterrupt

    def _show(self, place: int) -> tuple[np.ndarray, np.ndarray]:
        if self._closed:
            raise RuntimeError("Batches end with their `with`. Received: a request after it. Call `at` again.")
        # A file that breaks off is found only now; the next example in order stands in for it.
        for offset in range(len(self._order)):
            example = self.examples[self._order[(place + offset) % len(self._order)]]
            if example in self.skipped:
                continue
            augmentation = self.augmentation if example.sketch is None else self.pair_augmentation
            try:
                seed = (self.seed, self.epoch, place)
                return self.view.see(example, seed, augmentation, self.flip, self.zoom, self.squeeze)
            except (ValueError, OSError) as error:
                with self._lock:
                    if example not in self.skipped:
                        self.skipped[example] = str(error)
                        logger.warning("left out %d so far: %s", len(self.skipped), error)
        raise ValueError(f"Training needs one example that can be read. Received: {len(self.examples)}, all damaged.")
