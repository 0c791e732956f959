"""A training run that takes seconds, shared by the tests of training."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import numpy as np

from sketchback import datasets, images, weights
from sketchback.datasets import builtin
from sketchback.train import train
from sketchback.training.recipes import FACES
from sketchback.training.runs import Progress, Run
from sketchback.training.schema import BEST, LAST

ARGUMENTS = {"width": 4, "halvings": 1, "blocks": 1}
TOY = FACES.changed(
    size=(32, 32),
    epochs=3,
    batch_size=2,
    warmup=4,
    validate=2,
    average=0.9,
    zoom=1.3,
    pair_share=0.0,
    learning_rate=7e-4,
    arguments=ARGUMENTS,
)
STEPS = 6  # of an epoch: 12 of the 16 photographs are for training


def run(recipe: Any, data: Any, out: Path, **options: Any) -> Path:
    return train(recipe, data, out=out, **{"vgg16": "random", "precision": "float32", **options})


def make_photos(folder: Path) -> Path:
    for seed in range(16):
        images.write(folder / f"{seed}.png", builtin.face(seed, (36, 32)))
    examples = datasets.find(folder)
    assert len(datasets.subset(examples, "train")) == 2 * STEPS and datasets.subset(examples, "val")
    return folder


def final(folder: Path) -> tuple[Progress, dict[str, list[np.ndarray]]]:
    return Run(folder).load_checkpoint()


def history(folder: Path) -> list[dict[str, float]]:
    """The history, without the seconds that a machine happened to take."""
    with (folder / "history.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    return [{name: float(value) for name, value in row.items() if name != "seconds"} for row in rows]


def assert_same_run(first: Path, second: Path) -> None:
    """Two runs ended alike, to the last bit."""
    mine, other = final(first), final(second)
    for group in ("generator", "optimizer"):
        assert len(mine[1][group]) == len(other[1][group]) > 0
        for a, b in zip(mine[1][group], other[1][group], strict=True):
            np.testing.assert_array_equal(a, b)
    assert history(first) == history(second)
    assert (mine[0].epoch, mine[0].step, mine[0].best) == (other[0].epoch, other[0].step, other[0].best)
    for name in (BEST, LAST):
        ours, theirs = (weights.load(folder / name).get_weights() for folder in (first, second))
        assert all(np.array_equal(a, b) for a, b in zip(ours, theirs, strict=True))
