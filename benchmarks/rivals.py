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


# ---- PyTorch: `models.scribbler`, `backbones.vgg16` and `losses.WeightedLoss` once more


def arrays_of(path: str) -> dict[str, np.ndarray]:
    with np.load(path, allow_pickle=False) as file:
        return dict(file)


def channels_last(images: np.ndarray) -> Any:
    """`(B, H, W, C)` -> a tensor `(B, C, H, W)` that lies in memory as before."""
    import torch

    return torch.from_numpy(images).permute(0, 3, 1, 2).contiguous(memory_format=torch.channels_last)


def convolution(kernel: np.ndarray, bias: np.ndarray, halve: bool = False, depthwise: bool = False) -> Any:
    """A convolution with arrays of Keras, kernels `(rows, columns, in, out)`, or `(rows, columns, in, 1)`."""
    import torch
    from torch import nn

    side, _, inputs, outputs = kernel.shape
    outputs, axes = (inputs, (2, 3, 0, 1)) if depthwise else (outputs, (3, 2, 0, 1))
    made = nn.Conv2d(
        inputs, outputs, side, 2 if halve else 1, 0 if halve else side // 2, groups=inputs if depthwise else 1
    )
    made.weight.data = torch.from_numpy(kernel).permute(axes).contiguous(memory_format=torch.channels_last)
    made.bias.data = torch.from_numpy(bias)
    # Where the stride is 2, TensorFlow pads an even picture less above and on the left.
    before, after = (side - 2) // 2, (side - 1) // 2
    return nn.Sequential(nn.ZeroPad2d((before, after, before, after)), made) if halve else made


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


def efficientnet(path: str) -> Callable[[Any], list[Any]]:
    """EfficientNet-lite0, frozen: `(B, 3, H, W)`, sides that are multiples of 32 -> four features."""
    from torch import nn
    from torch.nn import functional as F  # noqa: N812

    arrays = arrays_of(path)
    stages, taps = json.loads(str(arrays.pop("stages"))), json.loads(str(arrays.pop("taps")))

    def made(name: str, halve: bool = False) -> Any:
        arguments = arrays[f"{name}/kernel"], arrays[f"{name}/bias"], halve, name.endswith("depthwise")
        return convolution(*arguments).requires_grad_(False)

    stem, blocks = made("stem", True), []
    for repeats, _, first, expansion, filters in stages:
        for repeat in range(repeats):
            name, halve = f"block{len(blocks)}", first == 2 and repeat == 0
            expand = [made(f"{name}_expand"), nn.ReLU6()] if expansion > 1 else []
            inner = [*expand, made(f"{name}_depthwise", halve), nn.ReLU6(), made(f"{name}_project")]
            blocks.append((nn.Sequential(*inner), repeat > 0, filters in taps and repeat == repeats - 1))

    def see(photo: Any) -> list[Any]:
        x, found = F.relu6(stem(photo * (255 / 128) - 127 / 128)), []
        for block, adds, is_tap in blocks:
            x = x + block(x) if adds else block(x)
            found += [x] if is_tap else []
        return found

    return see


def judge(efficient: str, path: str, adversarial: float, matching: float) -> tuple[Callable[..., Any], list[Any]]:
    """`models.discriminator`: `(truth, made) ->` what generator and heads minimise together; the heads' parameters."""
    import torch
    from torch.nn import functional as F  # noqa: N812

    see, arrays = efficientnet(efficient), arrays_of(path)
    scales = sum(name.startswith("mixer") for name in arrays)

    def kernel_of(name: str) -> Any:
        return torch.from_numpy(arrays[name]).permute(3, 2, 0, 1).contiguous(memory_format=torch.channels_last)

    fixed = [(kernel_of(f"projection{scale}"), kernel_of(f"mixer{scale}")) for scale in range(scales)]
    heads = [
        [
            (kernel_of(f"{name}/kernel").requires_grad_(), torch.from_numpy(arrays[f"{name}/bias"]).requires_grad_())
            for name in (f"head{scale}_{layer}" for layer in range(3))
        ]
        for scale in range(scales)
    ]
    vectors = [[torch.from_numpy(arrays[f"head{scale}_{layer}/u"]) for layer in range(3)] for scale in range(scales)]

    def features(photo: Any) -> list[Any]:
        mixed: list[Any] = []
        for (projection, mixer), feature in reversed(list(zip(fixed, see(photo), strict=True))):
            here = F.conv2d(feature, projection)
            if mixed:
                large = F.interpolate(mixed[0], scale_factor=2.0, mode="nearest")
                here = here + large[:, :, : here.shape[2], : here.shape[3]]
            mixed.insert(0, F.conv2d(here, mixer, padding=1))
        return mixed

    def spectral(x: Any, layer: Any, vector: Any, frozen: bool, last: bool) -> Any:
        kernel, bias = (one.detach() if frozen else one for one in layer)
        flat = kernel.detach().permute(2, 3, 1, 0).reshape(-1, kernel.shape[0])
        left = F.normalize(vector @ flat.T, dim=None)
        right = F.normalize(left @ flat, dim=None)
        if not frozen:
            vector.copy_(right)
        largest = (left @ kernel.permute(2, 3, 1, 0).reshape(-1, kernel.shape[0]) * right).sum()
        x = F.conv2d(x, kernel / largest, bias, padding=1)
        return x if last else F.leaky_relu(x, 0.2)

    def judged(seen: list[Any], frozen: bool = False) -> list[Any]:
        found = []
        for x, head, own in zip(seen, heads, vectors, strict=True):
            for layer, one in enumerate(head):
                x = spectral(x, one, own[layer], frozen, layer == 2)
            found.append(x)
        return found

    def change(photo: Any, lighter: Any, stronger: Any) -> Any:
        gray = photo.mean(1, keepdim=True)
        return gray + stronger * (photo - gray) + lighter

    def loss_of(truth: Any, made: Any, coloured: bool = True) -> Any:
        lighter, stronger = torch.rand(2, len(truth), 1, 1, 1) if coloured else torch.full((2, 1), 0.5)
        lighter, stronger = (lighter - 0.5) * 0.3, stronger + 0.5
        made_seen = features(change(made, lighter, stronger))
        fooled, caught = judged(made_seen, frozen=True), judged([one.detach() for one in made_seen])
        with torch.no_grad():
            real_seen = features(change(truth, lighter, stronger))
        total = sum((1.0 + one).relu().mean() for one in caught)
        total = total + sum((1.0 - one).relu().mean() for one in judged(real_seen))
        total = total - adversarial * sum(one.mean() for one in fooled)
        apart = [
            ((a - b).square().mean((1, 2, 3)) / (a.square().mean((1, 2, 3)) + EPSILON)).clamp_min(EPSILON).sqrt().mean()
            for a, b in zip(real_seen, made_seen, strict=True)
        ]
        return total + matching * sum(apart) / len(apart)

    return loss_of, [array for head in heads for layer in head for array in layer]


def training(
    generator: str,
    vgg: str,
    batch: str,
    precision: str,
    compiled: bool,
    judging: tuple[str, str] | None = None,
    **judged: float,
) -> Callable[[], float]:
    """A training step on one batch held in memory: the whole loss, clipped gradients, Adam (fused); gives the loss.

    With the files of `judging` (EfficientNet-lite0, discriminator) it is a step of an adversarial stage, whose loss is
    given without what the discriminator adds.
    """
    import torch

    (forward, parameters), network, held = scribbler(generator), vgg16(vgg), arrays_of(batch)
    judge_of, heads = judge(*judging, **judged) if judging else (None, [])
    parameters = [*parameters, *heads]
    sketch, photo = channels_last(held["sketches"]), channels_last(held["photos"])
    optimizer = torch.optim.Adam(parameters, 1e-4, eps=1e-7, fused=True)

    def root(difference: Any) -> Any:
        return difference.float().square().mean((1, 2, 3)).clamp_min(EPSILON).sqrt().mean()

    def losses_of(sketch: Any, photo: Any) -> tuple[Any, Any]:
        with torch.autocast("cpu", torch.bfloat16, enabled=precision == "bfloat16"):
            made = forward(sketch)
            with torch.no_grad():
                seen = network(photo)
            features = root(seen.float() - network(made).float())
        here = made[:, :, :-1, :-1]
        variation = (made[:, :, 1:, :-1] - here).square() + (made[:, :, :-1, 1:] - here).square()
        loss = root(photo - made) + 1e-3 * features + 1e-5 * variation.sum((1, 2, 3)).mean()
        return loss, loss + judge_of(photo, made) if judge_of else loss

    run = torch.compile(losses_of, dynamic=False) if compiled else losses_of

    def step() -> float:
        optimizer.zero_grad(set_to_none=True)
        loss, whole = run(sketch, photo)
        whole.backward()
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
