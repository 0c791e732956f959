"""Initialisation: the generator that a run begins with, and the network of its feature loss."""

from __future__ import annotations

import dataclasses
import logging
from pathlib import Path

import keras

from sketchback import models, weights
from sketchback.models import backbones, unet
from sketchback.models.scribbler import take_untold
from sketchback.training.configuration import Configuration, name_of
from sketchback.training.schema import Recipe

logger = logging.getLogger(__name__)


@dataclasses.dataclass(frozen=True)
class Beginning:
    """A generator to train."""

    generator: keras.Model  # on one device
    recipe: Recipe  # what is true of it: weights bring their architecture
    seen: list[str]  # the data that its weights have seen
    terms: list[str]  # the terms of use that come with them
    is_new: bool  # whether its weights are new
    # the generator whose answers a tone sampler learns from; None where there are no new ones to ask for
    teacher: keras.Model | None = None


def initialise(recipe: Recipe, *, initial: str | Path | None, policy: str, resumed: Configuration | None) -> Beginning:
    """Makes the generator of a run: that of its checkpoint, of weights, or a new one.

    Where the weights come from, in this order: the checkpoint of a run that is resumed; `initial`; `recipe.initial`;
    ImageNet, for the encoder of a U-Net; random numbers. A tone sampler is new: the weights are its teacher's.

    Args:
        recipe: What the run was given.
        initial: Weights by name or file.
        policy: Keras's name of the precision.
        resumed: The configuration of a run that is resumed.

    Raises:
        FileNotFoundError: There are no such weights.
        ValueError: The recipe's model cannot be built, or the weights are damaged.
    """
    if resumed is not None:
        made = models.build(recipe.model, **recipe.arguments, dtype=policy)
        return Beginning(made, recipe, resumed.seen, resumed.terms.split("; "), is_new=False)
    initial = initial or recipe.initial
    if initial is None:
        if recipe.model == "tone_sampler":
            raise ValueError(
                "A tone sampler learns from a generator's answers. Received: no generator. Give its --weights."
            )
        made = models.build(recipe.model, **recipe.arguments, dtype=policy)
        if recipe.model == "unet_resnet" and _take_imagenet(made, recipe.encoder):
            recipe = dataclasses.replace(recipe, initial="ImageNet (Keras's ResNet50)")
            return Beginning(made, recipe, ["imagenet"], [], is_new=True)
        return Beginning(made, recipe, [], [], is_new=True)
    path = weights.find(initial)
    made = weights.load(path, dtype=policy)
    logger.info("starting from %s (%s)", path, made.architecture)
    teacher = None
    if made.architecture == "tone_sampler":
        raise ValueError(
            f"A run must begin with a generator's weights. Received: {path.name}, a tone sampler's. Give those of the "
            "generator that it was made for."
        )
    if recipe.model == "tone_sampler":
        made, teacher = _sampler_of(made, recipe, policy), made
    if recipe.arguments.get("tone") and made.architecture == recipe.model and made.takes == ("sketch",):
        made = with_tone(made, policy)
    if recipe.arguments.get("tone") and teacher is None and "tone" not in made.takes:
        raise ValueError(
            f"Recipe {recipe.name} teaches a {recipe.model} to be told tones. Received: weights of the architecture "
            f"{made.architecture}. Give those of a {recipe.model}."
        )
    recipe = dataclasses.replace(
        recipe,
        model=made.architecture,
        arguments=dict(made.arguments),
        initial=name_of(path),
    )
    data, terms = made.facts.get("data"), str(made.facts.get("terms") or "")
    seen = list(data) if isinstance(data, list) else []
    return Beginning(made, recipe, seen, terms.split("; "), is_new=False, teacher=teacher)


def _sampler_of(generator: keras.Model, recipe: Recipe, policy: str) -> keras.Model:
    """A new tone sampler, which has seen what its generator has."""
    if generator.takes[0] != "sketch":
        raise ValueError(
            "A tone sampler learns from a generator of photographs. Received: weights of the architecture "
            f"{generator.architecture}. Give the generator's with --weights."
        )
    sampler = models.build(recipe.model, **recipe.arguments, dtype=policy)
    sampler.facts = generator.facts
    return sampler


def with_tone(plain: keras.Model, policy: str = "float32") -> keras.Model:
    """The same generator with a tone map among its inputs, which it does not look at yet."""
    telling = models.build(plain.architecture, **{**plain.arguments, "tone": True}, dtype=policy)
    take_untold(telling, plain)
    telling.facts = plain.facts
    return telling


def _take_imagenet(generator: keras.Model, encoder: str) -> bool:
    """Begins the encoder with ImageNet's weights, where they are wanted and can be had."""
    if encoder != "scratch":
        try:
            unet.take_imagenet(generator)
            logger.info("the encoder begins with ImageNet's weights")
            return True
        except unet.EncoderError as error:
            if encoder == "imagenet":
                raise
            logger.info("the encoder begins from scratch (%s)", error)
    return False


def feature_network(
    vgg16: str | None, *, needed: bool, policy: str, demo: bool
) -> tuple[keras.Model | None, str | None]:
    """The network of the feature loss, and which one it became.

    Args:
        vgg16: A file, `"random"`, or None for the lookup that `backbones` describes.
        needed: Whether a term of the loss needs one.
        policy: Keras's name of the precision.
        demo: Whether all pictures are drawn ones, for which a random network will do where no other can be had.

    Raises:
        FeaturesError: VGG16's weights cannot be had.
    """
    if not needed:
        return None, None
    try:
        return backbones.vgg16(vgg16, dtype=policy), vgg16
    except backbones.FeaturesError as error:
        if not demo or vgg16 is not None:
            raise
        logger.info("the feature loss uses a random VGG16, which is enough for drawn pictures (%s)", error)
        return backbones.vgg16("random", dtype=policy), "random"
