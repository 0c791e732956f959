"""Batches made ahead: in order, on threads, and no thread is left behind."""

from __future__ import annotations

import threading
import time

import pytest

from sketchback.datasets.prefetch import prefetch


class Slow:
    """Numbers of which the even ones take longer."""

    def __init__(self, count: int, broken: int = -1):
        self.count, self.broken, self.made = count, broken, 0

    def __len__(self) -> int:
        return self.count

    def __getitem__(self, index: int) -> int:
        time.sleep(0.01 * (index % 2 == 0))
        if index == self.broken:
            raise OSError("broken")
        self.made += 1
        return index


def test_they_come_in_order():
    with prefetch(Slow(20), threads=4) as batches:
        assert list(batches) == list(range(20))


def test_no_more_than_asked_for_are_made_ahead_and_no_thread_is_left():
    slow, before = Slow(100), threading.active_count()
    with prefetch(slow, threads=2, ahead=3) as batches:
        assert next(batches) == 0
    made = slow.made
    assert 1 <= made <= 4 and threading.active_count() == before
    time.sleep(0.05)
    assert slow.made == made


def test_an_error_comes_where_its_batch_would():
    with prefetch(Slow(5, broken=2), threads=2) as batches:
        assert [next(batches), next(batches)] == [0, 1]
        with pytest.raises(OSError, match="broken"):
            next(batches)
