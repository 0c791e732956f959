"""Scores weights on a test split; the baselines, which need no network, stand beside every score.

Or, with `--identify`, searches for the people of hand-drawn sketches among photographs, before and after inversion.
"""

from __future__ import annotations

import argparse
import logging

from sketchback import console, datasets
from sketchback.atomic import check_place
from sketchback.evaluation.descriptors import DESCRIPTORS
from sketchback.evaluation.reports import report, write_json
from sketchback.evaluation.scoring import GENERATOR, evaluate
from sketchback.evaluation.searching import identify
from sketchback.inference.runtime import RUNTIMES
from sketchback.sketching import WITHOUT_NETWORK
from sketchback.weights import DEFAULT, describe, find, shows

__all__ = ["GENERATOR", "evaluate", "identify", "report"]

logger = logging.getLogger("sketchback.evaluate")  # also as `__main__`


def _parts(distractors: list[list[str]]) -> dict[str, str]:
    """What `--distractors` was given: folder -> part.

    >>> _parts([["lfw", "all"], ["cufs", "fs2k"]])
    {'lfw': 'all', 'cufs': 'test', 'fs2k': 'test'}
    """
    parts: dict[str, str] = {}
    for folders in distractors:
        named = len(folders) > 1 and folders[-1] in (*datasets.SPLITS, "all")
        for folder in folders[:-1] if named else folders:
            if folder in parts:
                raise ValueError(
                    f"`--distractors` may name a folder once. Received: {folder} several times. "
                    f"`{folder} all` takes all of its parts."
                )
            parts[folder] = folders[-1] if named else "test"
    return parts


def main(argv: list[str] | None = None) -> int:
    """The command line of `python -m sketchback.evaluate`."""
    made = console.parser(
        "evaluate",
        "Score weights on a test split. Beside every score stand its baselines, which need no network: the sketch\n"
        "itself, the mean training photograph, the linear mix of both that fits the training pairs best; and\n"
        "the generator's own picture, sharpened, because sharpness alone is no merit.\n"
        "With --identify, search for the people of hand-drawn sketches among photographs instead.",
        "  python -m sketchback.evaluate --weights faces --data CELEBA --size 128x128 --style pencil\n"
        "  python -m sketchback.evaluate --weights faces --data CUFS --grid cufs.png --json cufs.json\n"
        "  python -m sketchback.evaluate --baselines --data CUFS\n"
        "  python -m sketchback.evaluate --weights faces --data CUFS --identify --distractors CUFS all --cmc cmc.png\n"
        "  python -m sketchback.evaluate --weights faces --data CUFS --identify --descriptor dlib",
    )
    _add_arguments(made)
    return console.run(_score, made, argv)


def _add_arguments(made: argparse.ArgumentParser) -> None:
    made.add_argument("--weights", metavar="W", help=f"a name or a file (default: {DEFAULT})")
    made.add_argument("--baselines", action="store_true", help="score the baselines alone, without weights")
    made.add_argument(
        "--data",
        action="append",
        metavar="DIR",
        help="a folder; may be given several times (default: built-in pictures)",
    )
    console.add_view(made, WITHOUT_NETWORK)
    made.add_argument("--enlarge", type=console.size, metavar="HxW", help="resize photographs to this size first")
    made.add_argument("--split", default="test", metavar="SPLIT", help="train, val, test or all (default: test)")
    made.add_argument("--limit", type=int, metavar="N", help="score N images, chosen by a fixed seed")
    made.add_argument("--working", type=console.size, metavar="HxW", help="as in invert")
    made.add_argument("--fidelity", type=float, metavar="F", help="as in invert")
    made.add_argument("--mirrored", action="store_true", default=None, help="as in invert")
    made.add_argument("--runtime", choices=RUNTIMES, help="of the generator, as in invert (default: keras)")
    made.add_argument(
        "--told", action="store_true", default=None, help="score also what comes of telling the photograph's tones"
    )
    made.add_argument(
        "--candidates", type=int, metavar="N", help="score also the best of N candidates, chosen by their PSNR"
    )
    made.add_argument("--json", metavar="FILE", help="write the scores to this file")
    made.add_argument("--grid", metavar="FILE", help="write sketches, photographs and truths to this picture")
    made.add_argument(
        "--identify",
        action="store_true",
        help="search for the people of hand-drawn sketches among their photographs, before and after "
        "inversion: rank-1, 5 and 10",
    )
    made.add_argument(
        "--distractors",
        action="append",
        nargs="+",
        metavar="DIR",
        default=[],
        help="enlarge the gallery with photographs of these folders; a split's name after them, such as "
        "all, takes that part (default: test); may be given several times",
    )
    made.add_argument(
        "--descriptor",
        metavar="NAME",
        help=f"compares faces: {', '.join(DESCRIPTORS)} (default: hog); dlib is a face recogniser, see the extra "
        "`identify`",
    )
    made.add_argument("--cmc", metavar="FILE", help="plot the curves of --identify, found against rank, to this file")


def _score(arguments: argparse.Namespace) -> None:
    if arguments.weights and arguments.baselines:
        raise ValueError(f"--baselines scores no weights. Received: also --weights {arguments.weights}. Leave one out.")
    for option in ("working", "fidelity", "mirrored", "runtime", "told", "candidates") if arguments.baselines else ():
        if getattr(arguments, option) is not None:
            raise ValueError(f"--{option} is for weights. Received: also --baselines. Leave one out.")
    of_scores, of_searching = ("grid", "style", "enlarge", "told", "candidates"), ("distractors", "descriptor", "cmc")
    for option in of_scores if arguments.identify else of_searching:
        if getattr(arguments, option) not in (None, []):
            rule = "without" if arguments.identify else "with"
            raise ValueError(f"--{option} has a meaning only {rule} --identify. Received: --{option}.")
    for file in filter(None, (arguments.json, arguments.cmc, arguments.grid)):
        check_place(file)
    console.import_keras()
    weights = None if arguments.baselines else arguments.weights or DEFAULT
    data = arguments.data
    if not data:
        path = find(weights) if weights else None
        is_building = path and shows(path.name, describe(path)["recipe"]) == "building"
        what = "buildings" if is_building else "faces"
        data = [f"demo:{what}"]
        logger.info("no --data: scoring on the built-in demo %s, which are drawn, not photographed", what)
    names: tuple[str, ...] = ("size", "fit", "split", "limit", "working", "fidelity", "mirrored", "runtime")
    names += of_searching if arguments.identify else of_scores
    options = {name: value for name in names if (value := getattr(arguments, name)) not in (None, [])}
    if "distractors" in options:
        options["distractors"] = _parts(arguments.distractors)
    score = identify if arguments.identify else evaluate
    result = score(weights, data, **options, progress=not arguments.quiet)
    print(report(result))
    if arguments.json:
        write_json(result, arguments.json)


if __name__ == "__main__":
    raise SystemExit(main())
