"""Painting: values that can be checked by hand."""

from __future__ import annotations

import numpy as np
import pytest

from sketchback.datasets.builtin import canvas as painting
from sketchback.datasets.builtin.canvas import Canvas, box, curve, ellipse, mirrored


def plain_camera(**changes: object) -> painting.Traits:
    values = dict(blur=0.0, vignette=0.0, grain=0.0, balance=np.ones(3), noise=np.ones((128, 128), np.float32))
    return painting.traits(**values | changes)


def test_fill_covers_exactly_the_area():
    canvas = Canvas(32, 32, 1.0, (0, 0))
    canvas.fill(box(8, 8, 24, 16), (1.0, 0.5, 0.0))
    red, green, blue = canvas.pixels.sum((1, 2))
    # OpenCV draws the outline too, less than a pixel wide on the outside.
    assert 16 * 8 <= red <= 16 * 8 + 2 * (16 + 8)
    assert green == pytest.approx(red / 2) and blue == 0
    assert canvas.pixels[0, 12, 16] == 1.0 and canvas.pixels[0, 4, 4] == 0.0


def test_units_are_scaled_about_the_origin():
    canvas = Canvas(20, 20, 2.0, (10, 10))
    assert canvas.x[0, :2].tolist() == [-4.75, -4.25] and canvas.y.shape == (20, 1)
    canvas.fill(box(-2, -2, 2, 2), (1, 1, 1))  # 4 units, 8 pixels, from 6 to 14
    assert canvas.pixels[0, 10, 6:14].min() == 1.0
    assert canvas.pixels[0, 10, :5].max() == canvas.pixels[0, 10, 16:].max() == 0.0


def test_opacity_mixes_and_the_fourth_plane_counts_cover():
    canvas = Canvas(16, 16, 1.0, (0, 0), planes=4)
    canvas.fill(box(2, 2, 14, 14), (1, 0, 0), 0.5)
    canvas.fill(box(2, 2, 14, 14), (0, 0, 1), 0.5)
    np.testing.assert_allclose(canvas.pixels[:, 8, 8], (0.25, 0, 0.5, 0.75), atol=1e-6)


def test_an_outline_inside_another_is_a_hole():
    canvas = Canvas(32, 32, 1.0, (0, 0))
    canvas.fill([box(4, 4, 28, 28), box(12, 12, 20, 20)], (1, 1, 1))
    assert canvas.pixels[0, 8, 8] == 1.0 and canvas.pixels[0, 16, 16] == 0.0


def test_a_line_is_as_wide_as_it_says():
    canvas = Canvas(32, 32, 1.0, (0, 0))
    canvas.fill(np.array([(-5.0, 16.0), (40.0, 16.0)]), (1, 1, 1), width=4)
    assert 4 <= canvas.pixels[0, :, 16].sum() <= 6  # OpenCV's outline again
    assert canvas.pixels[0, 8].max() == 0.0


def test_softness_blurs_the_edge_and_keeps_the_area():
    hard, soft = Canvas(64, 64, 1.0, (0, 0)), Canvas(64, 64, 1.0, (0, 0))
    for canvas, blur in ((hard, 0.0), (soft, 3.0)):
        canvas.fill(box(20, 20, 44, 44), (1, 1, 1), soft=blur)
    assert soft.pixels.sum() == pytest.approx(hard.pixels.sum(), rel=0.02)
    assert 0.4 < soft.pixels[0, 32, 20] < 0.7 and soft.pixels[0, 32, 17] > 0.05


def test_paint_may_be_a_colour_a_picture_or_a_function():
    picture = np.random.default_rng(0).random((3, 24, 24), np.float32)
    canvases = [Canvas(24, 24, 1.0, (0, 0)) for _ in range(2)]
    for canvas, paint in zip(canvases, (picture, lambda rows, columns: picture[:, rows, columns]), strict=True):
        canvas.fill(box(6, 4, 20, 18), paint)
    np.testing.assert_array_equal(canvases[0].pixels, canvases[1].pixels)
    np.testing.assert_array_equal(canvases[0].pixels[:, 6:16, 8:18], picture[:, 6:16, 8:18])


def test_fill_outside_the_canvas_changes_nothing():
    canvas = Canvas(16, 16, 1.0, (0, 0))
    canvas.fill(box(100, 100, 120, 120), (1, 1, 1), soft=2)
    assert not canvas.pixels.any()


def test_curve_passes_through_its_points():
    square = np.array([(0, 0), (4, 0), (4, 4), (0, 4)], float)
    closed, bent = curve(square, steps=5), curve(square, closed=False, steps=5)
    assert closed.shape == (20, 2) and bent.shape == (16, 2)
    np.testing.assert_allclose(closed[::5], square, atol=1e-12)
    np.testing.assert_allclose(bent[::5], square, atol=1e-12)


def test_a_curve_through_a_straight_line_stays_on_it():
    line = curve([(0, 1), (2, 1), (4, 1), (6, 1)], closed=False)
    np.testing.assert_allclose(line[:, 1], 1)
    assert (np.diff(line[:, 0]) > 0).all()


def test_mirrored_outlines_are_symmetric():
    outline = mirrored([(0, -5), (3, 0), (0, 5)])
    assert len(outline) == 4 * 6  # the points on the axis are not doubled
    assert all(np.abs(outline - point).sum(1).min() < 1e-9 for point in outline * (-1, 1))


def test_an_ellipse_keeps_its_radii():
    around = (ellipse(3, -2, 4, 5) - (3, -2)) / (4, 5)
    np.testing.assert_allclose(np.hypot(*around.T), 1)


def test_smooth_noise_of_a_constant_is_constant():
    np.testing.assert_allclose(painting.smooth_noise(np.full((64, 64), 0.5, np.float32), 30, 70, 5), 0.5, atol=1e-6)


def test_traits_hold_single_precision():
    t = painting.traits(color=np.ones(3), which=np.arange(3), name="a", number=0.5)
    assert t.color.dtype == np.float32 and t.which.dtype == np.arange(3).dtype
    assert t.name == "a" and isinstance(t.number, float)


def test_chance_is_the_share_of_all_draws():
    rng = painting.generator(0)
    assert np.mean([painting.chance(rng, 0.3) for _ in range(2000)]) == pytest.approx(0.3, abs=0.04)
    assert painting.chance(rng, 1.0) and not painting.chance(rng, 0.0)


def test_a_camera_without_faults_changes_nothing():
    picture = np.random.default_rng(0).random((20, 30, 3), np.float32)
    np.testing.assert_allclose(painting.photograph(picture, plain_camera(), 1.0), picture, atol=1e-6)


def test_a_camera_darkens_the_rim_tints_adds_grain_and_clips():
    grey = np.full((21, 21, 3), 0.5, np.float32)
    dark = painting.photograph(grey, plain_camera(vignette=0.25), 1.0)
    assert dark[10, 10, 0] == pytest.approx(0.5) and dark[0, 0, 0] == pytest.approx(0.25)  # 1 - 0.25 * (1 + 1)
    tinted = painting.photograph(grey, plain_camera(balance=np.array((1.2, 1.0, 0.8))), 1.0)
    np.testing.assert_allclose(tinted[3, 4], (0.6, 0.5, 0.4), atol=1e-6)
    assert painting.photograph(grey, plain_camera(grain=0.1), 1.0)[5, 5, 1] == pytest.approx(0.6)
    assert painting.photograph(grey, plain_camera(grain=0.9), 1.0).max() == 1.0
