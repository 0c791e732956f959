"""The terms of the loss as pure functions, each equal to its formula, and `WeightedLoss` that only weighs them.

Every term is computed in float32 for each image of a batch; `WeightedLoss` then takes the mean over the batch, so the
weights mean the same at every batch size. Equations: AlKhamissi and Nassar 2017, after Gueclueturk et al. 2016.
"""

from __future__ import annotations

import math
from collections.abc import Callable

from keras import ops

EPSILON = 1e-12  # under the roots: their gradient stays finite at a perfect prediction


def pixel(truth, prediction):
    """Root mean squared difference of pixels, `L_p = sqrt(mean((t - p) ** 2))`.

    Args:
        truth: `(B, H, W, C)`.
        prediction: The same shape.

    Returns:
        `(B,)`, one value an image, at least `sqrt(1e-12)`.
    """
    difference = ops.cast(truth, "float32") - ops.cast(prediction, "float32")
    return ops.sqrt(ops.maximum(ops.mean(ops.square(difference), axis=(1, 2, 3)), EPSILON))


def feature(truth_features, prediction_features):
    """Root mean squared difference of features: `L_f`, the formula of `pixel` on what a network sees.

    Args:
        truth_features: `(B, h, w, F)`.
        prediction_features: The same shape.

    Returns:
        `(B,)`.
    """
    return pixel(truth_features, prediction_features)


def total_variation(prediction):
    """Total variation, `L_v = sum((p[i+1,j] - p[i,j]) ** 2 + (p[i,j+1] - p[i,j]) ** 2)` over one image.

    Both differences run over `i < H - 1, j < W - 1`, as the original summed them, and over the channels.

    Args:
        prediction: `(B, H, W, C)`.

    Returns:
        `(B,)`.
    """
    prediction = ops.cast(prediction, "float32")
    here = prediction[:, :-1, :-1]
    down = ops.square(prediction[:, 1:, :-1] - here)
    right = ops.square(prediction[:, :-1, 1:] - here)
    return ops.sum(down + right, axis=(1, 2, 3))


class WeightedLoss:
    """`L = w_p L_p + w_f L_f + w_v L_v`, each term a mean over the batch.

    Args:
        features: A frozen network, `(B, H, W, 3)` in [0, 1] -> `(B, h, w, F)`, see `backbones.vgg16_relu2_2`; None
            is allowed where `feature` is 0.
        pixel: `w_p`.
        feature: `w_f`.
        variation: `w_v`.

    Raises:
        ValueError: A weight is negative or not finite, or `feature` is positive without `features`.
    """

    def __init__(self, features: Callable | None, pixel: float = 1.0, feature: float = 1e-3, variation: float = 1e-5):
        if not all(0 <= weight < math.inf for weight in (pixel, feature, variation)):  # NaN is refused too
            raise ValueError(
                f"Loss weights must be finite and not negative. Received: pixel={pixel}, feature={feature}, "
                f"variation={variation}. Leave a term out with 0."
            )
        if feature > 0 and features is None:
            raise ValueError("A feature loss needs `features`. Received: None. Give them, or set feature=0.")
        self.features = features if feature > 0 else None
        self.weights = {"pixel": pixel, "feature": feature, "variation": variation}

    @property
    def names(self) -> list[str]:
        """The terms that are computed: all, or all but `feature` where its weight is 0."""
        return [name for name in self.weights if name != "feature" or self.features is not None]

    def terms(self, truth, prediction) -> dict:
        """The unweighted terms, each a scalar: the mean over the batch."""
        terms = {"pixel": ops.mean(pixel(truth, prediction))}
        if self.features is not None:
            # No gradient flows into the truth, so its features cost a forward pass only.
            seen = ops.stop_gradient(self.features(truth))
            terms["feature"] = ops.mean(feature(seen, self.features(prediction)))
        terms["variation"] = ops.mean(total_variation(prediction))
        return terms

    def total(self, terms: dict):
        """The weighted sum of terms."""
        return sum(self.weights[name] * value for name, value in terms.items())

    def __call__(self, truth, prediction):
        """The weighted loss of a batch, a scalar."""
        return self.total(self.terms(truth, prediction))
