"""One photograph of a data set and, where somebody drew it by hand, its sketch."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path

import numpy as np

from sketchback import images

Source = Path | Callable[[], np.ndarray]


@dataclasses.dataclass(frozen=True)
class Example:
    """A photograph and, where somebody drew it by hand, its sketch.

    `group` is the person or building: no group is in two splits. `kind` names the data set, `label` a subset of it
    whose scores are reported apart (the drawing style of FS2K). The photograph of a built-in set is a function.
    """

    name: str
    photo: Source
    sketch: Path | None = None
    group: str = ""
    split: str = "train"
    kind: str = ""
    label: str = ""

    def read_photo(self) -> np.ndarray:
        """Reads the photograph: `(H, W, 3)` float32 RGB in [0, 1], at its own size."""
        return self.photo() if callable(self.photo) else images.read(self.photo)

    def read_sketch(self) -> np.ndarray | None:
        """Reads the drawn sketch: `(H, W, 1)` float32 in [0, 1] at its own size, or None where there is none."""
        return None if self.sketch is None else images.read(self.sketch, channels=1)
