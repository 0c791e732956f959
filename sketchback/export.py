"""A generator as one file for other runtimes: ONNX, OpenVINO, SavedModel, LiteRT.

The file takes a sketch of any size and gives a photograph of the same size: padding and cropping are inside, batch
normalisation is folded into the convolutions. It is compared with Keras before it is kept.
"""

from __future__ import annotations

import argparse
import contextlib
import dataclasses
import importlib.util
import io
import json
import logging
import os
import shutil
import tempfile
import zipfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from sketchback import __version__, console, images, sketching, weights
from sketchback.datasets import builtin
from sketchback.inference import pipeline

if TYPE_CHECKING:
    import keras

TOLERANCE = 1 / 255  # of the photograph: one step of an 8-bit picture
SIZES = ((64, 64), (33, 47), (96, 80), (16, 128))  # what a file of any size is tried with
FIXED = (128, 128)  # of formats that know one size
FACTS = "sketchback.json"  # what a SavedModel or LiteRT file says of itself, inside it

logger = logging.getLogger(__name__)


@dataclasses.dataclass(frozen=True)
class Format:
    """How a format is written: Keras's name for it, the suffix, what must be installed, and how it is run."""

    keras: str
    suffix: str
    needs: tuple[str, ...]
    run: Callable[[Path, np.ndarray], np.ndarray]
    any_size: bool = True


def export(
    name: str | Path,
    out: str | Path | None = None,
    format: str = "onnx",
    size: Sequence[int] | None = None,
    half: bool = False,
) -> Path:
    """Writes a generator for another runtime, and compares both.

    The graph takes sketches `(B, H, W, 1)` float32 in [0, 1] with white paper = 1, and gives photographs
    `(B, H, W, 3)` float32 RGB in [0, 1]; its input is called `sketch`. It says of itself what the `.h5` says, the
    SHA-256 of the `.h5`, and `working`, the size that sketches should be brought to (see `pipeline.predict`): in the
    metadata of ONNX, the runtime information of OpenVINO, `assets.extra/sketchback.json` of a SavedModel, and
    `sketchback.json` of the ZIP file at the end of a LiteRT file.

    Args:
        name: Weights, a name or a file.
        out: The file to write (a folder for SavedModel); by default the name with the format's suffix, here.
        format: A name in `FORMATS`.
        size: `(height, width)`: the graph knows this one size. Formats that cannot do otherwise take 128 x 128.
        half: Store ONNX weights as 16-bit floats, at half the length; they are computed with in 32 bits.

    Returns:
        What was written.

    Raises:
        ValueError: `format` is unknown, `half` is not offered there, or the result differs from Keras's.
        ImportError: A package that writes or runs the format is not installed.
        OSError: It cannot be written there.
    """
    if format not in FORMATS:
        raise ValueError(f"`format` must be one of {', '.join(FORMATS)}. Received: {format!r}.")
    how = FORMATS[format]
    if half and format != "onnx":
        raise ValueError(f"`half` is for ONNX. Received: format={format!r}. Leave it out.")
    missing = [package for package in how.needs if importlib.util.find_spec(package) is None]
    if missing:
        raise ImportError(
            f"Format {format} needs {', '.join(missing)}. Received: no such package. "
            'Install with `pip install -e ".[export]"`.'
        )
    path = weights.find(name)
    size = images.check_size(size) if size is not None else None if how.any_size else FIXED
    out = Path(out) if out is not None else Path(path.name.removesuffix(weights.SUFFIX) + how.suffix)
    if how.suffix.startswith(".") and out.suffix != how.suffix:
        raise ValueError(f"A file of format {format} must end in {how.suffix}. Received: {out}. Rename it.")
    generator = weights.load(path)
    facts = _facts(generator, path, size)
    whole = _any_size(generator) if size is None else _one_size(generator, size)
    with _replacing(out, how) as temporary:
        with _quietly():
            whole(np.zeros((1, *(size or SIZES[0]), 1), np.float32))  # Keras exports what has been called before
            whole.export(str(temporary), format=how.keras, verbose=False)
        if format == "onnx":
            _complete_onnx(temporary, facts, half)
        else:
            COMPLETE[format](temporary, facts)
        with _quietly():
            difference = _compare(generator, lambda sketches: how.run(temporary, sketches), size)
        # Written as a negation, so that NaN is refused too.
        if not difference <= TOLERANCE:
            raise ValueError(
                f"An exported graph must give Keras's photographs within 1/255. Received: {difference:.2g} for "
                f"{out}, which was not kept. Update the packages of the export extra."
            )
    logger.info("%s (%.1f MB): at most %.2g away from Keras", out, _length(out) / 1e6, difference)
    return out


def _facts(generator: keras.Model, path: Path, size: tuple[int, int] | None) -> dict[str, str]:
    facts = {name: value if isinstance(value, str) else json.dumps(value) for name, value in generator.facts.items()}
    return facts | {
        "sha256": weights.sha256(path),
        "stride": str(generator.stride),
        "working": "x".join(map(str, pipeline.working_size(generator))),
        "size": "any" if size is None else "x".join(map(str, size)),
        "sketchback": __version__,
    }


def _any_size(generator: keras.Model) -> keras.Model:
    """The generator with reflection to a multiple of its stride before it, and cropping after it."""
    import keras
    from keras import layers, ops

    class Reflect(layers.Layer):
        def __init__(self, multiple: int):
            super().__init__()
            self.multiple = multiple

        def call(self, sketch):  # (B, H, W, 1) -> (B, H', W', 1)
            for axis in (1, 2):
                side = ops.shape(sketch)[axis]
                # ONNX's remainder of a negative number is negative: both stay positive here.
                place = ops.arange(side + (self.multiple - side % self.multiple) % self.multiple)
                sketch = ops.take(sketch, ops.where(place < side, place, 2 * side - 2 - place), axis=axis)
            return sketch

        def compute_output_shape(self, shape):
            return (shape[0], None, None, shape[3])

    class CropLike(layers.Layer):
        def call(self, pictures):
            photo, sketch = pictures
            return photo[:, : ops.shape(sketch)[1], : ops.shape(sketch)[2]]

        def compute_output_shape(self, shapes):
            return (*shapes[1][:3], shapes[0][3])

    sketch = keras.Input((None, None, 1), name="sketch")
    photo = generator(Reflect(generator.stride)(sketch), training=False)
    return keras.Model(sketch, CropLike(name="photo")([photo, sketch]), name=generator.name)


def _one_size(generator: keras.Model, size: tuple[int, int]) -> keras.Model:
    """The same for one picture of one size, with constants that every runtime knows how to handle."""
    import keras
    from keras import layers, ops

    class Constant(layers.Layer):
        def call(self, sketch):
            stride = generator.stride
            bottom, right = -size[0] % stride, -size[1] % stride
            if bottom or right:
                sketch = ops.pad(sketch, ((0, 0), (0, bottom), (0, right), (0, 0)), mode="reflect")
            return generator(sketch, training=False)[:, : size[0], : size[1]]

    sketch = keras.Input((*size, 1), batch_size=1, name="sketch")
    return keras.Model(sketch, Constant(name="photo")(sketch), name=generator.name)


# ---- what the writers leave to us


def _complete_onnx(path: Path, facts: dict[str, str], half: bool) -> None:
    """Gives the output its name, writes the facts into the file, and halves its weights."""
    import onnx
    from onnx import TensorProto, helper, numpy_helper

    model = onnx.load(path)
    graph = model.graph
    graph.node.append(helper.make_node("Identity", [graph.output[0].name], ["photo"]))
    graph.output[0].name = "photo"
    helper.set_model_props(model, facts)
    if half:
        casts = []
        for tensor in graph.initializer:
            values = numpy_helper.to_array(tensor)
            if values.dtype == np.float32 and values.size >= 256:
                name = tensor.name
                tensor.CopyFrom(numpy_helper.from_array(values.astype(np.float16), f"{name}/half"))
                casts.append(helper.make_node("Cast", [f"{name}/half"], [name], to=TensorProto.FLOAT))
        nodes = [*casts, *graph.node]  # in the order in which they are computed
        del graph.node[:]
        graph.node.extend(nodes)
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


COMPLETE = {"openvino": _complete_openvino, "saved_model": _complete_saved_model, "litert": _complete_litert}


# ---- running what was written, to compare


def _run_onnx(path: Path, sketches: np.ndarray) -> np.ndarray:
    import onnxruntime

    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    return session.run(["photo"], {"sketch": sketches})[0]


def _run_openvino(path: Path, sketches: np.ndarray) -> np.ndarray:
    import openvino

    # On CPUs that can, it would compute in bfloat16.
    return openvino.Core().compile_model(path, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})(sketches)[0]


def _run_saved_model(path: Path, sketches: np.ndarray) -> np.ndarray:
    import tensorflow as tf

    loaded = tf.saved_model.load(str(path))  # its variables live as long as it does
    return loaded.serve(sketches).numpy()


def _run_litert(path: Path, sketches: np.ndarray) -> np.ndarray:
    import tensorflow as tf

    interpreter = tf.lite.Interpreter(str(path))
    interpreter.allocate_tensors()
    photos = []
    for sketch in sketches:
        interpreter.set_tensor(interpreter.get_input_details()[0]["index"], sketch[np.newaxis])
        interpreter.invoke()
        photos.append(interpreter.get_tensor(interpreter.get_output_details()[0]["index"])[0])
    return np.stack(photos)


def _compare(generator: keras.Model, run: Callable[[np.ndarray], np.ndarray], size: tuple[int, int] | None) -> float:
    """The largest difference to Keras, on noise and on sketches."""
    rng = np.random.default_rng(0)
    largest = 0.0
    for number, one in enumerate(SIZES if size is None else (size,)):
        drawn = sketching.pencil(builtin.face(number, tuple(max(side, 32) for side in one)))
        sketches = np.stack([rng.random((*one, 1), np.float32), images.resize(drawn, one)])
        largest = max(largest, float(np.abs(pipeline.predict(generator, sketches, one) - run(sketches)).max()))
    return largest


FORMATS = {
    "onnx": Format("onnx", ".onnx", ("onnx", "tf2onnx", "onnxruntime"), _run_onnx),
    "openvino": Format("openvino", ".xml", ("openvino",), _run_openvino),
    "saved_model": Format("tf_saved_model", "_saved_model", (), _run_saved_model),
    "litert": Format("litert", ".tflite", (), _run_litert, any_size=False),
}


# ---- writing


@contextlib.contextmanager
def _replacing(out: Path, how: Format) -> Iterator[Path]:
    """As `atomic.replacing`, for what is one file, two files or a folder: nothing is left of a failure."""
    out.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".partial-", dir=out.parent) as folder:
        temporary = Path(folder) / out.name
        yield temporary
        for made in sorted(Path(folder).iterdir(), reverse=True):  # .bin after .xml, so that .xml comes last
            target = out.parent / made.name
            if target.is_dir():
                shutil.rmtree(target)
            made.replace(target)


@contextlib.contextmanager
def _quietly() -> Iterator[None]:
    """Keeps back what writers and runtimes print past every log level; its end is shown where they fail."""
    kept, stdout = [os.dup(1), os.dup(2)], io.StringIO()
    with tempfile.TemporaryFile() as notes:
        try:
            for number in (1, 2):
                os.dup2(notes.fileno(), number)
            with contextlib.redirect_stdout(stdout):
                yield
        except Exception as error:
            notes.seek(0)
            said = notes.read().decode(errors="replace").strip().splitlines()
            raise ValueError(
                f"A graph must be written and run without an error. Received: {console.one_line(error)} "
                f"({said[-1] if said else 'nothing else was said'})."
            ) from error
        finally:
            for number, copy in zip((1, 2), kept, strict=True):
                os.dup2(copy, number)
                os.close(copy)


def _length(path: Path) -> int:
    weights_too = [path.with_suffix(".bin")] if path.suffix == ".xml" else []
    files = path.rglob("*") if path.is_dir() else [path, *weights_too]
    return sum(file.stat().st_size for file in files if file.is_file())


def main(argv: list[str] | None = None) -> int:
    """The command line of `python -m sketchback.export`."""
    made = console.parser(
        "export",
        "Write a generator as one file for other runtimes, and compare it with Keras before it is kept.",
        "  python -m sketchback.export faces\n"
        "  python -m sketchback.export faces --format openvino -o faces.xml\n"
        "  python -m sketchback.export runs/faces/best.weights.h5 --format litert --size 128x128\n\n"
        'Needs the extra: pip install -e ".[export]"',
    )
    made.add_argument("weights", nargs="?", default="faces", help="a name or a file (default: faces)")
    made.add_argument("--format", default="onnx", metavar="FORMAT", help=f"{', '.join(FORMATS)} (default: onnx)")
    made.add_argument("-o", "--out", metavar="OUT", help="the file to write (default: the weights' name, here)")
    made.add_argument(
        "--size",
        type=console.size,
        metavar="HxW",
        help="a graph of one size; litert knows no other (default there: 128x128)",
    )
    made.add_argument("--half", action="store_true", help="ONNX with 16-bit weights, at half the length")

    def write(arguments: argparse.Namespace) -> None:
        if arguments.format in FORMATS:
            console.import_keras()
        export(arguments.weights, arguments.out, arguments.format, arguments.size, arguments.half)

    return console.run(write, made, argv)


if __name__ == "__main__":
    from sketchback.export import main  # as itself: `__main__` is not below the log's `sketchback`

    raise SystemExit(main())
