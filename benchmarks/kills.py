"""Kills a training run with SIGKILL at random moments, resumes it each time, and compares the end with that of a run
that nobody disturbed.

    python benchmarks/kills.py                       25 kills, some 15 minutes on 2 cores
    python benchmarks/kills.py --kills 3 --epochs 2

The built-in faces at 32 x 32, a small generator, float32, --deterministic; checkpoints after every step instead of
every five minutes, so that many kills hit the writing. The moments, drawn from a seed: `start-up` (between the start of
Python and the first step), `step` (at a random time afterwards), `writing` (while a file is being written), `epoch end`
(validation, pictures, history and weights). After every kill each file that is there must be whole. Exit status 1 if
any was not, if a resumption failed, or if one bit of the weights or one figure of the history differs.
"""

from __future__ import annotations

import argparse
import csv
import dataclasses
import itertools
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np

from sketchback import images
from sketchback.training.runs import BEST, LAST, Run

MOMENTS = ("writing", "step", "start-up", "step", "epoch end")
# The command itself, apart from how often it writes checkpoints: users have no reason to choose that.
DRIVER = (
    "import sys; from sketchback import train; train.CHECKPOINT_EVERY = float(sys.argv[1]); "
    "raise SystemExit(train.main(sys.argv[2:]))"
)
OFTEN, RARELY = "0", "300"
LIMIT = 600.0  # seconds after which a run that was not killed is given up


@dataclasses.dataclass
class Training:
    """One start of the run: its process, what it said, and when it began."""

    folder: Path
    process: subprocess.Popen
    log: Path
    began: float

    def says(self, words: str) -> bool:
        return words in self.log.read_text(encoding="utf-8", errors="replace")

    def alive(self) -> bool:
        if time.monotonic() - self.began > LIMIT:
            self.process.kill()
            raise SystemExit(f"a run took longer than {LIMIT:.0f} s; its log is {self.log}")
        return self.process.poll() is None

    def wait_for(self, condition: Callable[[], bool], pause: float = 0.002) -> bool:
        """Waits until the condition holds or the process has ended; whether it holds."""
        while not condition():
            if not self.alive():
                return False
            time.sleep(pause)
        return True


def start(folder: Path, log: Path, every: str, epochs: int) -> Training:
    """Starts the run, or goes on with it where there is a checkpoint."""
    command = [
        "faces",
        "--out",
        str(folder),
        "--epochs",
        str(epochs),
        "--size",
        "32x32",
        "--width",
        "8",
        "--halvings",
        "1",
        "--blocks",
        "1",
        "--features",
        "random",
        "--precision",
        "float32",
        "--deterministic",
        "--limit",
        "96",
        "--batch-size",
        "8",
        "--validate",
        "8",
        "--average",
        "0.5",
        "--zoom",
        "1.3",
    ]
    if (folder / "checkpoint.npz").exists():
        command = ["faces", "--out", str(folder), "--resume"]
    with log.open("wb") as file:
        process = subprocess.Popen(
            [sys.executable, "-c", DRIVER, every, *command], stderr=file, env={**os.environ, "CUDA_VISIBLE_DEVICES": ""}
        )
    return Training(folder, process, log, time.monotonic())


def kill(training: Training, moment: str, rng: np.random.Generator, start_up: float, work: float) -> bool:
    """Kills it at a moment of that kind; False if it ended before."""
    folder, process = training.folder, training.process
    checkpoint, resumed = folder / "checkpoint.npz", (folder / "checkpoint.npz").exists()

    def changed(path: Path) -> Callable[[], bool]:
        before = path.stat().st_mtime_ns if path.exists() else 0
        return lambda: path.exists() and path.stat().st_mtime_ns != before

    if moment == "start-up":
        time.sleep(float(rng.uniform(0, start_up)))
    else:
        begun = (lambda: training.says("going on in")) if resumed else changed(folder / "recipe.json")
        if not training.wait_for(begun, 0.05) or not training.wait_for(changed(checkpoint)):
            return False
        if moment == "step":
            time.sleep(float(rng.uniform(0, work)))
        elif moment == "epoch end":
            if not training.wait_for(changed(folder / "samples.png")):
                return False
            time.sleep(float(rng.uniform(0, 0.5)))
        else:
            for _ in range(int(rng.integers(0, 4))):
                if not training.wait_for(changed(checkpoint)):
                    return False
            if not training.wait_for(lambda: any(folder.glob(".partial-*")), 0.0):
                return False
            time.sleep(float(rng.uniform(0, 0.01)))
    if process.poll() is not None:
        return False
    process.send_signal(signal.SIGKILL)
    return process.wait() == -signal.SIGKILL


def broken(folder: Path) -> list[str]:
    """The files of a run that are there and not whole."""
    found: list[str] = []
    checks: dict[str, Callable[[Path], object]] = {
        "recipe.json": lambda path: json.loads(path.read_text(encoding="utf-8")),
        "checkpoint.npz": lambda path: Run(path.parent).load_checkpoint(),
        "history.csv": rows,
        BEST: arrays,
        LAST: arrays,
        "samples.png": images.read,
        "curves.png": images.read,
    }
    for name, check in checks.items():
        if (folder / name).exists():
            try:
                check(folder / name)
            except Exception as error:
                found.append(f"{name}: {error}")
    return found


def arrays(path: Path) -> dict[str, np.ndarray]:
    """Every array of a weight file."""
    found: dict[str, np.ndarray] = {}
    with h5py.File(path) as file:
        file.visititems(lambda name, item: found.update({name: item[()]}) if isinstance(item, h5py.Dataset) else None)
    return found


def rows(path: Path) -> list[dict[str, str]]:
    """The history without its seconds."""
    with path.open(newline="", encoding="utf-8") as file:
        return [{name: value for name, value in row.items() if name != "seconds"} for row in csv.DictReader(file)]


def differences(first: Path, second: Path) -> list[str]:
    """What differs between two finished runs, bit by bit."""
    found: list[str] = []
    (mine, state), (other, other_state) = (Run(folder).load_checkpoint() for folder in (first, second))
    if (mine.epoch, mine.step, mine.best) != (other.epoch, other.step, other.best):
        found.append(f"progress: {mine.epoch, mine.step, mine.best} and {other.epoch, other.step, other.best}")
    for group in state.keys() | other_state.keys():
        pairs = list(itertools.zip_longest(state.get(group, []), other_state.get(group, [])))
        unequal = sum(a is None or b is None or a.tobytes() != b.tobytes() for a, b in pairs)
        if unequal:
            found.append(f"{unequal} of {len(pairs)} arrays of the checkpoint's {group}")
    for name in (BEST, LAST):
        one, two = arrays(first / name), arrays(second / name)
        unequal = [
            place
            for place in one.keys() | two.keys()
            if place not in one or place not in two or one[place].tobytes() != two[place].tobytes()
        ]
        if unequal:
            found.append(f"{len(unequal)} of {len(one)} arrays of {name}")
    if rows(first / "history.csv") != rows(second / "history.csv"):
        found.append("history.csv")
    if (first / "samples.png").read_bytes() != (second / "samples.png").read_bytes():
        found.append("samples.png")
    return found


def main() -> int:
    made = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    made.add_argument("--kills", type=int, default=25, help="how many (default: 25)")
    made.add_argument(
        "--epochs", type=int, default=10, help="of the run; too few are over before the last kill (default: 10)"
    )
    made.add_argument("--seed", type=int, default=0, help="draws the moments (default: 0)")
    made.add_argument("--out", type=Path, help="a folder that is kept (default: a temporary one)")
    arguments = made.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        return compare((arguments.out or Path(temporary)).resolve(), arguments.kills, arguments.epochs, arguments.seed)


def compare(out: Path, kills: int, epochs: int, seed: int) -> int:
    """Both runs, and the table."""
    out.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(seed)
    whole, broken_off = out / "whole", out / "killed"
    training = start(whole, out / "whole.log", RARELY, epochs)
    if not training.wait_for((whole / "recipe.json").exists, 0.05):
        raise SystemExit((out / "whole.log").read_text(encoding="utf-8"))
    start_up = time.monotonic() - training.began
    if training.process.wait(LIMIT):
        raise SystemExit((out / "whole.log").read_text(encoding="utf-8"))
    work = time.monotonic() - training.began - start_up
    print(f"undisturbed: {start_up:.0f} s of start-up, {work:.0f} s of training", flush=True)

    done: list[tuple[str, bool, bool]] = []  # moment, while a file was being written, whether all files were whole
    starts = 0
    while True:
        number, left = len(done), set(broken_off.glob(".partial-*"))  # of the kill before, until the run begins
        training = start(broken_off, out / f"killed-{starts:02d}.log", OFTEN, epochs)
        starts += 1
        # On average the kills leave a third of the work to the last start.
        moment = MOMENTS[number % len(MOMENTS)]
        if number == kills or not kill(training, moment, rng, start_up, 0.6 * work / kills):
            break
        cut = set(broken_off.glob(".partial-*")) - left
        damage = broken(broken_off)
        done.append((moment, bool(cut), not damage))
        where = "no checkpoint yet"
        if (broken_off / "checkpoint.npz").exists() and not damage:
            progress = Run(broken_off).load_checkpoint()[0]
            where = f"checkpoint of epoch {progress.epoch + 1}, step {progress.step}"
        print(
            f"kill {number + 1}: {moment}{' (a file was half written)' if cut else ''}; {where}; "
            f"{'; '.join(damage) or 'every file whole'}",
            flush=True,
        )
    status = training.process.wait(LIMIT)
    if status:
        print(training.log.read_text(encoding="utf-8"))
        print(f"after kill {len(done)} the run did not go on: exit status {status}")
        return 1
    found = differences(whole, broken_off)

    print("\n| killed in | kills | in the middle of writing a file | every file whole afterwards, and resumed |")
    print("| --- | --- | --- | --- |")
    for moment in dict.fromkeys(MOMENTS):
        own = [entry for entry in done if entry[0] == moment]
        print(f"| {moment} | {len(own)} | {sum(cut for _, cut, _ in own)} | {sum(fine for _, _, fine in own)} |")
    counts = Counter(fine for *_, fine in done)
    print(f"| all | {len(done)} | {sum(cut for _, cut, _ in done)} | {counts[True]} |\n")
    print(
        f"kills survived / tried: {counts[True]} / {len(done)}"
        + (f" (the run was over before the other {kills - len(done)})" if len(done) < kills else "")
    )
    print(f"generator, optimiser, best and last weights bit-identical, same history: {'no' if found else 'yes'}")
    for difference in found:
        print(f"  differs: {difference}")
    return 1 if found or counts[False] else 0


if __name__ == "__main__":
    raise SystemExit(main())
