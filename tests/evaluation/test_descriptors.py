"""Descriptors of faces: regions, HOG against one written from the paper, dlib's recogniser on a photograph."""

from __future__ import annotations

import importlib.util

import numpy as np
import pytest
from PIL import Image
from skimage import data
from skimage.feature import hog as histograms

from sketchback import images
from sketchback.evaluation import descriptors
from sketchback.evaluation.descriptors import DESCRIPTORS, REGIONS, crop, euclidean, hog

DLIB = pytest.mark.skipif(
    not all(map(importlib.util.find_spec, ("dlib", descriptors.PACKAGE))),
    reason="needs the extra: pip install -e .[identify]",
)


# Regions


def test_the_inner_face_of_cufs_is_rows_95_to_200_and_columns_45_to_155() -> None:
    image = np.arange(250 * 200).reshape(250, 200, 1)
    np.testing.assert_array_equal(crop(image, REGIONS["inner face"]), image[95:200, 45:155])
    np.testing.assert_array_equal(crop(image, REGIONS["whole face"]), image)


@pytest.mark.parametrize(("size", "inner"), [((500, 400), (210, 220)), ((125, 100), (52, 56)), ((96, 96), (41, 52))])
def test_regions_scale_with_the_picture(size: tuple[int, int], inner: tuple[int, int]) -> None:
    cut = crop(np.zeros((*size, 3)), REGIONS["inner face"])
    assert cut.shape[:2] == pytest.approx(inner, abs=1)


# The descriptor


def hog_reference(gray: np.ndarray) -> np.ndarray:
    """Dalal and Triggs (2005) on a 96 x 96 picture, cell by cell; at the border scikit-image has no gradient."""
    g = gray.astype(np.float64)
    rows, columns = np.zeros_like(g), np.zeros_like(g)
    rows[1:-1], columns[:, 1:-1] = g[2:] - g[:-2], g[:, 2:] - g[:, :-2]
    magnitude, angle = np.hypot(rows, columns), np.rad2deg(np.arctan2(rows, columns)) % 180
    cells = np.zeros((8, 8, 9))
    for i in range(8):
        for j in range(8):
            place = slice(12 * i, 12 * i + 12), slice(12 * j, 12 * j + 12)
            for k in range(9):
                chosen = (angle[place] >= 20 * k) & (angle[place] < 20 * k + 20)
                cells[i, j, k] = magnitude[place][chosen].sum() / 144
    blocks = []
    for i in range(7):
        for j in range(7):
            block = cells[i : i + 2, j : j + 2].ravel()
            block = np.minimum(block / np.sqrt((block**2).sum() + 1e-10), 0.2)
            blocks.append(block / np.sqrt((block**2).sum() + 1e-10))
    vector = np.concatenate(blocks)
    return vector / np.linalg.norm(vector)


def test_hog_equals_a_reference_that_takes_one_cell_at_a_time() -> None:
    smooth = np.asarray(Image.fromarray(np.random.default_rng(0).integers(0, 256, (12, 12), np.uint8)).resize((96, 96)))
    image = (smooth / 255).astype(np.float32)[..., np.newaxis]
    np.testing.assert_allclose(hog(image), hog_reference(smooth), atol=1e-4)


def test_hog_is_of_the_luminance_in_8_bits() -> None:
    rgb = np.random.default_rng(1).integers(0, 256, (96, 96, 3), np.uint8)
    gray = np.asarray(Image.fromarray(rgb).convert("L"))
    expected = histograms(gray, orientations=9, pixels_per_cell=(12, 12), cells_per_block=(2, 2))
    made = hog((rgb / 255).astype(np.float32))
    assert made.shape == (1764,) and made.dtype == np.float32
    # Pillow's luminance is in whole numbers and may differ by one grey level.
    assert made @ (expected / np.linalg.norm(expected)) > 0.9999


def test_a_blank_picture_is_like_nothing() -> None:
    np.testing.assert_array_equal(hog(np.ones((30, 30, 1), np.float32)), np.zeros(1764))


# dlib


def test_euclidean_distances_by_hand() -> None:
    a, b = np.array([[0.0, 0.0], [3.0, 4.0]]), np.array([[3.0, 4.0], [0.0, 1.0], [6.0, 8.0]])
    np.testing.assert_allclose(euclidean(a, b), [[5, 1, 10], [0, 18**0.5, 5]])


@DLIB
def test_dlib_knows_a_person_in_another_light_and_takes_no_face_for_the_whole_picture() -> None:
    regions, describe, distance = DESCRIPTORS["dlib"]()
    assert list(regions) == ["face"]
    astronaut = images.from_uint8(data.astronaut()[:256, 96:352])
    (one, found), (dark, also) = describe(astronaut), describe(0.5 * astronaut[:, ::-1] + 0.1)
    nobody, missed = describe(np.full((128, 128, 1), 0.5, np.float32))
    assert (one.shape, found, also, missed) == ((128,), True, True, False)
    assert distance(one[None], dark[None])[0, 0] < 0.4 < 0.6 < distance(one[None], nobody[None])[0, 0]


def test_without_dlib_the_error_says_what_to_install(monkeypatch) -> None:
    monkeypatch.setattr(descriptors, "PACKAGE", "no_such_package")
    with pytest.raises(descriptors.DescriptorError, match=r"pip install -e .\.\[identify\]"):
        DESCRIPTORS["dlib"]()
