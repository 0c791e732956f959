"""A stage's numbers become what is shown of its examples, all of them."""

from __future__ import annotations

import dataclasses

from sketchback.datasets.showing import Showing
from sketchback.datasets.tasks import Telling
from sketchback.datasets.views import View
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
