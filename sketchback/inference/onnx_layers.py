"""Keras's layers as nodes of an ONNX graph."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import keras
    import onnx


class Builder:
    """The nodes and constants of a graph in the making. Pictures are `(B, channels, H, W)` in it."""

    def __init__(self) -> None:
        self.name = ""  # of the layer whose nodes are being added
        self.nodes: list[onnx.NodeProto] = []
        self.constants: list[onnx.TensorProto] = []

    def add(self, kind: str, inputs: list[str], **options: Any) -> str:
        """Adds a node, and returns the name of what it gives."""
        from onnx import helper

        out = f"{self.name}/{kind}"
        self.nodes.append(helper.make_node(kind, inputs, [out], **options))
        return out

    def constant(self, name: str, values: np.ndarray) -> str:
        """Adds numbers that are no weights, and returns their name."""
        from onnx import numpy_helper

        self.constants.append(numpy_helper.from_array(values, f"{self.name}/{name}"))
        return f"{self.name}/{name}"


def _need(layer: keras.Layer, known: bool) -> None:
    if not known:
        raise ValueError(
            f"A layer must have options that are known here to be put into a graph. Received: {layer.get_config()}."
        )


# Of each layer, what it takes: pictures first, then its own arrays.


def _convolution(graph: Builder, layer: keras.Layer, inputs: list[str]) -> str:
    activation = layer.activation.__name__
    _need(
        layer,
        layer.groups == 1
        and layer.dilation_rate == (1, 1)
        and layer.data_format == "channels_last"
        and layer.padding in ("same", "valid")
        and activation in ACTIVATIONS,
    )
    if layer.padding == "valid":
        padding: dict[str, object] = {"pads": [0, 0, 0, 0]}
    elif layer.strides == (1, 1):
        sides = layer.kernel_size
        padding = {"pads": [*((side - 1) // 2 for side in sides), *(side // 2 for side in sides)]}
    else:
        padding = {"auto_pad": "SAME_UPPER"}  # depends on the size of the picture
    out = graph.add("Conv", inputs, strides=layer.strides, **padding)
    return graph.add(ACTIVATIONS[activation], [out]) if ACTIVATIONS[activation] else out


def _normalisation(graph: Builder, layer: keras.Layer, inputs: list[str]) -> str:
    _need(layer, layer.scale and layer.center and layer.axis in (-1, 3))
    return graph.add("BatchNormalization", inputs, epsilon=float(layer.epsilon))


def _relu(graph: Builder, layer: keras.Layer, inputs: list[str]) -> str:
    _need(layer, layer.max_value is None and not layer.negative_slope and not layer.threshold)
    return graph.add("Relu", inputs)


def _up_sampling(graph: Builder, layer: keras.Layer, inputs: list[str]) -> str:
    _need(layer, layer.interpolation == "nearest" and layer.data_format == "channels_last")
    scales = graph.constant("scales", np.array([1, 1, *layer.size], np.float32))
    return graph.add(
        "Resize",
        [*inputs, "", scales],
        mode="nearest",
        nearest_mode="floor",
        coordinate_transformation_mode="asymmetric",
    )


def _pooling(graph: Builder, layer: keras.Layer, inputs: list[str]) -> str:
    _need(layer, layer.data_format == "channels_last")
    kind = {"MaxPooling2D": "MaxPool", "AveragePooling2D": "AveragePool"}[type(layer).__name__]
    padding = {"auto_pad": "SAME_UPPER"} if layer.padding == "same" else {}  # which is no part of a mean, as in Keras
    return graph.add(kind, inputs, kernel_shape=layer.pool_size, strides=layer.strides, **padding)


def _reshape(graph: Builder, layer: keras.Layer, inputs: list[str]) -> str:
    """Numbers of a whole picture `(B, C)` become a picture of one pixel."""
    _need(layer, len(layer.input.shape) == 2 and tuple(layer.target_shape) == (1, 1, layer.input.shape[1]))
    return graph.add("Unsqueeze", [*inputs, graph.constant("axes", np.array([2, 3], np.int64))])


def _padding(graph: Builder, layer: keras.Layer, inputs: list[str]) -> str:
    _need(layer, layer.data_format == "channels_last")
    (top, bottom), (left, right) = layer.padding
    pads = graph.constant("pads", np.array([0, 0, top, left, 0, 0, bottom, right], np.int64))
    return graph.add("Pad", [*inputs, pads])


def _rescaling(graph: Builder, layer: keras.Layer, inputs: list[str]) -> str:
    scale = graph.constant("scale", np.float32(layer.scale).reshape(-1, 1, 1))
    offset = graph.constant("offset", np.float32(layer.offset).reshape(-1, 1, 1))
    return graph.add("Add", [graph.add("Mul", [*inputs, scale]), offset])


def _concatenation(graph: Builder, layer: keras.Layer, inputs: list[str]) -> str:
    _need(layer, layer.axis in (-1, 3))
    return graph.add("Concat", inputs, axis=1)


def _sum(graph: Builder, layer: keras.Layer, inputs: list[str]) -> str:
    _need(layer, len(inputs) == 2)
    return graph.add("Add", inputs)


ACTIVATIONS = {"linear": "", "relu": "Relu", "sigmoid": "Sigmoid"}
LAYERS: dict[str, Callable[[Builder, keras.Layer, list[str]], str]] = {
    "Add": _sum,
    "AveragePooling2D": _pooling,
    "BatchNormalization": _normalisation,
    "Concatenate": _concatenation,
    "Conv2D": _convolution,
    "MaxPooling2D": _pooling,
    "ReLU": _relu,
    "Rescaling": _rescaling,
    "Reshape": _reshape,
    "UpSampling2D": _up_sampling,
    "ZeroPadding2D": _padding,
}
