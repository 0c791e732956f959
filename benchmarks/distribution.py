"""Do several workers teach what one would, and what happens when one of them dies?

    KERAS_BACKEND=jax python benchmarks/distribution.py

Runs `sketchback train` on drawn faces with the whole loss (a random VGG16), Adam, clipping and averaged weights: in one
process, in one process with two devices (two parts of the CPU), and as two workers on this machine. The yardstick is
one process that sees each batch backwards: the same sum, rounded otherwise. Then kills, freezes or asks a worker in its
second epoch to stop, measures how long the other one stays, and resumes.
"""

from __future__ import annotations

import argparse
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from sketchback.training.runs import Run

# Checkpoints after every step, as a long run has them every five minutes.
DRIVER = "import sys; from sketchback import train; train.CHECKPOINT_EVERY = 0.0; sys.exit(train.main(sys.argv[1:]))"
BACKWARDS = """
from sketchback.datasets.batches import Batches
forwards = Batches.__getitem__
Batches.__getitem__ = lambda self, index: tuple(images[::-1] for images in forwards(self, index))
"""
LIMIT = 900.0  # seconds
BATCH = 4


def main() -> int:
    made = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    made.add_argument("--epochs", type=int, default=3)
    made.add_argument("--steps", type=int, default=8, help="of an epoch")
    made.add_argument("--size", default="32x32")
    made.add_argument("--out", type=Path, help="a folder that is kept (default: a temporary one)")
    arguments = made.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        out = (arguments.out or Path(temporary)).resolve()
        out.mkdir(parents=True, exist_ok=True)
        taught = [
            "--size",
            arguments.size,
            "--width",
            "8",
            "--halvings",
            "2",
            "--epochs",
            str(arguments.epochs),
            "--limit",
            str(arguments.steps * BATCH),
            "--batch-size",
            str(BATCH),
            "--validate",
            "20",
            "--average",
            "0.5",
            "--zoom",
            "1.3",
            "--features",
            "random",
            "--precision",
            "float32",
        ]
        compare(out, taught, arguments.epochs, arguments.steps)
        lose(out, taught, out / f"two-{arguments.epochs * arguments.steps}")
    return 0


def compare(out: Path, taught: list[str], epochs: int, steps: int) -> None:
    """Whether several devices and workers teach what one does."""
    for number, length in dict.fromkeys(((1, 1), (1, steps), (epochs, steps))):
        done = number * length
        fewer = [*taught, "--epochs", str(number), "--limit", str(length * BATCH)]
        one, devices, backwards = (out / f"{name}-{done}" for name in ("one", "devices", "backwards"))
        finish([start(one, out / f"one-{done}.log", fewer)])
        finish([start(backwards, out / f"backwards-{done}.log", fewer, before=BACKWARDS)])
        finish([start(devices, out / f"devices-{done}.log", fewer, devices=2)])
        finish(pair(out / f"two-{done}", out, f"two-{done}", fewer))
        print(f"after {done} steps, largest difference to one process with the combined batch:")
        print(f"  one process, batches backwards: {difference(one, backwards)}")
        print(f"  one process, two devices: {difference(one, devices)}")
        print(f"  two workers: {difference(one, out / f'two-{done}')}")
        print(f"  two workers, to two devices: {difference(devices, out / f'two-{done}')}", flush=True)


def lose(out: Path, taught: list[str], undisturbed: Path) -> None:
    """What happens to one worker when the other is gone, and to the run when they begin again."""
    for victim, how in ((1, signal.SIGKILL), (0, signal.SIGKILL), (1, signal.SIGSTOP), (1, signal.SIGTERM)):
        name = f"{how.name.lower()}-{victim}"
        folder = out / name
        workers = pair(folder, out, name, taught)
        wait_for(lambda folder=folder: place(folder) >= (1, 3), workers)
        # The process that computes is a child of the command.
        target = child(workers[victim].pid) if how == signal.SIGSTOP else workers[victim].pid
        begun = time.monotonic()
        os.kill(target, how)
        other = workers[1 - victim]
        status = other.wait(LIMIT)
        seconds = time.monotonic() - begun
        if how == signal.SIGSTOP:
            os.kill(target, signal.SIGKILL)
        workers[victim].wait(LIMIT)
        said = (out / f"{name}-{1 - victim}.log").read_text().strip().splitlines()[-1]
        epoch, step = place(folder)
        print(
            f"\nworker {victim}, {how.name} in epoch {epoch + 1}, step {step}: worker {1 - victim} ended after "
            f"{seconds:.1f} s with status {status}:\n  {said}"
        )
        if how == signal.SIGTERM:
            print(f"  worker {victim}: status {workers[victim].returncode}")
        if (victim, how) == (1, signal.SIGKILL):
            alone = out / "resumed-alone"
            subprocess.run(["cp", "-r", str(folder), str(alone)], check=True)
            finish([start(alone, out / "resumed-alone.log", ["--resume"])])
            print(f"  resumed in one process, to two workers undisturbed: {difference(undisturbed, alone)}")
        finish(pair(folder, out, f"{name}-resumed", ["--resume"]))
        print(f"  resumed by two workers, to two workers undisturbed: {difference(undisturbed, folder)}", flush=True)


def start(folder: Path, log: Path, arguments: list[str], devices: int = 1, before: str = "") -> subprocess.Popen:
    """Starts one process."""
    flags = f"{os.environ.get('XLA_FLAGS', '')} --xla_force_host_platform_device_count={devices}"
    environment = {**os.environ, "KERAS_BACKEND": "jax", "XLA_FLAGS": flags, "TF_CPP_MIN_LOG_LEVEL": "3"}
    with log.open("wb") as file:
        return subprocess.Popen(
            [sys.executable, "-c", before + DRIVER, "faces", "--out", str(folder), *arguments],
            stdout=file,
            stderr=file,
            env=environment,
        )


def pair(folder: Path, out: Path, name: str, arguments: list[str]) -> list[subprocess.Popen]:
    """Starts two workers; the second is given another folder, in which nothing may appear."""
    with socket.create_server(("", 0)) as found:
        port = found.getsockname()[1]
    addresses = f"localhost:{port},localhost:{port + 1}"
    return [
        start(
            folder if rank == 0 else out / "never",
            out / f"{name}-{rank}.log",
            [*arguments, "--workers", addresses, "--rank", str(rank)],
        )
        for rank in (0, 1)
    ]


def finish(processes: list[subprocess.Popen]) -> None:
    """Waits for runs that must end well."""
    for process in processes:
        if process.wait(LIMIT):
            raise SystemExit(f"exit status {process.returncode} of {process.args}")


def wait_for(condition, processes: list[subprocess.Popen]) -> None:
    """Waits until something holds."""
    begun = time.monotonic()
    while not condition():
        if time.monotonic() - begun > LIMIT or any(process.poll() is not None for process in processes):
            raise SystemExit(f"a run ended too early: {[process.returncode for process in processes]}")
        time.sleep(0.05)


def place(folder: Path) -> tuple[int, int]:
    """Epoch and step of the checkpoint."""
    try:
        progress, _ = Run(folder).load_checkpoint()
    except ValueError:
        return (-1, 0)
    return progress.epoch, progress.step


def child(parent: int) -> int:
    """The process that a command computes in."""
    return int(Path(f"/proc/{parent}/task/{parent}/children").read_text().split()[0])


def difference(first: Path, second: Path) -> str:
    """The largest differences of two finished runs."""
    (mine, state), (other, other_state) = (Run(folder).load_checkpoint() for folder in (first, second))
    if (mine.epoch, mine.step) != (other.epoch, other.step):
        return f"{mine.epoch, mine.step} and {other.epoch, other.step}"
    found = []
    for group in ("generator", "optimizer"):
        pairs = list(zip(state[group], other_state[group], strict=True))
        largest = max(float(np.abs(a.astype(float) - b).max()) for a, b in pairs)
        same = all(a.tobytes() == b.tobytes() for a, b in pairs)
        found.append(f"{group} {'bit-identical' if same else f'{largest:.1e}'}")
    return (
        f"{', '.join(found)}; validation PSNR {mine.history[-1]['val_psnr']:.6f} and "
        f"{other.history[-1]['val_psnr']:.6f} dB"
    )


if __name__ == "__main__":
    raise SystemExit(main())
