"""Photographs of pairs are moved to where their drawings have them, once, and only in the training part."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import cv2
import numpy as np
import pytest
import skimage.data

from sketchback import images, sketching
from sketchback.datasets import Example
from sketchback.training import registration


@pytest.fixture(scope="module")
def photo() -> np.ndarray:
    return images.resize(skimage.data.astronaut()[:256, 96:352].astype(np.float32) / 255, (160, 160))


def test_a_photograph_is_moved_to_where_a_drawing_has_it(photo) -> None:
    turned = cv2.getRotationMatrix2D((80, 80), 4, 1.04)
    there = cv2.warpAffine(photo, turned, (160, 160), borderMode=cv2.BORDER_REPLICATE)
    drawn, sketch = (sketching.sketch(one, "pencil") for one in (photo, there))
    moved = registration.register(photo, sketch, drawn)
    inner = np.s_[16:-16, 16:-16]
    before, after = (float(((one - there)[inner] ** 2).mean()) for one in (photo, moved))
    assert after < 0.35 * before and moved.dtype == np.float32


def test_a_photograph_that_lies_under_its_drawing_stays(photo) -> None:
    drawn = sketching.sketch(photo, "pencil")
    assert np.abs(registration.register(photo, drawn, drawn) - photo).max() < 0.02


@pytest.fixture
def examples(photo, tmp_path: Path) -> list[Example]:
    found = []
    for name, split, kind in (
        ("a", "train", "CUFS"),
        ("b", "train", "XM2VTS"),
        ("c", "test", "CUFS"),
        ("d", "train", ""),
    ):
        path = images.write(tmp_path / f"{name}.png", photo)
        sketch = images.write(tmp_path / f"{name}-sketch.png", sketching.sketch(np.roll(photo, 3, axis=1), "pencil"))
        found.append(Example(name, path, sketch=sketch, split=split, kind=kind))
    return [*found, dataclasses.replace(found[0], name="alone", sketch=None)]


def test_known_hands_of_the_training_part_are_registered_once(examples, artist, tmp_path) -> None:
    asked = {"artist": artist, "policy": "float32"}
    found = registration.register_all(examples, tmp_path / "kept", **asked)
    changed = [one.photo != before.photo for one, before in zip(found, examples, strict=True)]
    assert changed == [True, True, False, False, False]
    assert [one.sketch for one in found] == [one.sketch for one in examples]
    assert found[0].read_photo().shape == examples[0].read_photo().shape
    times = {path: path.stat().st_mtime_ns for path in (tmp_path / "kept").rglob("*.png")}
    assert registration.register_all(examples, tmp_path / "kept", **asked) == found
    assert {path: path.stat().st_mtime_ns for path in (tmp_path / "kept").rglob("*.png")} == times
    assert registration.register_all(examples, tmp_path / "kept", share=0.0, **asked) == examples


def test_a_pair_that_cannot_be_read_keeps_its_photograph(examples, artist, tmp_path) -> None:
    examples[0].photo.write_bytes(b"no picture")
    found = registration.register_all(examples[:1], tmp_path / "kept", artist=artist, policy="float32")
    assert found == examples[:1]
