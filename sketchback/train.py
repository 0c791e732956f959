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
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from . import __version__, commands, datasets, near_copies, recipes
from .recipes import Recipe
from .runs import BEST, LAST, Progress, Run

if TYPE_CHECKING:
    import keras

    from .batches import Batches, View
    from .inversion import Inversion

CHECKPOINT_EVERY = 300.0  # seconds
PRECISIONS = ("auto", "float32", "bfloat16")
ENCODERS = ("auto", "imagenet", "scratch")

logger = logging.getLogger(__name__)


class TrainingError(ValueError):
    """A run that cannot go on: the loss or the weights are no longer finite."""


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
    progress: bool = False,
    against: Sequence[str | Path] = (),
    encoder: str = "auto",
) -> Path:
    """Trains a generator.

    Where the weights come from, in this order: the checkpoint with `resume`; `initial`; `recipe.initial`; scratch.

    Args:
        recipe: Every number, see `recipes`.
        data: Folders that are mixed, see `datasets.find`; none takes the recipe's built-in set.
        out: The run's folder, `runs/<recipe>` by default. An earlier run in it is moved to `earlier-N/`.
        initial: Weights to start from, a name or a file; they bring their architecture.
        resume: Go on from the folder's checkpoint, with the recipe that stands there.
        vgg16: VGG16's weights, see `features.vgg16`; `"random"` for a random network.
        precision: `"float32"`, `"bfloat16"`, or `"auto"`: bfloat16 where the machine computes in it.
        deterministic: Ask the backend for bit-identical results of identical runs, also on a GPU.
        workers: Threads that read and draw.
        progress: Show a bar.
        against: Further folders that the weights will be tested on: near-copies of their test pictures are left out
            of training, as are those of `data`'s own (see `near_copies`).
        encoder: What the encoder of a new `unet_resnet` begins with: `"imagenet"` weights, `"scratch"`, or `"auto"`:
            ImageNet's where they can be had.

    Returns:
        The best weights of the run.

    Raises:
        ValueError: An argument, the data or the checkpoint will not do.
        TrainingError: The loss became NaN or infinite.
        OSError: The folder cannot be written.
    """
    with Run(out or Path("runs") / recipe.name) as run:
        state, arrays, before = Progress(), {}, None
        if resume:
            state, arrays = run.load_checkpoint()
            before = _recall(run)
            if data and [str(place) for place in data] != before.data:
                logger.warning("the data is given anew: %s (it was %s)",
                               ", ".join(map(str, data)), ", ".join(before.data))  # fmt: skip
            recipe, data, initial = before.recipe, data or before.data, None
            against = against or before.against
            vgg16, deterministic = vgg16 or before.vgg16, deterministic or before.deterministic
            precision = before.precision if precision == "auto" else precision
        data, against = [str(place) for place in data or [recipe.demo]], [str(place) for place in against]

        import keras

        from . import inversion, losses
        from .batches import Batches, View

        if precision not in PRECISIONS:
            raise ValueError(f"`precision` must be one of {', '.join(PRECISIONS)}. Received: {precision!r}.")
        if encoder not in ENCODERS:
            raise ValueError(f"`encoder` must be one of {', '.join(ENCODERS)}. Received: {encoder!r}.")
        precision = inversion.choose_precision() if precision == "auto" else precision
        keras.utils.set_random_seed(recipe.seed)
        if deterministic:
            inversion.ask_for_determinism()
        policy = "mixed_bfloat16" if precision == "bfloat16" else "float32"
        untaught = before is None and initial is None and recipe.initial is None
        generator, recipe, seen, terms = _generator(recipe, initial, policy, before, encoder)

        examples = datasets.find_all(data)
        tested = [example for place in against for example in datasets.subset(datasets.find(place), "test")]
        examples = near_copies.leave_out(examples, tested, workers)
        view = View(recipe.size, recipe.style, recipe.fit, recipe.enlarge)
        batches = Batches(
            datasets.subset(examples, "train"), view, recipe.batch_size, recipe.seed, recipe.augmentation,
            recipe.pair_augmentation, recipe.pair_share, recipe.flip, recipe.zoom, recipe.squeeze, limit=recipe.limit,
            workers=workers,
        )  # fmt: skip
        held_out = inversion.hold_out(datasets.subset(examples, "val"), recipe.validate)
        network, vgg16 = _features(recipe, vgg16, policy, all(map(datasets.is_demo, examples)))

        model = inversion.Inversion(
            generator, losses.WeightedLoss(network, recipe.pixel, recipe.feature, recipe.variation)
        )
        model.compile(
            optimizer=inversion.adam(
                recipe.schedule, recipe.learning_rate, recipe.warmup, recipe.epochs * batches.steps, recipe.clip,
                None if recipe.average is None else 1 - 1 / max(recipe.average * batches.steps, 1),
            ),
            # XLA's convolutions are several times slower than oneDNN's on a CPU; JAX has no other way.
            jit_compile=keras.backend.backend() == "jax",
        )
        model.build((None, *recipe.size, 1))
        model.optimizer.build(model.trainable_variables)
        plan = Plan(
            recipe, data, against, vgg16, precision, deterministic, datasets.fingerprint(examples),
            list(dict.fromkeys([*seen, *(Path(place).name for place in data)])),
            "; ".join(dict.fromkeys([*terms, *datasets.terms(examples)])),
        )  # fmt: skip
        if untaught:
            model.calibrate(batches)
        if before is None:
            aside = run.set_aside()
            if aside is not None:
                logger.info("%s held an earlier run, which is kept in %s", run.folder, aside)
            run.write_json("recipe.json", {**dataclasses.asdict(plan), "versions": _versions(),
                                           "examples": len(batches.examples), "steps": batches.steps})  # fmt: skip
        else:
            try:
                model.restore(arrays)
            except ValueError as error:
                raise ValueError(f"{error} It is {run.checkpoint}; start again without --resume.") from None
            if plan.fingerprint != before.fingerprint:
                logger.warning("the data is not what the run began with (its files or splits have changed); "
                               "it goes on with %d examples", len(batches.examples))  # fmt: skip
                state.step = min(state.step, batches.steps - 1)
            logger.info("going on in %s at epoch %d, step %d of %d, best PSNR %.2f dB",
                        run.folder, state.epoch + 1, state.step, batches.steps, state.best)  # fmt: skip
        _fit(run, plan, model, batches, view, held_out, state, progress)
        return run.folder / BEST


def _features(
    recipe: Recipe, vgg16: str | Path | None, policy: str, demo: bool
) -> tuple[keras.Model | None, str | None]:
    """The network of the feature loss, and which one it became."""
    from . import features

    if recipe.feature == 0:
        return None, None
    vgg16 = None if vgg16 is None else str(vgg16)
    try:
        return features.vgg16_relu2_2(vgg16, dtype=policy), vgg16
    except features.FeaturesError as error:
        if not demo or vgg16 is not None:
            raise
        logger.info("the feature loss uses a random VGG16, which is enough for drawn pictures (%s)", error)
        return features.vgg16_relu2_2("random", dtype=policy), "random"


def _fit(
    run: Run,
    plan: Plan,
    model: Inversion,
    batches: Batches,
    view: View,
    held_out: list[datasets.Example],
    state: Progress,
    progress: bool,
) -> None:
    from .inversion import SAMPLES, validate

    recipe = plan.recipe
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
            run.write_samples(rows or validate(model.generator, batches.examples[:SAMPLES], view)[1])
            run.write_history(state.history)
            for name in (LAST, BEST) if better else (LAST,):
                _save(run.folder / name, model.generator, plan, row)
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


def _generator(
    recipe: Recipe, initial: str | Path | None, policy: str, before: Plan | None, encoder: str
) -> tuple[keras.Model, Recipe, list[str], list[str]]:
    """The generator, the recipe that is true of it, and the data and terms that its weights bring along."""
    from . import models, weights

    if before is not None:
        return models.build(recipe.model, **recipe.arguments, dtype=policy), recipe, before.seen, [before.terms]
    initial = initial or recipe.initial
    if initial is None:
        generator = models.build(recipe.model, **recipe.arguments, dtype=policy)
        if recipe.model == "unet_resnet" and _take_imagenet(generator, encoder):
            return generator, dataclasses.replace(recipe, initial="ImageNet (Keras's ResNet50)"), ["imagenet"], []
        return generator, recipe, [], []
    path = weights.find(initial)
    generator = weights.load(path, dtype=policy)
    logger.info("starting from %s (%s)", path, generator.architecture)
    # The weights bring their architecture: what the recipe says of it gives way.
    recipe = dataclasses.replace(recipe, model=generator.architecture, arguments=dict(generator.arguments),
                                 initial=f"{path.name} (sha256 {weights.sha256(path)})")  # fmt: skip
    data, terms = generator.facts.get("data"), generator.facts.get("terms")
    return generator, recipe, list(data) if isinstance(data, list) else [], [str(terms)] if terms else []


def _take_imagenet(generator: keras.Model, encoder: str) -> bool:
    """Begins the encoder with ImageNet's weights, where they are wanted and can be had."""
    from . import unet

    if encoder != "scratch":
        try:
            unet.take_imagenet(generator)
            logger.info("the encoder begins with ImageNet's weights")
            return True
        except unet.EncoderError as error:
            if encoder == "imagenet":
                raise
            logger.info("the encoder begins from scratch (%s)", error)
    return False


def _versions() -> dict[str, str]:
    import keras

    return {"sketchback": __version__, "python": platform.python_version(), "keras": keras.__version__,
            "backend": keras.backend.backend(), "numpy": np.__version__}  # fmt: skip


# ---- what resuming needs


def _recall(run: Run) -> Plan:
    """What a resumed run was: its own recipe counts, not the one that the command line would give."""
    facts = run.read_json("recipe.json")
    try:
        own = {field.name for field in dataclasses.fields(Recipe)}
        kept = {name: tuple(value) if isinstance(value, list) else value
                for name, value in facts["recipe"].items() if name in own}  # fmt: skip
        rest = {field.name: facts[field.name] for field in dataclasses.fields(Plan) if field.name != "recipe"}
        return Plan(Recipe(**kept), **rest)
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise ValueError(f"recipe.json must hold the whole plan of a run. Received: {run.folder}, where it does not "
                         f"({commands.one_line(error)}). Start without --resume.") from None  # fmt: skip


def _save(path: Path, generator: keras.Model, plan: Plan, row: dict[str, float]) -> None:
    from . import weights

    scores = {name: round(float(value), 4) for name, value in row.items() if name.startswith("val_")}
    numbers = {name: value for name, value in dataclasses.asdict(plan.recipe).items() if name not in ("cost", "result")}
    numbers |= {"epochs_done": row["epoch"], "seconds": row["seconds"]}
    weights.save(generator, path, json.dumps(numbers), plan.seen, plan.terms, scores)


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

OVERRIDES: dict[str, tuple[type, str]] = {  # a recipe's numbers that the command line can change: type and help
    "epochs": (int, "how often all examples are seen"),
    "batch_size": (int, "examples a step"),
    "learning_rate": (float, "peak of the learning rate"),
    "schedule": (str, f"of the learning rate: {', '.join(recipes.SCHEDULES)}"),
    "warmup": (int, "steps until the peak"),
    "clip": (float, "norm that gradients are clipped to"),
    "average": (float, "share of an epoch over which weights are averaged; the average takes their place after it"),
    "pixel": (float, "weight of the pixel loss"),
    "feature": (float, "weight of the feature loss (VGG16 relu2_2)"),
    "variation": (float, "weight of the total variation"),
    "pair_share": (float, "share of each epoch that shows hand-drawn pairs"),
    "augmentation": (str, "of photographs: none, faces or buildings"),
    "pair_augmentation": (str, "of hand-drawn pairs, likewise"),
    "zoom": (float, "show windows of pictures, enlarged by up to this factor"),
    "squeeze": (float, "change the proportions of a quarter of the pictures by up to this factor"),
    "limit": (int, "show at most so many examples an epoch"),
    "validate": (int, "score so many held-out examples each epoch"),
    "seed": (int, "decides everything random"),
}
GENERATOR: dict[str, tuple[type, str]] = {  # arguments of `models.scribbler`
    "width": (int, "channels at full size (32)"),
    "halvings": (int, "how often the encoder halves the picture (4)"),
    "blocks": (int, "residual blocks at the smallest size (3)"),
    "normalisation": (str, "batch, as in Scribbler's paper (default: none)"),
}


def add_arguments(made: argparse.ArgumentParser, default: str) -> None:
    """Adds what `train` and `finetune` have in common."""
    made.add_argument("recipe", nargs="?", default=default, help=f"one of {', '.join(recipes.RECIPES)}")
    made.add_argument("--data", action="append", default=[], metavar="DIR",
                      help="a folder of photographs or pairs (see data/README.md); may be given several times; "
                      "without it, built-in drawn pictures show how it works in under 3 minutes")  # fmt: skip
    made.add_argument("--against", action="append", default=[], metavar="DIR",
                      help="a further folder that will be tested on: near-copies of its test pictures are not shown")
    made.add_argument("--out", metavar="DIR", help="the run's folder (default: runs/RECIPE)")
    made.add_argument("--resume", action="store_true", help="go on from the checkpoint in the run's folder")
    commands.add_view(made, style=None)
    made.add_argument("--enlarge", type=commands.size, metavar="HxW", help="resize photographs to this first")
    made.add_argument("--no-flip", dest="flip", action="store_false", default=None, help="do not mirror examples")
    made.add_argument("--vgg16", metavar="FILE", help="VGG16's weights, .npz or .h5, instead of a download")
    made.add_argument("--features", choices=("vgg16", "random"), default="vgg16",
                      help="random: a feature loss without ImageNet weights")  # fmt: skip
    made.add_argument("--precision", choices=PRECISIONS, default="auto",
                      help="auto: bfloat16 where the CPU or GPU computes in it")  # fmt: skip
    made.add_argument("--deterministic", action="store_true", help="bit-identical repetition, also on a GPU")
    made.add_argument("--workers", type=int, default=2, help="threads that read and draw (default: 2)")
    numbers = made.add_argument_group("the recipe's numbers, each of which can be changed")
    generator = made.add_argument_group("the generator, where no weights bring theirs")
    generator.add_argument("--model", metavar="STR", help="scribbler, sketchback2017 or unet_resnet")
    generator.add_argument("--encoder", choices=ENCODERS, default="auto",
                           help="of unet_resnet; auto: ImageNet's weights (95 MB, once) where they can be had")
    generator.add_argument("--no-skips", dest="skips", action="store_false", default=None,
                           help="no skip connections, as in Scribbler's paper")  # fmt: skip
    for group, options_of in ((numbers, OVERRIDES), (generator, GENERATOR)):
        for name, (kind, text) in options_of.items():
            group.add_argument(f"--{name.replace('_', '-')}", type=kind, metavar=kind.__name__.upper(), help=text)


def options(arguments: argparse.Namespace) -> tuple[Recipe, dict[str, Any]]:
    """What the arguments of `add_arguments` say: the recipe with its changed numbers, and the options of `train`."""
    recipe = recipes.find(arguments.recipe)

    def given(names: Iterable[str]) -> dict[str, Any]:
        return {name: getattr(arguments, name) for name in names if getattr(arguments, name) is not None}

    numbers = given([*OVERRIDES, "size", "style", "fit", "enlarge", "flip", "model"])
    of_generator = given([*GENERATOR, "skips"])
    if arguments.features == "random" and arguments.vgg16:
        raise ValueError("--vgg16 names a file and --features random wants none. Received: both. Give one.")
    if arguments.resume:
        ignored = [*numbers, *of_generator, *(["weights"] if arguments.weights else [])]
        if ignored:
            logger.warning("--resume goes on with the run's own recipe; these do not count: %s", ", ".join(ignored))
    elif not arguments.data:
        recipe = recipes.shrink(recipe)
        logger.info("no --data: the recipe shrinks to built-in pictures (under 3 minutes on 2 cores)")
    if (arguments.weights or recipe.initial) and not arguments.resume and (of_generator or "model" in numbers):
        logger.warning("the weights bring their own architecture; these do not count: %s",
                       ", ".join([*of_generator, *(["model"] if "model" in numbers else [])]))  # fmt: skip
    if numbers.get("model", recipe.model) != recipe.model:
        recipe = dataclasses.replace(recipe, arguments={})
    recipe = dataclasses.replace(recipe, **numbers, arguments={**recipe.arguments, **of_generator})
    same = ("data", "against", "out", "resume", "precision", "deterministic", "workers", "encoder")
    kept = {name: getattr(arguments, name) for name in same}
    vgg16 = "random" if arguments.features == "random" else arguments.vgg16
    commands.import_keras()
    return recipe, {**kept, "vgg16": vgg16, "progress": not arguments.quiet}


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
    from sketchback.train import main  # as itself: `__main__` is not below the log's `sketchback`

    raise SystemExit(main())
