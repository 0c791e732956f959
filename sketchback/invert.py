"""Sketch -> photograph: array to array, and file to file."""

from __future__ import annotations

import argparse
import functools
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypedDict, overload

import numpy as np

from sketchback import console, images, weights
from sketchback.inference import pipeline
from sketchback.inference import runtime as runtimes

if TYPE_CHECKING:
    from typing import Unpack

    from PIL.Image import Image

    from sketchback.models.generator import Generator


class Options(TypedDict, total=False):
    """The keyword arguments of `invert`, which are the same for every kind of picture."""

    size: Sequence[int] | None
    fit: str
    working: Sequence[int] | None
    clean: bool
    compare: bool
    runtime: str | None


@overload
def invert(sketch: str | Path | np.ndarray, weights: Any = ..., **options: Unpack[Options]) -> np.ndarray: ...
@overload
def invert(sketch: bytes, weights: Any = ..., **options: Unpack[Options]) -> bytes: ...
@overload
def invert(sketch: Image, weights: Any = ..., **options: Unpack[Options]) -> Image: ...
@overload
def invert(sketch: list[Any] | tuple[Any, ...], weights: Any = ..., **options: Unpack[Options]) -> list[Any]: ...
def invert(
    sketch: Any,
    weights: str | Path | Generator = "faces",
    *,
    size: Sequence[int] | None = None,
    fit: str = "crop",
    working: Sequence[int] | None = None,
    clean: bool = False,
    compare: bool = False,
    runtime: str | None = None,
) -> Any:
    """Turns a sketch into a photograph; one that is white on black is turned first, and the log says so.

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
        compare: Put the sketch that the generator saw beside the photograph.
        runtime: What runs weights that are given by name or path: `"onnx"`, `"keras"` or `"auto"`, see `runtime.load`.

    Returns:
        For a path or an array `(H, W, 3)` float32 RGB in [0, 1], of the size of the sketch (or `size`), and
        `(B, H, W, 3)` for a batch; for `bytes` the bytes of a PNG; for a Pillow image a Pillow image; for a list or a
        tuple a list, each element as it would be alone.

    Raises:
        FileNotFoundError: No such drawing or weights.
        ValueError: The sketch is no image, too small, out of range, or an empty sheet; or cleaning brought a batch to
            several sizes; or the weights do not run there.
        TypeError: The sketch is of another kind.
        ImportError: `runtime` is `"onnx"`, which is not installed.
    """
    options: dict[str, Any] = {"clean": clean, "fit": fit, "working": working, "compare": compare}
    options["size"] = None if size is None else images.check_size(size)
    if isinstance(sketch, (list, tuple)):
        return [invert(one, weights, runtime=runtime, **options) for one in sketch]
    is_batch = isinstance(sketch, np.ndarray) and (sketch.ndim == 4 or (sketch.ndim == 3 and sketch.shape[-1] > 4))
    ones = [images.as_array(one, channels=3 if clean else 1) for one in (sketch if is_batch else [sketch])]
    generator = _load(weights, runtime) if isinstance(weights, (str, Path)) else weights
    photos = pipeline.run(generator, ones, **options)
    return photos if is_batch else images.as_kind_of(sketch, photos[0])


@functools.lru_cache(maxsize=2)
def _load_file(path: Path, changed: int, runtime: str) -> Generator:
    return runtimes.load(path, runtime)


def _load(name: str | Path, runtime: str | None) -> Generator:
    path = weights.find(name)
    # The time of the last change is part of the key: a file that training rewrote is read anew.
    return _load_file(path, path.stat().st_mtime_ns, runtimes.check(runtime))


def main(argv: list[str] | None = None) -> int:
    """The command line of `python -m sketchback.invert`."""
    made = console.parser(
        "invert",
        "Turn drawings into photographs.",
        "  python -m sketchback.invert drawing.png                  writes drawing.photo.png\n"
        "  python -m sketchback.invert drawings/ -o photos --weights buildings --compare\n"
        "  python -m sketchback.invert drawings/ -o all.pdf         a page for each\n"
        "  python -m sketchback.invert - --clean < paper.jpg > photo.png\n\n"
        "A generated face is a suggestion, not evidence of identity.",
    )
    console.add_files(made, "drawing", "photo")
    names = ", ".join(weights.names()).replace("%", "%%")  # argparse means something else by it
    made.add_argument("--weights", default="faces", metavar="W", help=f"{names}, or a file (default: faces)")
    made.add_argument("--compare", action="store_true", help="sketch and photograph side by side")
    made.add_argument(
        "--clean",
        action="store_true",
        help="drawings are photographs or scans of paper: first straighten the sheet, even out light and "
        "paper, remove noise",
    )
    made.add_argument("--size", type=console.size, metavar="HxW", help="bring drawings to this size first")
    made.add_argument("--fit", default="crop", metavar="FIT", help=f"how: {', '.join(images.FITS)} (default: crop)")
    made.add_argument(
        "--working",
        type=console.size,
        metavar="HxW",
        help="drawings are reduced or enlarged to about this before the generator sees them, "
        "and the result is brought back (default: what the weights were trained at)",
    )
    made.add_argument(
        "--runtime", metavar="R", help="onnx (starts at once), keras, or auto: onnx where installed (default: auto)"
    )

    def invert_files(arguments: argparse.Namespace) -> int:
        images.check_fit(arguments.fit)
        path = weights.find(arguments.weights)  # a wrong name is said before anything is read
        runtimes.check(arguments.runtime)
        names = ("size", "fit", "working", "clean", "compare", "runtime")
        options: dict[str, Any] = {name: getattr(arguments, name) for name in names}
        return console.convert(
            arguments, lambda sketch, _: invert(sketch, path, **options), channels=3 if arguments.clean else 1
        )

    return console.run(invert_files, made, argv)


if __name__ == "__main__":
    from sketchback.invert import main  # by name, so that its logger is below `sketchback`

    raise SystemExit(main())
