"""Batches made ahead of the training step, on threads."""

from __future__ import annotations

import contextlib
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Protocol, TypeVar

from sketchback.signals import undisturbed

T = TypeVar("T", covariant=True)


class Numbered(Protocol[T]):
    """What can be asked for its batches by number, from several threads."""

    def __len__(self) -> int:
        """How many there are."""
        ...

    def __getitem__(self, index: int) -> T:
        """Makes one."""
        ...


@contextlib.contextmanager
def prefetch(batches: Numbered[T], *, threads: int = 2, ahead: int = 8) -> Iterator[Iterator[T]]:
    """Yields an iterator over batches in their order, of which some are made ahead.

    Args:
        batches: What is made.
        threads: How many make them; OpenCV and NumPy leave Python's lock while they compute.
        ahead: How many are made before they are asked for.

    >>> with prefetch("abc", threads=1) as letters:
    ...     list(letters)
    ['a', 'b', 'c']
    """
    pool = ThreadPoolExecutor(threads, thread_name_prefix="batches")
    try:
        yield _in_order(pool, batches, ahead)
    finally:
        _shut_down(pool)


def _in_order(pool: ThreadPoolExecutor, batches: Numbered[T], ahead: int) -> Iterator[T]:
    waiting: deque[Future[T]] = deque()
    for index in range(len(batches)):
        waiting.append(pool.submit(batches.__getitem__, index))
        if len(waiting) > ahead:
            yield waiting.popleft().result()
    while waiting:
        yield waiting.popleft().result()


def _shut_down(pool: ThreadPoolExecutor) -> None:
    """Waits for the batches that are being made: a thread inside OpenCV while Python ends would abort the process.

    Without Ctrl-C, which may come again and again: Python 3.11 takes a thread whose `join` it interrupts for ended.
    """
    with undisturbed():
        pool.shutdown(wait=True, cancel_futures=True)
