"""Exported graphs: the same photographs in other runtimes, whole or not at all, and they say what they are."""

from __future__ import annotations

import dataclasses
import json
import zipfile
from pathlib import Path

import numpy as np
import pytest

from sketchback import images, models, sketching, weights
from sketchback.datasets import builtin
from sketchback.export import export
from sketchback.inference import exporters, pipeline

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def small(tmp_path_factory) -> Path:
    """Weights of a narrow generator with batch normalisation, whose statistics are not those of a new layer."""
    generator = models.build("scribbler", width=4, halvings=3, blocks=1, normalisation="batch")
    rng = np.random.default_rng(0)
    # Small scales keep an untrained network's output from swinging between black and white.
    ranges = {"gamma": (0.2, 0.5), "beta": (-0.2, 0.2), "moving_mean": (-0.2, 0.2), "moving_variance": (0.5, 1.5)}
    for variable in generator.weights:
        if variable.name in ranges:
            variable.assign(rng.uniform(*ranges[variable.name], variable.shape))
    path = tmp_path_factory.mktemp("weights") / "small.weights.h5"
    recipe = json.dumps({"name": "toy", "size": [48, 40]})
    return weights.save(generator, path, recipe=recipe, data=["drawn"], terms="none")


@pytest.fixture(scope="module")
def graph(small, tmp_path_factory) -> Path:
    for package in exporters.FORMATS["onnx"].needs:
        pytest.importorskip(package, reason="needs the export extra")
    return export(small, tmp_path_factory.mktemp("graphs") / "small.onnx", half=True)


@pytest.fixture(scope="module")
def sketches() -> np.ndarray:
    """Two sketches `(2, 45, 70, 1)`, on both sides no multiple of the stride."""
    return np.stack([sketching.pencil(builtin.face(seed, (45, 70))) for seed in (1, 2)])


def test_onnx_gives_the_photographs_of_keras_at_any_size(small, graph, sketches):
    import onnxruntime

    session = onnxruntime.InferenceSession(graph, providers=["CPUExecutionProvider"])
    assert [one.name for one in session.get_inputs()] == ["sketch"]
    generator = weights.load(small)
    for batch in (sketches, sketches[:1, :16, :17], sketches[:, :40, :64]):
        expected = pipeline.predict(generator, batch, batch.shape[1:3])
        (photos,) = session.run(["photo"], {"sketch": batch})
        assert photos.shape == expected.shape and photos.dtype == np.float32
        np.testing.assert_allclose(photos, expected, rtol=0, atol=1 / 255)


def test_onnx_says_what_it_is_and_has_no_normalisation_left(small, graph):
    import onnx

    model = onnx.load(graph)
    (given,), (made,) = model.graph.input, model.graph.output
    for value in (given, made):
        sides = [side.dim_param or side.dim_value for side in value.type.tensor_type.shape.dim]
        assert sides[:3] == ["batch", f"{value.name}_height", f"{value.name}_width"]
    facts = {entry.key: entry.value for entry in model.metadata_props}
    assert facts["sha256"] == weights.sha256(small) and facts["architecture"] == "scribbler"
    assert (facts["stride"], facts["working"], facts["size"]) == ("8", "48x40", "any")
    assert json.loads(facts["recipe"])["name"] == "toy"
    assert "BatchNormalization" not in {node.op_type for node in model.graph.node}


def test_half_precision_halves_the_file(small, graph, tmp_path):
    whole = export(small, tmp_path / "whole.onnx")
    constants = models.build("scribbler", width=4, halvings=3, blocks=1, normalisation="batch").count_params()
    saved = whole.stat().st_size - graph.stat().st_size
    assert 0.8 * 2 * constants < saved < 2 * constants


def inside(format: str, written: Path) -> dict[str, str]:
    """What a file says of itself, read as others would."""
    if format == "openvino":
        import openvino

        model = openvino.Core().read_model(written)
        return {name: model.get_rt_info(["sketchback", name]).value for name in ("sha256", "working", "recipe")}
    if format == "saved_model":
        return json.loads((written / "assets.extra" / "sketchback.json").read_text(encoding="utf-8"))
    with zipfile.ZipFile(written) as file:
        return json.loads(file.read("sketchback.json"))


@pytest.mark.parametrize("format", ["openvino", "saved_model", "litert"])
def test_other_formats_write_a_file_that_says_what_it_is(format, small, tmp_path, caplog):
    how = exporters.FORMATS[format]
    for package in how.needs:
        pytest.importorskip(package, reason="needs the export extra")
    with caplog.at_level("INFO", "sketchback"):
        written = export(small, tmp_path / f"small{how.suffix}", format=format, size=None if how.any_size else (40, 44))
    assert "away from Keras" in caplog.text
    size = (33, 50) if how.any_size else (40, 44)
    sketch = sketching.pencil(builtin.face(3, (64, 64)))
    sketch = images.resize(sketch, size)[np.newaxis]
    expected = pipeline.predict(weights.load(small), sketch, size)
    with exporters.quietly():
        np.testing.assert_allclose(how.run(written, {"sketch": sketch}), expected, rtol=0, atol=1 / 255)
    facts = inside(format, written)
    assert facts["sha256"] == weights.sha256(small) and facts["working"] == "48x40"
    assert json.loads(facts["recipe"])["name"] == "toy"
    parts = {"openvino": ["small.bin", "small.xml"]}.get(format, [written.name])
    assert sorted(path.name for path in tmp_path.iterdir()) == parts  # nothing else, nothing beside it


def test_a_graph_that_differs_is_not_kept(small, tmp_path, monkeypatch):
    before = tmp_path / "small.tflite"
    before.write_bytes(b"what was there")
    monkeypatch.setattr(exporters, "TOLERANCE", -1.0)
    with pytest.raises(ValueError, match=r"within 1/255\. Received: "):
        export(small, before, format="litert", size=(16, 16))
    assert [path.name for path in tmp_path.iterdir()] == ["small.tflite"] and before.read_bytes() == b"what was there"


def test_what_a_writer_says_is_one_sentence_with_a_way_out(small, tmp_path, monkeypatch):
    def fail(*_: object) -> None:
        raise RuntimeError("\x1b[1mNo such operator\x1b[0m " + 300 * "x")

    monkeypatch.setitem(exporters.FORMATS, "onnx", dataclasses.replace(exporters.FORMATS["onnx"], complete=fail))
    words = (
        r"without an error. Received: No such operator x+\.\.\. \(.*\)\. Give another `size`, or take another format\.$"
    )
    with pytest.raises(ValueError, match=words):
        export(small, tmp_path / "small.onnx", format="onnx")
    assert not list(tmp_path.iterdir())


def test_a_missing_package_is_named(small, monkeypatch):
    how = dataclasses.replace(exporters.FORMATS["onnx"], needs=("no_such_package",))
    monkeypatch.setitem(exporters.FORMATS, "onnx", how)
    with pytest.raises(ImportError, match=r"needs no_such_package\. Received: no such package\. Install with "):
        export(small)


def test_a_graph_that_gives_nan_is_no_equal(small):
    difference = exporters.compare(
        weights.load(small), lambda given: np.full((*given["sketch"].shape[:3], 3), np.nan), (16, 16)
    )
    assert np.isnan(difference)
