"""Photograph -> sketch by filters: Pencil Sketchify, XDoG, thin lines.

Every filter is a function of a photograph `(H, W, 3)` in [0, 1] (a grey one will do) and returns `(H, W, 1)` with
white paper = 1.
"""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np

from sketchback.images import MIN_SIDE, resize, to_gray

MAX_BLUR, MAX_SIGMA, MAX_SCALE = 501, 50, 8  # beyond these a sketch is blank, and takes minutes
MAX_STRENGTH = 1_000_000  # more gives no other sketch, and overflows


def pencil(photo: np.ndarray, blur: int = 21, *, scale: float = 1.0) -> np.ndarray:
    """Pencil Sketchify: the grey photograph divided by its own Gaussian blur, `256 * gray / blur(gray)`.

    Flat areas become white paper, edges become strokes. Drawn on the photograph at its own size, as the original
    Sketchback did; resize the result afterwards, not the photograph before.

    Args:
        photo: `(H, W, 3)` RGB or `(H, W, 1)` in [0, 1].
        blur: Side of the Gaussian kernel in pixels, odd. Its standard deviation is OpenCV's for that side,
            `0.3 * ((blur - 1) / 2 - 1) + 0.8`; up to 7 OpenCV takes fixed kernels, such as 1/4, 1/2, 1/4.
        scale: The sketch is drawn on the photograph resized by this factor, and resized back.

    Returns:
        `(H, W, 1)` float32 in [0, 1].

    Raises:
        ValueError: `blur` is even, not whole or out of range.

    >>> flat = np.full((32, 32, 3), 0.25, np.float32)
    >>> float(pencil(flat).min())                                   # nothing to draw on a flat picture
    1.0
    """
    if not isinstance(blur, (int, np.integer)) or not 1 <= blur <= MAX_BLUR or blur % 2 == 0:
        raise ValueError(f"`blur` must be odd, whole and from 1 to {MAX_BLUR}, a kernel's side. Received: {blur=}.")
    if scale != 1.0:
        return _at_scale(photo, scale, lambda scaled: pencil(scaled, blur))
    gray = to_gray(photo)
    smooth = cv2.GaussianBlur(gray, (blur, blur), 0)
    # 0 / 0 is 0, as in the original's 8-bit division: black stays black (in floats OpenCV would give NaN).
    sketch = cv2.divide(gray, np.maximum(smooth, 1e-6), scale=256 / 255)
    return np.minimum(sketch, 1.0)[..., np.newaxis]


def xdog(
    photo: np.ndarray,
    *,
    sigma: float = 0.8,
    k: float = 1.6,
    p: float = 20.0,
    epsilon: float = 0.3,
    phi: float = 4.0,
    scale: float = 1.0,
) -> np.ndarray:
    """Extended difference of Gaussians (Winnemoeller, Kyprianidis and Olsen 2012).

    Equation 7 sharpens, `S = (1 + p) G_sigma * I - p G_(k sigma) * I`; equation 5 thresholds softly,
    `T(u) = 1 if u >= epsilon else 1 + tanh(phi (u - epsilon))`. Dark areas become solid ink.

    Args:
        photo: `(H, W, 3)` RGB or `(H, W, 1)` in [0, 1].
        sigma: Standard deviation of the inner Gaussian in pixels: the thickness of the strokes.
        k: Ratio of the two standard deviations; 1.6 approximates the Laplacian of a Gaussian.
        p: Strength of the sharpening.
        epsilon: Level above which the paper stays white, in [0, 1].
        phi: Steepness of the soft threshold; 0 leaves the paper white, large values give black and white.
        scale: The sketch is drawn on the photograph resized by this factor, and resized back.

    Returns:
        `(H, W, 1)` float32 in [0, 1].

    Raises:
        ValueError: `sigma` is not positive or `k` is not above 1.
    """
    if not (0 < sigma <= MAX_SIGMA and 1 < k <= 10):
        raise ValueError(
            f"`sigma` must be positive, at most {MAX_SIGMA}, and `k` above 1, at most 10. Received: {sigma=}, {k=}."
        )
    if not (0 <= phi <= MAX_STRENGTH and abs(p) <= MAX_STRENGTH and abs(epsilon) <= MAX_STRENGTH):
        raise ValueError(
            f"`p`, `epsilon` and `phi` must be at most {MAX_STRENGTH} either way, `phi` not negative. "
            f"Received: {p=}, {epsilon=}, {phi=}."
        )
    if scale != 1.0:
        return _at_scale(photo, scale, lambda scaled: xdog(scaled, sigma=sigma, k=k, p=p, epsilon=epsilon, phi=phi))
    gray = to_gray(photo)
    sharpened = cv2.addWeighted(_gaussian(gray, sigma), 1 + p, _gaussian(gray, k * sigma), -p, 0.0)
    # tanh is negative exactly where u < epsilon, so the case distinction is a minimum with 0.
    inked = 1.0 + np.tanh(phi * np.minimum(sharpened - epsilon, 0.0))
    return inked.astype(np.float32)[..., np.newaxis]


def line(
    photo: np.ndarray,
    *,
    sigma: float = 1.0,
    low: float = 0.02,
    high: float = 0.05,
    thickness: float = 1.0,
    scale: float = 1.0,
) -> np.ndarray:
    """Thin lines along the edges (Canny 1986), drawn with a soft pen: faces as in line sketches, and buildings.

    Args:
        photo: `(H, W, 3)` RGB or `(H, W, 1)` in [0, 1].
        sigma: Standard deviation of the smoothing before edges are sought, in pixels.
        low: Gradient (per pixel, of grey in [0, 1]) above which an edge is followed.
        high: Gradient above which an edge begins.
        thickness: Width of the pen in pixels, from 0.5.
        scale: The sketch is drawn on the photograph resized by this factor, and resized back.

    Returns:
        `(H, W, 1)` float32 in [0, 1].

    Raises:
        ValueError: The thresholds are not `0 <= low <= high`.
    """
    if not 0 <= low <= high < np.inf:
        raise ValueError(f"`low` and `high` must be gradients, 0 <= low <= high. Received: {low=}, {high=}.")
    if not (0 < sigma <= MAX_SIGMA and 0 < thickness <= MAX_SIGMA):
        raise ValueError(
            f"`sigma` and `thickness` must be positive, at most {MAX_SIGMA}. Received: {sigma=}, {thickness=}."
        )
    if scale != 1.0:
        parameters = {"sigma": sigma, "low": low, "high": high, "thickness": thickness}
        return _at_scale(photo, scale, lambda scaled: line(scaled, **parameters))
    gray = _gaussian(to_gray(photo), sigma)
    # Sobel sums to 8 times the gradient; 16-bit integers carry it at a precision of 1/4000 of the range.
    gradients = [cv2.Sobel(gray, cv2.CV_32F, *d, borderType=cv2.BORDER_REPLICATE) for d in ((1, 0), (0, 1))]
    dx, dy = ((gradient * 4000.0).astype(np.int16) for gradient in gradients)
    edges = cv2.Canny(dx, dy, low * 8 * 4000, high * 8 * 4000, L2gradient=True).astype(np.float32) / 255
    # A line one pixel wide spread by a Gaussian of this width keeps a peak near 1 after the gain.
    pen = max(thickness, 0.5) * 0.5
    # (A plain float: NumPy's own float64 would make the result float64.)
    ink = cv2.GaussianBlur(edges, (0, 0), pen) * float(np.sqrt(2 * np.pi) * pen)
    return (1.0 - np.minimum(ink * (1.0 if thickness <= 1 else 1.3), 1.0))[..., np.newaxis]


def paper_texture(size: tuple[int, int], seed: int = 0) -> np.ndarray:
    """Grain of drawing paper: noise at two scales, from a seed.

    Args:
        size: `(height, width)`.
        seed: Of the grain.

    Returns:
        `(height, width)` float32 in [0, 1].
    """
    rng = np.random.default_rng(seed)
    grain = np.zeros(size, np.float32)
    for sigma in (0.7, 1.8):
        noise = cv2.GaussianBlur(rng.standard_normal(size, np.float32), (0, 0), sigma)
        grain += noise / (noise.std() + 1e-6) / 2
    return np.clip(1.0 - 0.06 * np.abs(grain), 0.0, 1.0)


def on_paper(sketch: np.ndarray, paper: np.ndarray) -> np.ndarray:
    """Lays a sketch `(H, W, 1)` on a paper texture `(H, W)` or `(H, W, 1)`: the two multiply."""
    paper = paper.reshape((*paper.shape[:2], 1))
    if paper.shape[:2] != sketch.shape[:2]:
        raise ValueError(
            f"`paper` must have the size of the sketch. Received: {paper.shape[:2]} and {sketch.shape[:2]}. "
            "Make it with paper_texture(size)."
        )
    return (sketch * paper).astype(np.float32)


def _gaussian(gray: np.ndarray, sigma: float) -> np.ndarray:
    # Three standard deviations hold 99.7 % of the kernel; OpenCV's own choice for floats is four.
    side = 2 * int(np.ceil(3 * sigma)) + 1
    return cv2.GaussianBlur(gray, (side, side), sigma)


def _at_scale(photo: np.ndarray, scale: float, draw: Callable[[np.ndarray], np.ndarray]) -> np.ndarray:
    if not 0 < scale <= MAX_SCALE:
        raise ValueError(
            f"`scale` must be positive, at most {MAX_SCALE}, the factor of the size to draw at. Received: {scale=}."
        )
    height, width = photo.shape[:2]
    at = max(round(height * scale), MIN_SIDE), max(round(width * scale), MIN_SIDE)
    return resize(draw(resize(photo, at)), (height, width))
