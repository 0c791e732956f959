"""What a worker does when another dies: how that is recognised, what is said of it, and who is there to say it.

JAX's runtime ends the process that computes from a thread of its own, with pages of stack. So one of several workers
computes in a process of its own (`attend`), beside which another waits and says in one line how it ended.
"""

from __future__ import annotations

import contextlib
import logging
import os
import signal
import sys
import tempfile
import threading
from typing import IO, Any, NoReturn

START = 300  # seconds that workers wait for each other when they begin
GONE = 75  # exit status between our own two processes: another worker was lost
# What JAX, its collectives and its coordination service say when another process is gone.
SIGNS = ("gloo", "nccl", "coordination", "heartbeat", "distributed service", "unavailable:", "deadline_exceeded")

_attended = False


class LostWorkerError(ConnectionError):
    """Another worker died, froze, or cannot be reached."""


def sign_of(error: BaseException | None) -> str | None:
    """What was said of the loss of another worker, if that is behind it: Keras's `fit` covers it with another error."""
    while error is not None:
        said = " ".join(str(error).split())
        if any(sign in said.lower() for sign in SIGNS):
            return said
        error = error.__context__
    return None


def sentence(said: str) -> str:
    """What a person is told of it, given what JAX said."""
    if "RegisterTask" in said:
        return (
            f"All workers must be started within {START // 60} minutes. Received: not all of them, or no way to the "
            "first one's address. Start them again."
        )
    return (
        "All workers must stay until the end. Received: another one died, froze or cannot be reached; its own last "
        "line may say why. Start all of them again with --resume: nothing before the last checkpoint is lost. "
        f"(JAX: {said[:200]})"
    )


def give_up(said: str) -> NoReturn:
    """Ends what another worker's loss has ended, given what JAX said of it.

    Raises:
        LostWorkerError: In a process that nobody attends.
    """
    if _attended:  # before JAX ends the process in its own way
        os.write(2, f"\n{said}".encode())
        os._exit(GONE)
    raise LostWorkerError(sentence(said)) from None


def attend() -> int | None:
    """Goes on in a process of its own, beside which this one waits to say in one line how it ended.

    Where another worker is gone, JAX's runtime ends its process from a thread of its own, with pages of stack and no
    way to catch it. What it and other native code print is kept apart and shown only where we do not know the reason.

    Returns:
        None in the process that computes; the exit status, when that has ended, in the one that waits. Where a system
        cannot fork, None.

    Raises:
        LostWorkerError: The process that computes ended because another worker is gone.
        ChildProcessError: It was killed or crashed.
    """
    if not hasattr(os, "fork"):
        return None
    notes = tempfile.TemporaryFile()
    alive, held = os.pipe()
    sys.stdout.flush()
    sys.stderr.flush()
    # What `nohup` told us to ignore stays ignored.
    numbers = [
        number
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
        if signal.getsignal(number) != signal.SIG_IGN
    ]
    before_mask = signal.pthread_sigmask(signal.SIG_BLOCK, numbers)  # kept until there is somebody to pass them on to
    child = os.fork()
    if child == 0:
        os.close(held)
        _compute_apart(notes, alive)
        signal.pthread_sigmask(signal.SIG_SETMASK, before_mask)
        return None
    os.close(alive)
    asked: list[int] = []

    def pass_on(number: int, _: object) -> None:
        asked.append(number)
        # Every file is written whole or not at all, so that the second time may be as rude as it likes.
        os.kill(child, signal.SIGKILL if len(asked) > 1 else number)

    before = {number: signal.signal(number, pass_on) for number in numbers}
    signal.pthread_sigmask(signal.SIG_SETMASK, before_mask)
    try:
        status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        os.close(held)
    if len(asked) > 1:
        raise KeyboardInterrupt
    if 0 <= status != GONE:
        return status
    notes.seek(0)
    said = notes.read().decode(errors="replace")
    if status == GONE:
        raise LostWorkerError(sentence((said.splitlines() or [""])[-1]))
    if "distributed service" in said:
        # Of many lines of stack the one that names the reason, or the call that failed.
        reason = next((line for line in said.splitlines() if "absl::Status:" in line or "RPC:" in line), "")
        raise LostWorkerError(sentence(reason.rpartition("absl::Status: ")[2]))
    last = " ".join(said.split())[-300:]
    raise ChildProcessError(
        f"The process that computes must end by itself. Received: {signal.Signals(-status).name}"
        f"{' (the system may have run out of memory)' if status == -signal.SIGKILL else ''}. "
        f"Start all workers again with --resume.{f' It said: {last}' if last else ''}"
    )


def _compute_apart(notes: IO[bytes], alive: int) -> None:
    global _attended
    _attended = True
    os.setpgid(0, 0)  # Ctrl-C reaches us once, through the process that waits
    terminal = os.fdopen(os.dup(2), "w", encoding=sys.stderr.encoding, errors="backslashreplace", buffering=1)
    for handler in logging.getLogger().handlers:
        if isinstance(handler, logging.StreamHandler) and handler.stream is sys.stderr:
            handler.setStream(terminal)
    sys.stderr = terminal
    for descriptor in (1, 2):
        os.dup2(notes.fileno(), descriptor)

    def fail(*error: Any) -> None:
        sys.__excepthook__(*error)
        leave(1)

    sys.excepthook = fail  # what nobody expected is shown, and nobody is waited for

    def wait() -> None:
        os.read(alive, 1)  # returns when the other end is closed, by whatever
        os._exit(1)

    threading.Thread(target=wait, daemon=True, name="attended").start()


def leave(status: int) -> int:
    """The last call of a command: ends the process that computes, whatever JAX's threads are waiting for.

    Returns:
        The status, in any other process.
    """
    if not _attended:
        return status
    if status == 0 and "jax" in sys.modules:
        import jax

        with contextlib.suppress(Exception):
            jax.distributed.shutdown()
    sys.stderr.flush()
    os._exit(status)
