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
from typing import TYPE_CHECKING, Literal, TypeVar

import numpy as np

from sketchback import console, images, weights
from sketchback.inference import pipeline, runtime
from sketchback.inference.options import Options
from sketchback.sketching import oddities

if TYPE_CHECKING:
    from sketchback.models import Generator

MAX_PIXELS = 40_000_000  # less than `images` allows: several people may wait for one machine
LONGEST = 1600  # pixels of the longer side; a generator that was trained at 128 has nothing to add beyond
PLACES = 16  # requests that may be read, wait or be worked on at once
Format = Literal["png", "jpg", "jpeg", "webp", "tiff", "pdf"]
FORMATS: dict[Format, tuple[str, str]] = {  # the name in a request -> Pillow's, and the media type
    "png": ("PNG", "image/png"),
    "jpg": ("JPEG", "image/jpeg"),
    "jpeg": ("JPEG", "image/jpeg"),
    "webp": ("WEBP", "image/webp"),
    "tiff": ("TIFF", "image/tiff"),
    "pdf": ("PDF", "application/pdf"),
}
TITLES = {"drawings": "Drawn faces", "faces-unet": "Faces, second opinion"}  # others are called by their names
ABOUT = {
    "faces": "Portraits from the front, drawn in any way.",
    "faces-unet": "Another network that learnt faces, in less time: to compare with.",
    "buildings": "Houses and façades.",
    "drawings": "Learnt from drawn faces only, to try things out.",
}
SHOWS = {
    "faces": "face",
    "drawings": "face",
    "buildings": "building",
}  # by the first word of a name, or of its recipe's
T = TypeVar("T")

logger = logging.getLogger(__name__)


class BusyError(RuntimeError):
    """Every place is taken; try again in a moment."""


class UnusableError(RuntimeError):
    """Weights that are known by name could not be loaded; the log says why."""


def catalogue(given: str | Path | None = None) -> dict[str, Path]:
    """The weights that may be asked for by name: the file that was given, and those that are installed.

    Args:
        given: A name or a file, as `weights.find` takes it. A file is known by its name without the suffix.

    Returns:
        Name -> file, `given` first.

    Raises:
        FileNotFoundError: There is nothing at `given`, or there are no weights at all.
    """
    found: dict[str, Path] = {}
    if given is not None:
        path = weights.find(given).resolve()
        found[path.name.removesuffix(weights.SUFFIX)] = path
    for name in weights.names():
        installed = _find_installed(name)
        if installed is not None:
            found.setdefault(name, installed)
    if not found:
        raise FileNotFoundError("There must be weights to choose from. Received: none. Train some: sketchback.train.")
    return found


def _find_installed(name: str) -> Path | None:
    """As `weights.find`, but a file of that name in the current folder is not meant."""
    wanted = f"{name}{weights.SUFFIX}"
    for place in weights.folders():
        file = place if place.is_file() else place / wanted
        if file.name in (name, wanted) and file.is_file():
            return file
    return None


def _shows(name: str, recipe: object) -> str:
    """What weights make photographs of, in the words of `oddities.notice`; empty where nobody knows."""
    names = [name, str(recipe.get("name", "")) if isinstance(recipe, dict) else ""]
    return next((SHOWS[first] for one in names if (first := one.partition("-")[0]) in SHOWS), "")


def title(name: str) -> str:
    """A name as people read it.

    >>> title("faces"), title("my-old_houses")
    ('Faces', 'My old houses')
    """
    return TITLES.get(name) or (name.replace("-", " ").replace("_", " ").strip().capitalize() or name)


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
    return images.reduce(images.decode(data, channels, "your file", MAX_PIXELS), LONGEST)


def encode(image: np.ndarray, kind: Format) -> bytes:
    """Returns the bytes of a file that holds an image.

    Args:
        image: `(H, W, 1)` or `(H, W, 3)` float in [0, 1].
        kind: The format of the file.
    """
    return images.encode(image, kind)


class InferenceWorker:
    """A queue and the one thread that infers; it keeps every generator that it has loaded.

    A generator already uses all cores for one picture; two at a time would only wait for each other.

    Args:
        known: From `catalogue`; its first is the default. Other weights that are damaged are left out and logged.
        places: How many requests may be read, wait or be worked on at once.

    Raises:
        WeightsError: The default weights are damaged.
    """

    def __init__(self, known: Mapping[str, Path], *, places: int = PLACES):
        self.default = next(iter(known))
        self.known: dict[str, Path] = {}
        self.facts: dict[str, dict[str, object]] = {}
        for name, path in known.items():
            try:
                self.facts[name] = weights.describe(path)
            except weights.WeightsError as error:
                if name == self.default:
                    raise
                logger.warning("left out: %s", error)
            else:
                self.known[name] = path
        self._generators: dict[str, Generator] = {}
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="inference-worker")
        self._places, self._taken, self._lock = places, 0, threading.Lock()

    @property
    def ready(self) -> bool:
        """Whether the default weights are loaded and warm."""
        return self.default in self._generators

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
        """What the page says about each of the weights: name, title, size in training, data, note, terms, date."""
        rows: list[dict[str, object]] = []
        for name, facts in self.facts.items():
            recipe = facts.get("recipe")
            size = recipe.get("size") if isinstance(recipe, dict) else None
            rows.append(
                {
                    "name": name,
                    "title": title(name),
                    "size": size if isinstance(size, list) else None,
                    "about": ABOUT.get(name, ""),
                    "shows": _shows(name, recipe),
                    "claim": recipe.get("claim", "") if isinstance(recipe, dict) else "",
                    "data": facts.get("data") or [],
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
        clean: bool = False,
        compare: bool = False,
        say: Callable[[str], object] = logger.warning,
    ) -> np.ndarray:
        """The bytes of a drawing -> its photograph `(H, W, 3)`, of the size of the drawing.

        Args:
            data: See `decode`.
            name: Of the weights.
            clean: See `sketch`.
            compare: Put the drawing beside the photograph.
            say: See `pipeline.to_sketch`.

        Raises:
            ValueError: See `decode` and `pipeline.to_sketch`.
            UnusableError: The weights cannot be loaded.
        """
        picture = decode(data, channels=3 if clean else 1)
        return pipeline.run(self._load(name), [picture], Options(clean=clean, compare=compare), say=say)[0]

    def notice(self, data: bytes) -> list[str]:
        """The bytes of a drawing -> what to ask the person about it, see `oddities.notice`.

        Raises:
            ValueError: See `decode`.
        """
        return oddities.notice(decode(data))

    def _load_quietly(self, name: str) -> None:
        with contextlib.suppress(UnusableError):
            self._load(name)

    def _load(self, name: str) -> Generator:
        if name not in self._generators:
            began = time.monotonic()
            try:
                generator = runtime.load(self.known[name])
                # TensorFlow makes a graph for the first shape, and one for any shape when both sides change.
                for sides in ((96, 96), (128, 112)):
                    pipeline.predict(generator, np.ones((1, *sides, 1), np.float32), working=sides)
            except (ValueError, OSError, MemoryError, ImportError) as error:
                logger.error("error: %s", console.one_line(error))
                raise UnusableError(f"The weights {name!r} cannot be loaded; the terminal says why.") from None
            self._generators[name] = generator
            logger.info("%s: loaded in %.1f s", title(name), time.monotonic() - began)
        return self._generators[name]
