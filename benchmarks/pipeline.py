"""Is training limited by the generator, or by the data?

Measures images/s of training steps fed by the real pipeline (read, decode, draw in a random style, fit, flip) and of
the same steps fed one batch held in memory, alternating; prints their ratio, and the step's GFLOP/s as a share of
what this machine reaches in one large matrix product of the same precision.

    python benchmarks/pipeline.py --data CELEBA --vgg16 vgg16_relu2_2.npz
"""

from __future__ import annotations

import argparse
import resource
import statistics
import time

import numpy as np

from sketchback import commands, datasets, recipes, sketching


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


def matrix_rate(dtype: str, side: int = 2048, repeats: int = 7) -> float:
    """GFLOP/s of a square matrix product, the median of several."""
    import tensorflow as tf

    a = tf.cast(tf.random.normal((side, side)), dtype)
    product = tf.function(lambda x: tf.matmul(x, x))
    product(a)
    times = []
    for _ in range(repeats):
        begin = time.perf_counter()
        product(a).numpy()
        times.append(time.perf_counter() - begin)
    return 2 * side**3 / statistics.median(times) / 1e9


def main() -> None:
    made = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    made.add_argument("--data", action="append", default=[], help="as in training (default: demo:faces)")
    made.add_argument("--vgg16", default="random")
    made.add_argument("--sizes", nargs="+", type=commands.size, default=[(96, 96), (128, 128)])
    made.add_argument("--precision", default="bfloat16", choices=("bfloat16", "float32"))
    made.add_argument("--steps", type=int, default=24, help="timed steps in each turn")
    made.add_argument("--turns", type=int, default=5)
    arguments = made.parse_args()
    commands.import_keras()
    import keras

    from sketchback import features, losses, models
    from sketchback.batches import Batches, View
    from sketchback.inversion import Inversion

    photo = np.random.default_rng(0).random((218, 178, 3), np.float32)
    for name, draw in (("pencil", sketching.pencil), ("xdog", sketching.xdog), ("line", sketching.line)):
        times = []
        for _ in range(200):
            begin = time.perf_counter()
            draw(photo)
            times.append(time.perf_counter() - begin)
        print(f"{name}: {1e3 * statistics.median(times):.2f} ms for 218 x 178 on one core")

    policy = "mixed_bfloat16" if arguments.precision == "bfloat16" else "float32"
    examples = datasets.subset(datasets.find_all(arguments.data or ["demo:faces"]), "train")
    recipe = recipes.FACES

    class Held(keras.utils.PyDataset):
        def __init__(self, batch, count):
            super().__init__()
            self.batch, self.count = batch, count

        def __len__(self):
            return self.count

        def __getitem__(self, index):
            return self.batch

    class Clock(keras.callbacks.Callback):
        """Times the steps after the first four, which fill the queue."""

        def on_train_batch_end(self, batch, logs=None):
            if batch == 3:
                self.begin = time.perf_counter()
            self.count, self.end = batch - 3, time.perf_counter()

    for size in arguments.sizes:
        keras.utils.set_random_seed(0)
        generator = models.build(recipe.model, **recipe.arguments, dtype=policy)
        network = features.vgg16_relu2_2(arguments.vgg16, dtype=policy)
        inversion = Inversion(generator, losses.WeightedLoss(network))
        inversion.compile(optimizer=keras.optimizers.Adam(1e-4, global_clipnorm=1.0), jit_compile=False)
        count = arguments.steps + 4
        real = Batches(examples, View(size, "random"), 16, limit=16 * count)
        held = Held(real[0], count)
        rates: dict[str, list[float]] = {"held in memory": [], "real pipeline": []}
        products: list[float] = []
        for turn in range(arguments.turns + 1):
            for name, batches in (("held in memory", held), ("real pipeline", real.at(turn))):
                clock = Clock()
                inversion.fit(batches, shuffle=False, verbose=0, callbacks=[clock])
                if turn:  # the first turn compiles
                    rates[name].append(16 * clock.count / (clock.end - clock.begin))
            products.append(matrix_rate(arguments.precision))
        medians = {name: statistics.median(values) for name, values in rates.items()}
        ratios = [b / a for a, b in zip(*rates.values(), strict=True)]
        macs = 3 * (generator_macs(generator, size) + generator_macs(network, size))
        gflops = 2 * macs * medians["real pipeline"] / 1e9
        print(f"\n{size[0]} x {size[1]}, batch 16, {arguments.precision}, loss with VGG16 relu2_2")
        for name, values in rates.items():
            print(f"  {name:15} {medians[name]:6.1f} images/s  (from {min(values):.1f} to {max(values):.1f})")
        print(f"  real / held     {statistics.median(ratios):6.3f}  (from {min(ratios):.3f} to {max(ratios):.3f})")
        share = gflops / statistics.median(products)
        print(f"  step            {gflops:6.0f} GFLOP/s, {100 * share:.0f} % of a matrix product's "
              f"{statistics.median(products):.0f}")  # fmt: skip
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
        print(f"  peak memory     {peak:6.2f} GB")


if __name__ == "__main__":
    main()
