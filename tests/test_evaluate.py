"""The command `evaluate`: what it prints and writes, its old spellings, and its one line for bad input."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from small_pairs import write_distractors

from sketchback import evaluate as command
from sketchback import images
from sketchback.evaluate import main


def test_the_command_scores_and_writes(pairs: Path, tiny: Path, tmp_path: Path, capsys) -> None:
    written, grid = tmp_path / "new" / "scores.json", tmp_path / "grid.png"
    arguments = ["--weights", tiny, "--data", pairs, "--json", written, "--grid", grid, "--quiet"]
    assert main(list(map(str, arguments))) == 0
    scores = json.loads(written.read_text())["scores"]
    assert {"psnr", "ssim", "r", "sharpness"} <= set(scores["the generator"]) == set(scores["the generator, sharpened"])
    assert images.probe(grid) == (2 * 24 + 4, 3 * 20 + 8)
    table = capsys.readouterr().out
    assert "the generator" in table and "the sketch itself" in table and "24 rows x 20 columns" in table


def test_another_runtime_scores_the_same(pairs: Path, tiny: Path, tmp_path: Path) -> None:
    pytest.importorskip("onnxruntime", reason="needs the light extra")
    found = []
    for runtime in ("keras", "onnx"):
        written = tmp_path / f"{runtime}.json"
        arguments = ["--weights", tiny, "--data", pairs, "--runtime", runtime, "--json", written, "--quiet"]
        assert main(list(map(str, arguments))) == 0
        found.append(json.loads(written.read_text())["scores"]["the generator"]["psnr"])
    assert found[0] == pytest.approx(found[1], abs=0.01)


def test_every_option_reaches_the_function(pairs: Path, monkeypatch, capsys) -> None:
    given: dict[str, object] = {}
    monkeypatch.setattr(command, "evaluate", lambda weights, data, **options: given.update(options, data=data) or {})
    monkeypatch.setattr(command, "report", str)
    words = "--data here --data there --style line --size 32x48 --fit pad --enlarge 64x96 --split val --limit 3"
    words += " --working 64x48 --fidelity 0.5 --mirrored --runtime onnx --told --candidates 2 --quiet --grid g.png"
    assert main(words.split()) == 0
    assert given == {
        "data": ["here", "there"],
        "style": "line",
        "size": (32, 48),
        "fit": "pad",
        "enlarge": (64, 96),
        "split": "val",
        "limit": 3,
        "grid": "g.png",
        "working": (64, 48),
        "fidelity": 0.5,
        "mirrored": True,
        "runtime": "onnx",
        "told": True,
        "candidates": 2,
        "progress": False,
    }


def test_without_data_buildings_are_scored_on_buildings(monkeypatch) -> None:
    asked = []
    monkeypatch.setattr(command, "evaluate", lambda weights, data, **_: asked.append(data))
    monkeypatch.setattr(command, "report", str)
    for name in ("buildings", "faces"):
        assert main(["--weights", name]) == 0
    assert asked == [["demo:buildings"], ["demo:faces"]]


def test_baselines_alone_and_equal_images(tmp_path: Path) -> None:
    for number in range(3):
        for name in ("photos", "sketches"):
            images.write(tmp_path / "equal" / "test" / name / f"{number}.png", np.full((16, 16, 1), 0.5, np.float32))
    written = tmp_path / "s.json"
    assert main(["--baselines", "--data", str(tmp_path / "equal"), "--json", str(written), "--quiet"]) == 0
    scores = json.loads(written.read_text())["scores"]["the sketch itself"]
    assert scores.pop("distance", [0.0] * 3) == [0.0] * 3
    assert scores == {"psnr": [None] * 3, "ssim": [1.0] * 3, "r": [0.0] * 3, "sharpness": [1.0] * 3}


def test_the_command_searches_plots_and_writes(pairs: Path, tiny: Path, tmp_path: Path, capsys) -> None:
    others, written, curves = write_distractors(tmp_path / "others"), tmp_path / "found.json", tmp_path / "cmc.png"
    arguments = ["--weights", tiny, "--data", pairs, "--identify"]
    arguments += ["--distractors", others, "all", "--distractors", pairs, "all"]
    arguments += ["--cmc", curves, "--json", written, "--quiet"]
    assert main(list(map(str, arguments))) == 0
    found = json.loads(written.read_text())
    assert found["distractors"] == 11 and len(found["rows"]) == 8
    assert images.probe(curves)[0] > 100
    table = capsys.readouterr().out
    assert "proves nothing: hair and outline decide it" in table and "24 rows x 20 columns, hand-drawn" in table


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--data", "nowhere"], "Received: nowhere"),
        (["--split", "exam"], "'exam'"),
        (["--style", "oil"], "'oil'"),
        (["--fit", "stretch"], "one of crop, squeeze, pad"),
        (["--limit", "0"], "`limit` must be a whole number of at least 1"),
        (["--grid", "grid.xyz"], "grid.xyz"),
        (["--json", "."], "must not be a folder"),
        (["--grid", "/dev/null/grid.png"], "must be written where that is allowed"),
        (["--identify", "--data", "demo:faces"], "needs hand-drawn sketches with their photographs"),
        (["--identify", "--limit", "1"], "at least 2 people"),
        (["--identify", "--limit", "0"], "`limit` must be a whole number of at least 1"),
        (["--identify", "--descriptor", "sift"], "one of hog, dlib. Received: 'sift'"),
        (["--identify", "--cmc", "cmc.xyz"], "must end in one of .png"),
        (["--identify", "--distractors", "nowhere"], "Received: nowhere"),
        (["--identify", "--distractors", "a", "--distractors", "a", "val"], "may name a folder once. Received: a"),
        (["--identify", "--fit", "stretch"], "one of crop, squeeze, pad"),
        (["--identify", "--grid", "grid.png"], "only without --identify"),
        (["--cmc", "cmc.png"], "only with --identify"),
        (["--distractors", "demo:faces"], "only with --identify"),
        (["--descriptor", "dlib"], "only with --identify"),
        (["--identify", "--style", "line"], "only without --identify"),
        (["--style", "artist"], "must be drawn without a network here"),
        (["--weights", "faces"], "--baselines scores no weights. Received: also --weights faces"),
        (["--fidelity", "0"], "--fidelity is for weights. Received: also --baselines"),
        (["--mirrored"], "--mirrored is for weights"),
        (["--told"], "--told is for weights"),
        (["--runtime", "keras"], "--runtime is for weights"),
    ],
)
def test_bad_input_gets_one_line(arguments: list[str], says: str, pairs: Path, tmp_path, monkeypatch, capsys) -> None:
    monkeypatch.chdir(tmp_path)
    known = [] if "--data" in arguments else ["--data", str(pairs)]
    assert main([*arguments, *known, "--baselines", "--quiet"]) == 2
    error = capsys.readouterr().err.strip()
    assert len(error.splitlines()) == 1 and error.startswith("error: ") and says in error
    assert list(tmp_path.iterdir()) == []
