"""The artist as a style: sizes, hands, and what a hand is called."""

from __future__ import annotations

import numpy as np
import pytest

from sketchback import models, sketching
from sketchback.sketching import artist


@pytest.fixture(scope="module")
def network():
    return models.build("artist", width=2, blocks=0)


@pytest.mark.parametrize("size", [(40, 30), (16, 90), (200, 160)])
def test_a_drawing_has_the_size_of_its_photograph(network, size):
    photo = np.random.default_rng(0).random((*size, 3), np.float32)
    drawn = sketching.sketch(photo, "artist", network=network, weights=artist.read_hand("CUFS"), side=48)
    assert drawn.shape == (*size, 1) and drawn.dtype == np.float32 and 0 <= drawn.min() and drawn.max() <= 1
    other = artist.draw(photo, network=network, weights=artist.read_hand("FS2K 1=0.5,XM2VTS=0.5"), side=48)
    assert np.abs(drawn - other).max() > 1e-4


def test_a_ribbon_is_drawn_as_large_as_memory_allows():
    shown = []

    class Network:
        def predict_on_batch(self, inputs):
            shown.append(inputs[0].shape)
            return inputs[0][..., :1]

    ribbon = np.zeros((16, 10_000, 3), np.float32)
    drawn = artist.draw(ribbon, network=Network(), weights=artist.read_hand("CUFS"))
    assert drawn.shape == (16, 10_000, 1) and shown[0][1] * shown[0][2] < 1.1 * artist.MAX_PIXELS


@pytest.mark.parametrize(
    "text", ["", "Leonardo", "CUFS=2", "CUFS=nan", "CUFS=x", "CUFS=0", "CUFS=0.7,FS2K 2=0.7", "CUFS,XM2VTS"]
)
def test_unknown_hands(text):
    with pytest.raises(ValueError, match="A hand must be one of CUFS, XM2VTS, FS2K 1"):
        artist.read_hand(text)


def test_sampled_hands_are_shares():
    hands = np.stack([artist.sample_hand(np.random.default_rng(seed)) for seed in range(200)])
    np.testing.assert_allclose(hands.sum(axis=1), 1, rtol=1e-5)
    assert (hands.max(axis=1) > 0.8).mean() > 0.1 and hands.mean(axis=0).min() > 0.1
    some = np.stack(
        [artist.sample_hand(np.random.default_rng(seed), artist.hands_among("fs2k 2, CUFS")) for seed in range(50)]
    )
    assert (some[:, [1, 2, 4]] == 0).all() and some[:, [0, 3]].mean(axis=0).min() > 0.2
    with pytest.raises(ValueError, match=r"some of CUFS, XM2VTS.*Received: 'CUFS,Leonardo'"):
        artist.hands_among("CUFS,Leonardo")
    assert np.abs(artist.bend(np.eye(64, dtype=np.float32)[..., None], np.random.default_rng(0))).shape == (64, 64, 1)


@pytest.mark.parametrize("side", [-5, 0, 15, 1601])
def test_a_side_that_cannot_be_drawn(network, side):
    with pytest.raises(ValueError, match=f"`side` must be 16 to 1600 pixels. Received: side={side}"):
        artist.draw(np.zeros((40, 30, 3), "f4"), network=network, weights=artist.read_hand("CUFS"), side=side)
