"""Drawing in a hand that was learnt from hand-drawn sketches, by the network of `models.artist`.

The network is handed in: `sketchback.sketch` and training load it, `weights/artist.weights.h5` is the one that ships.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import cv2
import numpy as np

from sketchback.images import resize

HANDS = ("CUFS", "XM2VTS", "FS2K 1", "FS2K 2", "FS2K 3")  # in the order of the weights that a hand is given by
SIDE = 144  # pixels: the shorter side of a photograph as the network knows faces
STRIDE = 16
MAX_SIDE = 1600  # for the sake of memory
MAX_PIXELS = 4_000_000  # likewise


def read_hand(text: str) -> np.ndarray:
    """The weights `(5,)` of a hand.

    Args:
        text: One of `HANDS` (capitals do not matter), or shares of several, `"CUFS=0.7,FS2K 2=0.3"`.

    Raises:
        ValueError: There is no such hand, or the shares do not sum to 1 (within 0.02, for thirds).

    >>> read_hand("xm2vts").tolist(), read_hand("CUFS=0.75,FS2K 3=0.25").tolist()
    ([0.0, 1.0, 0.0, 0.0, 0.0], [0.75, 0.0, 0.0, 0.0, 0.25])
    """
    weights = np.zeros(len(HANDS), np.float32)
    names = [name.lower() for name in HANDS]
    for part in text.split(","):
        name, _, share = part.partition("=")
        try:
            weights[names.index(name.strip().lower())] += float(share or 1)
        except ValueError:
            weights[:] = np.nan
    if not ((weights >= 0).all() and abs(weights.sum() - 1) <= 0.02):  # NaN is refused too
        raise ValueError(
            f"A hand must be one of {', '.join(HANDS)}, or shares of them that sum to 1 as CUFS=0.7,XM2VTS=0.3. "
            f"Received: {text!r}."
        )
    return weights / weights.sum()


def hands_among(text: str) -> tuple[int, ...]:
    """The places in `HANDS` of several hands, in its order; all of them for an empty text.

    Raises:
        ValueError: One is not among them.

    >>> hands_among("FS2K 1,cufs"), hands_among("")
    ((0, 2), (0, 1, 2, 3, 4))
    """
    asked = [name.strip().lower() for name in text.split(",")] if text else [name.lower() for name in HANDS]
    found = tuple(place for place, name in enumerate(HANDS) if name.lower() in asked)
    if len(found) < len(set(asked)):
        raise ValueError(f"Hands must be some of {', '.join(HANDS)}, with commas between them. Received: {text!r}.")
    return found


def sample_hand(rng: np.random.Generator, among: Sequence[int] = range(len(HANDS))) -> np.ndarray:
    """A hand `(5,)` in between: mostly near one of `HANDS`, at times a mixture of several; only of those `among`."""
    weights = np.zeros(len(HANDS), np.float32)
    weights[list(among)] = rng.dirichlet(np.full(len(among), 0.4))
    return weights


def draw(photo: np.ndarray, *, network: Any, weights: np.ndarray, side: int = SIDE) -> np.ndarray:
    """Draws a photograph of a face, as style `"artist"`.

    Args:
        photo: `(H, W, 3)` RGB in [0, 1].
        network: `[(B, H, W, 3), (B, 5)] -> (B, H, W, 1)`, with `predict_on_batch`.
        weights: `(5,)`, whose hand; see `read_hand` and `sample_hand`.
        side: Pixels of the shorter side at which it is drawn, 16 to 1600; strokes are finer on a larger sheet.

    Returns:
        `(H, W, 1)` float32 in [0, 1].

    Raises:
        ValueError: `side` is out of range.
    """
    if not STRIDE <= side <= MAX_SIDE:
        raise ValueError(f"`side` must be {STRIDE} to {MAX_SIDE} pixels. Received: side={side}.")
    height, width = size = photo.shape[:2]
    ratio = min(side / min(size), (MAX_PIXELS / (height * width)) ** 0.5)  # a ribbon's longer side may be long
    rows, columns = (max(round(one * ratio), STRIDE) for one in size)
    seen = resize(photo, (rows, columns)) if (rows, columns) != size else photo
    padded = np.pad(seen, ((0, -rows % STRIDE), (0, -columns % STRIDE), (0, 0)), mode="reflect")
    drawn = network.predict_on_batch([padded[np.newaxis].astype(np.float32), weights[np.newaxis]])
    drawing = np.asarray(drawn, np.float32)[0, :rows, :columns]
    return drawing if (rows, columns) == size else resize(drawing, (height, width), cubic=True)


def bend(drawing: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Turns and stretches a drawing by a little, as a whole: artists' proportions are their own."""
    height, width = drawing.shape[:2]
    corners = np.array([[0, 0], [width, 0], [0, height]], np.float32)
    moved = corners + rng.normal(0.0, 0.012 * min(height, width), (3, 2)).astype(np.float32)
    matrix = cv2.getAffineTransform(corners, moved)
    return cv2.warpAffine(drawing, matrix, (width, height), borderMode=cv2.BORDER_REPLICATE).reshape(drawing.shape)
