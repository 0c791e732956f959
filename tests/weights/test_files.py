"""Weight files: what is saved comes back, a file says what it is, and nothing else is loaded."""

from __future__ import annotations

import datetime
import json
from pathlib import Path

import h5py
import hostile
import numpy as np
import pytest
from keras import ops
from small_weights import SMALL, content, make, original, refused, same, saved

import sketchback
from sketchback import models, weights
from sketchback.weights import WeightsError


@pytest.fixture
def good(tmp_path) -> Path:
    return saved(tmp_path)


# There and back


@pytest.mark.parametrize("arguments", [{**SMALL, "normalisation": "batch"}, {"width": 1, "halvings": 4, "blocks": 0}])
def test_what_is_saved_comes_back_bit_by_bit_and_can_be_saved_again(tmp_path, arguments):
    generator = make(**arguments)
    loaded = sketchback.load(weights.save(generator, tmp_path / "a.weights.h5"))
    assert same(generator, loaded) and loaded.architecture == "scribbler"
    assert {name: loaded.arguments[name] for name in arguments} == arguments
    assert same(generator, weights.load(weights.save(loaded, tmp_path / "again.weights.h5")))


def test_half_precision(tmp_path):
    generator = make(width=4, halvings=3)
    whole = weights.save(generator, tmp_path / "whole.weights.h5")
    half = weights.save(generator, tmp_path / "half.weights.h5", half=True)
    for array, other in zip(generator.get_weights(), weights.load(half).get_weights(), strict=True):
        assert other.dtype == np.float32
        np.testing.assert_array_equal(other, array.astype(np.float16).astype(np.float32))
    parameters = 2 * generator.count_params()  # bytes that half precision saves
    assert half.stat().st_size == pytest.approx(whole.stat().st_size - parameters, rel=0.1)
    assert weights.describe(half) == weights.describe(whole)
    assert sorted(path.name for path in tmp_path.iterdir()) == [half.name, whole.name]  # and no partial file


@pytest.mark.parametrize("half", [False, True])
def test_plain_keras_loads_it(tmp_path, half):
    path = weights.save(original(), tmp_path / "a.weights.h5", half=half)
    plain = models.scribbler(**SMALL)
    plain.load_weights(path)
    assert same(plain, weights.load(path))


def test_what_plain_keras_saved_is_recognised_as_such(tmp_path):
    original().save_weights(tmp_path / "plain.weights.h5")
    assert "load_weights" in refused(tmp_path / "plain.weights.h5")


def test_the_optimizer_of_a_compiled_generator_is_ignored(tmp_path):
    generator = make()
    generator.compile(optimizer="adam", loss="mse")
    generator.optimizer.build(generator.trainable_variables)
    path = weights.save(generator, tmp_path / "a.weights.h5")
    with h5py.File(path) as file:
        assert "optimizer" in file  # Keras saves it too
    assert same(generator, weights.load(path))


def test_precision_and_channels_of_what_is_loaded(good):
    mixed = weights.load(good, dtype="mixed_bfloat16")
    assert same(mixed, original()) and mixed.get_layer("stem").compute_dtype == "bfloat16"
    sketch = np.random.default_rng(3).random((1, 16, 16, 1)).astype(np.float32)
    rgb, bgr = (ops.convert_to_numpy(weights.load(good, channels=name)(sketch)) for name in ("rgb", "bgr"))
    assert np.abs(rgb[..., 0] - rgb[..., 2]).min() > 1e-3
    np.testing.assert_allclose(bgr, rgb[..., ::-1], atol=1e-6)
    with pytest.raises(ValueError, match=r"`channels` must be one of rgb, bgr\. Received: 'BGR'"):
        weights.load(good, channels="BGR")


# What a file says


def test_attributes(tmp_path):
    given = {
        "recipe": json.dumps({"name": "faces", "epochs": 17}),
        "data": ["celeba", "cufs"],
        "terms": "2",  # a text, which is not taken for a number
        "scores": {"psnr": 18.5, "baselines": {"mean": 15.1}},
        "note": "interim",
        "date": "2026-11-20",
    }
    path = weights.save(make(), tmp_path / "a.weights.h5", **given)
    facts = weights.describe(path)
    assert facts == {
        **given,
        "recipe": {"name": "faces", "epochs": 17},
        "architecture": "scribbler",
        "arguments": {**SMALL, "skips": True, "normalisation": None, "tone": False},
        "stride": 4,
        "sketchback": sketchback.__version__,
    }
    assert weights.load(path).facts == facts
    with h5py.File(path, "r+") as file:
        assert all(isinstance(value, str) for value in file.attrs.values())
        for name in {*facts} - {"architecture", "arguments"}:
            del file.attrs[name]
        file.attrs["architecture"] = np.bytes_("scribbler")
    assert same(weights.load(path), make()) and weights.describe(path)["terms"] == ""  # others may leave them out
    date = weights.describe(weights.save(original(), path))["date"]
    assert abs(datetime.date.fromisoformat(date) - datetime.date.today()).days <= 1


# What cannot be saved


@pytest.mark.parametrize("name", ["faces.h5", "faces", "faces.weights.h5.bak"])
def test_names_that_keras_would_not_load_are_refused(tmp_path, name):
    with pytest.raises(ValueError, match=r"must be named \*\.weights\.h5\. Received"):
        weights.save(original(), tmp_path / name)


def test_a_model_that_does_not_know_its_architecture_is_refused(tmp_path):
    import keras

    with pytest.raises(ValueError, match="must know its architecture"):
        weights.save(keras.models.clone_model(original()), tmp_path / "a.weights.h5")


@pytest.mark.parametrize(("value", "half"), [(np.nan, False), (np.inf, False), (70_000.0, True)])
def test_values_that_would_not_load_are_not_saved(tmp_path, good, value, half):
    before, generator = good.read_bytes(), make()
    generator.weights[-1].assign([value, 0.0, 0.0])
    with pytest.raises(ValueError, match="Weights must be finite"):
        weights.save(generator, good, half=half)
    assert good.read_bytes() == before  # what was there stays
    assert [path.name for path in tmp_path.iterdir()] == [good.name]


# What is not loaded; test_untrusted.py has hostile HDF5, test_mapping.py arrays that do not fit


@pytest.mark.parametrize("letter", [b"", b"not weights, a letter\n", b"\x89HDF\r\n\x1a\n and no more"])
def test_files_of_another_kind(tmp_path, letter):
    path = tmp_path / "a.weights.h5"
    path.write_bytes(letter)
    assert "whole HDF5 file" in refused(path)
    with pytest.raises(WeightsError, match="a.weights.h5"):
        weights.describe(path)


BATCH = '{"width": 2, "halvings": 2, "blocks": 1, "normalisation": "batch"}'


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        *[("architecture", value, "cannot be built") for value in ("pix2pix", "", "__import__('os')", "a" * 50_000)],
        *[("architecture", value, "must") for value in (3, np.zeros(3), np.bytes_(b"\xff\xfe"), h5py.Empty("f"))],
        *[("architecture", value, "must be its own") for value in ("sketchback2017", "unet_resnet")],
        *[("arguments", value, "its arguments are") for value in ("no JSON", "[1]", '{"dtype": "float16"}')],
        ("arguments", "[" * 30_000, "its arguments are"),
        *[("arguments", value, "must be its own") for value in ('{"depth": 3}', '{"encoder": "imagenet"}')],
        ("arguments", '{"architecture": "scribbler"}', "cannot be built"),
        *[("arguments", f'{{"width": {value}}}', "`width` must") for value in (10**9, 0, 2.5, "NaN", '"2"', "[2]")],
        ("arguments", '{"blocks": 1000000000}', "`blocks` must be a whole number from 0 to 32"),
        ("arguments", '{"width": 128, "blocks": 32}', "at least"),  # 2.8 GB, which are not built
        ("arguments", "{}", "at least"),
        *[("arguments", value, "another architecture") for value in ('{"width": 1}', '{"width": 3}', BATCH)],
    ],
)
def test_hostile_attributes(good, name, value, says):
    with h5py.File(good, "r+") as file:
        file.attrs[name] = value
    assert says in refused(good, listed=True)


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["links out of the file", "NaN, infinity", "truncated"])
def test_hostile_files_are_refused_in_one_line(tmp_path, kind):
    for number, write in enumerate(hostile.weights_by_hand(content())[kind]):
        path = tmp_path / f"{number}.weights.h5"
        write(path)
        refused(path)


@pytest.mark.slow
def test_mutated_files_load_or_are_refused_in_one_line(tmp_path):
    """A short form of benchmarks/fuzz.py."""
    whole, outcomes = hostile.good_weights(tmp_path), set()
    for number in range(25):
        path = tmp_path / f"{number}.weights.h5"
        path.write_bytes(hostile.bad_weights(whole, 1, number)[1])
        try:
            assert all(np.isfinite(array).all() for array in weights.load(path).get_weights())
            outcomes.add("loaded")
        except WeightsError as error:
            assert "\n" not in str(error) and str(path) in str(error)
            outcomes.add("refused")
    assert outcomes == {"loaded", "refused"}
