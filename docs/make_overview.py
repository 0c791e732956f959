"""Make docs/overview.png, the picture of the README, from a free photograph and drawings of our own.

python docs/make_overview.py
"""

from pathlib import Path

import numpy as np
from skimage import data

from sketchback import images, sketching
from sketchback.invert import invert

HERE = Path(__file__).parent
DRAWINGS = HERE.parent / "examples" / "drawings"
SIZE = (200, 160)

astronaut = images.fit(images.from_uint8(data.astronaut()[0:225, 130:310]), SIZE)
sketches = [sketching.sketch(astronaut, style) for style in ("pencil", "xdog", "line")]
drawings = [images.read(DRAWINGS / f"face_{name}.png", channels=1) for name in ("pencil", "ink", "line")]

buildings = [images.read(DRAWINGS / f"{name}.png", channels=1) for name in ("house", "facade", "tower")]
blank = np.ones((1, 1, 3), np.float32)


def row(size: tuple[int, int], *pictures: np.ndarray) -> np.ndarray:
    """One row of the picture: everything brought to one size."""
    return images.side_by_side([images.fit(picture, size) for picture in pictures])


rows = [
    row(SIZE, astronaut, *(picture for sketch in sketches for picture in (sketch, invert(sketch)))),
    row(SIZE, blank, *(picture for sketch in drawings for picture in (sketch, invert(sketch)))),
    row((120, 160), blank, *(picture for sketch in buildings for picture in (sketch, invert(sketch, "buildings")))),
]
gap = np.ones((4, rows[0].shape[1], 3), np.float32)
picture = np.concatenate([part for line in rows for part in (line, gap)][:-1])
print("wrote", images.write(HERE / "overview.png", picture))
