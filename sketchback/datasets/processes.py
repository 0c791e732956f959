"""Processes that draw: jobs go to them through a pipe, and their arrays come back through shared memory.

Not those of `multiprocessing`, which import the caller's main module again (with Keras, where it imports that; a script
without `if __name__ == "__main__"` would start itself), and which stay where their parent is killed. These import what
their jobs need, keep out of the terminal's way (Ctrl-C is for their parent), and end when their pipe does.
"""

from __future__ import annotations

import contextlib
import logging
import mmap
import os
import pickle
import queue
import subprocess
import sys
import tempfile
import threading
import weakref
from collections.abc import Callable
from typing import IO, Any, NamedTuple, TypeVar

import numpy as np

from sketchback.signals import undisturbed

T = TypeVar("T")
Job = Callable[[Callable[..., np.ndarray]], T]  # is given what it is to make its large arrays with, as by `np.empty`

ALIGNMENT = 64  # bytes: TensorFlow and JAX take such arrays without a copy
PATIENCE = 10.0  # seconds until a process that does not end is killed
CAN_BE_USED = os.name == "posix"


class LostProcessError(OSError):
    """A process that draws has ended."""


class Processes:
    """Processes that run jobs, until the end of its `with`.

    Args:
        count: How many; 0 runs jobs in the thread that asks.

    Raises:
        ValueError: This system cannot hand an open file to another process.

    >>> with Processes(0) as processes:
    ...     processes.run(lambda empty: empty(3).shape)
    (3,)
    """

    def __init__(self, count: int):
        if count and not CAN_BE_USED:
            raise ValueError(f"Processes that draw need Linux or macOS. Received: {count}. Give --processes 0.")
        self.count = count
        self._all: list[_Process] = []
        self._idle: queue.SimpleQueue[_Process] = queue.SimpleQueue()

    def __enter__(self) -> Processes:
        if self.count:
            self._memory = _Memory()
            with undisturbed():
                self._all = [_start(self._memory.file) for _ in range(self.count)]
            for process in self._all:
                self._idle.put(process)
        return self

    def __exit__(self, *_: object) -> None:
        with undisturbed():
            for process in self._all:
                process.answers.close()  # first: it may still be writing, and read nothing
                with contextlib.suppress(BrokenPipeError):
                    process.jobs.close()
            for process in self._all:
                try:
                    process.popen.wait(PATIENCE)
                except subprocess.TimeoutExpired:
                    process.popen.kill()
                    process.popen.wait()
            if self._all:
                os.close(self._memory.file)  # arrays that are still in use keep their part of it
            self._all = []

    @property
    def pids(self) -> list[int]:
        """The numbers that the system knows the processes by."""
        return [process.popen.pid for process in self._all]

    def run(self, job: Job[T]) -> T:
        """Runs a job in a process that is idle, and returns what it returns.

        Args:
            job: Must be picklable. What it makes with the function that it is given comes back without being copied,
                and stays as long as it is used.

        Raises:
            LostProcessError: The process has ended.
            ValueError: The job cannot be pickled.
            Exception: Whatever the job raises.
        """
        if not self.count:
            return job(np.empty)
        lease = self._memory.lend()
        try:
            asked = pickle.dumps((job, lease.begin, lease.size))
        except (pickle.PicklingError, AttributeError, TypeError) as error:
            raise ValueError(
                f"What processes draw must be picklable: photographs from files, or by a module's functions. Received: "
                f"{error}. Give processes=0."
            ) from None
        process = self._idle.get()
        try:
            process.jobs.write(asked)
            process.jobs.flush()
            content, parts, self._memory.wanted = pickle.load(process.answers)
        except (BrokenPipeError, EOFError, pickle.UnpicklingError):
            raise _lost(process.popen.wait()) from None
        except BaseException:  # Ctrl-C between question and answer, which nobody may take for that of another
            process.popen.kill()
            raise
        finally:
            self._idle.put(process)
        memory = np.asarray(lease)
        result = pickle.loads(content, buffers=[memory[begin:end] for begin, end in parts])
        if isinstance(result, Exception):
            raise result
        return result


class _Process(NamedTuple):
    popen: subprocess.Popen
    jobs: IO[bytes]
    answers: IO[bytes]


def _start(file: int) -> _Process:
    program = f"import sys; sys.path[:] = {sys.path!r}; from {__name__} import _serve; _serve({file})"
    popen = subprocess.Popen(
        [sys.executable, "-c", program],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={**os.environ, "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"},  # each has one core to itself
        pass_fds=(file,),
        start_new_session=True,  # of its own, which no terminal sends Ctrl-C to
    )
    assert popen.stdin is not None and popen.stdout is not None
    return _Process(popen, popen.stdin, popen.stdout)


def _lost(status: int) -> LostProcessError:
    how = f"signal {-status} (a person's, or the system's where memory is short)" if status < 0 else f"status {status}"
    return LostProcessError(
        f"The processes that draw must live as long as the run. Received: one that ended with {how}. "
        "Go on with --resume, and with fewer --processes where memory is short."
    )


class _Memory:
    """A file in memory, of which each job is lent a part until nobody uses the arrays in it any more."""

    def __init__(self) -> None:
        if hasattr(os, "memfd_create"):  # not in /dev/shm, which is 64 MB small in most containers
            self.file = os.memfd_create("sketchback")
        else:
            with tempfile.TemporaryFile() as opened:
                self.file = os.dup(opened.fileno())
        self.wanted = 0  # bytes of the last job's arrays
        self._lent: dict[int, _Return] = {}  # by its own number: what nobody holds does not report
        self._free: list[Any] = []  # those that have reported
        self._end, self._growing = 0, threading.Lock()

    def lend(self) -> _Lease:
        size = -(-self.wanted // mmap.ALLOCATIONGRANULARITY) * mmap.ALLOCATIONGRANULARITY
        with self._growing:
            while self._free:
                over = self._lent.pop(id(self._free.pop()))
                if len(over.part) >= size:
                    return self._lease(over.begin, over.part)
            if not size:
                return _Lease(0, b"")
            begin, self._end = self._end, self._end + size
            os.ftruncate(self.file, self._end)
            return self._lease(begin, mmap.mmap(self.file, size, offset=begin))

    def _lease(self, begin: int, part: mmap.mmap) -> _Lease:
        lease = _Lease(begin, part)
        over = _Return(lease, self._free.append)
        over.begin, over.part = begin, part
        self._lent[id(over)] = over
        return lease


class _Lease:
    """The owner, in NumPy's sense, of all arrays in a part of the memory; when it goes, the part is free again."""

    def __init__(self, begin: int, part: mmap.mmap | bytes):
        self.begin, self.size, self.part = begin, len(part), part
        self.__array_interface__ = np.frombuffer(part, np.uint8).__array_interface__


class _Return(weakref.ref):
    """Reports the end of a lease without running a line of Python, in which a Ctrl-C would be lost."""

    __slots__ = ("begin", "part")
    begin: int
    part: mmap.mmap


# ---- in a process that draws


class _Part:
    """Makes the arrays of one job in its part of the memory, one after the other, and elsewhere once that is full."""

    def __init__(self, memory: mmap.mmap | bytes):
        self.memory, self.wanted = memory, 0
        self.parts: list[tuple[int, int]] = []
        self._places: dict[int, tuple[int, int]] = {}

    def empty(self, shape: Any, dtype: Any = float) -> np.ndarray:
        begin, length = self.wanted, int(np.prod(shape)) * np.dtype(dtype).itemsize
        self.wanted += -(-length // ALIGNMENT) * ALIGNMENT
        if begin + length > len(self.memory):
            return np.empty(shape, dtype)
        made: np.ndarray = np.ndarray(shape, dtype, self.memory, begin)
        self._places[made.ctypes.data] = (begin, begin + length)
        return made

    def is_elsewhere(self, buffer: pickle.PickleBuffer) -> bool:
        """Notes where an array lies; what is not here is pickled with its content."""
        place = self._places.get(np.frombuffer(buffer.raw(), np.uint8).ctypes.data)
        if place is not None:
            self.parts.append(place)
        return place is None


def _serve(file: int) -> None:
    """Runs the jobs that come by the standard input, until it ends."""
    jobs, answers = sys.stdin.buffer, os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what a library prints is no answer
    logging.basicConfig(format="%(message)s")
    logging.captureWarnings(True)
    maps: dict[tuple[int, int], mmap.mmap | bytes] = {(0, 0): b""}
    with contextlib.suppress(EOFError, BrokenPipeError, pickle.UnpicklingError):  # who asks is gone, maybe in a word
        while True:
            job, begin, size = pickle.load(jobs)
            if (begin, size) not in maps:
                maps[begin, size] = mmap.mmap(file, size, offset=begin)
            part = _Part(maps[begin, size])
            try:
                result = job(part.empty)
            except Exception as error:
                result = error
            content = pickle.dumps(result, protocol=5, buffer_callback=part.is_elsewhere)
            pickle.dump((content, part.parts, part.wanted), answers)
            answers.flush()
