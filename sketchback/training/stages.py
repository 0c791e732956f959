"""The stages of a recipe, one after the other, each from the weights of the one before."""

from __future__ import annotations

import dataclasses
import logging
from pathlib import Path
from typing import TYPE_CHECKING

from sketchback.training.configuration import CONFIGURATION, recall
from sketchback.training.recipes import BEST
from sketchback.training.runs import Run
from sketchback.training.session import Session

if TYPE_CHECKING:
    from sketchback.training.recipes import Stage

logger = logging.getLogger(__name__)


def run_stages(session: Session) -> Path:
    """Runs what a session asks for. With `resume`, stages that are done are passed over.

    Returns:
        The best weights: of the run, or of the last stage that was run; those of a whole recipe stand in its folder.

    Raises:
        ValueError: See `Session` and `building.build`.
        TrainingError: The loss became NaN or infinite.
        OSError: The folder cannot be written, or another worker was lost.
    """
    from sketchback.training import publishing
    from sketchback.training.building import build  # and with it Keras
    from sketchback.training.trainer import fit

    plan, asked = session.plan, _asked(session)
    if session.resume and not any(session.place(stage).joinpath(CONFIGURATION).is_file() for stage in plan):
        raise ValueError(
            f"Resuming needs a checkpoint. Received: {session.folder} without one. Start without --resume."
        )
    for stage in asked:
        number, folder = plan.index(stage), session.place(stage)
        begun = session.resume and (len(plan) == 1 or (folder / CONFIGURATION).is_file())
        if begun and len(plan) > 1 and _is_done(folder):
            continue
        if len(plan) > 1:
            logger.info("stage %s, %d of %d, in %s", stage.name, number + 1, len(plan), folder)
        ready = session if begun else _from_the_stage_before(session, number)
        with build(dataclasses.replace(ready, resume=begun), stage) as trainer:
            if not fit(trainer):
                return folder / BEST
    if len(plan) == 1 or session.stage is not None:
        return session.place(asked[-1]) / BEST
    return publishing.finish(session.recipe, session.folder, plan)


def _asked(session: Session) -> list[Stage]:
    found = [stage for stage in session.plan if session.stage in (None, stage.name)]
    if not found:
        known = ", ".join(stage.name for stage in session.plan)
        raise ValueError(f"`stage` must be one of {known}. Received: {session.stage!r}.")
    return found


def _is_done(folder: Path) -> bool:
    run = Run(folder)
    return run.checkpoint.is_file() and run.load_checkpoint()[0].epoch >= recall(run).stage.epochs


def _from_the_stage_before(session: Session, number: int) -> Session:
    """The session of a stage that begins: with the weights of the one before, and its data where none is given."""
    if number == 0:
        return session
    before: Stage = session.plan[number - 1]
    folder = session.place(before)
    path = folder / before.hands_on
    if not path.is_file():
        if session.stage is not None and session.initial is not None:
            return session
        raise ValueError(
            f"A stage begins with the weights of the one before. Received: stage {session.plan[number].name}, but no "
            f"{path}. Run stage {before.name} first, or give --weights with --stage."
        )
    known = recall(Run(folder))
    return dataclasses.replace(
        session,
        initial=session.initial if session.stage is not None and session.initial is not None else path,
        data=session.data or tuple(known.data),
        against=session.against or tuple(known.against),
        vgg16=session.vgg16 or known.vgg16,
    )
