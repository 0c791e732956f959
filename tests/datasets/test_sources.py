"""Whatever is in a folder becomes examples or an error in one line, and nothing is lost in silence."""

from __future__ import annotations

import logging
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from places import DATA
from small_sets import assert_apart, put

from sketchback import datasets, images
from sketchback.datasets import builtin


def test_what_cannot_be_read_is_counted_and_named(tmp_path: Path, caplog) -> None:
    for name in ("a.png", "b.png/c.png"):  # a folder named like a picture is a folder
        put(tmp_path / name)
    (tmp_path / "text.png").write_text("this is no image")
    (tmp_path / "empty.jpg").touch()
    (tmp_path / "link.png").symlink_to(tmp_path / "nowhere")
    (tmp_path / "layers.psd").write_bytes(b"not read")
    put(tmp_path / "tiny.png", size=(8, 8))
    assert [example.name for example in datasets.find(tmp_path)] == ["a.png", "b.png/c.png"]
    assert "left out 4 unreadable files" in caplog.text
    assert "left out 1 files of kinds that are not read" in caplog.text
    for name in ("text.png", "empty.jpg", "link.png", "tiny.png", "layers.psd"):
        assert str(tmp_path / name) in caplog.text


def test_a_pair_with_an_unreadable_sketch_is_left_out_whole(tmp_path: Path, caplog) -> None:
    for path in (tmp_path / folder / f"{name}.jpg" for folder in ("photos", "sketches") for name in "abc"):
        put(path)
    (tmp_path / "sketches" / "b.jpg").write_text("no image")
    assert [example.photo.stem for example in datasets.find(tmp_path)] == ["a", "c"]
    assert "left out 1 unreadable files" in caplog.text


def test_a_missing_folder_and_a_file_are_errors(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"must be a folder that exists.*Received: .*nowhere.*data/README.md"):
        datasets.find(tmp_path / "nowhere")
    with pytest.raises(ValueError, match=r"must be a folder\. Received: the file .*a\.png\. Name the folder"):
        datasets.find(put(tmp_path / "a.png"))


@pytest.mark.parametrize("names", [[], ["a.png", "b.png"]])
def test_a_folder_without_readable_images_is_an_error(tmp_path: Path, names: list[str]) -> None:
    for name in names:
        (tmp_path / name).write_text("words, words")
    with pytest.raises(ValueError, match=rf"at least one readable image\. Received: .* with {len(names)} image files"):
        datasets.find(tmp_path)


def test_who_is_tested_in_one_folder_trains_in_none(tmp_path: Path, caplog) -> None:
    for folder, part in (("a", 0), ("b", 2)):
        names = [put(tmp_path / folder / "img_celeba" / f"{folder}{number}.png").name for number in range(4)]
        people = [f"{name} {number}" for number, name in enumerate(names)]  # the same four people in both
        (tmp_path / folder / "identity_CelebA.txt").write_text("\n".join(people))
        (tmp_path / folder / "list_eval_partition.txt").write_text("\n".join(f"{name} {part}" for name in names))
    with caplog.at_level(logging.INFO, "sketchback"):
        together = datasets.find_all([tmp_path / "a", tmp_path / "b"])
    assert len(together) == 8 and {example.split for example in together} == {"test"}
    assert "CelebA, 4 photographs (0 with a drawn sketch): 0 train, 0 val, 4 test" in caplog.text
    assert datasets.terms(together) == ["CelebA: non-commercial research use only"]


def test_a_folder_counts_once(tmp_path: Path) -> None:
    put(tmp_path / "set" / "a.png")
    for again in (tmp_path / "set", f"{tmp_path}/set/", tmp_path / "set" / ".." / "set"):
        with pytest.raises(ValueError, match=r"may be given once\. Received: .*set several times"):
            datasets.find_all([tmp_path / "set", again])
    with pytest.raises(ValueError, match="Received: demo:faces several times"):
        datasets.find_all(["demo:faces", "demo:faces"])


def test_what_a_list_of_splits_leaves_out_is_said(tmp_path: Path, caplog) -> None:
    names = [put(tmp_path / f"my face {number}.png").name for number in range(6)]
    (tmp_path / "partition.txt").write_text("\n".join(f"{name} {number % 3}" for number, name in enumerate(names)))
    assert [example.split for example in datasets.find(tmp_path)] == ["train", "val", "test"] * 2 and not caplog.text
    (tmp_path / "partition.txt").write_text("\n".join(f"{name} 2" for name in names[1:]))
    datasets.find(tmp_path)
    assert "for 1 of 6 pictures, among them my face 0.png; they are for training" in caplog.text


def test_the_more_exact_line_of_a_list_wins(tmp_path: Path) -> None:
    for name in ("1.png", "2.png", "3.png", "sub/1.png"):
        put(tmp_path / name)
    (tmp_path / "partition.txt").write_text("1.png 0\n2.png 0\n3.png 1\nsub/1.png 2")
    assert [example.split for example in datasets.find(tmp_path)] == ["train", "train", "val", "test"]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_lists_as_any_system_writes_them(tmp_path: Path, encoding: str) -> None:
    names = ["Zoe\u0308.png", "a.png", "b.png"]  # as macOS writes an e with two dots
    for name in names:
        put(tmp_path / name)
    said = "\r\n".join(["Zo\u00eb.png 2", "a.png 0", "b.png 1"])
    (tmp_path / "partition.txt").write_bytes(said.encode(encoding))
    found = {example.name: example.split for example in datasets.find(tmp_path)}
    assert found == dict(zip(names, ("test", "train", "val"), strict=True))


def test_a_folder_is_the_same_from_inside(tmp_path: Path, monkeypatch) -> None:
    names = [put(tmp_path / "img_align_celeba" / f"{number}.png").name for number in range(6)]
    people = "\n".join(f"{name} {number // 2}" for number, name in enumerate(names))
    (tmp_path / "identity_CelebA.txt").write_text(people)
    (tmp_path / "list_eval_partition.txt").write_text("\n".join(f"{name} {n // 2}" for n, name in enumerate(names)))
    expected = [(one.name, one.group, one.split) for one in datasets.find(tmp_path / "img_align_celeba")]
    monkeypatch.chdir(tmp_path / "img_align_celeba")
    assert [(one.name, one.group, one.split) for one in datasets.find(".")] == expected


def test_folders_that_are_called_the_same_are_not_the_same(tmp_path: Path, caplog) -> None:
    for root, parts in (("a", "201"), ("b", "000")):
        names = [put(tmp_path / root / "photos" / f"{number}.png").name for number in range(3)]
        said = "\n".join(f"{name} {part}" for name, part in zip(names, parts, strict=True))
        (tmp_path / root / "photos" / "partition.txt").write_text(said)
    together = datasets.find_all([tmp_path / "a" / "photos", tmp_path / "b" / "photos"])
    assert [example.split for example in together][:3] == ["test", "train", "val"]
    assert "test" not in [example.split for example in together][3:] and "several splits" not in caplog.text


def test_people_of_one_more_folder_are_known_by_the_same_names(tmp_path: Path) -> None:
    places = [str(put(tmp_path / root / "photos" / "1.png").parent) for root in "ab"]

    def people(folders: list[str]) -> set[str]:
        return {example.group for example in datasets.find_all(folders)}

    a, b = ({example.group for example in datasets.find_beside(place, places)} for place in places)
    assert a != b and a | b == people(places)  # each is one of both
    (beside,) = datasets.find_beside(places[1], places[:1])
    assert beside.group not in people(places[:1])  # a namesake
    assert {example.group for example in datasets.find_beside(places[0], places[:1])} == people(places[:1])


@pytest.mark.parametrize(("name", "draw"), [("demo:faces", builtin.face), ("demo:buildings", builtin.building)])
def test_built_in_sets(name: str, draw) -> None:
    examples = datasets.find(name)
    train, val, test = (len(datasets.subset(examples, split)) / len(examples) for split in datasets.SPLITS)
    assert len(examples) > 200 and train > 0.7 and val > 0.03 and test > 0.03
    np.testing.assert_array_equal(examples[7].read_photo(), draw(7))
    assert_apart(examples)
    assert datasets.terms(examples) == []


REAL = {
    "celeba": [13842, 665, 1866],
    "cufs": [88, 100],
    "fs2k": [1058, 896],
    "xm2vts": [100, 195],
    "mebeauty": [1991, 84, 240],
    "utkface": [1861, 116, 223],
    "buildings": [2702, 100, 300],
}


@pytest.mark.slow
@pytest.mark.parametrize("name", REAL)
def test_real_sets_have_the_published_splits(name: str, caplog) -> None:
    if not (DATA / name).is_dir():
        pytest.skip(f"needs ../shared/data/{name}")
    examples = datasets.find(DATA / name)
    train, val, test = (len(datasets.subset(examples, split)) for split in datasets.SPLITS)
    assert REAL[name] in ([train, val, test], [train + val, test]) and val > 0
    assert {example.kind.lower() for example in examples} == {"photographs" if name == "buildings" else name}
    assert all((example.sketch is not None) == (name in ("cufs", "fs2k", "xm2vts")) for example in examples)
    assert_apart(examples)
    assert "left out" not in caplog.text


FOLDERS = ["", "train", "test", "val", "photos", "sketches", "photo", "sketch", "x", "img_celeba", "a/b"]
NAMES = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"], exclude_characters="/\\\0"), max_size=12)
TYPICAL = st.sampled_from(
    ["000001", "object0001.view01", "Ada_Lovelace_0001", "f-005-01", "F2-005-01", "male_black_0012"]
)
PLACES = st.tuples(
    st.sampled_from(FOLDERS), NAMES | TYPICAL, st.sampled_from([".png", ".JPG", ".txt", ""]), st.booleans()
)
LISTS = ["partition.txt", "identity_CelebA.txt", "list_eval_partition.txt", "anno_train.json", "anno_test.json"]
CONTENTS = st.text(max_size=60) | st.sampled_from(["[]", "{}", "[1]", '[{"image_name": 3}]', "a.png 2\nb 9", "7"])


@settings(max_examples=80, deadline=None)
@given(st.lists(PLACES, max_size=12), st.dictionaries(st.sampled_from(LISTS), CONTENTS, max_size=3))
def test_any_folder_is_a_data_set_or_an_error_in_one_line(tmp_path_factory, places, lists) -> None:
    """Names, lists and contents at random: nobody is in two splits, nothing comes twice, and nothing else is raised."""
    root = tmp_path_factory.mktemp("any")
    picture = put(root.parent / "one.png").read_bytes()
    for folder, stem, suffix, whole in places:
        path = root / folder / f"{stem}{suffix}"
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(picture if whole else b"no picture")
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
    shown = sum((example.files for example in examples), [])
    assert len(shown) == len(set(shown)) and all(images.probe(path) == (20, 16) for path in shown)
    assert examples == datasets.find(root)  # again the same
