"""Signals that ask a process to stop: put off, heard, put back."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator

import pytest

from sketchback import signals
from sketchback.signals import undisturbed


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


def test_other_threads_have_no_signals_to_put_off():
    done = []

    def write() -> None:
        with undisturbed():
            done.append(True)

    thread = threading.Thread(target=write)
    thread.start()
    thread.join()
    assert done


def test_a_handler_is_there_until_its_block_is_over(interruptible):
    came = []
    with signals.handled(lambda number, _: came.append(number)) as numbers:
        for number in numbers:
            signal.raise_signal(number)
    assert came == numbers and signal.SIGTERM in came
    assert signal.getsignal(signal.SIGTERM) == signal.SIG_DFL


def test_what_the_process_was_told_to_ignore_stays_ignored(interruptible):
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with undisturbed():
        assert signal.getsignal(signal.SIGINT) == signal.SIG_IGN and signal.SIGINT not in signals.heard()
