"""One photograph of a data set and, where somebody drew it by hand, its sketch."""

from __future__ import annotations

import dataclasses
import hashlib
import logging
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from sketchback import images

SHOWN = 5  # names of files that are left out

logger = logging.getLogger(__name__)


@dataclasses.dataclass(frozen=True)
class Example:
    """A photograph and, where somebody drew it by hand, its sketch.

    `group` is the person or building: no group is in two splits. `kind` names the data set, `label` a subset of it
    whose scores are reported apart (the drawing style of FS2K, the group of MEBeauty and UTKFace). `traits` is all that
    a file's name says of the person: group, gender, age. The photograph of a built-in set is a function. `drawing` is
    the file of what the artist drew of a photograph without a sketch, see `training.drawings`.
    """

    name: str
    photo: Path | Callable[[], np.ndarray]
    sketch: Path | None = None
    group: str = ""
    split: str = "train"
    kind: str = ""
    label: str = ""
    traits: tuple[str, ...] = ()
    drawing: Path | None = None

    @property
    def hand(self) -> str:
        """Whose hand drew the sketch: `"CUFS"`, `"XM2VTS"` or `"FS2K 1"` to `"FS2K 3"`; empty where that is unknown.

        >>> Example("a", Path("a.jpg"), Path("b.jpg"), kind="FS2K", label="style 0").hand
        'FS2K 1'
        """
        if self.sketch is None:
            return ""
        if self.kind == "FS2K":
            style = self.label.removeprefix("style ")
            return f"FS2K {int(style) + 1}" if style in ("0", "1", "2") else ""
        return self.kind if self.kind in ("CUFS", "XM2VTS") else ""

    @property
    def files(self) -> list[Path]:
        """The files of the photograph and of the sketch; a built-in picture has none."""
        return [path for path in (self.photo, self.sketch) if isinstance(path, Path)]

    def read_photo(self) -> np.ndarray:
        """Reads the photograph: `(H, W, 3)` float32 RGB in [0, 1], at its own size."""
        return images.read(self.photo) if isinstance(self.photo, Path) else self.photo()

    def read_sketch(self) -> np.ndarray | None:
        """Reads the drawn sketch: `(H, W, 1)` float32 in [0, 1] at its own size, or None where there is none."""
        return None if self.sketch is None else images.read(self.sketch, channels=1)


def is_demo(example: Example) -> bool:
    """Whether a picture is drawn by sketchback itself; no terms of use are bound to it."""
    return not isinstance(example.photo, Path)


def fingerprint(examples: Sequence[Example]) -> str:
    """A short hash of what a run was shown: names, splits and sizes of the files."""
    digest = hashlib.sha256()
    for example in examples:
        sizes = "/".join(str(path.stat().st_size) for path in example.files)
        digest.update(f"{example.kind}/{example.name}/{example.split}/{sizes}\n".encode())
    return digest.hexdigest()[:16]


def warn_left_out(what: str, names: Sequence[str | Path]) -> None:
    """Logs how many files became no examples, and the first few of them; nothing where there are none."""
    if names:
        more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
        logger.warning("left out %d %s: %s%s", len(names), what, "; ".join(map(str, names[:SHOWN])), more)
