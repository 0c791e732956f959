"""The rivals of speed.py, run by whatever interpreter has them: the same network in PyTorch, ONNX Runtime, OpenVINO.

`python rivals.py picture KIND GRAPH SKETCH PHOTO` is the shortest way from a drawing's file to a photograph's.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable

import numpy as np
from speed_turns import Turn, serve, steps_for

MEANS = (103.939, 116.779, 123.68)  # of ImageNet: blue, green, red
EPSILON = 1e-12


def arrays_of(path: str) -> dict[str, np.ndarray]:
    with np.load(path, allow_pickle=False) as file:
        return dict(file)


# ---- PyTorch: `models.scribbler`, `backbones.vgg16_relu2_2` and `losses.WeightedLoss` once more


def scribbler(path: str):
    """The generator in PyTorch, with the arrays that `speed_ours.prepare` wrote."""
    import torch
    from torch import nn
    from torch.nn import functional as F  # noqa: N812

    arrays = arrays_of(path)
    arguments = json.loads(str(arrays.pop("arguments")))
    if arguments["normalisation"] is not None:
        raise ImportError("the twin in PyTorch knows no normalisation")

    class Scribbler(nn.Module):
        def __init__(self):
            super().__init__()
            self.convolutions = nn.ModuleDict()
            for name in {name.rpartition("/")[0] for name in arrays}:
                kernel = torch.from_numpy(arrays[f"{name}/kernel"]).permute(3, 2, 0, 1)
                strides = 2 if name.startswith("down") and "_" not in name else 1
                made = nn.Conv2d(*kernel.shape[1::-1], kernel.shape[2], strides, (kernel.shape[2] - 1) // 2)
                made.padding = (0, 0) if strides == 2 else made.padding
                made.weight.data = kernel.contiguous(memory_format=torch.channels_last)
                made.bias.data = torch.from_numpy(arrays[f"{name}/bias"])
                self.convolutions[name] = made

        def convolve(self, x, name):
            # TensorFlow pads an even side below and on the right only where the stride is 2.
            x = F.pad(x, (0, 1, 0, 1)) if name.startswith("down") and "_" not in name else x
            return self.convolutions[name](x)

        def residual(self, x, name):
            return x + self.convolve(F.relu(self.convolve(x, f"{name}_conv1")), f"{name}_conv2")

        def forward(self, x):  # (B, 1, H, W) -> (B, 3, H, W)
            x = F.relu(self.convolve(x, "stem"))
            encoded = [x]
            for level in range(1, arguments["halvings"] + 1):
                x = self.residual(F.relu(self.convolve(x, f"down{level}")), f"down{level}_block")
                encoded.append(x)
            for block in range(1, arguments["blocks"] + 1):
                x = self.residual(x, f"block{block}")
            for level in reversed(range(arguments["halvings"])):
                x = self.convolve(F.interpolate(x, scale_factor=2.0, mode="nearest"), f"up{level}_conv")
                x = F.relu(x + encoded[level] if arguments["skips"] else x)
                for block in range(1, (1 if arguments["skips"] else 2) + 1):
                    x = self.residual(x, f"up{level}_block{block}")
            with torch.autocast("cpu", enabled=False):
                return torch.sigmoid(self.convolve(x.float(), "photo"))

    return Scribbler().to(memory_format=torch.channels_last)


def vgg16(path: str):
    """VGG16 to relu2_2 in PyTorch, frozen, its preprocessing inside."""
    import torch
    from torch import nn
    from torch.nn import functional as F  # noqa: N812

    arrays = arrays_of(path)

    class VGG16(nn.Module):
        def __init__(self):
            super().__init__()
            self.register_buffer("means", torch.tensor(MEANS).reshape(1, 3, 1, 1))
            for name in ("block1_conv1", "block1_conv2", "block2_conv1", "block2_conv2"):
                kernel = torch.from_numpy(arrays[f"{name}_kernel"]).permute(3, 2, 0, 1)
                made = nn.Conv2d(*kernel.shape[1::-1], 3, padding=1)
                made.weight.data = kernel.contiguous(memory_format=torch.channels_last)
                made.bias.data = torch.from_numpy(arrays[f"{name}_bias"])
                setattr(self, name, made)

        def forward(self, photo):  # (B, 3, H, W) -> (B, 128, H/2, W/2)
            x = photo.flip(1) * 255.0 - self.means
            x = F.relu(self.block1_conv2(F.relu(self.block1_conv1(x))))
            return F.relu(self.block2_conv2(F.relu(self.block2_conv1(F.max_pool2d(x, 2)))))

    return VGG16().requires_grad_(False).to(memory_format=torch.channels_last)


def torch_training(
    generator: str, vgg: str, batch: str, precision: str, compiled: bool, seconds: float, clip: float
) -> Turn:
    """Training steps on one batch held in memory: Adam (fused), clipped gradients, the whole loss."""
    import torch

    torch.manual_seed(0)
    model, network, held = scribbler(generator), vgg16(vgg), arrays_of(batch)
    sketch, photo = (
        torch.from_numpy(held[name]).permute(0, 3, 1, 2).contiguous(memory_format=torch.channels_last)
        for name in ("sketches", "photos")
    )
    optimizer = torch.optim.Adam(model.parameters(), 1e-4, eps=1e-7, fused=True)

    def root(difference):
        return difference.float().square().mean((1, 2, 3)).clamp_min(EPSILON).sqrt().mean()

    def loss_of(sketch, photo):
        with torch.autocast("cpu", torch.bfloat16, enabled=precision == "bfloat16"):
            made = model(sketch)
            with torch.no_grad():
                seen = network(photo)
            features = root(seen.float() - network(made).float())
        here = made[:, :, :-1, :-1]
        variation = (made[:, :, 1:, :-1] - here).square() + (made[:, :, :-1, 1:] - here).square()
        return root(photo - made) + 1e-3 * features + 1e-5 * variation.sum((1, 2, 3)).mean()

    run = torch.compile(loss_of, dynamic=False) if compiled else loss_of
    losses: list[float] = []

    def step() -> None:
        optimizer.zero_grad(set_to_none=True)
        loss = run(sketch, photo)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), clip)
        optimizer.step()
        losses.append(loss.item())

    step()  # compiles
    counts: list[int] = []

    def act(number: int) -> dict:
        counts[:] = counts or [steps_for(seconds, step)]
        for _ in range(counts[0]):
            step()
        return {"images": counts[0] * len(sketch), "loss": losses[0]}

    return act


# ---- inversion: every maker returns `sketches (B, H, W, 1) -> photographs (B, H, W, 3)`, NumPy to NumPy


def torch_runner(graph: str, precision: str = "float32", compiled: bool = False) -> Callable[[np.ndarray], np.ndarray]:
    import torch

    model = scribbler(graph).eval()
    run = torch.compile(model, dynamic=False) if compiled else model

    @torch.inference_mode()
    def photograph(sketches: np.ndarray) -> np.ndarray:
        x = torch.from_numpy(sketches).permute(0, 3, 1, 2).contiguous(memory_format=torch.channels_last)
        with torch.autocast("cpu", torch.bfloat16, enabled=precision == "bfloat16"):
            return run(x).permute(0, 2, 3, 1).numpy()

    return photograph


def onnxruntime_runner(graph: str) -> Callable[[np.ndarray], np.ndarray]:
    import onnxruntime

    session = onnxruntime.InferenceSession(graph, providers=["CPUExecutionProvider"])
    return lambda sketches: session.run(None, {"sketch": sketches})[0]


def openvino_runner(graph: str, precision: str = "f32") -> Callable[[np.ndarray], np.ndarray]:
    import openvino

    hints = {"INFERENCE_PRECISION_HINT": precision, "PERFORMANCE_HINT": "LATENCY"}
    compiled = openvino.Core().compile_model(graph, "CPU", hints)
    return lambda sketches: compiled(sketches)[0]


RUNNERS = {"torch": torch_runner, "onnxruntime": onnxruntime_runner, "openvino": openvino_runner}


def timed(run: Callable[[np.ndarray], np.ndarray], sketches: dict[str, np.ndarray], seconds: float) -> Turn:
    """Turns of repeated calls on one of `sketches`, the first of which is saved to be compared."""
    counts: dict[str, int] = {}

    def act(number: int, cell: str, save: str) -> dict:
        shown = sketches[cell]
        if cell not in counts:
            np.save(save, np.asarray(run(shown), np.float32)[:1])
            counts[cell] = steps_for(seconds, lambda: run(shown))
        cpu, begin = time.process_time(), time.perf_counter()
        for _ in range(counts[cell]):
            run(shown)
        wall = time.perf_counter() - begin
        return {"seconds": wall, "cpu": time.process_time() - cpu, "images": counts[cell] * len(shown)}

    return act


def inversion(kind: str, graph: str, sketches: str, seconds: float, **options) -> Turn:
    return timed(RUNNERS[kind](graph, **options), arrays_of(sketches), seconds)


def picture(kind: str, graph: str, sketch: str, photo: str) -> None:
    """One drawing's file to one photograph's, as a user's own script would."""
    from PIL import Image

    shown = np.asarray(Image.open(sketch).convert("L"), np.float32)[np.newaxis, ..., np.newaxis] / 255
    made = RUNNERS[kind](graph)(shown)[0]
    Image.fromarray(np.rint(np.clip(made, 0, 1) * 255).astype(np.uint8)).save(photo)


if __name__ == "__main__":
    if sys.argv[1] == "picture":
        picture(*sys.argv[2:])
    else:
        serve({"training": torch_training, "inversion": inversion})
