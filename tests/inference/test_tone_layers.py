"""Layers: tones are averaged over cells, and the last that tells something of a cell counts."""

import numpy as np
import pytest

from sketchback.images import tones
from sketchback.inference import tone_layers


def test_an_array_of_the_picture_is_averaged_as_a_photograph_is() -> None:
    photo = np.random.default_rng(0).random((40, 33, 3), np.float32)
    layer = tone_layers.from_array(photo, (40, 33))
    np.testing.assert_allclose(layer.tones, tones.of_photo(photo), atol=1e-6)
    np.testing.assert_allclose(layer.mask[:10, :9], 1.0, atol=1e-6)


@pytest.mark.parametrize("sides", [(1, 1), (7, 5), (3, 200)])
def test_any_size_keeps_one_colour_and_what_is_untold(sides) -> None:
    told = np.full((*sides, 3), 0.25, np.float32)
    np.testing.assert_allclose(tone_layers.from_array(told, (40, 33)).tones, np.full((3, 3, 3), 0.25), atol=1e-6)
    assert np.isnan(tone_layers.from_array(np.full_like(told, np.nan), (40, 33)).tones).all()


def test_a_stroke_tells_its_cells_and_a_speck_does_not() -> None:
    told = np.full((32, 32, 3), np.nan, np.float32)
    told[:16, 3:5] = (1, 0, 0)
    told[20, 20] = 0
    layer = tone_layers.from_array(told, (32, 32))
    np.testing.assert_array_equal(layer.tones[0, 0], (1, 0, 0))
    assert np.isfinite(layer.tones).sum() == 3
    np.testing.assert_allclose(layer.mask[:4, :3], [[1 / 4, 1 / 4, 0]] * 4)
    np.testing.assert_allclose(layer.mask[5, 5], 1 / 16)
    np.testing.assert_allclose(tone_layers.coverage(layer.mask), [[1 / 8, 0], [0, 1 / 256]])


def test_the_last_layer_that_tells_something_of_a_cell_counts() -> None:
    below, above = np.full((2, 2, 3), 0.2, np.float32), np.full((2, 2, 3), np.nan, np.float32)
    above[0] = 0.8
    mask = np.ones((8, 8), np.float32)
    mask[:4, 5:] = 0  # a quarter of a cell is left
    several = [tone_layers.whole(below), tone_layers.Layer(above, mask, least=0.5)]
    np.testing.assert_array_equal(tone_layers.flatten(several, (32, 20))[..., 0], np.float32([[0.8, 0.2], [0.2, 0.2]]))
    assert np.isnan(tone_layers.flatten([], (32, 20))).all()
    made = tone_layers.keep(np.full((32, 32, 3), 0.5, np.float32), several)
    np.testing.assert_allclose(made[:8, :8], 0.8, atol=0.1)
    np.testing.assert_allclose(made[24:], 0.2, atol=0.05)


@pytest.mark.parametrize("width", [4, 8])
def test_a_thin_stroke_is_kept_over_a_reference(width) -> None:
    colours = np.full((64, 64, 3), np.nan, np.float32)
    colours[10:54, 30 : 30 + width] = (0.8, 0.1, 0.1)
    told = [tone_layers.whole(np.full((4, 4, 3), 0.5, np.float32)), tone_layers.from_array(colours, (64, 64))]
    made = tone_layers.keep(np.full((64, 64, 3), 0.5, np.float32), told)
    red, green, _ = made[20:44, 30 : 30 + width].mean(axis=(0, 1))
    assert red > 0.6 and green < 0.35
    np.testing.assert_allclose(made[:, :20], 0.5, atol=0.02)


def test_what_is_above_is_not_brought_there_and_back() -> None:
    texture = 0.12 + 0.03 * np.random.default_rng(0).standard_normal((64, 64, 3)).astype(np.float32)
    photo = np.clip(texture, 0.02, 1)
    above = tone_layers.whole(np.full((4, 4, 3), 0.12, np.float32))
    made = tone_layers.keep(photo, [tone_layers.whole(np.full((4, 4, 3), 0.9, np.float32)), above])
    np.testing.assert_allclose(made, photo, atol=0.02)
