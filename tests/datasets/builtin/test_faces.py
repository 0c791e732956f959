"""Faces: their traits vary as people do, and what a trait says can be seen where it should be."""

from __future__ import annotations

import copy

import numpy as np
import pytest

from sketchback.datasets.builtin import canvas as painting
from sketchback.datasets.builtin import faces

FACES = [faces.draw(painting.generator(seed)) for seed in range(120)]


def paint(t: painting.Traits) -> np.ndarray:
    return faces.paint(t, 218, 178)


def changed(t: painting.Traits, **values: object) -> painting.Traits:
    t = copy.copy(t)
    vars(t).update(values)
    return t


def plain() -> painting.Traits:
    """A face without beard or glasses, held straight, so that places of the picture are known."""
    return changed(
        FACES[1],
        style="bald",
        turn=0.0,
        tilt=0.0,
        zoom=1.0,
        shift=(0, 0),
        grain=0.0,
        beard=0.0,
        moustache=False,
        glasses=False,
        earring=False,
        open=0.0,
    )


def test_faces_are_skin_in_the_middle():
    # Human skin of every tone is red before green before blue; the two cheeks lie beside the nose.
    for seed, t in enumerate(FACES[:30]):
        cheeks = paint(t)[118:134, 62:116].mean((0, 1))
        assert cheeks[0] > cheeks[1] > cheeks[2] * 0.95, seed


def test_skin_tones_span_light_to_deep():
    tones = [faces.paint(t, 109, 89)[58:68, 30:58].mean() for t in FACES[:60]]
    assert min(tones) < 0.35 and max(tones) > 0.6
    assert np.histogram([t.tone for t in FACES], 4, (0, 1))[0].min() > 15


def test_traits_vary_as_people_do():
    assert 0.05 < np.mean([t.glasses for t in FACES]) < 0.3
    assert 0.1 < np.mean([t.beard > 0 for t in FACES]) < 0.5
    assert {t.collar for t in FACES} == {"crew", "vee", "shirt", "jacket", "roll"}
    assert all(t.skin.dtype == np.float32 and 39 <= t.half <= 44.5 for t in FACES)


def test_lips_are_redder_than_the_cheeks():
    image = paint(changed(plain(), red=0.8))
    lips, cheeks = image[148:158, 82:96].mean((0, 1)), image[120:132, 62:74].mean((0, 1))
    assert lips[0] / lips[1] > 1.15 * cheeks[0] / cheeks[1]


def test_an_open_mouth_shows_teeth():
    def brightest(t: painting.Traits) -> float:
        return float(paint(t)[148:160, 82:96].mean(-1).max())

    t = changed(plain(), skin=faces.SKIN[6])
    assert brightest(changed(t, open=4.0)) > brightest(t) + 0.2


def test_glasses_change_the_eyes_and_not_the_mouth():
    bare, worn = paint(plain()), paint(changed(plain(), glasses=True))
    difference = np.abs(bare - worn).max(-1)
    assert difference[95:130, 45:135].max() > 0.1
    assert difference[145:].max() == 0.0 and difference[:80].max() == 0.0


@pytest.mark.parametrize("light", [-0.7, 0.7])
def test_light_comes_from_its_side(light):
    image = paint(changed(plain(), light=light, ambient=0.3))
    left, right = image[110:130, 52:66].mean(), image[110:130, 112:126].mean()
    assert (right - left) * light > 0.03


@pytest.mark.parametrize("wall", ["plain", "bokeh", "wall"])
def test_backdrops_leave_the_face_alone(wall):
    bare, other = paint(changed(plain(), wall="plain")), paint(changed(plain(), wall=wall))
    assert np.abs(bare - other)[100:150, 70:108].max() < 1e-6
    assert (np.abs(bare - other)[:60].max() > 0.02) == (wall != "plain")
