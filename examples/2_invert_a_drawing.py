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
    sketch = images.read(drawings / f"{name}.png", channels=1)  # (H, W, 1), any size
    photo = invert(sketch, weights="faces")  # (H, W, 3), the same size
    print("wrote", images.write(out / f"2_{name}.png", images.side_by_side([sketch, photo])))
