"""What an enlarger is shown where a generator answers: its photographs, in place of some that were made soft."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from sketchback.images.tones import CELL
from sketchback.inference.padding import call_padded


class Answering:
    """Lets a frozen generator answer half of the drawings of a batch, told the tones of their photographs.

    Its faces are where the drawing has them and not where the photograph has them, and as soft as its faces are:
    what an enlarger is given by `invert`. The other half stays, so that tones and edges that are right are kept.

    Args:
        generator: Takes a sketch and a tone map, see `models.scribbler`.

    Raises:
        ValueError: It takes something else.
    """

    def __init__(self, generator: keras.Model):
        if tuple(generator.takes) != ("sketch", "tone"):
            raise ValueError(
                "`answers` needs a generator that takes a sketch and tones. Received: weights of one that takes "
                f"{', '.join(generator.takes)}. Give faces-tone or buildings."
            )
        generator.trainable = False
        self.generator = generator

    def __call__(self, inputs: Any) -> tuple[Any, Any]:
        """What the enlarger is shown of `[photo (B, H, W, 3), sketch (B, 2H, 2W, 1)]`, the sketch as it is.

        Of the photographs in the first half only the mean of each cell of 16 x 16 pixels counts.
        """
        photo, sketch = inputs
        photo = ops.cast(photo, "float32")
        half = (photo.shape[0] + 1) // 2
        cells = _means(photo[:half])
        told = ops.concatenate([cells, ops.ones_like(cells[..., :1])], axis=-1)
        small = ops.average_pool(ops.cast(sketch[:half], "float32"), 2, strides=2)
        answer = call_padded(self.generator, [small, told], training=False)
        return ops.concatenate([ops.stop_gradient(ops.clip(answer, 0.0, 1.0)), photo[half:]]), sketch


def _means(photo: Any) -> Any:
    """What `tones.of_photo` is of arrays."""
    sides = [(0, 0), *((0, -side % CELL) for side in photo.shape[1:3]), (0, 0)]
    sums, sizes = (ops.average_pool(ops.pad(one, sides), CELL, strides=CELL) for one in (photo, ops.ones_like(photo)))
    return sums / sizes
