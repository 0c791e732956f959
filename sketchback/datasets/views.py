"""How an example becomes a sketch and a photograph of one size."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import cv2
import numpy as np

from sketchback import images, sketching
from sketchback.datasets.augmentation import NO_AUGMENTATION, augment
from sketchback.datasets.examples import Example
from sketchback.datasets.showing import AS_IT_IS, Showing
from sketchback.sketching.artist import bend

MARGIN = 0.7  # of a picture's height and width: what margins add to them, at most
AROUND = 2  # ends the seed that margins are sampled with
ASPECT_SHARE = 0.25  # the share of pictures whose proportions `aspect` changes


@dataclasses.dataclass(frozen=True)
class View:
    """How an example becomes a sketch and a photograph of one size; the same in training and evaluation.

    `style` draws the sketch of a photograph that has none; `fit` brings both to `size`, None keeps the photograph's
    own; `enlarge` first resizes the photograph, for data that is stored smaller than the sketch is to be drawn at.
    """

    size: tuple[int, int] | None = (128, 128)
    style: str = "pencil"
    fit: str = "crop"
    enlarge: tuple[int, int] | None = None

    def __post_init__(self) -> None:
        if sketching.check_style(self.style) in ("artist", "neural"):
            raise ValueError(
                f"`style` must be drawn without a network here. Received: {self.style!r}. "
                "Draw with sketchback.sketch first, and give the pairs."
            )
        images.check_fit(self.fit)
        for size in (self.size, self.enlarge):
            if size is not None:
                images.check_size(size)

    def see(
        self,
        example: Example,
        seed: Sequence[int] = (0,),
        showing: Showing = AS_IT_IS,
    ) -> tuple[np.ndarray, np.ndarray]:
        """Makes the sketch and the photograph of one example; the same seed gives the same pixels.

        Args:
            example: What to read.
            seed: Whole numbers that decide the style and all that follows.
            showing: How this differs with the seed. `zoom` and `aspect` choose a window themselves, and leave
                nothing to `fit`; `crop` and `telling` are left to `Batches`.

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
        # All numbers are sampled whether they are used or not: so one setting does not change what others do.
        flipped, augmentation_seed = rng.random() < 0.5, int(rng.integers(2**31))
        window_numbers = rng.random(5)
        augmentation = showing.augmentation if sketch is None else showing.pair_augmentation
        drawing = None
        if augmentation != NO_AUGMENTATION:
            if sketch is None and showing.artist and example.drawing is not None:
                drawing = _read_drawing(example, photo)  # which is to move as the photograph does
            drawn = drawing if sketch is None else sketch
            photo, moved = augment(photo, drawn, kind=augmentation, seed=augmentation_seed)
            drawing, sketch = (moved, None) if sketch is None else (None, moved)
        if sketch is None:
            # Drawn at the photograph's own size and resized afterwards, as the original did.
            sketch = self._draw(photo, example, drawing, rng, showing.artist)
        if showing.margin:
            around = np.random.default_rng((*seed, AROUND))  # its own: without margins nothing else differs
            if around.random() < showing.margin:
                photo, sketch = _with_margins(photo, sketch, around)
        if self.size is not None and max(showing.zoom, showing.aspect) > 1:
            window = _window(photo.shape[:2], self.size, showing.zoom, showing.aspect, window_numbers)
            photo, sketch = (images.resize(image[window], self.size, cubic=True) for image in (photo, sketch))
        elif self.size is not None:
            photo, sketch = (images.fit(image, self.size, self.fit) for image in (photo, sketch))
        if showing.flip and flipped:
            photo, sketch = photo[:, ::-1], sketch[:, ::-1]
        # Averaging over an area rounds white up to 1.0000001.
        sketch, photo = (np.clip(image, 0.0, 1.0) for image in (sketch, photo))
        return np.ascontiguousarray(sketch), np.ascontiguousarray(photo)

    def _draw(
        self,
        photo: np.ndarray,
        example: Example,
        drawing: np.ndarray | None,
        rng: np.random.Generator,
        artist: float,
    ) -> np.ndarray:
        if self.style != "random":
            return sketching.sketch(photo, self.style)
        style = sketching.sample_style(rng)
        if example.drawing is None or rng.random() >= artist:
            return sketching.apply_style(photo, style)
        drawing = _read_drawing(example, photo) if drawing is None else drawing
        return sketching.apply_style(photo, style, bend(drawing, rng))


def _read_drawing(example: Example, photo: np.ndarray) -> np.ndarray:
    """The artist's drawing of an example that has one, of its photograph's size."""
    assert example.drawing is not None
    return images.resize(images.read(example.drawing, channels=1), photo.shape[:2])


def _with_margins(photo: np.ndarray, sketch: np.ndarray, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """A sketch on a larger sheet, and its photograph, whose border goes on as a blur."""
    height, width = photo.shape[:2]
    more = [rng.uniform(0, MARGIN) * side for side in (height, width)]
    before = [round(one * share) for one, share in zip(more, rng.random(2), strict=True)]
    after = [round(one) - part for one, part in zip(more, before, strict=True)]
    sides = (before[0], after[0], before[1], after[1])
    whole = cv2.copyMakeBorder(photo, *sides, cv2.BORDER_REPLICATE)
    inside = cv2.copyMakeBorder(np.ones((height, width), np.float32), *sides, cv2.BORDER_CONSTANT, value=0)
    inside = np.minimum(2 * cv2.GaussianBlur(inside, (0, 0), max(min(height, width) / 60, 1.0)), 1.0)[..., np.newaxis]
    blurred = cv2.GaussianBlur(whole, (0, 0), max(height, width) / 12)
    paper = cv2.copyMakeBorder(sketch, *sides, cv2.BORDER_CONSTANT, value=float(np.percentile(sketch, 95)))
    return blurred + inside * (whole - blurred), paper.reshape((*paper.shape[:2], 1))


def _window(
    shape: tuple[int, int], size: tuple[int, int], zoom: float, aspect: float, numbers: np.ndarray
) -> tuple[slice, slice]:
    """The part of a picture of `shape` that is shown at `size`; five numbers in [0, 1) decide which."""
    proportions = size[0] / size[1]
    if numbers[0] < ASPECT_SHARE:
        proportions *= aspect ** (2 * numbers[1] - 1)
    height = min(shape[0], shape[1] * proportions)
    ratio = zoom ** -numbers[2]
    rows = min(max(round(height * ratio), 1), shape[0])
    columns = min(max(round(height / proportions * ratio), 1), shape[1])
    top, left = round((shape[0] - rows) * numbers[3]), round((shape[1] - columns) * numbers[4])
    return slice(top, top + rows), slice(left, left + columns)
