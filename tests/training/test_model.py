"""The training model: what a step logs, what is saved and taken up again, how the learning rate moves."""

from __future__ import annotations

import types

import keras
import numpy as np
import pytest

from sketchback import losses, models
from sketchback.models.discriminator import Judgement
from sketchback.training import model


def made(**weights: float) -> model.TrainingModel:
    keras.utils.set_random_seed(0)
    generator = models.build("scribbler", width=2, halvings=2, blocks=1)
    one = model.TrainingModel(generator, losses.WeightedLoss(None, **{"feature": 0, **weights}))
    optimizer = model.adam("cosine", 1e-2, warmup=2, steps=20, clip=1.0)
    one.compile(optimizer=optimizer, jit_compile=keras.backend.backend() == "jax")
    one.build((None, 18, 20, 1))
    one.optimizer.build(one.trainable_variables)
    return one


def batch(seed: int = 0, count: int = 4) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    return rng.random((count, 18, 20, 1), np.float32), rng.random((count, 18, 20, 3), np.float32)


def test_a_size_that_is_no_multiple_of_the_stride():
    assert tuple(made()(np.ones((2, 18, 21, 1), np.float32)).shape) == (2, 18, 21, 3)


def test_a_step_logs_each_term_and_their_weighted_sum():
    one = made(pixel=2.0, variation=0.5)
    sketches, photos = batch()
    terms = one.objective.terms(photos, one(sketches))
    log = one.train_on_batch(sketches, photos, return_dict=True)
    for name in ("pixel", "variation"):
        assert log[name] == pytest.approx(float(terms[name]), rel=1e-4)
    assert log["loss"] == pytest.approx(2.0 * log["pixel"] + 0.5 * log["variation"], rel=1e-4)


class Judge(keras.layers.Layer):
    def call(self, truth, prediction):
        mean = keras.ops.mean(prediction)
        return Judgement(adversarial=mean, discriminator=0.0 * mean + 7.0, matching=mean**2)


def test_what_a_discriminator_sees_counts_by_its_weights():
    one, judge = made(), Judge()
    judge.built = True
    one = model.TrainingModel(one.generator, one.objective, judge, adversarial=0.5, matching=3.0)
    one.compile(optimizer="sgd", jit_compile=keras.backend.backend() == "jax")
    one.build((None, 18, 20, 1))
    log = one.train_on_batch(*batch(), return_dict=True)
    assert log["matching"] == pytest.approx(log["adversarial"] ** 2, rel=1e-4) and log["discriminator"] == 7.0
    own = log["pixel"] + 1e-5 * log["variation"]
    judged = 0.5 * log["adversarial"] + 7.0 + 3.0 * log["matching"]
    assert log["loss"] == pytest.approx(own + judged, rel=1e-4)


class Witness(keras.layers.Layer):
    def call(self, truth, prediction):
        self.seen = np.asarray(truth), np.asarray(prediction)
        return Judgement(*[keras.ops.mean(prediction)] * 3)


def test_near_strokes_alone_a_discriminator_sees_what_was_made():
    witness = Witness()
    witness.built = True
    generator = models.build("scribbler", width=2, halvings=2, blocks=1)
    one = model.TrainingModel(generator, losses.WeightedLoss(None, feature=0), witness, adversarial=0.5, near=4)
    sketches = np.ones((1, 64, 64, 1), np.float32)
    sketches[:, :, 10:12] = 0.2
    photos = np.random.default_rng(0).random((1, 64, 64, 3), np.float32)
    made_of_it = np.zeros_like(photos)
    one.compute_loss(sketches, photos, made_of_it)
    truth, judged = witness.seen
    np.testing.assert_array_equal(truth, photos)
    np.testing.assert_array_equal(judged[:, :, 9:13], 0)  # strokes and what is beside them
    np.testing.assert_array_equal(judged[:, :, 22:], photos[:, :, 22:])
    with pytest.raises(ValueError, match="`near` needs a generator that takes a sketch. Received: photo, hand"):
        model.TrainingModel(models.build("artist", width=2, blocks=1), one.objective, witness, near=4)


def test_state_and_restore_are_exact():
    one, other = made(), made()
    for _ in range(3):
        one.train_on_batch(*batch())
    other.restore(one.state())
    one.train_on_batch(*batch())
    other.train_on_batch(*batch())  # the learning rate and Adam's moments go on too
    for group, arrays in one.state().items():
        for array, taken in zip(arrays, other.state()[group], strict=True):
            np.testing.assert_array_equal(array, taken)


def test_restore_changes_nothing_where_a_shape_does_not_fit():
    one = made()
    arrays = one.state()
    before = [array.copy() for array in arrays["generator"]]
    arrays["optimizer"] = arrays["optimizer"][:-1]
    arrays["generator"] = [array + 1 for array in arrays["generator"]]
    with pytest.raises(ValueError, match="whose optimizer is of another shape"):
        one.restore(arrays)
    assert all(np.array_equal(a, b) for a, b in zip(before, one.state()["generator"], strict=True))


def test_weights_that_are_not_finite_are_no_state():
    one = made()
    one.generator.weights[0].assign(np.full(one.generator.weights[0].shape, np.nan))
    with pytest.raises(ValueError, match="finite"):
        one.state()


def test_averaged_weights_take_the_place_of_the_last_ones_when_an_epoch_ends():
    one = made()
    one.compile(optimizer=model.adam("constant", 0.1, warmup=0, steps=3, clip=None, average=0.5), jit_compile=False)
    average = None
    for _ in range(3):
        one.train_on_batch(*batch())
        now = np.asarray(one.generator.weights[0])
        average = now if average is None else 0.5 * average + 0.5 * now
    one.end_epoch()
    np.testing.assert_allclose(np.asarray(one.generator.weights[0]), average, atol=1e-6)
    assert np.abs(average - now).max() > 1e-3


def test_calibration_counts_every_batch_the_same():
    generator = models.build("scribbler", width=4, halvings=1, blocks=0, normalisation="batch")
    one = model.TrainingModel(generator, losses.WeightedLoss(None, feature=0))
    batches = [batch(seed, 2) for seed in range(5)]
    stem = keras.Model(generator.input, generator.get_layer("stem").output)
    seen = [keras.ops.convert_to_numpy(stem(sketches)) for sketches, _ in batches]
    one.calibrate(batches)
    *_, mean, variance = generator.get_layer("stem_norm").get_weights()
    np.testing.assert_allclose(mean, np.mean([x.mean((0, 1, 2)) for x in seen], 0), rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(variance, np.mean([x.var((0, 1, 2)) for x in seen], 0), rtol=1e-4)
    assert all(layer.momentum == 0.99 for layer in generator.layers if hasattr(layer, "momentum"))


@pytest.mark.skipif(keras.backend.backend() != "tensorflow", reason="JAX says it in its own way")
@pytest.mark.parametrize(
    ("gpus", "flags", "precision"),
    [
        ([(8, 0), (9, 0)], "", "bfloat16"),
        ([(8, 0), (7, 5)], "avx512_bf16", "float32"),
        ([], "avx2 amx_bf16", "bfloat16"),
        ([], "avx2 avx512_bf16", "bfloat16"),
        ([], "avx2 avx512f", "float32"),
    ],
)
def test_what_the_machine_computes_in_decides(gpus, flags, precision, monkeypatch):
    import tensorflow as tf

    monkeypatch.setattr(tf.config, "list_physical_devices", lambda kind: gpus)
    monkeypatch.setattr(tf.config.experimental, "get_device_details", lambda gpu: {"compute_capability": gpu})
    monkeypatch.setattr(model, "Path", lambda _: types.SimpleNamespace(read_text=lambda **_: flags))
    assert model.choose_precision() == precision
    processes = model.choose_processes()
    assert 1 <= processes <= model.MOST_PROCESSES if gpus else processes == 0


def test_learning_rate_warms_up_then_falls_as_a_cosine():
    def rates(schedule: str, warmup: int, *steps: int) -> list[float]:
        optimizer = model.adam(schedule, 1.0, warmup=warmup, steps=24, clip=None)
        found = []
        for step in steps:
            optimizer.iterations.assign(step)
            found.append(float(optimizer.learning_rate))
        return found

    assert rates("cosine", 4, 0, 1, 4, 14, 24) == pytest.approx([0, 0.25, 1, 0.5, 0], abs=1e-6)
    assert rates("cosine", 0, 0, 12, 24) == pytest.approx([1, 0.5, 0], abs=1e-6)
    assert rates("constant", 4, 0, 2, 4, 24) == pytest.approx([0, 0.5, 1, 1], abs=1e-6)
