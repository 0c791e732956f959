"""White on black is noticed and turned, an empty sheet is told from a drawing, and nothing else is touched."""

from __future__ import annotations

import numpy as np
import pytest
from places import DATA, DRAWINGS
from tabletop import TILTED, head, photographed

from sketchback import datasets, images
from sketchback.sketching import oddities, styles

OWN = sorted(DRAWINGS.glob("*.png"))


def blackboard(sketch: np.ndarray, seed: int = 0) -> np.ndarray:
    """Chalk on green slate, `(H, W, 3)`: never quite black, smudged, lit from one side."""
    rng = np.random.default_rng(seed)
    ramp = np.linspace(0.12, 0.3, sketch.shape[1], dtype=np.float32)[:, np.newaxis]
    noisy = ramp + 0.55 * (1 - sketch) + 0.02 * rng.standard_normal(sketch.shape)
    return np.clip(noisy * (0.9, 1.0, 0.92), 0, 1).astype(np.float32)


@pytest.mark.parametrize("path", OWN, ids=lambda path: path.stem)
def test_drawings_of_ours_on_paper_on_a_board_and_on_a_screen(path) -> None:
    sketch = images.read(path, channels=1)
    assert not oddities.is_negative(sketch) and not oddities.is_empty(sketch)
    for dark in (1 - sketch, 0.12 + 0.8 * (1 - sketch), blackboard(sketch)):
        assert oddities.is_negative(dark)
        turned = oddities.invert_tones(dark)
        assert turned.shape == dark.shape and np.median(turned) > 0.95
        assert not oddities.is_negative(turned) and not oddities.is_empty(turned)
    assert np.corrcoef(turned[..., 1].ravel(), sketch.ravel())[0, 1] > 0.95


def test_one_line_is_noticed_in_both_ways() -> None:
    sheet = np.ones((600, 480), np.float32)
    sheet[200:260, 240:243] = 0.2
    assert not oddities.is_negative(sheet) and oddities.is_negative(1 - sheet)
    assert not oddities.is_empty(sheet) and not oddities.is_empty(1 - sheet)


@pytest.mark.parametrize("size", [(16, 16), (40, 33), (512, 400), (1500, 1200)])
@pytest.mark.parametrize(("tone", "grain"), [(1.0, 0.0), (0.9, 0.03), (0.8, 0.06), (0.1, 0.02)])
def test_a_sheet_without_strokes_is_empty(size: tuple[int, int], tone: float, grain: float) -> None:
    falling = np.linspace(1, 0.7, size[1])
    noise = np.random.default_rng(0).standard_normal(size)
    sheet = np.clip(tone * falling + grain * noise, 0, 1).astype(np.float32)
    assert oddities.is_empty(sheet) and not oddities.is_negative(sheet)
    sheet[size[0] // 4 : size[0] // 2, size[1] // 2 : size[1] // 2 + 2 + size[1] // 300] = abs(tone - 0.6)
    assert not oddities.is_empty(sheet)


def test_a_page_on_a_dark_table_is_no_negative() -> None:
    assert not oddities.is_negative(photographed(head(), TILTED, (680, 620), table=(0.1, 0.1, 0.1)))


def test_pale_lines_that_fill_a_sheet_are_not_small() -> None:
    sheet = np.ones((300, 400, 1), np.float32)
    sheet[20:280, 20] = sheet[20:280, 379] = sheet[20, 20:380] = sheet[279, 20:380] = 0.85
    sheet[100:200, 180] = sheet[100:200, 220] = 0.2
    assert "small" not in oddities.notice(sheet)


def test_thin_lines_on_large_sheets_are_drawn() -> None:
    street = np.ones((200, 3000, 1), np.float32)
    street[60:180, 100:2900:200] = street[60, 100:2900] = 0.0
    sheet = np.ones((2400, 2000, 1), np.float32)
    sheet[300:2000, 400] = sheet[2000, 400:1600] = 0.0
    assert not oddities.is_empty(street) and not oddities.is_empty(sheet)


def test_dust_is_not_drawn() -> None:
    sheet = np.ones((500, 400, 1), np.float32)
    sheet[100:104, 50:54] = sheet[300:305, 200:203] = 0.0
    with pytest.raises(ValueError, match=r"must be drawn.*Received: an empty one\. Draw"):
        oddities.check_drawn(sheet)


def test_subject_and_direction_of_drawings_of_ours() -> None:
    noticed = {path.stem: oddities.notice(images.read(path, 1)) for path in OWN}
    turned = {path.stem: oddities.notice(images.read(path, 1)[::-1, ::-1]) for path in OWN}
    for name, words in noticed.items():
        if name.startswith("face"):
            assert set(words) <= {"face"} and "upside down" in turned[name]
        else:
            assert words == ["building"]
    assert sum(words == ["face"] for words in noticed.values()) >= 2  # a third one is not sure


def test_a_drawing_on_a_large_sheet_is_small_and_upright() -> None:
    for path in OWN:
        drawing = images.reduce(images.read(path, 1), 200)
        sheet = np.pad(drawing, ((60, 60), (50, 600), (0, 0)), constant_values=1)
        first, *others = oddities.notice(sheet)
        assert first == "small" and set(others) <= ({"face"} if path.stem.startswith("face") else {"building"})
        assert oddities.notice(images.resize(drawing, (32, 32))) == []  # too small to be seen


def test_a_page_that_was_not_cleaned_is_noticed() -> None:
    assert oddities.notice(photographed(head(), TILTED, (680, 620))) == ["paper"]
    assert oddities.notice(0.7 * images.read(OWN[1], 1)) == ["paper"]
    assert oddities.notice(np.ones((64, 64), np.float32)) == []  # nothing is drawn, nothing is noticed


@pytest.mark.slow
@pytest.mark.parametrize("name", ["cufs", "fs2k", "xm2vts"])
def test_hand_drawn_faces_are_no_buildings_and_seldom_upside_down(name: str) -> None:
    if not (DATA / name).is_dir():
        pytest.skip(f"needs ../shared/data/{name}")
    every = 6 if name == "fs2k" else 2
    sketches = [example.read_sketch() for example in datasets.find(DATA / name)[::every]]
    noticed = [oddities.notice(sketch) for sketch in sketches]
    assert not any("building" in words or "paper" in words for words in noticed)
    assert np.mean(["upside down" in words for words in noticed]) < 0.005
    assert np.mean(["upside down" in oddities.notice(sketch[::-1, ::-1]) for sketch in sketches[::4]]) > 0.4


@pytest.mark.slow
def test_most_simulated_sketches_of_buildings_are_noticed() -> None:
    if not (DATA / "buildings").is_dir():
        pytest.skip("needs ../shared/data/buildings")
    examples = datasets.subset(datasets.find(DATA / "buildings"), "test")[::3]
    words = [oddities.notice(styles.sketch(one.read_photo(), "random", seed=n)) for n, one in enumerate(examples)]
    assert np.mean(["building" in noticed for noticed in words]) > 0.7
    assert not any("face" in noticed for noticed in words)


@pytest.mark.slow
@pytest.mark.parametrize(("name", "found"), [("cufs", 0.98), ("fs2k", 0.98), ("xm2vts", 0.9)])
def test_no_hand_drawn_sketch_is_taken_for_a_negative(name: str, found: float) -> None:
    if not (DATA / name).is_dir():
        pytest.skip(f"needs ../shared/data/{name}")
    every = 3 if name == "fs2k" else 1
    sketches = [example.read_sketch() for example in datasets.find(DATA / name)[::every]]
    assert not any(map(oddities.is_negative, sketches)) and not any(map(oddities.is_empty, sketches))
    assert np.mean([oddities.is_negative(1 - sketch) for sketch in sketches]) > found
    assert not any(
        oddities.is_negative(photographed(sketch, TILTED, (680, 620))) for sketch in sketches[::20]
    )  # on a dark table


@pytest.mark.slow
@pytest.mark.parametrize("style", ["pencil", "xdog", "line"])
def test_no_simulated_sketch_is_taken_for_a_negative(style: str) -> None:
    if not (DATA / "mebeauty").is_dir():
        pytest.skip("needs ../shared/data/mebeauty")
    for example in datasets.find(DATA / "mebeauty")[::20]:
        sketch = styles.sketch(example.read_photo(), style)
        assert not oddities.is_negative(sketch) and not oddities.is_empty(sketch), example.name
