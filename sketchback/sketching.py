"""Photograph -> sketch, by simulation: Pencil Sketchify, XDoG, thin lines, neural style.

Every style is a function of a photograph `(H, W, 3)` in [0, 1] (a grey one will do) and returns `(H, W, 1)` with
white paper = 1. Randomness is drawn first (`draw_style`), then applied purely (`apply_style`): the same seed gives
the same pixels on any number of threads. Nothing here imports Keras, except `neural` when it is called.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np

from .cleaning import clean as clean  # where one looks for it, beside the styles
from .images import MIN_SIDE, resize, to_gray

MAX_BLUR, MAX_SIGMA, MAX_SCALE = 501, 50, 8  # beyond these a sketch is blank, and takes minutes
STYLES = ("pencil", "xdog", "line", "neural", "random")


def pencil(photo: np.ndarray, blur: int = 21, paper: np.ndarray | None = None, scale: float = 1.0) -> np.ndarray:
    """Pencil Sketchify: the grey photograph divided by its own Gaussian blur, `256 * gray / blur(gray)`.

    Flat areas become white paper, edges become strokes. Drawn on the photograph at its own size, as the original
    Sketchback did; resize the result afterwards, not the photograph before.

    Args:
        photo: `(H, W, 3)` RGB or `(H, W, 1)` in [0, 1].
        blur: Side of the Gaussian kernel in pixels, odd. Its standard deviation is OpenCV's for that side,
            `0.3 * ((blur - 1) / 2 - 1) + 0.8`; up to 7 OpenCV takes fixed kernels, such as 1/4, 1/2, 1/4.
        paper: Texture of the paper `(H, W)` or `(H, W, 1)` in [0, 1] that darkens the sketch, see `paper_texture`.
        scale: The sketch is drawn on the photograph resized by this factor, and resized back.

    Returns:
        `(H, W, 1)` float32 in [0, 1].

    Raises:
        ValueError: `blur` is even or not positive, or `paper` has another size.

    >>> flat = np.full((32, 32, 3), 0.25, np.float32)
    >>> float(pencil(flat).min())                                   # nothing to draw on a flat picture
    1.0
    """
    if not 1 <= blur <= MAX_BLUR or blur % 2 == 0:
        raise ValueError(f"`blur` must be odd, positive and at most {MAX_BLUR}, a kernel's side. Received: {blur=}.")
    if scale != 1.0:
        sketch = _at_scale(photo, scale, lambda scaled: pencil(scaled, blur))
    else:
        gray = to_gray(photo)
        smooth = cv2.GaussianBlur(gray, (blur, blur), 0)
        # 0 / 0 is 0, as in the original's 8-bit division: black stays black (in floats OpenCV would give NaN).
        sketch = cv2.divide(gray, np.maximum(smooth, 1e-6), scale=256 / 255)
        sketch = np.minimum(sketch, 1.0)[..., np.newaxis]
    return sketch if paper is None else on_paper(sketch, paper)


def xdog(
    photo: np.ndarray,
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
    if not (0 <= phi < np.inf and abs(p) < np.inf and abs(epsilon) < np.inf):
        raise ValueError(
            f"`p`, `epsilon` and `phi` must be finite, `phi` not negative. Received: {p=}, {epsilon=}, {phi=}."
        )
    if scale != 1.0:
        return _at_scale(photo, scale, lambda scaled: xdog(scaled, sigma, k, p, epsilon, phi))
    gray = to_gray(photo)
    sharpened = cv2.addWeighted(_gaussian(gray, sigma), 1 + p, _gaussian(gray, k * sigma), -p, 0.0)
    # tanh is negative exactly where u < epsilon, so the case distinction is a minimum with 0.
    inked = 1.0 + np.tanh(phi * np.minimum(sharpened - epsilon, 0.0))
    return inked.astype(np.float32)[..., np.newaxis]


def line(photo: np.ndarray, sigma: float = 1.0, low: float = 0.02, high: float = 0.05, thickness: float = 1.0,
         scale: float = 1.0) -> np.ndarray:  # fmt: skip
    """Thin lines along the edges (Canny 1986), drawn with a soft pen: line sketches of CSI, and buildings.

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
        return _at_scale(photo, scale, lambda scaled: line(scaled, sigma, low, high, thickness))
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


def neural(photo: np.ndarray, drawing: np.ndarray | None = None, **settings: object) -> np.ndarray:
    """The photograph redrawn in the style of a drawing by neural style transfer (Gatys, Ecker and Bethge 2016).

    Args:
        photo: `(H, W, 3)` RGB in [0, 1].
        drawing: The drawing whose style is taken, `(h, w, 1)` or `(h, w, 3)`; by default a hatched sheet of ours.
        **settings: See `style_transfer.transfer`: steps, weights, the VGG16 file.

    Returns:
        `(H, W, 1)` float32 in [0, 1].
    """
    from .style_transfer import transfer

    if drawing is None:
        drawing = hatching(photo.shape[:2])
    return to_gray(transfer(photo, drawing, **settings))[..., np.newaxis]


def hatching(size: tuple[int, int], seed: int = 0) -> np.ndarray:
    """A sheet of pencil hatching in several directions and pressures, as a style for `neural`.

    Args:
        size: `(height, width)`.
        seed: Draws another sheet.

    Returns:
        `(height, width, 1)` float32 in [0, 1].
    """
    rng = np.random.default_rng(seed)
    sheet = np.ones(size, np.float32)
    reach = max(size)
    for _ in range(reach * 3):
        start = rng.uniform((0, 0), (size[1], size[0]))
        angle = rng.choice([0.8, 0.9, 2.2]) + rng.normal(0, 0.08)
        end = start + rng.uniform(0.05, 0.2) * reach * np.array([np.cos(angle), np.sin(angle)])
        stroke = np.zeros(size, np.float32)
        points = tuple(int(v * 16) for v in start), tuple(int(v * 16) for v in end)
        cv2.line(stroke, *points, float(rng.uniform(0.2, 0.7)), 1, cv2.LINE_AA, shift=4)
        sheet *= 1 - stroke
    return on_paper(sheet[..., np.newaxis], paper_texture(size, seed))


def paper_texture(size: tuple[int, int], seed: int = 0, strength: float = 0.06) -> np.ndarray:
    """Grain of drawing paper: noise at two scales, from a seed.

    Args:
        size: `(height, width)`.
        seed: Draws another sheet.
        strength: Standard deviation of the darkening; 0 is smooth paper.

    Returns:
        `(height, width)` float32 in [0, 1].
    """
    rng = np.random.default_rng(seed)
    grain = np.zeros(size, np.float32)
    for sigma in (0.7, 1.8):
        noise = cv2.GaussianBlur(rng.standard_normal(size, np.float32), (0, 0), sigma)
        grain += noise / (noise.std() + 1e-6) / 2
    return np.clip(1.0 - strength * np.abs(grain), 0.0, 1.0)


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


@dataclasses.dataclass(frozen=True)
class Style:
    """Everything that was drawn at random about one training sketch; `apply_style` applies it.

    Lengths are in pixels of the size at which the sketch is drawn, except `displacement`: pixels of the
    photograph's own size for every 100 of its shorter side.
    """

    name: str = "pencil"
    scale: float = 1.0
    blur: int = 21
    sigma: float = 0.8
    p: float = 20.0
    epsilon: float = 0.3
    phi: float = 4.0
    low: float = 0.02
    high: float = 0.05
    thickness: float = 1.0
    ink: float = 1.0  # contrast of the strokes: 1 - ink * (1 - sketch)
    gamma: float = 1.0
    paper: float = 1.0  # tone of the sheet
    grain: float = 0.0
    noise: float = 0.0
    displacement: float = 0.0
    shading: float = 0.0  # share of the photograph's own blurred tone, as an artist's smudged shadows
    seed: int = 0


def draw_style(seed: int | np.random.Generator, name: str = "random") -> Style:
    """Draws a style and its parameters at random, as for one training sketch.

    The ranges reach from the thin grey of Pencil Sketchify (2 % dark pixels) to the heavy ink of artists and of
    XDoG (20-30 %), because a generator that has seen one style at one scale fails on every other.

    Args:
        seed: A seed, or a generator to draw from.
        name: `"random"` draws the style too; another name of `STYLES` fixes it and draws only its parameters.

    Returns:
        The style. `apply_style` makes a sketch with it.

    >>> draw_style(7) == draw_style(7), draw_style(7) == draw_style(8)
    (True, False)
    """
    rng = np.random.default_rng(seed)
    if name == "random":
        name = str(rng.choice(["pencil", "xdog", "line"], p=[0.55, 0.27, 0.18]))
    # As `sketch` draws without being told anything, which is what most people do, on photographs of any size.
    usual, any_size = rng.random() < 0.4, rng.random() < 0.5
    plain = rng.random() < 0.3  # no wear, no displacement
    low = rng.uniform(0.01, 0.035)
    drawn = Style(
        name=name,
        scale=float(np.exp(rng.uniform(np.log(0.6), np.log(2.2)))),
        blur=int(rng.choice([9, 13, 17, 21, 21, 21, 25, 31, 41])),
        sigma=float(rng.uniform(0.5, 1.3)),
        p=float(rng.uniform(10, 30)),
        epsilon=float(rng.uniform(0.1, 0.55)),
        phi=float(np.exp(rng.uniform(np.log(1.5), np.log(12)))),
        low=float(low),
        high=float(low * rng.uniform(1.5, 3.0)),
        thickness=float(rng.uniform(0.6, 2.0)),
        ink=1.0 if plain else float(rng.uniform(0.7, 2.2)),
        gamma=1.0 if plain else float(np.exp(rng.uniform(np.log(0.6), np.log(2.0)))),
        paper=1.0 if plain else float(rng.uniform(0.85, 1.0)),
        grain=0.0 if plain else float(rng.uniform(0.0, 0.08)),
        noise=0.0 if plain else float(rng.uniform(0.0, 0.04)),
        displacement=0.0 if plain else float(rng.uniform(0.0, 1.6)),
        shading=0.0 if plain or rng.random() < 0.5 else float(rng.uniform(0.1, 0.6)),
        seed=int(rng.integers(2**31)),
    )
    return Style(name=name, scale=drawn.scale if any_size else 1.0, seed=drawn.seed) if usual else drawn


def apply_style(photo: np.ndarray, style: Style) -> np.ndarray:
    """Draws a photograph in one style, with the wear and the displacement that the style holds.

    Args:
        photo: `(H, W, 3)` RGB or `(H, W, 1)` in [0, 1], at its own size.
        style: From `draw_style`, or made by hand.

    Returns:
        `(H, W, 1)` float32 in [0, 1].
    """
    gray = to_gray(photo)[..., np.newaxis]
    if style.name == "pencil":
        sketch = pencil(gray, style.blur, scale=style.scale)
    elif style.name == "xdog":
        sketch = xdog(gray, style.sigma, p=style.p, epsilon=style.epsilon, phi=style.phi, scale=style.scale)
    elif style.name == "line":
        sketch = line(gray, style.sigma, style.low, style.high, thickness=style.thickness, scale=style.scale)
    else:
        raise ValueError(f"A drawn style must be pencil, xdog or line. Received: {style.name!r}.")
    if style.ink != 1.0:
        sketch = np.clip(1.0 - style.ink * (1.0 - sketch), 0.0, 1.0)
    if style.gamma != 1.0:
        sketch = cv2.pow(sketch, style.gamma).reshape(sketch.shape)
    if style.shading:
        tone = cv2.GaussianBlur(gray, (0, 0), max(gray.shape[:2]) / 60)[..., np.newaxis]
        sketch = sketch * (1.0 - style.shading * (1.0 - tone))
    if style.displacement:
        sketch = _displace(sketch, style.displacement * min(gray.shape[:2]) / 100, style.seed)
    if style.grain or style.noise:
        rng = np.random.default_rng(style.seed)
        spread = style.noise + style.grain * (sketch < 0.97)  # grain shows where the pencil passed
        sketch = sketch + spread * rng.standard_normal(sketch.shape, np.float32)
    if style.paper != 1.0:
        sketch = sketch * style.paper
    return np.clip(sketch, 0.0, 1.0).astype(np.float32)


def _displace(sketch: np.ndarray, amplitude: float, seed: int) -> np.ndarray:
    """Moves the strokes smoothly by about `amplitude` pixels (standard deviation), as a hand misplaces features."""
    height, width = sketch.shape[:2]
    rng = np.random.default_rng(seed)
    # Six knots across: artists displace whole features, they do not tremble.
    knots = rng.standard_normal((6, 6, 2), np.float32) * amplitude
    field = cv2.resize(knots, (width, height), interpolation=cv2.INTER_CUBIC)
    columns, rows = np.meshgrid(np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32))
    moved = cv2.remap(
        sketch, columns + field[..., 0], rows + field[..., 1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    )
    return moved.reshape(sketch.shape)


def sketch(photo: np.ndarray, style: str = "pencil", seed: int = 0, **parameters: object) -> np.ndarray:
    """Draws a photograph in a named style.

    Args:
        photo: `(H, W, 3)` RGB in [0, 1].
        style: `"pencil"`, `"xdog"`, `"line"`, `"neural"` or `"random"`.
        seed: Used by `"random"` only, which draws a style and its parameters from it.
        **parameters: Passed to the function of that name; `"random"` takes none.

    Returns:
        `(H, W, 1)` float32 in [0, 1].

    Raises:
        ValueError: There is no such style.
    """
    check_style(style)
    if seed < 0:
        raise ValueError(f"`seed` must not be negative. Received: seed={seed}.")
    if style == "random":
        return apply_style(photo, draw_style(seed))
    return {"pencil": pencil, "xdog": xdog, "line": line, "neural": neural}[style](photo, **parameters)


def check_style(style: str | Path) -> str:
    """Returns the name of a style, or raises `ValueError` that lists the known ones."""
    if style not in STYLES:
        raise ValueError(f"`style` must be one of {', '.join(STYLES)}. Received: {style!r}.")
    return str(style)
