"""What the tone sampler learns from: gathered answers, and batches of a flow towards the truth."""

from __future__ import annotations

import numpy as np
import pytest

from sketchback import images, models
from sketchback.datasets import Example
from sketchback.datasets.batches import Batches
from sketchback.datasets.showing import Showing
from sketchback.datasets.views import View
from sketchback.images import tones
from sketchback.inference import candidates
from sketchback.training.flow import FlowBatches, answers_of, gather, load, save

RNG = np.random.default_rng(0)
BATCHES = [(RNG.random((4, 32, 48, 1), np.float32), RNG.random((4, 32, 48, 3), np.float32)) for _ in range(2)]
GENERATOR = models.build("scribbler", width=2, blocks=0, tone=True)


def test_what_is_gathered():
    sketches, photos = BATCHES[1]
    untold = gather(GENERATOR, BATCHES)
    assert len(untold) == 8 and not untold.told.any()
    np.testing.assert_allclose(untold.truths[6], tones.of_photo(photos[2]), atol=1e-3)
    np.testing.assert_allclose(untold.answers[4:], candidates.answer_tones(GENERATOR, sketches), atol=1e-3)
    np.testing.assert_allclose(untold.inks[4:], candidates.ink(sketches), atol=1e-3)
    told = gather(GENERATOR, BATCHES, told=1.0)
    assert told.told.any() and (told.answers != untold.answers).any()
    old = models.build("scribbler", width=2, halvings=2, blocks=0)
    assert not gather(old, BATCHES, told=1.0).told.any()


def test_answers_are_kept(tmp_path):
    gathered = gather(GENERATOR, BATCHES)
    save(gathered, tmp_path / "new" / "answers.npz")
    for name, array in vars(load(tmp_path / "new" / "answers.npz")).items():
        np.testing.assert_array_equal(array, getattr(gathered, name))
    (tmp_path / "answers.npz").write_bytes(b"PK")
    with pytest.raises(ValueError, match=r"must be whole\. Received: .*Delete it"):
        load(tmp_path / "answers.npz")


def test_answers_to_other_drawings_are_others(tmp_path):
    photo = images.write(tmp_path / "photo.png", BATCHES[0][1][0])
    for hand in ("CUFS", "XM2VTS", "CUFS"):
        drawing = images.write(tmp_path / hand / "a.png", BATCHES[0][0][len(hand) % 4])
        shown = Batches([Example("a", photo, drawing=drawing)], View((32, 32)), Showing(artist=1.0), batch_size=1)
        answers_of(GENERATOR, shown, tmp_path / "answers", teacher_name="t", told=0.0)
    assert len(list((tmp_path / "answers").iterdir())) == 2


def test_a_straight_step_leads_to_the_truth():
    gathered = gather(GENERATOR, BATCHES)
    states, velocities = FlowBatches(gathered, batch_size=8)[0]
    times = states[..., -1:]
    ends = states[..., :3] + (1 - times) * velocities
    reached = np.sort((states[..., 3:6] + 0.5 + candidates.SPREAD * ends).mean(axis=(1, 2, 3)))
    np.testing.assert_allclose(reached, np.sort(gathered.truths.mean(axis=(1, 2, 3), dtype=float)), atol=1e-3)
    assert len(np.unique(times)) == 8 and 0 <= times.min() < 0.5 < times.max() <= 1


def test_batches_depend_on_seed_epoch_and_number_alone():
    batches = FlowBatches(gather(GENERATOR, BATCHES), batch_size=4)
    assert (len(batches), len(batches.at(3, 1)), batches.steps) == (2, 1, 2)
    np.testing.assert_array_equal(batches.at(3)[1][0], batches.at(3, 1)[0][0])
    parts = [batches.at(3, 1, rank, 2)[0][1] for rank in range(2)]
    np.testing.assert_array_equal(np.concatenate(parts), batches.at(3)[1][1])
    assert (batches.at(4)[1][0] != batches.at(3)[1][0]).any()


def test_what_does_not_fit_is_refused():
    gathered = gather(GENERATOR, BATCHES)
    with pytest.raises(ValueError, match="`batch_size` must be .*Received: batch_size=9"):
        FlowBatches(gathered, batch_size=9)
    with pytest.raises(ValueError, match="multiple of `workers`"):
        FlowBatches(gathered, batch_size=4).at(0, 0, 0, 3)
    with pytest.raises(IndexError):
        FlowBatches(gathered, batch_size=4)[2]
