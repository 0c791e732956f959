"""The U-Net: its encoder is Keras's ResNet-50, training and inference agree, and its files say what they are."""

from __future__ import annotations

import dataclasses
import os
import signal
from pathlib import Path

import h5py
import keras
import numpy as np
import pytest
from keras import layers, ops

from sketchback import console, images, losses, models, train, weights
from sketchback.datasets import builtin
from sketchback.inference import pipeline
from sketchback.models import unet
from sketchback.training import runs, trainer
from sketchback.training.recipes import Recipe

TOY = Recipe(
    name="toy",
    claim="",
    command="",
    cost="",
    result="",
    demo="demo:faces",
    size=(24, 32),
    epochs=1,
    batch_size=2,
    warmup=1,
    learning_rate=1e-3,
    validate=2,
    average=0.9,
    feature=0.0,
    style="pencil",
    model="unet_resnet",
    arguments={"width": 2},
)
STEPS = 6
SETTINGS = {"precision": "float32", "progress": False, "encoder": "scratch"}


def sketches(size: tuple[int, int] = (32, 48), batch: int = 2, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).random((batch, *size, 1)).astype(np.float32)


def run(generator: keras.Model, values: np.ndarray, training: bool = False) -> np.ndarray:
    return ops.convert_to_numpy(generator(values, training=training))


def normalisations(generator: keras.Model) -> list[layers.BatchNormalization]:
    return [layer for layer in generator.layers if isinstance(layer, layers.BatchNormalization)]


@pytest.fixture(scope="module")
def network() -> keras.Model:
    """Keras's ResNet-50 without ImageNet's weights, but with statistics that are not those of a new network."""
    made = keras.applications.ResNet50(include_top=False, weights=None)
    rng = np.random.default_rng(0)
    for layer in normalisations(made):
        layer.set_weights([rng.uniform(0.5, 1.5, array.shape) for array in layer.get_weights()])
    return made


@pytest.fixture(scope="module")
def generator(network) -> keras.Model:
    made = models.build("unet_resnet", width=2)
    unet.take_encoder(made, network)
    return made


# ---- the encoder is Keras's


def test_the_encoder_has_the_size_of_kerass(network):
    cut = keras.Model(network.input, network.get_layer("conv4_block6_out").output)
    assert cut.count_params() == 8_589_184  # what `unet_resnet` repeats


@pytest.mark.parametrize("name", ["conv1_relu", "conv2_block3_out", "conv3_block4_out", "conv4_block6_out"])
def test_the_encoder_computes_what_kerass_does(network, generator, name):
    values = sketches()
    expected = keras.Model(network.input, network.get_layer(name).output)(
        keras.applications.resnet.preprocess_input(np.repeat(255 * values, 3, axis=-1))
    )
    found = keras.Model(generator.input, generator.get_layer(name).output)(values)
    expected, found = map(ops.convert_to_numpy, (expected, found))
    assert found.shape == expected.shape and found.std() > 0
    np.testing.assert_allclose(found, expected, atol=1e-4 * expected.max())


def test_imagenets_weights_are_those_of_kerass_own_file(network, monkeypatch):
    asked = {}
    monkeypatch.setattr(keras.applications, "ResNet50", lambda **options: asked.update(options) or network)
    made = unet.unet_resnet(2)
    unet.take_imagenet(made)
    assert asked == {"include_top": False, "weights": "imagenet"}
    for own, theirs in zip(
        made.get_layer("conv4_block6_3_bn").get_weights(),
        network.get_layer("conv4_block6_3_bn").get_weights(),
        strict=True,
    ):
        np.testing.assert_array_equal(own, theirs)


# ---- shapes, sizes, precision


def test_a_whole_file_in_half_precision_stays_under_20_mib(tmp_path):
    whole = models.build("unet_resnet")
    assert whole.count_params() == 10_173_059  # pin of our own count
    path = weights.save(whole, tmp_path / "unet.weights.h5", half=True)
    assert path.stat().st_size < 20 * 2**20
    facts = weights.describe(path)
    assert (facts["architecture"], facts["arguments"], facts["stride"]) == ("unet_resnet", {"width": 32}, 16)


@pytest.mark.parametrize("size", [(16, 16), (17, 31), (61, 130)])
def test_any_size_in_the_same_size_out(generator, size):
    photo = pipeline.predict(generator, sketches(size))
    assert photo.shape == (2, *size, 3) and photo.dtype == np.float32
    assert np.isfinite(photo).all() and photo.min() >= 0 and photo.max() <= 1
    assert generator.stride == 16


def test_up_sampling_leaves_no_checkerboard(generator):
    ups = [layer for layer in generator.layers if isinstance(layer, layers.UpSampling2D)]
    assert [layer.interpolation for layer in ups] == ["nearest"] * 4
    assert not any(isinstance(layer, layers.Conv2DTranspose) for layer in generator.layers)


def test_mixed_precision_gives_float32(generator):
    model = calibrated(2)
    mixed = unet.unet_resnet(2, dtype="mixed_bfloat16")
    mixed.set_weights(model.generator.get_weights())
    assert {keras.backend.standardize_dtype(variable.dtype) for variable in mixed.weights} == {"float32"}
    assert mixed.get_layer("conv1_conv").compute_dtype == "bfloat16"
    assert mixed.get_layer("photo").compute_dtype == "float32"
    photo = run(mixed, sketches())
    assert photo.dtype == np.float32
    np.testing.assert_allclose(photo, run(model.generator, sketches()), atol=0.05)


@pytest.mark.parametrize("width", [0, -1, 1.5, "32", None, float("nan"), [2]])
def test_widths_out_of_range_are_refused(width):
    with pytest.raises(ValueError, match="`width` must be a whole number from 1 to 128. Received: width="):
        models.build("unet_resnet", width=width)


# ---- files


def test_what_is_saved_comes_back_bit_by_bit(tmp_path, generator):
    path = weights.save(generator, tmp_path / "a.weights.h5")
    loaded = weights.load(path)
    assert (loaded.architecture, loaded.arguments) == ("unet_resnet", {"width": 2})
    for mine, other in zip(generator.get_weights(), loaded.get_weights(), strict=True):
        np.testing.assert_array_equal(mine, other)
    plain = models.unet_resnet(2)
    plain.load_weights(path)
    np.testing.assert_array_equal(run(plain, sketches()), run(loaded, sketches()))


@pytest.mark.parametrize("arguments", ['{"encoder": "imagenet"}', '{"width": 3}', '{"width": 1000000000}'])
def test_a_file_cannot_ask_for_anything_else(tmp_path, generator, arguments, monkeypatch):
    monkeypatch.setattr(keras.applications, "ResNet50", lambda **_: pytest.fail("a file asked for a download"))
    path = weights.save(generator, tmp_path / "a.weights.h5")
    weights.load(path)
    with h5py.File(path, "r+") as file:
        file.attrs["arguments"] = arguments
    with pytest.raises(weights.WeightsError, match="a.weights.h5"):
        weights.load(path)


# ---- statistics


def calibrated(width: int = 2, size: tuple[int, int] = (32, 48)) -> trainer.Inversion:
    keras.utils.set_random_seed(0)
    model = trainer.Inversion(models.build("unet_resnet", width=width), losses.WeightedLoss(None, feature=0.0))
    model.calibrate([(sketches(size, seed=seed), None) for seed in range(3)])
    return model


def test_statistics_are_the_means_over_the_batches():
    model = calibrated(size=(24, 32))  # no multiple of the stride: padded as in training
    before = keras.Model(model.generator.input, model.generator.get_layer("conv1_conv").output)
    seen = [
        run(before, np.pad(sketches((24, 32), seed=seed), ((0, 0), (0, 8), (0, 0), (0, 0)), mode="reflect"))
        for seed in range(3)
    ]
    *_, mean, variance = model.generator.get_layer("conv1_bn").get_weights()
    np.testing.assert_allclose(mean, np.mean([x.mean((0, 1, 2)) for x in seen], 0), rtol=1e-3, atol=1e-2)
    np.testing.assert_allclose(variance, np.mean([x.var((0, 1, 2)) for x in seen], 0), rtol=1e-3)
    # A later one sees what those before it, with the statistics of the same batch, let through.
    assert all(np.ptp(layer.get_weights()[3]) > 0 for layer in normalisations(model.generator))


def test_signals_neither_die_nor_grow_on_their_way():
    generator = calibrated().generator
    places = [layer.output for layer in generator.layers if layer.name.endswith("_out")]
    assert len(places) == 13
    for x in keras.Model(generator.input, places)(sketches(batch=8, seed=5)):
        assert 0.3 < np.std(ops.convert_to_numpy(x)) < 3


def test_calibration_leaves_everything_else_as_it_was():
    model = calibrated()
    assert len(normalisations(model.generator)) == 43
    assert all(not layer.trainable and layer.momentum == 0.99 for layer in normalisations(model.generator))
    before = model.generator.get_weights()
    model.calibrate([])
    assert all(np.array_equal(a, b) for a, b in zip(before, model.generator.get_weights(), strict=True))


# ---- trained by the one training path


def final(folder: Path) -> tuple[runs.Progress, list[np.ndarray]]:
    progress, arrays = runs.Run(folder).load_checkpoint()
    return progress, arrays["generator"]


@pytest.fixture(scope="module")
def photos(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("data") / "photos"
    for seed in range(16):
        images.write(folder / f"{seed}.png", builtin.face(seed, (26, 32)))
    return folder


@pytest.fixture(scope="module")
def whole(photos, tmp_path_factory) -> Path:
    """A run that nothing interrupts."""
    folder = tmp_path_factory.mktemp("runs") / "whole"
    train.train(TOY, [photos], folder, **SETTINGS)
    return folder


@pytest.fixture(scope="module")
def stopped(photos, tmp_path_factory) -> tuple[Path, list[np.ndarray]]:
    """The same, stopped in its middle, with what it had by then, and resumed."""
    folder = tmp_path_factory.mktemp("runs") / "stopped"
    advance = console.Bar.advance

    def stop_there(self, *given: object, **values: float) -> None:
        advance(self, *given, **values)
        if self.done == 3:
            os.kill(os.getpid(), signal.SIGTERM)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(console.Bar, "advance", stop_there)
        train.train(TOY, [photos], folder, **SETTINGS)
    progress, arrays = final(folder)
    assert (progress.epoch, progress.step) == (0, 3)
    train.train(TOY, out=folder, resume=True, **SETTINGS)
    return folder, arrays


def test_trained_weights_say_what_they_are(whole):
    facts = weights.describe(whole / runs.LAST)
    assert (facts["architecture"], facts["arguments"]) == ("unet_resnet", {"width": 2})
    assert facts["recipe"]["model"] == "unet_resnet" and facts["recipe"]["initial"] is None


def test_training_and_inference_agree_after_training(whole):
    generator = weights.load(whole / runs.LAST)
    values = sketches((64, 48), seed=7)
    np.testing.assert_array_equal(run(generator, values, training=True), run(generator, values))
    # Also for one sketch alone, and for one of another style beside it: no statistics are those of a batch.
    np.testing.assert_allclose(run(generator, values[:1], training=True), run(generator, values)[:1], atol=1e-5)


def test_training_changes_what_is_learned_and_nothing_else(whole, stopped):
    generator, (_, earlier), (_, later) = models.build("unet_resnet", width=2), stopped, final(whole)
    same = [np.array_equal(a, b) for a, b in zip(earlier, later, strict=True)]
    assert same == [not variable.trainable for variable in generator.variables]


def test_a_stopped_run_resumes_as_if_nothing_had_happened(whole, stopped):
    folder, _ = stopped
    for mine, other in zip(final(whole)[1], final(folder)[1], strict=True):
        np.testing.assert_array_equal(mine, other)


def test_weights_to_start_from_keep_their_statistics(whole, photos, tmp_path):
    train.train(dataclasses.replace(TOY, limit=2), [photos], tmp_path, whole / runs.LAST, **SETTINGS)
    before, after = (weights.load(folder / runs.LAST) for folder in (whole, tmp_path))
    for mine, other in zip(normalisations(before), normalisations(after), strict=True):
        assert all(np.array_equal(a, b) for a, b in zip(mine.get_weights(), other.get_weights(), strict=True))


def test_unknown_encoders_list_the_known(photos, tmp_path):
    with pytest.raises(ValueError, match="`encoder` must be one of auto, imagenet, scratch. Received: 'vgg'"):
        train.train(TOY, [photos], tmp_path, **{**SETTINGS, "encoder": "vgg"})
