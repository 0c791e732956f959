"""Several devices, several machines: Keras's distribution API on JAX.

    python -m sketchback.train faces --workers h1:4000,h2:4000 --rank 0      on h1, and --rank 1 on h2

Data parallel: each device holds all weights and sees its part of every batch. The loss is the mean over the whole
batch, as it is on one device, and the gradients' sums are XLA's: nothing here scales anything. Several GPUs of one
machine are used without being asked for.
"""

from __future__ import annotations

import contextlib
import dataclasses
import hashlib
import json
import logging
import os
import socket
import sys
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from sketchback.extras import install

if TYPE_CHECKING:
    import keras

START = 300  # seconds that workers wait for each other when they begin
HEARTBEAT = 30  # seconds of silence after which a worker counts as lost
# What JAX, its collectives and its coordination service say when another process is gone.
SIGNS = ("gloo", "nccl", "coordination", "heartbeat", "distributed service", "unavailable:", "deadline_exceeded")

logger = logging.getLogger(__name__)


class LostWorkerError(ConnectionError):
    """Another worker died, froze, or cannot be reached."""


@dataclasses.dataclass(frozen=True)
class Devices:
    """Where a run computes: this is worker number `rank` of `workers`, which have `count` devices together.

    The methods that name all workers must be called by all of them, in the same order.
    """

    rank: int = 0
    workers: int = 1
    count: int = 1

    @property
    def first(self) -> bool:
        """Whether this is the worker that writes."""
        return self.rank == 0

    def check(self, batch_size: int) -> None:
        """Raises `ValueError` unless the devices can share a batch equally."""
        if batch_size % self.count:
            below = batch_size - batch_size % self.count
            fitting = [str(size) for size in (below, below + self.count) if size]
            raise ValueError(
                f"`batch_size` must be a multiple of the number of devices, which share each batch. Received: "
                f"batch_size={batch_size} for {self.count} devices. Give --batch-size {' or '.join(fitting)}."
            )

    @contextlib.contextmanager
    def alone(self) -> Iterator[None]:
        """What is built and computed inside belongs to this process and to one of its devices."""
        if self.count == 1:
            yield
            return
        import keras

        before = keras.distribution.distribution()
        keras.distribution.set_distribution(None)
        try:
            yield
        finally:
            keras.distribution.set_distribution(before)

    def spread(self, own: keras.Model) -> keras.Model:
        """A copy of a generator, of `alone`, that lies on all devices; on one device the generator itself."""
        if self.count == 1:
            return own
        import keras

        from sketchback.models.generator import declare

        generator = declare(keras.models.clone_model(own), arguments=own.arguments, stride=own.stride)
        generator.set_weights(own.get_weights())
        return generator

    def copy_back(self, generator: keras.Model, own: keras.Model) -> keras.Model:
        """Gives `own` the weights of what `spread` made of it, and returns it.

        Predicting with and saving a generator that lies on several processes would need all of them each time.
        """
        if self.count > 1:
            own.set_weights([np.asarray(variable) for variable in generator.weights])
        return own

    def gather(self, content: np.ndarray) -> np.ndarray:
        """The arrays of all workers, `(workers, *shape)`, to the last bit; they have one shape."""
        if self.workers == 1:
            return content[np.newaxis]
        from jax.experimental import multihost_utils

        # As bytes: JAX would make 32 bits of 64.
        parts = multihost_utils.process_allgather(np.frombuffer(content.tobytes(), np.uint8))
        return np.frombuffer(np.asarray(parts).tobytes(), content.dtype).reshape(self.workers, *content.shape)

    def anyone(self, flag: bool) -> bool:
        """Whether any worker says so: they stop at the same step, whichever of them was asked to."""
        return bool(self.gather(np.array(flag)).any())

    def share(self, content: bytes) -> bytes:
        """What the first worker gives, on all workers."""
        if self.workers == 1:
            return content
        from jax.experimental import multihost_utils

        length = int(self.gather(np.array(len(content)))[0])
        own = np.frombuffer(content, np.uint8) if self.first else np.zeros(length, np.uint8)
        return np.asarray(multihost_utils.broadcast_one_to_all(own)).tobytes()

    def agree(self, facts: Mapping[str, Any]) -> None:
        """Raises `ValueError` that names what is not the same on all workers."""
        if self.workers == 1:
            return
        digests = [
            hashlib.sha256(json.dumps(fact, sort_keys=True, default=str).encode()).digest() for fact in facts.values()
        ]
        seen = self.gather(np.array([np.frombuffer(digest, np.uint8) for digest in digests]))  # (workers, facts, 32)
        for place, name in enumerate(facts):
            others = [rank for rank in range(self.workers) if not np.array_equal(seen[rank, place], seen[0, place])]
            if others:
                raise ValueError(
                    f"All workers must be given the same {name}. Received: another on worker "
                    f"{', '.join(map(str, others))} than on the first. This is worker {self.rank}: {facts[name]}."
                )


ONE = Devices()


def digest(model: keras.Model | None) -> str:
    """The SHA-256 of a model's weights."""
    made = hashlib.sha256()
    for weight in model.get_weights() if model is not None else ():
        made.update(np.ascontiguousarray(weight).tobytes())
    return made.hexdigest()


def read_workers(text: str | None, rank: int | None) -> list[str]:
    """Reads `h1:4000,h2:4000`; none is one process.

    Raises:
        ValueError: It is no such list, or `rank` is not a place in it.

    >>> read_workers("h1:4000,h2:4000", 1)
    ['h1:4000', 'h2:4000']
    """
    if text is None:
        if rank is not None:
            raise ValueError(f"`--rank` is a place in `--workers`. Received: --rank {rank} alone.")
        return []
    addresses = [part.strip() for part in text.split(",")]
    for address in addresses:
        host, _, port = address.rpartition(":")
        if not host or not port.isdecimal() or not 0 < int(port) < 65536:
            raise ValueError(
                f"`--workers` must be addresses like h1:4000,h2:4000, one a worker. Received: {text!r}. "
                "(Processes that read pictures are --processes.)"
            )
    if len(set(addresses)) < len(addresses):
        raise ValueError(f"`--workers` must be different addresses. Received: {text!r}.")
    if rank is None or not 0 <= rank < len(addresses):
        raise ValueError(
            f"`--rank` must be this machine's place in --workers, 0 to {len(addresses) - 1}. Received: {rank}."
        )
    return addresses


@contextlib.contextmanager
def start(workers: Sequence[str] = (), rank: int | None = None) -> Iterator[Devices]:
    """Uses all devices of this machine, with `workers` also those of others; to be entered before anything is built.

    Args:
        workers: One address a worker, `host:port`; the first one's is where all of them meet.
        rank: This worker's place among them.

    Yields:
        The devices.

    Raises:
        ValueError: The backend cannot do it, or the port is taken.
        LostWorkerError: Another worker died inside the block, or could not be reached.
    """
    import keras

    if keras.backend.backend() != "jax":
        if workers:
            raise ValueError(
                "Several workers need Keras on JAX. Received: --workers with KERAS_BACKEND="
                f"{keras.backend.backend()}. Set KERAS_BACKEND=jax ({install('jax')}; with a GPU, "
                'pip install "jax[cuda12]" as well).'
            )
        yield Devices()
        return
    import jax

    before = keras.distribution.distribution()
    try:
        if len(workers) > 1:
            _join(workers, rank)
        devices = Devices(jax.process_index(), jax.process_count(), jax.device_count())
        # Now they are all here: who reads slowly later is waited for, but the first meeting has 30 seconds (Gloo).
        devices.anyone(False)
        if devices.count > 1:
            # Every worker makes its own part of a batch, so that Keras has nothing to divide.
            keras.distribution.set_distribution(keras.distribution.DataParallel(auto_shard_dataset=False))
            logger.info(
                "each batch is shared by %d devices of %d process%s",
                devices.count,
                devices.workers,
                "" if devices.workers == 1 else "es",
            )
        yield devices
        devices.anyone(False)  # nobody leaves before the first has written
    except Exception as error:
        said = " ".join(str(error).split())
        if len(workers) < 2 or not any(sign in said.lower() for sign in SIGNS):
            raise
        raise LostWorkerError(
            f"All workers must be there from the start (within {START // 60} minutes) to the end. Received: another "
            "one died, froze or cannot be reached; its own last line may say why. Start all of them again with "
            f"--resume: nothing before the last checkpoint is lost. (JAX: {said[:200]})"
        ) from None
    finally:
        keras.distribution.set_distribution(before)


def _join(addresses: Sequence[str], rank: int | None) -> None:
    import jax

    if jax.distributed.is_initialized():
        return
    with contextlib.suppress(AttributeError):
        jax.config.update("jax_enable_preemption_service", False)  # it would swallow SIGTERM
    if rank == 0:
        port = int(addresses[0].rpartition(":")[2])
        try:
            with socket.create_server(("", port)):  # JAX crashes where it is taken
                pass
        except OSError as error:
            raise ValueError(
                f"The first worker's port must be free. Received: {addresses[0]} ({error.strerror}). Give another."
            ) from None
    logger.info("worker %d of %d: waiting for the others at %s", rank, len(addresses), addresses[0])
    jax.distributed.initialize(
        addresses[0],
        len(addresses),
        rank,
        cluster_detection_method="deactivate",
        initialization_timeout=START,
        heartbeat_timeout_seconds=HEARTBEAT,
    )


def leave(status: int) -> int:
    """The last call of a command: ends a worker that failed at once, whatever JAX's threads still wait for.

    Returns:
        The status, of every other process.
    """
    jax = sys.modules.get("jax")
    if status and jax is not None and jax.distributed.is_initialized():
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)
    return status
