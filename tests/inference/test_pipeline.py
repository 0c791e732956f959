"""What a generator is shown, and what comes back: any size, reflected edges, the scale that it knows."""

from __future__ import annotations

import dataclasses

import keras
import numpy as np
import pytest
import small_weights
from keras import ops

from sketchback import images, weights
from sketchback.images import tones
from sketchback.inference import enlarging, pipeline, telling
from sketchback.inference.backprojection import back_project
from sketchback.inference.options import Options
from sketchback.inference.padding import pad_to_multiple
from sketchback.inference.pipeline import predict
from sketchback.models import build, scribbler, sketchback2017
from sketchback.weights import registry


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


def test_a_ribbon_is_reduced_to_what_memory_holds(monkeypatch):
    monkeypatch.setattr(pipeline, "MAX_WORKING", 40_000)
    generator, ribbon = scribbler(2, 1, blocks=0), np.ones((1, 64, 2000, 1), np.float32)
    height, width = pipeline.look(generator, ribbon, (64, 64)).seen
    assert height * width == pytest.approx(40_000, rel=0.02)
    assert predict(generator, ribbon, (64, 64)).shape == (1, 64, 2000, 3)


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
    with pytest.raises(ValueError, match=r"`sketches` must be \(B, H, W, 1\), at least one\. Received: shape="):
        predict(scribbler(1, 1, blocks=0), np.ones(shape, np.float32))


@pytest.mark.parametrize("values", [np.uint8(200), np.float32(200), np.float32("nan")])
def test_predict_is_not_given_other_numbers(values):
    with pytest.raises(ValueError, match=r"`sketches` must be float in \[0, 1\], white paper = 1\. Received: "):
        predict(scribbler(1, 1, blocks=0), np.full((1, 16, 16, 1), values))


def test_a_batch_of_none_is_refused():
    with pytest.raises(ValueError, match="one drawing at least. Received: none"):
        pipeline.run(small_weights.original(), [])


def test_a_working_size_beyond_memory_is_refused():
    with pytest.raises(ValueError, match="at most 4 megapixels.*Received: working=\\(5000, 5000\\)"):
        predict(scribbler(2, 1, blocks=0), np.ones((1, 16, 16, 1), np.float32), (5000, 5000))


# Tone, candidates, enlarging


@pytest.fixture(scope="module")
def told_one():
    """A generator that takes tones, whose photograph is about as bright as it is told."""
    return small_weights.make(width=2, blocks=1, tone=True)


@pytest.fixture
def installed(tmp_path, monkeypatch):
    """Weights of a small sampler and a small enlarger, by name."""
    weights.save(build("tone_sampler", width=4, blocks=1), tmp_path / "tones.weights.h5")
    weights.save(build("enlarger", width=2, blocks=0), tmp_path / "enlarger.weights.h5")
    monkeypatch.setenv(weights.ENVIRONMENT, str(tmp_path))
    return tmp_path


def test_tones_are_told_in_the_cells_that_the_generator_sees(told_one):
    sketch = sketches((40, 33))
    nothing = predict(told_one, sketch)
    np.testing.assert_array_equal(predict(told_one, sketch, tones=np.full((1, 5, 9, 3), np.nan)), nothing)
    np.testing.assert_allclose(nothing, run(told_one, pad_to_multiple(sketch, 16))[:, :40, :33], atol=1e-6)
    colours = np.random.default_rng(1).random((1, 80, 66, 3)).astype(np.float32)
    inputs = [
        pad_to_multiple(sketch, 16),
        tones.encode(tones.of_photo(images.resize(colours[0], (40, 33))))[np.newaxis],
    ]
    expected = ops.convert_to_numpy(told_one(inputs))[:, :40, :33]
    expected = np.stack([back_project(expected[0], inputs[1][0, ..., :3])])
    np.testing.assert_allclose(predict(told_one, sketch, tones=colours), expected, atol=1e-3)
    assert np.abs(expected - nothing).max() > 0.01
    with pytest.raises(ValueError, match=r"`tones` must be \(B, h, w, 3\), one map for each"):
        predict(told_one, sketch, tones=colours[0])
    with pytest.raises(ValueError, match="needs weights that take a tone map"):
        predict(scribbler(2, 1, blocks=0), sketch, tones=colours)


def test_candidates_are_one_seed_s(told_one, installed, monkeypatch):
    pictures = list(sketches((40, 33), batch=2))
    several = pipeline.run(told_one, pictures, Options(candidates=3, seed=5))
    assert several.shape == (2, 3, 40, 33, 3)
    assert np.abs(several[:, 0] - several[:, 1]).max() > 0.01
    np.testing.assert_allclose(
        pipeline.run(told_one, pictures, Options(candidates=2, seed=5)), several[:, :2], atol=1e-5
    )
    last = pipeline.run(told_one, pictures, Options(candidates=1, first=2, seed=5))
    np.testing.assert_allclose(last[:, 0], several[:, 2], atol=1e-5)
    darker = pipeline.run(told_one, pictures, Options(candidates=3, seed=5, tone={"lighter": -0.3}))
    assert (darker.mean(axis=(2, 3, 4)) < several.mean(axis=(2, 3, 4))).all()  # each of them is changed
    colours = np.full((40, 33, 3), np.nan, np.float32)
    colours[:16, 2:5] = (0.1, 0.8, 0.1)  # a narrow stroke: what is beside it in its cells is changed too
    painted = Options(candidates=2, seed=5, tone={"strokes": colours})
    beside = np.s_[:, :, 4:12, 10:15]
    before = pipeline.run(told_one, pictures, painted)[beside].mean(axis=(2, 3, 4))
    dark = dataclasses.replace(painted, tone={"strokes": colours, "lighter": -0.5})
    assert (pipeline.run(told_one, pictures, dark)[beside].mean(axis=(2, 3, 4)) < before / 2).all()
    answers = []
    answer = pipeline.telling.answer
    monkeypatch.setattr(pipeline.telling, "answer", lambda *asked: answers.append(answer(*asked)) or answers[-1])
    pipeline.run(told_one, pictures, Options(candidates=4))
    assert len(answers) == 1  # the photograph is made once, and changed
    whole = Options(candidates=2, tone=np.full((1, 1, 3), 0.5))
    same = pipeline.run(told_one, pictures, whole)
    np.testing.assert_allclose(same[:, 0], same[:, 1], atol=1e-6)  # where all is told, nothing is left to differ


def test_an_enlarger_brings_photographs_to_the_drawing_or_beyond(installed):
    generator, picture = small_weights.original(), sketches((64, 48))[0]
    for scale, size in ((None, (64, 48)), (2, (128, 96))):
        options = Options(working=(32, 24), scale=scale, compare=True)
        (both,) = pipeline.run(generator, [picture], options)
        assert both.shape == (size[0], 2 * size[1] + 4, 3)
        photo = predict(generator, images.resize(picture, (32, 24))[np.newaxis], (32, 24))
        for _ in range(size[0] // 32 // 2):
            twice = [2 * side for side in photo.shape[1:3]]
            strokes = images.resize(picture, twice, cubic=True)[np.newaxis]
            photo = enlarging.enlarge(weights.load("enlarger"), photo, strokes)
        np.testing.assert_allclose(both[:, size[1] + 4 :], photo[0], atol=1 / 255)
    (whole,) = pipeline.run(generator, [picture], Options(working=(32, 24)))
    np.testing.assert_array_equal(predict(generator, picture[np.newaxis], (32, 24), detail=True)[0], whole)
    plain, detailed = pipeline.predict_both(generator, picture[np.newaxis], (32, 24))
    np.testing.assert_array_equal(detailed[0], whole)
    np.testing.assert_array_equal(plain, predict(generator, picture[np.newaxis], (32, 24)))
    assert pipeline.predict_both(generator, picture[np.newaxis], (60, 45))[1] is None
    assert pipeline.adds_detail(generator, (64, 48), (32, 24))
    assert not pipeline.adds_detail(generator, (64, 48), (60, 45))  # there is too little to add
    (plain,) = pipeline.run(generator, [picture], Options(working=(32, 24), scale=1))
    np.testing.assert_allclose(plain, predict(generator, picture[np.newaxis], (32, 24))[0], atol=1e-6)


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ({"size": (9000, 9000)}, "at most 16 megapixels.*9000 rows x 9000 columns. Take a smaller `size`"),
        ({"size": (2500, 2000), "scale": 4}, "10000 rows x 8000 columns. Take a smaller `size` or `scale`"),
        ({"size": (2000, 2000), "candidates": 26}, "at most 100 megapixels.*candidates=26 of 2000 rows"),
        ({"size": (4000, 4000)}, "before it is cut.*40 rows x 1000 columns.*4000 x 100000. Take fit pad"),
    ],
)
def test_answers_beyond_memory_are_refused(told_one, asked, words):
    with pytest.raises(ValueError, match=words):
        pipeline.run(told_one, [1 - np.eye(40, 1000, dtype=np.float32)[..., None]], Options(**asked))


def test_a_photograph_may_have_the_pixels_of_its_drawing(monkeypatch):
    monkeypatch.setattr(pipeline, "MAX_ANSWER", 1000)
    assert pipeline.run(Watched(), [sketches((40, 33))[0]]).shape == (1, 40, 33, 3)
    with pytest.raises(ValueError, match="80 rows x 66 columns"):
        pipeline.run(Watched(), [sketches((40, 33))[0]], Options(scale=2))


def test_a_generator_is_shown_so_much_at_once(monkeypatch):
    several, watched = sketches((40, 40), batch=5), Watched()
    expected = predict(watched, several)
    assert watched.seen == (5, 40, 40, 1)
    monkeypatch.setattr(telling, "TOGETHER", 2 * 40 * 40)
    np.testing.assert_array_equal(predict(watched, several), expected)
    assert watched.seen == (1, 40, 40, 1)  # after two and two


def test_what_is_not_installed_is_said(told_one, tmp_path, monkeypatch):
    monkeypatch.setenv(weights.ENVIRONMENT, str(tmp_path))
    monkeypatch.setattr(registry, "PACKAGE", tmp_path / "elsewhere" / "package")
    for options, words in (
        (Options(scale=2), "`scale` needs enlarger"),
        (Options(candidates=2), "`candidates` needs tones"),
    ):
        with pytest.raises(ValueError, match=f"{words}.weights.h5"):
            pipeline.run(told_one, [1 - np.eye(32, dtype=np.float32)[..., None]], options)
