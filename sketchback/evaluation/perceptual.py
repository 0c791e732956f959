"""What PSNR and SSIM do not see: how much fine detail there is, and whether it looks like a photograph's.

The distance and the KID are of EfficientNet-lite0's features (`models.efficientnet`): they are neither LPIPS nor FID,
and compare only with numbers made with the same features at the same size of picture. An adversarial stage whose
discriminator looks at these very features is taught to lower both, and so they flatter it: read them beside the
sharpness ratio, the identification and the pictures.
"""

from __future__ import annotations

from typing import NamedTuple

import cv2
import numpy as np

from sketchback import images
from sketchback.evaluation.metrics import Interval, check_pair

BORDER = 5  # pixels that the sharpness ratio leaves out on each side
KID_LEAST = 200  # pictures; below that the interval of a KID is wider than what it is to tell apart


def sharpness_ratio(truth: np.ndarray, prediction: np.ndarray) -> float:
    """Variance of the prediction's Laplacian over that of the photograph's.

    Of the luminance in 8 bits, with the four neighbours of each pixel, without 5 pixels at each border. It says how
    much fine detail there is, not whether it is right: noise and an unsharp mask raise it too. A few flat photographs
    have ratios far above all others, so sets are summarised by the median.

    Args:
        truth: `(H, W, 3)` float RGB in [0, 1], each side at least 12.
        prediction: The same shape.

    Returns:
        0 or more; below 1 the prediction is softer than the photograph. `inf` where the photograph alone is flat, 1
        where both are.

    Raises:
        ValueError: An image is not finite float RGB or is too small, or the shapes differ.

    >>> checks = np.indices((20, 20, 3)).sum(axis=0) % 2 * np.float32(0.8)
    >>> round(sharpness_ratio(checks, 0.5 * checks), 3), sharpness_ratio(checks, 0 * checks)
    (0.25, 0.0)
    """
    check_pair(truth, prediction)
    if min(truth.shape[:2]) < 2 * BORDER + 2:
        raise ValueError(
            f"The sharpness ratio needs images of at least {2 * BORDER + 2} x {2 * BORDER + 2} pixels, of which it "
            f"leaves out a border. Received: {truth.shape[0]} x {truth.shape[1]}. Compare larger images."
        )
    true, predicted = (_detail(image) for image in (truth, prediction))
    if true == 0.0:
        return 1.0 if predicted == 0.0 else float("inf")
    return predicted / true


def _detail(image: np.ndarray) -> float:
    gray = images.to_uint8(images.to_gray(image))
    laplacian = cv2.Laplacian(gray, cv2.CV_64F)  # (H, W)
    return float(laplacian[BORDER:-BORDER, BORDER:-BORDER].var())


class Described(NamedTuple):
    """A batch of pictures as EfficientNet-lite0 sees it.

    Attributes:
        maps: For each of its four scales `(B, h, w, C)`, of unit length over the channels.
        pooled: `(B, 320)`, the mean over the coarsest scale as it is.
    """

    maps: list[np.ndarray]
    pooled: np.ndarray


class Features:
    """EfficientNet-lite0, ready to describe batches.

    Raises:
        FeaturesError: Its weights are not there; the message says what to install.
    """

    def __init__(self) -> None:
        from sketchback.models.efficientnet import efficientnet_lite0  # and with it Keras, which takes seconds

        self._network = efficientnet_lite0()

    def __call__(self, photos: np.ndarray) -> Described:
        """Describes `(B, H, W, 3)` float RGB in [0, 1]."""
        found = [np.asarray(one, np.float32) for one in self._network.predict_on_batch(photos)]
        lengths = (np.sqrt(np.square(one).sum(axis=-1, keepdims=True)) for one in found)
        maps = [one / np.maximum(length, 1e-6) for one, length in zip(found, lengths, strict=True)]
        return Described(maps, found[-1].mean(axis=(1, 2)))


def distance(truths: Described, predictions: Described) -> np.ndarray:
    """How differently two batches look, picture by picture.

    The squared difference of features of unit length, summed over the channels and averaged over the picture (Zhang et
    al., The Unreasonable Effectiveness of Deep Features, CVPR 2018, without their learnt weights), then the mean of
    the four scales.

    Args:
        truths: The photographs, from `Features`.
        predictions: As many pictures of the same size.

    Returns:
        `(B,)` float64, 0 for equal pictures, at most 4; two features that have nothing in common are 2 apart.
    """
    squares = [np.square(a - b).sum(axis=-1) for a, b in zip(truths.maps, predictions.maps, strict=True)]  # (B, h, w)
    return np.mean([square.mean(axis=(1, 2), dtype=np.float64) for square in squares], axis=0)


def kid(truths: np.ndarray, predictions: np.ndarray) -> Interval:
    """The kernel distance of two sets of pictures (Binkowski, Sutherland, Arbel and Gretton, ICLR 2018).

    The squared maximum mean discrepancy under the kernel `(x . y / d + 1) ** 3`, of pooled features of
    EfficientNet-lite0 in the place of Inception's. The estimate is unbiased, and remains so although every prediction
    belongs to a photograph: no picture is compared with itself or with its partner (Gretton et al., A Kernel
    Two-Sample Test, JMLR 2012, lemma 6). It is over all pictures at once, and its spread is the jackknife's, which
    leaves out one pair at a time.

    Args:
        truths: `(N, D)`, `Described.pooled` of the photographs; at least `KID_LEAST` of them, or it says little.
        predictions: The same shape, in the same order.

    Returns:
        The estimate and its 95 % interval; about 0, and possibly below, where both sets have one distribution.

    Raises:
        ValueError: The shapes differ, or there are fewer than 3 pictures.
    """
    if truths.ndim != 2 or truths.shape != predictions.shape or len(truths) < 3:
        raise ValueError(
            "A KID needs two arrays of one shape (N, D) with at least 3 pictures. "
            f"Received: {truths.shape} and {predictions.shape}. Describe both sets with `Features`."
        )
    x, y = truths.astype(np.float64), predictions.astype(np.float64)

    def kernel(a: np.ndarray, b: np.ndarray) -> np.ndarray:
        return (a @ b.T / a.shape[1] + 1.0) ** 3

    across = kernel(x, y)
    compared = kernel(x, x) + kernel(y, y) - across - across.T  # (N, N)
    np.fill_diagonal(compared, 0.0)
    n, total, rows = len(x), compared.sum(), compared.sum(axis=1)
    value = total / (n * (n - 1))
    without = (total - 2 * rows) / ((n - 1) * (n - 2))  # (N,): the estimate without that pair
    half = 1.96 * np.sqrt((n - 1) / n * np.square(without - without.mean()).sum())
    return Interval(float(value), float(value - half), float(value + half))
