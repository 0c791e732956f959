"""What a recipe is: a generator, and the stages that teach it, each with all its numbers."""

from __future__ import annotations

import dataclasses
import math
from numbers import Integral, Real
from typing import Any

from sketchback.datasets.showing import Showing
from sketchback.datasets.tasks import Telling
from sketchback.datasets.views import View
from sketchback.sketching.artist import hands_among

BEST, LAST, BLENDED = "best.weights.h5", "last.weights.h5", "blended.weights.h5"
SCHEDULES = ("cosine", "constant")
KINDS: dict[str, Any] = {"int": Integral, "float": Real, "str": str}
WORDS = {"int": "a whole number", "float": "a number", "str": "text"}
ENCODERS = ("auto", "imagenet", "scratch")
# The neural style takes seconds a picture: draw with `sketch` first, and train on the pairs. For the artist's drawings
# among random ones see `Stage.artist`.


def _number(default: Any, text: str) -> Any:
    """A number that the command line can change, as `--its-name`."""
    return dataclasses.field(default=default, metadata={"help": text})


@dataclasses.dataclass(frozen=True)
class Stage:
    """The numbers of one run: what is shown, what is minimised, how long and at what rate."""

    name: str = "single"
    # data
    only: tuple[str, ...] = ()  # of the data given: sets by kind (CUFS) or folder (img_celeba); all by default
    size: tuple[int, int] = (128, 128)
    style: str = "random"
    fit: str = "crop"
    enlarge: tuple[int, int] | None = None
    crop: tuple[int, int] | None = None  # a window of `size`, at a random place
    flip: bool = True
    augmentation: str = _number("none", "of photographs: none, faces or buildings")
    pair_augmentation: str = _number("faces", "of hand-drawn pairs, likewise")
    pair_share: float = _number(0.0, "share of each epoch that shows hand-drawn pairs")
    zoom: float = _number(1.0, "show windows of pictures, enlarged by up to this factor")
    aspect: float = _number(1.0, "change the proportions of a quarter of the pictures by up to this factor")
    margin: float = _number(0.0, "share of examples that are shown with empty paper around them")
    told: float = _number(0.0, "share of examples of whose tones something is told")
    retoned: float = _number(0.0, "share of these in which a region was given other tones before")
    artist: float = _number(0.0, "share of the sketches of photographs that the artist draws")
    hands: str = _number("", "hands that the artist draws in and between, as 'CUFS,FS2K 1' (default: all)")
    registered: float = _number(0.0, "share of the pairs whose photograph is moved to where the drawing has it")
    answers: str = _number("", "weights of a generator whose answers an enlarger is shown (default: soft photographs)")
    limit: int | None = _number(None, "show at most so many examples an epoch")
    validate: int = _number(200, "score so many held-out examples each epoch")
    # loss: the weight of each term
    pixel: float = _number(1.0, "weight of the pixel loss")
    feature: float = _number(1e-3, "weight of the feature loss (VGG16 relu2_2)")
    variation: float = _number(1e-5, "weight of the total variation")
    absolute: float = _number(0.0, "weight of the mean absolute difference")
    coarse: float = _number(0.0, "weight of the same on means over 4 x 4 pixels")
    square: float = _number(0.0, "weight of the mean squared difference")
    structure: float = _number(0.0, "weight of how far SSIM is from 1")
    excess: float = _number(0.0, "weight of contrast beyond the photograph's")
    identity: float = _number(0.0, "weight of what a face recogniser sees of whose face it is")
    adversarial: float = _number(0.0, "weight of the adversarial loss (projected discriminator)")
    matching: float = _number(0.0, "weight of the difference of the features that the discriminator sees")
    near: int = _number(0, "pixels around strokes within which the discriminator judges; 0: everywhere")
    # optimisation: Adam
    epochs: int = _number(17, "how often all examples are seen")
    batch_size: int = _number(16, "examples a step")
    learning_rate: float = _number(7e-4, "peak of the learning rate")
    warmup: int = _number(300, "steps until the peak")
    schedule: str = _number("cosine", f"of the learning rate after the peak: {', '.join(SCHEDULES)}")
    clip: float | None = _number(1.0, "norm that gradients are clipped to")
    average: float | None = _number(
        None, "share of an epoch over which weights are averaged; the average takes their place after it"
    )
    seed: int = _number(0, "decides everything random")
    blend: float = 0.0  # the share, in BLENDED, of the weights that it began with
    blend_in: str = BEST  # of its own weights, the rest of BLENDED
    passes_on: str = BEST  # the weights that the next stage begins with

    def __post_init__(self) -> None:
        _ = self.view, self.showing  # which check what they are made of
        for name, field in NUMBERS.items():
            (kind, *optional), value = str(field.type).split(" | "), getattr(self, name)
            if optional and value is None:
                continue
            if not isinstance(value, KINDS[kind]) or isinstance(value, bool):
                raise ValueError(f"`{name}` must be {WORDS[kind]}. Received: {name}={value!r}.")
            if isinstance(value, float) and not math.isfinite(value):
                raise ValueError(f"`{name}` must be finite. Received: {name}={value}.")
        for name in ("epochs", "batch_size", "learning_rate", "limit", "clip"):
            value = getattr(self, name)
            if value is not None and not value > 0:
                raise ValueError(f"`{name}` must be positive. Received: {name}={value}.")
        for name in NUMBERS:
            value = getattr(self, name)
            if isinstance(value, (int, float)) and not value >= 0:  # weights of the loss among them; NaN is refused too
                raise ValueError(f"`{name}` must not be negative. Received: {name}={value}.")
        known: dict[str, tuple[str, ...]] = {
            "schedule": SCHEDULES,
            "blend_in": (BEST, LAST),
            "passes_on": (BEST, LAST, BLENDED),
        }
        for name, values in known.items():
            if getattr(self, name) not in values:
                raise ValueError(f"`{name}` must be one of {', '.join(values)}. Received: {getattr(self, name)!r}.")
        if self.seed >= 2**32:
            raise ValueError(f"`seed` must be below 2**32, as NumPy's. Received: seed={self.seed}.")
        if self.average is not None and not 0 < self.average <= 1:
            raise ValueError(f"`average` must be a share, above 0 and at most 1. Received: average={self.average}.")
        if not self.registered <= 1:
            raise ValueError(f"`registered` must be a share, in [0, 1]. Received: registered={self.registered}.")
        for name in ("pair_share", "blend"):
            if not 0 <= getattr(self, name) < 1:
                raise ValueError(f"`{name}` must be in [0, 1). Received: {name}={getattr(self, name)}.")
        if (self.passes_on == BLENDED) != (self.blend > 0):
            raise ValueError(
                f"`passes_on` must be {BLENDED} where `blend` is above 0, and only there. "
                f"Received: passes_on={self.passes_on!r}, blend={self.blend}."
            )
        if self.retoned and not self.told:
            raise ValueError(f"`retoned` is a share of `told`. Received: retoned={self.retoned}, told=0. Give both.")
        for name in ("matching", "near"):
            if getattr(self, name) and not self.adversarial:
                raise ValueError(
                    f"`{name}` is about what the discriminator of an adversarial stage sees. "
                    f"Received: {name}={getattr(self, name)}, adversarial=0. Give both."
                )
        if self.artist and self.style != "random":
            raise ValueError(f"`artist` needs style random. Received: style={self.style!r}.")
        hands_among(self.hands)
        if self.hands and not self.artist:
            raise ValueError(f"`hands` are those of the artist. Received: hands={self.hands}, artist=0. Give both.")
        if self.fit != "crop" and max(self.zoom, self.aspect) > 1:
            raise ValueError(
                f"`fit` must be crop where `zoom` or `aspect` show windows of pictures. Received: fit={self.fit!r}, "
                f"zoom={self.zoom}, aspect={self.aspect}. Set both to 1."
            )

    @property
    def view(self) -> View:
        """How an example becomes a sketch and a photograph."""
        return View(self.size, self.style, self.fit, self.enlarge)

    @property
    def showing(self) -> Showing:
        """What of an example is shown, and how that differs from epoch to epoch."""
        alike = {
            field.name: getattr(self, field.name) for field in dataclasses.fields(Showing) if field.name != "telling"
        }
        return Showing(**alike, telling=Telling(self.told, self.retoned))


NUMBERS = {field.name: field for field in dataclasses.fields(Stage) if "help" in field.metadata}


@dataclasses.dataclass(frozen=True)
class Recipe:
    """One experiment, whole: a generator and the stages that teach it."""

    name: str
    claim: str
    command: str
    cost: str
    result: str
    demo: str  # the built-in data that stands in where none is given
    single: Stage  # one run instead of all stages, where a number is changed or no data is given
    stages: tuple[Stage, ...] = ()  # none: `single` alone
    model: str = "scribbler"
    arguments: dict[str, Any] = dataclasses.field(default_factory=dict)
    encoder: str = "auto"  # what the encoder of a new `unet_resnet` begins with
    initial: str | None = None  # weights that the first stage begins with

    def __post_init__(self) -> None:
        if self.encoder not in ENCODERS:
            raise ValueError(f"`encoder` must be one of {', '.join(ENCODERS)}. Received: {self.encoder!r}.")
        if self.stages and self.stages[0].blend:
            raise ValueError(
                "`blend` mixes in the weights of the stage before. Received: one for the first stage. Set it to 0."
            )

    def changed(self, **numbers: Any) -> Recipe:
        """The same recipe as one run, with other numbers.

        >>> from sketchback.training.recipes import FACES
        >>> FACES.changed(epochs=2, model="sketchback2017").single.epochs
        2
        """
        own = {field.name for field in dataclasses.fields(Recipe)} - {"single", "stages", "name"}
        known = own | {field.name for field in dataclasses.fields(Stage)} - {"name"}
        if unknown := sorted(set(numbers) - known):
            raise ValueError(f"A number must be one of {', '.join(sorted(known))}. Received: {', '.join(unknown)}.")
        whole = {name: value for name, value in numbers.items() if name in own}
        stage = {"only": (), **{name: value for name, value in numbers.items() if name not in own}}
        return dataclasses.replace(self, single=dataclasses.replace(self.single, **stage), stages=(), **whole)
