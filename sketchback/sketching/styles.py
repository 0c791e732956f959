"""Sketching styles by name, and the random ones that training sees.

Randomness is sampled first (`sample_style`), then applied purely (`apply_style`): the same seed gives the same pixels
on any number of threads.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

import cv2
import numpy as np

from sketchback.images import check_image, to_gray
from sketchback.sketching import artist
from sketchback.sketching.filters import line, pencil, xdog

FILTERS: dict[str, Callable[..., np.ndarray]] = {"pencil": pencil, "xdog": xdog, "line": line}
SHARES = {"pencil": 0.45, "xdog": 0.25, "line": 0.30}  # of random styles; people draw lines
STYLES = (*FILTERS, "artist", "neural", "random")
WITHOUT_NETWORK = (*FILTERS, "random")


@dataclasses.dataclass(frozen=True)
class Style:
    """Everything that is random about one training sketch; `apply_style` applies it.

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
    paper: float = 1.0  # brightness of the paper
    grain: float = 0.0
    noise: float = 0.0
    displacement: float = 0.0
    shading: float = 0.0  # share of the photograph's own blurred tone, as an artist's smudged shadows
    seed: int = 0


def sample_style(seed: int | np.random.Generator, name: str = "random") -> Style:
    """Samples a style and its parameters, as for one training sketch.

    The ranges reach from the thin grey of Pencil Sketchify (2 % dark pixels) to the heavy ink of artists and of
    XDoG (20-30 %), because a generator that has seen one style at one scale fails on every other.

    Args:
        seed: A seed, or a generator to sample with.
        name: `"random"` samples the style too; one of `FILTERS` fixes it, and only its parameters are sampled.

    Returns:
        The style. `apply_style` makes a sketch with it.

    >>> sample_style(7) == sample_style(7), sample_style(7) == sample_style(8)
    (True, False)
    """
    rng = np.random.default_rng(seed)
    if name not in WITHOUT_NETWORK:
        raise ValueError(f"`name` must be one of {', '.join(WITHOUT_NETWORK)}. Received: {name!r}.")
    if name == "random":
        name = str(rng.choice(list(SHARES), p=list(SHARES.values())))
    # `sketch` with its defaults is what most people use, on photographs of any size.
    usual, any_size = rng.random() < 0.4, rng.random() < 0.5
    plain = rng.random() < 0.3  # no wear, no displacement
    low = rng.uniform(0.01, 0.035)
    sampled = Style(
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
    return Style(name=name, scale=sampled.scale if any_size else 1.0, seed=sampled.seed) if usual else sampled


def apply_style(photo: np.ndarray, style: Style, drawing: np.ndarray | None = None) -> np.ndarray:
    """Draws a photograph in one style, with the wear and the displacement that the style holds.

    Args:
        photo: `(H, W, 3)` RGB or `(H, W, 1)` in [0, 1], at its own size.
        style: From `sample_style`, or made by hand.
        drawing: `(H, W, 1)`, what the artist drew of it, which wear and displacement are then applied to.

    Returns:
        `(H, W, 1)` float32 in [0, 1].
    """
    gray = to_gray(photo)[..., np.newaxis]
    if drawing is not None:
        sketch = drawing
    elif style.name == "pencil":
        sketch = pencil(gray, style.blur, scale=style.scale)
    elif style.name == "xdog":
        sketch = xdog(gray, sigma=style.sigma, p=style.p, epsilon=style.epsilon, phi=style.phi, scale=style.scale)
    elif style.name == "line":
        sketch = line(
            gray,
            sigma=style.sigma,
            low=style.low,
            high=style.high,
            thickness=style.thickness,
            scale=style.scale,
        )
    else:
        raise ValueError(f"A style to apply must be one of {', '.join(FILTERS)}. Received: {style.name!r}.")
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


def sketch(photo: np.ndarray, style: str = "pencil", seed: int = 0, **parameters: Any) -> np.ndarray:
    """Draws a photograph in a named style.

    Args:
        photo: `(H, W, 3)` RGB in [0, 1].
        style: `"pencil"`, `"xdog"`, `"line"`, `"artist"`, `"neural"` or `"random"`.
        seed: Used by `"random"` only, which samples a style and its parameters with it.
        **parameters: Passed to the function of that name; `"random"` takes none. `"artist"` needs its `network` and
            `weights`, see `artist.draw`; `sketchback.sketch.sketch` loads them.

    Returns:
        `(H, W, 1)` float32 in [0, 1].

    Raises:
        ValueError: There is no such style, or the photograph or a parameter will not do.
    """
    check_style(style)
    check_image("photo", photo)
    if not isinstance(seed, (int, np.integer)) or seed < 0:
        raise ValueError(f"`seed` must be a whole number of at least 0. Received: seed={seed!r}.")
    if style == "random" and parameters:
        raise ValueError(f"Style random samples its own parameters. Received: {', '.join(parameters)}. Leave them out.")
    if style == "random":
        return apply_style(photo, sample_style(seed))
    if style == "artist":
        return artist.draw(photo, **parameters)
    if style == "neural":
        from sketchback.sketching.style_transfer import neural  # and with it Keras

        return neural(photo, **parameters)
    return FILTERS[style](photo, **parameters)


def check_style(style: str) -> str:
    """Returns the name of a style, or raises `ValueError` that lists the known ones."""
    if style not in STYLES:
        raise ValueError(f"`style` must be one of {', '.join(STYLES)}. Received: {style!r}.")
    return style
