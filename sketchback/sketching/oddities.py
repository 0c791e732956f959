"""Drawings that are not what a generator expects: white on black, empty, of another subject, upside down, on a table.

Nothing here imports Keras.
"""

from __future__ import annotations

import cv2
import numpy as np

from sketchback.images import reduce, to_gray
from sketchback.sketching.cleanup import centre
from sketchback.sketching.page_detection import DETECTION, find_page, rectify
from sketchback.sketching.paper import flatten

TURNED = "The drawing is white on black: it was turned into black on white."
LOOKED_AT = 128  # pixels on the long side at which strokes are thin and shaded areas are not
CONTRAST = 0.1  # between the darkest and the lightest, below which there are no strokes to look at
# Logistic regression on 6,700 sketches and their negatives: hand-drawn, simulated in all styles, photographed on paper.
# It was moved until it took none of the sketches for a negative, stencils of XDoG that are nearly black among them.
WEIGHTS = {"strokes": 1.9, "middle": 1.9, "flat": 0.5, "light": 2.3, "lighter half": -0.5}
NEGATIVE = 1.0  # a weighted sum below it is a negative
EMPTY_AT = (512, 2048)  # pixels on the long side at which strokes are sought: thin ones of large sheets in the second
STROKE = 0.03  # of the long side: what is shorter is a speck
# Logistic regression on 2,437 hand-drawn and 1,600 simulated sketches of faces, and 1,800 simulated ones of buildings.
SUBJECT = {"coherent": -27.64, "axes": 22.79, "level": 10.3, "wide": 23.39, "tall": -27.31}
BIAS = 14.36
BUILDING, FACE = 2.0, -3.0  # 0 of the hand-drawn faces are above the one, 0.2 % of the buildings below the other
# Logistic regression of the same faces against themselves upside down: strokes in 4 rows from the upper edge to the
# middle, less those as far from the lower edge, in 4 columns from the edge to the middle.
UPRIGHT = (
    (-0.75, -1.06, -1.24, 0.09),
    (-0.30, 0.18, -0.04, -0.19),
    (0.30, 0.65, 1.33, -1.81),
    (0.10, 0.15, 2.99, 0.05),
)
UPSIDE_DOWN = -5.0  # 3 of 4,037 upright faces are below it, and 59 % of those that are upside down
LEAST = 48  # pixels of the shorter side, below which nothing is noticed
PLAIN, PALE = 0.99, 0.97  # what is drawn on a screen has plain paper, and every trace counts
GREY_PAPER = 0.8  # the lightest part of a sketch that was scanned or drawn is lighter


class EmptySheetError(ValueError):
    """Nothing is drawn on a sheet."""


def is_negative(picture: np.ndarray) -> bool:
    """Whether a drawing is light on dark: a blackboard, a screen in dark colours, a photographic negative.

    Thin strokes decide first: lighter than what is around them, all over and in the middle, where a face is. Then how
    light the flat areas are, and how large the light ones. Dark hair, a dark background and a dark table around a page
    do not make a negative.

    Args:
        picture: `(H, W)`, `(H, W, 1)` or `(H, W, 3)` in [0, 1].

    >>> paper = np.ones((64, 64), np.float32)
    >>> paper[8:56, 30:33] = paper[30:33, 8:56] = 0.1
    >>> is_negative(paper), is_negative(1 - paper)
    (False, True)
    """
    if not _looks_negative(picture):
        return False
    image = reduce(to_gray(picture)[..., np.newaxis], DETECTION)
    corners = find_page(image)  # a page on a dark table is judged without the table
    return corners is None or _looks_negative(rectify(image, corners))


def _looks_negative(picture: np.ndarray) -> bool:
    tone = reduce(to_gray(picture)[..., np.newaxis], LOOKED_AT)[..., 0]
    low, high = np.percentile(tone, [1, 99])
    if high - low < 2 * CONTRAST:  # few strokes
        low, high = tone.min(), tone.max()
    if high - low < CONTRAST or np.percentile(tone, 25) > 0.5:
        return False
    tone = np.clip((tone - low) / (high - low), 0, 1).astype(np.float32)
    height, width = tone.shape
    inside = np.zeros(tone.shape, bool)
    inside[height // 4 : height - height // 4, width // 4 : width - width // 4] = True
    lighter, light = np.percentile(tone, [75, 90])
    seen = {
        "strokes": _polarity(tone, 3),
        "middle": _polarity(tone, 5, inside),
        "flat": _flat(tone),
        "light": light,
        "lighter half": lighter,
    }
    return bool(sum(WEIGHTS[name] * value for name, value in seen.items()) < NEGATIVE)


def _polarity(tone: np.ndarray, side: int, where: np.ndarray | bool = True) -> float:
    """From -1, where all that is thinner than `side` pixels is lighter than around it, to 1, where it is darker.

    The top-hat and bottom-hat transforms of mathematical morphology (Meyer 1979).
    """
    square = np.ones((side, side), np.uint8)
    lighter = (tone - cv2.morphologyEx(tone, cv2.MORPH_OPEN, square)).sum(where=where)
    darker = (cv2.morphologyEx(tone, cv2.MORPH_CLOSE, square) - tone).sum(where=where)
    return float((darker - lighter) / (darker + lighter + 1e-3))


def _flat(tone: np.ndarray) -> float:
    """From -1 to 1, how light it is where no edge is near."""
    slope = np.hypot(cv2.Sobel(tone, cv2.CV_32F, 1, 0), cv2.Sobel(tone, cv2.CV_32F, 0, 1))
    weights = np.exp(-cv2.GaussianBlur(slope, (0, 0), 2) / 0.1)
    return float(((2 * tone - 1) * weights).sum() / (weights.sum() + 1e-6))


def invert_tones(picture: np.ndarray) -> np.ndarray:
    """Turns a negative into dark strokes on white paper.

    Args:
        picture: `(H, W, 1)` or `(H, W, 3)` in [0, 1].

    Returns:
        The same shape, float32: its complement, divided by its own paper, because blackboards and screens are seldom
        quite black.
    """
    return flatten(1 - np.clip(picture, 0, 1).astype(np.float32))


def notice(sketch: np.ndarray) -> list[str]:
    """What a person should be asked about a sketch before a photograph is made of it.

    Args:
        sketch: `(H, W)`, `(H, W, 1)` or `(H, W, 3)` in [0, 1], dark on light.

    Returns:
        `"paper"` where it is a photograph of a page that was not cleaned, or else `"small"` where most of the sheet is
        empty, `"building"` or `"face"` where it is clearly one of them, and `"upside down"` where it would be a face
        turned so. Empty where nothing is sure, or where it is too small to be seen.
    """
    if min(sketch.shape[:2]) < LEAST:
        return []
    tone = reduce(to_gray(sketch)[..., np.newaxis], DETECTION)
    if np.percentile(tone, 98) < GREY_PAPER or find_page(tone) is not None:
        return ["paper"]
    if is_empty(tone):
        return []
    drawn = centre(tone, PALE) if np.median(tone) > PLAIN else centre(tone)
    small = ["small"] if drawn is not tone else []
    slopes = _slopes(drawn)
    score = _subject(*slopes)
    if score > BUILDING:
        return [*small, "building"]
    turned = score < 0 and _upright(np.hypot(*slopes[1:])) < UPSIDE_DOWN
    return [*small, *["face"] * (score < FACE), *["upside down"] * turned]


def _slopes(picture: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The tone of a picture at `LOOKED_AT`, stretched to 0 and 1, and how it rises to the right and downwards."""
    tone = reduce(picture, LOOKED_AT)[..., 0]
    low, high = np.percentile(tone, [1, 99])
    tone = np.clip((tone - low) / max(high - low, CONTRAST), 0, 1).astype(np.float32)
    fine = cv2.GaussianBlur(tone, (0, 0), 1.0)
    return tone, cv2.Sobel(fine, cv2.CV_32F, 1, 0), cv2.Sobel(fine, cv2.CV_32F, 0, 1)


def _subject(tone: np.ndarray, dx: np.ndarray, dy: np.ndarray) -> float:
    """Below 0 a face, above 0 a building: strokes along the axes, level lines, and strokes all over the sheet.

    Orientation is that of the structure tensor (Foerstner and Guelch 1987).
    """
    xx, yy, xy = (cv2.GaussianBlur(product, (0, 0), 2) for product in (dx * dx, dy * dy, dx * dy))
    strength = np.hypot(dx, dy)
    share = strength / (strength.sum() + 1e-6)
    side = max(tone.shape) // 8 | 1
    dark = cv2.morphologyEx(tone, cv2.MORPH_CLOSE, np.ones((5, 5), np.uint8)) - tone
    level = cv2.morphologyEx(dark, cv2.MORPH_OPEN, np.ones((1, side), np.uint8))
    rows, columns = np.mgrid[: tone.shape[0], : tone.shape[1]]
    seen = {
        "coherent": np.hypot(xx - yy, 2 * xy).sum() / ((xx + yy).sum() + 1e-6),
        "axes": (share * np.cos(4 * np.arctan2(dy, dx))).sum(),
        "level": level.sum() / (dark.sum() + 1e-3),
        "wide": _spread(share, columns / tone.shape[1]),
        "tall": _spread(share, rows / tone.shape[0]),
    }
    return float(sum(SUBJECT[name] * value for name, value in seen.items()) + BIAS)


def _spread(share: np.ndarray, place: np.ndarray) -> float:
    """The standard deviation of a place, weighted."""
    return float(np.sqrt((share * (place - (share * place).sum()) ** 2).sum()))


def _upright(strength: np.ndarray) -> float:
    """Above 0 a face is upright, below 0 upside down; the opposite number for the picture upside down."""
    cells = cv2.resize(strength, (8, 8), interpolation=cv2.INTER_AREA)
    cells = (cells + cells[:, ::-1]) / (2 * cells.mean() + 1e-6)
    return float(((cells - cells[::-1])[:4, :4] * UPRIGHT).sum())


def is_empty(sketch: np.ndarray) -> bool:
    """Whether nothing is drawn on a sheet: one tone, light that falls off, grain of paper, dust.

    Args:
        sketch: `(H, W)`, `(H, W, 1)` or `(H, W, 3)` in [0, 1].

    Returns:
        False as soon as one stroke is longer than 3 % of the long side.

    >>> sheet = np.ones((64, 64), np.float32)
    >>> is_empty(sheet), is_empty(np.where(np.eye(64) > 0, 0.7, sheet))
    (True, False)
    """
    sheet = to_gray(sketch)[..., np.newaxis]
    sides = {min(side, max(sheet.shape)) for side in EMPTY_AT}
    return all(_is_bare(reduce(sheet, side)[..., 0]) for side in sorted(sides))


def _is_bare(tone: np.ndarray) -> bool:
    longest = max(tone.shape)
    fine = cv2.GaussianBlur(tone, (0, 0), 1.0)
    side = max(2 * (longest // 24) + 1, 7)  # wider than strokes, narrower than shadows
    off = np.abs(fine - cv2.blur(tone, (side, side)))
    grain = 1.4826 * float(np.median(off))  # the standard deviation, if it is all grain
    ink = (off > np.clip(4 * grain, 0.03, 0.1)).astype(np.uint8)  # what is coarser than paper counts as drawn
    _, _, boxes, _ = cv2.connectedComponentsWithStats(ink, connectivity=8)
    sides = boxes[1:, [cv2.CC_STAT_WIDTH, cv2.CC_STAT_HEIGHT]]
    return not (np.hypot(*sides.T) > max(STROKE * longest, 3)).any()


def check_drawn(sketch: np.ndarray) -> np.ndarray:
    """Returns a sketch, or raises `EmptySheetError` where `is_empty` finds nothing drawn on it."""
    if is_empty(sketch):
        raise EmptySheetError(
            "Something must be drawn on the sheet. Received: an empty one. Draw on it, or give another picture; very "
            "faint strokes need more contrast."
        )
    return sketch
