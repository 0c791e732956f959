"""Searching for the people of hand-drawn sketches: with the generator's photographs, among distractors."""

from __future__ import annotations

from pathlib import Path

import pytest
from small_pairs import read
from small_weights import drawing

from sketchback import weights
from sketchback.evaluation import identification
from sketchback.evaluation.baselines import ITSELF
from sketchback.evaluation.scoring import ENLARGED, GENERATOR
from sketchback.evaluation.searching import identify
from sketchback.inference import pipeline


def test_sketches_are_searched_as_the_generator_inverts_them(pairs: Path, tiny: Path) -> None:
    result = identify(tiny, [pairs], split="all")
    assert result["size"] == result["working"] == [24, 20] and result["photographs"] == result["people"] == 8
    generator = weights.load(tiny)
    seen = [read(pairs, part, number) for part, count in (("test", 2), ("train", 6)) for number in range(count)]
    expected = identification.identify(seen, invert=lambda sketches: pipeline.predict(generator, sketches))
    assert result["rows"] == expected["rows"]
    assert {row["probe"] for row in result["rows"]} == {ITSELF, GENERATOR}
    larger = identify(tiny, [pairs], split="all", size=(60, 50))  # more than the weights see
    assert {row["probe"] for row in larger["rows"]} == {ITSELF, ENLARGED}


def test_distractors_are_fitted_and_counted(pairs: Path, distractors: Path, caplog) -> None:
    for part, count in (("test", 2), ("all", 5)):
        result = identify(None, [pairs], distractors={distractors: part})
        assert result["distractors"] == count and result["distractors_from"] == {str(distractors): part}
        assert [row["gallery"] for row in result["rows"]] == [2, 2, 2 + count, 2 + count]
    result = identify(None, [pairs], distractors={pairs: "all"})
    assert result["distractors"] == 6 and "left out 2 photographs of people who are searched for" in caplog.text


def test_weights_that_take_no_sketch_are_refused_before_anything_is_read(pairs: Path, tmp_path: Path) -> None:
    draws = drawing(tmp_path)
    with pytest.raises(ValueError, match="`weights` must turn sketches into photographs"):
        identify(draws, [pairs], split="all")
