"""Photographs -> sketches on disk."""

from __future__ import annotations

import argparse
import inspect
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any, overload

import numpy as np

from sketchback import console, images, sketching
from sketchback.sketching import oddities
from sketchback.sketching.artist import HANDS, read_hand
from sketchback.sketching.styles import FILTERS
from sketchback.weights import installed

if TYPE_CHECKING:
    from PIL.Image import Image

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
    "hand": (str, f"artist: whose, {', '.join(HANDS)}; or shares, CUFS=0.5,XM2VTS=0.5 (FS2K 1)"),
    "side": (int, "artist: pixels of the photograph's shorter side as it is drawn (144)"),
    "weights": (str, "artist: its weights, a name or a file (artist)"),
    "steps": (int, "neural: steps of the optimisation"),
    "vgg16": (str, "neural: VGG16's weights, .npz or .h5, instead of a download"),
}
NEURAL = {"drawing", "content", "variation", "tone", "steps", "learning_rate", "size", "vgg16", "progress"}


@overload
def sketch(photo: str | Path | np.ndarray, style: str = ..., **options: Any) -> np.ndarray: ...
@overload
def sketch(photo: bytes, style: str = ..., **options: Any) -> bytes: ...
@overload
def sketch(photo: Image, style: str = ..., **options: Any) -> Image: ...
@overload
def sketch(photo: list[Any] | tuple[Any, ...], style: str = ..., **options: Any) -> list[Any]: ...
def sketch(
    photo: Any,
    style: str = "pencil",
    *,
    seed: int = 0,
    paper: bool = False,
    compare: bool = False,
    **parameters: Any,
) -> Any:
    """Draws a photograph.

    Args:
        photo: A path, the `bytes` of an image file, a Pillow image or an array, see `images.as_array`; or a list or
            tuple of such.
        style: One of `sketching.STYLES`.
        seed: Decides a random style and the paper; in a list each photograph has its own, counted from here.
        paper: Lay the sketch on textured paper.
        compare: Put the photograph beside the sketch.
        **parameters: Of the style's own function; of the artist `hand` (see `artist.read_hand`), `side` and `weights`.

    Returns:
        For a path or an array `(H, W, 1)` float32 in [0, 1] (with `compare` `(H, W', 3)`); for `bytes` the bytes of a
        PNG; for a Pillow image a Pillow image; for a list or a tuple a list.

    Raises:
        FileNotFoundError: There is no such file.
        ValueError: The photograph cannot be read, or the style takes no such parameter.
        TypeError: The photograph is of another kind.
    """
    _check(style, parameters)
    options: dict[str, Any] = {"paper": paper, "compare": compare, **parameters}
    if isinstance(photo, (list, tuple)):
        return [sketch(one, style, seed=number, **options) for number, one in enumerate(photo, start=seed)]
    image = images.as_array(photo)
    if style == "artist":
        network = _artist(parameters.pop("weights", None))
        parameters |= {"network": network, "weights": read_hand(parameters.pop("hand", "FS2K 1"))}
    drawn = sketching.sketch(image, style, seed, **parameters)
    if paper:
        drawn = sketching.on_paper(drawn, sketching.paper_texture(drawn.shape[:2], seed))
    if compare:
        drawn = images.side_by_side([images.fit(image, drawn.shape[:2]), drawn])
    return images.as_kind_of(photo, drawn)


def _artist(weights: str | Path | None) -> Any:
    from sketchback.inference import runtime

    network = runtime.load_once(weights or installed("artist") or "artist")
    if network.takes != ("photo", "hand"):
        raise ValueError(
            f"Style artist needs weights that draw. Received: {weights}, which take {', '.join(network.takes)}. "
            "Train some with `sketchback.train artist`."
        )
    return network


def _check(style: str, given: Iterable[str], dash: str = "") -> None:
    """Raises `ValueError` where a style takes no parameter of such a name, and says which style does."""
    sketching.check_style(style)
    known = {name: set(inspect.signature(draw).parameters) - {"photo"} for name, draw in FILTERS.items()}
    known |= {"artist": {"hand", "side", "weights"}, "neural": NEURAL, "random": set()}
    for name in given:
        if name not in known[style]:
            options = ", ".join(f"{dash}{one}" for one in (*PARAMETERS, "drawing") if one in known[style]) or "none"
            others = " or ".join(other for other in known if name in known[other])
            why = f"which is for style {others}. Take that style" if others else "which no style takes. Leave it out"
            raise ValueError(f"`{style}` takes these options: {options}. Received: {dash}{name}, {why}.")


def main(argv: list[str] | None = None) -> int:
    """The command line of `python -m sketchback.sketch`."""
    made = console.parser(
        "sketch",
        "Turn photographs into sketches: by simulation, or in the hand of an artist.",
        "  python -m sketchback.sketch face.jpg                   writes face.sketch.png\n"
        "  python -m sketchback.sketch photos/ -o sketches --style xdog --sigma 1.2\n"
        "  python -m sketchback.sketch photos/ --style random     shows what training sees\n"
        "  python -m sketchback.sketch face.jpg --style artist --hand CUFS\n"
        "  python -m sketchback.sketch house.jpg --style neural --drawing my_drawing.png",
    )
    console.add_files(made, "photo", "sketch")
    made.add_argument("--style", default="pencil", metavar="STYLE", help=f"one of {', '.join(sketching.STYLES)}")
    made.add_argument("--seed", type=int, help="of style random and of paper; each photograph has its own (default: 0)")
    made.add_argument("--paper", action="store_true", help="lay the sketch on textured paper")
    made.add_argument("--compare", action="store_true", help="photograph and sketch side by side")
    made.add_argument("--drawing", metavar="FILE", help="neural: the drawing whose style is taken")
    numbers = made.add_argument_group("parameters of the styles")
    for name, (kind, text) in PARAMETERS.items():
        numbers.add_argument(f"--{name}", type=kind, metavar=kind.__name__.upper(), help=text)

    def sketch_files(arguments: argparse.Namespace) -> int:
        given = {name: getattr(arguments, name) for name in PARAMETERS if getattr(arguments, name) is not None}
        given |= {"drawing": arguments.drawing} if arguments.drawing is not None else {}
        _check(arguments.style, given, "--")
        if arguments.seed is not None and arguments.style != "random" and not arguments.paper:
            raise ValueError(
                f"--seed is for --style random and --paper. Received: --seed {arguments.seed} alone. Leave it out."
            )
        if arguments.drawing is not None:
            given["drawing"] = images.read(arguments.drawing, channels=1)

        options = {"paper": arguments.paper, "compare": arguments.compare, **given}

        def change(photo: np.ndarray, number: int) -> np.ndarray:
            return sketch(photo, arguments.style, seed=(arguments.seed or 0) + number, **options)

        def look(photo: np.ndarray) -> list[str]:
            is_building = "building" in oddities.notice(sketching.pencil(photo))
            return ["looks like a building, and style artist draws faces. Try --style pencil."] if is_building else []

        looked = look if arguments.style == "artist" else None
        return console.convert(arguments, change, beside=arguments.drawing, look=looked)

    return console.run(sketch_files, made, argv)


if __name__ == "__main__":
    raise SystemExit(main())
