"""ONNX files: weights inside a graph, as 16-bit floats that become 32-bit ones when it runs; and what is between two.

The second is for `fidelity` where files cannot be mixed beforehand.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
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


def fill(graph: Graph, arrays: Sequence[np.ndarray], *, halved: bool = True) -> bytes:
    """The ONNX file of a graph with its weights inside.

    Args:
        graph: See `graphs`.
        arrays: In the order of `graph.arrays`, as `graphs.to_onnx` gives them.
        halved: In half precision.

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
    if halved:
        halve(model)
    onnx.checker.check_model(model)
    return model.SerializeToString(deterministic=True)


def between(ends: Mapping[str, bytes]) -> bytes:
    """The ONNX file of the networks between two ends of a training, see `fidelity`.

    It holds no large weights: they are read from the files of the ends, into which it points (ONNX's external data).
    It takes one input more, `fidelity (1, 1, 1, 1)`: 0 for the first end, 1 for the second.

    Args:
        ends: The names of two files, from `fill` with one graph, and what they hold. They must lie beside this one.

    Raises:
        ImportError: `onnx` is not installed.
        ValueError: They are not of one graph.
    """
    import onnx
    from onnx import TensorProto, helper, numpy_helper

    model, other = (onnx.load_from_string(data) for data in ends.values())
    names = [[tensor.name for tensor in one.graph.initializer] for one in (model, other)]
    if names[0] != names[1] or len(set(map(len, ends.values()))) > 1:
        raise ValueError(f"Both ends must be of one graph. Received: {' and '.join(ends)}, which are not.")
    graph, places = model.graph, dict.fromkeys(ends, 0)
    shared, mixed, nodes = [], [], [helper.make_node("Reshape", ["fidelity", "fidelity/shape"], ["fidelity/share"])]
    for pair in zip(graph.initializer, other.graph.initializer, strict=True):
        if pair[0].raw_data == pair[1].raw_data:
            shared.append(pair[0])
            continue
        name = pair[0].name.removesuffix("/half")
        sources = []
        for (file, data), tensor in zip(ends.items(), pair, strict=True):
            tensor.name = f"{file}/{name}"
            sources.append(tensor.name)
            if tensor.data_type == TensorProto.FLOAT16:
                places[file] = data.index(tensor.raw_data, places[file])
                where = {"location": file, "offset": places[file], "length": len(tensor.raw_data)}
                places[file] += len(tensor.raw_data)
                tensor.ClearField("raw_data")
                tensor.data_location = TensorProto.EXTERNAL
                for key, value in where.items():
                    tensor.external_data.add(key=key, value=str(value))
                nodes.append(helper.make_node("Cast", [tensor.name], [f"{tensor.name}/float"], to=TensorProto.FLOAT))
                sources[-1] += "/float"
            mixed.append(tensor)
        # All but the product and the sum is computed once, when the graph is loaded.
        nodes.append(helper.make_node("Sub", sources[::-1], [f"{name}/difference"]))
        nodes.append(helper.make_node("Mul", [f"{name}/difference", "fidelity/share"], [f"{name}/part"]))
        nodes.append(helper.make_node("Add", [sources[0], f"{name}/part"], [name]))
    made = {output for node in nodes for output in node.output}
    nodes += [node for node in graph.node if node.output[0] not in made]
    shape = numpy_helper.from_array(np.array([1]), "fidelity/shape")
    for field, values in (("initializer", [*shared, *mixed, shape]), ("node", nodes)):
        graph.ClearField(field)
        getattr(graph, field).extend(values)
    graph.input.append(helper.make_tensor_value_info("fidelity", TensorProto.FLOAT, [1, 1, 1, 1]))
    return model.SerializeToString(deterministic=True)
