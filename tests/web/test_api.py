"""The HTTP API: bytes in, bytes out, and a sentence for everything that is wrong, sent by mistake or on purpose."""

from __future__ import annotations

import io
import re
import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from fastapi.testclient import TestClient
from PIL import Image
from places import DRAWINGS

from sketchback import images
from sketchback.inference import fast, runtime
from sketchback.web import exchange
from sketchback.web.api import MEDIA_TYPES
from sketchback.web.app import application
from sketchback.web.guard import Guard
from sketchback.web.worker import InferenceWorker, decode


@pytest.fixture(scope="module")
def worker(weight_files) -> InferenceWorker:
    return InferenceWorker(weight_files, places=4)


@pytest.fixture(scope="module")
def client(worker: InferenceWorker) -> Iterator[TestClient]:
    with TestClient(application(worker), base_url="http://127.0.0.1:8000", raise_server_exceptions=False) as made:
        yield made


def read(data: bytes) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(data))).astype(float) / 255


def png(values: np.ndarray) -> bytes:
    written = io.BytesIO()
    Image.fromarray(values).save(written, "PNG")
    return written.getvalue()


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
        negative = Image.eval(Image.open(DRAWINGS / "face_line.png").convert("L"), lambda value: 255 - value)
        negative.save(written := io.BytesIO(), "PNG")
        assert client.post("/api/notice", content=written.getvalue()).json() == {"notices": ["face"]}
        refused(client.post("/api/notice", content=b"hello"), 400, "must be PNG, JPEG")

    @pytest.mark.parametrize("kind", MEDIA_TYPES)
    def test_formats(self, client, drawing, kind: str) -> None:
        answer = client.post(f"/api/invert?format={kind}", content=drawing)
        assert answer.headers["content-type"] == MEDIA_TYPES[kind]
        assert read(answer.content).shape == (40, 33, 3) if kind != "pdf" else answer.content.startswith(b"%PDF")
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
        assert (answer["default"], [one["title"] for one in answer["weights"]]) == (
            "faces",
            ["Faces, softer", "Buildings"],
        )
        answer = client.get("/api/health").json()
        assert (answer["status"], answer["ready"], answer["failure"], answer["taken"]) == ("ok", True, None, 0)


class TestRefusals:
    @pytest.mark.parametrize("path", ["/api/invert", "/api/sketch"])
    def test_bodies(self, client, worker, drawing, path: str) -> None:
        refused(client.post(path, content=b"hello"), 400, "PNG, JPEG.*no decoder recognises")
        form = client.post(path, files={"file": ("drawing.png", drawing, "image/png")})
        if path == "/api/sketch":
            refused(form, 415, "--data-binary @drawing.png.*multipart/form-data")
        else:
            refused(form, 400, "parts drawing, strokes, reference, each once. Received: 'file'")
        refused(client.post(path, content=drawing, headers={"Content-Encoding": "gzip"}), 415, "compressed")
        refused(client.post(path, content=bytes(exchange.MAX_BYTES + 1)), 413, "at most 25 MB")
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


@pytest.fixture(scope="module")
def desk(telling_files) -> Iterator[TestClient]:
    app = application(InferenceWorker(telling_files))
    with TestClient(app, base_url="http://127.0.0.1:8000", raise_server_exceptions=False) as made:
        yield made


@pytest.fixture
def ask(desk, drawing) -> Callable[..., np.ndarray]:
    def ask(query: str = "", **files: bytes) -> np.ndarray:
        body = {"files": {"drawing": drawing, **files}} if files else {"content": drawing}
        answer = desk.post(f"/api/invert?{query}", **body)
        assert answer.status_code == 200, answer.text
        return read(answer.content)

    return ask


class TestAsking:
    """What is told of tone, candidates, fidelity and scale, by weights that can do all of it."""

    def test_which_weights_can_do_what(self, desk) -> None:
        faces, buildings = (one["can"] for one in desk.get("/api/weights").json()["weights"])
        assert faces["tone"] and faces["candidates"] and faces["fidelity"] and faces["scales"] == [1, 2, 4]
        assert list(faces["parts"]) == ["skin", "hair", "background"] and faces["parts"]["hair"]["grey"][0] == "#"
        assert not buildings["tone"] and not buildings["candidates"] and not buildings["fidelity"]
        assert buildings["parts"] == {}

    def test_a_change_and_a_named_colour(self, ask) -> None:
        own = ask()
        assert ask("lighter=0.3").mean() > own.mean() + 0.1 > ask("lighter=-0.3").mean() + 0.2
        skin = ask("skin=%23ff0000")[16:24, 20:28]
        assert (skin[..., 0] - skin[..., 2]).mean() > 0.4

    def test_candidates_by_number(self, ask) -> None:
        first, second, other = ask("candidate=1"), ask("candidate=2"), ask("candidate=1&seed=7")
        assert np.abs(first - second).mean() > 0.01 and np.abs(first - other).mean() > 0.01
        np.testing.assert_array_equal(ask("candidate=1&seed=0"), first)
        assert ask("candidate=1&lighter=0.3").mean() > first.mean() + 0.05

    def test_strokes_and_a_reference_come_as_a_form(self, ask) -> None:
        strokes = np.zeros((40, 33, 4), np.uint8)
        strokes[:20, :16] = (255, 0, 0, 255)
        reference = images.encode(np.full((50, 60, 3), (0.1, 0.1, 0.9), np.float32))
        both = ask("", strokes=png(strokes), reference=reference)
        red, blue = both[2:8, 2:8].mean(axis=(0, 1)), both[30:, 25:].mean(axis=(0, 1))
        assert red[0] > 0.7 > 0.3 > red[2] and blue[2] > 0.7 > 0.3 > blue[0]
        alone = ask("", strokes=png(strokes))
        np.testing.assert_allclose(alone[30:, 25:], ask()[30:, 25:], atol=0.01)  # of which nothing was told
        np.testing.assert_allclose(ask("candidate=3", strokes=png(strokes))[:8, :8], alone[:8, :8], atol=0.02)

    def test_fidelity_and_scale(self, ask) -> None:
        soft, middle, hard = (ask(f"fidelity={share}") for share in (1, 0.5, 0))
        assert soft.min() - 0.05 > middle.min() > hard.min() + 0.05
        np.testing.assert_array_equal(hard, ask())
        assert ask("scale=2").shape == (80, 66, 3) and ask("scale=4&compare=1").shape == (160, 132 + 4 + 132, 3)

    def test_fast_is_refused_where_the_cpu_cannot(self, telling_files, drawing, monkeypatch) -> None:
        monkeypatch.setattr(fast, "can_run", lambda: False)
        worker = InferenceWorker(telling_files)
        assert not any(can["fast"] for can in worker.can.values())
        with TestClient(application(worker), base_url="http://127.0.0.1") as client:
            words = "`fast` needs a server with OpenVINO.*Received: fast, and this one. Leave it out"
            refused(client.post("/api/invert?fast=1", content=drawing), 400, words)

    @pytest.mark.skipif(not fast.can_run(), reason="needs OpenVINO, and a CPU that computes in bfloat16")
    def test_fast_where_the_cpu_can(self, desk, ask, monkeypatch) -> None:
        assert all(one["can"]["fast"] for one in desk.get("/api/weights").json()["weights"])
        exact, chosen, load = ask("lighter=0.2"), [], runtime.load_once
        monkeypatch.setattr(runtime, "load_once", lambda *given: (chosen.append(given[1]), load(*given))[1])
        np.testing.assert_allclose(ask("fast=1&lighter=0.2"), exact, atol=3 / 255)
        assert chosen[0] == "fast"

    def test_what_does_not_run_fast_runs_all_the_same(self, ask, monkeypatch) -> None:
        load = runtime.load_once

        def refuse(path: Path, chosen: str | None, *rest: object) -> object:
            if chosen == "fast":
                raise ValueError("no graph can be made for it")
            return load(path, chosen, *rest)

        monkeypatch.setattr(runtime, "load_once", refuse)
        np.testing.assert_array_equal(ask("fast=1"), ask())

    def test_a_runtime_that_is_asked_for_by_the_environment_is_the_only_one(self, telling_files, monkeypatch) -> None:
        monkeypatch.setenv(runtime.ENVIRONMENT, "onnx")
        assert not InferenceWorker(telling_files).can["faces"]["fast"]

    @pytest.mark.parametrize(
        "query, words",
        [
            ("hair=hairy", "A colour must be blond.*Received: 'hairy' for hair"),
            ("skin=" + "a" * 50, "`skin`: .*at most 40"),
            ("lighter=2", "`lighter`: .*Received: '2'"),
            ("warmer=nan", "`warmer`: .*Received: 'nan'"),
            ("candidate=64", "`candidate`: .*Received: '64'"),
            ("seed=-1", "`seed`: .*Received: '-1'"),
            ("seed=7", "`seed` is for `candidate`. Received: seed=7 alone"),
            ("fidelity=1.5", "`fidelity`: .*Received: '1.5'"),
            ("scale=3", "`scale` must be one of 1, 2, 4. Received: 3"),
            ("hairr=grey", "A parameter must be one of weights, format, .*scale, fast. Received: 'hairr'"),
            ("hair=grey&hair=black", "A parameter must be given once. Received: 'hair' more than once"),
            ("sky=blue", "`sky` needs weights that can do it. Received: sky for 'faces', which show none"),
            ("weights=buildings&hair=red", "`hair` needs weights.*'buildings', which take a sketch alone"),
            ("weights=buildings&candidate=2", "`candidate` needs.*candidate=2.*no tone sampler"),
            ("weights=buildings&fidelity=0.5", "`fidelity` needs.*fidelity=0.5.*one end"),
            ("fast=perhaps", "`fast`: .*Received: 'perhaps'"),
        ],
    )
    def test_what_is_refused(self, desk, drawing, query: str, words: str) -> None:
        refused(desk.post(f"/api/invert?{query}", content=drawing), 400, words)

    def test_forms_that_are_refused(self, desk, drawing) -> None:
        def send(query: str = "", **files: bytes) -> object:
            return desk.post(f"/api/invert{query}", files=files)

        refused(send(strokes=drawing), 400, "must have the part `drawing`")
        refused(send(drawing=drawing, strokes=b"hello"), 400, "Received: the picture of strokes")
        refused(send(drawing=drawing, strokes=png(np.zeros((2100, 2100, 4), np.uint8))), 400, "at most 4 megapixels")
        refused(send(drawing=drawing, reference=b""), 400, "must be PNG")
        refused(send("?weights=buildings", drawing=drawing, strokes=drawing), 400, "`strokes` needs weights")
        large = images.encode(images.resize(decode(drawing), (1540, 1533)))
        refused(
            desk.post("/api/invert?clean=false&scale=4", content=large),
            400,
            "at most 16 megapixels.*6160 rows x 6132 columns",
        )
        for kind in ("multipart/form-data", "multipart/form-data; boundary=other", 'multipart/form-data; boundary=""'):
            body = b'--x\r\nContent-Disposition: form-data; name="drawing"\r\n\r\n1'
            answer = desk.post("/api/invert", content=body, headers={"Content-Type": kind})
            refused(answer, 400, "A form must be whole")


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
        monkeypatch.setattr(exchange, "BODY_SECONDS", 0.2)
        status, text = answer_of(send(port, "Content-Length: 100\r\n"))
        assert status == 408 and "must arrive within" in text
        assert soon(lambda: worker.taken == 0)

    def test_a_client_that_leaves_while_it_sends(self, port, worker, caplog) -> None:
        connection = send(port, "Content-Length: 5000\r\n", b"abc")
        assert soon(lambda: worker.taken == 1)
        connection.close()
        assert soon(lambda: worker.taken == 0)
        assert answer_of(send(port, "", line="GET /api/health"))[0] == 200 and not caplog.records

    def test_a_huge_body_that_is_announced_is_not_read(self, port) -> None:
        status, text = answer_of(send(port, f"Content-Length: {10**12}\r\nExpect: 100-continue\r\n"))
        assert status == 413 and "at most 25 MB" in text

    def test_work_that_takes_too_long(self, port, worker, drawing, held, monkeypatch) -> None:
        monkeypatch.setattr(exchange, "WORK_SECONDS", 0.2)
        status, text = answer_of(send(port, f"Content-Length: {len(drawing)}\r\n", drawing))
        assert status == 504 and "took longer" in text
        assert soon(lambda: worker.taken == 0)

    def test_a_client_that_went_away(self, port, worker, drawing, held) -> None:
        connection = send(port, f"Content-Length: {len(drawing)}\r\n", drawing)
        assert soon(lambda: worker.taken == 1)
        assert answer_of(send(port, "", line="GET /api/health"))[0] == 200  # while the worker is busy
        connection.close()
        assert soon(lambda: worker.taken == 0)
