"""The artist's drawings of what a stage shows: made once, kept, and only of training photographs without a sketch."""

from __future__ import annotations

import dataclasses
import shutil
from pathlib import Path

import numpy as np
import pytest

from sketchback import images
from sketchback.datasets import Example
from sketchback.training import drawings


@pytest.fixture
def examples(tmp_path: Path) -> list[Example]:
    rng, found = np.random.default_rng(0), []
    for name, size in (("tall", (60, 40)), ("wide", (40, 200)), ("tested", (40, 40)), ("pair", (40, 40))):
        photo = images.write(tmp_path / f"{name}.png", rng.random((*size, 3), np.float32))
        found.append(Example(name, photo, split="test" if name == "tested" else "train"))
    return [*found[:3], dataclasses.replace(found[3], sketch=found[3].photo)]


def test_each_photograph_is_drawn_once(examples, artist, tmp_path) -> None:
    drawn = drawings.draw_all(examples, tmp_path / "kept", artist=artist, policy="float32")
    assert [one.drawing is not None for one in drawn] == [True, True, False, False]
    tall, wide = (images.read(one.drawing) for one in drawn[:2])
    assert tall.shape[:2] == (drawings.CANVAS, 96) and wide.shape[:2] == (29, drawings.CANVAS)
    before = {path: path.stat().st_mtime_ns for path in (tmp_path / "kept").rglob("*.jpg")}
    assert drawings.draw_all(examples, tmp_path / "kept", artist=artist, policy="float32") == drawn
    assert {path: path.stat().st_mtime_ns for path in (tmp_path / "kept").rglob("*.jpg")} == before
    others = drawings.draw_all(examples, tmp_path / "kept", artist=artist, hands="CUFS", policy="float32")
    assert (images.read(others[0].drawing) != tall).any()  # drawn anew, by other hands


def test_a_copy_of_the_data_is_drawn_by_the_same_hands(examples, artist, tmp_path) -> None:
    (elsewhere := tmp_path / "elsewhere").mkdir()
    copies = [dataclasses.replace(one, photo=Path(shutil.copy(one.photo, elsewhere)), sketch=None) for one in examples]
    firsts, seconds = (
        drawings.draw_all(own, tmp_path / "kept", artist=artist, policy="float32") for own in (examples, copies)
    )
    for first, second in list(zip(firsts, seconds, strict=True))[:2]:
        assert first.drawing != second.drawing
        np.testing.assert_array_equal(images.read(first.drawing), images.read(second.drawing))


def test_photographs_of_one_name_have_drawings_of_their_own(examples, artist, tmp_path) -> None:
    alike = dataclasses.replace(examples[1], name=examples[0].name)
    drawn = drawings.draw_all([examples[0], alike], tmp_path / "kept", artist=artist, policy="float32")
    assert drawn[0].drawing != drawn[1].drawing


def test_an_unreadable_photograph_has_no_drawing(examples, artist, tmp_path) -> None:
    bad = tmp_path / "bad.png"
    bad.write_bytes(b"no picture")
    drawn = drawings.draw_all([Example("bad", bad), *examples], tmp_path / "kept", artist=artist, policy="float32")
    assert [one.drawing is not None for one in drawn] == [False, True, True, False, False]


def test_a_ribbon_has_no_drawing(artist, tmp_path) -> None:
    ribbon = images.write(tmp_path / "ribbon.png", np.full((16, 9000, 3), 0.5, np.float32))
    (drawn,) = drawings.draw_all([Example("ribbon", ribbon)], tmp_path / "kept", artist=artist, policy="float32")
    assert drawn.drawing is None
