"""Baselines: by hand, then by least squares; test_scoring.py has the anchors measured on CUFS."""

from __future__ import annotations

import numpy as np
import pytest

from sketchback.evaluation.baselines import ITSELF, LINEAR, MEAN, Baselines, sharpened


def noise(seed: int, size: tuple[int, int] = (6, 5), channels: int = 1) -> np.ndarray:
    return np.random.default_rng(seed).random((*size, channels), dtype=np.float32)


def pairs(count: int = 5) -> list[tuple[np.ndarray, np.ndarray]]:
    """Photographs that follow their sketches, differently in each channel, plus noise."""
    slope = np.array([0.5, 0.3, -0.1], np.float32)
    return [(0.2 + slope * noise(seed) + 0.2 * noise(100 + seed, channels=3), noise(seed)) for seed in range(count)]


def test_gain_by_hand():
    # One pixel, two pairs. Sketch 0.2 and 0.6; red follows by 1/2, green by -1, blue not at all.
    sketches = [np.full((1, 1, 1), value, np.float32) for value in (0.2, 0.6)]
    photos = [np.array([[[0.1, 0.9, 0.3]]], np.float32), np.array([[[0.3, 0.5, 0.3]]], np.float32)]
    baselines = Baselines.fit(zip(photos, sketches, strict=True))
    np.testing.assert_allclose(baselines.mean_photo, [[[0.2, 0.7, 0.3]]], atol=1e-7)
    np.testing.assert_allclose(baselines.mean_sketch, [[[0.4]]], atol=1e-7)
    np.testing.assert_allclose(baselines.gain, [0.5, -1.0, 0.0], atol=1e-6)
    predictions = baselines.predictions(np.full((1, 1, 1), 0.8, np.float32))
    np.testing.assert_allclose(predictions[LINEAR], [[[0.4, 0.3, 0.3]]], atol=1e-6)


def test_baselines_equal_least_squares():
    photos, sketches = (np.stack(own).astype(np.float64) for own in zip(*pairs(), strict=True))
    baselines = Baselines.fit(iter(pairs()))
    np.testing.assert_allclose(baselines.mean_photo, photos.mean(axis=0), atol=1e-7)
    np.testing.assert_allclose(baselines.mean_sketch, sketches.mean(axis=0), atol=1e-7)
    design, target = (sketches - sketches.mean(axis=0)).reshape(-1, 1), (photos - photos.mean(axis=0)).reshape(-1, 3)
    np.testing.assert_allclose(baselines.gain, np.linalg.lstsq(design, target, rcond=None)[0][0], rtol=1e-10)


def test_predictions_are_named_images_in_range_of_their_own():
    baselines = Baselines(np.full((2, 2, 3), 0.9, "f4"), np.full((2, 2, 1), 0.5, "f4"), gain=np.full(3, 2.0))
    for value, linear in ((1.0, 1.0), (0.0, 0.0)):  # 0.9 + 2 x 0.5 and 0.9 - 2 x 0.5, clipped
        predictions = baselines.predictions(np.full((2, 2, 1), value, "f4"))
        assert list(predictions) == [ITSELF, MEAN, LINEAR]
        assert all(image.shape == (2, 2, 3) and image.dtype == np.float32 for image in predictions.values())
        assert (predictions[ITSELF] == value).all() and (predictions[LINEAR] == linear).all()
        predictions[MEAN][:] = 0.0
    assert (baselines.mean_photo == np.float32(0.9)).all()


@pytest.mark.parametrize("count", [1, 3])
def test_equal_sketches_have_no_slope(count):
    baselines = Baselines.fit((noise(10 + number, channels=3), noise(0)) for number in range(count))
    np.testing.assert_array_equal(baselines.gain, np.zeros(3))
    predictions = baselines.predictions(noise(1))
    np.testing.assert_array_equal(predictions[LINEAR], predictions[MEAN])


@pytest.mark.parametrize(
    ("fitted", "says"),
    [
        ([], "at least one training pair. Received: none. Give the pairs"),
        ([*pairs(2), (noise(0, (6, 6), 3), noise(0))], "one size, here 6 x 5.*Received: pair 3 with .*images.fit"),
        ([*pairs(2), (noise(0, channels=3), noise(0, (6, 6)))], "one size.*Received: pair 3"),
        (
            [(sketch, photo) for photo, sketch in pairs(1)],
            r"`photo` must be one image of shape \(H, W, 3\).*\(6, 5, 1\)",
        ),
    ],
)
def test_what_cannot_be_fitted(fitted, says):
    with pytest.raises(ValueError, match=says):
        Baselines.fit(fitted)


def test_a_sketch_of_another_size_is_refused():
    with pytest.raises(ValueError, match="fitted on, 6 x 5. Received: 5 x 6. Bring it"):
        Baselines.fit(pairs(2)).predictions(noise(0, (5, 6)))


def test_an_unsharp_mask_exaggerates_edges_and_stays_in_range():
    step = np.full((20, 20, 3), 0.4, np.float32)
    step[:, 10:] = 0.6
    crisp = sharpened(step)
    assert crisp[10, 9, 0] < 0.35 and crisp[10, 10, 0] > 0.65  # beside the edge
    np.testing.assert_allclose(crisp[:, [0, -1]], step[:, [0, -1]], atol=1e-6)  # far from it
    steeper = sharpened(np.float32(step > 0.5))
    assert steeper.dtype == np.float32 and steeper.min() == 0.0 and steeper.max() == 1.0
