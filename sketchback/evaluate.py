"""Scores weights on a test split; the baselines, which need no network, stand beside every score.

Or, with `--identify`, searches for the people of hand-drawn sketches among photographs, before and after inversion.
"""

from __future__ import annotations

import argparse
import json
import logging
import math
from pathlib import Path
from typing import Any

from sketchback import console, datasets
from sketchback.atomic import replacing
from sketchback.evaluation import identification
from sketchback.evaluation.scoring import evaluate, identify, report
from sketchback.sketching import STYLES

logger = logging.getLogger(__name__)


def _finite(value: Any) -> Any:
    """JSON knows no infinity (the PSNR of equal images): it becomes null."""
    if isinstance(value, dict):
        return {name: _finite(own) for name, own in value.items()}
    if isinstance(value, (list, tuple)):
        return [_finite(own) for own in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def main(argv: list[str] | None = None) -> int:
    """The command line of `python -m sketchback.evaluate`."""
    made = console.parser(
        "evaluate",
        "Score weights on a test split. Beside every score stand its baselines, which need no network: the sketch\n"
        "itself, the mean training photograph, and the linear mix of both that fits the training pairs best.\n"
        "With --identify, search for the people of hand-drawn sketches among photographs instead.",
        "  python -m sketchback.evaluate --weights faces --data CELEBA --size 128x128 --style pencil\n"
        "  python -m sketchback.evaluate --weights faces --data CUFS --grid cufs.png --json cufs.json\n"
        "  python -m sketchback.evaluate --baselines --data CUFS\n"
        "  python -m sketchback.evaluate --weights faces --data CUFS --identify --distractors LFW all --cmc cmc.png",
    )
    made.add_argument("--weights", default="faces", metavar="W", help="a name or a file (default: faces)")
    made.add_argument("--baselines", "--floors", action="store_true", help="score the baselines alone, without weights")
    made.add_argument("--data", action="append", metavar="DIR", help="a folder; may be given several times")
    console.add_view(made, STYLES)
    made.add_argument("--enlarge", type=console.size, metavar="HxW", help="resize photographs to this size first")
    made.add_argument("--split", default="test", metavar="SPLIT", help="train, val, test or all (default: test)")
    made.add_argument("--limit", type=int, metavar="N", help="score N images, drawn by a fixed seed")
    made.add_argument("--working", type=console.size, metavar="HxW", help="as in invert")
    made.add_argument("--json", metavar="FILE", help="write the scores to this file")
    made.add_argument("--grid", metavar="FILE", help="write sketches, photographs and truths to this picture")
    made.add_argument(
        "--identify",
        action="store_true",
        help="search for the people of hand-drawn sketches among their photographs, before and after "
        "inversion: rank-1, 5 and 10, whole face and inner face",
    )
    made.add_argument(
        "--distractors",
        "--strangers",
        action="append",
        nargs="+",
        metavar="DIR",
        default=[],
        help="enlarge the gallery with photographs of these folders; a split's name after them, such as "
        "all, takes that part (default: test); may be given several times",
    )
    made.add_argument(
        "--descriptor",
        default="hog",
        metavar="NAME",
        help=f"compares faces: {', '.join(identification.DESCRIPTORS)} (default: hog)",
    )
    made.add_argument("--cmc", metavar="FILE", help="draw the curves of --identify, found against rank, to this file")

    def score(arguments: argparse.Namespace) -> None:
        for option in ("grid", "enlarge") if arguments.identify else ("distractors", "cmc"):
            if getattr(arguments, option):
                rule = "without" if arguments.identify else "with"
                raise ValueError(f"--{option} means something only {rule} --identify. Received: --{option}.")
        for file in filter(None, (arguments.json, arguments.cmc)):
            Path(file).parent.mkdir(parents=True, exist_ok=True)  # not after all the work
        console.import_keras()
        data = arguments.data
        if not data:
            data = ["demo:faces"]
            logger.info("no --data: scoring on the built-in demo faces, which are drawn, not photographed")
        name = None if arguments.baselines else arguments.weights
        fit, shown = arguments.fit or "crop", not arguments.quiet
        if arguments.identify:
            distractors = {}
            for folders in arguments.distractors:
                named = len(folders) > 1 and folders[-1] in (*datasets.SPLITS, "all")
                distractors |= dict.fromkeys(folders[:-1] if named else folders, folders[-1] if named else "test")
            result = identify(
                name,
                data,
                distractors,
                arguments.size,
                fit,
                arguments.split,
                arguments.limit,
                arguments.working,
                arguments.descriptor,
                arguments.cmc,
                progress=shown,
            )
        else:
            result = evaluate(
                name,
                data,
                arguments.style,
                arguments.size,
                fit,
                arguments.enlarge,
                arguments.split,
                arguments.limit,
                arguments.working,
                arguments.grid,
                progress=shown,
            )
        if arguments.json:
            with replacing(arguments.json) as temporary:
                temporary.write_text(json.dumps(_finite(result), indent=2) + "\n", encoding="utf-8")
        print(report(result))

    return console.run(score, made, argv)


if __name__ == "__main__":
    from sketchback.evaluate import main  # as itself: `__main__` is not below the log's `sketchback`

    raise SystemExit(main())
