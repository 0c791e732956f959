"""Every number of every experiment. A recipe opens with what it claims, its command, its cost and its result.

A recipe has stages, which `sketchback.train` runs one after the other, each from the weights of the one before. Those
of `faces`, `faces-unet`, `buildings`, `tones` and `enlarger` are how the weights that ship were made; of `artist` 11 of
12 epochs were run, of stages `tone` and `adversarial` of `faces-tone` the first epoch. Its stage `hands` came late, and
what ships is a mixture of what its stages gave: weights/README.md.
"""

from __future__ import annotations

import dataclasses
from typing import Any

from sketchback.training.schema import BEST, BLENDED, LAST, Recipe, Stage

_SINGLE = Stage(
    pair_share=0.2,
    zoom=1.4,
    aspect=1.5,
    batch_size=8,  # images/s are 6 % fewer than with 16, and steps are twice as many
    learning_rate=4e-4,
    average=0.2,
)
_SMALL = dataclasses.replace(
    _SINGLE,
    name="small",
    only=("img_celeba", "CUFS"),
    size=(96, 96),
    epochs=3,
    batch_size=16,
    learning_rate=7e-4,
    pair_share=0.1,
    zoom=1.0,
    aspect=1.0,
    validate=120,
    passes_on=LAST,
)
_LARGE = dataclasses.replace(
    _SINGLE, name="large", zoom=1.3, pair_share=0.25, warmup=150, epochs=3, limit=10_500, validate=120
)
FACES = Recipe(
    name="faces",
    claim="Drawings of faces in many styles become photographs.",
    command="python -m sketchback.train faces --data CELEBA --data ALIGNED --data CUFS --data FS2K --against LFW",
    cost="17 epochs, 198,500 pictures: 5.1 hours on 2 CPU cores with bfloat16",
    result="weights/README.md",
    demo="demo:faces",
    single=_SINGLE,
    stages=(
        _SMALL,
        dataclasses.replace(
            _SINGLE,
            name="all-sets",
            size=(96, 96),
            schedule="constant",
            epochs=3,
            limit=12_000,
            validate=120,
            passes_on=LAST,
        ),
        _LARGE,
        dataclasses.replace(_LARGE, name="aspect", aspect=1.6, warmup=100, epochs=2, limit=9_500),
        # Alone it follows the 80 training pairs of CUFS too closely.
        dataclasses.replace(
            _LARGE, name="long", aspect=1.6, warmup=100, epochs=6, limit=11_000, blend=0.25, passes_on=BLENDED
        ),
    ),
)

# Windows of 96 x 96 of pictures of 128 x 128. Slowly, so that what is told nothing stays as good as it was.
_TONE = dataclasses.replace(
    _SINGLE,
    name="tone",
    crop=(96, 96),
    zoom=1.3,
    aspect=1.6,
    pair_share=0.15,
    told=0.5,
    learning_rate=2e-4,
    warmup=100,
    epochs=2,
    limit=12_000,
    validate=120,
    passes_on=LAST,
)
# Most sketches are the artist's, in hands mixed and bent, so that an artist never seen is still one of many.
_BY_ARTISTS: dict[str, Any] = {
    "only": ("img_align_celeba", "CUFS", "FS2K", "MEBeauty", "UTKFace", "XM2VTS"),
    "artist": 0.6,
    "epochs": 1,
    "validate": 60,
}
_HANDS = dataclasses.replace(_TONE, name="hands", pair_share=0.12, learning_rate=1e-4, clip=5.0, **_BY_ARTISTS)
_ADVERSARIAL = dataclasses.replace(
    _TONE,
    name="adversarial",
    adversarial=0.02,
    learning_rate=1e-4,
    schedule="constant",
    clip=5.0,  # the discriminator's gradients count too
    epochs=3,
    limit=10_000,
    blend=0.25,  # alone it is sharper than photographs are
    passes_on=BLENDED,
)
_ARTISTS = dataclasses.replace(_ADVERSARIAL, name="artists", pair_share=0.06, limit=8_000, blend=0.5, **_BY_ARTISTS)
# Hair that is hatched black may be told to be grey.
_RETONED = dataclasses.replace(
    _ARTISTS,
    name="retoned",
    retoned=0.3,
    adversarial=0.012,
    schedule="cosine",
    limit=6_400,
    blend=0.0,
    passes_on=BEST,
)

FACES_TONE = Recipe(
    name="faces-tone",
    claim="The faces' generator, fine-tuned to be told tones; then, by a discriminator, to have a photograph's detail; "
    "and to know more hands than are in the data.",
    command="python -m sketchback.finetune faces-tone --data CELEBA --data ALIGNED --data CUFS --data FS2K "
    "--data MEBEAUTY --data UTKFACE --data XM2VTS --against LFW",
    cost="2 epochs of 12,000 windows, 1 of 9,200, 3 of 10,000, 1 of 8,000, 1 of 6,400: an estimated 10 hours on 2 CPU "
    "cores without bfloat16",
    result="weights/README.md",
    demo="demo:faces",
    single=_TONE,
    stages=(_TONE, _HANDS, _ADVERSARIAL, _ARTISTS, _RETONED),
    arguments={"tone": True},
    initial="faces",
)

FACES_UNET = Recipe(
    name="faces-unet",
    claim="A U-Net with a ResNet encoder, from scratch, by the recipe and budget of the faces' first stage.",
    command="python -m sketchback.train faces-unet --data CELEBA --data CUFS --against LFW --against FS2K",
    cost="3 epochs, 46,000 pictures: 1.1 hours on 2 CPU cores with bfloat16",
    result="weights/README.md",
    demo="demo:faces",
    single=_SMALL,
    model="unet_resnet",
    encoder="scratch",
)

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
        pair_share=0.5,  # every set of pairs equally often
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

ENLARGER = Recipe(
    name="enlarger",
    claim="Doubles the size of a photograph; the strokes of its drawing lead the edges.",
    command="python -m sketchback.train enlarger --data MEBEAUTY --data UTKFACE --data FS2K --data BUILDINGS",
    cost="1 epoch of 8,000, then 7 of 1,980: 0.8 hours on 2 CPU cores without bfloat16",
    result="weights/README.md",
    demo="demo:faces",
    single=_ENLARGER,
    stages=(
        dataclasses.replace(_ENLARGER, epochs=1),
        # Strokes at the width that they are drawn at: resized ones alone left thin black lines in the photograph.
        dataclasses.replace(_NATIVE, epochs=5),
        dataclasses.replace(
            _NATIVE,
            name="sharp",
            adversarial=0.005,
            epochs=2,
            learning_rate=3e-4,
            clip=5.0,  # the discriminator's gradients count too
            passes_on=LAST,
        ),
    ),
    model="enlarger",
)

DRAWINGS = Recipe(
    name="drawings",
    claim="The faces' generator, fine-tuned on hand-drawn pairs, follows artists more closely than simulated styles.",
    command="python -m sketchback.finetune drawings --data CUFS --data FS2K --weights faces",
    cost="8 epochs of 1,030 at 160 x 128: 0.4 hours on 2 CPU cores with bfloat16",
    result="CUFS 18.59 -> 18.77 dB, FS2K 12.71 -> 12.97 dB, too little for a file of its own: benchmarks/README.md",
    demo="demo:faces",
    single=Stage(
        size=(160, 128),
        pair_share=0.9,
        zoom=1.2,
        epochs=8,
        batch_size=8,
        learning_rate=3e-4,
        warmup=100,
        average=0.2,
    ),
    initial="faces",
)

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

BUILDINGS = Recipe(
    name="buildings",
    claim="The faces' generator, fine-tuned on augmented photographs, draws buildings; then it can be told tones.",
    command="python -m sketchback.finetune buildings --data ZUBUD",
    cost="8 epochs of 2,676 at 120 x 160, 0.9 hours on 2 CPU cores with bfloat16; 7 of windows, 1.5 without",
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
    ),
    arguments={"tone": True},
    initial="faces",
)

TONES_BUILDINGS = dataclasses.replace(
    TONES,
    name="tones-buildings",
    claim="Samples tone maps that photographs of a drawn building may have.",
    command="python -m sketchback.train tones-buildings --data ZUBUD",
    cost="2,676 answers gathered once, then 24 epochs: 0.3 hours on 2 CPU cores without bfloat16",
    demo=BUILDINGS.demo,
    single=dataclasses.replace(
        TONES.single,
        size=(128, 160),  # whole cells
        augmentation=_BUILDINGS.augmentation,
        flip=_BUILDINGS.flip,
        pair_share=0.0,
        zoom=1.0,
        aspect=1.0,
    ),
    initial=BUILDINGS.name,
)

# The original, number by number: AlKhamissi and Nassar 2017.
FACES_2017 = Recipe(
    name="faces2017",
    claim="What the original did: one style, one scale, proportions squeezed, constant learning rate.",
    command="python -m sketchback.train faces2017 --data CELEBA --data ALIGNED",
    cost="17 epochs of 18,108, 307,785 pictures: 2.5 hours on 2 CPU cores with bfloat16",
    result="18.14 dB / 0.743 in its own conditions, 9.60 / 0.513 on CUFS: benchmarks/README.md",
    demo="demo:faces",
    single=Stage(
        size=(72, 88),
        style="pencil",
        fit="squeeze",
        enlarge=(218, 178),
        pair_augmentation="none",
        flip=False,
        epochs=17,
        batch_size=5,
        learning_rate=1e-4,
        warmup=0,
        schedule="constant",
        clip=None,
    ),
    model="sketchback2017",
)

BUILDINGS_2017 = dataclasses.replace(
    FACES_2017,
    name="buildings2017",
    claim="What the original did with ZuBuD: 25 epochs from its faces.",
    command="python -m sketchback.finetune buildings2017 --weights runs/faces2017/best.weights.h5 --data ZUBUD",
    cost="25 epochs; hours on 2 CPU cores",
    result="weights/README.md",
    demo="demo:buildings",
    single=dataclasses.replace(FACES_2017.single, size=(120, 160), enlarge=None, augmentation="buildings", epochs=25),
    initial="faces2017",
)

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
