"""Kills a training run with SIGKILL at random moments, resumes it each time, and compares it with an undisturbed one.

    python benchmarks/kills.py                             25 kills, some 15 minutes on 2 cores
    python benchmarks/kills.py --stage tone --kills 6      likewise in another kind of stage
    python benchmarks/kills.py --kills 3 --epochs 6

The command as users give it: built-in faces at 32 x 32, float32, --deterministic. `pixel` trains a generator,
`tone` tells it tones too, `adversarial` has a discriminator learn beside it, for `artists` the artist draws first.
The moments, sampled from a seed: `start-up` (before the first step), `step` (in an epoch), `asked to stop` (SIGTERM in
the middle of an epoch, and SIGKILL while it writes its checkpoint, or just after), `writing` (while any file is
written), `epoch end` (validation, pictures, history, weights). After every kill each file that is there must be whole.
Exit status 1 if any was not, if a resumption failed, or if one bit of the weights or one figure of the history differs.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from sketchback import images

MOMENTS = ("writing", "step", "start-up", "asked to stop", "epoch end")
TRAINING = "--size 32x32 --limit 24 --batch-size 8 --vgg16 random --precision float32 --deterministic".split()
STAGES = {
    "pixel": ["faces"],
    "tone": ["faces-tone", "--weights", "faces-tone-faithful"],
    "adversarial": ["faces", "--adversarial", "0.02"],
    "artists": ["faces", "--artist", "0.6"],
}
LIMIT = 1800.0  # seconds after which a run that was not killed is given up


def start(folder: Path, log: Path, stage: str, epochs: int) -> subprocess.Popen:
    """Starts the run, or goes on with it where there is a checkpoint."""
    recipe, *numbers = STAGES[stage]
    given = [*numbers, "--epochs", str(epochs), *TRAINING]
    if (folder / "checkpoint.npz").exists():
        given = ["--resume"]
    command = [sys.executable, "-m", "sketchback.train", recipe, "--out", str(folder), *given]
    with log.open("wb") as file:
        return subprocess.Popen(command, stderr=file, env={**os.environ, "CUDA_VISIBLE_DEVICES": ""})


def wait_for(process: subprocess.Popen, condition: Callable[[], bool], pause: float = 0.002) -> bool:
    """Waits until the condition holds or the process has ended; whether it holds."""
    end = time.monotonic() + LIMIT
    while not condition():
        if process.poll() is not None:
            return False
        if time.monotonic() > end:
            process.kill()
            raise SystemExit(f"a run took longer than {LIMIT:.0f} s")
        time.sleep(pause)
    return True


def changed(path: Path) -> Callable[[], bool]:
    before = path.stat().st_mtime_ns if path.exists() else 0
    return lambda: path.exists() and path.stat().st_mtime_ns != before


def kill(process: subprocess.Popen, folder: Path, moment: str, rng: np.random.Generator, lasts: list[float]) -> bool:
    """Kills it at a moment of that kind; False if it ended before. `lasts`: seconds of start-up and of an epoch."""
    stale = set(folder.glob(".partial-*"))

    def writes(suffix: str) -> bool:
        return any(path.suffix == suffix for path in set(folder.glob(".partial-*")) - stale)

    there, pause = True, rng.uniform(0, 0.01)
    if moment == "start-up":
        pause = rng.uniform(0, lasts[0])
    elif moment == "writing":
        suffix = rng.choice([".npz", ".h5", ".csv", ".png"])
        there = wait_for(process, lambda: writes(suffix), 0.0)
    else:
        there = wait_for(process, changed(folder / ("samples.png" if moment == "epoch end" else "checkpoint.npz")))
        pause = rng.uniform(0, 0.5 if moment == "epoch end" else 3 * lasts[1])
        if there and moment == "asked to stop":
            time.sleep(rng.uniform(0, lasts[1] / 2))
            process.send_signal(signal.SIGTERM)
            there, pause = wait_for(process, lambda: writes(".npz"), 0.0), rng.uniform(0, 0.3)
    if there:
        time.sleep(pause)
        process.send_signal(signal.SIGKILL)
    # Who was asked to stop may be quicker than the kill; that run goes on all the same.
    return process.wait() == -signal.SIGKILL or (there and moment == "asked to stop")


# ---- the files of a run


def checkpoint(folder: Path) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """How far the run is, and its arrays."""
    with np.load(folder / "checkpoint.npz", allow_pickle=False) as file:
        arrays = dict(file)
    return json.loads(arrays.pop("progress").tobytes()), arrays


def weights(path: Path) -> dict[str, np.ndarray]:
    """Every array of a weight file."""
    found: dict[str, np.ndarray] = {}
    with h5py.File(path) as file:
        file.visititems(lambda name, item: found.update({name: item[()]}) if isinstance(item, h5py.Dataset) else None)
    return found


def history(path: Path) -> list[dict[str, str]]:
    """The history without its seconds."""
    with path.open(newline="", encoding="utf-8") as file:
        return [{name: value for name, value in row.items() if name != "seconds"} for row in csv.DictReader(file)]


READ: dict[str, Callable[[Path], object]] = {
    ".json": lambda path: json.loads(path.read_text(encoding="utf-8")),
    ".npz": lambda path: checkpoint(path.parent),
    ".csv": history,
    ".h5": weights,
    ".png": images.read,
}


def broken(folder: Path) -> list[str]:
    """The files of a run that are there and not whole."""
    found: list[str] = []
    for path in folder.glob("[!.]*.*"):
        try:
            READ[path.suffix](path)
        except Exception as error:
            found.append(f"{path.name}: {error}")
    return found


def unequal(what: str, first: dict[str, np.ndarray], second: dict[str, np.ndarray]) -> list[str]:
    """Says how many arrays are not bit-identical, if any are not."""
    names = first.keys() | second.keys()
    same = [one for one in first.keys() & second.keys() if first[one].tobytes() == second[one].tobytes()]
    return [f"{len(names) - len(same)} of {len(names)} arrays of {what}"] if len(same) < len(names) else []


def differences(first: Path, second: Path) -> list[str]:
    """What differs between two finished runs, bit by bit."""
    (mine, state), (other, other_state) = checkpoint(first), checkpoint(second)
    found = unequal("the checkpoint", state, other_state)
    found += [f"progress: {name}" for name in mine if name not in ("seconds", "history") and mine[name] != other[name]]
    for path in first.glob("*.h5"):
        found += unequal(path.name, weights(path), weights(second / path.name))
    if history(first / "history.csv") != history(second / "history.csv"):
        found.append("history.csv")
    if (first / "samples.png").read_bytes() != (second / "samples.png").read_bytes():
        found.append("samples.png")
    return found


def compare(out: Path, stage: str, kills: int, epochs: int, seed: int) -> int:
    """Both runs, and the table."""
    out.mkdir(parents=True, exist_ok=True)
    rng, whole, killed, log = np.random.default_rng(seed), out / "whole", out / "killed", out / "log.txt"
    began, process = time.monotonic(), start(whole, log, stage, epochs)
    wait_for(process, lambda: any(whole.glob("[!.]*")), 0.05)
    lasts = [time.monotonic() - began]
    if process.wait(LIMIT):
        raise SystemExit(log.read_text(encoding="utf-8"))
    lasts.append((time.monotonic() - began - lasts[0]) / epochs)
    print(f"undisturbed: {lasts[0]:.0f} s of start-up, {lasts[1]:.1f} s an epoch", flush=True)

    done: list[tuple[str, bool, bool]] = []  # moment, while a file was being written, whether all files were whole
    left: set[Path] = set()  # half of a file, from the kill before, until the run begins
    process = start(killed, log, stage, epochs)
    while len(done) < kills and kill(process, killed, MOMENTS[len(done) % len(MOMENTS)], rng, lasts):
        halves, damage = set(killed.glob(".partial-*")), broken(killed)
        done.append((MOMENTS[len(done) % len(MOMENTS)], bool(halves - left), not damage))
        where = "no checkpoint yet"
        if (killed / "checkpoint.npz").exists() and not damage:
            where = "checkpoint of epoch {epoch}, step {step}".format(**checkpoint(killed)[0])
        print(
            f"kill {len(done)}: {done[-1][0]}{' (a file was half written)' * done[-1][1]}; {where}; {damage or 'whole'}"
        )
        left, process = halves, start(killed, log, stage, epochs)
    if process.wait(LIMIT):
        print(f"{log.read_text(encoding='utf-8')}\nafter kill {len(done)} the run did not go on: {process.returncode}")
        return 1
    found, survived = differences(whole, killed), sum(fine for *_, fine in done)
    print("\n| killed in | kills | while a file was being written | every file whole afterwards, and resumed |")
    print("| --- | --- | --- | --- |")
    for moment in (*MOMENTS, "all"):
        own = [entry for entry in done if moment in (entry[0], "all")]
        print(f"| {moment} | {len(own)} | {sum(cut for _, cut, _ in own)} | {sum(fine for *_, fine in own)} |")
    over = f" (the run was over before the other {kills - len(done)})" if len(done) < kills else ""
    print(f"\nkills survived / tried: {survived} / {len(done)}{over}")
    print(f"generator, optimiser, best and last weights bit-identical, same history: {'no' if found else 'yes'}")
    for difference in found:
        print(f"  differs: {difference}")
    return 1 if found or survived < len(done) else 0


def main() -> int:
    made = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    made.add_argument("--stage", choices=STAGES, default="pixel", help="what is trained (default: pixel)")
    made.add_argument("--kills", type=int, default=25, help="how many (default: 25)")
    made.add_argument("--epochs", type=int, default=60, help="too few are over before the last kill (default: 60)")
    made.add_argument("--seed", type=int, default=0, help="decides the moments (default: 0)")
    made.add_argument("--out", type=Path, help="a folder that is kept (default: a temporary one)")
    options = made.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        out = (options.out or Path(temporary)).resolve()
        return compare(out, options.stage, options.kills, options.epochs, options.seed)


if __name__ == "__main__":
    raise SystemExit(main())
