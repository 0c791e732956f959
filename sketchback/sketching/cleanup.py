"""Photograph or scan of a drawing on paper -> the kind of sketch that a generator knows.

Every step is a pure function that first finds out whether it is needed, and returns what it was given if not: a clean
sketch stays nearly as it is. `clean` takes them in order; each removes

    find_page, rectify     the table, perspective and rotation, where the edges of the page are visible
    flatten                uneven light and the colour of the paper
    straighten             a small rotation, where long straight lines show it
    denoise, despeckle     grain, JPEG's specks
    match_ink              the faintness of pencil
    centre                 the empty paper around a small drawing

Nothing here imports Keras.
"""

from __future__ import annotations

import cv2
import numpy as np

from sketchback.images import MIN_SIDE, check_size, reduce, to_gray
from sketchback.sketching.page_detection import find_page, rectify
from sketchback.sketching.paper import flatten

WORKING = 1600  # pixels on the long side that the steps work with; a drawing has no finer details
LARGEST = 1024  # pixels on the long side of a result
LEANING = 480  # pixels on the long side at which a rotation is measured
MARGIN = 0.1  # of paper beside a small drawing, as a share of its longer side
MOST = 0.6  # of a page: a drawing that takes up more, with its margin, stays on it
BLACK = 0.15  # the darkest strokes of CUFS's training sketches, on paper of 1


def clean(image: np.ndarray) -> np.ndarray:
    """Turns a photograph or scan of a drawing on paper into a sketch on white.

    Args:
        image: `(H, W)`, `(H, W, 1)` or `(H, W, 3)` RGB, float in [0, 1]; each side at least 16. In colour if it can be
            had: the colour of the paper is then divided out before luminance is taken.

    Returns:
        `(H', W', 1)` float32 in [0, 1], paper = 1, the long side at most 1024. The size of the image, unless it was
        larger, a page was found in it, or the drawing was small on its page.

    Raises:
        ValueError: The image has another shape or range, or is too small.

    >>> blank = np.ones((64, 48, 1), np.float32)
    >>> bool((clean(blank) == blank).all())
    True
    """
    image = np.clip(reduce(_checked(image), WORKING), 0.0, 1.0)
    corners = find_page(image)
    if corners is not None:
        image = rectify(image, corners)
    sketch = to_gray(flatten(image))[..., np.newaxis]
    if corners is None:
        sketch = straighten(sketch)
    sketch = match_ink(despeckle(denoise(sketch)))
    return reduce(centre(sketch), LARGEST)


def _checked(image: np.ndarray) -> np.ndarray:
    if image.ndim == 2:
        image = image[..., np.newaxis]
    if image.ndim != 3 or image.shape[-1] not in (1, 3):
        raise ValueError(f"An image to clean must be (H, W, 1) or (H, W, 3). Received: shape={image.shape}.")
    check_size(image.shape[:2])
    # Asked this way round, NaN is refused too; and no copy is made of a photograph that may be very large.
    if not (np.issubdtype(image.dtype, np.floating) and image.min() >= -1e-3 and image.max() <= 1 + 1e-3):
        raise ValueError(
            f"An image to clean must be float in [0, 1]. Received: dtype={image.dtype}, values from "
            f"{image.min():.4g} to {image.max():.4g}. Convert 8-bit values with `images.from_uint8`."
        )
    return image.astype(np.float32, copy=False)


# ---- rotation


def straighten(sketch: np.ndarray) -> np.ndarray:
    """Turns a sketch upright by its long straight lines, as buildings have them.

    A face has none and stays as it is: it may lean on purpose. Lines are the segments of a probabilistic Hough
    transform (Matas, Galambos and Kittler 2000); they count where most of their length has one direction.

    Args:
        sketch: `(H, W, 1)` in [0, 1], paper = 1.

    Returns:
        The same shape, float32; turned by 1 to 10 degrees, or the sketch itself.
    """
    angle = _lean(sketch)
    if angle is None or not 1 <= abs(angle) <= 10:
        return sketch
    height, width = sketch.shape[:2]
    matrix = cv2.getRotationMatrix2D(((width - 1) / 2, (height - 1) / 2), angle, 1.0)
    turned = cv2.warpAffine(sketch, matrix, (width, height), flags=cv2.INTER_LINEAR, borderValue=1.0)
    return turned.reshape(sketch.shape)


def _lean(sketch: np.ndarray) -> float | None:
    """By how many degrees the lines of a drawing are turned clockwise from upright; None where they do not show it."""
    small = reduce(sketch, LEANING)
    values = np.rint(small[..., 0] * 255).astype(np.uint8)
    edges = cv2.Canny(cv2.GaussianBlur(values, (0, 0), 1.0), 60, 120)
    least = max(small.shape[:2]) / 8
    segments = cv2.HoughLinesP(edges, 1, np.radians(0.25), int(least / 2), minLineLength=least, maxLineGap=3)
    if segments is None:
        return None
    dx, dy = (segments.reshape(-1, 4)[:, 2:] - segments.reshape(-1, 4)[:, :2]).T
    lengths = np.hypot(dx, dy)
    leans = (np.degrees(np.arctan2(dy, dx)) + 45) % 90 - 45
    bins = np.arange(-12, 12.01, 0.5)
    together = [lengths[np.abs(leans - bin_) < 1].sum() for bin_ in bins]
    peak = bins[int(np.argmax(together))]
    if max(together) < 0.6 * lengths.sum() or max(together) < max(small.shape[:2]):
        return None
    agreeing = np.abs(leans - peak) < 1
    return float(np.average(leans[agreeing], weights=lengths[agreeing]))


# ---- noise


def denoise(sketch: np.ndarray) -> np.ndarray:
    """Smoothes grain, and keeps edges, by a bilateral filter (Tomasi and Manduchi 1998).

    The grain is measured on bare paper, as the difference from a small blur, and decides how strong the filter is.
    What the filter leaves of it is made white.

    Args:
        sketch: `(H, W, 1)` in [0, 1], paper = 1.

    Returns:
        The same shape, float32; the sketch itself where the grain's standard deviation is below 0.02.
    """
    grain = _grain(sketch)
    if grain < 0.02:
        return sketch
    smooth = cv2.bilateralFilter(sketch, 7, 3 * grain, 2.0).reshape(sketch.shape)
    return np.minimum(smooth / (1 - min(grain, 0.1)), 1.0)


def _grain(sketch: np.ndarray) -> float:
    smooth = cv2.GaussianBlur(sketch, (0, 0), 2)
    bare = cv2.erode((smooth > 0.85).astype(np.uint8), np.ones((9, 9), np.uint8)).astype(bool)
    if bare.sum() < 100:
        return 0.0
    # White cuts off what is brighter than paper, so one standard deviation is taken on the dark side of the median.
    low, middle = np.percentile((sketch[..., 0] - smooth)[bare], [15.87, 50])
    return float(middle - low)


def despeckle(sketch: np.ndarray) -> np.ndarray:
    """Removes tiny marks that stand alone on bare paper: dust, specks of JPEG.

    Args:
        sketch: `(H, W, 1)` in [0, 1], paper = 1.

    Returns:
        The same shape, float32; the sketch itself where there is none.
    """
    side = max(sketch.shape[:2])
    ink = (sketch[..., 0] < 0.8).astype(np.uint8)
    count, labels, stats, _ = cv2.connectedComponentsWithStats(ink, connectivity=8)
    most = max((side / 250) ** 2, 2)
    tiny = stats[:, cv2.CC_STAT_AREA] <= most
    tiny[0] = False
    if count < 2 or not tiny.any():
        return sketch
    # Alone: within 2 % of the side nothing that is larger, and no more than a speck or two. Hatching and stippled
    # shadows are tiny marks too, but never far from others.
    reach = 2 * max(round(side / 50), 2) + 1
    small = tiny[labels]
    larger, all_ink = (
        cv2.boxFilter(where.astype(np.float32), -1, (reach, reach), normalize=False, borderType=cv2.BORDER_CONSTANT)
        for where in (ink.astype(bool) & ~small, ink)
    )
    alone = small & (larger < 0.5) & (all_ink <= 2 * most)
    if not alone.any():
        return sketch
    around = cv2.dilate(alone.astype(np.uint8), np.ones((3, 3), np.uint8)).astype(bool)
    return np.where(around[..., np.newaxis], np.float32(1.0), sketch)


# ---- ink, place


def match_ink(sketch: np.ndarray) -> np.ndarray:
    """Deepens faint strokes, `1 - gain (1 - sketch)`, until the darkest are as dark as in the training sketches.

    Args:
        sketch: `(H, W, 1)` in [0, 1], paper = 1.

    Returns:
        The same shape, float32; the sketch itself where its ink is dark enough, or where there is none.
    """
    ink = sketch[sketch < 0.85]
    if ink.size < 1e-3 * sketch.size:
        return sketch
    darkest = float(np.percentile(ink, 10))
    if darkest < 0.4:
        return sketch
    gain = min((1 - BLACK) / (1 - darkest), 3.0)
    return np.clip(1 - gain * (1 - sketch), 0.0, 1.0)


def centre(sketch: np.ndarray, lightest: float = 0.8) -> np.ndarray:
    """Cuts a small drawing out of a large page, in the middle, with a margin.

    Args:
        sketch: `(H, W, 1)` in [0, 1], paper = 1.
        lightest: What is darker is drawn.

    Returns:
        `(H', W', 1)` float32; the sketch itself where that would be most of it, or where nothing is drawn.
    """
    height, width = sketch.shape[:2]
    box = _drawn(sketch, lightest)
    if box is None:
        return sketch
    top, bottom, left, right = box
    longer = max(bottom - top, right - left)
    rim = MARGIN * longer
    # No narrower than 3:4, so that a generator sees something around a tall drawing.
    least = max(0.375 * (longer + 2 * rim), MIN_SIDE / 2)
    half = [max(side / 2 + rim, least) for side in (bottom - top, right - left)]
    if 4 * half[0] * half[1] > MOST * height * width:
        return sketch
    middle = (top + bottom) / 2, (left + right) / 2
    matrix = np.array([[1, 0, -round(middle[1] - half[1])], [0, 1, -round(middle[0] - half[0])]], np.float32)
    size = round(2 * half[1]), round(2 * half[0])
    return cv2.warpAffine(sketch, matrix, size, flags=cv2.INTER_NEAREST, borderValue=1.0)[..., np.newaxis]


def _drawn(sketch: np.ndarray, lightest: float) -> tuple[int, int, int, int] | None:
    """Top, bottom, left and right of what is drawn: all ink but the half percent nearest to each edge."""
    ink = np.where(sketch[..., 0] < lightest, 1 - sketch[..., 0], 0.0)
    if (ink > 0).mean() < 1e-4:
        return None
    ends = []
    for axis in (1, 0):
        sums = np.cumsum(ink.sum(axis=axis, dtype=np.float64))
        first, last = np.searchsorted(sums, [0.005 * sums[-1], 0.995 * sums[-1]])
        ends += [int(first), int(last) + 1]
    return ends[0], ends[1], ends[2], ends[3]
