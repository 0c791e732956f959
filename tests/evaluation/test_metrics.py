"""Scores and baselines: values by hand, then independent references, then the anchors measured on CUFS."""

from __future__ import annotations

import json
import math
import subprocess
import sys
import warnings
from pathlib import Path

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from PIL import Image
from places import DATA

from sketchback.evaluation import metrics
from sketchback.evaluation.baselines import Baselines
from sketchback.evaluation.metrics import Interval, bootstrap_interval, pearson_r, psnr, score, ssim

CUFS = DATA / "cufs"

ITSELF = "the sketch itself"
MEAN = "mean training photo"
LINEAR = "mean photo + k (sketch - mean sketch)"


def constant(value: float, size: tuple[int, int] = (8, 9)) -> np.ndarray:
    return np.full((*size, 3), value, np.float32)


def noise(seed: int, size: tuple[int, int] = (16, 20), channels: int = 3) -> np.ndarray:
    return np.random.default_rng(seed).random((*size, channels), dtype=np.float32)


# PSNR


@pytest.mark.parametrize("step", [1, 10, 51, 255])
def test_psnr_of_a_constant_difference_is_the_formula(step):
    expected = 20 * math.log10(255 / step)  # MSE = step^2
    assert psnr(constant(0.0), constant(step / 255)) == pytest.approx(expected, abs=1e-9)


def test_psnr_of_black_against_white_is_zero():
    assert psnr(constant(0.0), constant(1.0)) == 0.0


def test_psnr_of_one_wrong_value():
    truth, prediction = constant(0.0, (4, 5)), constant(0.0, (4, 5))
    prediction[2, 3, 1] = 1.0  # MSE = 255^2 / 60
    assert psnr(truth, prediction) == pytest.approx(10 * math.log10(60), abs=1e-9)


def test_psnr_of_equal_images_is_infinite_without_a_warning():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert psnr(noise(0), noise(0)) == float("inf")


def test_psnr_rounds_to_the_nearest_8_bit_value():
    assert psnr(constant(0.0), constant(0.49 / 255)) == float("inf")
    assert psnr(constant(0.0), constant(0.51 / 255)) == pytest.approx(20 * math.log10(255), abs=1e-9)


def test_psnr_and_ssim_clip_the_prediction_as_a_file_would():
    truth, prediction = noise(0), noise(1)
    beyond = np.where(prediction > 0.5, prediction + 3.0, prediction - 3.0).astype(np.float32)
    clipped = np.where(prediction > 0.5, 1.0, 0.0).astype(np.float32)
    assert psnr(truth, beyond) == psnr(truth, clipped)
    assert ssim(truth, beyond) == ssim(truth, clipped)


def test_psnr_of_one_pixel():
    assert psnr(constant(0.2, (1, 1)), constant(0.4, (1, 1))) == pytest.approx(20 * math.log10(5), abs=1e-9)


# SSIM


def test_ssim_of_equal_images_is_one():
    assert ssim(noise(0), noise(0)) == 1.0


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
    for channel in range(3):
        for i in range(truth.shape[0] - 6):
            for j in range(truth.shape[1] - 6):
                u = x[i : i + 7, j : j + 7, channel].ravel()
                v = y[i : i + 7, j : j + 7, channel].ravel()
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


def test_pearson_by_hand():
    truth, prediction = np.zeros((1, 1, 3), np.float32), np.zeros((1, 1, 3), np.float32)
    truth[0, 0] = 0.0, 0.5, 1.0  # centred: -1, 0, 1 (times 0.5)
    prediction[0, 0] = 0.5, 0.0, 1.0  # centred: 0, -1, 1 (times 0.5)
    assert pearson_r(truth, prediction) == pytest.approx(0.5, abs=1e-7)


def test_pearson_is_blind_to_brightness_and_contrast_and_sees_the_sign():
    truth = noise(0)
    assert pearson_r(truth, 0.25 * truth + 0.125) == pytest.approx(1.0, abs=1e-6)
    assert pearson_r(truth, 1.0 - truth) == pytest.approx(-1.0, abs=1e-6)


def test_pearson_equals_numpy():
    truth, prediction = noise(0), 0.5 * noise(0) + 0.5 * noise(1)
    expected = np.corrcoef(truth.ravel().astype(np.float64), prediction.ravel().astype(np.float64))[0, 1]
    assert pearson_r(truth, prediction) == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("value", [0.0, 0.1, 1.0])
def test_pearson_with_a_constant_image_is_zero_without_a_warning(value):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert pearson_r(noise(0), constant(value, (16, 20))) == 0.0
        assert pearson_r(constant(value, (16, 20)), noise(0)) == 0.0


# All of them


def test_score_holds_every_metric_as_a_plain_float():
    scores = score(noise(0), noise(1))
    assert list(scores) == list(metrics.METRICS) == ["psnr", "ssim", "r"]
    assert all(type(value) is float for value in scores.values())
    assert json.loads(json.dumps(scores)) == scores
    assert scores["psnr"] == psnr(noise(0), noise(1))


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


def test_import_leaves_scikit_image_for_later():
    code = "import sys, sketchback.evaluation.metrics; print('skimage' in sys.modules, 'keras' in sys.modules)"
    root = Path(metrics.__file__).resolve().parents[2]
    command = [sys.executable, "-c", code]
    result = subprocess.run(command, capture_output=True, text=True, cwd=root, check=True)
    assert result.stdout.split() == ["False", "False"]


# Intervals


@pytest.mark.parametrize("values", [[2.5], [0.1] * 7])
def test_interval_of_constant_values_is_a_point(values):
    interval = bootstrap_interval(values)
    assert interval.low == interval.mean == interval.high == pytest.approx(values[0])


def test_interval_depends_on_the_seed_alone():
    values = np.random.default_rng(0).normal(18.0, 2.0, 50)
    assert bootstrap_interval(values, seed=3) == bootstrap_interval(list(values), seed=3)
    assert bootstrap_interval(values, seed=3) != bootstrap_interval(values, seed=4)
    assert isinstance(bootstrap_interval(values), Interval)


def test_interval_of_many_values_is_about_that_of_the_normal_distribution():
    values = np.random.default_rng(0).normal(18.0, 2.0, 400)
    mean, low, high = bootstrap_interval(values, resamples=4000)
    half = 1.96 * values.std() / math.sqrt(400)
    assert mean == pytest.approx(values.mean())
    assert mean - low == pytest.approx(half, rel=0.08)
    assert high - mean == pytest.approx(half, rel=0.08)


def test_interval_of_two_values_knows_three_means():
    # Resamples of (0, 1) have the means 0, 1/2, 1 with probabilities 1/4, 1/2, 1/4.
    assert bootstrap_interval([0.0, 1.0], confidence=0.9) == Interval(0.5, 0.0, 1.0)
    assert bootstrap_interval([0.0, 1.0], confidence=0.3) == Interval(0.5, 0.5, 0.5)


def test_interval_cuts_the_stated_share_off_both_ends():
    # One hundred resamples of (0, 1, ..., 999): the ends are the 6th smallest and the 6th largest mean.
    rng = np.random.default_rng(7)
    means = sorted(rng.integers(1000, size=1000).mean() for _ in range(100))
    interval = bootstrap_interval(np.arange(1000), confidence=0.9, resamples=100, seed=7)
    assert (interval.low, interval.high) == (means[5], means[94])


def test_interval_widens_with_confidence():
    values = np.random.default_rng(0).normal(size=30)
    narrow, wide = bootstrap_interval(values, 0.5), bootstrap_interval(values, 0.99)
    assert wide.low < narrow.low < narrow.high < wide.high


def test_interval_carries_an_infinite_psnr_through():
    interval = bootstrap_interval([20.0, 20.0, float("inf")])
    assert interval == Interval(float("inf"), 20.0, float("inf"))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"values": []}, "at least one score"),
        ({"values": [[1.0, 2.0]]}, r"Received: shape=\(1, 2\)"),
        ({"values": [1.0, float("nan")]}, "Received: 1 NaN of 2"),
        ({"values": [1.0], "confidence": 95}, "Received: confidence=95"),
        ({"values": [1.0], "resamples": 0}, "Received: resamples=0"),
    ],
)
def test_interval_refuses(arguments, message):
    with pytest.raises(ValueError, match=message):
        bootstrap_interval(**arguments)


# Baselines


def toy_pairs(count: int = 5, size: tuple[int, int] = (6, 5)) -> list[tuple[np.ndarray, np.ndarray]]:
    """Photos that follow their sketches, differently in each channel, plus noise."""
    pairs = []
    for seed in range(count):
        sketch = noise(seed, size, 1)
        photo = 0.2 + np.array([0.5, 0.3, -0.1], np.float32) * sketch + 0.2 * noise(100 + seed, size)
        pairs.append((photo.astype(np.float32), sketch))
    return pairs


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


def test_floors_equal_least_squares():
    pairs = toy_pairs()
    photos = np.stack([photo for photo, _ in pairs]).astype(np.float64)  # (N, H, W, 3)
    sketches = np.stack([sketch for _, sketch in pairs]).astype(np.float64)  # (N, H, W, 1)
    baselines = Baselines.fit(pairs)
    np.testing.assert_allclose(baselines.mean_photo, photos.mean(axis=0), atol=1e-7)
    np.testing.assert_allclose(baselines.mean_sketch, sketches.mean(axis=0), atol=1e-7)
    design = (sketches - sketches.mean(axis=0)).reshape(-1, 1)
    target = (photos - photos.mean(axis=0)).reshape(-1, 3)
    expected, *_ = np.linalg.lstsq(design, target, rcond=None)
    np.testing.assert_allclose(baselines.gain, expected[0], rtol=1e-10)


def test_floors_are_fitted_in_one_pass_from_an_iterator():
    pairs = toy_pairs()
    streamed, listed = Baselines.fit(iter(pairs)), Baselines.fit(pairs)
    np.testing.assert_array_equal(streamed.mean_photo, listed.mean_photo)
    np.testing.assert_array_equal(streamed.gain, listed.gain)


def test_floors_leave_the_training_pairs_alone():
    pairs = toy_pairs(2)
    before = [(photo.copy(), sketch.copy()) for photo, sketch in pairs]
    baselines = Baselines.fit(pairs)
    baselines.predictions(pairs[0][1])[MEAN][:] = 0.0
    baselines.predictions(pairs[0][1])[ITSELF][:] = 0.0
    for (photo, sketch), (photo_before, sketch_before) in zip(pairs, before, strict=True):
        np.testing.assert_array_equal(photo, photo_before)
        np.testing.assert_array_equal(sketch, sketch_before)
    assert baselines.mean_photo.min() > 0.0


def test_predictions_are_named_images_in_range():
    baselines = Baselines.fit(toy_pairs())
    sketch = noise(9, (6, 5), 1)
    predictions = baselines.predictions(sketch)
    assert list(predictions) == [ITSELF, MEAN, LINEAR]
    for image in predictions.values():
        assert image.shape == (6, 5, 3)
        assert image.dtype == np.float32
        assert 0.0 <= image.min() <= image.max() <= 1.0
    np.testing.assert_array_equal(predictions[ITSELF], np.repeat(sketch, 3, axis=-1))
    np.testing.assert_array_equal(predictions[MEAN], baselines.mean_photo)


def test_predictions_are_clipped():
    size = (2, 2)
    mean_photo, mean_sketch = constant(0.9, size), constant(0.5, size)[..., :1]
    baselines = Baselines(mean_photo, mean_sketch, gain=np.full(3, 2.0))
    white, black = np.ones((*size, 1), np.float32), np.zeros((*size, 1), np.float32)
    assert (baselines.predictions(white)[LINEAR] == 1.0).all()  # 0.9 + 2 x 0.5
    assert (baselines.predictions(black)[LINEAR] == 0.0).all()  # 0.9 - 2 x 0.5


def test_the_linear_floor_of_the_training_pairs_is_never_worse_than_the_mean():
    pairs = toy_pairs()
    baselines = Baselines.fit(pairs)
    error = dict.fromkeys((MEAN, LINEAR), 0.0)
    for photo, sketch in pairs:
        predictions = baselines.predictions(sketch)
        for name in error:
            error[name] += float(np.square(photo - predictions[name]).sum())
    assert error[LINEAR] < error[MEAN]


@pytest.mark.parametrize("count", [1, 3])
def test_equal_sketches_have_no_slope(count):
    sketch = noise(0, (6, 5), 1)
    baselines = Baselines.fit((noise(10 + i, (6, 5)), sketch) for i in range(count))
    np.testing.assert_array_equal(baselines.gain, np.zeros(3))
    predictions = baselines.predictions(noise(1, (6, 5), 1))
    np.testing.assert_array_equal(predictions[LINEAR], predictions[MEAN])


def test_floors_need_a_pair():
    with pytest.raises(ValueError, match="at least one training pair. Received: none. Give the pairs"):
        Baselines.fit([])


@pytest.mark.parametrize(("photo_size", "sketch_size"), [((6, 6), (6, 6)), ((6, 5), (6, 6)), ((6, 6), (6, 5))])
def test_floors_need_one_size(photo_size, sketch_size):
    pairs = [*toy_pairs(2), (noise(0, photo_size), noise(0, sketch_size, 1))]
    with pytest.raises(ValueError, match="one size, here 6 x 5.*Received: pair 3 with .*images.fit"):
        Baselines.fit(pairs)


def test_photo_and_sketch_must_not_be_exchanged():
    with pytest.raises(ValueError, match=r"`photo` must be one image of shape \(H, W, 3\).*\(6, 5, 1\)"):
        Baselines.fit([(sketch, photo) for photo, sketch in toy_pairs(1)])


def test_a_sketch_of_another_size_is_refused():
    with pytest.raises(ValueError, match="fitted on, 6 x 5. Received: 5 x 6. Bring it"):
        Baselines.fit(toy_pairs(2)).predictions(noise(0, (5, 6), 1))


# CUFS


def cufs_pairs(part: str):
    for path in sorted((CUFS / part / "photos").glob("*.jpg")):
        # f-005-01.jpg was drawn as F2-005-01-sz1.jpg or as f-005-01-sz1.jpg
        names = f"{path.stem}-sz1.jpg", f"{path.stem[0].upper()}2{path.stem[1:]}-sz1.jpg"
        (drawn,) = (name for name in names if (CUFS / part / "sketches" / name).exists())
        with Image.open(path) as photo, Image.open(CUFS / part / "sketches" / drawn) as sketch:
            yield (
                np.asarray(photo.convert("RGB"), np.float32) / 255,
                np.asarray(sketch.convert("L"), np.float32)[..., np.newaxis] / 255,
            )


@pytest.mark.skipif(not CUFS.is_dir(), reason="needs the CUHK student pairs in ../shared/data/cufs")
def test_floors_of_cufs_are_the_anchors():
    """88 training and 100 test pairs, 250 x 200; the anchors were measured before, by other code."""
    # What moves these numbers: 42 of the 100 test sketches are stored in colour. As luminance ("L") the
    # sketch itself scores 10.921 dB, as the plain mean of R, G and B 10.942, left in colour 10.939; only the
    # first rounds to the anchor, all are within the tolerance. Cutting predictions off to 8 bits instead of
    # rounding gives 17.205 dB instead of 17.217 for the linear baseline; only the second rounds to the anchor.
    # SSIM moves by at most 0.0002 either way.
    baselines = Baselines.fit(cufs_pairs("train"))
    assert baselines.mean_photo.shape == (250, 200, 3)
    np.testing.assert_allclose(baselines.gain, [0.519, 0.744, 0.787], atol=0.0006)
    scores: dict[str, list[tuple[float, float]]] = {}
    for photo, sketch in cufs_pairs("test"):
        for name, image in baselines.predictions(sketch).items():
            scores.setdefault(name, []).append((psnr(photo, image), ssim(photo, image)))
    anchors = {ITSELF: (10.92, 0.531), MEAN: (15.14, 0.596), LINEAR: (17.22, 0.605)}
    assert list(scores) == list(anchors)
    for name, (decibels, similarity) in anchors.items():
        assert len(scores[name]) == 100
        mean_psnr, mean_ssim = np.mean(scores[name], axis=0)
        assert mean_psnr == pytest.approx(decibels, abs=0.03), name
        assert mean_ssim == pytest.approx(similarity, abs=0.002), name


# properties

SEEDS = st.integers(0, 2**32 - 1)
SIZES = st.tuples(st.integers(7, 40), st.integers(7, 40))


@settings(max_examples=60, deadline=None)
@given(SEEDS, SEEDS, SIZES)
def test_scores_do_not_depend_on_what_should_not_matter(one, other, size):
    """The order of the two, the side from which they are seen, and the order of the channels."""
    truth, prediction = noise(one, size), noise(other, size)
    scores = score(truth, prediction)
    for change in (lambda x: x[::-1], lambda x: x[:, ::-1], lambda x: x[..., ::-1], lambda x: x.transpose(1, 0, 2)):
        assert score(change(truth), change(prediction)) == pytest.approx(scores, rel=1e-9, abs=1e-9)
    assert score(prediction, truth) == pytest.approx(scores, rel=1e-9, abs=1e-9)
    assert -1 <= scores["ssim"] <= 1 and -1 <= scores["r"] <= 1 and scores["psnr"] > 0


@settings(max_examples=60, deadline=None)
@given(SEEDS, SIZES, st.floats(0.02, 1.0))
def test_nearer_is_better(seed, size, share):
    """On the straight way from another picture to the truth, PSNR rises with every part of the way."""
    truth, other = noise(seed, size), noise(seed + 1, size)
    near, far = truth + share / 2 * (other - truth), truth + share * (other - truth)
    assert psnr(truth, near) > psnr(truth, far)
    assert score(truth, truth) == {"psnr": math.inf, "ssim": 1.0, "r": pytest.approx(1.0)}


@settings(max_examples=60, deadline=None)
@given(SEEDS, SIZES, st.floats(0.01, 1.0), st.floats(0.0, 1.0))
def test_correlation_is_blind_to_brightness_and_contrast(seed, size, contrast, brightness):
    truth, prediction = noise(seed, size), noise(seed + 1, size)
    assert pearson_r(truth, prediction.astype(np.float64) * contrast + brightness) == pytest.approx(
        pearson_r(truth, prediction), abs=1e-9
    )


@settings(max_examples=60, deadline=None)
@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=30), SEEDS)
def test_an_interval_holds_its_mean_and_lies_between_the_scores(values, seed):
    interval = bootstrap_interval(values, resamples=200, seed=seed)
    room = 1e-6 * max(1.0, *(abs(value) for value in values))
    assert min(values) - room <= interval.low <= interval.high <= max(values) + room
    assert interval.mean == pytest.approx(np.mean(values), abs=room)


@settings(max_examples=40, deadline=None)
@given(SEEDS, st.integers(1, 5), st.floats(-0.5, 0.5))
def test_the_linear_floor_finds_a_line(seed, count, gain):
    """Photographs that are a linear function of their sketches are predicted to the last digits."""
    sketches = [noise(seed + number, (8, 8), 1) for number in range(count + 1)]
    pairs = [(np.float32(0.5) + np.float32(gain) * np.repeat(s - 0.5, 3, axis=-1), s) for s in sketches]
    assume(not np.array_equal(sketches[0], sketches[1]))
    baselines = Baselines.fit(pairs)
    np.testing.assert_allclose(baselines.gain, gain, atol=1e-4)
    np.testing.assert_allclose(baselines.predictions(pairs[0][1])[LINEAR], pairs[0][0], atol=1e-4)
