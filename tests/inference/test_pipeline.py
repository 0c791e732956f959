"""What a generator is shown, and what comes back: any size, reflected edges, the scale that it knows."""

from __future__ import annotations

import keras
import numpy as np
import pytest
from keras import ops

from sketchback import images
from sketchback.inference.pipeline import predict
from sketchback.models import build, scribbler, sketchback2017


def sketches(size: tuple[int, int] = (32, 32), batch: int = 1, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).random((batch, *size, 1)).astype(np.float32)


def run(generator: keras.Model, values: np.ndarray) -> np.ndarray:
    return ops.convert_to_numpy(generator(values))


@pytest.mark.parametrize("size", [(16, 16), (17, 31), (205, 282)])
@pytest.mark.parametrize("architecture", [{"width": 2, "blocks": 1}, {"width": 1, "halvings": 4, "blocks": 0}])
def test_any_size_in_the_same_size_out(size, architecture):
    photo = predict(scribbler(**architecture), sketches(size, batch=2))
    assert photo.shape == (2, *size, 3) and photo.dtype == np.float32
    assert photo.min() >= 0 and photo.max() <= 1


def test_sketchback2017_takes_any_size():
    assert predict(sketchback2017(), sketches((17, 31))).shape == (1, 17, 31, 3)


def test_predict_is_the_network_where_nothing_is_padded():
    generator, values = scribbler(2, 2, blocks=1), sketches((16, 20))
    np.testing.assert_allclose(predict(generator, values), run(generator, values), atol=1e-6)


def test_predict_reflects_at_the_lower_and_right_edge():
    generator, values = scribbler(2, 2, blocks=1), sketches((18, 21))  # stride 4: 20 x 24
    rows, columns = [*range(18), 16, 15], [*range(21), 19, 18, 17]
    expected = run(generator, values[:, rows][:, :, columns])[:, :18, :21]
    np.testing.assert_allclose(predict(generator, values), expected, atol=1e-6)


def test_a_sketch_is_brought_to_what_the_generator_knows():
    generator, large = scribbler(2, 2, blocks=1), sketches((64, 48), seed=2)
    for working, seen in (((24, 24), (32, 24)), ((96, 64), (96, 72))):  # what just covers it
        small = predict(generator, images.resize(large[0], seen, cubic=True)[np.newaxis], seen)
        expected = images.resize(small[0], (64, 48), cubic=True)
        np.testing.assert_allclose(predict(generator, large, working)[0], expected, atol=1e-6)
    generator.facts = {"recipe": {"size": [24, 24]}}  # as its file says
    np.testing.assert_array_equal(predict(generator, large), predict(generator, large, (24, 24)))


class Watched:
    """A generator that tells the shape of what it was shown."""

    stride, takes = 4, ("sketch",)

    def predict_on_batch(self, batch: np.ndarray) -> np.ndarray:
        self.seen = batch.shape
        return np.repeat(batch, 3, axis=-1)


def test_a_ribbon_is_enlarged_within_bounds():
    watched = Watched()
    assert predict(watched, sketches((16, 200)), working=(64, 64)).shape == (1, 16, 200, 3)
    assert 16 * 200 < watched.seen[1] * watched.seen[2] < 5 * 64 * 64  # to cover 64 x 64 it would be 64 x 800


def test_a_generator_by_itself_says_what_it_takes():
    generator = build("scribbler", width=2, halvings=2, blocks=0)
    for call in (generator, generator.predict_on_batch):
        with pytest.raises(
            ValueError, match=r"multiples of 4\. Received: shape=\(1, 17, 20, 1\)\. .*pipeline\.predict"
        ):
            call(sketches((17, 20)))
    assert generator(sketches((16, 20))).shape == (1, 16, 20, 3)


def test_predict_takes_other_number_types():
    generator = scribbler(2, 2, blocks=0)
    np.testing.assert_array_equal(
        predict(generator, np.ones((1, 16, 16, 1), np.float64)), predict(generator, np.ones((1, 16, 16, 1), np.float32))
    )


@pytest.mark.parametrize("shape", [(16, 16), (16, 16, 1), (1, 16, 16), (1, 16, 16, 3)])
def test_predict_says_what_it_takes(shape):
    with pytest.raises(ValueError, match=r"`sketches` must be \(B, H, W, 1\)\. Received: shape="):
        predict(scribbler(1, 1, blocks=0), np.ones(shape, np.float32))


def test_a_working_size_beyond_memory_is_refused():
    with pytest.raises(ValueError, match="at most 4 megapixels.*Received: working=\\(5000, 5000\\)"):
        predict(scribbler(2, 1, blocks=0), np.ones((1, 16, 16, 1), np.float32), (5000, 5000))
