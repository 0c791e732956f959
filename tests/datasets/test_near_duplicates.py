"""Near-duplicates: the same photograph is found again re-encoded, reduced or cropped; two people are not one."""

from __future__ import annotations

import logging
from pathlib import Path

import numpy as np
import pytest
from places import DATA

from sketchback import datasets, images
from sketchback.datasets import Example, builtin, near_duplicates


def example(folder: Path, name: str, photo: np.ndarray, split: str) -> Example:
    return Example(name, images.write(folder / f"{split}-{name}", photo), split=split, kind="set")


@pytest.fixture(scope="module")
def originals() -> list[np.ndarray]:
    """Façades that differ in more than colour."""
    return [builtin.building(seed, (150, 120)) for seed in range(6)]


@pytest.fixture(scope="module")
def tested(tmp_path_factory, originals) -> list[Example]:
    folder = tmp_path_factory.mktemp("tested")
    return [example(folder, f"{number}.png", photo, "test") for number, photo in enumerate(originals)]


@pytest.mark.parametrize(
    "change",
    [
        lambda photo: photo,
        lambda photo: images.resize(photo, (75, 60)),
        lambda photo: np.clip(photo * 0.8 + 0.1, 0, 1),
        lambda photo: photo[:, 10:],
    ],
    ids=["equal", "half the size", "less contrast", "another crop"],
)
def test_a_duplicate_is_found_whatever_was_done_to_it(change, tmp_path, originals, tested):
    copy = example(tmp_path, "copy.jpg", change(originals[2]), "train")
    found = near_duplicates.find([copy], tested)
    assert [(one.training, one.test) for one in found] == [(copy, tested[2])]
    assert 0.96 <= found[0].agreement <= 1.0001


def test_every_copy_is_found_however_many_there_are(tmp_path, originals, tested):
    copies = [example(tmp_path, f"{number}.jpg", originals[1], "train") for number in range(12)]
    assert [one.training for one in near_duplicates.find(copies, tested)] == copies


def test_other_pictures_are_no_duplicates(tmp_path, tested):
    others = [example(tmp_path, f"{seed}.png", builtin.building(seed, (150, 120)), "train") for seed in range(40, 52)]
    assert near_duplicates.find(others, tested) == []


def test_flat_and_black_pictures_are_duplicates_of_nothing(tmp_path, tested):
    flat = [example(tmp_path, f"{value}.png", np.full((40, 40, 3), value, np.float32), "train") for value in (0, 0.5)]
    assert near_duplicates.find(flat, [*tested, *flat]) == []


def test_leave_out_names_what_it_leaves_out(tmp_path, originals, tested, caplog):
    copies = [example(tmp_path, "a.jpg", originals[0], "train"), example(tmp_path, "b.jpg", originals[5], "val")]
    other = example(tmp_path, "other.png", builtin.building(77, (150, 120)), "train")
    with caplog.at_level(logging.WARNING, "sketchback"):
        kept = near_duplicates.leave_out([*copies, other, tested[0]], tested[5:])
    assert kept == [other, tested[0]]  # what is tested stays
    assert "left out 2 near-duplicates of test pictures" in caplog.text
    assert "a.jpg (set 0.png, " in caplog.text and "b.jpg (set 5.png, " in caplog.text


def test_damaged_and_built_in_pictures_do_not_stop_it(tmp_path, tested):
    broken = tmp_path / "broken.png"
    broken.write_bytes(tested[0].photo.read_bytes()[:200])
    assert near_duplicates.find([Example("broken", broken)], tested) == []
    built_in = datasets.find("demo:buildings")
    assert near_duplicates.leave_out(built_in) == built_in


def test_the_known_near_duplicates_of_fs2k_in_celeba_are_found():
    if not (DATA / "fs2k").is_dir() or not (DATA / "celeba").is_dir():
        pytest.skip("needs ../shared/data/fs2k and celeba")
    faces = {
        path.stem: Example(path.stem, path)
        for path in (DATA / "celeba/img_celeba" / f"{number}.jpg" for number in range(189270, 189281))
        if path.exists()
    }
    tested = [Example("image1558", DATA / "fs2k/photo/photo1/image1558.jpg", split="test")]
    found = near_duplicates.find(list(faces.values()), tested)
    assert [one.training.name for one in found] == ["189275"]
