"""Redraws a photograph in the style of a drawing: neural style transfer (Gatys, Ecker and Bethge, CVPR 2016).

The pixels of a canvas are the only weights. Adam moves them until VGG16's features of the canvas are those of the
photograph's shapes (content: relu2_2 itself) and of the drawing's strokes (style: Gram matrices of relu1_2 and
relu2_2).

Two things differ from the article. Content is taken, and the canvas begun, from a pencil drawing of the photograph
with its shadows (`underdrawing`): this is faster, and the dark areas of the photograph itself would stay dark. And
every term is divided by the size of its target, so that one set of weights serves every picture and every network.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import cv2
import keras
import numpy as np
from keras import ops

from sketchback import losses
from sketchback.images import MIN_SIDE, check_size, fit, reduce, to_gray
from sketchback.models import backbones
from sketchback.sketching.filters import on_paper, paper_texture, pencil

LAYERS = ("relu1_2", "relu2_2")
MAX_PIXELS = 2_000_000  # VGG16 keeps 64 floats a pixel for each of several layers: about 4 GB at this size
MARGIN = 8  # pixels; relu2_2 depends on 7 to each side, so the zeros around VGG16's convolutions have no effect
NOISE = 0.05  # standard deviation; strokes begin from it where the underdrawing is empty
EPSILON = 1e-8  # a target that is zero everywhere is divided by this


def transfer(
    photo: np.ndarray,
    drawing: np.ndarray,
    *,
    content: float = 1.0,
    style: float = 5.0,
    variation: float = 0.3,
    tone: float = 0.5,
    steps: int = 80,
    learning_rate: float = 0.03,
    size: Sequence[int] | None = None,
    vgg16: str | Path | None = None,
    seed: int = 0,
    progress: Callable[[int, float], object] | None = None,
) -> np.ndarray:
    """Redraws a photograph in the style of a drawing (Gatys, Ecker and Bethge 2016, equation 7).

    `L = content * L_c + style * L_s + variation * L_v`, with F the features of the canvas, P of the underdrawing and
    S of the drawing: `L_c = |F - P|^2 / |P|^2` at relu2_2; `L_s` the mean over relu1_2 and relu2_2 of
    `|G(F) - G(S)|^2 / |G(S)|^2`, see `gram`; `L_v` total variation, see `losses.total_variation`, divided by the
    number of pixels. `|.|^2` is a sum of squares.

    Args:
        photo: `(H, W, 3)` RGB or `(H, W, 1)` in [0, 1].
        drawing: `(h, w, 1)` or `(h, w, 3)` in [0, 1], any size; one longer than the result is made smaller first. A
            drawing of one channel gives a grey result.
        content: Weight of `L_c`: fidelity to the photograph's shapes.
        style: Weight of `L_s`. 1 is restrained; from about 30 on the strokes cover faces.
        variation: Weight of `L_v`: smoothness.
        tone: Darkness of the photograph's shadows in the underdrawing, in [0, 1]; 0 draws only edges.
        steps: Steps of Adam. 80 steps at 218 x 178 take about 16 s on one CPU core.
        learning_rate: Of Adam, in units of brightness: about how far a pixel moves in one step.
        size: `(height, width)` of the result; by default the photograph's. The photograph is cropped to it.
        vgg16: VGG16's weights, see `backbones.vgg16`.
        seed: Draws the noise on the first canvas.
        progress: Called after every step with its number, from 1, and the loss before it.

    Returns:
        `(H, W, 3)` float32 in [0, 1].

    Raises:
        ValueError: A picture, a weight or a number is out of range, or the picture is too large.
        backbones.FeaturesError: VGG16's weights cannot be had.
    """
    photo, drawing = _check_picture(photo, "photo"), _check_picture(drawing, "drawing")
    size = photo.shape[:2] if size is None else check_size(size)
    if size[0] * size[1] > MAX_PIXELS:
        raise ValueError(
            f"A picture to redraw may have at most {MAX_PIXELS // 10**6} megapixels. Received: {size[0]} x {size[1]}. "
            "Give a smaller size=(height, width)."
        )
    _check_numbers(content=content, style=style, variation=variation, tone=tone, learning_rate=learning_rate)
    if tone > 1:
        raise ValueError(f"`tone` must be in [0, 1]. Received: tone={tone}. Take 1 for the darkest shadows.")
    if steps < 1:
        raise ValueError(f"`steps` must be at least 1. Received: steps={steps}. Take about 80.")
    # A stroke of the drawing should be a stroke of the result: a large scan would give only flat paper.
    drawing = reduce(drawing, max(size))
    target = np.repeat(underdrawing(fit(photo, size), tone), drawing.shape[-1], axis=-1)
    noise = np.random.default_rng(seed).standard_normal(target.shape, np.float32)
    canvas = _make_canvas(
        np.clip(target + NOISE * noise, 0.0, 1.0),
        target,
        drawing,
        backbones.vgg16(vgg16, LAYERS),
        {"content": content, "style": style, "variation": variation},
    )
    # XLA's convolutions are several times slower than oneDNN's on a CPU; JAX has no other way.
    canvas.compile(optimizer=keras.optimizers.Adam(learning_rate), jit_compile=keras.backend.backend() == "jax")
    blank = np.zeros((1, 1), np.float32)  # the canvas is all weights and needs no input; Keras wants one
    for step in range(1, steps + 1):
        canvas.reset_metrics()  # Keras 3.13 and before would answer with means over all steps so far
        logs = canvas.train_on_batch(blank, return_dict=True)
        if progress is not None:
            progress(step, float(logs["loss"]))
    picture = np.clip(ops.convert_to_numpy(canvas.predict_on_batch(blank))[0], 0.0, 1.0)
    return np.repeat(picture, 3, axis=-1) if picture.shape[-1] == 1 else picture


def underdrawing(photo: np.ndarray, tone: float = 0.5) -> np.ndarray:
    """Pencil Sketchify with the photograph's shadows laid in: what is redrawn.

    `pencil(photo) * (1 - tone * (1 - smooth) ** 1.5)`, where `smooth` is the grey photograph blurred by a Gaussian of
    1 % of its shorter side. The power keeps light greys nearly white.

    Args:
        photo: `(H, W, 3)` RGB or `(H, W, 1)` in [0, 1].
        tone: Darkness of black areas, in [0, 1].

    Returns:
        `(H, W, 1)` float32 in [0, 1].
    """
    gray = to_gray(photo)
    smooth = np.clip(cv2.GaussianBlur(gray, (0, 0), max(min(gray.shape) / 100, 0.5)), 0.0, 1.0)
    return pencil(photo) * (1.0 - tone * (1.0 - smooth) ** 1.5)[..., np.newaxis]


def gram(features: Any) -> Any:
    """Gram matrix of features: the mean over positions of products of channels, `G_ij = mean_k(F_ki F_kj)`.

    Equation 3 of the article sums over positions; the mean lets drawing and canvas have different sizes.

    Args:
        features: `(B, h, w, F)`.

    Returns:
        `(B, F, F)`, symmetric.
    """
    _, height, width, filters = ops.shape(features)
    flat = ops.reshape(features, (-1, height * width, filters))
    return ops.matmul(ops.transpose(flat, (0, 2, 1)), flat) / (height * width)


def relative_error(truth: Any, prediction: Any) -> Any:
    """Squared difference divided by the squared size of the truth, `|p - t|^2 / |t|^2`, a scalar."""
    difference = ops.sum(ops.square(prediction - truth))
    return difference / (ops.sum(ops.square(truth)) + EPSILON)


def _make_canvas(
    start: np.ndarray, target: np.ndarray, drawing: np.ndarray, network: keras.Model, weights: dict[str, float]
) -> keras.Model:
    def features(picture: Any) -> list[Any]:
        """relu1_2 and relu2_2 of `(1, H, W, C)`, which is mirrored at its edges before and cut back after."""
        picture = ops.repeat(picture, 3, axis=-1) if picture.shape[-1] == 1 else picture
        sides = ((0, 0), (MARGIN, MARGIN), (MARGIN, MARGIN), (0, 0))
        first, second = network(ops.pad(picture, sides, mode="reflect"), training=False)
        half = MARGIN // 2
        return [first[:, MARGIN:-MARGIN, MARGIN:-MARGIN], second[:, half:-half, half:-half]]

    shapes = ops.stop_gradient(features(ops.convert_to_tensor(target[np.newaxis]))[1])
    strokes = [ops.stop_gradient(gram(layer)) for layer in features(ops.convert_to_tensor(drawing[np.newaxis]))]

    class Canvas(keras.Model):
        """A model whose weights are the pixels, so that Keras's own training step moves them, on every backend."""

        def __init__(self):
            super().__init__(name="canvas")
            self.pixels = self.add_weight(
                shape=(1, *start.shape),
                initializer="zeros",
                name="pixels",
                constraint=lambda pixels: ops.clip(pixels, 0.0, 1.0),
            )
            self.pixels.assign(start[np.newaxis])

        def call(self, blank):
            return ops.convert_to_tensor(self.pixels)

        def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):
            layers = features(y_pred)
            variation = losses.total_variation(y_pred)[0] / (start.shape[0] * start.shape[1])
            style = sum(relative_error(own, gram(layer)) for own, layer in zip(strokes, layers, strict=True))
            return (
                weights["content"] * relative_error(shapes, layers[1])
                + weights["style"] * style / len(strokes)
                + weights["variation"] * variation
            )

    return Canvas()


def _check_picture(picture: np.ndarray, name: str) -> np.ndarray:
    picture = np.asarray(picture)
    if picture.ndim != 3 or picture.shape[-1] not in (1, 3) or min(picture.shape[:2]) < MIN_SIDE:
        raise ValueError(
            f"`{name}` must be (height, width, 3) or (height, width, 1), at least {MIN_SIDE} x {MIN_SIDE}. "
            f"Received: shape={picture.shape}. Read it with images.read."
        )
    if not np.issubdtype(picture.dtype, np.floating) or not 0 <= picture.min() <= picture.max() <= 1:
        raise ValueError(
            f"`{name}` must hold floats in [0, 1]. Received: {picture.dtype} from {picture.min()} to {picture.max()}. "
            "Read it with images.read, or turn 8-bit values with images.from_uint8."
        )
    return picture.astype(np.float32, copy=False)


def _check_numbers(**numbers: float) -> None:
    for name, value in numbers.items():
        if not 0 <= value < float("inf"):
            raise ValueError(f"`{name}` must be a finite number, 0 or more. Received: {name}={value}.")
    if not any(numbers[name] for name in ("content", "style", "variation")):
        raise ValueError("One of `content`, `style` and `variation` must be positive. Received: three zeros.")


def neural(photo: np.ndarray, drawing: np.ndarray | None = None, **settings: Any) -> np.ndarray:
    """The photograph redrawn in the style of a drawing by neural style transfer (Gatys, Ecker and Bethge 2016).

    Args:
        photo: `(H, W, 3)` RGB in [0, 1].
        drawing: The drawing whose style is taken, `(h, w, 1)` or `(h, w, 3)`; by default `hatching`.
        **settings: See `style_transfer.transfer`: steps, weights, the VGG16 file.

    Returns:
        `(H, W, 1)` float32 in [0, 1].
    """
    if drawing is None:
        drawing = hatching(photo.shape[:2])
    return to_gray(transfer(photo, drawing, **settings))[..., np.newaxis]


def hatching(size: tuple[int, int], seed: int = 0) -> np.ndarray:
    """Pencil hatching in several directions and pressures, as a style for `neural`.

    Args:
        size: `(height, width)`.
        seed: Of the strokes and the paper.

    Returns:
        `(height, width, 1)` float32 in [0, 1].
    """
    rng = np.random.default_rng(seed)
    canvas = np.ones(size, np.float32)
    reach = max(size)
    for _ in range(reach * 3):
        start = rng.uniform((0, 0), (size[1], size[0]))
        angle = rng.choice([0.8, 0.9, 2.2]) + rng.normal(0, 0.08)
        end = start + rng.uniform(0.05, 0.2) * reach * np.array([np.cos(angle), np.sin(angle)])
        stroke = np.zeros(size, np.float32)
        points = tuple(int(v * 16) for v in start), tuple(int(v * 16) for v in end)
        cv2.line(stroke, *points, float(rng.uniform(0.2, 0.7)), 1, cv2.LINE_AA, shift=4)
        canvas *= 1 - stroke
    return on_paper(canvas[..., np.newaxis], paper_texture(size, seed))
