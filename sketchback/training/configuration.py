"""What was resolved about a run: recorded beside it, read again by `--resume`, and carried along by its weights."""

from __future__ import annotations

import dataclasses
import json
import platform
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from sketchback import __version__, console
from sketchback.training.distribution import Devices
from sketchback.training.recipes import Recipe
from sketchback.training.runs import Progress, Run

if TYPE_CHECKING:
    import keras

FILE = "recipe.json"


@dataclasses.dataclass(frozen=True)
class Plan:
    """Everything that was resolved about a run: `recipe.json` holds it, and `--resume` reads it again."""

    recipe: Recipe
    data: list[str]
    against: list[str]
    vgg16: str | None  # a file, "random", or None for Keras's download
    precision: str
    deterministic: bool
    fingerprint: str  # of the examples
    seen: list[str]  # the data of these weights, with that of the weights they began with
    terms: str


def recall(run: Run) -> Plan:
    """What a resumed run was: its own recipe counts, not the one that the command line would give."""
    facts = run.read_json(FILE)
    try:
        own = {field.name for field in dataclasses.fields(Recipe)}
        kept = {
            name: tuple(value) if isinstance(value, list) else value
            for name, value in facts["recipe"].items()
            if name in own
        }
        rest = {field.name: facts[field.name] for field in dataclasses.fields(Plan) if field.name != "recipe"}
        return Plan(Recipe(**kept), **rest)
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise ValueError(
            f"{FILE} must hold the whole plan of a run. Received: {run.folder}, where it does not "
            f"({console.one_line(error)}). Start without --resume."
        ) from None


def take_up(run: Run, devices: Devices) -> tuple[Progress, dict[str, list[np.ndarray]], Plan]:
    """What resuming needs, read from the first worker's folder and given to all.

    Returns:
        How far the run is, its arrays (see `Inversion.restore`), and its plan.

    Raises:
        ValueError: There is no checkpoint or no plan, or it is damaged.
    """
    if devices.first:
        taken = *run.load_checkpoint(), recall(run)
    if devices.workers > 1:
        names = (run.checkpoint.name, FILE)
        contents = [devices.share((run.folder / name).read_bytes() if devices.first else b"") for name in names]
        if not devices.first:
            with tempfile.TemporaryDirectory() as folder:
                for name, content in zip(names, contents, strict=True):
                    (Path(folder) / name).write_bytes(content)
                taken = *Run(folder).load_checkpoint(), recall(Run(folder))
    return taken


def save(path: Path, generator: keras.Model, plan: Plan, row: dict[str, float]) -> None:
    """Writes a generator's weights, which say what they were taught by."""
    from sketchback import weights

    scores = {name: round(float(value), 4) for name, value in row.items() if name.startswith("val_")}
    numbers = {name: value for name, value in dataclasses.asdict(plan.recipe).items() if name not in ("cost", "result")}
    numbers |= {"epochs_done": row["epoch"], "seconds": row["seconds"]}
    weights.save(generator, path, recipe=json.dumps(numbers), data=plan.seen, terms=plan.terms, scores=scores)


def versions() -> dict[str, str]:
    """What a run was made with."""
    import keras

    return {
        "sketchback": __version__,
        "python": platform.python_version(),
        "keras": keras.__version__,
        "backend": keras.backend.backend(),
        "numpy": np.__version__,
    }
