"""Graphs without weights: that those which ship fit today's models, that they compute what Keras computes, and that
neither an old nor a damaged one is ever used."""

from __future__ import annotations

import dataclasses
import os
import shutil
import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import onnx
import pytest

from sketchback import images, models, sketching
from sketchback.datasets import builtin
from sketchback.inference import graphs, padding
from sketchback.inference.runtime import LightGenerator

SIZES = [(64, 64), (33, 47), (16, 128)]
REMAKE = 'Make them anew: python -c "from sketchback.inference import graphs; graphs.ship()"'


def randomised(generator: keras.Model, seed: int = 0) -> keras.Model:
    """With weights everywhere, such that signals neither die nor explode; statistics and gains are positive."""
    rng = np.random.default_rng(seed)
    for layer in generator.layers:
        shapes = [array.shape for array in layer.get_weights()]
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.set_weights([rng.uniform(0.5, 1.0, shape) for shape in shapes])
        elif shapes:
            # A quarter of He's variance: residual sums grow.
            scales = [np.sqrt(0.5 / np.prod(shape[:-1])) if len(shape) == 4 else 0.1 for shape in shapes]
            layer.set_weights([rng.normal(0, scale, shape) for scale, shape in zip(scales, shapes, strict=True)])
    last = generator.layers[-1]
    last.set_weights([4 * array for array in last.get_weights()])
    return generator


def light(generator: keras.Model, found: graphs.Graph) -> LightGenerator:
    return LightGenerator(found, generator.get_weights(), {})


def agree(generator: keras.Model, found: graphs.Graph, sizes: list[tuple[int, int]]) -> None:
    """The same picture to 1/255 of noise and of a sketch, in a picture that is not all one colour."""
    other, rng = light(generator, found), np.random.default_rng(0)
    for number, size in enumerate(sizes):
        given = {
            name: rng.random((2, *shape[1:]), np.float32) for name, shape in padding.shapes(generator, size).items()
        }
        if "sketch" in given:
            drawn = sketching.pencil(builtin.face(number, tuple(max(side, 32) for side in size)))
            given["sketch"][1] = images.resize(drawn, given["sketch"].shape[1:3])
        inputs = padding.pad_inputs(generator, list(given.values()))
        expected = generator.predict_on_batch(inputs)
        assert expected.std() > 0.02
        np.testing.assert_allclose(other.predict_on_batch(inputs), expected, rtol=0, atol=1 / 255)


SHIPPED = {**{name: {} for name in models.ARCHITECTURES}, **graphs.VARIANTS}


@pytest.mark.slow
@pytest.mark.parametrize("name", SHIPPED)
def test_what_ships_fits_the_models_of_today(name: str) -> None:
    architecture, arguments = name.partition("-")[0], SHIPPED[name]
    generator = models.build(architecture, **arguments)
    shipped, made = graphs.find(architecture, arguments), graphs.make(generator)
    assert shipped is not None, REMAKE
    assert dataclasses.replace(shipped, model=b"") == dataclasses.replace(made, model=b""), REMAKE
    assert onnx.load_from_string(shipped.model) == onnx.load_from_string(made.model), REMAKE
    assert shipped.parameters == generator.count_params()
    agree(randomised(generator), shipped, SIZES)


def test_what_ships_is_small_and_well_formed() -> None:
    assert {path.stem for path in graphs.SHIPPED.glob("*.onnx")} == set(SHIPPED), REMAKE
    for path in graphs.SHIPPED.glob("*.onnx"):
        assert path.stat().st_size < 60_000
        model = onnx.load(path, load_external_data=False)
        assert {opset.version for opset in model.opset_import} == {graphs.OPSET}
        inside = {tensor.name for tensor in model.graph.initializer if len(tensor.external_data)}
        graph = graphs.read(path.with_suffix(".json"))
        assert inside == set(graph.arrays)
        assert tuple(one.name for one in model.graph.input) == graph.takes


@pytest.mark.parametrize(
    ("architecture", "arguments"),
    [
        ("scribbler", {"width": 4, "halvings": 1, "skips": False, "blocks": 0}),
        ("scribbler", {"width": 4, "halvings": 3, "skips": False, "normalisation": "batch", "blocks": 2}),
        ("scribbler", {"width": 3, "normalisation": "batch"}),
        ("scribbler", {"width": 3, "tone": True}),
        ("unet_resnet", {"width": 2}),
        ("artist", {"width": 2, "blocks": 1}),
    ],
    ids=str,
)
def test_every_option_gives_what_keras_gives(architecture: str, arguments: dict[str, object]) -> None:
    generator = randomised(models.build(architecture, **arguments), 1)
    agree(generator, graphs.make(generator), [(33, 47)])


def test_the_order_of_arrays_matters() -> None:
    """The comparison above would see two arrays that changed places."""
    generator = randomised(models.build("scribbler", width=4, halvings=1, blocks=1), 1)
    made = graphs.make(generator)
    names = list(made.arrays)
    same = [name for name in names if made.arrays[name] == made.arrays["layers/conv2d_2/vars/0"]]
    swap = {same[0]: same[1], same[1]: same[0]}
    swapped = dataclasses.replace(made, arrays={swap.get(name, name): made.arrays[name] for name in names})
    with pytest.raises(AssertionError):
        agree(generator, swapped, [(32, 32)])


@pytest.mark.parametrize(
    "layer",
    [
        keras.layers.Conv2D(3, 3, dilation_rate=2, padding="same"),
        keras.layers.Conv2DTranspose(3, 3, 2),
        keras.layers.Conv2D(3, 3, activation="gelu"),
        keras.layers.UpSampling2D(interpolation="bilinear"),
        keras.layers.ReLU(max_value=6.0),
    ],
    ids=lambda layer: layer.name,
)
def test_what_is_not_known_is_refused(layer: keras.Layer) -> None:
    sketch = keras.Input((None, None, 1))
    generator = keras.Model(sketch, layer(sketch))
    generator.architecture, generator.arguments, generator.takes = "other", {}, ("sketch",)
    with pytest.raises(ValueError, match="A layer must .* Received: "):
        graphs.make(generator)


# Where they are found


@pytest.fixture
def cache(tmp_path: Path, monkeypatch) -> Path:
    monkeypatch.setenv(graphs.ENVIRONMENT, str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture(scope="module")
def small() -> graphs.Graph:
    return graphs.make(models.build("scribbler", width=2, halvings=1, blocks=0))


def test_defaults_ship_however_they_are_stated() -> None:
    for arguments in ({}, {"width": 32}, models.complete("scribbler", {}) | {"halvings": 4}):
        arguments.pop("dtype", None)
        assert graphs.find("scribbler", arguments).takes == ("sketch",)
    assert graphs.find("scribbler", {"tone": True}).takes == ("sketch", "tone")


@pytest.mark.parametrize(
    "arguments", [{"width": 16}, {"width": 32.0}, {"skips": 1}, {"tone": 1}, {"depth": 3}], ids=str
)
def test_other_arguments_do_not_ship(cache: Path, arguments: dict[str, object]) -> None:
    assert graphs.find("scribbler", arguments) is None


def test_what_was_kept_is_found_by_its_arguments(cache: Path, small: graphs.Graph) -> None:
    graphs.keep(small, {"width": 2})
    assert graphs.find("scribbler", {"width": 2}) == small
    assert graphs.find("scribbler", {"width": 3}) is None and graphs.find("unet_resnet", {"width": 2}) is None
    assert len(list(cache.rglob("*.*"))) == 2  # and nothing else lies there


@pytest.mark.parametrize("suffix", [".json", ".onnx"])
def test_a_damaged_one_is_none(cache: Path, small: graphs.Graph, suffix: str) -> None:
    graphs.keep(small, {})
    (path,) = cache.rglob("*.json")
    path = path.with_suffix(suffix)
    whole = path.read_bytes()
    middle = len(whole) // 2
    for spoilt in (b"", whole[:middle], whole[:middle] + bytes([whole[middle] ^ 1]) + whole[middle + 1 :], b"[1]"):
        path.write_bytes(spoilt)
        assert graphs.find("other", {}) is None and graphs.read(path.with_suffix(".json")) is None
    path.unlink()
    assert graphs.read(path.with_suffix(".json")) is None


def test_a_cache_that_cannot_be_written_is_no_error(tmp_path: Path, monkeypatch, small: graphs.Graph) -> None:
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv(graphs.ENVIRONMENT, str(tmp_path / "file"))
    graphs.keep(small, {"width": 2})
    assert graphs.find("scribbler", {"width": 2}) is None


def test_a_name_from_a_file_leads_nowhere_else(cache: Path, tmp_path: Path, small: graphs.Graph) -> None:
    names = ("../scribbler", "../../out", "/etc/passwd", "a" * 5000, "sc*ibbler", "scribbler-tone", "\0", "\udc80")
    for name in names:
        assert graphs.find(name, {}) is None
        graphs.keep(dataclasses.replace(small, architecture=name), {})
    assert {path.parent for path in tmp_path.rglob("*.json")} == {cache / "graphs"}


@pytest.mark.parametrize("changed", [*graphs.SOURCES[:3], "models/scribbler.py", "models/artist.py"])
def test_graphs_that_other_code_made_are_not_found(tmp_path: Path, changed: str) -> None:
    shutil.copytree(graphs.PACKAGE, tmp_path / "sketchback", ignore=shutil.ignore_patterns("__pycache__", "static"))
    (tmp_path / "cache").mkdir()
    environment = {**os.environ, graphs.ENVIRONMENT: str(tmp_path / "cache")}

    def run(code: str) -> str:
        code = f"from sketchback.inference import graphs; {code}"
        given = {"cwd": tmp_path, "env": environment, "text": True}
        return subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, **given).stdout.strip()

    find = "print(graphs.find('scribbler', {'width': 2}) is not None)"
    run("graphs.keep(graphs.read(graphs.SHIPPED / 'scribbler.json'), {'width': 2})")
    assert run(find) == "True"
    with (tmp_path / "sketchback" / changed).open("a") as file:
        file.write("# changed\n")
    assert run(find) == "False"
