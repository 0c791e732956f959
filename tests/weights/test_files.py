"""Weight files: what is saved comes back, the authors' files of 2017 are read, and nothing else gets in."""

from __future__ import annotations

import datetime
import functools
import json
import re
import sys
import tempfile
from pathlib import Path

import h5py
import hostile
import keras
import numpy as np
import pytest
from keras import ops

import sketchback
from sketchback import models, weights
from sketchback.inference import runtime
from sketchback.inference.pipeline import predict
from sketchback.weights import ENVIRONMENT, SUFFIX, WeightsError, registry

SMALL = {"width": 2, "halvings": 2, "blocks": 1}


@pytest.fixture(autouse=True)
def _no_weights_of_the_user(monkeypatch):
    monkeypatch.delenv(ENVIRONMENT, raising=False)


def randomised(generator: keras.Model, seed: int = 0) -> keras.Model:
    """With weights everywhere, also where a new network has zeros or ones."""
    rng = np.random.default_rng(seed)
    generator.set_weights([rng.normal(0, 0.2, array.shape).astype(np.float32) for array in generator.get_weights()])
    return generator


def make(seed: int = 0, **arguments: object) -> keras.Model:
    return randomised(models.build("scribbler", **(arguments or SMALL)), seed)


@functools.cache
def original(seed: int = 0) -> keras.Model:
    """A generator that tests only look at."""
    return make(seed)


@functools.cache
def content(seed: int = 0) -> bytes:
    """The file of `original(seed)`."""
    with tempfile.TemporaryDirectory() as folder:
        return weights.save(original(seed), Path(folder) / f"faces{SUFFIX}").read_bytes()


def saved(folder: Path, name: str = "faces", seed: int = 0) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}{SUFFIX}"
    path.write_bytes(content(seed))
    return path


@pytest.fixture
def good(tmp_path) -> Path:
    return saved(tmp_path)


def same(one: keras.Model, other: keras.Model) -> bool:
    pairs = zip(one.get_weights(), other.get_weights(), strict=True)
    return all(np.array_equal(a, b) and a.dtype == b.dtype for a, b in pairs)


def refused(path: Path, **options: object) -> str:
    """Loading raises one `WeightsError` that names the file; its message."""
    with pytest.raises(WeightsError, match=re.escape(str(path))) as caught:
        weights.load(path, **options)
    return str(caught.value)


# There and back


@pytest.mark.parametrize(
    "arguments",
    [SMALL, {**SMALL, "skips": False}, {**SMALL, "normalisation": "batch"}, {"width": 1, "halvings": 4, "blocks": 0}],
)
def test_what_is_saved_comes_back_bit_by_bit(tmp_path, arguments):
    generator = make(**arguments)
    loaded = weights.load(weights.save(generator, tmp_path / "a.weights.h5"))
    assert same(generator, loaded)
    assert loaded.architecture == "scribbler"
    assert {name: loaded.arguments[name] for name in arguments} == arguments


def test_sketchback2017_comes_back(tmp_path):
    generator = models.build("sketchback2017")
    loaded = weights.load(weights.save(generator, tmp_path / "a.weights.h5"))
    assert loaded.architecture == "sketchback2017" and same(generator, loaded)


def test_what_was_loaded_can_be_saved_again(tmp_path, good):
    again = weights.save(weights.load(good), tmp_path / "again.weights.h5")
    assert same(weights.load(good), weights.load(again))


def test_half_precision(tmp_path):
    generator = make(width=4, halvings=3)
    whole = weights.save(generator, tmp_path / "whole.weights.h5")
    half = weights.save(generator, tmp_path / "half.weights.h5", half=True)
    for array, other in zip(generator.get_weights(), weights.load(half).get_weights(), strict=True):
        assert other.dtype == np.float32
        np.testing.assert_array_equal(other, array.astype(np.float16).astype(np.float32))
    parameters = 2 * generator.count_params()  # bytes that half precision saves
    assert half.stat().st_size == pytest.approx(whole.stat().st_size - parameters, rel=0.1)
    assert half.stat().st_size < 0.65 * whole.stat().st_size  # the rest is HDF5's own, some 1 kB a layer
    assert weights.describe(half) == weights.describe(whole)


@pytest.mark.parametrize("half", [False, True])
def test_plain_keras_loads_it(tmp_path, half):
    path = weights.save(original(), tmp_path / "a.weights.h5", half=half)
    plain = models.scribbler(**SMALL)
    plain.load_weights(path)
    assert same(plain, weights.load(path))


def test_what_plain_keras_saved_is_recognised_as_such(tmp_path):
    original().save_weights(tmp_path / "plain.weights.h5")
    assert "load_weights" in refused(tmp_path / "plain.weights.h5")


def test_the_optimizer_of_a_compiled_generator_is_no_matter(tmp_path):
    generator = make()
    generator.compile(optimizer="adam", loss="mse")
    generator.optimizer.build(generator.trainable_variables)
    path = weights.save(generator, tmp_path / "a.weights.h5")
    with h5py.File(path) as file:
        assert "optimizer" in file  # Keras saves it too
    assert same(generator, weights.load(path))


def test_load_at_the_root(good):
    assert same(sketchback.load(good), weights.load(str(good)))


def test_mixed_precision_holds_the_same_float32(good):
    generator = weights.load(good, dtype="mixed_bfloat16")
    assert same(generator, weights.load(good))
    assert generator.get_layer("stem").compute_dtype == "bfloat16"


def test_no_partial_file_stays(tmp_path):
    weights.save(original(), tmp_path / "faces.weights.h5")
    weights.save(original(), tmp_path / "half.weights.h5", half=True)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["faces.weights.h5", "half.weights.h5"]


# What a file says


def test_attributes(tmp_path):
    scores = {"psnr": 18.5, "baselines": {"mean": 15.1}}
    path = weights.save(
        make(),
        tmp_path / "a.weights.h5",
        recipe="faces, pencil",
        data=["celeba", "cufs"],
        terms="research only",
        scores=scores,
        note="interim",
        date="2026-11-20",
    )
    facts = weights.describe(path)
    assert facts == {
        "architecture": "scribbler",
        "arguments": {**SMALL, "skips": True, "normalisation": None},
        "stride": 4,
        "recipe": "faces, pencil",
        "data": ["celeba", "cufs"],
        "terms": "research only",
        "scores": scores,
        "note": "interim",
        "date": "2026-11-20",
        "sketchback": sketchback.__version__,
    }
    assert weights.load(path).facts == facts
    with h5py.File(path) as file:
        assert all(isinstance(value, str) for value in file.attrs.values())
        assert json.loads(file.attrs["arguments"])["width"] == 2


def test_texts_are_not_taken_for_numbers(tmp_path):
    path = weights.save(original(), tmp_path / "a.weights.h5", terms="2", date="2026")
    assert (weights.describe(path)["terms"], weights.describe(path)["date"]) == ("2", "2026")


def test_a_recipe_may_be_structured(tmp_path):
    path = weights.save(original(), tmp_path / "a.weights.h5", recipe=json.dumps({"name": "faces", "epochs": 17}))
    assert weights.describe(path)["recipe"] == {"name": "faces", "epochs": 17}


def test_the_date_is_today_by_default(tmp_path):
    path = weights.save(original(), tmp_path / "a.weights.h5")
    assert abs(datetime.date.fromisoformat(weights.describe(path)["date"]) - datetime.date.today()).days <= 1


def test_a_file_without_the_optional_attributes_loads(good):
    with h5py.File(good, "r+") as file:
        for name in ("stride", "recipe", "data", "terms", "scores", "date", "sketchback"):
            del file.attrs[name]
    assert same(weights.load(good), original())
    assert weights.describe(good)["terms"] == ""


# What cannot be saved


@pytest.mark.parametrize("name", ["faces.h5", "faces.weights", "faces", "faces.weights.h5.bak"])
def test_names_that_keras_would_not_load_are_refused(tmp_path, name):
    with pytest.raises(ValueError, match=r"must be named \*\.weights\.h5\. Received"):
        weights.save(original(), tmp_path / name)
    assert not list(tmp_path.iterdir())


def test_a_generator_that_does_not_know_itself_is_refused(tmp_path):
    with pytest.raises(ValueError, match=r"must come from models\.build"):
        weights.save(models.scribbler(**SMALL), tmp_path / "a.weights.h5")


@pytest.mark.parametrize(("value", "half"), [(np.nan, False), (np.inf, False), (np.nan, True), (70_000.0, True)])
def test_values_that_would_not_load_are_not_saved(tmp_path, good, value, half):
    before, generator = good.read_bytes(), make()
    arrays = generator.get_weights()
    arrays[-1][0] = value
    generator.set_weights(arrays)
    with pytest.raises(ValueError, match="Weights must be finite"):
        weights.save(generator, good, half=half)
    assert good.read_bytes() == before  # what was there stays
    assert [path.name for path in tmp_path.iterdir()] == [good.name]


# Where files are looked for


class Places:
    """A copy of the package elsewhere, with a `faces` in each folder where it looks for names."""

    def __init__(self, folder: Path):
        site = folder / "site"
        self.weights = weights
        self.environment = saved(folder / "mine")
        self.checkout = saved(site / "weights")
        self.package = saved(site / "sketchback" / "_weights")


@pytest.fixture
def places(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(registry, "PACKAGE", tmp_path / "site" / "sketchback")
    return Places(tmp_path)


def test_the_order_of_places(places, tmp_path, monkeypatch):
    monkeypatch.setenv("SKETCHBACK_WEIGHTS", str(tmp_path / "mine"))
    order = [places.environment, places.checkout, places.package]
    assert places.weights.folders() == [path.parent for path in order]
    for path in order:
        assert places.weights.find("faces") == path
        path.unlink()
    with pytest.raises(FileNotFoundError):
        places.weights.find("faces")


def test_a_path_comes_first(places, tmp_path, monkeypatch):
    monkeypatch.setenv(ENVIRONMENT, str(tmp_path / "mine"))
    path = saved(tmp_path, "other")
    assert places.weights.find(path) == path and places.weights.find(str(path)) == path
    (tmp_path / "faces").write_bytes(path.read_bytes())  # such as an authors' file, which has no suffix
    assert places.weights.find("faces") == Path("faces")


def test_a_folder_of_that_name_is_not_taken(places, tmp_path):
    (tmp_path / "faces").mkdir()
    assert places.weights.find("faces") == places.checkout


@pytest.mark.parametrize("name", ["mine.weights.h5", "mine"])
def test_the_environment_may_name_one_file(places, tmp_path, monkeypatch, name):
    path = saved(tmp_path / "elsewhere", "mine").rename(tmp_path / "elsewhere" / name)
    monkeypatch.setenv(ENVIRONMENT, str(path))
    (tmp_path / "mine" / "faces.weights.h5").unlink()
    (tmp_path / "mine").rmdir()
    assert places.weights.find("mine") == path
    assert places.weights.names() == ["faces", "mine"]
    assert weights.describe("mine")["architecture"] == "scribbler"
    assert same(weights.load("mine"), original())
    assert places.weights.find("faces") == places.checkout  # other names are looked for as ever


def test_an_environment_that_leads_nowhere_is_passed_over(places, tmp_path, monkeypatch):
    for value in (str(tmp_path / "missing"), ""):
        monkeypatch.setenv(ENVIRONMENT, value)
        assert places.weights.find("faces") == places.checkout
        assert places.weights.names() == ["faces"]


def test_names_are_listed_once_and_without_remains(places, tmp_path, monkeypatch):
    monkeypatch.setenv(ENVIRONMENT, str(tmp_path / "mine"))
    saved(tmp_path / "mine", "buildings")
    saved(tmp_path / "mine", ".partial-x1")  # what a killed `save` leaves
    assert places.weights.names() == ["buildings", "faces"]


@pytest.mark.parametrize("act", ["find", "load", "describe"])
@pytest.mark.parametrize("wanted", ["cats", "runs/none/best.weights.h5", Path("missing.weights.h5")])
def test_unknown_names_list_the_known(places, act, wanted):
    saved(places.checkout.parent, "buildings")
    with pytest.raises(FileNotFoundError, match=re.escape(str(wanted))) as caught:
        getattr(places.weights, act)(wanted)
    assert "Known names: buildings, faces" in str(caught.value)


def test_describe_takes_a_name(places):
    assert places.weights.describe("faces") == places.weights.describe(places.checkout)


# The authors' files of 2017

NAMED = {3: "block2_conv1", 5: "block3_conv1", 7: "block4_conv1"}  # some convolutions had names of their own


def write_2017(path: Path, arrays: list[np.ndarray], name: str = "model_3", strings: bool = False) -> Path:
    """Keras 2's `save_weights` of the two-output model: the generator's layers, then VGG nested as one group."""
    encode = (lambda names: np.array(names, h5py.string_dtype())) if strings else (lambda names: np.array(names, "S"))
    order: list[str] = ["input_1"]
    rng = np.random.default_rng(1)
    with h5py.File(path, "w") as file:

        def group(layer: str, values: dict[str, np.ndarray]) -> None:
            made = file.create_group(layer)
            made.attrs["weight_names"] = encode(list(values)) if values else np.array([], "S1")
            for place, array in values.items():
                made.create_dataset(place, data=array)

        group("input_1", {})
        for number, (kernel, bias) in enumerate(zip(arrays[::2], arrays[1::2], strict=True), start=1):
            layer = NAMED.get(number, f"conv2d_{number}")
            group(layer, {f"{layer}/kernel:0": kernel, f"{layer}/bias:0": bias})
            order.append(layer)
            if number in (2, 4, 6):
                group(f"max_pooling2d_{number // 2}", {})
                order.append(f"max_pooling2d_{number // 2}")
            if 7 < number < 13:
                group(f"add_{number - 7}", {})
                order.append(f"add_{number - 7}")
        vgg = {}
        for layer, shape in {
            "block1_conv1": (3, 3, 3, 64),
            "block1_conv2": (3, 3, 64, 64),
            "block2_conv1": (3, 3, 64, 128),
            "block2_conv2": (3, 3, 128, 128),
        }.items():
            vgg |= {f"{layer}/kernel:0": rng.random(shape, np.float32), f"{layer}/bias:0": np.ones(shape[-1], "f4")}
        group(name, vgg)
        file.attrs["layer_names"] = encode([*order, name])
        file.attrs["backend"], file.attrs["keras_version"] = np.bytes_("tensorflow"), np.bytes_("2.0.8")
    return path


@pytest.fixture(scope="module")
def arrays_2017() -> list[np.ndarray]:
    """Two values each kernel, so that layers of equal shape differ; signals neither die nor saturate."""
    generator, rng = models.sketchback2017(), np.random.default_rng(2)
    arrays = []
    for variable in generator.weights:
        shape = tuple(variable.shape)
        scale = np.sqrt(1 / np.prod(shape[:-1])) if len(shape) > 1 else 0.1
        arrays.append(rng.normal(0, scale, shape).astype(np.float32))
    return arrays


@pytest.fixture(scope="module")
def file_2017(tmp_path_factory, arrays_2017) -> Path:
    return write_2017(tmp_path_factory.mktemp("authors") / "face_weights", arrays_2017)


def reference_2017(sketch: np.ndarray, arrays: list[np.ndarray]) -> np.ndarray:
    """The published architecture for one `(H, W, 1)` sketch, in NumPy and from its description."""
    pairs = list(zip(arrays[::2], arrays[1::2], strict=True))

    def convolve(x: np.ndarray) -> np.ndarray:
        kernel, bias = pairs.pop(0)
        size = kernel.shape[0]
        before = (size - 1) // 2  # a 2 x 2 kernel looks right and down
        padded = np.pad(x, ((before, size - 1 - before),) * 2 + ((0, 0),))
        out = np.zeros((*x.shape[:2], kernel.shape[3])) + bias
        for i in range(size):
            for j in range(size):
                out += padded[i : i + x.shape[0], j : j + x.shape[1]] @ kernel[i, j].astype(np.float64)
        return out

    def relu(x: np.ndarray) -> np.ndarray:
        return np.maximum(convolve(x), 0)

    x = sketch.astype(np.float64)
    for _ in range(3):
        x = relu(relu(x))
        height, width, filters = x.shape
        x = x.reshape(height // 2, 2, width // 2, 2, filters).max(axis=(1, 3))
    x = relu(x)
    for _ in range(5):
        x = x + relu(x)
    for residuals in (2, 2, 1):
        x = relu(x).repeat(2, axis=0).repeat(2, axis=1)
        x = relu(x)
        for _ in range(residuals):
            x = x + relu(x)
    x = 1 / (1 + np.exp(-convolve(x)))
    assert not pairs
    return x


def test_the_light_runtime_reads_an_authors_file(file_2017):
    sketch = np.random.default_rng(3).random((1, 24, 16, 1), np.float32)
    expected = predict(weights.load(file_2017), sketch)
    assert np.ptp(expected) > 0.1
    np.testing.assert_allclose(predict(runtime.load(file_2017, "onnx"), sketch), expected, atol=1 / 255)


def test_an_authors_file_loads_without_a_suffix(file_2017, arrays_2017):
    assert file_2017.suffix == ""
    generator = sketchback.load(file_2017)
    assert generator.architecture == "sketchback2017"
    for array, expected in zip(generator.get_weights(), arrays_2017, strict=True):
        np.testing.assert_array_equal(array, expected)


def test_an_authors_file_gives_the_published_networks_picture(file_2017, arrays_2017):
    sketch = np.random.default_rng(3).random((1, 16, 24, 1)).astype(np.float32)
    expected = reference_2017(sketch[0], arrays_2017)
    assert expected.std() > 0.01
    found = ops.convert_to_numpy(weights.load(file_2017)(sketch))[0]
    np.testing.assert_allclose(found, expected, atol=1e-5)
    swapped = ops.convert_to_numpy(weights.load(file_2017, channels="bgr")(sketch))[0]
    np.testing.assert_allclose(swapped, expected[..., ::-1], atol=1e-5)


@pytest.mark.parametrize(("name", "strings"), [("model_1", True), ("model_7", False)])
def test_an_authors_file_of_another_h5py(tmp_path, arrays_2017, name, strings):
    path = write_2017(tmp_path / "weights_faces.h5", arrays_2017, name, strings)
    found = weights.load(path).get_weights()
    assert all(np.array_equal(a, b) for a, b in zip(found, arrays_2017, strict=True))


def test_what_an_authors_file_says(file_2017):
    assert weights.describe(file_2017) == {"architecture": "sketchback2017", "arguments": {}, "layout": "2017"}


def test_an_authors_file_can_be_saved_as_ours(tmp_path, file_2017):
    path = weights.save(weights.load(file_2017), tmp_path / "faces2017.weights.h5", terms="the authors'")
    assert same(weights.load(path), weights.load(file_2017))
    assert weights.describe(path)["terms"] == "the authors'"


@pytest.mark.parametrize("channels", ["BGR", "grey", "", None])
def test_unknown_channels_are_refused(good, channels):
    with pytest.raises(ValueError, match=r"`channels` must be one of rgb, bgr\. Received"):
        weights.load(good, channels=channels)


def test_bgr_permutes_our_files_too(good):
    sketch = np.random.default_rng(3).random((1, 16, 16, 1)).astype(np.float32)
    rgb, bgr = (ops.convert_to_numpy(weights.load(good, channels=name)(sketch)) for name in ("rgb", "bgr"))
    assert np.abs(rgb[..., 0] - rgb[..., 2]).min() > 1e-3
    np.testing.assert_allclose(bgr, rgb[..., ::-1], atol=1e-6)


@pytest.mark.parametrize("spoil", ["missing group", "missing array", "shape", "nan", "order", "names", "few", "link"])
def test_a_spoilt_authors_file_is_refused(tmp_path, file_2017, spoil):
    path = tmp_path / "authors"
    path.write_bytes(file_2017.read_bytes())
    with h5py.File(path, "r+") as file:
        names, group = list(file.attrs["layer_names"]), file["conv2d_10"]
        place = "conv2d_10/kernel:0"
        if spoil == "missing group":
            del file["conv2d_10"]
        elif spoil == "missing array":
            del group[place]
        elif spoil == "shape":
            kernel = group[place][()]
            del group[place]
            group[place] = kernel.reshape(9, 256, 256)
        elif spoil == "nan":
            group[place][1, 1, 5, 5] = np.nan
        elif spoil == "order":
            file.attrs["layer_names"] = np.array(names[::-1])
        elif spoil == "names":
            file.attrs["layer_names"] = 3
        elif spoil == "few":
            file.attrs["layer_names"] = np.array(names[:9])
        elif spoil == "link":
            file.move("conv2d_10/conv2d_10/kernel:0", "hidden")
            group[place] = h5py.SoftLink("/hidden")
    refused(path)


def test_kerass_vgg16_is_not_taken_for_a_generator(tmp_path):
    with h5py.File(tmp_path / "vgg16.h5", "w") as file:
        file.attrs["layer_names"] = np.array(["block1_conv1"], "S")
        layer = file.create_group("block1_conv1")
        layer.attrs["weight_names"] = np.array(["block1_conv1_W_1:0", "block1_conv1_b_1:0"], "S")
        layer["block1_conv1_W_1:0"] = np.zeros((3, 3, 3, 64), np.float32)
        layer["block1_conv1_b_1:0"] = np.zeros(5_000_000, np.float32)
    assert "sketchback2017" in refused(tmp_path / "vgg16.h5")


# Files that will not do


@pytest.mark.parametrize("letter", [b"", b"not weights, a letter\n", b"\x89HDF\r\n\x1a\n and no more", b"PK\x03\x04"])
def test_files_of_another_kind(tmp_path, letter):
    path = tmp_path / "a.weights.h5"
    path.write_bytes(letter)
    assert "whole HDF5 file" in refused(path)
    with pytest.raises(WeightsError, match=re.escape(str(path))):
        weights.describe(path)


@pytest.mark.parametrize("share", [0.01, 0.1, 0.5, 0.9, 0.999])
def test_files_that_break_off(good, share):
    whole = good.read_bytes()
    good.write_bytes(whole[: int(len(whole) * share)])
    assert "whole HDF5 file" in refused(good)


def test_bytes_that_changed_never_bring_anything_but_a_weights_error(tmp_path, good):
    rng = np.random.default_rng(0)
    path = tmp_path / "spoilt.weights.h5"
    for _ in range(16):
        spoilt = np.frombuffer(good.read_bytes(), np.uint8).copy()
        begin = int(rng.integers(len(spoilt) - 64))
        spoilt[begin : begin + 64] = rng.integers(0, 256, 64)
        path.write_bytes(spoilt.tobytes())
        try:
            generator = weights.load(path)
        except WeightsError as error:
            assert str(path) in str(error)
        else:  # only numbers or room between them were hit
            assert all(np.isfinite(array).all() for array in generator.get_weights())


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_numbers_that_are_not_finite(good, value):
    with h5py.File(good, "r+") as file:
        file["layers/conv2d_3/vars/1"][0] = value
    assert "NaN or infinity" in refused(good)


@pytest.mark.parametrize("kind", ["i4", "S4", "c8"])
def test_arrays_of_other_types(good, kind):
    with h5py.File(good, "r+") as file:
        shape = file["layers/conv2d/vars/1"].shape
        del file["layers/conv2d/vars/1"]
        file["layers/conv2d/vars/1"] = np.zeros(shape, kind)
    assert "floating-point" in refused(good)


def test_a_missing_array_is_named(good):
    with h5py.File(good, "r+") as file:
        file.move("layers/conv2d_2/vars/0", "layers/conv2d_2/vars/kernel")
    assert "layers/conv2d_2/vars/0" in refused(good)


def test_a_wrong_shape_is_named(good):
    with h5py.File(good, "r+") as file:
        kernel = file["layers/conv2d/vars/0"][()]
        del file["layers/conv2d/vars/0"]
        file["layers/conv2d/vars/0"] = kernel.transpose(3, 0, 1, 2)
    message = refused(good)
    assert "layers/conv2d/vars/0 must be (7, 7, 1, 2)" in message and "(2, 7, 7, 1)" in message


@pytest.mark.parametrize("name", ["pix2pix", "", "__import__('os')", "Scribbler", "5"])
def test_unknown_architectures(good, name):
    with h5py.File(good, "r+") as file:
        file.attrs["architecture"] = name
    assert "cannot be built" in refused(good)


@pytest.mark.parametrize("claimed", ["sketchback2017", "scribbler"])
def test_another_architecture_than_the_one_inside(tmp_path, claimed):
    path = saved(tmp_path)
    with h5py.File(path, "r+") as file:
        file.attrs["architecture"], file.attrs["arguments"] = claimed, "{}"
    assert "another architecture" in refused(path)


@pytest.mark.parametrize(
    "arguments",
    [
        "no JSON",
        "[1, 2]",
        "3",
        '"width"',
        "{",
        "[" * 30_000,
        '{"depth": 3}',
        '{"dtype": "float16"}',
        '{"architecture": "scribbler"}',
        '{"width": 1000000000}',
        '{"width": 64}',
        '{"width": 1}',
        '{"width": 0}',
        '{"width": 2.5}',
        '{"width": NaN}',
        '{"width": "2"}',
        '{"width": [2]}',
        '{"halvings": 100000000000}',
        '{"blocks": 1000000000}',
        '{"width": 2, "halvings": 2, "blocks": 2}',
        '{"width": 2, "halvings": 2}',
        '{"width": 2, "halvings": 2, "blocks": 1, "normalisation": "batch"}',
        '{"width": 2, "halvings": 2, "blocks": 1, "normalisation": ["batch"]}',
        '{"width": 2, "halvings": 2, "blocks": 1, "skips": false}',
    ],
)
def test_hostile_arguments(good, arguments):
    with h5py.File(good, "r+") as file:
        file.attrs["arguments"] = arguments
    refused(good)


@pytest.mark.parametrize("value", [3, 2.5, np.zeros(3), np.bytes_(b"\xff\xfe"), h5py.Empty("f")])
def test_hostile_attributes(good, value):
    with h5py.File(good, "r+") as file:
        file.attrs["architecture"] = value
    refused(good)


def test_bytes_serve_as_text(good):
    with h5py.File(good, "r+") as file:
        file.attrs["architecture"] = np.bytes_("scribbler")
    assert same(weights.load(good), original())


def hollow(path: Path) -> Path:
    """A small file that declares the arrays of a network of width 20,000 and holds none of them."""
    with h5py.File(path, "w") as file:
        file.attrs["architecture"], file.attrs["arguments"] = "scribbler", '{"width": 20000}'
        claimed = 3_800_000_000_000  # 15 TB in float32
        file.create_dataset("layers/conv2d/vars/0", (claimed,), "f4", chunks=(1024,))
    return path


def test_absurd_shapes_are_refused_before_memory_is_taken(tmp_path):
    path = hollow(tmp_path / "a.weights.h5")
    assert path.stat().st_size < 10_000
    assert "declares arrays of" in refused(path)


def test_a_shape_whose_size_overflows_is_refused(good):
    with h5py.File(good, "r+") as file:
        file.create_dataset("layers/extra", (2**40, 2**40), "f4", chunks=(64, 64))
    assert "declares arrays of" in refused(good)


def test_compressed_files_are_refused_with_the_way_out(good):
    with h5py.File(good, "r+") as file:
        file.create_dataset("layers/extra", data=np.zeros((1000, 1000)), compression="gzip")
    assert "h5repack" in refused(good)


@pytest.mark.parametrize("kind", ["external link", "soft link", "group link", "external data", "virtual"])
def test_nothing_is_read_from_elsewhere(tmp_path, good, kind):
    other = saved(tmp_path / "other", seed=5)
    place = "layers/conv2d/vars/0"
    with h5py.File(good, "r+") as file:
        shape = file[place].shape
        if kind == "group link":
            file.move("layers", "elsewhere")
            file["layers"] = h5py.SoftLink("/elsewhere")
        else:
            del file[place]
        if kind == "external link":
            file[place] = h5py.ExternalLink(str(other), place)
            file["layers/padding"] = np.zeros(shape, np.float32)  # so that the count fits
        elif kind == "soft link":
            file["layers/hidden"] = np.zeros(shape, np.float32)
            file[place] = h5py.SoftLink("/layers/hidden")
        elif kind == "external data":
            raw = tmp_path / "raw.bin"
            raw.write_bytes(bytes(4 * int(np.prod(shape))))
            file.create_dataset(place, shape, "f4", external=[(str(raw), 0, h5py.h5f.UNLIMITED)])
        elif kind == "virtual":
            layout = h5py.VirtualLayout(shape, "f4")
            layout[...] = h5py.VirtualSource(str(other), place, shape)
            file.create_virtual_dataset(place, layout)
    assert place.split("/")[0] in refused(good)


def test_weights_errors_are_value_errors():
    assert issubclass(WeightsError, ValueError)


# Weights that ship are known by their hash


def test_published_weights_are_the_file_that_is_listed(tmp_path, monkeypatch):
    path = saved(tmp_path)
    sums = weights.write_sums(tmp_path)
    assert sums.read_text() == f"{weights.sha256(path)}  {path.name}\n"  # as sha256sum -c reads it
    assert weights.read_sums(tmp_path) == {path.name: weights.sha256(path)}
    assert same(weights.load(path), original())
    monkeypatch.setenv(ENVIRONMENT, str(tmp_path))
    assert same(weights.load("faces"), original()) and weights.describe("faces") == weights.describe(path)
    damaged = bytearray(path.read_bytes())
    damaged[-1] ^= 1
    path.write_bytes(damaged)
    for act in (weights.load, weights.describe):
        for name in (path, "faces"):  # by its path too, as `train --weights` goes on from it
            with pytest.raises(
                WeightsError, match=r"must be the file that SHA256SUMS lists\. Received: .*faces.* SHA-256"
            ):
                act(name)
    other = saved(tmp_path, "mine", seed=3)  # what is not listed is read as anybody's
    assert same(weights.load(other), original(3))


def test_listed_weights_need_no_process_of_their_own(tmp_path, monkeypatch):
    path, other = saved(tmp_path), saved(tmp_path / "elsewhere")
    weights.write_sums(tmp_path)
    monkeypatch.setattr(sys, "executable", str(tmp_path / "no python"))
    assert same(weights.load(path), original())
    with pytest.raises(WeightsError, match="does not start"):
        weights.load(other)


def test_sums_of_other_tools_are_read(tmp_path):
    path = saved(tmp_path)
    text = f"# a comment\n\n{weights.sha256(path).upper()} *{path.name}\nnonsense\n"
    (tmp_path / weights.SUMS).write_text(text)
    assert weights.read_sums(tmp_path)[path.name] == weights.sha256(path)
    assert same(weights.load(path), original())
    assert weights.read_sums(tmp_path / "nowhere") == {}


def test_the_weights_of_the_checkout_are_those_listed():
    folder = Path(weights.__file__).parents[2] / "weights"
    if not (folder / weights.SUMS).is_file():
        pytest.skip("no checkout")
    listed = weights.read_sums(folder)
    assert set(listed) == {path.name for path in folder.glob(f"*{SUFFIX}")}
    assert all(weights.sha256(folder / name) == value for name, value in listed.items())


# Files made to do harm; test_hdf5.py has them kind by kind


@pytest.mark.parametrize("kind", ["links out of the file", "NaN, infinity", "truncated"])
def test_hostile_files_are_refused_in_one_line(tmp_path, kind):
    for number, make in enumerate(hostile.weights_by_hand(content())[kind]):
        path = tmp_path / f"{number}.weights.h5"
        make(path)
        message = refused(path)
        assert "\n" not in message and len(message) < 1000, (kind, number)


def test_a_long_answer_is_cut_short(good):
    with h5py.File(good, "r+") as file:
        file.attrs["architecture"] = "a" * 50_000
    assert len(refused(good)) < 1000


def test_mutated_files_load_or_are_refused_in_one_line(tmp_path):
    """A short form of benchmarks/fuzz.py."""
    good = hostile.good_weights(tmp_path)
    outcomes = set()
    for number in range(25):
        path = tmp_path / f"{number}.weights.h5"
        path.write_bytes(hostile.bad_weights(good, 1, number)[1])
        try:
            outcomes.add(type(weights.load(path)).__name__)
        except ValueError as error:
            assert "\n" not in str(error) and str(path) in str(error)
            outcomes.add("refused")
    assert outcomes == {"Functional", "refused"}
