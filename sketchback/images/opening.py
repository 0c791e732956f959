"""Opens picture files that may be anything: what is no picture, or too large, is refused before it is decoded."""

from __future__ import annotations

import os
import re
import stat
import warnings
from pathlib import Path
from typing import BinaryIO

from PIL import Image, UnidentifiedImageError

from sketchback.extras import install
from sketchback.images.arrays import MAX_SIDE, MIN_SIDE

MAX_BYTES = 512 << 20
# Pillow knows sixty more, among them some that start other programs.
FORMATS = ("PNG", "JPEG", "WEBP", "TIFF", "BMP", "GIF")
HEIF_BRANDS = (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1")
RAW = (".arw", ".cr2", ".cr3", ".dng", ".nef", ".orf", ".pef", ".raf", ".rw2", ".srw")

# Our own limit comes before Pillow's warning, and says more; odd EXIF and TIFF tags say nothing about the pixels.
warnings.filterwarnings("ignore", category=Image.DecompressionBombWarning)
warnings.filterwarnings("ignore", category=UserWarning, module=r"PIL\.")


def open_file(path: str | Path) -> BinaryIO:
    """Opens an ordinary file of bearable length: a pipe would be waited for, a device might never end."""
    if Path(path).suffix.lower() in RAW:  # they are TIFF inside, and Pillow would find their thumbnail
        raise ValueError(f"An image must be developed. Received: {path}, a camera's raw file. Export it as JPEG.")
    try:
        facts = os.stat(path)
        if stat.S_ISDIR(facts.st_mode):
            raise ValueError(f"An image must be a file. Received: the folder {path}. Name the files inside it.")
        if not stat.S_ISREG(facts.st_mode):
            raise ValueError(f"An image must be a file. Received: {path}, which is a pipe, a socket or a device.")
        if facts.st_size > MAX_BYTES:
            raise ValueError(
                f"An image may have at most {MAX_BYTES >> 20} MiB. Received: {path} with {facts.st_size >> 20}. "
                "Make it smaller first."
            )
        return open(path, "rb")
    except (FileNotFoundError, NotADirectoryError):
        way = "Check the name and the folder."
        if re.search(r"[*?]", str(path)):
            way = "The shell did not expand it, or found none: check the pattern, without quotes, or give the folder."
        raise FileNotFoundError(f"An image file must exist. Received: {path}. {way}") from None
    except OSError as error:  # a folder or file of somebody else, a link to itself, a name that is too long
        raise ValueError(f"An image must be readable. Received: {path}: {str(error.strerror).lower()}.") from None


def open_picture(file: BinaryIO, name: str, max_pixels: int) -> Image.Image:
    """Reads the header; nothing is decoded before its size is known."""
    start = file.read(12)
    file.seek(0)
    is_heif = start[4:8] == b"ftyp" and start[8:] in HEIF_BRANDS
    if is_heif:
        _learn_heif(name)
    if start.startswith(b"%PDF"):
        raise ValueError(f"An image must be no document. Received: {name}, a PDF. Save the page as PNG.")
    try:
        picture = Image.open(file, formats=("HEIF",) if is_heif else FORMATS)
    except Image.DecompressionBombError as error:  # Pillow's own bound, which lies above ours
        pixels = int(re.findall(r"\d+", str(error))[0])
        raise ValueError(_too_large(name, f"{pixels / 1e6:.0f}", max_pixels)) from None
    except Exception as error:  # on damaged headers Pillow raises a dozen kinds
        what = "an empty file" if file.seek(0, os.SEEK_END) == 0 else "which no decoder recognises"
        if not isinstance(error, UnidentifiedImageError):
            what = f"which is damaged ({first_line(error)})"
        raise ValueError(f"An image must be PNG, JPEG, WebP, TIFF, BMP or GIF. Received: {name}, {what}.") from None
    try:
        check_sides(picture.height, picture.width, name, max_pixels)
    except ValueError:
        picture.close()
        raise
    return picture


def check_sides(height: int, width: int, name: str, max_pixels: int) -> None:
    """Raises `ValueError` where a picture is too large or too small."""
    if width * height > max_pixels:
        raise ValueError(_too_large(name, f"{height} rows x {width} columns = {height * width / 1e6:.0f}", max_pixels))
    if max(width, height) > MAX_SIDE:
        raise ValueError(
            f"A side of an image may have at most {MAX_SIDE} pixels. Received: {name} with {height} rows x {width} "
            "columns. Cut it into parts, or make it smaller."
        )
    if min(width, height) < MIN_SIDE:
        raise ValueError(
            f"An image must be at least {MIN_SIDE} x {MIN_SIDE} pixels. "
            f"Received: {name} with {height} rows x {width} columns."
        )


def first_line(error: BaseException) -> str:
    """What an error says, without the lines that explain it."""
    return (str(error).splitlines() or [type(error).__name__])[0]


def _learn_heif(name: str) -> None:
    """Teaches Pillow what phones write; not before such a file comes, for it takes a moment."""
    try:
        import pillow_heif
    except ImportError:
        raise ValueError(
            f"HEIC needs the package pillow-heif. Received: {name}, without it. "
            f"Install with `{install('heic')}`, or export the picture as JPEG."
        ) from None
    pillow_heif.register_heif_opener()


def _too_large(name: str, found: str, max_pixels: int) -> str:
    return (
        f"An image may have at most {max_pixels / 1e6:.3g} megapixels. Received: {name} with {found}. "
        "Make it smaller first."
    )
