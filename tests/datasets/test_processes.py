"""Processes that draw: what comes back stays, what goes wrong is said, and none is left behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from functools import partial

import numpy as np
import pytest

from sketchback.datasets import tasks
from sketchback.datasets.processes import LostProcessError, Processes

pytestmark = [
    pytest.mark.processes,
    pytest.mark.skipif(os.name != "posix", reason="processes that draw need POSIX"),
]
PATIENCE = 60.0  # seconds for what takes one where nothing else runs


def job(value: float, side: int = 50):
    """Makes a batch of two, of one value everywhere."""
    image = np.full((side, side, 1), value, np.float32)
    return partial(tasks.stack, [((image, image[0]), image)] * 2)


def end(pids: list[int]) -> bool:
    """Whether all processes end in time."""
    latest = time.monotonic() + PATIENCE
    while any(os.path.exists(f"/proc/{pid}") for pid in pids) and time.monotonic() < latest:
        time.sleep(0.05)
    return not any(os.path.exists(f"/proc/{pid}") for pid in pids)


def test_arrays_stay_as_long_as_they_are_used():
    with Processes(2) as processes:
        kept = [processes.run(job(value, side)) for value in range(8) for side in (40, 50, 30)]
        part = kept[4][1][1, 3:]  # a view keeps what it shows
        places = {processes.run(job(9.0))[1].ctypes.data for _ in range(5)}
        assert len(places) < 5  # what nobody uses is used again
    for value in range(8):
        for (first, row), target in kept[3 * value : 3 * value + 3]:
            assert {*np.unique(first), *np.unique(row), *np.unique(target)} == {value}
            assert first.shape == target.shape and row.shape == (2, *first.shape[2:])
    del kept
    assert np.unique(part) == [1.0] and part.flags.writeable


def test_errors_come_from_there_and_what_cannot_go_there_is_refused():
    with Processes(1) as processes:
        with pytest.raises(ValueError, match="not enough values to unpack"):
            processes.run(partial(tasks.stack, []))
        with pytest.raises(ValueError, match="must be picklable.*Received: .*lambda.*Give processes=0"):
            processes.run(lambda empty: empty(3))
        assert processes.run(job(2.0))[1].max() == 2.0


PROGRAM = """
import os, signal, subprocess, sys, time
signal.signal(signal.SIGINT, signal.default_int_handler)  # whatever pytest was started with
from functools import partial
import numpy as np
from sketchback import console
from sketchback.datasets import tasks
from sketchback.datasets.processes import Processes

def main(arguments):
    shown = [(np.zeros((500, 500, 3)), np.zeros(3))] * 8
    with Processes(2) as processes:
        print(*processes.pids, flush=True)
        while True:
            processes.run(partial(tasks.stack, shown))

sys.exit(console.run(main, console.parser("draw", ""), []))
"""


@pytest.mark.skipif(not os.path.isdir("/proc/self"), reason="looks for processes in /proc")
@pytest.mark.parametrize("how", ["Ctrl-C", "terminated", "killed", "one killed"])
def test_none_is_left_behind(how):
    command = [sys.executable, "-c", PROGRAM]
    with subprocess.Popen(command, stdout=-1, stderr=-1, text=True, start_new_session=True) as process:
        pids = [int(pid) for pid in process.stdout.readline().split()]
        time.sleep(0.5)
        if how == "Ctrl-C":
            os.killpg(process.pid, signal.SIGINT)  # as a terminal does
        elif how == "one killed":
            os.kill(pids[0], signal.SIGKILL)
        else:
            process.send_signal(signal.SIGKILL if how == "killed" else signal.SIGTERM)
        try:
            said = process.communicate(timeout=PATIENCE)[1].strip()
        finally:
            process.kill()  # `with` would wait for one that goes on
    assert len(pids) == 2 and end(pids)
    assert process.returncode == {"Ctrl-C": 130, "terminated": 130, "killed": -9, "one killed": 2}[how]
    if how == "one killed":
        assert said.startswith("error: The processes that draw must live as long as the run. Received: one that ended")
        assert "signal 9" in said and "--resume" in said and "\n" not in said
    else:
        assert said == ("" if how == "killed" else "stopped")


def test_the_error_of_a_lost_process_is_a_system_error():
    with Processes(1) as processes:
        processes.run(job(1.0))
        os.kill(processes.pids[0], signal.SIGKILL)
        for _ in range(2):
            with pytest.raises(LostProcessError, match="signal 9"):
                processes.run(job(1.0))
