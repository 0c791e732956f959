"""The graph of a generator without its weights, as ONNX: what a light runtime needs beside an `.h5`.

A graph depends on an architecture and its arguments alone, so one serves every file of weights, and none can be older
than its weights. Those of default arguments and of `VARIANTS` ship in `shipped/`, which `ship` writes; others are made
from a Keras model once and kept in a cache, under a name that changes with the code that they were made by.

Its initializers are called by the places of the arrays in the `.h5` (see `weights.mapping`), one to one: nothing is
folded here, the runtime does so when it loads. `tf2onnx`, which `exporters` uses, folds and renames.
"""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import hashlib
import json
import logging
import os
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from sketchback.atomic import replacing
from sketchback.inference import onnx_layers
from sketchback.weights import mapping

if TYPE_CHECKING:
    import keras
    import onnx

ENVIRONMENT = "SKETCHBACK_CACHE"
PACKAGE = Path(__file__).resolve().parents[1]
SHIPPED = PACKAGE / "inference" / "shipped"
OPSET, IR = 17, 8  # of 2022: what every onnxruntime since 1.13 reads
VARIANTS: dict[str, dict[str, object]] = {
    "scribbler-tone": {"tone": True}
}  # ARCHITECTURE-NAME: the arguments that are not the defaults
# A change to one of these makes cached graphs anew.
SOURCES = (
    "inference/graphs.py",
    "inference/onnx_layers.py",
    "weights/mapping.py",
    *sorted(f"models/{path.name}" for path in (PACKAGE / "models").glob("*.py")),
)


@dataclasses.dataclass(frozen=True)
class Graph:
    """A graph, and the arrays that it lacks.

    `model` is an ONNX model in float32, whose weights are declared and lie elsewhere: from the inputs that `takes`
    names (see `models.Generator`), for example `sketch (B, H, W, 1)`, to one output, for example `photo (B, H, W, 3)`.
    `arrays` says, in the order of `generator.weights`, where each lies in an `.h5` and its shape there; the graph takes
    kernels as `to_onnx` gives them.
    """

    architecture: str
    arguments: dict[str, object]
    stride: int
    arrays: dict[str, tuple[int, ...]]
    model: bytes
    takes: tuple[str, ...] = ("sketch",)

    @property
    def parameters(self) -> int:
        """How many numbers the arrays hold."""
        return sum(int(np.prod(shape)) for shape in self.arrays.values())


def to_onnx(array: np.ndarray) -> np.ndarray:
    """An array of an `.h5` as the graph takes it: kernels `(rows, columns, in, out)` become `(out, in, rows, columns)`.

    >>> to_onnx(np.zeros((7, 5, 1, 32), np.float32)).shape
    (32, 1, 7, 5)
    """
    return np.ascontiguousarray(array.transpose(3, 2, 0, 1)) if array.ndim == 4 else array


# ---- where graphs are found and kept


def find(architecture: str, arguments: dict[str, object]) -> Graph | None:
    """The graph of an architecture, if it ships or was kept; a damaged one is none.

    Args:
        architecture: Its name.
        arguments: As a file states them: what is left out has its default.
    """
    # Names come from files: they are compared, never opened.
    paths = [path for path in SHIPPED.glob("*.json") if path.stem.partition("-")[0] == architecture]
    shipped = {path.stem: graph for path in paths if (graph := read(path))}
    if architecture in shipped:
        # As texts, in which 32, 32.0 and True differ, as they do for the models.
        wanted = _text({**shipped[architecture].arguments, **arguments})
        for graph in shipped.values():
            if _text(graph.arguments) == wanted:
                return graph
    with contextlib.suppress(ImportError, OSError):
        return read(_kept(architecture, arguments))
    return None


def keep(graph: Graph, arguments: dict[str, object]) -> None:
    """Keeps a graph in the cache, for `find` with the same `arguments`; where that cannot be, it is made again."""
    try:
        write(graph, _kept(graph.architecture, arguments))
    except (ImportError, OSError) as error:
        logging.getLogger(__name__).debug("a graph is not kept: %s", error)


def _kept(architecture: str, arguments: dict[str, object]) -> Path:
    text = f"{_code()} {architecture} {_text(arguments)}"
    key = hashlib.sha256(text.encode(errors="surrogatepass")).hexdigest()  # a file's texts may be anything
    if os.environ.get(ENVIRONMENT):
        folder = Path(os.environ[ENVIRONMENT])
    else:
        import platformdirs

        folder = platformdirs.user_cache_path("sketchback", appauthor=False)
    return folder / "graphs" / f"{key[:32]}.json"


@functools.cache
def _code() -> str:
    digest = hashlib.sha256()
    for name in SOURCES:
        digest.update((PACKAGE / name).read_bytes())
    return digest.hexdigest()


def _text(arguments: dict[str, object]) -> str:
    return json.dumps(arguments, sort_keys=True)


def write(graph: Graph, path: str | Path) -> Path:
    """Writes a graph: a JSON file, and the ONNX file beside it.

    Raises:
        OSError: It cannot be written there.
    """
    path = Path(path)
    facts = dataclasses.asdict(graph)
    model = facts.pop("model")
    with replacing(path.with_suffix(".onnx")) as temporary:
        temporary.write_bytes(model)
    with replacing(path) as temporary:
        temporary.write_text(json.dumps({**facts, "sha256": _digest(facts, model)}) + "\n", encoding="utf-8")
    return path


def read(path: str | Path) -> Graph | None:
    """Reads what `write` wrote; None where there is nothing, or something else."""
    try:
        facts = json.loads(Path(path).read_text(encoding="utf-8"))
        model = Path(path).with_suffix(".onnx").read_bytes()
        if facts.pop("sha256") != _digest(facts, model):
            return None
        arrays = {place: tuple(shape) for place, shape in facts.pop("arrays").items()}
        takes = tuple(facts.pop("takes"))
        return Graph(**facts, takes=takes, arrays=arrays, model=model)
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None


def _digest(facts: dict[str, object], model: bytes) -> str:
    return hashlib.sha256(json.dumps(facts).encode() + model).hexdigest()


def ship() -> list[Path]:
    """Writes `shipped/` anew; to be called when a generator or its defaults have changed:
    `python -c "from sketchback.inference import graphs; graphs.ship()"`.
    """
    from sketchback import models

    wanted: dict[str, dict[str, object]] = {**{name: {} for name in models.ARCHITECTURES}, **VARIANTS}
    return [
        write(make(models.build(name.partition("-")[0], **arguments)), SHIPPED / f"{name}.json")
        for name, arguments in wanted.items()
    ]


# ---- from Keras


def make(generator: keras.Model) -> Graph:
    """Makes the graph of a generator, layer by layer.

    Args:
        generator: From `models.build` (or `weights.load`). Its precision and the values of its weights do not matter.

    Raises:
        ValueError: It has a layer, or an option of one, that is not known here.
        ImportError: `onnx` is not installed.
    """
    from onnx import TensorProto, helper

    places, shapes = mapping.places(generator), mapping.shapes(generator)
    graph = onnx_layers.Builder()
    tensors: dict[int, str] = {}  # the identity of Keras's tensors -> names here
    following = iter(places)
    for layer, group in zip(generator.layers, mapping.groups(generator), strict=True):
        # Keras numbers layers without a name through the whole process; their places are the same in every one.
        graph.name, kind = group.removeprefix("layers/"), type(layer).__name__
        own = [next(following) for _ in layer.weights]
        if kind == "InputLayer":
            is_picture = len(layer.output.shape) == 4
            # (B, H, W, C) -> (B, C, H, W)
            out = graph.add("Transpose", [layer.name], perm=[0, 3, 1, 2]) if is_picture else layer.name
        elif kind not in onnx_layers.LAYERS:
            raise ValueError(
                f"A layer must be one of {', '.join(onnx_layers.LAYERS)} to be put into a graph. Received: {kind}."
            )
        else:
            inputs = layer.input if isinstance(layer.input, (list, tuple)) else [layer.input]
            out = onnx_layers.LAYERS[kind](graph, layer, [tensors[id(tensor)] for tensor in inputs] + own)
        tensors[id(layer.output)] = out
    (output,) = generator.output_names
    last = tensors[id(generator.output)]
    graph.nodes.append(helper.make_node("Transpose", [last], [output], perm=[0, 2, 3, 1]))
    for place, shape in zip(places, shapes, strict=True):
        declared = TensorProto(name=place, data_type=TensorProto.FLOAT, data_location=TensorProto.EXTERNAL)
        declared.dims.extend(to_onnx(np.empty(shape, np.float32)).shape)
        declared.external_data.add(key="location", value="weights")  # a name must be; nothing lies there
        graph.constants.append(declared)
    described = [*zip(generator.takes, generator.inputs, strict=True), (output, generator.output)]
    # A sketch becomes a photograph of its size; whatever else varies, varies by itself.
    alike = ("sketch", output) if generator.takes[0] == "sketch" else ()
    *inputs, outputs = (
        _describe(name, tensor.shape, "" if name in alike else f"{name}_") for name, tensor in described
    )
    whole = helper.make_graph(graph.nodes, generator.architecture, inputs, [outputs], graph.constants)
    model = helper.make_model(
        whole, producer_name="sketchback", opset_imports=[helper.make_opsetid("", OPSET)], ir_version=IR
    )
    return Graph(
        generator.architecture,
        generator.arguments,
        generator.stride,
        dict(zip(places, shapes, strict=True)),
        model.SerializeToString(deterministic=True),
        tuple(generator.takes),
    )


def _describe(name: str, shape: tuple[int | None, ...], prefix: str) -> onnx.ValueInfoProto:
    """An input or output of float32; sides that may vary have names."""
    from onnx import TensorProto, helper

    sides = ["batch", f"{prefix}height", f"{prefix}width"]
    named = [sides[place] if side is None else side for place, side in enumerate(shape)]
    return helper.make_tensor_value_info(name, TensorProto.FLOAT, named)
