"""Blending and publishing: what the file that ships says of itself."""

from __future__ import annotations

import json

import numpy as np
import pytest

from sketchback import models, weights
from sketchback.training.publishing import blend, blend_stage, publish
from sketchback.training.schema import BEST, LAST


def saved(path, width: int = 2, **said):
    facts = {"name": "faces", "size": [32, 32], "epochs_done": 3, "seconds": 1800.0}
    generator = models.build("scribbler", width=width, halvings=1, blocks=0)
    return weights.save(generator, path, recipe=json.dumps(facts), data=["celeba"], terms="research", **said)


def test_a_published_file_is_half_as_long_listed_and_keeps_what_was_said(tmp_path):
    run = tmp_path / "run"
    path = saved(run / BEST, width=16, scores={"val_psnr": 17.5}, note="blended with 0.25 of stage one")
    result = {"scores": {"the generator": {"psnr": (18.123456, 18.0, 18.2)}}}
    row = publish(run, "toys", folder=tmp_path, scores={"cufs": result}, note="a note")
    made = tmp_path / "toys.weights.h5"
    assert weights.read_sums(tmp_path) == {made.name: weights.sha256(made)}
    assert row.startswith("| `toys.weights.h5` | `faces` | 3 at 32 x 32 | 0.5 h |") and row.endswith("| research |")
    assert made.stat().st_size < 0.75 * path.stat().st_size
    facts, before = weights.describe(made), weights.describe(path)
    assert facts["scores"] == {"cufs": {"the generator": {"psnr": 18.1235}}}
    assert facts["note"] == "blended with 0.25 of stage one; a note"
    assert all(facts[name] == before[name] for name in ("recipe", "data", "terms", "date"))
    saved(run / "last.weights.h5", width=8)
    publish(run, "last", chosen="last.weights.h5", folder=tmp_path)
    assert weights.describe(tmp_path / "last.weights.h5")["arguments"]["width"] == 8
    ours, theirs = weights.load(made).get_weights(), weights.load(path).get_weights()
    assert all(np.allclose(a, b, atol=1e-3) for a, b in zip(ours, theirs, strict=True))


def test_a_stage_passes_on_a_blend_of_the_weights_that_were_chosen(tmp_path):
    (began := tmp_path / "before").mkdir()
    files = {name: saved(tmp_path / name) for name in (BEST, LAST)} | {"began": saved(began / BEST)}
    arrays = {name: weights.load(file).get_weights() for name, file in files.items()}
    for chosen in (BEST, LAST):
        made = weights.load(blend_stage(tmp_path, files["began"], share=0.25, chosen=chosen))
        for ours, own, before in zip(made.get_weights(), arrays[chosen], arrays["began"], strict=True):
            np.testing.assert_allclose(ours, 0.75 * own + 0.25 * before, atol=1e-6)
    assert "0.25 of before/best.weights.h5" in str(made.facts["note"]) and not made.facts["scores"]


def test_a_blend_lies_between_two_files_of_one_architecture(tmp_path):
    first, second, other = (saved(tmp_path / f"{n}.weights.h5", width) for n, width in (("a", 2), ("b", 2), ("c", 3)))
    a, b = weights.load(first).get_weights(), weights.load(second).get_weights()
    for x, y, z in zip(a, b, blend(first, second, share=0.25).get_weights(), strict=True):
        np.testing.assert_allclose(z, 0.75 * x + 0.25 * y, atol=1e-6)
    told = weights.save(models.build("scribbler", width=2, halvings=1, blocks=0, tone=True), tmp_path / "t.weights.h5")
    assert blend(told, first, share=0.5).takes == ("sketch", "tone")  # of a stage that began without
    for given in ((first, other), (first, told)):
        with pytest.raises(ValueError, match="must be of one architecture"):
            blend(*given, share=0.5)
    with pytest.raises(ValueError, match="`share` must be from 0 to 1"):
        blend(first, second, share=1.5)
