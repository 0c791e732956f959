"""One example: what it reads, and what identifies a list of them."""

from __future__ import annotations

import logging
from pathlib import Path

import numpy as np
from small_sets import put

from sketchback import datasets
from sketchback.datasets import Example, examples


def test_an_example_reads_its_files_or_calls_its_function(tmp_path: Path) -> None:
    photo, sketch = put(tmp_path / "photo.png", (0.8, 0.4, 0.2)), put(tmp_path / "sketch.png", 0.6)
    pair, built_in = Example("pair", photo, sketch), Example("built in", lambda: np.ones((16, 16, 3), np.float32))
    assert pair.files == [photo, sketch] and built_in.files == []
    assert pair.read_photo().shape == (20, 16, 3) and pair.read_sketch().shape == (20, 16, 1)
    assert built_in.read_photo().shape == (16, 16, 3) and built_in.read_sketch() is None
    assert datasets.is_demo(built_in) and not datasets.is_demo(pair)


def test_fingerprint_follows_files_and_splits(tmp_path: Path) -> None:
    photo, sketch = put(tmp_path / "a.png"), put(tmp_path / "b.png")
    first = datasets.fingerprint([Example("a", photo, sketch)])
    assert first == datasets.fingerprint([Example("a", photo, sketch)])
    others = [[Example("a", photo)], [Example("a", photo, sketch, split="test")], [Example("b", photo, sketch)]]
    seen = {first, *map(datasets.fingerprint, others)}
    put(sketch, size=(40, 40))
    assert len(seen | {datasets.fingerprint([Example("a", photo, sketch)])}) == 5


def test_what_is_left_out_is_counted_and_the_first_five_named(caplog) -> None:
    with caplog.at_level(logging.WARNING, "sketchback"):
        examples.warn_left_out("files", [])
        examples.warn_left_out("files", [f"{number}.png" for number in range(9)])
    assert [record.message for record in caplog.records] == [
        "left out 9 files: 0.png; 1.png; 2.png; 3.png; 4.png and 4 more"
    ]
