"""Candidates: what a sampler is shown, and that samples keep to the seed, to the flow and to what is told."""

from __future__ import annotations

import numpy as np
import pytest

from sketchback import models
from sketchback.images import tones
from sketchback.inference import candidates


@pytest.fixture(scope="module")
def generator():
    return models.build("scribbler", width=2, blocks=0, tone=True)


@pytest.fixture(scope="module")
def sampler():
    """Untrained, but not at rest."""
    made = models.build("tone_sampler", width=4, blocks=1)
    last = made.get_layer("velocity")
    last.set_weights([np.random.default_rng(1).normal(0, 0.1, array.shape) for array in last.get_weights()])
    return made


SKETCHES = np.random.default_rng(0).random((2, 32, 48, 1), np.float32)


@pytest.fixture(scope="module")
def own(generator):
    return candidates.answer_tones(generator, SKETCHES)


def test_ink_says_where_in_a_cell_it_lies():
    sketch = np.ones((1, 20, 32, 1), np.float32)
    sketch[0, 4:8, 24:28] = 0.0  # second row, third square of the second cell
    found = candidates.ink(sketch)
    assert found.shape == (1, 2, 2, 20)
    assert found[0, 0, 1, 6] == 1 and found[..., :16].sum() == 1
    assert np.flatnonzero(found[0, 0, 1, 16:]).tolist() == [1] and not found[0, 1].any()


def test_the_answer_has_the_means_of_the_photograph_and_hears_what_is_told(generator):
    photo = generator.predict_on_batch(SKETCHES)
    np.testing.assert_allclose(candidates.answer_tones(generator, SKETCHES)[1], tones.of_photo(photo[1]), atol=1e-6)
    told = np.random.default_rng(2).random((2, 2, 3, 3), np.float32)
    assert (
        np.abs(candidates.answer_tones(generator, SKETCHES, told) - candidates.answer_tones(generator, SKETCHES)).max()
        > 1e-3
    )
    old = models.build("scribbler", width=2, halvings=2, blocks=0)
    assert candidates.answer_tones(old, SKETCHES[:, :20], told).shape == (2, 2, 3, 3)


def test_noise_is_as_differences_of_tone_are():
    found = candidates.noise(np.random.default_rng(0), (4000, 8, 8, 3))
    assert found.shape == (4000, 8, 8, 3) and found.var() == pytest.approx(1, abs=0.05)
    means = found.mean(axis=(1, 2))
    assert means.var() == pytest.approx(0.40 + 0.15 / 4 + 0.27 / 16 + 0.18 / 64, abs=0.03)  # in place of 1 / 64
    assert np.corrcoef(means[:, 0], means[:, 1])[0, 1] > 0.8  # mostly lighter or darker
    weighed = candidates.noise(np.random.default_rng(0), (4000, 5, 9, 3), weighed=True)
    assert weighed.shape == (4000, 5, 9, 3)  # mostly the tone as a whole
    assert weighed.mean(axis=(1, 2)).var() > 0.85 * weighed.var()


def test_samples_depend_on_the_seed_alone(own, sampler):
    many = candidates.sample(sampler, own, SKETCHES, candidates=3, seed=5)
    assert many.shape == (2, 3, 2, 3, 3) and many.dtype == np.float32 and many.min() >= 0 and many.max() <= 1
    alone = candidates.sample(sampler, own[1:], SKETCHES[1:], candidates=2, seed=5)
    np.testing.assert_allclose(alone[0], many[1, :2], atol=1e-5)
    assert np.abs(many[0, 0] - many[0, 1]).max() > 0.05
    assert np.abs(candidates.sample(sampler, own, SKETCHES, seed=6)[:, :3] - many).max() > 0.05


def test_told_cells_are_kept_and_the_others_differ(own, sampler):
    told = np.full((2, 2, 3, 3), np.nan, np.float32)
    told[0, 1, 2] = [0.9, 0.5, 0.1]
    found = candidates.sample(sampler, own, SKETCHES, candidates=2, told=told)
    np.testing.assert_array_equal(found[0, :, 1, 2], [told[0, 1, 2]] * 2)
    assert (found[0, 0, 0] != found[0, 1, 0]).any()


class Towards:
    """A flow whose end is known: its velocity leads straight to a goal."""

    takes = ("state",)
    goal = np.array([1.0, 0.5, 0.0])  # 0.5 lighter, and warmer

    def predict_on_batch(self, state: np.ndarray) -> np.ndarray:
        return (self.goal - state[..., :3]) / np.maximum(1 - state[..., -1:], 1e-3)


def test_the_flow_ends_where_its_velocity_leads_with_colours_held_back(own):
    found = candidates.sample(Towards(), own, SKETCHES, candidates=2)
    expected = np.clip(own + candidates.SPREAD * np.array([0.75, 0.5, 0.25]), 0, 1)
    np.testing.assert_allclose(found, np.stack([expected] * 2, axis=1), atol=0.05)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"candidates": 0}, "`candidates` must be"),
        ({"seed": -1}, "`seed` at least 0"),
        ({"told": np.zeros((2, 3, 3, 3))}, "`told` must hold"),
        ({"answers": np.zeros((2, 3, 3, 3))}, "`answers` must hold"),
        ({"sketches": SKETCHES[0]}, r"`sketches` must be \(B, H, W, 1\)"),
    ],
)
def test_what_does_not_fit_is_refused(own, sampler, change, message):
    with pytest.raises(ValueError, match=f"{message}.*Received: "):
        candidates.sample(sampler, **{"answers": own, "sketches": SKETCHES, **change})
