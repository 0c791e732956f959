"""Photograph or scan of a drawing on paper -> the kind of sketch that a generator knows.

Every step is a pure function that first looks whether it is needed, and returns what it was given if not: a clean
sketch passes nearly untouched. `clean` takes them in order:

    find_sheet, rectify    the sheet's edges, where they are seen; its perspective and rotation undone
    flatten                uneven light and the colour of the paper
    straighten             a small rotation, where long straight lines tell it
    denoise, despeckle     grain, JPEG's specks
    match_ink              faint pencil
    centre                 a small drawing on a large sheet

Nothing here imports Keras.
"""

from __future__ import annotations

import itertools

import cv2
import numpy as np

from .images import MIN_SIDE, check_size, resize, to_gray

SEEN = 1600  # pixels on the long side that steps work with; a drawing has nothing finer to say
LARGEST = 1024  # pixels on the long side of a result
FOCAL = 0.8  # focal length over the picture's long side: 26 mm of a 4:3 phone are 0.75, cropped a little more

DETECTION = 480  # pixels on the long side at which the sheet is sought
LINES = 6  # candidates for each side of the sheet
NEAR, FAR = 4, 12  # pixels of detection: paper is this far inside an edge, table this far and farther outside
CONTRAST = 0.08  # between paper and table, in square roots of luminance, which evens out half of the shadows

BLACK = 0.15  # what the darkest strokes of CUFS's training sketches are, on paper of 1


def clean(image: np.ndarray) -> np.ndarray:
    """Turns a photograph or scan of a drawing on paper into a sketch on white.

    Args:
        image: `(H, W)`, `(H, W, 1)` or `(H, W, 3)` RGB, float in [0, 1]; each side at least 16. In colour if it can be
            had: the colour of the paper is then divided out before luminance is taken.

    Returns:
        `(H', W', 1)` float32 in [0, 1], paper = 1, the long side at most 1024. The size of the image, unless it was
        larger, a sheet was found in it, or the drawing was small on its sheet.

    Raises:
        ValueError: The image has another shape or range, or is too small.

    >>> blank = np.ones((64, 48, 1), np.float32)
    >>> bool((clean(blank) == blank).all())
    True
    """
    image = np.clip(_reduce(_checked(image), SEEN), 0.0, 1.0)
    corners = find_sheet(image)
    if corners is not None:
        image = rectify(image, corners)
    sketch = to_gray(flatten(image))[..., np.newaxis]
    if corners is None:
        sketch = straighten(sketch)
    sketch = match_ink(despeckle(denoise(sketch)))
    return _reduce(centre(sketch), LARGEST)


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


def _reduce(image: np.ndarray, longest: int) -> np.ndarray:
    ratio = longest / max(image.shape[:2])
    if ratio >= 1:
        return image
    return resize(image, [max(round(side * ratio), MIN_SIDE) for side in image.shape[:2]])


# ---- the sheet


def find_sheet(image: np.ndarray) -> np.ndarray | None:
    """Finds the four corners of a bright sheet on something darker, where all its edges are seen.

    An edge of the sheet is a straight line with paper on one side, so each side has lines of its own: those (by a
    Hough transform, Duda and Hart 1972) of edge pixels whose gradient points to where the sheet would be. Of all
    quadrilaterals of such lines the one is taken whose sides are longest seen, paper inside and table outside. Hair
    that reaches the edge hides a part of it; a line that is drawn has paper on both sides and is none.

    Args:
        image: `(H, W, 1)` or `(H, W, 3)` in [0, 1]. The sheet may be turned by up to 30 degrees.

    Returns:
        `(4, 2)` float32, `x, y` in pixels (pixel centres are whole): upper left, upper right, lower right, lower left
        corner; None where no sheet is found with confidence.
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
    # Every side must be seen in part, all of them for the most part; then the more the better.
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
    # OpenCV wants 0 <= theta: around 0 the transform is of the picture's mirror too.
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
    """Which quadrilaterals lie in the picture, are convex, and could be a sheet seen by a camera: `(N,)`."""
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
    inside, outside = (_sample(tone, points + step * inwards) for step in (NEAR, -NEAR))
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
    inside, near, far = (_sample(tone, points + step * inwards) for step in (NEAR, -NEAR, -FAR))
    return ((inside - near > CONTRAST) & (inside - far > CONTRAST)).mean(axis=-1)


def _inwards(starts: np.ndarray, ends: np.ndarray) -> np.ndarray:
    """Unit normals `(..., 2)` of sides that go clockwise, on the screen."""
    along = ends - starts
    return np.stack([-along[..., 1], along[..., 0]], axis=-1) / np.linalg.norm(along, axis=-1, keepdims=True)


def _sample(tone: np.ndarray, points: np.ndarray) -> np.ndarray:
    places = points.astype(np.float32).reshape(-1, points.shape[-2], 2)
    values = cv2.remap(tone, places, None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return values.reshape(points.shape[:-1])


def _refined(strength: np.ndarray, tone: np.ndarray, corners: np.ndarray) -> np.ndarray:
    """Each side through the steepest places near it, by a robust fit."""
    steps = np.arange(-4, 4.01, 0.25)
    along = np.linspace(0.02, 0.98, 120)[:, np.newaxis]
    lines = []
    for start, end in zip(corners, np.roll(corners, -1, axis=0), strict=True):
        points = start + along * (end - start)
        inwards = _inwards(start, end)
        slopes = np.array([_sample(strength, points + step * inwards) for step in steps])  # (steps, points)
        inside, outside = (_sample(tone, points + step * inwards) for step in (NEAR, -NEAR))
        places = (points + steps[slopes.argmax(axis=0)][:, np.newaxis] * inwards)[inside - outside > CONTRAST]
        dx, dy, x, y = cv2.fitLine(places.astype(np.float32), cv2.DIST_WELSCH, 0, 0.01, 0.01).ravel()
        theta = np.arctan2(dx, -dy)
        lines.append([(x * np.cos(theta) + y * np.sin(theta), theta)])
    refined = _quadrilaterals(lines)[0]
    return refined if np.abs(refined - corners).max() < 8 else corners


def rectify(image: np.ndarray, corners: np.ndarray) -> np.ndarray:
    """Shows a sheet as from straight above.

    Its proportions follow from the perspective if the focal length is known (Zhang and He, Whiteboard Scanning and
    Image Enhancement, 2007); that of a phone's main camera is taken, with the optical axis in the picture's middle.
    Without perspective, as from a scanner, the focal length does not matter.

    Args:
        image: `(H, W, C)` float32, not cropped since it was taken.
        corners: `(4, 2)`, `x, y` from the upper left clockwise, as `find_sheet` gives them.

    Returns:
        `(H', W', C)` float32 with about as many pixels as the sheet had, 0.4 % narrower on every side, where paper
        and table mix.
    """
    height, width = image.shape[:2]
    unit = np.array([[0, 0], [1, 0], [1, 1], [0, 1]], np.float32)
    matrix = cv2.getPerspectiveTransform(unit, np.asarray(corners, np.float32))
    focal = FOCAL * max(height, width)
    camera = np.array([[focal, 0, (width - 1) / 2], [0, focal, (height - 1) / 2], [0, 0, 1]])
    across, down = np.linalg.solve(camera, matrix)[:, :2].T  # the sheet's edges in space, up to one factor
    proportion = np.linalg.norm(across) / np.linalg.norm(down)
    area = cv2.contourArea(np.asarray(corners, np.float32))
    size = max(round((area * proportion) ** 0.5), MIN_SIDE), max(round((area / proportion) ** 0.5), MIN_SIDE)
    inset = 0.004
    inner = inset + (1 - 2 * inset) * unit
    source = cv2.perspectiveTransform(inner[np.newaxis], matrix)[0]
    frame = unit * size - 0.5  # the outer edges of the corner pixels
    back = cv2.getPerspectiveTransform(frame.astype(np.float32), source.astype(np.float32))
    sheet = cv2.warpPerspective(
        image, back, size, flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP, borderMode=cv2.BORDER_REPLICATE
    )
    return sheet.reshape((*sheet.shape[:2], image.shape[-1]))


# ---- light and paper


def paper(image: np.ndarray) -> np.ndarray:
    """Estimates the bare paper under a drawing: its colour and the light on it.

    In squares of the picture the brighter fifth is taken. A plane is fitted to its logarithm by quantile regression
    (Koenker and Bassett 1978) at 85 %, which lies on the paper however large the dark areas are, as long as paper is
    seen here and there; squares near the sheet's edge count more, because drawings have their tones in the middle.
    From there the paper is grown: what differs little from the surface bends it, to a quadratic one first, then
    locally. Light changes gradually, and is followed; hair and shaded skin begin with a step, and are not.

    Args:
        image: `(H, W, 1)` or `(H, W, 3)` in [0, 1].

    Returns:
        `(H, W, C)` float32, at least 0.02.
    """
    squares = _brighter_squares(image)  # (h, w, C)
    height, width, channels = squares.shape
    basis = np.stack([term.ravel() for term in np.broadcast_arrays(*_quadratic(height, width))], axis=-1)
    colours = np.log(squares).reshape(-1, channels)
    tone = np.log(to_gray(squares)).ravel()
    prior = 0.1 + 0.9 * np.exp(-4 * (1 - np.abs(basis[:, 1:3]).max(axis=1)))  # 1 at the edge, 0.1 in the middle
    weights = prior
    plane = basis[:, :3]
    for _ in range(40):  # iteratively reweighted least squares
        fit = plane @ _least_squares(plane, tone, weights)
        weights = prior * np.where(tone > fit, 0.85, 0.15) / np.maximum(np.abs(tone - fit), 0.01)
    for _ in range(8):
        weights = prior * ((np.abs(tone - fit) < 0.12) + 1e-6)
        fit = basis @ _least_squares(basis, tone, weights)
    quadratic = _least_squares(basis, colours, weights)  # (6, C)
    rest = np.zeros((height, width, channels))
    for spread in (max(height, width) / 8, max(height, width) / 16):
        known = (weights > 1e-3).astype(float).reshape(height, width)
        left = (colours - basis @ quadratic).reshape(rest.shape) - rest
        # Normalised convolution (Knutsson and Westin 1993): where nothing is known, nothing is added.
        blurred = cv2.GaussianBlur(left * known[..., np.newaxis], (0, 0), spread).reshape(rest.shape)
        rest = rest + blurred / (cv2.GaussianBlur(known, (0, 0), spread)[..., np.newaxis] + 0.05)
        off = (colours - basis @ quadratic).reshape(rest.shape) - rest
        weights = (np.abs(off.mean(axis=-1)) < 0.08).astype(float).ravel()
    whole = cv2.resize(rest.astype(np.float32), image.shape[1::-1], interpolation=cv2.INTER_LINEAR).reshape(image.shape)
    for term, coefficients in zip(_quadratic(*image.shape[:2]), quadratic, strict=True):
        whole += term[..., np.newaxis] * coefficients.astype(np.float32)
    return np.clip(np.exp(whole), 0.02, 1.0)


def _quadratic(height: int, width: int) -> tuple[np.ndarray, ...]:
    """1, x, y, x^2, x y and y^2 at the pixels of a picture whose edges are at -1 and 1; each can be broadcast."""
    x = ((2 * np.arange(width, dtype=np.float32) + 1) / width - 1)[np.newaxis]
    y = ((2 * np.arange(height, dtype=np.float32) + 1) / height - 1)[:, np.newaxis]
    return np.ones((1, 1), np.float32), x, y, x * x, x * y, y * y


def _brighter_squares(image: np.ndarray) -> np.ndarray:
    """The 80th percentile of each square, 32 along the long side: `(h, w, C)`, at least 0.02."""
    side, longest = 8, max(image.shape[:2])
    rows, columns = (max(round(32 * length / longest), 1) for length in image.shape[:2])
    small = resize(image, (rows * side, columns * side))
    blocks = small.reshape(rows, side, columns, side, -1).swapaxes(1, 2).reshape(rows, columns, side * side, -1)
    return np.maximum(np.percentile(blocks, 80, axis=2), 0.02)


def _least_squares(basis: np.ndarray, values: np.ndarray, weights: np.ndarray) -> np.ndarray:
    weighted = basis * weights[:, np.newaxis]
    # A trace of ridge: a surface that nothing holds stays flat.
    ridge = 1e-3 * weights.sum() * np.diag([0.0] + [1.0] * (basis.shape[1] - 1))
    return np.linalg.solve(weighted.T @ basis + ridge, weighted.T @ values)


def flatten(image: np.ndarray) -> np.ndarray:
    """Divides a picture by its `paper`, so that paper is white everywhere and strokes keep their depth.

    Args:
        image: `(H, W, 1)` or `(H, W, 3)` in [0, 1].

    Returns:
        The same shape, float32 in [0, 1]; the picture itself where its paper is white and even already, or where
        there is none (black all over).
    """
    under = paper(image)
    low, middle, high = np.percentile(to_gray(under), [2, 50, 98])
    colour = np.ptp(under.reshape(-1, under.shape[-1]).mean(axis=0))
    if middle < 0.1 or (low > 0.92 and high - low < 0.06 and colour < 0.03):
        return image
    return np.minimum(image / under, 1.0)


# ---- rotation


def straighten(sketch: np.ndarray) -> np.ndarray:
    """Turns a sketch upright by its long straight lines, as buildings have them.

    A face has none and stays as it is: that it leans may be meant. Lines are the segments of a probabilistic Hough
    transform (Matas, Galambos and Kittler 2000); they are believed where most of their length agrees.

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
    """By how many degrees the lines of a drawing are turned clockwise from upright; None where they do not say."""
    small = _reduce(sketch, DETECTION)
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

    Its strength is measured on bare paper, where nothing else is, on what a small blur takes away. What the filter
    leaves on the paper is lifted to white.

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


def centre(sketch: np.ndarray, margin: float = 0.1) -> np.ndarray:
    """Cuts a small drawing out of a large sheet, in the middle, with a margin.

    Args:
        sketch: `(H, W, 1)` in [0, 1], paper = 1.
        margin: Paper on each side, as a share of the drawing's longer side.

    Returns:
        `(H', W', 1)` float32; the sketch itself where the drawing takes up most of its height or width, or where
        nothing is drawn.
    """
    height, width = sketch.shape[:2]
    box = _drawn(sketch)
    if box is None:
        return sketch
    top, bottom, left, right = box
    if (bottom - top) > 0.65 * height or (right - left) > 0.65 * width:
        return sketch
    longer = max(bottom - top, right - left)
    rim = margin * longer
    # No narrower than 3:4, so that a generator sees something around a tall drawing.
    least = max(0.375 * (longer + 2 * rim), MIN_SIDE / 2)
    half = [max(side / 2 + rim, least) for side in (bottom - top, right - left)]
    middle = (top + bottom) / 2, (left + right) / 2
    matrix = np.float32([[1, 0, -round(middle[1] - half[1])], [0, 1, -round(middle[0] - half[0])]])
    size = round(2 * half[1]), round(2 * half[0])
    return cv2.warpAffine(sketch, matrix, size, flags=cv2.INTER_NEAREST, borderValue=1.0)[..., np.newaxis]


def _drawn(sketch: np.ndarray) -> tuple[int, int, int, int] | None:
    """Top, bottom, left and right of what is drawn: all ink but the half percent nearest to each edge."""
    ink = np.where(sketch[..., 0] < 0.8, 1 - sketch[..., 0], 0.0)
    if (ink > 0).mean() < 1e-4:
        return None
    box = []
    for axis in (1, 0):
        sums = np.cumsum(ink.sum(axis=axis, dtype=np.float64))
        box += list(np.searchsorted(sums, [0.005 * sums[-1], 0.995 * sums[-1]]) + (0, 1))
    return tuple(int(place) for place in box)
