"""Signals that ask a program to end."""

from __future__ import annotations

import contextlib
import signal
import threading

import pytest

from sketchback.signals import stop_requested

pytestmark = pytest.mark.skipif(not hasattr(signal, "SIGHUP"), reason="signals of POSIX")


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
