"""`fit` teaches the generator of a trainer, step by step, and writes what each epoch leaves behind."""

from __future__ import annotations

import dataclasses
import logging
import math
import threading
import time
from typing import TYPE_CHECKING

import keras
import numpy as np

from sketchback import console
from sketchback.datasets.batches import Batches
from sketchback.datasets.prefetch import prefetch
from sketchback.datasets.processes import Processes
from sketchback.datasets.views import View
from sketchback.signals import stop_requested
from sketchback.training import configuration, validation
from sketchback.training.configuration import Configuration
from sketchback.training.distribution import Devices
from sketchback.training.flow import FlowBatches
from sketchback.training.model import TrainingModel
from sketchback.training.runs import CURVES, SAMPLES, Progress, Run
from sketchback.training.schema import BEST, LAST, Stage

if TYPE_CHECKING:
    from sketchback.datasets import Example

CHECKPOINT_EVERY = 300.0  # seconds

logger = logging.getLogger(__name__)


class TrainingError(ValueError):
    """A run that cannot go on: the loss or the weights are no longer finite."""


@dataclasses.dataclass
class Trainer:
    """One run, ready to be fitted."""

    run: Run  # its folder
    configuration: Configuration  # what was resolved about it
    model: TrainingModel  # what computes a step, on all devices
    generator: keras.Model  # the generator on one device, which is scored and saved
    batches: Batches | FlowBatches  # what is shown
    view: View  # how held-out examples are seen
    held_out: list[Example]  # examples that are scored each epoch
    progress: Progress  # how far it is
    devices: Devices  # what shares each batch
    processes: int = 0  # how many read and draw; 0: threads of this one
    bar: bool = False  # whether to show a bar
    asked_to_stop: bool = False  # while it was fitted

    @property
    def stage(self) -> Stage:
        """The numbers of the run."""
        return self.configuration.stage


def fit(trainer: Trainer) -> bool:
    """Teaches the generator until the last epoch is done, or until somebody asks to stop.

    Returns:
        Whether it is done. Everything is in the run's folder either way.

    Raises:
        TrainingError: The loss or the weights became NaN or infinite.
        OSError: The folder cannot be written, or another worker or a process that draws was lost.
    """
    stage, progress, run = trainer.stage, trainer.progress, trainer.run
    done = progress.epoch * trainer.batches.steps + progress.step
    total = stage.epochs * trainer.batches.steps
    bar = console.Bar(total, f"epoch {progress.epoch + 1}/{stage.epochs}", initial=done, shown=trainer.bar)
    with stop_requested() as stop, Processes(trainer.processes) as processes:
        while progress.epoch < stage.epochs:
            if not _take_steps(trainer, processes, bar, stop):
                break
            _end_epoch(trainer)
            if trainer.devices.anyone(stop.is_set()):
                break
        bar.close()
        trainer.asked_to_stop = trainer.devices.anyone(stop.is_set())
    if progress.epoch < stage.epochs:
        where = f"epoch {progress.epoch + 1}, step {progress.step}"
        logger.info("stopped at %s; everything is in %s; go on with --resume", where, run.folder)
        return False
    score = f" (best validation PSNR {progress.best:.2f} dB)" if progress.best > 0 else ""
    samples = run.folder / SAMPLES  # which a sampler, whose input is no picture, has not
    look_at = samples if samples.is_file() else run.folder / CURVES
    logger.info("done: %s%s; look at %s", run.folder / BEST, score, look_at)
    return True


def _take_steps(trainer: Trainer, processes: Processes, bar: console.Bar, stop: threading.Event) -> bool:
    """Takes the steps that are left of an epoch; False where it was asked to stop before the last one."""
    stage, progress, devices = trainer.stage, trainer.progress, trainer.devices
    steps = trainer.batches.steps
    began = saved = time.monotonic()
    # The batches are fixed by (seed, epoch, index), so that an epoch can begin in its middle.
    left = trainer.batches.at(progress.epoch, progress.step, devices.rank, devices.workers)
    with prefetch(left, processes) as batches:
        for inputs, targets in batches:
            trainer.model.reset_metrics()  # Keras 3.13 and before would answer with means over all steps so far
            log = trainer.model.train_on_batch(inputs, targets, return_dict=True)
            if not math.isfinite(log["loss"]):
                terms = ", ".join(f"{name} {value:.4g}" for name, value in log.items())
                raise _diverged(f"The loss must stay finite. Received: {terms}.", progress.epoch, progress.step + 1)
            now = time.monotonic()
            progress.step += 1
            progress.seconds += now - began
            began = now
            for name, value in log.items():
                progress.sums[name] = progress.sums.get(name, 0.0) + float(value)
            bar.advance(f"epoch {progress.epoch + 1}/{stage.epochs}", **_means(progress))
            asked = devices.anyone(stop.is_set())
            # After the last step the epoch's own checkpoint follows; one here would have no step left to resume.
            if devices.first and progress.step < steps and (asked or now - saved > CHECKPOINT_EVERY):
                saved = now
                trainer.run.save_checkpoint(progress, _state(trainer))
            if asked and progress.step < steps:
                return False
    return True


def _end_epoch(trainer: Trainer) -> None:
    """Scores the generator on held-out examples, and writes everything that an epoch leaves behind."""
    progress, devices, run = trainer.progress, trainer.devices, trainer.run
    trainer.model.end_epoch()
    arrays = _state(trainer)
    with devices.alone():
        devices.copy_back(trainer.model.generator, trainer.generator)
        scores, rows = validation.validate(trainer.generator, trainer.held_out, trainer.view, devices=devices)
    row = {"epoch": progress.epoch + 1, **_means(progress)}
    row |= {f"val_{name}": value for name, value in scores.items()} | {"seconds": round(progress.seconds, 1)}
    progress.history.append(row)
    progress.epoch, progress.step, progress.sums = progress.epoch + 1, 0, {}
    better = scores.get("psnr", 0.0) > progress.best or not trainer.held_out
    progress.best = max(progress.best, scores.get("psnr", -1.0))
    if devices.first:
        with devices.alone():
            shown = trainer.batches.examples[: validation.SAMPLES]
            rows = rows or validation.validate(trainer.generator, shown, trainer.view)[1]
            if rows:
                run.write_samples(rows)
            for name in (LAST, BEST) if better else (LAST,):
                configuration.save_weights(run.folder / name, trainer.generator, trainer.configuration, row)
        run.write_history(progress.history)
        # The checkpoint comes last: a kill before it repeats an epoch, and loses nothing.
        run.save_checkpoint(progress, arrays)
    values = "  ".join(f"{name} {value:.4g}" for name, value in list(row.items())[1:])
    logger.info("epoch %d/%d: %s", progress.epoch, trainer.stage.epochs, values)


def _means(progress: Progress) -> dict[str, float]:
    """The mean of the loss and of each of its terms over the steps of this epoch."""
    return {name: value / progress.step for name, value in sorted(progress.sums.items())}


def _state(trainer: Trainer) -> dict[str, list[np.ndarray]]:
    try:
        return trainer.model.state()
    except ValueError as error:
        raise _diverged(str(error), trainer.progress.epoch, trainer.progress.step) from None


def _diverged(what: str, epoch: int, step: int) -> TrainingError:
    return TrainingError(
        f"{what} This is epoch {epoch + 1}, step {step}. Start again with a smaller --learning-rate; "
        "what the run has saved before is intact."
    )
