"""The scores of the weights that ship, with floors and intervals, as the tables of weights/README.md.

    python benchmarks/results.py DATA

DATA is a folder that holds the sets under the names below; a set that is missing is named and left out.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from sketchback import commands
from sketchback.evaluate import evaluate

# title, weights, folder, and what `evaluate` is told
ROWS = [
    ("CUFS, hand-drawn, 250 rows x 200 columns", "faces", "cufs", {}),
    ("CelebA, Pencil Sketchify, 96 x 96", "faces", "celeba", {"style": "pencil", "size": (96, 96)}),
    ("CelebA, Pencil Sketchify, 128 x 128", "faces", "celeba", {"style": "pencil", "size": (128, 128)}),
    ("CelebA, XDoG, 128 x 128", "faces", "celeba", {"style": "xdog", "size": (128, 128)}),
    ("CelebA, line, 128 x 128", "faces", "celeba", {"style": "line", "size": (128, 128)}),
    ("CelebA aligned, the original's conditions: 72 rows x 88 columns, squeezed", "faces", "celeba_aligned",
     {"style": "pencil", "size": (72, 88), "fit": "squeeze", "enlarge": (218, 178)}),
    ("FS2K, hand-drawn, 96 x 96", "faces", "fs2k", {"size": (96, 96)}),
    ("LFW, Pencil Sketchify, 96 x 96 (never trained on)", "faces", "lfw", {"style": "pencil", "size": (96, 96)}),
    ("buildings, Pencil Sketchify, 120 rows x 160 columns", "buildings", "buildings",
     {"style": "pencil", "size": (120, 160)}),
]  # fmt: skip


def table(title: str, result: dict) -> str:
    """One set as a Markdown table, the styles of a labelled set below each other."""
    lines = [f"**{title}**, {result['images']} images", "", "| | PSNR dB | SSIM | Pearson R |"]
    lines.append("| --- | --- | --- | --- |")
    for label, scores in [("", result["scores"]), *result["labels"].items()]:
        for row, own in scores.items():
            cells = [f"{own[name][0]:.{digits}f} [{own[name][1]:.{digits}f}, {own[name][2]:.{digits}f}]"
                     for name, digits in (("psnr", 2), ("ssim", 3), ("r", 3))]  # fmt: skip
            lines.append(f"| {f'{label}: ' if label else ''}{row} | {' | '.join(cells)} |")
    return "\n".join(lines)


def main() -> None:
    made = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    made.add_argument("data", type=Path)
    made.add_argument("--faces", default="faces", help="score these weights in the place of the faces that ship")
    made.add_argument("--buildings", default="buildings", help="likewise")
    made.add_argument("--only", nargs="+", help="score these folders only")
    made.add_argument("--limit", type=int, help="at most so many images a set")
    arguments = made.parse_args()
    commands.import_keras()
    for title, weights, folder, settings in ROWS:
        if arguments.only and folder not in arguments.only:
            continue
        if not (arguments.data / folder).is_dir():
            print(f"left out: {title}, for want of {folder}\n")
            continue
        chosen = arguments.faces if weights == "faces" else arguments.buildings
        result = evaluate(chosen, [arguments.data / folder], **settings, limit=arguments.limit, progress=False)
        print(table(title, result), "\n", flush=True)


if __name__ == "__main__":
    main()
