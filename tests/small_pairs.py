"""Six training and two test pairs of 24 x 20, and the weights of a tiny generator: shared by tests of evaluation."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from sketchback import images, models, weights


def write_pairs(folder: Path) -> Path:
    """Photographs that are half their sketch."""
    rng = np.random.default_rng(0)
    for part, count in (("train", 6), ("test", 2)):
        for number in range(count):
            sketch = images.resize(rng.random((6, 5, 1), np.float32), (24, 20))
            images.write(folder / part / "sketches" / f"{part}{number}.png", sketch)
            images.write(folder / part / "photos" / f"{part}{number}.png", np.repeat(0.5 * sketch, 3, axis=-1))
    return folder


def read(pairs: Path, part: str, number: int) -> tuple[np.ndarray, np.ndarray, str]:
    """Sketch, photograph and name of a pair."""
    name = f"{part}{number}.png"
    return images.read(pairs / part / "sketches" / name, channels=1), images.read(pairs / part / "photos" / name), name


def write_distractors(folder: Path) -> Path:
    """Three training photographs and two test photographs, larger and wider than the pairs."""
    for number, part in enumerate(("train", "train", "train", "test", "test")):
        photo = np.random.default_rng(100 + number).random((30, 40, 3), np.float32)
        images.write(folder / part / f"{number}.png", photo)
    return folder


def write_weights(folder: Path) -> Path:
    """A generator that says that it was trained at 24 x 20."""
    generator = models.build("scribbler", width=4, halvings=2, blocks=1)
    return weights.save(generator, folder / "tiny.weights.h5", recipe=json.dumps({"size": [24, 20]}))
