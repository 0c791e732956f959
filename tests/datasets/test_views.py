"""One example: sketch and photograph stay together, and a seed gives the same pixels."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from sketchback import images, sketching
from sketchback.datasets import Example, builtin
from sketchback.datasets.showing import Showing
from sketchback.datasets.views import View

FACE = builtin.face(3, (48, 40))
PHOTOGRAPH = Example("photograph", lambda: FACE)


@pytest.fixture(scope="module")
def pair(tmp_path_factory) -> Example:
    """A face with a sketch that stands in for a drawn one."""
    path = tmp_path_factory.mktemp("pair") / "sketch.png"
    return Example("pair", lambda: FACE, images.write(path, sketching.sketch(FACE, "pencil")))


def places(height: int, width: int) -> Example:
    """Every pixel says where it is: red its row, green its column, both over 120."""
    rows, columns = np.mgrid[0:height, 0:width].astype(np.float32) / 120
    return Example("places", lambda: np.stack([rows, columns, np.zeros_like(rows)], axis=-1))


@pytest.mark.parametrize("fit", images.FITS)
@pytest.mark.parametrize("size", [(16, 16), (31, 50), (64, 24)])
def test_photograph_and_sketch_are_brought_to_size(pair, fit, size) -> None:
    for example in (PHOTOGRAPH, pair):
        sketch, photo = View(size, fit=fit).see(example)
        assert sketch.shape == (*size, 1) and photo.shape == (*size, 3)
        for image in (sketch, photo):
            assert image.dtype == np.float32 and image.min() >= 0 and image.max() <= 1


def test_a_sketch_is_drawn_at_full_size_after_enlarging() -> None:
    for enlarge in (None, (96, 80)):
        sketch, photo = View((32, 24), "pencil", "squeeze", enlarge).see(PHOTOGRAPH)
        full = images.resize(FACE, enlarge or (48, 40))
        for seen, expected in ((sketch, sketching.sketch(full, "pencil")), (photo, full)):
            np.testing.assert_array_equal(seen, np.clip(images.resize(expected, (32, 24)), 0, 1))


def test_a_drawn_sketch_is_taken_as_it_is_whatever_the_style(pair, tmp_path: Path) -> None:
    for style in ("pencil", "random"):
        sketch, photo = View(None, style).see(pair, (3,))
        np.testing.assert_array_equal(sketch, pair.read_sketch())
        np.testing.assert_array_equal(photo, pair.read_photo())
    larger = images.write(tmp_path / "larger.png", images.resize(pair.read_sketch(), (96, 90)))
    assert View(None).see(Example("larger", pair.photo, larger))[0].shape == (48, 40, 1)


def test_flip_mirrors_both_for_half_of_the_seeds(pair) -> None:
    flipped = 0
    for example in (PHOTOGRAPH, pair):
        plain = View((48, 40)).see(example)
        for seed in range(100):
            seen = View((48, 40)).see(example, (seed,), Showing(flip=True))
            mirrored = not np.array_equal(seen[1], plain[1])
            flipped += mirrored
            for image, other in zip(seen, plain, strict=True):
                np.testing.assert_array_equal(image, other[:, ::-1] if mirrored else other)
    assert 75 <= flipped <= 125  # of 200; their standard deviation is 7


def test_random_styles_follow_the_seed() -> None:
    drawn = [View((32, 24), "random").see(PHOTOGRAPH, (seed,))[0].tobytes() for seed in (0, 1, 2, 3, 4, 5, 0)]
    assert len(set(drawn)) > 3 and drawn[0] == drawn[-1]  # the default style may come more than once


def test_the_artist_draws_as_often_as_is_said(tmp_path: Path) -> None:
    # A sheet on which the artist left nearly nothing, whatever becomes of it, and a photograph full of strokes.
    drawing = images.write(tmp_path / "drawing.png", np.ones((48, 40, 1), np.float32))
    busy = np.random.default_rng(0).random((48, 40, 3), np.float32)
    drawn = {
        share: [
            View((48, 40), "random").see(Example("a", lambda: busy, drawing=drawing), (seed,), Showing(artist=share))[0]
            for seed in range(40)
        ]
        for share in (0.0, 0.5, 1.0)
    }
    blank = {share: sum(sketch.std() < 0.05 for sketch in sketches) for share, sketches in drawn.items()}
    assert blank[0.0] == 0 and 8 <= blank[0.5] <= 32 and blank[1.0] >= 28


@pytest.mark.parametrize("kind", ["faces", "buildings"])
def test_the_artists_drawing_moves_as_its_photograph_does(tmp_path: Path, kind: str) -> None:
    photo = np.full((96, 80, 3), 0.9, np.float32)
    photo[20:70, 30:34] = photo[20:24, 30:60] = 0.1
    drawing = images.write(tmp_path / "drawing.png", photo[..., :1])
    example = Example("a", lambda: photo, drawing=drawing)
    for seed in range(8):
        showing = Showing(artist=1.0, augmentation=kind)
        sketch, seen = View((96, 80), "random").see(example, (seed,), showing)
        gray = images.to_gray(seen)
        assert np.corrcoef(gray.ravel(), sketch.ravel())[0, 1] > 0.4, seed


def test_windows_keep_inside_the_picture_and_their_proportions() -> None:
    zooms = []
    for seed in range(60):
        sketch, photo = View((40, 40)).see(places(120, 90), (seed,), Showing(zoom=1.5))
        assert photo.shape == (40, 40, 3) and sketch.shape == (40, 40, 1)
        height, width = np.ptp(photo, axis=(0, 1))[:2] * 120
        # The largest square of 120 x 90 is 90; the outer pixels' centres lie half a pixel inside.
        assert height == pytest.approx(width, abs=3) and 55 < height < 91
        zooms.append(90 / (height * 40 / 39))
    assert min(zooms) < 1.05 and max(zooms) > 1.4


def test_aspect_changes_the_proportions_of_a_quarter() -> None:
    seen = (View((40, 40)).see(places(120, 120), (seed,), Showing(aspect=2.0))[1] for seed in range(200))
    ratios = [np.ptp(photo[..., 0]) / np.ptp(photo[..., 1]) for photo in seen]
    changed = [ratio for ratio in ratios if abs(ratio - 1) > 0.05]
    assert 30 < len(changed) < 64
    assert 0.47 < min(changed) < 0.6 and 1.6 < max(changed) < 2.1


def test_sketch_and_photograph_share_their_window(pair) -> None:
    drawn, photo = View((32, 32)).see(pair, (5,), Showing(zoom=1.4, aspect=1.5))
    # The pair's sketch is Pencil Sketchify's of its photograph: white where that is flat, dark at its lines.
    again = images.resize(sketching.sketch(images.resize(photo, (64, 64)), "pencil"), (32, 32))
    assert np.corrcoef(drawn.ravel(), again.ravel())[0, 1] > 0.5
    assert np.corrcoef(np.roll(drawn, 8, axis=1).ravel(), again.ravel())[0, 1] < 0.4


def test_margins_put_both_on_a_larger_sheet_as_often_as_is_said(pair) -> None:
    plain, changed = View((64, 64)), 0
    for seed in range(40):
        drawn, photo = plain.see(pair, (seed,), Showing(margin=0.5, flip=True))
        expected = plain.see(pair, (seed,), Showing(flip=True))
        if np.array_equal(photo, expected[1]):
            np.testing.assert_array_equal(drawn, expected[0])
        else:
            changed += 1
            assert (drawn < 0.99).mean() < (expected[0] < 0.99).mean()  # reduced, on white paper
            again = images.resize(sketching.sketch(images.resize(photo, (128, 128)), "pencil"), (64, 64))
            assert np.corrcoef(drawn.ravel(), again.ravel())[0, 1] > 0.4  # and one lies over the other
    assert 10 < changed < 30


@pytest.mark.parametrize(
    "wrong", [{"size": (8, 8)}, {"enlarge": (8, 80)}, {"style": "crayon"}, {"style": "neural"}, {"fit": "stretch"}]
)
def test_a_view_says_what_it_cannot_do(wrong) -> None:
    with pytest.raises(ValueError, match="Received: ") as caught:
        View(**wrong)
    assert str(next(iter(wrong.values()))) in str(caught.value)
