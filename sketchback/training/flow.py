"""What the tone sampler learns from: a generator's own answers beside the truth, gathered once and kept.

The generator stays as it is, so its answers to some thousand drawings are computed once; every epoch shows them at
other times of the flow.
"""

from __future__ import annotations

import dataclasses
import hashlib
import logging
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from sketchback import console
from sketchback.atomic import replacing
from sketchback.datasets.batches import Batches, Epochs
from sketchback.datasets.examples import Example, fingerprint
from sketchback.datasets.prefetch import Numbered, prefetch
from sketchback.datasets.processes import Processes
from sketchback.datasets.tasks import tell
from sketchback.images import tones
from sketchback.inference import candidates

if TYPE_CHECKING:
    from sketchback.models.generator import Generator

logger = logging.getLogger(__name__)


@dataclasses.dataclass(frozen=True)
class Answers:
    """What a generator answered to N drawings, each `(N, h, w, C)` float16."""

    truths: np.ndarray  # the tones of the photographs, C = 3
    answers: np.ndarray  # the tones of what the generator made of the sketch and of what it was told, C = 3
    told: np.ndarray  # whether it was told the cell, C = 1
    inks: np.ndarray  # of the sketch, C = 20, see `candidates.ink`

    def __len__(self) -> int:
        return len(self.truths)


def gather(
    generator: Generator,
    batches: Numbered[tuple[Any, np.ndarray]],
    *,
    told: float = 0.0,
    seed: int = 0,
    processes: int = 0,
    progress: bool = False,
) -> Answers:
    """Asks a generator for its answers.

    Args:
        generator: It may take tones.
        batches: Of sketches `(B, H, W, 1)`, whose sides are multiples of its stride, and photographs `(B, H, W, 3)`.
        told: How often it is told some tones, see `tasks.tell`; a generator that takes none is told none.
        seed: Decides what is told.
        processes: How many read and draw; 0: threads of this one.
        progress: Show a bar.

    Raises:
        ValueError: The data cannot be read.
    """
    parts: list[tuple[np.ndarray, ...]] = []
    bar = console.Bar(len(batches), "answers of the generator", shown=progress)
    with Processes(processes) as drawing, prefetch(batches, drawing) as waiting:
        for number, (sketches, photos) in enumerate(waiting):
            truths = np.stack([tones.of_photo(photo) for photo in photos])
            share, rng = told if "tone" in generator.takes else 0.0, np.random.default_rng([seed, number])
            shown = np.stack([tell(truth, rng, share) for truth in truths])
            is_told = np.isfinite(shown).all(axis=-1, keepdims=True)
            part = (truths, candidates.answer_tones(generator, sketches, shown), is_told, candidates.ink(sketches))
            parts.append(tuple(array.astype(np.float16) for array in part))
            bar.advance("answers of the generator")
    bar.close()
    return Answers(*(np.concatenate(arrays) for arrays in zip(*parts, strict=True)))


def answers_of(
    generator: Generator | None,
    batches: Batches,
    folder: Path,
    *,
    teacher_name: str,
    told: float,
    processes: int = 0,
    progress: bool = False,
) -> Answers:
    """The answers of a generator to what the first epoch would show; what is in the folder is not gathered again.

    Args:
        generator: None where they must be in the folder, as in a run that is resumed.
        batches: See `gather`.
        folder: Where they are kept, a file for each generator, data and way to show it.
        teacher_name: The generator's name, with the hash of its weights.
        told: See `gather`.
        processes: See `gather`.
        progress: See `gather`.

    Raises:
        ValueError: There are none and no generator, or the file is damaged.
    """
    shown: list[Any] = [batches.view, batches.showing, batches.pair_share, batches.limit]
    shown += [batches.seed, batches.batch_size]
    # Drawings by the artist lie in a folder whose name says by which weights and in which hands.
    shown += sorted({example.drawing.parent.name for example in batches.examples if example.drawing})
    text = repr((teacher_name, fingerprint(batches.examples), shown, told))
    path = folder / f"{hashlib.sha256(text.encode()).hexdigest()[:16]}.npz"
    if path.is_file():
        return load(path)
    if generator is None:
        raise ValueError(
            "A sampler that is resumed must find its generator's answers to the same data. "
            f"Received: no {path}. Start without --resume."
        )
    found = gather(generator, batches, told=told, seed=batches.seed, processes=processes, progress=progress)
    save(found, path)
    logger.info("%s answered %d drawings, in %s", teacher_name, len(found), path)
    return found


def save(answers: Answers, path: Path) -> None:
    """Writes them, whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with replacing(path) as temporary, temporary.open("wb") as file:
        np.savez(file, **vars(answers))


def load(path: Path) -> Answers:
    """Reads what `save` wrote.

    Raises:
        ValueError: The file is damaged.
    """
    try:
        with path.open("rb") as opened, np.load(opened, allow_pickle=False) as file:
            return Answers(*(file[field.name] for field in dataclasses.fields(Answers)))
    except Exception as error:  # on damaged files zipfile, zlib and NumPy raise a dozen kinds
        raise ValueError(f"Gathered answers must be whole. Received: {path} ({error}). Delete it.") from None


class FlowBatches(Epochs):
    """Batches of what a tone sampler is shown and asked for, as `datasets.batches.Batches` gives them.

    Each answer is shown once an epoch, at a random time between random noise and the truth; the target is the
    velocity of the straight way from one to the other. Order, times and noise depend on `(seed, epoch, index)` alone.

    Args:
        answers: See `gather`.
        examples: That they are answers to.
        batch_size: In a batch.
        seed: Decides everything random.

    Raises:
        ValueError: There are fewer answers than a batch holds.

    Source: rectified flow (Liu et al. 2023).
    """

    def __init__(self, answers: Answers, examples: Sequence[Example] = (), *, batch_size: int = 64, seed: int = 0):
        if not 1 <= batch_size <= len(answers):
            raise ValueError(
                f"`batch_size` must be 1 to the number of answers, {len(answers)}. Received: batch_size={batch_size}."
            )
        self.answers, self.examples, self.batch_size, self.seed = answers, list(examples), batch_size, seed

    @property
    def steps(self) -> int:
        """Batches of the whole epoch."""
        return len(self.answers) // self.batch_size

    def __getitem__(self, index: int) -> tuple[np.ndarray, np.ndarray]:
        """Returns states `(B, h, w, 28)` and velocities `(B, h, w, 3)`."""
        mine, number = self.places(index), self.first + index
        order = np.random.default_rng([self.seed, self.epoch]).permutation(len(self.answers))
        chosen = order[number * self.batch_size : (number + 1) * self.batch_size]
        truths, own, told, inks = (array[chosen].astype(np.float32) for array in vars(self.answers).values())
        rng = np.random.default_rng([self.seed, self.epoch, number])
        times = rng.random((len(chosen), 1, 1, 1))
        noise, goal = candidates.noise(rng, truths.shape), (truths - own) / candidates.SPREAD
        states = candidates.state((1 - times) * noise + times * goal, own, told, inks, times)
        part = slice(mine.start - number * self.batch_size, mine.stop - number * self.batch_size)
        return states[part], (goal - noise)[part].astype(np.float32)
