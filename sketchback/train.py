"""Teaches a generator from a recipe: the one training path, from the command to the gradient.

    main -> train(recipe) -> Inversion.compute_loss
"""

from __future__ import annotations

import argparse
import contextlib
import dataclasses
import json
import logging
import math
import platform
import signal
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from . import __version__, commands, datasets, recipes
from .recipes import Recipe
from .runs import BEST, LAST, Progress, Run

if TYPE_CHECKING:
    import keras

    from .batches import Batches, View
    from .inversion import Inversion

CHECKPOINT_EVERY = 300.0  # seconds
PRECISIONS = ("auto", "float32", "bfloat16")

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
    workers: int = 2,
    progress: bool = True,
) -> Path:
    """Trains a generator.

    Where the weights come from, in this order: the checkpoint with `resume`; `initial`; `recipe.initial`; scratch.

    Args:
        recipe: Every number, see `recipes`.
        data: Folders that are mixed, see `datasets.find`; none takes the recipe's built-in set and shrinks it.
        out: The run's folder, `runs/<recipe>` by default.
        initial: Weights to start from, a name or a file; they bring their architecture.
        resume: Go on from the folder's checkpoint, with the recipe that stands there.
        vgg16: VGG16's weights, see `features.vgg16`; `"random"` for a random network.
        precision: `"float32"`, `"bfloat16"`, or `"auto"`: bfloat16 where the machine computes in it.
        deterministic: Ask the backend for bit-identical results of identical runs, also on a GPU.
        workers: Threads that read and draw.
        progress: Show a bar.

    Returns:
        The best weights of the run.

    Raises:
        ValueError: An argument, the data or the checkpoint will not do.
        TrainingError: The loss became NaN or infinite.
        OSError: The folder cannot be written.
    """
    with Run(out or Path("runs") / recipe.name) as run:
        state, arrays, began_with = Progress(), {}, ""
        if resume:
            state, arrays = run.load_checkpoint()
            recipe, data, initial, precision, began_with = _recall(run, recipe, data, precision)
        demo = not data
        if demo:
            data = [recipe.demo]
            if not resume:
                recipe = recipes.shrink(recipe)
            logger.info(
                "no --data: the built-in %s stand in, which are drawn, not photographed; the recipe shrinks to "
                "%d epochs at %d x %d (under 3 minutes on 2 cores)",
                recipe.demo, recipe.epochs, *recipe.size,
            )  # fmt: skip

        import keras

        from . import features, inversion, losses
        from .batches import Batches, View

        if precision not in PRECISIONS:
            raise ValueError(f"`precision` must be one of {', '.join(PRECISIONS)}. Received: {precision!r}.")
        precision = inversion.choose_precision() if precision == "auto" else precision
        keras.utils.set_random_seed(recipe.seed)
        if deterministic:
            inversion.ask_for_determinism()

        examples = datasets.find_all(data)
        view = View(recipe.size, recipe.style, recipe.fit, recipe.enlarge)
        batches = Batches(
            datasets.subset(examples, "train"), view, recipe.batch_size, recipe.seed, recipe.augmentation,
            recipe.pair_augmentation, recipe.pair_share, recipe.flip, limit=recipe.limit, workers=workers,
        )  # fmt: skip
        held_out = inversion.hold_out(datasets.subset(examples, "val"), recipe.validate)

        policy = "mixed_bfloat16" if precision == "bfloat16" else "float32"
        generator, recipe = _generator(recipe, initial, policy, resume)
        try:
            network = features.vgg16_relu2_2(vgg16, dtype=policy) if recipe.feature > 0 else None
        except features.FeaturesError as error:
            if not demo or vgg16 is not None:
                raise
            logger.info("the feature loss uses a random VGG16, which is enough for demo data (%s)", error)
            network = features.vgg16_relu2_2("random", dtype=policy)
        objective = losses.WeightedLoss(network, recipe.pixel, recipe.feature, recipe.variation)

        model = inversion.Inversion(generator, objective)
        model.compile(
            optimizer=inversion.adam(
                recipe.schedule, recipe.learning_rate, recipe.warmup, recipe.epochs * batches.steps, recipe.clip
            ),
            # XLA's convolutions are several times slower than oneDNN's on a CPU; JAX has no other way.
            jit_compile=keras.backend.backend() == "jax",
        )
        model.build((None, *recipe.size, 1))
        model.optimizer.build(model.trainable_variables)
        fingerprint = datasets.fingerprint(examples)
        if resume:
            try:
                model.restore(arrays)
            except ValueError as error:
                raise ValueError(f"{error} It is {run.checkpoint}; start again without --resume.") from None
            if fingerprint != began_with:
                logger.warning("the data is not what the run began with (its files or splits have changed); "
                               "it goes on with %d examples", len(batches.examples))  # fmt: skip
                state.step = min(state.step, batches.steps - 1)
            logger.info("going on in %s at epoch %d, step %d of %d, best PSNR %.2f dB",
                        run.folder, state.epoch + 1, state.step, batches.steps, state.best)  # fmt: skip
        else:
            if run.checkpoint.exists():
                # It belongs to another recipe: a kill before our first checkpoint must not mix the two.
                logger.warning("%s holds an earlier run, which is written over", run.folder)
                run.checkpoint.unlink()
            run.write_json("recipe.json", {
                "recipe": dataclasses.asdict(recipe), "data": [str(place) for place in data], "demo": demo,
                "fingerprint": fingerprint, "examples": len(batches.examples),
                "steps": batches.steps, "precision": precision, "initial": str(initial or recipe.initial or ""),
                "versions": _versions(),
            })  # fmt: skip
        _fit(run, recipe, model, batches, view, held_out, state, data, progress)
        return run.folder / BEST


def _fit(
    run: Run,
    recipe: Recipe,
    model: Inversion,
    batches: Batches,
    view: View,
    held_out: list[datasets.Example],
    state: Progress,
    data: Sequence[str | Path],
    progress: bool,
) -> None:
    from .inversion import validate

    total = recipe.epochs * batches.steps
    done = state.epoch * batches.steps + state.step
    bar = commands.Bar(total, f"epoch {state.epoch + 1}/{recipe.epochs}", initial=done, shown=progress)
    with _asked_to_stop() as stop:
        watch = _watch(run, recipe, model, batches.steps, state, bar, stop)
        while state.epoch < recipe.epochs:
            # One `fit` an epoch: its batches are fixed by (seed, epoch, index), so it can begin in its middle.
            # Keras would shuffle them once more, and an epoch taken up again would miss some and repeat others.
            log = model.fit(
                batches.at(state.epoch, state.step), initial_epoch=state.epoch, epochs=state.epoch + 1,
                callbacks=[watch], shuffle=False, verbose=0,
            ).history  # fmt: skip
            if stop.is_set() and state.step < batches.steps:
                break
            arrays = _state(model, state)
            scores, rows = validate(model.generator, held_out, view)
            row = {"epoch": state.epoch + 1, **{name: float(values[-1]) for name, values in log.items()}}
            row |= {f"val_{name}": value for name, value in scores.items()} | {"seconds": round(state.seconds, 1)}
            state.history.append(row)
            state.epoch, state.step = state.epoch + 1, 0
            better = scores.get("psnr", 0.0) > state.best or not held_out
            state.best = max(state.best, scores.get("psnr", -1.0))
            run.write_samples(rows or [[np.ones((16, 16, 1), np.float32)]])
            run.write_history(state.history)
            for name in (LAST, BEST) if better else (LAST,):
                _save(run.folder / name, model.generator, recipe, data, row)
            # The checkpoint comes last: a kill before it repeats an epoch, and loses nothing.
            run.save_checkpoint(state, arrays)
            logger.info("epoch %d/%d: %s", state.epoch, recipe.epochs,
                        "  ".join(f"{name} {value:.4g}" for name, value in list(row.items())[1:]))  # fmt: skip
            if stop.is_set():
                break
        bar.close()
    if state.epoch < recipe.epochs:
        logger.info("stopped at epoch %d, step %d; everything is in %s; go on with --resume",
                    state.epoch + 1, state.step, run.folder)  # fmt: skip
    else:
        logger.info("done: %s (best validation PSNR %.2f dB); look at %s", run.folder / BEST, state.best,
                    run.folder / "samples.png")  # fmt: skip


def _watch(
    run: Run, recipe: Recipe, model: Inversion, steps: int, state: Progress, bar: commands.Bar, stop: threading.Event
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
            # After the last step the epoch's own checkpoint follows; one here would have no step left to resume.
            if state.step < steps and (stop.is_set() or now - self.saved > CHECKPOINT_EVERY):
                self.saved = now
                # Reading `model` brings JAX's state up to date.
                run.save_checkpoint(state, _state(self.model, state))
            if stop.is_set():
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


def _generator(recipe: Recipe, initial: str | Path | None, policy: str, resume: bool) -> tuple[keras.Model, Recipe]:
    from . import models, weights

    initial = initial or recipe.initial
    if resume or initial is None:
        return models.build(recipe.model, **recipe.arguments, dtype=policy), recipe
    path = weights.find(initial)
    generator = weights.load(path, dtype=policy)
    logger.info("starting from %s (%s)", path, generator.architecture)
    # The weights bring their architecture: what the recipe says of it gives way.
    return generator, dataclasses.replace(recipe, model=generator.architecture, arguments=dict(generator.arguments))


def _versions() -> dict[str, str]:
    import keras

    return {"sketchback": __version__, "python": platform.python_version(), "keras": keras.__version__,
            "backend": keras.backend.backend(), "numpy": np.__version__}  # fmt: skip


# ---- what resuming needs


def _recall(run: Run, recipe: Recipe, data: Sequence[str | Path], precision: str) -> tuple[Any, ...]:
    """What a resumed run was: its own recipe counts, not the one that the command line would give."""
    facts = run.read_json("recipe.json")
    missing = {"recipe", "data", "demo", "precision", "fingerprint"} - facts.keys()
    if missing:
        raise ValueError(f"recipe.json must hold {', '.join(sorted(missing))}. Received: {run.folder} without. "
                         "Start without --resume.")  # fmt: skip
    own = {field.name for field in dataclasses.fields(Recipe)}
    kept = {name: tuple(value) if isinstance(value, list) else value
            for name, value in facts["recipe"].items() if name in own}  # fmt: skip
    if data and [str(place) for place in data] != facts["data"]:
        logger.warning("the data is given anew: %s (it was %s)", ", ".join(map(str, data)), ", ".join(facts["data"]))
    places = list(data) or ([] if facts["demo"] else facts["data"])
    precision = facts["precision"] if precision == "auto" else precision
    return Recipe(**kept), places, None, precision, facts["fingerprint"]


def _save(path: Path, generator: keras.Model, recipe: Recipe, data: Sequence[str | Path], row: dict) -> None:
    from . import weights

    sets = [Path(place).name for place in map(str, data)]
    scores = {name: round(float(value), 4) for name, value in row.items() if name.startswith("val_")}
    numbers = {name: value for name, value in dataclasses.asdict(recipe).items() if name not in ("cost", "result")}
    numbers["epochs_done"] = row["epoch"]
    weights.save(generator, path, json.dumps(numbers), sets, recipe.terms, scores)


@contextlib.contextmanager
def _asked_to_stop() -> Iterator[threading.Event]:
    """Sets an event at the first Ctrl-C or SIGTERM; the second one interrupts at once."""
    stop = threading.Event()

    def ask(number: int, _: object) -> None:
        if stop.is_set():
            raise KeyboardInterrupt
        stop.set()
        logger.info("finishing the step, then stopping (once more to stop at once)")

    if threading.current_thread() is not threading.main_thread():  # only the main thread may set handlers
        yield stop
        return
    before = {number: signal.signal(number, ask) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


# ---- the command line

OVERRIDES = {  # a recipe's numbers that the command line can change: type and help
    "epochs": (int, "how often all examples are seen"),
    "batch_size": (int, "examples a step"),
    "learning_rate": (float, "peak of the learning rate"),
    "warmup": (int, "steps until the peak"),
    "pixel": (float, "weight of the pixel loss"),
    "feature": (float, "weight of the feature loss (VGG16 relu2_2)"),
    "variation": (float, "weight of the total variation"),
    "model": (str, "scribbler or sketchback2017"),
    "pair_share": (float, "share of each epoch that shows hand-drawn pairs"),
    "augmentation": (str, "of photographs: none, faces or buildings"),
    "limit": (int, "show at most so many examples an epoch"),
    "validate": (int, "score so many held-out examples each epoch"),
    "seed": (int, "decides everything random"),
}


def add_arguments(made: argparse.ArgumentParser, default: str) -> None:
    """Adds what `train` and `finetune` have in common."""
    made.add_argument("recipe", nargs="?", default=default, help=f"one of {', '.join(recipes.RECIPES)}")
    made.add_argument("--data", action="append", default=[], metavar="DIR",
                      help="a folder of photographs or pairs (see data/README.md); may be given several times; "
                      "without it, built-in drawn pictures show how it works in under 3 minutes")  # fmt: skip
    made.add_argument("--out", metavar="DIR", help="the run's folder (default: runs/RECIPE)")
    made.add_argument("--resume", action="store_true", help="go on from the checkpoint in the run's folder")
    commands.add_view(made, style=None)
    made.add_argument("--vgg16", metavar="FILE", help="VGG16's weights, .npz or .h5, instead of a download")
    made.add_argument("--features", choices=("vgg16", "random"), default="vgg16",
                      help="random: a feature loss without ImageNet weights")  # fmt: skip
    made.add_argument("--precision", choices=PRECISIONS, default="auto",
                      help="auto: bfloat16 where the CPU or GPU computes in it")  # fmt: skip
    made.add_argument("--deterministic", action="store_true", help="bit-identical repetition, also on a GPU")
    made.add_argument("--workers", type=int, default=2, help="threads that read and draw (default: 2)")
    numbers = made.add_argument_group("the recipe's numbers, each of which can be changed")
    for name, (kind, text) in OVERRIDES.items():
        numbers.add_argument(f"--{name.replace('_', '-')}", type=kind, metavar=kind.__name__.upper(), help=text)


def options(arguments: argparse.Namespace) -> tuple[Recipe, dict[str, Any]]:
    """What the arguments of `add_arguments` say: the recipe with its changed numbers, and the options of `train`."""
    commands.import_keras()
    recipe = recipes.find(arguments.recipe)
    names = [*OVERRIDES, "size", "style", "fit"]
    given = {name: getattr(arguments, name) for name in names if getattr(arguments, name) is not None}
    if arguments.resume and given:
        logger.warning("--resume goes on with the run's own recipe; these do not count: %s", ", ".join(given))
    vgg16 = "random" if arguments.features == "random" else arguments.vgg16
    same = ("data", "out", "resume", "precision", "deterministic", "workers")
    kept = {name: getattr(arguments, name) for name in same}
    return dataclasses.replace(recipe, **given), {**kept, "vgg16": vgg16, "progress": not arguments.quiet}


def main(argv: list[str] | None = None) -> int:
    """The command line of `python -m sketchback.train`."""
    made = commands.parser(
        "train",
        "Teach a generator to turn sketches into photographs.",
        "Loss: L = 1 pixel + 0.001 feature + 0.00001 total variation. The run's folder holds best and last weights, "
        "history.csv, curves.png, samples.png and recipe.json.\n\n"
        "  python -m sketchback.train faces\n"
        "  python -m sketchback.train faces --data celeba --data cufs --size 96x96 --epochs 2\n"
        "  python -m sketchback.train faces --resume",
    )
    add_arguments(made, "faces")
    made.add_argument("--weights", metavar="W", help="start from these weights instead of from scratch")

    def teach(arguments: argparse.Namespace) -> None:
        recipe, given = options(arguments)
        train(recipe, initial=arguments.weights, **given)

    return commands.run(teach, made, argv)


if __name__ == "__main__":
    raise SystemExit(main())
