"""What a stage shows: no picture that will be tested on, and what its numbers say."""

from __future__ import annotations

import dataclasses
import types
from pathlib import Path

import pytest

from sketchback import images, models
from sketchback.datasets import builtin
from sketchback.training.material import Material, prepare
from sketchback.training.recipes import FACES
from sketchback.training.session import Session

TOY = FACES.changed(size=(32, 32), validate=2, pair_share=0.0)


def gather(data: Path, generator: object = None, against: tuple[str, ...] = (), **numbers: object) -> Material:
    recipe = dataclasses.replace(TOY, single=dataclasses.replace(TOY.single, **numbers))
    start = types.SimpleNamespace(generator=generator or models.build("scribbler", width=2, halvings=1, blocks=0))
    return prepare(Session(recipe, data=(str(data),), against=against), start, policy="float32")


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    for seed in range(12):
        images.write(tmp_path / "photos" / f"{seed}.png", builtin.face(seed, (48, 40)))
    return tmp_path / "photos"


def test_what_repeats_a_picture_that_will_be_tested_on_is_left_out(photos: Path, tmp_path: Path) -> None:
    one, two, *_ = gather(photos).batches.examples
    # The same photographs under another name, in another format and size: of a set that is not trained on.
    for part, example in (("test", one), ("train", two)):
        images.write(tmp_path / "other" / part / "again.jpg", images.resize(example.read_photo(), (60, 50)))
    shown = gather(photos, against=(str(tmp_path / "other"),))
    assert one.name not in {example.name for example in shown.examples}
    assert two.name in {example.name for example in shown.batches.examples}


def test_the_numbers_of_a_stage_decide_what_is_shown(photos: Path) -> None:
    numbers = {"batch_size": 2, "limit": 4, "crop": (16, 24), "zoom": 1.2, "seed": 7, "augmentation": "faces"}
    shown = gather(photos, **numbers).batches
    sketches, photographs = shown[0]
    assert sketches.shape == (2, 16, 24, 1) and photographs.shape == (2, 16, 24, 3)
    assert (shown.steps, shown.seed, shown.showing.zoom, shown.showing.augmentation) == (2, 7, 1.2, "faces")


@pytest.mark.parametrize(
    ("numbers", "words"),
    [
        ({"told": 0.5}, "`told` needs a generator that takes a tone map. Received: told=0.5"),
        ({"answers": "faces-tone"}, "`answers` are shown to an enlarger. Received: answers=faces-tone"),
        ({"only": ("CUFS",)}, "needs one of these sets: CUFS"),
    ],
)
def test_what_a_stage_cannot_show_is_said(photos: Path, numbers, words) -> None:
    with pytest.raises(ValueError, match=words):
        gather(photos, **numbers)


def test_an_artist_needs_drawings(photos: Path) -> None:
    with pytest.raises(ValueError, match="An artist needs drawings of known hands"):
        gather(photos, models.build("artist", width=2, blocks=0))
