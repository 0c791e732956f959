"""Training, whole and small: it learns, repeats itself, survives being stopped, and never lies about it."""

from __future__ import annotations

import csv
import dataclasses
import gc
import json
import logging
import os
import shutil
import signal
import subprocess
import sys
import threading
from pathlib import Path

import h5py
import keras
import numpy as np
import pytest

from sketchback import console, datasets, images, models, sketching, train, weights
from sketchback.datasets import builtin
from sketchback.datasets.batches import View
from sketchback.evaluation import metrics
from sketchback.inference.pipeline import predict
from sketchback.training import runs, trainer
from sketchback.training.recipes import Recipe

TOY = Recipe(
    name="toy",
    claim="",
    command="",
    cost="",
    result="",
    demo="demo:faces",
    size=(32, 32),
    epochs=3,
    batch_size=2,
    warmup=4,
    validate=2,
    average=0.9,
    zoom=1.3,
    arguments={"width": 4, "halvings": 1, "blocks": 1},
)
STEPS = 6  # of an epoch: 12 of the 16 photographs are for training
SETTINGS = {"vgg16": "random", "precision": "float32", "progress": False}


def final(folder: Path) -> tuple[runs.Progress, dict[str, list[np.ndarray]]]:
    return runs.Run(folder).load_checkpoint()


def rows(folder: Path) -> list[dict[str, float]]:
    """The history, without the seconds that a machine happened to take."""
    with (folder / "history.csv").open(newline="") as file:
        return [
            {name: float(value) for name, value in row.items() if name != "seconds"} for row in csv.DictReader(file)
        ]


def assert_same_run(first: Path, second: Path) -> None:
    mine, other = final(first), final(second)
    for group in ("generator", "optimizer", "trackers"):
        assert len(mine[1][group]) == len(other[1][group]) > 0
        for a, b in zip(mine[1][group], other[1][group], strict=True):
            np.testing.assert_array_equal(a, b)
    assert rows(first) == rows(second)
    assert (mine[0].epoch, mine[0].step, mine[0].best) == (other[0].epoch, other[0].step, other[0].best)
    for name in (runs.BEST, runs.LAST):
        for a, b in zip(
            weights.load(first / name).get_weights(), weights.load(second / name).get_weights(), strict=True
        ):
            np.testing.assert_array_equal(a, b)


@pytest.fixture(scope="module")
def photos(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("data") / "photos"
    for seed in range(16):
        images.write(folder / f"{seed}.png", builtin.face(seed, (36, 32)))
    examples = datasets.find(folder)
    assert len(datasets.subset(examples, "train")) == 2 * STEPS and datasets.subset(examples, "val")
    return folder


@pytest.fixture(scope="module")
def whole(photos, tmp_path_factory) -> Path:
    """A run that nothing interrupts."""
    folder = tmp_path_factory.mktemp("runs") / "whole"
    assert train.train(TOY, [photos], folder, **SETTINGS) == folder / "best.weights.h5"
    return folder


# ---- what a run leaves behind


def test_a_run_leaves_everything_in_its_folder(whole, photos):
    assert sorted(path.name for path in whole.iterdir()) == [
        ".lock",
        "best.weights.h5",
        "checkpoint.npz",
        "curves.png",
        "history.csv",
        "last.weights.h5",
        "recipe.json",
        "samples.png",
    ]
    history = rows(whole)
    assert [row["epoch"] for row in history] == [1, 2, 3]
    assert set(history[0]) == {"epoch", "loss", "pixel", "feature", "variation", "val_psnr", "val_ssim"}
    for row in history:
        total = row["pixel"] + 1e-3 * row["feature"] + 1e-5 * row["variation"]
        assert row["loss"] == pytest.approx(total, rel=1e-4)
    progress, arrays = final(whole)
    assert (progress.epoch, progress.step) == (3, 0) and progress.seconds > 0
    assert progress.best == max(row["val_psnr"] for row in progress.history)
    # Sketch, prediction and truth of each of the held-out photographs.
    held_out = min(len(datasets.subset(datasets.find(photos), "val")), TOY.validate)
    assert images.probe(whole / "samples.png") == (held_out * 32 + (held_out - 1) * 4, 3 * 32 + 2 * 4)
    # Adam has counted every step: a resumed run goes on in its schedule.
    assert int(arrays["optimizer"][0]) == 3 * STEPS


def test_recipe_json_says_what_was_run(whole, photos):
    facts = json.loads((whole / "recipe.json").read_text())
    expected = json.loads(json.dumps(dataclasses.asdict(TOY)))
    assert facts["recipe"] == expected
    assert facts["data"] == [str(photos)] and facts["vgg16"] == "random" and facts["seen"] == ["photos"]
    assert facts["fingerprint"] == datasets.fingerprint(datasets.find(photos))
    assert (facts["examples"], facts["steps"], facts["precision"]) == (2 * STEPS, STEPS, "float32")
    assert facts["versions"]["keras"] == keras.__version__


@pytest.mark.parametrize("name", [runs.BEST, runs.LAST])
def test_weights_say_what_they_are_and_hold_the_generator_alone(whole, name):
    facts = weights.describe(whole / name)
    assert facts["architecture"] == "scribbler" and facts["arguments"].items() >= TOY.arguments.items()
    assert facts["data"] == ["photos"] and facts["terms"] == "photographs: as its owners allow"
    assert set(facts["scores"]) == {"val_psnr", "val_ssim"}
    assert (facts["recipe"]["name"], facts["recipe"]["style"], facts["recipe"]["size"]) == ("toy", "random", [32, 32])
    found: list[str] = []
    with h5py.File(whole / name) as file:
        file.visititems(lambda path, item: found.append(path) if isinstance(item, h5py.Dataset) else None)
    generator = models.build("scribbler", **TOY.arguments)
    assert len(found) == len(generator.weights)  # neither VGG nor the optimiser
    generator.load_weights(whole / name)  # and plain Keras reads it
    if name == runs.LAST:
        for mine, other in zip(generator.get_weights(), final(whole)[1]["generator"], strict=True):
            np.testing.assert_array_equal(mine, other)


def test_best_weights_have_the_best_score(whole, photos):
    held_out = trainer.hold_out(datasets.subset(datasets.find(photos), "val"), TOY.validate)
    scores, pictures = trainer.validate(weights.load(whole / runs.BEST), held_out, View(TOY.size, TOY.style))
    assert scores["psnr"] == pytest.approx(final(whole)[0].best, abs=1e-4)
    assert scores["psnr"] == pytest.approx(np.mean([metrics.psnr(row[2], row[1]) for row in pictures]), abs=1e-4)


def test_identical_runs_give_identical_weights(whole, photos, tmp_path):
    train.train(TOY, [photos], tmp_path, **SETTINGS, threads=4)
    assert_same_run(whole, tmp_path)


def test_another_seed_gives_other_weights(whole, photos, tmp_path):
    train.train(dataclasses.replace(TOY, seed=1, epochs=1, feature=0.0), [photos], tmp_path, **SETTINGS)
    first, second = final(whole)[1]["generator"], final(tmp_path)[1]["generator"]
    assert any(not np.array_equal(a, b) for a, b in zip(first, second, strict=True))
    assert "feature" not in rows(tmp_path)[0]  # a term of no weight has no network, and no column


def test_it_learns_a_pair_by_heart(tmp_path):
    photo = builtin.face(3, (32, 32))
    for number in range(40):  # many copies make one epoch long
        images.write(tmp_path / "data" / "photos" / f"{number}.png", photo)
        images.write(tmp_path / "data" / "sketches" / f"{number}.png", sketching.sketch(photo, "pencil"))
    recipe = dataclasses.replace(
        TOY,
        epochs=4,
        learning_rate=1e-2,
        pair_augmentation="none",
        flip=False,
        feature=0.0,
        arguments={"width": 12, "halvings": 2, "blocks": 1},
    )
    keras.utils.set_random_seed(recipe.seed)
    sketch, truth = View((32, 32)).see(datasets.find(tmp_path / "data")[0])
    untrained = predict(models.build("scribbler", **recipe.arguments), sketch[np.newaxis])[0]
    best = train.train(recipe, [tmp_path / "data"], tmp_path / "run", **SETTINGS)
    trained = predict(weights.load(best), sketch[np.newaxis])[0]
    before, after = metrics.psnr(truth, untrained), metrics.psnr(truth, trained)
    assert after > 20 and after > before + 8, (before, after)


# ---- being stopped

DRIVER = """
import os, signal
from sketchback import console, train
from sketchback.training.recipes import Recipe

advance = console.Bar.advance
def stop_there(self, *given, **values):
    advance(self, *given, **values)
    if self.done == {stop}:
        os.kill(os.getpid(), signal.{how})
console.Bar.advance = stop_there
train.CHECKPOINT_EVERY = {every}
train.train({recipe!r}, [{photos!r}], {folder!r}, vgg16="random", precision="float32", progress=False)
"""


@pytest.fixture(scope="module")
def stopped(photos, tmp_path_factory) -> dict[str, Path]:
    """Two runs of other processes, stopped in the middle of their second epoch: both have checkpoints of step 3."""
    folder = tmp_path_factory.mktemp("stopped")
    environment = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3", "KERAS_BACKEND": keras.backend.backend()}
    # SIGTERM is answered by a checkpoint after the step; SIGKILL finds that of the step before.
    children = {}
    for how, every, stop in (("SIGTERM", 300.0, STEPS + 3), ("SIGKILL", 0.0, STEPS + 4)):
        children[how] = subprocess.Popen(
            [
                sys.executable,
                "-c",
                DRIVER.format(
                    recipe=TOY, photos=str(photos), folder=str(folder / how), how=how, every=every, stop=stop
                ),
            ],
            env=environment,
            cwd=Path(train.__file__).parents[1],
            stderr=subprocess.DEVNULL,
        )
    try:
        assert children["SIGTERM"].wait(300) == 0  # it finishes its step and ends in order
        assert children["SIGKILL"].wait(300) == -signal.SIGKILL
    finally:
        for child in children.values():
            child.kill()
            child.wait()
    return {how: folder / how for how in children}


@pytest.mark.parametrize("how", ["SIGTERM", "SIGKILL"])
def test_a_stopped_run_resumes_as_if_nothing_had_happened(whole, stopped, how, tmp_path, caplog):
    folder = Path(shutil.copytree(stopped[how], tmp_path / "run"))
    progress, _ = final(folder)
    assert (progress.epoch, progress.step, len(progress.history)) == (1, 3, 1)
    with caplog.at_level(logging.INFO, "sketchback"):
        train.train(TOY, out=folder, resume=True, progress=False, vgg16="random")
    assert f"at epoch 2, step 3 of {STEPS}" in caplog.text
    assert "the data is not what" not in caplog.text
    assert_same_run(whole, folder)
    assert not list(folder.glob(".partial-*"))


@pytest.mark.skipif(keras.backend.backend() != "tensorflow", reason="TensorFlow's iterators")
def test_a_stopped_run_leaves_no_iterator_that_could_outlive_python(photos, tmp_path, monkeypatch):
    """Now and then the last line of a run that was stopped was TensorFlow's, about an iterator it could not end."""

    def stop_there(self: console.Bar, *given: object, **values: object) -> None:
        advance(self, *given, **values)
        if self.done == 2:
            signal.raise_signal(signal.SIGTERM)

    advance = console.Bar.advance
    monkeypatch.setattr(console.Bar, "advance", stop_there)
    gc.disable()  # only what `train` itself collects counts
    try:
        train.train(TOY, [photos], tmp_path, **SETTINGS)
        left = [type(one).__name__ for one in gc.get_objects()]
    finally:
        gc.enable()
    assert final(tmp_path)[0].step == 2
    assert "OwnedIterator" not in left


def test_changed_data_is_reported_when_a_run_resumes(stopped, photos, tmp_path, caplog):
    folder = Path(shutil.copytree(stopped["SIGTERM"], tmp_path / "run"))
    fewer = Path(shutil.copytree(photos, tmp_path / "fewer"))
    for path in sorted(fewer.iterdir())[:12]:
        path.unlink()
    train.train(TOY, [fewer], folder, resume=True, **SETTINGS)
    assert f"the data is given anew: {fewer} (it was {photos})" in caplog.text
    assert "the data is not what the run began with" in caplog.text
    assert final(folder)[0].epoch == TOY.epochs  # also where its place in the epoch is no more


def test_a_finished_run_resumes_to_its_end_at_once(whole, tmp_path, caplog):
    folder = Path(shutil.copytree(whole, tmp_path / "run"))
    with caplog.at_level(logging.INFO, "sketchback"):
        assert train.train(TOY, out=folder, resume=True, **SETTINGS) == folder / runs.BEST
    assert "done: " in caplog.text
    assert_same_run(whole, folder)


def test_resume_without_checkpoint_says_what_to_do(tmp_path, photos):
    with pytest.raises(ValueError, match=r"Resuming needs a checkpoint\. Received: .*Start without --resume"):
        train.train(TOY, [photos], tmp_path, resume=True, **SETTINGS)


def test_resume_with_a_checkpoint_of_another_shape_is_an_error(whole, tmp_path):
    folder = Path(shutil.copytree(whole, tmp_path / "run"))
    facts = json.loads((folder / "recipe.json").read_text())
    facts["recipe"]["arguments"]["width"] = 5
    (folder / "recipe.json").write_text(json.dumps(facts))
    with pytest.raises(ValueError, match=r"A checkpoint must fit its recipe\. Received: .*of another shape"):
        train.train(TOY, out=folder, resume=True, **SETTINGS)


@pytest.mark.parametrize("content", ["{broken", "{}"])
def test_resume_with_a_damaged_recipe_is_an_error(whole, tmp_path, content):
    folder = Path(shutil.copytree(whole, tmp_path / "run"))
    (folder / "recipe.json").write_text(content)
    with pytest.raises(ValueError, match=r"recipe\.json.*Received: .*Start without --resume"):
        train.train(TOY, out=folder, resume=True, **SETTINGS)


def test_the_first_ctrl_c_asks_and_the_second_interrupts():
    before = signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)
    with pytest.raises(KeyboardInterrupt), train._asked_to_stop() as stop:
        assert not stop.is_set()
        signal.raise_signal(signal.SIGINT)
        assert stop.is_set()  # and the program goes on
        signal.raise_signal(signal.SIGINT)
    assert (signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)) == before


def test_a_run_on_another_thread_needs_no_signals():
    seen = []

    def ask():
        with train._asked_to_stop() as stop:
            seen.append(stop.is_set())

    thread = threading.Thread(target=ask)
    thread.start()
    thread.join()
    assert seen == [False]


# ---- what goes wrong


def test_a_loss_that_is_no_number_stops_the_run_and_spares_the_checkpoint(photos, tmp_path, monkeypatch):
    monkeypatch.setattr(train, "CHECKPOINT_EVERY", 0.0)
    recipe = dataclasses.replace(TOY, learning_rate=1e30, warmup=0, schedule="constant", clip=None)
    with pytest.raises(train.TrainingError, match=r"loss must stay finite\. .*loss nan.* epoch 1, step \d.*--learn"):
        train.train(recipe, [photos], tmp_path, **SETTINGS)
    progress, arrays = final(tmp_path)
    assert progress.step >= 1 and all(np.isfinite(array).all() for array in arrays["generator"])
    with runs.Run(tmp_path):  # the folder is free again
        pass


def test_weights_that_are_no_numbers_are_never_saved(whole, photos, tmp_path, monkeypatch, caplog):
    # The loss of the step that spoils the weights is still finite.
    monkeypatch.setattr(train, "CHECKPOINT_EVERY", 0.0)
    recipe = dataclasses.replace(TOY, learning_rate=float("inf"), warmup=0, schedule="constant")
    folder = Path(shutil.copytree(whole, tmp_path / "run"))
    caplog.set_level(logging.INFO, "sketchback")
    with pytest.raises(train.TrainingError, match=r"weights must stay finite\. .* epoch 1, step 1"):
        train.train(recipe, [photos], folder, **SETTINGS)
    # The earlier run was set aside, whole; the new one has saved nothing.
    for name in (runs.BEST, runs.LAST, "checkpoint.npz", "recipe.json", "history.csv", "samples.png"):
        assert (folder / "earlier-1" / name).read_bytes() == (whole / name).read_bytes()
    assert not (folder / runs.BEST).exists() and not (folder / runs.LAST).exists()
    with pytest.raises(ValueError, match="Resuming needs a checkpoint"):
        train.train(recipe, [photos], folder, resume=True, **SETTINGS)


def test_a_folder_that_cannot_be_written_is_an_oserror(photos, tmp_path):
    (tmp_path / "file").write_text("not a folder")
    for out in (tmp_path / "file", tmp_path / "file" / "run"):
        with pytest.raises(OSError, match="file"):
            train.train(TOY, [photos], out, **SETTINGS)


@pytest.mark.parametrize(
    ("changes", "settings", "words"),
    [
        ({"epochs": 0}, {}, "`epochs` must be .*Received: epochs=0"),
        ({"batch_size": 0}, {}, "`batch_size` must be .*Received: batch_size=0"),
        ({"schedule": "stairs"}, {}, "`schedule` must be .*cosine.*constant.*Received: 'stairs'"),
        ({"model": "unknown"}, {}, "`model` must be one of .*Received: 'unknown'"),
        ({}, {"precision": "float8"}, "`precision` must be one of .*Received: 'float8'"),
        ({}, {"vgg16": "nowhere.npz"}, "VGG16's weights must be a file that exists. Received: nowhere.npz"),
    ],
)
def test_arguments_that_will_not_do(photos, tmp_path, changes, settings, words):
    with pytest.raises(ValueError, match=words):
        train.train(dataclasses.replace(TOY, **changes), [photos], tmp_path, **{**SETTINGS, **settings})


# ---- where weights come from


def test_weights_to_start_from_bring_their_architecture(whole, photos, tmp_path):
    other = dataclasses.replace(TOY, epochs=1, learning_rate=1e-30, arguments={"width": 7}, model="sketchback2017")
    train.train(other, [photos], tmp_path, whole / runs.LAST, **SETTINGS)
    facts = json.loads((tmp_path / "recipe.json").read_text())
    assert facts["recipe"]["model"] == "scribbler"
    assert facts["recipe"]["arguments"].items() >= TOY.arguments.items()
    assert facts["recipe"]["initial"] == f"{runs.LAST} (sha256 {weights.sha256(whole / runs.LAST)})"
    # So small a learning rate leaves them as they were (their average rounds).
    for mine, given in zip(final(tmp_path)[1]["generator"], final(whole)[1]["generator"], strict=True):
        np.testing.assert_allclose(mine, given, rtol=0, atol=1e-6)


def test_unknown_weights_to_start_from_are_an_error(photos, tmp_path):
    with pytest.raises(FileNotFoundError, match="`weights` must be a file or a known name. Received: 'no such'"):
        train.train(TOY, [photos], tmp_path, "no such", **SETTINGS)


def test_without_data_the_built_in_pictures_stand_in(whole, tmp_path, caplog):
    recipe = dataclasses.replace(TOY, epochs=1, limit=4, feature=0.0)
    before = shutil.copy(whole / runs.BEST, tmp_path / "before.weights.h5")
    with h5py.File(before, "a") as file:
        own = "photographs: as its owners allow"
        file.attrs["terms"] = f"{own}; CUFS: research use only; {own}"
    with caplog.at_level(logging.INFO, "sketchback"):
        train.train(recipe, (), tmp_path, before, **SETTINGS)
    assert "demo:faces: built-in pictures, drawn by sketchback and not photographed" in caplog.text
    facts = json.loads((tmp_path / "recipe.json").read_text())
    assert facts["data"] == ["demo:faces"] and facts["recipe"]["size"] == list(TOY.size)
    # What the weights saw before binds them still, each set once.
    assert facts["seen"] == ["photos", "demo:faces"]
    assert facts["terms"] == "photographs: as its owners allow; CUFS: research use only"


# ---- the command line


def test_the_command_says_an_error_in_one_line(tmp_path, capsys, caplog):
    assert train.main(["faces", "--resume", "--epochs", "3", "--out", str(tmp_path)]) == 2
    assert capsys.readouterr().err.strip().splitlines()[-1].startswith("error: Resuming needs a checkpoint.")
    assert "--resume goes on with the run's own recipe; these do not count: epochs" in caplog.text


@pytest.mark.parametrize("argv", [["nothing"], ["faces", "--data", "no/such/folder"]])
def test_the_command_refuses_what_it_does_not_know(argv, tmp_path, capsys):
    assert train.main([*argv, "--out", str(tmp_path)]) == 2
    assert capsys.readouterr().err.strip().splitlines()[-1].startswith("error: ")


def test_the_command_trains(whole, photos, tmp_path):
    argv = [
        "faces",
        "--data",
        str(photos),
        "--out",
        str(tmp_path),
        "--size",
        "32x32",
        "--epochs",
        "1",
        "--limit",
        "2",
        "--batch-size",
        "2",
        "--features",
        "random",
        "--precision",
        "float32",
        "--weights",
        str(whole / runs.LAST),
        "--style",
        "pencil",
        "--fit",
        "squeeze",
        "--seed",
        "3",
        "--quiet",
    ]
    assert train.main(argv) == 0
    recipe = json.loads((tmp_path / "recipe.json").read_text())["recipe"]
    expected = {"size": [32, 32], "epochs": 1, "style": "pencil", "fit": "squeeze", "seed": 3, "limit": 2}
    assert {name: recipe[name] for name in expected} == expected
    assert weights.describe(tmp_path / runs.BEST)["data"] == ["photos"]
