"""Loads a generator into the lightest runtime there is: ONNX Runtime, which starts in a moment, or else Keras.

Both give the same photograph to within one step of 8 bits. The light one reads the same `.h5` by the same rules, and
gives its arrays to a graph without weights (see `graphs`); TensorFlow alone takes longer to import than that. Who asks
for it gets a third, which is fast and less exact (see `fast`).
"""

from __future__ import annotations

import functools
import logging
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from sketchback import console, weights
from sketchback.extras import install
from sketchback.images.tones import CELL
from sketchback.inference import fast, graphs, padding
from sketchback.inference import fidelity as fidelities
from sketchback.inference.mirrored import Mirrored
from sketchback.weights import mapping, untrusted

if TYPE_CHECKING:
    import keras

    from sketchback.models.generator import Generator

ENVIRONMENT = "SKETCHBACK_RUNTIME"
RUNTIMES = ("auto", "onnx", "keras", "fast")
# What runtimes say where memory does not suffice; onnxruntime of its copy of an array that is not contiguous, OpenVINO
# of the pointer that it got.
ALLOCATION = ("Failed to allocate memory", "bad_alloc", "must be a contiguous array", "Check 'ptr' failed")
TOLERANCE = 1 / 255  # of the photograph: one step of an 8-bit picture

logger = logging.getLogger(__name__)


class LightGenerator:
    """A generator that runs without Keras, for `pipeline.predict`: inference only, on the CPU.

    It states `architecture`, `arguments`, `stride`, `takes` and `facts` as a generator of `weights.load` does, and has
    its `graph`.

    Args:
        graph: Without weights.
        arrays: As `mapping.ordered` gives them.
        facts: What the file of the weights says about itself.
        in_bfloat16: In OpenVINO and bfloat16, see `fast`, instead of ONNX Runtime and float32.

    Raises:
        ImportError: What runs it is not installed.
        ValueError: `in_bfloat16`, and this CPU cannot.
    """

    def __init__(
        self, graph: graphs.Graph, arrays: list[np.ndarray], facts: dict[str, object], *, in_bfloat16: bool = False
    ):
        self.architecture, self.arguments, self.stride = graph.architecture, graph.arguments, graph.stride
        self.takes, self.facts, self.graph = graph.takes, facts, graph
        own = [graphs.to_onnx(array) for array in arrays]
        self._run = fast.FastSession(graph, own).run if in_bfloat16 else self._onnx_session(own)

    def _onnx_session(self, arrays: list[np.ndarray]) -> Callable[[dict[str, np.ndarray]], np.ndarray]:
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.log_severity_level = 4  # what is wrong comes as an exception too
        # Threads that wait by counting take half as much again from whatever else runs, and the page is mostly idle.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        # ONNX Runtime may go on reading these, so they are kept; in the order of `graph.arrays`.
        self.arrays = arrays
        self._values = [onnxruntime.OrtValue.ortvalue_from_numpy(array) for array in arrays]
        options.add_external_initializers(list(self.graph.arrays), self._values)
        session = onnxruntime.InferenceSession(self.graph.model, options, providers=["CPUExecutionProvider"])
        return lambda inputs: session.run(None, inputs)[0]

    def __call__(self, inputs: np.ndarray | Sequence[np.ndarray]) -> np.ndarray:
        """One array, or a list of them in the order of `takes`, float32, sides multiples of `stride` -> `(B, H, W, C)`.

        A sketch alone means that no tone is told.

        Raises:
            ValueError: There are too many or too few, they are of another kind, or the runtime fails.
            MemoryError: They are too large for this machine.
        """
        given = [inputs] if isinstance(inputs, np.ndarray) else list(inputs)
        if len(given) == 1 and self.takes == ("sketch", "tone"):
            batch, height, width, _ = given[0].shape
            given.append(np.zeros((batch, height // CELL, width // CELL, 4), np.float32))
        if len(given) != len(self.takes):
            raise ValueError(
                f"A network that takes {', '.join(self.takes)} must be given {len(self.takes)} arrays. "
                f"Received: {len(given)}, of shape {', '.join(str(one.shape) for one in given)}."
            )
        if any(side % self.stride for side in given[0].shape[1:3]):
            raise ValueError(
                f"A generator takes {', '.join(self.takes)}, height and width multiples of {self.stride}. Received: "
                f"shape={', '.join(str(one.shape) for one in given)}. `pipeline.predict` takes any size."
            )
        try:
            return self._run(dict(zip(self.takes, given, strict=True)))
        except Exception as error:  # runtimes have a dozen kinds of their own
            said = console.one_line(error)
            received = f"Received: shape={', '.join(str(one.shape) for one in given)} ({said[:200]})."
            if any(words in said for words in ALLOCATION):
                raise MemoryError(f"Pictures must fit into memory. {received} Take smaller ones, or fewer.") from None
            if type(error).__name__ == "InvalidArgument":  # of its two reasons, the inputs' rank and channels
                raise ValueError(f"A generator takes arrays of its own kind. {received}") from None
            raise ValueError(
                f"A generator must run in its runtime. {received} Check the shapes, or take runtime keras."
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


def load(
    name: str | Path, runtime: str | None = None, *, fidelity: float | None = None, mirrored: bool = False
) -> Generator:
    """Loads a generator for inference.

    Args:
        name: Weights, a name or a file, see `weights.find`.
        runtime: `"onnx"`, `"keras"`, `"fast"`, or `"auto"`: ONNX Runtime, and Keras where that is not installed or
            fails. See `check` for None.
        fidelity: In [0, 1], between the two ends of a training, see `fidelity.ends`, which also says what None means.
        mirrored: Ask it twice, see `mirrored.Mirrored`.

    Returns:
        What `pipeline.predict` runs.

    Raises:
        FileNotFoundError: See `weights.find`.
        WeightsError: See `weights.load`; both runtimes refuse the same files, and say the same.
        ValueError: `runtime` is unknown; or `"onnx"` or `"fast"`, and this generator does not run there, or this CPU is
            not capable of it; `fidelity` is out of range, or there is no other end; or `mirrored`, and it takes no
            sketch.
        ImportError: `"onnx"` or `"fast"`, and it is not installed.
    """
    generator = _load(name, runtime, fidelity)
    return Mirrored(generator) if mirrored else generator


def _load(name: str | Path, runtime: str | None, fidelity: float | None) -> Generator:
    runtime, path = check(runtime), weights.find(name)
    ends = fidelities.ends(path, fidelity)
    if runtime == "keras":
        return _load_keras(ends)
    if runtime == "fast":
        fast.check()  # before the file is read
    else:
        try:
            import onnxruntime  # noqa: F401 - likewise
        except ImportError as error:
            if runtime == "onnx":
                raise ImportError(
                    f"Runtime onnx needs onnxruntime. Received: no such package. Install with `{install('light')}`."
                ) from error
            logger.debug("no onnxruntime: Keras runs %s", path)
            return _load_keras(ends)
    files = [_File(end, share, *weights.read(end)) for end, share in ends]
    architecture, arguments = _same(files)
    generator = None
    try:
        found = graphs.find(architecture, arguments) if isinstance(arguments, dict) else None
        if found is None:
            generator = _load_keras(ends)  # which refuses what no graph can be made for
            found = _make(generator, files)
            graphs.keep(found, arguments)
        return _bind(found, files, runtime == "fast")
    except weights.WeightsError:
        raise
    except Exception as error:  # runtimes have a dozen kinds of their own
        if runtime in ("onnx", "fast"):
            raise ValueError(
                f"Weights must run in runtime {runtime}, when that is asked for. Received: {path} "
                f"({console.one_line(error)}). Take runtime keras."
            ) from error
        logger.debug("Keras runs %s: %s", path, console.one_line(error))
        return generator or _load_keras(ends)


def load_once(
    name: str | Path, runtime: str | None = None, fidelity: float | None = None, mirrored: bool = False
) -> Generator:
    """As `load`, but what was loaded last is kept, until its file changes."""
    path, runtime = weights.find(name), check(runtime)
    # The times of the last change are part of the key: a file that training rewrote is read anew.
    changed = tuple(end.stat().st_mtime_ns for end, _ in fidelities.ends(path, fidelity))
    generator = _load_once(path, changed, runtime, None if fidelity == fidelities.DEFAULT_FIDELITY else fidelity)
    return Mirrored(generator) if mirrored else generator


@functools.lru_cache(maxsize=12)  # what a desk uses, some of it fast too, and an end or two between
def _load_once(path: Path, changed: tuple[int, ...], runtime: str, fidelity: float | None) -> Generator:
    return load(path, runtime, fidelity=fidelity)


class _File(NamedTuple):
    """A weight file that was read, and its share in a generator."""

    path: Path
    share: float
    facts: dict[str, object]
    contents: untrusted.Contents


def _same(files: list[_File]) -> tuple[str, Any]:
    """The architecture and the arguments of files that must be alike in both."""
    stated = [(str(file.facts["architecture"]), file.facts["arguments"] or {}) for file in files]
    for file, what in zip(files[1:], stated[1:], strict=True):
        if what != stated[0]:
            raise weights.WeightsError(_unlike(files[0].path, file.path))
    return stated[0]


def _unlike(path: Path, other: Path) -> str:
    return (
        f"Both ends of a training must be one architecture with the same arguments. Received: {path} and {other.name}. "
        "Leave `fidelity` out, and move the other end away."
    )


def _load_keras(ends: list[tuple[Path, float]]) -> keras.Model:
    console.import_keras()
    generator, *others = [weights.load(path) for path, _ in ends]
    for other, (path, _) in zip(others, ends[1:], strict=True):
        if (other.architecture, other.arguments) != (generator.architecture, generator.arguments):
            raise weights.WeightsError(_unlike(ends[0][0], path))
    if others:
        arrays = [one.get_weights() for one in (generator, *others)]
        generator.set_weights(fidelities.mix(arrays, [share for _, share in ends]))
    return generator


def _bind(graph: graphs.Graph, files: list[_File], in_bfloat16: bool = False) -> LightGenerator:
    """A light generator with the arrays of its files, which are checked as `weights.load` does."""
    arrays = []
    for path, _, _, contents in files:
        mapping.check_count(path, contents, graph.architecture, graph.parameters)
        arrays.append(
            mapping.ordered(path, contents, graph.architecture, list(graph.arrays), list(graph.arrays.values()))
        )
    return LightGenerator(
        graph, fidelities.mix(arrays, [file.share for file in files]), files[0].facts, in_bfloat16=in_bfloat16
    )


def _make(generator: keras.Model, files: list[_File]) -> graphs.Graph:
    """The graph of a generator, after it was seen to give the same photograph."""
    made, rng = graphs.make(generator), np.random.default_rng(0)
    size = 4 * made.stride, 6 * made.stride
    given = [rng.random(shape, np.float32) for shape in padding.shapes(generator, size).values()]
    difference = np.abs(_bind(made, files)(given) - generator.predict_on_batch(given)).max()
    if not difference <= TOLERANCE:  # NaN is refused too
        raise ValueError(f"the photograph differs from Keras's by {difference:.2g}")
    return made
