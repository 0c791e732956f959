"""A run that is stopped, killed or diverges: what it leaves, and that it goes on as if nothing had happened."""

from __future__ import annotations

import json
import logging
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pytest
from places import ROOT
from toys import STEPS, TOY, assert_same_run, final, run

from sketchback import weights
from sketchback.training import trainer
from sketchback.training.runs import Run
from sketchback.training.schema import BEST, LAST

DRIVER = """
import os, signal, sys
from sketchback import console
from sketchback import weights
from sketchback.training import trainer
from toys import TOY, run

advance = console.Bar.advance
def stop_there(self, *given, **values):
    advance(self, *given, **values)
    if self.done == {stop}:
        os.kill(os.getpid(), signal.{how})
console.Bar.advance = stop_there
trainer.CHECKPOINT_EVERY = {every}
run(TOY, [{photos!r}], __import__("pathlib").Path({folder!r}))
"""


@pytest.fixture(scope="module")
def whole(photos, tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("runs") / "whole"
    run(TOY, [photos], folder)
    return folder


@pytest.fixture(scope="module")
def stopped(photos, tmp_path_factory) -> dict[str, Path]:
    """Two runs of other processes, stopped in the middle of their second epoch: both have checkpoints of step 3."""
    folder = tmp_path_factory.mktemp("stopped")
    environment = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3", "KERAS_BACKEND": keras.backend.backend()}
    environment["PYTHONPATH"] = os.pathsep.join([str(ROOT / "tests"), str(ROOT)])
    # SIGTERM is answered by a checkpoint after the step; SIGKILL finds that of the step before.
    for how, every, stop, status in (("SIGTERM", 300.0, STEPS + 3, 0), ("SIGKILL", 0.0, STEPS + 4, -signal.SIGKILL)):
        code = DRIVER.format(how=how, every=every, stop=stop, photos=str(photos), folder=str(folder / how))
        done = subprocess.run(
            [sys.executable, "-c", code], env=environment, timeout=300, capture_output=True, text=True
        )
        assert done.returncode == status, done.stderr
    return {how: folder / how for how in ("SIGTERM", "SIGKILL")}


@pytest.mark.processes
@pytest.mark.parametrize("how", ["SIGTERM", "SIGKILL"])
def test_a_stopped_run_resumes_as_if_nothing_had_happened(whole, stopped, how, tmp_path, caplog):
    folder = Path(shutil.copytree(stopped[how], tmp_path / "run"))
    progress, _ = final(folder)
    assert (progress.epoch, progress.step, len(progress.history)) == (1, 3, 1)
    with caplog.at_level(logging.INFO, "sketchback"):
        run(TOY, (), folder, resume=True, precision="auto")
    assert f"at epoch 2, step 3 of {STEPS}" in caplog.text and "the data is not what" not in caplog.text
    assert_same_run(whole, folder)
    assert not list(folder.glob(".partial-*"))


@pytest.mark.processes
def test_changed_data_is_reported_when_a_run_resumes(stopped, photos, tmp_path, caplog):
    folder = Path(shutil.copytree(stopped["SIGTERM"], tmp_path / "run"))
    fewer = Path(shutil.copytree(photos, tmp_path / "fewer"))
    for path in sorted(fewer.iterdir())[:12]:
        path.unlink()
    run(TOY, [fewer], folder, resume=True)
    assert f"the data is given anew: {fewer} (it was {photos})" in caplog.text
    assert "the data is not what the run began with" in caplog.text
    assert final(folder)[0].epoch == TOY.single.epochs  # also where its place in the epoch is no more


@pytest.mark.slow
def test_a_finished_run_resumes_to_its_end_at_once(whole, tmp_path, caplog):
    folder = Path(shutil.copytree(whole, tmp_path / "run"))
    with caplog.at_level(logging.INFO, "sketchback"):
        assert run(TOY, (), folder, resume=True) == folder / BEST
    assert "is complete" in caplog.text
    assert_same_run(whole, folder)


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (
            lambda facts: facts["recipe"]["arguments"].update(width=5),
            r"A checkpoint must fit its recipe.*another shape",
        ),
        (lambda facts: facts["recipe"].pop("stage"), r"recipe\.json must hold the whole configuration.*Start without"),
    ],
)
@pytest.mark.slow
def test_a_configuration_that_does_not_fit_is_an_error(whole, tmp_path, spoil, words):
    folder = Path(shutil.copytree(whole, tmp_path / "run"))
    facts = json.loads((folder / "recipe.json").read_text())
    facts["recipe"]["stage"]["epochs"] += 1  # there is something left to do
    spoil(facts)
    (folder / "recipe.json").write_text(json.dumps(facts))
    with pytest.raises(ValueError, match=words):
        run(TOY, (), folder, resume=True)


@pytest.mark.slow
def test_a_loss_that_is_no_number_stops_the_run_and_spares_the_checkpoint(photos, tmp_path, monkeypatch):
    monkeypatch.setattr(trainer, "CHECKPOINT_EVERY", 0.0)
    recipe = TOY.changed(learning_rate=1e30, warmup=0, schedule="constant", clip=None)
    with pytest.raises(trainer.TrainingError, match=r"must stay finite\. .* epoch 1, step \d.*--learn"):
        run(recipe, [photos], tmp_path)
    progress, arrays = final(tmp_path)
    assert progress.step >= 1 and all(np.isfinite(array).all() for array in arrays["generator"])
    with Run(tmp_path):  # the folder is free again
        pass


@pytest.mark.slow
def test_weights_that_are_no_numbers_are_never_saved(whole, photos, tmp_path, monkeypatch):
    # The loss of the step that spoils the weights is still finite.
    monkeypatch.setattr(trainer, "CHECKPOINT_EVERY", 0.0)
    recipe = TOY.changed(learning_rate=1e39, warmup=0, schedule="constant")
    folder = Path(shutil.copytree(whole, tmp_path / "run"))
    with pytest.raises(trainer.TrainingError, match=r"weights must stay finite\. .* epoch 1, step 1"):
        run(recipe, [photos], folder)
    # The earlier run was set aside, whole; the new one has saved nothing.
    for name in (BEST, LAST, "checkpoint.npz", "recipe.json", "history.csv", "samples.png"):
        assert (folder / "earlier-1" / name).read_bytes() == (whole / name).read_bytes()
    assert not (folder / BEST).exists() and not (folder / LAST).exists()
    with pytest.raises(ValueError, match="Resuming needs a checkpoint"):
        run(recipe, [photos], folder, resume=True)


def test_the_best_weights_are_those_of_the_epoch_that_scored_best(photos, tmp_path, monkeypatch):
    scores, rows = iter((20.0, 21.0, 19.0)), [[np.zeros((32, 32, 3), np.float32)] * 3]
    monkeypatch.setattr(trainer.validation, "validate", lambda *_, **__: ({"psnr": next(scores)}, rows))
    run(TOY, [photos], tmp_path / "run")
    said = {name: weights.describe(tmp_path / "run" / name)["scores"]["val_psnr"] for name in (BEST, LAST)}
    assert said == {BEST: 21.0, LAST: 19.0}
    best, last = (weights.load(tmp_path / "run" / name).get_weights() for name in (BEST, LAST))
    assert any((one != other).any() for one, other in zip(best, last, strict=True))
