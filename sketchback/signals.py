"""What asks a command to stop: Ctrl-C, SIGTERM, and SIGHUP, which a terminal sends when it closes."""

from __future__ import annotations

import contextlib
import logging
import signal
import threading
import time
from collections.abc import Callable, Iterator
from types import FrameType

logger = logging.getLogger(__name__)


def heard() -> list[int]:
    """The signals that ask this process to stop, but for those that `nohup`, or a script's `&`, told it to ignore."""
    numbers = [getattr(signal, name, None) for name in ("SIGINT", "SIGTERM", "SIGHUP")]  # Windows has no SIGHUP
    # None: a handler that was set outside of Python, which could not be put back.
    return [number for number in numbers if number and signal.getsignal(number) not in (signal.SIG_IGN, None)]


@contextlib.contextmanager
def handled(handler: Callable[[int, FrameType | None], object]) -> Iterator[list[int]]:
    """Calls `handler` for each signal that is `heard`, until its block is over.

    Only the main thread may set handlers: elsewhere this does nothing, for nothing comes.

    Args:
        handler: As `signal.signal` takes it.

    Yields:
        The signals that it handles.
    """
    numbers = heard() if threading.current_thread() is threading.main_thread() else []
    before = {number: signal.signal(number, handler) for number in numbers}
    try:
        yield numbers
    finally:
        for number, own in before.items():
            signal.signal(number, own)


@contextlib.contextmanager
def undisturbed() -> Iterator[None]:
    """Puts signals off until its block is over.

    For writers that cannot be left in their middle: a zip archive takes offence at being closed there, and says so
    instead of what it was left for.
    """
    came: list[int] = []
    try:
        with handled(lambda number, _: came.append(number)):
            yield
    finally:
        for number in came:
            signal.raise_signal(number)


@contextlib.contextmanager
def stop_requested() -> Iterator[threading.Event]:
    """Sets an event at the first signal; the second one interrupts at once, and so does one a second later."""
    stop, at_once = threading.Event(), threading.Event()
    interrupted = 0.0

    def ask(number: int, _: object) -> None:
        nonlocal interrupted
        if stop.is_set():
            at_once.set()
            if time.monotonic() - interrupted < 1:
                return  # Ctrl-C held down: what is being taken apart is left in peace
            interrupted = time.monotonic()
            raise KeyboardInterrupt
        stop.set()
        logger.info("finishing the step, then stopping (once more to stop at once)")

    with handled(ask):
        try:
            yield stop
        except Exception:
            if at_once.is_set():  # raised while TensorFlow called Python, which makes an error of its own of it
                raise KeyboardInterrupt from None
            raise
