"""Batches made ahead of the training step: in processes, or on threads of this one."""

from __future__ import annotations

import contextlib
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from typing import Any, Protocol, TypeVar, runtime_checkable

from sketchback.datasets.processes import Job, Processes
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


@runtime_checkable
class Drawable(Numbered[T], Protocol[T]):
    """What can have its batches made in other processes; all else is made here."""

    def make(self, index: int, run: Callable[[Job[Any]], Any]) -> T:
        """Makes one, with `run` for the job that all the work is in."""
        ...


@contextlib.contextmanager
def prefetch(
    batches: Numbered[T], processes: Processes | None = None, *, threads: int = 2, ahead: int = 8
) -> Iterator[Iterator[T]]:
    """Yields an iterator over batches in their order, of which some are made ahead.

    Args:
        batches: What is made.
        processes: What makes them, where they are `Drawable`; as many batches are ahead as two for each.
        threads: How many make them where no processes do; OpenCV and NumPy leave Python's lock while they compute.
        ahead: How many are made before they are asked for, at least.

    Raises:
        LostProcessError: A process has ended.

    >>> with prefetch("abc", threads=1) as letters:
    ...     list(letters)
    ['a', 'b', 'c']
    """
    make: Callable[[int], T] = batches.__getitem__
    if processes is not None and processes.count and isinstance(batches, Drawable):
        make = partial(batches.make, run=processes.run)
        threads, ahead = processes.count, max(ahead, 2 * processes.count)
    pool = ThreadPoolExecutor(threads, thread_name_prefix="batches")
    try:
        yield _in_order(pool, make, len(batches), ahead)
    finally:
        _shut_down(pool)


def _in_order(pool: ThreadPoolExecutor, make: Callable[[int], T], count: int, ahead: int) -> Iterator[T]:
    waiting: deque[Future[T]] = deque()
    for index in range(count):
        waiting.append(pool.submit(make, index))
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
