"""Buildings in their streets: the traits fit together, and what is drawn stands where it should."""

from __future__ import annotations

import copy

import numpy as np
import pytest

from sketchback.datasets.builtin import buildings
from sketchback.datasets.builtin import canvas as painting

BUILDINGS = [buildings.draw(painting.generator(seed)) for seed in range(120)]


def paint(t: painting.Traits, **changes: object) -> np.ndarray:
    """The building alone, without plants and neighbours."""
    t = copy.copy(t)
    vars(t).update(dict(plants=[], neighbours=[], grain=0.0, vignette=0.0, blur=0.0), **changes)
    return buildings.paint(t, 240, 320)


def house(**changes: object) -> painting.Traits:
    """A small white house in the middle, seen from the front."""
    t = copy.copy(next(t for t in BUILDINGS if t.kind == "house" and not t.dusk))
    small = dict(
        floors=2,
        storey=40.0,
        bays=3,
        bay=40.0,
        door_bay=1,
        center=0.0,
        corner=False,
        lean=0.0,
        light=0.0,
        walls="plaster",
        color=np.float32((0.9, 0.9, 0.9)),
        shadow=0.1,
        horizon=0.9,
        side=1,
        balance=np.ones(3),
        roof="side",
        chimneys=0,
        dormers=False,
    )
    vars(t).update(small | changes)
    return t


def test_every_kind_wall_and_roof_appears():
    assert {t.kind for t in BUILDINGS} == set(buildings.KINDS)
    assert {t.walls for t in BUILDINGS} == set(buildings.WALLS)
    assert {t.roof for t in BUILDINGS} == {"gable", "hip", "side", "mansard", "flat"}
    assert {True, False} == {t.corner for t in BUILDINGS} == {t.dusk for t in BUILDINGS}


def test_traits_fit_together():
    for t in BUILDINGS:
        assert 1 <= t.floors <= 6 and 0 <= t.door_bay < t.bays <= 8 and -1 <= t.light <= 1
        assert t.roof in buildings.KINDS[t.kind][-1]
        assert t.color.dtype == np.float32 and 0 < t.color.min() and t.color.max() < 1.1


def test_neighbours_stand_beside_the_building_in_its_light():
    streets = [t for t in BUILDINGS if t.neighbours]
    assert 0.2 < len(streets) / len(BUILDINGS) < 0.9
    for t in streets:
        for other in t.neighbours:
            assert abs(other.center - t.center) >= (t.bays * t.bay + other.bays * other.bay) / 2
            assert other.light == t.light and other.dusk == t.dusk and not hasattr(other, "neighbours")


def test_a_white_house_stands_on_the_ground_under_the_sky():
    image = paint(house())  # from 87 high to the ground at row 216, from x 97 to 223
    beside, above = image[150:210, :60], image[:60]
    front = image[135:212, 100:220]
    assert np.median(front, axis=(0, 1)).min() > 0.6
    assert np.abs(front.mean((0, 1)) - beside.mean((0, 1))).max() > 0.05
    assert above.std(axis=1).max() < 0.2 and front.std() > above.std()


def test_a_day_has_a_bluer_sky_than_dusk():
    day, dusk = paint(house(zenith=np.float32((0.3, 0.5, 0.8)))), paint(house(zenith=np.float32((0.3, 0.2, 0.3))))
    assert day[:20, :, 2].mean() > dusk[:20, :, 2].mean() + 0.3
    np.testing.assert_allclose(day[225:], dusk[225:], atol=1e-6)


@pytest.mark.parametrize("roof", ["gable", "hip", "side", "mansard", "flat"])
@pytest.mark.parametrize("side", [-1, 1])
def test_every_roof_covers_every_shape_of_house(roof, side):
    tiles = np.float32((0.9, 0.0, 0.9))  # a colour that nothing else has
    for corner in (False, True):
        image = paint(house(roof=roof, corner=corner, side=side, tiles=tiles, pitch=0.5))
        rows = np.flatnonzero((image[..., 0] - image[..., 1] > 0.25).sum(1) > 3)
        assert (len(rows) == 0) if roof == "flat" else (rows.max() < 165 and len(rows) > 8)


def test_a_corner_house_is_the_mirror_image_of_its_other_side():
    reach = []
    for side in (1, -1):
        image = paint(house(corner=True, side=side))[100:200]
        reach.append(np.flatnonzero((np.abs(image - image[:, :1]) > 0.1).any((0, 2))))
    assert abs(reach[0].min() + reach[1].max() - 319) < 8


def test_a_tower_rises_above_its_house():
    low, high = paint(house()), paint(house(kind="tower", belfry=36.0, spire=1.5))
    changed = np.flatnonzero(np.abs(low - high).max(-1).max(1) > 0.1)
    assert changed.min() < 60


def test_plants_are_green():
    bare = paint(house())
    grown = paint(house(), plants=[(-110.0, 12.0, 30.0, True, 1.0, 0.0)])
    changed = np.abs(bare - grown).max(-1) > 0.1
    red, green, blue = grown[changed].mean(0)
    assert changed.sum() > 500 and green > red and green > blue
    assert not changed[:, 160:].any()
