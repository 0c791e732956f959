"""What can be asked, and of which weights."""

from __future__ import annotations

import numpy as np
import pytest

from sketchback import models
from sketchback.inference.options import Options, check


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ({"fit": "stretch"}, "`fit` must be one of"),
        ({"size": (4, 4)}, "at least 16 x 16"),
        ({"runtime": "torch"}, "`runtime` must be one of"),
        ({"candidates": 0}, "`candidates` must be 1 to 64. Received: 0"),
        ({"scale": 3}, "`scale` must be one of 1, 2, 4. Received: 3"),
        ({"tone": {"nose": "red"}}, "`tone` may name skin, hair"),
    ],
)
def test_wrong_options_are_refused(asked, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        Options(**asked)


def test_weights_must_be_able_to() -> None:
    plain = models.build("scribbler", width=2, halvings=1, blocks=0)
    told = models.build("scribbler", width=2, blocks=0, tone=True)
    for asked in (Options(tone={"skin": "dark"}), Options(candidates=2), Options(tone=np.ones((1, 1, 3)))):
        check(told, asked)
        with pytest.raises(
            ValueError, match="needs weights that take a tone map. Received: weights that take a sketch"
        ):
            check(plain, asked)
    with pytest.raises(
        ValueError, match="must turn sketches into photographs. Received: those of architecture enlarger"
    ):
        check(models.build("enlarger", width=2, blocks=0), Options())
