"""Photographs made soft: half the size, the same for the same seed, softer and a little off on average."""

from __future__ import annotations

import numpy as np

from sketchback import images
from sketchback.datasets import builtin
from sketchback.datasets.degradation import soften

PHOTO = builtin.face(3, (64, 48))


def test_the_same_seed_gives_the_same_soft_photograph():
    first, second, other = (soften(PHOTO, np.random.default_rng(seed)) for seed in (1, 1, 2))
    assert first.shape == (32, 24, 3) and first.dtype == np.float32 and first.min() >= 0 and first.max() <= 1
    np.testing.assert_array_equal(first, second)
    assert np.abs(first - other).max() > 0.01


def test_it_is_near_the_truth_and_seldom_the_truth():
    truth = images.resize(PHOTO, (32, 24))
    made = [soften(PHOTO, np.random.default_rng(seed)) for seed in range(40)]
    errors = np.array([np.sqrt(np.mean((one - truth) ** 2)) for one in made])
    assert errors.max() < 0.2 and 1 <= np.sum(errors < 1e-6) <= 12
    edges = [np.abs(np.diff(one, axis=0)).mean() for one in made]
    assert np.median(edges) < np.abs(np.diff(truth, axis=0)).mean()
