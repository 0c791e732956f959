"""What all verbs share: arguments, log, an error as one line and exit status 2."""

from __future__ import annotations

import argparse
import atexit
import logging
import os
import signal
import sys
import traceback
from collections.abc import Callable, Sequence
from typing import NoReturn

from sketchback import __version__, images, signals
from sketchback.console.progress import say

STOPPED = 130  # the exit status of what was asked to stop before its end, as shells give it for Ctrl-C


class _Parser(argparse.ArgumentParser):
    """Says what is wrong in one line, as every other error is said; `--help` has the rest."""

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"error: {message}\n")


def parser(verb: str, description: str, epilog: str = "") -> argparse.ArgumentParser:
    """The argument parser of a verb, with `--version` and `--quiet`."""
    made = _Parser(
        prog=f"python -m sketchback.{verb}",
        description=description,
        epilog=epilog,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    made.add_argument("--version", action="version", version=f"sketchback {__version__}")
    made.add_argument("--quiet", action="store_true", help="say only what went wrong")
    return made


def add_view(made: argparse.ArgumentParser, styles: Sequence[str]) -> None:
    """Adds `--size`, `--style` and `--fit`, which mean the same in every verb."""
    made.add_argument("--size", type=size, metavar="HxW", help="rows x columns, for example 128x128")
    made.add_argument(
        "--style",
        metavar="STYLE",
        help=f"how photographs without a drawn sketch are drawn: {', '.join(styles)}",
    )
    made.add_argument(
        "--fit",
        metavar="FIT",
        help="how pictures are brought to the size: crop (keeps proportions, cuts; the default), squeeze (changes "
        "proportions, as the original did), pad (keeps everything, adds white)",
    )


def size(text: str) -> tuple[int, int]:
    """Reads `120x160` as (height, width).

    >>> size("120x160")
    (120, 160)
    """
    parts = text.lower().split("x")
    if len(parts) != 2 or not all(part.isdecimal() for part in parts):
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
        The exit status: 0, 2 after an error, and 130 where Ctrl-C, SIGTERM or SIGHUP stopped it.
    """
    arguments = made.parse_args(argv)
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")  # TensorFlow's own notes would bury ours
    logging.basicConfig(format="%(message)s", stream=sys.stderr, level=logging.WARNING)
    logging.captureWarnings(True)  # Pillow's about odd EXIF, as lines like the others
    logging.getLogger("sketchback").setLevel(logging.WARNING if arguments.quiet else logging.INFO)
    try:
        with signals.handled(signal.default_int_handler):  # all of them leave as Ctrl-C does: no half of a file stays
            return main(arguments) or 0
    except KeyboardInterrupt as interrupted:
        with signals.handled(lambda *_: None):  # Ctrl-C held down, while what it interrupted is taken apart
            traceback.clear_frames(interrupted.__traceback__)
            say("stopped")
        return STOPPED
    except BrokenPipeError:  # the reader of our output went away, as `head` does
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except (ValueError, OSError, MemoryError, ImportError) as error:
        say(f"error: {one_line(error)}")
        return 2
    finally:  # Ctrl-C held down: the process is ending, which takes TensorFlow a moment
        atexit.register(signal.signal, signal.SIGINT, signal.SIG_IGN)


def one_line(error: BaseException) -> str:
    """An exception as one line; system errors name their file."""
    if isinstance(error, OSError) and error.strerror:
        names = " -> ".join(str(name) for name in (error.filename, error.filename2) if name)
        return f"{error.strerror}{f': {names}' if names else ''}"
    return " ".join(str(error).split()) or type(error).__name__
