"""Images -> files, bytes, and the kind of picture that came in."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from sketchback.atomic import replacing
from sketchback.images.arrays import check_image, from_uint8, to_uint8

DENSITY, A4 = 72.0, (8.27, 11.69)  # pixels an inch, at least; inches
WRITABLE = {  # suffix -> Pillow's name
    ".png": "PNG",
    ".jpg": "JPEG",
    ".jpeg": "JPEG",
    ".webp": "WEBP",
    ".tif": "TIFF",
    ".tiff": "TIFF",
    ".bmp": "BMP",
    ".pdf": "PDF",
}


def write(path: str | Path, image: np.ndarray | Sequence[np.ndarray]) -> Path:
    """Writes an image; the suffix chooses the format. The file appears whole or not at all.

    Args:
        path: A name ending in .png, .jpg, .jpeg, .webp, .tif, .tiff, .bmp or .pdf.
        image: `(H, W, 1)`, `(H, W, 3)` or `(H, W)`, float in [0, 1], or 8-bit; what is a little outside is clipped.
            For .pdf also a sequence of such, which become its pages.

    Returns:
        The path.

    Raises:
        ValueError: The suffix is not one of those, or the image is of another shape or range.
        OSError: The file cannot be written.
    """
    path = Path(path)
    check_writable(path)
    with replacing(path) as temporary:
        _save(temporary, image, path.suffix)
    return path


def encode(image: np.ndarray | Sequence[np.ndarray], suffix: str = ".png") -> bytes:
    """The bytes of the file that `write` would write.

    Args:
        image: As in `write`.
        suffix: As in `write`, `".png"` or `"png"`.

    Raises:
        ValueError: As `write`.
    """
    suffix = f".{suffix.removeprefix('.')}"
    check_writable(f"image{suffix}")
    file = io.BytesIO()
    _save(file, image, suffix)
    return file.getvalue()


def _save(file: Path | io.BytesIO, image: np.ndarray | Sequence[np.ndarray], suffix: str) -> None:
    pictures = [to_pillow(page) for page in ([image] if isinstance(image, np.ndarray) else image)]
    first, *others = pictures
    kind, pages = WRITABLE[suffix.lower()], {"save_all": True, "append_images": others} if others else {}
    if others and kind != "PDF":
        raise ValueError(f"Several images in one file must be a PDF. Received: {len(others) + 1} for {suffix}.")
    density = max(map(_density, pictures))  # a PDF has one for all its pages
    # What means nothing to a format is ignored by it.
    options = {"quality": 95, "dpi": (density, density), "resolution": density, **pages}
    try:
        first.save(file, kind, **options)
    except OSError as error:
        if error.errno is not None:
            raise
        raise ValueError(
            f"A picture must be one that {kind} can hold. Received: {first.height} rows x {first.width} columns "
            f"({error}). Take another format, as .png."
        ) from None


def _density(picture: Image.Image) -> float:
    """Pixels an inch as they are printed: more pixels are finer, and no larger than a page of A4."""
    short, long = sorted(picture.size)
    return float(max(DENSITY, short / A4[0], long / A4[1]))


def to_pillow(image: np.ndarray) -> Image.Image:
    """An image, as in `write`, as Pillow has them: mode L or RGB."""
    image = from_uint8(image) if image.dtype == np.uint8 else image
    check_image("image", image[..., np.newaxis] if image.ndim == 2 else image)
    # Filters overshoot, by less than all there is; what is farther off was scaled otherwise.
    if not (image.min() >= -1 and image.max() <= 2):
        raise ValueError(
            "`image` must be in [0, 1], or 8-bit. "
            f"Received: values from {image.min():.4g} to {image.max():.4g}. Scale them first."
        )
    values = to_uint8(image)
    return Image.fromarray(values[..., 0] if values.ndim == 3 and values.shape[-1] == 1 else values)


def as_kind_of(picture: Any, image: np.ndarray) -> Any:
    """An image as the kind of picture that somebody gave: PNG `bytes` for bytes, a Pillow image for one.

    Args:
        picture: As in `as_array`.
        image: `(H, W, 1)` or `(H, W, 3)`.

    Returns:
        `bytes`, a Pillow image, or the array itself where a path or an array was given.
    """
    if isinstance(picture, (bytes, bytearray, memoryview)):
        return encode(image)
    return to_pillow(image) if isinstance(picture, Image.Image) else image


def check_writable(path: str | Path) -> None:
    """Raises `ValueError` unless the suffix of `path` names a format that `write` can write."""
    suffix = Path(path).suffix.lower()
    if suffix not in WRITABLE:
        raise ValueError(f"The name of an image to write must end in one of {', '.join(WRITABLE)}. Received: {path}.")
