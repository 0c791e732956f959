"""Make docs/cleaning.png: drawings of our own, as a phone sees them on a table, cleaned, and turned into photographs.

python docs/make_cleaning.py
"""

import sys
from pathlib import Path

from sketchback import images
from sketchback.invert import invert
from sketchback.sketching.cleanup import clean
from sketchback.weights import DEFAULT

HERE = Path(__file__).parent
DRAWINGS = HERE.parent / "examples" / "drawings"
sys.path.insert(0, str(HERE.parent / "benchmarks"))

from cleaning import KINDS, degrade  # noqa: E402  (benchmarks/cleaning.py, which measures the same)

rows = []
for seed, (name, weights, size) in enumerate(
    [
        ("face_pencil", DEFAULT, (250, 200)),
        ("face_ink", DEFAULT, (250, 200)),
        ("house", "buildings", (150, 200)),
    ]
):
    photographed = degrade(images.read(DRAWINGS / f"{name}.png", channels=1), KINDS, seed)
    cleaned = clean(photographed)
    photo = invert(cleaned, weights)
    rows.append([images.fit(picture, size, "pad") for picture in (photographed, cleaned, photo)])
lines = [images.side_by_side(row) for row in rows]
picture = images.side_by_side([line.swapaxes(0, 1) for line in lines]).swapaxes(0, 1)  # below each other, with a gap
print("wrote", images.write(HERE / "cleaning.png", picture))
