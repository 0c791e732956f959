"""Every layout is recognised, every split keeps people and buildings apart, and nothing is lost in silence."""

from __future__ import annotations

import logging
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from places import DATA
from small_sets import assert_apart, put, splits

from sketchback import datasets, images
from sketchback.datasets import builtin

# ---- CelebA


def celeba(root: Path, inside: str, lists: bool, count: int = 12) -> Path:
    """A CelebA of two images a person; six people train, then one validates, the rest test."""
    for number in range(1, count + 1):
        put(root / inside / f"{number:06d}.jpg")
    if lists:
        numbers = range(1, count + 1)
        people = [f"{n:06d}.jpg {(n + 1) // 2}" for n in numbers]
        parts = [f"{n:06d}.jpg {0 if n <= 6 else 1 if n <= 8 else 2}" for n in numbers]
        (root / "identity_CelebA.txt").write_text("\n".join(people) + "\n")
        (root / "list_eval_partition.txt").write_text(f"{count}\n" + "\n".join(parts) + "\n")
    return root


@pytest.mark.parametrize("inside", ["img_align_celeba", "img_celeba"])
@pytest.mark.parametrize("given", ["parent", "image folder"])
def test_celeba_with_its_lists(tmp_path, inside, given):
    root = celeba(tmp_path / "any name", inside, lists=True)
    examples = datasets.find(root if given == "parent" else root / inside)
    assert {example.kind for example in examples} == {"CelebA"}
    assert Counter(example.split for example in examples) == {"train": 6, "val": 2, "test": 4}
    assert [example.group for example in examples[:3]] == ["celeba/1", "celeba/1", "celeba/2"]
    assert all(example.sketch is None for example in examples)
    assert_apart(examples)


@pytest.mark.parametrize("inside", ["img_align_celeba", "img_celeba"])
@pytest.mark.parametrize("given", ["parent", "image folder"])
def test_celeba_without_its_lists_is_drawn_by_hash(tmp_path, inside, given):
    root = celeba(tmp_path, inside, lists=False, count=60)
    examples = datasets.find(root if given == "parent" else root / inside)
    counts = Counter(example.split for example in examples)
    assert len(examples) == 60 and counts["train"] > 40 and counts["val"] >= 1 and counts["test"] >= 1
    assert_apart(examples)


def test_a_person_in_two_parts_of_the_list_is_tested_only(tmp_path, caplog):
    root = celeba(tmp_path, "img_align_celeba", lists=True)
    people = {n: 1 if n == 12 else n for n in range(1, 13)}
    (root / "identity_CelebA.txt").write_text("".join(f"{n:06d}.jpg {people[n]}\n" for n in people))
    examples = datasets.find(root)
    by_name = splits(examples)
    # The list has 000001.jpg in training and 000012.jpg in testing; both show person 1.
    assert by_name["img_align_celeba/000001.jpg"] == by_name["img_align_celeba/000012.jpg"] == "test"
    assert by_name["img_align_celeba/000002.jpg"] == "train"
    assert_apart(examples)
    assert "1 people or buildings stand in several parts" in caplog.text and "celeba/1" in caplog.text


# ---- LFW


@pytest.mark.parametrize("flat", [True, False])
def test_lfw_flat_or_by_person(tmp_path, flat):
    people = [f"Ann_Number{letter}" for letter in "abcdefghijklmnopqrst"] + ["Jacqueline_Face", "Caroline_Real"]
    for person in people:
        for number in (1, 2):
            name = f"{person}_{number:04d}.jpg"
            put(tmp_path / (name if flat else f"{person}/{name}"))
    examples = datasets.find(tmp_path)
    assert len(examples) == 44 and {example.kind for example in examples} == {"LFW"}
    assert len({example.group for example in examples}) == 22
    assert_apart(examples)


@pytest.mark.parametrize("people", [("Jacqueline_Doe", "Ann_Poe"), ("Ann_Poe", "Bob_Roe")])
def test_two_people_of_lfw_are_no_folders_of_pairs(tmp_path, people):
    for person in people:
        for number in (1, 2):
            put(tmp_path / person / f"{person}_{number:04d}.jpg")
    examples = datasets.find(tmp_path)
    assert len(examples) == 4 and {example.kind for example in examples} == {"LFW"}


# ---- ZuBuD


def test_zubud_is_split_by_building(tmp_path, caplog):
    for building in range(40):
        for view in range(1, 4):
            put(tmp_path / "png-ZuBuD" / f"object{building:04d}.view{view:02d}.png")
    put(tmp_path / "readme_scan.png")
    examples = datasets.find(tmp_path)
    assert len(examples) == 120 and {example.kind for example in examples} == {"ZuBuD"}
    assert len({example.group for example in examples}) == 40
    assert all(count % 3 == 0 for count in Counter(example.split for example in examples).values())
    assert_apart(examples)
    assert "left out 1 files not named like those of ZuBuD" in caplog.text and "readme_scan.png" in caplog.text


# ---- photographs


@pytest.mark.parametrize("given", ["around", "inside"])
def test_partition_beside_a_folder_of_photographs(tmp_path, given):
    for number in range(9):
        put(tmp_path / "photos" / f"old_town_{number:04d}.jpg")
    # Names like LFW's, but the list says what they are: a folder of photographs.
    (tmp_path / "partition.txt").write_text("".join(f"old_town_{n:04d}.jpg {n % 3}\n" for n in range(9)))
    examples = datasets.find(tmp_path if given == "around" else tmp_path / "photos")
    assert {example.kind for example in examples} == {"photographs"}
    for example in examples:
        assert example.split == datasets.SPLITS[int(example.photo.stem[-4:]) % 3]


def test_plain_photographs_of_every_suffix(tmp_path):
    for number, suffix in enumerate([".jpg", ".png", ".webp", ".bmp", ".tif", ".jpeg"]):
        put(tmp_path / "some" / f"picture {number}{suffix}")
    (tmp_path / "notes.txt").write_text("not an image")
    put(tmp_path / ".hidden" / "thumb.jpg")
    examples = datasets.find(tmp_path)
    assert [example.name for example in examples] == sorted(example.name for example in examples)
    assert len(examples) == 6 and {example.split for example in examples} == {"train", "val", "test"}


def test_folders_named_after_the_parts_are_the_parts(tmp_path):
    # Both parts number their pictures from 1: equal names in two parts are not the same picture.
    for part in ("train", "test"):
        for number in range(6):
            put(tmp_path / part / f"{number}.jpg")
    counts = Counter(example.split for example in datasets.find(tmp_path))
    assert counts["test"] == 6 and counts["train"] + counts["val"] == 6 and counts["val"] >= 1


# ---- what cannot be used


def test_unreadable_files_are_counted_and_named(tmp_path, caplog):
    for number in range(4):
        put(tmp_path / f"good{number}.png")
    (tmp_path / "text.png").write_text("this is no image")
    (tmp_path / "empty.jpg").touch()
    put(tmp_path / "tiny.png", size=(8, 8))
    examples = datasets.find(tmp_path)
    assert [example.name for example in examples] == ["good0.png", "good1.png", "good2.png", "good3.png"]
    assert "left out 3 unreadable files" in caplog.text
    for name in ("text.png", "empty.jpg", "tiny.png"):
        assert str(tmp_path / name) in caplog.text


def test_a_pair_with_an_unreadable_sketch_is_left_out_whole(tmp_path, caplog):
    for name in ("a", "b", "c"):
        put(tmp_path / "photos" / f"{name}.jpg")
        put(tmp_path / "sketches" / f"{name}.jpg")
    (tmp_path / "sketches" / "b.jpg").write_text("no image")
    assert [example.photo.stem for example in datasets.find(tmp_path)] == ["a", "c"]
    assert "left out 1 unreadable files" in caplog.text


def test_a_missing_folder_is_an_error(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"must be a folder that exists.*Received: .*nowhere.*data/README.md"):
        datasets.find(tmp_path / "nowhere")


def test_a_file_instead_of_a_folder_is_an_error(tmp_path):
    path = put(tmp_path / "a.png")
    with pytest.raises(ValueError, match=r"must be a folder\. Received: the file .*a\.png\. Name the folder"):
        datasets.find(path)


@pytest.mark.parametrize("names", [[], ["notes.txt"], ["a.png", "b.png"]])
def test_a_folder_without_readable_images_is_an_error(tmp_path, names):
    for name in names:
        (tmp_path / name).write_text("words, words")
    found = sum(name.endswith(".png") for name in names)
    with pytest.raises(ValueError, match=rf"at least one readable image\. Received: .* with {found} image files"):
        datasets.find(tmp_path)


# ---- splits


def test_a_tenth_is_drawn_by_hash_and_stays_when_others_are_added(tmp_path):
    for number in range(120):
        put(tmp_path / f"a{number}.bmp")
    before = splits(datasets.find(tmp_path))
    counts = Counter(before.values())
    assert 4 <= counts["val"] <= 22 and 4 <= counts["test"] <= 22
    for number in range(60):
        put(tmp_path / f"b{number}.bmp")
    after = splits(datasets.find(tmp_path))
    assert {name: after[name] for name in before} == before


def test_one_photograph_trains_and_nothing_stands_in_for_validation(tmp_path):
    put(tmp_path / "one.png")
    examples = datasets.find(tmp_path)
    assert splits(examples) == {"one.png": "train"}
    assert datasets.subset(examples, "val") == [] and datasets.subset(examples, "test") == []


def test_two_photographs_leave_one_for_training(tmp_path):
    for name in ("a", "b"):
        put(tmp_path / f"{name}.png")
    assert Counter(splits(datasets.find(tmp_path)).values())["train"] == 1


def test_subset_names_its_choices(tmp_path):
    put(tmp_path / "one.png")
    examples = datasets.find(tmp_path)
    assert datasets.subset(examples, "all") == examples
    with pytest.raises(ValueError, match="`split` must be one of train, val, test, all. Received: 'valid'"):
        datasets.subset(examples, "valid")


def test_find_all_mixes_and_the_log_counts(tmp_path, caplog):
    put(tmp_path / "a" / "one.png")
    put(tmp_path / "b" / "two.png")
    with caplog.at_level(logging.INFO, "sketchback"):
        examples = datasets.find_all([tmp_path / "a", tmp_path / "b"])
    assert [example.name for example in examples] == ["one.png", "two.png"]
    assert "1 photographs (0 with a drawn sketch): 1 train, 0 val, 0 test" in caplog.text


def test_fingerprint_follows_files_and_splits(tmp_path):
    put(tmp_path / "photos" / "a.png")
    put(tmp_path / "sketches" / "a.png")
    first = datasets.fingerprint(datasets.find(tmp_path))
    assert first == datasets.fingerprint(datasets.find(tmp_path))
    put(tmp_path / "sketches" / "a.png", size=(40, 40))
    second = datasets.fingerprint(datasets.find(tmp_path))
    put(tmp_path / "photos" / "b.png")
    put(tmp_path / "sketches" / "b.png")
    assert len({first, second, datasets.fingerprint(datasets.find(tmp_path))}) == 3


# ---- built in


@pytest.mark.parametrize(
    ("name", "count", "draw"),
    [("demo:faces", builtin.FACES, builtin.face), ("demo:buildings", builtin.BUILDINGS, builtin.building)],
)
def test_built_in_sets(name, count, draw):
    examples = datasets.find(name)
    counts = Counter(example.split for example in examples)
    assert len(examples) == count and counts["train"] > 0.7 * count
    assert counts["val"] > 0.03 * count and counts["test"] > 0.03 * count
    np.testing.assert_array_equal(examples[7].read_photo(), draw(7))
    assert examples[7].read_sketch() is None
    assert_apart(examples)


# ---- the real sets


@pytest.mark.parametrize(
    ("name", "kind", "expected"),
    [
        ("celeba", "CelebA", {"train": 13842, "val": 665, "test": 1866}),
        ("cufs", "CUFS", {"train+val": 88, "test": 100}),
        ("fs2k", "FS2K", {"train+val": 1058, "test": 896}),
        ("buildings", "photographs", {"train": 2702, "val": 100, "test": 300}),
        ("lfw", "LFW", {"all": 1000}),
    ],
)
def test_real_sets(name, kind, expected, caplog):
    if not (DATA / name).is_dir():
        pytest.skip(f"shared/data/{name} is not here")
    examples = datasets.find(DATA / name)
    counts = Counter(example.split for example in examples)
    found = {
        split: sum(counts[one] for one in (datasets.SPLITS if split == "all" else split.split("+")))
        for split in expected
    }
    assert found == expected and len(examples) == sum(expected.values())
    assert {example.kind for example in examples} == {kind}
    assert counts["val"] > 0
    assert_apart(examples)
    assert "left out" not in caplog.text
    drawn = sum(example.sketch is not None for example in examples)
    assert drawn == (len(examples) if kind in ("CUFS", "FS2K") else 0)


# ---- what holds across sets


def photograph(path: Path, value: float) -> Path:
    return images.write(path, np.full((16, 16, 3), value, np.float32))


def test_a_partition_is_honoured_for_pairs(tmp_path):
    for number in range(6):
        photograph(tmp_path / "photos" / f"{number}.png", number / 6)
        photograph(tmp_path / "sketches" / f"{number}.png", 1 - number / 6)
    lines = [f"{number}.png {number // 2}" for number in range(6)]
    (tmp_path / "partition.txt").write_text("\n".join(lines))
    found = datasets.find(tmp_path)
    assert [example.split for example in found] == ["train", "train", "val", "val", "test", "test"]
    assert all(example.sketch is not None for example in found)


def test_who_is_tested_in_one_folder_trains_in_none(tmp_path):
    for folder, split in (("a", 0), ("b", 2)):
        for number in range(4):
            photograph(tmp_path / folder / "img_celeba" / f"{folder}{number}.png", number / 4)
        people = [f"{folder}{number}.png {number}" for number in range(4)]  # the same four people in both
        (tmp_path / folder / "identity_CelebA.txt").write_text("\n".join(people))
        parts = [f"{folder}{number}.png {split if number else 0}" for number in range(4)]
        (tmp_path / folder / "list_eval_partition.txt").write_text("\n".join(parts))
    together = datasets.find_all([tmp_path / "a", tmp_path / "b"])
    tested = {example.group for example in together if example.split == "test"}
    assert tested >= {"celeba/1", "celeba/2", "celeba/3"}
    assert all(example.split == "test" for example in together if example.group in tested)


def test_files_of_kinds_that_are_not_read_are_named(tmp_path, caplog):
    photograph(tmp_path / "a.png", 0.5)
    (tmp_path / "phone.heic").write_bytes(b"not read")
    datasets.find(tmp_path)
    assert "left out 1 files of kinds that are not read" in caplog.text and "phone.heic" in caplog.text


def test_terms_come_with_the_data_and_drawn_pictures_have_none(tmp_path, caplog):
    caplog.set_level(logging.INFO, "sketchback")
    photograph(tmp_path / "img_celeba" / "000001.png", 0.5)
    assert datasets.terms(datasets.find(tmp_path)) == ["CelebA: non-commercial research use only"]
    assert datasets.terms(datasets.find("demo:faces")) == []
    assert "demo:faces: built-in pictures, drawn by sketchback and not photographed" in caplog.text


# ---- whatever is in a folder


def test_annotations_nested_without_end_are_an_error_in_one_line(tmp_path):
    for name in ("photo", "sketch"):
        put(tmp_path / name / "a.png")
    (tmp_path / "anno_train.json").write_text("[" * 100_000)
    with pytest.raises(ValueError, match="Annotations must be JSON") as caught:
        datasets.find(tmp_path)
    assert "\n" not in str(caught.value)


def test_links_to_nothing_do_not_hide_two_folders_of_pairs(tmp_path):
    for number in range(8):
        put(tmp_path / "a" / f"{number}.png", (1.0, 0.0, 0.0))
        put(tmp_path / "b" / f"{number}.png", 0.5)
    (tmp_path / "a" / "00.png").symlink_to(tmp_path / "nowhere")  # comes first, where colours are compared
    assert sum(example.sketch is not None for example in datasets.find(tmp_path)) == 8


def test_folders_pipes_and_links_named_like_pictures(tmp_path, caplog):
    put(tmp_path / "a.png")
    put(tmp_path / "b.png" / "c.png")
    (tmp_path / "d.png").symlink_to(tmp_path / "nowhere")
    (tmp_path / "e.png").touch()
    found = datasets.find(tmp_path)
    assert [example.name for example in found] == ["a.png", "b.png/c.png"]
    assert "left out 2 unreadable files" in caplog.text


PICTURE: list[bytes] = []
NAMES = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"], exclude_characters="/\\\0"), max_size=12)
PLACES = st.tuples(
    st.sampled_from(["", "train", "test", "val", "photos", "sketches", "photo", "sketch", "x", "img_celeba", "a/b"]),
    st.one_of(NAMES, st.sampled_from(["000001", "object0001.view01", "Ada_Lovelace_0001", "f-005-01", "F2-005-01"])),
    st.sampled_from([".png", ".JPG", ".txt", ""]),
    st.booleans(),
)
LISTS = st.dictionaries(
    st.sampled_from(
        ["partition.txt", "identity_CelebA.txt", "list_eval_partition.txt", "anno_train.json", "anno_test.json"]
    ),
    st.one_of(st.text(max_size=60), st.sampled_from(["[]", "{}", "[1]", '[{"image_name": 3}]', "a.png 2\nb 9", "7"])),
    max_size=3,
)


@settings(max_examples=80, deadline=None)
@given(st.lists(PLACES, max_size=12), LISTS)
def test_any_folder_is_a_data_set_or_one_line(tmp_path_factory, places, lists):
    """Names, lists and contents at random: nobody is in two splits, nothing comes twice, and nothing else escapes."""
    root = tmp_path_factory.mktemp("any")
    if not PICTURE:
        PICTURE.append(put(root.parent / "one.png").read_bytes())
    for folder, stem, suffix, whole in places:
        path = root / folder / f"{stem}{suffix}"
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(PICTURE[0] if whole else b"no picture")
        except OSError:  # the name of a folder, or none that this file system has
            continue
    for name, content in lists.items():
        (root / name).write_text(content, encoding="utf-8")
    try:
        examples = datasets.find(root)
    except ValueError as error:
        assert "\n" not in str(error).replace(repr(str(root)), "") and "Received" in str(error)
        return
    assert_apart(examples)
    shown = [path for example in examples for path in (example.photo, example.sketch) if path]
    assert len(shown) == len(set(shown)) and all(images.probe(path) == (20, 16) for path in shown)
    assert examples == datasets.find(root)  # again the same
    assert datasets.fingerprint(examples) == datasets.fingerprint(datasets.find(root))
