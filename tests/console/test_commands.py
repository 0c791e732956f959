"""What all verbs share: arguments, one line for an error, exit statuses, progress without a terminal."""

from __future__ import annotations

import argparse
import contextlib
import os
import select
import signal
import struct
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TextIO

import pytest

from sketchback import __version__, console
from sketchback.sketching import STYLES


def made() -> argparse.ArgumentParser:
    parser = console.parser("toy", "A toy.")
    console.add_view(parser, STYLES)
    return parser


def fail_with(error: BaseException) -> Callable[[argparse.Namespace], None]:
    def fail(_: argparse.Namespace) -> None:
        raise error

    return fail


# arguments


@pytest.mark.parametrize(("text", "expected"), [("120x160", (120, 160)), ("16X16", (16, 16)), ("096x64", (96, 64))])
def test_size(text, expected):
    assert console.size(text) == expected


@pytest.mark.parametrize("text", ["", "120", "x", "120x", "x160", "1x2x3", "-16x16", "16.5x16", "axb", "²x16", "15x99"])
def test_bad_size(text):
    with pytest.raises(argparse.ArgumentTypeError):
        console.size(text)


def test_bad_size_at_the_command_line_says_what_was_wrong(capsys):
    with pytest.raises(SystemExit) as stop:
        console.run(lambda _: 0, made(), ["--size", "8x8"])
    assert stop.value.code == 2
    assert "at least 16 x 16. Received: size=(8, 8)" in capsys.readouterr().err


def test_version(capsys):
    with pytest.raises(SystemExit) as stop:
        made().parse_args(["--version"])
    assert stop.value.code == 0
    assert capsys.readouterr().out.strip() == f"sketchback {__version__}"


def test_view_defaults():
    arguments = made().parse_args([])
    assert (arguments.size, arguments.style, arguments.fit, arguments.quiet) == (None, "pencil", None, False)


# exit statuses


@pytest.mark.parametrize(("returned", "status"), [(None, 0), (0, 0), (3, 3)])
def test_status(returned, status):
    assert console.run(lambda _: returned, made(), []) == status


@pytest.mark.parametrize(
    ("error", "line"),
    [
        (ValueError("one\n  two"), "error: one two"),
        (ValueError(), "error: ValueError"),
        (FileNotFoundError(2, "No such file or directory", "a.png"), "error: No such file or directory: a.png"),
        (FileNotFoundError("There is no a.png."), "error: There is no a.png."),
        (OSError(18, "Invalid cross-device link", "a", None, "b"), "error: Invalid cross-device link: a -> b"),
        (OSError(28, "No space left on device"), "error: No space left on device"),
        (MemoryError(), "error: MemoryError"),
        (ImportError("No module named 'flask'"), "error: No module named 'flask'"),
    ],
)
def test_an_expected_error_is_one_line_and_status_2(error, line, capsys):
    assert console.run(fail_with(error), made(), []) == 2
    captured = capsys.readouterr()
    assert captured.err == line + "\n" and captured.out == ""


def test_an_unexpected_error_keeps_its_traceback():
    with pytest.raises(RuntimeError):
        console.run(fail_with(RuntimeError("a bug of ours")), made(), [])


def test_interrupted(capsys):
    assert console.run(fail_with(KeyboardInterrupt()), made(), []) == 130
    assert capsys.readouterr().err == "stopped\n"


@pytest.mark.skipif(os.name != "posix", reason="signals of POSIX")
def test_ctrl_c_changes_nothing_while_the_process_ends():
    program = (
        "import atexit, signal, time\n"
        "from sketchback import console\n"
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"  # whatever pytest was started with
        "atexit.register(lambda: (print('ending', flush=True), time.sleep(1)))\n"  # TensorFlow takes its time too
        "raise SystemExit(console.run(lambda _: 3, console.parser('toy', ''), []))\n"
    )
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout.readline() == b"ending\n"
        process.send_signal(signal.SIGINT)
        assert process.communicate(timeout=60)[1] == b"" and process.returncode == 3


def test_a_reader_that_goes_away_is_no_error():
    program = (
        "from sketchback import console\n"
        "def main(_):\n"
        "    for i in range(100000): print(i)\n"
        "raise SystemExit(console.run(main, console.parser('toy', ''), []))\n"
    )
    process = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert process.stdout.readline() == b"0\n"
    process.stdout.close()
    assert process.stderr.read() == b""
    process.stderr.close()
    assert process.wait(30) == 0


def test_needs_no_keras():
    program = "import sys; from sketchback import console; print('keras' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], capture_output=True, text=True).stdout == "False\n"


# progress


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0:00"), (9.4, "0:09"), (59.6, "1:00"), (75, "1:15"), (3599.7, "1:00:00"), (90061, "25:01:01")],
)
def test_duration(seconds, text):
    assert console.duration(seconds) == text


def test_bar_without_a_terminal_says_a_line_at_the_end(capsys):
    bar = console.Bar(3, "drawing", "picture")
    for _ in range(3):
        bar.advance(loss=0.12345)
    bar.close()
    assert capsys.readouterr().err == "drawing: 3/3 pictures, 0:00 left  loss 0.1235\n"


def test_bar_says_a_line_now_and_then(capsys, monkeypatch):
    monkeypatch.setattr(console, "REPORT_EVERY", -1.0)  # always due
    bar = console.Bar(12, "epoch 1/2", initial=10)
    bar.advance()
    bar.advance("epoch 2/2")
    lines = capsys.readouterr().err.splitlines()
    assert lines == ["epoch 1/2: 11/12 steps, 0:00 left", "epoch 2/2: 12/12 steps, 0:00 left"]


def test_bar_can_be_silent(capsys):
    bar = console.Bar(2, "x", shown=False)
    assert list(bar.over("ab")) == ["a", "b"]
    assert bar.done == 2
    assert capsys.readouterr() == ("", "")


def test_bar_over_nothing(capsys):
    assert list(console.Bar(0, "x").over([])) == []
    assert capsys.readouterr().err == ""


@contextlib.contextmanager
def lost(file: TextIO) -> Iterator[TextIO]:
    """A file that cannot be written, whose closing fails as well."""
    try:
        yield file
    finally:
        with contextlib.suppress(OSError):
            file.close()


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_log_on_a_full_disk_ends_nothing(monkeypatch):
    with lost(open("/dev/full", "w")) as full:
        with pytest.raises(OSError, match="No space left"):
            print("a line", file=full, flush=True)
        monkeypatch.setattr(sys, "stderr", full)
        bar = console.Bar(2, "x")
        assert list(bar.over("ab")) == ["a", "b"] and bar.done == 2
        assert console.run(fail_with(ValueError("too small")), made(), []) == 2
        assert console.run(fail_with(KeyboardInterrupt()), made(), []) == 130


def test_a_terminal_that_goes_away_ends_nothing(monkeypatch):
    fcntl, termios = pytest.importorskip("fcntl"), pytest.importorskip("termios")
    mine, theirs = os.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("4H", 24, 80, 0, 0))  # rows and columns; without, no bar
    with lost(open(theirs, "w")) as terminal:
        monkeypatch.setattr(sys, "stderr", terminal)
        bar = console.Bar(3, "epoch 1/2")
        bar.advance(loss=0.5)
        assert select.select([mine], [], [], 60)[0] and b"epoch 1/2" in os.read(mine, 10_000)
        os.close(mine)  # the window is closed, or the connection lost
        for _ in range(2):
            time.sleep(0.11)  # tqdm writes ten times a second
            bar.advance(loss=0.25)
        bar.close()
        assert bar.done == 3
        with pytest.raises(OSError):
            print("a line", file=terminal, flush=True)


def test_arguments_that_cannot_be_parsed_get_one_line_too(capsys):
    made = console.parser("sketch", "")
    console.add_view(made, STYLES)
    with pytest.raises(SystemExit) as stop:
        made.parse_args(["--size", "8x8"])
    error = capsys.readouterr().err
    assert stop.value.code == 2 and len(error.splitlines()) == 1 and error.startswith("error: argument --size")


def test_no_two_results_share_a_name(tmp_path):
    files = [tmp_path / name for name in ("a/1.png", "b/1.png", "b/1.jpg", "c/1.png", "d/2.png")]
    targets = console._targets(files, tmp_path / "out", "png")
    assert [target.name for target in targets] == ["1-png.png", "1-png-2.png", "1-jpg.png", "1-png-3.png", "2.png"]


def test_many_files_need_a_folder(tmp_path):
    with pytest.raises(ValueError, match=r"2 files need a folder .*both\.png"):
        console._targets([tmp_path / "a.png", tmp_path / "b.png"], tmp_path / "both.png", "png")
