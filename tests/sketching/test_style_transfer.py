"""Neural style transfer at toy size: the Gram matrix by hand, a falling loss, and what a drawing should look like."""

from __future__ import annotations

import keras
import numpy as np
import pytest
from places import DATA

from sketchback import images, sketching
from sketchback.models import backbones
from sketchback.sketching.style_transfer import LAYERS, gram, hatching, neural, relative_error, transfer, underdrawing

VGG16 = DATA / "vgg16" / "vgg16_relu2_2.npz"


def array(tensor) -> np.ndarray:
    return np.asarray(keras.ops.convert_to_numpy(tensor))


def face(size: tuple[int, int] = (32, 32)) -> np.ndarray:
    """A dark disc with a light one inside, on light paper: edges and shadows enough."""
    rows, columns = np.mgrid[: size[0], : size[1]].astype(np.float32)
    radius = np.hypot(rows - size[0] / 2, columns - size[1] / 2) / min(size)
    picture = np.where(radius < 0.15, 0.7, np.where(radius < 0.35, 0.2, 0.9)).astype(np.float32)
    return picture[..., np.newaxis] * np.float32([1.0, 0.9, 0.8])


DRAWING = hatching((32, 32))


# ---- the terms


def test_gram_by_hand_and_by_einsum() -> None:
    # Two positions, two channels: F = [[1, 2], [3, 4]], so F^T F / 2 = [[10, 14], [14, 20]] / 2.
    np.testing.assert_allclose(array(gram(np.float32([[[[1, 2], [3, 4]]]]))), [[[5, 7], [7, 10]]])
    features = np.random.default_rng(0).random((2, 5, 7, 3), np.float32)
    np.testing.assert_allclose(array(gram(features)), np.einsum("bijc,bijd->bcd", features, features) / 35, rtol=1e-5)


def test_gram_knows_no_place_and_no_size() -> None:
    features = np.random.default_rng(1).random((1, 4, 6, 3), np.float32)
    for other in (features[:, ::-1, ::-1].copy(), np.tile(features, (1, 2, 3, 1))):
        np.testing.assert_allclose(array(gram(other)), array(gram(features)), rtol=1e-5)


def test_relative_error_by_hand() -> None:
    truth, prediction = np.float32([3, 4]), np.float32([3, 9])
    assert float(relative_error(truth, prediction)) == pytest.approx(1.0)  # 25 / 25
    assert float(relative_error(truth, truth)) == 0.0
    assert np.isfinite(float(relative_error(np.zeros(2, np.float32), truth)))


def test_underdrawing_by_hand() -> None:
    white, black = np.ones((32, 32, 3), np.float32), np.zeros((32, 32, 3), np.float32)
    np.testing.assert_array_equal(underdrawing(white), white[..., :1])
    gray = np.full((32, 32, 3), 0.75, np.float32)  # no edges: only the tone, 1 - 0.5 * 0.25 ** 1.5
    np.testing.assert_allclose(underdrawing(gray, 0.5), np.full((32, 32, 1), 0.9375), atol=1e-5)
    np.testing.assert_array_equal(underdrawing(face(), 0.0), sketching.pencil(face()))
    assert np.isfinite(underdrawing(black)).all()


def test_hatching() -> None:
    canvas = hatching((64, 48), seed=1)
    assert canvas.shape == (64, 48, 1) and canvas.dtype == np.float32 and 0 <= canvas.min() <= canvas.max() <= 1
    np.testing.assert_array_equal(canvas, hatching((64, 48), seed=1))
    assert 0.05 < (canvas < 0.5).mean() < 0.6


# ---- the whole


def test_the_loss_falls_and_inputs_are_not_changed() -> None:
    seen = []
    photo, drawing = face(), DRAWING.copy()
    result = transfer(photo, drawing, vgg16="random", steps=8, progress=lambda step, loss: seen.append((step, loss)))
    assert [step for step, _ in seen] == list(range(1, 9))
    assert seen[-1][1] < 0.9 * seen[0][1]
    assert result.shape == (32, 32, 3) and result.dtype == np.float32 and 0.0 <= result.min() <= result.max() <= 1.0
    np.testing.assert_array_equal(result[..., 0], result[..., 2])  # grey, as the drawing
    np.testing.assert_array_equal(photo, face())
    np.testing.assert_array_equal(drawing, DRAWING)


@pytest.mark.slow
def test_same_seed_same_pixels_and_neural_is_the_grey_of_it() -> None:
    first, again, other = (transfer(face(), DRAWING, vgg16="random", steps=2, seed=seed) for seed in (0, 0, 4))
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, other)
    result = neural(face(), DRAWING, vgg16="random", steps=2)
    assert result.shape == (32, 32, 1) and result.dtype == np.float32
    np.testing.assert_allclose(result[..., 0], images.to_gray(first), atol=1e-6)
    assert sketching.sketch(face(), "neural", vgg16="random", steps=1).shape == (32, 32, 1)


@pytest.mark.slow
def test_each_weight_pulls_its_way() -> None:
    network = backbones.vgg16("random", LAYERS)

    def redrawn(content: float, style: float, variation: float, steps: int = 12) -> np.ndarray:
        weights = {"content": content, "style": style, "variation": variation}
        return transfer(face(), DRAWING, vgg16="random", steps=steps, **weights)

    def distance(picture: np.ndarray) -> float:
        wanted, found = (gram(network(np.repeat(p[..., :1], 3, axis=-1)[np.newaxis])[0]) for p in (DRAWING, picture))
        return float(relative_error(wanted, found))

    only_content, only_style = redrawn(1.0, 0.0, 0.0), redrawn(0.0, 1.0, 0.0)
    assert distance(only_style) < 0.5 * distance(only_content)
    target = underdrawing(face())
    assert np.abs(only_content - target).mean() < np.abs(only_style - target).mean()
    rough, smooth = (np.square(np.diff(redrawn(0.0, 0.0, 1.0, steps), axis=1)).mean() for steps in (1, 20))
    assert smooth < 0.5 * rough


@pytest.mark.slow
def test_a_drawing_in_colour_gives_a_result_in_colour() -> None:
    chalk = np.repeat(DRAWING, 3, axis=-1) * np.float32([1.0, 0.6, 0.5])
    result = transfer(face(), chalk, content=0.0, vgg16="random", steps=10)
    assert result[..., 0].mean() > result[..., 2].mean() + 0.05  # red chalk


@pytest.mark.slow
@pytest.mark.parametrize(
    ("photo", "drawing", "size", "shape"),
    [
        (np.zeros((17, 16, 3), np.float32), np.ones((16, 16, 1), np.float32), None, (17, 16, 3)),
        (np.ones((16, 16, 3), np.float32), np.zeros((16, 16, 1), np.float32), None, (16, 16, 3)),
        (face((16, 40)), np.random.default_rng(0).random((90, 20, 3), np.float32), None, (16, 40, 3)),
        (face((40, 48)), DRAWING, (24, 32), (24, 32, 3)),
    ],
    ids=["black", "white", "another shape", "size"],
)
def test_any_size_and_any_drawing(photo, drawing, size, shape) -> None:
    result = transfer(photo, drawing, vgg16="random", steps=2, size=size)
    assert result.shape == shape and np.isfinite(result).all()


@pytest.mark.slow
@pytest.mark.skipif(not VGG16.is_file(), reason="needs ../shared/data/vgg16")
def test_with_imagenet_weights_it_draws_strokes_on_white_paper() -> None:
    photo = face((64, 64))
    result = neural(photo, vgg16=VGG16, steps=30)
    paper, shadow = photo[..., 0] > 0.8, photo[..., 0] < 0.3
    assert result[paper[..., np.newaxis]].mean() > 0.75
    assert result[shadow[..., np.newaxis]].mean() < result[paper[..., np.newaxis]].mean() - 0.15


# ---- errors


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"steps": 0}, "`steps` must be at least 1.*steps=0"),
        ({"content": -1.0}, "`content` must be.*content=-1"),
        ({"style": float("nan")}, "`style` must be.*nan"),
        ({"variation": float("inf")}, "`variation` must be.*inf"),
        ({"content": 0, "style": 0, "variation": 0}, "must be positive"),
        ({"tone": 1.5}, "`tone` must be.*1.5"),
        ({"learning_rate": -0.1}, "`learning_rate` must be"),
        ({"size": (8, 8)}, "`size` must be.*8, 8"),
        ({"size": (2000, 2000)}, "megapixels.*2000 x 2000.*size="),
    ],
)
def test_bad_settings(settings, message) -> None:
    with pytest.raises(ValueError, match=message):
        transfer(face(), DRAWING, **{"vgg16": "random", "steps": 1, **settings})


@pytest.mark.parametrize(
    "bad",
    [
        np.zeros((32, 32), np.float32),
        np.zeros((32, 32, 4), np.float32),
        np.zeros((8, 32, 3), np.float32),
        np.zeros((32, 32, 3), np.uint8),
        np.full((32, 32, 3), 255.0, np.float32),
        np.full((32, 32, 3), np.nan, np.float32),
    ],
)
def test_bad_pictures(bad) -> None:
    with pytest.raises(ValueError, match=r"`photo`.*images\.read"):
        transfer(bad, DRAWING, vgg16="random", steps=1)
    with pytest.raises(ValueError, match=r"`drawing`.*images\.read"):
        transfer(face(), bad, vgg16="random", steps=1)


def test_missing_weights_say_what_to_do() -> None:
    with pytest.raises(backbones.FeaturesError, match=r"file that exists.*nowhere\.npz"):
        transfer(face(), DRAWING, vgg16="nowhere.npz", steps=1)
