"""Which examples are scored."""

from __future__ import annotations

from sketchback.evaluation.selection import sample


def test_a_sample_is_always_the_same_and_in_order() -> None:
    examples = list(range(100))
    chosen = sample(examples, 10)
    assert chosen == sample(examples, 10) == sorted(chosen) and len(set(chosen)) == 10 and chosen != examples[:10]
    assert sample(examples, None) == sample(examples, 100) == examples
