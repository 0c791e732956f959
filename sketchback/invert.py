"""Sketch -> photograph: array to array, and file to file."""

from __future__ import annotations

import argparse
import logging
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypedDict, overload

import numpy as np

from sketchback import console, images, weights
from sketchback.inference import options, pipeline, regions, telling
from sketchback.inference import runtime as runtimes
from sketchback.sketching import oddities

if TYPE_CHECKING:
    from typing import Unpack

    from PIL.Image import Image

    from sketchback.models.generator import Generator

logger = logging.getLogger("sketchback.invert")  # also as `__main__`

ODD = {  # what weights show, and what `oddities.notice` sees
    ("face", "building"): "looks like a building. Try --weights buildings.",
    ("building", "face"): f"looks like a face. Try --weights {weights.DEFAULT}.",
    ("face", "upside down"): "looks like a face upside down. Try it turned.",
}
ODD_FOR_ALL = {
    "paper": "looks like a photograph of paper. Try --clean.",
    "small": "is small on its sheet. Try --clean, which cuts it out.",
}


class Keywords(TypedDict, total=False):
    """The keyword arguments of `invert`, which are the same for every kind of picture."""

    size: Sequence[int] | None
    fit: str
    working: Sequence[int] | None
    clean: bool
    tone: Any
    candidates: int | None
    seed: int
    fidelity: float | None
    mirrored: bool
    scale: int | None
    compare: bool
    runtime: str | None


@overload
def invert(sketch: str | Path | np.ndarray, weights: Any = ..., **options: Unpack[Keywords]) -> np.ndarray: ...
@overload
def invert(sketch: bytes, weights: Any = ..., **options: Unpack[Keywords]) -> Any: ...
@overload
def invert(sketch: Image, weights: Any = ..., **options: Unpack[Keywords]) -> Any: ...
@overload
def invert(sketch: list[Any] | tuple[Any, ...], weights: Any = ..., **options: Unpack[Keywords]) -> list[Any]: ...
def invert(
    sketch: Any,
    weights: str | Path | Generator = weights.DEFAULT,
    *,
    size: Sequence[int] | None = None,
    fit: str = "crop",
    working: Sequence[int] | None = None,
    clean: bool = False,
    tone: np.ndarray | Mapping[str, Any] | str | Path | bytes | Image | None = None,
    candidates: int | None = None,
    seed: int = 0,
    fidelity: float | None = None,
    mirrored: bool = False,
    scale: int | None = None,
    compare: bool = False,
    runtime: str | None = None,
) -> Any:
    """Turns a sketch into a photograph, or into several.

    A sketch that is white on black is turned first, and the log says so.

    Args:
        sketch: The path of an image file; the `bytes` of one; a Pillow image; an array `(H, W)`, `(H, W, 1)`,
            `(H, W, 2)` grey and alpha, `(H, W, 3)` RGB or `(H, W, 4)` RGBA, 8-bit, 16-bit, or float in [0, 1] with
            white paper = 1; a batch `(B, H, W, C)` of such, or `(B, H, W)` where W is more than 4 (up to 4 it is one
            image with channels); or a list or tuple of any of these. Transparent parts become white paper.
        weights: A name, a path, or a generator that is already loaded.
        size: `(height, width)` that the sketch is brought to first; its own size by default.
        fit: `"crop"`, `"squeeze"` or `"pad"`, how it is brought there.
        working: `(height, width)`: the sketch is reduced or enlarged until it just covers this, and the photograph
            brought back to its size. By default the size that the weights were trained at: a generator knows one scale.
        clean: The sketch is a photograph or scan of paper, in colour if possible, and goes through `cleanup.clean`
            first; its size may change.
        tone: What is known of the photograph's tone: an array `(h, w, 3)`, RGB in [0, 1], NaN where nothing is told; a
            reference photograph; or a mapping such as `{"skin": "#6b4423", "hair": "grey", "lighter": 0.1}`. See
            `options.Options`.
        candidates: So many photographs that differ as photographs differ; the same `seed` gives the same ones.
        seed: A whole number of at least 0.
        fidelity: From 1, the faithful mean, to 0, what looks most like a photograph; for weights that are given by name
            or path, of which both ends are there. See `fidelity.ends` for the default.
        mirrored: The mean of what they make of the sketch and of the mirrored sketch: nearer to the photograph and
            softer, in twice the time. Likewise for weights that are given by name or path.
        scale: 2 or 4 times the size of the sketch, led by its strokes; 1 for its size, without the enlarger. By default
            its size, with the detail that the enlarger adds where that is installed.
        compare: Put the sketch that the generator saw beside the photograph.
        runtime: What runs weights that are given by name or path, and the sampler and the enlarger: `"onnx"`,
            `"keras"`, `"fast"` or `"auto"`, see `runtime.load`.

    Returns:
        For a path or an array `(H, W, 3)` float32 RGB in [0, 1], of the size of the sketch (or `size`), and
        `(B, H, W, 3)` for a batch; with candidates `(candidates, H, W, 3)` and `(B, candidates, H, W, 3)`. For `bytes`
        the bytes of a PNG, for a Pillow image a Pillow image; with candidates a list of them. For a list or a tuple a
        list, each element as it would be alone.

    Raises:
        FileNotFoundError: No such drawing or weights.
        ValueError: The sketch is no image, too small, out of range, or an empty sheet; or cleaning brought a batch to
            several sizes; or the weights do not run there, or cannot do what is asked; or an option is wrong.
        TypeError: The sketch, the weights or the tone are of another kind.
        ImportError: `runtime` is `"onnx"` or `"fast"`, and what it needs is not installed.
    """
    asked = options.Options(
        clean=clean,
        size=size,
        fit=fit,
        working=working,
        tone=tone,
        candidates=candidates,
        seed=seed,
        scale=scale,
        compare=compare,
        runtime=runtime,
    )
    if isinstance(weights, (str, Path)):
        generator = runtimes.load_once(weights, runtime, fidelity, mirrored)
        options.check(generator, asked, name=weights)
        return _invert(sketch, generator, asked)
    for option, value in {"fidelity": fidelity, "mirrored": mirrored or None}.items():
        if value is not None:
            raise ValueError(
                f"`{option}` is for weights that are given by name or path. "
                f"Received: {option}={value}, and a generator. Load it with runtime.load(name, {option}=...)."
            )
    return _invert(sketch, weights, asked)


def _invert(
    sketch: Any, generator: Generator, asked: options.Options, say: Callable[[str], object] = logger.warning
) -> Any:
    if isinstance(sketch, (list, tuple)):
        return [_invert(one, generator, asked, say) for one in sketch]
    is_batch = isinstance(sketch, np.ndarray) and (sketch.ndim == 4 or (sketch.ndim == 3 and sketch.shape[-1] > 4))
    ones = [images.as_array(one, channels=3 if asked.clean else 1) for one in (sketch if is_batch else [sketch])]
    photos = pipeline.run(generator, ones, asked, say=say)
    if is_batch:
        return photos
    if asked.candidates is None:
        return images.as_kind_of(sketch, photos[0])
    several = [images.as_kind_of(sketch, photo) for photo in photos[0]]
    return photos[0] if isinstance(several[0], np.ndarray) else several


def main(argv: list[str] | None = None) -> int:
    """The command line of `python -m sketchback.invert`."""
    made = console.parser(
        "invert",
        "Turn drawings into photographs.",
        "  python -m sketchback.invert drawing.png                  writes drawing.photo.png\n"
        "  python -m sketchback.invert drawings/ -o photos --weights buildings --compare\n"
        "  python -m sketchback.invert drawings/ -o all.pdf         a page for each\n"
        "  python -m sketchback.invert - --clean < paper.jpg > photo.png\n"
        "  python -m sketchback.invert drawing.png --candidates 4    four photographs, and all on one sheet\n"
        "  python -m sketchback.invert drawing.png --skin '#6b4423' --hair black --lighter 0.1\n\n"
        "A generated face is a suggestion, not evidence of identity.",
    )
    _add_arguments(made)
    return console.run(_invert_files, made, argv)


def _add_arguments(made: argparse.ArgumentParser) -> None:
    console.add_files(made, "drawing", "photo")
    names = ", ".join(weights.names()).replace("%", "%%")  # argparse means something else by it
    made.add_argument(
        "--weights", default=weights.DEFAULT, metavar="W", help=f"{names}, or a file (default: {weights.DEFAULT})"
    )
    made.add_argument("--compare", action="store_true", help="sketch and photograph side by side")
    made.add_argument(
        "--clean",
        action="store_true",
        help="drawings are photographs or scans of paper: first straighten the sheet, even out light and "
        "paper, remove noise",
    )
    made.add_argument("--size", type=console.size, metavar="HxW", help="bring drawings to this size first")
    made.add_argument("--fit", metavar="FIT", help=f"how --size does that: {', '.join(images.FITS)} (default: crop)")
    made.add_argument(
        "--working",
        type=console.size,
        metavar="HxW",
        help="drawings are reduced or enlarged to about this before the generator sees them, "
        "and the result is brought back (default: what the weights were trained at)",
    )
    _add_tone(made.add_argument_group("tone, which a drawing does not hold", "For faces-tone, buildings, and yours."))
    made.add_argument(
        "--candidates",
        type=int,
        metavar="N",
        help="so many photographs of each drawing, and all on a sheet; in a .pdf they are pages, without a sheet",
    )
    made.add_argument("--seed", type=int, metavar="N", help="of the candidates: another gives others (default: 0)")
    made.add_argument(
        "--fidelity",
        type=float,
        metavar="F",
        help="faces-tone, buildings: from 1, the faithful mean, to 0, what looks most like a photograph (default: 0)",
    )
    made.add_argument(
        "--mirrored",
        action="store_true",
        help="the mean of what comes of the drawing and of the mirrored drawing: nearer to the photograph, and softer",
    )
    made.add_argument(
        "--scale",
        type=int,
        metavar="S",
        help="2 or 4 times the size of the drawing, led by its strokes; 1: its size, without the enlarger",
    )
    runs = made.add_mutually_exclusive_group()
    runs.add_argument(
        "--runtime",
        metavar="R",
        help="onnx (starts at once), keras, fast, or auto: onnx where installed (default: auto)",
    )
    runs.add_argument(
        "--fast",
        action="store_const",
        const="fast",
        dest="runtime",
        help="runtime fast: half the time on CPUs that compute in bfloat16, and a little less exact (OpenVINO)",
    )


def _invert_files(arguments: argparse.Namespace) -> int:
    path = weights.find(arguments.weights)  # a wrong name is said before anything is read
    if arguments.seed is not None and arguments.candidates is None:
        raise ValueError(f"--seed is for --candidates. Received: --seed {arguments.seed} alone. Leave it out.")
    if arguments.fit is not None and arguments.size is None:
        raise ValueError(f"--fit is for --size. Received: --fit {arguments.fit} alone. Leave it out, or give a size.")
    said = {"tone": _read_tone(arguments), "seed": arguments.seed or 0, "fit": arguments.fit or "crop"}
    given = vars(arguments) | said
    asked = options.Options(**{name: given[name] for name in options.NAMES if name in given})
    generator = runtimes.load_once(path, asked.runtime, arguments.fidelity, arguments.mirrored)
    options.check(generator, asked, name=arguments.weights, dash="--")

    def change(sketch: np.ndarray, _: int) -> np.ndarray | list[np.ndarray]:
        photos = _invert(sketch, generator, asked, say=lambda _: None)  # `look` says it
        return photos if asked.candidates is None else list(photos)

    def look(sketch: np.ndarray) -> list[str]:
        is_negative = oddities.is_negative(sketch)
        turned = [oddities.TURNED.removeprefix("The drawing ")] if is_negative else []
        if asked.clean:
            return turned
        noticed = oddities.notice(oddities.invert_tones(sketch) if is_negative else sketch)
        said = [ODD_FOR_ALL.get(what) or ODD.get((shown, what)) for what in noticed]
        return [*turned, *(sentence for sentence in said if sentence)]

    shown = weights.shows(path.name, generator.facts.get("recipe"))
    many, channels = asked.candidates or 1, 3 if asked.clean else 1
    return console.convert(arguments, change, channels=channels, results=many, beside=arguments.tone, look=look)


def _add_tone(group: argparse._ArgumentGroup) -> None:
    group.add_argument("--tone", metavar="FILE", help="a photograph whose tones are taken over, each in its place")
    for names, what in ((regions.FACE, "of faces"), (regions.BUILDING, "of buildings")):
        for name in names:
            words = ", ".join(telling.WORDS.get(name, ()))
            known = f"{words}, a name of CSS, '#6b4423'" if words else "a name of CSS, '#6b4423'"
            group.add_argument(f"--{name}", metavar="COLOUR", help=f"{what}: {known}")
    group.add_argument("--lighter", metavar="X", help="from -1 to 1, for example 0.2; negative is darker")
    group.add_argument("--warmer", metavar="X", help="from -1 to 1; negative is colder")
    group.add_argument("--colourful", metavar="X", help="from -1, towards grey, to 1")


def _read_tone(arguments: argparse.Namespace) -> dict[str, str]:
    said = {"reference": arguments.tone}
    said |= {name: getattr(arguments, name) for name in (*regions.PARTS, *telling.CHANGES)}
    return {name: value for name, value in said.items() if value is not None}


if __name__ == "__main__":
    raise SystemExit(main())
