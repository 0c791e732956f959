"""Fine-tuning: weights bring their architecture, the recipe everything else."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest

from sketchback import models, weights
from sketchback.finetune import finetune, main
from sketchback.training import recipes

TOY = recipes.BUILDINGS.changed(size=(18, 32), epochs=1, limit=16, batch_size=8, validate=2)


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    generator = models.build("scribbler", width=3, halvings=2, blocks=1)
    return weights.save(generator, tmp_path_factory.mktemp("weights") / "tiny.weights.h5")


@pytest.mark.slow
def test_weights_bring_their_architecture_and_are_named(tiny: Path, tmp_path: Path, caplog) -> None:
    with caplog.at_level(logging.INFO, "sketchback"):
        best = finetune(TOY, tiny, data=["demo:buildings"], out=tmp_path / "run", vgg16="random")
    assert str(tiny) in caplog.text
    facts = weights.describe(best)
    # Those of the weights, widened by what the recipe needs.
    assert facts["arguments"] == {**weights.describe(tiny)["arguments"], "tone": True}
    assert facts["recipe"]["name"] == "buildings" and facts["recipe"]["augmentation"] == "buildings"


def test_a_recipe_without_weights_needs_some(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"Give --weights"):
        finetune("faces", out=tmp_path / "run")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["houses"], "faces, faces-tone, faces-unet, artist, tones, enlarger, drawings, buildings"),
        (["buildings", "--weights", "nobody"], "Known names"),
        (["buildings", "--data", "nowhere"], "nowhere"),
        (["buildings", "--learning-rate", "-1"], "learning"),
    ],
)
def test_bad_input_gets_one_line(arguments: list[str], said: str, tiny: Path, tmp_path: Path, capsys) -> None:
    given = [] if "--weights" in arguments else ["--weights", str(tiny)]
    assert main([*arguments, *given, "--out", str(tmp_path / "run"), "--quiet"]) == 2
    error = capsys.readouterr().err.strip()
    assert len(error.splitlines()) == 1 and said in error
