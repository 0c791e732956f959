"""The loss terms: values by hand, then an independent float64 reference, then gradients and weights."""

from __future__ import annotations

import keras
import numpy as np
import pytest
from keras import ops
from skimage.metrics import structural_similarity

from sketchback import losses
from sketchback.losses import (
    Term,
    WeightedLoss,
    coarse,
    excess,
    feature,
    identity,
    pixel,
    structure,
    total_variation,
)


def constant(value: float) -> np.ndarray:
    return np.full((1, 4, 5, 3), value, np.float32)


def noise(seed: int, batch: int = 4, size: tuple[int, int] = (7, 9), channels: int = 3) -> np.ndarray:
    return np.random.default_rng(seed).random((batch, *size, channels)).astype(np.float32)


def see(photo):
    """Features that a person can compute: twice the picture at every other pixel."""
    return 2.0 * photo[:, ::2, ::2]


# The reference, one image at a time, in float64.


def reference_pixel(truth: np.ndarray, prediction: np.ndarray) -> float:
    return float(np.linalg.norm(truth.astype(np.float64) - prediction) / np.sqrt(truth.size))


def reference_variation(prediction: np.ndarray) -> float:
    height, width, _ = prediction.shape
    p = prediction.astype(np.float64)
    places = [(i, j) for i in range(height - 1) for j in range(width - 1)]
    return sum(((p[i + 1, j] - p[i, j]) ** 2 + (p[i, j + 1] - p[i, j]) ** 2).sum() for i, j in places)


def reference(truth: np.ndarray, prediction: np.ndarray, w_p: float, w_f: float, w_v: float) -> float:
    losses_of_images = []
    for t, p in zip(truth, prediction, strict=True):
        seen = reference_pixel(2 * t[::2, ::2], 2 * p[::2, ::2])
        losses_of_images.append(w_p * reference_pixel(t, p) + w_f * seen + w_v * reference_variation(p))
    return float(np.mean(losses_of_images))


@pytest.mark.parametrize("term", [pixel, feature])
@pytest.mark.parametrize(("truth", "prediction"), [(0.0, 1.0), (0.75, 0.25), (0.5, 0.5625)])
def test_difference_of_constant_images_is_their_distance(term, truth, prediction):
    found = ops.convert_to_numpy(term(constant(truth), constant(prediction)))
    assert found == pytest.approx([abs(truth - prediction)], rel=1e-6)


def test_pixel_of_one_wrong_value_and_of_none():
    truth, prediction = np.zeros((2, 4, 4, 1), np.float32), np.zeros((2, 4, 4, 1), np.float32)
    prediction[0, 1, 2, 0] = 0.8  # mean of squares 0.64 / 16, whose root is 0.2; the second image is the root of 1e-12
    assert ops.convert_to_numpy(pixel(truth, prediction)) == pytest.approx([0.2, 1e-6], rel=1e-5)


def test_total_variation_by_hand():
    # Only i < 2, j < 2 count. Down: 0, 4; 25, 4. Right: 1, 1; 9, 1.
    picture = np.array([[0, 1, 2], [0, 3, 2], [5, 5, 5]], np.float32).reshape(1, 3, 3, 1)
    assert ops.convert_to_numpy(total_variation(picture)) == pytest.approx([45.0])
    assert ops.convert_to_numpy(total_variation(np.repeat(picture, 3, axis=-1))) == pytest.approx([135.0])
    assert ops.convert_to_numpy(total_variation(picture[:, :1])) == [0.0]  # one row has no i < H - 1


def test_coarse_differences_by_hand():
    truth, prediction = np.zeros((1, 8, 8, 1), np.float32), np.zeros((1, 8, 8, 1), np.float32)
    prediction[0, 0, 0], prediction[0, 7, 4:] = 8.0, [[-2.0], [2.0], [-2.0], [2.0]]
    assert ops.convert_to_numpy(coarse(truth, prediction)) == pytest.approx([8 / 16 / 4])  # the last four cancel


def test_excess_by_hand():
    """Squares of 4 x 4 pixels that are 8 of 255 lighter or darker, beside nothing, half of it, and twice of it."""
    squares = np.kron(np.indices((8, 8)).sum(0) % 2 * 2 - 1, np.ones((4, 4)))[None, ..., None].astype("f4") / 255
    flat = np.full_like(squares, 0.5)
    for true, expected in ((0, np.log(10 / 2)), (4, np.log(10 / 6)), (8, 0.0), (16, 0.0)):
        found = ops.convert_to_numpy(excess(flat + true * squares, flat + 8 * squares))
        assert found == pytest.approx([expected], abs=0.02)
    half = np.concatenate([flat[:, :16], (flat + 8 * squares)[:, 16:]], 1)  # of five rows of windows 0 to 4 quarters
    expected = np.mean([np.log((2 + 8 * np.sqrt(share)) / 2) for share in (0, 0.25, 0.5, 0.75, 1)])
    assert ops.convert_to_numpy(excess(flat, half)) == pytest.approx([expected], abs=0.02)
    assert (ops.convert_to_numpy(excess(half, flat)) == 0).all()


def test_structure_is_what_scikit_image_measures():
    flat = np.full((1, 7, 7, 3), 0.75, np.float32)  # one window of no variance: only brightness differs
    assert ops.convert_to_numpy(structure(flat, flat / 3)) == pytest.approx([1 - 0.3751 / 0.6251], rel=1e-5)
    truth, prediction = (noise(seed, size=(20, 31)) for seed in (0, 1))
    for share in (0.0, 0.05, 0.5, 1.0):
        mixed = (1 - share) * truth + share * prediction
        expected = [
            1 - structural_similarity(t, p, channel_axis=-1, data_range=1.0) for t, p in zip(truth, mixed, strict=True)
        ]
        np.testing.assert_allclose(ops.convert_to_numpy(structure(truth, mixed)), expected, atol=2e-6)


@pytest.mark.parametrize("kind", ["float32", "bfloat16"])
def test_terms_equal_the_reference_image_by_image_in_float32(kind):
    truth, prediction = (ops.cast(noise(seed, channels=16), kind) for seed in (0, 1))
    exact = [ops.convert_to_numpy(ops.cast(values, "float32")) for values in (truth, prediction)]
    pairs = list(zip(*exact, strict=True))
    for found, expected in (
        (feature(truth, prediction), [reference_pixel(t, p) for t, p in pairs]),
        (total_variation(prediction), [reference_variation(p) for _, p in pairs]),
    ):
        assert keras.backend.standardize_dtype(found.dtype) == "float32"
        np.testing.assert_allclose(ops.convert_to_numpy(found), expected, rtol=1e-6)  # bfloat16 resolves 4e-3


def test_weighted_loss_by_hand():
    objective = WeightedLoss(see, pixel=3.0, feature=10.0, variation=7.0)
    terms = objective.terms(constant(0.0), constant(0.5))
    assert {name: float(term) for name, term in terms.items()} == pytest.approx(
        {"pixel": 0.5, "feature": 1.0, "variation": 0.0}  # features are twice the picture
    )
    assert float(objective.total(terms)) == pytest.approx(11.5)
    assert WeightedLoss(see).weights == {"pixel": 1.0, "feature": 1e-3, "variation": 1e-5}  # the paper's
    objective = WeightedLoss(see, pixel=1.5, feature=0.25, variation=0.01)  # the mean over a batch
    assert float(objective(noise(0), noise(1))) == pytest.approx(reference(noise(0), noise(1), 1.5, 0.25, 0.01))


def test_identity_by_hand():
    """Embeddings at a right angle; features of one depth that are equal, and of one that are half the truth's."""
    one, half = np.ones((1, 2, 2, 3), "f4"), np.full((1, 2, 2, 3), 0.5, "f4")
    true = [one, one, np.array([[3.0, 0.0]], "f4")]
    assert float(identity(true, true)[0]) == pytest.approx(0.0, abs=1e-5)
    assert float(identity(true, [one, half, np.array([[0.0, 5.0]], "f4")])[0]) == pytest.approx(1 + 0.2 * 0.25, 1e-5)
    objective = WeightedLoss(None, lambda photo: [photo, photo[:, 0, 0]], feature=0, variation=0, identity=2.0)
    assert float(objective.terms(constant(0.5), constant(0.25))["identity"]) == pytest.approx(0.2 * 0.5, 1e-4)


def test_a_term_of_weight_zero_is_left_out():
    objective = WeightedLoss(lambda photo: pytest.fail("a network without a weight was run"), feature=0, variation=0)
    assert objective.names == list(objective.terms(noise(0), noise(1))) == ["pixel"]
    assert WeightedLoss(None, feature=0).names == ["pixel", "variation"]


def test_a_new_term_is_one_entry(monkeypatch):
    brightness = Term(lambda truth, prediction, features: ops.mean(prediction, axis=(1, 2, 3)))
    monkeypatch.setitem(losses.TERMS, "brightness", brightness)
    assert "brightness" not in WeightedLoss(see).names
    objective = WeightedLoss(None, feature=0, variation=0, brightness=2.0)
    assert float(objective(constant(0.25), constant(0.75))) == pytest.approx(0.5 + 2 * 0.75)


@pytest.mark.parametrize(
    ("features", "weights", "says"),
    [
        *[(see, {"variation": weight}, f"Received: .*variation={weight}") for weight in (-1e-9, np.nan, np.inf)],
        (see, {"pixel": 0, "feature": 0, "variation": 0}, "one of them positive"),
        (see, {"pixels": 1}, "one of pixel, feature, variation, .*Received: pixels"),
        (None, {}, "needs `features`. Received: None.*feature=0"),
        (see, {"identity": 1}, "needs `recogniser`. Received: None.*identity=0"),
    ],
)
def test_weights_that_are_no_weights_are_refused(features, weights, says):
    with pytest.raises(ValueError, match=says):
        WeightedLoss(features, **weights)


def test_gradients():
    if keras.backend.backend() != "tensorflow":
        pytest.skip("takes the gradient with TensorFlow")
    import tensorflow as tf

    def gradient(objective: WeightedLoss, truth: np.ndarray, prediction: np.ndarray) -> np.ndarray:
        given = tf.Variable(prediction)
        with tf.GradientTape() as tape:
            loss = objective(truth, given)
        return tape.gradient(loss, given).numpy()

    assert np.isfinite(gradient(WeightedLoss(see), noise(0), noise(0))).all()  # the plain root's is NaN
    truth, prediction = noise(0, 2, (4, 4)), noise(1, 2, (4, 4))
    found = gradient(WeightedLoss(see, pixel=1.0, feature=0.1, variation=0.01), truth, prediction)
    for place in [(0, 0, 0, 0), (0, 1, 2, 1), (1, 2, 2, 0)]:  # against finite differences
        step = np.zeros(prediction.shape)
        step[place] = 1e-5
        above, below = (reference(truth, prediction + way * step, 1.0, 0.1, 0.01) for way in (1, -1))
        assert found[place] == pytest.approx((above - below) / 2e-5, rel=1e-3, abs=1e-6)
