"""What a person asks of `train` and `finetune`, resolved: recipe, data, folder, precision, machines."""

from __future__ import annotations

import argparse
import dataclasses
import logging
from pathlib import Path
from typing import Any

from sketchback import console
from sketchback.sketching import WITHOUT_NETWORK
from sketchback.training import distribution, recipes
from sketchback.training.configuration import Configuration
from sketchback.training.runs import CONFIGURATION
from sketchback.training.schema import ENCODERS, NUMBERS, Recipe, Stage

PRECISIONS = ("auto", "float32", "bfloat16")
KINDS = {"int": int, "float": float, "str": str}
ARCHITECTURE: dict[str, tuple[type, str]] = {  # arguments of `models.scribbler`
    "width": (int, "channels at full size (32)"),
    "halvings": (int, "how often the encoder halves the picture (4)"),
    "blocks": (int, "residual blocks at the smallest size (3)"),
    "normalisation": (str, "batch, as in Scribbler's paper (default: none)"),
}

logger = logging.getLogger(__name__)


@dataclasses.dataclass(frozen=True)
class Session:
    """Everything that is decided before anything is built.

    Attributes:
        recipe: Every number, see `recipes`.
        data: Folders that are mixed, see `datasets.find`; none takes the recipe's built-in set.
        out: The folder of the run, or of the stages' runs; by default `runs/<recipe>`.
        initial: Weights to start from, a name or a file; they bring their architecture.
        stage: The one stage to run; by default all, in order.
        resume: Go on from the checkpoints in the folder, with the numbers that stand there.
        vgg16: VGG16's weights, see `backbones.vgg16`; `"random"` for a random network.
        precision: `"float32"`, `"bfloat16"`, or `"auto"`: bfloat16 where the machine computes in it.
        deterministic: Ask the backend for bit-identical results of identical runs, also on a GPU.
        processes: How many read and draw; 0: threads of this one. By default see `model.choose_processes`.
        progress: Show a bar.
        against: Further folders that the weights will be tested on: near-duplicates of their test pictures are left
            out of training, as are those of `data`'s own (see `near_duplicates`).
        workers: Addresses `host:port` of the machines that share each batch, which are given the same recipe, data
            and weights; see `distribution`. All devices of one machine share it anyhow.
        rank: This machine's place among them. The first one writes the run; the others keep in `out` only what
            an artist drew for them.
    """

    recipe: Recipe
    data: tuple[str, ...] = ()
    out: Path | None = None
    initial: str | Path | None = None
    stage: str | None = None
    resume: bool = False
    vgg16: str | None = None
    precision: str = "auto"
    deterministic: bool = False
    processes: int | None = None
    progress: bool = False
    against: tuple[str, ...] = ()
    workers: tuple[str, ...] = ()
    rank: int | None = None

    def __post_init__(self) -> None:
        if self.precision not in PRECISIONS:
            raise ValueError(f"`precision` must be one of {', '.join(PRECISIONS)}. Received: {self.precision!r}.")
        if self.processes is not None and self.processes < 0:
            raise ValueError(f"`processes` must be 0 or more. Received: processes={self.processes}.")

    @property
    def folder(self) -> Path:
        """Where everything is written."""
        return self.out or Path("runs") / self.recipe.name

    @property
    def stages(self) -> tuple[Stage, ...]:
        """All stages of the recipe, of which `stage` may choose one.

        A single run where there is no data but the built-in pictures, on several machines, and in a folder that holds
        a single run, which is resumed as one.
        """
        built_in = not (self.data or self.stage or self.resume)
        resumes_single = self.resume and not self.stage and (self.folder / CONFIGURATION).is_file()
        if self.workers or built_in or resumes_single:
            return (self.recipe.single,)
        return self.recipe.stages or (self.recipe.single,)

    def follow(self, earlier: Configuration) -> Session:
        """The session with what an earlier run was given, wherever nothing else is given now."""
        return dataclasses.replace(
            self,
            data=self.data or tuple(earlier.data),
            against=self.against or tuple(earlier.against),
            vgg16=self.vgg16 or earlier.vgg16,
            deterministic=self.deterministic or earlier.deterministic,
            precision=earlier.precision if self.precision == "auto" else self.precision,
        )

    def place(self, stage: Stage) -> Path:
        """The folder of a stage's run: a recipe of one stage has no folders inside."""
        return self.folder / stage.name if len(self.stages) > 1 else self.folder


def add_arguments(made: argparse.ArgumentParser, default: str) -> None:
    """Adds the arguments that `train` and `finetune` share; `resolve` reads them."""
    made.add_argument(
        "recipe", nargs="?", default=default, help=f"one of {', '.join(recipes.RECIPES)} (default: {default})"
    )
    made.add_argument(
        "--data",
        action="append",
        default=[],
        metavar="DIR",
        help="a folder of photographs or pairs (see data/README.md); may be given several times; without it, built-in "
        "drawn pictures show how it works in 2 to 4 minutes",
    )
    made.add_argument(
        "--against",
        action="append",
        default=[],
        metavar="DIR",
        help="a further folder that will be tested on: near-duplicates of its test pictures are not shown",
    )
    made.add_argument("--out", metavar="DIR", help="the run's folder (default: runs/RECIPE)")
    made.add_argument("--resume", action="store_true", help="go on from the checkpoint in the run's folder")
    stages = "; ".join(
        f"of {recipe.name} {', '.join(stage.name for stage in recipe.stages)}"
        for recipe in recipes.RECIPES.values()
        if recipe.stages
    )
    made.add_argument("--stage", metavar="NAME", help=f"run this stage alone, {stages} (default: all in order)")
    made.add_argument("--weights", metavar="W", help="weights to start from, a name or a file")
    console.add_view(made, WITHOUT_NETWORK)
    made.add_argument("--enlarge", type=console.size, metavar="HxW", help="resize photographs to this first")
    made.add_argument("--no-flip", dest="flip", action="store_false", default=None, help="do not mirror examples")
    made.add_argument(
        "--vgg16",
        metavar="FILE",
        help="VGG16's weights, .npz or .h5, instead of a download; random: a feature loss without ImageNet",
    )
    made.add_argument(
        "--precision", choices=PRECISIONS, default="auto", help="auto: bfloat16 where the CPU or GPU computes in it"
    )
    made.add_argument("--deterministic", action="store_true", help="bit-identical repetition, also on a GPU")
    made.add_argument(
        "--processes",
        type=int,
        metavar="N",
        help="how many read and draw; 0: threads of this one (default: 0 on a CPU; for a GPU one a core, 16 at most)",
    )
    made.add_argument("--threads", dest="processes", type=int, help=argparse.SUPPRESS)  # its name of old
    machines = made.add_argument_group("several machines, which share each batch (KERAS_BACKEND=jax)")
    machines.add_argument("--workers", metavar="H1:PORT,H2:PORT", help="one address a machine, the same on all of them")
    machines.add_argument("--rank", type=int, metavar="R", help="this machine's place among them, from 0; 0 writes")
    numbers = made.add_argument_group("numbers of the recipe; whoever changes one gets a single run, not all stages")
    for name, field in NUMBERS.items():
        kind = str(field.type).partition(" ")[0]
        spelling = f"--{name.replace('_', '-')}"
        numbers.add_argument(spelling, dest=name, type=KINDS[kind], metavar=kind.upper(), help=field.metadata["help"])
    generator = made.add_argument_group("the generator, where no weights bring theirs")
    generator.add_argument("--model", metavar="STR", help="scribbler, sketchback2017, unet_resnet, ...")
    generator.add_argument(
        "--encoder",
        choices=ENCODERS,
        help="of unet_resnet; auto: ImageNet's weights (95 MB, once) where they can be had",
    )
    generator.add_argument(
        "--no-skips",
        dest="skips",
        action="store_false",
        default=None,
        help="no skip connections, as in Scribbler's paper",
    )
    for name, (kind_of, text) in ARCHITECTURE.items():
        generator.add_argument(f"--{name}", type=kind_of, metavar=kind_of.__name__.upper(), help=text)


def resolve(arguments: argparse.Namespace) -> Session:
    """What the arguments of `add_arguments` say.

    Raises:
        ValueError: Two of them contradict each other, or one will not do.
    """
    recipe = recipes.find(arguments.recipe)

    def given(names: list[str]) -> dict[str, Any]:
        return {name: getattr(arguments, name) for name in names if getattr(arguments, name) is not None}

    numbers = given([*NUMBERS, "size", "style", "fit", "enlarge", "flip", "model"])
    architecture = given([*ARCHITECTURE, "skips"])
    if arguments.stage and (others := [*numbers, *architecture, *(["workers"] if arguments.workers else [])]):
        raise ValueError(
            f"--stage runs a stage on one machine, with the recipe's own numbers. Received: also {', '.join(others)}. "
            "Leave --stage out, or all of these."
        )
    if arguments.resume:
        blends = any(stage.blend for stage in recipe.stages)  # with weights that may have to be given
        names = ("encoder",) if blends else ("encoder", "weights")
        ignored = [*numbers, *architecture, *(name for name in names if getattr(arguments, name))]
        if ignored:
            logger.warning("--resume goes on with the run's own recipe; these do not count: %s", ", ".join(ignored))
    elif not arguments.data and not arguments.stage:
        recipe = recipes.shrink(recipe)
        logger.info("no --data: the recipe shrinks to built-in pictures (2 to 4 minutes on 2 cores)")
    given_weights = arguments.weights or recipe.initial
    is_new = not given_weights or recipe.model == "tone_sampler"  # whose teacher's weights those are
    if not is_new and not arguments.resume:
        ignored = [*architecture, *(["model"] if numbers.pop("model", None) else [])]
        ignored += ["encoder"] if arguments.encoder else []
        if ignored:
            logger.warning("the weights bring their own architecture; these do not count: %s", ", ".join(ignored))
        architecture = {}
    model = numbers.get("model", recipe.model)
    if arguments.encoder and is_new and not arguments.resume and model != "unet_resnet":
        raise ValueError(f"--encoder is for --model unet_resnet. Received: model {model}. Leave one of them out.")
    if model != recipe.model:
        recipe = dataclasses.replace(recipe, arguments={})
    if (numbers or architecture) and not arguments.resume:
        if recipe.stages:
            logger.info("numbers were changed: a single run instead of the recipe's %d stages", len(recipe.stages))
        recipe = recipe.changed(**numbers, arguments={**recipe.arguments, **architecture})
    if arguments.encoder:
        recipe = dataclasses.replace(recipe, encoder=arguments.encoder)
    return Session(
        recipe,
        data=tuple(arguments.data),
        out=Path(arguments.out) if arguments.out else None,
        initial=arguments.weights,
        stage=arguments.stage,
        resume=arguments.resume,
        vgg16=arguments.vgg16,
        precision=arguments.precision,
        deterministic=arguments.deterministic,
        processes=arguments.processes,
        progress=not arguments.quiet,
        against=tuple(arguments.against),
        workers=tuple(distribution.read_workers(arguments.workers, arguments.rank)),
        rank=arguments.rank,
    )
