"""Identification: ranks by hand, searches whose answer is known, the anchors of CUFS."""

from __future__ import annotations

import importlib.util

import numpy as np
import pytest
from places import DATA

from sketchback import datasets
from sketchback.evaluation import descriptors
from sketchback.evaluation.descriptors import REGIONS, Descriptor, cosine
from sketchback.evaluation.identification import AFTER, BEFORE, Faces, cmc, identify, ranks

CUFS = DATA / "cufs"


def face(seed: int, channels: int = 3, size: tuple[int, int] = (50, 40)) -> np.ndarray:
    return np.random.default_rng(seed).random((*size, channels), np.float32)


@pytest.fixture
def by_value(monkeypatch: pytest.MonkeyPatch) -> None:
    """A descriptor that can be computed by hand: mean R and G as a direction; dark pictures show no face."""

    def direction(image: np.ndarray) -> tuple[np.ndarray, bool]:
        mean = image[..., :2].mean(axis=(0, 1))
        return (mean / np.linalg.norm(mean)).astype(np.float32), bool(image.max() > 0.5)

    monkeypatch.setitem(descriptors.DESCRIPTORS, "direction", lambda: Descriptor(REGIONS, direction, cosine))


def pointing(degrees: float) -> np.ndarray:
    """A picture whose `direction` is that angle."""
    angle = np.deg2rad(degrees)
    return np.full((20, 20, 3), [np.cos(angle), np.sin(angle), 0.0], np.float32)


def people(**degrees: float | list[float]) -> Faces:
    faces = Faces("direction")
    for person, angles in degrees.items():
        for angle in np.atleast_1d(angles):
            faces.add(pointing(float(angle)), person)
    return faces


# Ranks


def test_ranks_by_hand(by_value: None) -> None:
    gallery = people(ann=0, bob=30, cay=60)
    # At 10 degrees bob (20 away) is behind ann (10); at 50 cay, then bob, then ann; at 25 bob.
    probes = Faces("direction")
    for person, angle in (("ann", 10), ("ann", 50), ("bob", 50), ("bob", 25), ("cay", 0)):
        probes.add(pointing(angle), person)
    for region in REGIONS:
        found, apart = ranks(probes, gallery, region)
        assert found.tolist() == [1, 3, 2, 1, 3]
        np.testing.assert_allclose(apart, 1 - np.cos(np.deg2rad([10, 50, 20, 5, 60])), atol=1e-5)


def test_of_several_photographs_of_one_person_the_best_counts(by_value: None) -> None:
    gallery = people(ann=[80, 0], bob=[12, 14])
    assert ranks(people(ann=5), gallery, "inner face")[0].tolist() == [1]  # ann at 0 is 5 away, bob 7
    assert ranks(people(ann=10), gallery, "inner face")[0].tolist() == [
        3
    ]  # both of bob's are nearer; ann's other does not count


def test_a_tie_counts_against_the_probe(by_value: None) -> None:
    assert ranks(people(ann=20), people(ann=10, bob=10, cay=90), "whole face")[0].tolist() == [2]
    blank = Faces()
    for person in ("ann", "bob", "cay"):
        blank.add(np.ones((20, 20, 3), np.float32), person)
    assert ranks(blank, blank, "whole face")[0].tolist() == [3, 3, 3]


def test_pictures_without_a_face_are_counted(by_value: None) -> None:
    pairs = [(0.4 * pointing(10), pointing(0), "ann"), (pointing(50), 0.5 * pointing(40), "bob")]
    result = identify(pairs, distractors=[(pointing(90), "cay")], descriptor="direction")
    assert result["undetected"] == {"photographs": 1, "distractors": 0, BEFORE: 1}
    assert result["rows"][0]["ranks"] == [1, 1]


def test_whoever_is_not_in_the_gallery_is_named(by_value: None) -> None:
    with pytest.raises(ValueError, match="must be in the gallery. Received: 1 who are not, as dan"):
        ranks(people(ann=0, dan=10), people(ann=0, bob=10), "whole face")


def test_cmc_counts_what_is_found_so_far() -> None:
    found = np.random.default_rng(0).integers(1, 21, 50)
    curve = cmc(found, 20)
    assert curve.tolist() == [np.mean(found <= k) for k in range(1, 21)]
    assert (np.diff(curve) >= 0).all() and curve[-1] == 1.0


# Searching


def toy() -> list[tuple[np.ndarray, np.ndarray, str]]:
    """Photographs of noise, each with a sketch that is the next person's photograph."""
    return [(face(seed + 1, 1), np.repeat(face(seed, 1), 3, -1), f"person {seed}") for seed in range(6)]


def test_inversion_that_knows_the_answer_finds_everybody() -> None:
    answers = {sketch.tobytes(): photo for sketch, photo, _ in toy()}
    result = identify(toy(), invert=lambda batch: answers[batch[0].tobytes()][np.newaxis])
    assert (result["people"], result["photographs"], result["distractors"]) == (6, 6, 0)
    assert [(row["region"], row["probe"]) for row in result["rows"]] == [
        (region, probe) for region in REGIONS for probe in (BEFORE, AFTER)
    ]
    for before, after in zip(result["rows"][::2], result["rows"][1::2], strict=True):
        # Five of the sketches are somebody else's photograph, the last is nobody's.
        assert before["rank-1"][0] <= 1 / 6 and before["gain"] is None
        assert after["rank-1"] == (1.0, 1.0, 1.0) and after["ranks"] == [1] * 6
        assert after["gain"][0] == pytest.approx(1.0 - before["rank-1"][0])


def test_distractors_enlarge_the_gallery_and_only_make_it_harder() -> None:
    distractors = [(np.repeat(face(seed, 1), 3, -1), f"distractor {seed}") for seed in (1, 50, 51)]
    result = identify(toy(), distractors=distractors)
    assert result["distractors"] == 3
    small, large = result["rows"][:2], result["rows"][2:]
    for row in result["rows"]:
        for k in (1, 5, 10):
            mean, low, high = row[f"rank-{k}"]
            assert mean == pytest.approx(np.mean(np.array(row["ranks"]) <= k)) and low <= mean <= high
    assert [row["gallery"] for row in large] == [9, 9]
    for before, after in zip(small, large, strict=True):
        assert (np.array(after["ranks"]) >= before["ranks"]).all()
        # The first distractor is the picture that the first person's sketch was made from.
        assert after["ranks"][0] > before["ranks"][0]
        ahead = np.array(after["ranks"]) > before["ranks"]
        assert after["distractors_ahead"] == pytest.approx(ahead.mean()) and before["distractors_ahead"] is None
    assert small == identify(toy())["rows"]


@pytest.mark.parametrize(
    ("pairs", "options", "says"),
    [
        ([(sketch, photo, "ann") for sketch, photo, _ in toy()], {}, "at least 2 people.*Received: 1"),
        ([], {}, "at least 2 people.*Received: 0"),
        (toy(), {"distractors": [(face(9), "person 2")]}, "in no pair. Received: 1 who are, as person 2"),
        (toy(), {"descriptor": "sift"}, "one of hog, dlib. Received: 'sift'"),
    ],
)
def test_what_cannot_be_searched(pairs, options, says) -> None:
    with pytest.raises(ValueError, match=says):
        identify(pairs, **options)


@pytest.mark.parametrize(
    "image",
    [
        np.zeros((20, 20, 3), np.uint8),
        np.full((20, 20, 3), np.nan, np.float32),
        np.zeros((8, 8, 3), np.float32),
        np.zeros((20, 20, 2), np.float32),
    ],
)
def test_what_is_no_face_is_refused_and_not_counted(image: np.ndarray) -> None:
    faces = Faces()
    with pytest.raises(ValueError, match="Received: "):
        faces.add(image, "ann")
    assert len(faces) == 0


@pytest.mark.slow
@pytest.mark.skipif(importlib.util.find_spec("dlib") is None, reason="needs the extra: pip install -e .[identify]")
@pytest.mark.skipif(not CUFS.is_dir(), reason="needs the CUHK student pairs in ../shared/data/cufs")
def test_cufs_sketches_by_dlib_are_the_anchor() -> None:
    """29 % of 100 at rank 1, 0.486 from the own photograph, measured before by other code."""
    examples = datasets.subset(datasets.find(CUFS), "test")
    pairs = ((example.read_sketch(), example.read_photo(), example.group) for example in examples)
    result = identify(pairs, descriptor="dlib")
    (row,) = result["rows"]
    assert row["rank-1"][0] == pytest.approx(0.29, abs=0.011) and row["distance"][0] == pytest.approx(0.486, abs=0.002)
    assert result["undetected"] == {"photographs": 0, "distractors": 0, BEFORE: 0}


@pytest.mark.slow
@pytest.mark.skipif(not CUFS.is_dir(), reason="needs the CUHK student pairs in ../shared/data/cufs")
def test_cufs_sketches_without_a_model_are_the_anchors() -> None:
    """99 % by the whole face, 60 % by the inner face at gallery 100, measured before by other code."""
    examples = datasets.subset(datasets.find(CUFS), "test")
    result = identify((example.read_sketch(), example.read_photo(), example.group) for example in examples)
    assert result["photographs"] == result["people"] == 100
    inner, whole = result["rows"]
    assert (inner["region"], inner["rank-1"][0]) == ("inner face", 0.60)
    assert (whole["region"], whole["rank-1"][0]) == ("whole face", 0.99)
