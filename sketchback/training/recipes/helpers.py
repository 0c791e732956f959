"""Networks that help a generator: an artist that draws for it, samplers of tone maps, an enlarger."""

from __future__ import annotations

import dataclasses

from sketchback.training.recipes.buildings import BUILDINGS
from sketchback.training.schema import BLENDED, LAST, Recipe, Stage

ARTIST = Recipe(
    name="artist",
    claim="Photographs of faces become drawings in the hands of CUFS, XM2VTS and FS2K.",
    command="python -m sketchback.train artist --data CUFS --data XM2VTS --data FS2K",
    cost="12 epochs of 1,112: 0.9 hours on 2 CPU cores without bfloat16",
    result="weights/README.md",
    demo="demo:faces",
    single=Stage(
        size=(128, 128),
        pair_augmentation="faces",
        pair_share=0.5,  # every kind of pairs equally often
        zoom=1.15,
        pixel=0.0,
        feature=0.0,
        variation=0.0,
        absolute=0.5,
        coarse=1.0,
        adversarial=0.02,
        epochs=12,
        batch_size=8,
        learning_rate=4e-4,
        warmup=100,
        clip=5.0,
        average=0.5,
        validate=60,
    ),
    model="artist",
)

TONES = Recipe(
    name="tones",
    claim="Samples tone maps that photographs of a drawing may have, around what a generator answers by itself.",
    command="python -m sketchback.train tones --data CELEBA --data CUFS --data FS2K --data MEBEAUTY",
    cost="5,000 answers gathered once, then 24 epochs: 0.5 hours on 2 CPU cores without bfloat16",
    result="weights/README.md",
    demo="demo:faces",
    single=Stage(
        pair_share=0.2,
        zoom=1.3,
        aspect=1.5,
        told=0.3,
        limit=5_000,
        validate=0,
        pixel=0.0,
        feature=0.0,
        variation=0.0,
        square=1.0,
        epochs=24,
        batch_size=64,
        learning_rate=1e-3,
        warmup=50,
        average=0.5,
    ),
    model="tone_sampler",
    initial="faces-tone-faithful",  # whose answers are learnt from
)

TONES_BUILDINGS = dataclasses.replace(
    TONES,
    name="tones-buildings",
    claim="Samples tone maps that photographs of a drawn building may have.",
    command="python -m sketchback.train tones-buildings --data BUILDINGS",
    cost="2,676 answers gathered once, then 24 epochs: 0.3 hours on 2 CPU cores without bfloat16",
    demo=BUILDINGS.demo,
    single=dataclasses.replace(
        TONES.single,
        size=(128, 160),  # whole cells
        augmentation=BUILDINGS.single.augmentation,
        flip=BUILDINGS.single.flip,
        pair_share=0.0,
        zoom=1.0,
        aspect=1.0,
    ),
    initial="buildings-faithful",
)

# Windows of 64 to 100 % of a picture, which is seldom enlarged by that: what is learnt is as sharp as the photographs.
_ENLARGER = Stage(
    name="plain",
    pair_share=0.2,
    zoom=1.6,
    feature=0.0,  # VGG16 costs four times as much as the enlarger itself
    variation=0.0,
    pixel=0.0,
    absolute=1.0,
    epochs=3,
    batch_size=16,
    learning_rate=1e-3,
    warmup=100,
    average=0.2,
    validate=60,
)

_NATIVE = dataclasses.replace(
    _ENLARGER, name="native", only=("MEBeauty",), size=(256, 256), crop=(128, 128), zoom=1.0, pair_share=0.0
)

_SHARP = dataclasses.replace(
    _NATIVE,
    name="sharp",
    adversarial=0.005,
    epochs=2,
    learning_rate=3e-4,
    clip=5.0,  # the discriminator's gradients count too
    passes_on=LAST,
)
# What the generator makes of hand-drawn sketches is not where the photograph is: features are compared, and tones.
_DRAWN = dataclasses.replace(
    _SHARP,
    name="drawn",
    only=("CUFS", "FS2K", "MEBeauty", "XM2VTS"),
    answers="faces-tone",
    size=(248, 200),
    crop=(192, 192),
    pair_share=0.75,
    absolute=0.5,
    coarse=1.0,
    identity=0.3,
    adversarial=0.05,
    matching=0.3,
    epochs=3,
    limit=3_000,
    batch_size=6,
    learning_rate=2e-4,
    warmup=300,
    validate=20,
    blend=0.5,  # alone its hair has coloured streaks
    blend_in=LAST,
    passes_on=BLENDED,
)

ENLARGER = Recipe(
    name="enlarger",
    claim="Doubles the size of a photograph; the strokes of its drawing lead the edges.",
    command="python -m sketchback.train enlarger --data MEBEAUTY --data UTKFACE --data FS2K --data BUILDINGS "
    "--data CUFS --data XM2VTS",
    cost="1 epoch of 8,000, then 7 of 1,980: 0.8 hours on 2 CPU cores without bfloat16; 3 of 3,000: 0.4 with it",
    result="weights/README.md",
    demo="demo:faces",
    single=_ENLARGER,
    stages=(
        dataclasses.replace(_ENLARGER, epochs=1),
        # Strokes at the width that they are drawn at: resized ones alone left thin black lines in the photograph.
        dataclasses.replace(_NATIVE, epochs=5),
        _SHARP,
        _DRAWN,
    ),
    model="enlarger",
)
