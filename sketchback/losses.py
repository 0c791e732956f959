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

WINDOW = 7  # pixels, of `structure`
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


def structure(truth, prediction):
    """How far structural similarity is from 1, `1 - SSIM`, as scikit-image measures it on pictures in [0, 1].

    `SSIM` is the mean over channels and over windows of 7 x 7 pixels of
    `(2 m_t m_p + c_1) (2 c_tp + c_2) / ((m_t^2 + m_p^2 + c_1) (v_t + v_p + c_2))`: `m` means, `v` variances and `c_tp`
    covariances of samples (over 48, not 49), `c_1 = 0.01^2`, `c_2 = 0.03^2`. Equations: Wang and others 2004; as a loss
    Zhao and others 2017.

    Args:
        truth: `(B, H, W, C)` in [0, 1], at least 7 x 7 pixels.
        prediction: The same shape.

    Returns:
        `(B,)` in [0, 2], 0 for equal pictures.
    """
    t, p = ops.cast(truth, "float32") - 0.5, ops.cast(prediction, "float32") - 0.5  # smaller squares: less rounding

    def mean(values):
        return ops.average_pool(values, WINDOW, strides=1, padding="valid")

    mean_t, mean_p = mean(t), mean(p)
    samples = WINDOW**2 / (WINDOW**2 - 1)
    spread = samples * (mean(t * t) - mean_t * mean_t + mean(p * p) - mean_p * mean_p)
    covariance = samples * (mean(t * p) - mean_t * mean_p)
    mean_t, mean_p = mean_t + 0.5, mean_p + 0.5
    brightness = (2 * mean_t * mean_p + 1e-4) / (mean_t * mean_t + mean_p * mean_p + 1e-4)
    return 1.0 - ops.mean(brightness * (2 * covariance + 9e-4) / (spread + 9e-4), axis=(1, 2, 3))


def excess(truth, prediction):
    """How much more contrast than the truth a prediction has in a place, `mean(max(0, ln((s_p + c) / (s_t + c))))`.

    `s` are standard deviations of means over 2 x 2 pixels in windows of 16 x 16, every 4 pixels, and `c = 2 / 255`. It
    counts where the truth is smooth and nowhere else: what a discriminator rewards on an empty backdrop is a pattern.

    Args:
        truth: `(B, H, W, C)` in [0, 1], at least 16 x 16 pixels.
        prediction: The same shape.

    Returns:
        `(B,)`, 0 where a prediction is nowhere richer in contrast.
    """

    def spread(picture):
        halved = ops.average_pool(ops.cast(picture, "float32"), 2, strides=2) - 0.5  # smaller squares: less rounding
        mean = ops.average_pool(halved, 8, strides=2)
        return ops.sqrt(ops.maximum(ops.average_pool(halved * halved, 8, strides=2) - mean * mean, 1e-8)) + 2 / 255

    return ops.mean(ops.relu(ops.log(spread(prediction) / spread(truth))), axis=(1, 2, 3))


def relative(truth, prediction):
    """Root mean squared difference over the root mean square of the truth: `|t - p| / |t|`.

    Args:
        truth: `(B, h, w, F)`.
        prediction: The same shape.

    Returns:
        `(B,)`, 1e-6 for equal ones.
    """
    truth, prediction = ops.cast(truth, "float32"), ops.cast(prediction, "float32")
    axes = (1, 2, 3)
    shares = ops.mean(ops.square(truth - prediction), axes) / (ops.mean(ops.square(truth), axes) + EPSILON)
    return ops.sqrt(ops.maximum(shares, EPSILON))


def identity(truth_seen, prediction_seen):
    """How far a face is from the true one for a recogniser, `1 - cos(e_t, e_p) + 0.2 * mean_k(|f_t - f_p| / |f_t|)`.

    The embeddings `e` say whose face it is, the features `f` on the way to them where its parts are.

    Args:
        truth_seen: Features `(B, h, w, F)` of any number of depths, then the embedding `(B, E)`.
        prediction_seen: The same shapes.

    Returns:
        `(B,)`.
    """
    *true_parts, true = truth_seen
    *parts, embedding = prediction_seen
    length = ops.sqrt(ops.sum(ops.square(true), -1) * ops.sum(ops.square(embedding), -1) + EPSILON)
    apart = sum(map(relative, true_parts, parts)) / len(parts)
    return 1.0 - ops.sum(true * embedding, -1) / length + 0.2 * apart


class Term(NamedTuple):
    """An entry of `TERMS`.

    Attributes:
        compute: `(truth, prediction, network)` -> `(B,)`; both pictures are `(B, H, W, 3)` in [0, 1].
        network: What it is given of the frozen networks of `WeightedLoss`, by its name there; None: nothing.
    """

    compute: Callable[..., Any]
    network: str | None = None


def _seen_by(formula):
    def compute(truth, prediction, network):
        # No gradient flows into the truth, so its features cost a forward pass only.
        return formula(network(ops.stop_gradient(truth)), network(prediction))

    return compute


TERMS = {
    "pixel": Term(lambda truth, prediction, _: pixel(truth, prediction)),
    "feature": Term(_seen_by(feature), network="features"),
    "variation": Term(lambda truth, prediction, _: total_variation(prediction)),
    "absolute": Term(lambda truth, prediction, _: absolute(truth, prediction)),
    "coarse": Term(lambda truth, prediction, _: coarse(truth, prediction)),
    "square": Term(lambda truth, prediction, _: square(truth, prediction)),
    "structure": Term(lambda truth, prediction, _: structure(truth, prediction)),
    "excess": Term(lambda truth, prediction, _: excess(truth, prediction)),
    "identity": Term(_seen_by(identity), network="recogniser"),
}
WEIGHTS = {"pixel": 1.0, "feature": 1e-3, "variation": 1e-5}  # the paper's; 0 for every other term


class WeightedLoss:
    """The weighted sum of terms, each a mean over the batch; by default `L = L_p + 0.001 L_f + 0.00001 L_v`.

    Args:
        features: A frozen network, `(B, H, W, 3)` in [0, 1] -> `(B, h, w, F)`, see `backbones.vgg16`; None
            is allowed where no term that has a weight needs it.
        recogniser: Likewise, -> what `identity` compares, see `models.recogniser`.
        weights: The weight of each of `TERMS`, by name; `WEIGHTS` for those that are not given. A term of weight 0 is
            left out: it is neither computed nor logged.

    Attributes:
        weights: The weight of each term that is computed, in the order of `TERMS`.

    Raises:
        ValueError: A weight is negative, not finite or of no such term; all are 0; or a network is needed.
    """

    def __init__(self, features: Callable | None, recogniser: Callable | None = None, **weights: float):
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
        networks = {"features": features, "recogniser": recogniser}
        self.networks = {name: networks[needed] for name in self.weights if (needed := TERMS[name].network)}
        for name, network in self.networks.items():
            if network is None:
                raise ValueError(
                    f"The loss term {name} needs `{TERMS[name].network}`. Received: None. Give the network, or set "
                    f"{name}=0."
                )

    @property
    def names(self) -> list[str]:
        """The terms that are computed."""
        return list(self.weights)

    def terms(self, truth, prediction) -> dict[str, Any]:
        """The unweighted terms, each a scalar: the mean over the batch."""
        given = self.networks
        return {name: ops.mean(TERMS[name].compute(truth, prediction, given.get(name))) for name in self.weights}

    def total(self, terms: dict[str, Any]):
        """The weighted sum of terms."""
        return sum(self.weights[name] * value for name, value in terms.items())

    def __call__(self, truth, prediction):
        """The weighted loss of a batch, a scalar."""
        return self.total(self.terms(truth, prediction))
