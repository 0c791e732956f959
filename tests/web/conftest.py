"""What the tests of the page share: weights of toy size, a drawing, a real server in a thread, a browser."""

from __future__ import annotations

import contextlib
import io
import json
import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import keras
import numpy as np
import pytest
import telling
import uvicorn
from PIL import Image
from starlette.types import ASGIApp
from visits import CHROMIUM, FLAGS, Visit

from sketchback import images, models, weights
from sketchback.web import app
from sketchback.web.worker import InferenceWorker


@pytest.fixture(scope="session")
def weight_files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Untrained weights under the names that the page knows."""
    folder = tmp_path_factory.mktemp("weights")
    files = {}
    keras.utils.set_random_seed(0)  # how far two runtimes are apart hangs on the weights
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
def _serving(served: ASGIApp, lifespan: str = "on", port: int = 0) -> Iterator[int]:
    listening = socket.create_server(("127.0.0.1", port))
    server = uvicorn.Server(
        uvicorn.Config(served, log_level="critical", lifespan=lifespan, timeout_graceful_shutdown=3)
    )
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
    thread.start()
    yield listening.getsockname()[1]
    server.should_exit = True
    thread.join(20)


@pytest.fixture(scope="session")
def serving():
    """`with serving(app) as port:` a real server over an application."""
    return _serving


# ---- in a browser


@pytest.fixture(scope="module")
def browser():
    if CHROMIUM is None:
        pytest.skip("needs Chromium: apt-get install chromium")
    playwright = pytest.importorskip("playwright.sync_api", reason="needs playwright: pip install playwright")
    with playwright.sync_playwright() as running:
        started = running.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield started
        started.close()


@pytest.fixture(scope="module")
def url(weight_files, serving) -> Iterator[str]:
    worker = InferenceWorker(weight_files)
    with serving(app.application(worker)) as port:
        yield f"http://127.0.0.1:{port}/"


@pytest.fixture
def visit(browser, url: str) -> Iterator[Callable[..., Visit]]:
    made: list[Visit] = []

    def start(**options: object) -> Visit:
        made.append(Visit(browser, url, **options))
        return made[-1]

    yield start
    for one in made:
        one.context.close()
        assert not one.errors
        assert not one.foreign  # nothing was asked of anybody else


@pytest.fixture
def file(tmp_path: Path) -> Path:
    sketch = np.ones((60, 80, 1), np.float32)  # its strokes fill it: cleaning has nothing to crop
    sketch[8:52, 10:14] = sketch[8:52, 66:70] = sketch[28:30, 10:70] = 0.1
    return images.write(tmp_path / "my drawing.png", sketch)
