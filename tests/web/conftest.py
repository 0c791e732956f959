"""What the tests of the page share: weights of toy size, a drawing, and a real server in a thread."""

from __future__ import annotations

import contextlib
import io
import json
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import telling
import uvicorn
from PIL import Image
from starlette.types import ASGIApp

from sketchback import models, weights


@pytest.fixture(scope="session")
def weight_files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Untrained weights under the names that the page knows."""
    folder = tmp_path_factory.mktemp("weights")
    files = {}
    for name, width, size in (("faces", 4, [64, 64]), ("buildings", 6, [48, 64])):
        files[name] = weights.save(
            models.build("scribbler", width=width, halvings=2, blocks=1),
            folder / f"{name}.weights.h5",
            recipe=json.dumps({"size": size}),
            note=f"toy {name}",
            terms="one: for research; two: for all; one: for research",
        )
    return files


@pytest.fixture(scope="module")
def telling_files(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Path]]:
    """Weights that take tone, with all that helps them."""
    folder = tmp_path_factory.mktemp("telling")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(weights.ENVIRONMENT, str(folder))
        yield telling.save(folder)


@pytest.fixture(scope="session")
def drawing() -> bytes:
    """A PNG, 33 wide and 40 high."""
    values = np.full((40, 33), 255, np.uint8)
    values[10:30, 15:18] = 20
    written = io.BytesIO()
    Image.fromarray(values).save(written, "PNG")
    return written.getvalue()


@contextlib.contextmanager
def _serving(app: ASGIApp, lifespan: str = "on") -> Iterator[int]:
    listening = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(app, log_level="critical", lifespan=lifespan, timeout_graceful_shutdown=3))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
    thread.start()
    yield listening.getsockname()[1]
    server.should_exit = True
    thread.join(20)


@pytest.fixture(scope="session")
def serving():
    """`with serving(app) as port:` a real server over an application."""
    return _serving
