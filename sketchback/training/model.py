"""The one training model, and what surrounds its steps: precision, learning rate, averages."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
from keras import ops

from sketchback.datasets.prefetch import Numbered
from sketchback.datasets.processes import CAN_BE_USED
from sketchback.inference.padding import call_padded
from sketchback.losses import WeightedLoss
from sketchback.models.discriminator import Judgement

CALIBRATION = 32  # batches
PAPER, INK = 33, 0.12  # pixels of a window whose lightest is paper; darker by this than paper is a stroke
MOST_PROCESSES = 16  # by default; each takes 70 MB


class TrainingModel(keras.Model):
    """A generator and what it is asked to do; only the generator is ever saved.

    `train_on_batch(inputs, targets, return_dict=True)` takes one step and returns the loss and each of its terms.

    In an adversarial stage the discriminator learns in the same step, from what the generator made in it: no
    loss has a gradient in weights that another is to move, so that their sum is minimised by one optimiser.

    Args:
        generator: For example `(B, H, W, 1) -> (B, H, W, 3)`.
        objective: What is minimised.
        discriminator: What the generator is to deceive, see `models.discriminator`.
        adversarial: The weight of that.
        matching: The weight of the difference of the features that the discriminator sees.
        near: Pixels around the strokes of the sketch within which it judges: farther away it is shown the photograph,
            so that no pattern is rewarded where a drawing says nothing. 0: it judges everywhere.
        answering: What changes the inputs before the generator is shown them, see `training.answering`.
    """

    def __init__(
        self,
        generator: keras.Model,
        objective: WeightedLoss,
        discriminator: keras.layers.Layer | None = None,
        adversarial: float = 0.0,
        matching: float = 0.0,
        near: int = 0,
        answering: Callable[[Any], Any] | None = None,
    ):
        super().__init__(name="training_model")
        self._answer = answering and (lambda inputs: answering(inputs))  # its weights are nobody's to save
        self.generator = generator
        self.objective = objective
        self.discriminator, self.adversarial, self.matching = discriminator, adversarial, matching
        if near and "sketch" not in generator.takes:
            raise ValueError(f"`near` needs a generator that takes a sketch. Received: {', '.join(generator.takes)}.")
        self.near = near
        names = [*objective.names, *(Judgement._fields if discriminator else ())]
        self.trackers = {name: keras.metrics.Mean(name=name) for name in names}

    def call(self, inputs: Any, training: bool | None = None) -> Any:
        """What the generator makes of its inputs, padded to its stride and cropped back."""
        shown = self._answer(inputs) if self._answer else inputs
        return call_padded(self.generator, shown, training=training)  # buildings have 120 rows, the stride is 16

    def compute_loss(
        self, x: Any = None, y: Any = None, y_pred: Any = None, sample_weight: Any = None, training: bool = True
    ) -> Any:
        """The weighted loss of a batch; its terms are noted on the way, without a second forward pass."""
        terms = self.objective.terms(y, y_pred)
        total = self.objective.total(terms)
        if self.discriminator is not None:
            judged = self.discriminator(y, self._where_drawn(x, y, y_pred) if self.near else y_pred)
            terms |= judged._asdict()
            total = total + judged.discriminator + self.adversarial * judged.adversarial
            total = total + self.matching * judged.matching
        for name, tracker in self.trackers.items():
            tracker.update_state(terms[name])
        return total

    def _where_drawn(self, x: Any, y: Any, y_pred: Any) -> Any:
        """What the generator made near strokes, and the photograph elsewhere."""
        sketch = ops.cast(x[self.generator.takes.index("sketch")] if isinstance(x, (list, tuple)) else x, "float32")
        paper = ops.max_pool(sketch, PAPER, strides=1, padding="same")  # (B, H, W, 1)
        ink = ops.cast(paper - sketch > INK, "float32")
        close = ops.max_pool(ink, 2 * self.near + 1, strides=1, padding="same")
        close = ops.cast(ops.average_pool(close, self.near + 1, strides=1, padding="same"), y_pred.dtype)
        return close * y_pred + (1 - close) * ops.cast(y, y_pred.dtype)

    def calibrate(self, batches: Numbered[tuple[Any, np.ndarray]]) -> None:
        """Measures the statistics of the generator's batch normalisations, frozen ones too: their means over batches.

        Moving statistics lag behind the weights; these belong to the weights that are there, as in PreciseBN (Wu and
        Johnson 2021).

        Args:
            batches: The inputs come first in each; the first `CALIBRATION` batches are looked at.
        """
        own = [layer for layer in self.generator.layers if isinstance(layer, keras.layers.BatchNormalization)]
        before = [(layer.momentum, layer.trainable) for layer in own]
        try:
            for index in range(min(len(batches), CALIBRATION) if own else 0):
                for layer in own:
                    layer.trainable = True  # a frozen one takes no statistics
                    layer.momentum = index / (index + 1)  # so that each batch counts the same
                self(batches[index][0], training=True)
        finally:
            for layer, (momentum, trainable) in zip(own, before, strict=True):
                layer.momentum, layer.trainable = momentum, trainable

    def end_epoch(self) -> None:
        """Gives the weights their averages, where the optimiser keeps some."""
        self.optimizer.finalize_variable_values(self.trainable_variables)
        if keras.backend.backend() == "jax" and self.optimizer.use_ema:
            # Each weight now shares the memory of its average, which JAX will not give away twice.
            for variable in self.trainable_variables:
                variable.assign(variable + 0.0)

    def state(self) -> dict[str, list[np.ndarray]]:
        """Everything that resuming needs, as arrays: generator and optimiser (with its step).

        Raises:
            ValueError: The generator's weights are not finite. A gradient that overflows spoils them one step
                before the loss shows it.
        """
        arrays = {name: [np.asarray(variable) for variable in own] for name, own in self._groups().items()}
        if not all(np.isfinite(array).all() for array in arrays["generator"]):
            raise ValueError("The weights must stay finite. Received: NaN or infinity.")
        return arrays

    def restore(self, arrays: dict[str, list[np.ndarray]]) -> None:
        """Takes up what `state` gave; nothing changes where a shape does not fit.

        Raises:
            ValueError: The arrays are those of another generator or optimiser.
        """
        groups = self._groups()
        for name, variables in groups.items():
            if [array.shape for array in arrays.get(name, [])] != [tuple(variable.shape) for variable in variables]:
                raise ValueError(f"A checkpoint must fit its recipe. Received: one whose {name} is of another shape.")
        for name, variables in groups.items():
            for variable, array in zip(variables, arrays[name], strict=True):
                variable.assign(array)

    def _groups(self) -> dict[str, list[Any]]:
        groups = {"generator": self.generator.variables, "optimizer": self.optimizer.variables}
        return groups if self.discriminator is None else {**groups, "discriminator": self.discriminator.variables}


def adam(
    schedule: str,
    peak: float,
    *,
    warmup: int,
    steps: int,
    clip: float | None,
    average: float | None = None,
) -> keras.optimizers.Adam:
    """Adam (Kingma and Ba 2015) with clipped gradients, a learning rate that warms up, and averaged weights.

    Args:
        schedule: After a linear warm-up to the peak, `"constant"`, or `"cosine"`: down to zero.
        peak: The highest learning rate.
        warmup: Steps until the peak, at most a quarter of all.
        steps: Steps of the whole run.
        clip: Norm that the gradient of all weights together is clipped to; None does not clip.
        average: Momentum of the exponential moving average of the weights (Polyak and Juditsky 1992), which takes
            their place in `TrainingModel.end_epoch`; None does not average.

    Returns:
        The optimiser.
    """
    warmup = min(warmup, steps // 4)
    rate: float | keras.optimizers.schedules.LearningRateSchedule = peak
    if warmup or schedule == "cosine":
        rate = keras.optimizers.schedules.CosineDecay(
            0.0 if warmup else peak,
            max(steps - warmup, 1),
            alpha=1.0 if schedule == "constant" else 0.0,
            warmup_target=peak if warmup else None,
            warmup_steps=warmup,
        )
    averaging: dict[str, Any] = {} if average is None else {"use_ema": True, "ema_momentum": average}
    return keras.optimizers.Adam(rate, global_clipnorm=clip, **averaging)


def _device() -> tuple[str, int]:
    """What computes, as JAX calls it; and of GPUs the lowest compute capability: from 8 on they have bfloat16."""
    if keras.backend.backend() == "jax":
        import jax

        found = [getattr(device, "compute_capability", "0") for device in jax.devices()]  # as text
        return jax.default_backend(), min(int(float(one)) for one in found)
    import tensorflow as tf

    gpus = tf.config.list_physical_devices("GPU")
    details = [tf.config.experimental.get_device_details(gpu) for gpu in gpus]
    return "gpu" if gpus else "cpu", min((one.get("compute_capability", (0, 0))[0] for one in details), default=0)


def choose_precision() -> str:
    """`"bfloat16"` where this machine computes in it (recent GPUs and CPUs), else `"float32"`."""
    kind, capability = _device()
    if kind in ("gpu", "tpu"):
        return "bfloat16" if kind == "tpu" or capability >= 8 else "float32"
    with contextlib.suppress(OSError):
        flags = Path("/proc/cpuinfo").read_text(encoding="utf-8")
        if "avx512_bf16" in flags or "amx_bf16" in flags:
            return "bfloat16"
    return "float32"


def choose_processes() -> int:
    """How many processes are to draw: one a core for a GPU, which would wait for anything less; none for a CPU.

    Threads keep up with a CPU many times over, and nothing has to start.
    """
    if _device()[0] == "cpu" or not CAN_BE_USED:
        return 0
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return min(cores, MOST_PROCESSES)


def ask_for_determinism() -> None:
    """Asks the backend for bit-identical results of identical runs, also on a GPU.

    Raises:
        ValueError: JAX has a GPU and was not told as it started.
    """
    if keras.backend.backend() == "tensorflow":
        import tensorflow as tf

        tf.config.experimental.enable_op_determinism()
    elif keras.backend.backend() == "jax":
        import jax

        flag = "--xla_gpu_deterministic_ops=true"
        if jax.default_backend() == "gpu" and flag not in os.environ.get("XLA_FLAGS", ""):
            raise ValueError(
                f"`deterministic` on a GPU needs {flag} in XLA_FLAGS, which JAX reads as it starts. Received: "
                f"XLA_FLAGS={os.environ.get('XLA_FLAGS', '')!r}. Set it, and start again."
            )
