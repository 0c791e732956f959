"""The generator of 2017 as it was published."""

from __future__ import annotations

import keras
import numpy as np
from keras import layers

from sketchback.models import sketchback2017


def test_it_is_the_published_network():
    published = sketchback2017()
    assert published.count_params() == 4_251_555 and published.stride == 8
    found = [layer for layer in published.layers if isinstance(layer, layers.Conv2D)]
    down = [(3, 32), (2, 32), (3, 64), (2, 64), (3, 128), (3, 128)]
    up = [(2, 128), *[(3, 128)] * 3, (2, 64), *[(3, 64)] * 3, (2, 32), *[(3, 32)] * 2]
    assert [(layer.kernel_size[0], layer.filters) for layer in found] == [*down, *[(3, 256)] * 6, *up, (3, 3)]
    assert [layer.activation.__name__ for layer in found] == ["relu"] * 23 + ["sigmoid"]


def test_residual_steps_are_one_convolution():
    published = sketchback2017()
    adds = [layer for layer in published.layers if isinstance(layer, layers.Add)]
    assert len(adds) == 5 + 2 + 2 + 1
    for add in (adds[0], adds[-1]):
        x, y = add.input
        seen = keras.Model(published.input, [x, y, add.output])(np.random.default_rng(0).random((1, 16, 16, 1)))
        np.testing.assert_allclose(seen[2], seen[0] + seen[1], rtol=1e-6)
