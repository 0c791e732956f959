"""The terms of the loss as pure functions, each equal to its formula, and `WeightedLoss` that only weighs them.

Every term is computed in float32 for each image of a batch; `WeightedLoss` then takes the mean over the batch, so the
weights mean the same at every batch size. Equations: AlKhamissi and Nassar 2017, after Gueclueturk et al. 2016.

To add a term, see CONTRIBUTING.md: a pure function here, an entry in `TERMS`, a weight in `training.schema.Stage`.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, NamedTuple

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


def absolute(truth, prediction):
    """Mean absolute difference of pixels, `mean(|t - p|)`.

    Args:
        truth: `(B, H, W, C)`.
        prediction: The same shape.

    Returns:
        `(B,)`.
    """
    return ops.mean(ops.abs(ops.cast(truth, "float32") - ops.cast(prediction, "float32")), axis=(1, 2, 3))


def coarse(truth, prediction):
    """The formula of `absolute` on means over 4 x 4 pixels: right in tone, free in where a stroke lies.

    Args:
        truth: `(B, H, W, C)`.
        prediction: The same shape.

    Returns:
        `(B,)`.
    """
    difference = ops.cast(truth, "float32") - ops.cast(prediction, "float32")
    return ops.mean(ops.abs(ops.average_pool(difference, 4, strides=4, padding="same")), axis=(1, 2, 3))


def square(truth, prediction):
    """Mean squared difference, `mean((t - p) ** 2)`: its least is the mean of all that may be true, as a flow needs.

    Args:
        truth: `(B, H, W, C)`.
        prediction: The same shape.

    Returns:
        `(B,)`.
    """
    return ops.mean(ops.square(ops.cast(truth, "float32") - ops.cast(prediction, "float32")), axis=(1, 2, 3))


class Term(NamedTuple):
    """An entry of `TERMS`.

    Attributes:
        compute: `(truth, prediction, features)` -> `(B,)`; both pictures are `(B, H, W, 3)` in [0, 1], `features` is a
            frozen network `(B, H, W, 3) -> (B, h, w, F)`.
        needs_features: `compute` calls `features`, which may be None otherwise.
    """

    compute: Callable[..., Any]
    needs_features: bool = False


def _feature(truth, prediction, features):
    # No gradient flows into the truth, so its features cost a forward pass only.
    return feature(ops.stop_gradient(features(truth)), features(prediction))


TERMS = {
    "pixel": Term(lambda truth, prediction, features: pixel(truth, prediction)),
    "feature": Term(_feature, needs_features=True),
    "variation": Term(lambda truth, prediction, features: total_variation(prediction)),
    "absolute": Term(lambda truth, prediction, features: absolute(truth, prediction)),
    "coarse": Term(lambda truth, prediction, features: coarse(truth, prediction)),
    "square": Term(lambda truth, prediction, features: square(truth, prediction)),
}
WEIGHTS = {"pixel": 1.0, "feature": 1e-3, "variation": 1e-5}  # the paper's; 0 for every other term


class WeightedLoss:
    """The weighted sum of terms, each a mean over the batch; by default `L = L_p + 0.001 L_f + 0.00001 L_v`.

    Args:
        features: A frozen network, `(B, H, W, 3)` in [0, 1] -> `(B, h, w, F)`, see `backbones.vgg16_relu2_2`; None
            is allowed where no term that has a weight needs it.
        weights: The weight of each of `TERMS`, by name; `WEIGHTS` for those that are not given. A term of weight 0 is
            left out: it is neither computed nor logged.

    Attributes:
        weights: The weight of each term that is computed, in the order of `TERMS`.

    Raises:
        ValueError: A weight is negative, not finite or of no such term; all are 0; or `features` is needed.
    """

    def __init__(self, features: Callable | None, **weights: float):
        chosen = {**dict.fromkeys(TERMS, 0.0), **WEIGHTS, **weights}
        if unknown := [name for name in chosen if name not in TERMS]:
            raise ValueError(f"A loss term must be one of {', '.join(TERMS)}. Received: {', '.join(unknown)}.")
        if not all(0 <= weight < math.inf for weight in chosen.values()) or not any(chosen.values()):
            given = ", ".join(f"{name}={weight}" for name, weight in chosen.items())
            raise ValueError(
                "Loss weights must be finite and not negative, and one of them positive. "
                f"Received: {given}. Leave a term out with 0."
            )
        self.weights = {name: weight for name, weight in chosen.items() if weight}
        needing = [name for name in self.weights if TERMS[name].needs_features]
        if needing and features is None:
            raise ValueError(f"A {needing[0]} loss needs `features`. Received: None. Give them, or set {needing[0]}=0.")
        self.features = features if needing else None

    @property
    def names(self) -> list[str]:
        """The terms that are computed."""
        return list(self.weights)

    def terms(self, truth, prediction) -> dict[str, Any]:
        """The unweighted terms, each a scalar: the mean over the batch."""
        return {name: ops.mean(TERMS[name].compute(truth, prediction, self.features)) for name in self.weights}

    def total(self, terms: dict[str, Any]):
        """The weighted sum of terms."""
        return sum(self.weights[name] * value for name, value in terms.items())

    def __call__(self, truth, prediction):
        """The weighted loss of a batch, a scalar."""
        return self.total(self.terms(truth, prediction))
