"""Weights by name: where they are looked for, and which of them are trusted."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest
from places import ROOT
from small_weights import original, same, saved

from sketchback import weights
from sketchback.weights import ENVIRONMENT, SUFFIX, SUMS, WeightsError, registry


@pytest.fixture(autouse=True)
def folders(tmp_path, monkeypatch) -> list[Path]:
    """A `faces` in each folder where names are looked for, in their order."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(registry, "PACKAGE", tmp_path / "site" / "sketchback")
    monkeypatch.setenv("SKETCHBACK_WEIGHTS", str(tmp_path / "mine"))
    order = [tmp_path / "mine", tmp_path / "site" / "weights", tmp_path / "site" / "sketchback" / "_weights"]
    for folder in order:
        saved(folder)
    return order


def test_the_order_of_places(folders):
    assert weights.folders() == folders
    for folder in folders:
        assert weights.find("faces") == folder / f"faces{SUFFIX}"
        (folder / f"faces{SUFFIX}").unlink()
    with pytest.raises(FileNotFoundError):
        weights.find("faces")


def test_a_path_comes_first(tmp_path):
    (tmp_path / "faces").mkdir()
    assert weights.find("faces") == tmp_path / "mine" / f"faces{SUFFIX}"  # a folder is not taken
    path = saved(tmp_path, "other")
    assert weights.find(path) == weights.find(str(path)) == path
    (tmp_path / "faces").rmdir()
    path.rename(tmp_path / "faces")  # such as an authors' file, which has no suffix
    assert weights.find("faces") == Path("faces")
    assert weights.installed("faces") == tmp_path / "mine" / f"faces{SUFFIX}"  # which nobody named
    assert weights.installed("other") is None


@pytest.mark.parametrize("name", ["own.weights.h5", "own"])
def test_the_environment_may_name_one_file(folders, tmp_path, monkeypatch, name):
    path = saved(tmp_path, "own").rename(tmp_path / name)
    monkeypatch.chdir(folders[0])
    monkeypatch.setenv(ENVIRONMENT, str(path))
    assert weights.find("own") == path and weights.names() == ["faces", "own"]
    assert weights.describe("own")["architecture"] == "scribbler"
    assert weights.find("faces") == folders[1] / f"faces{SUFFIX}"  # other names are looked for as ever


@pytest.mark.parametrize("value", ["missing", ""])
def test_an_environment_that_leads_nowhere_is_passed_over(folders, monkeypatch, value):
    monkeypatch.setenv(ENVIRONMENT, value)
    assert weights.find("faces") == folders[1] / f"faces{SUFFIX}"


@pytest.mark.parametrize("act", [weights.find, weights.load, weights.describe])
@pytest.mark.parametrize("wanted", ["cats", "runs/none/best.weights.h5", Path("missing.weights.h5")])
def test_unknown_names_list_the_known(folders, act, wanted):
    saved(folders[1], "buildings")
    saved(folders[0], ".partial-x1")  # what a killed `save` leaves
    with pytest.raises(FileNotFoundError, match=re.escape(str(wanted))) as caught:
        act(wanted)
    assert "Known names: buildings, faces (" in str(caught.value)


def test_published_weights_are_the_file_that_is_listed(folders):
    path = folders[0] / f"faces{SUFFIX}"
    saved(folders[0], "stranger")
    sums = weights.write_sum(path)
    assert sums.read_text() == f"{weights.sha256(path)}  {path.name}\n"  # as sha256sum -c reads it; no other file
    assert same(weights.load("faces"), original()) and weights.describe("faces") == weights.describe(path)
    damaged = bytearray(path.read_bytes())
    damaged[-1] ^= 1
    path.write_bytes(damaged)
    for act in (weights.load, weights.describe):
        for name in (path, "faces"):  # by its path too, as `train --weights` goes on from it
            with pytest.raises(WeightsError, match=r"the file that SHA256SUMS lists\. Received: .*faces.* SHA-256"):
                act(name)


def test_a_list_counts_as_soon_as_it_is_written(folders):
    path = folders[0] / f"faces{SUFFIX}"
    assert not registry.is_published(path)
    sums = weights.write_sum(path)
    assert registry.is_published(path)
    sums.unlink()
    assert not registry.is_published(path)


def test_only_listed_weights_are_read_in_this_process(folders, tmp_path, monkeypatch):
    path = folders[0] / f"faces{SUFFIX}"
    # As another tool may write it.
    (folders[0] / SUMS).write_text(f"# a comment\n\n{weights.sha256(path).upper()} *{path.name}\nnonsense\n")
    other = saved(folders[0], "other", seed=3)
    assert same(weights.load(other), original(3))
    monkeypatch.setattr(sys, "executable", str(tmp_path / "no python"))
    assert same(weights.load(path), original())
    with pytest.raises(WeightsError, match="does not start"):
        weights.load(other)


def test_the_weights_of_the_checkout_are_those_listed():
    listed = weights.read_sums(ROOT / "weights")
    assert listed and set(listed) == {path.name for path in (ROOT / "weights").glob(f"*{SUFFIX}")}
    assert all(weights.sha256(ROOT / "weights" / name) == value for name, value in listed.items())
