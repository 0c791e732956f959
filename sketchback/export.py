"""A generator as one file for other runtimes: ONNX, OpenVINO, SavedModel, LiteRT.

The file takes a sketch of any size and gives a photograph of the same size: padding and cropping are inside, batch
normalisation is folded into the convolutions. It is compared with Keras before it is kept.

Or as a page: a folder that any host serves, with inference in the visitor's tab (see `web.site`).
"""

from __future__ import annotations

import argparse
import logging
from collections.abc import Sequence
from pathlib import Path

from sketchback import console, images, weights
from sketchback.extras import install
from sketchback.inference import exporters

FIXED = (128, 128)  # of formats that know one size

logger = logging.getLogger("sketchback.export")  # also as `__main__`


def export(
    name: str | Path,
    out: str | Path | None = None,
    *,
    format: str = "onnx",
    size: Sequence[int] | None = None,
    half: bool = False,
) -> Path:
    """Writes a generator for another runtime, and compares both.

    The graph takes sketches `(B, H, W, 1)` float32 in [0, 1] with white paper = 1, and gives photographs
    `(B, H, W, 3)` float32 RGB in [0, 1]; its input is called `sketch`. Where the weights take a tone map, it is a
    second input `tone` `(B, ceil(H / 16), ceil(W / 16), 4)`, see `images.tones.encode`; all zeros tell nothing. It says
    of itself what the `.h5` says, the
    SHA-256 of the `.h5`, and `working`, the size that sketches should be brought to (see `pipeline.predict`): in the
    metadata of ONNX, the runtime information of OpenVINO, `assets.extra/sketchback.json` of a SavedModel, and
    `sketchback.json` of the ZIP file at the end of a LiteRT file.

    Args:
        name: Weights, a name or a file.
        out: The file to write (a folder for SavedModel); by default the name with the format's suffix, here.
        format: A name in `exporters.FORMATS`.
        size: `(height, width)`: the graph knows this one size. Formats that cannot do otherwise take 128 x 128.
        half: Store ONNX weights as 16-bit floats, at half the length; they are computed with in 32 bits.

    Returns:
        What was written.

    Raises:
        ValueError: `format` is unknown, `half` is not offered there, or the result differs from Keras's.
        ImportError: A package that writes or runs the format is not installed.
        OSError: It cannot be written there.
    """
    how = exporters.check(format, half)
    path = weights.find(name)
    wanted = images.check_size(size) if size is not None else None if how.any_size else FIXED
    out = Path(out) if out is not None else Path(path.name.removesuffix(weights.SUFFIX) + how.suffix)
    if how.suffix.startswith(".") and out.suffix != how.suffix:
        raise ValueError(f"A file of format {format} must end in {how.suffix}. Received: {out}. Rename it.")
    exporters.check_place(out, how)
    console.import_keras()
    generator = weights.load(path)
    facts = exporters.describe(generator, path, wanted)
    difference = exporters.write(generator, out, how, facts, size=wanted, half=half)
    logger.info("%s (%.1f MB): at most %.2g away from Keras", out, exporters.length(out) / 1e6, difference)
    return out


def main(argv: list[str] | None = None) -> int:
    """The command line of `python -m sketchback.export`."""
    made = console.parser(
        "export",
        "Write a generator as one file for other runtimes, or as a page, and compare it before it is kept.",
        "  python -m sketchback.export faces\n"
        "  python -m sketchback.export faces --format openvino -o faces.xml\n"
        "  python -m sketchback.export runs/faces/best.weights.h5 --format litert --size 128x128\n"
        "  python -m sketchback.export faces buildings --format web -o site\n\n"
        f"Needs the extra: {install('export')}; a page: {install('light')}, and npm.",
    )
    made.add_argument(
        "weights",
        nargs="*",
        default=[weights.DEFAULT],
        help=f"a name or a file; for a page also several (default: {weights.DEFAULT})",
    )
    made.add_argument(
        "--format",
        default="onnx",
        metavar="FORMAT",
        help=f"{', '.join(exporters.FORMATS)}; web: a page that needs no server (default: onnx)",
    )
    made.add_argument(
        "-o", "--out", metavar="OUT", help="the file or folder to write (default: the weights' name, or site, here)"
    )
    made.add_argument(
        "--size",
        type=console.size,
        metavar="HxW",
        help="a graph of one size; litert knows no other (default there: 128x128)",
    )
    made.add_argument("--half", action="store_true", help="ONNX with 16-bit weights, at half the length")

    def write(arguments: argparse.Namespace) -> None:
        if arguments.format == "web":
            if arguments.size or arguments.half:
                raise ValueError("A page takes any size, in half precision. Received: --size or --half. Leave it out.")
            from sketchback.web import site

            site.write(arguments.weights, arguments.out or "site")
            return
        if arguments.format not in exporters.FORMATS:
            known = ", ".join((*exporters.FORMATS, "web"))
            raise ValueError(f"`--format` must be one of {known}. Received: {arguments.format!r}.")
        if len(arguments.weights) > 1:
            raise ValueError(f"A file holds one generator. Received: {' '.join(arguments.weights)}. Name one.")
        (name,) = arguments.weights
        export(name, arguments.out, format=arguments.format, size=arguments.size, half=arguments.half)

    return console.run(write, made, argv)


if __name__ == "__main__":
    raise SystemExit(main())
