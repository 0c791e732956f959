"""Progress on a terminal, without one, and where writing fails."""

from __future__ import annotations

import contextlib
import os
import select
import struct
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TextIO

import pytest

from sketchback import console
from sketchback.console import progress


@pytest.mark.parametrize(("seconds", "text"), [(0, "0:00"), (59.6, "1:00"), (3599.7, "1:00:00"), (90061, "25:01:01")])
def test_duration(seconds, text):
    assert console.duration(seconds) == text


def test_without_a_terminal_a_line_is_said_at_the_end_and_now_and_then(capsys, monkeypatch):
    bar = console.Bar(3, "drawing", "picture")
    for _ in range(3):
        bar.advance(loss=0.12345)
    assert capsys.readouterr().err == "drawing: 3/3 pictures, 0:00 left  loss 0.1235\n"
    monkeypatch.setattr(progress, "REPORT_EVERY", -1.0)  # always due
    bar = console.Bar(12, "epoch 1/2", initial=10)
    bar.advance()
    bar.advance("epoch 2/2")
    lines = capsys.readouterr().err.splitlines()
    assert lines == ["epoch 1/2: 11/12 steps, 0:00 left", "epoch 2/2: 12/12 steps, 0:00 left"]


def test_bar_can_be_silent(capsys):
    assert list(console.Bar(2, "x", shown=False).over("ab")) == ["a", "b"]
    assert list(console.Bar(0, "x").over([])) == []
    assert capsys.readouterr() == ("", "")


@contextlib.contextmanager
def lost(file: TextIO) -> Iterator[TextIO]:
    """A file that cannot be written, whose closing fails as well."""
    yield file
    with contextlib.suppress(OSError):
        file.close()


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_log_on_a_full_disk_ends_nothing(monkeypatch):
    with lost(open("/dev/full", "w")) as full:
        monkeypatch.setattr(sys, "stderr", full)
        bar = console.Bar(2, "x")
        assert list(bar.over("ab")) == ["a", "b"] and bar.done == 2
        assert console.run(lambda _: int("x"), console.parser("toy", ""), []) == 2


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
        assert bar.done == 3
