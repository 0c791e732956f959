"""Reflection to a multiple of the stride, on arrays and in graphs."""

from __future__ import annotations

import keras
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sketchback import models
from sketchback.inference import padding

SIDES = st.integers(16, 80)


@settings(max_examples=60, deadline=None)
@given(SIDES, SIDES, st.sampled_from([1, 2, 4, 8, 16, 64]), st.integers(0, 2**32 - 1))
def test_arrays_are_mirrored_and_the_edge_is_not_repeated(height, width, multiple, seed):
    batch = np.random.default_rng(seed).random((2, height, width, 1), np.float32)
    padded = padding.pad_to_multiple(batch, multiple)
    rows, columns = padded.shape[1:3]
    assert rows % multiple == columns % multiple == 0 and rows - height < multiple > columns - width
    np.testing.assert_array_equal(padded[:, :height, :width], batch)
    if rows > height:
        np.testing.assert_array_equal(padded[:, height, :width], batch[:, -2])


@pytest.mark.parametrize("size", [(24, 32), (17, 31)])
def test_graphs_give_what_arrays_give(size):
    generator = models.build("scribbler", width=2, halvings=3, blocks=0)
    sketch = np.random.default_rng(0).random((1, *size, 1), np.float32)
    expected = keras.ops.convert_to_numpy(generator(padding.pad_to_multiple(sketch, 8)))[:, : size[0], : size[1]]
    forms = [padding.of_any_size(generator), padding.of_one_size(generator, size)]
    for form in (*forms, lambda one: padding.call_padded(generator, one)):
        np.testing.assert_allclose(keras.ops.convert_to_numpy(form(sketch)), expected, atol=1e-6)
