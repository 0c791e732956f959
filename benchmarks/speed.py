"""How fast is it, and against what? Everything in one run, in alternating turns.

    python benchmarks/speed.py --data CELEBA --vgg16 vgg16_relu2_2.npz --torch-python OTHER/bin/python --out speed.json
    python benchmarks/speed.py --only inversion --turns 3
    python benchmarks/speed.py --only training pipeline --ours   # is training limited by the data?

Training against the original's way of it and against PyTorch; the pipeline alone; inversion cold and warm against
PyTorch, ONNX Runtime and OpenVINO on the same weights; the memory of each; and how each cost grows. Prints Markdown
tables, writes every turn to `--out`, and plots it with `--plot`.

Each contender is a process of its own that computes only when it is its turn. Turns alternate, matrix products stand
among them, and ratios are the median of each turn's own; brackets give the range. Rivals that are not installed are
left out with a line. With `--torch-python` they are run by another interpreter (it needs torch, NumPy, Pillow). Close
everything else: on 2 idle cores the whole takes about 12 minutes.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import speed_tables
from speed_tables import ORIGINAL, OURS, REAL
from speed_turns import HERE, QUIET, Contender, LeftOutError, alternate, turned

SECTIONS = ("training", "pipeline", "inversion", "cold", "growth")
KINDS = {OURS: "held", REAL: "real"}
SIDES = (64, 128, 256, 512)
CELLS = [*(f"{side}x1" for side in SIDES), *(f"128x{count}" for count in (4, 16))]  # side, batch
COMPARED = ("128x1", "512x1")
PARTS = (
    "read and decode",
    "sketch, Pencil Sketchify",
    "sketch, XDoG",
    "sketch, line",
    "sketch, random style",
    "cut and resize",
    "augment",
)


class Sitting:
    """What all sections share: the options, a folder, and what was prepared in it."""

    def __init__(self, arguments: argparse.Namespace, folder: Path):
        self.arguments, self.folder, self.log = arguments, folder, folder / "log.txt"
        self.results: dict[str, Any] = {"machine": machine(), "turns": arguments.turns, "left_out": []}
        with self.contend(
            [
                (
                    "prepare",
                    sys.executable,
                    "speed_ours.py",
                    "prepare",
                    {
                        "folder": str(folder),
                        "data": arguments.data,
                        "vgg16": arguments.vgg16,
                        "weights": arguments.weights,
                        "sizes": arguments.sizes,
                        "sides": SIDES,
                        "graph": bool({"inversion", "cold"} & set(arguments.only)),
                    },
                )
            ]
        ) as made:
            if not made:
                raise SystemExit("error: nothing could be prepared.")
            self.prepared = made[0].turn()

    def file(self, name: str) -> str:
        return str(self.folder / name)

    @contextlib.contextmanager
    def contend(self, wanted: list[tuple[str, str, str, str, dict]]) -> Iterator[list[Contender]]:
        """Starts contenders, names those that cannot take part, and ends them all."""
        made = [
            Contender(title, python, script, name, self.log, **settings)
            for title, python, script, name, settings in wanted
        ]
        ready: list[Contender] = []
        try:
            for contender in made:
                try:
                    contender.wait()
                    ready.append(contender)
                except LeftOutError as error:
                    self.leave_out(str(error))
            yield ready
        finally:
            for contender in made:
                contender.close()

    def leave_out(self, why: str) -> None:
        self.results["left_out"].append(why)
        print(f"left out: {why}\n", flush=True)

    def write(self) -> None:
        if self.arguments.out:
            Path(self.arguments.out).write_text(json.dumps(self.results, indent=1) + "\n", encoding="utf-8")


def machine() -> dict[str, Any]:
    with contextlib.suppress(OSError):
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        flags = next((line for line in lines if line.startswith("flags")), "").split()
        name = next((line.partition(": ")[2] for line in lines if line.startswith("model name")), "")
        return {
            "cpu": name,
            "cores": os.cpu_count(),
            "load": os.getloadavg()[0],
            "python": platform.python_version(),
            "bfloat16": "avx512_bf16" in flags or "amx_bf16" in flags,
        }
    return {"cpu": platform.processor(), "cores": os.cpu_count(), "python": platform.python_version()}


# ---- training


def training(sitting: Sitting) -> None:
    arguments, sitting.results["training"] = sitting.arguments, {}
    for size in arguments.sizes:
        common = {
            "vgg": sitting.file("vgg.npz"),
            "batch": sitting.file(f"batch-{size}.npz"),
            "seconds": arguments.seconds,
        }
        ours = {**common, "data": sitting.prepared["data"], "weights": arguments.weights}
        rivals = {**common, "generator": sitting.file("generator.npz"), "clip": 1.0}
        wanted = [(OURS, sys.executable, "speed_ours.py", "training", {**ours, "precision": arguments.precision})]
        if not arguments.ours:
            wanted.append((ORIGINAL, sys.executable, "speed_ours.py", "original", ours))
        for compiled in () if arguments.ours else (False, True):
            wanted += [
                (
                    f"PyTorch {'compiled' if compiled else 'eager'} {precision}, batch in memory",
                    arguments.torch_python,
                    "rivals.py",
                    "training",
                    {**rivals, "precision": precision, "compiled": compiled},
                )
                for precision in ("float32", "bfloat16")
            ]
        wanted.append(
            (
                f"matrix product, {arguments.precision}",
                sys.executable,
                "speed_ours.py",
                "matrix",
                {"precision": arguments.precision},
            )
        )
        with sitting.contend(wanted) as made:
            players = [player for one in made for player in (_halves(one) if one.title == OURS else [one])]
            idle = alternate(players, arguments.turns)
        played = {one.title: one.turns for one in players if "images" in one.turns[0]}
        products = {one.title: one.turns for one in players if "gflop" in one.turns[0]}
        sitting.results["training"][str(size)] = {
            "gflop": sitting.prepared["gflop"][str(size)],
            "precision": arguments.precision,
            "idle": idle,
            "contenders": played,
            "products": products,
        }
        speed_tables.training(sitting.results, size)
        sitting.write()


class _Half:
    """One of two kinds of turn that the same process takes."""

    def __init__(self, whole: Contender, title: str):
        self.whole, self.title, self.turns = whole, title, []

    def turn(self, **what: Any) -> dict[str, Any]:
        return self.whole.turn(kind=KINDS[self.title], **what)

    def spent(self) -> float:
        return 0.0  # counted by the other half, or at work itself


def _halves(whole: Contender) -> list[Any]:
    return [_Half(whole, title) for title in KINDS]


# ---- the pipeline


def pipeline(sitting: Sitting) -> None:
    arguments, side = sitting.arguments, max(sitting.arguments.sizes)
    settings = {"data": sitting.prepared["data"], "size": side, "seconds": arguments.seconds / 2}
    cells = [{"threads": threads, "kind": kind} for kind in ("none", "faces") for threads in (1, 2, 4)]
    cells += [{"part": part} for part in PARTS]
    turns: list[list[dict]] = [[] for _ in cells]
    with sitting.contend([("pipeline", sys.executable, "speed_ours.py", "pipeline", settings)]) as made:
        for number in range(arguments.turns + 1 if made else 0):
            for cell, own in zip(cells, turns, strict=True):
                answer = made[0].turn(number=number, **cell)
                own += [answer] if number else []
    if not made:
        return
    cells = [{**cell, "turns": own} for cell, own in zip(cells, turns, strict=True)]
    sitting.results["pipeline"] = {"size": side, "cells": cells}
    speed_tables.pipeline(sitting.results)
    sitting.write()


# ---- inversion


def runtimes(sitting: Sitting, kind: str = "warm") -> list[tuple[str, str, str, dict]]:
    """(title, interpreter, script, settings) of all who invert."""
    arguments, own, other = sitting.arguments, sys.executable, sitting.arguments.torch_python
    generator, graph = sitting.file("generator.npz"), sitting.file("generator.onnx")
    made = [
        (f"ours, {runtime}", own, "speed_ours.py", {"weights": arguments.weights, "runtime": runtime})
        for runtime in ("keras", "onnx")
    ]
    if arguments.ours:
        return made
    made.append(("PyTorch eager float32", other, "rivals.py", {"kind": "torch", "graph": generator}))
    if kind == "warm":
        made += [
            (
                f"PyTorch {'compiled' if compiled else 'eager'} {precision}",
                other,
                "rivals.py",
                {"kind": "torch", "graph": generator, "precision": precision, "compiled": compiled},
            )
            for precision, compiled in (("bfloat16", False), ("float32", True), ("bfloat16", True))
        ]
    made += [
        ("ONNX Runtime", own, "rivals.py", {"kind": "onnxruntime", "graph": graph}),
        ("OpenVINO float32", own, "rivals.py", {"kind": "openvino", "graph": graph}),
    ]
    if kind == "warm":
        made.append(("OpenVINO bfloat16", own, "rivals.py", {"kind": "openvino", "graph": graph, "precision": "bf16"}))
    return made


def inversion(sitting: Sitting) -> None:
    import numpy as np

    arguments = sitting.arguments
    common = {"sketches": sitting.file("sketches.npz"), "seconds": arguments.seconds / 5}
    wanted = [
        (title, python, script, "inversion", {**common, **settings})
        for title, python, script, settings in runtimes(sitting)
    ]
    results: dict[str, dict[str, list[dict]]] = {}
    differences: dict[str, dict[str, float]] = {}
    with sitting.contend(wanted) as made:
        for cell in CELLS:
            # Compiling takes a minute a shape: those who compile show the two sizes that are compared.
            players = [one for one in made if "compiled" not in one.title or cell in COMPARED]
            for place, one in enumerate(players):
                one.turns = []
                one.saved = sitting.file(f"photo-{cell}-{place}.npy")
            # Ratios are asked of two sizes; the other cells only show how the cost grows.
            turns = arguments.turns if cell in COMPARED else min(arguments.turns, 3)
            for number in range(turns + 1):
                for one in turned(players, number):
                    try:
                        answer = one.turn(number=number, cell=cell, save=one.saved)
                    except LeftOutError as error:  # some runtimes fail only when they are run
                        sitting.leave_out(str(error))
                        players.remove(one)
                        made.remove(one)
                        continue
                    one.turns += [answer] if number else []
            results[cell] = {one.title: one.turns for one in players}
            photos = {one.title: np.load(one.saved) for one in players}
            truth = photos.get("ours, keras")
            if truth is not None:
                differences[cell] = {title: float(np.abs(photo - truth).max()) for title, photo in photos.items()}
    sitting.results["inversion"] = {"cells": results, "differences": differences}
    speed_tables.inversion(sitting.results)
    sitting.write()


def cold(sitting: Sitting) -> None:
    """New processes: from the command to the photograph's file."""
    arguments, module = sitting.arguments, [sys.executable, "-m", "sketchback.invert"]
    known = subprocess.run([*module, "--help"], capture_output=True, text=True).stdout
    commands: dict[str, dict[int, list[str]]] = {}
    for title, python, _, settings in runtimes(sitting, "cold"):
        if title.startswith("ours") and "--runtime" not in known and settings["runtime"] != "keras":
            continue
        for side in (128, 512):
            files = [sitting.file(f"drawing-{side}.png"), sitting.file("cold.png")]
            chosen = ["--runtime", settings["runtime"]] if "--runtime" in known and "runtime" in settings else []
            ours = [
                *module,
                files[0],
                "-o",
                files[1],
                "--weights",
                arguments.weights,
                "--working",
                f"{side}x{side}",
                *chosen,
                "--quiet",
            ]
            rival = [python, str(HERE / "rivals.py"), "picture", *map(settings.get, ("kind", "graph")), *files]
            commands.setdefault(title, {})[side] = ours if title.startswith("ours") else rival
    turns: dict[str, dict[int, list[dict]]] = {title: {side: [] for side in own} for title, own in commands.items()}
    for number in range(arguments.turns + 1):
        for title, own in list(commands.items()):
            if title == "ours, keras" and number > 3:
                continue  # several seconds each, and they hardly differ
            for side, command in own.items():
                try:
                    turns[title][side].append(once(command, sitting.log))
                except LeftOutError as error:
                    sitting.leave_out(f"{title}, cold: {error}")
                    del commands[title], turns[title]
                    break
        if not number:  # files are in the cache now
            turns = {title: {side: [] for side in own} for title, own in turns.items()}
    sitting.results["cold"] = turns
    speed_tables.cold(sitting.results)
    sitting.write()


def once(command: list[str], log: Path) -> dict[str, float]:
    """Runs a command to its end: wall and CPU seconds, and its peak memory."""
    begin = time.perf_counter()
    with log.open("a") as errors:
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=errors, env={**os.environ, **QUIET})
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise LeftOutError((log.read_text(errors="replace").strip().splitlines() or ["it said nothing"])[-1])
    return {
        "seconds": time.perf_counter() - begin,
        "cpu": usage.ru_utime + usage.ru_stime,
        "peak": usage.ru_maxrss * 1024 / 1e9,
    }


# ---- growth


def growth(sitting: Sitting) -> None:
    """Training against pixels and batch; a folder of drawings against their number."""
    arguments = sitting.arguments
    settings = {"vgg": sitting.file("vgg.npz"), "weights": arguments.weights, "precision": arguments.precision}
    found: dict[str, Any] = {"pixels": {}, "batch": {}, "images": {}}
    with sitting.contend([("growth", sys.executable, "speed_ours.py", "growing", settings)]) as made:
        for one in made:
            for side in (32, 64, 128, 192, 256):
                found["pixels"][side] = one.turn(side=side, batch=4, seconds=arguments.seconds)
            for batch in (1, 4, 16, 32):
                found["batch"][batch] = one.turn(side=96, batch=batch, seconds=arguments.seconds)
    for count in (1, 4, 16, 64):
        folder = sitting.folder / f"drawings-{count}"
        folder.mkdir()
        for index in range(count):
            (folder / f"{index:03d}.png").symlink_to(sitting.folder / "drawing-128.png")
        photos = sitting.folder / f"photos-{count}"
        command = [
            sys.executable,
            "-m",
            "sketchback.invert",
            str(folder),
            "-o",
            str(photos),
            "--quiet",
            "--weights",
            arguments.weights,
        ]
        found["images"][count] = [once(command, sitting.log) for _ in range(3)]
    sitting.results["growth"] = found
    speed_tables.growth(sitting.results)
    sitting.write()


def main() -> None:
    made = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    made.add_argument("--data", action="append", default=[], metavar="DIR", help="photographs (default: demo faces)")
    made.add_argument("--vgg16", default="random", metavar="FILE", help="its weights; the speed is that of any")
    made.add_argument("--weights", default="faces", metavar="W", help="the generator (default: faces)")
    made.add_argument("--turns", type=int, default=7, help="turns that count (default: 7)")
    made.add_argument("--seconds", type=float, default=1.0, help="about how long a turn is (default: 1)")
    made.add_argument("--sizes", type=int, nargs="+", default=[96, 128], help="of training (default: 96 128)")
    made.add_argument("--precision", default=None, choices=("bfloat16", "float32"), help="ours (default: as `train`)")
    made.add_argument("--only", nargs="+", default=list(SECTIONS), choices=SECTIONS)
    made.add_argument("--ours", action="store_true", help="leave the rivals out")
    made.add_argument("--torch-python", default=sys.executable, metavar="PYTHON", help="an interpreter with torch")
    made.add_argument("--out", metavar="FILE", help="write every turn here, as JSON")
    made.add_argument("--plot", metavar="PNG", help="plot it, from the JSON of --out")
    arguments = made.parse_args()
    if arguments.plot and not arguments.out:
        made.error("--plot reads what --out writes. Received: no --out.")
    arguments.precision = arguments.precision or ("bfloat16" if machine().get("bfloat16") else "float32")
    begin = time.perf_counter()
    with tempfile.TemporaryDirectory(prefix="speed-") as folder:
        sitting = Sitting(arguments, Path(folder))
        for name in arguments.only:
            globals()[name](sitting)
        print(f"{(time.perf_counter() - begin) / 60:.1f} minutes; load before {sitting.results['machine'].get('load')}")
        if arguments.plot:
            subprocess.run([sys.executable, str(HERE / "speed_plot.py"), arguments.out, arguments.plot], check=True)


if __name__ == "__main__":
    main()
