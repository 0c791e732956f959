"""How far are the photographs of runtime `fast` from the exact ones? Prints a row for each set.

python benchmarks/fast.py DATA/cufs DATA/xm2vts DATA/fs2k
"""

from __future__ import annotations

import argparse

import numpy as np

from sketchback import datasets, weights
from sketchback.evaluation import selection
from sketchback.invert import invert


def main() -> None:
    made = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    made.add_argument("data", nargs="+", metavar="DIR", help="pairs, of which the test sketches are inverted")
    made.add_argument("--weights", default=weights.DEFAULT, metavar="W")
    made.add_argument(
        "--limit", type=int, default=100, metavar="N", help="of each set, chosen by a seed (default: 100)"
    )
    options = made.parse_args()
    print("| | pictures | mean difference | largest of a picture, median | within 4 | largest of all |")
    print("| --- | --- | --- | --- | --- | --- |")
    for folder in options.data:
        test = selection.sample(datasets.subset(datasets.find(folder), "test"), options.limit)
        means, largest = [], []
        for example in test:
            exact, fast = (invert(example.read_sketch(), options.weights, runtime=name) for name in ("onnx", "fast"))
            steps = 255 * np.abs(exact - fast)
            means.append(steps.mean())
            largest.append(steps.max())
        within = np.mean(np.array(largest) <= 4)
        row = [len(test), f"{np.mean(means):.2f}", f"{np.median(largest):.1f}", f"{within:.0%}", f"{max(largest):.0f}"]
        print(f"| {folder} | {' | '.join(map(str, row))} |", flush=True)


if __name__ == "__main__":
    main()
