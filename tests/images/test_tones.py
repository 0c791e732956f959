"""Tone maps: means of cells, what is known of them, and what a generator takes."""

from __future__ import annotations

import numpy as np

from sketchback.images import tones


def test_a_map_holds_the_means_of_cells_and_of_incomplete_ones():
    photo = np.random.default_rng(0).random((40, 32, 3), np.float32)
    found = tones.of_photo(photo)
    assert found.shape == (3, 2, 3) and found.dtype == np.float32
    np.testing.assert_allclose(found[1, 1], photo[16:32, 16:].mean(axis=(0, 1)), rtol=1e-5)
    np.testing.assert_allclose(found[2, 0], photo[32:, :16].mean(axis=(0, 1)), rtol=1e-5)


def test_a_cell_is_told_where_half_of_it_is_known():
    photo = np.full((16, 32, 3), 0.5, np.float32)
    photo[:8, :16], photo[:7, 16:] = np.nan, np.nan
    photo[8:, 16] = np.nan
    found = tones.of_photo(photo)
    assert np.isfinite(found[0]).all() and (found[0] == 0.5).all()
    photo[8, 0] = np.nan
    assert np.isnan(tones.of_photo(photo)[0, 0]).all()


def test_what_a_generator_takes():
    told = tones.untold((20, 16))
    told[0, 0] = [0.1, 0.2, 0.3]
    encoded = tones.encode(told)
    np.testing.assert_allclose(encoded[0, 0], [0.1, 0.2, 0.3, 1.0])
    assert encoded.shape == (2, 1, 4) and (encoded[1, 0] == 0).all()
