"""Photograph -> sketch: each filter against its formula, on real pictures and on the ones that break filters."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
import skimage.data
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage

from sketchback import images
from sketchback.sketching import line, on_paper, paper_texture, pencil, xdog

every_filter = pytest.mark.parametrize("draw", [pencil, xdog, line])
NOISE = np.random.default_rng(0).random((16, 16, 3), np.float32)


@pytest.fixture(scope="module")
def photo() -> np.ndarray:
    """A face at CelebA's size, with black areas."""
    return images.resize(images.from_uint8(skimage.data.astronaut()[0:270, 120:340]), (218, 178))


def gray_64(photo: np.ndarray) -> np.ndarray:
    return photo.astype(np.float64) @ [0.299, 0.587, 0.114]


# ---- Pencil Sketchify


def test_pencil_by_hand() -> None:
    # blur=3 is the kernel 1/4, 1/2, 1/4: a grey line of 0.5 in white is divided by 0.75; beside it the quotient is
    # 1 / 0.875, which is white, as everything farther away.
    picture = np.ones((16, 16, 3), np.float32)
    picture[:, 8] = 0.5
    sketch = pencil(picture, blur=3)[5, :, 0]
    assert sketch[8] == pytest.approx(256 / 255 * 0.5 / 0.75, abs=1e-5)
    np.testing.assert_array_equal(np.delete(sketch, 8), 1.0)


def test_pencil_equals_the_8_bit_original_where_8_bits_can_tell() -> None:
    gray = cv2.cvtColor(skimage.data.astronaut(), cv2.COLOR_RGB2GRAY)
    smooth = cv2.GaussianBlur(gray, (21, 21), 0)
    original = cv2.divide(gray, smooth, scale=256).astype(int)
    ours = images.to_uint8(pencil(images.from_uint8(gray[..., np.newaxis])))[..., 0].astype(int)
    difference = np.abs(ours - original)
    # Rounding the blur `b` to 8 bits moves the quotient by up to 128 / b levels, plus OpenCV's fixed-point kernel.
    assert difference[smooth >= 128].max() <= 2
    assert difference[smooth >= 64].max() <= 4
    assert (difference <= 2).mean() > 0.97
    assert (gray == 0).sum() > 10_000
    np.testing.assert_array_equal(ours[gray == 0], original[gray == 0])  # black stays black, 0 / 0 included


def test_pencil_equals_a_float64_reference(photo) -> None:
    # OpenCV's Gaussian of 21 pixels: sigma 3.5, and the border mirrored without repeating the edge.
    gray = gray_64(photo)
    smooth = ndimage.gaussian_filter(gray, 3.5, mode="mirror", radius=10)
    expected = np.minimum(256 / 255 * gray / np.maximum(smooth, 1e-6), 1.0)
    np.testing.assert_allclose(pencil(photo)[..., 0], expected, atol=1e-4)


# ---- XDoG


@pytest.mark.parametrize("given", [{}, {"sigma": 1.4, "k": 2.0, "p": 5.0, "epsilon": 0.5, "phi": 10.0}, {"p": 0.0}])
def test_xdog_equals_a_float64_reference(photo, given) -> None:
    s = {"sigma": 0.8, "k": 1.6, "p": 20.0, "epsilon": 0.3, "phi": 4.0} | given
    gray = gray_64(photo)
    narrow, wide = (
        ndimage.gaussian_filter(gray, sigma, mode="mirror", radius=int(np.ceil(3 * sigma)))
        for sigma in (s["sigma"], s["k"] * s["sigma"])
    )
    u = (1 + s["p"]) * narrow - s["p"] * wide
    expected = np.where(u >= s["epsilon"], 1.0, 1.0 + np.tanh(s["phi"] * (u - s["epsilon"])))
    np.testing.assert_allclose(xdog(photo, **given)[..., 0], expected, atol=1e-3)


def test_xdog_by_hand() -> None:
    # On a flat picture both Gaussians are the picture, so u = grey.
    assert np.all(xdog(np.full((16, 16, 3), 0.5, np.float32)) == 1.0)
    np.testing.assert_allclose(xdog(np.full((16, 16, 3), 0.1, np.float32)), 1 + np.tanh(4 * -0.2), atol=1e-4)
    assert np.all(xdog(NOISE, phi=0.0) == 1.0)


# ---- lines


def test_line_draws_along_a_step_and_nowhere_else() -> None:
    step = np.zeros((32, 32, 3), np.float32)
    step[:, 16:] = 0.5
    sketch = line(step)[..., 0]
    assert np.all(sketch[:, :12] == 1.0) and np.all(sketch[:, 20:] == 1.0)
    assert np.all(sketch[:, 14:18].min(axis=1) < 0.2)


def test_line_thresholds_are_gradients() -> None:
    # A ramp of 0.03 a pixel: no line where `high` is above, whatever the contrast from end to end.
    ramp = np.repeat(np.float32(np.linspace(0, 0.93, 32))[np.newaxis], 32, axis=0)[..., np.newaxis]
    assert np.all(line(ramp, low=0.02, high=0.05)[:, 4:-4] == 1.0)
    step = np.repeat(np.float32(np.arange(32) >= 16)[np.newaxis], 32, axis=0)[..., np.newaxis]
    faint = line(step * np.float32(0.05), low=0.005, high=0.015)  # steepest slope 0.05 * 0.4 = 0.02
    assert faint.min() < 0.5
    assert np.all(line(step * np.float32(0.05), low=0.005, high=0.03) == 1.0)


def test_a_thicker_pen_leaves_more_ink(photo) -> None:
    inks = [float((1 - line(photo, thickness=thickness)).sum()) for thickness in (0.7, 1.0, 1.5, 2.5)]
    assert inks == sorted(inks) and inks[-1] > 1.3 * inks[0]


# ---- what all have in common


@every_filter
def test_scale_draws_at_another_size(photo, draw) -> None:
    expected = images.resize(draw(images.resize(photo, (109, 89))), photo.shape[:2])
    np.testing.assert_allclose(draw(photo, scale=0.5), expected, atol=1e-6)
    assert draw(photo, scale=1.5).shape == (218, 178, 1)
    assert draw(NOISE, scale=0.01).shape == (16, 16, 1)  # never drawn below the smallest picture


@every_filter
def test_white_paper_some_ink_and_grey_pictures(photo, draw) -> None:
    sketch = draw(photo)
    assert 0.005 < (sketch < 0.5).mean() < 0.6 and (sketch > 0.95).mean() > 0.4
    np.testing.assert_array_equal(draw(images.to_gray(photo)[..., np.newaxis]), sketch)


@pytest.mark.parametrize(
    ("draw", "wrong", "words"),
    [
        *((pencil, {"blur": blur}, f"`blur` must be odd.*blur={blur}") for blur in (0, -3, 20, 21.0)),
        *((xdog, wrong, "`sigma` must be positive.* and `k` above 1") for wrong in ({"sigma": 0.0}, {"k": 1.0})),
        *((xdog, wrong, "`phi` not negative") for wrong in ({"phi": -1.0}, {"p": 1e308}, {"epsilon": float("nan")})),
        *((line, {"low": low, "high": 0.1}, "`low` and `high`") for low in (-0.1, 0.2)),
        (line, {"thickness": 0}, "`thickness` must be positive"),
        *((draw, {"scale": 0}, "`scale` must be positive") for draw in (pencil, xdog, line)),
    ],
)
def test_what_filters_refuse(draw, wrong, words) -> None:
    with pytest.raises(ValueError, match=words):
        draw(NOISE, **wrong)


def test_paper() -> None:
    white, paper = np.ones((16, 16, 3), np.float32), np.full((16, 16), 0.8, np.float32)
    np.testing.assert_allclose(on_paper(white[..., :1] / 2, paper), 0.4)
    with pytest.raises(ValueError, match=r"`paper` must have the size.*paper_texture"):
        on_paper(white[..., :1], paper[:8])
    grain = paper_texture((40, 50), seed=1)
    assert grain.shape == (40, 50) and grain.dtype == np.float32 and 0.9 < grain.mean() < 1.0 and grain.max() <= 1.0
    np.testing.assert_array_equal(grain, paper_texture((40, 50), seed=1))
    assert not np.array_equal(grain, paper_texture((40, 50), seed=2))


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**31), st.sampled_from([1, 3]), st.floats(0.3, 1.0))
def test_mirrors_and_light(seed, channels, light) -> None:
    rng = np.random.default_rng(seed)
    noise = rng.random((*rng.integers(16, 64, 2), channels), np.float32)
    photo = np.clip(ndimage.uniform_filter(noise, (seed % 5 + 1, 3, 1)), 0.01, 1.0)  # black is special: 0 / 0
    for draw in (pencil, xdog):
        mirrored = draw(np.ascontiguousarray(photo[:, ::-1]))
        np.testing.assert_allclose(mirrored[:, ::-1], draw(photo), atol=2e-4)
    # The quotient of a photograph and its blur does not change when both are darker.
    np.testing.assert_allclose(pencil(photo * np.float32(light)), pencil(photo), atol=1e-4)
