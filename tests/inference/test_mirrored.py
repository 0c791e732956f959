"""A generator that is asked twice answers mirrored drawings by mirrored photographs."""

from __future__ import annotations

import numpy as np
import pytest

from sketchback import models
from sketchback.inference.mirrored import Mirrored
from sketchback.invert import invert

SKETCH = np.random.default_rng(0).random((1, 48, 64, 1), np.float32)
TONES = np.random.default_rng(1).random((1, 3, 4, 4), np.float32)


def network(**arguments):
    made = models.build("scribbler", width=4, halvings=2, blocks=1, **arguments)
    rng = np.random.default_rng(2)
    made.set_weights([0.2 * rng.standard_normal(array.shape) for array in made.get_weights()])
    return made


@pytest.mark.parametrize("tone", [False, True])
def test_it_is_the_mean_of_both(tone: bool) -> None:
    generator = network(tone=tone)
    plain, turned = [SKETCH, TONES], [SKETCH[:, :, ::-1], TONES[:, :, ::-1]]
    shown, other, both = (given if tone else given[0] for given in (plain, turned, plain))
    expected = generator.predict_on_batch(shown), generator.predict_on_batch(other)[:, :, ::-1]
    assert np.abs(expected[0] - expected[1]).mean() > 0.005
    found = Mirrored(generator).predict_on_batch(both)
    np.testing.assert_allclose(found, np.mean(expected, axis=0), atol=1e-5)


def test_mirrored_drawings_give_mirrored_photographs_at_any_size() -> None:
    asked = Mirrored(network())
    photo = invert(SKETCH[:, :40, :52], asked, scale=1)
    assert photo.shape == (1, 40, 52, 3) and photo.dtype == np.float32
    np.testing.assert_allclose(invert(SKETCH[:, :40, 51::-1], asked, scale=1), photo[:, :, ::-1], atol=1e-6)
    assert (asked.architecture, asked.stride, asked.takes) == ("scribbler", 4, ("sketch",))


def test_what_takes_no_sketch_is_refused() -> None:
    with pytest.raises(ValueError, match=r"turn sketches into photographs\. Received: those of architecture enlarger"):
        Mirrored(models.build("enlarger"))
