"""Evaluation: every score beside its baselines, on splits that training never saw."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from places import DATA

from sketchback import images, models, weights
from sketchback.evaluate import evaluate, identify, main, report
from sketchback.evaluation import identification, metrics
from sketchback.inference import pipeline


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    generator = models.build("scribbler", width=4, halvings=2, blocks=1)
    path = tmp_path_factory.mktemp("weights") / "tiny.weights.h5"
    return weights.save(generator, path, recipe=json.dumps({"size": [24, 20]}))


@pytest.fixture(scope="module")
def pairs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Six training and two test pairs of 24 x 20, whose photographs are half the sketch."""
    folder = tmp_path_factory.mktemp("pairs")
    rng = np.random.default_rng(0)
    for part, count in (("train", 6), ("test", 2)):
        for number in range(count):
            sketch = images.resize(rng.random((6, 5, 1), np.float32), (24, 20))
            images.write(folder / part / "sketches" / f"{part}{number}.png", sketch)
            images.write(folder / part / "photos" / f"{part}{number}.png", np.repeat(0.5 * sketch, 3, axis=-1))
    return folder


def test_the_linear_floor_finds_a_linear_truth(pairs: Path) -> None:
    result = evaluate(None, [pairs], progress=False)
    assert result["size"] == [24, 20] and result["images"] == 2 and result["hand_drawn"] == 2
    assert result["scores"]["mean photo + k (sketch - mean sketch)"]["psnr"][0] > 45  # up to rounding to 8 bits
    assert result["scores"]["mean training photo"]["psnr"][0] < 30


def test_the_generator_is_scored_as_it_inverts(pairs: Path, tiny: Path) -> None:
    result = evaluate(tiny, [pairs], progress=False)
    generator = weights.load(tiny)
    scores = []
    for number in range(2):
        sketch = images.read(pairs / "test" / "sketches" / f"test{number}.png", channels=1)
        truth = images.read(pairs / "test" / "photos" / f"test{number}.png")
        scores.append(metrics.psnr(truth, pipeline.predict(generator, sketch[np.newaxis])[0]))
    assert result["scores"]["the generator"]["psnr"][0] == pytest.approx(np.mean(scores), abs=0.01)


def test_photographs_take_the_size_of_the_weights(tiny: Path) -> None:
    result = evaluate(tiny, ["demo:faces"], limit=3, progress=False)
    assert result["size"] == [24, 20] and result["images"] == 3


def test_without_a_training_part_only_the_sketch_is_a_floor(pairs: Path, caplog) -> None:
    result = evaluate(None, [pairs / "test"], split="all", progress=False)
    assert list(result["scores"]) == ["the sketch itself"]
    assert "no training part" in caplog.text


def test_the_command_writes_json_and_grid(pairs: Path, tiny: Path, tmp_path: Path, capsys) -> None:
    written, grid = tmp_path / "scores.json", tmp_path / "grid.png"
    arguments = ["--weights", str(tiny), "--data", str(pairs), "--json", str(written), "--grid", str(grid), "--quiet"]
    assert main(arguments) == 0
    scores = json.loads(written.read_text())["scores"]
    assert set(scores["the generator"]) == {"psnr", "ssim", "r"}
    low, high = scores["the generator"]["psnr"][1:]
    assert low <= scores["the generator"]["psnr"][0] <= high
    assert images.probe(grid) == (2 * 24 + 4, 3 * 20 + 8)
    table = capsys.readouterr().out
    assert "the generator" in table and "the sketch itself" in table and "24 rows x 20 columns" in table


def test_equal_images_are_null_in_json(tmp_path: Path) -> None:
    folder = tmp_path / "equal"
    for number in range(3):
        for name in ("photos", "sketches"):
            images.write(folder / "test" / name / f"{number}.png", np.full((16, 16, 1), 0.5, np.float32))
    written = tmp_path / "s.json"
    assert main(["--baselines", "--data", str(folder), "--json", str(written), "--quiet"]) == 0
    assert json.loads(written.read_text())["scores"]["the sketch itself"]["psnr"][0] is None


@pytest.mark.parametrize(
    "arguments",
    [
        ["--data", "nowhere"],
        ["--data", "demo:faces", "--split", "exam"],
        ["--data", "demo:faces", "--style", "oil"],
        ["--data", "demo:faces", "--weights", "nobody"],
        ["--data", "demo:faces", "--fit", "stretch"],
        ["--data", "demo:faces", "--limit", "0"],
        ["--data", "demo:faces", "--grid", "grid.xyz"],
    ],
)
def test_bad_input_gets_one_line(arguments: list[str], tiny: Path, capsys) -> None:
    known = [] if "--weights" in arguments or "--baselines" in arguments else ["--weights", str(tiny)]
    assert main([*arguments, *known, "--quiet"]) == 2
    error = capsys.readouterr().err.strip()
    assert len(error.splitlines()) == 1 and error.startswith("error: ")


@pytest.fixture(scope="module")
def distractors(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three training photographs and two test photographs, larger and wider than the pairs."""
    folder = tmp_path_factory.mktemp("distractors")
    for number, part in enumerate(("train", "train", "train", "test", "test")):
        photo = np.random.default_rng(100 + number).random((30, 40, 3), np.float32)
        images.write(folder / part / f"{number}.png", photo)
    return folder


def test_sketches_are_searched_as_the_generator_inverts_them(pairs: Path, tiny: Path) -> None:
    result = identify(tiny, [pairs], split="all")
    assert result["size"] == result["working"] == [24, 20] and result["photographs"] == result["people"] == 8
    generator = weights.load(tiny)
    files = [(part, f"{part}{number}.png") for part, count in (("test", 2), ("train", 6)) for number in range(count)]
    seen = []
    for part, name in files:
        sketch, photo = pairs / part / "sketches" / name, pairs / part / "photos" / name
        seen.append((images.read(sketch, channels=1), images.read(photo), name))
    expected = identification.identify(seen, invert=lambda sketches: pipeline.predict(generator, sketches))
    assert result["rows"] == expected["rows"]
    assert {row["probe"] for row in result["rows"]} == {"the sketch itself", "the generator"}


def test_strangers_are_fitted_and_counted(pairs: Path, distractors: Path, caplog) -> None:
    for part, count in (("test", 2), ("all", 5)):
        result = identify(None, [pairs], {distractors: part})
        assert result["distractors"] == count and result["distractors_from"] == {str(distractors): part}
        assert [row["gallery"] for row in result["rows"]] == [2, 2, 2 + count, 2 + count]
    result = identify(None, [pairs], {pairs: "all"})
    assert result["distractors"] == 6 and "left out 2 photographs of people who are searched for" in caplog.text


def test_the_command_searches_draws_and_writes(
    pairs: Path, distractors: Path, tiny: Path, tmp_path: Path, capsys
) -> None:
    written, curves = tmp_path / "new" / "found.json", tmp_path / "new" / "cmc.png"
    arguments = [
        "--weights",
        str(tiny),
        "--data",
        str(pairs),
        "--identify",
        "--distractors",
        str(distractors),
        "all",
        "--distractors",
        str(pairs),
        "all",
        "--cmc",
        str(curves),
        "--json",
        str(written),
    ]
    assert main([*arguments, "--quiet"]) == 0
    found = json.loads(written.read_text())
    assert found["distractors"] == 11 and len(found["rows"]) == 8
    assert images.probe(curves)[0] > 100
    table = capsys.readouterr().out
    assert "proves nothing: hair and outline decide it" in table and "24 rows x 20 columns, hand-drawn" in table


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--identify", "--data", "demo:faces"], "needs hand-drawn sketches with their photographs"),
        (["--identify", "--limit", "1"], "at least 2 people"),
        (["--identify", "--limit", "0"], "`limit` must be at least 1"),
        (["--identify", "--descriptor", "sift"], "one of hog. Received: 'sift'"),
        (["--identify", "--cmc", "cmc.xyz"], "must end in one of .png"),
        (["--identify", "--distractors", "nowhere"], "Received: nowhere"),
        (["--identify", "--fit", "stretch"], "one of crop, squeeze, pad"),
        (["--identify", "--grid", "grid.png"], "only without --identify"),
        (["--cmc", "cmc.png"], "only with --identify"),
        (["--distractors", "demo:faces"], "only with --identify"),
    ],
)
def test_a_bad_search_gets_one_line(
    arguments: list[str], says: str, pairs: Path, tmp_path, monkeypatch, capsys
) -> None:
    monkeypatch.chdir(tmp_path)
    known = [] if "--data" in arguments else ["--data", str(pairs)]
    assert main([*arguments, *known, "--baselines", "--quiet"]) == 2
    error = capsys.readouterr().err.strip()
    assert len(error.splitlines()) == 1 and error.startswith("error: ") and says in error
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(not (DATA / "cufs").is_dir(), reason="needs ../shared/data/cufs")
def test_cufs_floors_are_the_published_ones() -> None:
    result = evaluate(None, [DATA / "cufs"], progress=False)
    assert result["size"] == [250, 200] and result["images"] == 100
    anchors = {
        "the sketch itself": (10.92, 0.531),
        "mean training photo": (15.14, 0.596),
        "mean photo + k (sketch - mean sketch)": (17.22, 0.605),
    }
    for row, (psnr, ssim) in anchors.items():
        assert result["scores"][row]["psnr"][0] == pytest.approx(psnr, abs=0.03)
        assert result["scores"][row]["ssim"][0] == pytest.approx(ssim, abs=0.002)
    assert "17.22" in report(result)
