"""Formats that other runtimes read: how each is written, completed, and run to compare it with Keras."""

from __future__ import annotations

import contextlib
import dataclasses
import importlib.util
import io
import json
import re
import tempfile
import warnings
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from sketchback import __version__, console, images, sketching, weights
from sketchback.atomic import is_replaceable, replacing_folder
from sketchback.datasets import builtin
from sketchback.extras import install
from sketchback.inference import padding, pipeline
from sketchback.inference.onnx_files import halve
from sketchback.inference.runtime import TOLERANCE

if TYPE_CHECKING:
    import keras

Inputs = dict[str, np.ndarray]  # of a graph, by name
SIZES = ((64, 64), (33, 47), (96, 80), (16, 128))  # what a file of any size is tried with
FACTS = "sketchback.json"  # what a SavedModel or LiteRT file says of itself, inside it


@dataclasses.dataclass(frozen=True)
class Format:
    """How a format is written: Keras's name for it, the suffix, what must be installed; how it is completed and run."""

    keras: str
    suffix: str
    needs: tuple[str, ...]
    complete: Callable[[Path, dict[str, str]], None]
    run: Callable[[Path, Inputs], np.ndarray]
    any_size: bool = True


LONGEST = 200  # characters of another library's error


# ---- what Keras's writers leave to us


def _complete_onnx(path: Path, facts: dict[str, str]) -> None:
    """Gives the output and the axes their names, and writes the facts into the file."""
    import onnx
    from onnx import helper

    model = onnx.load(path)
    graph = model.graph
    graph.node.append(helper.make_node("Identity", [graph.output[0].name], [facts["gives"]]))
    graph.output[0].name = facts["gives"]
    for value in (*graph.input, *graph.output):
        axes = ("batch", f"{value.name}_height", f"{value.name}_width")
        for axis, side in zip(axes, value.type.tensor_type.shape.dim, strict=False):
            if not side.dim_value:  # any size; named by the converter as it likes
                side.dim_param = axis
    helper.set_model_props(model, facts)
    onnx.checker.check_model(model)
    onnx.save(model, path)


def _halve_onnx(path: Path) -> None:
    import onnx

    model = onnx.load(path)
    halve(model)
    onnx.checker.check_model(model)
    onnx.save(model, path)


def _complete_openvino(path: Path, facts: dict[str, str]) -> None:
    import openvino

    model = openvino.Core().read_model(path)
    for name, value in facts.items():
        model.set_rt_info(value, ["sketchback", name])
    again = path.with_name(f"again-{path.name}")
    openvino.save_model(model, again, compress_to_fp16=False)
    del model  # it holds the old files open
    for suffix in (".xml", ".bin"):
        again.with_suffix(suffix).replace(path.with_suffix(suffix))


def _complete_saved_model(path: Path, facts: dict[str, str]) -> None:
    # Where TensorFlow leaves room for what is not its own.
    (path / "assets.extra").mkdir(exist_ok=True)
    (path / "assets.extra" / FACTS).write_text(_text(facts), encoding="utf-8")


def _complete_litert(path: Path, facts: dict[str, str]) -> None:
    # LiteRT's own way for what belongs to a model: a ZIP file after the graph, `unzip -p faces.tflite`.
    with zipfile.ZipFile(path, "a") as file:
        file.writestr(zipfile.ZipInfo(FACTS), _text(facts))


def _text(facts: dict[str, str]) -> str:
    return json.dumps(facts, indent=2) + "\n"


# ---- running what was written


def _run_onnx(path: Path, inputs: Inputs) -> np.ndarray:
    import onnxruntime

    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    return session.run(None, inputs)[0]


def _run_openvino(path: Path, inputs: Inputs) -> np.ndarray:
    import openvino

    # On CPUs that can, it would compute in bfloat16.
    return openvino.Core().compile_model(path, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})(list(inputs.values()))[0]


def _run_saved_model(path: Path, inputs: Inputs) -> np.ndarray:
    import tensorflow as tf

    loaded = tf.saved_model.load(str(path))  # its variables live as long as it does
    given = list(inputs.values())
    return loaded.serve(given if len(given) > 1 else given[0]).numpy()


def _run_litert(path: Path, inputs: Inputs) -> np.ndarray:
    import tensorflow as tf

    interpreter = tf.lite.Interpreter(str(path))
    interpreter.allocate_tensors()
    made = []
    for number in range(len(next(iter(inputs.values())))):
        for detail in interpreter.get_input_details():
            (name,) = (name for name in inputs if f"_{name}:" in detail["name"])
            interpreter.set_tensor(detail["index"], inputs[name][number : number + 1])
        interpreter.invoke()
        made.append(interpreter.get_tensor(interpreter.get_output_details()[0]["index"])[0])
    return np.stack(made)


def compare(generator: keras.Model, run: Callable[[Inputs], np.ndarray], size: tuple[int, int] | None) -> float:
    """The largest difference to Keras, on noise and, where it takes sketches, on sketches.

    Args:
        generator: From `weights.load`.
        run: Runs what was written; its inputs are batches of two in float32, by the names in `generator.takes`.
        size: `(height, width)`, the one that the graph knows; None tries several.

    Returns:
        The largest absolute difference of a value, of photographs in [0, 1]; NaN where a graph gives NaN.

    Raises:
        ValueError: What `run` gives has another shape. Whatever `run` raises is passed on.
    """
    rng = np.random.default_rng(0)
    largest = 0.0
    for number, one in enumerate(SIZES if size is None else (size,)):
        shapes = padding.shapes(generator, one)
        given = {name: rng.random((2, *shape[1:]), np.float32) for name, shape in shapes.items()}
        if "sketch" in given:
            drawn = sketching.pencil(builtin.face(number, (max(one[0], 32), max(one[1], 32))))
            given["sketch"][1] = images.resize(drawn, shapes["sketch"][1:3])
        inputs = padding.pad_inputs(generator, list(given.values()))
        expected = generator.predict_on_batch(inputs if len(inputs) > 1 else inputs[0])
        rows, columns = max(shape[1:3] for shape in shapes.values() if len(shape) == 4)
        difference = np.abs(expected[:, :rows, :columns] - run(given)).max()
        largest = float(np.maximum(largest, difference))  # which keeps NaN
    return largest


FORMATS = {
    "onnx": Format("onnx", ".onnx", ("onnx", "tf2onnx", "onnxruntime"), _complete_onnx, _run_onnx),
    "openvino": Format("openvino", ".xml", ("openvino",), _complete_openvino, _run_openvino),
    "saved_model": Format("tf_saved_model", "_saved_model", (), _complete_saved_model, _run_saved_model),
    "litert": Format("litert", ".tflite", (), _complete_litert, _run_litert, any_size=False),
}


# ---- writing


def check(format: str, half: bool = False) -> Format:
    """Returns a format that can be written here.

    Raises:
        ValueError: There is no such format, or `half` is not offered there.
        ImportError: A package that writes or runs it is not installed.
    """
    if format not in FORMATS:
        raise ValueError(f"`format` must be one of {', '.join(FORMATS)}. Received: {format!r}.")
    if half and format != "onnx":
        raise ValueError(f"`half` is for ONNX. Received: format={format!r}. Leave it out.")
    missing = [package for package in FORMATS[format].needs if importlib.util.find_spec(package) is None]
    if missing:
        raise ImportError(
            f"Format {format} needs {', '.join(missing)}. Received: no such package. "
            f"Install with `{install('export')}`."
        )
    return FORMATS[format]


def describe(generator: keras.Model, path: Path, size: tuple[int, int] | None = None) -> dict[str, str]:
    """What a written file says of itself: what the `.h5` says, and what a user of the graph must know."""
    facts = {name: value if isinstance(value, str) else json.dumps(value) for name, value in generator.facts.items()}
    return facts | {
        "sha256": weights.sha256(path),
        "stride": str(generator.stride),
        "takes": ",".join(generator.takes),
        "gives": generator.output_names[0],
        "working": "x".join(map(str, pipeline.working_size(generator))),
        "size": "any" if size is None else "x".join(map(str, size)),
        "sketchback": __version__,
    }


def write(
    generator: keras.Model,
    out: Path,
    how: Format,
    facts: dict[str, str],
    *,
    size: tuple[int, int] | None = None,
    half: bool = False,
) -> float:
    """Writes a generator in a format, and compares it with Keras before it is kept.

    Args:
        generator: From `weights.load`.
        out: The file or folder.
        how: From `check`.
        facts: From `describe`.
        size: The one size that the graph knows; None for any.
        half: Store weights as 16-bit floats, in ONNX.

    Returns:
        The largest difference to Keras's photographs.

    Raises:
        ValueError: It cannot be written or run, or differs from Keras.
        OSError: It cannot be written there.
    """
    whole = padding.of_any_size(generator) if size is None else padding.of_one_size(generator, size)
    with replacing_folder(out) as temporary:
        with quietly():
            given = [np.zeros(shape, np.float32) for shape in padding.shapes(generator, size or SIZES[0]).values()]
            whole(given if len(given) > 1 else given[0])  # Keras exports what has been called before
            whole.export(str(temporary), format=how.keras, verbose=False)
            how.complete(temporary, facts)
            if half:
                _halve_onnx(temporary)
            difference = compare(generator, lambda inputs: how.run(temporary, inputs), size)
        # Written as a negation, so that NaN is refused too.
        if not difference <= TOLERANCE:
            raise ValueError(
                f"An exported graph must give Keras's photographs within 1/255. Received: {difference:.2g} for "
                f"{out}, which was not kept. Update the packages of the export extra."
            )
    return difference


def check_place(out: Path, how: Format) -> None:
    """Raises `ValueError` where what is written would take the place of something else."""
    if how.suffix.startswith("."):
        if out.is_dir():
            raise ValueError(f"A file cannot take a folder's place. Received: the folder {out}. Rename it.")
    elif not is_replaceable(out, "saved_model.pb"):
        raise ValueError(
            f"A SavedModel may take the place of an empty folder or of another one. Received: {out}, which is "
            "something else. Name a new folder."
        )


@contextlib.contextmanager
def quietly() -> Iterator[None]:
    """Keeps back what writers and runtimes print past every log level, and their warnings of each other.

    The end of what they print is shown where they fail.

    Raises:
        ValueError: They failed.
        OSError: The place failed them.
    """
    with tempfile.TemporaryFile() as notes:
        try:
            with console.diverted(notes.fileno(), 1, 2), contextlib.redirect_stdout(io.StringIO()):
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore")
                    yield
        except OSError:  # a full disk has another way out
            raise
        except Exception as error:
            notes.seek(0)
            said = notes.read().decode(errors="replace").strip().splitlines()
            raise ValueError(
                f"A graph must be written and run without an error. Received: {_plain(error)} "
                f"({said[-1] if said else 'nothing else was said'}). Give another `size`, or take another format."
            ) from error


def _plain(error: Exception) -> str:
    """The first sentences of an error, without the colours that Keras gives them."""
    text = re.sub(r"\x1b\[\d*m", "", console.one_line(error))
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}..."


def length(path: Path) -> int:
    """How many bytes were written: a file, both files of OpenVINO (`.xml` and `.bin`), or all files of a folder."""
    weights_too = [path.with_suffix(".bin")] if path.suffix == ".xml" else []
    files = path.rglob("*") if path.is_dir() else [path, *weights_too]
    return sum(file.stat().st_size for file in files if file.is_file())
