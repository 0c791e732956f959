"""Pairs are recognised under the names that their owners gave them; what has no partner is counted and named."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
from small_sets import assert_apart, put

from sketchback import datasets
from sketchback.datasets import pairs

CUFS = {
    "f-005-01": "F2-005-01-sz1",
    "f-039-01": "f-039-01-sz1",
    "f1-001-01": "f1-001-01-sz1",
    "f-001-01": "f-001-01-sz1",
    "m-008-01": "M2-008-01-sz1",
}


def test_cufs_under_its_own_names(tmp_path: Path) -> None:
    for photo, sketch in CUFS.items():
        put(tmp_path / "train" / "photos" / f"{photo}.jpg", (0.8, 0.5, 0.3))
        put(tmp_path / "train" / "sketches" / f"{sketch}.jpg", 0.9)
    put(tmp_path / "test" / "photos" / "m-001-01.jpg")
    put(tmp_path / "test" / "sketches" / "M2-001-01-sz1.jpg")
    examples = datasets.find(tmp_path)
    assert {(example.kind, example.hand) for example in examples} == {("CUFS", "CUFS")}
    counts = Counter(example.split for example in examples)
    assert counts["train"] + counts["val"] == 5 and counts["val"] >= 1 and counts["test"] == 1
    found = {example.photo.stem: example.sketch.stem for example in examples}
    assert found == {**CUFS, "m-001-01": "M2-001-01-sz1"}
    assert_apart(examples)
    assert examples[-1].read_sketch().mean() > 0.85  # the drawing, not the photograph


def test_one_name_like_those_of_cufs_makes_no_cufs(tmp_path: Path) -> None:
    for name in ("anna", "ben", "cleo", "m-1-2"):
        put(tmp_path / "photos" / f"{name}.jpg", (0.8, 0.5, 0.3))
        put(tmp_path / "sketches" / f"{name}.jpg", 0.9)
    assert {(example.kind, example.hand) for example in datasets.find(tmp_path)} == {("pairs", "")}


def test_pairs_beside_a_folder_of_tested_ones_are_read_too(tmp_path: Path) -> None:
    for part, count in ((tmp_path, 6), (tmp_path / "test", 3)):
        for number in range(count):
            put(part / "photos" / f"{number}.jpg", (0.8, 0.5, 0.3))
            put(part / "sketches" / f"{number}.jpg", 0.9)
    examples = datasets.find(tmp_path)
    assert len(examples) == 9 == len({example.name for example in examples})
    assert {example.name for example in examples if example.name.startswith("test/")} <= {
        example.name for example in examples if example.split == "test"
    }


@pytest.mark.parametrize(("folder", "kind"), [("xm2vts", "XM2VTS"), ("CUHK XM2VTS", "XM2VTS"), ("mine", "pairs")])
def test_xm2vts_is_told_from_other_numbered_pairs_by_its_folder(tmp_path: Path, folder: str, kind: str) -> None:
    for part, numbers in (("train", range(1, 5)), ("test", range(5, 8))):
        for path in (tmp_path / folder / part / side / f"{n}.jpg" for side in ("photos", "sketches") for n in numbers):
            put(path)
    examples = datasets.find(tmp_path / folder)
    assert {(example.kind, example.hand) for example in examples} == {(kind, "XM2VTS" if kind == "XM2VTS" else "")}
    counts = Counter(example.split for example in examples)
    assert counts["test"] == 3 and counts["train"] + counts["val"] == 4 and counts["val"] >= 1
    assert_apart(examples)


@pytest.mark.parametrize(
    ("photos", "sketches"),
    [("photos", "sketches"), ("images", "drawings"), ("real", "edges"), ("Faces", "line-art"), ("A", "pencil_work")],
)
def test_two_folders_with_telling_names(tmp_path: Path, photos: str, sketches: str) -> None:
    for number in range(5):
        put(tmp_path / photos / f"{number}.jpg", 0.4)
        put(tmp_path / sketches / f"{number}.png", 0.9)
    if photos == "photos":  # where both names tell, a third folder does not confuse
        put(tmp_path / "masks" / "0.png")
    examples = datasets.find(tmp_path)
    assert len(examples) == 5 and {example.kind for example in examples} == {"pairs"}
    for example in examples:
        assert (example.photo.parent.name, example.sketch.parent.name) == (photos, sketches)
        assert example.photo.stem == example.sketch.stem
    assert_apart(examples)


@pytest.mark.parametrize("colourful", ["a", "b"])
def test_two_folders_whose_names_say_nothing_are_told_by_colour(tmp_path: Path, colourful: str, caplog) -> None:
    for folder in ("a", "b"):
        for number in range(4):
            put(tmp_path / folder / f"{number}.png", (0.9, 0.4, 0.1) if folder == colourful else 0.9)
    (tmp_path / "a" / "00.png").symlink_to(tmp_path / "nowhere")  # comes first where colours are compared
    examples = datasets.find(tmp_path)
    assert len(examples) == 4 and {example.photo.parent.name for example in examples} == {colourful}
    assert f"{colourful} are taken for the photographs" in caplog.text


def test_two_folders_of_other_names_are_photographs(tmp_path: Path) -> None:
    for number in range(4):
        put(tmp_path / "night" / f"n{number}.png")
        put(tmp_path / "day" / f"d{number}.png")
    examples = datasets.find(tmp_path)
    assert len(examples) == 8 and all(example.sketch is None for example in examples)


def test_leftover_pairs_are_counted_and_named(tmp_path: Path, caplog) -> None:
    for number in range(5):
        put(tmp_path / "photos" / f"{number}.jpg")
        put(tmp_path / "sketches" / f"{number + 2}.jpg")
    put(tmp_path / "photos" / "4.png")
    assert len(datasets.find(tmp_path)) == 3
    assert f"left out 2 photographs without a sketch: {tmp_path}/photos/0.jpg" in caplog.text
    assert f"left out 2 sketches without a photograph: {tmp_path}/sketches/5.jpg" in caplog.text
    assert f"left out 1 files whose name, apart from the suffix, occurs before: {tmp_path}/photos/4.png" in caplog.text


def test_parts_of_pairs_may_number_alike_and_one_without_pairs_is_named(tmp_path: Path, caplog) -> None:
    for part in ("train", "test"):
        for number in range(6):
            put(tmp_path / part / "photos" / f"{number}.jpg")
            put(tmp_path / part / "sketches" / f"{number}.jpg")
    put(tmp_path / "val" / "photos" / "b.jpg")
    examples = datasets.find(tmp_path)
    counts = Counter(example.split for example in examples)
    assert counts["test"] == 6 and counts["train"] + counts["val"] == 6
    assert_apart(examples)
    missing = "left out 1 parts without a folder of photographs and one of sketches"
    assert f"{missing}: {tmp_path / 'val'}" in caplog.text


def test_folders_that_mean_the_same_part_are_both_read(tmp_path: Path) -> None:
    for part, count in (("train", 6), ("Training", 7)):
        for number in range(count):
            put(tmp_path / part / "photos" / f"{number}.jpg")
            put(tmp_path / part / "sketches" / f"{number}.jpg")
    examples = datasets.find(tmp_path)
    assert len(examples) == len({example.group for example in examples}) == 13
    assert all(example.split in ("train", "val") for example in examples)


def test_a_partition_is_followed(tmp_path: Path) -> None:
    for path in (tmp_path / folder / f"{number}.png" for folder in ("photos", "sketches") for number in range(3)):
        put(path)
    (tmp_path / "partition.txt").write_text("0.png 2\n1.png 1\n2.png 0\n")
    assert [example.split for example in datasets.find(tmp_path)] == ["test", "val", "train"]


def test_pairs_of_which_no_names_agree_are_an_error(tmp_path: Path) -> None:
    put(tmp_path / "photos" / "a.jpg")
    put(tmp_path / "sketches" / "01" / "a.jpg")  # folders inside must agree too
    with pytest.raises(ValueError, match=r"named like their photographs.*Received: .*Rename them alike"):
        pairs.find(tmp_path)
