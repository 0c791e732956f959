"""Whom does a generator make lighter or darker than they are? Brightness and scores by group, gender and age.

    python benchmarks/groups.py DATA

DATA is a folder that holds `mebeauty`, `utkface`, or both; their test parts are sketched by `--style` and inverted.
Weights that take a tone map are measured twice: told nothing, and told the tone map of the photograph.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

from sketchback import console, datasets, weights
from sketchback.datasets.views import View
from sketchback.evaluation import brightness, metrics
from sketchback.evaluation.selection import sample
from sketchback.inference import pipeline

SETS = {"mebeauty": "MEBeauty", "utkface": "UTKFace"}
UNTOLD, TOLD = "untold", "told"


def invert(generator, sketch: np.ndarray, truth: np.ndarray) -> dict[str, np.ndarray]:
    """What a generator makes of a sketch `(H, W, 1)`: told nothing, and told the photograph's tone if it takes that."""
    made = {UNTOLD: pipeline.predict(generator, sketch[np.newaxis])[0]}
    if "tone" in generator.takes:
        made[TOLD] = pipeline.predict(generator, sketch[np.newaxis], tones=truth[np.newaxis])[0]
    return made


def main() -> None:
    made = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    made.add_argument("data", type=Path)
    made.add_argument("--weights", default=weights.DEFAULT, metavar="W")
    made.add_argument("--style", default="pencil", help="how photographs are sketched (default: pencil)")
    made.add_argument("--size", type=console.size, default=(128, 128), metavar="HxW", help="(default: 128x128)")
    made.add_argument("--limit", type=int, metavar="N", help="so many pictures of each set (default: all)")
    arguments = made.parse_args()
    folders = [name for name in SETS if (arguments.data / name).is_dir()]
    if not folders:
        made.error(f"DATA must hold {', '.join(SETS)}, or one of them. Received: {arguments.data}.")
    console.import_keras()
    generator = weights.load(arguments.weights)
    view = View(arguments.size, arguments.style)
    for name in folders:
        test = sample(datasets.subset(datasets.find(arguments.data / name), "test"), arguments.limit)
        true: list[float] = []
        light: dict[str, list[float]] = {}
        scores: dict[str, list[tuple[float, float]]] = {}
        for index, example in enumerate(console.Bar(len(test), name, "image").over(test)):
            sketch, truth = view.see(example, (0, index))
            true.append(brightness.middle(truth))
            for how, photo in invert(generator, sketch, truth).items():
                light.setdefault(how, []).append(brightness.middle(photo))
                scores.setdefault(how, []).append((metrics.psnr(truth, photo), metrics.ssim(truth, photo)))
        print(f"\n**{SETS[name]}**, {arguments.style}, {len(test)} test pictures, `{arguments.weights}`\n")
        print("| group | images | truth | told | made | error | absolute | PSNR dB / SSIM |\n" + "| --- " * 8 + "|")
        for how in light:
            traits = [example.traits for example in test]
            members = brightness.members(true, traits)
            for group, own in brightness.by_group(true, light[how], traits).items():
                psnr, ssim = np.mean([scores[how][k] for k in members[group]], axis=0)
                print(
                    f"| {group} | {own['images']} | {own['truth']:.0f} | {how} | {own['made']:.0f} "
                    f"| {own['signed']:+.1f} | {own['absolute']:.1f} | {psnr:.2f} / {ssim:.3f} |"
                )


if __name__ == "__main__":
    main()
