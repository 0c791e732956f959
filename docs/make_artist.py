"""Make docs/artist.png: a free photograph, drawn in each hand that the artist knows, and inverted again.

python docs/make_artist.py
"""

from pathlib import Path

from skimage import data

from sketchback import images
from sketchback.invert import invert
from sketchback.sketch import sketch
from sketchback.sketching.artist import HANDS

HERE = Path(__file__).parent

astronaut = images.fit(images.from_uint8(data.astronaut()[0:225, 130:310]), (200, 160))
drawings = [sketch(astronaut, "artist", hand=hand) for hand in HANDS]
rows = [[astronaut, *drawings], [astronaut, *(invert(drawing) for drawing in drawings)]]
print("wrote", images.write(HERE / "artist.png", images.grid(rows)))
