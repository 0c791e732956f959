"""Brightness errors that can be checked by hand, for all, for thirds and for groups."""

from __future__ import annotations

import numpy as np
import pytest

from sketchback.evaluation import brightness


@pytest.mark.parametrize("size", [(9, 9), (10, 11), (3, 3), (128, 90)])
def test_only_the_middle_counts_and_as_luminance(size: tuple[int, int]) -> None:
    height, width = size
    photo = np.ones((*size, 3), np.float32)
    photo[height // 3 : height - height // 3, width // 3 : width - width // 3] = (1.0, 0.0, 0.0)
    assert brightness.middle(photo) == pytest.approx(0.299 * 255, abs=0.01)


def test_thirds_and_groups_show_what_the_mean_hides() -> None:
    truth, made = [200, 50, 120, 60, 110, 210], [180, 80, 120, 80, 110, 180]
    groups = [["a", "old"], ["b"], ["a"], ["b", "old"], [""], ["a"]]
    found = brightness.by_group(truth, made, groups)
    assert list(found) == ["all", *brightness.THIRDS, "a", "b", "old"]
    assert {name: (own["images"], own["signed"]) for name, own in found.items()} == {
        "all": (6, 0.0),
        "darkest third": (2, 25.0),
        "middle third": (2, 0.0),
        "lightest third": (2, -25.0),
        "a": (3, pytest.approx(-50 / 3)),
        "b": (2, 25.0),
        "old": (2, 0.0),
    }
    assert found["old"] == {"images": 2, "truth": 130.0, "made": 130.0, "signed": 0.0, "absolute": 20.0}


def test_few_pictures_have_no_thirds_and_none_has_no_table() -> None:
    assert list(brightness.by_group([1, 2], [3, 4])) == ["all"]
    assert brightness.by_group([], []) == {}
