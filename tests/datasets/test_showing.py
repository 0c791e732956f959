"""Showing: what is out of range is refused."""

from __future__ import annotations

import pytest

from sketchback.datasets.showing import Showing
from sketchback.datasets.tasks import Telling


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"augmentation": "houses"}, "`augmentation` must be one of none, faces, buildings. Received: 'houses'"),
        ({"pair_augmentation": ""}, "`pair_augmentation` must be one of none, faces, buildings. Received: ''"),
        ({"aspect": float("nan")}, "`aspect` must be at least 1. Received: aspect=nan"),
        ({"zoom": 0.9}, "`zoom` must be at least 1. Received: zoom=0.9"),
        ({"margin": 1.1}, r"`margin` must be a share, in \[0, 1\]. Received: margin=1.1"),
        ({"artist": 1.1}, r"`artist` must be a share, in \[0, 1\]. Received: artist=1.1"),
        ({"telling": Telling(-0.1)}, r"`told` must be a share, in \[0, 1\]. Received: told=-0.1"),
        ({"crop": (8, 20)}, r"`crop` must be .*Received: crop=\(8, 20\)"),
    ],
)
def test_what_is_out_of_range_is_refused(arguments, words) -> None:
    with pytest.raises(ValueError, match=words):
        Showing(**arguments)
