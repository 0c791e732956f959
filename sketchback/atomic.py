"""A file is there whole, or it is not there: what we write goes through `replacing` or `replacing_folder`."""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
import tempfile
from collections.abc import Iterator
from pathlib import Path

LONGEST = 32  # characters of the suffixes of a name that its temporary name has: all of it may have 255
FULL = (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EIO)


def make_folder(folder: str | Path) -> Path:
    """Makes a folder, and those above it, where there is none.

    Raises:
        OSError: That is not allowed there.
    """
    with _naming(folder):
        Path(folder).mkdir(parents=True, exist_ok=True)
    return Path(folder)


def check_place(path: str | Path) -> None:
    """Raises `OSError` where no file may be written: before the work whose result goes there. Makes its folder."""
    _begin(Path(path)).unlink()


def _begin(path: Path) -> Path:
    """An empty file beside `path`, to be written before it takes its place."""
    if path.is_dir():
        raise IsADirectoryError(errno.EISDIR, "A file must not be a folder; name a file. Received", str(path))
    temporary = path.parent / f".partial-{secrets.token_hex(6)}{''.join(path.suffixes)[-LONGEST:]}"
    with _naming(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        # Not mkstemp, whose files only their owner may read: a result is as readable as any other file.
        os.close(os.open(temporary, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o666))
    return temporary


@contextlib.contextmanager
def _naming(path: str | Path) -> Iterator[None]:
    """Errors name what was to be written, not what is made for it on the way."""
    try:
        yield
    except OSError as error:
        reason = f"A file must be written where that is allowed ({error.strerror}); choose another place. Received"
        raise type(error)(error.errno, reason, str(path)) from None


@contextlib.contextmanager
def replacing(path: str | Path) -> Iterator[Path]:
    """Yields a temporary path beside `path`; when the block succeeds it becomes `path`, at once and whole.

    A kill, an exception or a full disk inside the block leaves what was at `path` before; so does a power failure.
    The temporary name keeps the suffixes of `path`, because many writers choose the format by them.

    Args:
        path: The file to write. Its folder is made if it does not exist.

    Yields:
        The path to write to.

    Raises:
        OSError: The folder cannot be written, or the disk is full.

    >>> import tempfile, pathlib
    >>> target = pathlib.Path(tempfile.mkdtemp()) / "note.txt"
    >>> with replacing(target) as temporary:
    ...     _ = temporary.write_text("whole")
    >>> target.read_text(), len(list(target.parent.iterdir()))
    ('whole', 1)
    """
    path = Path(path)
    temporary = _begin(path)
    try:
        yield temporary
        with temporary.open("rb+") as file:
            os.fsync(file.fileno())
        temporary.replace(path)
    except BaseException as error:
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)
        if isinstance(error, OSError) and error.errno in FULL:
            # Each library says it in its own way, HDF5 in two long lines.
            reason = (
                f"A file must fit on its disk ({os.strerror(error.errno)}), which still holds what was there before"
            )
            raise OSError(
                error.errno, f"{reason}. Free some space, or choose another place. Received", str(path)
            ) from None
        raise
    # The new name outlasts a power failure once its folder is on the disk too. Windows cannot be asked for that.
    if hasattr(os, "O_DIRECTORY"):
        with contextlib.suppress(OSError):
            folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
            try:
                os.fsync(folder)
            finally:
                os.close(folder)


def is_replaceable(out: Path, mark: str) -> bool:
    """Whether a folder may be written at a place: nothing is there, an empty folder, or one with the file `mark`."""
    return not out.exists() or (out.is_dir() and ((out / mark).is_file() or not any(out.iterdir())))


@contextlib.contextmanager
def replacing_folder(out: Path) -> Iterator[Path]:
    """As `replacing`, for what may be one file, two files or a folder: nothing is left of a failure.

    What was there before is moved aside first, so that at any time one of both is whole. Nothing waits for the disk.

    Args:
        out: What to write. Its folder is made if it does not exist.

    Yields:
        The path to write to, of the same name in a folder of its own; what lies beside it comes along.

    Raises:
        OSError: The folder cannot be written, or the disk is full.
    """
    with _naming(out):
        out.parent.mkdir(parents=True, exist_ok=True)
        place = tempfile.TemporaryDirectory(prefix=".partial-", dir=out.parent)
    with place as folder:
        new, old = Path(folder) / "new", Path(folder) / "old"
        new.mkdir()
        old.mkdir()
        yield new / out.name
        for made in sorted(new.iterdir()):  # .bin first: an .xml is never there without it
            target, before = out.parent / made.name, old / made.name
            if target.is_dir():
                target.replace(before)
            try:
                made.replace(target)
            except BaseException:  # Ctrl-C too
                if before.is_dir():
                    before.replace(target)
                raise
