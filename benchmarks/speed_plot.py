"""Plots what speed.py wrote: how the costs grow with pixels, images, batch and workers.

python benchmarks/speed_plot.py speed.json docs/speed.png
"""

from __future__ import annotations

import json
import statistics
import sys
from pathlib import Path

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt

SHOWN = ("ours, onnx", "ours, keras", "PyTorch eager float32", "ONNX Runtime", "OpenVINO float32")


def median(turns: list[dict]) -> float:
    return statistics.median(turn["seconds"] / turn["images"] for turn in turns)


def pixels(axes: plt.Axes, results: dict) -> None:
    cells = results.get("inversion", {}).get("cells", {})
    for title in SHOWN:
        points = [
            (int(cell.partition("x")[0]), 1e3 * median(own[title]))
            for cell, own in cells.items()
            if cell.endswith("x1") and own.get(title)
        ]
        if points:
            axes.plot(*zip(*sorted(points), strict=True), marker="o", label=title)
    steps = results.get("growth", {}).get("pixels", {})
    if steps:
        axes.plot(
            [int(side) for side in steps],
            [1e3 / one["images_per_second"] for one in steps.values()],
            marker="s",
            linestyle="--",
            color="black",
            label="one image of a training step",
        )
    axes.set(
        xscale="log", yscale="log", xlabel="side of the picture, pixels", ylabel="milliseconds an image", title="Pixels"
    )
    sides = [32, 64, 128, 256, 512]
    axes.set_xticks(sides, list(map(str, sides)))
    axes.set_xticks([], minor=True)


def images(axes: plt.Axes, results: dict) -> None:
    own = results.get("growth", {}).get("images", {})
    seconds = [statistics.median(turn["seconds"] for turn in turns) for turns in own.values()]
    axes.plot([int(count) for count in own], seconds, marker="o", label="python -m sketchback.invert FOLDER")
    axes.set(xlabel="drawings of 128 px in the folder", ylabel="seconds, from the command on", title="Images")
    axes.set_ylim(bottom=0)


def batch(axes: plt.Axes, results: dict) -> None:
    cells = results.get("inversion", {}).get("cells", {})
    for title in SHOWN:
        points = [
            (int(cell.partition("x")[2]), 1 / median(own[title]))
            for cell, own in cells.items()
            if cell.startswith("128x") and own.get(title)
        ]
        if points:
            axes.plot(*zip(*sorted(points), strict=True), marker="o", label=title)
    steps = results.get("growth", {}).get("batch", {})
    if steps:
        axes.plot(
            [int(count) for count in steps],
            [one["images_per_second"] for one in steps.values()],
            marker="s",
            linestyle="--",
            color="black",
            label="training, 96 px",
        )
    axes.set(xscale="log", xlabel="batch", ylabel="images/s", title="Batch")
    axes.set_xticks([1, 4, 16, 32], ["1", "4", "16", "32"])
    axes.set_xticks([], minor=True)
    axes.set_ylim(bottom=0)


def workers(axes: plt.Axes, results: dict) -> None:
    cells = results.get("pipeline", {}).get("cells", [])
    for kind, label in (("none", "photographs"), ("faces", "augmented as pairs are")):
        own = [cell for cell in cells if cell.get("kind") == kind]
        if own:
            axes.plot(
                [cell["threads"] for cell in own], [1 / median(cell["turns"]) for cell in own], marker="o", label=label
            )
    cores = results["machine"]["cores"]
    axes.set(xlabel=f"threads, on {cores} cores", ylabel="images/s", title="Workers: the pipeline alone")
    axes.set_xticks([1, 2, 4])
    axes.set_ylim(bottom=0)


def main(source: str, target: str) -> None:
    results = json.loads(Path(source).read_text(encoding="utf-8"))
    figure, axes = plt.subplots(2, 2, figsize=(11, 8), layout="constrained")
    for draw, place in zip((pixels, images, batch, workers), axes.flat, strict=True):
        draw(place, results)
        place.grid(True, which="both", alpha=0.2)
        if place.get_legend_handles_labels()[1]:
            place.legend(fontsize=8)
    figure.savefig(target, dpi=110)


if __name__ == "__main__":
    main(*sys.argv[1:])
