"""Sketchback turns sketches back into photographs.

>>> import sketchback
>>> generator = sketchback.load("faces")                       # doctest: +SKIP
>>> from sketchback.invert import invert
>>> photo = invert("drawing.png")                               # doctest: +SKIP
"""

from __future__ import annotations

from importlib import metadata
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    import keras

try:
    __version__ = metadata.version("sketchback")
except metadata.PackageNotFoundError:  # a checkout that nobody installed
    __version__ = "0+unknown"

__all__ = ["__version__", "load"]


def load(weights: str | Path) -> keras.Model:
    """Loads a trained generator by name or from a file; the file says what it holds.

    Args:
        weights: A name (`"faces"`, `"buildings"`), or the path of an `.h5` file.

    Returns:
        A Keras model, `(B, H, W, 1)` sketches in [0, 1] -> `(B, H, W, 3)` RGB photographs in [0, 1]. H and W must be
        multiples of its `stride`; `sketchback.invert.invert` and `inference.pipeline.predict` take any size.

    Raises:
        FileNotFoundError: No such name or file; the message lists what there is.
        ValueError: The file is no weight file of ours, is damaged, or holds another architecture.
    """
    from sketchback.weights import load as load_weights  # Keras is imported only when it is needed

    return load_weights(weights)
