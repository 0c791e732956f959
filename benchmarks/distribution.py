"""Do several workers teach what one would, and what happens when one of them dies?

    KERAS_BACKEND=jax python benchmarks/distribution.py
    python benchmarks/distribution.py --epochs 2 --steps 2

Runs `python -m sketchback.train` on drawn faces with the whole loss (a random VGG16): in one process, in one process
with two devices (two parts of the CPU), and as two workers on this machine. The yardstick is one process that sees each
batch backwards: the same sum, rounded otherwise. Then kills, freezes or asks a worker in its second epoch to stop,
measures how long the other one stays, and resumes.
"""

from __future__ import annotations

import argparse
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from kills import checkpoint

BACKWARDS = """
import sys
from sketchback import train
from sketchback.datasets.batches import Batches
forwards = Batches.__getitem__
Batches.__getitem__ = lambda self, index: tuple(images[::-1] for images in forwards(self, index))
sys.exit(train.main(sys.argv[1:]))
"""
LIMIT = 900.0  # seconds
BATCH = 4


def main() -> int:
    made = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    made.add_argument("--epochs", type=int, default=3)
    made.add_argument("--steps", type=int, default=8, help="of an epoch")
    made.add_argument("--size", default="32x32")
    made.add_argument("--out", type=Path, help="a folder that is kept (default: a temporary one)")
    options = made.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        out = (options.out or Path(temporary)).resolve()
        out.mkdir(parents=True, exist_ok=True)
        taught = ["--size", options.size, "--batch-size", str(BATCH), "--vgg16", "random", "--precision", "float32"]
        for epochs, steps in dict.fromkeys([(1, 1), (1, options.steps), (options.epochs, options.steps)]):
            given = [*taught, "--epochs", str(epochs), "--limit", str(steps * BATCH)]
            compare(out, f"{epochs}x{steps}", given)
        lose(out, given, undisturbed=out / f"two-{epochs}x{steps}")
    return 0


def compare(out: Path, name: str, given: list[str]) -> None:
    """Whether several devices and workers teach what one does."""
    one, backwards, devices, two = (out / f"{kind}-{name}" for kind in ("one", "backwards", "devices", "two"))
    finish([start(one, given)])
    finish([start(backwards, given, program=["-c", BACKWARDS])])
    finish([start(devices, given, devices=2)])
    finish(pair(two, given))
    print(f"epochs x steps {name}, largest difference to one process with the combined batch:")
    print(f"  one process, batches backwards: {difference(one, backwards)}")
    print(f"  one process, two devices: {difference(one, devices)}")
    print(f"  two workers: {difference(one, two)}")
    print(f"  two workers, to two devices: {difference(devices, two)}", flush=True)


def lose(out: Path, given: list[str], undisturbed: Path) -> None:
    """What happens to one worker when the other is gone, and to the run when they begin again."""
    for victim, how in ((1, signal.SIGKILL), (0, signal.SIGKILL), (1, signal.SIGSTOP), (1, signal.SIGTERM)):
        folder = out / f"{how.name.lower()}-{victim}"
        workers = pair(folder, given)
        begun = time.monotonic()
        while not ((folder / "checkpoint.npz").exists() and checkpoint(folder)[0]["epoch"] >= 1):
            if time.monotonic() - begun > LIMIT or any(process.poll() is not None for process in workers):
                raise SystemExit(f"a run ended too early: {[process.returncode for process in workers]}")
            time.sleep(0.02)
        time.sleep(0.1)
        target, other = workers[victim].pid, workers[1 - victim]
        begun = time.monotonic()
        os.kill(target, how)
        status, seconds = other.wait(LIMIT), time.monotonic() - begun
        if how == signal.SIGSTOP:
            os.kill(target, signal.SIGKILL)
        workers[victim].wait(LIMIT)
        progress = checkpoint(folder)[0]
        said = Path(f"{folder}-{1 - victim}.log").read_text().strip().splitlines()[-1]
        print(
            f"\nworker {victim}, {how.name}, checkpoint of epoch {progress['epoch']}, step {progress['step']}: worker "
            f"{1 - victim} ended after {seconds:.1f} s with status {status}, worker {victim} with status "
            f"{workers[victim].returncode}:\n  {said}"
        )
        if (victim, how) == (1, signal.SIGKILL):
            alone = shutil.copytree(folder, out / "resumed-alone")
            finish([start(alone, ["--resume"])])
            print(f"  resumed in one process, to two workers undisturbed: {difference(undisturbed, alone)}")
        finish(pair(folder, ["--resume"]))
        print(f"  resumed by two workers, to two workers undisturbed: {difference(undisturbed, folder)}", flush=True)


def start(
    folder: Path, given: list[str], rank: int = 0, devices: int = 1, program: list[str] | None = None
) -> subprocess.Popen:
    """Starts one process; only the first worker may write into the folder, the other one's must stay away."""
    flags = f"{os.environ.get('XLA_FLAGS', '')} --xla_force_host_platform_device_count={devices}"
    environment = {**os.environ, "KERAS_BACKEND": "jax", "XLA_FLAGS": flags, "TF_CPP_MIN_LOG_LEVEL": "3"}
    command = [sys.executable, *(program or ["-m", "sketchback.train"]), "faces", *given]
    with Path(f"{folder}-{rank}.log").open("wb") as file:
        written = folder.parent / "never" if rank else folder
        return subprocess.Popen([*command, "--out", str(written)], stdout=file, stderr=file, env=environment)


def pair(folder: Path, given: list[str]) -> list[subprocess.Popen]:
    """Starts two workers."""
    with socket.create_server(("", 0)) as found:
        port = found.getsockname()[1]
    workers = ["--workers", f"localhost:{port},localhost:{port + 1}"]
    return [start(folder, [*given, *workers, "--rank", str(rank)], rank) for rank in (0, 1)]


def finish(processes: list[subprocess.Popen]) -> None:
    """Waits for runs that must end well."""
    for process in processes:
        if process.wait(LIMIT):
            raise SystemExit(f"exit status {process.returncode} of {process.args}")


def difference(first: Path, second: Path) -> str:
    """The largest differences of two finished runs."""
    (mine, state), (other, other_state) = checkpoint(first), checkpoint(second)
    if (mine["epoch"], mine["step"]) != (other["epoch"], other["step"]):
        return f"epoch {mine['epoch']}, step {mine['step']} and epoch {other['epoch']}, step {other['step']}"
    found = []
    for group in ("generator", "optimizer"):
        pairs = [(array, other_state[name]) for name, array in state.items() if name.startswith(group)]
        largest = max(float(np.abs(a.astype(float) - b).max()) for a, b in pairs)
        same = all(a.tobytes() == b.tobytes() for a, b in pairs)
        found.append(f"{group} {'bit-identical' if same else f'{largest:.1e}'}")
    scores = [f"{one['history'][-1]['val_psnr']:.6f}" for one in (mine, other)]
    return f"{', '.join(found)}; validation PSNR {' and '.join(scores)} dB"


if __name__ == "__main__":
    raise SystemExit(main())
