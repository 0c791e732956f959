"""Any size in, the same size out: reflection to a multiple of a generator's stride, and cropping back.

In three forms: of arrays, in a graph whose sizes are known, and in a graph of any size.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import keras


def pad_to_multiple(batch: np.ndarray, multiple: int) -> np.ndarray:
    """Reflects a batch at its lower and right edge until both sides are multiples of `multiple`.

    Args:
        batch: `(B, H, W, C)`.
        multiple: The generator's stride.

    Returns:
        `(B, H', W', C)`; `[:, :H, :W]` of it is the batch.
    """
    sides = _sides(batch.shape, multiple)
    return np.pad(batch, sides, mode="reflect") if sides else batch


def call_padded(generator: keras.Model, inputs: Any, *, training: bool | None = None) -> Any:
    """Calls a generator on tensors of a known size that need be no multiple of its stride.

    Args:
        generator: It knows its `stride`.
        inputs: `(B, H, W, C)`, a tensor of which H and W are known when the graph is made; or several inputs in the
            order of `generator.takes`, of which the first is padded: a tone map has cells for what is added.
        training: As Keras means it.

    Returns:
        `(B, H, W, C')`, a tensor.
    """
    import keras

    first, *others = inputs if isinstance(inputs, (list, tuple)) else [inputs]
    height, width = first.shape[1:3]
    sides = _sides(first.shape, generator.stride)
    padded = keras.ops.pad(first, sides, mode="reflect") if sides else first
    made = generator([padded, *others] if others else padded, training=training)
    return made[:, :height, :width] if sides else made


def _sides(shape: tuple[int, ...], multiple: int) -> tuple[tuple[int, int], ...]:
    """What is added before and after each axis; nothing where nothing is missing."""
    bottom, right = -shape[1] % multiple, -shape[2] % multiple
    return ((0, 0), (0, bottom), (0, right), (0, 0)) if bottom or right else ()


def of_any_size(generator: keras.Model) -> keras.Model:
    """The generator with padding before it and cropping after it, in one graph for every size."""
    import keras
    from keras import layers, ops

    class Reflect(layers.Layer):
        def __init__(self, multiple: int):
            super().__init__()
            self.multiple = multiple

        def call(self, sketch):  # (B, H, W, 1) -> (B, H', W', 1)
            for axis in (1, 2):
                side = ops.shape(sketch)[axis]
                # ONNX's remainder of a negative number is negative: both stay positive here.
                place = ops.arange(side + (self.multiple - side % self.multiple) % self.multiple)
                sketch = ops.take(sketch, ops.where(place < side, place, 2 * side - 2 - place), axis=axis)
            return sketch

        def compute_output_shape(self, shape):
            return (shape[0], None, None, shape[3])

    class CropLike(layers.Layer):
        def call(self, pictures):
            photo, sketch = pictures
            return photo[:, : ops.shape(sketch)[1], : ops.shape(sketch)[2]]

        def compute_output_shape(self, shapes):
            return (*shapes[1][:3], shapes[0][3])

    sketch = keras.Input((None, None, 1), name="sketch")
    photo = generator(Reflect(generator.stride)(sketch), training=False)
    return keras.Model(sketch, CropLike(name="photo")([photo, sketch]), name=generator.name)


def of_one_size(generator: keras.Model, size: tuple[int, int]) -> keras.Model:
    """The same for one picture of one size, with constants that every runtime knows how to handle."""
    import keras

    class Constant(keras.layers.Layer):
        def call(self, sketch):
            return call_padded(generator, sketch, training=False)

    sketch = keras.Input((*size, 1), batch_size=1, name="sketch")
    return keras.Model(sketch, Constant(name="photo")(sketch), name=generator.name)
