"""Drawings of buildings become photographs."""

from __future__ import annotations

import dataclasses

from sketchback.training.schema import BLENDED, LAST, Recipe, Stage

_BUILDINGS = Stage(
    name="first",
    size=(120, 160),
    augmentation="buildings",
    flip=False,  # the augmentation flips
    epochs=6,
    batch_size=8,
    learning_rate=3e-4,
    warmup=100,
    average=0.2,
    validate=100,
)
# Of the sky, the walls, the ground; in windows, as those of faces.
_BUILDINGS_TONE = dataclasses.replace(
    _BUILDINGS, name="tone", crop=(96, 96), told=0.5, retoned=0.2, epochs=4, learning_rate=2e-4, clip=5.0
)
# Walls are seldom painted: without this they hardly take a colour that is told.
_PAINTED = dataclasses.replace(_BUILDINGS_TONE, name="painted", told=0.6, retoned=0.5, epochs=3)
# By structural similarity too, at a rate that ends at zero.
_STRUCTURE = dataclasses.replace(
    _PAINTED, name="structure", told=0.5, retoned=0.3, structure=0.3, learning_rate=1.5e-4, epochs=6, passes_on=LAST
)
# Skies, walls and glass with colours of their own, by a discriminator; windows that show nearly all of a picture.
_ADVERSARIAL = dataclasses.replace(
    _STRUCTURE,
    name="adversarial",
    crop=(112, 112),
    batch_size=6,
    structure=0.1,
    adversarial=0.03,
    matching=0.1,
    excess=0.2,
    warmup=200,
    epochs=4,
)
# No pattern that the discriminator likes where nothing is drawn.
_NEAR = dataclasses.replace(
    _ADVERSARIAL, name="near", near=8, learning_rate=1e-4, blend=0.45, blend_in=LAST, passes_on=BLENDED
)

BUILDINGS = Recipe(
    name="buildings",
    claim="The faces' generator, fine-tuned on augmented photographs, draws buildings; then it can be told "
    "tones; then, by a discriminator, skies, walls and glass have colours of their own.",
    command="python -m sketchback.finetune buildings --data BUILDINGS",
    cost="8 epochs of 2,676 at 120 x 160 and 6 of windows: 1.2 hours on 2 CPU cores with bfloat16; 7 of windows: 1.5 "
    "without; 8 of larger windows: 1.2 with it",
    # The weights that ship began with what stage `large` of `faces` gave; from today's faces the first epoch gave
    # 16.79 instead of 16.75 dB on validation, too little to train them again.
    result="weights/README.md",
    demo="demo:buildings",
    single=dataclasses.replace(_PAINTED, name="single", crop=None, epochs=25),
    stages=(
        _BUILDINGS,
        dataclasses.replace(_BUILDINGS, name="second", learning_rate=2e-4, warmup=50, epochs=2),
        _BUILDINGS_TONE,
        _PAINTED,
        _STRUCTURE,
        _ADVERSARIAL,
        _NEAR,
    ),
    arguments={"tone": True},
    initial="faces",
)
