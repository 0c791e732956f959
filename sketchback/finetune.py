"""Trains on from existing weights with another recipe: faces become buildings."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from sketchback import console
from sketchback.train import command, train
from sketchback.training import recipes
from sketchback.training.schema import Recipe
from sketchback.training.session import Session


def finetune(
    recipe: str | Recipe, initial: str | Path | None = None, *, data: Sequence[str | Path] = (), **options: Any
) -> Path:
    """Trains a recipe from weights, which bring their architecture; every other number is the recipe's.

    Args:
        recipe: Its name, or every number, see `training.recipes`.
        initial: Weights by name or file; by default those that the recipe names.
        data: Folders, see `train.train`.
        **options: Those of `train.train`: out, resume ...

    Returns:
        The best weights of the run.

    Raises:
        ValueError: No weights are given and the recipe names none; see also `train.train`.
    """
    chosen = recipes.find(recipe) if isinstance(recipe, str) else recipe
    _check(Session(chosen, initial=initial, resume=options.get("resume", False)))
    return train(chosen, data, initial=initial, **options)


def _check(session: Session) -> None:
    if session.initial is None and session.recipe.initial is None and not session.resume:
        raise ValueError(
            f"Fine-tuning needs weights to start from. Received: recipe {session.recipe.name!r}, which names none. "
            "Give --weights, or use sketchback.train to begin from scratch."
        )


def main(argv: list[str] | None = None) -> int:
    """The command line of `python -m sketchback.finetune`."""
    made = console.parser(
        "finetune",
        "Train on from existing weights: the architecture is theirs, every other number the recipe's.",
        "  python -m sketchback.finetune buildings\n"
        "  python -m sketchback.finetune buildings --data ZUBUD --weights runs/faces/best.weights.h5\n"
        "  python -m sketchback.finetune faces --data MY_DRAWINGS --weights faces --epochs 3",
    )
    return command("buildings", made, argv, check=_check)


if __name__ == "__main__":
    raise SystemExit(main())
