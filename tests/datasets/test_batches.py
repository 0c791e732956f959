"""Batches: every example in its turn, and the same pixels from the same seed whoever makes them."""

from __future__ import annotations

import dataclasses
import logging
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from sketchback import images, sketching
from sketchback.datasets import Example, augmentation, builtin
from sketchback.datasets.batches import Batches
from sketchback.datasets.prefetch import prefetch
from sketchback.datasets.processes import Processes
from sketchback.datasets.showing import Showing
from sketchback.datasets.views import View

SIZE = (32, 24)
GREY = View((20, 16))
EVERYTHING = {
    "showing": Showing(augmentation="buildings", pair_augmentation="faces", flip=True, zoom=1.2, aspect=1.2),
    "pair_share": 0.3,
    "seed": 5,
}


@pytest.fixture(scope="module")
def mixed(tmp_path_factory) -> list[Example]:
    """Nine small faces, and three with a sketch that stands in for a drawn one."""
    faces = [partial(builtin.face, seed, (48, 40)) for seed in range(12)]
    path = tmp_path_factory.mktemp("mixed") / "sketch.png"
    sketches = [None] * 9 + [images.write(path.with_stem(f"{n}"), sketching.pencil(faces[n]())) for n in (9, 10, 11)]
    return [Example(f"{n}", faces[n], sketch) for n, sketch in enumerate(sketches)]


@pytest.fixture
def damaged(tmp_path) -> Example:
    path = images.write(tmp_path / "60.png", np.random.default_rng(0).random((64, 64, 3)))
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    images.probe(path)  # its header is whole: only decoding finds it
    return Example("60", path)  # named like one that is whole


def grey(values, sketch: Path | None = None) -> list[Example]:
    """Photographs that are value / 255 everywhere, so that a batch says what it shows."""
    return [Example(f"{v}", partial(np.full, (20, 16, 3), np.float32(v / 255)), sketch) for v in values]


def shown(batches: Batches) -> list[int]:
    """Which of the `grey` examples the batches show, in order."""
    return [round(float(photo.mean() * 255)) for index in range(len(batches)) for photo in batches[index][1]]


def assert_same(found, expected) -> None:
    """Batches `(sketches, photographs)` are equal, pixel for pixel."""
    for one, other in zip(found, expected, strict=True):
        for images_found, images_expected in zip(one, other, strict=True):
            np.testing.assert_array_equal(images_found, images_expected)


def test_batches_are_images_by_contract(mixed) -> None:
    batches = Batches(mixed, View(SIZE, "random"), batch_size=4, **EVERYTHING)
    assert len(batches) == batches.steps == 3
    for sketches, photos in map(batches.__getitem__, range(3)):
        assert sketches.shape == (4, *SIZE, 1) and photos.shape == (4, *SIZE, 3)
        for values in (sketches, photos):
            assert values.dtype == np.float32 and values.min() >= 0 and values.max() <= 1 and values.std() > 0.01


@pytest.mark.parametrize("threads", [1, 4])
def test_any_number_of_threads_shows_the_same_pixels(mixed, threads) -> None:
    batches = Batches(mixed, View(SIZE, "random"), batch_size=2, **EVERYTHING)
    with prefetch(batches, threads=threads) as ahead:
        assert_same(list(ahead), [batches[index] for index in range(len(batches))])


@pytest.mark.processes
@pytest.mark.parametrize("count", [1, 2, 3])
def test_any_number_of_processes_shows_the_same_pixels_from_any_batch_on(mixed, damaged, caplog, count) -> None:
    batches = Batches([*mixed, damaged], View(SIZE, "random"), batch_size=2, **EVERYTHING)
    whole = [batches.at(1)[index] for index in range(batches.steps)]
    batches.skipped.clear()
    with Processes(count) as processes:
        with prefetch(batches.at(1), processes) as ahead:
            assert_same(list(ahead), whole)
        assert caplog.text.count("left out 1 so far") == 2  # once here and once by the processes
        with prefetch(batches.at(1, first=3), processes) as ahead:
            assert_same(list(ahead), whole[3:])


def test_an_epoch_can_be_taken_up_in_any_order_in_parts_and_in_its_middle(mixed) -> None:
    batches = Batches(mixed, View(SIZE, "random"), batch_size=4, **EVERYTHING)
    other_seed = Batches(mixed, View(SIZE, "random"), batch_size=4, **{**EVERYTHING, "seed": 6})
    assert len({one[0][0].tobytes() for one in (batches, batches.at(1), other_seed, batches.at(0))}) == 3
    whole = [batches.at(3)[index] for index in range(batches.steps)]
    assert_same([batches.at(3)[index] for index in reversed(range(batches.steps))], reversed(whole))
    tail, parts = batches.at(3, first=2), [batches.at(3, 0, rank, 2) for rank in (0, 1)]
    assert (len(tail), tail.steps) == (batches.steps - 2, batches.steps)
    assert_same([tail[0]], [whole[2]])
    assert_same([map(np.concatenate, zip(parts[0][1], parts[1][1], strict=True))], [whole[1]])
    for rank, workers in ((0, 3), (2, 2), (-1, 2)):
        with pytest.raises(ValueError, match=f"Received: batch_size=4, workers={workers}, rank={rank}"):
            batches.at(0, 0, rank, workers)


def test_every_epoch_shows_every_example_once_in_another_order() -> None:
    batches = Batches(grey(range(12)), GREY, batch_size=3)
    orders = [shown(batches.at(epoch)) for epoch in range(3)]
    assert all(sorted(order) == list(range(12)) for order in orders)
    assert orders[0] != orders[1] != orders[2] != orders[0]
    limited = Batches(grey(range(12)), GREY, batch_size=2, limit=4)
    orders = [shown(limited.at(epoch)) for epoch in range(6)]
    assert all(len(order) == len(set(order)) == 4 for order in orders) and len(set(sum(orders, []))) > 8


@pytest.mark.parametrize(("batch_size", "expected"), [(3, [0, 1, 2]), (8, [0, 1, 2, 3, 0, 1, 2, 3])])
def test_a_remainder_makes_no_batch_and_a_small_set_fills_one(batch_size, expected) -> None:
    batches = Batches(grey(range(4)), GREY, batch_size=batch_size)
    for epoch in (0, 5):
        values = shown(batches.at(epoch))
        assert len(values) == len(expected) and {values.count(value) for value in values} == {
            len(values) // len(set(values))
        }


# 18 photographs, and 18 s / (1 - s) pairs for a share s, each repeated evenly.
@pytest.mark.parametrize(("share", "expected"), [(0.0, 4), (0.1, 2), (0.25, 6), (0.5, 18)])
def test_pair_share_is_reached(mixed, share, expected) -> None:
    photos = grey(range(18))
    pairs = grey((200, 210, 220, 230), sketch=mixed[-1].sketch)
    values = shown(Batches(photos + pairs, GREY, batch_size=2, pair_share=share))
    counts = [values.count(value) for value in (200, 210, 220, 230)]
    assert sum(counts) == expected and max(counts) - min(counts) <= 1
    assert sorted(value for value in values if value < 200) == list(range(18))


def test_every_set_of_pairs_is_shown_equally_often(mixed) -> None:
    few = [dataclasses.replace(grey([11], sketch=mixed[-1].sketch)[0], kind="few")]
    many = grey(range(200, 205), sketch=mixed[-1].sketch)
    values = shown(Batches(grey(range(10)) + few + many, GREY, batch_size=2, pair_share=0.5))
    assert values.count(11) == 5 and sum(value >= 200 for value in values) == 5
    alone = shown(Batches(few + many, GREY, batch_size=1, pair_share=0.5))
    assert alone.count(11) == 3 and len(alone) == 6


def test_photographs_and_pairs_have_their_own_augmentation(mixed) -> None:
    photo, pair = mixed[0], mixed[-1]
    batches = Batches(
        [photo, pair], View((48, 40)), Showing(pair_augmentation="faces"), batch_size=2
    )  # shown in their order
    sketches, photos = batches[0]
    np.testing.assert_array_equal(photos[0], photo.read_photo())
    # The pair moves by what `augment` makes of the seed of its place.
    rng = np.random.default_rng((0, 0, 1))
    rng.random()
    moved = augmentation.augment(pair.read_photo(), pair.read_sketch(), kind="faces", seed=int(rng.integers(2**31)))
    assert_same([(photos[1], sketches[1])], [moved])


def test_a_damaged_file_is_named_once_and_replaced_by_the_next(damaged, caplog) -> None:
    path = damaged.photo
    batches = Batches([*grey([0]), damaged, *grey([60, 120])], GREY, batch_size=2, seed=1)  # shown in their order
    with caplog.at_level(logging.WARNING, "sketchback"):
        assert shown(batches) == shown(batches.at(0)) == [0, 60, 60, 120]
    assert list(batches.skipped) == [damaged] and str(path) in batches.skipped[damaged]
    assert caplog.text.count("left out 1 so far") == 1 and str(path) in caplog.text
    with pytest.raises(ValueError, match="needs one example that can be read. Received: 2, all damaged"):
        Batches([damaged, damaged], GREY, batch_size=2)[0]


def test_a_damaged_photograph_that_a_function_gives_is_replaced_in_processes_too(damaged) -> None:
    with Processes(1) as processes:
        given = partial(images.read, damaged.photo)  # which comes back from a process as another object
        batches = Batches([*grey([0]), Example("60", given), *grey([120])], GREY, batch_size=2, seed=1)
        made = batches.make(0, processes.run)
    assert made[0].shape[0] == 2 and len(batches.skipped) <= 1


def test_crop_shows_one_window_of_both_at_other_places(tmp_path: Path) -> None:
    rows, columns = np.mgrid[0:40, 0:30].astype(np.float32) / 255  # every pixel says where it is
    sketch = images.write(tmp_path / "sketch.png", (rows + columns)[..., np.newaxis])
    example = Example("places", lambda: np.stack([rows, columns, np.zeros_like(rows)], axis=-1), sketch)
    batches = Batches([example], View((40, 30)), Showing(crop=(16, 20)), batch_size=16)
    sketches, photos = batches[0]
    assert sketches.shape == (16, 16, 20, 1) and photos.shape == (16, 16, 20, 3)
    np.testing.assert_allclose(sketches[..., 0], photos[..., 0] + photos[..., 1], atol=0.51 / 255)
    corners = {tuple(np.rint(photo[0, 0, :2] * 255)) for photo in photos}
    assert len(corners) > 8 and all(row <= 24 and column <= 10 for row, column in corners)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"examples": []}, "at least one example. Received: none"),
        ({"view": View(None)}, "one size for all. Received: size=None. Give"),
        ({"pair_share": 1.0}, r"`pair_share` must be in \[0, 1\). Received: pair_share=1.0"),
        ({"limit": 0}, "`limit` must be at least 1. Received: limit=0"),
        (
            {"showing": Showing(crop=(20, 17))},
            r"`crop` must fit into `size`. Received: crop=\(20, 17\), size=\(20, 16\)",
        ),
    ],
)
def test_batches_say_what_they_need(mixed, arguments, words) -> None:
    with pytest.raises(ValueError, match=words):
        Batches(**{"examples": mixed, "view": GREY, **arguments})
