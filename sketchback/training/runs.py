"""A run's folder: who may write it, its history, curves and samples, and the checkpoint that resuming needs.

    runs/faces/
        recipe.json        the run configuration: every resolved number, versions, the fingerprint of the data
        checkpoint.npz     generator, optimiser, position, history: what `--resume` reads
        best.weights.h5    by PSNR on held-out people or buildings
        last.weights.h5
        blended.weights.h5 of a stage whose recipe says so
        history.csv        a row an epoch
        curves.png  samples.png

Every file is written whole or not at all. This module does not know Keras: it stores arrays.
"""

from __future__ import annotations

import csv
import dataclasses
import io
import json
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import filelock
import numpy as np

from sketchback import images
from sketchback.atomic import make_folder, replacing
from sketchback.signals import undisturbed
from sketchback.training.schema import BEST, BLENDED, LAST


@dataclasses.dataclass
class Progress:
    """How far a run is: `step` batches of `epoch` are done; `best` is the best PSNR so far.

    `sums` holds the sum of each term of the loss over those batches.
    """

    epoch: int = 0
    step: int = 0
    best: float = -1.0
    seconds: float = 0.0
    sums: dict[str, float] = dataclasses.field(default_factory=dict)
    history: list[dict[str, float]] = dataclasses.field(default_factory=list)


CONFIGURATION, CHECKPOINT = "recipe.json", "checkpoint.npz"
HISTORY, CURVES, SAMPLES = "history.csv", "curves.png", "samples.png"
FILES = (CONFIGURATION, CHECKPOINT, HISTORY, CURVES, SAMPLES, BEST, LAST, BLENDED)  # that a run writes into its folder


class Run:
    """The folder of one run, locked while it is open: `with Run(folder) as run`.

    Args:
        folder: Made if it does not exist.

    Raises:
        ValueError: Another process is running there.
        OSError: The folder cannot be written.
    """

    def __init__(self, folder: str | Path):
        self.folder = Path(folder)
        self.checkpoint = self.folder / CHECKPOINT

    def __enter__(self) -> Run:
        make_folder(self.folder)
        # The system drops this lock when the process dies, however it dies.
        self._lock = filelock.FileLock(self.folder / ".lock", timeout=0)
        try:
            self._lock.acquire()
        except filelock.Timeout:
            raise ValueError(
                f"A run's folder may have one writer. Received: {self.folder}, where a run is going on. "
                "Wait for it, or give another folder with --out."
            ) from None
        for stale in self.folder.glob(".partial-*"):  # of a writer that was killed; we are the only one now
            if stale.is_dir():  # of an export
                shutil.rmtree(stale, ignore_errors=True)
            else:
                stale.unlink(missing_ok=True)
        return self

    def __exit__(self, *_: object) -> None:
        self._lock.release()

    def set_aside(self) -> Path | None:
        """Moves an earlier run's files into `earlier-N/`, so that a new one overwrites nothing; no others.

        Returns:
            That folder, or None where there was no earlier run.
        """
        files = [path for path in map(self.folder.joinpath, FILES) if path.is_file()]
        if not files:
            return None
        number = 1
        while (self.folder / f"earlier-{number}").exists():
            number += 1
        aside = self.folder / f"earlier-{number}"
        aside.mkdir()
        for path in files:
            path.replace(aside / path.name)
        return aside

    def write_json(self, name: str, content: dict[str, Any]) -> None:
        """Writes a JSON file into the folder."""
        with replacing(self.folder / name) as temporary:
            temporary.write_text(json.dumps(content, indent=2, default=str) + "\n", encoding="utf-8")

    def read_json(self, name: str) -> dict[str, Any]:
        """Reads a JSON file of the folder, or raises `ValueError` that names it."""
        path = self.folder / name
        try:
            return json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise ValueError(
                f"A run that is resumed must hold {name}. Received: {self.folder} ({error}). Start without --resume."
            ) from None

    def save_checkpoint(self, progress: Progress, arrays: Mapping[str, Sequence[np.ndarray]]) -> None:
        """Writes everything that resuming needs, at once; Ctrl-C has to wait for it."""
        flat: dict[str, Any] = {
            f"{group}/{index:04d}": array for group, own in arrays.items() for index, array in enumerate(own)
        }
        facts = np.frombuffer(json.dumps(dataclasses.asdict(progress)).encode(), np.uint8)
        with undisturbed(), replacing(self.checkpoint) as temporary:
            np.savez(temporary, progress=facts, **flat)

    def load_checkpoint(self, *, arrays: bool = True) -> tuple[Progress, dict[str, list[np.ndarray]]]:
        """Reads what `save_checkpoint` wrote, with its arrays or without.

        Raises:
            ValueError: There is no checkpoint, or it is damaged.
        """
        if not self.checkpoint.is_file():
            raise ValueError(
                f"Resuming needs a checkpoint. Received: {self.folder} without one. Start without --resume."
            )
        try:
            with self.checkpoint.open("rb") as opened, np.load(opened, allow_pickle=False) as file:
                if any(member.compress_type for member in file.zip.infolist()):
                    raise ValueError("its arrays are packed, and may be larger than memory")
                progress = Progress(**json.loads(file["progress"].tobytes()))
                found: dict[str, list[np.ndarray]] = {}
                for name in sorted(set(file.files) - {"progress"}) if arrays else ():
                    found.setdefault(name.split("/")[0], []).append(file[name])
        except Exception as error:  # on damaged files zipfile, zlib and NumPy raise a dozen kinds
            raise ValueError(
                f"A checkpoint must be whole. Received: {self.checkpoint} ({error}). Start without --resume."
            ) from None
        return progress, found

    def write_history(self, history: Sequence[dict[str, float]]) -> None:
        """Writes history.csv and curves.png."""
        if not history:
            return
        text = io.StringIO()
        columns = list(dict.fromkeys(name for row in history for name in row))  # a resumed run may gain some
        table = csv.DictWriter(text, columns, lineterminator="\n")
        table.writeheader()
        table.writerows({k: f"{v:.6g}" for k, v in row.items()} for row in history)
        with replacing(self.folder / HISTORY) as temporary:
            temporary.write_text(text.getvalue(), encoding="utf-8")
        with replacing(self.folder / CURVES) as temporary:
            _plot(history, temporary)

    def write_samples(self, rows: Sequence[Sequence[np.ndarray]]) -> None:
        """Writes samples.png, a row an example: sketch, prediction, truth."""
        images.write(self.folder / SAMPLES, images.grid(rows))


def _plot(history: Sequence[dict[str, float]], path: Path) -> None:
    from matplotlib.figure import Figure  # not pyplot: no window, no global state

    columns = [name for name in history[-1] if name not in ("epoch", "seconds")]
    figure = Figure(figsize=(3.2 * min(len(columns), 4), 2.6 * -(-len(columns) // 4)), layout="constrained")
    for place, name in enumerate(columns, start=1):
        axes = figure.add_subplot(-(-len(columns) // 4), min(len(columns), 4), place)
        rows = [row for row in history if name in row]
        axes.plot([row["epoch"] for row in rows], [row[name] for row in rows], marker=".")
        axes.set_title(name.replace("_", " "))
        axes.grid(alpha=0.3)
        axes.set_xlabel("epoch")
    figure.savefig(path, dpi=100)
