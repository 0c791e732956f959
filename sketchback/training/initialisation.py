"""What a run begins with: its generator, from where the weights come from, and the network of its feature loss."""

from __future__ import annotations

import dataclasses
import logging
from pathlib import Path
from typing import TYPE_CHECKING

from sketchback.training.recipes import Recipe

if TYPE_CHECKING:
    import keras

    from sketchback.training.configuration import Plan

logger = logging.getLogger(__name__)


def generator(
    recipe: Recipe, initial: str | Path | None, policy: str, before: Plan | None, encoder: str
) -> tuple[keras.Model, Recipe, list[str], list[str]]:
    """The generator that a run begins with: of its checkpoint, of weights, or new.

    Args:
        recipe: What the run was given.
        initial: Weights by name or file; by default those that the recipe names.
        policy: Keras's name of the precision.
        before: The plan of a run that is resumed.
        encoder: As in `train.train`.

    Returns:
        It, the recipe that is true of it, and the data and the terms of use that its weights bring along.
    """
    from sketchback import models, weights

    if before is not None:
        made = models.build(recipe.model, **recipe.arguments, dtype=policy)
        return made, recipe, before.seen, before.terms.split("; ")
    initial = initial or recipe.initial
    if initial is None:
        made = models.build(recipe.model, **recipe.arguments, dtype=policy)
        if recipe.model == "unet_resnet" and _take_imagenet(made, encoder):
            return made, dataclasses.replace(recipe, initial="ImageNet (Keras's ResNet50)"), ["imagenet"], []
        return made, recipe, [], []
    path = weights.find(initial)
    made = weights.load(path, dtype=policy)
    logger.info("starting from %s (%s)", path, made.architecture)
    # The weights bring their architecture: what the recipe says of it gives way.
    recipe = dataclasses.replace(
        recipe,
        model=made.architecture,
        arguments=dict(made.arguments),
        initial=f"{path.name} (sha256 {weights.sha256(path)})",
    )
    data, terms = made.facts.get("data"), str(made.facts.get("terms") or "")
    return made, recipe, list(data) if isinstance(data, list) else [], terms.split("; ")


def _take_imagenet(generator: keras.Model, encoder: str) -> bool:
    """Begins the encoder with ImageNet's weights, where they are wanted and can be had."""
    from sketchback.models import unet

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


def features(
    recipe: Recipe, vgg16: str | Path | None, policy: str, demo: bool
) -> tuple[keras.Model | None, str | None]:
    """The network of the feature loss, and which one it became."""
    from sketchback.models import backbones as networks

    if recipe.feature == 0:
        return None, None
    vgg16 = None if vgg16 is None else str(vgg16)
    try:
        return networks.vgg16_relu2_2(vgg16, dtype=policy), vgg16
    except networks.FeaturesError as error:
        if not demo or vgg16 is not None:
            raise
        logger.info("the feature loss uses a random VGG16, which is enough for drawn pictures (%s)", error)
        return networks.vgg16_relu2_2("random", dtype=policy), "random"
