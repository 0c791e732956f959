"""Trains on from existing weights with another recipe: faces become buildings."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Any

from sketchback import console
from sketchback.train import train
from sketchback.training import lost_workers, options
from sketchback.training.recipes import Recipe


def finetune(recipe: Recipe, initial: str | Path | None = None, **given: Any) -> Path:
    """Trains a recipe from weights, which bring their architecture; every other number is the recipe's.

    Args:
        recipe: See `recipes`.
        initial: Weights by name or file; by default those that the recipe names.
        **given: Options of `train.train`: data, out, resume ...

    Returns:
        The best weights of the run.

    Raises:
        ValueError: No weights are given and the recipe names none; see also `train.train`.
    """
    initial = initial or recipe.initial
    if initial is None and not given.get("resume"):
        raise ValueError(
            f"Fine-tuning needs weights to start from. Received: recipe {recipe.name!r}, which names none. "
            "Give --weights, or use sketchback.train to begin from scratch."
        )
    return train(recipe, initial=initial, **given)


def main(argv: list[str] | None = None) -> int:
    """The command line of `python -m sketchback.finetune`."""
    made = console.parser(
        "finetune",
        "Train on from existing weights: the architecture is theirs, every other number the recipe's.",
        "  python -m sketchback.finetune buildings\n"
        "  python -m sketchback.finetune buildings --data ZUBUD --weights runs/faces/best.weights.h5\n"
        "  python -m sketchback.finetune faces --data MY_DRAWINGS --weights faces --epochs 3",
    )
    options.add(made, "buildings")
    made.add_argument("--weights", metavar="W", help="a name or a file (default: what the recipe names)")
    return lost_workers.leave(console.run(functools.partial(options.carry_out, finetune), made, argv))


if __name__ == "__main__":
    from sketchback.finetune import main  # as itself: `__main__` is not below the log's `sketchback`

    raise SystemExit(main())
