"""Splits: no person or building is in two of them, and adding pictures moves nobody."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
from small_sets import assert_apart

from sketchback import datasets
from sketchback.datasets import Example, splits


def examples(*groups: tuple[str, str]) -> list[Example]:
    """An example for each `(group, split)`."""
    return [
        Example(f"{number} of {group}", Path("a.png"), group=group, split=split)
        for number, (group, split) in enumerate(groups)
    ]


def completed(*groups: tuple[str, str]) -> dict[str, str]:
    found = splits.complete(examples(*groups), "set")
    assert_apart(found)
    return {example.group: example.split for example in found}


def test_a_tenth_is_held_out_and_stays_when_others_are_added() -> None:
    before = completed(*((f"a{number}", "") for number in range(200)))
    counts = Counter(before.values())
    assert 10 <= counts["val"] <= 30 and 10 <= counts["test"] <= 30
    after = completed(*((f"{letter}{number}", "") for letter in "ab" for number in range(200)))
    assert {group: after[group] for group in before} == before


def test_only_what_is_missing_is_completed() -> None:
    assert completed(("a", "train"), ("b", "val"), ("c", "test")) == {"a": "train", "b": "val", "c": "test"}
    # A list without validation gives up some of its training groups, and its test groups stay.
    found = completed(*((f"{number}", "train" if number < 40 else "test") for number in range(80)))
    assert Counter(found.values())["test"] == 40 and 1 <= Counter(found.values())["val"] <= 12


def test_small_sets_keep_something_to_train_on() -> None:
    assert completed(("a", "")) == {"a": "train"}  # and nothing stands in for validation
    for count in range(2, 9):
        found = Counter(completed(*((f"{number}", "") for number in range(count))).values())
        assert found["train"] >= 1 and found["test"] + found["val"] >= 1
    # Of groups whose hashes would all be held out, one still trains.
    held_out = [g for g, split in completed(*((f"{n}", "") for n in range(100))).items() if split == "test"]
    assert len(held_out) > 2 and "train" in completed(*((group, "") for group in held_out)).values()


def test_a_group_in_several_splits_is_kept_farthest_from_training(caplog) -> None:
    found = completed(("a", "train"), ("a", "test"), ("b", "val"), ("b", "train"), ("c", "train"))
    assert found == {"a": "test", "b": "val", "c": "train"}
    assert "set: 2 people or buildings are in several splits" in caplog.text and caplog.text.rstrip().endswith("a, b")


def test_lists_and_folders_say_the_split(tmp_path: Path) -> None:
    (tmp_path / "partition.txt").write_text("3\na.png 0\nb.png 1\nc.png 2\nd.png 7\nmy face.png  1\n")
    table = splits.read_table(tmp_path / "partition.txt")
    found = [splits.by_list(table, f"{name}.png") for name in ("a", "b", "c", "d", "e", "my face")]
    assert found == ["train", "val", "test", "", "", "val"]
    assert splits.read_table(tmp_path / "nowhere.txt") == {}
    for folder, split in (("Training", "train"), ("valid", "val"), ("test", "test"), ("photos", "")):
        assert splits.by_folder(tmp_path / folder / "test" / "a.png", tmp_path) == split


def test_subset_names_its_choices() -> None:
    found = examples(("a", "train"), ("b", "test"))
    assert datasets.subset(found, "test") == found[1:] and datasets.subset(found, "all") == found
    with pytest.raises(ValueError, match="`split` must be one of train, val, test, all. Received: 'valid'"):
        datasets.subset(found, "valid")
