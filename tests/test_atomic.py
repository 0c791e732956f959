"""Files appear whole or not at all."""

from __future__ import annotations

import errno
import os
import signal
import stat
import subprocess
import sys
import threading
from collections.abc import Iterator

import pytest

from sketchback.atomic import replacing, undisturbed


def test_writes_and_leaves_nothing_else(tmp_path):
    with replacing(tmp_path / "new" / "a.txt") as temporary:
        assert temporary.parent == tmp_path / "new"
        temporary.write_text("whole")
        assert not (tmp_path / "new" / "a.txt").exists()
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["a.txt"]
    assert (tmp_path / "new" / "a.txt").read_text() == "whole"


@pytest.mark.parametrize("name", ["a.weights.h5", "a.png", "plain"])
def test_keeps_suffixes_and_hides(tmp_path, name):
    with replacing(tmp_path / name) as temporary:
        assert temporary.name.endswith(name.removeprefix("a").removeprefix("plain"))
        assert temporary.name.startswith(".partial-")


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt, SystemExit])
def test_an_error_leaves_the_old_file(tmp_path, error):
    path = tmp_path / "a.txt"
    path.write_text("old")
    with pytest.raises(error), replacing(path) as temporary:
        temporary.write_text("half")
        raise error
    assert path.read_text() == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["a.txt"]


def test_the_target_is_a_folder(tmp_path):
    (tmp_path / "a.txt").mkdir()
    with pytest.raises(OSError), replacing(tmp_path / "a.txt") as temporary:
        temporary.write_text("x")
    assert [path.name for path in tmp_path.iterdir()] == ["a.txt"]


@pytest.mark.parametrize("mask", [0o022, 0o077])
def test_readable_as_any_other_file(tmp_path, mask):
    before = os.umask(mask)
    try:
        with replacing(tmp_path / "a") as temporary:
            temporary.write_text("x")
        assert stat.S_IMODE((tmp_path / "a").stat().st_mode) == 0o666 & ~mask
        assert os.umask(mask) == mask  # as it was
    finally:
        os.umask(before)


def test_many_writers_of_one_file_leave_one_whole_text(tmp_path):
    path = tmp_path / "a.txt"

    def write(letter: str) -> None:
        for _ in range(5):
            with replacing(path) as temporary:
                temporary.write_text(letter * 1000)

    threads = [threading.Thread(target=write, args=(letter,)) for letter in "abcd"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    text = path.read_text()
    assert len(text) == 1000 and len(set(text)) == 1
    assert len(list(tmp_path.iterdir())) == 1


def test_a_folder_that_may_only_be_read(tmp_path):
    place = tmp_path / "disk"
    place.mkdir()
    if (
        sys.platform != "linux"
        or subprocess.run(["mount", "-t", "tmpfs", "-o", "ro", "tmpfs", str(place)], capture_output=True).returncode
    ):
        pytest.skip("only root may mount a disk that cannot be written")
    try:
        for name in ("a.txt", "new/a.txt"):
            with pytest.raises(OSError, match=r"must be written where that is allowed.*choose another") as caught:
                with replacing(place / name):
                    pass
            assert caught.value.errno == errno.EROFS and caught.value.filename == str(place / name)
    finally:
        subprocess.run(["umount", "-l", str(place)], check=True)


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no device that is always full")
def test_a_full_disk_is_said_in_one_line_whoever_writes(tmp_path):
    path = tmp_path / "a.weights.h5"
    path.write_text("old")
    with pytest.raises(OSError) as caught, replacing(path), open("/dev/full", "wb") as file:
        file.write(b"x")
    assert caught.value.errno == errno.ENOSPC and caught.value.filename == str(path)
    assert "must fit on its disk (No space left on device)" in str(caught.value)
    # HDF5's own words take two lines.
    with pytest.raises(OSError) as caught, replacing(path):
        raise OSError(errno.ENOSPC, "Can't write data (file write failed: time = Sat\n, filename = ...)")
    assert "\n" not in str(caught.value)
    assert path.read_text() == "old" and [file.name for file in tmp_path.iterdir()] == [path.name]


def test_other_errors_stay_what_they_are(tmp_path):
    with pytest.raises(FileNotFoundError, match="gone"), replacing(tmp_path / "a"):
        (tmp_path / "gone").read_text()


@pytest.fixture
def interruptible() -> Iterator[None]:
    """Ctrl-C as Python has it, whatever pytest was started with."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def test_ctrl_c_waits_for_what_must_not_be_disturbed(interruptible):
    done = []
    with pytest.raises(KeyboardInterrupt), undisturbed():
        signal.raise_signal(signal.SIGINT)
        done.append("all of it")
    assert done and signal.getsignal(signal.SIGINT) == signal.default_int_handler
    with undisturbed():
        pass  # and no signal comes twice


def test_an_error_comes_through_undisturbed(interruptible):
    with pytest.raises(OSError, match="full"), undisturbed():
        raise OSError("full")
    assert signal.getsignal(signal.SIGINT) == signal.default_int_handler


def test_other_threads_have_no_signals_to_put_off():
    done = []

    def write() -> None:
        with undisturbed():
            done.append(True)

    thread = threading.Thread(target=write)
    thread.start()
    thread.join()
    assert done
