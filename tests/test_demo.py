"""The built-in pictures: images by the contract, the same ones every time, and like what they show."""

from __future__ import annotations

import numpy as np
import pytest

from sketchback import demo

PAINTERS = [demo.face, demo.building]


@pytest.mark.parametrize("paint", PAINTERS)
@pytest.mark.parametrize("size", [(16, 16), (64, 48), (33, 80)])
def test_is_an_image_of_the_asked_size(paint, size):
    image = paint(3, size=size)
    assert image.shape == (*size, 3)
    assert image.dtype == np.float32
    assert image.min() >= 0.0 and image.max() <= 1.0


def test_default_sizes():
    assert demo.face(0).shape == (218, 178, 3)
    assert demo.building(0).shape == (240, 320, 3)


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
    for seed in range(0, demo.FACES, 16):
        assert np.isfinite(demo.face(seed, size=(32, 26))).all()
    for seed in range(0, demo.BUILDINGS, 8):
        assert np.isfinite(demo.building(seed, size=(24, 32))).all()


def test_faces_are_skin_in_the_middle():
    # Human skin of every tone is red before green before blue; the two cheeks lie beside the nose.
    for seed in range(30):
        cheeks = demo.face(seed)[118:134, 62:116].mean((0, 1))
        assert cheeks[0] > cheeks[1] > cheeks[2] * 0.95, seed


def test_skin_tones_span_light_to_deep():
    tones = [demo.face(seed, size=(109, 89))[58:68, 30:58].mean() for seed in range(60)]
    assert min(tones) < 0.35 and max(tones) > 0.6


def test_lips_are_redder_than_the_cheeks():
    redder = []
    for seed in range(60):
        traits = demo._draw_face(demo._generator(seed))
        if traits.beard > 0 or traits.moustache or traits.open > 1:
            continue
        image = demo.face(seed)
        lips, cheeks = image[147:160, 82:96].mean((0, 1)), image[120:132, 62:74].mean((0, 1))
        redder.append(lips[0] / lips[1] > cheeks[0] / cheeks[1])
    assert len(redder) > 10 and np.mean(redder) > 0.8


def test_skies_are_above_grounds():
    bluish = [demo.building(seed, size=(60, 80))[:6].mean((0, 1)) for seed in range(40)]
    assert np.mean([sky[2] > sky[0] for sky in bluish]) > 0.5


@pytest.mark.parametrize("paint", PAINTERS)
def test_refuses_what_it_cannot_paint(paint):
    with pytest.raises(ValueError, match=r"`seed` must be 0 or more\. Received: seed=-1"):
        paint(-1)
    with pytest.raises(ValueError, match="`size` must be"):
        paint(0, size=(8, 8))


def test_curve_passes_through_its_points():
    square = np.array([(0, 0), (4, 0), (4, 4), (0, 4)], float)
    curve = demo._curve(square, steps=5)
    assert curve.shape == (20, 2)
    np.testing.assert_allclose(curve[::5], square, atol=1e-12)


def test_fill_covers_exactly_the_area():
    canvas = demo._Canvas(32, 32, 1.0, (0, 0))
    canvas.fill(demo._box(8, 8, 24, 16), (1.0, 0.5, 0.0))
    red, green, blue = canvas.pixels.sum((1, 2))
    # OpenCV draws the outline too, less than a pixel wide on the outside.
    assert 16 * 8 <= red <= 16 * 8 + 2 * (16 + 8)
    assert green == pytest.approx(red / 2) and blue == 0
    assert canvas.pixels[0, 12, 16] == 1.0 and canvas.pixels[0, 4, 4] == 0.0


def test_fill_outside_the_canvas_changes_nothing():
    canvas = demo._Canvas(16, 16, 1.0, (0, 0))
    canvas.fill(demo._box(100, 100, 120, 120), (1, 1, 1), soft=2)
    assert not canvas.pixels.any()


def test_mirrored_outlines_are_symmetric():
    outline = demo._both([(0, -5), (3, 0), (0, 5)])
    mirrored = outline * (-1, 1)
    assert all(np.abs(outline - point).sum(1).min() < 1e-9 for point in mirrored)
