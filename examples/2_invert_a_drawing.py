"""Turn drawings into photographs with the weights that ship.

python examples/2_invert_a_drawing.py [OUT]
"""

import sys
from pathlib import Path

from sketchback import images
from sketchback.invert import invert

out = Path(sys.argv[1] if len(sys.argv) > 1 else "out")
drawings = Path(__file__).parent / "drawings"

for name in ("face_pencil", "face_ink", "face_line"):
    drawing = drawings / f"{name}.png"  # or its bytes, a Pillow image, an array: of any size
    photo = invert(drawing)  # (H, W, 3) RGB in [0, 1], the same size
    both = images.side_by_side([images.read(drawing), photo])
    print("wrote", images.write(out / f"2_{name}.png", both))
