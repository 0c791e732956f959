"""What is said when another worker is lost, and the process that stays to say it."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from sketchback.training import lost_workers

ROOT = Path(lost_workers.__file__).parents[2]

# ---- what is recognised and said


def test_a_lost_worker_is_recognised_behind_another_error():
    def fail():
        try:
            raise RuntimeError("Gloo all-reduce failed:\n Connection closed by peer")
        except RuntimeError:
            raise TypeError("Keras says something else") from None

    with pytest.raises(TypeError) as caught:
        fail()
    assert lost_workers.sign_of(caught.value) == "Gloo all-reduce failed: Connection closed by peer"
    assert lost_workers.sign_of(ValueError("a mistake of ours")) is None
    assert lost_workers.sign_of(None) is None


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ("RPC: RegisterTask", r"^All workers must be started within 5 minutes\. Received: not all of them"),
        ("Gloo: closed", r"^All workers must stay until the end\..* with --resume.*\(JAX: Gloo: closed\)$"),
    ],
)
def test_a_process_that_nobody_attends_raises_what_is_said(said, words):
    with pytest.raises(lost_workers.LostWorkerError, match=words) as caught:
        lost_workers.give_up(said)
    assert isinstance(caught.value, OSError)  # which a command says in one line


# ---- the process that computes, and the one that tells how it ended

COMMAND = """
import os, signal, sys, time
from sketchback import console
from sketchback.training import lost_workers

def work(arguments):
    {before}
    status = lost_workers.attend()
    if status is not None:
        return status
    print("computing", os.getpid(), file=sys.stderr, flush=True)
    os.write(1, b"noise of a native library\\n"); os.write(2, b"more of it\\n")
    {work}

sys.exit(lost_workers.leave(console.run(work, console.parser("train", ""), [])))
"""


def command(work: str, before: str = "") -> subprocess.Popen:
    process = subprocess.Popen(
        [sys.executable, "-c", COMMAND.format(work=work, before=before)],
        cwd=ROOT,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    process.computing = int(process.stderr.readline().split()[1])
    return process


def ended(process: subprocess.Popen) -> tuple[int, str]:
    """Its exit status and what it said after the first line."""
    errors = process.stderr.read()  # not `communicate`, which does not see what `readline` has read ahead
    assert process.stdout.read() == ""
    return process.wait(60), errors


def is_alive(number: int) -> bool:
    try:
        return Path(f"/proc/{number}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


needs_fork = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="looks at processes as Linux shows them")


@needs_fork
@pytest.mark.parametrize(
    ("work", "status", "said"),
    [
        ("return 0", 0, ""),
        ("return 7", 7, ""),
        ("raise ValueError('The rule. Received: that.')", 2, "error: The rule. Received: that.\n"),
        ("os._exit(lost_workers.GONE)", 2, "error: All workers must stay until the end. Received: another one died"),
        ("os.write(2, b'F0 JAX distributed service failed. absl::Status: it froze'); os.abort()", 2, "(JAX: it froze)"),
        ("os.write(2, b'JAX distributed service\\nRPC: RegisterTask'); os.abort()", 2, "error: All workers must be st"),
        (
            "os.kill(os.getpid(), signal.SIGSEGV)",
            2,
            "Received: SIGSEGV. Start all workers again with --resume. It said:",
        ),
        ("os.kill(os.getpid(), signal.SIGKILL)", 2, "Received: SIGKILL (the system may have run out of memory)"),
    ],
)
def test_how_it_ended_is_told_in_one_line(work, status, said):
    found, errors = ended(command(work))
    assert found == status and said in errors and len(errors.splitlines()) == bool(said), errors
    assert "native library" not in errors.replace("It said: noise of a native library", "")


@needs_fork
def test_what_nobody_expected_is_shown():
    status, errors = ended(command("raise KeyError('a mistake of ours')"))
    assert status == 1 and errors.startswith("Traceback") and errors.endswith("KeyError: 'a mistake of ours'\n")


@needs_fork
def test_a_signal_reaches_the_one_that_computes_and_a_second_one_ends_it():
    waiting = "signal.signal(signal.SIGTERM, lambda *_: os._exit(5))\n"
    # Heard and not followed, as by one that waits for a dead machine.
    # `os.write`, because `print` must not be entered again where it still prints "ready".
    waiting += "    signal.signal(signal.SIGINT, lambda *_: os.write(sys.stderr.fileno(), b'heard\\n'))\n"
    waiting += "    print('ready', file=sys.stderr, flush=True); time.sleep(60)"
    process = command(waiting)
    assert process.stderr.readline() == "ready\n"
    process.send_signal(signal.SIGTERM)
    assert ended(process) == (5, "")
    process = command(waiting)
    assert process.stderr.readline() == "ready\n"
    process.send_signal(signal.SIGINT)
    assert process.stderr.readline() == "heard\n" and process.poll() is None
    process.send_signal(signal.SIGINT)
    assert ended(process) == (130, "stopped\n")


@needs_fork
def test_a_signal_that_comes_too_early_is_kept_until_it_can_be_passed_on():
    slow = "fork = os.fork; os.fork = lambda: (child := fork()) and (time.sleep(2) or child)"
    process = command("signal.signal(signal.SIGTERM, lambda *_: os._exit(5)); time.sleep(60)", slow)
    time.sleep(0.2)  # the other one sets its handler, this one still has none
    process.send_signal(signal.SIGTERM)
    assert ended(process) == (5, "")


@needs_fork
def test_none_computes_for_a_command_that_was_killed():
    process = command("time.sleep(60)")
    process.kill()
    process.wait()
    until = time.monotonic() + 20
    while is_alive(process.computing) and time.monotonic() < until:
        time.sleep(0.05)
    assert not is_alive(process.computing)
