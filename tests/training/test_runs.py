"""The folder of a run: one writer, whole files, and a checkpoint that gives back what it was given."""

from __future__ import annotations

import contextlib
import csv
import json
import os
import signal
import subprocess
import sys
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from places import ROOT

from sketchback import images
from sketchback.training.runs import Progress, Run

HISTORY = [
    {"epoch": 1, "loss": 0.5, "val_psnr": 12.25, "seconds": 1.5},
    {"epoch": 2, "loss": 0.25, "val_psnr": 15.125, "seconds": 3.0},
]


def arrays() -> dict[str, list[np.ndarray]]:
    rng = np.random.default_rng(0)
    return {
        "generator": [rng.normal(size=(3, 3, 1, 4)).astype("float32"), np.float32([np.pi, 1e-40, -0.0, 3e38])],
        "optimizer": [np.asarray(7, np.int64), *(rng.random(2).astype("float32") for _ in range(12))],
    }


def test_files_are_written_whole(tmp_path):
    with Run(tmp_path / "new" / "run") as run:
        run.write_json("recipe.json", {"size": (16, 24), "folder": tmp_path})
        run.write_history([])  # writes nothing
        assert not (run.folder / "history.csv").exists()
        run.write_history(HISTORY)
        run.write_samples([[np.ones((16, 20, 1)), np.zeros((16, 20, 3)), np.full((16, 20, 3), 0.5)]] * 2)
        assert run.read_json("recipe.json") == {"size": [16, 24], "folder": str(tmp_path)}
    with (run.folder / "history.csv").open(newline="") as file:
        assert [{name: float(value) for name, value in row.items()} for row in csv.DictReader(file)] == HISTORY
    assert images.read(run.folder / "curves.png").std() > 0.02  # lines and letters, not white paper
    samples = images.read(run.folder / "samples.png")  # two rows of three pictures, 4 pixels apart
    assert samples.shape == (2 * 16 + 4, 3 * 20 + 2 * 4, 3)
    names = {path.name for path in run.folder.iterdir()}
    assert names == {".lock", "curves.png", "history.csv", "recipe.json", "samples.png"}


def test_history_may_gain_columns(tmp_path):
    with Run(tmp_path) as run:
        run.write_history([{"epoch": 1, "loss": 2.0}, {"epoch": 2, "loss": 1.0, "val_psnr": 15.0}])
    assert (tmp_path / "history.csv").read_text().splitlines() == ["epoch,loss,val_psnr", "1,2,", "2,1,15"]


def test_a_checkpoint_comes_back_bit_by_bit(tmp_path):
    given = arrays()
    progress = Progress(epoch=3, step=17, best=0.1 + 0.2, seconds=1 / 3, sums={"loss": 1 / 7}, history=HISTORY)
    with Run(tmp_path) as run:
        run.save_checkpoint(Progress(), {})
        run.save_checkpoint(progress, given)  # a later one replaces it
        found_progress, found = run.load_checkpoint()
    assert found_progress == progress and found.keys() == given.keys()
    for name, own in given.items():
        for mine, other in zip(own, found[name], strict=True):
            assert (mine.dtype, mine.shape, mine.tobytes()) == (other.dtype, other.shape, other.tobytes())


@pytest.mark.parametrize(
    "how", ["missing", "empty", "half", "array", "zip without progress", "other progress", "packed"]
)
def test_a_checkpoint_that_will_not_do_is_one_error(tmp_path, how):
    with Run(tmp_path) as run:
        run.save_checkpoint(Progress(), {"generator": [np.zeros(1_000_000, "f4")]})
        whole = run.checkpoint.read_bytes()
        if how == "missing":
            run.checkpoint.unlink()
        elif how == "array":
            with run.checkpoint.open("wb") as file:
                np.save(file, np.zeros(3))
        elif how == "zip without progress":
            np.savez(run.checkpoint, a=np.zeros(3))
        elif how == "other progress":
            np.savez(run.checkpoint, progress=np.frombuffer(json.dumps({"lap": 3}).encode(), np.uint8))
        elif how == "packed":  # which may unpack to more than memory
            with zipfile.ZipFile(run.checkpoint) as archive:
                members = {name: archive.read(name) for name in archive.namelist()}
            with zipfile.ZipFile(run.checkpoint, "w", zipfile.ZIP_DEFLATED) as archive:
                for name, content in members.items():
                    archive.writestr(name, content)
        else:
            run.checkpoint.write_bytes({"empty": b"", "half": whole[: len(whole) // 2]}[how])
        words = "needs a checkpoint" if how == "missing" else r"must be whole.*checkpoint\.npz"
        with pytest.raises(ValueError, match=f"{words}.*Start without --resume"):
            run.load_checkpoint()


def test_any_flipped_byte_gives_the_one_error_or_nothing_but_what_was_saved(tmp_path):
    given = arrays()
    known = {array.tobytes() for own in given.values() for array in own}
    rng = np.random.default_rng(1)
    refused = 0
    with Run(tmp_path) as run:
        run.save_checkpoint(Progress(history=HISTORY), given)
        whole = run.checkpoint.read_bytes()
        for place in rng.choice(len(whole), 200, replace=False):
            damaged = bytearray(whole)
            damaged[place] ^= int(rng.integers(1, 256))
            run.checkpoint.write_bytes(damaged)
            try:
                _, found = run.load_checkpoint()
            except ValueError as error:
                assert "A checkpoint must be whole" in str(error)
                refused += 1
            else:  # a date in the archive, or an array lost from its list, which the model's shapes find
                assert {array.tobytes() for own in found.values() for array in own} <= known
    assert refused > 100


def test_what_killed_writers_left_is_taken_away(tmp_path):
    (tmp_path / ".partial-1.npz").write_bytes(b"half")
    (folder := tmp_path / ".partial-2").mkdir()
    (folder / "new").write_bytes(b"half")
    with Run(tmp_path):
        assert not list(tmp_path.glob(".partial-*"))


class Interrupting:
    """An array during whose writing Ctrl-C comes."""

    def __array__(self, dtype: object = None, copy: bool | None = None) -> np.ndarray:
        signal.raise_signal(signal.SIGINT)
        return np.arange(3.0)


def test_ctrl_c_waits_for_a_checkpoint(tmp_path):
    with Run(tmp_path) as run:
        with pytest.raises(KeyboardInterrupt):
            run.save_checkpoint(Progress(step=5), {"generator": [Interrupting(), np.ones(2)]})
        progress, found = run.load_checkpoint()
    assert progress.step == 5 and [array.tolist() for array in found["generator"]] == [[0, 1, 2], [1, 1]]


def test_a_folder_has_one_writer(tmp_path):
    with pytest.raises(KeyError), Run(tmp_path):
        raise KeyError("an error gives the folder free")
    with Run(tmp_path):
        with pytest.raises(ValueError, match=r"one writer\. Received: .*another folder with --out"), Run(tmp_path):
            pass
        with Run(tmp_path / "other"):
            pass


@pytest.mark.processes
def test_the_folder_of_a_killed_writer_is_free_and_clean(tmp_path):
    holder = (
        "import sys, time; from sketchback.training.runs import Run\n"
        "with Run(sys.argv[1]) as run:\n"
        "    (run.folder / '.partial-half.npz').write_bytes(b'half'); print('held', flush=True); time.sleep(60)"
    )
    with subprocess.Popen([sys.executable, "-c", holder, str(tmp_path)], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout.readline().strip() == "held"
        with pytest.raises(ValueError, match="one writer"), Run(tmp_path):
            pass
        process.kill()
    with Run(tmp_path):
        assert [path.name for path in tmp_path.iterdir()] == [".lock"]


def test_an_earlier_run_is_set_aside_whole(tmp_path):
    (tmp_path / "mine.txt").write_text("not of a run")
    with Run(tmp_path) as run:
        assert run.set_aside() is None
        for number in (1, 2):
            run.write_json("recipe.json", {"run": number})
            assert run.set_aside() == tmp_path / f"earlier-{number}"
    kept = [json.loads((tmp_path / f"earlier-{number}" / "recipe.json").read_text()) for number in (1, 2)]
    assert kept == [{"run": 1}, {"run": 2}] and not (tmp_path / "recipe.json").exists()
    assert (tmp_path / "mine.txt").is_file()


# ---- a disk that is full


@pytest.fixture
def disk(tmp_path) -> Iterator[Path]:
    """A disk of 8 MB."""
    place = tmp_path / "disk"
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=8m", "tmpfs", str(place)]
    if sys.platform != "linux" or subprocess.run(mount, capture_output=True).returncode != 0:
        pytest.skip("only root on Linux may mount a small disk")
    yield place
    subprocess.run(["umount", "-l", str(place)], check=True)


def fill(disk: Path, left: int = 0) -> Path:
    """Leaves so many bytes free."""
    free = os.statvfs(disk)
    with (disk / "filler").open("ab") as file, contextlib.suppress(OSError):
        file.write(bytes(max(free.f_bavail * free.f_frsize - left, 0)))
    return disk / "filler"


@pytest.mark.parametrize("left", [0, 100_000])
def test_a_full_disk_leaves_what_was_written_before(disk, left):
    given = {"generator": [np.arange(500_000, dtype="f4")]}
    with Run(disk / "run") as run:
        run.write_json("recipe.json", {"run": 1})
        run.save_checkpoint(Progress(step=1), given)
        before = {path.name: path.read_bytes() for path in run.folder.iterdir()}
        filler = fill(disk, left)
        for write in (
            lambda: run.save_checkpoint(Progress(step=2), given),
            lambda: run.write_json("recipe.json", {"run": "x" * 2_000_000}),
        ):
            with pytest.raises(OSError, match=r"must fit on its disk.*Free some space.*Received") as caught:
                write()
            assert "\n" not in str(caught.value) and str(run.folder) in str(caught.value)
            assert {path.name: path.read_bytes() for path in run.folder.iterdir()} == before
        filler.unlink()
        run.save_checkpoint(Progress(step=2), given)
        assert run.load_checkpoint()[0].step == 2


# ---- a training run from outside: real processes, signals and disks

# The loader is what such a small network waits for, so that its threads are at work whenever the run is stopped.
COMMAND = (
    "faces --size 32x32 --width 4 --halvings 1 --blocks 1 --feature 0 --precision float32 --limit 400 --batch-size 8 "
    "--validate 2 --epochs 50"
).split()
# The command itself, but for checkpoints after every step; and under `nohup`, pytest ignores what it sends here.
PROGRAM = """
import signal, sys
for number in (signal.SIGINT, signal.SIGHUP):
    signal.signal(number, signal.default_int_handler)
from sketchback import train
from sketchback.training import trainer
trainer.CHECKPOINT_EVERY = 0.0
sys.exit(train.main(sys.argv[1:]))
"""
PATIENCE = 600.0  # seconds for what takes ten where nothing else runs


@contextlib.contextmanager
def training(folder: Path, *argv: str) -> Iterator[subprocess.Popen]:
    """A run that has begun: a checkpoint was written."""
    command = [sys.executable, "-c", PROGRAM, *argv, "--out", str(folder)]
    checkpoint, end = folder / "checkpoint.npz", time.monotonic() + PATIENCE
    before = checkpoint.stat().st_mtime_ns if checkpoint.exists() else 0
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        try:
            while not checkpoint.exists() or checkpoint.stat().st_mtime_ns == before:
                assert process.poll() is None, process.communicate()[1]
                assert time.monotonic() < end
                time.sleep(0.05)
            yield process
        finally:
            process.kill()


@pytest.mark.processes
@pytest.mark.skipif(os.name != "posix", reason="signals of POSIX")
def test_a_run_is_stopped_and_goes_on_as_people_stop_it(disk):
    folder = disk / "run"
    with training(folder, *COMMAND) as process:
        process.send_signal(signal.SIGINT)  # Ctrl-C
        error = process.communicate(timeout=PATIENCE)[1]
    assert process.returncode == 130 and "Traceback" not in error  # so that a script does not go on without it
    assert "finishing the step, then stopping" in error
    assert error.strip().splitlines()[-1].startswith("stopped at epoch ") and "go on with --resume" in error, error
    first = Run(folder).load_checkpoint()[0]

    with training(folder, "--resume") as process:
        end = time.monotonic() + PATIENCE
        while process.poll() is None and time.monotonic() < end:
            filler = fill(disk)  # again and again: a checkpoint that takes the place of another makes room for one
            time.sleep(0.05)
        error = process.communicate(timeout=PATIENCE)[1]
    assert process.returncode == 2 and "Traceback" not in error and "Exception ignored" not in error
    assert error.strip().splitlines()[-1].startswith("error: A file must fit on its disk (No space left on device)")
    second = Run(folder).load_checkpoint()[0]
    assert (second.epoch, second.step) > (first.epoch, first.step)  # nothing is lost, and more was done
    assert [path.name for path in folder.glob(".*")] == [".lock"]  # and no half of a file
    filler.unlink()

    with training(folder, "--resume") as process:
        for _ in range(20):  # Ctrl-C held down
            process.send_signal(signal.SIGINT)
            time.sleep(0.02)
        error = process.communicate(timeout=PATIENCE)[1]
    assert process.returncode == 130 and "Traceback" not in error
    third = Run(folder).load_checkpoint()[0]
    assert (third.epoch, third.step) > (second.epoch, second.step)


@pytest.mark.processes
@pytest.mark.skipif(not Path("/proc/self").is_dir(), reason="looks for processes in /proc")
def test_a_run_that_is_drawn_by_processes_leaves_none(tmp_path):
    def drawing(process: subprocess.Popen) -> list[str]:
        return Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()

    def left(pids: list[str]) -> list[str]:
        end = time.monotonic() + PATIENCE
        while any(Path("/proc", pid).exists() for pid in pids) and time.monotonic() < end:
            time.sleep(0.05)
        return [pid for pid in pids if Path("/proc", pid).exists()]

    with training(tmp_path, *COMMAND, "--processes", "2") as process:
        pids = drawing(process)
        os.kill(int(pids[0]), signal.SIGKILL)
        error = process.communicate(timeout=PATIENCE)[1]
    assert process.returncode == 2 and "Traceback" not in error and len(pids) == 2 and not left(pids)
    assert error.strip().splitlines()[-1].startswith("error: The processes that draw must live as long as the run.")
    for ask, status in ((signal.SIGINT, 130), (signal.SIGKILL, -9)):
        with training(tmp_path, "--resume", "--processes", "2") as process:
            pids = drawing(process)
            process.send_signal(ask)
            error = process.communicate(timeout=PATIENCE)[1]
        assert process.returncode == status and "Traceback" not in error and len(pids) == 2 and not left(pids)


@pytest.mark.processes
def test_killed_runs_end_as_if_nothing_had_happened(tmp_path):
    """The benchmark's own comparison, with one kill instead of 25."""
    script = ROOT / "benchmarks" / "kills.py"
    command = [sys.executable, str(script), "--kills", "1", "--epochs", "4", "--out", str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "kills survived / tried: 1 / 1" in done.stdout
    assert "bit-identical, same history: yes" in done.stdout
