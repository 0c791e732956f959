"""Training, whole and small: what a run leaves behind, how it repeats itself, and what its command says."""

from __future__ import annotations

import dataclasses
import json
import logging
import shutil
from pathlib import Path

import h5py
import keras
import numpy as np
import pytest
from toys import ARGUMENTS, STEPS, TOY, assert_same_run, final, history, run

from sketchback import datasets, images, models, sketching, train, weights
from sketchback.datasets import builtin
from sketchback.datasets.views import View
from sketchback.evaluation import metrics
from sketchback.inference.pipeline import predict
from sketchback.training.recipes import TONES
from sketchback.training.schema import BEST, LAST


@pytest.fixture(scope="module")
def whole(photos, tmp_path_factory) -> Path:
    """A run that nothing interrupts."""
    folder = tmp_path_factory.mktemp("runs") / "whole"
    assert run(TOY, [photos], folder) == folder / BEST
    return folder


def test_a_run_leaves_everything_in_its_folder(whole, photos):
    names = {path.name for path in whole.iterdir()} - {".lock"}
    assert names == {BEST, LAST, "checkpoint.npz", "curves.png", "history.csv", "recipe.json", "samples.png"}
    rows = history(whole)
    assert [row["epoch"] for row in rows] == [1, 2, 3]
    assert set(rows[0]) == {"epoch", "loss", "pixel", "feature", "variation", "val_psnr", "val_ssim"}
    for row in rows:
        assert row["loss"] == pytest.approx(row["pixel"] + 1e-3 * row["feature"] + 1e-5 * row["variation"], rel=1e-4)
    progress, arrays = final(whole)
    assert (progress.epoch, progress.step) == (3, 0) and progress.seconds > 0
    assert progress.best == max(row["val_psnr"] for row in progress.history)
    assert int(arrays["optimizer"][0]) == 3 * STEPS  # Adam has counted every step: a resumed run keeps its schedule
    # Sketch, prediction and truth of each of the held-out photographs.
    held_out = min(len(datasets.subset(datasets.find(photos), "val")), TOY.single.validate)
    assert images.probe(whole / "samples.png") == (held_out * 32 + (held_out - 1) * 4, 3 * 32 + 2 * 4)


def test_recipe_json_says_what_was_run(whole, photos):
    facts = json.loads((whole / "recipe.json").read_text())
    assert facts["recipe"]["stage"] == json.loads(json.dumps(dataclasses.asdict(TOY.single)))
    assert facts["recipe"]["name"] == "faces" and facts["recipe"]["arguments"] == ARGUMENTS
    assert facts["data"] == [str(photos)] and facts["vgg16"] == "random" and facts["seen"] == ["photos"]
    assert facts["fingerprint"] == datasets.fingerprint(datasets.find(photos))
    assert (facts["examples"], facts["steps"], facts["precision"]) == (2 * STEPS, STEPS, "float32")
    assert facts["versions"]["keras"] == keras.__version__


@pytest.mark.parametrize("name", [BEST, LAST])
def test_weights_say_what_they_are_and_hold_the_generator_alone(whole, name):
    facts = weights.describe(whole / name)
    assert facts["architecture"] == "scribbler" and facts["arguments"].items() >= ARGUMENTS.items()
    assert facts["data"] == ["photos"] and facts["terms"] == "photographs: as its owners allow"
    assert set(facts["scores"]) == {"val_psnr", "val_ssim"}
    assert (facts["recipe"]["name"], facts["recipe"]["style"], facts["recipe"]["size"]) == ("faces", "random", [32, 32])
    found: list[str] = []
    with h5py.File(whole / name) as file:
        file.visititems(lambda path, item: found.append(path) if isinstance(item, h5py.Dataset) else None)
    generator = models.build("scribbler", **ARGUMENTS)
    assert len(found) == len(generator.weights)  # neither VGG nor the optimiser
    generator.load_weights(whole / name)  # and plain Keras reads it


@pytest.mark.slow
def test_a_sampler_has_no_pictures_to_look_at(whole, photos, tmp_path, caplog):
    recipe = TONES.changed(size=(32, 32), epochs=1, batch_size=2, arguments={"width": 4, "blocks": 1})
    with caplog.at_level(logging.INFO, "sketchback"):
        run(recipe, [photos], tmp_path, initial=whole / BEST)
    assert f"look at {tmp_path / 'curves.png'}" in caplog.text and (tmp_path / "curves.png").is_file()
    assert not (tmp_path / "samples.png").exists()


@pytest.mark.slow
def test_identical_runs_give_identical_weights(whole, photos, tmp_path):
    run(TOY, [photos], tmp_path, processes=2)
    assert_same_run(whole, tmp_path)


@pytest.mark.slow
def test_another_seed_gives_other_weights(whole, photos, tmp_path):
    run(TOY.changed(seed=1, epochs=1, feature=0.0), [photos], tmp_path)
    first, second = final(whole)[1]["generator"], final(tmp_path)[1]["generator"]
    assert any(not np.array_equal(a, b) for a, b in zip(first, second, strict=True))
    assert "feature" not in history(tmp_path)[0]  # a term of no weight has no network, and no column


@pytest.mark.slow
def test_it_learns_a_pair_by_heart(tmp_path):
    photo = builtin.face(3, (32, 32))
    for number in range(40):  # many copies make one epoch long
        images.write(tmp_path / "data" / "train" / "photos" / f"{number}.png", photo)
        images.write(tmp_path / "data" / "train" / "sketches" / f"{number}.png", sketching.sketch(photo, "pencil"))
    recipe = TOY.changed(
        epochs=4,
        learning_rate=1e-2,
        pair_augmentation="none",
        flip=False,
        feature=0.0,
        aspect=1.0,
        arguments={"width": 12, "halvings": 2, "blocks": 1},
    )
    keras.utils.set_random_seed(0)
    sketch, truth = View((32, 32)).see(datasets.find(tmp_path / "data")[0])
    untrained = predict(models.build("scribbler", **recipe.arguments), sketch[np.newaxis])[0]
    best = run(recipe, [tmp_path / "data"], tmp_path / "run")
    trained = predict(weights.load(best), sketch[np.newaxis])[0]
    before, after = metrics.psnr(truth, untrained), metrics.psnr(truth, trained)
    assert after > 20 and after > before + 8, (before, after)


@pytest.mark.slow
def test_weights_to_start_from_bring_their_architecture(whole, photos, tmp_path):
    other = TOY.changed(epochs=1, learning_rate=1e-30, arguments={}, model="sketchback2017")
    run(other, [photos], tmp_path, initial=whole / LAST)
    facts = json.loads((tmp_path / "recipe.json").read_text())
    assert facts["recipe"]["model"] == "scribbler" and facts["recipe"]["arguments"].items() >= ARGUMENTS.items()
    assert facts["recipe"]["initial"] == f"{LAST} (sha256 {weights.sha256(whole / LAST)})"
    for mine, given in zip(final(tmp_path)[1]["generator"], final(whole)[1]["generator"], strict=True):
        np.testing.assert_allclose(mine, given, rtol=0, atol=1e-6)


@pytest.mark.slow
def test_what_weights_saw_before_binds_them_still(whole, tmp_path, caplog):
    before = shutil.copy(whole / BEST, tmp_path / "before.weights.h5")
    with h5py.File(before, "a") as file:
        own = "photographs: as its owners allow"
        file.attrs["terms"] = f"{own}; CUFS: research use only; {own}"
    with caplog.at_level(logging.INFO, "sketchback"):
        run(TOY.changed(epochs=1, limit=4, feature=0.0), (), tmp_path, initial=before)
    assert "demo:faces: built-in pictures, drawn by sketchback and not photographed" in caplog.text
    facts = json.loads((tmp_path / "recipe.json").read_text())
    assert facts["data"] == ["demo:faces"] and facts["seen"] == ["photos", "demo:faces"]
    assert facts["terms"] == "photographs: as its owners allow; CUFS: research use only"


# ---- what will not do


@pytest.mark.parametrize(
    ("changes", "options", "words"),
    [
        ({"epochs": 0}, {}, "`epochs` must be .*Received: epochs=0"),
        ({"schedule": "stairs"}, {}, "`schedule` must be .*cosine.*constant.*Received: 'stairs'"),
        ({"told": 0.5}, {}, "`told` needs a generator that takes a tone map. Received: told=0.5, and one that takes a"),
        ({"model": "unknown"}, {}, "`model` must be one of .*Received: 'unknown'"),
        ({}, {"precision": "float8"}, "`precision` must be one of .*Received: 'float8'"),
        ({}, {"vgg16": "nowhere.npz"}, "VGG16's weights must be a file that exists. Received: nowhere.npz"),
    ],
)
def test_arguments_that_will_not_do(photos, tmp_path, changes, options, words):
    with pytest.raises(ValueError, match=words):
        run(TOY.changed(**changes), [photos], tmp_path, **options)


def test_places_that_will_not_do(photos, tmp_path):
    (tmp_path / "file").write_text("not a folder")
    with pytest.raises(OSError, match="file"):
        run(TOY, [photos], tmp_path / "file" / "run")
    with pytest.raises(FileNotFoundError, match="`weights` must be a file or a known name. Received: 'no such'"):
        run(TOY, [photos], tmp_path, initial="no such")


def test_what_is_of_another_kind(photos, tmp_path):
    for recipe, data, options, words in (
        (TOY, photos, {"epochs": 2}, r"`epochs` is no option of `train`. .*`initial`.*changed\("),
        (3, photos, {}, "`recipe` must be a name or a Recipe. Received: int"),
        (TOY, 3, {}, "`data` must be a folder, or several. Received: int 3"),
        (TOY, [photos, None], {}, "`data` must be .* Received: NoneType None"),
        (TOY, photos, {"initial": 3}, "`weights` must be a name or a path. Received: int"),
    ):
        with pytest.raises(TypeError, match=words):
            run(recipe, data, tmp_path, **options)
    with pytest.raises(ValueError, match="`data` must be a folder. Received: an empty name"):
        run(TOY, [photos, ""], tmp_path)


# ---- the command line


@pytest.mark.parametrize(
    ("argv", "words"),
    [
        (["nothing"], "`recipe` must be one of"),
        (["faces", "--data", "no/such/folder"], "no/such/folder"),
        (["faces", "--resume", "--epochs", "3"], "Resuming needs a checkpoint."),
        (["faces", "--stage", "none", "--data", "x"], "`stage` must be one of small"),
        (["enlarger", "--size", "33x33"], "`size` must be multiples of 2 for a network that takes photo, sketch"),
        (["tones", "--size", "40x40"], "`size` must be multiples of 16 for a network that takes state"),
        (["faces", "--seed", "5000000000"], "`seed` must be below 2**32"),
    ],
)
def test_the_command_says_an_error_in_one_line(tmp_path, capsys, argv, words):
    assert train.main([*argv, "--out", str(tmp_path), "--quiet"]) == 2
    error = capsys.readouterr().err.strip().splitlines()
    assert error[-1].startswith("error: ") and words in error[-1]


@pytest.mark.slow
def test_the_command_trains(whole, photos, tmp_path):
    numbers = {
        "size": "32x32",
        "epochs": 1,
        "limit": 2,
        "batch-size": 2,
        "style": "pencil",
        "fit": "squeeze",
        "zoom": 1,
        "aspect": 1,
        "seed": 3,
    }
    argv = [word for name, value in numbers.items() for word in (f"--{name}", str(value))]
    argv += ["--vgg16", "random", "--precision", "float32", "--weights", str(whole / LAST), "--quiet"]
    assert train.main(["faces", "--data", str(photos), "--out", str(tmp_path), *argv]) == 0
    stage = json.loads((tmp_path / "recipe.json").read_text())["recipe"]["stage"]
    expected = {"size": [32, 32], "epochs": 1, "style": "pencil", "fit": "squeeze", "seed": 3, "limit": 2}
    assert {name: stage[name] for name in expected} == expected
    assert weights.describe(tmp_path / BEST)["data"] == ["photos"]
