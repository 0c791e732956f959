"""The page in a photograph: its four corners found, its perspective and rotation undone.

Nothing here imports Keras.
"""

from __future__ import annotations

import itertools

import cv2
import numpy as np

from sketchback.images import MIN_SIDE, resize, to_gray

DETECTION = 480  # pixels on the long side at which the page is sought
LINES = 6  # candidates for each side of the page
NEAR, FAR = 4, 12  # pixels of detection: paper is this far inside an edge, table this far and farther outside
CONTRAST = 0.08  # between paper and table, in square roots of luminance, which evens out half of the shadows
FOCAL = 0.8  # focal length over the picture's long side: 26 mm of a 4:3 phone are 0.75, cropped a little more


def find_page(image: np.ndarray) -> np.ndarray | None:
    """Finds the four corners of a bright page on something darker, where all its edges are seen.

    Each side of the page is a straight line with paper on one side of it. So candidates for the upper, right, lower
    and left side are found apart, by a Hough transform (Duda and Hart 1972) of those edge pixels whose gradient points
    to where the paper would be. Of all quadrilaterals of such lines the one is taken whose sides are visible for the
    longest part, with paper inside and table outside. Dark hair that reaches the edge hides a part of a side; a line
    that is drawn has paper on both sides and does not count.

    Args:
        image: `(H, W, 1)` or `(H, W, 3)` in [0, 1]. The page may be turned by up to 30 degrees.

    Returns:
        `(4, 2)` float32, `x, y` in pixels (pixel centres are whole): upper left, upper right, lower right, lower left
        corner; None where no page is found with confidence.
    """
    scale = min(DETECTION / max(image.shape[:2]), 1.0)
    size = [max(round(side * scale), MIN_SIDE) for side in image.shape[:2]]
    tone = cv2.GaussianBlur(np.sqrt(to_gray(resize(image, size))), (0, 0), 1.5)
    dx, dy = (cv2.Sobel(tone, cv2.CV_32F, *d) / 8 for d in ((1, 0), (0, 1)))
    strength = np.hypot(dx, dy)
    edge = _thin(strength, dx, dy) & (strength > 0.015)
    votes_needed = max(min(size) // 8, 12)
    sides = []  # top, right, bottom, left; each with the direction in which its paper lies
    for towards in ((0, 1), (-1, 0), (0, -1), (1, 0)):
        facing = edge & (dx * towards[0] + dy * towards[1] > 0.8 * strength)
        lines = _lines(facing, towards, votes_needed)
        if not lines:
            return None
        sides.append(lines)
    quads = _quadrilaterals(sides)
    quads = quads[_plausible(quads, size)]
    if not len(quads):
        return None
    seen = _support(tone, quads)
    lengths = np.linalg.norm(np.roll(quads, -1, axis=1) - quads, axis=-1)
    total = (seen * lengths).sum(axis=1)
    # Every side must be visible in part, all together for the most part; of those the best is taken.
    total[(seen.min(axis=1) < 0.25) | (total < 0.6 * lengths.sum(axis=1))] = 0.0
    best = int(total.argmax())
    if total[best] == 0.0 or _paper_outside(tone, quads[best]) > 0.1:
        return None
    corners = _refined(strength, tone, quads[best])
    ratio = np.array(image.shape[1::-1]) / size[::-1]
    return ((corners + 0.5) * ratio - 0.5).astype(np.float32)


def _thin(strength: np.ndarray, dx: np.ndarray, dy: np.ndarray) -> np.ndarray:
    """Where the gradient is largest along its own direction (Canny 1986), rounded to rows or columns."""
    across = np.pad(strength, 1)
    horizontal = (strength >= across[1:-1, :-2]) & (strength > across[1:-1, 2:])
    vertical = (strength >= across[:-2, 1:-1]) & (strength > across[2:, 1:-1])
    return np.where(np.abs(dx) > np.abs(dy), horizontal, vertical)


def _lines(edge: np.ndarray, towards: tuple[int, int], votes: int) -> list[tuple[float, float]]:
    """The strongest lines `x cos(theta) + y sin(theta) = rho`, normals within 30 degrees of `towards`, distinct."""
    middle = np.pi / 2 if towards[1] else 0.0
    reach = np.radians(30)
    mask = edge.astype(np.uint8)
    # OpenCV wants 0 <= theta <= pi, so the angles around 0 are two ranges, one at each end.
    found = []
    for low, high in ((middle - reach, middle + reach),) if middle else ((0.0, reach), (np.pi - reach, np.pi)):
        lines = cv2.HoughLinesWithAccumulator(mask, 1, np.radians(0.5), votes, min_theta=low, max_theta=high)
        found += [] if lines is None else [tuple(line) for line in lines.reshape(-1, 3)]
    chosen: list[tuple[float, float]] = []
    centre_x, centre_y = edge.shape[1] / 2, edge.shape[0] / 2
    places: list[tuple[float, float]] = []
    for rho, theta, _ in sorted(found, key=lambda line: -line[2]):
        if theta > 3 * np.pi / 4:
            rho, theta = -rho, theta - np.pi
        place = rho - centre_x * np.cos(theta) - centre_y * np.sin(theta)  # distance from the picture's middle
        if all(abs(place - other) > 4 or abs(theta - angle) > np.radians(2) for other, angle in places):
            chosen.append((rho, theta))
            places.append((place, theta))
        if len(chosen) == LINES:
            break
    return chosen


def _quadrilaterals(sides: list[list[tuple[float, float]]]) -> np.ndarray:
    """Corners of all choices of a top, right, bottom and left line: `(N, 4, 2)`, from the upper left clockwise."""
    top, right, bottom, left = np.array(list(itertools.product(*sides)), np.float64).swapaxes(0, 1)  # each (N, 2)
    corners = []
    for (r1, t1), (r2, t2) in ((left.T, top.T), (top.T, right.T), (right.T, bottom.T), (bottom.T, left.T)):
        # Cramer's rule; the sides meet at 30 degrees at least, because of the directions that lines are sought in.
        determinant = np.sin(t2 - t1)
        x = (r1 * np.sin(t2) - r2 * np.sin(t1)) / determinant
        y = (r2 * np.cos(t1) - r1 * np.cos(t2)) / determinant
        corners.append(np.stack([x, y], axis=-1))
    return np.stack(corners, axis=1)


def _plausible(quads: np.ndarray, size: list[int]) -> np.ndarray:
    """Which quadrilaterals lie in the picture, are convex, and could be a page seen by a camera: `(N,)`."""
    height, width = size
    # A corner may lie just outside, where the photographer stood a little too near.
    beyond = 0.02 * max(size)
    inside = ((quads >= -beyond) & (quads <= (width + beyond, height + beyond))).all(axis=(1, 2))
    sides = np.roll(quads, -1, axis=1) - quads
    after = np.roll(sides, -1, axis=1)
    convex = (sides[..., 0] * after[..., 1] > sides[..., 1] * after[..., 0]).all(axis=1)
    x, y = quads[..., 0], quads[..., 1]
    area = 0.5 * (x * np.roll(y, -1, axis=1) - y * np.roll(x, -1, axis=1)).sum(axis=1)
    lengths = np.linalg.norm(sides, axis=-1)
    ratios = lengths[:, :2] / np.maximum(lengths[:, 2:], 1e-6)
    alike = ((ratios > 0.6) & (ratios < 1 / 0.6)).all(axis=1)
    return inside & convex & alike & (area > 0.15 * height * width) & (area < 0.97 * height * width)


def _paper_outside(tone: np.ndarray, corners: np.ndarray) -> float:
    """The share of what lies outside a quadrilateral that is as bright as the paper just inside it."""
    height, width = tone.shape
    ends = np.roll(corners, -1, axis=0)
    along = np.linspace(0.02, 0.98, 60)[:, np.newaxis]
    points = corners[:, np.newaxis] + along * (ends - corners)[:, np.newaxis]
    inwards = _inwards(corners, ends)[:, np.newaxis]
    inside, outside = (_values_at(tone, points + step * inwards) for step in (NEAR, -NEAR))
    seen = inside - outside > CONTRAST
    x, y = points[seen].T
    slope = np.linalg.lstsq(np.stack([x, y, np.ones_like(x)], axis=1), inside[seen], rcond=None)[0]
    rows, columns = np.mgrid[0:height, 0:width]
    expected = slope[0] * columns + slope[1] * rows + slope[2]  # light falls off across the table too
    mask = np.zeros(tone.shape, np.uint8)
    cv2.fillConvexPoly(mask, np.rint(corners).astype(np.int32), 1)
    beyond = cv2.dilate(mask, np.ones((2 * FAR + 1, 2 * FAR + 1), np.uint8)) == 0
    return float((tone > expected - CONTRAST)[beyond].mean()) if beyond.any() else 0.0


def _support(tone: np.ndarray, quads: np.ndarray) -> np.ndarray:
    """The share of each side that has paper inside and table outside, near and farther: `(N, 4)`."""
    ends = np.roll(quads, -1, axis=1)
    along = np.linspace(0.02, 0.98, 60)
    points = quads[:, :, np.newaxis] + along[:, np.newaxis] * (ends - quads)[:, :, np.newaxis]  # (N, 4, 60, 2)
    inwards = _inwards(quads, ends)[:, :, np.newaxis]
    inside, near, far = (_values_at(tone, points + step * inwards) for step in (NEAR, -NEAR, -FAR))
    return ((inside - near > CONTRAST) & (inside - far > CONTRAST)).mean(axis=-1)


def _inwards(starts: np.ndarray, ends: np.ndarray) -> np.ndarray:
    """Unit normals `(..., 2)` of sides that go clockwise, on the screen."""
    along = ends - starts
    return np.stack([-along[..., 1], along[..., 0]], axis=-1) / np.linalg.norm(along, axis=-1, keepdims=True)


def _values_at(tone: np.ndarray, points: np.ndarray) -> np.ndarray:
    """The values of a picture `(H, W)` at points `(..., N, 2)` between its pixels, interpolated: `(..., N)`."""
    columns, rows = np.moveaxis(points.astype(np.float32).reshape(-1, points.shape[-2], 2), -1, 0)
    values = cv2.remap(tone, columns, rows, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return values.reshape(points.shape[:-1])


def _refined(strength: np.ndarray, tone: np.ndarray, corners: np.ndarray) -> np.ndarray:
    """Each side through the steepest places near it, by a robust fit."""
    steps = np.arange(-4, 4.01, 0.25)
    along = np.linspace(0.02, 0.98, 120)[:, np.newaxis]
    lines = []
    for start, end in zip(corners, np.roll(corners, -1, axis=0), strict=True):
        points = start + along * (end - start)
        inwards = _inwards(start, end)
        slopes = np.array([_values_at(strength, points + step * inwards) for step in steps])  # (steps, points)
        inside, outside = (_values_at(tone, points + step * inwards) for step in (NEAR, -NEAR))
        places = (points + steps[slopes.argmax(axis=0)][:, np.newaxis] * inwards)[inside - outside > CONTRAST]
        dx, dy, x, y = cv2.fitLine(places.astype(np.float32), cv2.DIST_WELSCH, 0, 0.01, 0.01).ravel()
        theta = np.arctan2(dx, -dy)
        lines.append([(x * np.cos(theta) + y * np.sin(theta), theta)])
    refined = _quadrilaterals(lines)[0]
    return refined if np.abs(refined - corners).max() < 8 else corners


def rectify(image: np.ndarray, corners: np.ndarray) -> np.ndarray:
    """Shows a page as from straight above.

    Its proportions follow from the perspective if the focal length is known (Zhang and He, Whiteboard Scanning and
    Image Enhancement, 2007); that of a phone's main camera is taken, with the optical axis in the picture's middle.
    Without perspective, as from a scanner, the focal length does not matter.

    Args:
        image: `(H, W, C)` float32, not cropped since it was taken.
        corners: `(4, 2)`, `x, y` from the upper left clockwise, as `find_page` gives them.

    Returns:
        `(H', W', C)` float32 with about as many pixels as the page had, 0.4 % narrower on every side, where paper
        and table mix.
    """
    height, width = image.shape[:2]
    unit = np.array([[0, 0], [1, 0], [1, 1], [0, 1]], np.float32)
    matrix = cv2.getPerspectiveTransform(unit, np.asarray(corners, np.float32))
    focal = FOCAL * max(height, width)
    camera = np.array([[focal, 0, (width - 1) / 2], [0, focal, (height - 1) / 2], [0, 0, 1]])
    across, down = np.linalg.solve(camera, matrix)[:, :2].T  # the page's edges in space, up to one factor
    proportion = np.linalg.norm(across) / np.linalg.norm(down)
    area = cv2.contourArea(np.asarray(corners, np.float32))
    size = max(round((area * proportion) ** 0.5), MIN_SIDE), max(round((area / proportion) ** 0.5), MIN_SIDE)
    inset = 0.004
    inner = inset + (1 - 2 * inset) * unit
    source = cv2.perspectiveTransform(inner[np.newaxis], matrix)[0]
    frame = unit * size - 0.5  # the outer edges of the corner pixels
    back = cv2.getPerspectiveTransform(frame.astype(np.float32), source.astype(np.float32))
    page = cv2.warpPerspective(
        image, back, size, flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP, borderMode=cv2.BORDER_REPLICATE
    )
    return page.reshape((*page.shape[:2], image.shape[-1]))
