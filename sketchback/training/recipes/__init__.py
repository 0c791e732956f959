"""Every number of every experiment. A recipe opens with what it claims, its command, its cost and its result.

A recipe has stages, which `sketchback.train` runs one after the other, each from the weights of the one before. Those
of `faces`, `faces-unet`, `buildings`, `tones` and `enlarger` are how the weights that ship were made; of `artist` 11 of
12 epochs were run, of stages `tone` and `adversarial` of `faces-tone` the first epoch. Its stage `hands` came late, and
what ships is a mixture of what its stages gave: weights/README.md.
"""

from __future__ import annotations

from sketchback.training.recipes.buildings import BUILDINGS
from sketchback.training.recipes.faces import DRAWINGS, FACES, FACES_TONE, FACES_UNET
from sketchback.training.recipes.helpers import ARTIST, ENLARGER, TONES, TONES_BUILDINGS
from sketchback.training.recipes.originals import BUILDINGS_2017, FACES_2017
from sketchback.training.schema import Recipe

RECIPES = {
    recipe.name: recipe
    for recipe in (
        FACES,
        FACES_TONE,
        FACES_UNET,
        ARTIST,
        TONES,
        ENLARGER,
        DRAWINGS,
        BUILDINGS,
        TONES_BUILDINGS,
        FACES_2017,
        BUILDINGS_2017,
    )
}


def find(name: str) -> Recipe:
    """Returns a recipe by name, or raises `ValueError` that lists the known ones."""
    if name not in RECIPES:
        raise ValueError(f"`recipe` must be one of {', '.join(RECIPES)}. Received: {name!r}.")
    return RECIPES[name]


def shrink(recipe: Recipe) -> Recipe:
    """The same recipe as one short run on built-in pictures: done in under three minutes on two cores.

    Arithmetic: 10 epochs x 384 pictures of 64 x 64 are 3,840; a narrow generator trains some 40 of them a second on
    two cores (measured: 115 to 136 s with start and validation), fine-tuning a full one at 48 x 64 some 50.
    """
    stage = recipe.single
    small = recipe.changed(
        only=(),
        size=(64, 64) if recipe.demo == FACES.demo else (48, 64),
        crop=None,
        epochs=min(stage.epochs, 10),
        limit=min(384, stage.limit or 384),
        validate=32,
        warmup=min(stage.warmup, 20),
        zoom=1.0,  # ten epochs are too few to see the same faces at many scales
        aspect=1.0,
    )
    if recipe.model != "scribbler" or recipe.initial is not None:
        return small
    return small.changed(batch_size=8, learning_rate=2e-3, arguments={**recipe.arguments, "width": 16, "blocks": 2})
