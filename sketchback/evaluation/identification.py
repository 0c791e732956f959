"""Identification: finding the person of a sketch in a gallery of photographs, before and after inversion.

Each picture becomes one vector a region (`descriptors`); photographs are ranked by the distance of theirs to the
sketch's. The rank of the right photograph gives rank-1/5/10 and the cumulative match characteristic (CMC; Phillips,
Moon, Rizvi and Rauss, The FERET Evaluation Methodology, PAMI 2000). Ranks of another descriptor, region or gallery do
not compare.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np

from sketchback import images
from sketchback.evaluation.descriptors import DESCRIPTORS, crop
from sketchback.evaluation.metrics import bootstrap_interval

RANKS = (1, 5, 10)
TIE = 1e-6  # distances nearer than this are equal: float32 products differ by 1e-7 between equal pictures
BEFORE, AFTER = "the sketch itself", "the generator"


class Faces:
    """Pictures of faces as vectors: each is described once, in every region, however often it is compared.

    Args:
        descriptor: A name in `descriptors.DESCRIPTORS`.

    Attributes:
        descriptor: That name.
        regions: The regions that it describes.
        people: Whom each picture shows, in the order in which they were added.
        undetected: In how many of them it found no face, and took the whole picture for one.

    Raises:
        ValueError: There is no such descriptor, or what it needs is not installed.
    """

    def __init__(self, descriptor: str = "hog"):
        if descriptor not in DESCRIPTORS:
            raise ValueError(f"`descriptor` must be one of {', '.join(DESCRIPTORS)}. Received: {descriptor!r}.")
        self.descriptor = descriptor
        self._means = DESCRIPTORS[descriptor]()
        self.regions = tuple(self._means.regions)
        self.people: list[str] = []
        self.undetected = 0
        self._vectors: dict[str, list[np.ndarray]] = {region: [] for region in self.regions}

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
        described = {
            region: self._means.describe(crop(image, bounds)) for region, bounds in self._means.regions.items()
        }
        for region, (vector, _) in described.items():
            self._vectors[region].append(vector)
        self.undetected += not all(found for _, found in described.values())
        self.people.append(person)

    def distances(self, others: Faces, region: str) -> np.ndarray:
        """How far each of these pictures is from each of the others in one of `regions`, `(N, M)`."""
        return self._means.distance(np.stack(self._vectors[region]), np.stack(others._vectors[region]))

    def joined(self, others: Faces) -> Faces:
        """These pictures and the others as one gallery; nothing is described again."""
        both = Faces(self.descriptor)
        both.people = self.people + others.people
        both.undetected = self.undetected + others.undetected
        both._vectors = {region: own + others._vectors[region] for region, own in self._vectors.items()}
        return both


def ranks(probes: Faces, gallery: Faces, region: str) -> tuple[np.ndarray, np.ndarray]:
    """The place of the right person's photograph among all photographs, by its distance to each probe.

    Args:
        probes: Sketches, or the photographs made from them.
        gallery: Photographs. Where it holds several of the right person, the nearest one counts, and the others are
            not counted.
        region: One that the descriptor of both describes.

    Returns:
        `(len(probes),)` whole numbers: 1 plus the photographs of other people that are as near or nearer. A tie counts
        against the probe, so that a descriptor for which all are alike has the last rank, not the first. And
        `(len(probes),)` distances to the right person's photograph.

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
    apart = probes.distances(gallery, region)
    right = np.where(own, apart, np.inf).min(axis=1)
    return 1 + (~own & (apart <= right[:, np.newaxis] + TIE)).sum(axis=1), right


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
    after: str = AFTER,
) -> dict[str, Any]:
    """Searches for the person of each sketch, in the gallery of the pairs' photographs and in one with distractors.

    All pictures must have one size and hold the face in one place, as those of CUFS do. Distractors from other sets
    rarely do, and are then no real test: people of the same set, such as CUFS's training part, are.

    Args:
        pairs: `(sketch, photograph, person)`, `(H, W, 1)` and `(H, W, 3)` float in [0, 1].
        distractors: `(photograph, person)` of people who are in no pair, to enlarge the gallery.
        invert: `(1, H, W, 1) -> (1, H, W, 3)`, what turns sketches into photographs; None searches by sketch alone.
        descriptor: A name in `descriptors.DESCRIPTORS`.
        after: How the rows of what it makes are called.

    Returns:
        `people` and `photographs` of the pairs, `distractors`, `undetected` (kind of picture -> in how many of them no
        face was found, and the whole picture was taken for one), and `rows`, one for each gallery, region and kind of
        probe: `rank-1`, `rank-5`, `rank-10` as (share, low, high) with 95 % bootstrap intervals over the probes;
        `gain` in rank-1 over the sketch itself likewise, from differences probe by probe (None for the sketch);
        `distance`, the mean distance to the right photograph; `distractors_ahead`, the share of probes for which a
        distractor is ahead of the right person (None without any); and `ranks`, the rank of each probe in the order of
        `pairs`, from which `cmc` follows.

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
    probes = {BEFORE: sketches} if invert is None else {BEFORE: sketches, after: photos}
    for searched in [gallery, gallery.joined(others)] if len(others) else [gallery]:
        for region in gallery.regions:
            before, _ = ranks(sketches, searched, region)
            for probe, faces in probes.items():
                own, apart = ranks(faces, searched, region)
                gain = bootstrap_interval((own == 1).astype(float) - (before == 1))
                first = alone.setdefault((region, probe), own)
                rows.append(
                    {
                        "gallery": len(searched),
                        "region": region,
                        "probe": probe,
                        **{f"rank-{k}": tuple(bootstrap_interval(own <= k)) for k in RANKS},
                        "gain": None if probe == BEFORE else tuple(gain),
                        "distance": tuple(bootstrap_interval(apart)),
                        "distractors_ahead": None if searched is gallery else float((own > first).mean()),
                        "ranks": own.tolist(),
                    }
                )
    return {
        "descriptor": descriptor,
        "people": len(set(gallery.people)),
        "photographs": len(gallery),
        "distractors": len(others),
        "undetected": {
            name: faces.undetected for name, faces in {"photographs": gallery, "distractors": others, **probes}.items()
        },
        "rows": rows,
    }
