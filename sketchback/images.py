"""The only door between image files, 8-bit arrays and our images.

Inside the house an image is RGB, `(H, W, C)`, float32 in [0, 1]; a sketch is `(H, W, 1)` with white paper = 1.
`size` is always `(height, width)`.
"""

from __future__ import annotations

import io
import os
import re
import stat
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import BinaryIO

import cv2
import numpy as np
from PIL import Image, UnidentifiedImageError

from sketchback.atomic import replacing

MAX_PIXELS = 100_000_000
MAX_BYTES = 512 << 20
MAX_SCANS = 100  # of a JPEG; a progressive one has about ten
MIN_SIDE = 16
FITS = ("crop", "squeeze", "pad")
# Pillow knows sixty more, among them some that start other programs.
FORMATS = ("PNG", "JPEG", "WEBP", "TIFF", "BMP", "GIF")
ORIENTATION, IMAGE_WIDTH, IMAGE_LENGTH = 0x0112, 0x0100, 0x0101  # EXIF and TIFF
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
SUFFIXES = (".png", ".jpg", ".jpeg", ".webp", ".tif", ".tiff", ".bmp", ".gif")
WRITABLE = (".png", ".jpg", ".jpeg", ".webp", ".tif", ".tiff", ".bmp", ".pdf")

# The worker threads are ours (batches.py); OpenCV's own would compete with them and with the training step.
cv2.setNumThreads(1)
# Our own limit comes before Pillow's warning, and says more; odd EXIF and TIFF tags say nothing about the pixels.
warnings.filterwarnings("ignore", category=Image.DecompressionBombWarning)
warnings.filterwarnings("ignore", category=UserWarning, module=r"PIL\.")


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
    with _open_file(path) as file, _open(file, str(path), MAX_PIXELS) as picture:
        width, height = picture.size
        if picture.format == "TIFF":  # whose turn Pillow may, or may not yet, have counted in
            width, height = picture.tag_v2[IMAGE_WIDTH], picture.tag_v2[IMAGE_LENGTH]
        return (width, height) if _orientation(picture) in (5, 6, 7, 8) else (height, width)


def read(path: str | Path, channels: int = 3) -> np.ndarray:
    """Reads an image file of any depth, palette, CMYK, alpha, EXIF turn.

    Of several frames the first is taken. Transparent parts become white paper.

    Args:
        path: PNG, JPEG, WebP, TIFF, BMP or GIF, whatever its suffix; at most 100 megapixels and 512 MiB, each side at
            least 16 pixels.
        channels: 3 for RGB, 1 for the luminance (ITU-R BT.601), as for a sketch.

    Returns:
        `(H, W, channels)` float32 in [0, 1].

    Raises:
        FileNotFoundError: There is no such file.
        ValueError: The file is no image, is damaged, or is too large or too small.
    """
    with _open_file(path) as file:
        return decode(file.read(MAX_BYTES), channels, str(path))


def decode(data: bytes, channels: int = 3, name: str = "the picture", max_pixels: int = MAX_PIXELS) -> np.ndarray:
    """Reads an image from the bytes of its file, as `read` does, and touches no file.

    Args:
        data: The whole file.
        channels: 3 or 1, as in `read`.
        name: What errors call it.
        max_pixels: The most pixels that are decoded.

    Returns:
        `(H, W, channels)` float32 in [0, 1].

    Raises:
        ValueError: The bytes are no image, are damaged, or the image is too large or too small.
    """
    if channels not in (1, 3):
        raise ValueError(f"`channels` must be 1 (grey) or 3 (RGB). Received: channels={channels}.")
    with _open(io.BytesIO(data), name, max_pixels) as picture:
        # A scan without content costs a few bytes and passes over all pixels; libtiff has the same bound.
        scans = data.count(b"\xff\xda") if picture.format in ("JPEG", "MPO") else 1
        if scans > MAX_SCANS:
            raise ValueError(
                f"A JPEG may have at most {MAX_SCANS} scans. Received: {name} with {scans}. Save it again as PNG."
            )
        try:
            picture.load()
            # Pillow turns a TIFF itself, and forgets its orientation.
            turn = TURNS.get(_orientation(picture))
            return _to_array(picture if turn is None else picture.transpose(turn), channels)
        except Exception as error:  # on damaged files Pillow's decoders raise a dozen kinds
            raise ValueError(
                f"An image must be readable to its end. Received: {name}, which is damaged or of a rare kind "
                f"({_first_line(error)}). Copy it again, or save it as PNG or JPEG."
            ) from None


def _open_file(path: str | Path) -> BinaryIO:
    """Opens an ordinary file of bearable length: a pipe would be waited for, a device might never end."""
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
        raise FileNotFoundError(f"An image file must exist. Received: {path}. Check the name and the folder.") from None
    except OSError as error:  # a folder or file of somebody else, a link to itself, a name that is too long
        raise ValueError(f"An image must be readable. Received: {path}: {error.strerror.lower()}.") from None


def _open(file: BinaryIO, name: str, max_pixels: int) -> Image.Image:
    """Reads the header; nothing is decoded before its size is known."""
    too_large = f"An image may have at most {max_pixels / 1e6:.3g} megapixels. Received: {name} with "
    try:
        picture = Image.open(file, formats=FORMATS)
    except Image.DecompressionBombError as error:  # Pillow's own bound, which lies above ours
        pixels = int(re.search(r"\d+", str(error))[0])
        raise ValueError(f"{too_large}{pixels / 1e6:.0f}. Make it smaller first.") from None
    except Exception as error:  # on damaged headers Pillow raises a dozen kinds
        what = "an empty file" if file.seek(0, os.SEEK_END) == 0 else "which no decoder recognises"
        if not isinstance(error, UnidentifiedImageError):
            what = f"which is damaged ({_first_line(error)})"
        raise ValueError(f"An image must be PNG, JPEG, WebP, TIFF, BMP or GIF. Received: {name}, {what}.") from None
    width, height = picture.size
    if width * height > max_pixels:
        picture.close()
        raise ValueError(f"{too_large}{height} x {width} = {height * width / 1e6:.0f}. Make it smaller first.")
    if min(width, height) < MIN_SIDE:
        picture.close()
        raise ValueError(
            f"An image must be at least {MIN_SIDE} x {MIN_SIDE} pixels. Received: {name} with {height} x {width}."
        )
    return picture


def _orientation(picture: Image.Image) -> int:
    """The EXIF orientation, 1 to 8; damaged EXIF says nothing about the pixels, and is passed over."""
    try:
        if picture.format == "PNG" and picture.tile and not EXIF_OF_PNG & picture.info.keys():
            return 1  # asked for more, Pillow would decode the pixels to look behind them
        return picture.getexif().get(ORIENTATION, 1)
    except Exception:  # a dozen kinds
        return 1


def _first_line(error: BaseException) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]


def _to_array(picture: Image.Image, channels: int) -> np.ndarray:
    if picture.mode in ("I;16", "I;16L", "I;16B", "I;16N", "I", "F"):  # one deep channel
        values = np.asarray(picture).astype(np.float32)
        # 16-bit files arrive as "I;16" or "I"; float files hold [0, 1], or else [0, 255] or 16-bit values.
        finite = np.nan_to_num(values, posinf=0.0, neginf=0.0)
        peak = float(finite.max())
        full = 65535.0 if picture.mode != "F" or peak > 255 else 255.0 if peak > 1 else 1.0
        values = np.clip(np.nan_to_num(values) / full, 0.0, 1.0).astype(np.float32)[..., np.newaxis]
        return np.repeat(values, 3, axis=-1) if channels == 3 else values
    if picture.mode in ("RGBA", "LA", "PA", "La", "RGBa") or "transparency" in picture.info:
        picture = picture.convert("RGBA")
        paper = Image.new("RGBA", picture.size, (255, 255, 255, 255))
        picture = Image.alpha_composite(paper, picture)
    values = np.asarray(picture.convert("RGB" if channels == 3 else "L"))
    return from_uint8(values if channels == 3 else values[..., np.newaxis])


def write(path: str | Path, image: np.ndarray) -> Path:
    """Writes an image; the suffix chooses the format. The file appears whole or not at all.

    Args:
        path: A name ending in .png, .jpg, .jpeg, .webp, .tif, .tiff, .bmp or .pdf.
        image: `(H, W, 1)`, `(H, W, 3)` or `(H, W)`, float in [0, 1]; values outside are clipped.

    Returns:
        The path.

    Raises:
        ValueError: The suffix is not one of those.
        OSError: The file cannot be written.
    """
    path = Path(path)
    check_writable(path)
    values = to_uint8(image)
    picture = Image.fromarray(values[..., 0] if values.ndim == 3 and values.shape[-1] == 1 else values)
    # quality means nothing to the lossless formats, which ignore it.
    with replacing(path) as temporary:
        picture.save(temporary, quality=95)
    return path


def check_writable(path: str | Path) -> None:
    """Raises `ValueError` unless the suffix of `path` names a format that `write` can write."""
    suffix = Path(path).suffix.lower()
    if suffix not in WRITABLE:
        raise ValueError(f"The name of an image to write must end in one of {', '.join(WRITABLE)}. Received: {path}.")


def list_files(folder: str | Path) -> list[Path]:
    """Lists the files below `folder` that are named like images, sorted, without hidden ones.

    A folder so named is none of them; what is inside it is.
    """
    folder = Path(folder)
    return sorted(
        path
        for path in folder.rglob("*")
        if path.suffix.lower() in SUFFIXES
        and not any(part.startswith((".", "__")) for part in path.relative_to(folder).parts)
        and not os.path.isdir(path)
    )


def to_uint8(image: np.ndarray) -> np.ndarray:
    """Rounds an image in [0, 1] to 8 bits; values outside are clipped.

    >>> to_uint8(np.array([-1.0, 0.5, 2.0]))
    array([  0, 128, 255], dtype=uint8)
    """
    return np.rint(np.clip(image, 0.0, 1.0) * 255.0).astype(np.uint8)


def from_uint8(values: np.ndarray) -> np.ndarray:
    """Turns 8-bit values into float32 in [0, 1]."""
    scaled = values.astype(np.float32)
    scaled *= np.float32(1 / 255)  # in place: a large scan needs its memory once
    return scaled


def to_gray(image: np.ndarray) -> np.ndarray:
    """Luminance by ITU-R BT.601, `0.299 R + 0.587 G + 0.114 B`.

    Args:
        image: `(H, W, 3)`, `(H, W, 1)` or `(H, W)` in [0, 1].

    Returns:
        `(H, W)` float32 in [0, 1].
    """
    if image.ndim == 2:
        return image.astype(np.float32, copy=False)
    if image.ndim == 3 and image.shape[-1] == 1:
        return image[..., 0].astype(np.float32, copy=False)
    if image.ndim == 3 and image.shape[-1] == 3:
        return cv2.cvtColor(np.ascontiguousarray(image, dtype=np.float32), cv2.COLOR_RGB2GRAY)
    raise ValueError(f"An image must be (H, W), (H, W, 1) or (H, W, 3). Received: shape={image.shape}.")


def check_size(size: Sequence[int]) -> tuple[int, int]:
    """Checks a `(height, width)` and returns it as a tuple; each at least 16."""
    if len(size) != 2 or min(size) < MIN_SIDE:
        raise ValueError(
            f"`size` must be (height, width), at least {MIN_SIDE} x {MIN_SIDE}. Received: size={tuple(size)}."
        )
    return int(size[0]), int(size[1])


def resize(image: np.ndarray, size: Sequence[int], cubic: bool = False) -> np.ndarray:
    """Resizes an image: by area where it shrinks, bilinearly where it grows.

    Args:
        image: `(H, W, C)` float32.
        size: `(height, width)`.
        cubic: Bicubically where it grows: crisper, and without the grid that a strong enlargement shows. What this
            adds beyond [0, 1] is cut.

    Returns:
        `(height, width, C)` float32.
    """
    height, width = size
    if image.shape[:2] == (height, width):
        return image
    # One step each way: where one side shrinks and the other grows, OpenCV would skip pixels instead of averaging.
    smaller = min(height, image.shape[0]), min(width, image.shape[1])
    resized = image
    if image.shape[:2] != smaller:
        resized = cv2.resize(resized, smaller[::-1], interpolation=cv2.INTER_AREA)
    if (height, width) != smaller:
        resized = cv2.resize(resized, (width, height), interpolation=cv2.INTER_CUBIC if cubic else cv2.INTER_LINEAR)
        resized = np.clip(resized, 0.0, 1.0) if cubic else resized
    return resized[..., np.newaxis] if resized.ndim < image.ndim else resized  # OpenCV drops a last axis of 1


def check_fit(how: str) -> str:
    """Returns the name of a fit, or raises `ValueError` that lists the known ones."""
    if how not in FITS:
        raise ValueError(f"`fit` must be one of {', '.join(FITS)}. Received: {how!r}.")
    return how


def fit(image: np.ndarray, size: Sequence[int], how: str = "crop") -> np.ndarray:
    """Brings an image of any shape to `size`.

    Args:
        image: `(H, W, C)` float32.
        size: `(height, width)`.
        how: `"crop"` keeps proportions and cuts what stands over, evenly on both sides; `"squeeze"` changes the
            proportions (as the original Sketchback did); `"pad"` keeps proportions and everything, and adds white.

    Returns:
        `(height, width, C)` float32.
    """
    check_fit(how)
    height, width = size
    if how == "squeeze" or image.shape[:2] == (height, width):
        return resize(image, size)
    ratios = height / image.shape[0], width / image.shape[1]
    ratio = max(ratios) if how == "crop" else min(ratios)
    choose = max if how == "crop" else min
    scaled = choose(round(image.shape[0] * ratio), height), choose(round(image.shape[1] * ratio), width)
    image = resize(image, (max(scaled[0], 1), max(scaled[1], 1)))
    top, left = (image.shape[0] - height) // 2, (image.shape[1] - width) // 2
    if how == "crop":
        return image[top : top + height, left : left + width]
    canvas = np.ones((height, width, image.shape[-1]), np.float32)
    canvas[-top : -top + image.shape[0], -left : -left + image.shape[1]] = image
    return canvas


def pad_to_multiple(batch: np.ndarray, multiple: int) -> np.ndarray:
    """Reflects a batch at its lower and right edge until both sides are multiples of `multiple`.

    Args:
        batch: `(B, H, W, C)`.
        multiple: The generator's stride.

    Returns:
        `(B, H', W', C)`; `[:, :H, :W]` of it is the batch.
    """
    bottom, right = -batch.shape[1] % multiple, -batch.shape[2] % multiple
    if not (bottom or right):
        return batch
    return np.pad(batch, ((0, 0), (0, bottom), (0, right), (0, 0)), mode="reflect")


def side_by_side(pictures: Sequence[np.ndarray], gap: int = 4) -> np.ndarray:
    """Puts pictures of equal height beside each other, grey ones as RGB, with a white gap.

    Args:
        pictures: Each `(H, W, 1)` or `(H, W, 3)`.
        gap: Pixels between two of them.

    Returns:
        `(H, sum of widths and gaps, 3)` float32.
    """
    columns: list[np.ndarray] = []
    for picture in pictures:
        if columns:
            columns.append(np.ones((picture.shape[0], gap, 3), np.float32))
        columns.append(np.repeat(picture, 3, axis=-1) if picture.shape[-1] == 1 else picture)
    return np.concatenate(columns, axis=1)


def grid(rows: Sequence[Sequence[np.ndarray]], gap: int = 4) -> np.ndarray:
    """Stacks rows of pictures of one size, each row as `side_by_side`."""
    lines: list[np.ndarray] = []
    for row in rows:
        line = side_by_side(row, gap)
        if lines:
            lines.append(np.ones((gap, line.shape[1], 3), np.float32))
        lines.append(line)
    return np.concatenate(lines, axis=0)
