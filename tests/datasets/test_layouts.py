"""Every set is recognised as its owner packed it, with its own people, buildings, splits and styles."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest
from small_sets import assert_apart, put, splits

from sketchback import datasets


def celeba(root: Path, inside: str, people: dict[int, int] | None = None) -> Path:
    """A CelebA of twelve images, two a person; three people train, then one validates, the others test."""
    numbers = range(1, 13)
    people = people or {number: (number + 1) // 2 for number in numbers}
    for number in numbers:
        put(root / inside / f"{number:06d}.jpg")
    (root / "identity_CelebA.txt").write_text("".join(f"{n:06d}.jpg {people[n]}\n" for n in numbers))
    parts = "".join(f"{n:06d}.jpg {0 if n <= 6 else 1 if n <= 8 else 2}\n" for n in numbers)
    (root / "list_eval_partition.txt").write_text(f"12\n{parts}")
    return root


@pytest.mark.parametrize("inside", ["img_align_celeba", "img_celeba"])
@pytest.mark.parametrize("given", ["", "image folder"])
def test_celeba_with_its_lists(tmp_path: Path, inside: str, given: str) -> None:
    root = celeba(tmp_path / "any name", inside)
    examples = datasets.find(root / inside if given else root)
    assert {example.kind for example in examples} == {"CelebA"} and not any(example.sketch for example in examples)
    assert Counter(example.split for example in examples) == {"train": 6, "val": 2, "test": 4}
    assert [example.group for example in examples[:3]] == ["celeba/1", "celeba/1", "celeba/2"]
    assert_apart(examples)


def test_celeba_may_have_its_list_as_csv(tmp_path: Path) -> None:
    root = celeba(tmp_path / "celeba", "img_align_celeba")
    before = {example.name: example.split for example in datasets.find(root)}
    rows = (root / "list_eval_partition.txt").read_text().split("\n")
    (root / "list_eval_partition.txt").unlink()
    (root / "list_eval_partition.csv").write_text(
        "image_id,partition\n" + "\n".join(",".join(row.split()) for row in rows)
    )
    assert {example.name: example.split for example in datasets.find(root)} == before


def test_celeba_may_be_of_another_kind_of_file_than_its_lists_say(tmp_path: Path) -> None:
    root = celeba(tmp_path, "img_align_celeba")
    before = [(example.group, example.split) for example in datasets.find(root)]
    for path in (root / "img_align_celeba").iterdir():
        put(path.with_suffix(".png"))
        path.unlink()
    assert [(example.group, example.split) for example in datasets.find(root)] == before


def test_celeba_without_its_lists_is_split_by_picture(tmp_path: Path, caplog) -> None:
    for number in range(40):
        put(tmp_path / "img_celeba" / f"{number:06d}.bmp")
    counts = Counter(example.split for example in datasets.find(tmp_path))
    assert counts["train"] > 25 and counts["val"] >= 1 and counts["test"] >= 1
    assert "a person may be in training and in the test" in caplog.text


def test_a_person_in_two_parts_of_celebas_list_is_tested_only(tmp_path: Path) -> None:
    root = celeba(tmp_path, "img_celeba", {number: 1 if number == 12 else number for number in range(1, 13)})
    found = splits(datasets.find(root))
    assert found["img_celeba/000001.jpg"] == found["img_celeba/000012.jpg"] == "test"
    assert found["img_celeba/000002.jpg"] == "train"


def fs2k(root: Path) -> Path:
    for split, numbers in (("train", range(1, 7)), ("test", range(7, 10))):
        records = []
        for number in numbers:
            put(root / "photo" / "photo1" / f"image{number:04d}.jpg")
            put(root / "sketch" / "sketch1" / f"sketch{number:04d}.jpg")
            records.append({"image_name": f"photo1/image{number:04d}", "style": number % 3, "gender": 0})
        (root / f"anno_{split}.json").write_text(json.dumps(records))
    return root


def test_fs2k_takes_splits_and_styles_from_its_annotations(tmp_path: Path, caplog) -> None:
    root = fs2k(tmp_path)
    (root / "sketch" / "sketch1" / "sketch0002.jpg").unlink()
    put(root / "photo" / "photo1" / "image0099.jpg")
    examples = datasets.find(root)
    assert len(examples) == 8 and {example.kind for example in examples} == {"FS2K"}
    assert sorted(e.name for e in examples if e.split == "test") == [f"photo1/image000{n}" for n in (7, 8, 9)]
    assert {example.split for example in examples} == {"train", "val", "test"}
    for example in examples:
        number = int(example.name[-4:])
        assert example.label == f"style {number % 3}" and example.sketch.name == f"sketch{number:04d}.jpg"
        assert example.hand == f"FS2K {number % 3 + 1}"
    assert_apart(examples)
    assert "left out 1 annotated pairs whose photograph or sketch is missing: photo1/image0002" in caplog.text
    assert "left out 1 photographs without annotation: photo1/image0099" in caplog.text


@pytest.mark.parametrize("content", ["{broken", "{}", '[{"style": 1}]', "[3]", "[" * 100_000])
def test_fs2k_with_damaged_annotations_says_which(tmp_path: Path, content: str) -> None:
    root = fs2k(tmp_path)
    (root / "anno_train.json").write_text(content)
    with pytest.raises(ValueError, match=r"Annotations must be .*Received: .*anno_train\.json.*Download it again") as e:
        datasets.find(root)
    assert "\n" not in str(e.value)


@pytest.mark.parametrize("flat", [True, False])
# Names of people hold words that folders of pairs are told by.
@pytest.mark.parametrize("people", [["Jacqueline_Face", "Caroline_Real"], [f"Ann_{letter}" for letter in "abcdefgh"]])
def test_lfw_is_split_by_person(tmp_path: Path, flat: bool, people: list[str]) -> None:
    for name in (f"{person}_{number:04d}.jpg" for person in people for number in (1, 2)):
        put(tmp_path / (name if flat else f"{name[:-9]}/{name}"))
    examples = datasets.find(tmp_path)
    assert len(examples) == 2 * len(people) and {example.kind for example in examples} == {"LFW"}
    assert len({example.group for example in examples}) == len(people)
    assert_apart(examples)


@pytest.mark.parametrize(
    ("kind", "names"),
    [
        ("MEBeauty", {"female_asian_0001": ("asian", "female"), "male_black_0012": ("black", "male")}),
        (
            "UTKFace",
            {
                "9_1_2_20170112213001988.jpg.chip": ("asian", "female", "child"),
                "60_0_0_20170112213001988": ("white", "male", "old"),
            },
        ),
    ],
)
@pytest.mark.parametrize("listed", [True, False])
def test_portraits_carry_groups_in_their_names(tmp_path: Path, kind: str, names, listed: bool) -> None:
    for name in names:
        put(tmp_path / "photos" / f"{name}.jpg")
    if listed:
        (tmp_path / "partition.txt").write_text("".join(f"{name}.jpg 2\n" for name in names))
    examples = datasets.find(tmp_path)
    found = {example.photo.stem: example for example in examples}
    assert {stem: one.traits for stem, one in found.items()} == names
    assert all((one.kind, one.label, one.hand) == (kind, one.traits[0], "") for one in examples)
    assert {one.split for one in examples} == ({"test"} if listed else {"train", "test"})
    assert_apart(examples)
    assert datasets.terms(examples) == [f"{kind}: non-commercial research use only"]


def test_zubud_is_split_by_building(tmp_path: Path, caplog) -> None:
    for name in (f"object{building:04d}.view{view:02d}.png" for building in range(12) for view in (1, 2, 3)):
        put(tmp_path / "png-ZuBuD" / name)
    put(tmp_path / "readme_scan.png")
    examples = datasets.find(tmp_path)
    assert len(examples) == 36 and {example.kind for example in examples} == {"ZuBuD"}
    assert len({example.group for example in examples}) == 12
    assert_apart(examples)
    assert "left out 1 files not named like those of ZuBuD" in caplog.text and "readme_scan.png" in caplog.text


@pytest.mark.parametrize("given", ["", "photos"])
def test_a_partition_in_a_folder_or_beside_it_is_followed(tmp_path: Path, given: str) -> None:
    # Names like LFW's, but the list says what they are: photographs.
    for number in range(9):
        put(tmp_path / "photos" / f"old_town_{number:04d}.jpg")
    for line in ("old_town_{:04d}.jpg {}", "old_town_{:04d}.jpg,{}", "photos/old_town_{:04d}.jpg {}"):
        for said in ("012", ("train", "Val", "test")):
            lines = [line.format(number, said[number % 3]) for number in range(9)]
            (tmp_path / "partition.txt").write_text("\n".join(lines))
            if given and line.startswith("photos"):
                continue  # a path is that in the folder which is given
            examples = datasets.find(tmp_path / given)
            assert {example.kind for example in examples} == {"photographs"}
            assert [example.split for example in examples] == ["train", "val", "test"] * 3, line


def test_plain_photographs_of_every_suffix(tmp_path: Path) -> None:
    for number, suffix in enumerate([".jpg", ".png", ".webp", ".bmp", ".tif", ".jpeg"]):
        put(tmp_path / "some" / f"cmp_{number:04d}{suffix}")  # begins like a name of LFW's
    (tmp_path / "notes.txt").write_text("not an image")
    put(tmp_path / ".hidden" / "thumb.jpg")
    examples = datasets.find(tmp_path)
    assert [example.name for example in examples] == sorted(example.name for example in examples)
    assert len(examples) == 6 and {example.split for example in examples} == {"train", "val", "test"}


def test_an_album_is_not_lfw(tmp_path: Path) -> None:
    for number in range(12):
        put(tmp_path / f"Trip_Berlin_{number:04d}.jpg")
    put(tmp_path / "us.jpg")
    examples = datasets.find(tmp_path)
    assert len(examples) == 13 and {example.split for example in examples} == {"train", "val", "test"}


@pytest.mark.parametrize(
    ("names", "warned"),
    [
        (("{}_photo.jpg", "{}_sketch.jpg"), True),
        (("a/{}.jpg", "b/{}.jpg", "c/{}.jpg"), True),
        (("sketches_photos/{}.jpg", "sketches/{}.jpg"), True),
        (("train/{}.jpg", "test/{}.jpg"), False),
        (("ann/{}.jpg", "ben/{}.jpg", "cy/{}.jpg", "di/{}.jpg"), False),
        (("{}.jpg",), False),
    ],
)
def test_what_may_be_pairs_is_said(tmp_path: Path, caplog, names: tuple[str, ...], warned: bool) -> None:
    for number in range(6):
        for name in names:
            put(tmp_path / name.format(number))
    assert len(datasets.find(tmp_path)) == 6 * len(names)
    assert ("lay them out as data/README.md says of your pairs" in caplog.text) == warned


def test_folders_named_after_splits_are_the_splits(tmp_path: Path) -> None:
    # Both number their pictures from 1: equal names in two folders are not the same picture.
    for path in (tmp_path / part / f"{number}.jpg" for part in ("train", "test") for number in range(6)):
        put(path)
    counts = Counter(example.split for example in datasets.find(tmp_path))
    assert counts["test"] == 6 and counts["train"] + counts["val"] == 6 and counts["val"] >= 1
