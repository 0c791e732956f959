"""Make the pictures of the README that show what tone, candidates and the enlarger do.

python docs/make_tone.py
"""

from pathlib import Path

import numpy as np
from skimage import data

from sketchback import images, sketching
from sketchback.invert import invert

HERE = Path(__file__).parent
DRAWINGS = HERE.parent / "examples" / "drawings"
SIZE = (200, 160)


def drawing(name: str, size: tuple[int, int] = SIZE) -> np.ndarray:
    return images.fit(images.read(DRAWINGS / f"{name}.png", channels=1), size)


astronaut = images.fit(images.from_uint8(data.astronaut()[0:225, 130:310]), SIZE)
sketches = [drawing("face_pencil"), drawing("face_ink")]
told = (
    None,
    {"skin": "dark", "hair": "black"},
    {"skin": "light", "hair": "red", "background": "#4466aa"},
    {"lighter": -0.25, "warmer": 0.2},
    astronaut,
)
rows = [
    [sketch, invert(sketch, "faces"), *(invert(sketch, tone=tone) for tone in told)]
    for sketch in (*sketches, sketching.sketch(astronaut, "pencil"))
]
print("wrote", images.write(HERE / "tone.png", images.grid(rows)))
told = (None, {"sky": "#88bbee"}, {"sky": "#88bbee", "wall": "#a0522d"}, {"sky": "#f0b070", "ground": "#667744"})
rows = [
    [sketch, *(invert(sketch, "buildings", tone=tone) for tone in told), *invert(sketch, "buildings", candidates=3)[1:]]
    for sketch in (drawing("house", (150, 200)), drawing("tower", (150, 200)))
]
print("wrote", images.write(HERE / "tone_buildings.png", images.grid(rows)))
large = drawing("face_pencil", (512, 410))
rows = [[large, *invert(large, candidates=4, seed=3, tone=tone)] for tone in (None, {"skin": "dark"})]
print("wrote", images.write(HERE / "candidates.jpg", images.grid(rows)))
row = [
    picture
    for sketch in (drawing("face_pencil", (400, 320)), drawing("face_ink", (400, 320)))
    for picture in (sketch, invert(sketch, scale=1), invert(sketch))
]
print("wrote", images.write(HERE / "enlarged.png", images.grid([row])))
