"""Photograph and sketch move together; one seed gives one result, on any thread."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from multiprocessing.pool import ThreadPool

import cv2
import numpy as np
import pytest

from sketchback.datasets.augmentation import AUGMENTATIONS, augment

pytestmark = pytest.mark.skipif(importlib.util.find_spec("imgaug") is None, reason="imgaug is not installed")

both_kinds = pytest.mark.parametrize("kind", ["faces", "buildings"])


def noise_pair(height: int = 48, width: int = 64) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    return rng.random((height, width, 3), np.float32), rng.random((height, width, 1), np.float32)


def dot(row: int, column: int, height: int = 48, width: int = 64) -> np.ndarray:
    """(H, W, 1) paper with one dark 5 x 5 dot, centred at (row, column)."""
    picture = np.full((height, width, 1), 1.0, np.float32)
    picture[row - 2 : row + 3, column - 2 : column + 3] = 0.0
    return picture


def centre(picture: np.ndarray) -> np.ndarray:
    """(row, column) of the ink of one dark dot on paper."""
    ink = np.clip(0.6 - picture.mean(axis=-1) / np.median(picture), 0.0, None)
    return np.array([(ink * grid).sum() / ink.sum() for grid in np.mgrid[: ink.shape[0], : ink.shape[1]]])


def test_none_gives_back_what_came() -> None:
    photo, sketch = noise_pair()
    same_photo, same_sketch = augment(photo, sketch, kind="none", seed=1)
    assert same_photo is photo and same_sketch is sketch and augment(photo, None, kind="none", seed=1)[1] is None


@both_kinds
@pytest.mark.parametrize("size", [(16, 16), (17, 31), (109, 89)])
def test_size_type_and_range_are_kept_and_what_came_too(kind: str, size: tuple[int, int]) -> None:
    photo, sketch = noise_pair(*size)
    before = photo.copy(), sketch.copy()
    for seed in range(20):
        new_photo, new_sketch = augment(photo, sketch, kind=kind, seed=seed)
        assert new_photo.shape == (*size, 3) and new_sketch.shape == (*size, 1)
        for image in (new_photo, new_sketch):
            assert image.dtype == np.float32 and image.flags.c_contiguous
            assert image.min() >= 0.0 and image.max() <= 1.0
        alone, none = augment(photo, None, kind=kind, seed=seed)
        assert none is None
        np.testing.assert_array_equal(alone, new_photo)  # with and without sketch
    assert np.array_equal(photo, before[0]) and np.array_equal(sketch, before[1])


@both_kinds
def test_a_seed_decides_whatever_the_thread(kind: str) -> None:
    photo, sketch = noise_pair()
    alone = [augment(photo, sketch, kind=kind, seed=seed) for seed in range(40)]
    with ThreadPool(8) as pool:
        together = pool.map(lambda seed: augment(photo, sketch, kind=kind, seed=seed), range(40), chunksize=1)
    for (photo_a, sketch_a), (photo_b, sketch_b) in zip(alone, together, strict=True):
        assert np.array_equal(photo_a, photo_b) and np.array_equal(sketch_a, sketch_b)
    assert len({photo.tobytes() for photo, _ in alone}) == 40


def test_colour_of_faces_is_one_straight_line_over_the_sketch() -> None:
    """Where photograph and sketch are one picture, they stay one up to contrast, brightness and 8-bit rounding."""
    y, x = np.mgrid[:48, :64].astype(np.float32)  # in [0.3, 0.7], another slope along each axis: nothing is clipped
    picture = (0.5 + 0.1 * np.sin(x / 7 + 1) + 0.1 * np.cos(y / 5 + x / 31))[..., np.newaxis]
    for seed in range(30):
        photo, sketch = augment(np.repeat(picture, 3, axis=-1), picture, kind="faces", seed=seed)
        slope, offset = np.polyfit(sketch.ravel(), photo[..., 0].ravel(), 1)
        # (0.9 to 1.1) of contrast times (0.93 to 1.07) of brightness, and a little for rounding
        assert 0.9 * 0.93 - 0.02 <= slope <= 1.1 * 1.07 + 0.02
        np.testing.assert_allclose(slope * sketch + offset, photo[..., :1], atol=2.5 / 255)


@both_kinds
@pytest.mark.parametrize("position", [(24, 32), (10, 52)])
def test_a_dot_moves_to_the_same_place_in_both(kind: str, position: tuple[int, int]) -> None:
    sketch = dot(*position)
    photo = np.repeat(0.1 + 0.8 * sketch, 3, axis=-1)
    places = []
    for seed in range(30):
        new_photo, new_sketch = augment(photo, sketch, kind=kind, seed=seed)
        np.testing.assert_allclose(centre(new_photo), centre(new_sketch), atol=0.35)
        places.append(centre(new_sketch))
    assert np.std(places, axis=0).min() > 0.3


def test_a_dot_in_a_face_stays_within_the_stated_shift() -> None:
    # At the centre rotation and scale move nothing, so only the shift is left: 4 % of 50 and of 100, rounded.
    sketch = dot(25, 50, 51, 101)
    photo = np.repeat(sketch, 3, axis=-1)
    places = np.array([centre(augment(photo, sketch, kind="faces", seed=seed)[1]) for seed in range(60)])
    far = np.abs(places - [25, 50]).max(axis=0)
    assert 1.2 <= far[0] <= 2.6 and 2.5 <= far[1] <= 4.6


@both_kinds
def test_pictures_stay_nearly_as_sharp_as_they_were(kind: str) -> None:
    """What is learnt is as sharp as what is shown: warps that soften one after the other left a third of the detail."""
    rng = np.random.default_rng(3)
    photo = cv2.GaussianBlur(rng.random((120, 160, 3), np.float32), (0, 0), 1.0)  # as photographs that are reduced
    detail = [cv2.Laplacian(augment(photo, None, kind=kind, seed=seed)[0], cv2.CV_32F).var() for seed in range(30)]
    assert np.median(detail) > 0.7 * cv2.Laplacian(photo, cv2.CV_32F).var()


def test_buildings_flip_about_half_of_the_time_and_faces_never() -> None:
    picture = np.full((32, 40, 3), 0.6, np.float32)
    picture[:, :20] = 0.4
    for kind, least, most in (("buildings", 72, 128), ("faces", 0, 0)):  # 200 fair coins: 100, four deviations of 7
        photos = [augment(picture, None, kind=kind, seed=seed)[0] for seed in range(200)]
        assert least <= sum(photo[:, :10].mean() > photo[:, -10:].mean() for photo in photos) <= most


@both_kinds
def test_no_black_corners_and_colour_changes_the_photograph_alone(kind: str) -> None:
    photo, sketch = np.full((32, 40, 3), [0.7, 0.5, 0.3], np.float32), np.full((32, 40, 1), 0.3, np.float32)
    colours = []
    for seed in range(30):
        new_photo, new_sketch = augment(photo, sketch, kind=kind, seed=seed)
        np.testing.assert_allclose(new_sketch, 0.3, atol=1e-6)
        assert np.abs(new_photo - photo).max() < 0.3
        colours.append(new_photo.mean(axis=(0, 1)))
    assert np.std(colours, axis=0).min() > 0.005


def test_unusual_arrays() -> None:
    photo, sketch = noise_pair()
    expected = augment(photo, sketch, kind="buildings", seed=2)
    others = (photo.astype(np.float64), sketch.astype(np.float64)), (np.asfortranarray(photo), sketch[::-1][::-1])
    for given in others:
        result = augment(*given, kind="buildings", seed=np.int64(2))
        assert all(np.array_equal(a, b) for a, b in zip(expected, result, strict=True))
    over, _ = augment(photo * 3 - 1, None, kind="faces", seed=2)
    assert over.min() >= 0.0 and over.max() <= 1.0


@pytest.mark.parametrize("kind", AUGMENTATIONS)
def test_wrong_arguments_are_refused(kind: str) -> None:
    photo, sketch = noise_pair()
    for given, words in [
        ((photo, sketch[1:], kind, 0), r"one size\. Received: photo \(48, 64\), sketch \(47, 64\)"),
        (((photo * 255).astype(np.uint8), sketch, kind, 0), r"`photo` must be \(H, W, 3\).*dtype=uint8"),
        ((sketch, sketch, kind, 0), r"`photo` must be \(H, W, 3\).*shape=\(48, 64, 1\)"),
        ((photo, photo, kind, 0), r"`sketch` must be \(H, W, 1\).*shape=\(48, 64, 3\)"),
        ((photo, sketch, kind, -1), "`seed` must be a whole number of at least 0. Received: seed=-1"),
        ((photo, sketch, kind, 0.5), "`seed` must be a whole number of at least 0. Received: seed=0.5"),
        ((photo, sketch, kind + "s", 0), rf"'none', 'faces', 'buildings'.*Received: kind='{kind}s'"),
    ]:
        with pytest.raises(ValueError, match=words):
            augment(*given[:2], kind=given[2], seed=given[3])


IMPORTS = """
import sys, warnings; warnings.simplefilter("error")
import numpy as np; from multiprocessing.pool import ThreadPool
before = hasattr(np, "sctypes")
from sketchback.datasets.augmentation import augment
photo = np.random.default_rng(0).random((16, 16, 3), np.float32)
augment(photo, None, kind="none", seed=0)
assert not {"imgaug", "skimage", "keras"} & set(sys.modules)
with ThreadPool(8) as pool:  # its first calls come from many threads at once
    photos = pool.map(lambda _: augment(photo, None, kind="buildings", seed=5)[0], range(16), chunksize=1)
assert all(np.array_equal(photos[0], one) for one in photos) and hasattr(np, "sctypes") == before
"""
MISSING = """
import sys, numpy as np; sys.modules["imgaug"] = None
from sketchback.datasets.augmentation import augment
try: augment(np.zeros((16, 16, 3), np.float32), None, kind="faces", seed=0)
except ImportError as error: assert "pip install -e ." in str(error)
else: raise SystemExit("no error")
"""


@pytest.mark.parametrize("program", [IMPORTS, MISSING], ids=["imports", "without imgaug"])
def test_imgaug_is_imported_at_first_use_and_numpy_left_as_it_was(program: str) -> None:
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
