"""What can be asked of `pipeline.run`, checked before there is a drawing."""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from sketchback import images, weights
from sketchback.inference import regions, telling
from sketchback.inference import runtime as runtimes

if TYPE_CHECKING:
    from sketchback.models.generator import Generator

SCALES = (1, 2, 4)
MAX_CANDIDATES = 64
ENLARGER = "enlarger"  # the name of the weights
OTHERS = {"face": ("building", regions.BUILDING), "building": ("face", regions.FACE)}  # see `weights.shows`


@dataclasses.dataclass(frozen=True)
class Options:
    """What `run` does with pictures of drawings; every default leaves something out.

    Attributes:
        clean: They are photographs or scans of paper, in colour if possible, and go through `cleanup.clean`.
        size: `(height, width)` that the sketches are brought to; their own by default.
        fit: How, see `images.fit`.
        working: See `predict`.
        tone: What is known of the photograph's tone, for weights that can be told: colours in their places, an array
            `(h, w, 3)` of any size, RGB in [0, 1], NaN where nothing is told; a reference photograph, whose tones are
            taken over (a path, `bytes`, a Pillow image); or a mapping from `strokes` to such an array, from `reference`
            to such a photograph, from `skin`, `hair`, `background`, `sky`, `wall` and `ground` to colours (words, or
            RGB, whole numbers 0 to 255 or others in [0, 1], see `telling.colour`), and from `lighter`, `warmer` and
            `colourful` to numbers from -1 to 1. Strokes count before named parts, these before the reference; the
            numbers change what neither strokes nor parts tell. It covers the sketch that the generator is shown. It is
            kept as `telling.check` returns it.
        candidates: So many photographs of each drawing that differ as photographs differ, for weights that take a
            tone; cells that `tone` tells are the same in all. None for the one answer.
        first: The number of the first candidate; number i is the same whatever this is.
        seed: Of the candidates.
        scale: 2 or 4 times the size of the sketch, with the enlarger; 1 for its size, without. None for its size, with
            the enlarger's detail where that is installed.
        compare: Put the sketch beside each photograph.
        runtime: Of the sampler and the enlarger, and of weights that are loaded for this; see `runtime.load`.

    Raises:
        FileNotFoundError: `tone` is the path of no file.
        ValueError: One of them is wrong.
        TypeError: `tone` is of another kind.
    """

    clean: bool = False
    size: Sequence[int] | None = None
    fit: str = "crop"
    working: Sequence[int] | None = None
    tone: Any = None
    candidates: int | None = None
    first: int = 0
    seed: int = 0
    scale: int | None = None
    compare: bool = False
    runtime: str | None = None

    def __post_init__(self) -> None:
        images.check_fit(self.fit)
        runtimes.check(self.runtime)
        if self.size is None and self.fit != "crop":
            raise ValueError(f"`fit` is for `size`. Received: fit={self.fit!r} alone. Leave it out.")
        if self.size is not None:
            object.__setattr__(self, "size", images.check_size(self.size))
        object.__setattr__(self, "tone", telling.check(self.tone))  # a file is read once
        if self.candidates is not None and not (_is_whole(self.candidates) and 1 <= self.candidates <= MAX_CANDIDATES):
            raise ValueError(
                f"`candidates` must be a whole number from 1 to {MAX_CANDIDATES}. Received: {self.candidates!r}."
            )
        for name in ("first", "seed"):
            value = getattr(self, name)
            if not _is_whole(value) or value < 0:
                raise ValueError(f"`{name}` must be a whole number of at least 0. Received: {value!r}.")
        if self.seed and self.candidates is None:
            raise ValueError(f"`seed` is for `candidates`. Received: seed={self.seed} alone. Leave it out.")
        if self.working is not None:
            images.check_size(self.working, "working")
        if self.scale is not None and not (_is_whole(self.scale) and self.scale in SCALES):
            raise ValueError(f"`scale` must be one of {', '.join(map(str, SCALES))}. Received: {self.scale!r}.")


def _is_whole(value: object) -> bool:
    return isinstance(value, (int, np.integer)) and not isinstance(value, bool)


NAMES = tuple(field.name for field in dataclasses.fields(Options))


def check(generator: Generator, options: Options, *, name: str | Path = "", dash: str = "") -> None:
    """Checks, before anything is computed, that a generator can do what is asked of it.

    Args:
        generator: From `runtime.load`, `weights.load` or `models.build`.
        options: What is asked.
        name: What its weights were called by, where that is known.
        dash: What errors write before the names of options: `"--"` for a command line.

    Raises:
        ValueError: It cannot; or a part that is named belongs to what it shows no photographs of.
        TypeError: It is no generator.
    """
    if not hasattr(generator, "takes"):
        raise TypeError(
            "`weights` must be a name, a path, or a generator of `runtime.load`, `weights.load` or `models.build`. "
            f"Received: {type(generator).__name__}. Try {weights.DEFAULT!r}."
        )
    if generator.takes[0] != "sketch":
        raise ValueError(
            "`weights` must turn sketches into photographs. "
            f"Received: those of architecture {generator.architecture}, which takes {' and '.join(generator.takes)}. "
            f"Take {weights.DEFAULT} or buildings."
        )
    shown = weights.shows(Path(name).name, getattr(generator, "facts", {}).get("recipe"))
    called = Path(name).name.removesuffix(weights.SUFFIX) or "weights"
    other, parts = OTHERS.get(shown, ("", ()))
    for part in parts:
        if part in options.tone:
            raise ValueError(
                f"`{dash}{part}` is for weights that show {other}s. Received: {called}, which show {shown}s. "
                f"Leave `{dash}{part}` out, or take other weights."
            )
    asked = ["tone" if part in telling.PLACED else part for part in options.tone]
    asked += ["candidates"] * (options.candidates is not None)
    if asked and "tone" not in generator.takes:
        able = _names_that_take_tone(shown)
        way = f"Take {able}, or leave" if able else f"No installed weights{f' for {shown}s' * bool(shown)} do: leave"
        raise ValueError(
            f"`{dash}{asked[0]}` needs weights that take a tone map. Received: {called}, which take a sketch alone. "
            f"{way} `{dash}{asked[0]}` out."
        )


def _names_that_take_tone(shown: str) -> str:
    """The installed weights that take tone, of those that show the same."""
    able = []
    for name in weights.names():
        with contextlib.suppress(weights.WeightsError):
            facts = weights.describe(name)
            if weights.takes_tone(facts) and shown in ("", weights.shows(name, facts.get("recipe"))):
                able.append(name)
    return " or ".join(able)


def find_helper(name: str, asked: str) -> Path:
    """The weights that help a generator, or `ValueError` where they are not installed."""
    path = weights.installed(name)
    if path is None:
        option = asked.partition("=")[0]
        raise ValueError(
            f"`{option}` needs {name}{weights.SUFFIX} beside the other weights. Received: {asked}, without that file. "
            f"Train it, see its recipe (`python -m sketchback.train {name}`), or leave `{option}` out."
        )
    return path
