"""Photographs -> sketches on disk."""

from __future__ import annotations

import argparse
import inspect
from pathlib import Path
from typing import Any

import numpy as np

from sketchback import console, images, sketching

PARAMETERS = {  # command-line options, each passed to the styles that know it
    "blur": (int, "pencil: side of the blur in pixels, odd (21)"),
    "scale": (float, "draw on the photograph resized by this factor (1)"),
    "sigma": (float, "xdog, line: width of the smoothing in pixels"),
    "k": (float, "xdog: ratio of the two Gaussians (1.6)"),
    "p": (float, "xdog: strength of the sharpening (20)"),
    "epsilon": (float, "xdog: level above which the paper stays white (0.3)"),
    "phi": (float, "xdog: steepness of the threshold (4)"),
    "low": (float, "line: gradient above which an edge is followed (0.02)"),
    "high": (float, "line: gradient above which an edge begins (0.05)"),
    "thickness": (float, "line: width of the pen in pixels (1)"),
    "steps": (int, "neural: steps of the optimisation"),
    "vgg16": (str, "neural: VGG16's weights, .npz or .h5, instead of a download"),
}


def sketch(
    file: str | Path, style: str = "pencil", seed: int = 0, paper: bool = False, **parameters: Any
) -> np.ndarray:
    """Reads a photograph and draws it.

    Args:
        file: A photograph.
        style: One of `sketching.STYLES`.
        seed: Decides a random style and the paper.
        paper: Lay the sketch on textured paper.
        **parameters: Of the style's own function.

    Returns:
        `(H, W, 1)` float32 in [0, 1].

    Raises:
        ValueError: The file cannot be read, or the style takes no such parameter.
    """
    photo = images.read(file)
    drawn = sketching.sketch(photo, style, seed, **parameters)
    return sketching.on_paper(drawn, sketching.paper_texture(photo.shape[:2], seed)) if paper else drawn


def _check(style: str, given: dict[str, Any]) -> None:
    sketching.check_style(style)
    functions = {"pencil": sketching.pencil, "xdog": sketching.xdog, "line": sketching.line}
    if style == "neural":
        known = {"steps", "vgg16"}
    else:
        known = set(inspect.signature(functions[style]).parameters) if style in functions else set()
    unknown = sorted(set(given) - known)
    if unknown:
        options = ", ".join(f"--{name}" for name in PARAMETERS if name in known) or "none"
        raise ValueError(f"`{style}` takes these options: {options}. Received: --{', --'.join(unknown)}.")


def main(argv: list[str] | None = None) -> int:
    """The command line of `python -m sketchback.sketch`."""
    made = console.parser(
        "sketch",
        "Turn photographs into sketches, by simulation.",
        "  python -m sketchback.sketch face.jpg\n"
        "  python -m sketchback.sketch photos/ -o sketches --style xdog --sigma 1.2\n"
        "  python -m sketchback.sketch photos/ --style random     shows what training sees\n"
        "  python -m sketchback.sketch house.jpg --style neural --drawing my_drawing.png",
    )
    console.add_files(made, "photo", "sketches")
    made.add_argument("--style", default="pencil", metavar="STYLE", help=f"one of {', '.join(sketching.STYLES)}")
    made.add_argument("--seed", type=int, default=0, help="of the random style; each photograph draws its own")
    made.add_argument("--paper", action="store_true", help="lay the sketch on textured paper")
    made.add_argument("--compare", action="store_true", help="photograph and sketch side by side")
    made.add_argument("--drawing", metavar="FILE", help="neural: the drawing whose style is taken")
    numbers = made.add_argument_group("parameters of the styles")
    for name, (kind, text) in PARAMETERS.items():
        numbers.add_argument(f"--{name}", type=kind, metavar=kind.__name__.upper(), help=text)

    def sketch_files(arguments: argparse.Namespace) -> int:
        given = {name: getattr(arguments, name) for name in PARAMETERS if getattr(arguments, name) is not None}
        _check(arguments.style, given)
        if arguments.drawing:
            if arguments.style != "neural":
                raise ValueError(f"--drawing belongs to --style neural. Received: --style {arguments.style}.")
            given["drawing"] = images.read(arguments.drawing, channels=1)

        def change(file: Path, number: int) -> np.ndarray:
            drawn = sketch(file, arguments.style, arguments.seed + number, arguments.paper, **given)
            return images.side_by_side([images.read(file), drawn]) if arguments.compare else drawn

        return console.convert(arguments, change)

    return console.run(sketch_files, made, argv)


if __name__ == "__main__":
    from sketchback.sketch import main  # as itself: `__main__` is not below the log's `sketchback`

    raise SystemExit(main())
