"""Fronts: sizes by arithmetic, courses where a ruler puts them, and the parts of a window."""

from __future__ import annotations

import copy

import numpy as np
import pytest

from sketchback.datasets.builtin import buildings, facades
from sketchback.datasets.builtin import canvas as painting

DRAWN = buildings.draw(painting.generator(0))


def traits(**changes: object) -> painting.Traits:
    """A plain white front: 2 storeys of 40, bays of 30, nothing optional."""
    t = copy.copy(DRAWN)
    plain = dict(
        floors=2,
        storey=40.0,
        bay=30.0,
        walls="plaster",
        color=np.float32((0.9, 0.9, 0.9)),
        courses=False,
        balconies=False,
        shutters=False,
        pediment=False,
        arched=False,
        sill=False,
        shop=False,
        door_bay=1,
        light=-1.0,
        shadow=0.1,
        rough=np.zeros((64, 64), np.float32),
        lit=np.array((False, False)),
        curtain=np.zeros(2, np.float32),
        pane=(0.4, 0.5),
        glass=0.2,
    )
    vars(t).update(plain | changes)
    return t


def cover(kind: str = "window", variant: int = 0, **changes: object) -> float:
    return float(facades.window(traits(**changes), 2.0, variant, kind)[3].sum()) / 4  # in square units


def test_a_front_is_as_large_as_its_bays_and_storeys():
    t = traits()
    cells = [facades.window(t, 2.0, 0)]
    assert cells[0].shape == (4, 80, 60)
    assert facades.facade(t, 3, 2.0, cells).shape == (3, (2 * 40 + 7) * 2, (3 * 30 + 6) * 2)


def test_windows_repeat_and_the_entry_is_in_its_bay():
    t = traits()
    cells = [facades.window(t, 1.0, 0)]
    front, entered = (facades.facade(t, 3, 1.0, cells, entry) for entry in (False, True))
    np.testing.assert_allclose(front[:, 20:45, 3:33], front[:, 20:45, 33:63], atol=1e-6)  # away from the eaves
    changed = np.flatnonzero(np.abs(front - entered).max((0, 1)) > 1e-6)
    assert changed.min() >= 33 and changed.max() < 63
    assert np.abs(front - entered)[:, :47].max() == 0.0  # only on the ground floor


def test_a_window_covers_its_pane_and_frame():
    # 12 x 20 units of opening, a frame of 1.2 around it, and a faint shadow.
    assert 14.4 * 22.4 <= cover() <= 14.4 * 22.4 * 1.25
    glass = facades.window(traits(panes=(2, 1)), 2.0, 0)[:, 55, 26]
    assert glass[3] > 0.98 and glass[2] > glass[0]  # the sky in it


@pytest.mark.parametrize("part", ["shutters", "pediment", "sill"])
def test_a_part_adds_cover(part):
    assert cover(**{part: True}) > cover() + 10


def test_only_the_second_kind_of_window_has_a_balcony():
    assert cover(balconies=True) == cover() and cover(variant=1, balconies=True) > cover() + 20


def test_a_shop_is_wider_than_a_door():
    assert cover("shop") > 1.5 * cover("door")


def test_lit_windows_are_warm():
    red, _, blue, _ = facades.window(traits(lit=np.array((True, True))), 2.0, 0)[:, 40:50, 22:28].mean((1, 2))
    assert red > blue + 0.2


def test_courses_are_as_tall_as_a_ruler_says():
    # Without noise only the joints remain: bricks of 3 units, 0.8 of it mortar, which is lighter.
    plaster, bricks = (facades.wall(traits(walls=walls), 60, 80, 1.0)[0] for walls in ("plaster", "brick"))
    joints = np.flatnonzero((bricks / plaster > 1.1).all(1))
    np.testing.assert_array_equal(joints, np.arange(0, 60, 3))
    assert plaster.std(axis=1).max() < 1e-6


def test_half_timber_is_dark_wood_on_white():
    t = traits(walls="frame")
    front = facades.facade(t, 2, 1.0, [facades.window(t, 1.0, 0)])
    assert front[0, 20:40, 3].max() < 0.4 and front[0, 25:35, 6].min() > 0.7  # a post, and the wall beside it
