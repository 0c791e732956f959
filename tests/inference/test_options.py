"""What can be asked, and of which weights."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import telling

from sketchback import models, weights
from sketchback.inference.options import Options, check
from sketchback.weights import registry


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ({"fit": "stretch"}, "`fit` must be one of"),
        ({"fit": "squeeze"}, "`fit` is for `size`. Received: fit='squeeze' alone"),
        ({"size": (4, 4)}, "at least 16 x 16"),
        ({"runtime": "torch"}, "`runtime` must be one of"),
        ({"size": (100.7, 50)}, r"whole numbers, at least 16 x 16. Received: size=\(100.7, 50\)"),
        ({"candidates": 0}, "`candidates` must be a whole number from 1 to 64. Received: 0"),
        ({"candidates": 2.5}, "`candidates` must be a whole number from 1 to 64. Received: 2.5"),
        ({"candidates": True}, "`candidates` must be a whole number from 1 to 64. Received: True"),
        ({"seed": 3}, "`seed` is for `candidates`. Received: seed=3 alone"),
        ({"working": (8, 8)}, r"`working` must be .*Received: working=\(8, 8\)"),
        ({"scale": 2.0}, "`scale` must be one of 1, 2, 4. Received: 2.0"),
        ({"scale": 3}, "`scale` must be one of 1, 2, 4. Received: 3"),
        ({"tone": {"nose": "red"}}, "`tone` may name skin, hair"),
    ],
)
def test_wrong_options_are_refused(asked, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        Options(**asked)


def test_what_cannot_be_done_is_said_with_a_way_out(tmp_path: Path, monkeypatch) -> None:
    telling.save(tmp_path)
    monkeypatch.setenv(weights.ENVIRONMENT, str(tmp_path))
    monkeypatch.setattr(registry, "PACKAGE", tmp_path / "elsewhere" / "package")
    plain = models.build("scribbler", width=2, halvings=1, blocks=0)
    told = models.build("scribbler", width=2, blocks=0, tone=True)
    for generator, name, asked, words in (
        (plain, "faces-old", Options(tone={"skin": "dark"}), "`--skin` needs.*faces-old, which take.*Take faces, or"),
        (plain, "x/faces.weights.h5", Options(tone=np.ones((1, 1, 3))), "`--tone` needs.*Received: faces, which take"),
        (plain, "buildings", Options(tone={"sky": "blue"}), "No installed weights for buildings do: leave `--sky` out"),
        (told, "faces", Options(tone={"sky": "blue"}), "`--sky` is for weights that show buildings. Received: faces"),
        (told, "buildings", Options(tone={"hair": "red"}), "`--hair` is for weights that show faces. Received: build"),
    ):
        with pytest.raises(ValueError, match=words):
            check(generator, asked, name=name, dash="--")
    check(told, Options(tone={"sky": "blue", "hair": "red"}), name="mine")  # who knows what they show


def test_weights_must_be_able_to() -> None:
    plain = models.build("scribbler", width=2, halvings=1, blocks=0)
    told = models.build("scribbler", width=2, blocks=0, tone=True)
    for asked in (Options(tone={"skin": "dark"}), Options(candidates=2), Options(tone=np.ones((1, 1, 3)))):
        check(told, asked)
        with pytest.raises(
            ValueError, match="needs weights that take a tone map. Received: weights, which take a sketch"
        ):
            check(plain, asked)
    with pytest.raises(
        ValueError, match="must turn sketches into photographs. Received: those of architecture enlarger"
    ):
        check(models.build("enlarger", width=2, blocks=0), Options())
    for nothing in (None, ["faces"]):
        with pytest.raises(TypeError, match="`weights` must be a name, a path, or a generator"):
            check(nothing, Options())
