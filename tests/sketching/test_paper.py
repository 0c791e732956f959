"""The paper under a drawing: light and colours that are made here and known."""

from __future__ import annotations

import numpy as np
from tabletop import BEIGE, head, light

from sketchback import images
from sketchback.sketching.paper import flatten, paper

HEAD = head()


def test_flatten_divides_light_and_colour_out() -> None:
    flat = images.to_gray(flatten(HEAD * BEIGE * light((250, 200))))[..., np.newaxis]
    assert np.abs(flat - HEAD).mean() < 0.015
    assert np.abs(flat - HEAD)[HEAD < 0.2].max() < 0.05  # hair stays dark


def test_paper_is_followed_under_hair() -> None:
    expected = 0.9 * light((250, 200))
    np.testing.assert_allclose(paper(HEAD * expected), expected, rtol=0.06)


def test_flatten_keeps_the_tones_of_a_coloured_drawing() -> None:
    page = np.ones((200, 160, 3), np.float32)
    page[60:140, 40:120] = (0.8, 0.2, 0.2)
    assert np.abs(images.to_gray(flatten(page * BEIGE)) - images.to_gray(page)).mean() < 0.01
