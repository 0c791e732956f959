"""The built-in pictures: images by the contract, the same ones every time, and different from one another."""

from __future__ import annotations

import numpy as np
import pytest

from sketchback.datasets import builtin

PAINTERS = [builtin.face, builtin.building]


@pytest.mark.parametrize("paint", PAINTERS)
@pytest.mark.parametrize("size", [(16, 16), (64, 48), (33, 80)])
def test_is_an_image_of_the_asked_size(paint, size):
    image = paint(3, size=size)
    assert image.shape == (*size, 3)
    assert image.dtype == np.float32
    assert image.min() >= 0.0 and image.max() <= 1.0


def test_default_sizes():
    assert builtin.face(0).shape == (218, 178, 3)
    assert builtin.building(0).shape == (240, 320, 3)


@pytest.mark.parametrize("paint", PAINTERS)
def test_same_seed_same_pixels(paint):
    first = paint(5, size=(48, 48))
    paint(6, size=(48, 48))  # another picture in between changes nothing
    np.testing.assert_array_equal(first, paint(5, size=(48, 48)))


@pytest.mark.parametrize("paint", PAINTERS)
def test_other_seeds_other_pictures(paint):
    thumbs = np.stack([paint(seed, size=(32, 32)) for seed in range(40)]).reshape(40, -1)
    distances = np.abs(thumbs[:, None] - thumbs[None]).mean(-1) + np.eye(40)
    assert distances.min() > 0.01


@pytest.mark.parametrize("paint", PAINTERS)
def test_traits_do_not_depend_on_the_size(paint):
    small, large = paint(4, size=(60, 60)), paint(4, size=(120, 120))
    halved = large.reshape(60, 2, 60, 2, 3).mean((1, 3))
    assert np.abs(small - halved).mean() < 0.05


def test_every_seed_of_the_sets_paints():
    for seed in range(0, builtin.FACES, 16):
        assert np.isfinite(builtin.face(seed, size=(32, 26))).all()
    for seed in range(0, builtin.BUILDINGS, 8):
        assert np.isfinite(builtin.building(seed, size=(24, 32))).all()


@pytest.mark.parametrize("paint", PAINTERS)
def test_refuses_what_it_cannot_paint(paint):
    with pytest.raises(ValueError, match=r"`seed` must be 0 or more\. Received: seed=-1"):
        paint(-1)
    with pytest.raises(ValueError, match="`size` must be"):
        paint(0, size=(8, 8))
