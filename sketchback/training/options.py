"""The arguments that `train` and `finetune` share at the command line, and what they say."""

from __future__ import annotations

import argparse
import dataclasses
import logging
from collections.abc import Callable, Iterable
from typing import Any

from sketchback import console
from sketchback.training import distribution, lost_workers, recipes
from sketchback.training.recipes import TRAINING_STYLES, Recipe

PRECISIONS = ("auto", "float32", "bfloat16")
ENCODERS = ("auto", "imagenet", "scratch")

logger = logging.getLogger(__name__)

OVERRIDES: dict[str, tuple[type, str]] = {  # a recipe's numbers that the command line can change: type and help
    "epochs": (int, "how often all examples are seen"),
    "batch_size": (int, "examples a step"),
    "learning_rate": (float, "peak of the learning rate"),
    "schedule": (str, f"of the learning rate: {', '.join(recipes.SCHEDULES)}"),
    "warmup": (int, "steps until the peak"),
    "clip": (float, "norm that gradients are clipped to"),
    "average": (float, "share of an epoch over which weights are averaged; the average takes their place after it"),
    "pixel": (float, "weight of the pixel loss"),
    "feature": (float, "weight of the feature loss (VGG16 relu2_2)"),
    "variation": (float, "weight of the total variation"),
    "pair_share": (float, "share of each epoch that shows hand-drawn pairs"),
    "augmentation": (str, "of photographs: none, faces or buildings"),
    "pair_augmentation": (str, "of hand-drawn pairs, likewise"),
    "zoom": (float, "show windows of pictures, enlarged by up to this factor"),
    "squeeze": (float, "change the proportions of a quarter of the pictures by up to this factor"),
    "limit": (int, "show at most so many examples an epoch"),
    "validate": (int, "score so many held-out examples each epoch"),
    "seed": (int, "decides everything random"),
}
GENERATOR: dict[str, tuple[type, str]] = {  # arguments of `models.scribbler`
    "width": (int, "channels at full size (32)"),
    "halvings": (int, "how often the encoder halves the picture (4)"),
    "blocks": (int, "residual blocks at the smallest size (3)"),
    "normalisation": (str, "batch, as in Scribbler's paper (default: none)"),
}


def add(made: argparse.ArgumentParser, default: str) -> None:
    """Adds what `train` and `finetune` have in common."""
    made.add_argument("recipe", nargs="?", default=default, help=f"one of {', '.join(recipes.RECIPES)}")
    made.add_argument(
        "--data",
        action="append",
        default=[],
        metavar="DIR",
        help="a folder of photographs or pairs (see data/README.md); may be given several times; "
        "without it, built-in drawn pictures show how it works in under 3 minutes",
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
    console.add_view(made, TRAINING_STYLES, style=None)
    made.add_argument("--enlarge", type=console.size, metavar="HxW", help="resize photographs to this first")
    made.add_argument("--no-flip", dest="flip", action="store_false", default=None, help="do not mirror examples")
    made.add_argument("--vgg16", metavar="FILE", help="VGG16's weights, .npz or .h5, instead of a download")
    made.add_argument(
        "--features",
        choices=("vgg16", "random"),
        default="vgg16",
        help="random: a feature loss without ImageNet weights",
    )
    made.add_argument(
        "--precision", choices=PRECISIONS, default="auto", help="auto: bfloat16 where the CPU or GPU computes in it"
    )
    made.add_argument("--deterministic", action="store_true", help="bit-identical repetition, also on a GPU")
    made.add_argument("--threads", type=int, default=2, help="how many read and draw (default: 2)")
    machines = made.add_argument_group("several machines, which share each batch (KERAS_BACKEND=jax)")
    machines.add_argument("--workers", metavar="H1:PORT,H2:PORT", help="one address a machine, the same on all of them")
    machines.add_argument("--rank", type=int, metavar="R", help="this machine's place among them, from 0; 0 writes")
    numbers = made.add_argument_group("the recipe's numbers, each of which can be changed")
    generator = made.add_argument_group("the generator, where no weights bring theirs")
    generator.add_argument("--model", metavar="STR", help="scribbler, sketchback2017 or unet_resnet")
    generator.add_argument(
        "--encoder",
        choices=ENCODERS,
        default="auto",
        help="of unet_resnet; auto: ImageNet's weights (95 MB, once) where they can be had",
    )
    generator.add_argument(
        "--no-skips",
        dest="skips",
        action="store_false",
        default=None,
        help="no skip connections, as in Scribbler's paper",
    )
    for group, options_of in ((numbers, OVERRIDES), (generator, GENERATOR)):
        for name, (kind, text) in options_of.items():
            group.add_argument(f"--{name.replace('_', '-')}", type=kind, metavar=kind.__name__.upper(), help=text)


def options(arguments: argparse.Namespace) -> tuple[Recipe, dict[str, Any]]:
    """What the arguments of `add` say: the recipe with its changed numbers, and the options of `train`."""
    recipe = recipes.find(arguments.recipe)

    def given(names: Iterable[str]) -> dict[str, Any]:
        return {name: getattr(arguments, name) for name in names if getattr(arguments, name) is not None}

    numbers = given([*OVERRIDES, "size", "style", "fit", "enlarge", "flip", "model"])
    of_generator = given([*GENERATOR, "skips"])
    if arguments.features == "random" and arguments.vgg16:
        raise ValueError("--vgg16 names a file and --features random wants none. Received: both. Give one.")
    if arguments.resume:
        ignored = [*numbers, *of_generator, *(["weights"] if arguments.weights else [])]
        if ignored:
            logger.warning("--resume goes on with the run's own recipe; these do not count: %s", ", ".join(ignored))
    elif not arguments.data:
        recipe = recipes.shrink(recipe)
        logger.info("no --data: the recipe shrinks to built-in pictures (under 3 minutes on 2 cores)")
    if (arguments.weights or recipe.initial) and not arguments.resume and (of_generator or "model" in numbers):
        logger.warning(
            "the weights bring their own architecture; these do not count: %s",
            ", ".join([*of_generator, *(["model"] if "model" in numbers else [])]),
        )
    if numbers.get("model", recipe.model) != recipe.model:
        recipe = dataclasses.replace(recipe, arguments={})
    recipe = dataclasses.replace(recipe, **numbers, arguments={**recipe.arguments, **of_generator})
    same = ("data", "against", "out", "resume", "precision", "deterministic", "threads", "rank", "encoder")
    kept = {name: getattr(arguments, name) for name in same}
    vgg16 = "random" if arguments.features == "random" else arguments.vgg16
    console.import_keras()
    workers = distribution.read_workers(arguments.workers, arguments.rank)
    return recipe, {**kept, "vgg16": vgg16, "workers": workers, "progress": not arguments.quiet}


def carry_out(verb: Callable[..., object], arguments: argparse.Namespace) -> int | None:
    """Calls `train` or `finetune` as the arguments say; one of several workers computes in a process of its own.

    Returns:
        The exit status, in the process that waits for the one that computes; None in any other.
    """
    workers = distribution.read_workers(arguments.workers, arguments.rank)
    if len(workers) > 1 and (status := lost_workers.attend()) is not None:
        return status
    if arguments.rank:  # the first one speaks for all
        arguments.quiet = True
        logging.getLogger("sketchback").setLevel(logging.WARNING)
    recipe, given = options(arguments)
    verb(recipe, initial=arguments.weights, **given)
    return None
