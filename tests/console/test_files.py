"""Files in, files out: what `sketch` and `invert` do at the command line, tried with a verb that inverts colours."""

from __future__ import annotations

import functools
import io
import os
import re
import sys
import types
from pathlib import Path

import numpy as np
import pytest

from sketchback import console, images


def main(*arguments: object, results: int = 1, words: tuple[str, ...] = ("--quiet",)) -> int:
    def invert(image: np.ndarray, _: int) -> list[np.ndarray]:
        return [1 - image] * results

    made = console.parser("toy", "")
    console.add_files(made, "photo", "sketch")
    convert = functools.partial(console.convert, change=invert, results=results)
    return console.run(convert, made, [*words, *map(str, arguments)])


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def photo(here: Path) -> Path:
    return images.write(here / "in" / "a.png", np.zeros((20, 30, 3)))


def files(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


def test_one_picture_is_written_beside_itself(photo, here):
    assert main(photo) == 0
    assert main("in/a.png", "--format", "jpg") == 0
    assert files(here) == ["in/a.png", "in/a.sketch.jpg", "in/a.sketch.png"]
    assert images.read(here / "in" / "a.sketch.png").min() == 1.0


def test_a_folder_gives_what_was_drawn_there_and_not_what_was_written_before(photo, here):
    assert main(photo) == 0
    assert main("in") == 0
    assert files(here) == ["in/a.png", "in/a.sketch.png", "sketches/a.png"]


def test_results_in_the_folder_of_the_drawings_are_no_drawings(photo, here, caplog):
    images.write(here / "in" / "b.sketch.png", np.zeros((20, 30, 3)))
    for _ in range(2):
        caplog.clear()
        assert main("in", "-o", "in/out") == 0
    assert files(here) == ["in/a.png", "in/b.sketch.png", "in/out/a.png"]
    assert "left out, as a result by name or folder: 2 files (b.sketch.png, out/a.png)" in caplog.text
    assert main("in/out") == 0 and (here / "sketches" / "a.png").exists()  # who names it means it


def test_all_results_of_a_picture_are_named(photo, here, caplog):
    assert main(photo, "-o", "other.png", results=3, words=()) == 0
    assert f"{photo} -> other.png, other-1.png ... other-3.png" in caplog.text
    assert files(here) == ["in/a.png", "other-1.png", "other-2.png", "other-3.png", "other.png"]


@pytest.mark.parametrize(("out", "expected"), [("b.webp", "b.webp"), ("new", "new/a.png"), ("new.d/", "new.d/a.png")])
def test_one_picture_into_a_file_or_a_folder(photo, here, out, expected):
    if out.endswith("/"):
        (here / out).mkdir()
    assert main(photo, "-o", out) == 0
    assert files(here) == sorted(["in/a.png", expected])


def test_a_folder_or_several_make_a_folder(photo, here):
    for name in ("in/b/1.png", "in/c/1.png", "in/c/1.jpg", "in/d/2.png"):
        images.write(here / name, np.zeros((20, 30, 3)))
    assert main("in") == 0
    assert files(here / "sketches") == ["1-jpg.png", "1-png-2.png", "1-png.png", "2.png", "a.png"]  # no name twice
    assert main("in/b/1.png", "in/d", "-o", "out", "--format", ".tiff") == 0
    assert files(here / "out") == ["1.tiff", "2.tiff"]


def test_several_pages_of_one_pdf(photo, here, capfdbinary):
    images.write(here / "in" / "b.png", np.ones((40, 20, 1)))
    (here / "in" / "c.png").write_text("no picture")
    assert main("in", "-o", "all.pdf") == 2  # for one page is missing
    assert (here / "all.pdf").read_bytes().count(b"/Type /Page\n") == 2
    assert main("in/a.png", "in/b.png", "-o", "-", "--format", "pdf") == 0
    assert capfdbinary.readouterr().out.count(b"/Type /Page\n") == 2


@pytest.mark.parametrize("arguments", [["-"], ["-", "-o", "-", "--format", "jpg"], ["-", "-o", "out.png"]])
def test_streams(arguments, photo, here, monkeypatch, capfdbinary):
    data = io.BytesIO(photo.read_bytes())
    monkeypatch.setattr(sys, "stdin", types.SimpleNamespace(buffer=data))
    assert main(*arguments) == 0
    out = capfdbinary.readouterr().out
    written = (here / "out.png").read_bytes() if "out.png" in arguments else out
    assert images.decode(written).shape == (20, 30, 3) and (written is out or not out)
    assert written[1:4] == b"PNG" or "jpg" in arguments
    assert main(photo, "-o", "-") == 0 and images.decode(capfdbinary.readouterr().out).min() == 1.0


@pytest.mark.skipif(not hasattr(os, "openpty"), reason="no terminals of POSIX")
def test_a_picture_is_not_written_to_a_terminal(photo, monkeypatch, capsys):
    with open(os.openpty()[1], "w") as terminal:
        monkeypatch.setattr(sys, "stdout", terminal)
        assert main(photo, "-o", "-") == 2
    assert "must be a file or a pipe. Received: a terminal" in capsys.readouterr().err


def test_what_a_folder_holds_besides(photo, here, caplog):
    for name in ("notes.txt", "book.pdf", ".hidden"):
        (here / "in" / name).write_text("words")
    assert main("in") == 0
    assert "left out, as no image: 2 files (book.pdf, notes.txt)" in caplog.text
    for name in ("b.avif", "c.nef", "d.heic"):  # pictures that cannot be read are failures
        (here / "in" / name).write_bytes(b"\0\0\0\x18ftypavif")
    (here / "in" / "loop.png").symlink_to("loop.png")
    caplog.clear()
    assert main("in") == 2
    assert "4 of 5 files failed" in caplog.text and files(here / "sketches") == ["a.png"]
    for name in ("b.avif", "c.nef", "d.heic", "loop.png"):
        assert caplog.text.count(name) == 1


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["nowhere.png"], "must exist"),
        (["empty"], "must hold at least one image.*with none"),
        (["results"], r"with 1 file \(b.sketch.png\), which by name or folder are results. Name the files"),
        (["in/a.png", "in/a.png", "-o", "b.png"], "2 files need a folder to be written to, or a .pdf"),
        (["in/a.png", "in/a.png", "-o", "-"], "one picture, or a PDF. Received: 2"),
        (["-", "in/a.png"], "must be the only picture"),
        (["in/a.png", "-o", "in/a.png"], "must not overwrite its source"),
        ([""], "must have a name. Received: ''"),
        (["in/a.png", "-o", ""], "must have a name. Received: ''"),
        (["in/a.png", "-o", "b.xyz"], r"must end in one of .png"),
        (["in/a.png", "-o", "b.png", "--format", "jpg"], "--format is for an --out that is no file"),
        (["in/a.png", "--format", "gif"], r"must end in one of .png"),
        (["in/a.png", "-o", "in/a.png/b.png"], "Not a directory|File exists"),
    ],
)
def test_what_cannot_be_done_gets_one_line(arguments, words, photo, here, capfd):
    (here / "empty").mkdir()
    images.write(here / "results" / "b.sketch.png", np.zeros((20, 30, 3)))
    assert main(*arguments) == 2
    said = capfd.readouterr()
    assert said.out == "" and said.err.startswith("error: ") and said.err.count("\n") == 1
    assert re.search(words, said.err)
    assert files(here) == ["in/a.png", "results/b.sketch.png"]
