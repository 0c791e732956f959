"""Images as arrays: numbers, sizes, sheets."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sketchback import images

SIDES = st.integers(16, 80)
PICTURES = st.tuples(SIDES, SIDES, st.sampled_from([1, 3]), st.integers(0, 2**32 - 1))


def random_picture(facts: tuple[int, int, int, int]) -> np.ndarray:
    height, width, channels, seed = facts
    return np.random.default_rng(seed).random((height, width, channels), np.float32)


def test_8_bits_and_back():
    values = np.arange(256, dtype=np.uint8)
    np.testing.assert_array_equal(images.to_uint8(images.from_uint8(values)), values)
    assert images.from_uint8(values).dtype == np.float32 and images.from_uint8(values)[-1] == 1.0


def test_to_gray_weighs_by_bt_601():
    image = np.float32([[[1, 0, 0], [0, 1, 0], [0, 0, 1], [1, 1, 1]]])
    np.testing.assert_allclose(images.to_gray(image), [[0.299, 0.587, 0.114, 1.0]], atol=1e-6)
    assert images.to_gray(image[..., :1]).shape == (1, 4)
    assert images.to_gray(image[..., 0].astype(np.float64)).dtype == np.float32
    for shape in ((4,), (4, 4, 2), (4, 4, 4), (1, 4, 4, 3)):
        with pytest.raises(ValueError, match=r"must be \(H, W\)"):
            images.to_gray(np.zeros(shape, np.float32))
    with pytest.raises(TypeError, match="must be an array. Received: str"):
        images.to_gray("photo.png")


def test_check_size():
    assert images.check_size([16, 99]) == (16, 99)
    for size in ((16, 32_001), (10_001, 10_000), np.array([65_536, 65_536], np.int32)):
        with pytest.raises(ValueError, match=r"at most 32000 rows or columns, and 100 megapixels. Received: size="):
            images.check_size(size)
    for size in ((15, 99), (99, 15), (99,), (99, 99, 3), (-99, 99), 99, "99x99", None):
        with pytest.raises(ValueError, match="`size` must be"):
            images.check_size(size)


def test_sizes_of_what_is_resized_may_be_smaller():
    image = np.zeros((20, 20, 3), np.float32)
    assert images.resize(image, (1, 3)).shape == images.fit(image, [1, 3]).shape == (1, 3, 3)
    for change in (images.resize, images.fit):
        for size in (64, (0, 4), (4.5, 4), (64, 64, 3)):
            with pytest.raises(ValueError, match="`size` must be .*at least 1 x 1. Received"):
                change(image, size)


def test_resize_by_hand():
    image = np.float32([[0, 1, 0, 1], [0, 1, 1, 1]])[..., np.newaxis]
    np.testing.assert_allclose(images.resize(image, (1, 2))[..., 0], [[0.5, 0.75]])  # means of 2 x 2
    grown = images.resize(np.float32([[[0], [1]]]), (1, 4))  # pixel centres at -0.25, 0.25, 0.75, 1.25
    np.testing.assert_allclose(grown[0, :, 0], [0.0, 0.25, 0.75, 1.0])
    stripes = np.tile(np.float32([[0], [1]]), (50, 10))[..., np.newaxis]  # 100 rows, black and white
    np.testing.assert_allclose(images.resize(stripes, (10, 20)), 0.5, atol=1e-6)  # one side shrinks, the other grows


def test_cubic_enlargement_is_nearer_to_a_smooth_picture_and_stays_in_range():
    def wave(count: int) -> np.ndarray:
        columns = (np.arange(count, dtype=np.float32) + 0.5) / count
        return np.broadcast_to(0.5 + 0.4 * np.sin(12 * columns)[np.newaxis, :, np.newaxis], (4, count, 1))

    def error(cubic: bool) -> float:
        return float(np.abs(images.resize(wave(24), (4, 96), cubic) - wave(96))[:, 8:-8].max())

    assert error(cubic=True) < error(cubic=False) / 1.5
    grown = images.resize(np.float32([[0, 0, 1, 1]] * 4)[..., np.newaxis], (16, 16), cubic=True)
    assert grown.min() == 0.0 and grown.max() == 1.0  # a cubic spline passes beyond both
    assert grown.shape == (16, 16, 1) and grown.dtype == np.float32


def test_reduce_only_makes_smaller():
    image = random_picture((40, 200, 3, 0))
    assert images.reduce(image, 200) is image
    np.testing.assert_array_equal(images.reduce(image, 100), images.resize(image, (20, 100)))
    assert images.reduce(image, 50).shape == (16, 50, 3)  # no side below what an image must have


def test_fits_by_hand():
    columns = np.arange(8, dtype=np.float32)[np.newaxis, :, np.newaxis].repeat(4, 0) / 8
    np.testing.assert_array_equal(images.fit(columns, (4, 4), "crop"), columns[:, 2:6])  # evenly on both sides
    np.testing.assert_array_equal(images.fit(columns.transpose(1, 0, 2), (4, 4)), columns.transpose(1, 0, 2)[2:6])
    np.testing.assert_allclose(images.fit(columns, (4, 4), "squeeze")[0, :, 0] * 8, [0.5, 2.5, 4.5, 6.5])
    shrunk = images.fit(np.zeros((4, 8, 3), np.float32), (4, 4), "pad")  # 2 x 4 of it is picture
    assert [float(row.mean()) for row in shrunk] == [1.0, 0.0, 0.0, 1.0]
    with pytest.raises(ValueError, match=r"`fit` must be one of crop, squeeze, pad.*'stretch'"):
        images.fit(columns, (16, 16), "stretch")


@pytest.mark.parametrize("how", images.FITS)
@pytest.mark.parametrize("shape", [(17, 31), (16, 1000), (1000, 16)])
@pytest.mark.parametrize("size", [(16, 16), (120, 160), (31, 17)])
def test_any_shape_fits_any_size(how, shape, size):
    fitted = images.fit(np.full((*shape, 3), 0.5, np.float32), size, how)
    assert fitted.shape == (*size, 3) and fitted.dtype == np.float32
    picture = fitted != 1.0
    np.testing.assert_allclose(fitted[picture], 0.5, atol=1e-6)
    assert picture.any() and (picture.all() or how == "pad")


@settings(max_examples=60, deadline=None)
@given(PICTURES, st.tuples(SIDES, SIDES), st.sampled_from(images.FITS))
def test_fitting_invents_nothing(facts, size, how):
    """Any picture at any size: the right shape, and no value that was not between others (or paper)."""
    image = random_picture(facts)
    fitted = images.fit(image, size, how)
    assert fitted.shape == (*size, image.shape[2]) and fitted.dtype == np.float32
    highest = 1.0 if how == "pad" else image.max()
    assert image.min() - 1e-5 <= fitted.min() and fitted.max() <= highest + 1e-5
    if size == image.shape[:2]:
        np.testing.assert_array_equal(fitted, image)
    mirrored = images.fit(np.ascontiguousarray(image[:, ::-1]), size, "squeeze")
    np.testing.assert_allclose(mirrored[:, ::-1], images.fit(image, size, "squeeze"), atol=1e-5)


def test_side_by_side_and_grid():
    gray, colour = np.zeros((8, 4, 1), np.float32), np.full((8, 5, 3), 0.5, np.float32)
    line = images.side_by_side([gray, colour])
    assert line.shape == (8, 13, 3)
    np.testing.assert_array_equal(line[0, :, 0], [0] * 4 + [1] * 4 + [0.5] * 5)
    sheet = images.grid([[gray, colour], [gray, colour]])
    assert sheet.shape == (20, 13, 3)
    np.testing.assert_array_equal(sheet[8:12], 1.0)


@pytest.mark.parametrize("shown", [images.side_by_side, images.contact_sheet])
def test_no_pictures_and_pictures_of_two_heights_are_refused(shown):
    for pictures in ([], [np.zeros((8, 4, 1)), np.zeros((9, 4, 1))]):
        with pytest.raises(ValueError, match="at least one, all of one .*Received.*images.fit"):
            shown(pictures)
