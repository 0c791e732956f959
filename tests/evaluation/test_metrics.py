"""Scores: values by hand, then independent references, then properties."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sketchback.evaluation import metrics
from sketchback.evaluation.metrics import Interval, bootstrap_interval, pearson_r, psnr, score, ssim


def constant(value: float, size: tuple[int, int] = (8, 9)) -> np.ndarray:
    return np.full((*size, 3), value, np.float32)


def noise(seed: int, size: tuple[int, int] = (16, 20), channels: int = 3) -> np.ndarray:
    return np.random.default_rng(seed).random((*size, channels), dtype=np.float32)


# PSNR and SSIM; pytest makes a warning, as of a division by zero, an error


@pytest.mark.parametrize("step", [1, 51, 255])
def test_psnr_of_a_constant_difference_is_the_formula(step):
    expected = 20 * math.log10(255 / step)  # MSE = step^2
    for size in ((8, 9), (1, 1)):
        assert psnr(constant(0.0, size), constant(step / 255, size)) == pytest.approx(expected, abs=1e-9)


def test_psnr_of_one_wrong_value_and_of_none():
    truth, prediction = constant(0.0, (4, 5)), constant(0.0, (4, 5))
    assert psnr(truth, prediction) == float("inf")
    prediction[2, 3, 1] = 1.0  # MSE = 255^2 / 60
    assert psnr(truth, prediction) == pytest.approx(10 * math.log10(60), abs=1e-9)


def test_predictions_become_8_bits_as_in_a_file():
    assert psnr(constant(0.0), constant(0.49 / 255)) == float("inf")
    assert psnr(constant(0.0), constant(0.51 / 255)) == pytest.approx(20 * math.log10(255), abs=1e-9)
    truth, prediction = noise(0), noise(1)
    beyond = np.where(prediction > 0.5, prediction + 3.0, prediction - 3.0).astype(np.float32)
    clipped = np.where(prediction > 0.5, 1.0, 0.0).astype(np.float32)
    assert psnr(truth, beyond) == psnr(truth, clipped) and ssim(truth, beyond) == ssim(truth, clipped)


@pytest.mark.parametrize(("a", "b"), [(0, 255), (51, 102)])
def test_ssim_of_two_constant_images_is_the_luminance_term(a, b):
    c1 = (0.01 * 255) ** 2
    expected = (2 * a * b + c1) / (a**2 + b**2 + c1)
    assert ssim(constant(a / 255), constant(b / 255)) == pytest.approx(expected, abs=1e-9)


def ssim_reference(truth: np.ndarray, prediction: np.ndarray) -> float:
    """Wang et al. (2004), equation 13, window by window, with a flat 7 x 7 window and sample statistics."""
    x, y = (np.rint(255.0 * image.astype(np.float64)) for image in (truth, prediction))
    c1, c2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2
    terms = []
    for i, j, channel in np.ndindex(truth.shape[0] - 6, truth.shape[1] - 6, 3):
        u, v = (image[i : i + 7, j : j + 7, channel].ravel() for image in (x, y))
        (uu, uv), (_, vv) = np.cov(u, v)
        luminance = (2 * u.mean() * v.mean() + c1) / (u.mean() ** 2 + v.mean() ** 2 + c1)
        terms.append(luminance * (2 * uv + c2) / (uu + vv + c2))
    return float(np.mean(terms))


@pytest.mark.parametrize("size", [(7, 7), (12, 17)])
def test_ssim_equals_a_reference_that_takes_one_window_at_a_time(size):
    truth = noise(2, size)
    prediction = np.clip(0.6 * truth + 0.4 * noise(3, size), 0.0, 1.0)
    assert ssim(truth, prediction) == pytest.approx(ssim_reference(truth, prediction), abs=1e-9)


def test_ssim_refuses_what_is_smaller_than_its_window():
    with pytest.raises(ValueError, match=r"at least 7 x 7.*Received: 6 x 20"):
        ssim(noise(0, (6, 20)), noise(1, (6, 20)))


# Pearson


def test_pearson_by_hand_and_by_numpy():
    truth = np.array([[[0.0, 0.5, 1.0]]], np.float32)  # centred: -1, 0, 1 (times 0.5)
    prediction = np.array([[[0.5, 0.0, 1.0]]], np.float32)  # centred: 0, -1, 1 (times 0.5)
    assert pearson_r(truth, prediction) == pytest.approx(0.5, abs=1e-7)
    truth, prediction = noise(0), 0.5 * noise(0) + 0.5 * noise(1)
    expected = np.corrcoef(truth.ravel().astype(np.float64), prediction.ravel().astype(np.float64))[0, 1]
    assert pearson_r(truth, prediction) == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("value", [0.0, 0.1, 1.0])
def test_pearson_with_a_constant_image_is_zero(value):
    assert pearson_r(noise(0), constant(value, (16, 20))) == pearson_r(constant(value, (16, 20)), noise(0)) == 0.0


# All of them


def test_score_holds_every_metric_as_a_plain_float():
    scores = score(noise(0), noise(1))
    assert list(scores) == ["psnr", "ssim", "r"] and json.loads(json.dumps(scores)) == scores


@pytest.mark.parametrize("metric", metrics.METRICS.values(), ids=metrics.METRICS)
@pytest.mark.parametrize(
    ("truth", "prediction", "message"),
    [
        (noise(0), noise(0, (16, 21)), r"one shape.*Received: \(16, 20, 3\) and \(16, 21, 3\)"),
        (noise(0), noise(0, channels=1), r"`prediction` must be one image.*Received: shape=\(16, 20, 1\)"),
        (noise(0)[None], noise(0)[None], r"`truth` must be one image.*Received: shape=\(1, 16, 20, 3\)"),
        (noise(0).tolist(), noise(0), r"`truth` must be a NumPy array. Received: list"),
        (noise(0), np.zeros((16, 20, 3), np.uint8), r"`prediction` must be float.*Received: dtype=uint8"),
        (noise(0) * 255, noise(0), r"`truth` must lie in \[0, 1\].*Received: values from"),
        (noise(0), noise(0) * np.nan, r"`prediction` must be finite.*Received: 960 of 960"),
    ],
)
def test_what_is_no_pair_of_images_is_refused(metric, truth, prediction, message):
    with pytest.raises(ValueError, match=message):
        metric(truth, prediction)


SEEDS = st.integers(0, 2**32 - 1)
SIZES = st.tuples(st.integers(7, 40), st.integers(7, 40))


@settings(max_examples=20, deadline=None)
@given(SEEDS, SIZES, st.floats(0.02, 1.0))
def test_properties_of_scores(seed, size, share):
    """Order, side and channels do not matter; nearer is better; R does not see brightness and contrast."""
    truth, other = noise(seed, size), noise(seed + 1, size)
    scores = score(truth, other)
    for change in (lambda x: x[::-1], lambda x: x[..., ::-1], lambda x: x.transpose(1, 0, 2)):
        assert score(change(other), change(truth)) == pytest.approx(scores, rel=1e-9, abs=1e-9)
    assert psnr(truth, truth + share / 2 * (other - truth)) > psnr(truth, truth + share * (other - truth))
    assert pearson_r(truth, 1.0 - share * other.astype(np.float64)) == pytest.approx(-scores["r"], abs=1e-9)
    assert score(truth, truth) == {"psnr": math.inf, "ssim": 1.0, "r": pytest.approx(1.0)}


# Intervals


def test_intervals_by_hand():
    assert bootstrap_interval([0.1] * 7) == pytest.approx((0.1, 0.1, 0.1))
    # Resamples of (0, 1) have the means 0, 1/2, 1 with probabilities 1/4, 1/2, 1/4.
    assert bootstrap_interval([0.0, 1.0]) == Interval(0.5, 0.0, 1.0)
    assert bootstrap_interval([0.0, 1.0, 9.0], statistic=np.median) == Interval(1.0, 0.0, 9.0)
    assert bootstrap_interval([20.0, 20.0, math.inf]) == Interval(math.inf, 20.0, math.inf)


def test_interval_cuts_a_fortieth_off_both_ends():
    # A thousand resamples of (0, 1, ..., 999): the ends are the 26th smallest and the 26th largest mean.
    rng = np.random.default_rng(0)
    means = sorted(rng.integers(1000, size=1000).mean() for _ in range(1000))
    interval = bootstrap_interval(np.arange(1000))
    assert (interval.low, interval.high) == (means[25], means[974])


def test_interval_of_many_values_is_about_that_of_the_normal_distribution():
    values = np.random.default_rng(0).normal(18.0, 2.0, 400)
    mean, low, high = bootstrap_interval(values)
    half = 1.96 * values.std() / math.sqrt(400)
    assert (mean, mean - low, high - mean) == pytest.approx((values.mean(), half, half), rel=0.1)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ([], "at least one score"),
        ([[1.0, 2.0]], r"Received: shape=\(1, 2\)"),
        ([1.0, float("nan")], "Received: 1 NaN of 2"),
    ],
)
def test_interval_refuses(values, message):
    with pytest.raises(ValueError, match=message):
        bootstrap_interval(values)
