"""The tone sampler: its shapes, its size, and how an untrained one begins."""

from __future__ import annotations

import numpy as np
import pytest

from sketchback import models
from sketchback.models.tone_sampler import STATE


def test_it_takes_a_grid_of_any_size_and_begins_at_rest():
    sampler = models.build("tone_sampler", width=4, blocks=2)
    assert (sampler.architecture, sampler.takes, sampler.stride) == ("tone_sampler", ("state",), 1)
    for size in ((1, 1), (5, 8)):
        velocity = sampler.predict_on_batch(np.random.default_rng(0).random((2, *size, STATE), np.float32))
        assert velocity.shape == (2, *size, 3) and not velocity.any()


def test_time_and_what_is_known_reach_the_last_block():
    sampler = models.build("tone_sampler", width=4, blocks=2)
    assert sampler.get_layer("block2_known").kernel.shape == (1, 1, 4, 4)
    assert models.build("tone_sampler").count_params() == 487_875  # pin of our own count


@pytest.mark.parametrize("arguments", [{"width": 0}, {"width": 129}, {"blocks": 17}, {"blocks": 1.0}])
def test_arguments_out_of_range_are_refused(arguments):
    with pytest.raises(ValueError, match="must be a whole number .*Received: "):
        models.build("tone_sampler", **arguments)
