"""What does the enlarger add to photographs of half the size, led by their drawings? Prints a table beside cubic.

python benchmarks/enlarging.py --data MEBEAUTY
"""

from __future__ import annotations

import argparse

import numpy as np

from sketchback import datasets, images
from sketchback.datasets.degradation import soften
from sketchback.datasets.views import View
from sketchback.evaluation.selection import sample
from sketchback.evaluation.tables import Table
from sketchback.inference import enlarging, runtime


def main() -> None:
    made = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    made.add_argument("--data", required=True, metavar="DIR", help="photographs of at least the size")
    made.add_argument("--size", type=int, default=256, help="of the truth and of the drawing (default: 256)")
    made.add_argument("--style", default="pencil", help="of the drawing (default: pencil)")
    made.add_argument("--soft", action="store_true", help="as soft as generators make them, which it was taught on")
    made.add_argument("--limit", type=int, metavar="N", help="so many test pictures, chosen by a fixed seed")
    options = made.parse_args()
    size, half = (options.size,) * 2, (options.size // 2,) * 2
    enlarger, view, table = runtime.load("enlarger"), View(size, style=options.style), Table()
    test = sample(datasets.subset(datasets.find(options.data), "test"), options.limit)
    for index, example in enumerate(test):
        sketch, truth = view.see(example, (0, index))
        rng = np.random.default_rng(index)
        small = soften(truth, rng) if options.soft else images.resize(truth, half)
        rows = {
            "cubic": [np.clip(images.resize(small, size, cubic=True), 0, 1)],
            "the enlarger": list(enlarging.enlarge(enlarger, small[np.newaxis], sketch[np.newaxis])),
        }
        table.add(truth[np.newaxis], rows)
    print(f"{options.data}: {len(test)} test pictures of {options.size} px from half of it, {options.style}")
    for row, scores in table.summary(np.ones(len(test), bool)).items():
        print(
            f"{row:14}", *(f"{name} {value:.3f} [{low:.3f}, {high:.3f}]" for name, (value, low, high) in scores.items())
        )


if __name__ == "__main__":
    main()
