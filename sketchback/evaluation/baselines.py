"""Baselines: predictions that need no network of ours. A generator is worth what it scores above these."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageFilter

from sketchback import images

ITSELF, MEAN, LINEAR = "the sketch itself", "mean training photo", "mean photo + k (sketch - mean sketch)"
SHARPENED = "the generator, sharpened"


@dataclass(frozen=True, eq=False)  # eq=False: arrays have no single truth value to compare by
class Baselines:
    """The mean training photograph, and what follows from it and a sketch by a straight line.

    Fitted on training pairs with `Baselines.fit`, applied to test sketches of the same size with `predictions`.

    Attributes:
        mean_photo: `(H, W, 3)` float32, the mean training photograph.
        mean_sketch: `(H, W, 1)` float32, the mean training sketch.
        gain: `(3,)` float64, k for R, G and B, the same for all pixels: the least-squares slope of
            `photo - mean_photo` on `sketch - mean_sketch` over all pixels of all training pairs.
    """

    mean_photo: np.ndarray
    mean_sketch: np.ndarray
    gain: np.ndarray

    @classmethod
    def fit(cls, pairs: Iterable[tuple[np.ndarray, np.ndarray]]) -> Baselines:
        """Fits the baselines in one pass that holds one pair at a time.

        How a sketch file became one channel is part of the result: on CUFS, where 42 of the 100 test sketches
        are stored in colour, ITU-R BT.601 luminance (`images.read(path, channels=1)`) and the plain mean of
        R, G and B differ by 0.02 dB.

        Args:
            pairs: `(photo, sketch)` of the training part, `(H, W, 3)` and `(H, W, 1)` float in [0, 1], all of
                one size.

        Returns:
            The fitted baselines. Where all sketches are equal, as in a single pair, the slope is undefined and
            `gain` is 0, so that the linear baseline is the mean photo.

        Raises:
            ValueError: There is no pair, the sizes differ, or an image is not finite float of that shape.

        >>> ramp = np.linspace(0, 1, 16, dtype=np.float32).reshape(4, 4, 1)
        >>> pairs = [(np.repeat(0.5 * s, 3, axis=-1), s) for s in (ramp, 1 - ramp)]
        >>> Baselines.fit(pairs).gain.round(6).tolist()
        [0.5, 0.5, 0.5]
        """
        # Means and centred sums updated pair by pair (Welford, 1962), in float64. Unlike the difference of
        # raw sums this does not cancel, and the variation of equal sketches is exactly zero.
        covariation, variation = np.zeros(3), 0.0  # of sketch with photo, of sketch; over pixels and pairs
        mean_photo, mean_sketch, n = np.zeros(0), np.zeros(0), 0
        for n, (photo, sketch) in enumerate(pairs, start=1):
            images.check_image("photo", photo, (3,))
            images.check_image("sketch", sketch, (1,))
            if n == 1:
                mean_photo, mean_sketch = np.zeros(photo.shape), np.zeros(sketch.shape)
            if not photo.shape[:2] == sketch.shape[:2] == mean_photo.shape[:2]:
                raise ValueError(
                    f"Baselines need photos and sketches of one size, here {_size(mean_photo)} as in the first "
                    f"photo. Received: pair {n} with a photo of {_size(photo)} and a sketch of "
                    f"{_size(sketch)}. Bring all to one size first, with `images.fit`."
                )
            photo_step, sketch_step = photo - mean_photo, sketch - mean_sketch
            covariation += (n - 1) / n * (photo_step * sketch_step).sum(axis=(0, 1))
            variation += (n - 1) / n * float(np.square(sketch_step).sum())
            mean_photo += photo_step / n
            mean_sketch += sketch_step / n
        if not n:
            raise ValueError(
                "Baselines need at least one training pair. Received: none. Give the pairs of the training part."
            )
        gain = covariation / variation if variation > 0.0 else np.zeros(3)
        return cls(mean_photo.astype(np.float32), mean_sketch.astype(np.float32), gain)

    def predictions(self, sketch: np.ndarray) -> dict[str, np.ndarray]:
        """Predicts the photograph of one sketch in the three ways that need no network.

        Args:
            sketch: `(H, W, 1)` float in [0, 1], of the size of the training pairs.

        Returns:
            The name of each baseline and its `(H, W, 3)` float32 image in [0, 1]: `ITSELF`, the sketch as grey; `MEAN`;
            `LINEAR`, the mean photo plus k times the sketch's deviation from the mean sketch.

        Raises:
            ValueError: The sketch has another size, or is not finite float of that shape.
        """
        images.check_image("sketch", sketch, (1,))
        if sketch.shape != self.mean_sketch.shape:
            raise ValueError(
                f"A sketch must have the size the baselines were fitted on, {_size(self.mean_sketch)}. "
                f"Received: {_size(sketch)}. Bring it to that size with `images.fit`."
            )
        linear = self.mean_photo + self.gain * (sketch - self.mean_sketch)  # (H, W, 3)
        predicted = {ITSELF: np.repeat(sketch, 3, axis=-1), MEAN: self.mean_photo, LINEAR: linear}
        return {name: np.clip(image, 0.0, 1.0).astype(np.float32) for name, image in predicted.items()}


def sharpened(photo: np.ndarray) -> np.ndarray:
    """A generator's picture under an unsharp mask: what crispness alone is worth.

    Pillow's `UnsharpMask` as it comes, on 8 bits: radius 2, 150 %, threshold 3. Nothing is chosen by any score.

    Args:
        photo: `(H, W, 3)` float RGB in [0, 1].

    Returns:
        `(H, W, 3)` float32 in [0, 1].

    >>> round(float(sharpened(np.full((8, 8, 3), 0.2, np.float32))[0, 0, 0]), 3)  # no detail, no change
    0.2
    """
    crisp = Image.fromarray(images.to_uint8(photo)).filter(ImageFilter.UnsharpMask())
    return images.from_uint8(np.asarray(crisp))


def _size(image: np.ndarray) -> str:
    return f"{image.shape[0]} x {image.shape[1]}"
