"""How much of what a phone photograph loses does cleaning win back?

Test sketches of CUFS are degraded as paper is when somebody photographs or scans it, cleaned, and inverted; PSNR and
SSIM of the inversion are taken against the photograph, 250 rows x 200 columns, means over images, as in
`sketchback.evaluate`. All that is random comes from the sketch's number.

    python benchmarks/cleaning.py DATA

DATA is the folder that holds `cufs/`, or CUFS itself. "Won back" is the share of the lost decibels (and of the lost
SSIM) that cleaning returns; below a loss of 0.2 dB no share is given, because it would be a ratio of two noises.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np

from sketchback import console, datasets, images
from sketchback.evaluation import metrics, selection
from sketchback.invert import invert
from sketchback.sketching.cleanup import clean

KINDS = ("shadow", "rotation", "perspective", "noise", "beige", "jpeg")
PHONE = {"all of it": KINDS, **{f"{kind} only": (kind,) for kind in KINDS}}
SCANNED = ("shadow", "rotation", "noise", "beige")
SCAN = {
    "all of it": SCANNED,
    "all but rotation": ("shadow", "noise", "beige"),
    **{f"{kind} only": (kind,) for kind in SCANNED},
}
ANGLE = 5.0  # degrees
BEIGE = (0.93, 0.86, 0.72)
TABLE = (0.36, 0.25, 0.17)
SHEET = 800  # pixels on the long side of the sheet in the picture, before it is turned
WORTH_A_SHARE = 0.2  # dB


def degrade(sketch: np.ndarray, kinds: Sequence[str], seed: int, view: str = "table") -> np.ndarray:
    """Degrades a sketch as paper is when it is photographed on a table, or scanned.

    Args:
        sketch: `(H, W, 1)` in [0, 1]: the whole sheet.
        kinds: Of `KINDS`. Light falls off to half across the picture, with a soft second shadow; the sheet is turned
            by 5 degrees; the camera is tilted by 12 to 20 degrees; noise has a standard deviation of 0.05 for each
            pixel; the paper is beige; JPEG has quality 40.
        seed: Decides directions, signs and noise.
        view: `"table"`: the sheet lies on a wooden table that is seen around it. `"cropped"`: the same, cut by hand to
            the upright box around the sheet, so that of the table only wedges are seen. `"scan"`: the paper goes on
            beyond the drawing, as on a flat-bed scanner, and the frame is that of the sketch.

    Returns:
        `(H', W', 3)` float32 RGB in [0, 1]; the sheet's long side is about 800 pixels.
    """
    rng = np.random.default_rng((20, seed))
    # All numbers are sampled whether they are used or not: a kind alone has the same directions as all together.
    turn = ANGLE * rng.choice([-1, 1])
    tilt, tilted_towards = np.radians(rng.uniform(12, 20)), rng.uniform(0, 2 * np.pi)
    lit_from, lamp = rng.uniform(0, 2 * np.pi), rng.uniform(0.25, 0.75, 2)
    grain = np.random.default_rng((21, seed))

    height, width = (round(side * SHEET / max(sketch.shape[:2])) for side in sketch.shape[:2])
    sheet = np.repeat(images.resize(sketch, (height, width)), 3, axis=-1)
    if "beige" in kinds:
        sheet = sheet * np.float32(BEIGE)
    rows, columns = (height, width) if view == "scan" else (round(side * 1.3) for side in (height, width))

    # The camera: corners of the sheet around its middle are turned, tilted about an axis in the table, projected.
    corners = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]]) * (width / 2, height / 2)
    angle = np.radians(turn) if "rotation" in kinds else 0.0
    placed = corners @ [[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]]
    if "perspective" in kinds:
        axis = np.array([np.cos(tilted_towards), np.sin(tilted_towards)])
        across = np.array([-axis[1], axis[0]])
        along, away = placed @ axis, placed @ across
        flat = np.outer(along, axis) + np.outer(away * np.cos(tilt), across)
        focal = distance = 0.8 * max(rows, columns)  # a phone's main camera, in pixels
        while True:
            placed = flat * (focal / (distance + away * np.sin(tilt)))[:, np.newaxis]
            if (np.abs(placed) < (0.47 * columns, 0.47 * rows)).all():
                break
            distance *= 1.02  # a step back, until the sheet is in view
    placed = placed + (columns / 2, rows / 2)
    source = corners + (width / 2, height / 2)
    matrix = cv2.getPerspectiveTransform(source.astype(np.float32), placed.astype(np.float32))
    paper = tuple(float(tone) for tone in (BEIGE if "beige" in kinds else (1.0, 1.0, 1.0)))
    picture = cv2.warpPerspective(sheet, matrix, (columns, rows), flags=cv2.INTER_AREA, borderValue=paper)
    if view != "scan":
        seen = cv2.warpPerspective(np.ones((height, width), np.float32), matrix, (columns, rows))[..., np.newaxis]
        picture = seen * picture + (1 - seen) * _wood((rows, columns), grain)

    y, x = np.mgrid[0:rows, 0:columns].astype(np.float32)
    if "shadow" in kinds:
        ramp = (x / columns - 0.5) * np.cos(lit_from) + (y / rows - 0.5) * np.sin(lit_from)
        light = 0.75 - 0.25 * np.clip(2 * ramp, -1, 1)  # from 1 down to 0.5
        far = np.hypot(x / columns - lamp[0], y / rows - lamp[1])
        light *= 1 - 0.15 / (1 + np.exp((far - 0.35) / 0.05))  # the phone's own, with a soft edge
        picture = picture * light[..., np.newaxis]
    if "noise" in kinds:
        picture = picture + 0.05 * grain.standard_normal(picture.shape, np.float32)
    if view == "cropped":
        (left, top), (right, bottom) = np.floor(placed.min(axis=0)), np.ceil(placed.max(axis=0))
        picture = picture[int(top) : int(bottom), int(left) : int(right)]
    if "jpeg" in kinds:
        values = cv2.cvtColor(images.to_uint8(picture), cv2.COLOR_RGB2BGR)
        _, coded = cv2.imencode(".jpg", values, [cv2.IMWRITE_JPEG_QUALITY, 40])
        picture = images.from_uint8(cv2.cvtColor(cv2.imdecode(coded, cv2.IMREAD_COLOR), cv2.COLOR_BGR2RGB))
    return np.clip(picture, 0.0, 1.0).astype(np.float32)


def _wood(size: tuple[int, int], rng: np.random.Generator) -> np.ndarray:
    """A table of dark wood `(height, width, 3)`: streaks along the rows."""
    height, width = size
    streaks = cv2.GaussianBlur(rng.standard_normal((height, width), np.float32), (0, 0), sigmaX=60, sigmaY=2)
    streaks /= streaks.std() + 1e-6
    return np.clip(np.float32(TABLE) * (1 + 0.12 * streaks[..., np.newaxis]), 0, 1)


def main() -> None:
    made = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    made.add_argument("data", type=Path)
    made.add_argument("--weights", default="faces", metavar="W")
    made.add_argument("--limit", type=int, metavar="N", help="so many sketches, chosen by a seed (default: all)")
    options = made.parse_args()
    console.import_keras()

    folder = options.data / "cufs" if (options.data / "cufs").is_dir() else options.data
    test = datasets.subset(datasets.find(folder), "test")
    test = selection.sample(test, options.limit)
    conditions: list[tuple[str, Sequence[str], str]] = [("clean original", (), "")]
    conditions += [(f"phone, on a table: {name}", kinds, "table") for name, kinds in PHONE.items()]
    conditions += [(f"phone, cut to the sheet: {name}", kinds, "cropped") for name, kinds in PHONE.items()]
    conditions += [(f"scan, no edges seen: {name}", kinds, "scan") for name, kinds in SCAN.items()]

    print(f"{len(test)} test sketches of CUFS, 250 rows x 200 columns, weights {options.weights}\n")
    print("| | as it is: PSNR dB | SSIM | cleaned: PSNR dB | SSIM | won back: PSNR | SSIM |")
    print("| --- | --- | --- | --- | --- | --- | --- |")
    original = None
    for title, kinds, view in conditions:
        scores = []  # of each sketch: as it is, cleaned; PSNR, SSIM
        for number, example in enumerate(test):
            photo, sketch = example.read_photo(), example.read_sketch()
            given = degrade(sketch, kinds, number, view) if view else sketch
            scores.append([score(photo, picture, options.weights) for picture in (given, clean(given))])
        before, after = np.mean(scores, axis=0)
        original = before if original is None else original
        lost = original - before
        won = [f"{100 * (after[k] - before[k]) / lost[k]:.0f} %" if lost[0] > WORTH_A_SHARE else "-" for k in (0, 1)]
        cells = [f"{psnr:.2f} | {ssim:.3f}" for psnr, ssim in (before, after)]
        print(f"| {title} | {' | '.join([*cells, *won])} |", flush=True)
    large, times = images.resize(degrade(test[0].read_sketch(), KINDS, 0), (4000, 3000)), []
    for _ in range(5):
        begin = time.perf_counter()
        clean(large)
        times.append(time.perf_counter() - begin)
    print(f"\nclean() of a photograph of 12 megapixels: {np.median(times):.2f} s")


def score(photo: np.ndarray, picture: np.ndarray, weights: str) -> tuple[float, float]:
    """PSNR and SSIM of what a picture of a sketch becomes."""
    # A sheet that was found comes back with its own frame, in the camera's pixels.
    shown = images.resize(images.to_gray(picture)[..., np.newaxis], photo.shape[:2])
    result = invert(shown, weights)
    return metrics.psnr(photo, result), metrics.ssim(photo, result)


if __name__ == "__main__":
    main()
