"""Packages of npm, of which a few files are needed: fetched when they are needed, pinned, and checked before use."""

from __future__ import annotations

import base64
import hashlib
import io
import shutil
import subprocess
import tarfile
import tempfile
from pathlib import Path
from typing import NamedTuple


class Package(NamedTuple):
    """A package of npm: its one version, the SHA-512 of its archive as npm writes it, needed files -> names here."""

    name: str
    version: str
    integrity: str
    files: dict[str, str]


def fetch(package: Package) -> dict[str, bytes]:
    """The files of a package that are needed, by their names here, from npm (which keeps what it has fetched).

    Raises:
        ImportError: npm is not installed.
        OSError: npm could not fetch it.
        ValueError: What came is not what was pinned.
    """
    npm = shutil.which("npm")
    wanted = f"{package.name}@{package.version}"
    if npm is None:
        raise ImportError(
            f"{wanted} comes from npm. Received: no program of that name. Install Node.js, which brings it."
        )
    with tempfile.TemporaryDirectory() as folder:
        command = [npm, "pack", wanted, "--pack-destination", folder, "--prefer-offline", "--silent"]
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, stdin=subprocess.DEVNULL)
        archives = list(Path(folder).glob("*.tgz"))
        if done.returncode or len(archives) != 1:
            said = (done.stderr.strip() or "it said nothing").splitlines()[-1]
            raise OSError(f"npm must be able to fetch {wanted}. Received: {said}. Is there a network? Try again.")
        return unpack(package, archives[0].read_bytes())


def unpack(package: Package, archive: bytes) -> dict[str, bytes]:
    """The files of a package that are needed, out of its archive, which is checked first.

    Nothing is extracted to the disk, and no name in the archive becomes a path.

    Raises:
        ValueError: The archive is not what was pinned, or lacks a file.
    """
    digest = "sha512-" + base64.b64encode(hashlib.sha512(archive).digest()).decode()
    if digest != package.integrity:
        raise ValueError(
            f"The archive of {package.name}@{package.version} must have {package.integrity}. Received: {digest}. "
            "Nothing of it was used; do not trust where it came from."
        )
    found = {}
    with tarfile.open(fileobj=io.BytesIO(archive), mode="r:gz") as opened:
        for name, here in package.files.items():
            try:
                file = opened.extractfile(f"package/{name}")
            except KeyError:
                file = None
            if file is None:  # no such name, or no ordinary file
                raise ValueError(f"{package.name} must hold {name}. Received: an archive without it.")
            found[here] = file.read()
    return found
