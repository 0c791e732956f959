"""The inference worker: a queue and one thread that turns the bytes of drawings into photographs, for the page.

What a client may send is limited here: the kind of file, its pixels, how many wait. Weights are loaded on the same
thread.
"""

from __future__ import annotations

import contextlib
import logging
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from sketchback import console, images, weights
from sketchback.inference import pipeline, runtime
from sketchback.sketching import oddities
from sketchback.web import catalogue
from sketchback.web.asking import Asked, capabilities

if TYPE_CHECKING:
    from sketchback.models import Generator

MAX_PIXELS = 40_000_000  # less than `images` allows: several people may wait for one machine
LONGEST = 1600  # pixels of the longer side; a generator that was trained at 128 has nothing to add beyond
MAX_STROKES = 4_000_000  # pixels of a picture of colour strokes, which are averaged over large cells
PLACES = 16  # requests that may be read, wait or be worked on at once
T = TypeVar("T")

logger = logging.getLogger(__name__)


class BusyError(RuntimeError):
    """Every place is taken; try again in a moment."""


class UnusableError(RuntimeError):
    """Weights that are known by name could not be loaded; the log says why."""


def decode(data: bytes, *, channels: int = 1) -> np.ndarray:
    """Reads the bytes of a picture as `images.decode` does, and reduces it to at most `LONGEST` pixels.

    Args:
        data: A whole PNG, JPEG, WebP, TIFF, BMP or GIF file of at most `MAX_PIXELS`.
        channels: 1 or 3.

    Returns:
        `(H, W, channels)` float32 in [0, 1].

    Raises:
        ValueError: The bytes are no such file, are damaged, or hold too many or too few pixels.
    """
    return images.reduce(images.decode(data, channels, name="your file", max_pixels=MAX_PIXELS), LONGEST)


def decode_strokes(data: bytes) -> np.ndarray:
    """Reads the bytes of a picture of colour strokes.

    Args:
        data: A whole file of at most `MAX_STROKES` pixels, transparent where no colour is told.

    Returns:
        `(h, w, 3)` float32 in [0, 1], NaN where it is more transparent than opaque.

    Raises:
        ValueError: See `decode`.
    """
    strokes = images.decode(data, 4, name="the picture of strokes", max_pixels=MAX_STROKES)
    return np.where(strokes[..., 3:] >= 0.5, strokes[..., :3], np.nan).astype(np.float32)


class InferenceWorker:
    """A queue and the one thread that infers; `runtime.load_once` keeps the generators.

    A generator already uses all cores for one picture; two at a time would only wait for each other.

    Args:
        known: From `catalogue.find`; its first is the default. Other weights that are damaged are left out and logged.
        places: How many requests may be read, wait or be worked on at once.

    Raises:
        WeightsError: The default weights are damaged.
    """

    def __init__(self, known: Mapping[str, Path], *, places: int = PLACES):
        self.default = next(iter(known))
        self.known: dict[str, Path] = {}
        self.facts: dict[str, dict[str, object]] = {}
        self.can: dict[str, dict[str, object]] = {}
        for name, path in known.items():
            try:
                self.facts[name] = weights.describe(path)
            except weights.WeightsError as error:
                if name == self.default:
                    raise
                logger.warning("left out: %s", error)
            else:
                self.known[name], self.can[name] = path, capabilities(path, self.facts[name])
        self._warm: set[str] = set()
        self._failure: str | None = None
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="inference-worker")
        self._places, self._taken, self._lock = places, 0, threading.Lock()

    @property
    def ready(self) -> bool:
        """Whether the default weights are loaded and warm."""
        return self.default in self._warm

    @property
    def failure(self) -> str | None:
        """Why the default weights will not be ready, where warming them failed: a sentence."""
        return None if self.ready else self._failure

    @property
    def taken(self) -> int:
        """How many places are taken now."""
        return self._taken

    @contextlib.contextmanager
    def place(self) -> Iterator[None]:
        """Holds one of the places while a request is read, waits and is worked on.

        Raises:
            BusyError: All are taken.
        """
        with self._lock:
            if self._taken >= self._places:
                raise BusyError(f"The server is busy with {self._taken} drawings. Try again in a moment.")
            self._taken += 1
        try:
            yield
        finally:
            with self._lock:
                self._taken -= 1

    def submit(self, work: Callable[..., T], *arguments: object) -> Future[T]:
        """Queues work for the thread. Work whose future is cancelled before its turn never begins."""
        return self._thread.submit(work, *arguments)

    def warm(self) -> None:
        """Queues the loading of all weights, the default first; each is work of its own, so drawings come between."""
        for name in self.known:
            self.submit(self._load_quietly, name)
            if name == self.default and self.can[name]["fast"]:
                self.submit(self._load_quietly, name, "fast")

    def close(self) -> None:
        """Waits for the work that has begun, and drops what is queued."""
        self._thread.shutdown(wait=True, cancel_futures=True)

    def check_weights(self, name: str | None) -> str:
        """Returns a known name, the default for None, or raises `ValueError` that lists the known ones."""
        name = self.default if name is None else name
        if name not in self.known:
            raise ValueError(f"`weights` must be one of {', '.join(self.known)}. Received: {name[:80]!r}.")
        return name

    def describe(self) -> list[dict[str, object]]:
        """What the page says about each of the weights: name, title, size in training, what they are about and show,
        claim, data, architecture, note, terms, date, and what they can do, see `capabilities`.
        """
        rows: list[dict[str, object]] = []
        for name, facts in self.facts.items():
            recipe = facts.get("recipe")
            size = recipe.get("size") if isinstance(recipe, dict) else None
            rows.append(
                {
                    "name": name,
                    "title": catalogue.title(name),
                    "size": size if isinstance(size, list) else None,
                    "about": catalogue.ABOUT.get(name, ""),
                    "shows": weights.shows(name, recipe),
                    "claim": recipe.get("claim", "") if isinstance(recipe, dict) else "",
                    "data": [data] if isinstance(data := facts.get("data") or [], str) else data,
                    "can": self.can[name],
                    **{key: str(facts.get(key, "")) for key in ("architecture", "note", "terms", "date")},
                }
            )
        return rows

    # ---- what is submitted to the thread

    def sketch(self, data: bytes, clean: bool = True, say: Callable[[str], object] = logger.warning) -> np.ndarray:
        """The bytes of a picture -> the drawing `(H, W, 1)` as a generator is shown it, paper = 1.

        Args:
            data: See `decode`.
            clean: Whether to straighten, flatten and crop a photograph of paper; see `cleanup.clean`.
            say: See `pipeline.to_sketch`.

        Raises:
            ValueError: See `decode` and `pipeline.to_sketch`.
        """
        return pipeline.to_sketch(decode(data, channels=3 if clean else 1), clean=clean, say=say)

    def invert(
        self,
        data: bytes,
        name: str,
        asked: Asked | None = None,
        *,
        strokes: bytes | None = None,
        reference: bytes | None = None,
        say: Callable[[str], object] = logger.warning,
    ) -> np.ndarray:
        """The bytes of a drawing -> its photograph `(H, W, 3)`, of the size of the drawing, or of the scale asked for.

        Args:
            data: See `decode`.
            name: Of the weights.
            asked: What else is asked.
            strokes: See `decode_strokes`; they cover the whole drawing, as it is after cleaning.
            reference: As `data`, a photograph whose tones are taken over.
            say: See `pipeline.to_sketch`.

        Raises:
            ValueError: See `decode`, `Asked.check` and `pipeline.run`.
            UnusableError: The weights cannot be loaded.
        """
        asked = asked or Asked()
        if strokes is not None:
            asked = asked.tell(strokes=decode_strokes(strokes))
        if reference is not None:
            asked = asked.tell(reference=decode(reference, channels=3))
        asked.check(name, self.can[name])
        picture = decode(data, channels=3 if asked.options.clean else 1)
        generator = self._load(name, asked.fidelity, asked.options.runtime)
        photos = pipeline.run(generator, [picture], asked.options, say=say)
        return photos[0] if asked.options.candidates is None else photos[0, 0]

    def notice(self, data: bytes) -> list[str]:
        """The bytes of a drawing -> what to ask the person about it, see `oddities.notice`.

        Raises:
            ValueError: See `decode`.
        """
        picture = decode(data)
        return oddities.notice(oddities.invert_tones(picture) if oddities.is_negative(picture) else picture)

    def _load_quietly(self, name: str, chosen: str | None = None) -> None:
        try:
            self._load(name, chosen=chosen)
        except UnusableError as error:
            if name == self.default:
                self._failure = str(error)

    def _load(self, name: str, fidelity: float | None = None, chosen: str | None = None) -> Generator:
        try:
            began = time.monotonic()
            generator = runtime.load_once(self.known[name], chosen, fidelity)
            if fidelity is None and chosen is None and name not in self._warm:
                # TensorFlow makes a graph for the first shape, and one for any shape when both sides change.
                for sides in ((96, 96), (128, 112)):
                    pipeline.predict(generator, np.ones((1, *sides, 1), np.float32), working=sides)
                self._warm.add(name)
                logger.info("%s: loaded in %.1f s", catalogue.title(name), time.monotonic() - began)
        except (ValueError, OSError, MemoryError, ImportError) as error:
            if chosen is not None:  # what does not run fast may run all the same
                return self._load(name, fidelity)
            logger.error("error: %s", console.one_line(error))
            raise UnusableError(f"The weights {name!r} cannot be loaded; the terminal says why.") from None
        return generator
