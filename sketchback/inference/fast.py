"""A generator in OpenVINO and bfloat16, on CPUs that compute in it: twice as fast, and a little less exact.

bfloat16 keeps 8 of float32's 24 bits. Half of the photographs differ by 3 of 255 at most; where a backdrop is blank, on
which a generator has little to go by, it may have another tone: `benchmarks/README.md` has the differences.
"""

from __future__ import annotations

import functools
import threading
from typing import Any

import numpy as np

from sketchback import console
from sketchback.extras import install
from sketchback.inference import onnx_files
from sketchback.inference.graphs import Graph

PRECISION = "BF16"  # as OpenVINO calls it among what a CPU is capable of


class FastSession:
    """A graph with its weights, ready to run, in one thread after the other.

    Args:
        graph: Without weights.
        arrays: In the order of `graph.arrays`, as `graphs.to_onnx` gives them.

    Raises:
        ImportError, ValueError: See `check`.
    """

    def __init__(self, graph: Graph, arrays: list[np.ndarray]):
        core = check()
        model = core.read_model(onnx_files.fill(graph, arrays, halved=False))
        self._compiled = core.compile_model(model, "CPU", {"INFERENCE_PRECISION_HINT": "bf16"})
        self._lock = threading.Lock()  # it has one place for the arrays of a request

    def run(self, inputs: dict[str, np.ndarray]) -> np.ndarray:
        """Arrays by the names of the graph's inputs -> its one output, an array of its own."""
        with self._lock:
            return np.array(self._compiled(inputs)[0])


@functools.cache
def can_run() -> bool:
    """Whether what is needed is installed, and this CPU computes in bfloat16."""
    try:
        check()
    except (ImportError, ValueError):
        return False
    return True


def check() -> Any:
    """OpenVINO's core.

    Raises:
        ImportError: `openvino` or `onnx` is not installed.
        ValueError: OpenVINO finds no CPU that it knows, or says that it does not compute in bfloat16.
    """
    try:
        import onnx  # noqa: F401 - it puts the weights into the graph
        import openvino
    except ImportError as error:
        raise ImportError(
            f"Runtime fast needs openvino and onnx. Received: no package {error.name}. "
            f"Install with `{install('fast')}`."
        ) from error
    try:
        core = openvino.Core()
        capable = core.get_property("CPU", "OPTIMIZATION_CAPABILITIES")
    except RuntimeError as error:
        raise ValueError(
            f"Runtime fast needs an OpenVINO that runs here. Received: {console.one_line(error)[:200]}. "
            "Take runtime onnx."
        ) from error
    if PRECISION not in capable:
        raise ValueError(
            "Runtime fast needs a CPU that computes in bfloat16 (AVX-512 BF16 or AMX). "
            f"Received: one that computes in {', '.join(sorted(capable))}. Take runtime onnx."
        )
    return core
