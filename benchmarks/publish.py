"""Turns a run's best weights into a file that ships: half precision, with scores, and its row for weights/README.md.

    python benchmarks/publish.py runs/faces faces --scores faces.json --note "interim: 3 epochs at 96 x 96"
    python benchmarks/publish.py runs/faces-5 faces --blend runs/faces-4/best.weights.h5 0.25

Scores are files that `sketchback.evaluate --json` wrote. The scores of the half-precision file are those that count;
so publish first, evaluate what was published, and publish again with its scores.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from sketchback import console, weights
from sketchback.training.runs import BEST


def main() -> None:
    made = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    made.add_argument("run", type=Path)
    made.add_argument("name", help="faces, buildings ...")
    made.add_argument("--scores", type=Path, nargs="*", default=[])
    made.add_argument("--note", default="")
    made.add_argument("--terms", help="of the data, where its folders do not tell; parted by `; `")
    made.add_argument(
        "--blend",
        nargs=2,
        metavar=("FILE", "SHARE"),
        help="ship the mean of the run's weights and those that it began with, of which it has so great "
        "a share (Wortsman et al. 2022)",
    )
    made.add_argument("--out", type=Path, default=Path(__file__).parents[1] / "weights")
    arguments = made.parse_args()
    console.import_keras()

    generator = weights.load(arguments.run / BEST)
    facts, note = generator.facts, arguments.note
    scores = {"validation": facts["scores"]}
    if arguments.blend:
        path, share = Path(arguments.blend[0]), float(arguments.blend[1])
        other = weights.load(path)
        if (other.architecture, other.arguments) != (generator.architecture, generator.arguments) or not 0 < share < 1:
            made.error(
                f"--blend takes weights of the same architecture, and a share between 0 and 1. "
                f"Received: {path} ({other.architecture}), {share}."
            )
        pairs = zip(generator.get_weights(), other.get_weights(), strict=True)
        generator.set_weights([(1 - share) * own + share * theirs for own, theirs in pairs])
        blended = f"blended with {share:g} of {path.name} (sha256 {weights.sha256(path)})"
        note, scores = "; ".join(filter(None, [note, blended])), {}  # the run's validation is not theirs
    for path in arguments.scores:
        result = json.loads(path.read_text(encoding="utf-8"))
        drawn = "hand-drawn" if result["hand_drawn"] == result["images"] else result["style"]
        title = f"{Path(result['data'][0]).name}, {drawn}, {result['size'][0]} x {result['size'][1]}"
        scores[title] = {row: {name: round(own[name][0], 4) for name in own} for row, own in result["scores"].items()}
    recipe = facts["recipe"]
    path = weights.save(
        generator,
        arguments.out / f"{arguments.name}{weights.SUFFIX}",
        recipe=json.dumps(recipe),
        data=facts["data"],
        terms=arguments.terms or facts["terms"],
        scores=scores,
        note=note,
        half=True,
        date=str(facts["date"]),
    )
    weights.write_sums(arguments.out)
    size = " x ".join(map(str, recipe["size"]))
    print(
        f"| `{path.name}` | `{recipe['name']}` | {', '.join(facts['data'])} | {recipe['epochs_done']}, {size} "
        f"| {recipe['seconds'] / 3600:.1f} h | {generator.count_params():,} | `{weights.sha256(path)}` |"
    )


if __name__ == "__main__":
    main()
