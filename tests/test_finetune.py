"""Fine-tuning: weights bring their architecture, the recipe everything else."""

from __future__ import annotations

import dataclasses
import logging
from pathlib import Path

import numpy as np
import pytest

from sketchback import models, weights
from sketchback.finetune import finetune, main
from sketchback.training import recipes

TOY = dataclasses.replace(recipes.BUILDINGS, size=(18, 32), epochs=1, limit=16, batch_size=8, validate=2)


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    generator = models.build("scribbler", width=3, halvings=2, blocks=1)
    return weights.save(generator, tmp_path_factory.mktemp("weights") / "tiny.weights.h5")


def test_weights_bring_their_architecture_and_are_named(tiny: Path, tmp_path: Path, caplog) -> None:
    with caplog.at_level(logging.INFO, "sketchback"):
        best = finetune(TOY, tiny, data=["demo:buildings"], out=tmp_path / "run", vgg16="random", progress=False)
    assert str(tiny) in caplog.text
    facts = weights.describe(best)
    assert facts["arguments"] == weights.describe(tiny)["arguments"]
    assert facts["arguments"]["width"] == 3
    assert facts["recipe"]["name"] == "buildings" and facts["recipe"]["augmentation"] == "buildings"


def test_it_starts_from_the_weights(tiny: Path, tmp_path: Path) -> None:
    still = dataclasses.replace(TOY, learning_rate=1e-12, schedule="constant")
    options = {"data": ["demo:buildings"], "vgg16": "random", "precision": "float32", "progress": False}
    after = weights.load(finetune(still, tiny, out=tmp_path / "run", **options))
    for before, now in zip(weights.load(tiny).get_weights(), after.get_weights(), strict=True):
        np.testing.assert_allclose(now, before, atol=1e-6)


def test_a_recipe_without_weights_needs_some(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"Give --weights"):
        finetune(recipes.FACES, out=tmp_path / "run")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["houses"], "faces, drawings, buildings"),
        (["buildings", "--weights", "nobody"], "Known names"),
        (["buildings", "--data", "nowhere"], "nowhere"),
        (["buildings", "--learning-rate", "-1"], "learning"),
    ],
)
def test_bad_input_gets_one_line(arguments: list[str], said: str, tiny: Path, tmp_path: Path, capsys) -> None:
    given = [] if "--weights" in arguments else ["--weights", str(tiny)]
    given += ["--out", str(tmp_path / "run"), "--quiet"]
    assert main([*arguments, *given]) == 2
    error = capsys.readouterr().err.strip()
    assert len(error.splitlines()) == 1 and said in error


def test_a_size_below_the_minimum(capsys) -> None:
    with pytest.raises(SystemExit) as stop:
        main(["buildings", "--size", "8x8"])
    assert stop.value.code == 2
    assert "at least 16 x 16" in capsys.readouterr().err
