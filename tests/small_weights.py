"""Small weight files, quickly made: shared by the tests of `weights`."""

from __future__ import annotations

import functools
import re
import tempfile
from pathlib import Path

import keras
import numpy as np
import pytest

from sketchback import models, weights
from sketchback.weights import SUFFIX, WeightsError

SMALL = {"width": 2, "halvings": 2, "blocks": 1}


def make(seed: int = 0, **arguments: object) -> keras.Model:
    """A scribbler with weights everywhere, also where a new one has zeros or ones."""
    generator, rng = models.build("scribbler", **(arguments or SMALL)), np.random.default_rng(seed)
    generator.set_weights([rng.normal(0, 0.2, array.shape).astype(np.float32) for array in generator.get_weights()])
    return generator


@functools.cache
def original(seed: int = 0) -> keras.Model:
    """One that tests only look at."""
    return make(seed)


@functools.cache
def content(seed: int = 0) -> bytes:
    """The file of `original(seed)`."""
    with tempfile.TemporaryDirectory() as folder:
        return weights.save(original(seed), Path(folder) / f"faces{SUFFIX}").read_bytes()


def saved(folder: Path, name: str = "faces", seed: int = 0) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}{SUFFIX}"
    path.write_bytes(content(seed))
    return path


def drawing(folder: Path) -> Path:
    """Weights of a small artist, who has learnt nothing."""
    return weights.save(models.build("artist", width=2, blocks=0), folder / f"artist{SUFFIX}")


def same(one: keras.Model, other: keras.Model) -> bool:
    pairs = zip(one.get_weights(), other.get_weights(), strict=True)
    return all(np.array_equal(a, b) and a.dtype == b.dtype for a, b in pairs)


def refused(path: Path, *, listed: bool = False) -> str:
    """Loading raises one `WeightsError`, a line that names the file; its message. A listed file is read faster."""
    if listed:
        weights.write_sum(path)
    with pytest.raises(WeightsError, match=re.escape(str(path))) as caught:
        weights.load(path)
    assert "\n" not in str(caught.value) and len(str(caught.value)) < 1000
    return str(caught.value)
