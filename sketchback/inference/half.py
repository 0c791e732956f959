"""Weights as 16-bit floats inside an ONNX graph, which become 32-bit ones when it runs: half the length of a file."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import onnx

    from sketchback.inference.graphs import Graph

LEAST = 256  # numbers of an array that is worth it


def halve(model: onnx.ModelProto) -> None:
    """Stores the large constants of a model, in place, as 16-bit floats."""
    from onnx import TensorProto, helper, numpy_helper

    casts = []
    for tensor in model.graph.initializer:
        values = numpy_helper.to_array(tensor)
        if values.dtype == np.float32 and values.size >= LEAST:
            name = tensor.name
            tensor.CopyFrom(numpy_helper.from_array(values.astype(np.float16), f"{name}/half"))
            casts.append(helper.make_node("Cast", [f"{name}/half"], [name], to=TensorProto.FLOAT))
    nodes = [*casts, *model.graph.node]  # in the order in which they are computed
    del model.graph.node[:]
    model.graph.node.extend(nodes)


def fill(graph: Graph, arrays: Sequence[np.ndarray]) -> bytes:
    """The ONNX file of a graph with its weights inside, in half precision.

    Args:
        graph: See `graphs`.
        arrays: In the order of `graph.arrays`, as `graphs.to_onnx` gives them.

    Raises:
        ImportError: `onnx` is not installed.
    """
    import onnx
    from onnx import numpy_helper

    model = onnx.load_from_string(graph.model)
    values = dict(zip(graph.arrays, arrays, strict=True))
    for tensor in model.graph.initializer:
        if tensor.name in values:
            tensor.CopyFrom(numpy_helper.from_array(values[tensor.name], tensor.name))
    halve(model)
    onnx.checker.check_model(model)
    return model.SerializeToString(deterministic=True)
