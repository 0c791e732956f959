"""How fast are training, drawing and inversion, and against what? Prints tables: medians, and the range in brackets.

    python benchmarks/speed.py --data CELEBA --vgg16 vgg16_relu2_2.npz      all, some 20 minutes on 2 idle cores
    python benchmarks/speed.py --only training pipeline --ours              is training limited by reading and drawing?
    python benchmarks/speed.py --only device --sizes 128                   does a GPU wait?
    python benchmarks/speed.py --only session                              candidates, fidelity, told, enlarged; --fast
    python benchmarks/speed.py --only training --ours --batch 4 --sizes 32 64 128 192 256            how its cost grows

Each contender is a process of its own that computes only when it is its turn. Turns alternate, a matrix product takes
part as the yardstick, and ratios are the median of each turn's own. Who does not compute what the first one does, or is
not installed (`pip install -e ".[bench]"`), is left out with a line. Close everything else.
"""

from __future__ import annotations

import argparse
import contextlib
import itertools
import json
import math
import multiprocessing
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import rivals

from sketchback import console, datasets, images, sketching
from sketchback.datasets import builtin
from sketchback.training import recipes
from sketchback.weights import DEFAULT

SIDES = (64, 128, 256, 512)  # of inversion
CELLS = {**{f"{side} px": (side, 1) for side in SIDES}, "128 px, batch 16": (128, 16)}
MFLOP = 1.9435  # of the convolutions of a training step, for each pixel: tests/test_benchmarks.py counts them
LOSS, PHOTO = 0.005, 8 / 255  # what first losses and photographs may differ by: bfloat16 has 8 bits
READING, MATRIX = "ours, reading and drawing", "matrix product, GFLOP/s"
ADVERSARIAL = "ours, adversarial, batch in memory"
RIVALS: dict[str, dict[str, Any]] = {  # who inverts
    "PyTorch eager float32": {"runtime": "pytorch"},
    "ONNX Runtime": {"runtime": "onnxruntime"},
    "OpenVINO float32": {"runtime": "openvino"},
    "PyTorch compiled float32": {"runtime": "pytorch", "compiled": True},
    "PyTorch eager bfloat16": {"runtime": "pytorch", "precision": "bfloat16"},
    "OpenVINO bfloat16": {"runtime": "openvino", "precision": "bf16"},
}
ASKED: dict[str, tuple[int, dict[str, Any]]] = {  # in a session at the drawing desk: side of the drawing, options
    "128 px, one photograph": (128, {}),
    "128 px, four candidates": (128, {"candidates": 4}),
    "128 px, fidelity 0.5": (128, {"fidelity": 0.5}),
    "128 px, told the colour of skin": (128, {"tone": {"skin": "dark"}}),
    "128 px, twice as large": (128, {"scale": 2}),
    "128 px, four times as large": (128, {"scale": 4}),
    "512 px, without the enlarger": (512, {"scale": 1}),
    "512 px, with its detail": (512, {}),
}
RATES = (125, 250, 500, 1000, 2000)  # images/s that a device takes which stands for a GPU
PLAIN = "faces"  # of training and inversion: rivals know no tone
QUIET = {"TF_CPP_MIN_LOG_LEVEL": "3", "KERAS_BACKEND": "tensorflow", "PYTHONWARNINGS": "ignore"}
Work = Callable[..., float]  # does something `count` times; returns how many images, or GFLOP, that was


class Turn(NamedTuple):
    done: float
    seconds: float
    cpu: float  # seconds of all threads, and of processes that have ended
    peak: float  # GB so far


class Contender:
    """A process that computes only when it is its turn; `settings` give it its work and what it is to be equal in."""

    def __init__(self, title: str, maker: Callable[..., tuple[Work, Any]], against: str = "", **settings: Any):
        self.title, self.against, self.turns = title, against, dict[Any, list[Turn]]()
        self.process = ProcessPoolExecutor(1, multiprocessing.get_context("spawn"))
        self.begun = self.process.submit(begin, maker, settings)

    def times(self, cell: Any) -> list[float]:
        """Seconds an image (or GFLOP), turn by turn."""
        return [turn.seconds / turn.done for turn in self.turns.get(cell, [])]


_own: dict[str, Any] = {"counts": {}}  # of a contender's process


def begin(maker: Callable[..., tuple[Work, Any]], settings: dict[str, Any]) -> Any:
    _own["work"], output = maker(**settings)
    return output


def act(seconds: float, cell: tuple[Any, ...]) -> Turn:
    work, counts = _own["work"], _own["counts"]
    if cell not in counts:
        work(1, *cell)  # compiles what there is to compile
        start = time.perf_counter()
        work(1, *cell)
        counts[cell] = max(round(seconds / (time.perf_counter() - start)), 1)
    cpu, start = sum(os.times()[:4]), time.perf_counter()
    done = work(counts[cell], *cell)
    seconds, cpu = time.perf_counter() - start, sum(os.times()[:4]) - cpu
    peak = max(resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return Turn(done, seconds, cpu, peak * 1024 / 1e9)


def ready(contenders: list[Contender], tolerance: float) -> dict[str, float]:
    """Waits until all have begun, leaves out who cannot or computes something else, and returns the differences."""
    differences: dict[str, float] = {}
    for one in list(contenders):
        try:
            output, truth = one.begun.result(), contenders[0].begun.result()
            difference = 0.0 if output is None else float(np.abs(output - truth).max())
            if not difference <= tolerance:
                raise ValueError(f"what it computes differs by {difference:.2g} from {contenders[0].title}")
            differences[one.title] = difference
        except Exception as error:
            leave_out(contenders, one, error)
    return differences


def alternate(contenders: list[Contender], turns: int, seconds: float, cell: tuple[Any, ...] = ()) -> None:
    """Gives each a turn, `turns` times over, beginning with another one each time; one before that does not count."""
    for number in range(turns + 1):
        first = number % max(len(contenders), 1)
        for one in contenders[first:] + contenders[:first]:
            try:
                turn = one.process.submit(act, seconds, cell).result()
            except Exception as error:  # compilers and runtimes fail in ways of their own
                leave_out(contenders, one, error)
            else:
                one.turns.setdefault(cell, []).extend([turn] if number else [])


def leave_out(contenders: list[Contender], one: Contender, error: Exception) -> None:
    contenders.remove(one)
    print(f"left out: {one.title}: {type(error).__name__}: {console.one_line(error)[:200]}\n", flush=True)


def spread(values: Sequence[float], digits: int = 2) -> str:
    if not values:
        return ""
    return f"{statistics.median(values):.{digits}f} [{min(values):.{digits}f}, {max(values):.{digits}f}]"


def ratios(above: Sequence[float], below: Sequence[float]) -> str:
    return spread([a / b for a, b in zip(above, below, strict=True)] if above else [])


def compare(title: str, contenders: list[Contender], options: argparse.Namespace, **how: Any) -> None:
    """Times contenders and prints a table.

    Args:
        title: Of the table.
        contenders: Who takes part; ours first.
        options: Of the command line: `turns`, `seconds`.
        how: `cells`, what work is given beside its count, each with its name (default: nothing); `tolerance` of
            outputs; `gflop` of an image, for its share of the matrix product's rate; `ms` an image instead of images/s.
    """
    cells, gflop, started = how.get("cells", {"": ()}), how.get("gflop"), list(contenders)
    differences = ready(contenders, how.get("tolerance", 0.0))
    for cell in cells.values():
        alternate(contenders, options.turns, options.seconds, cell)
    for one in started:
        one.process.shutdown()
    head = [f"{name} {text}".strip() for name in cells for text in ("ms" if "ms" in how else "images/s", "times ours")]
    head += ["CPU s an image", "memory", "difference", *(["of the matrix rate"] if gflop else [])]
    print(f"**{title}**\n\n| | {' | '.join(head)} |\n" + "| --- " * (len(head) + 1) + "|")
    for one in [one for one in contenders if one.turns]:
        base, row = next((other for other in contenders if other.title == one.against), contenders[0]), [one.title]
        for cell in cells.values():
            times, bases = one.times(cell), base.times(cell)
            shown = [1e3 * time if "ms" in how and one.title != MATRIX else 1 / time for time in times]
            row += [spread(shown, 1), ratios(times, bases) if one.title not in (base.title, MATRIX) else "-"]
        turns = [turn for own in one.turns.values() for turn in own]
        row += [f"{sum(turn.cpu for turn in turns) / sum(turn.done for turn in turns):.3f}"]
        row += [f"{max(turn.peak for turn in turns):.2f} GB", f"{differences[one.title]:.2g}"]
        if gflop and one.title != MATRIX:
            row += [ratios([gflop * time for time in contenders[-1].times(())], one.times(()))]
        print(f"| {' | '.join(row)} |", flush=True)
    print()


# ---- what contenders do; each imports what it needs in its own process


def prepare(folder: Path, data: list[str], weights: str, vgg16: str, sizes: list[int], batch: int) -> None:
    """Writes what contenders share: weights, batches, drawings, and the file that `export` writes."""
    from sketchback import weights as files
    from sketchback.export import export
    from sketchback.models import backbones, efficientnet

    generator, network = files.load(files.find(weights)), backbones.vgg16(vgg16)
    arrays = {variable.path.removeprefix(f"{generator.name}/"): np.asarray(variable) for variable in generator.weights}
    np.savez(folder / "pytorch.npz", arguments=json.dumps(generator.arguments), **arrays)
    np.savez(folder / "vgg.npz", **{one.path.replace("/", "_"): np.asarray(one) for one in network.weights})
    with contextlib.suppress(backbones.FeaturesError):  # those who need it are left out
        judging_arrays(folder, efficientnet.efficientnet_lite0(dtype="float32"))
    for side in sizes:
        sketches, photos = reader(data, side, batch)(1)[0]
        np.savez(folder / f"batch-{side}.npz", sketches=sketches, photos=photos)
    for side in SIDES:
        images.write(folder / f"{side}.png", sketching.pencil(builtin.face(3, (side, side))))
    export(weights, folder / "graph.onnx")


def judging_arrays(folder: Path, features: Any) -> Any:
    """Writes the arrays of EfficientNet-lite0 and of a new discriminator; returns the latter."""
    from sketchback.models import efficientnet
    from sketchback.models.discriminator import ProjectedDiscriminator

    structure = {"stages": json.dumps(efficientnet.STAGES), "taps": json.dumps(efficientnet.TAPS)}
    np.savez(folder / "efficientnet.npz", **structure, **{one.path: np.asarray(one) for one in features.weights})
    judge = ProjectedDiscriminator(features)
    judge.build((None, 96, 96, 3))
    fixed = {"projection": judge.projections, "mixer": judge.mixers}
    arrays = {f"{name}{scale}": np.asarray(one) for name, own in fixed.items() for scale, one in enumerate(own)}
    for scale, head in enumerate(judge.heads):
        for number, layer in enumerate(head):
            own = {"kernel": layer.kernel, "bias": layer.bias, "u": layer.vector}
            arrays |= {f"head{scale}_{number}/{name}": np.asarray(array) for name, array in own.items()}
    np.savez(folder / "discriminator.npz", **arrays)
    return judge


def matrix(precision: str, side: int = 4096) -> tuple[Work, None]:
    """Square matrix products: the rate that this machine reaches in the precision."""
    import tensorflow as tf

    a = tf.cast(tf.random.normal((side, side), seed=0), precision)
    product = tf.function(lambda x: tf.matmul(x, x))
    return lambda count, *_: 2e-9 * side**3 * len([product(a).numpy() for _ in range(count)]), None


def reader(data: list[str], size: int, batch: int, augmentation: str = "none") -> Callable[..., Any]:
    """`read(count)` gives so many batches as training sees them."""
    from sketchback.datasets.batches import Batches
    from sketchback.datasets.showing import Showing
    from sketchback.datasets.views import View

    examples, stage, epochs = datasets.subset(datasets.find_all(data), "train"), recipes.FACES.single, itertools.count()
    examples *= 1 + 200 * batch // len(examples)  # enough for the longest turn
    view = View((size, size), "random")

    def read(count: int) -> Batches:
        made = Batches(
            examples,
            view,
            Showing(augmentation=augmentation, flip=True, zoom=stage.zoom, aspect=stage.aspect),
            batch_size=batch,
            limit=batch * count,
        )
        return made.at(next(epochs))

    return read


def drawing(batches: dict[str, Any], threads: int, processes: int, rate: float = math.inf) -> tuple[Work, None]:
    """Reading and drawing as in training, without any training; at most `rate` images/s are taken, as by a GPU."""
    from sketchback.datasets.prefetch import prefetch
    from sketchback.datasets.processes import Processes

    read, started = reader(**batches), Processes(processes).__enter__()  # until this contender's own process ends
    at_once = 8 * max(processes, 1)  # so that beginning and end, where not all have work, count little

    def work(count: int) -> float:
        with prefetch(read(count * at_once), started, threads=threads) as ahead:
            for _ in ahead:
                time.sleep(batches["batch"] / rate)
        return batches["batch"] * count * at_once

    work(1)  # all of them have imported what they need
    return work, None


def networks(folder: Path, weights: str, size: int, dtype: str = "float32") -> tuple[Any, Any, tuple[Any, Any]]:
    """The generator, VGG16, and the batch that is held in memory."""
    from sketchback import weights as files
    from sketchback.models import backbones

    held = rivals.arrays_of(str(folder / f"batch-{size}.npz"))
    network = backbones.vgg16(folder / "vgg.npz", dtype=dtype)
    return files.load(files.find(weights), dtype=dtype), network, (held["sketches"], held["photos"])


def ours(
    folder: Path, batches: dict[str, Any], weights: str, precision: str, reading: bool, **judged: float
) -> tuple[Work, float]:
    """The steps of `trainer.fit`: with threads that read ahead, or on one batch held in memory.

    `judged` holds the weights of what a discriminator sees: `adversarial`, `matching`.
    """
    from sketchback import losses
    from sketchback.datasets.prefetch import prefetch
    from sketchback.models.discriminator import ProjectedDiscriminator
    from sketchback.models.efficientnet import efficientnet_lite0
    from sketchback.training.model import TrainingModel, adam

    dtype = "mixed_bfloat16" if precision == "bfloat16" else "float32"
    generator, network, held = networks(folder, weights, batches["size"], dtype)
    judge = ProjectedDiscriminator(efficientnet_lite0(dtype="float32")) if judged else None
    if judge:
        judge.build((None, batches["size"], batches["size"], 3))
    model, read = TrainingModel(generator, losses.WeightedLoss(network), judge, **judged), reader(**batches)
    optimizer = adam("constant", 1e-4, warmup=0, steps=1000, clip=1.0, average=0.999)
    model.compile(optimizer=optimizer, jit_compile=False)

    def step(sketches: np.ndarray, photos: np.ndarray) -> float:
        terms = model.train_on_batch(sketches, photos, return_dict=True)
        beside = terms["discriminator"] + sum(judged[name] * terms[name] for name in judged) if judge else 0.0
        return float(terms["loss"] - beside)  # what all contenders minimise

    def work(count: int) -> float:
        shown = read(count) if reading else [held] * count
        with prefetch(shown) as ahead:
            return len([step(*pair) for pair in ahead]) * batches["batch"]

    return work, step(*held)


def original(folder: Path, batches: dict[str, Any], weights: str) -> tuple[Work, float]:
    """VGG's targets by a `predict`, then a model of two outputs, in float32; one thread reads ahead."""
    import keras

    from sketchback import losses

    generator, network, held = networks(folder, weights, batches["size"])
    both, read = keras.Model(generator.input, [generator.output, network(generator.output)]), reader(**batches)

    def of_photo(truth: Any, made: Any) -> Any:
        return losses.pixel(truth, made) + 1e-5 * losses.total_variation(made)

    both.compile(keras.optimizers.Adam(1e-4), [of_photo, losses.feature], loss_weights=[1.0, 1e-3], jit_compile=False)

    def step(sketches: np.ndarray, photos: np.ndarray) -> float:
        seen = network.predict(photos, batch_size=len(photos), verbose=0)
        return float(both.train_on_batch(sketches, [photos, seen])[0])

    def work(count: int) -> float:
        with ThreadPoolExecutor(1) as thread:
            return len([step(*pair) for pair in thread.map(read(count).__getitem__, range(count))]) * batches["batch"]

    return work, step(*held)


def pytorch(folder: Path, batch: int, size: int, precision: str, compiled: bool, **judged: float) -> tuple[Work, float]:
    files = [str(folder / name) for name in ("pytorch.npz", "vgg.npz", f"batch-{size}.npz")]
    judging = (str(folder / "efficientnet.npz"), str(folder / "discriminator.npz")) if judged else None
    step = rivals.training(*files, precision, compiled, judging, **judged)
    return lambda count: batch * len([step() for _ in range(count)]), step()


def warm(folder: Path, runtime: str, weights: str = "", **settings: Any) -> tuple[Work, np.ndarray]:
    """`invert` itself, its checks and its padding included; or a rival."""
    if weights:
        from sketchback.invert import invert

        def run(sketches: np.ndarray) -> np.ndarray:
            return invert(sketches, weights, working=sketches.shape[1:3], runtime=runtime)
    else:
        run = rivals.RUNTIMES[runtime](model_of(folder, runtime), **settings)
    drawn = {side: images.read(folder / f"{side}.png", channels=1)[np.newaxis] for side in SIDES}

    def work(count: int, side: int, batch: int) -> float:
        shown = np.repeat(drawn[side], batch, axis=0)
        return batch * len([run(shown) for _ in range(count)])

    return work, np.asarray(run(drawn[128]), np.float32)


def asked(folder: Path, weights: str, side: int, options: dict[str, Any]) -> tuple[Work, None]:
    """What a person asks for at the drawing desk."""
    from sketchback.invert import invert

    sketch = images.read(folder / f"{side}.png", channels=1)
    return lambda count: len([invert(sketch, weights, **options) for _ in range(count)]), None


def cold(folder: Path, runtime: str, weights: str = "") -> tuple[Work, np.ndarray]:
    """The same in new processes, from the command to the photograph's file."""
    photo = str(folder / f"{runtime}.png")

    def work(count: int, side: int, _: int) -> float:
        sketch = str(folder / f"{side}.png")
        command = [rivals.__file__, runtime, model_of(folder, runtime), sketch, photo]
        if weights:
            command = ["-m", "sketchback.invert", sketch, "-o", photo, "--weights", weights, "--quiet"]
            command += ["--working", f"{side}x{side}", "--runtime", runtime]
        for _ in range(count):
            subprocess.run([sys.executable, *command], check=True, stderr=subprocess.DEVNULL)
        return count

    work(1, 128, 1)
    return work, images.read(photo)


def model_of(folder: Path, runtime: str) -> str:
    return str(folder / ("pytorch.npz" if runtime == "pytorch" else "graph.onnx"))


# ---- the tables


def training(options: argparse.Namespace, folder: Path) -> None:
    for size in options.sizes:
        shown, common = {"size": size, "batch": options.batch}, {"folder": folder, "weights": options.weights}
        common["batches"] = {**shown, "data": options.data}
        own = {**common, "precision": options.precision}
        made = [
            Contender("ours, batch in memory", ours, **own, reading=False),
            Contender(READING, ours, **own, reading=True),
        ]
        last = recipes.FACES_TONE.stages[-1]
        judged = {"adversarial": last.adversarial, "matching": last.matching}
        made += [Contender(ADVERSARIAL, ours, **own, reading=False, **judged)]
        if not options.ours:
            made += [Contender("the original's way, reading and drawing", original, READING, **common)]
            for compiled, precision in itertools.product((False, True), ("float32", "bfloat16")):
                title = f"PyTorch {'compiled' if compiled else 'eager'} {precision}, batch in memory"
                twin = {"folder": folder, **shown, "precision": precision, "compiled": compiled}
                made += [Contender(title, pytorch, **twin)]
                made += [Contender(f"{title}, adversarial", pytorch, ADVERSARIAL, **twin, **judged)]
        made += [Contender(MATRIX, matrix, precision=options.precision)]
        title = f"Training at {size} x {size}, batch {options.batch}, {options.precision}; difference of the first loss"
        compare(title, made, options, gflop=MFLOP * size**2 / 1e3, tolerance=LOSS)


def pipeline(options: argparse.Namespace, _: Path) -> None:
    made, shown = [], {"data": options.data, "size": max(options.sizes), "batch": options.batch}
    cores = os.cpu_count() or 1
    counts = [("threads", 1), ("threads", 2), *(("processes", 2**power) for power in range(cores.bit_length()))]
    for augmentation, (what, count) in itertools.product(("none", "faces"), counts):
        title, batches = f"augmentation {augmentation}", {**shown, "augmentation": augmentation}
        how = {"threads": 1, "processes": 0, what: count}
        made += [Contender(f"{title}, {what} {count}", drawing, f"{title}, threads 1", batches=batches, **how)]
    compare(f"The pipeline alone, {shown['size']} px, random styles, {cores} cores", made, options)


def device(options: argparse.Namespace, _: Path) -> None:
    batches, cores = {"data": options.data, "size": max(options.sizes), "batch": options.batch}, os.cpu_count() or 1
    made = [
        Contender(f"{rate} images/s", drawing, batches=batches, threads=1, processes=cores, rate=rate) for rate in RATES
    ]
    compare(f"What a device gets that takes so many, {batches['size']} px, drawn by {cores} processes", made, options)


def inversion(options: argparse.Namespace, folder: Path) -> None:
    for title, maker, cells in (
        ("Inversion, warm", warm, CELLS),
        ("Inversion, cold: from the command to the file", cold, {name: CELLS[name] for name in ("128 px", "512 px")}),
    ):
        own = {"folder": folder, "weights": options.weights}
        made = [Contender(f"ours, {runtime}", maker, **own, runtime=runtime) for runtime in ("onnx", "keras")]
        for name, settings in {} if options.ours else RIVALS.items():
            if maker is warm or len(settings) == 1:
                made += [Contender(name, maker, folder=folder, **settings)]
        made += [Contender(MATRIX, matrix, precision="float32")]
        compare(f"{title}; difference of the photographs", made, options, cells=cells, tolerance=PHOTO, ms=True)


def session(options: argparse.Namespace, folder: Path) -> None:
    made = []
    for title, (side, given) in ASKED.items():
        own: dict[str, Any] = {"folder": folder, "weights": options.session, "side": side}
        made += [Contender(title, asked, **own, options={**given, "runtime": "onnx"})]
        made += [Contender(f"{title}, fast", asked, title, **own, options={**given, "runtime": "fast"})]
    compare(f"What is asked for at the desk, {options.session}, warm", made, options, ms=True)


TABLES = {one.__name__: one for one in (training, pipeline, device, inversion, session)}


def main() -> None:
    made = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    made.add_argument("--data", action="append", metavar="DIR", help="photographs (default: the built-in faces)")
    made.add_argument("--vgg16", default="random", metavar="FILE", help="its weights; the speed is that of any")
    made.add_argument("--weights", metavar="W", help=f"the generator (default: {PLAIN}; of a session {DEFAULT})")
    made.add_argument("--turns", type=int, default=7, help="turns that count (default: 7)")
    made.add_argument("--seconds", type=float, default=1.0, help="about how long a turn is (default: 1)")
    made.add_argument("--sizes", type=int, nargs="+", default=[96, 128], help="of training (default: 96 128)")
    made.add_argument("--batch", type=int, default=16, help="of training (default: 16)")
    made.add_argument("--precision", default="bfloat16", choices=("bfloat16", "float32"), help="of our training")
    made.add_argument("--only", nargs="+", default=list(TABLES), metavar="TABLE")
    made.add_argument("--ours", action="store_true", help="leave the rivals out")
    options = made.parse_args()
    options.weights, options.session = options.weights or PLAIN, options.weights or DEFAULT
    os.environ.update(QUIET)  # for all contenders
    with tempfile.TemporaryDirectory(prefix="speed-") as folder:
        if not options.data:
            for seed in range(128):
                images.write(Path(folder, "photos", f"{seed:04d}.jpg"), builtin.face(seed))
            options.data = [f"{folder}/photos"]
        wanted = {name: getattr(options, name) for name in ("data", "weights", "vgg16", "sizes", "batch")}
        with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as process:
            process.submit(prepare, Path(folder), **wanted).result()
        for name in options.only:
            TABLES[name](options, Path(folder))


if __name__ == "__main__":
    main()
