"""How far something is: a bar on a terminal, a line now and then elsewhere."""

from __future__ import annotations

import contextlib
import sys
import time
from collections.abc import Iterable
from typing import Any

from tqdm import tqdm

REPORT_EVERY = 30.0  # seconds between two progress lines where there is no terminal


def say(line: str) -> None:
    """Writes to the terminal or the log; one that went away, or whose disk is full, is no reason to lose a run."""
    with contextlib.suppress(OSError):
        print(line, file=sys.stderr, flush=True)


class Bar:
    """Progress with time left: a bar on a terminal, a line now and then elsewhere, nothing where `shown` is False.

    Args:
        total: Number of steps.
        what: Said before the bar.
        unit: What is counted.
        initial: Steps that were done before.
        shown: Whether to show anything.
    """

    def __init__(self, total: int, what: str, unit: str = "step", initial: int = 0, shown: bool = True):
        terminal = sys.stderr.isatty()
        self._bar = tqdm(
            total=total,
            desc=what,
            unit=unit,
            initial=initial,
            disable=not (shown and terminal),
            dynamic_ncols=True,
            leave=True,
        )
        self._lines = shown and not terminal
        self.done, self.total, self.what, self.unit = initial, total, what, unit
        self._initial, self._start, self._said = initial, time.monotonic(), time.monotonic()

    def advance(self, what: str | None = None, **values: float) -> None:
        """Counts one step and shows the values."""
        self.done += 1
        self.what = what or self.what
        self._bar.set_description(self.what, refresh=False)
        if values:
            self._bar.set_postfix({name: f"{value:.4g}" for name, value in values.items()}, refresh=False)
        self._bar.update()  # which takes no offence at a terminal that goes away
        now = time.monotonic()
        if self._lines and (now - self._said > REPORT_EVERY or self.done == self.total):
            self._said = now
            left = (now - self._start) / (self.done - self._initial) * (self.total - self.done)
            shown = "  ".join(f"{name} {value:.4g}" for name, value in values.items())
            line = f"{self.what}: {self.done}/{self.total} {self.unit}s, {duration(left)} left  {shown}"
            say(line.rstrip())

    def close(self) -> None:
        """Leaves the bar as it is."""
        self._bar.close()

    def over(self, things: Iterable[Any]) -> Iterable[Any]:
        """Yields things and counts them."""
        for thing in things:
            yield thing
            self.advance()
        self.close()


def duration(seconds: float) -> str:
    """Seconds as people say them.

    >>> duration(75), duration(3725)
    ('1:15', '1:02:05')
    """
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"
