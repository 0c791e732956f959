"""The projected discriminator: tells photographs from made pictures by the features of a frozen network.

Sauer, Chitta, Mueller and Geiger, Projected GANs Converge Faster, NeurIPS 2021: features at four scales, mixed over
channels and scales by random convolutions that stay as they are; a small head a scale learns.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import keras
from keras import layers, ops

from sketchback.losses import relative
from sketchback.models.backbones import coloured

BRIGHTNESS, SATURATION = 0.15, 0.5  # how far both kinds of pictures are changed, so that colour alone decides nothing


class Judgement(NamedTuple):
    """What is minimised, each a scalar; none moves weights that are another's to move.

    Attributes:
        adversarial: By the generator, the hinge loss summed over scales: low where it deceives the heads.
        discriminator: By the heads, likewise: low where they tell photographs from made pictures.
        matching: By the generator: how far the features of its pictures are from the photographs', relative to those
            and as the mean over scales, 0 for equal pictures (Wang et al., pix2pixHD, CVPR 2018).
    """

    adversarial: Any
    discriminator: Any
    matching: Any


class SpectralConv2D(layers.Layer):
    """A 3 x 3 convolution whose kernel is divided by its largest singular value (Miyato et al. 2018).

    One step of the power iteration is taken in every training call that learns.

    Args:
        filters: Channels that it gives.
        slope: Of the leaky ReLU after it; 1 is none.
    """

    def __init__(self, filters: int, slope: float = 1.0, **options: Any):
        super().__init__(**options)
        self.filters, self.slope = filters, slope

    def build(self, shape: Sequence[int | None]) -> None:
        """Makes kernel, bias and the vector of the power iteration."""
        inner = (3, 3, shape[-1], self.filters)
        self.kernel = self.add_weight(shape=inner, initializer="orthogonal", name="kernel")
        self.bias = self.add_weight(shape=(self.filters,), initializer="zeros", name="bias")
        self.vector = self.add_weight(shape=(1, self.filters), initializer="random_normal", trainable=False, name="u")

    def call(self, x: Any, frozen: bool = False) -> Any:
        """`(B, h, w, C) -> (B, h, w, filters)`; frozen, gradients reach `x` and nothing of the layer."""
        flat = ops.reshape(ops.stop_gradient(self.kernel), (-1, self.filters))
        left = _unit(ops.matmul(self.vector, ops.transpose(flat)))
        right = _unit(ops.matmul(left, flat))
        if not frozen:
            self.vector.assign(right)
        # The gradient flows through the kernel, and not through the two vectors.
        kernel = ops.stop_gradient(self.kernel) if frozen else self.kernel
        largest = ops.sum(ops.matmul(left, ops.reshape(kernel, (-1, self.filters))) * right)
        bias = ops.stop_gradient(self.bias) if frozen else self.bias
        x = ops.conv(x, ops.cast(kernel / largest, x.dtype), padding="same") + ops.cast(bias, x.dtype)
        return x if self.slope == 1.0 else ops.leaky_relu(x, self.slope)


class ProjectedDiscriminator(layers.Layer):
    """Heads on randomly projected features; only the heads learn.

    Args:
        features: A frozen network, `(B, H, W, 3)` RGB in [0, 1] -> features, from large to small, each half the size
            of the one before; see `efficientnet.efficientnet_lite0`.
        channels: Of the projected features.
        width: Of the heads.
        seed: Decides how pictures are changed; the projections are always the same.
    """

    def __init__(self, features: Callable[[Any], Any], *, channels: int = 64, width: int = 128, seed: int = 0):
        super().__init__(name="discriminator", dtype="float32")
        self._see = lambda photo: features(photo)  # not a part of this layer: its weights are nobody's to save
        self.channels, self.width = channels, width
        self.random = keras.random.SeedGenerator(seed)
        self.projections: list[Any] = []
        self.mixers: list[Any] = []
        self.heads: list[list[SpectralConv2D]] = []

    def build(self, shape: Sequence[int | None]) -> None:
        """Makes projections and heads for pictures of `(B, H, W, 3)`."""
        seen = self._see(ops.zeros((1, *shape[1:3], 3)))
        for number, feature in enumerate(seen):
            scale = keras.initializers.VarianceScaling(1.0, "fan_in", "normal", seed=number)
            self.projections.append(scale((1, 1, feature.shape[-1], self.channels)))
            self.mixers.append(scale((3, 3, self.channels, self.channels)))
            head = [SpectralConv2D(self.width, 0.2), SpectralConv2D(self.width, 0.2), SpectralConv2D(1)]
            for layer, inner in zip(head, (self.channels, self.width, self.width), strict=True):
                layer.build((None, None, None, inner))
            self.heads.append(head)

    def features(self, photo: Any) -> list[Any]:
        """Projected and mixed features of `(B, H, W, 3)`: each scale holds what all smaller ones saw."""
        mixed: list[Any] = []
        above = None
        numbered = list(enumerate(self._see(photo)))
        for number, feature in reversed(numbered):
            here = ops.conv(ops.cast(feature, "float32"), self.projections[number], padding="same")
            if above is not None:
                large = ops.repeat(ops.repeat(above, 2, axis=1), 2, axis=2)
                here = here + large[:, : here.shape[1], : here.shape[2]]
            above = ops.conv(here, self.mixers[number], padding="same")
            mixed.insert(0, above)
        return mixed

    def judge(self, features: Sequence[Any], frozen: bool = False) -> list[Any]:
        """A map a scale: above 0 looks like a photograph, below like a made picture."""
        judged = []
        for head, x in zip(self.heads, features, strict=True):
            for layer in head:
                x = layer(x, frozen=frozen)
            judged.append(x)
        return judged

    def call(self, truth: Any, prediction: Any) -> Judgement:
        """The losses of a batch.

        The features of a made picture are computed once: the heads see them frozen for the generator, whose gradient
        goes through them, and learn from a copy without gradient.

        Args:
            truth: `(B, H, W, 1 or 3)` in [0, 1].
            prediction: The same shape.

        Returns:
            What the generator minimises, and what the heads do.
        """
        truth, prediction = (coloured(ops.cast(photo, "float32")) for photo in (truth, prediction))
        real, made = self._change(ops.stop_gradient(truth), prediction)
        made_features = self.features(made)
        fooled = self.judge(made_features, frozen=True)
        caught = self.judge([ops.stop_gradient(one) for one in made_features])
        real_features = [ops.stop_gradient(one) for one in self.features(real)]
        believed = self.judge(real_features)
        tell = sum(ops.mean(ops.relu(1.0 + one)) for one in caught)
        return Judgement(
            adversarial=sum(-ops.mean(one) for one in fooled),
            discriminator=tell + sum(ops.mean(ops.relu(1.0 - one)) for one in believed),
            matching=ops.mean(sum(map(relative, real_features, made_features))) / len(real_features),
        )

    def _change(self, *photos: Any) -> list[Any]:
        """The same random brightness and saturation for each image of both batches."""
        shape = (ops.shape(photos[0])[0], 1, 1, 1)
        lighter = keras.random.uniform(shape, -BRIGHTNESS, BRIGHTNESS, seed=self.random)
        stronger = keras.random.uniform(shape, 1 - SATURATION, 1 + SATURATION, seed=self.random)
        changed = []
        for photo in photos:
            gray = ops.mean(photo, axis=-1, keepdims=True)
            changed.append(gray + stronger * (photo - gray) + lighter)
        return changed


def _unit(vector: Any) -> Any:
    return vector / (ops.norm(vector) + 1e-12)
