"""Files appear whole or not at all."""

from __future__ import annotations

import errno
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from sketchback.atomic import check_place, make_folder, replacing, replacing_folder


@pytest.mark.parametrize("name", ["a.weights.h5", "a.png", "plain"])
@pytest.mark.parametrize("mask", [0o022, 0o077])
def test_writes_whole_leaves_nothing_else_and_is_readable_as_any_other_file(tmp_path, name, mask):
    path, before = tmp_path / "new" / name, os.umask(mask)
    try:
        with replacing(path) as temporary:
            assert temporary.parent == path.parent and temporary.name.startswith(".partial-")
            assert temporary.suffixes == path.suffixes
            temporary.write_text("whole")
            assert not path.exists()
        assert [file.name for file in path.parent.iterdir()] == [name] and path.read_text() == "whole"
        assert stat.S_IMODE(path.stat().st_mode) == 0o666 & ~mask
    finally:
        os.umask(before)


def test_a_name_may_be_as_long_as_names_are(tmp_path):
    path = tmp_path / f"v1.{'n' * 248}.png"
    with replacing(path) as temporary:
        temporary.write_text("all")
    assert path.read_text() == "all"


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt, SystemExit, FileNotFoundError])
def test_an_error_leaves_the_old_file_and_stays_what_it_is(tmp_path, error):
    (tmp_path / "a.txt").write_text("old")
    with pytest.raises(error, match="gone"), replacing(tmp_path / "a.txt") as temporary:
        temporary.write_text("half")
        raise error("gone")
    assert (tmp_path / "a.txt").read_text() == "old" and len(list(tmp_path.iterdir())) == 1


def test_where_nothing_can_be_written(tmp_path):
    place = tmp_path / "disk"
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "ro", "tmpfs", str(place)]
    if sys.platform != "linux" or subprocess.run(mount, capture_output=True).returncode:
        pytest.skip("only root may mount a disk that cannot be written")
    try:
        for name in ("a.txt", "new/a.txt"):
            with pytest.raises(OSError, match=r"must be written where that is allowed.*choose another") as caught:
                with replacing(place / name):
                    pass
            assert caught.value.errno == errno.EROFS and caught.value.filename == str(place / name)
    finally:
        subprocess.run(["umount", "-l", str(place)], check=True)


def test_a_full_disk_is_said_in_one_line_whoever_writes(tmp_path):
    path = tmp_path / "a.weights.h5"
    path.write_text("old")
    # HDF5's own words take two lines.
    with pytest.raises(OSError, match=r"must fit on its disk \(No space left on device\)") as caught, replacing(path):
        raise OSError(errno.ENOSPC, "Can't write data (file write failed: time = Sat\n, filename = ...)")
    assert caught.value.errno == errno.ENOSPC and caught.value.filename == str(path)
    assert "\n" not in str(caught.value)
    assert path.read_text() == "old" and [file.name for file in tmp_path.iterdir()] == [path.name]


def test_a_folder_is_replaced_whole_or_stays(tmp_path):
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "old.txt").write_text("old")
    with pytest.raises(ValueError, match="gone"), replacing_folder(tmp_path / "site") as temporary:
        temporary.mkdir()
        raise ValueError("gone")
    assert [path.name for path in tmp_path.rglob("*")] == ["site", "old.txt"]
    with replacing_folder(tmp_path / "site") as temporary:
        temporary.mkdir()
        (temporary / "new.txt").write_text("new")
        temporary.with_suffix(".bin").write_text("beside it")
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["new.txt", "site", "site.bin"]


def test_an_xml_is_never_there_without_its_bin(tmp_path, monkeypatch):
    replaced, replace = [], Path.replace
    monkeypatch.setattr(Path, "replace", lambda path, target: (replaced.append(target.name), replace(path, target))[1])
    with replacing_folder(tmp_path / "faces.xml") as temporary:
        temporary.write_text("graph")
        temporary.with_suffix(".bin").write_text("weights")
    assert replaced == ["faces.bin", "faces.xml"]


def test_ctrl_c_between_both_renames_puts_the_old_folder_back(tmp_path, monkeypatch):
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "old.txt").write_text("old")
    replace = Path.replace

    def interrupted(path: Path, target: Path) -> Path:
        if path.parent.name == "new":
            raise KeyboardInterrupt
        return replace(path, target)

    with pytest.raises(KeyboardInterrupt), replacing_folder(tmp_path / "site") as temporary:
        temporary.mkdir()
        monkeypatch.setattr(Path, "replace", interrupted)
    assert [path.name for path in tmp_path.rglob("*")] == ["site", "old.txt"]


def test_a_place_is_checked_before_the_work(tmp_path):
    check_place(tmp_path / "new" / "a.json")
    assert [path.name for path in tmp_path.rglob("*")] == ["new"]
    (tmp_path / "file").write_text("")
    for act in (check_place, make_folder, lambda path: replacing_folder(path).__enter__()):
        with pytest.raises(OSError, match="must be written where that is allowed") as caught:
            act(tmp_path / "file" / "below")
        assert ".partial" not in str(caught.value)
    for act in (check_place, lambda path: replacing(path).__enter__()):
        with pytest.raises(IsADirectoryError, match="must not be a folder"):
            act(tmp_path / "new")
