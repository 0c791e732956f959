"""Hair: every style is drawn, of its colour, where its name says."""

from __future__ import annotations

import copy

import numpy as np
import pytest

from sketchback.datasets.builtin import canvas as painting
from sketchback.datasets.builtin import faces
from sketchback.datasets.builtin import hair as hairdos
from sketchback.datasets.builtin.canvas import Canvas

GREEN = np.float32((0.0, 0.9, 0.0))  # hair that cannot be taken for anything else
BASE = faces.draw(painting.generator(1))


def worn(style: str, behind: bool = True, **changes: object) -> np.ndarray:
    """Where the hair lies, `(218, 178)` of cover between 0 and 1; (89, 112) is the point between the eyes."""
    t = copy.copy(BASE)
    vars(t).update(dict(style=style, hair=GREEN, cloth2=GREEN, beard=0.0, moustache=False, part=0.0), **changes)
    canvas = Canvas(218, 178, 1.0, (89, 112))
    hair = np.broadcast_to(GREEN[:, None, None], canvas.pixels.shape)
    if behind:
        hairdos.behind(canvas, t, hair)
    hairdos.beard(canvas, t, hair)
    hairdos.front(canvas, t, hair)
    return canvas.pixels[1] / 0.9


def test_every_style_is_drawn_and_no_two_are_alike():
    covers = np.stack([worn(style) for style in hairdos.STYLES])
    assert (covers.sum((1, 2)) > 200).all()
    distances = np.abs(covers[:, None] - covers[None]).sum((2, 3))
    assert distances[~np.eye(len(covers), dtype=bool)].min() > 100
    assert {faces.draw(painting.generator(seed)).style for seed in range(120)} == set(hairdos.STYLES)


@pytest.mark.parametrize("style", hairdos.STYLES)
def test_no_hair_hangs_over_nose_and_mouth(style):
    assert worn(style, behind=False)[112:155, 75:103].max() < 0.02


def test_styles_lie_where_their_names_say():
    crown, forehead, shoulder = np.s_[55:65, 80:98], np.s_[88:92, 80:98], np.s_[190:200, 40:50]
    assert worn("bald")[crown].max() < 0.02 and worn("short")[crown].min() > 0.9
    assert worn("fringe")[forehead].min() > 0.9 and worn("short")[forehead].max() < 0.1
    assert worn("long", drop=100.0, flare=0.0)[shoulder].max() > 0.4 and worn("short")[shoulder].max() == 0.0
    assert worn("bun")[32:38, 84:94].min() > 0.5 > worn("short")[32:38, 84:94].max()


def test_a_beard_leaves_the_lips_free():
    cover = worn("bald", beard=1.0)
    mouth = int(112 + BASE.mouth)
    assert cover[int(112 + BASE.chin) - 6, 85:93].min() > 0.7
    assert cover[mouth + 1 : mouth + 3, 86:92].max() < 0.3


@pytest.mark.parametrize("style", hairdos.STYLES)
def test_strands_are_of_the_hair_or_the_cloth(style):
    t = copy.copy(BASE)
    vars(t).update(style=style, hair=np.float32((0.6, 0.3, 0.1)), cloth2=np.float32((0.1, 0.3, 0.6)))
    strands = hairdos.strands(Canvas(60, 50, 0.27, (25, 31)), t)
    assert strands.shape == (3, 60, 50) and np.isfinite(strands).all() and strands.std(axis=(1, 2)).max() > 0.01
    red, _, blue = strands.mean((1, 2))
    assert blue > red if style == "scarf" else red > blue
