"""The HTTP API: bytes in, bytes out, and a sentence for everything that is wrong, sent by mistake or on purpose."""

from __future__ import annotations

import io
import re
import socket
import threading
import time
from collections.abc import Callable, Iterator

import numpy as np
import pytest
from fastapi.testclient import TestClient
from PIL import Image
from places import DRAWINGS

from sketchback import images
from sketchback.web import api
from sketchback.web.app import application
from sketchback.web.guard import Guard
from sketchback.web.worker import FORMATS, InferenceWorker, decode


@pytest.fixture(scope="module")
def worker(weight_files) -> InferenceWorker:
    return InferenceWorker(weight_files, places=4)


@pytest.fixture(scope="module")
def client(worker: InferenceWorker) -> Iterator[TestClient]:
    with TestClient(application(worker), base_url="http://127.0.0.1:8000", raise_server_exceptions=False) as made:
        yield made


def read(data: bytes) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(data))).astype(float) / 255


def refused(answer, status: int, words: str) -> None:
    assert answer.status_code == status, answer.text
    assert list(answer.json()) == ["error"]
    sentence = answer.json()["error"]
    assert re.search(words, sentence), sentence
    assert sentence.endswith(".") and "\n" not in sentence


class TestAnswers:
    @pytest.mark.parametrize(
        "query, name", [("", "faces"), ("?weights=faces", "faces"), ("?weights=buildings", "buildings")]
    )
    def test_the_photograph(self, client, worker, drawing, query: str, name: str) -> None:
        answer = client.post(f"/api/invert{query}", content=drawing)
        assert (answer.status_code, answer.headers["content-type"]) == (200, "image/png")
        photo = worker.submit(worker.invert, drawing, name).result()
        np.testing.assert_array_equal(read(answer.content) * 255, images.to_uint8(photo))
        assert re.fullmatch(r"body;dur=[\d.]+, work;dur=[\d.]+", answer.headers["server-timing"])

    def test_what_is_noticed(self, client) -> None:
        for name, words in (("house", ["building"]), ("face_ink", ["face"])):
            answer = client.post("/api/notice", content=(DRAWINGS / f"{name}.png").read_bytes())
            assert (answer.status_code, answer.json()) == (200, {"notices": words})
        refused(client.post("/api/notice", content=b"hello"), 400, "must be PNG, JPEG")

    @pytest.mark.parametrize("kind", FORMATS)
    def test_formats(self, client, drawing, kind: str) -> None:
        answer = client.post(f"/api/invert?format={kind}", content=drawing)
        assert answer.headers["content-type"] == FORMATS[kind][1]
        assert f'filename="photograph.{kind}"' in answer.headers["content-disposition"]

    def test_the_drawing_beside_it(self, client, drawing) -> None:
        answer = client.post("/api/invert?compare=true", content=drawing)
        assert read(answer.content).shape == (40, 33 + 4 + 33, 3)

    def test_the_drawing_as_it_is_shown_to_a_generator(self, client, drawing) -> None:
        plain = client.post("/api/sketch?clean=false", content=drawing).content
        np.testing.assert_allclose(read(plain), decode(drawing)[..., 0], atol=0.51 / 255)
        cleaned = client.post("/api/sketch", content=drawing).content
        assert cleaned != plain
        photo = read(client.post("/api/invert", content=cleaned).content)
        of_cleaned = read(client.post("/api/invert?clean=1", content=drawing).content)
        np.testing.assert_allclose(of_cleaned, photo, atol=0.02)  # `cleaned` was rounded to 8 bits

    def test_white_on_black_is_turned_and_said(self, client, drawing) -> None:
        black = images.encode(1 - decode(drawing))
        for path in ("/api/invert", "/api/sketch?clean=false"):
            answer, plain = (client.post(path, content=data) for data in (black, drawing))
            np.testing.assert_allclose(read(answer.content), read(plain.content), atol=0.02)
            assert "white on black" in answer.headers["sketchback-note"]
            assert "sketchback-note" not in plain.headers

    def test_state(self, client) -> None:
        answer = client.get("/api/weights").json()
        assert (answer["default"], [one["title"] for one in answer["weights"]]) == ("faces", ["Faces", "Buildings"])
        answer = client.get("/api/health").json()
        assert (answer["status"], answer["ready"], answer["taken"]) == ("ok", True, 0)


class TestRefusals:
    @pytest.mark.parametrize("path", ["/api/invert", "/api/sketch"])
    def test_bodies(self, client, worker, drawing, path: str) -> None:
        refused(client.post(path, content=b"hello"), 400, "PNG, JPEG.*no decoder recognises")
        form = client.post(path, files={"file": ("drawing.png", drawing, "image/png")})
        refused(form, 415, "--data-binary @drawing.png.*multipart/form-data")
        refused(client.post(path, content=drawing, headers={"Content-Encoding": "gzip"}), 415, "compressed")
        refused(client.post(path, content=bytes(api.MAX_BYTES + 1)), 413, "at most 25 MB")
        assert worker.taken == 0

    @pytest.mark.parametrize("path", ["/api/invert", "/api/sketch"])
    def test_an_empty_sheet(self, client, path: str) -> None:
        sheet = images.encode(np.full((40, 33, 1), 0.9, np.float32))
        refused(client.post(path, content=sheet), 422, "must be drawn on the sheet. Received: an empty one")

    def test_parameters(self, client, drawing, weight_files) -> None:
        for value in ("three", str(weight_files["faces"]), "../faces", "%2Fetc%2Fpasswd", "x" * 5000):
            answer = client.post(f"/api/invert?weights={value}", content=drawing)
            refused(answer, 400, "`weights` must be one of faces, buildings")
        refused(client.post("/api/invert?format=exe", content=drawing), 400, "`format`: .*Received: 'exe'")
        refused(client.post("/api/invert?clean=banana", content=drawing), 400, "`clean`: .*Received: 'banana'")


# ---- patience: over a real connection


@pytest.fixture(scope="module")
def port(client: TestClient, serving) -> Iterator[int]:
    with serving(Guard(client.app), lifespan="off") as made:
        yield made


@pytest.fixture
def held(worker: InferenceWorker) -> Iterator[None]:
    """The worker's thread is kept busy."""
    begun, hold = threading.Event(), threading.Event()

    def wait() -> None:
        begun.set()
        hold.wait(30)

    worker.submit(wait)
    assert begun.wait(30)
    yield
    hold.set()
    worker.submit(lambda: None).result()


def send(port: int, head: str, data: bytes = b"", line: str = "POST /api/invert") -> socket.socket:
    connection = socket.create_connection(("127.0.0.1", port), timeout=30)
    connection.sendall(f"{line} HTTP/1.1\r\nHost: localhost\r\n{head}\r\n".encode() + data)
    return connection


def answer_of(connection: socket.socket) -> tuple[int, str]:
    data = b""
    with connection:
        while b"}" not in data and (part := connection.recv(65536)):
            data += part
    return int(data.split()[1]), data.decode(errors="replace")


def soon(condition: Callable[[], bool], seconds: float = 20.0) -> bool:
    end = time.monotonic() + seconds
    while not condition() and time.monotonic() < end:
        time.sleep(0.01)
    return condition()


class TestPatience:
    def test_busy_is_said_at_once(self, client, worker, drawing, held) -> None:
        with worker.place(), worker.place(), worker.place(), worker.place():
            answer = client.post("/api/invert", content=drawing)
        refused(answer, 503, "busy with 4 drawings. Try again in a moment")
        assert answer.headers["retry-after"] == "1"

    def test_a_body_that_does_not_arrive(self, port, worker, monkeypatch) -> None:
        monkeypatch.setattr(api, "BODY_SECONDS", 0.2)
        status, text = answer_of(send(port, "Content-Length: 100\r\n"))
        assert status == 408 and "must arrive within" in text
        assert soon(lambda: worker.taken == 0)

    def test_a_huge_body_that_is_announced_is_not_read(self, port) -> None:
        status, text = answer_of(send(port, f"Content-Length: {10**12}\r\nExpect: 100-continue\r\n"))
        assert status == 413 and "at most 25 MB" in text

    def test_work_that_takes_too_long(self, port, worker, drawing, held, monkeypatch) -> None:
        monkeypatch.setattr(api, "WORK_SECONDS", 0.2)
        status, text = answer_of(send(port, f"Content-Length: {len(drawing)}\r\n", drawing))
        assert status == 504 and "took longer" in text
        assert soon(lambda: worker.taken == 0)

    def test_a_client_that_went_away(self, port, worker, drawing, held) -> None:
        connection = send(port, f"Content-Length: {len(drawing)}\r\n", drawing)
        assert soon(lambda: worker.taken == 1)
        assert answer_of(send(port, "", line="GET /api/health"))[0] == 200  # while the worker is busy
        connection.close()
        assert soon(lambda: worker.taken == 0)
