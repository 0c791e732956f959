"""What networks are shown: by their inputs, and how much of the tone is told."""

from __future__ import annotations

import numpy as np
import pytest

from sketchback.datasets import tasks

SKETCH, PHOTO = np.ones((32, 48, 1), np.float32), np.random.default_rng(1).random((32, 48, 3), np.float32)


def test_each_network_is_shown_what_it_takes():
    shapes = {}
    for takes, task in tasks.TASKS.items():
        inputs, target = task(SKETCH, PHOTO, "XM2VTS", np.random.default_rng(0), tasks.Telling(1.0))
        shapes[takes] = ([one.shape for one in (inputs if isinstance(inputs, tuple) else [inputs])], target.shape)
    assert shapes[("sketch",)] == ([(32, 48, 1)], (32, 48, 3))
    assert shapes[("sketch", "tone")] == ([(32, 48, 1), (2, 3, 4)], (32, 48, 3))
    assert shapes[("photo", "hand")] == ([(32, 48, 3), (5,)], (32, 48, 1))
    assert shapes[("photo", "sketch")] == ([(16, 24, 3), (32, 48, 1)], (32, 48, 3))


def test_a_batch_holds_each_input_apart():
    shown = [
        tasks.told_photograph(SKETCH, PHOTO, "", np.random.default_rng(seed), tasks.Telling(0.5)) for seed in range(3)
    ]
    (sketches, told), photos = tasks.stack(shown)
    assert sketches.shape == (3, 32, 48, 1) and told.shape == (3, 2, 3, 4) and photos.shape == (3, 32, 48, 3)


def test_some_regions_have_other_tones_which_are_told_and_keep_their_detail():
    photo = np.full((96, 96, 3), 0.7, np.float32)
    photo[:48] = 0.15 + 0.02 * np.random.default_rng(3).standard_normal((48, 96, 1)).astype(np.float32)  # hair
    seen = [
        tasks.told_photograph(photo[..., :1], photo, "", np.random.default_rng(seed), tasks.Telling(0.8, 0.5))
        for seed in range(200)
    ]
    retoned = [(tone, made) for (_, tone), made in seen if (made != photo).any()]
    assert len(retoned) == pytest.approx(200 * 0.8 * 0.5, abs=25)
    untold = sum(not tone[..., 3].any() for (_, tone), _ in seen)
    assert untold == pytest.approx(200 * 0.2, abs=20)
    for tone, made in retoned:
        known = tone[..., 3] == 1
        assert known.any() and np.abs(made - photo).mean(axis=-1).max() > 0  # never without a word of it
        assert made.min() >= 0 and made.max() <= 1
    hair = [made for tone, made in retoned if np.abs(made - photo)[8:24, 8:88].mean() > 0.1]
    assert all(np.abs(made - photo)[72:].mean() < 0.02 for made in hair)  # the face below stays
    assert all(made[8:24, 8:88].std(axis=(0, 1)).min() > 0.005 for made in hair)


def test_what_is_told_is_near_the_truth_and_as_often_as_asked():
    truth = np.random.default_rng(2).random((8, 8, 3), np.float32)
    told = [tasks.tell(truth, np.random.default_rng(seed), 0.7) for seed in range(400)]
    known = np.array([np.isfinite(one).all(axis=-1).mean() for one in told])
    assert (known == 0).mean() == pytest.approx(0.3, abs=0.06)
    assert (known == 1).mean() == pytest.approx(0.35, abs=0.1)
    errors = [np.nanmax(np.abs(one - truth)) for one, share in zip(told, known, strict=True) if share]
    assert max(errors) < 0.3 and np.median(errors) < 0.1
    np.testing.assert_array_equal(told[5], tasks.tell(truth, np.random.default_rng(5), 0.7))
