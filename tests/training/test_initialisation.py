"""Where the weights of a run come from, and what they bring along."""

from __future__ import annotations

import json
import logging

import keras
import numpy as np
import pytest

from sketchback import models, weights
from sketchback.models import backbones
from sketchback.models.unet import EncoderError
from sketchback.training import initialisation
from sketchback.training.configuration import Configuration
from sketchback.training.recipes import FACES

TOY = FACES.changed(arguments={"width": 4, "halvings": 1, "blocks": 1})


def begin(recipe=TOY, initial=None, resumed=None):
    return initialisation.initialise(recipe, initial=initial, policy="float32", resumed=resumed)


# ---- the generator


def test_a_new_generator_is_the_recipes_and_brings_nothing():
    start = begin()
    assert (start.generator.architecture, start.generator.arguments["width"]) == ("scribbler", 4)
    assert (start.recipe, start.seen, start.terms, start.is_new) == (TOY, [], [], True)


def test_weights_bring_their_architecture_data_and_terms(tmp_path):
    other = models.build("scribbler", width=6, halvings=2, blocks=1)
    path = tmp_path / "other.weights.h5"
    weights.save(other, path, recipe=json.dumps({}), data=["celeba", "cufs"], terms="research; mine")
    start = begin(initial=path)
    assert start.generator.arguments == start.recipe.arguments and start.recipe.arguments["width"] == 6
    assert start.recipe.initial == f"other.weights.h5 (sha256 {weights.sha256(path)})"
    assert (start.seen, start.terms, start.is_new) == (["celeba", "cufs"], ["research", "mine"], False)
    pairs = zip(other.get_weights(), start.generator.get_weights(), strict=True)
    assert all(np.array_equal(a, b) for a, b in pairs)
    # Those that the recipe names do the same, and the ones that are given come first.
    assert begin(TOY.changed(initial=str(path))).recipe == start.recipe
    assert begin(TOY.changed(initial="nothing of this name"), initial=path).recipe == start.recipe


def test_weights_that_cannot_be_told_are_refused_where_a_recipe_tells(tmp_path):
    path = weights.save(models.build("unet_resnet", width=2), tmp_path / "other.weights.h5")
    with pytest.raises(ValueError, match="to be told tones. Received: weights of the architecture unet_resnet"):
        begin(TOY.changed(arguments={**TOY.arguments, "tone": True}), initial=path)


def test_a_sampler_needs_a_generator():
    with pytest.raises(ValueError, match="learns from a generator's answers. Received: no generator. Give"):
        begin(TOY.changed(model="tone_sampler", arguments={}))


def test_a_sampler_is_nothing_to_begin_with(tmp_path):
    path = weights.save(models.build("tone_sampler", width=4, blocks=1), tmp_path / "tones.weights.h5")
    for recipe in (TOY, TOY.changed(model="tone_sampler", arguments={})):
        with pytest.raises(ValueError, match="begin with a generator's weights. Received: tones.weights.h5, a tone"):
            begin(recipe, initial=path)


def test_a_resumed_run_is_what_its_configuration_says():
    resumed = Configuration(TOY, [], [], None, "float32", False, "", ["celeba"], "research; mine")
    start = begin(TOY.changed(initial="nothing of this name"), resumed=resumed)  # which is not looked for
    assert start.generator.arguments["width"] == 4 and not start.is_new
    assert (start.seen, start.terms) == (["celeba"], ["research", "mine"])


def test_without_imagenets_weights_an_encoder_begins_from_scratch_and_says_so(monkeypatch, caplog):
    def offline(**_: object) -> None:
        raise OSError("no route to host")

    monkeypatch.setattr(keras.applications, "ResNet50", offline)
    unet = TOY.changed(model="unet_resnet", arguments={"width": 2})
    with caplog.at_level(logging.INFO, "sketchback"):
        assert begin(unet).seen == []
    assert "from scratch (ResNet-50's ImageNet weights could not be downloaded (no route to host).)" in caplog.text
    with pytest.raises(EncoderError, match="could not be downloaded"):
        begin(unet.changed(encoder="imagenet"))
    caplog.clear()
    begin(unet.changed(encoder="scratch"))  # which does not even ask
    assert not caplog.text


# ---- the network of the feature loss


def test_a_random_vgg16_stands_in_for_drawn_pictures_alone(monkeypatch, caplog):
    def offline(name, **options):
        if name != "random":
            raise backbones.FeaturesError("VGG16 could not be downloaded.")
        return vgg16(name, **options)

    vgg16 = backbones.vgg16
    monkeypatch.setattr(backbones, "vgg16", offline)
    with caplog.at_level(logging.INFO, "sketchback"):
        network, name = initialisation.feature_network(None, needed=True, policy="float32", demo=True)
    assert name == "random" and network.output_shape[-1] == 128
    assert "uses a random VGG16" in caplog.text
    for file, demo in ((None, False), ("a_file.npz", True)):  # photographs; a file that was asked for
        with pytest.raises(backbones.FeaturesError, match="could not be downloaded"):
            initialisation.feature_network(file, needed=True, policy="float32", demo=demo)


def test_without_a_feature_loss_there_is_no_network():
    assert initialisation.feature_network("a_file.npz", needed=False, policy="float32", demo=False) == (None, None)
