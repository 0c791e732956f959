"""Cleaning: each step against damage that is made here and known, and on everything that is not a drawing."""

from __future__ import annotations

import subprocess
import sys

import cv2
import numpy as np
import pytest
from places import DATA, DRAWINGS
from tabletop import TILTED, head, light, photographed

from sketchback import images, sketching
from sketchback.sketching import cleanup
from sketchback.sketching.cleanup import (
    centre,
    clean,
    denoise,
    despeckle,
    flatten,
    match_ink,
    paper,
    straighten,
)

STEPS = (flatten, straighten, denoise, despeckle, match_ink, centre)


class TestPaper:
    def test_light_and_colour_are_divided_out(self) -> None:
        sheet = head()
        picture = sheet * np.float32([0.93, 0.86, 0.72]) * light((250, 200))
        flat = images.to_gray(flatten(picture))[..., np.newaxis]
        assert np.abs(flat - sheet).mean() < 0.015
        assert np.abs(flat - sheet)[sheet < 0.2].max() < 0.05  # hair stays dark

    def test_paper_is_followed_under_hair(self) -> None:
        expected = 0.9 * light((250, 200))
        np.testing.assert_allclose(paper(head() * expected), expected, rtol=0.06)

    def test_a_clean_sheet_is_left(self) -> None:
        for sheet in (head(), 0.97 * head()):
            assert flatten(sheet) is sheet

    def test_a_coloured_drawing_keeps_its_tones(self) -> None:
        sheet = np.repeat(np.ones((200, 160, 1), np.float32), 3, axis=-1)
        sheet[60:140, 40:120] = (0.8, 0.2, 0.2)
        expected = images.to_gray(sheet)
        flat = images.to_gray(flatten(sheet * np.float32([0.9, 0.85, 0.7])))
        assert np.abs(flat - expected).mean() < 0.01


class TestStraighten:
    @pytest.mark.parametrize("angle", [-6.0, 4.0])
    def test_a_facade_is_turned_back(self, angle: float) -> None:
        facade = images.read(DRAWINGS / "facade.png", channels=1)
        height, width = facade.shape[:2]
        matrix = cv2.getRotationMatrix2D((width / 2, height / 2), angle, 1)
        turned = cv2.warpAffine(facade, matrix, (width, height), borderValue=1.0)[..., np.newaxis]
        assert cleanup._lean(turned) == pytest.approx(-angle, abs=0.5)
        assert abs(cleanup._lean(straighten(turned))) < 0.5

    @pytest.mark.parametrize("name", ["facade", "face_ink", "face_line", "face_pencil", "house", "tower"])
    def test_what_stands_upright_or_does_not_say_is_left(self, name: str) -> None:
        sketch = images.read(DRAWINGS / f"{name}.png", channels=1)
        assert straighten(sketch) is sketch


class TestNoise:
    def test_grain_is_measured_and_smoothed(self) -> None:
        sheet = head(500, 400)
        sheet[sheet > 0.75] = 1.0
        noisy = np.clip(sheet + 0.06 * np.random.default_rng(0).standard_normal(sheet.shape, np.float32), 0, 1)
        inner = np.clip(0.9 + 0.06 * np.random.default_rng(0).standard_normal(sheet.shape, np.float32), 0, 1)
        assert cleanup._grain(inner) == pytest.approx(0.06, rel=0.2)
        smooth = denoise(noisy)
        assert np.square(smooth - sheet).mean() < 0.3 * np.square(noisy - sheet).mean()
        edge = np.abs(np.diff(smooth[300, :, 0])).max()  # of hair, from 0.15 to paper
        assert edge > 0.4

    def test_smooth_paper_is_left(self) -> None:
        sheet = head()
        assert denoise(sheet) is sheet

    def test_specks_go_and_strokes_stay(self) -> None:
        sheet = np.ones((250, 200, 1), np.float32)
        sheet[100:150, 90:92] = 0.2  # a stroke
        sheet[95:96, 90:91] = 0.2  # a dot beside it: of an i, or of hatching
        specked = sheet.copy()
        for row, column in ((20, 20), (200, 170), (30, 150)):
            specked[row, column] = 0.3
        np.testing.assert_array_equal(despeckle(specked), sheet)
        assert despeckle(sheet) is sheet


class TestInk:
    def test_faint_pencil_is_deepened(self) -> None:
        sheet = head()
        faint = 1 - 0.4 * (1 - sheet)
        deep = match_ink(faint)
        assert faint.min() > 0.6 and 0.1 < np.percentile(deep[sheet < 0.5], 10) < 0.2
        assert deep.max() == 1.0

    def test_dark_ink_and_no_ink_are_left(self) -> None:
        for sheet in (head(), np.ones((64, 64, 1), np.float32), np.zeros((64, 64, 1), np.float32)):
            assert match_ink(sheet) is sheet


class TestCentre:
    def test_a_small_drawing_is_cut_out_with_a_margin(self) -> None:
        sheet = np.ones((600, 800, 1), np.float32)
        sheet[350:550, 500:660] = head(200, 160)
        cut = centre(sheet)
        drawn = np.argwhere(cut[..., 0] < 0.8)
        (top, left), (bottom, right) = drawn.min(axis=0), drawn.max(axis=0) + 1
        height, width = cut.shape[:2]
        assert 180 < height < 260 and 150 < width < 220
        assert abs(top - (height - bottom)) <= 4 and abs(left - (width - right)) <= 4
        assert 0.05 * height < top < 0.15 * height

    def test_a_drawing_in_the_corner_gets_paper_around_it(self) -> None:
        sheet = np.ones((600, 800, 1), np.float32)
        sheet[:200, :160] = head(200, 160)
        cut = centre(sheet)
        assert (cut[:10] == 1).all() and (cut[:, :10] == 1).all()

    def test_a_full_sheet_is_left(self) -> None:
        for sheet in (head(), np.ones((64, 64, 1), np.float32)):
            assert centre(sheet) is sheet


PICTURES = {
    "blank": np.ones((80, 60, 1), np.float32),
    "blank beige": np.ones((80, 60, 3), np.float32) * np.float32([0.9, 0.85, 0.7]),
    "smallest": np.ones((16, 16, 1), np.float32),
    "smallest noise": np.random.default_rng(0).random((16, 16, 3), np.float32),
    "black": np.zeros((80, 60, 1), np.float32),
    "grey": np.full((80, 60, 3), 0.5, np.float32),
    "noise": np.random.default_rng(1).random((120, 90, 3), np.float32),
    "one dot": 1 - np.pad(np.ones((1, 1, 1), np.float32), ((40, 40), (30, 30), (0, 0))),
    "white on black": 1 - head(),
    "binary": (head() > 0.5).astype(np.float32),
    "a strip": np.ones((16, 2000, 1), np.float32),
    "flat": head()[..., 0],
    "float64": head().astype(np.float64),
}


class TestAll:
    def test_a_phone_photograph_becomes_the_sketch(self) -> None:
        sheet = head(600, 480)
        picture = photographed(sheet * np.float32([0.93, 0.86, 0.72]), TILTED, (720, 600)) * light((720, 600), 0.6)
        picture = picture + 0.03 * np.random.default_rng(1).standard_normal(picture.shape, np.float32)
        given = np.clip(picture, 0, 1)
        cleaned = images.resize(clean(given), (600, 480))
        before = images.resize(images.to_gray(given)[..., np.newaxis], (600, 480))
        assert np.abs(cleaned - sheet).mean() < 0.03 < 0.3 < np.abs(before - sheet).mean()

    @pytest.mark.parametrize("name", ["facade", "face_ink", "face_line", "face_pencil", "house", "tower"])
    def test_a_clean_drawing_is_left(self, name: str) -> None:
        sketch = images.read(DRAWINGS / f"{name}.png", channels=1)
        cleaned = clean(images.read(DRAWINGS / f"{name}.png"))
        assert cleaned.shape == sketch.shape
        assert np.abs(cleaned - sketch).mean() < 1e-3

    def test_twice_is_once(self) -> None:
        picture = photographed(head(600, 480) * np.float32([0.93, 0.86, 0.72]), TILTED, (720, 600))
        once = clean(picture)
        twice = clean(once)
        assert twice.shape == once.shape and np.abs(twice - once).mean() < 0.01

    @pytest.mark.parametrize("kind", PICTURES)
    def test_nothing_breaks_it(self, kind: str) -> None:
        picture = PICTURES[kind]
        before = picture.copy()
        cleaned = clean(picture)
        assert cleaned.ndim == 3 and cleaned.shape[-1] == 1 and min(cleaned.shape) >= 1
        assert cleaned.dtype == np.float32 and min(cleaned.shape[:2]) >= images.MIN_SIDE
        assert np.isfinite(cleaned).all() and 0 <= cleaned.min() <= cleaned.max() <= 1
        np.testing.assert_array_equal(picture, before)
        np.testing.assert_array_equal(clean(picture), cleaned)

    def test_blank_stays_blank_and_binary_stays_binary(self) -> None:
        np.testing.assert_array_equal(clean(PICTURES["blank"]), 1.0)
        np.testing.assert_allclose(clean(PICTURES["blank beige"]), 1.0, atol=0.01)
        np.testing.assert_array_equal(clean(PICTURES["black"]), 0.0)
        np.testing.assert_array_equal(clean(PICTURES["binary"]), PICTURES["binary"])

    def test_12_megapixels(self) -> None:
        # The aim, 2 s, is measured in the benchmark; what is held here is the result's size, and that it is right.
        picture = images.resize(photographed(head(600, 480), TILTED, (720, 600)), (4000, 3000))
        cleaned = clean(picture)
        assert max(cleaned.shape) <= cleanup.LARGEST
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
    def test_a_wrong_array_is_refused(self, bad: np.ndarray) -> None:
        with pytest.raises(ValueError, match="Received"):
            clean(bad)

    @pytest.mark.parametrize("step", STEPS)
    def test_steps_are_pure(self, step) -> None:
        picture = np.clip(0.7 * head() + 0.05 * np.random.default_rng(0).standard_normal((250, 200, 1)), 0, 1)
        picture = picture.astype(np.float32)
        before = picture.copy()
        first = step(picture)
        assert first.dtype == np.float32 and first.ndim == 3
        np.testing.assert_array_equal(picture, before)
        np.testing.assert_array_equal(step(picture), first)

    def test_it_is_found_beside_the_styles(self) -> None:
        assert sketching.clean is clean

    def test_needs_no_keras(self) -> None:
        program = "import sys, sketchback.sketching.cleanup; print(sorted({'keras', 'tensorflow'} & set(sys.modules)))"
        assert subprocess.run([sys.executable, "-c", program], capture_output=True, text=True).stdout == "[]\n"


@pytest.mark.skipif(not (DATA / "cufs").is_dir(), reason="needs CUFS in ../shared/data")
def test_hand_drawn_sketches_pass_nearly_untouched() -> None:
    files = images.list_files(DATA / "cufs" / "test" / "sketches")[::10]
    assert len(files) == 10
    for file in files:
        sketch = images.read(file, channels=1)
        cleaned = clean(images.read(file))
        assert cleaned.shape == sketch.shape, file.name  # no sheet found, not centred
        assert np.abs(cleaned - sketch).mean() < 0.05, file.name
        ink = sketch < 0.5
        assert np.abs(cleaned - sketch)[ink].mean() < 0.03, file.name
