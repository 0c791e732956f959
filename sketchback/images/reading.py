"""Files, bytes, Pillow's pictures and other people's arrays -> images."""

from __future__ import annotations

import io
import logging
import os
import re
from collections.abc import Collection
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from sketchback.images.arrays import MAX_PIXELS, from_uint8, to_gray
from sketchback.images.opening import MAX_BYTES, RAW, check_sides, first_line, open_file, open_picture

MAX_SCANS = 100  # of a JPEG; a progressive one has about ten
MARKER = re.compile(rb"\xff+[^\x00\xff\xd0-\xd7]", re.DOTALL)  # begins a segment of it; its last byte is the kind
START_OF_SCAN, END_OF_IMAGE, ALONE = 0xDA, 0xD9, (0x01, 0xD8)  # kinds; those alone have no length and no content
ORIENTATION, IMAGE_WIDTH, IMAGE_LENGTH = 0x0112, 0x0100, 0x0101  # EXIF and TIFF
WHITE_IS_ZERO = 262  # the tag of a TIFF that says so by 0
HIDDEN = (".", "__")

logger = logging.getLogger(__name__)

EXIF_OF_PNG = {"exif", "Raw profile type exif", "xmp", "XML:com.adobe.xmp"}
TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
SUFFIXES = (
    *(".png", ".apng", ".jpg", ".jpeg", ".jpe", ".jfif", ".webp", ".tif", ".tiff", ".bmp", ".gif"),
    *(".heic", ".heif"),
)
LINES, LIGHT = 0.5, 0.75  # of a picture: more than lines cover; of white: what only light lines are above
INK = 0.5  # % of a sheet that strokes cover, at least
UNREADABLE = (*RAW, ".avif", ".jp2", ".jxl", ".psd", ".pbm", ".pgm", ".pnm", ".ppm", ".tga")  # pictures all the same


def probe(path: str | Path) -> tuple[int, int]:
    """Reads the size of an image from its header, without decoding it.

    Args:
        path: An image file.

    Returns:
        `(height, width)`, after an EXIF turn. (That of a PNG is seen where it stands before the pixels.)

    Raises:
        FileNotFoundError: There is no such file.
        ValueError: The file is no image, too large or too small.
    """
    with open_file(path) as file, open_picture(file, str(path), MAX_PIXELS) as picture:
        width, height = picture.size
        if picture.format == "TIFF":  # whose turn Pillow may, or may not yet, have counted in
            tags: Any = getattr(picture, "tag_v2", {})
            width, height = tags[IMAGE_WIDTH], tags[IMAGE_LENGTH]
        return (width, height) if _orientation(picture) in (5, 6, 7, 8) else (height, width)


def read(path: str | Path, channels: int = 3) -> np.ndarray:
    """Reads an image file of any depth, palette, CMYK, alpha, EXIF turn.

    Of several frames the first is taken. Transparent parts become white paper.

    Args:
        path: PNG, JPEG, WebP, TIFF, BMP or GIF, whatever its suffix, and HEIC where `pillow-heif` is installed (the
            extra `heic`); at most 100 megapixels and 512 MiB, each side at least 16 pixels.
        channels: 3 for RGB, 1 for the luminance (ITU-R BT.601), as for a sketch.

    Returns:
        `(H, W, channels)` float32 in [0, 1].

    Raises:
        FileNotFoundError: There is no such file.
        ValueError: The file is no image, is damaged, or is too large or too small.
    """
    with open_file(path) as file:
        return decode(file.read(MAX_BYTES), channels, name=str(path))


def decode(data: bytes, channels: int = 3, *, name: str = "the picture", max_pixels: int = MAX_PIXELS) -> np.ndarray:
    """Reads an image from the bytes of its file, as `read` does, and touches no file.

    Args:
        data: The whole file.
        channels: 3 or 1, as in `read`; or 4 for RGB and alpha, 1 where it is opaque.
        name: What errors call it.
        max_pixels: The most pixels that are decoded.

    Returns:
        `(H, W, channels)` float32 in [0, 1].

    Raises:
        ValueError: The bytes are no image, are damaged, or the image is too large or too small.
    """
    _check_channels(channels, (1, 3, 4))
    with open_picture(io.BytesIO(data), name, max_pixels) as picture:
        # A scan without content costs a few bytes and passes over all pixels; libtiff has the same bound.
        scans = _count_scans(data) if picture.format in ("JPEG", "MPO") else 1
        if scans > MAX_SCANS:
            raise ValueError(
                f"A JPEG may have at most {MAX_SCANS} scans. Received: {name} with {scans}. Save it again as PNG."
            )
        return _from_pillow(picture, channels, name)


def _count_scans(jpeg: bytes) -> int:
    """How many scans the first picture of a file has; a video or a second picture may lie behind it."""
    count, place = 0, 0
    while (found := MARKER.search(jpeg, place)) and (kind := jpeg[found.end() - 1]) != END_OF_IMAGE:
        count += kind == START_OF_SCAN
        place = found.end()
        if kind not in ALONE:
            place += int.from_bytes(jpeg[place : place + 2], "big")
    return count


def as_array(picture: Any, channels: int = 3) -> np.ndarray:
    """Turns whatever people call a picture into an image.

    One picture gives the same numbers as a file by its path, as the bytes of the file, and as a Pillow image of it.

    Args:
        picture: The path of an image file; the `bytes` of one; a Pillow image of any mode, to which its EXIF turn is
            applied; or an array `(H, W)`, `(H, W, 1)` grey, `(H, W, 2)` grey and alpha, `(H, W, 3)` RGB or
            `(H, W, 4)` RGBA: 8-bit, 16-bit, or float in [0, 1]. Transparent parts become white paper.
        channels: 3 for RGB, 1 for the luminance (ITU-R BT.601), as for a sketch.

    Returns:
        `(H, W, channels)` float32 in [0, 1].

    Raises:
        FileNotFoundError: There is no such file.
        ValueError: The picture is damaged, too large or too small, or an array of another shape or range.
        TypeError: It is none of those.

    >>> as_array(np.full((16, 16, 4), 255, np.uint8), channels=1).shape
    (16, 16, 1)
    """
    if isinstance(picture, (str, os.PathLike)):
        return read(Path(picture), channels)
    if isinstance(picture, (bytes, bytearray, memoryview)):
        return decode(bytes(picture), channels)
    _check_channels(channels)
    if isinstance(picture, Image.Image):
        check_sides(picture.height, picture.width, "the picture", MAX_PIXELS)
        return _from_pillow(picture, channels, "the picture")
    if not hasattr(picture, "__array__"):
        way = "Give what its `read()` returns" if hasattr(picture, "read") else "Wrap numbers in numpy.asarray"
        raise TypeError(
            "A picture must be a path, the bytes of a file, a Pillow image or an array. "
            f"Received: {type(picture).__name__}. {way}."
        )
    return _from_array(np.asarray(picture), channels)


def _from_array(array: np.ndarray, channels: int) -> np.ndarray:
    values = array[..., np.newaxis] if array.ndim == 2 else array
    if values.dtype.kind in "cmMOSU" or values.dtype.names:  # bfloat16 is of kind V
        raise ValueError(f"A picture must be an array of numbers. Received: an array of {array.dtype}.")
    if values.ndim != 3 or values.shape[-1] not in (1, 2, 3, 4):
        raise ValueError(
            "A picture must be (H, W), or (H, W, C) with 1 channel (grey), 2 (grey, alpha), 3 (RGB) or 4 (RGBA). "
            f"Received: shape={array.shape}."
        )
    check_sides(values.shape[0], values.shape[1], "the picture", MAX_PIXELS)
    if values.dtype == np.uint8:
        values = from_uint8(values)
    elif values.dtype.kind == "u" and values.dtype.itemsize == 2:  # of either byte order
        values = values.astype(np.float32) / np.float32(65535)
    else:
        values = values.astype(np.float32)
        # Asked this way round, NaN is refused too.
        if not (values.min() >= -1e-3 and values.max() <= 1 + 1e-3):
            whole = np.issubdtype(array.dtype, np.integer)
            kind = "uint8" if values.max() <= 255 else "uint16"
            way = f"Convert values of that kind with `.astype(numpy.{kind})`" if whole else "Scale them first"
            broken = int(np.isnan(values).sum())
            received = f"{broken} NaN" if broken else f"{array.dtype} from {values.min():.4g} to {values.max():.4g}"
            raise ValueError(
                "A picture must be float in [0, 1] with white paper = 1, or uint8, or uint16. "
                f"Received: {received}. {'Find the step that made them' if broken else way}."
            )
        values = np.clip(values, 0.0, 1.0)
    if values.shape[-1] in (2, 4):
        alpha = values[..., -1:]
        values = values[..., :-1] * alpha + _paper(values[..., :-1], alpha) * (1 - alpha)
    if channels == 1:
        return to_gray(values)[..., np.newaxis]
    return np.repeat(values, 3, axis=-1) if values.shape[-1] == 1 else values


def _from_pillow(picture: Image.Image, channels: int, name: str) -> np.ndarray:
    try:
        picture.load()
        # Pillow turns a TIFF itself, and forgets its orientation.
        turn = TURNS.get(_orientation(picture))
        return _to_array(picture if turn is None else picture.transpose(turn), channels)
    except Exception as error:  # on damaged files Pillow's decoders raise a dozen kinds
        raise ValueError(
            f"An image must be readable to its end. Received: {name}, which is damaged or of a rare kind "
            f"({first_line(error)}). Copy it again, or save it as PNG or JPEG."
        ) from None


def _check_channels(channels: int, known: Collection[int] = (1, 3)) -> None:
    if channels not in known:
        raise ValueError(f"`channels` must be one of {', '.join(map(str, known))}. Received: channels={channels}.")


def _orientation(picture: Image.Image) -> int:
    """The EXIF orientation, 1 to 8; damaged EXIF says nothing about the pixels, and is passed over."""
    try:
        undecoded = getattr(picture, "tile", None)  # a picture that comes from no file has none
        if picture.format == "PNG" and undecoded and not EXIF_OF_PNG & picture.info.keys():
            return 1  # asked for more, Pillow would decode the pixels to look behind them
        return picture.getexif().get(ORIENTATION, 1)
    except Exception:  # a dozen kinds
        return 1


def _to_array(picture: Image.Image, channels: int) -> np.ndarray:
    is_transparent = picture.has_transparency_data
    if channels == 4:
        if is_transparent:
            return from_uint8(np.asarray(picture.convert("RGBA")))
        return np.pad(_to_array(picture, 3), ((0, 0), (0, 0), (0, 1)), constant_values=1.0)
    if picture.mode in ("I;16", "I;16L", "I;16B", "I;16N", "I", "F"):  # one deep channel
        values = np.asarray(picture).astype(np.float32)
        # 16-bit files arrive as "I;16" or "I", and what somebody converted to "I" is of 8 bits; float files hold
        # [0, 1], or else [0, 255] or 16-bit values, and filters may have gone beyond these.
        finite = np.nan_to_num(values, posinf=0.0, neginf=0.0)
        peak = float(finite.max())
        if picture.mode == "I" and (peak > 65535 or finite.min() < 0):
            raise ValueError("whole numbers of more than 16 bits")
        is_float = picture.mode == "F"
        small = 1.0 if is_float and peak <= 2 else 255.0
        full = 65535.0 if picture.mode not in ("F", "I") or peak > (510 if is_float else 255) else small
        opaque = (values != picture.info.get("transparency"))[..., np.newaxis]
        values = np.clip(np.nan_to_num(values) / full, 0.0, 1.0).astype(np.float32)[..., np.newaxis]
        if getattr(picture, "tag_v2", {}).get(WHITE_IS_ZERO) == 0:  # Pillow turns those of 8 bits alone
            values = 1 - values
        values = np.where(opaque, values, np.float32(1 if opaque.all() else _paper(values, opaque)))
        return np.repeat(values, 3, axis=-1) if channels == 3 else values
    if is_transparent:
        picture = picture.convert("RGBA")
        values = from_uint8(np.asarray(picture))
        paper = 255 * _paper(values[..., :3], values[..., 3:])
        picture = Image.alpha_composite(Image.new("RGBA", picture.size, (paper, paper, paper, 255)), picture)
    values = np.asarray(picture.convert("RGB" if channels == 3 else "L"))
    return from_uint8(values if channels == 3 else values[..., np.newaxis])


def _paper(values: np.ndarray, alpha: np.ndarray) -> int:
    """What is behind the transparent parts of a picture: 1, white; 0, black, where it is light lines and nothing else.

    Programs that draw on a dark screen save such lines.
    """
    opaque = alpha[..., 0] >= 0.5
    is_light = 0 < opaque.mean() < LINES and np.percentile(to_gray(values)[opaque], INK) > LIGHT
    return 0 if is_light else 1


def list_files(folder: str | Path, *, suffixes: Collection[str] | None = SUFFIXES) -> list[Path]:
    """Lists the files below `folder` that are named like images, sorted, without hidden ones.

    A folder so named is none of them; what is inside it is. A folder that cannot be read is left out, and named in the
    log.

    Args:
        folder: Where to look, at any depth and behind links.
        suffixes: What is listed, in small letters; None lists all files.
    """
    found: list[Path] = []
    seen: set[str] = set()  # a link may lead to a folder around it
    for place, folders, names in os.walk(folder, onerror=_say_left_out, followlinks=True):
        if os.path.realpath(place) in seen:
            folders.clear()
            continue
        seen.add(os.path.realpath(place))
        folders[:] = [name for name in folders if not name.startswith(HIDDEN)]
        found += [
            Path(place, name)
            for name in names
            if not name.startswith(HIDDEN) and (suffixes is None or Path(name).suffix.lower() in suffixes)
        ]
    return sorted(found)


def _say_left_out(error: OSError) -> None:
    logger.warning("left out a folder that cannot be read: %s", error)
