"""Which examples are scored."""

from __future__ import annotations

import pytest

from sketchback.evaluation.selection import check_limit, sample


def test_a_sample_is_always_the_same_and_in_order() -> None:
    examples = list(range(100))
    chosen = sample(examples, 10)
    assert chosen == sample(examples, 10) == sorted(chosen) and len(set(chosen)) == 10 and chosen != examples[:10]
    assert sample(examples, None) == sample(examples, 100) == examples


@pytest.mark.parametrize("limit", [0, 1.5, "2"])
def test_a_limit_is_a_whole_number(limit) -> None:
    with pytest.raises(ValueError, match="`limit` must be a whole number of at least 1. Received: limit="):
        check_limit(limit)
