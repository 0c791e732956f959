"""Validation: who is held out, and what is scored."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from sketchback import datasets, images, models
from sketchback.datasets.views import View
from sketchback.evaluation import metrics
from sketchback.training.validation import hold_out, validate


def test_held_out_takes_from_every_set_in_turn():
    def made(kind: str, count: int) -> list[datasets.Example]:
        return [datasets.Example(f"{kind}{number}", Path("a"), kind=kind) for number in range(count)]

    examples = made("many", 50) + made("few", 2)
    chosen = hold_out(examples, 6)
    assert sorted(example.kind for example in chosen) == ["few"] * 2 + ["many"] * 4
    assert chosen == hold_out(examples, 6) and len(set(chosen)) == 6
    assert len(hold_out(examples, 200)) == 52 and hold_out([], 5) == [] and hold_out(examples, 0) == []


def test_scores_are_means_and_leave_out_what_breaks_off(tmp_path, caplog):
    rng = np.random.default_rng(0)
    for number in range(12):
        images.write(tmp_path / "photos" / f"{number}.png", rng.random((32, 32, 3), np.float32))
    good = datasets.find(tmp_path / "photos")[:3]
    bad = tmp_path / "bad.png"
    bad.write_bytes(good[0].photo.read_bytes()[:300])
    generator = models.build("scribbler", width=2, halvings=1, blocks=0)
    scores, rows = validate(generator, [*good, datasets.Example("bad", bad)], View((32, 32)))
    assert scores["psnr"] == pytest.approx(np.mean([metrics.psnr(truth, made) for _, made, truth in rows]))
    assert scores["ssim"] == pytest.approx(np.mean([metrics.ssim(truth, made) for _, made, truth in rows]))
    assert len(rows) == 3 and "left out of validation" in caplog.text and str(bad) in caplog.text
    assert validate(generator, [], View((32, 32))) == ({}, [])


@pytest.mark.parametrize("takes", ["enlarger", "artist"])
def test_networks_of_photographs_are_scored_at_any_size(tmp_path, takes: str):
    images.write(tmp_path / "0.png", np.random.default_rng(0).random((40, 36, 3), np.float32))
    network = models.build(takes, width=2, blocks=1)
    example = dataclasses.replace(datasets.find(tmp_path)[0], sketch=tmp_path / "0.png", kind="CUFS")
    scores, rows = validate(network, [example], View((36, 36)))
    assert scores["psnr"] > 0 and rows[0][1].shape[:2] == (36, 36)


def test_a_generator_that_takes_tones_is_told_nothing(tmp_path):
    images.write(tmp_path / "0.png", np.random.default_rng(0).random((32, 32, 3), np.float32))
    generator = models.build("scribbler", width=2, halvings=1, blocks=0, tone=True)
    ((_, made, truth),) = validate(generator, datasets.find(tmp_path), View((32, 32)))[1]
    sketch, _ = View((32, 32)).see(datasets.find(tmp_path)[0], (0, 0))
    assert made.shape == truth.shape == (32, 32, 3) and sketch.shape == (32, 32, 1)
    told = generator.predict_on_batch([sketch[np.newaxis], np.zeros((1, 2, 2, 4), np.float32)])[0]
    np.testing.assert_allclose(made, told, atol=1e-5)
