"""HDF5 files of unknown origin: whatever is in them, there is an answer in one line, soon, in this process."""

from __future__ import annotations

import base64
import subprocess
import sys
import zlib
from pathlib import Path

import h5py
import hostile
import numpy as np
import pytest

from sketchback.weights import untrusted
from sketchback.weights.untrusted import Hdf5Error

PLACE = "layers/conv2d/vars/0"


@pytest.fixture
def good(tmp_path) -> Path:
    """A file as Keras writes it."""
    path = tmp_path / "a.weights.h5"
    with h5py.File(path, "w") as file:
        file.attrs["architecture"], file.attrs["note"] = "small", np.bytes_("in bytes")
        file.attrs["number"] = 3
        file[PLACE] = np.arange(36, dtype="f4").reshape(3, 3, 1, 4)
        file["layers/conv2d/vars/1"] = np.arange(4, dtype="f2")
        file["layers/conv2d_1/vars/0"] = np.arange(3, dtype="f8")
        file["optimizer/vars/0"] = np.zeros(1000)
    return path


@pytest.mark.parametrize("trusted", [False, True])
def test_what_is_in_a_file(good, trusted):
    found = untrusted.read(good, trusted=trusted)
    assert found.texts == {"architecture": "small", "note": "in bytes"}
    assert found.lists == {} and found.others == {}
    assert {place: (array.shape, array.dtype.str) for place, array in found.arrays.items()} == {
        PLACE: ((3, 3, 1, 4), "<f4"),
        "layers/conv2d/vars/1": ((4,), "<f2"),
        "layers/conv2d_1/vars/0": ((3,), "<f8"),
    }
    np.testing.assert_array_equal(found.arrays[PLACE].ravel(), np.arange(36))
    np.testing.assert_array_equal(found.arrays["layers/conv2d_1/vars/0"], [0, 1, 2])
    assert untrusted.read(good, arrays=False, trusted=trusted).arrays == {}


def test_lists_of_names_as_keras_2_wrote_them(tmp_path):
    with h5py.File(tmp_path / "old", "w") as file:
        file.attrs["layer_names"] = np.array(["a", "b"], "S")
        file.create_group("a").attrs["weight_names"] = np.array(["a/kernel:0"], "S")
        file["a/a/kernel:0"] = np.ones(5, "f4")
    found = untrusted.read(tmp_path / "old")
    assert found.lists == {"layer_names": ["a", "b"], "a/weight_names": ["a/kernel:0"]}
    assert list(found.arrays) == ["a/a/kernel:0"]


# One byte (2097: 15 -> 0, the size of a message) of a file of one array: HDF5 1.14.6 never comes back from it.
HANGS = (
    "eNrtmbFOAkEQhnfvQC5EEkhMQBvPSMRY+QbGCHqFEaMWlF4ICSYW5kSjlZTwBpaWlpaWlj4CpY9hh+ztLLAr6EUxUfm/y2Wys3OzyzIzl9y0"
    "veJ2KrmQZALHYTGWZsN0CbZmjIljkpxki+S9pfR2OJcjfZr8u7Yc10l/dFAqCeuuQX8jrhQOA9OIV9rcF7LSjyPJs6XbnfrXteB8EI/eN9fN"
    "0EpmXM+SZ85SbK4XlX5QrZ80atXGRVAT+nnOwyfT/dxwtDzhQ8HMwzsudVzpZMZwLhUxek5JuzcvZjLuIulclnVY9obm4z3nYt6yLFpK+rOV"
    "YyPPB7/wd8DDa1A31P/wRAfwMhOtbtSXUTdQN97XDZbQ7XzjPeb9UPx6S3LcTHy8vztjf5e+qGqT259iZ6u8y4cW5sY5XBn2HYQUAAAAAAAA"
    "AADwB2lu6DcAAAAA/juHe+Wi6FSo/tgt9dfU93+z3wZG81kf8qwgJfqQyDNBJaHnmdkXBKMZ11ft5OX4dSVaPj6uIh+nmXF991xBt1tnRp5O"
    "uA485HX/ZhyDaOfYsnEmX+ENIiaJOA=="
)


@pytest.mark.slow
def test_a_file_that_keeps_hdf5_busy_for_ever(tmp_path, monkeypatch):
    monkeypatch.setattr(untrusted, "SECONDS", 2)
    (tmp_path / "a.h5").write_bytes(zlib.decompress(base64.b64decode(HANGS)))
    try:  # another release may read it, or see what is wrong
        found = untrusted.read(tmp_path / "a.h5")
    except Hdf5Error as error:
        assert "cannot be read" in str(error) and "\n" not in str(error)
    else:
        assert set(found.arrays) <= {"layers/a/vars/0"}


@pytest.mark.skipif(sys.platform == "win32", reason="no shell")
@pytest.mark.parametrize(
    ("end", "words"),
    [("kill -SEGV $$", "signal 11"), ("kill -KILL $$", "too much time or memory"), ("exit 3", "status 3")],
)
def test_a_reader_that_dies_is_an_error_here(good, monkeypatch, tmp_path, end, words):
    reader = tmp_path / "python"
    reader.write_text(f"#!/bin/sh\n{end}\n")
    reader.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(reader))
    with pytest.raises(Hdf5Error, match=rf"cannot be read \(.*{words}.*\)\. Download or copy it again"):
        untrusted.read(good)


def test_without_an_interpreter_there_is_an_error_too(good, monkeypatch, tmp_path):
    monkeypatch.setattr(sys, "executable", str(tmp_path / "no python"))
    with pytest.raises(Hdf5Error, match="does not start"):
        untrusted.read(good)
    assert untrusted.read(good, trusted=True).texts["architecture"] == "small"  # needs none


@pytest.mark.slow
@pytest.mark.parametrize("kind", hostile.weights_by_hand(b""))
def test_hostile_files_by_kind(good, tmp_path, kind):
    """Each becomes its right contents or one line; what the table in benchmarks/README.md counts."""
    for number, make in enumerate(hostile.weights_by_hand(good.read_bytes())[kind]):
        path = tmp_path / f"{number}.h5"
        make(path)
        try:
            found = untrusted.read(path)
        except Hdf5Error as error:
            message = str(error)
            assert "\n" not in message and message.startswith("it") and len(message) < 1000
            assert kind != "NaN, infinity"  # numbers are not looked at here
        else:
            assert kind not in ("truncated", "something else", "compressed"), number
            assert PLACE not in found.arrays or kind not in ("links out of the file", "other types"), number
            assert sum(array.nbytes for array in found.arrays.values()) <= path.stat().st_size


def test_what_lies_elsewhere_is_named(good):
    with h5py.File(good, "r+") as file:
        del file[PLACE], file["layers/conv2d/vars/1"]
        file[PLACE] = h5py.ExternalLink("other.h5", PLACE)
        file["layers/conv2d/vars/1"] = np.zeros(4, "i4")
        file.create_dataset("layers/empty", (3,), "f4")
    assert untrusted.read(good).others == {
        PLACE: "a link",
        "layers/conv2d/vars/1": "an array of int32",
        "layers/empty": "an array that was never written",
    }


@pytest.mark.slow
def test_memory_is_bounded_whatever_a_file_unpacks_to(good, tmp_path):
    """Two gigabytes in a few kilobytes: neither this process nor its reader holds them."""
    pytest.importorskip("resource")  # not on Windows
    path = tmp_path / "bomb.h5"
    hostile.weights_by_hand(good.read_bytes())["compressed"][0](path)
    assert path.stat().st_size < 100_000
    program = (
        "import resource, sys\nfrom sketchback.weights import untrusted\n"
        "untrusted.read(sys.argv[1])\n"
        "whose = resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN\n"
        "def peak(): return [resource.getrusage(who).ru_maxrss for who in whose]\n"
        "before = peak()\n"
        "try: untrusted.read(sys.argv[2])\nexcept untrusted.Hdf5Error as error: print('h5repack' in str(error))\n"
        "print(*(after - own for after, own in zip(peak(), before)))"
    )
    done = subprocess.run([sys.executable, "-c", program, str(good), str(path)], capture_output=True, text=True)
    refused, *grown = done.stdout.split()
    assert refused == "True", done.stderr
    unit = 1 if sys.platform == "darwin" else 1024  # bytes there, KiB elsewhere
    assert all(int(one) * unit < 100e6 for one in grown)


def test_hdf5_is_not_even_loaded_in_the_process_that_asks(good):
    code = (
        "import sys; from sketchback.weights.untrusted import read;"
        "print(len(read(sys.argv[1]).arrays), 'h5py' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code, str(good)], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["3", "False"]
