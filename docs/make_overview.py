"""Make docs/overview.png, the picture of the README, from a free photograph and drawings of our own.

    python docs/make_overview.py
"""

from pathlib import Path

from skimage import data

from sketchback import images, sketching
from sketchback.invert import invert

HERE = Path(__file__).parent
DRAWINGS = HERE.parent / "examples" / "drawings"
SIZE = (200, 160)

astronaut = images.fit(images.from_uint8(data.astronaut()[0:225, 130:310]), SIZE)
sketches = [sketching.sketch(astronaut, style) for style in ("pencil", "xdog", "line")]
drawings = [images.read(DRAWINGS / f"face_{name}.png", channels=1) for name in ("pencil", "ink", "line")]

rows = [
    [astronaut, *(picture for sketch in sketches for picture in (sketch, invert(sketch, "faces")))],
    [images.fit(astronaut * 0 + 1, SIZE), *(images.fit(picture, SIZE) for drawing in drawings
                                            for picture in (drawing, invert(drawing, "faces")))],
]  # fmt: skip
print("wrote", images.write(HERE / "overview.png", images.grid(rows)))
