"""A file is there whole, or it is not there: every file that we write goes through `replacing`."""

from __future__ import annotations

import contextlib
import os
import secrets
from collections.abc import Iterator
from pathlib import Path


@contextlib.contextmanager
def replacing(path: str | Path) -> Iterator[Path]:
    """Yields a temporary path beside `path`; when the block succeeds it becomes `path`, at once and whole.

    A kill, an exception or a full disk inside the block leaves what was at `path` before.
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
    temporary = path.parent / f".partial-{secrets.token_hex(6)}{''.join(path.suffixes)}"
    # Not mkstemp, whose files only their owner may read: a result is as readable as any other file.
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        os.close(os.open(temporary, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o666))
    except OSError as error:
        reason = f"A file must be written where that is allowed ({error.strerror}); choose another place. Received"
        raise type(error)(error.errno, reason, str(path)) from None
    try:
        yield temporary
        with temporary.open("rb+") as file:
            os.fsync(file.fileno())
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
