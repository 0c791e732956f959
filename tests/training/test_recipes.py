"""The recipes: each says what it is, can be run as it says, and shrinks to minutes."""

from __future__ import annotations

import dataclasses
import importlib
import math
import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from sketchback import images, sketching
from sketchback.datasets import augmentation
from sketchback.training.recipes import RECIPES, find, shrink

EVERY = pytest.mark.parametrize("recipe", RECIPES.values(), ids=list(RECIPES))


@EVERY
def test_a_recipe_opens_with_claim_command_cost_and_result(recipe):
    for text in (recipe.claim, recipe.command, recipe.cost, recipe.result):
        assert text.strip()
    assert "hour" in recipe.cost and "CPU" in recipe.cost
    assert f" {recipe.name} " in recipe.command


@EVERY
def test_names_are_keys(recipe):
    assert RECIPES[recipe.name] is recipe and find(recipe.name) is recipe


@EVERY
def test_numbers_are_what_their_modules_take(recipe):
    assert images.check_size(recipe.size) == recipe.size
    assert recipe.fit in images.FITS
    sketching.check_style(recipe.style)
    for name in (recipe.augmentation, recipe.pair_augmentation):
        assert name == "none" or name in augmentation.AUGMENTATIONS
    assert 0 <= recipe.pair_share < 1
    assert recipe.schedule in ("cosine", "constant")
    assert min(recipe.epochs, recipe.batch_size, recipe.learning_rate, recipe.validate) > 0
    assert recipe.demo.startswith("demo:")
    assert recipe.limit is None or recipe.limit > 0


@EVERY
def test_loss_weights_are_the_papers(recipe):
    assert (recipe.pixel, recipe.feature, recipe.variation) == (1.0, 1e-3, 1e-5)


def test_the_original_number_by_number():
    faces, buildings = find("faces2017"), find("buildings2017")
    assert (faces.size, faces.epochs, faces.batch_size, faces.learning_rate) == ((72, 88), 17, 5, 1e-4)
    assert (faces.model, faces.style, faces.fit, faces.schedule) == ("sketchback2017", "pencil", "squeeze", "constant")
    assert (buildings.size, buildings.epochs, buildings.initial) == ((120, 160), 25, "faces2017")
    assert find("buildings").initial == "faces"


@EVERY
def test_what_is_not_there_to_start_from_is_a_recipe(recipe):
    assert recipe.initial is None or recipe.initial in RECIPES


@EVERY
def test_a_recipe_is_frozen_and_can_be_replaced(recipe):
    with pytest.raises(dataclasses.FrozenInstanceError):
        recipe.epochs = 1
    assert dataclasses.replace(recipe, epochs=2).epochs == 2


def test_recipes_share_no_changeable_number():
    first, second = RECIPES["faces"], RECIPES["buildings"]
    assert first.arguments is not second.arguments


@pytest.mark.parametrize("name", ["", "Faces", "cats"])
def test_find_lists_the_known(name):
    with pytest.raises(ValueError, match=r"`recipe` must be one of") as caught:
        find(name)
    assert repr(name) in str(caught.value)
    assert all(known in str(caught.value) for known in RECIPES)


# The sizes a generator can be trained at


@EVERY
@pytest.mark.parametrize("shrunk", [False, True], ids=["whole", "shrunk"])
def test_its_size_trains(recipe, shrunk):
    """120 rows are no multiple of the stride 16: the training model pads and crops."""
    import keras

    from sketchback import losses, models
    from sketchback.training.trainer import Inversion

    recipe = shrink(recipe) if shrunk else recipe
    arguments = {**recipe.arguments, "width": 1, "blocks": 0} if recipe.model == "scribbler" else recipe.arguments
    inversion = Inversion(models.build(recipe.model, **arguments), losses.WeightedLoss(None, feature=0))
    sketches = np.ones((1, *recipe.size, 1), np.float32)
    assert tuple(inversion(sketches).shape) == (1, *recipe.size, 3)
    inversion.compile(optimizer=keras.optimizers.SGD(1e-3), jit_compile=keras.backend.backend() == "jax")
    log = inversion.train_on_batch(sketches, np.ones((1, *recipe.size, 3), np.float32), return_dict=True)
    assert np.isfinite(log["loss"])


# Built-in data


@EVERY
def test_shrunk_recipes_are_small(recipe):
    small = shrink(recipe)
    assert math.prod(small.size) <= 64 * 64
    assert small.epochs * small.limit <= 10 * 384  # the arithmetic beside `shrink`
    assert small.validate <= 32 and small.warmup <= 20
    if small.model == "scribbler" and small.initial is None:
        assert small.arguments["width"] <= 16 and small.arguments["blocks"] <= 2


@EVERY
def test_shrinking_keeps_the_experiment(recipe):
    small = shrink(recipe)
    for name in ("name", "style", "fit", "model", "initial", "schedule", "demo", "pixel", "feature", "variation"):
        assert getattr(small, name) == getattr(recipe, name)


def test_shrinking_never_enlarges():
    tiny = dataclasses.replace(RECIPES["faces"], epochs=1, limit=8, warmup=2)
    small = shrink(tiny)
    assert (small.epochs, small.limit, small.warmup) == (1, 8, 2)
    assert shrink(small) == small


# Commands


@EVERY
def test_the_command_is_understood(recipe, tmp_path, monkeypatch, capsys):
    """Runs the command itself: its data or weights are not there, said only after every argument was understood."""
    monkeypatch.chdir(tmp_path)
    python, dash_m, module, name, *rest = shlex.split(recipe.command)
    assert (python, dash_m, name) == ("python", "-m", recipe.name)
    verb = importlib.import_module(module)
    try:
        status = verb.main([name, *rest, "--quiet"])
    except SystemExit:
        pytest.fail(f"not understood: {recipe.command}\n{capsys.readouterr().err}")
    error = capsys.readouterr().err
    places = [place for flag, place in zip(rest, rest[1:], strict=False) if flag == "--data"]
    assert status == 2 and places
    assert error.startswith("error: ") and any(name in error for name in (places[0], "`weights` must be a file"))


@EVERY
def test_results_stand_somewhere(recipe):
    assert recipe.result.endswith((".md", "blurred")) or recipe.result == "not run"


@pytest.mark.skipif(shutil.which("sh") is None, reason="needs a POSIX shell")
@pytest.mark.parametrize(("name", "steps"), [("faces", 5), ("faces-unet", 1), ("buildings", 5)])
def test_the_weights_that_ship_can_be_made_again(name, steps, tmp_path):
    script = Path(__file__).parents[2] / "weights" / "make.sh"
    if not script.is_file():
        pytest.skip("needs the checkout")
    stand_in = tmp_path / "python"  # writes down what it is called with
    stand_in.write_text('#!/bin/sh\necho "$@"\nfor last; do :; done\ncase $1 in -m) mkdir -p "$last";; esac\n')
    stand_in.chmod(0o755)
    environment = {**os.environ, "PATH": f"{tmp_path}{os.pathsep}{os.environ['PATH']}"}
    command = ["sh", str(script), name, "DATA", "VGG16", str(tmp_path / "runs")]
    asked = subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout.splitlines()
    assert len(asked) == steps + 1
    assert f"publish.py {tmp_path}/runs/{name} {name}" in asked[-1]
    for line in asked:
        program = line.split()[:2] if line.startswith("-m ") else line.split()[:1]
        arguments = line.split()[len(program) :]
        helped = subprocess.run([sys.executable, *program, "--help"], capture_output=True, text=True, check=True)
        assert {word for word in arguments if word.startswith("--")} <= set(re.findall(r"--[a-z0-9-]+", helped.stdout))
    # A second time there is nothing left to train.
    again = subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout.splitlines()
    assert again == asked[-1:]
