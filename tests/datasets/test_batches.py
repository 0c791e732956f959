"""Batches: the contract of images, and the same pixels from the same seed whoever makes them."""

from __future__ import annotations

import logging
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import keras
import numpy as np
import pytest

from sketchback import datasets, images, sketching
from sketchback.datasets import Example, augmentation, builtin
from sketchback.datasets.batches import Batches, View

SIZE = (32, 24)


def photographs(folder: Path, count: int) -> list[Example]:
    """Small faces on disk, each of its own."""
    return [
        Example(f"photo {seed}", images.write(folder / f"{seed}.png", builtin.face(seed, (48, 40))), group=f"{seed}")
        for seed in range(count)
    ]


def pairs(folder: Path, count: int) -> list[Example]:
    """Faces with a sketch that stands in for a drawn one."""
    made = []
    for seed in range(count):
        photo = builtin.face(100 + seed, (48, 40))
        path = images.write(folder / f"p{seed}.png", photo)
        sketch = images.write(folder / f"s{seed}.png", sketching.sketch(photo, "pencil"))
        made.append(Example(f"pair {seed}", path, sketch, f"pair {seed}"))
    return made


def grey(folder: Path, count: int) -> list[Example]:
    """Photograph number i is i / 255 everywhere, so that a batch says what it shows."""
    return [
        Example(f"{value}", images.write(folder / f"{value}.png", np.full((20, 16, 3), value / 255, np.float32)))
        for value in range(count)
    ]


def shown(batches: Batches) -> list[int]:
    """Which of the `grey` examples the batches show, in order."""
    return [round(float(photo.mean() * 255)) for index in range(len(batches)) for photo in batches[index][1]]


def all_of(batches: Batches) -> tuple[np.ndarray, np.ndarray]:
    sketches, photos = zip(*(batches[index] for index in range(len(batches))), strict=True)
    return np.concatenate(sketches), np.concatenate(photos)


@pytest.fixture(scope="module")
def mixed(tmp_path_factory) -> list[Example]:
    folder = tmp_path_factory.mktemp("mixed")
    return photographs(folder, 9) + pairs(folder, 3)


# ---- one example


@pytest.mark.parametrize("fit", images.FITS)
@pytest.mark.parametrize("size", [(16, 16), (31, 50), (64, 24)])
def test_view_brings_photograph_and_sketch_to_size(mixed, fit, size):
    for example in (mixed[0], mixed[-1]):
        sketch, photo = View(size, fit=fit).see(example)
        assert sketch.shape == (*size, 1) and photo.shape == (*size, 3)
        for image in (sketch, photo):
            assert image.dtype == np.float32 and image.min() >= 0 and image.max() <= 1


def test_view_without_size_keeps_the_photographs_own(mixed):
    sketch, photo = View(None).see(mixed[0])
    assert photo.shape == (48, 40, 3) and sketch.shape == (48, 40, 1)
    np.testing.assert_array_equal(photo, mixed[0].read_photo())


def test_sketch_is_drawn_at_full_size_and_resized_afterwards(mixed):
    sketch, photo = View(SIZE, "pencil", "squeeze").see(mixed[0])
    full = mixed[0].read_photo()
    expected = np.clip(images.resize(sketching.sketch(full, "pencil"), SIZE), 0, 1)
    np.testing.assert_array_equal(sketch, expected)
    np.testing.assert_array_equal(photo, np.clip(images.resize(full, SIZE), 0, 1))


def test_enlarge_comes_before_drawing(mixed):
    sketch, _ = View((48, 40), "pencil", "squeeze", enlarge=(96, 80)).see(mixed[0])
    full = images.resize(mixed[0].read_photo(), (96, 80))
    expected = np.clip(images.resize(sketching.sketch(full, "pencil"), (48, 40)), 0, 1)
    np.testing.assert_array_equal(sketch, expected)


def test_a_drawn_sketch_is_taken_as_it_is_whatever_the_style(mixed):
    example = mixed[-1]
    for style in ("pencil", "xdog", "random"):
        sketch, _ = View((48, 40), style).see(example, (3,))
        np.testing.assert_array_equal(sketch, example.read_sketch())


def test_a_drawn_sketch_of_another_size_is_brought_to_its_photograph(tmp_path, mixed):
    sketch = images.write(tmp_path / "s.png", images.resize(mixed[-1].read_sketch(), (96, 90)))
    sketch, photo = View(None).see(Example("a", mixed[-1].photo, sketch))
    assert sketch.shape == (48, 40, 1) and photo.shape == (48, 40, 3)


def test_flip_mirrors_both_for_half_of_the_seeds(mixed):
    view, flipped = View((48, 40)), 0
    for example in (mixed[0], mixed[-1]):
        sketch, photo = view.see(example, (0,))
        for seed in range(100):
            other_sketch, other_photo = view.see(example, (seed,), flip=True)
            if np.array_equal(other_photo, photo):
                np.testing.assert_array_equal(other_sketch, sketch)
            else:
                flipped += 1
                np.testing.assert_array_equal(other_photo, photo[:, ::-1])
                np.testing.assert_array_equal(other_sketch, sketch[:, ::-1])
    assert 75 <= flipped <= 125  # 100 expected of 200, five standard deviations of 7 would be 35


def test_random_style_differs_between_seeds(mixed):
    view = View(SIZE, "random")
    sketches = [view.see(mixed[0], (seed,))[0] for seed in range(8)]
    assert len({sketch.tobytes() for sketch in sketches}) > 4  # default style may come more than once


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"size": (8, 8)}, "`size` must be .*at least 16 x 16.*Received: size=\\(8, 8\\)"),
        ({"enlarge": (8, 80)}, "at least 16 x 16.*Received: size=\\(8, 80\\)"),
        ({"style": "crayon"}, "Received: .*crayon"),
        ({"fit": "stretch"}, "`fit` must be one of crop, squeeze, pad. Received: 'stretch'"),
    ],
)
def test_view_says_what_it_cannot_do(arguments, words):
    with pytest.raises(ValueError, match=words):
        View(**arguments)


# ---- batches


@pytest.mark.parametrize("style", ["pencil", "random"])
def test_batches_are_images_by_contract(mixed, style):
    batches = Batches(mixed, View(SIZE, style), 4, pair_augmentation="faces", augmentation="buildings")
    assert len(batches) == batches.steps == 3
    for index in range(3):
        sketches, photos = batches[index]
        assert sketches.shape == (4, *SIZE, 1) and photos.shape == (4, *SIZE, 3)
        for values in (sketches, photos):
            assert values.dtype == np.float32 and np.isfinite(values).all()
            assert values.min() >= 0 and values.max() <= 1
        assert sketches.std() > 0.01 and photos.std() > 0.01


def seen_by_fit(batches: Batches) -> tuple[np.ndarray, np.ndarray]:
    """The pixels that Keras's `fit` hands to a model, through its worker threads."""
    import tensorflow as tf

    seen = []

    class Recorder(keras.Model):
        def train_step(self, data):
            sketches, photos = data
            tf.py_function(lambda a, b: seen.append((a.numpy(), b.numpy())), [sketches, photos], [])
            return {"loss": 0.0}

    model = Recorder()
    model.compile(run_eagerly=True)
    model.fit(batches, epochs=1, shuffle=False, verbose=0)
    sketches, photos = zip(*seen, strict=True)
    return np.concatenate(sketches), np.concatenate(photos)


@pytest.mark.skipif(keras.backend.backend() != "tensorflow", reason="reads what TensorFlow's fit is given")
def test_the_parts_of_several_workers_are_the_batch_of_one(mixed):
    batches = Batches(mixed, View(SIZE, "random"), 4, 5, "buildings", "faces", pair_share=0.3)
    parts = [batches.at(1, 0, rank, 2) for rank in (0, 1)]
    assert len(parts[0]) == len(parts[1]) == batches.steps > 0
    whole = batches.at(1)
    for index in range(batches.steps):
        for kind in (0, 1):
            joined = np.concatenate([part[index][kind] for part in parts])
            np.testing.assert_array_equal(joined, whole[index][kind])
    for rank, workers in ((0, 3), (2, 2), (-1, 2)):
        with pytest.raises(ValueError, match=f"Received: batch_size=4, workers={workers}, rank={rank}"):
            batches.at(0, 0, rank, workers)


@pytest.mark.parametrize("threads", [1, 2, 4])
def test_fit_shows_the_same_pixels_for_any_number_of_threads(mixed, threads):
    def batches(threads):
        return Batches(mixed, View(SIZE, "random"), 2, 5, "buildings", "faces", pair_share=0.3, threads=threads)

    for expected, found in zip(all_of(batches(1)), seen_by_fit(batches(threads)), strict=True):
        np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("threads", [2, 4])
def test_pixels_do_not_depend_on_threads_and_order(mixed, threads):
    batches = Batches(mixed, View(SIZE, "random"), 2, 5, "buildings", "faces", pair_share=0.3)
    expected = [batches[index] for index in range(len(batches))]
    order = np.random.default_rng(threads).permutation(len(batches))
    with ThreadPoolExecutor(threads) as pool:
        found = list(pool.map(batches.__getitem__, order))
    for index, (sketches, photos) in zip(order, found, strict=True):
        np.testing.assert_array_equal(sketches, expected[index][0])
        np.testing.assert_array_equal(photos, expected[index][1])


def test_another_epoch_or_seed_shows_other_pixels(mixed):
    batches = Batches(mixed, View(SIZE, "random"), 4, seed=1)
    first = all_of(batches)
    for other in (batches.at(1), Batches(mixed, View(SIZE, "random"), 4, seed=2)):
        assert not np.array_equal(first[0], all_of(other)[0]) and not np.array_equal(first[1], all_of(other)[1])
    for mine, again in zip(first, all_of(batches.at(0)), strict=True):
        np.testing.assert_array_equal(mine, again)


def test_at_gives_the_tail_of_the_same_epoch(mixed):
    batches = Batches(mixed, View(SIZE, "random"), 2, augmentation="faces")
    whole, tail = batches.at(3), batches.at(3, first=4)
    assert (len(whole), len(tail), tail.steps) == (6, 2, 6)
    for index in range(2):
        for expected, found in zip(whole[4 + index], tail[index], strict=True):
            np.testing.assert_array_equal(found, expected)


def test_every_epoch_shows_every_example_once_in_another_order(tmp_path):
    batches = Batches(grey(tmp_path, 12), View((20, 16)), 3)
    orders = [shown(batches.at(epoch)) for epoch in range(3)]
    assert all(sorted(order) == list(range(12)) for order in orders)
    assert orders[0] != orders[1] != orders[2] != orders[0]


def test_without_shuffle_the_order_is_that_of_the_examples(tmp_path):
    batches = Batches(grey(tmp_path, 7), View((20, 16)), 3, shuffle=False)
    assert shown(batches) == shown(batches.at(5)) == [0, 1, 2, 3, 4, 5]  # a remainder makes no batch


def test_too_few_examples_are_repeated_to_fill_a_batch(tmp_path):
    batches = Batches(grey(tmp_path, 3), View((20, 16)), 8, shuffle=False)
    assert len(batches) == 1 and shown(batches) == [0, 1, 2, 0, 1, 2, 0, 1]


def test_limit_shows_other_examples_each_epoch(tmp_path):
    batches = Batches(grey(tmp_path, 20), View((20, 16)), 4, limit=8)
    orders = [shown(batches.at(epoch)) for epoch in range(6)]
    assert all(len(order) == len(set(order)) == 8 for order in orders)
    assert len(set(sum(orders, []))) > 14


# 18 photographs and pairs that make up a share s: 18 s / (1 - s) of them, each repeated evenly.
@pytest.mark.parametrize(("share", "expected"), [(0.0, 4), (0.1, 2), (0.25, 6), (0.5, 18)])
def test_pair_share_is_reached(tmp_path, share, expected):
    photos = grey(tmp_path, 18)
    drawn = [
        Example(f"{value}", images.write(tmp_path / f"{value}.png", np.full((20, 16, 3), value / 255)), photos[0].photo)
        for value in (200, 210, 220, 230)
    ]
    batches = Batches(photos + drawn, View((20, 16)), 2, pair_share=share)
    values = shown(batches)
    counts = [values.count(value) for value in (200, 210, 220, 230)]
    assert sum(counts) == expected and max(counts) - min(counts) <= 1
    assert sorted(value for value in values if value < 200) == list(range(18))


def test_every_set_of_pairs_is_shown_equally_often(tmp_path):
    photos = grey(tmp_path, 12)
    drawn = [
        Example(
            f"{value}",
            images.write(tmp_path / f"{value}.png", np.full((20, 16, 3), value / 255)),
            photos[0].photo,
            kind="few" if value == 200 else "many",
        )
        for value in range(200, 206)
    ]
    values = shown(Batches(photos + drawn, View((20, 16)), 2, pair_share=0.5))
    assert values.count(200) == 6 and sum(value > 200 for value in values) == 6
    alone = shown(Batches(drawn, View((20, 16)), 1, pair_share=0.5))
    assert alone.count(200) == 3 and sum(value > 200 for value in alone) == 3


def test_pair_share_of_pairs_alone_shows_each_once(mixed):
    batches = Batches(mixed[-3:], View(SIZE), 1, pair_share=0.5)
    assert len(batches) == 3


def test_photographs_and_pairs_have_their_own_augmentation(mixed):
    pytest.importorskip("imgaug")
    view, arguments = View((48, 40)), {"batch_size": 1, "flip": False, "shuffle": False}
    photo, pair = mixed[0], mixed[-1]
    plain = Batches([photo, pair], view, **arguments)
    other = Batches([photo, pair], view, pair_augmentation="faces", **arguments)
    np.testing.assert_array_equal(other[0][1], plain[0][1])
    assert not np.array_equal(other[1][1], plain[1][1])
    # The pair moves by what `augment` draws from the seed of its place.
    rng = np.random.default_rng((0, 0, 1))
    rng.random()
    moved = augmentation.augment(pair.read_photo(), pair.read_sketch(), "faces", int(rng.integers(2**31)))
    np.testing.assert_array_equal(other[1][1][0], moved[0])
    np.testing.assert_array_equal(other[1][0][0], moved[1])


# ---- damaged files


def truncate(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def test_a_truncated_file_is_named_once_and_replaced(tmp_path, caplog):
    examples = []
    for value in (0, 60, 120, 180):
        noise = np.random.default_rng(value).uniform(0, 0.05, (64, 64, 3)) + value / 255
        examples.append(Example(f"{value}", images.write(tmp_path / f"{value}.jpg", noise)))
    truncate(examples[1].photo)
    images.probe(examples[1].photo)  # its header is whole: only decoding finds it
    batches = Batches(examples, View((64, 64)), 2, shuffle=False)
    with caplog.at_level(logging.WARNING, "sketchback"):
        first, again = shown(batches), shown(batches.at(0))
    assert [round(value / 60) for value in first] == [0, 2, 2, 3]  # the next one stands in for it
    assert first == again
    assert list(batches.skipped) == [examples[1]] and "60.jpg" in batches.skipped[examples[1]]
    assert caplog.text.count("left out 1 so far") == 1 and str(examples[1].photo) in caplog.text


def test_a_damaged_file_does_not_take_one_of_equal_name_with_it(tmp_path):
    good = images.write(tmp_path / "a" / "x.png", np.full((20, 16, 3), 10 / 255))
    bad = images.write(tmp_path / "b" / "x.png", np.random.default_rng(0).random((40, 40, 3)))
    truncate(bad)
    batches = Batches([Example("x", bad), Example("x", good)], View((20, 16)), 2, shuffle=False)
    assert shown(batches) == [10, 10]


def test_nothing_but_damaged_files_is_an_error(tmp_path):
    examples = grey(tmp_path, 3)
    for example in examples:
        truncate(example.photo)
    with pytest.raises(ValueError, match="needs one example that can be read. Received: 3, all damaged"):
        Batches(examples, View((20, 16)), 2)[0]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"examples": []}, "at least one example. Received: none"),
        ({"view": View(None)}, "one size for all. Received: size=None. Give"),
        ({"pair_share": 1.0}, r"`pair_share` must be in \[0, 1\). Received: pair_share=1.0"),
        ({"pair_share": -0.1}, r"`pair_share` must be in \[0, 1\). Received: pair_share=-0.1"),
        ({"batch_size": 0}, "must be at least 1. Received: batch_size=0"),
        ({"limit": 0}, "must be at least 1. Received: .*limit=0"),
    ],
)
def test_batches_say_what_they_need(tmp_path, arguments, words):
    with pytest.raises(ValueError, match=words):
        Batches(**{"examples": grey(tmp_path, 1), "view": View((20, 16)), **arguments})


def test_built_in_faces_make_batches():
    examples = datasets.subset(datasets.find("demo:faces"), "train")
    sketches, photos = Batches(examples, View((32, 32), "random"), 2)[0]
    assert sketches.shape == (2, 32, 32, 1) and photos.std() > 0.05


# ---- windows


def test_windows_keep_inside_the_picture_and_their_proportions(tmp_path):
    # Every pixel says where it is: red its row, green its column.
    rows, columns = np.mgrid[0:120, 0:90] / 120
    place = np.stack([rows, columns, np.zeros_like(rows)], axis=-1).astype(np.float32)
    example = Example("place", images.write(tmp_path / "place.png", place))
    zooms = []
    for seed in range(60):
        sketch, photo = View((40, 40)).see(example, (seed,), zoom=1.5)
        assert photo.shape == (40, 40, 3) and sketch.shape == (40, 40, 1)
        height, width = (float(photo[..., channel].max() - photo[..., channel].min()) * 120 for channel in (0, 1))
        # The largest square of 120 x 90 is 90; the outer pixels' centres lie half a pixel inside.
        assert height == pytest.approx(width, abs=3) and 55 < height < 91
        zooms.append(90 / (height * 40 / 39))
    assert min(zooms) < 1.05 and max(zooms) > 1.4


def test_a_quarter_of_the_windows_change_their_proportions(tmp_path):
    rows, columns = np.mgrid[0:120, 0:120] / 120
    place = np.stack([rows, columns, np.zeros_like(rows)], axis=-1).astype(np.float32)
    example = Example("place", images.write(tmp_path / "place.png", place))
    ratios = []
    for seed in range(200):
        _, photo = View((40, 40)).see(example, (seed,), squeeze=2.0)
        height, width = (float(photo[..., channel].max() - photo[..., channel].min()) for channel in (0, 1))
        ratios.append(height / width)
    changed = [ratio for ratio in ratios if abs(ratio - 1) > 0.05]
    assert 0.15 < len(changed) / len(ratios) < 0.32
    assert min(changed) < 0.6 and max(changed) > 1.6 and min(changed) > 0.47 and max(changed) < 2.1


def test_sketch_and_photograph_share_their_window(mixed):
    drawn, photo = View((32, 32)).see(mixed[-1], (5,), zoom=1.4, squeeze=1.5)  # a pair
    # Its sketch is Pencil Sketchify's of its photograph: white where the photograph is flat, dark at its lines.
    again = images.resize(sketching.sketch(images.resize(photo, (64, 64)), "pencil"), (32, 32))
    assert np.corrcoef(drawn.ravel(), again.ravel())[0, 1] > 0.5
    moved = np.roll(drawn, 8, axis=1)
    assert np.corrcoef(moved.ravel(), again.ravel())[0, 1] < 0.4


@pytest.mark.parametrize("wrong", [{"zoom": 0.5}, {"squeeze": float("nan")}])
def test_windows_cannot_shrink(mixed, wrong):
    with pytest.raises(ValueError, match=r"`zoom` and `squeeze` must be at least 1\. Received: "):
        Batches(mixed, View(SIZE), 2, **wrong)


# ---- the end


def drawing() -> int:
    """Threads that are making an example just now."""
    count = 0
    for frame in sys._current_frames().values():
        while frame is not None:
            count += frame.f_code is View.see.__code__
            frame = frame.f_back
    return count


def test_the_end_of_a_with_sends_the_threads_home(tmp_path):
    # Large enough for OpenCV to be at work on it at any moment.
    photo = images.write(tmp_path / "large.png", np.random.default_rng(0).random((400, 400, 3)).astype("float32"))
    batches = Batches([Example("large", photo)] * 64, View((64, 64)), 16)
    with ThreadPoolExecutor(2) as pool:
        with batches.at(0) as shown:
            asked = [pool.submit(shown.__getitem__, index) for index in range(4)]
            while not drawing():
                assert not asked[0].done()
        assert drawing() == 0
        # What was asked and not begun is refused; so is what comes later.
        with pytest.raises(RuntimeError, match=r"Batches end with their `with`\. Received: "):
            asked[3].result()
    with pytest.raises(RuntimeError, match="Call `at` again"):
        shown[0]
    assert batches.at(0)[0][0].shape == (16, 64, 64, 1)
