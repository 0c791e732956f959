"""Signals that ask a program to end: put off while a file is written, or turned into a request to stop."""

from __future__ import annotations

import contextlib
import logging
import signal
import threading
from collections.abc import Iterator

logger = logging.getLogger(__name__)


def _numbers() -> list[signal.Signals]:
    """Ctrl-C, SIGTERM and the closing of the terminal, where Python handles them.

    What `nohup`, or the `&` of a script, told the process to ignore stays ignored. Only the main thread may set
    handlers.
    """
    if threading.current_thread() is not threading.main_thread():
        return []
    names = ("SIGINT", "SIGTERM", "SIGHUP")  # Windows has no SIGHUP
    known = [getattr(signal, name) for name in names if hasattr(signal, name)]
    return [number for number in known if signal.getsignal(number) != signal.SIG_IGN]


@contextlib.contextmanager
def stop_requested() -> Iterator[threading.Event]:
    """Sets an event at the first signal; the second one interrupts at once."""
    stop, at_once = threading.Event(), threading.Event()

    def ask(number: int, _: object) -> None:
        if stop.is_set():
            at_once.set()
            raise KeyboardInterrupt
        stop.set()
        logger.info("finishing the step, then stopping (once more to stop at once)")

    before = {number: signal.signal(number, ask) for number in _numbers()}
    try:
        yield stop
    except Exception:
        if at_once.is_set():  # raised while TensorFlow called Python, which makes an error of its own of it
            raise KeyboardInterrupt from None
        raise
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
