"""The generators: their published numbers, their shapes at any option and size, and how they begin."""

from __future__ import annotations

import itertools

import keras
import numpy as np
import pytest
from keras import layers, ops

from sketchback import models
from sketchback.models import build, scribbler, sketchback2017

PAPER = {"halvings": 3, "skips": False, "normalisation": "batch", "blocks": 5}


def sketches(size: tuple[int, int] = (32, 32), batch: int = 1, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).random((batch, *size, 1)).astype(np.float32)


def run(generator: keras.Model, values: np.ndarray) -> np.ndarray:
    return ops.convert_to_numpy(generator(values))


def named(generator: keras.Model, kind: type) -> list[keras.Layer]:
    return [layer for layer in generator.layers if isinstance(layer, kind)]


# sketchback2017: what was published


@pytest.fixture(scope="module")
def published() -> keras.Model:
    return sketchback2017()


def test_sketchback2017_has_the_published_size(published):
    assert published.count_params() == 4_251_555
    assert len(named(published, layers.Conv2D)) == 24
    assert not named(published, layers.BatchNormalization)
    assert published.stride == 8


def test_sketchback2017_has_the_published_convolutions(published):
    found = [(layer.kernel_size[0], layer.filters) for layer in named(published, layers.Conv2D)]
    down = [(3, 32), (2, 32), (3, 64), (2, 64), (3, 128), (3, 128)]
    middle = [(3, 256)] * 6
    up = [(2, 128), *[(3, 128)] * 3, (2, 64), *[(3, 64)] * 3, (2, 32), *[(3, 32)] * 2]
    assert found == [*down, *middle, *up, (3, 3)]


def test_sketchback2017_activations(published):
    found = [layer.activation.__name__ for layer in named(published, layers.Conv2D)]
    assert found == ["relu"] * 23 + ["sigmoid"]


def test_sketchback2017_residuals_are_one_convolution(published):
    adds = named(published, layers.Add)
    assert len(adds) == 5 + 2 + 2 + 1
    values = sketches()
    for add in (adds[0], adds[-1]):
        x, y = add.input
        seen = keras.Model(published.input, [x, y, add.output])(values)
        np.testing.assert_allclose(seen[2], seen[0] + seen[1], rtol=1e-6)


# scribbler: options


@pytest.mark.parametrize("halvings", [1, 2, 3, 4])
@pytest.mark.parametrize(
    ("skips", "normalisation", "blocks"), [(True, None, 1), (False, "batch", 0), (True, "batch", 2), (False, None, 1)]
)
def test_shapes_range_and_stride_of_every_option(halvings, skips, normalisation, blocks):
    generator = scribbler(4, halvings, skips, normalisation, blocks)
    assert generator.input_shape == (None, None, None, 1) and generator.output_shape == (None, None, None, 3)
    photo = run(generator, sketches(batch=2))
    assert photo.shape == (2, 32, 32, 3) and photo.dtype == np.float32
    assert np.isfinite(photo).all() and photo.min() >= 0 and photo.max() <= 1
    assert generator.stride == 2**halvings
    assert bool(named(generator, layers.BatchNormalization)) == (normalisation == "batch")
    assert sum(layer.name.endswith("_skip") for layer in generator.layers) == (halvings if skips else 0)
    assert sum(layer.name.startswith("block") and layer.name.endswith("_add") for layer in generator.layers) == blocks


def test_channels_double_up_to_eight_times_the_width():
    generator = scribbler(width=2, halvings=4, blocks=0)
    assert [generator.get_layer(f"down{level}").filters for level in range(1, 5)] == [4, 8, 16, 16]
    assert generator.get_layer("stem").filters == 2


def test_size_of_the_smallest_scribbler_by_hand():
    # stem 7 7 1 + 1; down1 9 1 2 + 2, its block 2 (9 2 2 + 2); up 9 2 1 + 1, its block 2 (9 + 1); photo 9 1 3 + 3
    expected = 50 + 20 + 76 + 19 + 20 + 30
    assert scribbler(width=1, halvings=1, blocks=0).count_params() == expected
    assert build("scribbler", width=1, halvings=1, blocks=0).count_params() == expected


def test_size_of_the_defaults():
    # Pin of our own count, November 2026.
    generator = scribbler()
    assert generator.count_params() == 9_794_947
    assert generator.stride == 16


def test_size_of_the_papers_form():
    # Pin of our own count, November 2026.
    generator = scribbler(**PAPER)
    assert generator.count_params() == 9_017_475
    assert generator.stride == 8
    assert all(not layer.use_bias for layer in named(generator, layers.Conv2D)[:-1])
    assert len(named(generator, layers.UpSampling2D)) == 3  # and nothing transposed, which would leave a checkerboard
    assert not named(generator, layers.Conv2DTranspose)
    assert [layer.interpolation for layer in named(generator, layers.UpSampling2D)] == ["nearest"] * 3


# How an untrained network begins


@pytest.mark.parametrize("skips", [True, False])
def test_residual_blocks_begin_as_the_identity(skips):
    generator = scribbler(4, 3, skips)
    adds = [layer for layer in generator.layers if layer.name.endswith("_add")]
    assert len(adds) == 3 + 3 + (3 if skips else 6)  # down, middle, up
    pairs = [(add.input[0], add.output) for add in adds]
    seen = keras.Model(generator.input, list(itertools.chain(*pairs)))(sketches((64, 64)))
    for before, after in zip(seen[::2], seen[1::2], strict=True):
        np.testing.assert_array_equal(before, after)
        assert np.std(before) > 0  # and something arrives there


@pytest.mark.parametrize("arguments", [{}, {"halvings": 4, "blocks": 8}, PAPER], ids=["default", "deep", "paper"])
def test_untrained_networks_are_finite(arguments):
    photo = run(scribbler(4, **arguments), sketches((64, 64)))
    assert np.isfinite(photo).all() and 0 < photo.mean() < 1


def test_batch_normalisation_leaves_kernels_to_chance():
    generator = scribbler(4, **PAPER)
    assert generator.get_layer("block1_conv2").get_weights()[0].any()


# Precision


@pytest.mark.parametrize("make", [lambda dtype: scribbler(4, 2, blocks=1, dtype=dtype), sketchback2017])
def test_mixed_precision_gives_float32(make):
    generator = make(dtype="mixed_bfloat16")
    assert {keras.backend.standardize_dtype(variable.dtype) for variable in generator.weights} == {"float32"}
    assert named(generator, layers.Conv2D)[0].compute_dtype == "bfloat16"
    assert generator.get_layer("photo").compute_dtype == "float32"
    photo = run(generator, sketches())
    assert photo.dtype == np.float32
    exact = make(dtype="float32")
    exact.set_weights(generator.get_weights())
    np.testing.assert_allclose(photo, run(exact, sketches()), atol=0.05)


# By name


def test_build_remembers_everything_but_the_precision():
    generator = build("scribbler", width=2, halvings=1, dtype="mixed_bfloat16")
    assert generator.architecture == "scribbler"
    assert dict(generator.arguments) == {
        "width": 2,
        "halvings": 1,
        "skips": True,
        "normalisation": None,
        "blocks": 3,
    }
    assert models.build("sketchback2017").arguments == {}


def test_unknown_architectures_list_the_known():
    known = "scribbler, sketchback2017, unet_resnet"
    with pytest.raises(ValueError, match=rf"`model` must be one of {known}\. Received: 'pix2pix'"):
        build("pix2pix")


@pytest.mark.parametrize(("architecture", "arguments"), [("scribbler", {"depth": 3}), ("sketchback2017", {"width": 8})])
def test_unknown_arguments_are_named(architecture, arguments):
    with pytest.raises(ValueError, match=rf"must be its own\. Received: .*{next(iter(arguments))}"):
        build(architecture, **arguments)


@pytest.mark.parametrize(
    "arguments",
    [
        {"width": 0},
        {"width": -1},
        {"width": 1.5},
        {"width": "32"},
        {"width": float("nan")},
        {"width": None},
        {"halvings": 0},
        {"halvings": 5},
        {"halvings": 10**12},
        {"halvings": [4]},
        {"blocks": -1},
        {"blocks": 0.5},
    ],
)
def test_numbers_out_of_range_are_refused(arguments):
    name, value = next(iter(arguments.items()))
    with pytest.raises(ValueError, match=rf"`width` must be 1 to 128.* Received: .*{name}=") as caught:
        build("scribbler", **arguments)
    assert repr(value) in str(caught.value)


@pytest.mark.parametrize("normalisation", ["instance", "", 1, {}])
def test_unknown_normalisations_are_refused(normalisation):
    with pytest.raises(ValueError, match=r"`normalisation` must be None or 'batch'\. Received"):
        scribbler(4, normalisation=normalisation)
