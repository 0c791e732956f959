"""Cleaning: each step against damage that is made here and known, and on everything that is not a drawing."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from places import DATA, DRAWINGS
from tabletop import BEIGE, TILTED, head, light, photographed

from sketchback import images
from sketchback.sketching.cleanup import (
    LARGEST,
    centre,
    clean,
    denoise,
    despeckle,
    match_ink,
    straighten,
)
from sketchback.sketching.paper import flatten

HEAD = head()
BLANK = np.ones((80, 60, 1), np.float32)
NAMES = ["facade", "face_ink", "face_line", "face_pencil", "house", "tower"]


def noise(shape: tuple[int, ...], seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal(shape, np.float32)


# ---- the steps


@pytest.mark.parametrize("angle", [-6.0, 4.0])
def test_straighten_turns_a_facade_back(angle: float) -> None:
    facade = cv2.copyMakeBorder(images.read(DRAWINGS / "facade.png", channels=1), *[60] * 4, 0, value=1.0)
    height, width = facade.shape[:2]
    matrix = cv2.getRotationMatrix2D(((width - 1) / 2, (height - 1) / 2), angle, 1)
    turned = cv2.warpAffine(facade, matrix, (width, height), borderValue=1.0)
    back = straighten(turned[..., np.newaxis])[..., 0]
    # Turned by 6 degrees the two differ by 0.121; by half a degree, after two interpolations, by 0.065.
    assert np.abs(back - facade).mean() < 0.06 < 0.12 < np.abs(turned - facade).mean()


def test_denoise_smoothes_grain_and_keeps_edges() -> None:
    page = head(500, 400)
    page[page > 0.75] = 1.0
    noisy = np.clip(page + 0.06 * noise(page.shape), 0, 1)
    smooth = denoise(noisy)
    assert np.square(smooth - page).mean() < 0.3 * np.square(noisy - page).mean()
    assert np.abs(np.diff(smooth[300, :, 0])).max() > 0.4  # of hair, from 0.15 to paper


def test_despeckle_removes_specks_and_no_strokes() -> None:
    page = np.ones((250, 200, 1), np.float32)
    page[100:150, 90:92] = 0.2  # a stroke
    page[95:96, 90:91] = 0.2  # a dot beside it: of an i, or of hatching
    specked = page.copy()
    for row, column in ((20, 20), (200, 170), (30, 150)):
        specked[row, column] = 0.3
    np.testing.assert_array_equal(despeckle(specked), page)


def test_match_ink_deepens_faint_pencil() -> None:
    deep = match_ink(1 - 0.4 * (1 - HEAD))
    assert 0.1 < np.percentile(deep[HEAD < 0.5], 10) < 0.2 and deep.max() == 1.0


def test_centre_cuts_a_small_drawing_out_with_a_margin() -> None:
    page = np.ones((600, 800, 1), np.float32)
    page[350:550, 500:660] = head(200, 160)
    cut = centre(page)
    drawn = np.argwhere(cut[..., 0] < 0.8)
    (top, left), (bottom, right) = drawn.min(axis=0), drawn.max(axis=0) + 1
    height, width = cut.shape[:2]
    assert 180 < height < 260 and 150 < width < 220
    assert abs(top - (height - bottom)) <= 4 and abs(left - (width - right)) <= 4
    assert 0.05 * height < top < 0.15 * height


def test_centre_cuts_a_drawing_out_of_a_wide_page() -> None:
    page = np.ones((220, 900, 1), np.float32)
    page[10:210, 100:260] = head(200, 160)
    height, width = centre(page).shape[:2]
    assert 200 < height < 260 and 150 < width < 220
    narrow = np.ones((220, 200, 1), np.float32)
    narrow[10:210, 20:180] = head(200, 160)
    assert centre(narrow) is narrow


def test_centre_gives_a_drawing_in_the_corner_paper_around_it() -> None:
    page = np.ones((600, 800, 1), np.float32)
    page[:180, :140] = head(200, 160)[20:, 20:]
    cut = centre(page)
    assert (cut[:10] == 1).all() and (cut[:, :10] == 1).all()


@pytest.mark.parametrize("step", [flatten, straighten, denoise, despeckle, match_ink, centre])
def test_steps_are_pure_and_leave_what_does_not_need_them(step) -> None:
    speckless = [name for name in NAMES if name != "face_pencil"]
    for page in (HEAD, BLANK, *(images.read(DRAWINGS / f"{name}.png", channels=1) for name in speckless)):
        assert step(page) is page
    picture = np.clip(0.7 * HEAD + 0.05 * noise(HEAD.shape), 0, 1)
    before = picture.copy()
    first = step(picture)
    assert first.dtype == np.float32 and first.ndim == 3
    np.testing.assert_array_equal(picture, before)
    np.testing.assert_array_equal(step(picture), first)


# ---- all of them


def test_a_phone_photograph_becomes_the_sketch_and_stays_it() -> None:
    page = head(600, 480)
    picture = photographed(page * BEIGE, TILTED, (720, 600)) * light((720, 600), 0.6)
    given = np.clip(picture + 0.03 * noise(picture.shape, 1), 0, 1)
    once = clean(given)
    before = images.resize(images.to_gray(given)[..., np.newaxis], (600, 480))
    assert np.abs(images.resize(once, (600, 480)) - page).mean() < 0.03 < 0.3 < np.abs(before - page).mean()
    twice = clean(once)
    assert twice.shape == once.shape and np.abs(twice - once).mean() < 0.01


@pytest.mark.parametrize("name", NAMES)
def test_a_clean_drawing_is_left(name: str) -> None:
    sketch = images.read(DRAWINGS / f"{name}.png", channels=1)
    cleaned = clean(images.read(DRAWINGS / f"{name}.png"))
    assert cleaned.shape == sketch.shape and np.abs(cleaned - sketch).mean() < 1e-3


# What is cleaned, and what is known of the result.
PICTURES = {
    "blank": (BLANK, BLANK),
    "blank beige": (BLANK * BEIGE, BLANK),
    "black": (0 * BLANK, 0 * BLANK),
    "binary": ((HEAD > 0.5).astype(np.float32), HEAD > 0.5),
    "smallest": (np.ones((16, 16, 1), np.float32), np.ones((16, 16, 1))),
    "smallest noise": (np.random.default_rng(0).random((16, 16, 3), np.float32), None),
    "noise": (np.random.default_rng(1).random((120, 90, 3), np.float32), None),
    "grey": (np.full((80, 60, 3), 0.5, np.float32), None),
    "one dot": (1 - np.pad(np.ones((1, 1, 1), np.float32), ((40, 40), (30, 30), (0, 0))), None),
    "white on black": (1 - HEAD, None),
    "a strip": (np.ones((16, 2000, 1), np.float32), None),
    "flat": (HEAD[..., 0], HEAD),
    "float64": (HEAD.astype(np.float64), HEAD),
}


@pytest.mark.parametrize("kind", PICTURES)
def test_nothing_breaks_it(kind: str) -> None:
    picture, expected = PICTURES[kind]
    before = picture.copy()
    cleaned = clean(picture)
    assert cleaned.ndim == 3 and cleaned.shape[-1] == 1 and min(cleaned.shape[:2]) >= images.MIN_SIDE
    assert cleaned.dtype == np.float32 and 0 <= cleaned.min() <= cleaned.max() <= 1
    np.testing.assert_array_equal(picture, before)
    np.testing.assert_array_equal(clean(picture), cleaned)
    if expected is not None:
        np.testing.assert_allclose(cleaned, expected, atol=0.01)


@pytest.mark.slow
def test_12_megapixels() -> None:
    # The aim, 2 s, is measured in the benchmark; what is held here is the result's size, and that it is right.
    cleaned = clean(images.resize(photographed(head(600, 480), TILTED, (720, 600)), (4000, 3000)))
    assert max(cleaned.shape) <= LARGEST
    assert np.abs(images.resize(cleaned, (600, 480)) - head(600, 480)).mean() < 0.03


@pytest.mark.parametrize(
    "bad",
    [
        np.ones((8, 8, 1), np.float32),
        np.ones((20, 20, 2), np.float32),
        np.ones(20, np.float32),
        np.full((20, 20, 1), 200.0),
        np.full((20, 20, 1), np.nan),
        np.ones((20, 20, 1), np.uint8),
    ],
    ids=["small", "two channels", "flat", "0 to 255", "nan", "8-bit"],
)
def test_a_wrong_array_is_refused(bad: np.ndarray) -> None:
    with pytest.raises(ValueError, match="Received"):
        clean(bad)


@pytest.mark.skipif(not (DATA / "cufs").is_dir(), reason="needs ../shared/data/cufs")
def test_hand_drawn_sketches_stay_nearly_as_they_are() -> None:
    files = images.list_files(DATA / "cufs" / "test" / "sketches")[::10]
    assert len(files) == 10
    for file in files:
        sketch, cleaned = images.read(file, channels=1), clean(images.read(file))
        assert cleaned.shape == sketch.shape, file.name  # no page found, not centred
        difference = np.abs(cleaned - sketch)
        assert difference.mean() < 0.05 and difference[sketch < 0.5].mean() < 0.03, file.name
