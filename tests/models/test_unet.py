"""The U-Net: its encoder is Keras's ResNet-50, training and inference are the same function, its files load."""

from __future__ import annotations

import h5py
import keras
import numpy as np
import pytest
from keras import layers, ops

from sketchback import losses, models, weights
from sketchback.models import unet
from sketchback.training.model import TrainingModel


def sketches(seed: int = 0, batch: int = 2) -> np.ndarray:
    return np.random.default_rng(seed).random((batch, 32, 48, 1)).astype(np.float32)


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


def test_the_encoder_computes_what_kerass_does(network, generator):
    names = ["conv1_relu", "conv2_block3_out", "conv3_block4_out", "conv4_block6_out"]
    expected = keras.Model(network.input, [network.get_layer(name).output for name in names])(
        keras.applications.resnet.preprocess_input(np.repeat(255 * sketches(), 3, axis=-1))
    )
    found = keras.Model(generator.input, [generator.get_layer(name).output for name in names])(sketches())
    for own, theirs in zip(map(ops.convert_to_numpy, found), map(ops.convert_to_numpy, expected), strict=True):
        assert own.std() > 0
        np.testing.assert_allclose(own, theirs, atol=1e-4 * theirs.max())


def test_imagenets_weights_that_cannot_be_downloaded(monkeypatch):
    monkeypatch.setattr(keras.applications, "ResNet50", lambda **_: 1 / 0)
    with pytest.raises(unet.EncoderError, match="could not be downloaded"):
        unet.take_imagenet(models.build("unet_resnet", width=2))


@pytest.mark.slow
def test_a_whole_file_in_half_precision_stays_under_20_mib(tmp_path):
    whole = models.build("unet_resnet")
    assert whole.count_params() == 10_173_059  # pin of our own count
    path = weights.save(whole, tmp_path / "unet.weights.h5", half=True)
    assert path.stat().st_size < 20 * 2**20
    facts = weights.describe(path)
    assert (facts["architecture"], facts["arguments"], facts["stride"]) == ("unet_resnet", {"width": 32}, 16)


def test_up_sampling_leaves_no_checkerboard(generator):
    ups = [layer for layer in generator.layers if isinstance(layer, layers.UpSampling2D)]
    assert [layer.interpolation for layer in ups] == ["nearest"] * 4
    assert not any(isinstance(layer, layers.Conv2DTranspose) for layer in generator.layers)


@pytest.mark.parametrize("width", [0, -1, 1.5, "32", None, float("nan"), [2], 129])
def test_widths_out_of_range_are_refused(width):
    with pytest.raises(ValueError, match="`width` must be a whole number from 1 to 128. Received: width="):
        models.build("unet_resnet", width=width)


def test_its_file_loads_and_cannot_ask_for_anything_else(tmp_path, generator):
    path = weights.save(generator, tmp_path / "a.weights.h5")
    loaded = weights.load(path)
    assert all(np.array_equal(a, b) for a, b in zip(generator.get_weights(), loaded.get_weights(), strict=True))
    for arguments in ('{"encoder": "imagenet"}', '{"width": 3}'):
        with h5py.File(path, "r+") as file:
            file.attrs["arguments"] = arguments
        with pytest.raises(weights.WeightsError, match="a.weights.h5"):
            weights.load(path)


@pytest.mark.slow
def test_signals_neither_die_nor_grow_and_no_statistics_are_those_of_a_batch():
    keras.utils.set_random_seed(0)
    model = TrainingModel(models.build("unet_resnet", width=2), losses.WeightedLoss(None, feature=0.0))
    model.calibrate([(sketches(seed), None) for seed in range(3)])
    generator = model.generator
    assert len(normalisations(generator)) == 43 and not any(layer.trainable for layer in normalisations(generator))
    places = [layer.output for layer in generator.layers if layer.name.endswith("_out")]
    assert len(places) == 13
    for x in keras.Model(generator.input, places)(sketches(5, batch=8)):
        assert 0.3 < np.std(ops.convert_to_numpy(x)) < 3
    together, alone = generator(sketches()), generator(sketches()[:1], training=True)
    np.testing.assert_array_equal(generator(sketches(), training=True), together)
    np.testing.assert_allclose(alone, together[:1], atol=1e-5)
    mixed = models.build("unet_resnet", width=2, dtype="mixed_bfloat16")
    mixed.set_weights(generator.get_weights())
    assert mixed.get_layer("conv1_conv").compute_dtype == "bfloat16"
    assert keras.backend.standardize_dtype(mixed(sketches()).dtype) == "float32"
    np.testing.assert_allclose(mixed(sketches()), together, atol=0.05)
