"""The recipes: each says what it is, can be run as it says, and shrinks to minutes."""

from __future__ import annotations

import dataclasses
import importlib
import math
import shlex

import pytest

from sketchback import weights
from sketchback.losses import TERMS
from sketchback.training.recipes import RECIPES, find, shrink
from sketchback.training.schema import BLENDED, NUMBERS, Stage

GENERATORS = ("scribbler", "sketchback2017", "unet_resnet")  # what turns sketches into photographs
EVERY = pytest.mark.parametrize("recipe", RECIPES.values(), ids=list(RECIPES))


@EVERY
def test_a_recipe_opens_with_claim_command_cost_and_result(recipe):
    assert all(text.strip() for text in (recipe.claim, recipe.command, recipe.cost, recipe.result))
    assert "hour" in recipe.cost and "CPU" in recipe.cost
    assert f" {recipe.name} " in recipe.command
    assert RECIPES[recipe.name] is recipe and find(recipe.name) is recipe


@EVERY
def test_loss_weights_are_the_papers(recipe):
    for stage in (recipe.single, *recipe.stages) if recipe.model in GENERATORS else ():
        assert (stage.pixel, stage.feature, stage.variation) == (1.0, 1e-3, 1e-5)
    names = [stage.name for stage in recipe.stages]
    assert len(set(names)) == len(names)


def test_the_original_number_by_number():
    faces, buildings = find("faces2017"), find("buildings2017")
    one, two = faces.single, buildings.single
    assert (one.size, one.epochs, one.batch_size, one.learning_rate) == ((72, 88), 17, 5, 1e-4)
    assert (faces.model, one.style, one.fit, one.schedule) == ("sketchback2017", "pencil", "squeeze", "constant")
    assert (two.size, two.epochs, buildings.initial) == ((120, 160), 25, "faces2017")
    assert find("buildings").initial == "faces"


@pytest.mark.parametrize(
    ("name", "recipe", "stage"),
    [
        ("faces", "faces", "long"),
        ("faces-tone", "faces-tone", "near"),
        ("faces-tone-faithful", "faces-tone", "structure-registered"),
        ("faces-unet", "faces-unet", "single"),
        ("buildings", "buildings", "near"),
        ("buildings-faithful", "buildings", "structure"),
        ("tones", "tones", "single"),
        ("tones-buildings", "tones-buildings", "single"),
        ("enlarger", "enlarger", "drawn"),
        ("artist", "artist", "single"),
    ],
)
def test_the_weights_that_ship_were_made_by_a_stage_of_their_recipe(name, recipe, stage):
    """What the file says of itself stands in the recipe, under today's names of the numbers."""
    said = dict(weights.describe(name)["recipe"])
    if "squeeze" in said:
        said["aspect"] = said.pop("squeeze")
    found = next((one for one in find(recipe).stages if one.name == stage), find(recipe).single)
    for field in dataclasses.fields(Stage):
        if field.name not in ("name", "only", "passes_on", "blend", "blend_in"):
            own = getattr(found, field.name)
            # What is younger than the file had its default.
            assert said.get(field.name, field.default) == (list(own) if isinstance(own, tuple) else own), field.name


@pytest.mark.parametrize("wrong", [{"blend": 0.5}, {"passes_on": BLENDED}])
def test_a_stage_passes_on_what_there_is(wrong):
    with pytest.raises(ValueError, match="`passes_on` must be blended.weights.h5 where `blend` is above 0"):
        Stage(**wrong)


@pytest.mark.parametrize("name", ["tones", "tones-buildings"])
def test_a_sampler_learnt_from_the_weights_that_its_recipe_names(name):
    assert weights.sha256(weights.find(find(name).initial)) in weights.describe(name)["recipe"]["initial"]


@EVERY
def test_a_recipe_is_frozen_and_can_be_changed(recipe):
    with pytest.raises(dataclasses.FrozenInstanceError):
        recipe.name = "other"
    other = recipe.changed(epochs=5, arguments={"width": 3})
    assert (other.single.epochs, other.arguments, other.stages) == (5, {"width": 3}, ())
    assert other.name == recipe.name and recipe.single.epochs != 5


@pytest.mark.parametrize("name", ["", "Faces", "cats"])
def test_find_lists_the_known(name):
    with pytest.raises(ValueError, match=r"`recipe` must be one of") as caught:
        find(name)
    assert repr(name) in str(caught.value) and all(known in str(caught.value) for known in RECIPES)


@EVERY
def test_shrunk_recipes_are_small_and_keep_the_experiment(recipe):
    small = shrink(recipe)
    stage, before = small.single, recipe.single
    assert math.prod(stage.size) <= 64 * 64 and stage.only == () and small.stages == ()
    assert stage.epochs * stage.limit <= 10 * 384  # the arithmetic beside `shrink`
    assert (small.name, small.model, small.initial, small.demo) == (
        recipe.name,
        recipe.model,
        recipe.initial,
        recipe.demo,
    )
    for name in ("style", "fit", "schedule", "pixel", "feature", "variation"):
        assert getattr(stage, name) == getattr(before, name)
    assert shrink(small) == small


@EVERY
def test_the_command_is_understood(recipe, tmp_path, monkeypatch, capsys):
    """Runs the command itself: its data or weights are not there, said only after every argument was understood."""
    monkeypatch.chdir(tmp_path)
    python, dash_m, module, name, *rest = shlex.split(recipe.command)
    assert (python, dash_m, name) == ("python", "-m", recipe.name)
    assert importlib.import_module(module).main([name, *rest, "--quiet"]) == 2
    error = capsys.readouterr().err
    places = [place for flag, place in zip(rest, rest[1:], strict=False) if flag == "--data"]
    assert places and error.startswith("error: ")
    assert any(name in error for name in (places[0], "`weights` must be a file"))


def test_every_term_of_the_loss_has_a_weight_that_the_command_line_can_change() -> None:
    assert set(TERMS) <= set(NUMBERS)
