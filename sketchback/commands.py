"""What all verbs share at the command line: arguments, log, progress, an error as one line and exit status 2."""

from __future__ import annotations

import argparse
import logging
import os
import sys
import time
from collections.abc import Callable, Iterable
from typing import Any

from tqdm import tqdm

from . import __version__, images, sketching

REPORT_EVERY = 30.0  # seconds between two progress lines where there is no terminal


def parser(verb: str, description: str, epilog: str = "") -> argparse.ArgumentParser:
    """The argument parser of a verb, with `--version` and `--quiet`."""
    made = argparse.ArgumentParser(
        prog=f"python -m sketchback.{verb}",
        description=description,
        epilog=epilog,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    made.add_argument("--version", action="version", version=f"sketchback {__version__}")
    made.add_argument("--quiet", action="store_true", help="say only what went wrong")
    return made


def add_view(made: argparse.ArgumentParser, style: str = "pencil") -> None:
    """Adds `--size`, `--style` and `--fit`, which mean the same in every verb."""
    made.add_argument("--size", type=size, metavar="HxW", help="rows x columns, for example 128x128")
    made.add_argument(
        "--style", metavar="STYLE", default=style,
        help=f"how photographs without a drawn sketch are drawn: {', '.join(sketching.STYLES)}",
    )  # fmt: skip
    made.add_argument(
        "--fit", metavar="FIT",
        help="how pictures are brought to the size: crop (keeps proportions, cuts; the default), squeeze (changes "
        "proportions, as the original did), pad (keeps everything, adds white)",
    )  # fmt: skip


def size(text: str) -> tuple[int, int]:
    """Reads `120x160` as (height, width).

    >>> size("120x160")
    (120, 160)
    """
    parts = text.lower().split("x")
    if len(parts) != 2 or not all(part.isdigit() for part in parts):
        raise argparse.ArgumentTypeError(f"a size must be HEIGHTxWIDTH, for example 120x160. Received: {text!r}")
    try:
        return images.check_size([int(part) for part in parts])
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def run(main: Callable[[argparse.Namespace], int | None], made: argparse.ArgumentParser, argv: list[str] | None) -> int:
    """Parses, runs, and turns an expected error into one line and exit status 2.

    Args:
        main: What to do with the arguments; returns an exit status or None.
        made: From `parser`.
        argv: Arguments, `sys.argv[1:]` by default.

    Returns:
        The exit status: 0, 2 after an error, 130 after Ctrl-C.
    """
    arguments = made.parse_args(argv)
    # TensorFlow's own start-up notes would bury ours.
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")
    logging.basicConfig(format="%(message)s", stream=sys.stderr, level=logging.WARNING)
    logging.getLogger("sketchback").setLevel(logging.WARNING if arguments.quiet else logging.INFO)
    try:
        return main(arguments) or 0
    except KeyboardInterrupt:
        print("stopped", file=sys.stderr)
        return 130
    except BrokenPipeError:  # the reader of our output went away, as `head` does
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except (ValueError, OSError, MemoryError, ImportError) as error:
        print(f"error: {one_line(error)}", file=sys.stderr)
        return 2


def one_line(error: BaseException) -> str:
    """An exception as one line; system errors name their file."""
    if isinstance(error, OSError) and error.strerror:
        names = " -> ".join(str(name) for name in (error.filename, error.filename2) if name)
        return f"{error.strerror}{f': {names}' if names else ''}"
    return " ".join(str(error).split()) or type(error).__name__


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
        self._bar = tqdm(total=total, desc=what, unit=unit, initial=initial, disable=not (shown and terminal),
                         dynamic_ncols=True, leave=True)  # fmt: skip
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
        self._bar.update()
        now = time.monotonic()
        if self._lines and (now - self._said > REPORT_EVERY or self.done == self.total):
            self._said = now
            left = (now - self._start) / (self.done - self._initial) * (self.total - self.done)
            shown = "  ".join(f"{name} {value:.4g}" for name, value in values.items())
            line = f"{self.what}: {self.done}/{self.total} {self.unit}s, {duration(left)} left  {shown}"
            print(line.rstrip(), file=sys.stderr, flush=True)

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
