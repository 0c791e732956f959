"""Any size in, the same size out: reflection to a multiple of a generator's stride, and cropping back.

In three forms: of arrays, in a graph whose sizes are known, and in a graph of any size.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from sketchback.images.tones import CELL

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
            order of `generator.takes`, see `pad_inputs`.
        training: As Keras means it.

    Returns:
        `(B, H, W, C')`, a tensor.
    """
    import keras

    given = list(inputs) if isinstance(inputs, (list, tuple)) else [inputs]
    scales = [scale(generator, place) for place in range(len(given))]
    padded = []
    for one, by in zip(given, scales, strict=True):
        sides = _sides(one.shape, generator.stride * by) if by else ()
        padded.append(keras.ops.pad(one, sides, mode="reflect") if sides else one)
    made = generator(padded if len(padded) > 1 else padded[0], training=training)
    if padded[0] is given[0]:
        return made
    height, width = (max(scales) * side for side in given[0].shape[1:3])
    return made[:, :height, :width]


def _sides(shape: tuple[int, ...], multiple: int) -> tuple[tuple[int, int], ...]:
    """What is added before and after each axis; nothing where nothing is missing."""
    bottom, right = -shape[1] % multiple, -shape[2] % multiple
    return ((0, 0), (0, bottom), (0, right), (0, 0)) if bottom or right else ()


def pad_inputs(generator: Any, inputs: Sequence[np.ndarray]) -> list[np.ndarray]:
    """Pads all inputs of a generator that go along with the first of them.

    Args:
        generator: It knows its `stride` and what it `takes`.
        inputs: In the order of `takes`; the first `(B, H, W, C)` of any size. A tone map has `ceil(H / 16)` x
            `ceil(W / 16)` cells already.

    Returns:
        The same, to be given to the generator.
    """
    scales = (scale(generator, place) for place in range(len(inputs)))
    return [pad_to_multiple(one, generator.stride * by) if by else one for one, by in zip(inputs, scales, strict=True)]


def scale(generator: Any, place: int) -> int:
    """How many pixels an input has for one of the first: 2 for the drawing that leads an enlarger; 0 for no picture."""
    return 1 if place == 0 else 2 if generator.takes[place] == "sketch" else 0


def of_any_size(generator: keras.Model) -> keras.Model:
    """The generator with padding before it and cropping after it, in one graph for every size."""
    import keras
    from keras import layers, ops

    class Reflect(layers.Layer):
        def __init__(self, multiple: int):
            super().__init__()
            self.multiple = multiple

        def call(self, picture):  # (B, H, W, C) -> (B, H', W', C)
            for axis in (1, 2):
                side = ops.shape(picture)[axis]
                # ONNX's remainder of a negative number is negative: both stay positive here.
                place = ops.arange(side + (self.multiple - side % self.multiple) % self.multiple)
                picture = ops.take(picture, ops.where(place < side, place, 2 * side - 2 - place), axis=axis)
            return picture

        def compute_output_shape(self, shape):
            return (shape[0], None, None, shape[3])

    class CropLike(layers.Layer):
        def call(self, pictures):
            made, given = pictures
            return made[:, : ops.shape(given)[1], : ops.shape(given)[2]]

        def compute_output_shape(self, shapes):
            return (*shapes[1][:3], shapes[0][3])

    inputs = [
        keras.Input(tensor.shape[1:], name=name) for name, tensor in zip(generator.takes, generator.inputs, strict=True)
    ]
    scales = [scale(generator, place) for place in range(len(inputs))]
    padded = [
        Reflect(generator.stride * by)(one) if by and generator.stride > 1 else one
        for one, by in zip(inputs, scales, strict=True)
    ]
    made = generator(padded if len(inputs) > 1 else padded[0], training=False)
    (name,) = generator.output_names
    cropped = CropLike(name=name)([made, inputs[int(np.argmax(scales))]])
    return keras.Model(inputs if len(inputs) > 1 else inputs[0], cropped, name=generator.name)


def of_one_size(generator: keras.Model, size: tuple[int, int]) -> keras.Model:
    """The same for one picture of one size, with constants that every runtime knows how to handle."""
    import keras

    class Constant(keras.layers.Layer):
        def call(self, inputs):
            return call_padded(generator, inputs, training=False)

    inputs = [keras.Input(shape[1:], batch_size=1, name=name) for name, shape in shapes(generator, size).items()]
    given = inputs if len(inputs) > 1 else inputs[0]
    (name,) = generator.output_names
    return keras.Model(given, Constant(name=name)(given), name=generator.name)


def shapes(generator: keras.Model, size: tuple[int, int]) -> dict[str, tuple[int, ...]]:
    """The shapes of a generator's inputs, by name, for one picture of a size."""
    found = {}
    for place, (name, tensor) in enumerate(zip(generator.takes, generator.inputs, strict=True)):
        sides: tuple[int, ...] = ()
        if name == "tone":
            sides = tuple(-(-side // CELL) for side in size)
        elif len(tensor.shape) == 4:
            sides = tuple((scale(generator, place) or 1) * side for side in size)
        found[name] = (1, *sides, tensor.shape[-1])
    return found
