"""Where the weights of a run come from, and what they bring along."""

from __future__ import annotations

import dataclasses
import json
import logging

import keras
import numpy as np
import pytest

from sketchback import models, weights
from sketchback.models import backbones as networks
from sketchback.models import unet
from sketchback.training import initialisation
from sketchback.training.configuration import Plan
from sketchback.training.recipes import FACES

TOY = dataclasses.replace(FACES, arguments={"width": 4, "halvings": 1, "blocks": 1})


def begin(recipe=TOY, initial=None, before=None, encoder="auto"):
    return initialisation.generator(recipe, initial, "float32", before, encoder)


# ---- the generator


def test_a_new_generator_is_the_recipes_and_brings_nothing():
    made, recipe, data, terms = begin()
    assert (made.architecture, made.arguments["width"]) == ("scribbler", 4)
    assert (recipe, data, terms) == (TOY, [], [])


def test_weights_bring_their_architecture_data_and_terms(tmp_path):
    other = models.build("scribbler", width=6, halvings=2, blocks=1)
    path = weights.save(
        other, tmp_path / "other.weights.h5", recipe=json.dumps({}), data=["celeba", "cufs"], terms="research; mine"
    )
    made, recipe, data, terms = begin(initial=path)
    assert made.arguments == recipe.arguments and made.arguments["width"] == 6
    assert recipe.initial == f"other.weights.h5 (sha256 {weights.sha256(path)})"
    assert (data, terms) == (["celeba", "cufs"], ["research", "mine"])
    assert all(np.array_equal(a, b) for a, b in zip(other.get_weights(), made.get_weights(), strict=True))
    # Those that the recipe names do the same, and the ones that are given come first.
    assert begin(dataclasses.replace(TOY, initial=str(path)))[1] == recipe
    assert begin(dataclasses.replace(TOY, initial="nothing of this name"), initial=path)[1] == recipe


def test_a_resumed_run_is_what_its_plan_says(tmp_path):
    plan = Plan(TOY, [], [], None, "float32", False, "", ["celeba"], "research; mine")
    made, recipe, data, terms = begin(dataclasses.replace(TOY, initial="nothing of this name"), before=plan)
    assert made.arguments["width"] == 4 and recipe.initial == "nothing of this name"  # it is not looked for
    assert (data, terms) == (["celeba"], ["research", "mine"])


def test_without_imagenets_weights_an_encoder_begins_from_scratch_and_says_so(monkeypatch, caplog):
    def offline(**_: object) -> None:
        raise OSError("no route to host")

    monkeypatch.setattr(keras.applications, "ResNet50", offline)
    made = unet.unet_resnet(2)
    before = made.get_weights()
    with caplog.at_level(logging.INFO, "sketchback"):
        assert initialisation._take_imagenet(made, "auto") is False
    assert "from scratch (ResNet-50's ImageNet weights could not be downloaded (no route to host).)" in caplog.text
    assert all(np.array_equal(a, b) for a, b in zip(before, made.get_weights(), strict=True))
    with pytest.raises(unet.EncoderError, match="could not be downloaded"):
        initialisation._take_imagenet(made, "imagenet")
    assert initialisation._take_imagenet(made, "scratch") is False  # which does not even ask


# ---- the network of the feature loss


def failing(monkeypatch):
    def offline(name, **options):
        if name != "random":
            raise networks.FeaturesError("VGG16 could not be downloaded.")
        return vgg16(name, **options)

    vgg16 = networks.vgg16_relu2_2
    monkeypatch.setattr(networks, "vgg16_relu2_2", offline)


def test_a_random_vgg16_stands_in_for_drawn_pictures_alone(monkeypatch, caplog):
    failing(monkeypatch)
    with caplog.at_level(logging.INFO, "sketchback"):
        network, name = initialisation.features(TOY, None, "float32", demo=True)
    assert name == "random" and network.output_shape[-1] == 128
    assert "uses a random VGG16" in caplog.text
    for vgg16, demo in ((None, False), ("a_file.npz", True)):  # photographs; a file that was asked for
        with pytest.raises(networks.FeaturesError, match="could not be downloaded"):
            initialisation.features(TOY, vgg16, "float32", demo)


def test_without_a_feature_loss_there_is_no_network():
    assert initialisation.features(dataclasses.replace(TOY, feature=0.0), "a_file.npz", "float32", False) == (
        None,
        None,
    )
