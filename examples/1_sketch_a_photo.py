"""Draw a photograph in every style. No network is needed, so Keras is not imported.

python examples/1_sketch_a_photo.py [OUT]
"""

import sys
from pathlib import Path

from skimage import data

from sketchback import images, sketching

out = Path(sys.argv[1] if len(sys.argv) > 1 else "out")

astronaut = images.from_uint8(data.astronaut())  # (512, 512, 3) RGB in [0, 1]; NASA, public domain
face = astronaut[0:220, 130:310]  # (220, 180, 3)

pictures = [face]
for style in ("pencil", "xdog", "line"):
    pictures.append(sketching.sketch(face, style))  # (220, 180, 1), paper is 1

# What training sees: style, scale, ink, grain and displacement are drawn from a seed.
pictures += [sketching.sketch(face, "random", seed=seed) for seed in (3, 4, 9)]

print("wrote", images.write(out / "1_styles.png", images.side_by_side(pictures)))
