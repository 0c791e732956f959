"""What `scoring` found: as a table to read, as JSON, and as curves."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from sketchback.atomic import replacing
from sketchback.evaluation.identification import BEFORE, RANKS, cmc

PLOTS = (".png", ".jpg", ".jpeg", ".webp", ".pdf", ".svg")
# Two lines of columns, which one line of a terminal does not hold: title, width, digits.
COLUMNS = (
    {"psnr": ("PSNR dB", 24, 2), "ssim": ("SSIM", 26, 3), "r": ("Pearson R", 26, 3)},
    {
        "sharpness": ("sharpness ratio", 24, 2),
        "distance": ("EfficientNet distance", 26, 3),
        "kid": ("EfficientNet KID", 26, 2),
    },
)
CAUTION = (
    "Whole-face rank-1 on CUFS proves nothing: hair and outline decide it, and the sketch itself, with no model at "
    "all, reaches 99 % of 100. Read the inner face, and what inversion gains there."
)
# Measured on CUFS: 2,866 faces of LFW and CelebA changed no rank at all, in either region; CUFS's own 88 training
# photographs took the inner face of the raw sketch from 60 to 42 %. Moving and scaling 300 of the former to where
# they correlate best with the mean photograph put one ahead in 2 of 100 searches, and is not done.
CAUTION_DISTRACTORS = (
    "Distractors who are posed, lit or cropped otherwise than the people searched for enlarge a gallery without making "
    "it harder: the last column says for how many sketches one of them is ahead of the right person."
)


def report(result: dict[str, Any]) -> str:
    """The result of `scoring.evaluate` or `searching.identify` as a table, each number with its interval."""
    height, width = result["size"]
    sketches = "hand-drawn" if result["hand_drawn"] == result["images"] else f"{result['style']}, {result['fit']}"
    title = (
        f"{result['weights'] or 'baselines'} on {', '.join(result['data'])}: {result['images']} {result['split']} "
        f"image{'s' * (result['images'] != 1)}, {height} rows x {width} columns, {sketches}"
    )
    return "\n".join([title, *(_identification(result) if "rows" in result else _scores(result))])


def _scores(result: dict[str, Any]) -> list[str]:
    lines: list[str] = []
    for title, scores in [("", result["scores"]), *result["labels"].items()]:
        for columns in COLUMNS:
            known = [name for name in columns if all(name in own for own in scores.values())]
            head = "".join(f"{columns[name][0]:{columns[name][1]}}" for name in known)
            lines.append(f"\n{title:38}{head}".rstrip())
            for row, own in scores.items():
                lines.append(f"{row:38}{''.join(f'{cell(own, name):{columns[name][1]}}' for name in known)}".rstrip())
    for name, how in (("brightness", "of 255"), ("brightness_told", "told")):
        lines += _brightness(result.get(name, {}), how)
    return lines


def _brightness(found: dict[str, Any], how: str) -> list[str]:
    if not found:
        return []
    title = f"brightness of the middle, {how}"
    lines = [f"\n{title:38}{'truth':>8}{'made':>8}{'error':>8}{'absolute':>10}"]
    for group, own in found.items():
        values = f"{own['truth']:8.1f}{own['made']:8.1f}{own['signed']:+8.1f}{own['absolute']:10.1f}"
        lines.append(f"{group + ', ' + str(own['images']):38}{values}")
    return lines


def cell(scores: Mapping[str, Sequence[float]], name: str) -> str:
    """One score with its interval, in the digits of its column; empty where there is none."""
    return _interval(scores[name], {**COLUMNS[0], **COLUMNS[1]}[name][2]) if name in scores else ""


def _identification(result: dict[str, Any]) -> list[str]:
    lines: list[str] = []
    recogniser = result["descriptor"] != "hog"
    for gallery in dict.fromkeys(row["gallery"] for row in result["rows"]):
        enlarged = gallery > result["photographs"]
        title = f"gallery of {gallery}{', distractors ' + str(result['distractors']) if enlarged else ''}"
        columns = [f"rank-{k} %" for k in RANKS]
        columns += ["distractor ahead %"] * enlarged + ["distance to own"] * recogniser
        lines.append("\n" + _line(title, columns))
        for row in (row for row in result["rows"] if row["gallery"] == gallery):
            cells = [_percent(row[f"rank-{k}"]) for k in RANKS]
            cells += [f"{100 * row['distractors_ahead']:.0f}"] if enlarged else []
            cells += [_interval(row["distance"], 3)] if recogniser else []
            lines.append(_line(f"{row['region']}: {row['probe']}", cells))
            if row["gain"] is not None:
                lines.append(_line("            gained by it", [_percent(row["gain"], "+")]))
    if recogniser:
        missed = ", ".join(f"{name} {count}" for name, count in result["undetected"].items())
        note = f"{result['descriptor']}; no face found, and the whole picture taken for one: {missed}."
    else:
        note = CAUTION
    return [*lines, "", note, *([CAUTION_DISTRACTORS] if result["distractors"] else [])]


def _line(title: str, cells: Sequence[str]) -> str:
    return f"{title:46}{''.join(f'{cell:20}' for cell in cells)}".rstrip()


def _interval(values: Sequence[float], digits: int, sign: str = "") -> str:
    mean, low, high = (f"{value:{sign}.{digits}f}" for value in values)
    return f"{mean} [{low}, {high}]" if values[1] < values[2] else mean  # of one image nothing is known of others


def _percent(values: Sequence[float], sign: str = "") -> str:
    return _interval([100 * value for value in values], 0, sign)


def write_json(result: dict[str, Any], path: str | Path) -> Path:
    """Writes a result as JSON; what is infinite, as the PSNR of equal images, becomes null. Returns the path.

    Raises:
        OSError: The file cannot be written.
    """
    with replacing(path) as temporary:
        temporary.write_text(json.dumps(_finite(result), indent=2) + "\n", encoding="utf-8")
    return Path(path)


def _finite(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _finite(own) for name, own in value.items()}
    if isinstance(value, (list, tuple)):
        return [_finite(own) for own in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def check_plot(path: str | Path) -> None:
    """Raises `ValueError` unless the suffix of `path` names a format that `plot_cmc` can write."""
    if Path(path).suffix.lower() not in PLOTS:
        raise ValueError(f"The name of a plot must end in one of {', '.join(PLOTS)}. Received: {path}.")


def plot_cmc(result: dict[str, Any], path: str | Path) -> Path:
    """Plots the CMC curves of an identification, a panel a region; the file appears whole or not at all.

    Args:
        result: From `searching.identify` or `identification.identify`.
        path: A name ending in .png, .jpg, .webp, .pdf or .svg.

    Returns:
        The path.

    Raises:
        ValueError: The suffix is not one of those.
        OSError: The file cannot be written.
    """
    from matplotlib.figure import Figure  # not pyplot: no window, no global state

    check_plot(path)
    regions = list(dict.fromkeys(row["region"] for row in result["rows"]))
    figure = Figure(figsize=(1 + 4.5 * len(regions), 4.2), layout="constrained")
    for axes, region in zip(figure.subplots(1, len(regions), sharey=True, squeeze=False)[0], regions, strict=True):
        for row in (row for row in result["rows"] if row["region"] == region):
            enlarged = row["gallery"] > result["photographs"]
            axes.step(
                np.arange(1, row["gallery"] + 1),
                100 * cmc(row["ranks"], row["gallery"]),
                where="post",
                color="0.45" if row["probe"] == BEFORE else "tab:blue",
                linestyle="--" if enlarged else "-",
                label=f"{row['probe']}, {row['gallery']} photographs",
            )
        # Guessing: the right photograph is equally likely at every rank.
        every = np.arange(1, result["photographs"] + 1)
        axes.plot(every, 100 * every / len(every), color="0.75", linestyle=":", label=f"guessing, {len(every)}")
        decided = " (hair and outline decide it)" if region == "whole face" else ""
        axes.set(title=region + decided, xlabel="rank", xscale="log", ylim=(0, 102), xlim=(1, None))
        axes.grid(alpha=0.3, which="both")
    figure.axes[0].set_ylabel("found at this rank or better, %")
    figure.axes[0].legend(loc="lower right", fontsize="small")
    with replacing(path) as temporary:
        figure.savefig(temporary, dpi=120)
    return Path(path)
