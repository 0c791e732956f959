"""The table of scores: means, a median, parts of a set, and what is left out where a network is missing."""

from __future__ import annotations

import numpy as np
import pytest

from sketchback.evaluation import metrics
from sketchback.evaluation.perceptual import KID_LEAST, sharpness_ratio
from sketchback.evaluation.tables import Table
from sketchback.models.efficientnet import ENVIRONMENT

RNG = np.random.default_rng(0)
TRUTHS = RNG.random((KID_LEAST, 16, 16, 3), np.float32)
SOFT = 0.5 * TRUTHS + 0.25


def test_a_table_gathers_batches(monkeypatch) -> None:
    monkeypatch.setenv(ENVIRONMENT, "random")
    table = Table()
    for begin in range(0, KID_LEAST, 50):
        batch = slice(begin, begin + 50)
        table.add(TRUTHS[batch], {"itself": TRUTHS[batch], "soft": SOFT[batch]})
    found = table.summary(np.ones(KID_LEAST, bool))
    assert list(found["soft"]) == ["psnr", "ssim", "r", "sharpness", "distance", "kid"]
    assert found["itself"]["distance"].value < 1e-6 < found["soft"]["distance"].value
    assert found["itself"]["kid"].value == pytest.approx(0, abs=1e-6)
    chosen = np.arange(KID_LEAST) < 3
    part = table.summary(chosen)["soft"]
    assert part["psnr"].value == pytest.approx(np.mean([metrics.psnr(TRUTHS[i], SOFT[i]) for i in range(3)]))
    assert part["sharpness"].value == np.median([sharpness_ratio(TRUTHS[i], SOFT[i]) for i in range(3)])
    assert "kid" not in part  # three pictures are too few


def test_without_the_network_one_line_says_so(monkeypatch, caplog) -> None:
    monkeypatch.setenv(ENVIRONMENT, "nowhere.pth")
    table = Table()
    table.add(TRUTHS[:2], {"soft": SOFT[:2]})
    assert list(table.summary(np.ones(2, bool))["soft"]) == ["psnr", "ssim", "r", "sharpness"]
    assert [record.message.startswith("no distance and no KID: ") for record in caplog.records] == [True]
