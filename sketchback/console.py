"""What all verbs share at the command line: arguments, log, progress, an error as one line and exit status 2."""

from __future__ import annotations

import argparse
import atexit
import contextlib
import logging
import os
import signal
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
from tqdm import tqdm

from sketchback import __version__, images

REPORT_EVERY = 30.0  # seconds between two progress lines where there is no terminal


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


def add_view(made: argparse.ArgumentParser, styles: Sequence[str], style: str | None = "pencil") -> None:
    """Adds `--size`, `--style` and `--fit`, which mean the same in every verb."""
    made.add_argument("--size", type=size, metavar="HxW", help="rows x columns, for example 128x128")
    made.add_argument(
        "--style",
        metavar="STYLE",
        default=style,
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
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")  # TensorFlow's own notes would bury ours
    logging.basicConfig(format="%(message)s", stream=sys.stderr, level=logging.WARNING)
    logging.captureWarnings(True)  # Pillow's about odd EXIF, as lines like the others
    logging.getLogger("sketchback").setLevel(logging.WARNING if arguments.quiet else logging.INFO)
    try:
        return main(arguments) or 0
    except KeyboardInterrupt:
        _say("stopped")
        return 130
    except BrokenPipeError:  # the reader of our output went away, as `head` does
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except (ValueError, OSError, MemoryError, ImportError) as error:
        _say(f"error: {one_line(error)}")
        return 2
    finally:  # Ctrl-C held down: the process is ending, which takes TensorFlow a moment
        atexit.register(signal.signal, signal.SIGINT, signal.SIG_IGN)


def _say(line: str) -> None:
    """Writes to the terminal or the log; one that went away, or whose disk is full, is no reason to lose a run."""
    with contextlib.suppress(OSError):
        print(line, file=sys.stderr, flush=True)


def import_keras() -> None:
    """Imports Keras and its backend without the notes that TensorFlow's start-up prints past every log level.

    They come from C++, before any setting is read; so the file descriptor of stderr is turned away meanwhile.
    """
    sys.stderr.flush()
    kept = os.dup(2)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, 2)
        import keras

        if keras.backend.backend() == "tensorflow":
            import tensorflow as tf

            tf.config.list_physical_devices()  # says on every machine without a GPU that there is none
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)


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
            _say(line.rstrip())

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


# ---- files in, files out: what `sketch` and `invert` share


def add_files(made: argparse.ArgumentParser, what: str, out: str) -> None:
    """Adds the pictures to read, `--out` and `--format`."""
    made.add_argument("files", nargs="+", metavar=what.upper(), help=f"{what}s, or folders of them")
    made.add_argument(
        "-o",
        "--out",
        metavar="OUT",
        default=out,
        help=f"a folder, or for one {what} a file (default: the folder {out}/)",
    )
    made.add_argument(
        "--format", metavar="SUFFIX", default="png", help="png, jpg, webp, tiff, bmp or pdf, for folders (default: png)"
    )


def convert(arguments: argparse.Namespace, change: Callable[[Path, int], np.ndarray]) -> int:
    """Turns each file of `add_files` into one picture; a bad file among many is named, and the others go on.

    Args:
        arguments: As parsed, with `files`, `out`, `format` and `quiet`.
        change: A file and its number -> the picture to write.

    Returns:
        The exit status: 2 if any file failed.

    Raises:
        ValueError: There is nothing to do, or a result would overwrite what it is made from.
    """
    files: list[Path] = []
    for place in map(Path, arguments.files):
        inside = images.list_files(place) if place.is_dir() else [place]
        if not inside:
            raise ValueError(f"A folder must hold at least one image. Received: {place}, with none.")
        files += inside
    targets = _targets(files, Path(arguments.out), arguments.format)
    failed = 0
    bar = Bar(len(files), "", "picture", shown=not arguments.quiet and len(files) > 1)
    for number, (file, target) in enumerate(zip(files, targets, strict=True)):
        try:
            images.write(target, change(file, number))
        except (ValueError, OSError, MemoryError) as error:
            if isinstance(error, OSError) and not isinstance(error, FileNotFoundError):
                raise  # an output that cannot be written fails for all
            if len(files) == 1:
                raise
            failed += 1
            logging.getLogger(__name__).error("error: %s", one_line(error))
        else:
            logging.getLogger(__name__).info("%s -> %s", file, target)
        bar.advance(file.name)
    bar.close()
    if failed:
        logging.getLogger(__name__).error("%d of %d files failed", failed, len(files))
    return 2 if failed else 0


def _targets(files: list[Path], out: Path, suffix: str) -> list[Path]:
    if len(files) == 1 and out.suffix and not out.is_dir():
        targets = [out]
    elif out.suffix.lower() in images.WRITABLE:
        raise ValueError(f"{len(files)} files need a folder to be written to. Received: {out}. Give --out a folder.")
    else:
        counts = Counter(file.stem.lower() for file in files)  # a.png and a.jpg are two pictures
        names = [f"{file.stem}-{file.suffix[1:]}" if counts[file.stem.lower()] > 1 else file.stem for file in files]
        taken: Counter[str] = Counter()
        for place, name in enumerate(names):  # 1/a.png and 2/a.png too
            taken[name.lower()] += 1
            if taken[name.lower()] > 1:
                names[place] = f"{name}-{taken[name.lower()]}"
        targets = [out / f"{name}.{suffix.removeprefix('.')}" for name in names]
    sources = {file.resolve() for file in files}
    for target in targets:
        images.check_writable(target)
        if target.resolve() in sources:
            raise ValueError(f"A result must not overwrite its source. Received: {target}. Give another --out.")
    return targets
