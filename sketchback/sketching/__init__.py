"""Photograph -> sketch, by simulation; and photograph of a drawing on paper -> sketch.

Every sketch is `(H, W, 1)` with white paper = 1. Nothing here imports Keras, except the neural style when it is called.
"""

from sketchback.sketching.cleanup import clean
from sketchback.sketching.filters import line, on_paper, paper_texture, pencil, xdog
from sketchback.sketching.styles import STYLES, WITHOUT_NETWORK, Style, apply_style, check_style, sample_style, sketch

__all__ = [
    "STYLES",
    "WITHOUT_NETWORK",
    "Style",
    "apply_style",
    "check_style",
    "clean",
    "line",
    "on_paper",
    "paper_texture",
    "pencil",
    "sample_style",
    "sketch",
    "xdog",
]
