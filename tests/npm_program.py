"""A program `npm` that fetches a package of our own, for tests."""

from __future__ import annotations

import base64
import hashlib
import io
import os
import shutil
import tarfile
from pathlib import Path

import pytest

from sketchback.npm import Package


def archive(files: dict[str, bytes]) -> bytes:
    """What npm would fetch."""
    written = io.BytesIO()
    with tarfile.open(fileobj=written, mode="w:gz") as opened:
        for name, data in files.items():
            entry = tarfile.TarInfo(f"package/{name}")
            entry.size = len(data)
            opened.addfile(entry, io.BytesIO(data))
    return written.getvalue()


def pinned(data: bytes, files: dict[str, str]) -> Package:
    """The package of an archive, of which these files are needed."""
    digest = base64.b64encode(hashlib.sha512(data).digest()).decode()
    return Package("ours", "1.0.0", f"sha512-{digest}", files)


def install(folder: Path, data: bytes, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Makes an `npm` that fetches `ours` 1.0.0 the only program on the path; returns it."""
    if os.name == "nt":
        pytest.skip("the program is a shell script")
    folder.mkdir()
    (folder / "ours.tgz").write_bytes(data)
    program = folder / "npm"
    wanted = "pack ours@1.0.0 --pack-destination"
    program.write_text(f'#!/bin/sh\n[ "$1 $2 $3" = "{wanted}" ] && {shutil.which("cp")} {folder}/ours.tgz "$4"\n')
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(folder))
    return program
