"""Generators by name: what they say about themselves, their precision, and what is refused."""

from __future__ import annotations

import keras
import numpy as np
import pytest
from keras import ops

from sketchback import models


def test_a_generator_says_how_to_build_it_again():
    generator = models.build("scribbler", width=2, halvings=1, dtype="mixed_bfloat16")
    assert (generator.architecture, generator.stride, generator.facts) == ("scribbler", 2, {})
    all_but_precision = {"width": 2, "halvings": 1, "skips": True, "normalisation": None, "blocks": 3, "tone": False}
    assert generator.arguments == models.scribbler(2, 1).arguments == all_but_precision
    assert models.sketchback2017().architecture == "sketchback2017" and models.sketchback2017().arguments == {}


@pytest.mark.parametrize(
    ("architecture", "arguments"), [("scribbler", {"width": 4, "halvings": 2, "blocks": 1}), ("sketchback2017", {})]
)
def test_mixed_precision_holds_and_gives_float32(architecture, arguments):
    mixed, exact = (models.build(architecture, **arguments, dtype=dtype) for dtype in ("mixed_bfloat16", "float32"))
    exact.set_weights(mixed.get_weights())
    assert {keras.backend.standardize_dtype(variable.dtype) for variable in mixed.weights} == {"float32"}
    assert {layer.compute_dtype for layer in mixed.layers if layer.weights} == {"bfloat16", "float32"}
    assert mixed.get_layer("photo").compute_dtype == "float32"
    sketch = np.random.default_rng(0).random((1, 32, 32, 1)).astype(np.float32)
    photo, expected = (ops.convert_to_numpy(generator(sketch)) for generator in (mixed, exact))
    assert photo.dtype == np.float32 and photo.shape == (1, 32, 32, 3)
    np.testing.assert_allclose(photo, expected, atol=0.05)


def test_unknown_names_and_arguments():
    known = "artist, enlarger, scribbler, sketchback2017, tone_sampler, unet_resnet"
    with pytest.raises(ValueError, match=rf"`model` must be one of {known}\. Received: 'pix2pix'"):
        models.build("pix2pix")
    with pytest.raises(ValueError, match=r"must be its own\. Received: .*depth"):
        models.build("scribbler", depth=3)


@pytest.mark.parametrize("arguments", [{}, {"width": 1, "blocks": 32}, {"normalisation": "batch", "halvings": 3}])
def test_the_least_is_a_lower_bound_and_near(arguments):
    least, count = models.least("scribbler", **arguments), models.build("scribbler", **arguments).count_params()
    assert count / 7 < least < count
    assert models.least("unet_resnet") < 10_173_059  # pin of our own count, see test_unet


@pytest.mark.parametrize("shape", [(1, 101, 77, 1), (1, 32, 32, 3), (32, 32)])
def test_a_shape_that_a_generator_does_not_take_is_explained(shape):
    generator = models.build("scribbler", width=1, blocks=0)
    with pytest.raises(ValueError, match=r"multiples of 16.*Received: shape=.*take any size"):
        generator(np.zeros(shape, np.float32))


@pytest.mark.parametrize(
    "architecture, words",
    [("artist", "artist.draw` takes"), ("enlarger", "enlarging.enlarge` takes"), ("tone_sampler", "candidates.sample")],
)
def test_each_architecture_names_what_takes_any_size_for_it(architecture, words):
    with pytest.raises(ValueError, match=rf"Received: shape=.*{words}"):
        models.build(architecture, width=2, blocks=1)(np.zeros((1, 33, 33, 1), np.float32))
