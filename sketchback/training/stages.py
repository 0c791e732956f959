"""The stages of a recipe, one after the other, each from the weights of the one before."""

from __future__ import annotations

import dataclasses
import logging
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from sketchback import weights
from sketchback.training.configuration import name_of, recall
from sketchback.training.runs import CONFIGURATION, Run
from sketchback.training.schema import BEST, BLENDED, LAST
from sketchback.training.session import Session

if TYPE_CHECKING:
    from sketchback.training.schema import Stage

logger = logging.getLogger(__name__)


class Outcome(NamedTuple):
    """How a session ended.

    Attributes:
        best: The best weights: of the run, or of the last stage that was run; those of a whole recipe stand in its
            folder. A run that was stopped in its first epoch has none yet.
        done: Whether it came to its end; False where it was asked to stop before.
    """

    best: Path
    done: bool


def run_stages(session: Session) -> Outcome:
    """Runs what a session asks for. With `resume`, stages that are done are passed over.

    Raises:
        ValueError: See `Session` and `building.build`.
        TrainingError: The loss became NaN or infinite.
        OSError: The folder cannot be written, or another worker was lost.
    """
    from sketchback.training import publishing
    from sketchback.training.building import build  # and with it Keras
    from sketchback.training.trainer import fit

    stages, asked = session.stages, _asked(session)
    _check_features(asked)
    if session.resume and not session.rank and not any(_checkpoint(session, stage) for stage in stages):
        raise ValueError(
            f"Resuming needs a checkpoint. Received: {session.folder} without one. Start without --resume."
        )
    begins = len(stages) > 1 and not session.resume and session.stage is None
    for stage in asked:
        number, folder_of_stage = stages.index(stage), session.place(stage)
        goes_on = session.resume and (len(stages) == 1 or _goes_on(session, number))
        if goes_on and not session.workers and _is_done(folder_of_stage):
            if len(stages) == 1:
                logger.info(
                    "the run in %s is complete; `finetune --weights %s` goes on from its weights",
                    *(folder_of_stage, folder_of_stage / LAST),
                )
            _blend(session, number, again=False)
            continue
        if goes_on and stage.blend and number:
            _began_with(session, number)  # or it says so before hours of training
        if len(stages) > 1:
            logger.info("stage %s, %d of %d, in %s", stage.name, number + 1, len(stages), folder_of_stage)
        ready = session if goes_on else _from_the_stage_before(session, number)
        if len(stages) > 1 and not (goes_on or ready.data):
            raise ValueError(f"Stage {stage.name} is to begin in full. Received: no data. Give --data.")
        with build(dataclasses.replace(ready, resume=goes_on), stage) as trainer:
            if begins and stage is stages[0] and trainer.devices.first:
                with Run(session.folder) as folder:  # what a single run, or the end of an earlier recipe, left there
                    folder.set_aside()
            if not fit(trainer):
                return Outcome(folder_of_stage / BEST, done=False)
        _blend(session, number)
        if trainer.asked_to_stop and stage is not asked[-1]:  # after its last step
            logger.info("stopped before the next stage; go on with --resume")
            return Outcome(folder_of_stage / BEST, done=False)
    if len(stages) == 1 or session.stage is not None:
        return Outcome(session.place(asked[-1]) / BEST, done=True)
    return Outcome(publishing.finish(session.folder, stages), done=True)


def _blend(session: Session, number: int, *, again: bool = True) -> None:
    """Blends the weights of a stage that is done, where its recipe says so; unless `again`, only if that is missing."""
    from sketchback.training import publishing

    stage, folder = session.stages[number], session.place(session.stages[number])
    if stage.blend and (again or not (folder / BLENDED).is_file()):
        publishing.blend_stage(folder, _began_with(session, number), share=stage.blend, chosen=stage.blend_in)


def _began_with(session: Session, number: int) -> Path:
    """The weights that a stage began with: those that are given, or else what the stage before passes on.

    Raises:
        ValueError: They are no longer there, or are others by now.
    """
    stage, before = session.stages[number], session.stages[number - 1]
    given = [] if session.initial is None else [weights.find(session.initial)]
    began = recall(Run(session.place(stage))).recipe.initial
    for path in (*given, session.place(before) / before.passes_on):
        if path.is_file() and name_of(path) == began:
            return path
    raise ValueError(
        f"Stage {stage.name} is blended with the weights that it began with, {began}. Received: none such. "
        "Give them as --weights beside --resume."
    )


def _checkpoint(session: Session, stage: Stage) -> bool:
    return Run(session.place(stage)).checkpoint.is_file()


def _asked(session: Session) -> list[Stage]:
    found = [stage for stage in session.stages if session.stage in (None, stage.name)]
    if not found:
        known = ", ".join(stage.name for stage in session.stages)
        raise ValueError(f"`stage` must be one of {known}. Received: {session.stage!r}.")
    return found


def _check_features(asked: list[Stage]) -> None:
    """Raises `FeaturesError` or `FileNotFoundError` where a later stage lacks a network: not after hours."""
    if any(stage.adversarial for stage in asked):
        from sketchback.models.efficientnet import find_weights

        find_weights()
    if any(stage.identity for stage in asked):
        from sketchback.models import recogniser

        recogniser.find_weights()
    names = {stage.answers for stage in asked if stage.answers}
    for name in names | {"artist" for stage in asked if stage.artist or stage.registered}:
        weights.find(name)


def _goes_on(session: Session, number: int) -> bool:
    """Whether a stage has a checkpoint, and began with what the stage before it gives now."""
    if not _checkpoint(session, session.stages[number]):
        return False
    if number == 0 or session.stage is not None:  # who asks for one stage may have begun it with any weights
        return True
    before = session.stages[number - 1]
    path = session.place(before) / before.passes_on
    began = recall(Run(session.place(session.stages[number]))).recipe.initial
    return path.is_file() and began == name_of(path)


def _is_done(folder: Path) -> bool:
    run = Run(folder)
    return run.load_checkpoint(arrays=False)[0].epoch >= recall(run).stage.epochs


def _from_the_stage_before(session: Session, number: int) -> Session:
    """The session of a stage that begins: with the weights of the one before, and its data where none is given."""
    if number == 0:
        return session
    before: Stage = session.stages[number - 1]
    stage, folder = session.stages[number], session.place(before)
    path, begins_otherwise = folder / before.passes_on, session.stage is not None and session.initial is not None
    if not path.is_file():
        if begins_otherwise:
            return session
        raise ValueError(
            f"A stage begins with the weights of the one before. Received: stage {stage.name}, but no "
            f"{path}. Run stage {before.name} first, or give --weights with --stage."
        )
    if not (folder / CONFIGURATION).is_file():
        raise ValueError(
            f"The stage before must hold {CONFIGURATION}, which says what it was shown. Received: {folder} without it. "
            f"Run stage {before.name} again."
        )
    return dataclasses.replace(
        session.follow(recall(Run(folder))), initial=session.initial if begins_otherwise else path
    )
