"""The built-in pictures: images by the contract, the same every time, various, and worth sketching."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from sketchback import images, sketching
from sketchback.datasets import builtin
from sketchback.datasets.builtin import buildings, faces
from sketchback.datasets.builtin.canvas import Canvas, box, curve

PAINTERS = pytest.mark.parametrize("paint", [builtin.face, builtin.building])


@PAINTERS
@pytest.mark.parametrize("size", [(16, 16), (64, 48), (33, 80)])
def test_is_an_image_of_the_asked_size(paint, size):
    image = paint(3, size=size)
    assert image.shape == (*size, 3) and image.dtype == np.float32
    assert image.min() >= 0 and image.max() <= 1 and image.std() > 0.05


@PAINTERS
def test_same_seed_same_pixels_and_other_seeds_other_pictures(paint):
    first = [paint(seed, size=(32, 32)) for seed in range(40)]
    np.testing.assert_array_equal(first[5], paint(5, size=(32, 32)))
    thumbs = np.reshape(first, (40, -1))
    distances = np.abs(thumbs[:, None] - thumbs[None]).mean(-1) + np.eye(40)
    assert distances.min() > 0.03


@PAINTERS
@pytest.mark.parametrize("seed", range(4))
def test_a_large_picture_reduced_is_the_small_one(paint, seed):
    small, large = (images.resize(paint(seed, size=(side, side)), (40, 40)) for side in (160, 480))
    assert np.abs(small - large).mean() < 0.04


@PAINTERS
def test_refuses_what_it_cannot_paint(paint):
    with pytest.raises(ValueError, match=r"`seed` must be 0 or more\. Received: seed=-1"):
        paint(-1)
    with pytest.raises(ValueError, match="`size` must be"):
        paint(0, size=(8, 8))


@pytest.mark.slow
@pytest.mark.parametrize(("paint", "count"), [(builtin.face, builtin.FACES), (builtin.building, builtin.BUILDINGS)])
def test_every_seed_paints(paint, count):
    for seed in range(count):
        image = paint(seed, size=(32, 40))
        assert np.isfinite(image).all() and image.std() > 0.02, seed


@PAINTERS
@pytest.mark.parametrize("style", ["pencil", "xdog", "line"])
def test_sketches_have_ink_and_paper(paint, style):
    for seed in range(3):
        sketch = sketching.sketch(paint(seed, size=(128, 128)), style)
        assert (sketch < 0.7).mean() > 0.01 and (sketch > 0.8).mean() > 0.4, seed


def test_eyes_and_mouth_are_in_a_sketch():
    for seed in range(6):
        ink = 1 - sketching.sketch(builtin.face(seed), "pencil")[..., 0]
        assert ink[95:125, 55:125].mean() > 1.5 * ink[122:138, 55:70].mean(), seed  # eyes against a cheek
        assert ink[140:165, 72:106].max() > 0.25, seed


def test_a_face_is_skin_in_the_middle_from_light_to_deep():
    # Skin of every tone is red before green before blue.
    cheeks = np.array([builtin.face(seed)[118:134, 62:116].mean((0, 1)) for seed in range(40)])
    assert (cheeks[:, 0] > cheeks[:, 1]).all() and (cheeks[:, 1] > 0.95 * cheeks[:, 2]).all()
    assert cheeks.mean(1).min() < 0.3 and cheeks.mean(1).max() > 0.6


def test_faces_vary_as_people_do():
    traits = [faces.sample(np.random.default_rng(seed)) for seed in range(builtin.FACES)]
    styles = Counter(t.style for t in traits)
    assert set(styles) == set(faces.STYLES) and min(styles.values()) > 20
    hair = np.array([t.hair for t in traits])
    assert hair.max(1).min() < 0.1 and hair.max(1).max() > 0.7 and (hair[:, 0] > 1.8 * hair[:, 2]).mean() > 0.1
    assert np.histogram([t.tone for t in traits], 4, (0, 1))[0].min() > 100
    assert 0.1 < np.mean([t.glasses for t in traits]) < 0.3 and 0.1 < np.mean([t.beard > 0.1 for t in traits]) < 0.5


def test_buildings_vary_and_stand_apart():
    traits = [buildings.sample(np.random.default_rng(seed)) for seed in range(builtin.BUILDINGS)]
    assert {t.kind for t in traits} == set(buildings.KINDS) and {t.walls for t in traits} == set(buildings.WALLS)
    assert {t.roof for t in traits} == {"flat", "gable", "hip", "slope"}
    pairs = [(t, other) for t in traits for other in t.neighbours]
    assert len(pairs) > 50
    for t, other in pairs:
        assert abs(other.center - t.center) >= (t.bays * t.bay + other.bays * other.bay) / 2


def test_fill_covers_the_area_and_leaves_holes():
    canvas = Canvas(32, 32, scale=2.0, origin=(0, 0))
    canvas.fill([box(2, 2, 14, 14), box(6, 6, 10, 10)], (1.0, 0.5, 0.0), soft=0.3)
    red, green, blue = canvas.pixels.sum((1, 2))
    # 24 x 24 pixels without 8 x 8; OpenCV draws the outline too, less than a pixel wide.
    assert 512 <= red <= 512 + 4 * (24 + 8) and green == pytest.approx(red / 2) and blue == 0
    assert canvas.pixels[0, 8, 8] == 1 and canvas.pixels[0, 16, 16] == 0
    canvas.fill(box(100, 100, 120, 120), (1, 1, 1), soft=2)  # outside: nothing changes
    assert canvas.pixels[0].sum() == red


def test_curve_passes_through_its_points():
    square = np.array([(0, 0), (4, 0), (4, 4), (0, 4)], float)
    np.testing.assert_allclose(curve(square)[::6], square, atol=1e-12)
    np.testing.assert_allclose(curve(square, closed=False)[::6], square, atol=1e-12)
