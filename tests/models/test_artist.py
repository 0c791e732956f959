"""The artist: its inputs, and that the hand counts."""

from __future__ import annotations

import numpy as np
import pytest

from sketchback import models


def test_a_hand_changes_the_drawing_and_mixtures_lie_between():
    artist = models.build("artist", width=2, blocks=1)
    assert artist.takes == ("photo", "hand") and artist.stride == 16
    photo = np.random.default_rng(0).random((3, 32, 48, 3), np.float32)
    photo[1:] = photo[0]
    hands = np.array([[1, 0, 0, 0, 0], [0, 1, 0, 0, 0], [1, 0, 0, 0, 0]], np.float32)
    drawn = artist.predict_on_batch([photo, hands])
    assert drawn.shape == (3, 32, 48, 1)
    np.testing.assert_allclose(drawn[0], drawn[2], atol=1e-6)
    assert np.abs(drawn[0] - drawn[1]).max() > 1e-4


@pytest.mark.parametrize("arguments", [{"width": 0}, {"blocks": 9}, {"hands": 0}, {"width": 2.0}])
def test_arguments_out_of_range(arguments):
    with pytest.raises(ValueError, match=r"must be a whole number .*Received: "):
        models.build("artist", **arguments)
