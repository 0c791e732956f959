"""`build` makes the trainer of one stage: generator, data, loss and devices, new or as the run began."""

from __future__ import annotations

import contextlib
import dataclasses
import logging
from collections.abc import Iterator

import keras

from sketchback import datasets, weights
from sketchback.losses import TERMS, WeightedLoss
from sketchback.models.discriminator import ProjectedDiscriminator
from sketchback.models.efficientnet import efficientnet_lite0
from sketchback.models.recogniser import FaceRecogniser
from sketchback.training import configuration, distribution, initialisation, material, model
from sketchback.training.answering import Answering
from sketchback.training.configuration import Checkpoint, Configuration
from sketchback.training.distribution import Devices
from sketchback.training.model import TrainingModel
from sketchback.training.runs import CONFIGURATION, Progress, Run
from sketchback.training.schema import Stage
from sketchback.training.session import Session
from sketchback.training.trainer import Trainer

logger = logging.getLogger(__name__)


@contextlib.contextmanager
def build(session: Session, stage: Stage) -> Iterator[Trainer]:
    """Makes the trainer of one stage, in whose block the run's folder is locked and the devices are in use.

    Raises:
        ValueError: An argument, the data or the checkpoint will not do.
        OSError: The folder cannot be written, or another worker was lost.
    """
    run = Run(session.place(stage))
    with (
        distribution.start(session.workers, session.rank) as devices,
        run if devices.first else contextlib.nullcontext(),
    ):
        for later in session.stages if session.stage is None and not session.resume else ():
            devices.check(later.batch_size)  # not after hours
        checkpoint = configuration.load_checkpoint(run, devices) if session.resume else None
        trainer = _build(_as_begun(session, stage, checkpoint), run, devices, checkpoint)
        if checkpoint is None:
            _begin(trainer)
        else:
            _go_on(trainer, checkpoint)
        yield trainer


def _as_begun(session: Session, stage: Stage, checkpoint: Checkpoint | None) -> Session:
    """The session with the numbers that count: those of the run that is resumed, where there is one."""
    recipe = dataclasses.replace(session.recipe, single=stage, stages=())
    if checkpoint is None:
        return dataclasses.replace(session, recipe=recipe, data=session.data or (recipe.demo,))
    before = checkpoint.configuration
    if session.data and list(session.data) != before.data:
        given, begun = ", ".join(session.data), ", ".join(before.data)
        logger.warning("the data is given anew: %s (it was %s)", given, begun)
    return dataclasses.replace(session.follow(before), recipe=before.recipe, initial=None)


def _build(session: Session, run: Run, devices: Devices, checkpoint: Checkpoint | None) -> Trainer:
    stage = session.recipe.single
    devices.check(stage.batch_size)
    precision = model.choose_precision() if session.precision == "auto" else session.precision
    processes = model.choose_processes() if session.processes is None else session.processes
    policy = "mixed_bfloat16" if precision == "bfloat16" else "float32"
    keras.utils.set_random_seed(stage.seed)
    if session.deterministic:
        model.ask_for_determinism()
    resumed = checkpoint.configuration if checkpoint else None
    with devices.alone():  # networks become constants of the step, which may not lie on several processes
        start = initialisation.initialise(session.recipe, initial=session.initial, policy=policy, resumed=resumed)
        shown = material.prepare(session, start, policy=policy, processes=processes)
        needed = {term.network for name, term in TERMS.items() if getattr(stage, name)}
        network, vgg16 = initialisation.feature_network(
            session.vgg16,
            needed="features" in needed,
            policy=policy,
            demo=all(map(datasets.is_demo, shown.examples)),
        )
        recogniser = FaceRecogniser() if "recogniser" in needed else None
        objective = WeightedLoss(network, recogniser, **{name: getattr(stage, name) for name in TERMS})
        judged = efficientnet_lite0(dtype="float32") if stage.adversarial else None
        answering = _answering(stage.answers, policy) if stage.answers else None
        if start.is_new:
            TrainingModel(start.generator, objective).calibrate(shown.batches)
    others = {
        "VGG16": network,
        "EfficientNet-lite0": judged,
        "answers": answering and answering.generator,
        "recogniser": recogniser and recogniser.network,
    }
    teachers = {name: distribution.digest(other) for name, other in others.items() if other is not None}
    resolved = Configuration(
        start.recipe,
        list(session.data),
        list(session.against),
        vgg16,
        precision,
        session.deterministic,
        datasets.fingerprint(shown.examples),
        list(dict.fromkeys([*start.seen, *map(material.title, session.data)])),
        "; ".join(dict.fromkeys([*filter(None, start.terms), *datasets.terms(shown.examples)])),
        teachers,
    )
    devices.agree(
        {
            "recipe": dataclasses.asdict(start.recipe),
            "precision": precision,
            "Keras": keras.__version__,
            "data": resolved.fingerprint,
            "networks that teach": teachers,  # one fact, so that all workers have as many
            "weights to start from": distribution.digest(start.generator),
        }
    )
    discriminator = _discriminator(judged, stage) if judged else None
    step = TrainingModel(
        devices.spread(start.generator),
        objective,
        discriminator,
        adversarial=stage.adversarial,
        matching=stage.matching,
        near=stage.near,
        answering=answering,
    )
    return Trainer(
        run=run,
        configuration=resolved,
        model=_compile(step, stage, shown.batches.steps),
        generator=start.generator,
        batches=shown.batches,
        view=shown.view,
        held_out=shown.held_out,
        progress=checkpoint.progress if checkpoint else Progress(),
        devices=devices,
        processes=processes,
        bar=session.progress,
    )


def _answering(generator: str, policy: str) -> Answering:
    path = weights.find(generator)
    logger.info("the enlarger is shown the answers of %s", configuration.name_of(path))
    return Answering(weights.load(path, dtype=policy))


def _discriminator(features: keras.Model, stage: Stage) -> keras.layers.Layer:
    """A new discriminator, whose weights lie on all devices as the generator's do."""
    discriminator = ProjectedDiscriminator(features, seed=stage.seed)
    discriminator.build((None, *(stage.crop or stage.size), 3))
    return discriminator


def _compile(made: TrainingModel, stage: Stage, steps: int) -> TrainingModel:
    """Gives a step its optimiser, for epochs of so many steps."""
    made.compile(
        optimizer=model.adam(
            stage.schedule,
            stage.learning_rate,
            warmup=stage.warmup,
            steps=stage.epochs * steps,
            clip=stage.clip,
            average=None if stage.average is None else 1 - 1 / max(stage.average * steps, 1),
        ),
        # XLA's convolutions are several times slower than oneDNN's on a CPU; JAX has no other way.
        jit_compile=keras.backend.backend() == "jax",
    )
    made.built = True  # generator and discriminator are
    made.optimizer.build(made.trainable_variables)
    return made


def _begin(trainer: Trainer) -> None:
    """Notes what a new run is; an earlier one in its folder is kept beside it."""
    if not trainer.devices.first:
        return
    aside = trainer.run.set_aside()
    if aside is not None:
        logger.info("%s held an earlier run, which is kept in %s", trainer.run.folder, aside)
    _note(trainer)


def _note(trainer: Trainer) -> None:
    """Writes the run configuration."""
    batches = trainer.batches
    facts = {"versions": configuration.versions(), "examples": len(batches.examples), "steps": batches.steps}
    trainer.run.write_json(CONFIGURATION, {**trainer.configuration.facts(), **facts})


def _go_on(trainer: Trainer, checkpoint: Checkpoint) -> None:
    """Takes up a checkpoint."""
    run, progress, batches = trainer.run, trainer.progress, trainer.batches
    try:
        trainer.model.restore(checkpoint.arrays)
    except ValueError as error:
        raise ValueError(f"{error} It is {run.checkpoint}; start again without --resume.") from None
    if trainer.configuration.fingerprint != checkpoint.configuration.fingerprint:
        logger.warning(
            "the data is not what the run began with (its files or splits have changed); it goes on with %d examples",
            len(batches.examples),
        )
        before, progress.step = progress.step, min(progress.step, batches.steps - 1)
        progress.sums = {name: value * progress.step / before for name, value in progress.sums.items()}
        # The schedule is that of as many steps as there are now, and scores are of other pictures.
        trainer.model.optimizer.iterations.assign(progress.epoch * batches.steps + progress.step)
        progress.best = Progress().best
    began = checkpoint.configuration.teachers
    changed = [name for name, digest in trainer.configuration.teachers.items() if began.get(name, digest) != digest]
    if changed:
        logger.warning("other weights than the run began with teach it from now on: %s", ", ".join(changed))
    if trainer.devices.first and trainer.configuration != checkpoint.configuration:
        _note(trainer)  # data that is given anew, and its terms of use, are those of these weights from now on
    logger.info(
        "going on in %s at epoch %d, step %d of %d, best PSNR %.2f dB",
        run.folder,
        progress.epoch + 1,
        progress.step,
        batches.steps,
        progress.best,
    )
