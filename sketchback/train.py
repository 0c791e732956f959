"""Teaches a generator from a recipe: `resolve` what is asked, `build` a trainer, `fit` it, stage by stage.

resolve(arguments) -> Session            training/session.py
run_stages(session) -> Outcome           training/stages.py: for each stage of the recipe
    build(session, stage) -> Trainer     training/building.py
    fit(trainer)                         training/trainer.py: train_on_batch of TrainingModel (model.py, losses.py)
"""

from __future__ import annotations

import argparse
import dataclasses
import logging
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from sketchback import console
from sketchback.datasets import as_folders
from sketchback.training import distribution, recipes
from sketchback.training.schema import Recipe
from sketchback.training.session import Session, add_arguments, resolve
from sketchback.training.stages import run_stages


def train(
    recipe: str | Recipe, data: str | Path | Sequence[str | Path] = (), *, out: str | Path | None = None, **options: Any
) -> Path:
    """Trains a generator by a recipe.

    Args:
        recipe: Its name, or every number, see `training.recipes`; `recipes.find("faces").changed(epochs=2)` changes
            some.
        data: A folder, or several that are mixed, see `datasets.find`; none is a single run on the built-in set.
        out: The run's folder, `runs/<recipe>` by default. An earlier run in it is moved to `earlier-N/`.
        **options: The attributes of `training.session.Session`: initial, stage, resume, vgg16, precision,
            deterministic, processes, progress, against, workers, rank.

    Returns:
        The best weights, a file of the first machine; a run that was stopped in its first epoch has none yet.

    Raises:
        ValueError: An argument, the data or the checkpoint will not do.
        TrainingError: The loss became NaN or infinite.
        OSError: The folder cannot be written, or another machine was lost.
        TypeError: An option is unknown, or the recipe or the data are of another kind.
    """
    if unknown := sorted(set(options) - {field.name for field in dataclasses.fields(Session)}):
        raise TypeError(
            f"`{unknown[0]}` is no option of `train`. Received: {', '.join(unknown)}. The weights to begin with are "
            "`initial`; a recipe's numbers are changed by `recipes.find(NAME).changed(...)`."
        )
    if not isinstance(recipe, (str, Recipe)):
        raise TypeError(f"`recipe` must be a name or a Recipe. Received: {type(recipe).__name__}. Try 'faces'.")
    options["against"] = as_folders(options.get("against", ()))
    workers = options.get("workers") or None
    given = workers if workers is None or isinstance(workers, str) else ",".join(workers)
    options["workers"] = tuple(distribution.read_workers(given, options.get("rank")))
    if options.get("vgg16") is not None:
        options["vgg16"] = str(options["vgg16"])
    folder = None if out is None else Path(out)
    chosen = recipes.find(recipe) if isinstance(recipe, str) else recipe
    return run_stages(Session(chosen, as_folders(data), folder, **options)).best


def command(
    default: str, made: argparse.ArgumentParser, argv: list[str] | None, check: Callable[[Session], None]
) -> int:
    """What the command lines of `train` and `finetune` do."""
    add_arguments(made, default)

    def resolve_and_run(arguments: argparse.Namespace) -> int:
        session = resolve(arguments)
        check(session)
        if session.rank:  # the first one speaks for all
            logging.getLogger("sketchback").setLevel(logging.WARNING)
        console.import_keras()
        return 0 if run_stages(session).done else console.STOPPED

    return distribution.leave(console.run(resolve_and_run, made, argv))


def main(argv: list[str] | None = None) -> int:
    """The command line of `python -m sketchback.train`."""
    made = console.parser(
        "train",
        "Teach a generator to turn sketches into photographs, by a recipe whose stages are run in order.",
        "Loss: L = 1 pixel + 0.001 feature + 0.00001 total variation. The run's folder holds best and last weights, "
        "history.csv, curves.png, samples.png and recipe.json. Ctrl-C and SIGTERM end it after the step at hand, with "
        "status 130; --resume goes on.\n\n"
        "  python -m sketchback.train faces\n"
        "  python -m sketchback.train faces --data celeba --data celeba_aligned --data cufs --data fs2k\n"
        "  python -m sketchback.train faces --data celeba --data cufs --size 96x96 --epochs 2\n"
        "  python -m sketchback.train faces --resume",
    )
    return command("faces", made, argv, check=lambda session: None)


if __name__ == "__main__":
    raise SystemExit(main())
