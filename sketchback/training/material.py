"""`prepare` gathers what a stage shows: examples without near-duplicates of test pictures, and batches of them."""

from __future__ import annotations

import dataclasses
import logging
from pathlib import Path
from typing import TYPE_CHECKING

from sketchback import datasets
from sketchback.datasets import near_duplicates
from sketchback.datasets.batches import Batches
from sketchback.images.tones import CELL
from sketchback.training import drawings, flow, registration, validation

if TYPE_CHECKING:
    from sketchback.datasets import Example
    from sketchback.datasets.views import View
    from sketchback.training.initialisation import Beginning
    from sketchback.training.schema import Stage
    from sketchback.training.session import Session

logger = logging.getLogger(__name__)


@dataclasses.dataclass(frozen=True)
class Material:
    """What a stage shows and is scored on."""

    examples: list[Example]  # all of them, of every split
    view: View  # how one is seen
    batches: Batches | flow.FlowBatches  # of the training part
    held_out: list[Example]  # of the validation part


def prepare(session: Session, start: Beginning, *, policy: str, processes: int = 0) -> Material:
    """Gathers the examples of a session's one stage, and draws or computes what they need first.

    Args:
        session: Its recipe is `single`.
        start: The generator that is to be taught.
        policy: Keras's name of the precision.
        processes: How many read and draw; 0: threads of this one.

    Raises:
        ValueError: There is no example that the stage and the generator can use, or a sampler that is resumed does not
            find its answers.
        OSError: A folder cannot be read or written.
    """
    stage = session.recipe.single
    examples = _examples(session, stage)
    takes = start.generator.takes
    if takes[-1] == "hand":
        examples = [example for example in examples if example.hand]
        if not examples:
            raise ValueError(
                "An artist needs drawings of known hands: CUFS, XM2VTS or FS2K. "
                f"Received: {', '.join(session.data)}, none of them. Give their folders as --data."
            )
    if stage.told and takes[0] == "sketch" and "tone" not in takes:
        raise ValueError(
            f"`told` needs a generator that takes a tone map. Received: told={stage.told}, and one that takes a sketch "
            "alone. Leave it out, or take the recipe faces-tone or buildings."
        )
    if stage.answers and takes != ("photo", "sketch"):
        raise ValueError(
            f"`answers` are shown to an enlarger. Received: answers={stage.answers}, and a network that takes "
            f"{', '.join(takes)}. Leave it out, or take the recipe enlarger."
        )
    whole = {("photo", "sketch"): 2, ("state",): CELL}.get(takes, 1)  # an enlarger halves it, a sampler sees its cells
    for name in ("size", "crop"):
        size = getattr(stage, name)
        if size is not None and any(side % whole for side in size):
            raise ValueError(
                f"`{name}` must be multiples of {whole} for a network that takes {', '.join(takes)}. Received: "
                f"{size[0]}x{size[1]}. Choose another."
            )
    if stage.artist:
        kept = session.folder / "drawings"
        examples = drawings.draw_all(examples, kept, hands=stage.hands, policy=policy, progress=session.progress)
    if stage.registered:
        kept = session.folder / "registered"
        examples = registration.register_all(
            examples, kept, share=stage.registered, policy=policy, progress=session.progress
        )
    is_sampler = takes == ("state",)
    shown = Batches(
        datasets.subset(examples, "train"),
        stage.view,
        stage.showing,
        batch_size=stage.batch_size,
        seed=stage.seed,
        pair_share=stage.pair_share,
        limit=stage.limit,
        takes=("sketch",) if is_sampler else takes,
    )
    batches = _answered(session, start, shown, processes) if is_sampler else shown
    held_out = validation.hold_out(datasets.subset(examples, "val"), stage.validate)
    if stage.validate and not held_out:
        logger.warning("nothing is left for validation: the best weights will be the last ones")
    return Material(examples, stage.view, batches, held_out)


def _answered(session: Session, start: Beginning, shown: Batches, processes: int) -> flow.FlowBatches:
    """What a tone sampler is taught with, in place of pictures: its generator's answers to them."""
    stage = session.recipe.single
    answers = flow.answers_of(
        start.teacher,
        shown,
        session.folder / "answers",
        teacher_name=str(start.recipe.initial),
        told=stage.told,
        processes=processes,
        progress=session.progress,
    )
    return flow.FlowBatches(answers, shown.examples, batch_size=stage.batch_size, seed=stage.seed)


def _examples(session: Session, stage: Stage) -> list[Example]:
    """What the stage shows and scores: without near-duplicates of anything that will be tested on."""
    given = datasets.find_all(session.data)
    tested = [example for place in session.against for example in datasets.subset(datasets.find(place), "test")]
    examples = [example for example in given if not stage.only or _is_of(example, stage.only)]
    if not examples:
        raise ValueError(
            f"Stage {stage.name} needs one of these sets: {', '.join(stage.only)}. Received: "
            f"{', '.join(session.data)}. Give one, or change a number to get a single run on what there is."
        )
    for name in stage.only:
        if not any(_is_of(example, (name,)) for example in examples):
            logger.warning("stage %s was made with the set %s, which is not in the data given", stage.name, name)
    others = [example for example in given if stage.only and not _is_of(example, stage.only)]
    tested += datasets.subset(others, "test")
    return near_duplicates.leave_out(examples, tested)


def _is_of(example: Example, sets: tuple[str, ...]) -> bool:
    return example.kind in sets or example.name.partition("/")[0] in sets


def title(data: str) -> str:
    """A data set as weights name what they have seen: its folder, or `demo:faces`."""
    return data if data.startswith("demo:") else Path(data).resolve().name
