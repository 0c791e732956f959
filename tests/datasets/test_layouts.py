"""Pairs are recognised under the names that their owners gave them; what has no partner is counted and named."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest
from small_sets import assert_apart, put

from sketchback import datasets
from sketchback.datasets import layouts

# ---- CUFS


@pytest.mark.parametrize(
    ("photo", "sketch", "key"),
    [
        ("f-005-01", "F2-005-01-sz1", "f-005-01"),
        ("f-039-01", "f-039-01-sz1", "f-039-01"),
        ("f1-001-01", "f1-001-01-sz1", "f1-001-01"),
        ("m-008-01", "M2-008-01-sz1", "m-008-01"),
        ("Anna", "anna", "anna"),
    ],
)
def test_pair_key_knows_cufs_names(photo, sketch, key):
    assert layouts.pair_key(photo) == layouts.pair_key(sketch) == key


def test_pair_key_keeps_f_and_f1_apart():
    assert layouts.pair_key("f-001-01") != layouts.pair_key("f1-001-01")


CUFS = [
    ("f-005-01", "F2-005-01-sz1"),
    ("f-039-01", "f-039-01-sz1"),
    ("f1-001-01", "f1-001-01-sz1"),
    ("m-008-01", "M2-008-01-sz1"),
]


def test_cufs_under_its_own_names(tmp_path):
    for photo, sketch in CUFS:
        put(tmp_path / "train" / "photos" / f"{photo}.jpg", (0.8, 0.5, 0.3))
        put(tmp_path / "train" / "sketches" / f"{sketch}.jpg", 0.9)
    for number in (1, 2):
        put(tmp_path / "test" / "photos" / f"m-{number:03d}-01.jpg")
        put(tmp_path / "test" / "sketches" / f"M2-{number:03d}-01-sz1.jpg")
    examples = datasets.find(tmp_path)
    assert {example.kind for example in examples} == {"CUFS"}
    counts = Counter(example.split for example in examples)
    assert counts["train"] + counts["val"] == 4 and counts["val"] >= 1 and counts["test"] == 2
    by_photo = {example.photo.stem: example.sketch.stem for example in examples}
    assert by_photo == {**dict(CUFS), "m-001-01": "M2-001-01-sz1", "m-002-01": "M2-002-01-sz1"}
    assert_apart(examples)
    first = next(example for example in examples if example.photo.stem == "f-005-01")
    assert first.read_photo().shape == (20, 16, 3) and first.read_sketch().shape == (20, 16, 1)
    assert first.read_sketch().mean() > 0.85  # the drawing, not the photograph


# ---- FS2K


def fs2k(root: Path) -> Path:
    for split, numbers in (("train", range(1, 7)), ("test", range(7, 10))):
        records = []
        for number in numbers:
            put(root / "photo" / "photo1" / f"image{number:04d}.jpg")
            put(root / "sketch" / "sketch1" / f"sketch{number:04d}.jpg")
            records.append({"image_name": f"photo1/image{number:04d}", "style": number % 3, "gender": 0})
        (root / f"anno_{split}.json").write_text(json.dumps(records))
    return root


def test_fs2k_takes_splits_and_styles_from_its_annotations(tmp_path):
    examples = datasets.find(fs2k(tmp_path))
    assert len(examples) == 9 and {example.kind for example in examples} == {"FS2K"}
    assert sorted(example.name for example in examples if example.split == "test") == [
        "photo1/image0007",
        "photo1/image0008",
        "photo1/image0009",
    ]
    assert {example.split for example in examples} == {"train", "val", "test"}
    for example in examples:
        number = int(example.name[-4:])
        assert example.label == f"style {number % 3}"
        assert example.sketch.name == f"sketch{number:04d}.jpg"
    assert_apart(examples)


def test_fs2k_reports_what_has_no_partner(tmp_path, caplog):
    root = fs2k(tmp_path)
    (root / "sketch" / "sketch1" / "sketch0002.jpg").unlink()
    put(root / "photo" / "photo1" / "image0099.jpg")
    assert len(datasets.find(root)) == 8
    assert "left out 1 annotated pairs whose photograph or sketch is missing: photo1/image0002" in caplog.text
    assert "left out 1 photographs without annotation: photo1/image0099" in caplog.text


@pytest.mark.parametrize("content", ["{broken", "{}", '[{"style": 1}]', "[3]"])
def test_fs2k_with_damaged_annotations_says_which(tmp_path, content):
    root = fs2k(tmp_path)
    (root / "anno_train.json").write_text(content)
    with pytest.raises(ValueError, match=r"Annotations must be .*Received: .*anno_train\.json.*Download it again"):
        datasets.find(root)


# ---- folders of pairs


@pytest.mark.parametrize(
    ("photos", "sketches"),
    [("photos", "sketches"), ("images", "drawings"), ("real", "edges"), ("Faces", "line-art"), ("A", "pencil_work")],
)
def test_two_folders_with_telling_names(tmp_path, photos, sketches):
    for number in range(5):
        put(tmp_path / photos / f"{number}.jpg", 0.4)
        put(tmp_path / sketches / f"{number}.png", 0.9)
    if photos == "photos":  # with both names telling, a third folder does not confuse
        put(tmp_path / "masks" / "0.png")
    examples = datasets.find(tmp_path)
    assert len(examples) == 5 and {example.kind for example in examples} == {"pairs"}
    for example in examples:
        assert (example.photo.parent.name, example.sketch.parent.name) == (photos, sketches)
        assert example.photo.stem == example.sketch.stem
    assert_apart(examples)


@pytest.mark.parametrize("colourful", ["a", "b"])
def test_two_folders_whose_names_say_nothing_are_told_by_colour(tmp_path, colourful, caplog):
    for folder in ("a", "b"):
        for number in range(4):
            put(tmp_path / folder / f"{number}.png", (0.9, 0.4, 0.1) if folder == colourful else 0.9)
    examples = datasets.find(tmp_path)
    assert len(examples) == 4 and {example.photo.parent.name for example in examples} == {colourful}
    assert f"{colourful} are taken for the photographs" in caplog.text


def test_two_folders_of_other_names_are_photographs(tmp_path):
    for number in range(4):
        put(tmp_path / "night" / f"n{number}.png")
        put(tmp_path / "day" / f"d{number}.png")
    examples = datasets.find(tmp_path)
    assert len(examples) == 8 and all(example.sketch is None for example in examples)


def test_leftover_pairs_are_counted_and_named(tmp_path, caplog):
    for number in range(10):
        put(tmp_path / "photos" / f"{number}.jpg")
        put(tmp_path / "sketches" / f"{number + 3}.jpg")
    put(tmp_path / "photos" / "4.png")
    assert len(datasets.find(tmp_path)) == 7
    assert "left out 3 photographs without a sketch" in caplog.text
    assert "left out 3 sketches without a photograph" in caplog.text
    assert "left out 1 files whose name, apart from the suffix, occurs before" in caplog.text
    for name in ("photos/0.jpg", "photos/2.jpg", "sketches/12.jpg", "photos/4.png"):
        assert str(tmp_path / name) in caplog.text


def test_many_leftovers_are_counted_and_the_first_five_named(tmp_path, caplog):
    put(tmp_path / "photos" / "a.jpg")
    for number in range(9):
        put(tmp_path / "sketches" / f"{number}.jpg")
    put(tmp_path / "sketches" / "a.jpg")
    datasets.find(tmp_path)
    assert "left out 9 sketches without a photograph" in caplog.text and "and 4 more" in caplog.text


def test_parts_of_pairs_may_number_alike(tmp_path):
    for part in ("train", "test"):
        for number in range(6):
            put(tmp_path / part / "photos" / f"{number}.jpg")
            put(tmp_path / part / "sketches" / f"{number}.jpg")
    examples = datasets.find(tmp_path)
    counts = Counter(example.split for example in examples)
    assert counts["test"] == 6 and counts["train"] + counts["val"] == 6
    assert_apart(examples)


def test_a_part_that_holds_no_pairs_is_named(tmp_path, caplog):
    put(tmp_path / "train" / "photos" / "a.jpg")
    put(tmp_path / "train" / "sketches" / "a.jpg")
    put(tmp_path / "test" / "photos" / "b.jpg")
    assert len(datasets.find(tmp_path)) == 1
    assert "left out 1 parts without a folder of photographs and one of sketches" in caplog.text
    assert str(tmp_path / "test") in caplog.text


def test_pairs_of_which_no_names_agree_are_an_error(tmp_path):
    put(tmp_path / "photos" / "a.jpg")
    put(tmp_path / "sketches" / "b.jpg")
    with pytest.raises(ValueError, match=r"named like their photographs.*Received: .*Rename them alike"):
        datasets.find(tmp_path)
