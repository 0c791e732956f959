"""The run configuration: what was resolved about a run. `recipe.json` holds it, `--resume` reads it again."""

from __future__ import annotations

import dataclasses
import json
import platform
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from sketchback import __version__, console, weights
from sketchback.training.distribution import Devices
from sketchback.training.runs import CONFIGURATION, Progress, Run
from sketchback.training.schema import Recipe, Stage

if TYPE_CHECKING:
    import keras


@dataclasses.dataclass(frozen=True)
class Configuration:
    """Everything that was resolved about a run."""

    recipe: Recipe  # with the one stage that is run
    data: list[str]  # the folders
    against: list[str]  # further folders that the weights will be tested on
    vgg16: str | None  # a file, `"random"`, or None for Keras's download
    precision: str  # `"float32"` or `"bfloat16"`
    deterministic: bool  # whether bit-identical results were asked for
    fingerprint: str  # of the examples
    seen: list[str]  # the data of these weights, with that of the weights that they began with
    terms: str  # the terms of use that come with that data
    # of the other networks that taught it, `answers` and `recogniser`, the SHA-256 of their weights
    teachers: dict[str, str] = dataclasses.field(default_factory=dict)

    @property
    def stage(self) -> Stage:
        """The numbers of this run."""
        return self.recipe.single

    def facts(self) -> dict[str, Any]:
        """As JSON holds it: the recipe with its stage."""
        facts = dataclasses.asdict(self)
        facts["recipe"]["stage"] = facts["recipe"].pop("single")
        del facts["recipe"]["stages"]
        return facts


def recall(run: Run) -> Configuration:
    """The configuration of a run that is resumed: it counts, not what the command line would give.

    Raises:
        ValueError: There is none, or it is not whole.
    """
    facts = run.read_json(CONFIGURATION)
    try:
        recipe: dict[str, Any] = dict(facts["recipe"])
        stage: dict[str, Any] = {
            name: tuple(value) if isinstance(value, list) else value for name, value in recipe.pop("stage").items()
        }
        names = {field.name for field in dataclasses.fields(Configuration)} - {"recipe", "teachers"}
        rest = {name: facts[name] for name in names}
        teachers = dict(facts.get("teachers", {}))  # which older runs did not note
        return Configuration(Recipe(**recipe, single=Stage(**stage)), **rest, teachers=teachers)
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise ValueError(
            f"{CONFIGURATION} must hold the whole configuration of a run. Received: {run.folder}, where it does not "
            f"({console.one_line(error)}). Start without --resume."
        ) from None


@dataclasses.dataclass(frozen=True)
class Checkpoint:
    """What resuming needs: how far the run is, its arrays (see `TrainingModel.restore`), its configuration."""

    progress: Progress
    arrays: dict[str, list[np.ndarray]]
    configuration: Configuration


def load_checkpoint(run: Run, devices: Devices) -> Checkpoint:
    """Reads the checkpoint in the first worker's folder and gives it to all.

    Raises:
        ValueError: There is no checkpoint or no configuration, or it is damaged.
    """
    if devices.first:
        found = Checkpoint(*run.load_checkpoint(), recall(run))
    if devices.workers > 1:
        names = (run.checkpoint.name, CONFIGURATION)
        contents = [devices.share((run.folder / name).read_bytes() if devices.first else b"") for name in names]
        if not devices.first:
            with tempfile.TemporaryDirectory() as folder:
                for name, content in zip(names, contents, strict=True):
                    (Path(folder) / name).write_bytes(content)
                found = Checkpoint(*Run(folder).load_checkpoint(), recall(Run(folder)))
    return found


def save_weights(path: Path, generator: keras.Model, configuration: Configuration, row: dict[str, float]) -> None:
    """Writes a generator's weights, which say what they were taught by.

    Args:
        path: The file to write.
        generator: The generator.
        configuration: Of its run.
        row: The epoch's row of the history.
    """
    facts = configuration.facts()["recipe"]
    numbers = {name: value for name, value in facts.items() if name not in ("cost", "result", "stage")}
    numbers |= {"stage" if name == "name" else name: value for name, value in facts["stage"].items()}
    numbers |= {"epochs_done": row["epoch"], "seconds": row["seconds"]}
    if configuration.teachers:
        numbers["teachers"] = configuration.teachers
    scores = {name: round(float(value), 4) for name, value in row.items() if name.startswith("val_")}
    weights.save(
        generator,
        path,
        recipe=json.dumps(numbers),
        data=configuration.seen,
        terms=configuration.terms,
        scores=scores,
    )


def name_of(path: Path) -> str:
    """What a run configuration says of the weights that a run began with."""
    return f"{path.name} (sha256 {weights.sha256(path)})"


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
