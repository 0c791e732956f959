"""The enlarger: its shapes, its size, and that an untrained one is a plain enlargement."""

from __future__ import annotations

import numpy as np
import pytest

from sketchback import images, models


@pytest.mark.parametrize("size", [(4, 12), (16, 8)])
def test_an_untrained_one_enlarges_nearly_bilinearly(size):
    enlarger = models.build("enlarger", width=2, blocks=1)
    assert (enlarger.architecture, enlarger.takes, enlarger.stride) == ("enlarger", ("photo", "sketch"), 4)
    rng = np.random.default_rng(0)
    photo, sketch = rng.random((1, *size, 3), np.float32), rng.random((1, 2 * size[0], 2 * size[1], 1), np.float32)
    enlarged = enlarger.predict_on_batch([photo, sketch])
    bilinear = images.resize(photo[0], enlarged.shape[1:3])
    assert enlarged.shape == (1, 2 * size[0], 2 * size[1], 3)
    np.testing.assert_allclose(enlarged[0], bilinear, atol=0.17)  # 2/3 instead of 3/4, in both directions
    np.testing.assert_allclose(enlarger.predict_on_batch([np.ones_like(photo), sketch]), 1.0, atol=1e-6)  # edges too


def test_it_is_small():
    assert models.build("enlarger").count_params() == 746_915  # pin of our own count; the limit is a million


@pytest.mark.parametrize("arguments", [{"width": 0}, {"width": 65}, {"blocks": 9}, {"blocks": "2"}])
def test_arguments_out_of_range_are_refused(arguments):
    with pytest.raises(ValueError, match="must be a whole number .*Received: "):
        models.build("enlarger", **arguments)


def test_shapes_that_do_not_fit_are_explained():
    enlarger = models.build("enlarger", width=1, blocks=0)
    with pytest.raises(ValueError, match=r"photo as \(B, H, W, 3\).*multiples of 4"):
        enlarger([np.zeros((1, 6, 8, 3), np.float32), np.zeros((1, 12, 16, 1), np.float32)])
