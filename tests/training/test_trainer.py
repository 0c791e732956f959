"""The training model: what it logs, what it saves and takes up again, how it is scored."""

from __future__ import annotations

from pathlib import Path

import keras
import numpy as np
import pytest

from sketchback import datasets, images, losses, models
from sketchback.datasets.batches import Batches, View
from sketchback.training import trainer


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("photos")
    rng = np.random.default_rng(0)
    for number in range(16):
        images.write(folder / f"{number}.png", images.resize(rng.random((5, 5, 3), np.float32), (32, 32)))
    return folder


def made(**compiled: object) -> trainer.Inversion:
    keras.utils.set_random_seed(0)
    model = trainer.Inversion(
        models.build("scribbler", width=2, halvings=2, blocks=1), losses.WeightedLoss(None, feature=0)
    )
    model.compile(
        optimizer=trainer.adam("cosine", 1e-2, 2, 20, 1.0), jit_compile=keras.backend.backend() == "jax", **compiled
    )
    model.build((None, 18, 20, 1))
    model.optimizer.build(model.trainable_variables)
    return model


def test_a_size_that_is_no_multiple_of_the_stride():
    assert tuple(made()(np.ones((2, 18, 21, 1), np.float32)).shape) == (2, 18, 21, 3)


def test_state_and_restore_are_exact():
    rng = np.random.default_rng(0)
    batch = rng.random((4, 18, 20, 1), np.float32), rng.random((4, 18, 20, 3), np.float32)
    model, other = made(), made()
    for _ in range(3):
        model.train_on_batch(*batch)
    other.restore(model.state())
    for group, arrays in model.state().items():
        for array, taken in zip(arrays, other.state()[group], strict=True):
            np.testing.assert_array_equal(array, taken)
    model.train_on_batch(*batch)
    other.train_on_batch(*batch)  # the learning rate and Adam's moments go on too
    for weight, taken in zip(model.generator.get_weights(), other.generator.get_weights(), strict=True):
        np.testing.assert_array_equal(weight, taken)


def test_restore_changes_nothing_where_a_shape_does_not_fit():
    model = made()
    arrays = model.state()
    before = [array.copy() for array in arrays["generator"]]
    arrays["optimizer"] = arrays["optimizer"][:-1]
    arrays["generator"] = [array + 1 for array in arrays["generator"]]
    with pytest.raises(ValueError, match="whose optimizer is of another shape"):
        model.restore(arrays)
    for array, now in zip(before, model.state()["generator"], strict=True):
        np.testing.assert_array_equal(array, now)


def test_calibrated_on_one_batch_inference_is_training():
    generator = models.build("scribbler", width=4, halvings=2, blocks=1, normalisation="batch")
    model = trainer.Inversion(generator, losses.WeightedLoss(None, feature=0))
    sketches = np.random.default_rng(0).random((4, 18, 20, 1), np.float32)  # padded to the stride
    trained = keras.ops.convert_to_numpy(model(sketches, training=True))
    assert np.abs(trained - keras.ops.convert_to_numpy(model(sketches, training=False))).max() > 0.1
    model.calibrate([(sketches, None)])
    np.testing.assert_allclose(keras.ops.convert_to_numpy(model(sketches, training=False)), trained, atol=1e-5)
    assert all(layer.momentum == 0.99 for layer in generator.layers if hasattr(layer, "momentum"))


def test_calibration_counts_every_batch_the_same():
    generator = models.build("scribbler", width=4, halvings=1, blocks=0, normalisation="batch")
    model = trainer.Inversion(generator, losses.WeightedLoss(None, feature=0))
    batches = [(np.random.default_rng(seed).random((2, 16, 16, 1), np.float32), None) for seed in range(5)]
    stem = keras.Model(generator.input, generator.get_layer("stem").output)
    seen = [keras.ops.convert_to_numpy(stem(sketches)) for sketches, _ in batches]
    model.calibrate(batches)
    *_, mean, variance = generator.get_layer("stem_norm").get_weights()
    np.testing.assert_allclose(mean, np.mean([x.mean((0, 1, 2)) for x in seen], 0), rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(variance, np.mean([x.var((0, 1, 2)) for x in seen], 0), rtol=1e-4)


def test_what_has_no_normalisation_needs_no_calibration():
    model = made()
    before = model.generator.get_weights()
    model.calibrate([(np.ones((2, 18, 20, 1), np.float32), None)])
    assert all(np.array_equal(a, b) for a, b in zip(before, model.generator.get_weights(), strict=True))


def test_weights_that_are_not_finite_are_no_state():
    model = made()
    model.generator.weights[0].assign(np.full(model.generator.weights[0].shape, np.nan))
    with pytest.raises(ValueError, match="finite"):
        model.state()


def test_precision_is_one_of_two():
    assert trainer.choose_precision() in ("float32", "bfloat16")


def test_held_out_takes_from_every_set_in_turn():
    def made(kind: str, count: int) -> list[datasets.Example]:
        return [datasets.Example(f"{kind}{number}", Path("a"), kind=kind) for number in range(count)]

    examples = made("many", 50) + made("few", 2)
    drawn = trainer.hold_out(examples, 6)
    assert sorted(example.kind for example in drawn) == ["few"] * 2 + ["many"] * 4
    assert drawn == trainer.hold_out(examples, 6) and len(set(drawn)) == 6
    assert len(trainer.hold_out(examples, 200)) == 52
    assert trainer.hold_out([], 5) == [] and trainer.hold_out(examples, 0) == []


def test_learning_rate_warms_up_then_falls_as_a_cosine():
    rate = trainer.adam("cosine", peak=1.0, warmup=4, steps=24, clip=None)._learning_rate
    assert [float(rate(step)) for step in (0, 1, 2, 4)] == pytest.approx([0, 0.25, 0.5, 1])
    assert [float(rate(step)) for step in (14, 24)] == pytest.approx([0.5, 0], abs=1e-6)
    at_once = trainer.adam("cosine", peak=1.0, warmup=0, steps=24, clip=None)._learning_rate
    assert [float(at_once(step)) for step in (0, 12, 24)] == pytest.approx([1, 0.5, 0], abs=1e-6)
    assert float(trainer.adam("constant", 0.25, 0, 24, None).learning_rate) == 0.25
    constant = trainer.adam("constant", 0.25, 4, 24, None)._learning_rate
    assert [float(constant(step)) for step in (0, 2, 4, 14, 24)] == pytest.approx([0, 0.125, 0.25, 0.25, 0.25])


def test_averaged_weights_take_the_place_of_the_last_ones_when_a_fit_ends():
    model = keras.Sequential([keras.layers.Dense(1, use_bias=False, kernel_initializer="zeros")])
    x, y = np.ones((3, 1), np.float32), np.ones((3, 1), np.float32)
    seen: list[float] = []
    after = keras.callbacks.LambdaCallback(
        on_train_batch_end=lambda batch, logs: seen.append(float(model.get_weights()[0][0, 0]))
    )
    model.compile(optimizer=trainer.adam("constant", 0.1, 0, 3, None, average=0.5), loss="mse", jit_compile=False)
    model.fit(x, y, batch_size=1, callbacks=[after], verbose=0)
    average = 0.0
    for place, value in enumerate(seen):
        average = value if place == 0 else 0.5 * average + 0.5 * value
    assert model.get_weights()[0][0, 0] == pytest.approx(average, abs=1e-6) and average < seen[-1]


def test_trackers_are_the_means_of_the_terms(photos):
    batches = Batches(datasets.subset(datasets.find(photos), "train"), View((32, 32)), batch_size=4)
    generator = models.build("scribbler", width=4, halvings=2, blocks=1)
    objective = losses.WeightedLoss(None, pixel=2.0, feature=0.0, variation=0.5)
    model = trainer.Inversion(generator, objective)
    model.compile(optimizer=keras.optimizers.SGD(0.0), jit_compile=False)
    log = model.fit(batches, verbose=0).history
    expected = [objective.terms(photos, generator(sketches)) for sketches, photos in (batches[i] for i in range(3))]
    for name in ("pixel", "variation"):
        mean = float(np.mean([np.asarray(terms[name]) for terms in expected]))
        assert log[name][0] == pytest.approx(mean, rel=1e-4)
    assert log["loss"][0] == pytest.approx(2.0 * log["pixel"][0] + 0.5 * log["variation"][0], rel=1e-4)


def test_validation_leaves_out_what_breaks_off(photos, tmp_path, caplog):
    good = datasets.find(photos)[0]
    bad = tmp_path / "bad.png"
    bad.write_bytes(good.photo.read_bytes()[:300])
    generator = models.build("scribbler", width=2, halvings=1, blocks=0)
    alone, _ = trainer.validate(generator, [good], View((32, 32)))
    scores, pictures = trainer.validate(generator, [good, datasets.Example("bad", bad)], View((32, 32)))
    assert scores == pytest.approx(alone) and len(pictures) == 1
    assert "left out of validation" in caplog.text and str(bad) in caplog.text
    assert trainer.validate(generator, [], View((32, 32))) == ({}, [])
