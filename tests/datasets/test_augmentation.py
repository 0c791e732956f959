"""Photograph and sketch move together; one seed gives one result, on any thread."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from multiprocessing.pool import ThreadPool
from pathlib import Path

import numpy as np
import pytest

from sketchback.datasets.augmentation import AUGMENTATIONS, augment

pytestmark = pytest.mark.skipif(importlib.util.find_spec("imgaug") is None, reason="imgaug is not installed")

KINDS = ["faces", "buildings"]


def noise_pair(height: int = 48, width: int = 64) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    return rng.random((height, width, 3), np.float32), rng.random((height, width, 1), np.float32)


def smooth(height: int = 48, width: int = 64) -> np.ndarray:
    """(H, W, 1) in [0.3, 0.7], a different slope along each axis: no clipping, no symmetry."""
    y, x = np.mgrid[:height, :width].astype(np.float32)
    return (0.5 + 0.1 * np.sin(x / 7 + 1) + 0.1 * np.cos(y / 5 + x / 31))[..., None].astype(np.float32)


def dot(row: int, column: int, height: int = 48, width: int = 64) -> np.ndarray:
    """(H, W, 1) paper with one dark 5 x 5 dot, centred at (row, column)."""
    picture = np.full((height, width, 1), 1.0, np.float32)
    picture[row - 2 : row + 3, column - 2 : column + 3] = 0.0
    return picture


def centre(picture: np.ndarray) -> np.ndarray:
    """(row, column) of the ink of one dark dot on paper."""
    ink = np.clip(0.6 - picture.mean(axis=-1) / np.median(picture), 0.0, None)
    return np.array([(ink * grid).sum() / ink.sum() for grid in np.mgrid[: ink.shape[0], : ink.shape[1]]])


def run(code: str) -> subprocess.CompletedProcess[str]:
    """A fresh Python, since imgaug is imported only once in this one."""
    command = [sys.executable, "-c", code]
    root = Path(__file__).resolve().parents[2]
    return subprocess.run(command, cwd=root, capture_output=True, text=True, timeout=120, check=False)


def test_kinds():
    assert list(AUGMENTATIONS) == ["none", "faces", "buildings"]


def test_none_gives_back_what_came():
    photo, sketch = noise_pair()
    new_photo, new_sketch = augment(photo, sketch, "none", seed=1)
    assert new_photo is photo and new_sketch is sketch
    assert augment(photo, None, "none", seed=1)[1] is None


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("size", [(16, 16), (17, 31), (48, 64), (109, 89)])
def test_size_type_and_range_are_kept(kind, size):
    photo, sketch = noise_pair(*size)
    before = photo.copy(), sketch.copy()
    for seed in range(20):
        new_photo, new_sketch = augment(photo, sketch, kind, seed)
        assert new_photo.shape == (*size, 3) and new_sketch.shape == (*size, 1)
        for image in (new_photo, new_sketch):
            assert image.dtype == np.float32 and image.flags.c_contiguous
            assert np.isfinite(image).all() and image.min() >= 0.0 and image.max() <= 1.0
    assert np.array_equal(photo, before[0]) and np.array_equal(sketch, before[1])


@pytest.mark.parametrize("kind", KINDS)
def test_same_seed_same_pixels(kind):
    photo, sketch = noise_pair()
    first = augment(photo, sketch, kind, seed=7)
    augment(photo, sketch, kind, seed=8)
    again = augment(photo, sketch, kind, seed=7)
    assert np.array_equal(first[0], again[0]) and np.array_equal(first[1], again[1])


@pytest.mark.parametrize("kind", KINDS)
def test_other_seed_other_pixels(kind):
    photo, sketch = noise_pair()
    photos = {augment(photo, sketch, kind, seed)[0].tobytes() for seed in range(20)}
    assert len(photos) == 20


@pytest.mark.parametrize("kind", KINDS)
def test_threads_do_not_change_pixels(kind):
    photo, sketch = noise_pair()
    alone = [augment(photo, sketch, kind, seed) for seed in range(40)]
    with ThreadPool(8) as pool:
        together = pool.map(lambda seed: augment(photo, sketch, kind, seed), range(40), chunksize=1)
    for (photo_a, sketch_a), (photo_b, sketch_b) in zip(alone, together, strict=True):
        assert np.array_equal(photo_a, photo_b) and np.array_equal(sketch_a, sketch_b)


def test_first_calls_on_many_threads_at_once():
    done = run(
        "from multiprocessing.pool import ThreadPool\n"
        "import numpy as np\n"
        "before = hasattr(np, 'sctypes')\n"
        "from sketchback.datasets.augmentation import augment\n"
        "photo = np.random.default_rng(0).random((16, 16, 3), np.float32)\n"
        "with ThreadPool(8) as pool:\n"
        "    photos = pool.map(lambda _: augment(photo, None, 'buildings', 5)[0], range(16), chunksize=1)\n"
        "assert all(np.array_equal(photos[0], p) for p in photos)\n"
        "assert hasattr(np, 'sctypes') == before\n"
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("kind", KINDS)
def test_photo_is_the_same_with_and_without_sketch(kind):
    photo, sketch = noise_pair()
    for seed in range(10):
        with_sketch, _ = augment(photo, sketch, kind, seed)
        alone, none = augment(photo, None, kind, seed)
        assert none is None
        assert np.array_equal(alone, with_sketch)


def test_faces_colour_is_one_straight_line_over_the_sketch():
    """Where photo and sketch are one picture, they stay one up to contrast, brightness and 8-bit rounding."""
    picture = smooth()
    for seed in range(30):
        photo, sketch = augment(np.repeat(picture, 3, axis=-1), picture, "faces", seed)
        x, y = sketch.ravel(), photo[..., 0].ravel()
        slope, offset = np.polyfit(x, y, 1)
        # (0.9 to 1.1) of contrast times (0.93 to 1.07) of brightness, and a little for rounding
        assert 0.9 * 0.93 - 0.02 <= slope <= 1.1 * 1.07 + 0.02
        np.testing.assert_allclose(slope * x + offset, y, atol=2.5 / 255)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("position", [(24, 32), (10, 12), (10, 52), (36, 14)])
def test_a_dot_moves_to_the_same_place_in_both(kind, position):
    sketch = dot(*position)
    photo = np.repeat(0.1 + 0.8 * sketch, 3, axis=-1)
    places = []
    for seed in range(30):
        new_photo, new_sketch = augment(photo, sketch, kind, seed)
        np.testing.assert_allclose(centre(new_photo), centre(new_sketch), atol=0.35)
        places.append(centre(new_sketch))
    assert np.std(places, axis=0).min() > 0.3


def test_a_dot_in_a_face_stays_within_the_stated_shift():
    # At the centre rotation and scale move nothing, so only the shift is left: 4 % of 50 and of 100, rounded.
    sketch = dot(25, 50, 51, 101)
    photo = np.repeat(sketch, 3, axis=-1)
    places = np.array([centre(augment(photo, sketch, "faces", seed)[1]) for seed in range(60)])
    far = np.abs(places - [25, 50]).max(axis=0)
    assert 1.2 <= far[0] <= 2.6 and 2.5 <= far[1] <= 4.6


def left_is_dark() -> np.ndarray:
    picture = np.full((32, 40, 3), 0.6, np.float32)
    picture[:, :20] = 0.4
    return picture


def test_buildings_flip_about_half_of_the_time_and_faces_never():
    picture = left_is_dark()

    def flips(kind: str) -> int:
        results = [augment(picture, None, kind, seed)[0] for seed in range(200)]
        return sum(photo[:, :10].mean() > photo[:, -10:].mean() for photo in results)

    # 200 fair coins: 100 with a deviation of 7; four of them.
    assert 72 <= flips("buildings") <= 128
    assert flips("faces") == 0


def test_flip_tells_nothing_about_contrast():
    """Contrast is as often raised in mirrored pictures as in the others."""
    contrast: dict[bool, list[float]] = {False: [], True: []}
    for seed in range(300):
        photo, _ = augment(left_is_dark(), None, "buildings", seed)
        difference = float(photo[:, -10:].mean() - photo[:, :10].mean())
        contrast[difference < 0].append(abs(difference) / 0.2)
    # Contrast and brightness together deviate by 0.11; the means of 150 differ by 0.013: four of these.
    assert abs(np.mean(contrast[True]) - np.mean(contrast[False])) < 0.05


@pytest.mark.parametrize("kind", KINDS)
def test_no_black_corners_and_blank_paper_stays_blank(kind):
    photo, sketch = np.full((40, 50, 3), 0.8, np.float32), np.ones((40, 50, 1), np.float32)
    for seed in range(30):
        new_photo, new_sketch = augment(photo, sketch, kind, seed)
        assert new_sketch.min() == 1.0
        assert new_photo.min() > 0.5


@pytest.mark.parametrize("kind", KINDS)
def test_colour_changes_the_photograph_alone(kind):
    """Sketch values that geometry cannot change must not change: a sketch of one grey."""
    photo, sketch = np.full((32, 32, 3), [0.7, 0.5, 0.3], np.float32), np.full((32, 32, 1), 0.3, np.float32)
    colours = []
    for seed in range(20):
        new_photo, new_sketch = augment(photo, sketch, kind, seed)
        np.testing.assert_allclose(new_sketch, 0.3, atol=1e-6)
        colours.append(new_photo.mean(axis=(0, 1)))
    colours = np.array(colours)
    assert np.all(np.std(colours, axis=0) > 0.005)
    assert np.abs(colours - photo[0, 0]).max() < 0.2


def test_unusual_arrays():
    photo, sketch = noise_pair()
    expected = augment(photo, sketch, "buildings", seed=2)
    for given in (
        (photo.astype(np.float64), sketch.astype(np.float64)),
        (np.asfortranarray(photo), sketch[::-1][::-1]),
    ):
        result = augment(*given, "buildings", seed=np.int64(2))
        assert all(np.array_equal(a, b) for a, b in zip(expected, result, strict=True))
    over, _ = augment(photo * 3 - 1, None, "faces", seed=2)
    assert over.min() >= 0.0 and over.max() <= 1.0


def test_unknown_kind_lists_the_known():
    photo, sketch = noise_pair()
    with pytest.raises(ValueError, match=r"'none', 'faces', 'buildings'.*Received: kind='houses'"):
        augment(photo, sketch, "houses", seed=0)


@pytest.mark.parametrize("kind", ["none", *KINDS])
def test_wrong_arrays_are_refused(kind):
    photo, sketch = noise_pair()
    with pytest.raises(ValueError, match=r"one size\. Received: photo \(48, 64\), sketch \(47, 64\)"):
        augment(photo, sketch[1:], kind, seed=0)
    with pytest.raises(ValueError, match=r"`photo` must be \(H, W, 3\).*dtype=uint8"):
        augment((photo * 255).astype(np.uint8), sketch, kind, seed=0)
    with pytest.raises(ValueError, match=r"`photo` must be \(H, W, 3\).*shape=\(48, 64, 1\)"):
        augment(sketch, sketch, kind, seed=0)
    with pytest.raises(ValueError, match=r"`sketch` must be \(H, W, 1\).*shape=\(48, 64, 3\)"):
        augment(photo, photo, kind, seed=0)


@pytest.mark.parametrize("seed", [-1, 0.5, None])
def test_wrong_seed_is_refused(seed):
    with pytest.raises(ValueError, match="`seed` must be a whole number of at least 0. Received: seed="):
        augment(*noise_pair(), "faces", seed)


def test_import_is_light_quiet_and_leaves_numpy_as_it_was():
    done = run(
        "import warnings; warnings.simplefilter('error')\n"
        "import sys, numpy as np\n"
        "before = set(vars(np))\n"
        "import sketchback.datasets.augmentation as augmentation\n"
        "assert not {'imgaug', 'skimage', 'keras'} & set(sys.modules)\n"
        "photo = np.full((16, 16, 3), 0.5, np.float32)\n"
        "augmentation.augment(photo, None, 'none', 0)\n"
        "assert 'imgaug' not in sys.modules\n"
        "for kind in ('faces', 'buildings'):\n"
        "    for seed in range(20):\n"
        "        augmentation.augment(photo, None, kind, seed)\n"
        "assert ('sctypes' in vars(np)) == ('sctypes' in before)\n"
    )
    assert done.returncode == 0, done.stderr


def test_without_imgaug_the_error_says_what_to_install():
    done = run(
        "import sys, numpy as np\n"
        "before = hasattr(np, 'sctypes')\n"
        "sys.modules['imgaug'] = None\n"
        "from sketchback.datasets.augmentation import augment\n"
        "try:\n"
        "    augment(np.zeros((16, 16, 3), np.float32), None, 'faces', 0)\n"
        "except ImportError as error:\n"
        "    print(error)\n"
        "assert hasattr(np, 'sctypes') == before\n"
    )
    assert done.returncode == 0, done.stderr
    assert "pip install imgaug" in done.stdout
