"""Keeps apart what native code prints past Python, past every log level."""

from __future__ import annotations

import contextlib
import os
import sys
import threading
from collections.abc import Iterator

from sketchback.signals import undisturbed

_diverting = threading.RLock()  # two threads that put descriptors back in the wrong order would leave them diverted


@contextlib.contextmanager
def diverted(file: int, *descriptors: int) -> Iterator[None]:
    """Sends what is written on file descriptors to another file, until its block is over.

    Args:
        file: The file descriptor to write to.
        *descriptors: 1 for standard output, 2 for standard error.
    """
    with _diverting:
        for stream in (sys.stdout, sys.stderr):
            with contextlib.suppress(OSError):
                stream.flush()
        kept = [os.dup(descriptor) for descriptor in descriptors]
        try:
            for descriptor in descriptors:
                os.dup2(file, descriptor)
            yield
        finally:
            for descriptor, copy in zip(descriptors, kept, strict=True):
                os.dup2(copy, descriptor)
                os.close(copy)


def import_keras() -> None:
    """Imports Keras and its backend without the notes that TensorFlow's start-up prints.

    They come from C++, before any setting is read. Ctrl-C waits until it is done: inside, it would be lost or crash.
    """
    with undisturbed(), open(os.devnull, "wb") as nowhere, diverted(nowhere.fileno(), 2):
        import keras

        if keras.backend.backend() == "tensorflow":
            import tensorflow as tf

            tf.config.list_physical_devices()  # says on every machine without a GPU that there is none
