"""What holds PSNR back? Scores photographs after the generator is told a part of what no drawing holds.

    python benchmarks/exposure.py DATA

DATA is a folder that holds `celeba`, `fs2k` and `cufs`, or some of them. Each test picture is inverted, corrected by a
few numbers of the truth (its brightness, its colour, its contrast ...), and scored; differences between the rows say
how much of the error those numbers are. No score of the weights themselves is made in this way.

A second table says whom this costs most: the pictures in thirds, by the brightness of the middle of the photograph,
where the face is. It holds skin and light together, which a photograph does not part.
"""

from __future__ import annotations

import argparse
import statistics
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np

from sketchback import console, datasets, weights
from sketchback.datasets.views import View
from sketchback.evaluation import brightness, metrics
from sketchback.evaluation.selection import sample
from sketchback.inference import pipeline

SETS = {
    "celeba": ("CelebA, Pencil Sketchify, 128 x 128", View((128, 128), "pencil")),
    "fs2k": ("FS2K, hand-drawn, 128 x 128", View((128, 128))),
    "cufs": ("CUFS, hand-drawn, 250 x 200", View((250, 200))),
}
BLUR = 32.0  # pixels, of the last row


def mean(photo: np.ndarray) -> np.ndarray:
    return photo.mean((0, 1))


def contrast(photo: np.ndarray) -> np.ndarray:
    return photo.std((0, 1)) + 1e-3


def blurred(photo: np.ndarray) -> np.ndarray:
    return cv2.GaussianBlur(photo, (0, 0), BLUR, borderType=cv2.BORDER_REFLECT)


# What is told -> the photograph that was made, corrected by that much of the truth.
TOLD: dict[str, Callable[[np.ndarray, np.ndarray], np.ndarray]] = {
    "nothing": lambda made, truth: made,
    "its mean brightness": lambda made, truth: made + truth.mean() - made.mean(),
    "its mean colour": lambda made, truth: made + mean(truth) - mean(made),
    "its mean colour and contrast": lambda made, truth: (
        (made - mean(made)) * contrast(truth) / contrast(made) + mean(truth)
    ),
    f"its colours blurred by {BLUR:.0f} pixels": lambda made, truth: made + blurred(truth) - blurred(made),
}


def scores(generator, folder: Path, view: View, limit: int) -> dict[str, list[dict[str, float]]]:
    """The scores of each test picture, for each row of `TOLD`, with the brightness of its middle, true and made."""
    test = sample(datasets.subset(datasets.find(folder), "test"), limit)
    found: dict[str, list[dict[str, float]]] = {told: [] for told in TOLD}
    for example in console.Bar(len(test), folder.name, "image").over(test):
        sketch, truth = view.see(example)
        made = pipeline.predict(generator, sketch[np.newaxis])[0]
        for told, correct in TOLD.items():
            photo = np.clip(correct(made, truth), 0, 1).astype(np.float32)
            found[told].append(
                {**metrics.score(truth, photo), "true": brightness.middle(truth), "made": brightness.middle(photo)}
            )
    return found


def main() -> None:
    made = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    made.add_argument("data", type=Path)
    made.add_argument("--weights", default="faces", metavar="W")
    made.add_argument("--limit", type=int, default=120, help="pictures of each set (default: 120)")
    arguments = made.parse_args()
    console.import_keras()
    generator = weights.load(arguments.weights)
    columns = {
        title: scores(generator, arguments.data / name, view, arguments.limit)
        for name, (title, view) in SETS.items()
        if (arguments.data / name).is_dir()
    }
    if not columns:
        made.error(f"DATA must hold {', '.join(SETS)}, or one of them. Received: {arguments.data}.")
    print(f"\n| told | {' | '.join(columns)} |\n" + "| --- " * (len(columns) + 1) + "|")
    for told in TOLD:
        means = [[mean_of(own[told], name) for name in ("psnr", "ssim")] for own in columns.values()]
        print(f"| {told} | {' | '.join(f'{psnr:.2f} / {ssim:.3f}' for psnr, ssim in means)} |")
    print("\n| thirds by brightness | truth | made | PSNR dB | its mean colour told |\n| --- | --- | --- | --- | --- |")
    for title, own in columns.items():
        order = np.argsort([score["true"] for score in own["nothing"]])
        for name, part in zip(brightness.THIRDS, np.array_split(order, 3), strict=True):
            untold, corrected = ([own[row][index] for index in part] for row in ("nothing", "its mean colour"))
            print(f"| {title}, {name} | {mean_of(untold, 'true'):.0f} | {mean_of(untold, 'made'):.0f} ", end="")
            print(f"| {mean_of(untold, 'psnr'):.2f} | {mean_of(corrected, 'psnr'):.2f} |")


def mean_of(scores: list[dict[str, float]], name: str) -> float:
    return statistics.mean(score[name] for score in scores)


if __name__ == "__main__":
    main()
