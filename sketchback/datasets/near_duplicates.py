"""Training pictures that are near-duplicates of a test picture, in any of the sets: found, named, and left out.

The same photograph is in several data sets under other names, re-encoded or cropped anew. Splitting by name or person
does not notice it; comparing thumbnails does.
"""

from __future__ import annotations

import dataclasses
import logging
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

import cv2
import numpy as np

from sketchback import images
from sketchback.datasets.examples import Example, is_demo

COARSE = 16  # side of the thumbnails that are all compared with each other
FINE = 64  # shorter side of those of the likeliest pairs, in which one is searched in the other
LIKELY = 0.75  # correlation of the coarse ones from which a pair is compared again
CANDIDATES = 8  # pairs compared again for each test picture
SAME = 0.97  # correlation of the coarse ones from which both are the same crop
# Correlation of the fine ones, where they agree best, from which both show the same photograph: on real faces
# near-duplicates reach 0.97, other pictures 0.958.
FOUND = 0.96
SCALES = np.geomspace(0.7, 1.4, 11)
FINER = (0.97, 0.985, 1.015, 1.03)  # factors around the best scale, whose neighbours are 7 % away
PROMISING = 0.85  # agreement from which the finer scales are tried
THREADS = 2  # read and compare
BLOCK = 512  # test pictures compared at once, which bounds memory

logger = logging.getLogger(__name__)


@dataclasses.dataclass(frozen=True)
class NearDuplicate:
    """A training picture, the test picture that it repeats, and how well both agree (1 is equal)."""

    training: Example
    test: Example
    agreement: float


def find(training: Sequence[Example], test: Sequence[Example]) -> list[NearDuplicate]:
    """Finds the training pictures that repeat a test picture.

    All thumbnails of 16 x 16 are correlated with each other. Where they are not the same, the middle of each test
    picture is searched in the eight likeliest training pictures at several scales (normalised cross-correlation, Lewis
    1995), so that another crop of the same photograph is found as well. Built-in pictures are not compared: each has
    its own seed.

    Args:
        training: What is trained on or chosen by.
        test: What is tested on.

    Returns:
        A record for each training picture that has a near-duplicate, in the order of `training`.
    """
    training = [example for example in training if not is_demo(example)]
    test = [example for example in test if not is_demo(example)]
    if not (training and test):
        return []
    found: dict[int, NearDuplicate] = {}

    def note(row: int, column: int, agreement: float) -> None:
        if column not in found or agreement > found[column].agreement:
            found[column] = NearDuplicate(training[column], test[row], agreement)

    with ThreadPoolExecutor(THREADS) as pool:
        train_rows, test_rows = (_normalised(list(pool.map(_coarse, examples))) for examples in (training, test))
        pairs: list[tuple[int, int]] = []
        for begin in range(0, len(test), BLOCK):
            likeness = test_rows[begin : begin + BLOCK] @ train_rows.T
            for row, column in np.argwhere(likeness >= SAME).tolist():
                note(begin + row, column, float(likeness[row, column]))
            likeness[likeness >= SAME] = -1
            count = min(CANDIDATES, len(training))
            best = np.argpartition(-likeness, count - 1, axis=1)[:, :count]
            pairs += [
                (begin + row, column)
                for row, columns in enumerate(best.tolist())
                for column in columns
                if likeness[row, column] >= LIKELY
            ]
        agreements = list(pool.map(lambda pair: _agreement(test[pair[0]], training[pair[1]]), pairs))
    for (row, column), agreement in zip(pairs, agreements, strict=True):
        if agreement >= FOUND:
            note(row, column, agreement)
    return [found[column] for column in sorted(found)]


def leave_out(examples: Sequence[Example], test: Sequence[Example] = ()) -> list[Example]:
    """Leaves out what repeats a test picture, counts it and names it.

    Args:
        examples: All examples of a run, with their splits.
        test: Further test pictures, of sets that the run does not train on.

    Returns:
        `examples` without the near-duplicates in their training and validation parts.
    """
    tested = [example for example in examples if example.split == "test"]
    duplicates = find([example for example in examples if example.split != "test"], [*tested, *test])
    if duplicates:
        logger.warning(
            "left out %d near-duplicates of test pictures: %s",
            len(duplicates),
            "; ".join(
                f"{one.training.kind} {one.training.name} ({one.test.kind} {one.test.name}, {one.agreement:.3f})"
                for one in duplicates
            ),
        )
    dropped = {one.training for one in duplicates}
    return [example for example in examples if example not in dropped]


def _read(example: Example, resize: Callable[[np.ndarray], np.ndarray]) -> np.ndarray | None:
    try:
        return resize(example.read_photo())
    except (ValueError, OSError):  # it is reported when it is read for training
        return None


def _coarse(example: Example) -> np.ndarray:
    thumbnail = _read(example, lambda photo: images.resize(photo, (COARSE, COARSE)))
    return np.zeros((COARSE, COARSE, 3), np.float32) if thumbnail is None else thumbnail


def _normalised(thumbnails: Sequence[np.ndarray]) -> np.ndarray:
    """Rows of mean 0 and length 1, whose products are Pearson correlations."""
    flat = np.stack(thumbnails).reshape(len(thumbnails), -1)
    flat = flat - flat.mean(axis=1, keepdims=True)
    return flat / (np.linalg.norm(flat, axis=1, keepdims=True) + 1e-6)


def _fine(photo: np.ndarray) -> np.ndarray:
    ratio = FINE / min(photo.shape[:2])
    return images.resize(photo, [max(round(side * ratio), FINE) for side in photo.shape[:2]])


def _agreement(test: Example, training: Example) -> float:
    """How well the middle of one photograph, in its best place and scale, agrees with the other."""
    searched, image = _read(test, _fine), _read(training, _fine)
    if searched is None or image is None:
        return -1.0
    rows, columns = searched.shape[:2]
    middle = searched[rows // 5 : rows - rows // 5, columns // 5 : columns - columns // 5]
    agreements = [_search(middle, image, scale) for scale in SCALES]
    best = max(agreements)
    if best >= PROMISING:
        scale = SCALES[int(np.argmax(agreements))]
        best = max(best, *(_search(middle, image, scale * factor) for factor in FINER))
    return best


def _search(pattern: np.ndarray, image: np.ndarray, scale: float) -> float:
    """The best correlation of a scaled pattern with any place of an image; -1 where it is larger than that."""
    size = [round(side * scale) for side in pattern.shape[:2]]
    if size[0] > image.shape[0] or size[1] > image.shape[1]:
        return -1.0
    scores = cv2.matchTemplate(image, images.resize(pattern, size), cv2.TM_CCOEFF_NORMED)
    # Where a picture is flat, the quotient is 0 / 0 or worse.
    return max([-1.0, *scores[np.isfinite(scores) & (np.abs(scores) <= 1.001)].tolist()])
