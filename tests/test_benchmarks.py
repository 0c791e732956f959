"""How benchmarks/speed.py takes turns and what it compares. What it measures is never asserted."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

import numpy as np
import pytest

from sketchback import models
from sketchback.models import backbones, discriminator, efficientnet

sys.path.insert(0, str(Path(__file__).parents[1] / "benchmarks"))
speed = pytest.importorskip("speed", reason="needs the checkout")
rivals = pytest.importorskip("rivals", reason="needs the checkout")

MAKERS = """
def letter(letter, path, output=1.0):
    def work(count):
        with open(path, "a") as file:
            file.write(letter)
        return count
    return work, output

def absent():
    import no_such_package
"""


@pytest.mark.slow
def test_turns_alternate_and_only_equals_take_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "makers.py").write_text(MAKERS)
    monkeypatch.syspath_prepend(tmp_path)  # which the contenders' processes are given too
    import makers

    log = tmp_path / "log"
    made = [speed.Contender(name, makers.letter, letter=name, path=str(log)) for name in "ab"]
    made += [speed.Contender("c", makers.absent), speed.Contender("d", makers.letter, letter="d", path="", output=1.2)]
    speed.compare("Letters", made, argparse.Namespace(turns=2, seconds=0.0), tolerance=0.1)
    # Two calls that say how many fill a turn, a turn that does not count, and two that do, in turned order.
    assert log.read_text() == "aaa" + "bbb" + "ba" + "ab"
    said = capsys.readouterr().out
    assert "left out: c: ModuleNotFoundError: No module named 'no_such_package'" in said
    assert "left out: d: ValueError: what it computes differs by 0.2 from a" in said
    assert [line[:5] for line in said.splitlines()[-3:]] == ["| a |", "| b |", ""]


def test_ratios_are_those_of_each_turn() -> None:
    # 2, 1 and 8: their median is 2, while the medians 4 and 3 would give 1.33.
    assert speed.ratios([4.0, 3.0, 8.0], [2.0, 3.0, 1.0]) == "2.00 [1.00, 8.00]"


def test_the_floating_point_operations_of_a_training_step() -> None:
    import keras

    def macs(model: keras.Model) -> list[float]:
        """Multiply-accumulates of each convolution of a forward pass, for each pixel."""
        own = [layer for layer in model.layers if isinstance(layer, keras.layers.Conv2D)]
        seen = keras.Model(model.inputs, [layer.output for layer in own])
        shapes = seen.compute_output_shape((1, 96, 96, model.inputs[0].shape[-1]))
        pairs = zip(shapes, own, strict=True)
        return [np.prod(shape[1:3]) * np.prod(layer.kernel.shape) / 96**2 for shape, layer in pairs]

    # Forward, weights and inputs of the generator, but no gradient of the sketch; two forward and one back in VGG.
    stem, *rest = macs(models.scribbler())
    vgg = macs(backbones.vgg16("random"))
    assert stem == 7 * 7 * 32
    assert sum(vgg) == 9 * (3 * 64 + 64 * 64 + (64 * 128 + 128 * 128) / 4)
    assert 2e-6 * (2 * stem + 3 * sum(rest) + 3 * sum(vgg)) == pytest.approx(speed.MFLOP, rel=1e-4)


@pytest.mark.parametrize("skips", [True, False])
def test_the_twin_in_pytorch_gives_the_same_picture(tmp_path: Path, skips: bool) -> None:
    pytest.importorskip("torch", reason="needs PyTorch")
    generator = models.build("scribbler", width=4, halvings=3, blocks=1, skips=skips)
    rng = np.random.default_rng(0)
    for variable in generator.weights:  # the second convolutions begin at zero, which would hide mistakes
        variable.assign(rng.normal(0, 0.2, variable.shape))
    arrays = {variable.path.removeprefix("scribbler/"): np.asarray(variable) for variable in generator.weights}
    np.savez(tmp_path / "pytorch.npz", arguments=json.dumps(generator.arguments), **arrays)
    sketches = rng.random((2, 32, 48, 1), np.float32)
    ours = np.asarray(generator(sketches))
    assert np.ptp(ours) > 0.1
    np.testing.assert_allclose(rivals.pytorch(str(tmp_path / "pytorch.npz"))(sketches), ours, atol=1e-4)


def test_the_discriminators_twin_in_pytorch_gives_the_same_loss(tmp_path: Path, monkeypatch) -> None:
    pytest.importorskip("torch", reason="needs PyTorch")
    monkeypatch.setattr(discriminator, "BRIGHTNESS", 0.0)
    monkeypatch.setattr(discriminator, "SATURATION", 0.0)
    truth, made = np.random.default_rng(0).random((2, 2, 64, 96, 3), np.float32)
    judged = speed.judging_arrays(tmp_path, efficientnet.efficientnet_lite0("random"))(truth, made)
    expected = float(judged.discriminator + 0.5 * judged.adversarial + 2.0 * judged.matching)
    files = [str(tmp_path / name) for name in ("efficientnet.npz", "discriminator.npz")]
    loss_of, _ = rivals.judge(*files, adversarial=0.5, matching=2.0)
    found = loss_of(*map(rivals.channels_last, (truth, made)), coloured=False)
    assert float(found.detach()) == pytest.approx(expected, rel=1e-4)
