"""Teaches a generator from a recipe: the one training path, from the command to the gradient.

main -> train(recipe) -> Inversion.compute_loss
"""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import gc
import logging
import math
import signal
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from sketchback import console, datasets
from sketchback.datasets import near_duplicates
from sketchback.training import configuration, distribution, initialisation, lost_workers, options
from sketchback.training.configuration import Plan
from sketchback.training.distribution import Devices
from sketchback.training.options import ENCODERS, PRECISIONS
from sketchback.training.recipes import Recipe
from sketchback.training.runs import BEST, LAST, Progress, Run

if TYPE_CHECKING:
    import keras

    from sketchback.datasets.batches import Batches, View
    from sketchback.training.trainer import Inversion

CHECKPOINT_EVERY = 300.0  # seconds

logger = logging.getLogger(__name__)


class TrainingError(ValueError):
    """A run that cannot go on: the loss or the weights are no longer finite."""


def train(
    recipe: Recipe,
    data: Sequence[str | Path] = (),
    out: str | Path | None = None,
    initial: str | Path | None = None,
    resume: bool = False,
    vgg16: str | Path | None = None,
    precision: str = "auto",
    deterministic: bool = False,
    threads: int = 2,
    progress: bool = False,
    against: Sequence[str | Path] = (),
    encoder: str = "auto",
    workers: Sequence[str] = (),
    rank: int | None = None,
) -> Path:
    """Trains a generator.

    Where the weights come from, in this order: the checkpoint with `resume`; `initial`; `recipe.initial`; scratch.

    Args:
        recipe: Every number, see `recipes`.
        data: Folders that are mixed, see `datasets.find`; none takes the recipe's built-in set.
        out: The run's folder, `runs/<recipe>` by default. An earlier run in it is moved to `earlier-N/`.
        initial: Weights to start from, a name or a file; they bring their architecture.
        resume: Go on from the folder's checkpoint, with the recipe that stands there.
        vgg16: VGG16's weights, see `backbones.vgg16`; `"random"` for a random network.
        precision: `"float32"`, `"bfloat16"`, or `"auto"`: bfloat16 where the machine computes in it.
        deterministic: Ask the backend for bit-identical results of identical runs, also on a GPU.
        threads: How many read and draw.
        progress: Show a bar.
        against: Further folders that the weights will be tested on: near-duplicates of their test pictures are left out
            of training, as are those of `data`'s own (see `near_copies`).
        encoder: What the encoder of a new `unet_resnet` begins with: `"imagenet"` weights, `"scratch"`, or `"auto"`:
            ImageNet's where they can be had.
        workers: Addresses `host:port` of the machines that share each batch, which are given the same recipe, data
            and weights; see `distribution`. All devices of one machine share it anyhow.
        rank: This machine's place among them. The first one writes, and only there `out` counts.

    Returns:
        The best weights of the run, a file of the first machine.

    Raises:
        ValueError: An argument, the data or the checkpoint will not do.
        TrainingError: The loss became NaN or infinite.
        OSError: The folder cannot be written, or another machine was lost.
    """
    run = Run(out or Path("runs") / recipe.name)
    with distribution.start(workers, rank) as devices, run if devices.first else contextlib.nullcontext():
        state, arrays, before = Progress(), {}, None
        if resume:
            state, arrays, before = configuration.take_up(run, devices)
            if data and [str(place) for place in data] != before.data:
                logger.warning(
                    "the data is given anew: %s (it was %s)", ", ".join(map(str, data)), ", ".join(before.data)
                )
            recipe, data, initial = before.recipe, data or before.data, None
            against = against or before.against
            vgg16, deterministic = vgg16 or before.vgg16, deterministic or before.deterministic
            precision = before.precision if precision == "auto" else precision
        data, against = [str(place) for place in data or [recipe.demo]], [str(place) for place in against]
        devices.check(recipe.batch_size)

        import keras

        from sketchback import losses
        from sketchback.datasets.batches import Batches, View
        from sketchback.training import trainer

        if precision not in PRECISIONS:
            raise ValueError(f"`precision` must be one of {', '.join(PRECISIONS)}. Received: {precision!r}.")
        if encoder not in ENCODERS:
            raise ValueError(f"`encoder` must be one of {', '.join(ENCODERS)}. Received: {encoder!r}.")
        precision = trainer.choose_precision() if precision == "auto" else precision
        keras.utils.set_random_seed(recipe.seed)
        if deterministic:
            trainer.ask_for_determinism()
        policy = "mixed_bfloat16" if precision == "bfloat16" else "float32"
        untaught = before is None and initial is None and recipe.initial is None
        with devices.alone():
            own, recipe, seen, terms = initialisation.generator(recipe, initial, policy, before, encoder)

        examples = datasets.find_all(data)
        tested = [example for place in against for example in datasets.subset(datasets.find(place), "test")]
        examples = near_duplicates.leave_out(examples, tested, threads)
        view = View(recipe.size, recipe.style, recipe.fit, recipe.enlarge)
        batches = Batches(
            datasets.subset(examples, "train"),
            view,
            batch_size=recipe.batch_size,
            seed=recipe.seed,
            augmentation=recipe.augmentation,
            pair_augmentation=recipe.pair_augmentation,
            pair_share=recipe.pair_share,
            flip=recipe.flip,
            zoom=recipe.zoom,
            aspect=recipe.squeeze,
            limit=recipe.limit,
            threads=threads,
        )
        held_out = trainer.hold_out(datasets.subset(examples, "val"), recipe.validate)
        with devices.alone():  # it becomes a constant of the step, which may not lie on several processes
            network, vgg16 = initialisation.features(recipe, vgg16, policy, all(map(datasets.is_demo, examples)))
            objective = losses.WeightedLoss(network, recipe.pixel, recipe.feature, recipe.variation)
            if untaught:
                trainer.Inversion(own, objective).calibrate(batches)
        devices.agree(
            {
                "recipe": dataclasses.asdict(recipe),
                "precision": precision,
                "Keras": keras.__version__,
                "data": datasets.fingerprint(examples),
                "VGG16": distribution.digest(network),
                "weights to start from": distribution.digest(own),
            }
        )

        model = trainer.Inversion(devices.spread(own), objective)
        model.compile(
            optimizer=trainer.adam(
                recipe.schedule,
                recipe.learning_rate,
                recipe.warmup,
                recipe.epochs * batches.steps,
                recipe.clip,
                None if recipe.average is None else 1 - 1 / max(recipe.average * batches.steps, 1),
            ),
            # XLA's convolutions are several times slower than oneDNN's on a CPU; JAX has no other way.
            jit_compile=keras.backend.backend() == "jax",
        )
        model.build((None, *recipe.size, 1))
        model.optimizer.build(model.trainable_variables)
        plan = Plan(
            recipe,
            data,
            against,
            vgg16,
            precision,
            deterministic,
            datasets.fingerprint(examples),
            list(dict.fromkeys([*seen, *(Path(place).name for place in data)])),
            "; ".join(dict.fromkeys([*filter(None, terms), *datasets.terms(examples)])),
        )
        if before is None and devices.first:
            aside = run.set_aside()
            if aside is not None:
                logger.info("%s held an earlier run, which is kept in %s", run.folder, aside)
            run.write_json(
                configuration.FILE,
                {
                    **dataclasses.asdict(plan),
                    "versions": configuration.versions(),
                    "examples": len(batches.examples),
                    "steps": batches.steps,
                },
            )
        if before is not None:
            try:
                model.restore(arrays)
            except ValueError as error:
                raise ValueError(f"{error} It is {run.checkpoint}; start again without --resume.") from None
            if plan.fingerprint != before.fingerprint:
                logger.warning(
                    "the data is not what the run began with (its files or splits have changed); "
                    "it goes on with %d examples",
                    len(batches.examples),
                )
                state.step = min(state.step, batches.steps - 1)
            logger.info(
                "going on in %s at epoch %d, step %d of %d, best PSNR %.2f dB",
                run.folder,
                state.epoch + 1,
                state.step,
                batches.steps,
                state.best,
            )
        _fit(run, plan, model, own, batches, view, held_out, state, devices, progress)
        return run.folder / BEST


def _fit(
    run: Run,
    plan: Plan,
    model: Inversion,
    own: keras.Model,
    batches: Batches,
    view: View,
    held_out: list[datasets.Example],
    state: Progress,
    devices: Devices,
    progress: bool,
) -> None:
    from sketchback.training.trainer import SAMPLES, validate

    recipe = plan.recipe
    total = recipe.epochs * batches.steps
    done = state.epoch * batches.steps + state.step
    bar = console.Bar(total, f"epoch {state.epoch + 1}/{recipe.epochs}", initial=done, shown=progress)
    with _asked_to_stop() as stop:
        watch = _watch(run, recipe, model, batches.steps, state, bar, stop, devices)
        while state.epoch < recipe.epochs:
            # One `fit` an epoch: its batches are fixed by (seed, epoch, index), so it can begin in its middle.
            # Keras would shuffle them once more, and an epoch taken up again would miss some and repeat others.
            model.part_from_averages()
            with batches.at(state.epoch, state.step, devices.rank, devices.workers) as shown:
                log = model.fit(
                    shown,
                    initial_epoch=state.epoch,
                    epochs=state.epoch + 1,
                    callbacks=[watch],
                    shuffle=False,
                    verbose=0,
                ).history
            if state.step < batches.steps:  # it was stopped
                break
            arrays = _state(model, state)
            with devices.alone():
                devices.bring_home(model.generator, own)
                scores, rows = validate(own, held_out, view, devices=devices)
            row = {"epoch": state.epoch + 1, **{name: float(values[-1]) for name, values in log.items()}}
            row |= {f"val_{name}": value for name, value in scores.items()} | {"seconds": round(state.seconds, 1)}
            state.history.append(row)
            state.epoch, state.step = state.epoch + 1, 0
            better = scores.get("psnr", 0.0) > state.best or not held_out
            state.best = max(state.best, scores.get("psnr", -1.0))
            if devices.first:
                with devices.alone():
                    run.write_samples(rows or validate(own, batches.examples[:SAMPLES], view)[1])
                    for name in (LAST, BEST) if better else (LAST,):
                        configuration.save(run.folder / name, own, plan, row)
                run.write_history(state.history)
                # The checkpoint comes last: a kill before it repeats an epoch, and loses nothing.
                run.save_checkpoint(state, arrays)
            logger.info(
                "epoch %d/%d: %s",
                state.epoch,
                recipe.epochs,
                "  ".join(f"{name} {value:.4g}" for name, value in list(row.items())[1:]),
            )
            if devices.anyone(stop.is_set()):
                break
        bar.close()
    # Keras leaves TensorFlow's iterator in a cycle, and one that outlives Python complains past every log level.
    gc.collect()
    if state.epoch < recipe.epochs:
        logger.info(
            "stopped at epoch %d, step %d; everything is in %s; go on with --resume",
            state.epoch + 1,
            state.step,
            run.folder,
        )
    else:
        logger.info(
            "done: %s (best validation PSNR %.2f dB); look at %s",
            run.folder / BEST,
            state.best,
            run.folder / "samples.png",
        )


def _watch(
    run: Run,
    recipe: Recipe,
    model: Inversion,
    steps: int,
    state: Progress,
    bar: console.Bar,
    stop: threading.Event,
    devices: Devices,
) -> Any:
    """Counts steps, shows the terms, writes checkpoints, and stops where it must."""
    import keras

    means = [np.asarray(variable) for variable in model.tracker_variables()]  # `fit` sets them back when it begins

    class Watch(keras.callbacks.Callback):
        def on_epoch_begin(self, epoch, logs=None):
            self.began = self.saved = time.monotonic()
            if state.step:  # an epoch taken up in its middle goes on with the means that it had
                for variable, value in zip(self.model.tracker_variables(), means, strict=True):
                    variable.assign(value)

        def on_train_batch_end(self, batch, logs=None):
            if not math.isfinite(logs["loss"]):
                terms = ", ".join(f"{name} {value:.4g}" for name, value in logs.items())
                raise _diverged(f"The loss must stay finite. Received: {terms}.", state.epoch, state.step + 1)
            now = time.monotonic()
            state.step += 1
            state.seconds += now - self.began
            self.began = now
            bar.advance(f"epoch {state.epoch + 1}/{recipe.epochs}", **logs)
            asked = devices.anyone(stop.is_set())
            # After the last step the epoch's own checkpoint follows; one here would have no step left to resume.
            if devices.first and state.step < steps and (asked or now - self.saved > CHECKPOINT_EVERY):
                self.saved = now
                # Reading `model` brings JAX's state up to date.
                run.save_checkpoint(state, _state(self.model, state))
            if asked:
                self.model.stop_training = True

    return Watch()


def _state(model: Inversion, progress: Progress) -> dict[str, list[np.ndarray]]:
    try:
        return model.state()
    except ValueError as error:
        raise _diverged(str(error), progress.epoch, progress.step) from None


def _diverged(what: str, epoch: int, step: int) -> TrainingError:
    return TrainingError(
        f"{what} This is epoch {epoch + 1}, step {step}. Start again with a smaller --learning-rate; "
        "what the run has saved before is intact."
    )


@contextlib.contextmanager
def _asked_to_stop() -> Iterator[threading.Event]:
    """Sets an event at the first Ctrl-C, SIGTERM or closing of the terminal; the second one interrupts at once."""
    stop, at_once = threading.Event(), threading.Event()

    def ask(number: int, _: object) -> None:
        if stop.is_set():
            at_once.set()
            raise KeyboardInterrupt
        stop.set()
        logger.info("finishing the step, then stopping (once more to stop at once)")

    if threading.current_thread() is not threading.main_thread():  # only the main thread may set handlers
        yield stop
        return
    numbers = [signal.SIGINT, signal.SIGTERM, *([signal.SIGHUP] if hasattr(signal, "SIGHUP") else [])]
    # What `nohup`, or the `&` of a script, told the process to ignore stays ignored.
    before = {number: signal.signal(number, ask) for number in numbers if signal.getsignal(number) != signal.SIG_IGN}
    try:
        yield stop
    except Exception:
        if at_once.is_set():  # raised while TensorFlow called Python, which makes an error of its own of it
            raise KeyboardInterrupt from None
        raise
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


# ---- the command line


def main(argv: list[str] | None = None) -> int:
    """The command line of `python -m sketchback.train`."""
    made = console.parser(
        "train",
        "Teach a generator to turn sketches into photographs.",
        "Loss: L = 1 pixel + 0.001 feature + 0.00001 total variation. The run's folder holds best and last weights, "
        "history.csv, curves.png, samples.png and recipe.json.\n\n"
        "  python -m sketchback.train faces\n"
        "  python -m sketchback.train faces --data celeba --data cufs --size 96x96 --epochs 2\n"
        "  python -m sketchback.train faces --resume",
    )
    options.add(made, "faces")
    made.add_argument("--weights", metavar="W", help="start from these weights instead of from scratch")
    return lost_workers.leave(console.run(functools.partial(options.carry_out, train), made, argv))


if __name__ == "__main__":
    from sketchback.train import main  # as itself: `__main__` is not below the log's `sketchback`

    raise SystemExit(main())
