"""Sketch -> photograph: array to array, and file to file."""

from __future__ import annotations

import argparse
import functools
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from sketchback import console, images, weights
from sketchback.inference import pipeline
from sketchback.inference import runtime as runtimes
from sketchback.sketching import cleanup

if TYPE_CHECKING:
    import keras


def invert(
    sketch: np.ndarray | str | Path,
    weights: str | Path | runtimes.LightGenerator | keras.Model = "faces",
    size: Sequence[int] | None = None,
    fit: str = "crop",
    working: Sequence[int] | None = None,
    clean: bool = False,
    runtime: str | None = None,
) -> np.ndarray:
    """Turns a sketch into a photograph.

    Args:
        sketch: One sketch `(H, W)`, `(H, W, 1)` or `(H, W, 3)` in [0, 1] with white paper = 1; a batch
            `(B, H, W, 1)`; or the path of an image file.
        weights: A name, a path, or a generator that is already loaded.
        size: `(height, width)` that the sketch is brought to first; its own size by default.
        fit: `"crop"`, `"squeeze"` or `"pad"`, how it is brought there.
        working: `(height, width)`: the sketch is reduced or enlarged until it just covers this, and the photograph
            brought back to its size. By default the size that the weights were trained at: a generator knows one scale.
        clean: The sketch is a photograph or scan of paper, in colour if possible, and goes through `cleanup.clean`
            first; its size may change.
        runtime: What runs weights that are given by name or path: `"onnx"`, `"keras"` or `"auto"`, see `runtime.load`.

    Returns:
        `(H, W, 3)` float32 RGB in [0, 1], of the size of the sketch (or `size`); `(B, H, W, 3)` for a batch.

    Raises:
        FileNotFoundError: No such drawing or weights.
        ValueError: The sketch is no image, too small, or out of range; or cleaning brought a batch to several sizes; or
            the weights do not run there.
        ImportError: `runtime` is `"onnx"`, which is not installed.
    """
    if isinstance(sketch, (str, Path)):
        sketch = images.read(sketch, channels=3 if clean else 1)
    sketches = _as_list(np.asarray(sketch), clean)
    if size is not None:
        size = images.check_size(size)
        sketches = [images.fit(one, size, fit) for one in sketches]
    sizes = sorted({one.shape[:2] for one in sketches})
    if len(sizes) > 1:
        raise ValueError(
            f"A batch must have one size. Received: sketches that are {sizes[0]} to {sizes[-1]} after cleaning. "
            "Give `size`, or invert them one by one."
        )
    generator = _load(weights, runtime) if isinstance(weights, (str, Path)) else weights
    photos = pipeline.predict(generator, np.stack(sketches), working)
    return photos if np.ndim(sketch) == 4 else photos[0]


def _as_list(sketch: np.ndarray, clean: bool) -> list[np.ndarray]:
    shape, batched = sketch.shape, sketch.ndim == 4
    if not (sketch.ndim == 2 or (sketch.ndim in (3, 4) and shape[-1] in (1, 3))):
        raise ValueError(
            f"A sketch must be (H, W), (H, W, 1), (H, W, 3), or a batch (B, H, W, 1). Received: shape={shape}."
        )
    if sketch.dtype == np.uint8:
        sketch = images.from_uint8(sketch)
    sketch = sketch.astype(np.float32)
    if not np.isfinite(sketch).all() or sketch.min(initial=0) < -1e-3 or sketch.max(initial=1) > 1 + 1e-3:
        raise ValueError(
            "A sketch must be in [0, 1] with white paper = 1, or 8-bit. "
            f"Received: values from {sketch.min():.4g} to {sketch.max():.4g}. Divide by the maximum."
        )
    ones = sketch if batched else sketch[np.newaxis]
    images.check_size(ones.shape[1:3])
    if clean:
        return [cleanup.clean(np.clip(one, 0.0, 1.0)) for one in ones]
    return [images.to_gray(one)[..., np.newaxis] for one in ones]


@functools.lru_cache(maxsize=2)
def _load_file(path: Path, changed: int, runtime: str) -> runtimes.LightGenerator | keras.Model:
    return runtimes.load(path, runtime)


def _load(name: str | Path, runtime: str | None) -> runtimes.LightGenerator | keras.Model:
    path = weights.find(name)
    # The time of the last change is part of the key: a file that training rewrote is read anew.
    return _load_file(path, path.stat().st_mtime_ns, runtimes.check(runtime))


def main(argv: list[str] | None = None) -> int:
    """The command line of `python -m sketchback.invert`."""
    made = console.parser(
        "invert",
        "Turn drawings into photographs.",
        "  python -m sketchback.invert drawing.png -o photo.png\n"
        "  python -m sketchback.invert drawings/ -o photos --weights buildings --compare\n"
        "  python -m sketchback.invert paper.jpg -o photo.png --clean\n\n"
        "A generated face is a suggestion, not evidence of identity.",
    )
    console.add_files(made, "drawing", "photos")
    made.add_argument("--weights", default="faces", metavar="W", help="faces, buildings, or a file (default: faces)")
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
        weights.find(arguments.weights)  # a wrong name is said before anything is read
        runtimes.check(arguments.runtime)
        path = None

        def change(file: Path, _: int) -> np.ndarray:
            nonlocal path
            sketch = images.read(file, channels=3 if arguments.clean else 1)
            if arguments.clean:
                sketch = cleanup.clean(sketch)
            if arguments.size is not None:
                sketch = images.fit(sketch, arguments.size, arguments.fit)
            path = path or weights.find(arguments.weights)
            photo = invert(sketch, path, working=arguments.working, runtime=arguments.runtime)
            return images.side_by_side([sketch, photo]) if arguments.compare else photo

        return console.convert(arguments, change)

    return console.run(invert_files, made, argv)


if __name__ == "__main__":
    from sketchback.invert import main  # as itself: `__main__` is not below the log's `sketchback`

    raise SystemExit(main())
