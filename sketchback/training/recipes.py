"""Every number of every experiment. A recipe opens with what it claims, its command, its cost and its result."""

from __future__ import annotations

import dataclasses
from typing import Any

from sketchback import images
from sketchback.datasets.augmentation import AUGMENTATIONS
from sketchback.sketching import STYLES

SCHEDULES = ("cosine", "constant")
# The neural style takes seconds a picture: draw with `sketch` first, and train on the pairs.
TRAINING_STYLES = tuple(style for style in STYLES if style != "neural")


@dataclasses.dataclass(frozen=True)
class Recipe:
    """One experiment, whole. `dataclasses.replace(recipe, epochs=2)` gives another."""

    name: str
    claim: str
    command: str
    cost: str
    result: str
    demo: str  # the built-in data that stands in where none is given
    # data
    size: tuple[int, int] = (128, 128)
    style: str = "random"
    fit: str = "crop"
    enlarge: tuple[int, int] | None = None
    augmentation: str = "none"
    pair_augmentation: str = "faces"
    pair_share: float = 0.0
    flip: bool = True
    zoom: float = 1.0  # windows of the picture, enlarged by up to this factor
    squeeze: float = 1.0  # proportions changed by up to this factor, for a quarter of the pictures
    limit: int | None = None
    validate: int = 200  # held-out examples that are scored each epoch, at most
    # generator
    model: str = "scribbler"
    arguments: dict[str, Any] = dataclasses.field(default_factory=dict)
    initial: str | None = None  # weights to start from
    # loss: L = pixel L_p + feature L_f + variation L_v
    pixel: float = 1.0
    feature: float = 1e-3
    variation: float = 1e-5
    # optimisation: Adam, warm-up, then cosine to zero
    epochs: int = 17
    batch_size: int = 16
    learning_rate: float = 7e-4
    warmup: int = 300
    schedule: str = "cosine"
    clip: float | None = 1.0
    average: float | None = None  # share of an epoch that the weights' moving average looks back over
    seed: int = 0

    def __post_init__(self) -> None:
        positive = {
            "epochs": self.epochs,
            "batch_size": self.batch_size,
            "learning_rate": self.learning_rate,
            "limit": 1 if self.limit is None else self.limit,
            "clip": 1 if self.clip is None else self.clip,
            "zoom": self.zoom,
            "squeeze": self.squeeze,
        }
        for name, value in positive.items():
            if not value > 0:
                raise ValueError(f"`{name}` must be positive. Received: {name}={value}.")
        for name in ("pixel", "feature", "variation", "warmup", "validate", "seed"):
            if not getattr(self, name) >= 0:
                raise ValueError(f"`{name}` must not be negative. Received: {name}={getattr(self, name)}.")
        known = {
            "schedule": SCHEDULES,
            "augmentation": tuple(AUGMENTATIONS),
            "fit": images.FITS,
            "pair_augmentation": tuple(AUGMENTATIONS),
            "style": TRAINING_STYLES,
        }
        for name, values in known.items():
            if getattr(self, name) not in values:
                raise ValueError(f"`{name}` must be one of {', '.join(values)}. Received: {getattr(self, name)!r}.")
        if self.average is not None and not 0 < self.average <= 1:
            raise ValueError(f"`average` must be a share, above 0 and at most 1. Received: average={self.average}.")
        images.check_size(self.size)


FACES = Recipe(
    name="faces",
    claim="Drawings of faces in many styles become photographs.",
    command="python -m sketchback.train faces --data CELEBA --data CUFS --data FS2K",
    cost="17 epochs of 17,300 at 128 x 128: 8 hours at the 10 images/s measured on 2 CPU cores with bfloat16",
    result="weights/README.md",
    demo="demo:faces",
    pair_share=0.2,
    zoom=1.4,
    squeeze=1.5,
    batch_size=8,  # images/s are 6 % fewer than with 16, and steps are twice as many
    learning_rate=4e-4,
    average=0.2,
)

DRAWINGS = Recipe(
    name="drawings",
    claim="The faces' generator, fine-tuned on hand-drawn pairs, follows artists more closely than simulated styles.",
    command="python -m sketchback.finetune drawings --data CUFS --data FS2K --weights faces",
    cost="8 epochs of 1,030 at 160 x 128: 0.4 hours on 2 CPU cores with bfloat16",
    result="CUFS 18.59 -> 18.77 dB, FS2K 12.71 -> 12.97 dB, too little for a file of its own: benchmarks/README.md",
    demo="demo:faces",
    size=(160, 128),
    pair_share=0.9,
    zoom=1.2,
    initial="faces",
    epochs=8,
    batch_size=8,
    learning_rate=3e-4,
    warmup=100,
    average=0.2,
)

BUILDINGS = Recipe(
    name="buildings",
    claim="The faces' generator, fine-tuned on augmented photographs, draws buildings.",
    command="python -m sketchback.finetune buildings --data ZUBUD",
    cost="25 epochs of 2,676 at 120 x 160: 2.7 hours on 2 CPU cores with bfloat16",
    result="weights/README.md",
    demo="demo:buildings",
    size=(120, 160),
    augmentation="buildings",
    flip=False,  # the augmentation flips
    initial="faces",
    epochs=25,
    batch_size=8,
    learning_rate=3e-4,
    warmup=100,
    average=0.2,
)

# The original, number by number: AlKhamissi and Nassar 2017.
FACES_2017 = Recipe(
    name="faces2017",
    claim="What the original did: one style, one scale, proportions squeezed, constant learning rate.",
    command="python -m sketchback.train faces2017 --data CELEBA",
    cost="not measured; hours on 2 CPU cores",
    result="not run; an earlier trial of its network at 96 x 96: 16.1 dB after 2,400 steps, grey and blurred",
    demo="demo:faces",
    size=(72, 88),
    style="pencil",
    fit="squeeze",
    pair_augmentation="none",
    flip=False,
    model="sketchback2017",
    epochs=17,
    batch_size=5,
    learning_rate=1e-4,
    warmup=0,
    schedule="constant",
    clip=None,
)

BUILDINGS_2017 = dataclasses.replace(
    FACES_2017,
    name="buildings2017",
    claim="What the original did with ZuBuD: 25 epochs from its faces.",
    command="python -m sketchback.finetune buildings2017 --weights runs/faces2017/best.weights.h5 --data ZUBUD",
    cost="not measured; hours on 2 CPU cores",
    result="not run",
    demo="demo:buildings",
    size=(120, 160),
    augmentation="buildings",
    initial="faces2017",
    epochs=25,
)

RECIPES = {recipe.name: recipe for recipe in (FACES, DRAWINGS, BUILDINGS, FACES_2017, BUILDINGS_2017)}


def find(name: str) -> Recipe:
    """Returns a recipe by name, or raises `ValueError` that lists the known ones."""
    if name not in RECIPES:
        raise ValueError(f"`recipe` must be one of {', '.join(RECIPES)}. Received: {name!r}.")
    return RECIPES[name]


def shrink(recipe: Recipe) -> Recipe:
    """The same recipe for built-in data: small, and done in under three minutes on two cores.

    Arithmetic: 10 epochs x 384 pictures of 64 x 64 are 3,840; a narrow generator trains some 40 of them a second on
    two cores (measured: 115 to 136 s with start and validation), fine-tuning a full one at 48 x 64 some 50.
    """
    faces = recipe.demo == FACES.demo
    small = dataclasses.replace(
        recipe,
        size=(64, 64) if faces else (48, 64),
        epochs=min(recipe.epochs, 10),
        limit=min(384, recipe.limit or 384),
        validate=32,
        warmup=min(recipe.warmup, 20),
        zoom=1.0,  # ten epochs are too few to see the same faces at many scales
        squeeze=1.0,
    )
    if recipe.model != "scribbler" or recipe.initial is not None:
        return small
    return dataclasses.replace(small, batch_size=8, learning_rate=2e-3, arguments={"width": 16, "blocks": 2})
