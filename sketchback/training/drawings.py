"""The artist's drawings of the photographs that a stage shows, made once and kept beside its run.

Back-translation (Sennrich et al. 2016): a network that was taught by a few hundred drawings draws thousands of
photographs, so that the generator sees as many "hand-drawn" pairs, each in a hand somewhere between those known.
"""

from __future__ import annotations

import dataclasses
import hashlib
import logging
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from sketchback import console, images, weights
from sketchback.datasets import Example
from sketchback.sketching.artist import hands_among, sample_hand

CANVAS = 144  # pixels: the longer side, so that one graph draws all; `artist.draw` counts the shorter: its are larger
BATCH = 16

logger = logging.getLogger(__name__)


def draw_all(examples: Sequence[Example], folder: Path, *, hands: str = "", **how: Any) -> list[Example]:
    """Draws each photograph of the training part that has no drawn sketch.

    Args:
        examples: All of a stage.
        folder: Where drawings are kept; what is there already is not made again.
        hands: Those that it draws in and between, see `artist.hands_among`.
        **how: `artist`, `policy` and `progress`, see `make_missing`.

    Returns:
        The examples, each with its `drawing` where it has one.

    Raises:
        ValueError: There are no such hands; see also `make_missing`.
    """
    among = hands_among(hands)
    return make_missing(
        examples,
        folder,
        lambda example: f"{key(example)}.jpg" if example.sketch is None and example.split == "train" else "",
        lambda network, own: _draw(network, among, own),
        some="" if among == hands_among("") else f"-{''.join(map(str, among))}",
        attribute="drawing",
        doing="the artist draws",
        **how,
    )


def make_missing(
    examples: Sequence[Example],
    folder: Path,
    file: Callable[[Example], str],
    make: Callable[[Any, list[tuple[Example, Path]]], None],
    *,
    attribute: str,
    doing: str,
    policy: str,
    some: str = "",
    artist: str | Path = "artist",
    progress: bool = False,
) -> list[Example]:
    """Makes the files of examples that are not there yet, with the artist's network.

    Args:
        examples: All of a stage.
        folder: Where they are kept, in a folder for each artist.
        file: The name of the file of an example; empty for those that have none.
        make: Given the network and up to `BATCH` examples with their places, writes those that it can.
        attribute: Of an example, that becomes its file.
        doing: What a bar and the log say of it.
        policy: Keras's name of the precision.
        some: Ends the name of the artist's folder.
        artist: Its weights, a name or a file.
        progress: Show a bar.

    Returns:
        The examples, each with its file where there is one.

    Raises:
        FileNotFoundError: There are no weights of an artist.
        OSError: The folder cannot be written.
    """
    path = weights.find(artist)
    folder = folder / f"{weights.sha256(path)[:12]}{some}"
    folder.mkdir(parents=True, exist_ok=True)
    places = {index: folder / name for index, example in enumerate(examples) if (name := file(example))}
    missing = [index for index, place in places.items() if not place.is_file()]
    if missing:
        network = weights.load(path, dtype=policy)
        bar = console.Bar(len(missing), doing, "photograph", shown=progress)
        for begin in range(0, len(missing), BATCH):
            own = missing[begin : begin + BATCH]
            make(network, [(examples[index], places[index]) for index in own])
            for _ in own:
                bar.advance(doing)
        bar.close()
        logger.info("%s: %d photographs, in %s", doing, len(missing), folder)
    made: dict[int, dict[str, Any]] = {index: {attribute: place} for index, place in places.items() if place.is_file()}
    return [dataclasses.replace(example, **made.get(index, {})) for index, example in enumerate(examples)]


def _draw(network: Any, among: Sequence[int], own: Sequence[tuple[Example, Path]]) -> None:
    photos, hands, kept = [], [], []
    for example, place in own:
        try:
            photo = example.read_photo()
        except (ValueError, OSError):  # said when it is to be shown
            continue
        rows, columns = _fitting(photo.shape[:2])
        if min(rows, columns) < images.MIN_SIDE:  # a ribbon, whose drawing could not be read
            continue
        canvas = np.pad(
            images.resize(photo, (rows, columns)), ((0, CANVAS - rows), (0, CANVAS - columns), (0, 0)), mode="edge"
        )
        photos.append(canvas)
        hands.append(sample_hand(np.random.default_rng(number(example)), among))
        kept.append((place, rows, columns))
    if not kept:
        return
    short = BATCH - len(kept)  # one size of batch, so that one graph serves all
    batch = [np.stack(one + one[-1:] * short) for one in (photos, hands)]
    drawn = np.asarray(network.predict_on_batch(batch))
    for (place, rows, columns), drawing in zip(kept, drawn[: len(kept)], strict=True):
        images.write(place, drawing[:rows, :columns])


def _fitting(size: tuple[int, int]) -> tuple[int, int]:
    ratio = CANVAS / max(size)
    return min(round(size[0] * ratio), CANVAS), min(round(size[1] * ratio), CANVAS)


def key(example: Example) -> str:
    """Names a file made of its photograph: two sets may hold a file of the same name, and a file may be replaced."""
    photo, state = example.photo, ""
    if isinstance(photo, Path):
        found = photo.stat()
        state = f"{photo.resolve()} {found.st_size} {found.st_mtime_ns}"
    return hashlib.sha256(f"{example.kind}/{example.name} {state}".encode()).hexdigest()[:24]


def number(example: Example) -> int:
    """A number below 2 ** 32 that decides what is sampled for an example: that of its name, wherever its file lies."""
    return int(hashlib.sha256(f"{example.kind}/{example.name}".encode()).hexdigest()[:8], 16)
