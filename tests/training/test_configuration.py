"""What is recorded of a run, and read again."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from sketchback.training import configuration, recipes, runs
from sketchback.training.configuration import Configuration
from sketchback.training.distribution import ONE
from sketchback.training.runs import CONFIGURATION

MADE = Configuration(
    recipes.BUILDINGS.changed(size=(32, 48), enlarge=(40, 60), arguments={"width": 4}),
    ["zubud"],
    [],
    "random",
    "float32",
    False,
    "0123456789abcdef",
    ["celeba", "zubud"],
    "non-commercial research only",
    {"answers": "abcd"},
)


def test_a_configuration_is_recalled_as_it_was_with_what_the_checkpoint_holds(tmp_path):
    progress = runs.Progress(1, 2, 17.5, 60.0, {"loss": 0.5}, [{"epoch": 1, "val_psnr": 17.5}])
    with runs.Run(tmp_path) as run:
        run.write_json(CONFIGURATION, {**MADE.facts(), "versions": configuration.versions(), "steps": 7})
        run.save_checkpoint(progress, {"generator": [np.arange(3.0)]})
        found = configuration.load_checkpoint(run, ONE)
    assert (found.progress, found.configuration) == (progress, MADE)
    np.testing.assert_array_equal(found.arrays["generator"][0], [0, 1, 2])


def test_a_run_that_noted_no_teachers_is_recalled(tmp_path):
    run = runs.Run(tmp_path)
    run.write_json(CONFIGURATION, {key: value for key, value in MADE.facts().items() if key != "teachers"})
    assert configuration.recall(run) == dataclasses.replace(MADE, teachers={})


@pytest.mark.parametrize("name", ["recipe", "fingerprint", "terms"])
def test_a_configuration_that_is_not_whole_is_an_error(tmp_path, name):
    run = runs.Run(tmp_path)
    run.write_json(CONFIGURATION, {key: value for key, value in MADE.facts().items() if key != name})
    with pytest.raises(ValueError, match=r"recipe\.json must hold the whole configuration.*Start without --resume"):
        configuration.recall(run)
