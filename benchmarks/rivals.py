"""The rivals of speed.py: the same networks and the same loss in PyTorch; ONNX Runtime and OpenVINO.

python benchmarks/rivals.py RUNTIME MODEL SKETCH PHOTO      the shortest way from a drawing's file to a photograph's
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from typing import Any

import numpy as np

Runner = Callable[[np.ndarray], np.ndarray]  # sketches (B, H, W, 1) -> photographs (B, H, W, 3)
MEANS = (103.939, 116.779, 123.68)  # of ImageNet: blue, green, red
EPSILON = 1e-12


# ---- PyTorch: `models.scribbler`, `backbones.vgg16_relu2_2` and `losses.WeightedLoss` once more


def arrays_of(path: str) -> dict[str, np.ndarray]:
    with np.load(path, allow_pickle=False) as file:
        return dict(file)


def channels_last(images: np.ndarray) -> Any:
    """`(B, H, W, C)` -> a tensor `(B, C, H, W)` that lies in memory as before."""
    import torch

    return torch.from_numpy(images).permute(0, 3, 1, 2).contiguous(memory_format=torch.channels_last)


def convolution(kernel: np.ndarray, bias: np.ndarray, halve: bool = False) -> Any:
    """A convolution with arrays of Keras, kernels `(rows, columns, in, out)`."""
    import torch
    from torch import nn

    side, _, inputs, outputs = kernel.shape
    made = nn.Conv2d(inputs, outputs, side, 2 if halve else 1, 0 if halve else side // 2)
    made.weight.data = torch.from_numpy(kernel).permute(3, 2, 0, 1).contiguous(memory_format=torch.channels_last)
    made.bias.data = torch.from_numpy(bias)
    # Where the stride is 2, TensorFlow pads an even side below and on the right only.
    return nn.Sequential(nn.ZeroPad2d((0, 1, 0, 1)), made) if halve else made


def scribbler(path: str) -> tuple[Callable[[Any], Any], list[Any]]:
    """The generator `(B, 1, H, W) -> (B, 3, H, W)` that speed.py wrote down, and its parameters."""
    import torch
    from torch.nn import functional as F  # noqa: N812 - PyTorch's own name for it

    arrays = arrays_of(path)
    arguments = json.loads(str(arrays.pop("arguments")))
    if arguments["normalisation"] is not None:
        raise ImportError("the twin in PyTorch knows no normalisation")
    layers = {}
    for name in {place.rpartition("/")[0] for place in arrays}:
        halve = name.startswith("down") and "_" not in name
        layers[name] = convolution(arrays[f"{name}/kernel"], arrays[f"{name}/bias"], halve)

    def residual(x: Any, name: str) -> Any:
        return x + layers[f"{name}_conv2"](F.relu(layers[f"{name}_conv1"](x)))

    def forward(x: Any) -> Any:
        x = F.relu(layers["stem"](x))
        encoded = [x]
        for level in range(1, arguments["halvings"] + 1):
            x = residual(F.relu(layers[f"down{level}"](x)), f"down{level}_block")
            encoded.append(x)
        for block in range(1, arguments["blocks"] + 1):
            x = residual(x, f"block{block}")
        for level in reversed(range(arguments["halvings"])):
            x = layers[f"up{level}_conv"](F.interpolate(x, scale_factor=2.0, mode="nearest"))
            x = F.relu(x + encoded[level] if arguments["skips"] else x)
            for block in range(1, (1 if arguments["skips"] else 2) + 1):
                x = residual(x, f"up{level}_block{block}")
        with torch.autocast("cpu", enabled=False):
            return torch.sigmoid(layers["photo"](x.float()))

    return forward, [parameter for layer in layers.values() for parameter in layer.parameters()]


def vgg16(path: str) -> Callable[[Any], Any]:
    """VGG16 to relu2_2, frozen, its preprocessing inside: `(B, 3, H, W) -> (B, 128, H/2, W/2)`."""
    import torch
    from torch import nn

    arrays, layers = arrays_of(path), []
    for name in ("block1_conv1", "block1_conv2", "block2_conv1", "block2_conv2"):
        layers += [nn.MaxPool2d(2)] if name == "block2_conv1" else []
        layers += [convolution(arrays[f"{name}_kernel"], arrays[f"{name}_bias"]), nn.ReLU()]
    network = nn.Sequential(*layers).requires_grad_(False)
    means = torch.tensor(MEANS).reshape(1, 3, 1, 1)
    return lambda photo: network(photo.flip(1) * 255.0 - means)


def training(generator: str, vgg: str, batch: str, precision: str, compiled: bool) -> Callable[[], float]:
    """A training step on one batch held in memory: the whole loss, clipped gradients, Adam (fused); gives the loss."""
    import torch

    (forward, parameters), network, held = scribbler(generator), vgg16(vgg), arrays_of(batch)
    sketch, photo = channels_last(held["sketches"]), channels_last(held["photos"])
    optimizer = torch.optim.Adam(parameters, 1e-4, eps=1e-7, fused=True)

    def root(difference: Any) -> Any:
        return difference.float().square().mean((1, 2, 3)).clamp_min(EPSILON).sqrt().mean()

    def loss_of(sketch: Any, photo: Any) -> Any:
        with torch.autocast("cpu", torch.bfloat16, enabled=precision == "bfloat16"):
            made = forward(sketch)
            with torch.no_grad():
                seen = network(photo)
            features = root(seen.float() - network(made).float())
        here = made[:, :, :-1, :-1]
        variation = (made[:, :, 1:, :-1] - here).square() + (made[:, :, :-1, 1:] - here).square()
        return root(photo - made) + 1e-3 * features + 1e-5 * variation.sum((1, 2, 3)).mean()

    run = torch.compile(loss_of, dynamic=False) if compiled else loss_of

    def step() -> float:
        optimizer.zero_grad(set_to_none=True)
        loss = run(sketch, photo)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(parameters, 1.0)
        optimizer.step()
        return loss.item()

    return step


# ---- inversion


def pytorch(model: str, precision: str = "float32", compiled: bool = False) -> Runner:
    import torch

    forward, _ = scribbler(model)
    run = torch.compile(forward, dynamic=False) if compiled else forward

    @torch.inference_mode()
    def photograph(sketches: np.ndarray) -> np.ndarray:
        with torch.autocast("cpu", torch.bfloat16, enabled=precision == "bfloat16"):
            return run(channels_last(sketches)).permute(0, 2, 3, 1).numpy()

    return photograph


def onnxruntime(model: str) -> Runner:
    import onnxruntime

    session = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])
    return lambda sketches: session.run(None, {"sketch": sketches})[0]


def openvino(model: str, precision: str = "f32") -> Runner:
    import openvino

    hints = {"INFERENCE_PRECISION_HINT": precision, "PERFORMANCE_HINT": "LATENCY"}
    compiled = openvino.Core().compile_model(model, "CPU", hints)
    return lambda sketches: compiled(sketches)[0]


RUNTIMES: dict[str, Callable[..., Runner]] = {"pytorch": pytorch, "onnxruntime": onnxruntime, "openvino": openvino}

if __name__ == "__main__":
    from PIL import Image

    runtime, model, sketch, photo = sys.argv[1:]
    shown = np.asarray(Image.open(sketch).convert("L"), np.float32)[np.newaxis, ..., np.newaxis] / 255
    made = RUNTIMES[runtime](model)(shown)[0]
    Image.fromarray(np.rint(np.clip(made, 0, 1) * 255).astype(np.uint8)).save(photo)
