"""What holds PSNR back? Scores photographs after the generator is told a part of what no drawing holds.

    python benchmarks/exposure.py DATA

DATA is a folder that holds `celeba`, `fs2k` and `cufs`, or some of them. Each test picture is inverted, corrected by a
few numbers of the truth (its brightness, its colour, its contrast ...), and scored; differences between the rows say
how much of the error those numbers are. No score of the weights themselves is made in this way.
"""

from __future__ import annotations

import argparse
import statistics
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np

from sketchback import commands, datasets, inference, metrics, weights
from sketchback.batches import View

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
    """The scores of each test picture, for each row of `TOLD`."""
    test = datasets.subset(datasets.find(folder), "test")
    chosen = np.random.default_rng(0).permutation(len(test))[:limit]
    found: dict[str, list[dict[str, float]]] = {told: [] for told in TOLD}
    for index in commands.Bar(len(chosen), folder.name, "image").over(sorted(chosen)):
        sketch, truth = view.see(test[index], (0, index))
        made = inference.predict(generator, sketch[np.newaxis])[0]
        for told, correct in TOLD.items():
            found[told].append(metrics.score(truth, np.clip(correct(made, truth), 0, 1).astype(np.float32)))
    return found


def main() -> None:
    made = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    made.add_argument("data", type=Path)
    made.add_argument("--weights", default="faces", metavar="W")
    made.add_argument("--limit", type=int, default=120, help="pictures of each set (default: 120)")
    arguments = made.parse_args()
    commands.import_keras()
    generator = weights.load(arguments.weights)
    columns = {
        title: scores(generator, arguments.data / name, view, arguments.limit)
        for name, (title, view) in SETS.items()
        if (arguments.data / name).is_dir()
    }
    if not columns:
        made.error(f"DATA must hold {', '.join(SETS)}, or one of them. Received: {arguments.data}.")
    print("\n| told | " + " | ".join(columns) + " |\n" + "| --- " * (len(columns) + 1) + "|")
    for told in TOLD:
        cells = [" / ".join(f"{statistics.mean(score[name] for score in own[told]):.{digits}f}"
                            for name, digits in (("psnr", 2), ("ssim", 3))) for own in columns.values()]  # fmt: skip
        print(f"| {told} | {' | '.join(cells)} |")


if __name__ == "__main__":
    main()
