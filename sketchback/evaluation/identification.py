"""Identification: finding the person of a sketch in a gallery of photographs, before and after inversion.

Each picture becomes one vector a region; photographs are ranked by the cosine of theirs with the sketch's. The rank
of the right photograph gives rank-1/5/10 and the cumulative match characteristic (CMC; Phillips, Moon, Rizvi and
Rauss, The FERET Evaluation Methodology, PAMI 2000). Ranks of another descriptor, region or gallery do not compare.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import cv2
import numpy as np

from sketchback import images
from sketchback.evaluation.metrics import bootstrap_interval

Bounds = tuple[float, float, float, float]

# Top, bottom, left, right as shares of the picture. The inner face is rows 95:200 and columns 45:155 of CUFS's
# 250 x 200: from the brows to below the mouth, without hair, ears, outline and backdrop.
REGIONS: dict[str, Bounds] = {
    "inner face": (95 / 250, 200 / 250, 45 / 200, 155 / 200),
    "whole face": (0.0, 1.0, 0.0, 1.0),
}
RANKS = (1, 5, 10)
TIE = 1e-6  # cosines nearer than this are equal: float32 products differ by 1e-7 between equal pictures
BEFORE, AFTER = "the sketch itself", "the generator"


def crop(image: np.ndarray, bounds: Bounds) -> np.ndarray:
    """Cuts a region out of a picture.

    Args:
        image: `(H, W, C)` or `(H, W)`.
        bounds: Top, bottom, left, right as shares of the height and width, as in `REGIONS`.

    Returns:
        A view of `image`, whose edges lie at the nearest whole pixels.

    >>> crop(np.zeros((250, 200, 3)), REGIONS["inner face"]).shape
    (105, 110, 3)
    """
    (height, width), (top, bottom, left, right) = image.shape[:2], bounds
    return image[round(top * height) : round(bottom * height), round(left * width) : round(right * width)]


def hog(image: np.ndarray) -> np.ndarray:
    """Histograms of oriented gradients (Dalal and Triggs, CVPR 2005), at scikit-image's defaults but for the cells.

    The luminance in 8 bits, resized to 96 x 96, 9 orientations in 8 x 8 cells of 12 x 12 pixels, blocks of 2 x 2
    cells (L2-Hys), unit length. Of the 100 test sketches of CUFS this puts the right photograph at rank 1 for 99 by the
    whole face and for 60 by the inner face. The resize is part of these figures: it is bilinear between pixels,
    OpenCV's INTER_LINEAR, which does not average where it shrinks. With INTER_AREA, which `images.resize` takes, they
    are 100 and 61, with cubic interpolation 95 and 63. How luminance is rounded, or taken from colour sketches, does
    not move them.

    Args:
        image: `(H, W, 3)` or `(H, W, 1)` float in [0, 1], already cropped.

    Returns:
        `(1764,)` float32 of length 1; all zeros for a blank picture, which resembles no other.
    """
    from skimage.feature import hog as histograms  # takes most of a second to import

    gray = cv2.resize(images.to_uint8(images.to_gray(image)), (96, 96), interpolation=cv2.INTER_LINEAR)
    vector = histograms(gray, orientations=9, pixels_per_cell=(12, 12), cells_per_block=(2, 2))
    return (vector / (np.linalg.norm(vector) or 1.0)).astype(np.float32)


# Name -> function: a face, cropped to a region, `(H, W, C)` float in [0, 1] -> a vector of length 1 and one size.
DESCRIPTORS: dict[str, Callable[[np.ndarray], np.ndarray]] = {"hog": hog}


class Faces:
    """Pictures of faces as vectors: each is described once, in every region, however often it is compared.

    Args:
        descriptor: A name in `DESCRIPTORS`.

    Attributes:
        descriptor: That name.
        people: Whom each picture shows, in the order in which they were added.

    Raises:
        ValueError: There is no such descriptor.
    """

    def __init__(self, descriptor: str = "hog"):
        if descriptor not in DESCRIPTORS:
            raise ValueError(f"`descriptor` must be one of {', '.join(DESCRIPTORS)}. Received: {descriptor!r}.")
        self.descriptor = descriptor
        self.people: list[str] = []
        self._vectors: dict[str, list[np.ndarray]] = {region: [] for region in REGIONS}

    def __len__(self) -> int:
        return len(self.people)

    def add(self, image: np.ndarray, person: str) -> None:
        """Describes a picture of a person; the face must be at the same place in all pictures.

        Args:
            image: `(H, W, 1)` or `(H, W, 3)` float in [0, 1], at least 16 x 16.
            person: Any name; pictures of one person share it.

        Raises:
            ValueError: `image` is not such a picture.
        """
        if not (np.issubdtype(image.dtype, np.floating) and np.isfinite(image).all()):
            raise ValueError(
                f"A face must be finite float in [0, 1]. Received: dtype={image.dtype}, "
                f"{int((~np.isfinite(image)).sum())} values that are NaN or infinite. A generator that gives them has "
                "diverged; 8-bit values become float with `images.from_uint8`."
            )
        images.check_size(image.shape[:2])
        for region, bounds in REGIONS.items():
            self._vectors[region].append(DESCRIPTORS[self.descriptor](crop(image, bounds)))
        self.people.append(person)

    def vectors(self, region: str) -> np.ndarray:
        """The descriptors of one of `REGIONS`, `(N, D)`."""
        return np.stack(self._vectors[region])

    def joined(self, others: Faces) -> Faces:
        """These pictures and the others as one gallery; nothing is described again."""
        both = Faces(self.descriptor)
        both.people = self.people + others.people
        both._vectors = {region: own + others._vectors[region] for region, own in self._vectors.items()}
        return both


def ranks(probes: Faces, gallery: Faces, region: str = "inner face") -> np.ndarray:
    """The place of the right person's photograph among all photographs, by similarity to each probe.

    Args:
        probes: Sketches, or the photographs made from them.
        gallery: Photographs. Where it holds several of the right person, the most similar one counts, and the
            others are not counted.
        region: One of `REGIONS`.

    Returns:
        `(len(probes),)` whole numbers: 1 plus the photographs of other people that are as similar or more so. A tie
        counts against the probe, so that a descriptor for which all are alike has the last rank, not the first.

    Raises:
        ValueError: A probe shows somebody of whom the gallery has no photograph.
    """
    own = np.array(probes.people)[:, np.newaxis] == np.array(gallery.people)  # (probes, gallery)
    unknown = [person for person, known in zip(probes.people, own.any(axis=1), strict=True) if not known]
    if unknown:
        raise ValueError(
            f"Each person searched for must be in the gallery. Received: {len(unknown)} who are not, "
            f"as {unknown[0]}. Add their photographs, or leave these probes out."
        )
    similarity = probes.vectors(region) @ gallery.vectors(region).T
    right = np.where(own, similarity, -np.inf).max(axis=1, keepdims=True)
    return 1 + (~own & (similarity >= right - TIE)).sum(axis=1)


def cmc(found: Sequence[int] | np.ndarray, size: int) -> np.ndarray:
    """The cumulative match characteristic: the share of probes found at rank k or better.

    Args:
        found: The rank of each probe, as from `ranks`.
        size: Photographs in the gallery.

    Returns:
        `(size,)` float64 that never falls; element k - 1 is rank k.

    >>> cmc([1, 3, 1, 2], size=3).tolist()
    [0.5, 0.75, 1.0]
    """
    return np.searchsorted(np.sort(found), np.arange(1, size + 1), side="right") / len(found)


def identify(
    pairs: Iterable[tuple[np.ndarray, np.ndarray, str]],
    *,
    distractors: Iterable[tuple[np.ndarray, str]] = (),
    invert: Callable[[np.ndarray], np.ndarray] | None = None,
    descriptor: str = "hog",
) -> dict[str, Any]:
    """Searches for the person of each sketch, in the gallery of the pairs' photographs and in one with distractors.

    All pictures must have one size and hold the face in one place, as those of CUFS do. Distractors from other sets
    rarely do, and are then no real test: people of the same set, such as CUFS's training part, are.

    Args:
        pairs: `(sketch, photograph, person)`, `(H, W, 1)` and `(H, W, 3)` float in [0, 1].
        distractors: `(photograph, person)` of people who are in no pair, to enlarge the gallery.
        invert: `(1, H, W, 1) -> (1, H, W, 3)`, what turns sketches into photographs; None searches by sketch alone.
        descriptor: A name in `DESCRIPTORS`.

    Returns:
        `people` and `photographs` of the pairs, `distractors`, and `rows`, one for each gallery, region and kind of
        probe: `rank-1`, `rank-5`, `rank-10` as (share, low, high) with 95 % bootstrap intervals over the probes;
        `gain` in rank-1 over the sketch itself likewise, from differences probe by probe (None for the sketch);
        `distractors_ahead`, the share of probes for which a distractor is ahead of the right person (None without any);
        and `ranks`, the rank of each probe in the order of `pairs`, from which `cmc` follows.

    Raises:
        ValueError: The pairs show fewer than two people, a distractor is one of them, or there is no such descriptor.
    """
    gallery, others, sketches, photos = (Faces(descriptor) for _ in range(4))
    for sketch, photo, person in pairs:
        gallery.add(photo, person)
        sketches.add(sketch, person)
        if invert is not None:
            photos.add(invert(sketch[np.newaxis])[0], person)
    if len(set(gallery.people)) < 2:
        raise ValueError(
            "A gallery must show at least 2 people with a hand-drawn sketch, or everybody is found. "
            f"Received: {len(set(gallery.people))}. Give more pairs."
        )
    for photo, person in distractors:
        others.add(photo, person)
    known = sorted(set(others.people) & set(gallery.people))
    if known:
        raise ValueError(f"Distractors must be in no pair. Received: {len(known)} who are, as {known[0]}.")
    rows: list[dict[str, Any]] = []
    alone: dict[tuple[str, str], np.ndarray] = {}  # the ranks without distractors, by region and probe
    for searched in [gallery, gallery.joined(others)] if len(others) else [gallery]:
        for region in REGIONS:
            before = ranks(sketches, searched, region)
            found = {BEFORE: before} if invert is None else {BEFORE: before, AFTER: ranks(photos, searched, region)}
            for probe, own in found.items():
                gain = bootstrap_interval((own == 1).astype(float) - (before == 1))
                first = alone.setdefault((region, probe), own)
                rows.append(
                    {
                        "gallery": len(searched),
                        "region": region,
                        "probe": probe,
                        **{f"rank-{k}": tuple(bootstrap_interval(own <= k)) for k in RANKS},
                        "gain": None if probe == BEFORE else tuple(gain),
                        "distractors_ahead": None if searched is gallery else float((own > first).mean()),
                        "ranks": own.tolist(),
                    }
                )
    return {
        "descriptor": descriptor,
        "people": len(set(gallery.people)),
        "photographs": len(gallery),
        "distractors": len(others),
        "rows": rows,
    }
