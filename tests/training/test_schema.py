"""A stage's numbers: they are checked, and become what is shown of its examples, all of them."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from sketchback.datasets.showing import Showing
from sketchback.datasets.tasks import Telling
from sketchback.datasets.views import View
from sketchback.training import recipes
from sketchback.training.schema import Stage


def test_what_is_shown_is_what_the_stage_says() -> None:
    wanted = Showing("faces", "buildings", False, 1.2, 1.3, 0.35, 0.4, (24, 32), Telling(0.5, 0.25))
    assert all(
        value != field.default
        for value, field in zip(vars(wanted).values(), dataclasses.fields(Showing), strict=True)
        if field.name != "flip"
    )
    own = {name: value for name, value in vars(wanted).items() if name != "telling"}
    stage = Stage(size=(64, 48), style="random", enlarge=(96, 80), told=0.5, retoned=0.25, **own)
    assert stage.showing == wanted
    assert stage.view == View((64, 48), "random", "crop", (96, 80))


@pytest.mark.parametrize(
    ("numbers", "words"),
    [
        ({"epochs": 1.5}, "`epochs` must be a whole number. Received: epochs=1.5"),
        ({"batch_size": True}, "`batch_size` must be a whole number. Received: batch_size=True"),
        ({"pixel": "1"}, "`pixel` must be a number. Received: pixel='1'"),
        ({"feature": np.inf}, "`feature` must be finite. Received: feature=inf"),
        ({"seed": None}, "`seed` must be a whole number. Received: seed=None"),
        ({"epoch": 2}, "A number must be one of .*epochs.* Received: epoch"),
        ({"name": "mine"}, "A number must be one of .* Received: name"),
    ],
)
def test_other_numbers_are_refused(numbers, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        recipes.find("faces").changed(**numbers)
    assert recipes.find("faces").changed(epochs=np.int64(2), limit=None, zoom=1).single.limit is None
