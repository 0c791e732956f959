"""Enlarging: any size in, twice the size out."""

from __future__ import annotations

import numpy as np
import pytest

from sketchback import images, models
from sketchback.inference.enlarging import enlarge

ENLARGER = models.build("enlarger", width=2, blocks=0)


@pytest.mark.parametrize("size", [(1, 1), (7, 18), (16, 16)])
def test_any_size_becomes_twice_as_large_and_stays_in_place(size):
    photo = images.resize(np.random.default_rng(0).random((3, 3, 3), np.float32), size)[np.newaxis]
    sketch = np.ones((1, 2 * size[0], 2 * size[1], 1), np.float32)
    enlarged = enlarge(ENLARGER, photo, sketch)
    assert enlarged.shape == (1, 2 * size[0], 2 * size[1], 3) and enlarged.dtype == np.float32
    np.testing.assert_allclose(enlarged[0], images.resize(photo[0], sketch.shape[1:3]), atol=0.12)


def test_a_sketch_of_another_size_is_refused():
    with pytest.raises(ValueError, match=r"`sketches` \(B, 2H, 2W, 1\).*Received: .*Resize the sketches"):
        enlarge(ENLARGER, np.zeros((1, 8, 8, 3), np.float32), np.zeros((1, 8, 8, 1), np.float32))
