"""Scribbler's generator: its shapes with any option, its size, and how an untrained one begins."""

from __future__ import annotations

import itertools
import re

import keras
import numpy as np
import pytest
from keras import layers, ops

from sketchback import models
from sketchback.models import scribbler

PAPER = {"halvings": 3, "skips": False, "normalisation": "batch", "blocks": 5}


def sketches(size: tuple[int, int] = (32, 32), batch: int = 1) -> np.ndarray:
    return np.random.default_rng(0).random((batch, *size, 1)).astype(np.float32)


def named(generator: keras.Model, kind: type) -> list[keras.Layer]:
    return [layer for layer in generator.layers if isinstance(layer, kind)]


@pytest.mark.parametrize("halvings", [1, 4])
@pytest.mark.parametrize(
    ("skips", "normalisation", "blocks"), [(True, None, 1), (False, "batch", 0), (True, "batch", 2), (False, None, 1)]
)
def test_shapes_range_and_stride_of_every_option(halvings, skips, normalisation, blocks):
    generator = scribbler(4, halvings, skips, normalisation, blocks)
    photo = ops.convert_to_numpy(generator(sketches(batch=2)))
    assert photo.shape == (2, 32, 32, 3)
    assert np.isfinite(photo).all() and photo.min() >= 0 and photo.max() <= 1
    assert generator.stride == 2**halvings
    assert bool(named(generator, layers.BatchNormalization)) == (normalisation == "batch")
    assert sum(layer.name.endswith("_skip") for layer in generator.layers) == (halvings if skips else 0)
    assert sum(layer.name.startswith("block") and layer.name.endswith("_add") for layer in generator.layers) == blocks


def test_channels_double_up_to_eight_times_the_width():
    generator = scribbler(width=2, halvings=4, blocks=0)
    assert [generator.get_layer(name).filters for name in ("stem", "down1", "down2", "down3", "down4")] == [
        2,
        4,
        8,
        16,
        16,
    ]


def test_sizes():
    # stem 7 7 1 + 1; down1 9 1 2 + 2, its block 2 (9 2 2 + 2); up 9 2 1 + 1, its block 2 (9 + 1); photo 9 1 3 + 3
    assert scribbler(width=1, halvings=1, blocks=0).count_params() == 50 + 20 + 76 + 19 + 20 + 30
    # Pins of our own counts, November 2026.
    assert scribbler().count_params() == 9_794_947
    assert scribbler(**PAPER).count_params() == 9_017_475


def test_up_sampling_leaves_no_checkerboard():
    generator = scribbler(4, **PAPER)
    assert [layer.interpolation for layer in named(generator, layers.UpSampling2D)] == ["nearest"] * 3
    assert not named(generator, layers.Conv2DTranspose)


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


@pytest.mark.parametrize(
    "arguments",
    [
        *[{"width": value} for value in (0, -1, 1.5, "32", float("nan"), None, 129)],
        *[{"halvings": value} for value in (0, 5, 10**12, [4])],
        *[{"blocks": value} for value in (-1, 0.5, 33)],
        *[{"normalisation": value} for value in ("instance", "", 1, {})],
    ],
)
def test_arguments_out_of_range_are_refused(arguments):
    name, value = next(iter(arguments.items()))
    for act in (models.build, models.least):
        with pytest.raises(ValueError, match=rf"`{name}` .*Received: .*{re.escape(repr(value))}"):
            act("scribbler", **arguments)


def test_an_untold_tone_map_changes_nothing_and_a_sketch_alone_is_untold():
    plain, telling = (models.build("scribbler", width=2, blocks=1, tone=tone) for tone in (False, True))
    assert plain.takes == ("sketch",) and telling.takes == ("sketch", "tone")
    sketch, told = np.random.default_rng(0).random((2, 32, 48, 1), np.float32), np.ones((2, 2, 3, 4), np.float32)
    alone = telling.predict_on_batch(sketch)
    np.testing.assert_array_equal(alone, telling.predict_on_batch([sketch, 0 * told]))
    assert np.abs(telling.predict_on_batch([sketch, told]) - alone).max() > 1e-3
    assert models.build("scribbler", width=2, halvings=2, tone=True).stride == 16
