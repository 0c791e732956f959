"""Photographs of hand-drawn pairs, moved to where their drawings have them; made once and kept beside the run.

Artists move features by some pixels: what a photograph shows is then not under the strokes that stand for it, and a
generator that cannot know where it is answers with a blur. The photograph is drawn by the network of `sketching.artist`
in the hand of its pair, and the optical flow (Kroeger et al. 2016) from the artist's own drawing to that one, which are
alike but for the places, says how to move it.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from sketchback import images
from sketchback.datasets import Example
from sketchback.sketching.artist import draw, read_hand
from sketchback.training.drawings import key, make_missing, number

SMOOTH = 0.04  # of the shorter side: how far what moves together reaches
STROKE = 0.005  # of it: strokes are compared as soft as this, for they are never the same
VARIATION = 60.0  # weight of the smoothness in the refinement of the flow, three times OpenCV's


def register(photo: np.ndarray, sketch: np.ndarray, drawn: np.ndarray) -> np.ndarray:
    """Moves a photograph to where a sketch has it.

    Args:
        photo: `(H, W, 3)` in [0, 1].
        sketch: `(H, W, 1)` in [0, 1], by hand.
        drawn: `(H, W, 1)` in [0, 1], a drawing of the photograph that lies over it.

    Returns:
        `(H, W, 3)` float32 in [0, 1]; what comes from outside the photograph is its border's colour.
    """
    height, width = photo.shape[:2]
    side = min(height, width)
    flow = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
    flow.setFinestScale(2)
    flow.setVariationalRefinementAlpha(VARIATION)
    flow.setVariationalRefinementIterations(10)
    there, here = (cv2.GaussianBlur(np.round(255 * one[..., 0]), (0, 0), STROKE * side) for one in (sketch, drawn))
    nothing = np.zeros((height, width, 2), np.float32)
    moved = flow.calc(there.astype(np.uint8), here.astype(np.uint8), nothing)
    moved = cv2.GaussianBlur(moved, (0, 0), SMOOTH * side)
    rows, columns = np.mgrid[:height, :width].astype(np.float32)
    found = cv2.remap(
        photo, columns + moved[..., 0], rows + moved[..., 1], cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE
    )
    return np.clip(found, 0.0, 1.0)


def register_all(examples: Sequence[Example], folder: Path, *, share: float = 1.0, **how: Any) -> list[Example]:
    """Registers the photographs of the training part's pairs, as far as the artist knows the hand.

    Args:
        examples: All of a stage.
        folder: Where the photographs are kept; what is there already is not made again.
        share: Of the pairs, in [0, 1]; which ones, depends on their names alone.
        **how: `artist`, `policy` and `progress`, see `drawings.make_missing`, also for what it raises.

    Returns:
        The examples, with other photographs where they were moved.
    """

    def file(example: Example) -> str:
        is_chosen = example.hand and example.split == "train" and number(example) < share * 2**32
        return f"{key(example)}.png" if is_chosen else ""

    doing = "photographs are moved to their drawings"
    return make_missing(examples, folder, file, _register, attribute="photo", doing=doing, **how)


def _register(network: Any, own: Sequence[tuple[Example, Path]]) -> None:
    for example, place in own:
        try:
            photo, sketch = example.read_photo(), example.read_sketch()
        except (ValueError, OSError):  # said when it is to be shown
            continue
        assert sketch is not None  # it has a hand
        if sketch.shape[:2] != photo.shape[:2]:
            sketch = images.resize(sketch, photo.shape[:2])
        drawn = draw(photo, network=network, weights=read_hand(example.hand))
        images.write(place, register(photo, sketch, drawn))
