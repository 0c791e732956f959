"""Tables, JSON and curves of what scoring found."""

from __future__ import annotations

import json
import math
from pathlib import Path

import pytest

from sketchback.evaluation import identification, reports
from sketchback.evaluation.descriptors import REGIONS
from sketchback.evaluation.identification import AFTER, BEFORE

COMMON = {"weights": None, "data": ["cufs"], "split": "test", "size": [250, 200], "images": 3, "hand_drawn": 3}


def found(distractors: int = 1, descriptor: str = "hog") -> dict[str, object]:
    """An identification of three people, as `searching.identify` gives it."""
    rows = [
        {
            "gallery": gallery,
            "region": region,
            "probe": probe,
            **{f"rank-{k}": (0.6, 0.5, 0.7) for k in identification.RANKS},
            "distance": (0.4861, 0.47, 0.5),
            "gain": None if probe == BEFORE else (0.25, 0.0, 0.5),
            "distractors_ahead": None if gallery == 3 else 0.5,
            "ranks": [1, 2, 3],
        }
        for gallery in ([3, 3 + distractors] if distractors else [3])
        for region in (REGIONS if descriptor == "hog" else ["face"])
        for probe in (BEFORE, AFTER)
    ]
    counts = {"photographs": 3, "distractors": distractors, "undetected": {"photographs": 0, BEFORE: 2}}
    return {**COMMON, "descriptor": descriptor, **counts, "rows": rows}


def test_the_table_of_scores():
    scores = {"psnr": (18.594, 18.09, 19.11), "ssim": (0.7136, 0.704, 0.723), "r": (0.9281, 0.921, 0.934)}
    scores["sharpness"] = (0.066, 0.06, 0.07)
    known = {**scores, "distance": (0.558, 0.532, 0.585), "kid": (12.93, 11.7, 14.15)}
    result = {**COMMON, "scores": {"the sketch itself": known}, "labels": {"style 2": {"the sketch itself": scores}}}
    row = "the sketch itself                     18.59 [18.09, 19.11]    0.714 [0.704, 0.723]      0.928 [0.921, 0.934]"
    head = "PSNR dB                 SSIM                      Pearson R"
    more = "the sketch itself                     0.07 [0.06, 0.07]"
    assert reports.report(result).splitlines() == [
        "baselines on cufs: 3 test images, 250 rows x 200 columns, hand-drawn",
        *["", f"{'':38}{head}", row],
        *["", f"{'':38}sharpness ratio         EfficientNet distance     EfficientNet KID"],
        f"{more}       0.558 [0.532, 0.585]      12.93 [11.70, 14.15]",
        *["", f"{'style 2':38}{head}", row],
        *["", f"{'style 2':38}sharpness ratio", more],  # what was not measured is left out
    ]
    drawn = reports.report({**result, "hand_drawn": 0, "style": "pencil", "fit": "crop", "weights": "faces"})
    assert drawn.startswith("faces on cufs: 3 test images, 250 rows x 200 columns, pencil, crop\n")
    one = {**result, "images": 1, "hand_drawn": 1, "scores": {"one": {"psnr": (18.594,) * 3}}, "labels": {}}
    assert reports.report(one).splitlines()[0].startswith("baselines on cufs: 1 test image, 250")
    assert "one 18.59".split() in [line.split() for line in reports.report(one).splitlines()]  # nothing of others
    light = {"all": {"images": 3, "truth": 90.0, "made": 101.5, "signed": 11.5, "absolute": 12.0}}
    assert (
        reports.report({**result, "brightness": light}).splitlines()[-1].split()
        == "all, 3 90.0 101.5 +11.5 12.0".split()
    )


def test_the_table_of_a_recogniser_says_where_it_found_no_face():
    lines = reports.report(found(0, "dlib")).splitlines()
    assert lines[-1].startswith("dlib; no face found") and lines[-1].endswith("photographs 0, the sketch itself 2.")
    assert lines[2].endswith("distance to own") and lines[3].endswith("0.486 [0.470, 0.500]")


def test_the_table_says_what_whole_faces_prove():
    plain = reports.report(found(0))
    assert plain.endswith(reports.CAUTION) and "proves nothing: hair and outline decide it" in plain
    assert "gallery of 3  " in plain and "distractor" not in plain
    table = reports.report(found())
    assert reports.CAUTION in table and table.endswith(reports.CAUTION_DISTRACTORS)
    assert "gallery of 4, distractors 1  " in table and "distractor ahead %" in table
    assert table.count(f"inner face: {AFTER}") == 2 and table.count("gained by it") == 4
    assert "60 [50, 70]" in table and "+25 [+0, +50]" in table


def test_what_is_infinite_becomes_null(tmp_path: Path):
    path = reports.write_json({"psnr": (math.inf, 20.5), "rows": [{"a": math.nan}, "inf", 3]}, tmp_path / "s.json")
    assert json.loads(path.read_text()) == {"psnr": [None, 20.5], "rows": [{"a": None}, "inf", 3]}


@pytest.mark.parametrize(("name", "descriptor"), [("curves/cmc.png", "hog"), ("cmc.svg", "dlib")])
def test_the_plot_is_written_whole(name: str, descriptor: str, tmp_path: Path):
    path = reports.plot_cmc(found(1, descriptor), tmp_path / name)
    assert path.stat().st_size > 5000
    assert [child.name for child in path.parent.iterdir()] == [path.name]


def test_the_plot_needs_a_known_suffix(tmp_path: Path):
    with pytest.raises(ValueError, match=r"must end in one of .png.*Received: .*cmc.xyz"):
        reports.plot_cmc(found(), tmp_path / "cmc.xyz")
    assert list(tmp_path.iterdir()) == []
