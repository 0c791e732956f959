"""Drawings of faces become photographs."""

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
# Longer, and of CelebA too; alone it knows CUFS's hands less.
_MORE_HANDS = dataclasses.replace(
    _HANDS,
    name="more-hands",
    only=(),
    told=0.6,
    retoned=0.15,
    learning_rate=2.5e-4,
    limit=20_000,
    blend=0.5,
    passes_on=BLENDED,
)
# All of it, longer, until its rate is zero.
_LONGER = dataclasses.replace(
    _MORE_HANDS,
    name="longer",
    pair_share=0.1,
    artist=0.45,
    told=0.5,
    learning_rate=2e-4,
    warmup=200,
    epochs=6,
    limit=12_000,
    blend=0.25,
    blend_in=LAST,
)
# By structural similarity too: strokes told the tones become nearer to what they stand for.
_STRUCTURE = dataclasses.replace(_LONGER, name="structure", structure=0.3, epochs=4, blend=0.0, passes_on=LAST)
# Alone it guesses the tones of the whole worse.
_STRUCTURE_LONGER = dataclasses.replace(
    _STRUCTURE,
    name="structure-longer",
    learning_rate=1.5e-4,
    epochs=3,
    limit=10_000,
    blend=0.3,
    passes_on=BLENDED,
)
# Of real drawings more.
_STRUCTURE_PAIRS = dataclasses.replace(
    _STRUCTURE_LONGER, name="structure-pairs", pair_share=0.3, limit=12_000, blend=0.4, blend_in=LAST
)
# Photographs lie where their drawings have them, and a drawing need not fill its sheet.
_STRUCTURE_REGISTERED = dataclasses.replace(
    _STRUCTURE_PAIRS, name="structure-registered", registered=1.0, margin=0.25, epochs=2, blend=0.5
)
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
# Features as the photograph has them there: fewer halos around strokes.
_MATCHED = dataclasses.replace(
    _RETONED,
    name="matched",
    only=(),
    pair_share=0.1,
    artist=0.45,
    retoned=0.15,
    adversarial=0.02,
    matching=0.1,
    learning_rate=1.5e-4,
    warmup=200,
    epochs=6,
    limit=12_000,
    blend=0.5,  # alone its colours are patchy
    passes_on=BLENDED,
)
# Whose face it is, as a recogniser sees it: of windows that show nearly all of a picture.
_IDENTITY = dataclasses.replace(
    _MATCHED, name="identity", crop=(112, 112), batch_size=6, identity=0.5, limit=9_000, blend=0.25, blend_in=LAST
)
# Of real drawings more; then by structural similarity too.
_PAIRS = dataclasses.replace(_IDENTITY, name="pairs", pair_share=0.3, artist=0.5, adversarial=0.03, epochs=2)
_PAIRS_STRUCTURE = dataclasses.replace(_PAIRS, name="pairs-structure", structure=0.1, blend=0.6)
# As in stage `structure-registered`.
_REGISTERED = dataclasses.replace(
    _PAIRS_STRUCTURE, name="registered", registered=1.0, margin=0.25, epochs=1, limit=11_000, blend=0.5
)
# No pattern where the photograph is smooth.
_EXCESS = dataclasses.replace(_REGISTERED, name="excess", excess=0.2, limit=14_000)
# Nor one that the discriminator likes where nothing is drawn.
_NEAR = dataclasses.replace(_EXCESS, name="near", near=8, blend=0.35)

FACES_TONE = Recipe(
    name="faces-tone",
    claim="The faces' generator, fine-tuned to be told tones; then, by a discriminator, to have a photograph's detail; "
    "to know more hands than are in the data; to have features like a photograph's; to show whose face it is; to "
    "follow real drawings more; and drawings that do not fill their sheet.",
    command="python -m sketchback.finetune faces-tone --data CELEBA --data ALIGNED --data CUFS --data FS2K "
    "--data MEBEAUTY --data UTKFACE --data XM2VTS --against LFW",
    cost="2 epochs of 12,000 windows, 1 of 9,200, 1 of 20,000, 6 of 12,000, 3 of 10,000, 1 of 8,000, 1 of 6,400, 6 of "
    "12,000, 6 of 9,000; 4 of 12,000, 3 of 10,000, 3 of 12,000, 2 of 12,000, twice 2 of 9,000, 1 of 11,000, 2 of "
    "14,000: an estimated 14 hours on 2 CPU cores without bfloat16, and 9 with it for stages longer, matched, "
    "identity, registered, excess, near, and those of structure and pairs",
    result="weights/README.md",
    demo="demo:faces",
    single=_TONE,
    stages=(
        _TONE,
        _HANDS,
        _MORE_HANDS,
        _LONGER,
        _STRUCTURE,
        _STRUCTURE_LONGER,
        _STRUCTURE_PAIRS,
        _STRUCTURE_REGISTERED,
        _ADVERSARIAL,
        _ARTISTS,
        _RETONED,
        _MATCHED,
        _IDENTITY,
        _PAIRS,
        _PAIRS_STRUCTURE,
        _REGISTERED,
        _EXCESS,
        _NEAR,
    ),
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

DRAWINGS = Recipe(
    name="drawings",
    claim="The faces' generator, fine-tuned on hand-drawn pairs, follows artists more closely than simulated styles.",
    command="python -m sketchback.finetune drawings --data CUFS --data FS2K --weights faces",
    cost="8 epochs of 1,030 at 160 x 128: 0.4 hours on 2 CPU cores with bfloat16",
    result="CUFS 18.59 -> 18.77 dB, FS2K 12.71 -> 12.97 dB, too little for a file of its own: benchmarks/trials.md",
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
