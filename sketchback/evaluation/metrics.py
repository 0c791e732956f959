"""How near a prediction is to the photograph, and how sure that number is.

PSNR and SSIM are those of scikit-image on 8-bit RGB. They depend on the data as much as on the model: a score
without the `baselines` of its own data set beside it says nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from sketchback.images import check_image, to_uint8

SSIM_WINDOW = 7

# PSNR and SSIM are taken from 8-bit values, because that is what a file holds. How a float becomes 8 bits is
# part of the number: cutting off instead of rounding costs up to 0.012 dB on the baselines of CUFS.
RESAMPLES = 1000  # of `bootstrap_interval`

# scikit-image is imported where it is used: it takes most of a second, which the `--help` of a command that
# scores would pay.


class Interval(NamedTuple):
    """A mean, a median or an estimate, and the interval that holds it at the confidence asked for."""

    value: float
    low: float
    high: float


def psnr(truth: np.ndarray, prediction: np.ndarray) -> float:
    """Peak signal-to-noise ratio, `10 log10(255^2 / MSE)` over all pixels and channels of the 8-bit images.

    Args:
        truth: `(H, W, 3)` float RGB in [0, 1].
        prediction: The same shape; values outside [0, 1] are clipped, as in a file.

    Returns:
        Decibels; higher is better. `inf`, not capped, where the two are equal in 8 bits: one such image makes
        the mean over a data set infinite, so that it is noticed.

    Raises:
        ValueError: An image is not finite float RGB, or the shapes differ.

    >>> black = np.zeros((2, 2, 3), np.float32)
    >>> round(psnr(black, black + 0.2), 2)  # 51 of 255: 20 log10(5)
    13.98
    >>> psnr(black, black)
    inf
    """
    from skimage.metrics import peak_signal_noise_ratio

    check_pair(truth, prediction)
    true, predicted = to_uint8(truth), to_uint8(prediction)
    if np.array_equal(true, predicted):
        return float("inf")  # scikit-image gives the same, after a warning about a division by zero
    return float(peak_signal_noise_ratio(true, predicted, data_range=255))


def ssim(truth: np.ndarray, prediction: np.ndarray) -> float:
    """Mean structural similarity (Wang, Bovik, Sheikh and Simoncelli, 2004) of the 8-bit images.

    scikit-image's defaults: a flat 7 x 7 window (the paper's is Gaussian, 11 x 11) and the sample covariance
    (divided by 48, not 49); K1 = 0.01 and K2 = 0.03 as in the paper. The mean over the windows that lie
    inside the image, then over the three channels. Scores made with the Gaussian window do not compare.

    Args:
        truth: `(H, W, 3)` float RGB in [0, 1], each side at least 7.
        prediction: The same shape; values outside [0, 1] are clipped, as in a file.

    Returns:
        A number in [-1, 1], 1 where the two are equal in 8 bits; higher is better.

    Raises:
        ValueError: An image is not finite float RGB or is smaller than the window, or the shapes differ.

    >>> ramp = np.linspace(0, 1, 8 * 8 * 3, dtype=np.float32).reshape(8, 8, 3)
    >>> ssim(ramp, ramp), ssim(ramp, 1 - ramp) < 0
    (1.0, True)
    """
    from skimage.metrics import structural_similarity

    check_pair(truth, prediction)
    if min(truth.shape[:2]) < SSIM_WINDOW:
        raise ValueError(
            f"SSIM needs images of at least {SSIM_WINDOW} x {SSIM_WINDOW} pixels, the size of its window. "
            f"Received: {truth.shape[0]} x {truth.shape[1]}. Compare larger images, or use `psnr`."
        )
    true, predicted = to_uint8(truth), to_uint8(prediction)
    return float(structural_similarity(true, predicted, win_size=SSIM_WINDOW, channel_axis=-1, data_range=255))


def pearson_r(truth: np.ndarray, prediction: np.ndarray) -> float:
    """Pearson's correlation of two images, over all pixels and channels at once.

    Blind to brightness and contrast: `r(t, a t + b) = 1` for every `a > 0`. Reported beside PSNR and SSIM by
    Gucluturk et al., Convolutional Sketch Inversion (2016). Computed in float64 from the values as they are,
    neither rounded to 8 bits nor clipped, so that this invariance is exact.

    Args:
        truth: `(H, W, 3)` float RGB in [0, 1].
        prediction: The same shape.

    Returns:
        A number in [-1, 1]; higher is better. 0.0 where either image is constant: the correlation is then
        undefined, and a constant prediction says nothing about where the truth is bright.

    Raises:
        ValueError: An image is not finite float RGB, or the shapes differ.

    >>> ramp = np.linspace(0, 1, 12, dtype=np.float32).reshape(2, 2, 3)
    >>> round(pearson_r(ramp, 1 - ramp), 6), pearson_r(ramp, np.ones_like(ramp))
    (-1.0, 0.0)
    """
    check_pair(truth, prediction)
    # Asked of the values, not of the variance: in floats the variance of a constant image is not always zero.
    if truth.min() == truth.max() or prediction.min() == prediction.max():
        return 0.0
    t, p = truth.astype(np.float64), prediction.astype(np.float64)
    t, p = t - t.mean(), p - p.mean()
    t, p = t / np.sqrt(np.square(t).sum()), p / np.sqrt(np.square(p).sum())
    return float(np.clip((t * p).sum(), -1.0, 1.0))  # rounding may step over 1 by 1e-16


METRICS: dict[str, Callable[[np.ndarray, np.ndarray], float]] = {"psnr": psnr, "ssim": ssim, "r": pearson_r}


def score(truth: np.ndarray, prediction: np.ndarray) -> dict[str, float]:
    """Computes every one of `METRICS` for one image.

    Args:
        truth: `(H, W, 3)` float RGB in [0, 1], each side at least 7.
        prediction: The same shape.

    Returns:
        `{"psnr": dB, "ssim": in [-1, 1], "r": in [-1, 1]}`.

    Raises:
        ValueError: As the metrics.
    """
    return {name: metric(truth, prediction) for name, metric in METRICS.items()}


def bootstrap_interval(
    values: Sequence[float] | np.ndarray,
    *,
    statistic: Callable[[np.ndarray], np.floating] = np.mean,
) -> Interval:
    """Summarises one score over images and bounds the summary by the percentile bootstrap.

    Samples as many images as there are, with replacement, 1,000 times, from one seed, and cuts 2.5 % of their summaries
    off at either end, which leaves 95 % (Efron and Tibshirani, An Introduction to the Bootstrap, 1993, chapter 13). It
    takes images as independent: several pictures of one person make it too narrow. It is about other test
    images, not about another training run.

    Args:
        values: One score an image; infinite ones (PSNR of equal images) are carried through.
        statistic: What summarises them, `np.mean` or `np.median`.

    Returns:
        The summary of `values` and the two ends of the interval, all in the unit of `values`.

    Raises:
        ValueError: There is no value, or one is not a number.

    >>> bootstrap_interval([3.0, 3.0, 3.0])
    Interval(value=3.0, low=3.0, high=3.0)
    """
    values = np.asarray(values, np.float64)
    if values.ndim != 1 or values.size == 0:
        raise ValueError(
            f"`values` must be a list of at least one score. Received: shape={values.shape}. Score at least one image."
        )
    if np.isnan(values).any():
        raise ValueError(
            f"`values` must be numbers. Received: {int(np.isnan(values).sum())} NaN of {values.size}. "
            "Find the images that have no score first."
        )
    rng = np.random.default_rng(0)
    # One resample at a time: all at once would be an array of resamples x images.
    drawn = np.sort([statistic(values[rng.integers(values.size, size=values.size)]) for _ in range(RESAMPLES)])
    # Order statistics without interpolation, which would make NaN of two infinite means.
    cut = RESAMPLES // 40
    return Interval(float(statistic(values)), float(drawn[cut]), float(drawn[-1 - cut]))


def check_pair(truth: np.ndarray, prediction: np.ndarray) -> None:
    """Raises `ValueError` unless both are `(H, W, 3)` finite float of one shape, and the truth lies in [0, 1]."""
    check_image("truth", truth, (3,))
    check_image("prediction", prediction, (3,))
    if truth.shape != prediction.shape:
        raise ValueError(
            f"`truth` and `prediction` must have one shape. Received: {truth.shape} and {prediction.shape}. "
            "Bring the prediction to the size of the truth with `images.fit`."
        )
    # A truth in 0..255 would be clipped to white like an 8-bit one; the small room is for resampling.
    if truth.min() < -1e-3 or truth.max() > 1.0 + 1e-3:
        raise ValueError(
            f"`truth` must lie in [0, 1]. Received: values from {truth.min():.4g} to {truth.max():.4g}. "
            "Divide 8-bit values by 255, or exchange the arguments if the truth came second."
        )
