"""Our side of speed.py: training, the original's way of it, the pipeline, inversion, and one matrix product."""

from __future__ import annotations

import contextlib
import inspect
import json
import queue
import statistics
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
from rivals import arrays_of, timed
from speed_turns import Turn, serve, steps_for

from sketchback import console, datasets, images, sketching
from sketchback.datasets import builtin
from sketchback.training import recipes

DEMO_PHOTOS = 128


def examples_of(data: list[str]) -> list[datasets.Example]:
    return datasets.subset(datasets.find_all(data), "train")


def prepare(
    folder: str, data: list[str], vgg16: str, weights: str, sizes: list[int], sides: list[int], graph: bool
) -> Turn:
    """Writes what all contenders share: batches, arrays, sketches, drawings, the ONNX graph; counts the GFLOP."""
    console.import_keras()
    from sketchback import weights as files
    from sketchback.datasets.batches import Batches, View
    from sketchback.models import backbones

    place = Path(folder)
    if not data:
        (place / "photos").mkdir()
        for seed in range(DEMO_PHOTOS):
            images.write(place / "photos" / f"{seed:04d}.jpg", builtin.face(seed))
        data = [str(place / "photos")]
    generator = files.load(files.find(weights))
    if generator.architecture != "scribbler":
        raise ImportError("only scribbler has a twin in PyTorch here")
    arrays = {variable.path.removeprefix(f"{generator.name}/"): np.asarray(variable) for variable in generator.weights}
    np.savez(place / "generator.npz", arguments=json.dumps(generator.arguments), **arrays)
    network = backbones.vgg16_relu2_2(vgg16)
    seen = {variable.path.replace("/", "_"): np.asarray(variable) for variable in network.weights}
    np.savez(place / "vgg.npz", **seen)
    gflop = {}
    for side in sizes:
        batches = Batches(examples_of(data), View((side, side), "random"), 16, threads=1)
        sketches, photos = batches[0]
        np.savez(place / f"batch-{side}.npz", sketches=sketches, photos=photos)
        gflop[side] = training_gflop(
            generator_macs(generator, (side, side)),
            generator.get_layer("stem").kernel.shape,
            generator_macs(network, (side, side)),
            side,
        )
    drawn = {side: sketching.pencil(builtin.face(3, (side, side))) for side in sides}
    cells = {f"{side}x1": sketch[np.newaxis] for side, sketch in drawn.items()}
    cells |= {f"128x{count}": np.repeat(drawn[128][np.newaxis], count, 0) for count in (4, 16)}
    np.savez(place / "sketches.npz", **cells)
    for side, sketch in drawn.items():
        images.write(place / f"drawing-{side}.png", sketch)
    if graph:
        write_graph(generator, place / "generator.onnx")
    facts = {"data": data, "gflop": gflop, "photographs": len(examples_of(data))}
    return lambda: facts


def write_graph(generator, path: Path) -> None:
    """The generator as ONNX with all its weights: the leanest graph that we have, so that no rival carries a burden."""
    import onnx
    from onnx import numpy_helper

    from sketchback.inference import graphs

    lean = graphs.find(generator.architecture, generator.arguments)
    if lean is None:
        raise ImportError("there is no lean graph of this architecture")
    model = onnx.load_from_string(lean.model)
    kept = [tensor for tensor in model.graph.initializer if tensor.name not in lean.arrays]
    del model.graph.initializer[:]
    model.graph.initializer.extend(kept)
    for place, variable in zip(lean.arrays, generator.weights, strict=True):
        model.graph.initializer.append(numpy_helper.from_array(graphs.to_onnx(np.asarray(variable)), place))
    onnx.save(model, path)


def generator_macs(generator, size: tuple[int, int]) -> float:
    """Multiply-accumulates of one forward pass over one picture, convolutions only."""
    import keras

    total = 0.0
    shapes = {}
    for layer in generator.layers:
        if isinstance(layer, keras.layers.InputLayer):
            shapes[layer.name] = size
            continue
        source = layer._inbound_nodes[0].parent_nodes[0].operation.name
        height, width = shapes[source]
        if isinstance(layer, keras.layers.Conv2D):
            height, width = (-(-side // layer.strides[0]) for side in (height, width))
            total += height * width * np.prod(layer.kernel.shape)
        elif isinstance(layer, keras.layers.UpSampling2D):
            height, width = height * 2, width * 2
        elif isinstance(layer, keras.layers.MaxPooling2D):
            height, width = height // 2, width // 2
        shapes[layer.name] = height, width
    return float(total)


def training_gflop(generator: float, stem: tuple[int, ...], network: float, side: int) -> float:
    """GFLOP of the convolutions of one training step, for one image of `side` squared.

    Generator: forward, gradient of the input (not of the sketch, whose convolution is the stem), gradient of the
    weights. VGG: forward on the truth, forward on the prediction, gradient of the input; its weights are frozen.

    >>> training_gflop(10.0, (1, 1, 1, 1), 100.0, 1) * 1e9
    658.0
    """
    return 2 * (3 * generator - side**2 * float(np.prod(stem)) + 3 * network) / 1e9


# ---- training


def our_training(vgg: str, batch: str, data: list[str], weights: str, precision: str, seconds: float) -> Turn:
    """`Inversion.fit` as `train` calls it: with its reading threads, or (`held`) on one batch held in memory."""
    console.import_keras()
    import keras

    from sketchback import losses
    from sketchback import weights as files
    from sketchback.datasets.batches import Batches, View
    from sketchback.models import backbones
    from sketchback.training import trainer

    policy = "mixed_bfloat16" if precision == "bfloat16" else "float32"
    recipe, held = recipes.FACES, arrays_of(batch)
    held_batch, size = (held["sketches"], held["photos"]), held["photos"].shape[1:3]
    model = trainer.Inversion(
        files.load(files.find(weights), dtype=policy), losses.WeightedLoss(backbones.vgg16_relu2_2(vgg, dtype=policy))
    )
    model.compile(optimizer=trainer.adam("constant", 1e-4, 0, 1000, recipe.clip, 0.999), jit_compile=False)
    examples, view = examples_of(data), View(size, "random")

    class Held(keras.utils.PyDataset):
        def __init__(self, count: int):
            super().__init__()
            self.count = count

        def __len__(self) -> int:
            return self.count

        def __getitem__(self, index: int):
            return held_batch

    loss = model.fit(Held(1), verbose=0).history["loss"][0]
    made: list[Batches] = []

    def act(number: int, kind: str) -> dict:
        if not made:
            # What a `fit` does around its steps counts too: three of them at least are to bear it.
            most = max(len(examples) // 16, 1)
            count = steps_for(seconds, lambda: model.train_on_batch(*held_batch), min(3, most), most)
            made.append(
                Batches(examples, view, 16, zoom=recipe.zoom, squeeze=recipe.squeeze, limit=16 * count, threads=2)
            )
        real = made[0]
        model.fit(Held(len(real)) if kind == "held" else real.at(number), shuffle=False, verbose=0)
        return {"images": len(real) * 16, "loss": loss}

    return act


def original_way(vgg: str, batch: str, data: list[str], weights: str, seconds: float) -> Turn:
    """The step of the original Sketchback: VGG's targets by a `predict`, then a model of two outputs, in float32.

    One thread reads and draws ahead.
    """
    console.import_keras()
    import keras

    from sketchback import losses
    from sketchback import weights as files
    from sketchback.datasets.batches import Batches, View
    from sketchback.models import backbones

    held = arrays_of(batch)
    generator, network = files.load(files.find(weights)), backbones.vgg16_relu2_2(vgg)
    both = keras.Model(generator.input, [generator.output, network(generator.output)])

    def of_photo(truth, made):
        return losses.pixel(truth, made) + 1e-5 * losses.total_variation(made)

    both.compile(
        keras.optimizers.Adam(1e-4), loss=[of_photo, losses.feature], loss_weights=[1.0, 1e-3], jit_compile=False
    )

    def step(sketches: np.ndarray, photos: np.ndarray) -> float:
        seen = network.predict(photos, batch_size=16, verbose=0)
        return float(both.train_on_batch(sketches, [photos, seen])[0])

    loss = step(held["sketches"], held["photos"])
    real = Batches(examples_of(data), View(held["photos"].shape[1:3], "random"), 16, threads=1)
    counts: list[int] = []

    def act(number: int) -> dict:
        counts[:] = counts or [steps_for(seconds, lambda: step(held["sketches"], held["photos"]))]
        batches = real.at(number)
        with ahead(batches[index % len(batches)] for index in range(counts[0])) as read:
            for sketches, photos in read:
                step(sketches, photos)
        return {"images": counts[0] * 16, "loss": loss}

    return act


@contextlib.contextmanager
def ahead(items: Iterator) -> Iterator[Iterator]:
    """The same items, made on one thread, up to eight ahead."""
    made: queue.Queue = queue.Queue(8)

    def work() -> None:
        for item in items:
            made.put(item)
        made.put(None)

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    yield iter(made.get, None)
    thread.join()


def matrix(precision: str, side: int = 4096, seconds: float = 0.7) -> Turn:
    """Square matrix products: the rate that this machine reaches in the precision."""
    import tensorflow as tf

    a = tf.cast(tf.random.normal((side, side), seed=0), precision)
    product = tf.function(lambda x: tf.matmul(x, x))
    product(a).numpy()
    counts: list[int] = []

    def act(number: int) -> dict:
        counts[:] = counts or [steps_for(seconds, lambda: product(a).numpy())]
        for _ in range(counts[0]):
            product(a).numpy()
        return {"gflop": 2 * side**3 * counts[0] / 1e9}

    return act


def growing_training(vgg: str, weights: str, precision: str) -> Turn:
    """Our training step at any size and batch, on noise held in memory: only how the cost grows is of interest."""
    console.import_keras()
    from sketchback import losses
    from sketchback import weights as files
    from sketchback.models import backbones
    from sketchback.training import trainer

    policy = "mixed_bfloat16" if precision == "bfloat16" else "float32"
    generator = files.load(files.find(weights), dtype=policy)
    loss = losses.WeightedLoss(backbones.vgg16_relu2_2(vgg, dtype=policy))
    rng = np.random.default_rng(0)

    def act(side: int, batch: int, seconds: float) -> dict:
        # A model for each: one that had seen two sizes would be traced for unknown ones.
        model = trainer.Inversion(generator, loss)
        model.compile(optimizer=trainer.adam("constant", 1e-4, 0, 1000, 1.0), jit_compile=False)
        sketches, photos = (rng.random((batch, side, side, channels), np.float32) for channels in (1, 3))
        model.train_on_batch(sketches, photos)  # traces
        times, begin = [], time.perf_counter()
        while len(times) < 3 or time.perf_counter() - begin < seconds:
            before = time.perf_counter()
            model.train_on_batch(sketches, photos)
            times.append(time.perf_counter() - before)
        return {"images_per_second": batch / statistics.median(times)}

    return act


# ---- the pipeline


def pipeline(data: list[str], size: int, seconds: float, augmentation: str = "faces") -> Turn:
    """Reading, decoding, drawing in a random style, augmenting and cutting, without any training.

    A turn with `threads` is `Batches` as training uses it, with the augmentation that hand-drawn pairs get off and
    then on; one with `part` times one part of it on one thread.
    """
    console.import_keras()
    import cv2

    from sketchback.datasets.augmentation import augment
    from sketchback.datasets.batches import Batches, View

    cv2.setNumThreads(1)  # what is asked is the rate of one core
    examples, recipe = examples_of(data), recipes.FACES
    made = {
        kind: Batches(
            examples, View((size, size), "random"), 16, augmentation=kind, zoom=recipe.zoom, squeeze=recipe.squeeze
        )
        for kind in ("none", augmentation)
    }
    photo = examples[0].read_photo()
    rng = np.random.default_rng(0)
    sketch = sketching.sketch(photo, "pencil")
    parts = {
        "read and decode": lambda index: examples[index % len(examples)].read_photo(),
        "sketch, Pencil Sketchify": lambda index: sketching.pencil(photo),
        "sketch, XDoG": lambda index: sketching.xdog(photo),
        "sketch, line": lambda index: sketching.line(photo),
        "sketch, random style": lambda index: sketching.apply_style(photo, sketching.sample_style(rng)),
        "cut and resize": lambda index: [images.fit(one, (size, size)) for one in (photo, sketch)],
        "augment": lambda index: augment(photo, None, augmentation, index),
    }

    def act(number: int, threads: int = 1, kind: str = "none", part: str | None = None) -> dict:
        if part is not None:
            count, begin = 0, time.perf_counter()
            while time.perf_counter() - begin < seconds / 2:
                parts[part](count)
                count += 1
            return {"images": count}
        batches = made[kind].at(number)
        cpu, begin = time.process_time(), time.perf_counter()
        with ThreadPoolExecutor(threads) as pool:
            count, waiting = 0, []
            while time.perf_counter() - begin < seconds or waiting:
                if time.perf_counter() - begin < seconds and len(waiting) < 2 * threads:
                    waiting.append(pool.submit(batches.__getitem__, count % len(batches)))
                    count += 1
                else:
                    waiting.pop(0).result()
        return {"images": 16 * count, "cpu": time.process_time() - cpu, "seconds": time.perf_counter() - begin}

    return act


# ---- inversion


def our_inversion(weights: str, sketches: str, seconds: float, runtime: str = "keras") -> Turn:
    """`invert` itself, its checks and its padding included, at the sketch's own size."""
    if runtime == "keras":
        console.import_keras()
    from sketchback.invert import invert

    options = {}
    if "runtime" in inspect.signature(invert).parameters:
        options = {"runtime": runtime}
    elif runtime != "keras":
        raise ImportError("`invert` knows no light runtime here")

    def run(shown: np.ndarray) -> np.ndarray:
        return invert(shown, weights, working=shown.shape[1:3], **options)

    return timed(run, arrays_of(sketches), seconds)


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parent))
    serve(
        {
            "prepare": prepare,
            "training": our_training,
            "original": original_way,
            "matrix": matrix,
            "growing": growing_training,
            "pipeline": pipeline,
            "inversion": our_inversion,
        }
    )
