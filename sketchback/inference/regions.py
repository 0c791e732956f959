"""Which blocks of a picture are skin, hair and background, or sky, wall and ground: a guess without a network.

A generator's own answer has the colours of a face, though not those of this one, and the drawing says where strokes
are. That is enough to tell the parts apart on a coarse grid.
"""

from __future__ import annotations

import cv2
import numpy as np

from sketchback import images
from sketchback.images.tones import BLOCK, CELL

FACE = ("skin", "hair", "background")
BUILDING = ("sky", "wall", "ground")
PARTS = (*FACE, *BUILDING)
LAYERS = ("hair", "skin", "background", "wall", "ground", "sky")  # where two are told of one place, the later counts
# Differences of colour in CIELAB: from a block to the next, and from skin to what still is skin.
STEP, SKIN = 9.0, 20.0
ALIKE, SHADED = 12.0, 26.0  # with less of lightness: from skin to a backdrop, at least; to shaded skin, at most
DARKER = 14.0  # in lightness, 0 to 100: hair against skin
BELOW = 0.1  # of the height: how far hair reaches below the chin
PLAIN = 0.6  # of the mean ink: blocks with less, around them too, are paper
BARE = 0.3  # of the ink of blocks with strokes: no stroke passes through those with less
MOST_BARE = 0.12  # of ink: nor through these
SKY, GROUND = 0.85, 0.7  # of the height: down to where, and from where on


def find(photo: np.ndarray, sketch: np.ndarray) -> dict[str, np.ndarray]:
    """Finds the parts of a face and of a building front; who asks knows which of both it is.

    Args:
        photo: `(H, W, 3)` in [0, 1], a generator's own answer.
        sketch: `(H, W, 1)` in [0, 1], the drawing, paper = 1.

    Returns:
        For each name in `PARTS` which blocks of 4 x 4 pixels belong to it, `(4 ceil(H / 16), 4 ceil(W / 16))`, 0 or 1,
        float32; maybe none.
    """
    cells = [-(-side // CELL) for side in sketch.shape[:2]]
    size = [side * CELL // BLOCK for side in cells]
    lab = cv2.cvtColor(images.resize(_complete(photo, cells), size), cv2.COLOR_RGB2LAB)
    ink = 1 - images.resize(_complete(sketch, cells), size)[..., 0]
    around = cv2.GaussianBlur(ink, (0, 0), 1.0)
    plain = around <= PLAIN * around.mean()
    drawn = ink[ink > ink.mean()]  # thin lines leave little ink in a block
    bare = ink < min(BARE * float(np.percentile(drawn, 90)) if drawn.size else 1.0, MOST_BARE)
    parts = {**_face(lab, plain), **_building(lab, plain, bare)}
    return {name: part.astype(np.float32) for name, part in parts.items()}


def _complete(image: np.ndarray, cells: list[int]) -> np.ndarray:
    """Repeats the last pixels until the last cells are whole."""
    sides = [(0, cell * CELL - side) for cell, side in zip(cells, image.shape[:2], strict=True)]
    return np.pad(image, [*sides, (0, 0)], mode="edge")


def _face(lab: np.ndarray, plain: np.ndarray) -> dict[str, np.ndarray]:
    rows, columns = lab.shape[:2]
    y, x = np.mgrid[0.5:rows, 0.5:columns] / np.array([rows, columns]).reshape(2, 1, 1)
    away = np.hypot((y - 0.55) / 0.5, (x - 0.5) / 0.45)  # 1 near the edge of the picture
    middle = away < 0.4
    # The lighter half, without eyes, lips and shadows.
    light = lab[..., 0] >= np.median(lab[middle][:, 0])
    colour = np.median(lab[middle & light], axis=0)
    lit = _connected(middle, _unlike(lab, colour, light=1.0) + 20 * np.maximum(away - 0.5, -0.4) < SKIN)
    chin, nose = (y[lit].max(), y[lit].mean()) if lit.any() else (1.0, 1.0)

    unlike_skin = _unlike(lab, colour, light=0.6)
    darker = lab[..., 0] < colour[0] - DARKER
    backdrop = ~lit & (plain | ~darker) & (unlike_skin > ALIKE)
    edge = (y < 1 / rows) | ((y < 0.67) & ((x < 1 / columns) | (x > 1 - 1 / columns)))
    background = _flood(edge & backdrop, lab, backdrop)
    # The rest is shaded skin, as temples, ears and the neck are, where it is nearer to skin than to dark hair.
    crown = ~lit & ~background & darker & (y < nose)
    if crown.any():
        darkest = crown & (lab[..., 0] <= np.median(lab[crown][:, 0]))
        unlike_hair = _unlike(lab, np.median(lab[darkest], axis=0), light=0.6)
        shaded = (unlike_skin < unlike_hair) & (unlike_skin < SHADED)
        skin = _connected(lit, lit | (shaded & ~background))
    else:
        skin = lit
    closed = cv2.morphologyEx(skin.astype(np.uint8), cv2.MORPH_CLOSE, np.ones((5, 5), np.uint8)) > 0  # eyes, mouth
    skin = skin | (closed & (away < 0.7) & ~background)

    square = np.ones((3, 3), np.uint8)
    beside = cv2.dilate(skin.astype(np.uint8), square) > 0
    dark = ~skin & ~background & darker & (y <= chin + BELOW)
    # Outlines and shadows beside the cheeks are dark too, but thin and low.
    thick = cv2.morphologyEx(dark.astype(np.uint8), cv2.MORPH_OPEN, square) > 0
    hair = _connected(beside & thick & (y < nose), thick | (dark & (y < nose)))
    return {"skin": skin, "hair": hair, "background": background}


def _unlike(lab: np.ndarray, colour: np.ndarray, *, light: float) -> np.ndarray:
    """How far blocks are from a colour; light and shadow count as much as is said."""
    distance: np.ndarray = np.linalg.norm((lab - colour) * (light, 1.3, 1.3), axis=-1)
    return distance


def _building(lab: np.ndarray, plain: np.ndarray, bare: np.ndarray) -> dict[str, np.ndarray]:
    rows = lab.shape[0]
    height = np.broadcast_to((np.arange(rows)[:, np.newaxis] + 0.5) / rows, plain.shape)
    bottom = height > 1 - 1 / rows
    # Both end at strokes, and the ground has some of its own; the sky reaches the outlines.
    ground = _flood(bottom, lab, bottom | (bare & (height > GROUND)))
    ground = cv2.morphologyEx(ground.astype(np.uint8), cv2.MORPH_CLOSE, np.ones((3, 3), np.uint8)) > 0
    above = ~ground & (height < SKY)
    sky = _flood(height < 1 / rows, lab, plain & above)
    cross = cv2.getStructuringElement(cv2.MORPH_CROSS, (3, 3))
    sky |= (cv2.dilate(sky.astype(np.uint8), cross) > 0) & bare & above
    return {"sky": sky, "wall": ~sky & ~ground, "ground": ground}


def _connected(start: np.ndarray, allowed: np.ndarray) -> np.ndarray:
    """The blocks of `allowed` that are connected with `start`."""
    _, labels = cv2.connectedComponents(allowed.astype(np.uint8), connectivity=4)
    return allowed & np.isin(labels, labels[start & allowed])


def _flood(start: np.ndarray, lab: np.ndarray, allowed: np.ndarray) -> np.ndarray:
    """Spreads from block to block within `allowed` where the colour changes little."""
    down = np.linalg.norm(np.diff(lab, axis=0), axis=-1) < STEP
    right = np.linalg.norm(np.diff(lab, axis=1), axis=-1) < STEP
    found = np.zeros_like(start)
    more = start & allowed
    while more.any():
        found |= more
        more = np.zeros_like(found)
        more[1:] |= found[:-1] & down
        more[:-1] |= found[1:] & down
        more[:, 1:] |= found[:, :-1] & right
        more[:, :-1] |= found[:, 1:] & right
        more &= allowed & ~found
    return found
