"""Contenders in processes of their own, each of which computes only when it is its turn.

The reader starts a `Contender` and asks it for turns; the process it starts runs `serve`, which answers one line of
JSON for one line of JSON. Nothing here is imported beyond the standard library: another interpreter may run it.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
TICK = os.sysconf("SC_CLK_TCK")
QUIET = {"TF_CPP_MIN_LOG_LEVEL": "3", "KERAS_BACKEND": "tensorflow", "PYTHONWARNINGS": "ignore"}

Turn = Callable[..., dict[str, Any] | None]


class LeftOutError(RuntimeError):
    """A contender cannot take part here; the message says why."""


class Contender:
    """A process that waits for its turns. Several may start at once; `wait` until it has.

    Args:
        title: What tables call it.
        python: The interpreter that runs it.
        script: A file beside this one that calls `serve`.
        name: Which of the script's makers it is.
        settings: What that maker is given.
    """

    def __init__(self, title: str, python: str, script: str, name: str, log: Path, **settings: Any):
        self.title, self.log = title, log
        self.turns: list[dict[str, Any]] = []
        with log.open("a") as errors:
            self.process = subprocess.Popen(
                [python, str(HERE / script), name, json.dumps(settings)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
                env={**os.environ, **QUIET},
            )

    def wait(self) -> None:
        """Returns when it is ready for turns.

        Raises:
            LeftOutError: It cannot take part.
        """
        self._answer()

    def turn(self, **what: Any) -> dict[str, Any]:
        """One turn: `seconds` (wall), `cpu` (seconds of all its threads), `peak` (GB so far), and what it adds."""
        self.process.stdin.write(json.dumps(what) + "\n")
        self.process.stdin.flush()
        return self._answer()

    def spent(self) -> float:
        """CPU seconds of the process so far."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / TICK

    def close(self) -> None:
        self.process.stdin.close()
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process.stdout.close()

    def _answer(self) -> dict[str, Any]:
        line = self.process.stdout.readline()
        said = json.loads(line) if line else {}
        if not line or "left_out" in said:
            self.process.wait()
            last = self.log.read_text(errors="replace").strip().splitlines()[-1:] or ["it said nothing"]
            raise LeftOutError(f"{self.title}: {said.get('left_out', last[0])}")
        return said


def alternate(contenders: list[Contender], turns: int, **what: Any) -> float:
    """Gives each contender a turn, `turns` times over, and one before that does not count.

    The order is turned by one each time, so that none always follows the same other.

    Returns:
        The largest share of a core that a contender computed while it was another's turn.
    """
    idle = 0.0
    for number in range(turns + 1):
        for contender in turned(contenders, number):
            before = {other: other.spent() for other in contenders if other is not contender}
            begin = time.perf_counter()
            answer = contender.turn(number=number, **what)
            elapsed = time.perf_counter() - begin
            if number:
                contender.turns.append(answer)
                if elapsed > 0.5:  # CPU time is counted in steps of 10 ms
                    idle = max([idle, *((other.spent() - was) / elapsed for other, was in before.items())])
    return idle


def turned(contenders: list, number: int) -> list:
    """The same, turned by a number of places."""
    first = number % len(contenders) if contenders else 0
    return contenders[first:] + contenders[:first]


def serve(makers: dict[str, Callable[..., Turn]]) -> None:
    """What a contender's process does: makes what its arguments name, then takes a turn for every line it reads."""
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)  # what libraries print must not stand among the answers
    try:
        act = makers[sys.argv[1]](**json.loads(sys.argv[2]))
    except ImportError as error:
        answers.write(json.dumps({"left_out": str(error).splitlines()[0]}) + "\n")
        return
    answers.write(json.dumps({"peak": peak()}) + "\n")
    for line in sys.stdin:
        cpu, begin = time.process_time(), time.perf_counter()
        added = act(**json.loads(line)) or {}
        seconds = {"seconds": time.perf_counter() - begin, "cpu": time.process_time() - cpu}
        answers.write(json.dumps({**seconds, **added, "peak": peak()}) + "\n")


def peak() -> float:
    """The most memory that this process has held, GB. (`getrusage` would count its parent's, before `exec`.)"""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmHWM"):
            return int(line.split()[1]) * 1024 / 1e9
    return float("nan")


def steps_for(seconds: float, step: Callable[[], Any], least: int = 1, most: int = 200) -> int:
    """How many steps fill a turn of `seconds`, judged by two, the first of which compiles whatever there is."""
    step()
    begin = time.perf_counter()
    step()
    return min(max(round(seconds / (time.perf_counter() - begin)), least), most)
