"""Files in, files out: what `sketch` and `invert` share."""

from __future__ import annotations

import argparse
import logging
import os
import re
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import numpy as np

from sketchback import images
from sketchback.console.commands import one_line
from sketchback.console.progress import Bar

STREAM = "-"  # standard input, or standard output
NAMES = 5  # of files that were left out, in one line

logger = logging.getLogger(__name__)


def add_files(made: argparse.ArgumentParser, what: str, result: str) -> None:
    """Adds the pictures to read, `--out` and `--format`.

    Args:
        made: From `parser`.
        what: What is read, in the singular.
        result: What is made of it: `photo` makes `NAME.photo.png`, and the folder `photos`.
    """
    made.add_argument(
        "files", nargs="+", metavar=what.upper(), help=f"{what}s, folders of them, or - for standard input"
    )
    made.add_argument(
        "-o",
        "--out",
        metavar="OUT",
        help=f"a folder; for one {what} a file; for several a .pdf, with a page for each; or - for standard output "
        f"(default: NAME.{result}.png beside one {what}, the folder {_plural(result)}/ for several)",
    )
    made.add_argument(
        "--format",
        metavar="SUFFIX",
        help="png, jpg, webp, tiff, bmp or pdf, where --out is no file (default: png)",
    )
    made.set_defaults(result=result)


def convert(
    arguments: argparse.Namespace,
    change: Callable[[np.ndarray, int], np.ndarray | list[np.ndarray]],
    *,
    channels: int = 3,
    results: int = 1,
    beside: str | None = None,
    look: Callable[[np.ndarray], list[str]] | None = None,
) -> int:
    """Turns each file of `add_files` into a picture; a bad file among many is named, and the others go on.

    Several results of one file become a contact sheet under its name, and one file for each, `NAME-1.png`; in a PDF
    they are pages, and standard output gets the sheet.

    Args:
        arguments: As parsed, with `files`, `out`, `format`, `result` and `quiet`.
        change: A picture `(H, W, channels)` and its number -> the picture to write, or a list of `results` pictures.
        channels: Of what is read, as in `images.read`.
        results: How many pictures are made of each.
        beside: Another file that they are made from, which no result may overwrite either.
        look: What is read -> what is said of it after its name, unless `quiet`.

    Returns:
        The exit status: 2 if any picture failed, also one of a kind that cannot be read.

    Raises:
        ValueError: There is nothing to do, or a result would overwrite another or what it is made from.
    """
    for name in (*arguments.files, arguments.out, arguments.format, beside):
        if name == "":  # a variable of the shell that is not set; as a path it would be this folder
            raise ValueError("A file, a folder or a format must have a name. Received: ''. Give one, or leave it out.")
    files, left_out = _find(arguments.files, Path(arguments.out or _plural(arguments.result)), arguments.result)
    together = _one_target(files, arguments)
    targets = [together] if together else _targets(files, Path(arguments.out or _plural(arguments.result)), arguments)
    _check(
        files, [] if beside is None else [Path(beside)], [[target, *_numbered(target, results)] for target in targets]
    )
    for why, others in left_out.items():
        if others:
            logger.warning("left out, %s: %s", why, _count(others))
    failed, pages = 0, []
    bar = Bar(len(files), "", "picture", shown=not arguments.quiet and len(files) > 1)
    for number, file in enumerate(files):
        try:
            picture = _read(file, channels)
            for said in look(picture) if look and not arguments.quiet else []:
                logger.info("%s %s", _name(file, "standard input"), said)
            changed = change(picture, number)
            made = changed if isinstance(changed, list) else [changed]
            if together:
                pages += made
            else:
                logger.info("%s -> %s", file, _write(targets[number], made, ""))
        except (ValueError, OSError, MemoryError) as error:
            if isinstance(error, OSError) and not isinstance(error, FileNotFoundError):
                raise  # an output that cannot be written fails for all
            if len(files) == 1:
                raise
            failed += 1
            said = one_line(error)
            logger.error("error: %s%s", "" if str(file) in said else f"{file}: ", said)
        bar.advance(file.name)
    bar.close()
    if together and pages:
        source = f"{len(files) - failed} files" if len(files) > 1 else _name(files[0], "standard input")
        logger.info("%s -> %s", source, _write(together, pages, _suffix(arguments)))
    if failed:
        logger.error("%d of %d files failed", failed, len(files))
    return 2 if failed else 0


def _plural(result: str) -> str:
    """
    >>> _plural("photo"), _plural("sketch")
    ('photos', 'sketches')
    """
    return f"{result}{'es' if result.endswith('ch') else 's'}"


def _find(places: list[str], out: Path, result: str) -> tuple[list[Path], dict[str, list[Path]]]:
    """The pictures that are meant, and the other files, as named in their folders, by why they are left out."""
    files: list[Path] = []
    left_out: dict[str, list[Path]] = {"as no image": [], (earlier := "as a result by name or folder"): []}
    written, out = re.compile(rf".*\.{result}(-\d+)?", re.DOTALL), _real(out)
    for place in map(Path, places):
        if not place.is_dir():
            files.append(place)
            continue
        listed = images.list_files(place, suffixes=(*images.SUFFIXES, *images.UNREADABLE))
        is_inside = _real(place) in out.parents
        results = [
            path for path in listed if written.fullmatch(path.stem) or (is_inside and out in _real(path).parents)
        ]
        files += sorted(set(listed) - set(results))
        results = [path.relative_to(place) for path in results]
        if len(results) == len(listed):
            found = f"{_count(results)}, which by name or folder are results. Name the files" if results else "none"
            raise ValueError(f"A folder must hold at least one image. Received: {place}, with {found}.")
        left_out[earlier] += results
        others = set(images.list_files(place, suffixes=None)) - set(listed)
        left_out["as no image"] += sorted(path.relative_to(place) for path in others)
    if len(files) > 1 and Path(STREAM) in files:
        raise ValueError(f"Standard input must be the only picture. Received: {len(files)}. Leave `-` out.")
    return files, left_out


def _real(path: Path) -> Path:
    """Where a path leads; as `resolve`, which older Pythons refuse for links that lead to themselves."""
    return Path(os.path.realpath(path))


def _count(files: list[Path]) -> str:
    names = ", ".join(map(str, files[:NAMES])) + (", ..." if len(files) > NAMES else "")
    return f"{len(files)} file{'s' if len(files) > 1 else ''} ({names})"


def _one_target(files: list[Path], arguments: argparse.Namespace) -> Path | None:
    """The one file that everything goes into, if so it is meant; `Path("-")` is standard output."""
    suffix = _suffix(arguments)
    if arguments.out is None:
        if files == [Path(STREAM)]:
            return Path(STREAM)
        alone = len(arguments.files) == 1 and not Path(arguments.files[0]).is_dir()
        return files[0].with_name(f"{files[0].stem}.{arguments.result}.{suffix}") if alone else None
    out = Path(arguments.out)
    if out == Path(STREAM):
        if len(files) > 1 and suffix.lower() != "pdf":
            raise ValueError(
                f"Standard output takes one picture, or a PDF. Received: {len(files)}. Add --format pdf or a folder."
            )
        return out
    if out.is_dir():
        return None
    if out.suffix.lower() == ".pdf" or files == [Path(STREAM)] or (len(files) == 1 and out.suffix):
        if arguments.format and out.suffix.lower() != f".{suffix.lower()}":
            raise ValueError(
                f"--format is for an --out that is no file. Received: --format {arguments.format} and --out {out}. "
                "Leave one out."
            )
        return out
    return None


def _suffix(arguments: argparse.Namespace) -> str:
    """What names end in that are made here."""
    return (arguments.format or "png").removeprefix(".")


def _targets(files: list[Path], out: Path, arguments: argparse.Namespace) -> list[Path]:
    """A name in the folder for each file."""
    if out.suffix.lower() in images.WRITABLE and not out.is_dir():
        raise ValueError(
            f"{len(files)} files need a folder to be written to, or a .pdf. Received: {out}. Give --out a folder."
        )
    counts = Counter(file.stem.lower() for file in files)  # a.png and a.jpg are two pictures
    names = [f"{file.stem}-{file.suffix[1:]}" if counts[file.stem.lower()] > 1 else file.stem for file in files]
    taken: Counter[str] = Counter()
    for place, name in enumerate(names):  # 1/a.png and 2/a.png too
        taken[name.lower()] += 1
        if taken[name.lower()] > 1:
            names[place] = f"{name}-{taken[name.lower()]}"
    return [out / f"{name}.{_suffix(arguments)}" for name in names]


def _check(files: list[Path], beside: list[Path], targets: list[list[Path]]) -> None:
    """Raises `ValueError` where the results of a drawing cannot be written, or would take another file's place."""
    sources = {_real(file) for file in (*files, *beside)}
    makers: dict[str, Path] = {}
    for file, target in ((file, one) for file, several in zip(files, targets, strict=False) for one in several):
        if target == Path(STREAM):
            if sys.stdout.isatty():
                raise ValueError("Standard output must be a file or a pipe. Received: a terminal. Give --out a file.")
            continue
        images.check_writable(target)
        if _real(target) in sources:
            raise ValueError(f"A result must not overwrite its source. Received: {target}. Give another --out.")
        name = str(target).lower()
        if name in makers:
            raise ValueError(
                f"Every result needs a name of its own. Received: {target} of {makers[name]} and of {file}. "
                "Rename one of the two, or take one at a time."
            )
        makers[name] = file


def _read(file: Path, channels: int) -> np.ndarray:
    if file != Path(STREAM):
        return images.read(file, channels)
    return images.decode(sys.stdin.buffer.read(images.MAX_BYTES), channels, name="standard input")


def _name(place: Path, stream: str) -> str:
    return stream if place == Path(STREAM) else str(place)


def _numbered(target: Path, results: int) -> list[Path]:
    """The files of several results; none where there is one, or where they go into one file or to standard output."""
    if results == 1 or target == Path(STREAM) or target.suffix.lower() == ".pdf":
        return []
    return [target.with_name(f"{target.stem}-{number}{target.suffix}") for number in range(1, results + 1)]


def _write(target: Path, pages: list[np.ndarray], suffix: str) -> str:
    """Writes one picture, the pages of a PDF, or several pictures and their contact sheet; says to which files."""
    numbered = _numbered(target, len(pages))
    is_pdf = (suffix if target == Path(STREAM) else target.suffix).lower().endswith("pdf")
    whole = pages if is_pdf or len(pages) == 1 else images.contact_sheet(pages)
    if target == Path(STREAM):
        sys.stdout.buffer.write(images.encode(whole, suffix))
        sys.stdout.buffer.flush()
    else:
        images.write(target, whole)
    for path, page in zip(numbered, pages, strict=False):  # none, where there is one file for all
        images.write(path, page)
    listed = f", {numbered[0]} ... {numbered[-1]}" if numbered else ""
    return f"{_name(target, 'standard output')}{listed}"
