"""Loads a generator into the lightest runtime there is: ONNX Runtime, which starts in a moment, or else Keras.

Both give the same photograph to within one step of 8 bits. The light one reads the same `.h5` by the same rules, and
gives its arrays to a graph without weights (see `graphs`); TensorFlow alone takes longer to import than that.
"""

from __future__ import annotations

import logging
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from sketchback import console, weights
from sketchback.inference import graphs
from sketchback.weights import mapping, untrusted

if TYPE_CHECKING:
    import keras

    from sketchback.models.generator import Generator

ENVIRONMENT = "SKETCHBACK_RUNTIME"
RUNTIMES = ("auto", "onnx", "keras")
TOLERANCE = 1 / 255  # of the photograph: one step of an 8-bit picture

logger = logging.getLogger(__name__)


class LightGenerator:
    """A generator that runs without Keras, for `pipeline.predict`: inference only, float32, on the CPU.

    It states `architecture`, `arguments`, `stride` and `facts` as a generator of `weights.load` does.

    Args:
        graph: Without weights.
        arrays: As `mapping.ordered` gives them.
        facts: What the file of the weights says about itself.

    Raises:
        ImportError: `onnxruntime` is not installed.
    """

    def __init__(self, graph: graphs.Graph, arrays: list[np.ndarray], facts: dict[str, object]):
        import onnxruntime

        self.architecture, self.arguments, self.stride = graph.architecture, graph.arguments, graph.stride
        self.takes: tuple[str, ...] = ("sketch",)
        self.facts = facts
        options = onnxruntime.SessionOptions()
        options.log_severity_level = 4  # what is wrong comes as an exception too
        # Threads that wait by counting take half as much again from whatever else runs, and the page is mostly idle.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        # ONNX Runtime may go on reading these arrays, so they are kept.
        self._arrays = [onnxruntime.OrtValue.ortvalue_from_numpy(graphs.to_onnx(array)) for array in arrays]
        options.add_external_initializers(list(graph.arrays), self._arrays)
        self._session = onnxruntime.InferenceSession(graph.model, options, providers=["CPUExecutionProvider"])

    def __call__(self, sketches: np.ndarray) -> np.ndarray:
        """`(B, H, W, 1)` float32, both sides multiples of `stride` -> `(B, H, W, 3)`.

        Raises:
            MemoryError: They are too large for this machine.
        """
        try:
            return self._session.run(["photo"], {"sketch": sketches})[0]
        except Exception as error:  # onnxruntime has a dozen kinds of its own
            raise MemoryError(
                f"Sketches must fit into memory. Received: shape={sketches.shape} ({console.one_line(error)[:200]})."
            ) from None

    predict_on_batch = __call__  # as Keras calls it


def check(runtime: str | None) -> str:
    """Returns the name of a runtime, or raises `ValueError` that lists the known ones.

    Args:
        runtime: None stands for the environment variable `SKETCHBACK_RUNTIME`, and where there is none for `"auto"`.
    """
    runtime = runtime or os.environ.get(ENVIRONMENT) or "auto"
    if runtime not in RUNTIMES:
        raise ValueError(f"`runtime` must be one of {', '.join(RUNTIMES)}. Received: {runtime!r}.")
    return runtime


def load(name: str | Path, runtime: str | None = None) -> Generator:
    """Loads a generator for inference.

    Args:
        name: Weights, a name or a file, see `weights.find`.
        runtime: `"onnx"`, `"keras"`, or `"auto"`: ONNX Runtime, and Keras where that is not installed or fails. See
            `check` for None.

    Returns:
        What `pipeline.predict` runs.

    Raises:
        FileNotFoundError: See `weights.find`.
        WeightsError: See `weights.load`; both runtimes refuse the same files, and say the same.
        ValueError: `runtime` is unknown, or `"onnx"` and this generator does not run there.
        ImportError: `"onnx"`, and it is not installed.
    """
    runtime, path = check(runtime), weights.find(name)
    if runtime == "keras":
        return _load_keras(path)
    try:
        import onnxruntime  # noqa: F401 - before the file is read
    except ImportError as error:
        if runtime == "onnx":
            raise ImportError(
                'Runtime onnx needs onnxruntime. Received: no such package. Install with `pip install -e ".[light]"`.'
            ) from error
        logger.debug("no onnxruntime: Keras runs %s", path)
        return _load_keras(path)
    facts, contents = weights.read(path)
    architecture = str(facts["architecture"])
    arguments: Any = facts["arguments"] or {}  # a file may say anything
    generator = None
    try:
        found = graphs.find(architecture, arguments) if isinstance(arguments, dict) else None
        if found is None:
            generator = _load_keras(path)  # which refuses what no graph can be made for
            found = _make(generator, path, contents, facts)
            graphs.keep(found, arguments)
        return _bind(found, path, contents, facts)
    except weights.WeightsError:
        raise
    except Exception as error:  # onnxruntime has a dozen kinds of its own
        if runtime == "onnx":
            raise ValueError(
                f"Weights must run in ONNX Runtime, when that is asked for. Received: {path} "
                f"({console.one_line(error)}). Take runtime keras."
            ) from error
        logger.debug("Keras runs %s: %s", path, console.one_line(error))
        return generator or _load_keras(path)


def _load_keras(path: Path) -> keras.Model:
    console.import_keras()
    return weights.load(path)


def _bind(graph: graphs.Graph, path: Path, contents: untrusted.Contents, facts: dict[str, object]) -> LightGenerator:
    """A light generator with the arrays of a file, which are checked as `weights.load` does."""
    mapping.check_count(path, contents, graph.architecture, graph.parameters)
    arrays = mapping.ordered(path, contents, graph.architecture, list(graph.arrays), list(graph.arrays.values()))
    return LightGenerator(graph, arrays, facts)


def _make(generator: keras.Model, path: Path, contents: untrusted.Contents, facts: dict[str, object]) -> graphs.Graph:
    """The graph of a generator, after it was seen to give the same photograph."""
    made = graphs.make(generator)
    sketch = np.random.default_rng(0).random((1, 4 * made.stride, 6 * made.stride, 1), np.float32)
    difference = np.abs(_bind(made, path, contents, facts)(sketch) - generator.predict_on_batch(sketch)).max()
    if not difference <= TOLERANCE:  # NaN is refused too
        raise ValueError(f"the photograph differs from Keras's by {difference:.2g}")
    return made
