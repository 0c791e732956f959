"""The page on the table: its corners found, and the camera's view undone."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from places import DRAWINGS
from tabletop import TILTED, head, light, photographed

from sketchback import images
from sketchback.sketching.page_detection import FOCAL, find_page, rectify


@pytest.mark.parametrize(
    "corners",
    [
        TILTED,
        [[60, 60], [540, 60], [540, 660], [60, 660]],  # straight
        [[130, 60], [580, 140], [480, 660], [35, 580]],  # turned by 10 degrees
    ],
)
def test_the_corners_are_found(corners) -> None:
    found = find_page(photographed(head(), corners, (720, 600)))
    np.testing.assert_allclose(found, corners, atol=2.0)


def test_in_shadow_and_noise() -> None:
    picture = photographed(head(), TILTED, (720, 600)) * light((720, 600))
    picture = picture + 0.05 * np.random.default_rng(0).standard_normal(picture.shape, np.float32)
    np.testing.assert_allclose(find_page(np.clip(picture, 0, 1)), TILTED, atol=2.5)


def test_grey_pictures_and_other_sizes() -> None:
    picture = images.to_gray(photographed(head(), TILTED, (720, 600)))[..., np.newaxis]
    for size in ((360, 300), (1440, 1200)):
        found = find_page(images.resize(picture, size))
        np.testing.assert_allclose(found, (TILTED + 0.5) * size[0] / 720 - 0.5, atol=3.0 * size[0] / 720)


def test_no_page_where_there_is_none() -> None:
    framed = np.ones((400, 320, 1), np.float32)
    cv2.rectangle(framed, (40, 40), (280, 360), 0.1, 4)  # a frame that is drawn has paper on both sides
    cut_off = photographed(head(), TILTED, (720, 600))[:, 110:]
    noise = np.random.default_rng(0).random((300, 300, 3), np.float32)
    for picture in (head(), framed, cut_off, noise, np.ones((300, 300, 1), np.float32)):
        assert find_page(picture) is None


@pytest.mark.parametrize("name", ["facade", "face_ink", "face_line", "face_pencil", "house", "tower"])
def test_none_in_a_clean_drawing(name: str) -> None:
    assert find_page(images.read(DRAWINGS / f"{name}.png")) is None


def test_rectify_brings_the_drawing_back() -> None:
    page = head(600, 480)
    flat = rectify(photographed(page, TILTED, (720, 600)), TILTED)
    back = images.resize(images.to_gray(flat)[..., np.newaxis], (600, 480))
    assert np.abs(back - page).mean() < 0.02


def test_rectify_knows_the_proportions_of_a_tilted_page() -> None:
    # A pinhole camera with a phone's focal length looks at a page of 3 to 4 that leans back by 25 degrees.
    focal, tilt = FOCAL * 1000, np.radians(25)
    page = np.array([[-1.5, -2], [1.5, -2], [1.5, 2], [-1.5, 2]])
    depth = 7 - page[:, 1] * np.sin(tilt)
    corners = focal * np.stack([page[:, 0], page[:, 1] * np.cos(tilt)], axis=1) / depth[:, np.newaxis]
    picture = np.zeros((1000, 800, 1), np.float32)
    height, width = rectify(picture, corners + (399.5, 499.5)).shape[:2]
    assert height / width == pytest.approx(4 / 3, rel=0.01)
