"""The scores of the weights that ship, with baselines and intervals, as the tables of weights/README.md.

    python benchmarks/results.py DATA

DATA is a folder that holds the sets under the names below; a set that is missing is named and left out.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from sketchback import console, weights
from sketchback.evaluation.baselines import SHARPENED
from sketchback.evaluation.descriptors import DescriptorError
from sketchback.evaluation.reports import cell, report
from sketchback.evaluation.scoring import BEST_OF, ENLARGED, GENERATOR, TOLD, evaluate
from sketchback.evaluation.searching import identify

# Rows of the tables: the weights, and what is asked of them.
WAYS: dict[str, tuple[str, dict[str, Any]]] = {
    "faces": ("faces", {}),
    "faces-tone": ("faces-tone", {"told": True}),
    "faces-tone --fidelity 1": ("faces-tone", {"told": True, "fidelity": 1}),
    "faces-tone --fidelity 1 --mirrored": ("faces-tone", {"told": True, "fidelity": 1, "mirrored": True}),
    "faces-unet": ("faces-unet", {}),
    "buildings": ("buildings", {"told": True, "candidates": 8}),
    "buildings --fidelity 1": ("buildings", {"told": True, "candidates": 8, "fidelity": 1}),
    "buildings --fidelity 1 --mirrored": ("buildings", {"told": True, "fidelity": 1, "mirrored": True}),
}
FACES = tuple(way for way in WAYS if way.startswith("faces"))
BUILDINGS = tuple(way for way in WAYS if way not in FACES)
# title, ways, folder, and what `evaluate` is told
ROWS: list[tuple[str, tuple[str, ...], str, dict[str, Any]]] = [
    ("CUFS, hand-drawn, 250 rows x 200 columns", FACES, "cufs", {}),
    ("XM2VTS, hand-drawn, 250 rows x 200 columns", FACES, "xm2vts", {}),
    ("FS2K, hand-drawn, 128 x 128", FACES, "fs2k", {"size": (128, 128)}),
    ("CelebA, Pencil Sketchify, 128 x 128", FACES, "celeba", {"style": "pencil", "size": (128, 128)}),
    ("CelebA, XDoG, 128 x 128", FACES, "celeba", {"style": "xdog", "size": (128, 128)}),
    ("CelebA, line, 128 x 128", FACES, "celeba", {"style": "line", "size": (128, 128)}),
    ("CelebA, Pencil Sketchify, 96 x 96", ("faces", "faces-unet"), "celeba", {"style": "pencil", "size": (96, 96)}),
    (
        "CelebA aligned, the original's conditions: 72 rows x 88 columns, squeezed",
        FACES,
        "celeba_aligned",
        {"style": "pencil", "size": (72, 88), "fit": "squeeze", "enlarge": (218, 178)},
    ),
    (
        "LFW, Pencil Sketchify, 96 x 96 (never trained on)",
        ("faces", "faces-unet"),
        "lfw",
        {"style": "pencil", "size": (96, 96)},
    ),
    ("MEBeauty, Pencil Sketchify, 128 x 128", FACES, "mebeauty", {"style": "pencil", "size": (128, 128)}),
    ("UTKFace, Pencil Sketchify, 128 x 128", FACES, "utkface", {"style": "pencil", "size": (128, 128)}),
    (
        "buildings, Pencil Sketchify, 120 rows x 160 columns",
        BUILDINGS,
        "buildings",
        {"style": "pencil", "size": (120, 160)},
    ),
]


# Folder, descriptor, whether the people of its training part enlarge the gallery, and what `identify` is told. HOG asks
# for faces that all lie at one place, which those of FS2K do not.
SEARCHES = [
    ("cufs", "hog", True, {}),
    ("cufs", "dlib", True, {}),
    ("xm2vts", "hog", True, {}),
    ("xm2vts", "dlib", True, {}),
    ("fs2k", "dlib", False, {"size": (128, 128)}),
]
COLUMNS = {
    "psnr": "PSNR dB",
    "ssim": "SSIM",
    "r": "Pearson R",
    "sharpness": "sharpness",
    "distance": "distance",
    "kid": "KID",
}
OWN = {  # rows of the weights themselves
    GENERATOR: "",
    SHARPENED: ", sharpened",
    ENLARGED: ", then the enlarger",
    TOLD: ", told the tones of each cell",
    BEST_OF.format(8): ", the best of 8 candidates",
}


def table(title: str, results: dict[str, dict]) -> str:
    """One set as a Markdown table: the weights, then the baselines; below, the styles of a labelled set."""
    first = next(iter(results.values()))
    known = {name: head for name, head in COLUMNS.items() if name in first["scores"][GENERATOR]}
    lines = [f"**{title}**, {first['images']} images", "", f"| | {' | '.join(known.values())} |"]
    lines.append("| --- " * (len(known) + 1) + "|")
    for label in ["", *first["labels"]]:
        scored = {name: result["labels"][label] if label else result["scores"] for name, result in results.items()}
        rows = {
            f"`{name}`{addition}": scores[row]
            for name, scores in scored.items()
            for row, addition in OWN.items()
            if row in scores
        }
        baselines = next(iter(scored.values()))
        rows |= {name: own for name, own in baselines.items() if name not in OWN}
        for row, own in rows.items():
            cells = [cell(own, name) for name in known]
            lines.append(f"| {f'{label}: ' if label else ''}{row} | {' | '.join(cells)} |")
    return "\n".join(lines)


def main() -> None:
    made = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    made.add_argument("data", type=Path)
    made.add_argument(
        "--instead",
        action="append",
        default=[],
        metavar="NAME=FILE",
        help="score these weights in the place of those that ship",
    )
    made.add_argument("--weights", nargs="+", metavar="NAME", help="score these only")
    made.add_argument("--only", nargs="+", metavar="FOLDER", help="score on these folders only")
    made.add_argument("--limit", type=int, help="at most so many images a set")
    arguments = made.parse_args()
    console.import_keras()
    instead = dict(text.split("=", 1) for text in arguments.instead)
    known = arguments.weights or {*weights.names(), *instead}
    # Other weights have no other end.
    ways = {way: of for way, of in WAYS.items() if of[0] in known and not ("fidelity" in of[1] and of[0] in instead)}
    for title, wanted, folder, settings in ROWS:
        chosen = {way: ways[way] for way in wanted if way in ways}
        if not chosen or (arguments.only and folder not in arguments.only):
            continue
        if not (arguments.data / folder).is_dir():
            print(f"left out: {title}, for want of {folder}\n")
            continue
        place = arguments.data / folder
        results = {
            way: evaluate(instead.get(name, name), [place], **settings, **asked, limit=arguments.limit)
            for way, (name, asked) in chosen.items()
        }
        print(table(title, results), "\n", flush=True)
    for folder, descriptor, enlarged, settings in SEARCHES:
        place = arguments.data / folder
        if (arguments.only and folder not in arguments.only) or not place.is_dir():
            continue
        for name in sorted({ways[way][0] for way in FACES if way in ways}):
            settings = {**settings, "distractors": {place: "all"} if enlarged else {}, "limit": arguments.limit}
            try:
                found = identify(instead.get(name, name), [place], descriptor=descriptor, **settings)
            except DescriptorError as error:
                print(f"left out: identification on {folder} by {descriptor}: {error}\n")
                break
            print(report(found), "\n", flush=True)


if __name__ == "__main__":
    main()
