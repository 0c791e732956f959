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

from sketchback import images, train
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
        "trackers": [np.float32(0.1)],
    }


def test_files_are_written_whole(tmp_path):
    with Run(tmp_path / "new" / "run") as run:
        run.write_json("recipe.json", {"size": (16, 24), "folder": tmp_path})
        run.write_history(HISTORY)
        run.write_samples([[np.ones((16, 20, 1)), np.zeros((16, 20, 3)), np.full((16, 20, 3), 0.5)]] * 2)
        assert run.read_json("recipe.json") == {"size": [16, 24], "folder": str(tmp_path)}
    with (run.folder / "history.csv").open(newline="") as file:
        rows = [{name: float(value) for name, value in row.items()} for row in csv.DictReader(file)]
    assert rows == HISTORY
    assert (run.folder / "history.csv").read_text().splitlines()[0] == "epoch,loss,val_psnr,seconds"
    height, width = images.probe(run.folder / "curves.png")
    assert height > 100 and width > 300
    assert images.read(run.folder / "curves.png").std() > 0.02  # lines and letters, not white paper
    # Two rows of three pictures, 4 pixels apart.
    samples = images.read(run.folder / "samples.png")
    assert samples.shape == (2 * 16 + 4, 3 * 20 + 2 * 4, 3)
    assert samples[8, 10].tolist() == [1, 1, 1] and samples[8, 34].tolist() == [0, 0, 0]
    assert sorted(path.name for path in run.folder.iterdir()) == [
        ".lock",
        "curves.png",
        "history.csv",
        "recipe.json",
        "samples.png",
    ]


def test_no_history_writes_nothing(tmp_path):
    with Run(tmp_path) as run:
        run.write_history([])
    assert [path.name for path in tmp_path.iterdir()] == [".lock"]


def test_one_epoch_and_many_columns_can_be_drawn(tmp_path):
    with Run(tmp_path) as run:
        run.write_history([{"epoch": 1, **{f"term_{number}": float(number) for number in range(9)}, "seconds": 1.0}])
    assert images.probe(tmp_path / "curves.png")[0] > 300


def test_checkpoint_comes_back_bit_by_bit(tmp_path):
    given = arrays()
    progress = Progress(epoch=3, step=17, best=0.1 + 0.2, seconds=1 / 3, history=HISTORY)
    with Run(tmp_path) as run:
        run.save_checkpoint(Progress(), {})
        run.save_checkpoint(progress, given)  # a later one replaces it
        found_progress, found = run.load_checkpoint()
    assert found_progress == progress
    assert found.keys() == given.keys()
    for name, own in given.items():
        assert len(found[name]) == len(own)
        for mine, other in zip(own, found[name], strict=True):
            assert (mine.dtype, mine.shape, mine.tobytes()) == (other.dtype, other.shape, other.tobytes())


def test_a_missing_checkpoint_says_what_to_do(tmp_path):
    with Run(tmp_path) as run, pytest.raises(ValueError, match=r"needs a checkpoint\. Received: .*without --resume"):
        run.load_checkpoint()


@pytest.mark.parametrize("how", ["empty", "words", "half", "array", "zip without progress", "other progress"])
def test_a_damaged_checkpoint_is_one_error(tmp_path, how):
    with Run(tmp_path) as run:
        run.save_checkpoint(Progress(), arrays())
        whole = run.checkpoint.read_bytes()
        if how == "array":
            with run.checkpoint.open("wb") as file:
                np.save(file, np.zeros(3))
        elif how == "zip without progress":
            np.savez(run.checkpoint, a=np.zeros(3))
        elif how == "other progress":
            np.savez(run.checkpoint, progress=np.frombuffer(json.dumps({"lap": 3}).encode(), np.uint8))
        else:
            run.checkpoint.write_bytes({"empty": b"", "words": b"no checkpoint", "half": whole[: len(whole) // 2]}[how])
        with pytest.raises(ValueError, match=r"A checkpoint must be whole\. Received: .*checkpoint\.npz"):
            run.load_checkpoint()


class Interrupting:
    """An array during whose writing Ctrl-C comes."""

    def __array__(self, dtype: object = None, copy: bool | None = None) -> np.ndarray:
        signal.raise_signal(signal.SIGINT)
        return np.arange(3.0)


def test_ctrl_c_waits_for_a_checkpoint(tmp_path):
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with Run(tmp_path) as run:
            with pytest.raises(KeyboardInterrupt):
                run.save_checkpoint(Progress(step=5), {"generator": [Interrupting(), np.ones(2)]})
            progress, found = run.load_checkpoint()
    finally:
        signal.signal(signal.SIGINT, before)
    assert progress.step == 5 and [array.tolist() for array in found["generator"]] == [[0, 1, 2], [1, 1]]


def test_any_flipped_byte_gives_the_one_error_or_nothing_but_what_was_saved(tmp_path):
    given = arrays()
    known = {array.tobytes() for own in given.values() for array in own}
    rng = np.random.default_rng(1)
    refused = 0
    with Run(tmp_path) as run:
        run.save_checkpoint(Progress(history=HISTORY), given)
        whole = run.checkpoint.read_bytes()
        for place in rng.choice(len(whole), 400, replace=False):
            damaged = bytearray(whole)
            damaged[place] ^= int(rng.integers(1, 256))
            run.checkpoint.write_bytes(damaged)
            try:
                _, found = run.load_checkpoint()
            except ValueError as error:
                assert "A checkpoint must be whole" in str(error)
                refused += 1
            else:  # a date in the archive, or an array lost from its list, which the trainer's shapes find
                assert {array.tobytes() for own in found.values() for array in own} <= known
    assert refused > 200


def test_read_json_names_a_missing_or_broken_file(tmp_path):
    with Run(tmp_path) as run:
        with pytest.raises(ValueError, match=r"must hold recipe\.json\. Received: .*Start without --resume"):
            run.read_json("recipe.json")
        (tmp_path / "recipe.json").write_text("{broken")
        with pytest.raises(ValueError, match="must hold recipe.json"):
            run.read_json("recipe.json")


def test_a_second_run_in_the_folder_is_refused(tmp_path):
    with Run(tmp_path):
        with pytest.raises(ValueError, match=r"one writer\. Received: .*another folder with --out"), Run(tmp_path):
            pass
        with Run(tmp_path / "other"):
            pass
    with Run(tmp_path):
        pass


def test_the_lock_is_dropped_after_an_error(tmp_path):
    with pytest.raises(KeyError), Run(tmp_path):
        raise KeyError("some error")
    with Run(tmp_path):
        pass


HOLDER = """
import sys, time
from sketchback.training.runs import Run
with Run(sys.argv[1]) as run:
    (run.folder / ".partial-half.npz").write_bytes(b"half")
    print("held", flush=True)
    time.sleep(60)
"""


def test_another_process_is_refused_until_it_is_killed(tmp_path):
    holder = subprocess.Popen([sys.executable, "-c", HOLDER, str(tmp_path)], stdout=subprocess.PIPE, text=True)
    try:
        assert holder.stdout.readline().strip() == "held"
        with pytest.raises(ValueError, match="one writer"), Run(tmp_path):
            pass
        os.kill(holder.pid, signal.SIGKILL)
        holder.wait(timeout=10)
        begin = time.monotonic()
        with Run(tmp_path):
            assert time.monotonic() - begin < 5
            # What it was writing when it died is cleared away.
            assert [path.name for path in tmp_path.iterdir()] == [".lock"]
    finally:
        holder.kill()
        holder.wait()
        holder.stdout.close()


def test_a_folder_that_cannot_be_written_is_an_oserror(tmp_path):
    (tmp_path / "file").write_text("not a folder")
    for folder in (tmp_path / "file", tmp_path / "file" / "run"):
        with pytest.raises(OSError, match="file"), Run(folder):
            pass


def test_an_earlier_run_is_set_aside_whole(tmp_path):
    with Run(tmp_path) as run:
        assert run.set_aside() is None
        for number in (1, 2):
            run.write_json("recipe.json", {"run": number})
            assert run.set_aside() == tmp_path / f"earlier-{number}"
    assert not (tmp_path / "recipe.json").exists()
    kept = [(tmp_path / f"earlier-{number}" / "recipe.json").read_text() for number in (1, 2)]
    assert ['"run": 1' in kept[0], '"run": 2' in kept[1]] == [True, True]


def test_history_may_gain_columns(tmp_path):
    with Run(tmp_path) as run:
        run.write_history([{"epoch": 1, "loss": 2.0}, {"epoch": 2, "loss": 1.0, "val_psnr": 15.0}])
    assert (tmp_path / "history.csv").read_text().splitlines() == ["epoch,loss,val_psnr", "1,2,", "2,1,15"]


def test_a_checkpoint_that_unpacks_to_more_than_it_is_long_is_refused(tmp_path):
    with Run(tmp_path) as run:
        run.save_checkpoint(Progress(), {"generator": [np.zeros(1_000_000, "f4")]})
        with zipfile.ZipFile(run.checkpoint) as archive:
            members = {name: archive.read(name) for name in archive.namelist()}
        with zipfile.ZipFile(run.checkpoint, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, content in members.items():
                archive.writestr(name, content)
        assert run.checkpoint.stat().st_size < 10_000
        with pytest.raises(ValueError, match="A checkpoint must be whole.*packed"):
            run.load_checkpoint()


# ---- a disk that is full


@pytest.fixture
def disk(tmp_path) -> Iterator[Path]:
    """A disk of 8 MB where this process may mount one, else an ordinary folder."""
    place = tmp_path / "disk"
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=8m", "tmpfs", str(place)]
    mounted = sys.platform == "linux" and subprocess.run(mount, capture_output=True).returncode == 0
    yield place
    if mounted:
        subprocess.run(["umount", "-l", str(place)], check=True)


def is_small(disk: Path) -> bool:
    free = os.statvfs(disk)
    return free.f_blocks * free.f_frsize <= 8 << 20


def fill(disk: Path, left: int = 0) -> Path:
    """Leaves so many bytes free."""
    free = os.statvfs(disk)
    with (disk / "filler").open("ab") as file, contextlib.suppress(OSError):
        file.write(bytes(max(free.f_bavail * free.f_frsize - left, 0)))
    return disk / "filler"


@pytest.mark.parametrize("left", [0, 4096, 100_000, 1_000_000])
def test_a_full_disk_leaves_what_was_written_before(disk, left):
    if not is_small(disk):
        pytest.skip("only root may mount a small disk")
    given = {"generator": [np.arange(500_000, dtype="f4")]}
    with Run(disk / "run") as run:
        run.write_json("recipe.json", {"run": 1})
        run.write_history(HISTORY)
        run.write_samples([[np.zeros((64, 64, 3))]])
        run.save_checkpoint(Progress(step=1), given)
        before = {path.name: path.read_bytes() for path in run.folder.iterdir()}
        filler = fill(disk, left)
        big = np.random.default_rng(0).random((600, 600, 3))
        for write in (
            lambda: run.save_checkpoint(Progress(step=2), given),
            lambda: run.write_samples([[big, big]]),
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
COMMAND = [
    "faces",
    "--size",
    "32x32",
    "--width",
    "4",
    "--halvings",
    "1",
    "--blocks",
    "1",
    "--feature",
    "0",
    "--precision",
    "float32",
    "--limit",
    "400",
    "--batch-size",
    "8",
    "--validate",
    "2",
    "--epochs",
    "50",
]
# The command itself, but for checkpoints after every step; and under `nohup`, pytest ignores what it sends here.
PROGRAM = """
import signal, sys
for number in (signal.SIGINT, signal.SIGHUP):
    signal.signal(number, signal.default_int_handler)
from sketchback import train
train.CHECKPOINT_EVERY = 0.0
sys.exit(train.main(sys.argv[1:]))
"""
PATIENCE = 600.0  # seconds for what takes ten where nothing else runs


@contextlib.contextmanager
def training(folder: Path, *argv: str) -> Iterator[subprocess.Popen]:
    process = subprocess.Popen(
        [sys.executable, "-c", PROGRAM, *argv, "--out", str(folder)],
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "CUDA_VISIBLE_DEVICES": ""},
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def wait_for_a_step(process: subprocess.Popen, folder: Path) -> None:
    """Waits until a checkpoint was written."""
    checkpoint, end = folder / "checkpoint.npz", time.monotonic() + PATIENCE
    before = checkpoint.stat().st_mtime_ns if checkpoint.exists() else 0
    while not checkpoint.exists() or checkpoint.stat().st_mtime_ns == before:
        assert process.poll() is None, process.communicate()[1]
        assert time.monotonic() < end
        time.sleep(0.05)


@pytest.mark.skipif(os.name != "posix", reason="signals of POSIX")
def test_a_run_is_stopped_and_goes_on_as_people_stop_it(disk):
    folder = disk / "run"
    with training(folder, *COMMAND) as process:
        wait_for_a_step(process, folder)
        process.send_signal(signal.SIGINT)  # Ctrl-C
        error = process.communicate(timeout=PATIENCE)[1]
    assert process.returncode == 0 and "Traceback" not in error
    assert "finishing the step, then stopping" in error
    assert error.strip().splitlines()[-1].startswith("stopped at epoch ") and "go on with --resume" in error, error
    first = Run(folder).load_checkpoint()[0]

    second = first
    if is_small(disk):
        with training(folder, "--resume") as process:
            wait_for_a_step(process, folder)
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
        wait_for_a_step(process, folder)
        for _ in range(20):  # Ctrl-C held down
            process.send_signal(signal.SIGINT)
            time.sleep(0.02)
        error = process.communicate(timeout=PATIENCE)[1]
    # At once, unless the first had its way before the second came.
    assert process.returncode in (130, 0) and "Traceback" not in error
    third = Run(folder).load_checkpoint()[0]
    assert (third.epoch, third.step) > (second.epoch, second.step)


def test_killed_runs_end_as_if_nothing_had_happened(tmp_path):
    """The benchmark's own comparison, with one kill instead of 25."""
    script = Path(__file__).parents[2] / "benchmarks" / "kills.py"
    done = subprocess.run(
        [sys.executable, str(script), "--kills", "1", "--epochs", "1", "--out", str(tmp_path)],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "kills survived / tried: 1 / 1" in done.stdout
    assert "bit-identical, same history: yes" in done.stdout


@pytest.mark.skipif(not hasattr(signal, "SIGHUP"), reason="needs SIGHUP")
@pytest.mark.parametrize("how", ["SIGINT", "SIGTERM", "SIGHUP"])
def test_a_run_is_asked_to_stop(how):
    number = signal.Signals[how]
    before = signal.signal(number, signal.default_int_handler)  # pytest itself may ignore it
    try:
        with pytest.raises(KeyboardInterrupt), train._asked_to_stop() as stop:
            signal.raise_signal(number)
            assert stop.is_set()
            with contextlib.suppress(KeyboardInterrupt):
                signal.raise_signal(number)
            raise RuntimeError("what TensorFlow makes of a KeyboardInterrupt in a function that it calls")
        assert signal.getsignal(number) == signal.default_int_handler
    finally:
        signal.signal(number, before)


@pytest.mark.skipif(not hasattr(signal, "SIGHUP"), reason="needs SIGHUP")
def test_what_nohup_ignores_stays_ignored():
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with train._asked_to_stop() as stop:
            signal.raise_signal(signal.SIGHUP)
            assert not stop.is_set()
        assert signal.getsignal(signal.SIGHUP) == signal.SIG_IGN
    finally:
        signal.signal(signal.SIGHUP, before)


def test_an_error_that_nobody_asked_for_stays_what_it_is():
    with pytest.raises(RuntimeError, match="ours"), train._asked_to_stop():
        raise RuntimeError("ours")
