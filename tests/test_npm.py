"""Packages of npm: what is fetched, and what is refused."""

from __future__ import annotations

from pathlib import Path

import pytest
from npm_program import archive, install, pinned

from sketchback import npm

DATA = archive({"script": b"1"})


def test_files_are_fetched_by_their_names_here(tmp_path: Path, monkeypatch) -> None:
    program = install(tmp_path / "programs", DATA, monkeypatch)
    package = pinned(DATA, {"script": "a.js"})
    assert npm.fetch(package) == {"a.js": b"1"}
    with pytest.raises(OSError, match=r"npm must be able to fetch ours@2\.0\.0\. Received: "):
        npm.fetch(package._replace(version="2.0.0"))
    program.unlink()
    with pytest.raises(ImportError, match=r"ours@1\.0\.0 comes from npm.*Install Node\.js"):
        npm.fetch(package)


def test_another_archive_than_the_pinned_one_is_refused() -> None:
    with pytest.raises(ValueError, match="Nothing of it was used"):
        npm.unpack(pinned(archive({"script": b"2"}), {"script": "a.js"}), DATA)
    with pytest.raises(ValueError, match=r"must hold program\. Received: an archive without it"):
        npm.unpack(pinned(DATA, {"program": "a.wasm"}), DATA)
