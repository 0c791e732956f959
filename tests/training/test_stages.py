"""The stages of a recipe: in order, resumable between them, blended in the end."""

from __future__ import annotations

import dataclasses
import json
import logging
import shutil
import signal
from pathlib import Path

import numpy as np
import pytest
from toys import STEPS, TOY, final, run

from sketchback import datasets, weights
from sketchback.models import efficientnet
from sketchback.training import trainer
from sketchback.training.schema import BEST, BLENDED, LAST

ONE = dataclasses.replace(TOY.single, name="one", epochs=1, feature=0.0, passes_on=LAST)
TWO = dataclasses.replace(ONE, name="two", seed=1, blend=0.25, blend_in=LAST, passes_on=BLENDED)
STAGED = dataclasses.replace(TOY, stages=(ONE, TWO))


@pytest.fixture(scope="module")
def both(photos, tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("runs")
    assert run(STAGED, [photos], folder) == folder / BEST
    return folder


@pytest.mark.slow
def test_each_stage_begins_with_the_weights_of_the_one_before(both):
    facts = json.loads((both / "two" / "recipe.json").read_text())
    assert facts["recipe"]["initial"] == f"{LAST} (sha256 {weights.sha256(both / 'one' / LAST)})"
    assert facts["recipe"]["stage"]["seed"] == 1 and "stages" not in facts["recipe"]


def test_a_stop_after_the_last_step_of_a_stage_is_one_before_the_next(photos, tmp_path, monkeypatch):
    end_epoch = trainer._end_epoch

    def stopped(one):
        signal.raise_signal(signal.SIGINT)
        end_epoch(one)

    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    monkeypatch.setattr(trainer, "_end_epoch", stopped)
    try:
        made = run(STAGED, [photos], tmp_path)
    finally:
        signal.signal(signal.SIGINT, before)
    assert made == tmp_path / "one" / BEST and not (tmp_path / "two").exists()


@pytest.mark.slow
def test_what_the_recipe_gives_is_blended_and_says_so(both):
    first, second, given = (weights.load(path) for path in (both / "one" / LAST, both / "two" / LAST, both / BEST))
    for a, b, c in zip(first.get_weights(), second.get_weights(), given.get_weights(), strict=True):
        np.testing.assert_allclose(c, 0.25 * a + 0.75 * b, atol=1e-6)
    assert str(given.facts["note"]).startswith(f"blended with 0.25 of one/{LAST}") and given.facts["scores"] == {}


@pytest.mark.slow
def test_stages_that_are_done_are_passed_over(photos, both, tmp_path, caplog):
    run(STAGED, [photos], tmp_path, stage="one")
    assert not (tmp_path / "two").exists() and not (tmp_path / BEST).exists()
    before = final(tmp_path / "one")[0].seconds
    caplog.clear()
    with caplog.at_level(logging.INFO, "sketchback"):
        run(STAGED, (), tmp_path, resume=True)  # its data is that of the stage before
    assert "stage two, 2 of 2" in caplog.text and "stage one" not in caplog.text
    assert final(tmp_path / "one")[0].seconds == before
    for mine, other in zip(final(tmp_path / "two")[1]["generator"], final(both / "two")[1]["generator"], strict=True):
        np.testing.assert_array_equal(mine, other)


@pytest.mark.slow
def test_a_stage_is_run_again_where_the_one_before_gives_other_weights(photos, tmp_path, caplog):
    run(STAGED, [photos], tmp_path)
    other = dataclasses.replace(STAGED, stages=(dataclasses.replace(ONE, seed=7), TWO))
    run(other, [photos], tmp_path, stage="one")
    with caplog.at_level(logging.INFO, "sketchback"):
        run(other, (), tmp_path, resume=True)
    assert "stage two, 2 of 2" in caplog.text and (tmp_path / "two" / "earlier-1" / BEST).is_file()
    facts = json.loads((tmp_path / "two" / "recipe.json").read_text())
    assert facts["recipe"]["initial"] == f"{LAST} (sha256 {weights.sha256(tmp_path / 'one' / LAST)})"


@pytest.mark.slow
def test_stages_in_the_folder_of_a_single_run_keep_it_and_resume_as_stages(photos, tmp_path):
    run(TOY.changed(epochs=1, feature=0.0), [photos], tmp_path)
    run(dataclasses.replace(STAGED, stages=(ONE, TWO)), [photos], tmp_path)
    assert (tmp_path / "earlier-1" / BEST).is_file() and (tmp_path / BEST).is_file()
    assert run(STAGED, (), tmp_path, resume=True) == tmp_path / BEST  # everything is done


def test_a_recipe_that_cannot_begin_moves_nothing_aside(tmp_path):
    (tmp_path / BEST).write_bytes(b"of an earlier run")
    with pytest.raises(FileNotFoundError, match="nowhere"):
        run(STAGED, [tmp_path / "nowhere"], tmp_path)
    assert (tmp_path / BEST).read_bytes() == b"of an earlier run"


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"stage": "three"}, "`stage` must be one of one, two. Received: 'three'"),
        ({"stage": "two"}, "begins with the weights of the one before.*Run stage one first, or give --weights"),
        ({"resume": True}, "Resuming needs a checkpoint"),
        ({"stage": "one", "data": ()}, "Stage one is to begin in full. Received: no data. Give --data"),
    ],
)
def test_what_cannot_be_run_says_what_to_do(photos, tmp_path, options, words):
    with pytest.raises(ValueError, match=words):
        run(STAGED, options.pop("data", [photos]), tmp_path, **options)


def test_a_stage_takes_the_sets_that_it_names(photos, tmp_path):
    needy = dataclasses.replace(STAGED, stages=(dataclasses.replace(ONE, only=("CUFS",)), TWO))
    assert datasets.find(photos)[0].kind == "photographs"
    with pytest.raises(ValueError, match="Stage one needs one of these sets: CUFS. Received: .*photos"):
        run(needy, [photos], tmp_path)


@pytest.mark.slow
def test_a_stage_that_began_with_other_weights_goes_on(photos, both, tmp_path, caplog):
    run(STAGED, [photos], tmp_path, stage="two", initial=both / BEST)
    assert f"blended with 0.25 of {both.name}/{BEST}" in str(weights.describe(tmp_path / "two" / BLENDED)["note"])
    (tmp_path / "recipe.json").write_text("{}")  # of a single run that was there before
    caplog.clear()
    with caplog.at_level(logging.INFO, "sketchback"):
        assert run(STAGED, (), tmp_path, stage="two", resume=True) == tmp_path / "two" / BEST  # it is done
    assert not (tmp_path / "two" / "earlier-1").exists() and "stage two" not in caplog.text
    (tmp_path / "two" / BLENDED).unlink()
    with pytest.raises(ValueError, match=f"it began with, {BEST}.*Give them as --weights beside --resume"):
        run(STAGED, (), tmp_path, stage="two", resume=True)
    run(STAGED, (), tmp_path, stage="two", resume=True, initial=both / BEST)
    assert (tmp_path / "two" / BLENDED).is_file()


@pytest.mark.slow
def test_data_that_is_given_on_resuming_is_that_of_the_weights(photos, tmp_path, caplog):
    run(TOY.changed(epochs=1, feature=0.0), [photos], tmp_path / "run")
    other, record = Path(shutil.copytree(photos, tmp_path / "others")), tmp_path / "run" / "recipe.json"
    before = record.read_text()
    with caplog.at_level(logging.INFO, "sketchback"):
        assert run(TOY, [other], tmp_path / "run", resume=True) == tmp_path / "run" / BEST
    assert record.read_text() == before and "is complete" in caplog.text  # nothing was shown to it
    record.write_text(before.replace('"epochs": 1', '"epochs": 2'))
    run(TOY, [other], tmp_path / "run", resume=True)
    facts = json.loads(record.read_text())
    assert facts["data"] == [str(other)] and facts["seen"] == ["photos", "others"]


@pytest.mark.slow
def test_less_data_on_resuming_has_a_schedule_and_scores_of_its_own(photos, tmp_path):
    run(TOY.changed(epochs=1, feature=0.0), [photos], tmp_path / "run")
    record = tmp_path / "run" / "recipe.json"
    record.write_text(record.read_text().replace('"epochs": 1', '"epochs": 3'))
    few = Path(shutil.copytree(photos, tmp_path / "few"))
    for number in range(8):
        (few / f"{number}.png").unlink()
    run(TOY, [few], tmp_path / "run", resume=True)
    progress, state = final(tmp_path / "run")
    steps = json.loads(record.read_text())["steps"]
    iterations = next(int(array) for array in state["optimizer"] if array.shape == () and array.dtype.kind in "iu")
    assert iterations == 3 * steps < 3 * STEPS  # the rate is that of the end, and no step was taken at zero
    scores = [row["val_psnr"] for row in progress.history[1:]]
    assert len(set(scores)) == 2 and progress.best == max(scores)


def test_a_recipe_that_lost_its_first_stage_does_not_go_on_with_drawn_pictures(both, tmp_path):
    shutil.copytree(both, tmp_path / "run")
    shutil.rmtree(tmp_path / "run" / "one")
    with pytest.raises(ValueError, match="Stage one is to begin in full. Received: no data. Give --data"):
        run(STAGED, (), tmp_path / "run", resume=True)


@pytest.mark.slow
def test_a_blend_that_a_kill_prevented_is_made_up_for(photos, both, tmp_path):
    shutil.copytree(both, tmp_path / "killed")
    for lost in (tmp_path / "killed" / "two" / BLENDED, tmp_path / "killed" / BEST):
        lost.unlink()
    shutil.copy(both / "one" / BEST, tmp_path / "killed" / "two" / BEST)  # of which nothing is blended in
    assert run(STAGED, (), tmp_path / "killed", resume=True).read_bytes() != b""
    made, expected = (weights.load(place / "two" / BLENDED).get_weights() for place in (tmp_path / "killed", both))
    assert all(np.array_equal(a, b) for a, b in zip(made, expected, strict=True))


@pytest.mark.slow
def test_a_recogniser_is_asked_in_each_step(photos, tmp_path, monkeypatch):
    monkeypatch.setenv("SKETCHBACK_RECOGNISER", "random")
    alone = run(TOY.changed(epochs=1, feature=0.0), [photos], tmp_path / "alone")
    asked = run(TOY.changed(epochs=1, feature=0.0, identity=5.0), [photos], tmp_path / "asked")
    header, row = (tmp_path / "asked" / "history.csv").read_text().splitlines()
    assert 0 < float(dict(zip(header.split(","), row.split(","), strict=True))["identity"]) < 2
    one, other = (weights.load(path).get_weights() for path in (alone, asked))
    assert any((a != b).any() for a, b in zip(one, other, strict=True))
    assert json.loads((tmp_path / "asked" / "recipe.json").read_text())["recipe"]["stage"]["identity"] == 5.0


def test_what_a_later_stage_needs_is_asked_for_before_the_first(photos, tmp_path, monkeypatch):
    monkeypatch.delenv("SKETCHBACK_EFFICIENTNET", raising=False)
    monkeypatch.setattr(efficientnet, "PACKAGE", "no_such_package")
    monkeypatch.delenv("SKETCHBACK_RECOGNISER", raising=False)
    monkeypatch.setenv("PATH", "")
    for number, says in (("adversarial", "pip install"), ("identity", "comes from npm.*with SKETCHBACK_RECOGNISER")):
        later = dataclasses.replace(TWO, **{number: 0.02})
        with pytest.raises(efficientnet.FeaturesError, match=says):
            run(dataclasses.replace(STAGED, stages=(ONE, later)), [photos], tmp_path)
        assert not any(tmp_path.iterdir())
