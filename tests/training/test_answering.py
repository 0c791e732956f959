"""What an enlarger is shown where a generator answers."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from small_pairs import write_pairs
from small_weights import SMALL, make

from sketchback import models, train, weights
from sketchback.images import tones
from sketchback.inference import telling
from sketchback.training.answering import Answering


def test_it_answers_the_drawing_and_is_told_the_tones():
    generator, rng = make(**SMALL, tone=True), np.random.default_rng(0)
    photo, sketch = rng.random((4, 40, 32, 3), np.float32), rng.random((4, 80, 64, 1), np.float32)
    answer, shown = Answering(generator)((photo, sketch))
    assert shown is sketch and tuple(answer.shape) == photo.shape
    np.testing.assert_array_equal(answer[2:], photo[2:])  # half of the batch stays
    small = sketch[:2].reshape(2, 40, 2, 32, 2, 1).mean(axis=(2, 4))
    told = np.stack([tones.of_photo(one) for one in photo[:2]])
    padded = np.pad(small, ((0, 0), (0, 8), (0, 0), (0, 0)), mode="reflect")
    np.testing.assert_allclose(answer[:2], telling.answer(generator, padded, told)[:, :40], atol=1e-5)
    assert not generator.trainable_variables


def test_a_generator_that_takes_no_tones_is_refused():
    with pytest.raises(
        ValueError, match=r"`answers` needs a generator that takes a sketch and tones\. .* takes sketch"
    ):
        Answering(make(**SMALL))


@pytest.fixture
def answers(tmp_path: Path) -> Path:
    return weights.save(make(**SMALL, tone=True), tmp_path / "answers.weights.h5")


def test_a_run_with_answers_teaches_the_enlarger_alone(tmp_path: Path, answers: Path, caplog):
    data, out, before = write_pairs(tmp_path / "data"), tmp_path / "run", answers.read_bytes()
    begun = weights.save(models.build("enlarger", width=2, blocks=0), tmp_path / "begun.weights.h5")
    command = ["enlarger", "--data", str(data), "--weights", str(begun), "--answers", str(answers), "--out", str(out)]
    small = ["--size", "32x32", "--epochs", "1", "--limit", "4", "--batch-size", "2", "--validate", "2"]
    assert train.main([*command, *small]) == 0
    made = weights.load(out / "last.weights.h5")
    assert made.takes == ("photo", "sketch") and answers.read_bytes() == before
    assert made.facts["recipe"]["answers"] == str(answers)
    assert list(made.facts["recipe"]["teachers"]) == ["answers"]
    weights.save(make(**SMALL, tone=True, seed=1), answers)
    record = out / "recipe.json"
    record.write_text(record.read_text().replace('"epochs": 1', '"epochs": 2'))  # there is something left to do
    assert train.main(["enlarger", "--resume", "--out", str(out)]) == 0
    assert "other weights than the run began with teach it from now on: answers" in caplog.text


def test_only_an_enlarger_is_shown_answers(tmp_path: Path, answers: Path, capsys: pytest.CaptureFixture):
    command = ["faces", "--answers", str(answers), "--out", str(tmp_path / "run"), "--vgg16", "random", "--epochs", "1"]
    assert train.main(command) == 2
    assert "`answers` are shown to an enlarger" in capsys.readouterr().err


def test_answers_that_are_missing_are_said_at_once(tmp_path: Path, capsys: pytest.CaptureFixture):
    assert train.main(["enlarger", "--answers", "nobody", "--epochs", "1", "--out", str(tmp_path / "run")]) == 2
    assert "nobody" in capsys.readouterr().err and not (tmp_path / "run").exists()
