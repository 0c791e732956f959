"""Signals that ask a process to stop: put off, heard, put back."""

from __future__ import annotations

import contextlib
import signal
import threading
from collections.abc import Iterator

import pytest

from sketchback import signals
from sketchback.signals import stop_requested, undisturbed


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


# ---- a request to stop


@pytest.mark.parametrize("how", ["SIGINT", "SIGTERM", "SIGHUP"])
def test_the_first_one_asks_and_the_second_interrupts(how):
    number = signal.Signals[how]
    before = signal.signal(number, signal.default_int_handler)  # pytest itself may ignore it
    try:
        with pytest.raises(KeyboardInterrupt), stop_requested() as stop:
            signal.raise_signal(number)
            assert stop.is_set()  # and the program goes on
            with contextlib.suppress(KeyboardInterrupt):
                signal.raise_signal(number)
            raise RuntimeError("what TensorFlow makes of a KeyboardInterrupt in a function that it calls")
        assert signal.getsignal(number) == signal.default_int_handler
    finally:
        signal.signal(number, before)


def test_what_nohup_ignores_stays_ignored():
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with stop_requested() as stop:
            signal.raise_signal(signal.SIGHUP)
            assert not stop.is_set()
        assert signal.getsignal(signal.SIGHUP) == signal.SIG_IGN
    finally:
        signal.signal(signal.SIGHUP, before)


def test_an_error_that_nobody_asked_for_stays_what_it_is():
    with pytest.raises(RuntimeError, match="ours"), stop_requested():
        raise RuntimeError("ours")


def test_another_thread_needs_no_signals():
    seen = []

    def ask():
        with stop_requested() as stop:
            seen.append(stop.is_set())

    thread = threading.Thread(target=ask)
    thread.start()
    thread.join()
    assert seen == [False]
