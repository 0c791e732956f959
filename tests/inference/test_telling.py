"""What users say about tone: colours, places and changes."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from sketchback import images
from sketchback.inference import telling, tone_layers

PAPER = np.ones((40, 33, 1), np.float32)


@pytest.mark.parametrize(
    ("said", "part", "hexadecimal"),
    [
        ("#6b4423", "skin", "6b4423"),
        ("teal", "", "008080"),
        ("Grey", "background", "808080"),
        ((1.0, 0, 0), "", "ff0000"),
        ((107, 68, 35), "", "6b4423"),
        ("blonde", "hair", "bf9b62"),
        ("brown", "", "a52a2a"),
    ],
)
def test_colours(said, part: str, hexadecimal: str) -> None:
    assert bytes(np.rint(telling.colour(said, part) * 255).astype(np.uint8)).hex() == hexadecimal


@pytest.mark.parametrize(
    "tone",
    [
        {"skin": "skinny"},
        {"skin": "rgb(999, 0, 0)"},
        {"hair": (1, 2)},
        {"nose": "red"},
        {"lighter": 2},
        {"sky": None},
        {"strokes": "x"},
    ],
)
def test_wrong_words_are_refused(tone) -> None:
    with pytest.raises(ValueError, match="Received"):
        telling.check(tone)


@pytest.mark.parametrize(
    "array", [np.zeros((4, 4)), np.full((4, 4, 3), 2.0), np.zeros((0, 4, 3)), np.full((4, 4, 3), np.inf)]
)
def test_wrong_arrays_are_refused(array: np.ndarray) -> None:
    with pytest.raises(ValueError, match=r"`tone` must be \(h, w, 3\)"):
        telling.check(array)


@pytest.mark.parametrize(("tone", "error"), [("dark", FileNotFoundError), (b"no file", ValueError), ([{}], TypeError)])
def test_what_is_no_reference_is_said_of_tone(tone, error) -> None:
    with pytest.raises(error, match=r"`tone` may be a reference photograph, an array, .* one for all drawings\. "):
        telling.check(tone)


def test_a_reference_photograph_is_cropped_to_the_drawing_and_goes_where_it_goes() -> None:
    wide = np.zeros((40, 99, 3), np.uint8)
    wide[:, 33:66] = 255
    reference = telling.check(Image.fromarray(wide))
    for laid in (telling.lay(reference, (40, 33)), telling.lay(reference, (40, 33), (20, 60), "squeeze")):
        np.testing.assert_allclose(telling.place(laid, sketch=PAPER)[0].tones, np.ones((3, 3, 3)), atol=1e-6)
    padded = telling.lay(reference, (40, 33), (40, 73), "pad")["reference"]
    np.testing.assert_allclose(padded[:, 21:52], 1, atol=1e-6)
    assert np.isnan(padded[:, :19]).all() and np.isnan(padded[:, 54:]).all()


def test_a_change_by_nothing_is_not_told() -> None:
    assert telling.check({"lighter": 0, "warmer": "0", "colourful": -0.0}) == {}


def test_named_parts_have_their_colour_and_keep_their_shading() -> None:
    photo = np.full((96, 96, 3), (0.2, 0.3, 0.9), np.float32)  # a backdrop
    photo[16:, 16:80] = (0.1, 0.08, 0.06)  # hair
    photo[32:, 32:64] = (0.8, 0.6, 0.5)  # skin
    photo[32:, 48:64] *= 0.9  # in shadow
    sketch = np.ones((96, 96, 1), np.float32)
    sketch[16:, 16:80] = 0.5
    wanted = telling.check({"skin": "#6b4423", "background": "white"})
    placed = telling.place(wanted, photo=photo, sketch=sketch)
    told = tone_layers.flatten(placed, (96, 96))
    skin = told[2:, 2:4]
    np.testing.assert_allclose(skin.mean(axis=(0, 1)), telling.colour("#6b4423"), atol=0.02)
    np.testing.assert_allclose(skin[0, 1] / skin[0, 0], 0.9, atol=0.02)
    np.testing.assert_allclose(told[0], 1.0, atol=0.02)
    assert np.isnan(told[1, 1:5]).all()  # hair, of which nothing was said
    made = tone_layers.keep(photo, placed)
    np.testing.assert_allclose(made[40:, 36:60].mean(axis=(0, 1)), telling.colour("#6b4423"), atol=0.05)
    np.testing.assert_allclose(made[24:28, 20:76], photo[24:28, 20:76], atol=0.03)


def test_strokes_count_before_parts_and_these_before_the_changed_reference() -> None:
    strokes = np.full((40, 33, 3), np.nan, np.float32)
    strokes[:16, :16] = (1, 0, 0)
    grey = Image.new("RGB", (33, 40), (128, 128, 128))
    placed = telling.place(
        telling.check({"reference": grey, "strokes": strokes, "lighter": 0.2, "wall": "teal"}),
        photo=np.full((40, 33, 3), 0.5, np.float32),
        sketch=PAPER * np.linspace(0.2, 1, 40, dtype=np.float32).reshape(40, 1, 1),
    )
    told = tone_layers.flatten(placed, (40, 33))
    np.testing.assert_array_equal(told[0, 0], (1, 0, 0))
    wall = np.isclose(told, telling.colour("teal"), atol=0.02).all(axis=-1)
    assert wall.any() and not wall[0, 0]
    rest = told[~wall][1:]
    assert len(rest) and (rest > 0.6).all()


def test_a_part_that_is_not_there_is_said() -> None:
    photo, sketch = np.full((64, 64, 3), 0.5, np.float32), np.ones((64, 64, 1), np.float32)
    with pytest.raises(ValueError, match="Received: hair"):
        telling.place(telling.check({"hair": "black"}), photo=photo, sketch=sketch)


def test_changes_change_what_they_say() -> None:
    own = np.random.default_rng(0).uniform(0.3, 0.6, (3, 3, 3)).astype(np.float32)
    np.testing.assert_allclose(telling.change(own), own, atol=1 / 255)  # what OpenCV rounds
    assert (telling.change(own, lighter=0.2) > own).all() and (telling.change(own, lighter=-0.2) < own).all()
    ends = [images.to_gray(telling.change(np.float32([[[0.2] * 3, [0.8] * 3]]), lighter=most)) for most in (-0.5, 0.5)]
    assert all(np.ptp(one) > 0.15 for one in ends)  # nothing becomes one black or one white
    warm = telling.change(own, warmer=0.2) - own
    assert warm[..., 0].min() > 0 > warm[..., 2].max()
    assert np.ptp(telling.change(own, colourful=-1), axis=-1).max() < 0.01
    own[0, 1] = np.nan  # paper that was added to a reference
    assert np.isnan(telling.change(own, lighter=0.2)).sum() == 3
