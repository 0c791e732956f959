"""What images are inside the package, and how their size and their kind of numbers change."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import cv2
import numpy as np

MIN_SIDE = 16
MAX_PIXELS = 100_000_000
MAX_SIDE = 32_000  # OpenCV moves pixels of at most 32,766 rows and columns
GAP = 4  # pixels between pictures on one sheet
FITS = ("crop", "squeeze", "pad")

# The worker threads are ours (datasets/prefetch.py); OpenCV's own would compete with them and with the training step.
cv2.setNumThreads(1)


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

    Raises:
        TypeError: It is no array.
        ValueError: It has another shape, or whole numbers.
    """
    if not isinstance(image, np.ndarray):
        raise TypeError(f"An image must be an array. Received: {type(image).__name__}. `images.read` reads a file.")
    if not np.issubdtype(image.dtype, np.floating):  # of 8 bits it would be another picture
        raise ValueError(
            f"An image must be float in [0, 1]. Received: dtype={image.dtype}. Convert 8-bit values with "
            "`images.from_uint8`."
        )
    if image.ndim == 2:
        return image.astype(np.float32, copy=False)
    if image.ndim == 3 and image.shape[-1] == 1:
        return image[..., 0].astype(np.float32, copy=False)
    if image.ndim == 3 and image.shape[-1] == 3:
        return cv2.cvtColor(np.ascontiguousarray(image, dtype=np.float32), cv2.COLOR_RGB2GRAY)
    raise ValueError(f"An image must be (H, W), (H, W, 1) or (H, W, 3). Received: shape={image.shape}.")


def check_image(name: str, image: np.ndarray, channels: Collection[int] = (1, 3)) -> None:
    """Raises `ValueError`, which calls it `name`, unless `image` is `(H, W, one of channels)`, finite and float."""
    if not isinstance(image, np.ndarray):
        raise ValueError(
            f"`{name}` must be a NumPy array. Received: {type(image).__name__}. Make one of it with `images.as_array`."
        )
    # 8-bit arrays would be clipped to all white, and two white images agree perfectly.
    if not np.issubdtype(image.dtype, np.floating):
        raise ValueError(
            f"`{name}` must be float in [0, 1]. Received: dtype={image.dtype}. "
            "Convert 8-bit values with `images.from_uint8`."
        )
    if image.ndim != 3 or image.shape[-1] not in channels or 0 in image.shape:
        shapes = " or ".join(f"(H, W, {count})" for count in channels)
        raise ValueError(
            f"`{name}` must be one image of shape {shapes}. Received: shape={image.shape}. "
            f"Read it with `images.read(path, channels={max(channels)})`, and give one image of a batch at a time."
        )
    broken = image.size - int(np.isfinite(image).sum())
    if broken:
        raise ValueError(
            f"`{name}` must be finite. Received: {broken} of {image.size} values that are NaN or infinite. "
            "Find the step that made them: a generator that gives NaN has diverged in training."
        )


def check_size(size: Sequence[int], name: str = "size", *, of_picture: bool = True) -> tuple[int, int]:
    """Checks a `(height, width)` and returns it as a tuple; whole numbers, each at least 1, and those of a picture at
    least 16 and no more than it may have.

    Errors call it `name`.
    """
    least = MIN_SIDE if of_picture else 1
    size = tuple(size) if isinstance(size, (list, tuple, np.ndarray)) else size
    is_pair = isinstance(size, tuple) and len(size) == 2 and all(isinstance(side, (int, np.integer)) for side in size)
    if not is_pair or min(size) < least:
        raise ValueError(
            f"`{name}` must be (height, width), whole numbers, at least {least} x {least}. Received: {name}={size!r}."
        )
    if of_picture and (max(size) > MAX_SIDE or int(size[0]) * int(size[1]) > MAX_PIXELS):
        raise ValueError(
            f"`{name}` may have at most {MAX_SIDE} rows or columns, and {MAX_PIXELS / 1e6:.3g} megapixels. "
            f"Received: {name}={size!r}."
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

    Raises:
        ValueError: `size` is no such pair.
    """
    height, width = check_size(size, of_picture=False)
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


def reduce(image: np.ndarray, longest: int) -> np.ndarray:
    """Reduces an image until its longer side has at most so many pixels, and keeps its proportions.

    Args:
        image: `(H, W, C)` float32.
        longest: Pixels; no side becomes shorter than 16.

    Returns:
        `(H', W', C)` float32; the image itself where it is small enough.

    >>> reduce(np.ones((40, 80, 1), np.float32), 60).shape
    (30, 60, 1)
    """
    ratio = longest / max(image.shape[:2])
    if ratio >= 1:
        return image
    return resize(image, [max(round(side * ratio), MIN_SIDE) for side in image.shape[:2]])


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

    Raises:
        ValueError: `how` is unknown, `size` is no such pair, or the image is a ribbon that would become far too large.
    """
    check_fit(how)
    height, width = check_size(size, of_picture=False)
    if how == "squeeze" or image.shape[:2] == (height, width):
        return resize(image, size)
    ratios = height / image.shape[0], width / image.shape[1]
    ratio = max(ratios) if how == "crop" else min(ratios)
    choose = max if how == "crop" else min
    scaled = choose(round(image.shape[0] * ratio), height), choose(round(image.shape[1] * ratio), width)
    if scaled[0] * scaled[1] > max(MAX_PIXELS, height * width):
        raise ValueError(
            f"An image may have at most {MAX_PIXELS / 1e6:.3g} megapixels before it is cut. Received: "
            f"{image.shape[0]} rows x {image.shape[1]} columns for size=({height}, {width}), which would become "
            f"{scaled[0]} x {scaled[1]}. Take fit pad or squeeze."
        )
    image = resize(image, (max(scaled[0], 1), max(scaled[1], 1)))
    top, left = (image.shape[0] - height) // 2, (image.shape[1] - width) // 2
    if how == "crop":
        return image[top : top + height, left : left + width]
    canvas = np.ones((height, width, image.shape[-1]), np.float32)
    canvas[-top : -top + image.shape[0], -left : -left + image.shape[1]] = image
    return canvas


def side_by_side(pictures: Sequence[np.ndarray]) -> np.ndarray:
    """Puts pictures of equal height beside each other, grey ones as RGB, with a white gap.

    Args:
        pictures: Each `(H, W, 1)` or `(H, W, 3)`.

    Returns:
        `(H, sum of widths and gaps, 3)` float32.

    Raises:
        ValueError: There is none, or their heights differ.
    """
    if len({picture.shape[0] for picture in pictures}) != 1:
        raise ValueError(
            "Pictures beside each other must be at least one, all of one height. Received: "
            f"{[picture.shape for picture in pictures]}. Bring them to one size with `images.fit`."
        )
    columns: list[np.ndarray] = []
    for picture in pictures:
        if columns:
            columns.append(np.ones((picture.shape[0], GAP, 3), np.float32))
        columns.append(np.repeat(picture, 3, axis=-1) if picture.shape[-1] == 1 else picture)
    return np.concatenate(columns, axis=1)


def grid(rows: Sequence[Sequence[np.ndarray]]) -> np.ndarray:
    """Stacks rows of pictures of one size, each row as `side_by_side`."""
    lines: list[np.ndarray] = []
    for row in rows:
        line = side_by_side(row)
        if lines:
            lines.append(np.ones((GAP, line.shape[1], 3), np.float32))
        lines.append(line)
    return np.concatenate(lines, axis=0)


def contact_sheet(pictures: Sequence[np.ndarray]) -> np.ndarray:
    """Puts pictures of one size on one sheet, about as many rows as columns.

    Raises:
        ValueError: There is none, or their sizes differ.

    >>> contact_sheet([np.zeros((20, 10, 3), np.float32)] * 3).shape
    (44, 24, 3)
    """
    if len({picture.shape[:2] for picture in pictures}) != 1:
        raise ValueError(
            "Pictures on one sheet must be at least one, all of one size. Received: "
            f"{[picture.shape for picture in pictures]}. Bring them to one size with `images.fit`."
        )
    columns = int(np.ceil(np.sqrt(len(pictures))))
    missing = [np.ones_like(pictures[0])] * (-len(pictures) % columns)
    shown = [*pictures, *missing]
    return grid([shown[begin : begin + columns] for begin in range(0, len(shown), columns)])
