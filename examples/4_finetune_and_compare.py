"""Fine-tune the small model of example 3 on buildings, and compare it with what it was. Under a minute.

python examples/4_finetune_and_compare.py [OUT]
"""

import sys
from pathlib import Path

from sketchback.evaluate import evaluate, report
from sketchback.finetune import finetune
from sketchback.training import recipes

out = Path(sys.argv[1] if len(sys.argv) > 1 else "out")
faces = out / "3_run" / "best.weights.h5"
if not faces.exists():
    raise SystemExit(f"{faces} is missing: run examples/3_train_a_small_model.py {out} first")

recipe = recipes.find("buildings").changed(
    size=(32, 48), epochs=3, limit=192, validate=16, warmup=10, learning_rate=2e-3
)
buildings = finetune(recipe, faces, data=["demo:buildings"], out=out / "4_run", vgg16="random", progress=True)

# The baselines need no network. So small a model gains 2 dB in so few steps and is not above them yet; one that is to
# be of use must be, as those that ship are.
for weights in (faces, buildings):
    result = evaluate(weights, ["demo:buildings"], size=(32, 48), limit=16)
    print(report(result), "\n")
