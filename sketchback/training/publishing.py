"""What a recipe gives in the end, and how it becomes a file that ships.

python -c "from sketchback.training.publishing import publish; print(publish('runs/faces', 'faces'))"
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sketchback import weights
from sketchback.inference import fidelity
from sketchback.training.initialisation import with_tone
from sketchback.training.schema import BEST, BLENDED, Stage

if TYPE_CHECKING:
    import keras


def blend(first: str | Path, second: str | Path, *, share: float) -> keras.Model:
    """The mean of two generators' weights (Wortsman et al. 2022).

    Args:
        first: Weights, a name or a file; the result says of itself what they say.
        second: Weights of the same architecture; only the first may take tones.
        share: The share of the second ones, between 0 and 1.

    Raises:
        ValueError: The architectures differ, or `share` is out of range.
    """
    one, other = weights.load(first), weights.load(second)
    if not 0 <= share <= 1:
        raise ValueError(f"`share` must be from 0 to 1. Received: share={share}.")
    if "tone" in one.takes and other.takes == ("sketch",) and one.architecture == other.architecture:
        other = with_tone(other)
    if (one.architecture, one.arguments) != (other.architecture, other.arguments):
        raise ValueError(
            f"Weights that are blended must be of one architecture. Received: {first} ({one.architecture}) and "
            f"{second} ({other.architecture}), or other arguments of it."
        )
    one.set_weights(fidelity.mix([one.get_weights(), other.get_weights()], [1 - share, share]))
    return one


def blend_stage(folder: Path, began: Path, *, share: float, chosen: str = BEST) -> Path:
    """Writes what a stage passes on where its own weights alone are not wanted.

    Args:
        folder: Of its run.
        began: The weights that it began with.
        share: Of these.
        chosen: Which of its own.

    Returns:
        `blended.weights.h5` in that folder.
    """
    made = blend(folder / chosen, began, share=share)
    note = f"blended with {share:g} of {began.parent.name}/{began.name} (sha256 {weights.sha256(began)})"
    return _save(made, folder / BLENDED, scores={}, note=note)  # the validation of its own is not theirs


def finish(folder: Path, plan: Sequence[Stage]) -> Path:
    """Writes what a recipe of several stages gives: what the last one passes on.

    Args:
        folder: Of the recipe, with a folder for each stage.
        plan: Its stages.

    Returns:
        `best.weights.h5` in that folder.
    """
    made = weights.load(folder / plan[-1].name / plan[-1].passes_on)
    return _save(made, folder / BEST, scores=made.facts["scores"], note=str(made.facts["note"]))


def publish(
    run: str | Path,
    name: str,
    *,
    chosen: str = BEST,
    folder: str | Path = "weights",
    scores: Mapping[str, Any] | None = None,
    note: str = "",
) -> str:
    """Makes a file that ships from weights of a run or a recipe: half precision, listed in `SHA256SUMS`.

    Scores are those of the half-precision file: publish, evaluate what was published, and publish again with them.

    Args:
        run: The folder of a run.
        name: `"faces"`, `"buildings"` ...
        chosen: Which weights of the run. The faithful end of an adversarial stage, `NAME-faithful`, is what that stage
            began with: what the stage before it passes on.
        folder: Where the file is written.
        scores: What `evaluate` returned, by a title of its test set.
        note: Whatever else a user of the file should know.

    Returns:
        The row of `weights/README.md`; epochs and cost are those of the last stage.

    Raises:
        FileNotFoundError: There is no run.
        ValueError: Its weights do not fit half precision.
    """
    made = weights.load(Path(run) / chosen)
    facts = made.facts
    if scores:
        made.facts["scores"] = {
            title: {row: {one: round(own[one][0], 4) for one in own} for row, own in result["scores"].items()}
            for title, result in scores.items()
        }
    note = "; ".join(filter(None, [str(facts["note"]), note]))
    path = Path(folder) / f"{name}{weights.SUFFIX}"
    _save(made, path, scores=made.facts["scores"], note=note, half=True)
    weights.write_sum(path)
    recipe = facts["recipe"]
    size = " x ".join(map(str, recipe["size"]))
    return (
        f"| `{path.name}` | `{recipe['name']}` | {recipe['epochs_done']} at {size} | {recipe['seconds'] / 3600:.1f} h "
        f"| {made.count_params():,} | {made.facts['terms']} |"
    )


def _save(made: keras.Model, path: Path, *, scores: object, note: str, half: bool = False) -> Path:
    facts = made.facts
    return weights.save(
        made,
        path,
        recipe=json.dumps(facts["recipe"]),
        data=facts["data"],
        terms=str(facts["terms"]),
        scores=scores,
        note=note,
        half=half,
        date=str(facts["date"]),
    )
