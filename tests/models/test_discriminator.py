"""The projected discriminator: whose weights its losses move, and that heads learn to tell."""

from __future__ import annotations

import keras
import numpy as np
import pytest
from keras import layers, ops

from sketchback.models.discriminator import ProjectedDiscriminator, SpectralConv2D


def features() -> keras.Model:
    """A stand-in for EfficientNet-lite0: features at four scales, frozen."""
    photo = layers.Input((None, None, 3))
    x, seen = photo, []
    for filters in (4, 6, 8, 10):
        x = layers.Conv2D(filters, 3, 2, padding="same", activation="relu")(x)
        seen.append(x)
    network = keras.Model(photo, seen)
    network.trainable = False
    return network


def discriminator() -> ProjectedDiscriminator:
    keras.utils.set_random_seed(0)
    made = ProjectedDiscriminator(features(), channels=6, width=8)
    made.build((None, 32, 32, 3))
    return made


@pytest.fixture
def pictures() -> tuple[np.ndarray, np.ndarray]:
    truth = np.random.default_rng(0).random((4, 32, 32, 3), np.float32)
    return truth, np.full_like(truth, 0.5)


@pytest.mark.skipif(keras.backend.backend() != "tensorflow", reason="gradients are asked for by a tape")
def test_neither_loss_has_a_gradient_in_the_others_weights(pictures):
    import tensorflow as tf

    judge, made = discriminator(), tf.Variable(pictures[1])
    with tf.GradientTape(persistent=True) as tape:
        fools, tells, differs = judge(pictures[0], made + 0.0)
    own = [variable.value for variable in judge.trainable_variables]
    for generators in (fools, differs):
        assert all(gradient is None for gradient in tape.gradient(generators, own))
        assert float(tf.norm(tape.gradient(generators, made))) > 0
    assert tape.gradient(tells, made) is None
    assert all(gradient is not None for gradient in tape.gradient(tells, own))


def test_features_match_where_pictures_do(pictures):
    judge, (truth, grey) = discriminator(), pictures
    same, near, far = (float(judge(truth, made).matching) for made in (truth, 0.8 * truth + 0.2 * grey, grey))
    assert same < 1e-5 < 0.05 < near < far < 2


def test_heads_alone_learn(pictures):
    judge = discriminator()
    assert {variable.path.rsplit("/", 1)[-1] for variable in judge.trainable_variables} == {"kernel", "bias"}
    assert len(judge.trainable_variables) == 4 * 3 * 2


def test_a_kernel_is_divided_by_its_largest_singular_value():
    layer = SpectralConv2D(5)
    layer.build((None, None, None, 4))
    layer.kernel.assign(3.0 * layer.kernel)
    x = ops.ones((1, 8, 8, 4))
    for _ in range(30):
        y = layer(x)
    matrix = np.asarray(layer.kernel).reshape(-1, 5)
    expected = ops.conv(x, layer.kernel / np.linalg.svd(matrix)[1][0], padding="same")
    np.testing.assert_allclose(np.asarray(y), np.asarray(expected), rtol=1e-3, atol=1e-4)
