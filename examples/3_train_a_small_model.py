"""Train a small generator on the built-in faces, and look at what it learned. Under a minute.

python examples/3_train_a_small_model.py [OUT]
"""

import sys
from pathlib import Path

from sketchback.train import train
from sketchback.training import recipes

out = Path(sys.argv[1] if len(sys.argv) > 1 else "out")

# `changed` gives the same recipe as one run with other numbers.
recipe = recipes.find("faces").changed(
    size=(32, 32),
    epochs=3,
    limit=256,
    validate=16,
    warmup=10,
    learning_rate=2e-3,
    arguments={"width": 8, "blocks": 1, "halvings": 3},
)

# vgg16="random": a feature loss without ImageNet weights, enough for drawn faces.
best = train(recipe, data=["demo:faces"], out=out / "3_run", vgg16="random", progress=True)

print("wrote", best)
print("look at", out / "3_run" / "samples.png", "and", out / "3_run" / "curves.png")
