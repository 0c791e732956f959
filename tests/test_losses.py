"""The loss terms: values by hand, then an independent float64 reference, then gradients and weights."""

from __future__ import annotations

import keras
import numpy as np
import pytest
from keras import ops

from sketchback import losses
from sketchback.losses import WeightedLoss, feature, pixel, total_variation


def constant(value: float, batch: int = 1, size: tuple[int, int] = (4, 5), channels: int = 3) -> np.ndarray:
    return np.full((batch, *size, channels), value, np.float32)


def noise(seed: int, batch: int = 4, size: tuple[int, int] = (7, 9), channels: int = 3) -> np.ndarray:
    return np.random.default_rng(seed).random((batch, *size, channels)).astype(np.float32)


def numbers(tensor) -> np.ndarray:
    return ops.convert_to_numpy(tensor)


def see(photo):
    """A stand-in for VGG16 whose features a person can compute: twice the picture at every other pixel."""
    return 2.0 * photo[:, ::2, ::2]


# The reference, one image at a time, in loops and float64.


def reference_pixel(truth: np.ndarray, prediction: np.ndarray) -> float:
    return float(np.linalg.norm(truth.astype(np.float64) - prediction) / np.sqrt(truth.size))


def reference_variation(prediction: np.ndarray) -> float:
    height, width, channels = prediction.shape
    values, total = prediction.astype(np.float64), 0.0
    for i in range(height - 1):
        for j in range(width - 1):
            for c in range(channels):
                total += (values[i + 1, j, c] - values[i, j, c]) ** 2 + (values[i, j + 1, c] - values[i, j, c]) ** 2
    return total


# Pixel and feature terms


@pytest.mark.parametrize("term", [pixel, feature])
@pytest.mark.parametrize(("truth", "prediction"), [(0.0, 1.0), (1.0, 0.0), (0.25, 0.75), (0.5, 0.5625)])
def test_difference_of_constant_images_is_their_distance(term, truth, prediction):
    assert numbers(term(constant(truth), constant(prediction))) == pytest.approx([abs(truth - prediction)], rel=1e-6)


def test_pixel_of_one_wrong_value():
    truth, prediction = constant(0.0, size=(4, 4), channels=1), constant(0.0, size=(4, 4), channels=1)
    prediction[0, 1, 2, 0] = 0.8  # mean of squares 0.64 / 16, whose root is 0.2
    assert numbers(pixel(truth, prediction)) == pytest.approx([0.2], rel=1e-6)


def test_pixel_of_equal_images_is_the_root_of_epsilon():
    assert numbers(pixel(noise(0), noise(0))) == pytest.approx([1e-6] * 4, rel=1e-5)
    assert losses.EPSILON == 1e-12


def test_pixel_is_symmetric():
    np.testing.assert_array_equal(numbers(pixel(noise(0), noise(1))), numbers(pixel(noise(1), noise(0))))


def test_pixel_equals_the_reference():
    truth, prediction = noise(0), noise(1)
    expected = [reference_pixel(t, p) for t, p in zip(truth, prediction, strict=True)]
    np.testing.assert_allclose(numbers(pixel(truth, prediction)), expected, rtol=1e-6)


def test_feature_is_the_formula_of_pixel_at_any_number_of_channels():
    truth, prediction = noise(2, channels=16) * 300, noise(3, channels=16) * 300
    expected = [reference_pixel(t, p) for t, p in zip(truth, prediction, strict=True)]
    np.testing.assert_allclose(numbers(feature(truth, prediction)), expected, rtol=1e-6)


# Total variation


@pytest.mark.parametrize("value", [0.0, 0.3, 1.0])
def test_total_variation_of_a_constant_is_zero(value):
    assert numbers(total_variation(constant(value))) == [0.0]


def test_total_variation_of_a_2x2_picture():
    picture = np.array([[0.0, 0.5], [1.0, 0.25]], np.float32).reshape(1, 2, 2, 1)
    # Only i = j = 0 counts: down (1 - 0)^2, right (0.5 - 0)^2; the 0.25 in the corner is in no difference.
    assert numbers(total_variation(picture)) == pytest.approx([1.25])


def test_total_variation_of_a_3x3_picture():
    picture = np.array([[0, 1, 2], [0, 3, 2], [5, 5, 5]], np.float32).reshape(1, 3, 3, 1)
    # down: 0, 4; 25, 4.  right: 1, 1; 9, 1.  The last row and column begin no difference.
    assert numbers(total_variation(picture)) == pytest.approx([45.0])


def test_total_variation_sums_channels():
    grey = noise(0, channels=1)
    three = np.repeat(grey, 3, axis=-1)
    np.testing.assert_allclose(numbers(total_variation(three)), 3 * numbers(total_variation(grey)), rtol=1e-6)


def test_total_variation_of_one_row_is_zero():
    assert numbers(total_variation(noise(0, batch=1, size=(1, 9)))) == [0.0]  # i < H - 1 leaves nothing


def test_total_variation_equals_the_reference():
    prediction = noise(4)
    expected = [reference_variation(image) for image in prediction]
    np.testing.assert_allclose(numbers(total_variation(prediction)), expected, rtol=1e-6)


# Batches


@pytest.mark.parametrize("weights", [{}, {"pixel": 2.0, "feature": 0.5, "variation": 0.1}])
def test_loss_of_a_batch_is_the_mean_of_the_losses_of_its_images(weights):
    objective, truth, prediction = WeightedLoss(see, **weights), noise(0), noise(1)
    alone = [float(objective(truth[i : i + 1], prediction[i : i + 1])) for i in range(len(truth))]
    assert float(objective(truth, prediction)) == pytest.approx(np.mean(alone), rel=1e-6)


def test_terms_of_an_image_do_not_depend_on_its_neighbours():
    truth, prediction = noise(0), noise(1)
    for whole, part in (
        (pixel(truth, prediction), pixel(truth[2:3], prediction[2:3])),
        (total_variation(prediction), total_variation(prediction[2:3])),
    ):
        assert whole.shape == (4,)
        assert numbers(whole)[2] == pytest.approx(numbers(part)[0], rel=1e-6)


def test_repeating_a_batch_changes_nothing():
    objective, truth, prediction = WeightedLoss(see), noise(0), noise(1)
    twice = objective(np.concatenate([truth] * 2), np.concatenate([prediction] * 2))
    assert float(twice) == pytest.approx(float(objective(truth, prediction)), rel=1e-6)


# WeightedLoss


def test_weighted_loss_by_hand():
    objective = WeightedLoss(see, pixel=3.0, feature=10.0, variation=7.0)
    truth, prediction = constant(0.0), constant(0.5)
    terms = objective.terms(truth, prediction)
    assert list(terms) == ["pixel", "feature", "variation"]
    assert [float(term) for term in terms.values()] == pytest.approx([0.5, 1.0, 0.0])  # features are twice the picture
    assert float(objective.total(terms)) == pytest.approx(3 * 0.5 + 10 * 1.0)
    assert float(objective(truth, prediction)) == pytest.approx(11.5)


def test_default_weights_are_the_papers():
    assert WeightedLoss(see).weights == {"pixel": 1.0, "feature": 1e-3, "variation": 1e-5}


def test_weighted_loss_equals_the_reference():
    objective, truth, prediction = WeightedLoss(see, 1.5, 0.25, 0.01), noise(0), noise(1)
    expected = np.mean(
        [
            1.5 * reference_pixel(t, p)
            + 0.25 * reference_pixel(2 * t[::2, ::2], 2 * p[::2, ::2])
            + 0.01 * reference_variation(p)
            for t, p in zip(truth, prediction, strict=True)
        ]
    )
    assert float(objective(truth, prediction)) == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize("features", [None, see])
def test_without_a_feature_weight_there_is_no_feature_term(features):
    objective = WeightedLoss(features, feature=0.0)
    assert objective.features is None  # a network that is given is not run
    assert list(objective.terms(noise(0), noise(1))) == ["pixel", "variation"]


def test_a_term_of_weight_zero_is_shown_and_not_counted():
    objective = WeightedLoss(None, pixel=1.0, feature=0.0, variation=0.0)
    terms = objective.terms(noise(0), noise(1))
    assert float(terms["variation"]) > 0
    assert float(objective.total(terms)) == pytest.approx(float(terms["pixel"]))


@pytest.mark.parametrize("name", ["pixel", "feature", "variation"])
@pytest.mark.parametrize("weight", [-1e-9, -1.0, float("nan"), float("inf")])
def test_weights_that_are_negative_or_not_finite_are_refused(name, weight):
    with pytest.raises(ValueError, match=rf"not negative\. Received: .*{name}={weight}"):
        WeightedLoss(see, **{name: weight})


def test_a_feature_weight_needs_features():
    with pytest.raises(ValueError, match=r"needs `features`\. Received: None\..*feature=0"):
        WeightedLoss(None)


# Precision and gradients


def test_half_precision_inputs_are_computed_in_float32():
    truth, prediction = (ops.cast(noise(seed, size=(32, 32)), "bfloat16") for seed in (0, 1))
    exact_truth, exact = (numbers(ops.cast(values, "float32")) for values in (truth, prediction))
    for found, expected in (
        (pixel(truth, prediction), [reference_pixel(t, p) for t, p in zip(exact_truth, exact, strict=True)]),
        (total_variation(prediction), [reference_variation(p) for p in exact]),
    ):
        assert keras.backend.standardize_dtype(found.dtype) == "float32"
        np.testing.assert_allclose(numbers(found), expected, rtol=1e-6)  # bfloat16 itself resolves 4e-3


def gradient(objective: WeightedLoss, truth: np.ndarray, prediction: np.ndarray) -> np.ndarray:
    if keras.backend.backend() != "tensorflow":
        pytest.skip("takes the gradient with TensorFlow")
    import tensorflow as tf

    given = tf.constant(prediction)
    with tf.GradientTape() as tape:
        tape.watch(given)
        loss = objective(tf.constant(truth), given)
    return tape.gradient(loss, given).numpy()


def test_gradient_at_a_perfect_prediction_is_finite():
    found = gradient(WeightedLoss(see), noise(0), noise(0))
    assert np.isfinite(found).all()  # the plain root's is NaN


def test_gradient_at_a_perfect_constant_prediction_is_zero():
    assert not gradient(WeightedLoss(see), constant(0.5), constant(0.5)).any()


def test_gradient_equals_finite_differences():
    objective, truth, prediction = WeightedLoss(see, 1.0, 0.1, 0.01), noise(0, 2, (4, 4)), noise(1, 2, (4, 4))

    def reference(p: np.ndarray) -> float:
        return float(
            np.mean(
                [
                    reference_pixel(t, q)
                    + 0.1 * reference_pixel(2 * t[::2, ::2], 2 * q[::2, ::2])
                    + 0.01 * reference_variation(q)
                    for t, q in zip(truth, p, strict=True)
                ]
            )
        )

    found, step = gradient(objective, truth, prediction), 1e-5
    for place in [(0, 0, 0, 0), (0, 1, 2, 1), (1, 3, 3, 2), (1, 2, 2, 0)]:
        above, below = prediction.astype(np.float64), prediction.astype(np.float64)
        above[place] += step
        below[place] -= step
        assert found[place] == pytest.approx((reference(above) - reference(below)) / (2 * step), rel=1e-3, abs=1e-6)
