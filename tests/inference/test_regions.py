"""Which cells are taken for skin, hair, backdrop; sky, wall, ground."""

from __future__ import annotations

import numpy as np

from sketchback.inference import regions
from sketchback.inference.tone_layers import coverage


def test_a_face_in_front_of_a_dark_backdrop() -> None:
    photo = np.full((128, 112, 3), (0.2, 0.15, 0.12), np.float32)
    photo[16:96, 16:96] = (0.15, 0.1, 0.08)  # hair: about as dark, but drawn
    photo[48:112, 32:80] = (0.75, 0.55, 0.45)
    sketch = np.ones((128, 112, 1), np.float32)
    sketch[16:96, 16:96] = 0.4
    sketch[48:112, 32:80] = 0.95
    found = {name: coverage(mask) > 0.5 for name, mask in regions.find(photo, sketch).items()}
    assert set(found) == set(regions.PARTS) and all(part.shape == (8, 7) for part in found.values())
    assert found["skin"].sum() == 12 and found["skin"][3:7, 2:5].all()
    assert found["hair"][1:3, 1:6].all() and not found["hair"][7].any()
    assert found["background"][0].all() and not (found["background"] & (found["hair"] | found["skin"])).any()


def test_shaded_skin_is_no_hair() -> None:
    photo = np.full((128, 112, 3), 0.9, np.float32)
    photo[16:96, 16:96] = (0.15, 0.1, 0.08)  # hair
    photo[32:128, 32:80] = (0.75, 0.55, 0.45)
    photo[32:96, 64:80] = (0.52, 0.35, 0.27)  # a cheek in the shadow
    photo[112:, 32:80] = (0.52, 0.35, 0.27)  # the neck
    found = {name: coverage(mask) > 0.5 for name, mask in regions.find(photo, 1 - photo[..., :1] / 2).items()}
    assert found["skin"][2:8, 2:5].all() and found["skin"].sum() == 18
    assert found["hair"][1:5, 1].all() and not (found["hair"] & found["skin"]).any()


def test_hair_may_be_narrow_above_and_shadows_below_are_none() -> None:
    photo = np.full((128, 112, 3), 0.9, np.float32)
    photo[16:112, 32:80] = (0.75, 0.55, 0.45)
    photo[16:32, 32:80] = (0.15, 0.1, 0.08)  # hair
    photo[24:108, 28:32] = photo[24:108, 80:84] = (0.15, 0.1, 0.08)  # beside the face, one block wide
    hair = regions.find(photo, 1 - photo[..., :1] / 2)["hair"] > 0
    assert hair[4:8, 8:20].all() and hair[8:14, 7].all() and hair[8:14, 20].all()
    assert not hair[20:].any()


def test_a_building_under_the_sky() -> None:
    photo = np.full((90, 112, 3), (0.7, 0.8, 0.9), np.float32)
    photo[32:80], photo[80:] = (0.6, 0.4, 0.3), (0.3, 0.3, 0.3)
    sketch = np.ones((90, 112, 1), np.float32)
    sketch[32:80] = 0.5
    found = {name: coverage(mask) > 0.5 for name, mask in regions.find(photo, sketch).items()}
    assert found["sky"][:2].all() and found["wall"][2:5].all() and found["ground"][5].all()
    assert (found["sky"].astype(int) + found["wall"] + found["ground"] == 1).all()


def test_sky_and_ground_end_at_strokes() -> None:
    photo = np.full((128, 128, 3), (0.6, 0.55, 0.5), np.float32)  # which tells nothing apart
    sketch = np.ones((128, 128, 1), np.float32)
    sketch[30:112, 30:33] = sketch[30:112, 95:98] = sketch[30:33, 30:98] = 0  # a house
    sketch[110:113] = 0  # the ground it stands on
    found = regions.find(photo, sketch)
    assert found["wall"][8:27, 9:23].all() and found["ground"][29:].all() and not found["ground"][:27].any()
    assert found["sky"][:6].all() and found["sky"][:24, :6].all() and found["sky"][:24, 26:].all()


def test_ground_ends_at_thin_lines_too() -> None:
    photo = np.full((128, 128, 3), (0.6, 0.55, 0.5), np.float32)
    sketch = np.ones((128, 128, 1), np.float32)
    for row in (30, 111):  # as a program draws, and then reduced
        sketch[row, 30:98] = 0.8
    sketch[30:112, (30, 97)] = sketch[111] = 0.8
    found = regions.find(photo, sketch)
    assert found["wall"][9:27, 9:23].all() and found["ground"][29:].all() and not found["ground"][:27, 8:24].any()
