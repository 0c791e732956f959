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


def test_a_building_under_the_sky() -> None:
    photo = np.full((90, 112, 3), (0.7, 0.8, 0.9), np.float32)
    photo[32:80], photo[80:] = (0.6, 0.4, 0.3), (0.3, 0.3, 0.3)
    sketch = np.ones((90, 112, 1), np.float32)
    sketch[32:80] = 0.5
    found = {name: coverage(mask) > 0.5 for name, mask in regions.find(photo, sketch).items()}
    assert found["sky"][:2].all() and found["wall"][2:5].all() and found["ground"][5].all()
    assert (found["sky"].astype(int) + found["wall"] + found["ground"] == 1).all()
