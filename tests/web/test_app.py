"""The HTTP API: bytes in, bytes out, and a sentence for everything that is wrong, sent by mistake or on purpose."""

from __future__ import annotations

import io
import re
import socket
import threading
import time
import typing
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from fastapi.testclient import TestClient
from PIL import Image

from sketchback import images, models, weights
from sketchback.invert import invert
from sketchback.sketching.cleanup import clean
from sketchback.web import app as pages
from sketchback.web import worker
from sketchback.web.worker import Darkroom

PAGE = Path(pages.__file__).parent / "static"
ROOT = PAGE.parents[2]


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("weights")
    made = {}
    for name, width in (("one", 4), ("two", 6)):
        generator = models.build("scribbler", width=width, halvings=2, blocks=1)
        made[name] = weights.save(generator, folder / f"{name}.weights.h5", recipe="test", note=f"note of {name}")
    return made


@pytest.fixture(scope="module")
def room(files: dict[str, Path]) -> Darkroom:
    return Darkroom(files, places=4)


@pytest.fixture(scope="module")
def client(room: Darkroom) -> Iterator[TestClient]:
    app = pages.application(room)
    with TestClient(app, base_url="http://127.0.0.1:8000", raise_server_exceptions=False) as made:
        yield made


@pytest.fixture(scope="module")
def drawing() -> np.ndarray:
    sketch = np.ones((40, 33, 1), np.float32)
    sketch[10:30, 15:18] = 0.2
    return sketch


@pytest.fixture(scope="module")
def body(drawing: np.ndarray) -> bytes:
    return worker.encode(drawing, "png")


def opened(data: bytes) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(data))).astype(float) / 255


def refused(answer, status: int, words: str) -> None:
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/json"
    assert list(answer.json()) == ["error"]
    sentence = answer.json()["error"]
    assert re.search(words, sentence), sentence
    assert sentence.endswith(".") and "\n" not in sentence


class TestInvert:
    def test_the_photograph_is_that_of_the_command(self, client, files, drawing, body) -> None:
        for name in files:
            answer = client.post(f"/api/invert?weights={name}", content=body)
            assert answer.status_code == 200
            assert answer.headers["content-type"] == "image/png"
            expected = images.to_uint8(invert(images.from_uint8(images.to_uint8(drawing)), files[name])) / 255
            np.testing.assert_allclose(opened(answer.content), expected, atol=1.01 / 255)

    def test_the_first_weights_are_the_default(self, client, body) -> None:
        assert client.post("/api/invert", content=body).content == (
            client.post("/api/invert?weights=one", content=body).content
        )

    @pytest.mark.parametrize("kind", typing.get_args(pages.Format))
    def test_formats(self, client, body, kind: str) -> None:
        answer = client.post(f"/api/invert?format={kind}", content=body)
        assert answer.headers["content-type"] == worker.FORMATS[kind][1]
        assert f'filename="photograph.{kind}"' in answer.headers["content-disposition"]
        if kind == "pdf":
            assert answer.content.startswith(b"%PDF")
        else:
            assert Image.open(io.BytesIO(answer.content)).size == (33, 40)

    def test_formats_are_those_of_the_darkroom(self) -> None:
        assert list(typing.get_args(pages.Format)) == list(worker.FORMATS)

    def test_the_drawing_beside_it(self, client, body) -> None:
        answer = client.post("/api/invert?compare=true", content=body)
        assert Image.open(io.BytesIO(answer.content)).size == (33 + 4 + 33, 40)

    def test_cleaned_first(self, client, body) -> None:
        cleaned = client.post("/api/sketch", content=body).content
        of_cleaned = opened(client.post("/api/invert", content=cleaned).content)
        np.testing.assert_allclose(opened(client.post("/api/invert?clean=1", content=body).content), of_cleaned,
                                   atol=0.02)  # fmt: skip  # the cleaned one was rounded to 8 bits

    def test_the_sketch_alone(self, client, drawing, body) -> None:
        plain = opened(client.post("/api/sketch?clean=false", content=body).content)
        np.testing.assert_allclose(plain, drawing[..., 0], atol=0.51 / 255)
        expected = images.to_uint8(clean(worker.decode(body, channels=3)))[..., 0]
        np.testing.assert_array_equal(opened(client.post("/api/sketch", content=body).content) * 255, expected)

    def test_it_says_how_long_it_took(self, client, body) -> None:
        answer = client.post("/api/invert", content=body)
        assert re.fullmatch(r"body;dur=[\d.]+, work;dur=[\d.]+", answer.headers["server-timing"])


class TestWhatIsWrong:
    @pytest.mark.parametrize("path", ["/api/invert", "/api/sketch"])
    def test_bodies(self, client, body, path: str) -> None:
        refused(client.post(path, content=b""), 400, "PNG, JPEG.*an empty file")
        refused(client.post(path, content=b"hello"), 400, "PNG, JPEG.*no decoder recognises")
        refused(client.post(path, content=b"%!PS-Adobe-3.0 EPSF-3.0\n"), 400, "PNG, JPEG")
        refused(client.post(path, content=body[: len(body) // 2]), 400, "your file, which is damaged")
        bomb = io.BytesIO()
        Image.new("1", (10_000, 10_000)).save(bomb, "PNG")
        refused(client.post(path, content=bomb.getvalue()), 400, "at most 40 megapixels.*100")
        dot = io.BytesIO()
        Image.new("L", (3, 3)).save(dot, "PNG")
        refused(client.post(path, content=dot.getvalue()), 400, "at least 16 x 16")

    def test_a_form_is_told_how(self, client, body) -> None:
        answer = client.post("/api/invert", files={"file": ("drawing.png", body, "image/png")})
        refused(answer, 415, "--data-binary @drawing.png.*multipart/form-data")

    def test_a_compressed_body(self, client, body) -> None:
        refused(client.post("/api/invert", content=body, headers={"Content-Encoding": "gzip"}), 415, "compressed")

    def test_a_huge_body(self, client, room) -> None:
        refused(client.post("/api/invert", content=bytes(pages.MAX_BYTES + 1)), 413, "at most 25 MB")
        assert room.taken == 0

    def test_parameters(self, client, body, files) -> None:
        for value in ("three", str(files["one"]), "../one", "%2Fetc%2Fpasswd", "x" * 5000):
            refused(client.post(f"/api/invert?weights={value}", content=body), 400, "`weights` must be one of one, two")
        refused(client.post("/api/invert?format=exe", content=body), 400, "`format`: .*Received: 'exe'")
        refused(client.post("/api/invert?clean=banana", content=body), 400, "`clean`: .*Received: 'banana'")

    def test_other_addresses(self, client) -> None:
        refused(client.get("/nowhere"), 404, "nothing at '/nowhere'")
        refused(client.get("/api/invert"), 405, "GET is not what '/api/invert' takes")
        assert client.get("/api/invert").headers["allow"] == "POST"

    @pytest.mark.parametrize(
        "path",
        [
            "/page/../server.py",
            "/page/%2e%2e/server.py",
            "/page/..%2fserver.py",
            "/page//etc/passwd",
            "/page/samples/",
            "/page/samples",
            "/page/%00",
        ],
    )
    def test_no_path_leads_to_another_file(self, client, path: str) -> None:
        assert client.get(path).status_code == 404


class TestGuard:
    @pytest.mark.parametrize(
        "host",
        ["evil.example", "evil.example:8000", "127.0.0.1.evil.example", "192.168.1.7", "localhost@evil.example", ""],
    )
    def test_another_name_is_refused(self, client, host: str) -> None:
        refused(client.get("/", headers={"Host": host}), 403, "its own names only")

    @pytest.mark.parametrize("host", ["127.0.0.1", "localhost:1234", "LOCALHOST", "[::1]:8000"])
    def test_its_own_names(self, client, host: str) -> None:
        assert client.get("/api/health", headers={"Host": host}).status_code == 200

    def test_addresses_where_the_network_may_come(self, room) -> None:
        guard = pages.Guard(None, ["localhost", "studio"], addresses=True)
        headers = pages.Headers
        for host in ("192.168.1.7:8000", "[fe80::1]:8000", "studio:8000"):
            assert guard.refusal("GET", headers({"host": host})) is None
        assert guard.refusal("GET", headers({"host": "evil.example"})).status_code == 403

    @pytest.mark.parametrize(
        "headers",
        [
            {"Origin": "http://evil.example"},
            {"Origin": "null"},
            {"Origin": "http://127.0.0.1:9999"},
            {"Sec-Fetch-Site": "cross-site"},
            {"Sec-Fetch-Site": "same-site"},
        ],
    )
    def test_another_site_cannot_send(self, client, body, headers: dict[str, str]) -> None:
        refused(client.post("/api/invert", content=body, headers=headers), 403, "not by another web site")

    def test_the_page_itself_can(self, client, body) -> None:
        headers = {"Origin": "http://127.0.0.1:8000", "Sec-Fetch-Site": "same-origin"}
        assert client.post("/api/invert", content=body, headers=headers).status_code == 200

    @pytest.mark.parametrize("path", ["/", "/docs", "/api/health", "/nowhere"])
    def test_headers_of_every_answer(self, client, path: str) -> None:
        headers = client.get(path).headers
        assert "default-src 'none'" in headers["content-security-policy"]
        assert "script-src 'self';" in headers["content-security-policy"]
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["cross-origin-resource-policy"] == "same-origin"


class TestFiles:
    def test_the_page_and_all_that_it_names(self, client) -> None:
        for path in ("/", "/docs"):
            page = client.get(path)
            assert page.headers["content-type"] == "text/html; charset=utf-8"
            named = re.findall(r'(?:src|href)="(/[^"]*)"', page.text)
            assert len(named) >= 3
            for address in named:
                assert client.get(address).status_code == 200, address

    def test_scripts_import_only_what_is_there(self, client) -> None:
        for script in PAGE.glob("*.js"):
            for name in re.findall(r'from "\./([^"]+)"', script.read_text(encoding="utf-8")):
                answer = client.get(f"/page/{name}")
                assert answer.headers["content-type"] == "text/javascript; charset=utf-8"

    def test_nothing_comes_from_elsewhere(self) -> None:
        for file in (*PAGE.glob("*.html"), *PAGE.glob("*.css"), *PAGE.glob("*.js"), *PAGE.glob("*.svg")):
            text = file.read_text(encoding="utf-8").replace("http://www.w3.org/2000/svg", "")
            assert not re.search(r"https?://|//[a-z]+\.[a-z]|@import|url\(", text), file

    def test_every_label_and_script_finds_its_element(self) -> None:
        page = (PAGE / "index.html").read_text(encoding="utf-8")
        ids = re.findall(r'\bid="([^"]+)"', page)
        assert len(ids) == len(set(ids))
        wanted = set(re.findall(r'(?:aria-labelledby|aria-describedby|for)="([^"]+)"', page))
        wanted |= set(re.findall(r'href="#([^"]+)"', page))
        for script in PAGE.glob("*.js"):
            text = script.read_text(encoding="utf-8")
            wanted |= set(re.findall(r'(?:element|act|enable)\("([^"]+)"', text))
        assert wanted <= set(ids)

    def test_unchanged_files_are_not_sent_again(self, client) -> None:
        tag = client.get("/page/main.js").headers["etag"]
        again = client.get("/page/main.js", headers={"If-None-Match": tag})
        assert (again.status_code, again.content) == (304, b"")

    def test_samples_are_the_drawings_of_the_examples(self) -> None:
        drawings = ROOT / "examples" / "drawings"
        if not drawings.exists():
            pytest.skip("needs the checkout")
        samples = sorted((PAGE / "samples").iterdir())
        assert [path.name for path in samples] == sorted(path.name for path in drawings.glob("*.png"))
        for path in samples:  # in 16 greys, a third of the bytes
            difference = images.read(path, 1) - images.read(drawings / path.name, 1)
            assert np.abs(difference).max() <= 0.5 / 15 + 1e-3
            assert path.stat().st_size < 50_000


class TestSchema:
    def test_it_describes_what_there_is(self, client) -> None:
        schema = client.get("/openapi.json").json()
        assert set(schema["paths"]) == {"/api/health", "/api/weights", "/api/invert", "/api/sketch"}
        invert = schema["paths"]["/api/invert"]["post"]
        assert {one["name"] for one in invert["parameters"]} == {"weights", "clean", "compare", "format"}
        assert set(invert["responses"]) == {"200", *map(str, pages._ERRORS)}
        assert "image/png" in invert["requestBody"]["content"]
        assert "Error" not in str([answer["description"] for answer in invert["responses"].values()])  # no class

    def test_weights(self, client) -> None:
        answer = client.get("/api/weights").json()
        assert answer["default"] == "one"
        assert [(one["name"], one["title"], one["note"]) for one in answer["weights"]] == [
            ("one", "One", "note of one"),
            ("two", "Two", "note of two"),
        ]

    def test_health(self, client, body) -> None:
        client.post("/api/invert", content=body)
        answer = client.get("/api/health").json()
        assert (answer["status"], answer["ready"], answer["taken"]) == ("ok", True, 0)


@pytest.fixture(scope="module")
def live(room: Darkroom, client: TestClient) -> Iterator[int]:
    """A real server over the same darkroom; yields its port."""
    import uvicorn

    app = pages.Guard(client.app, addresses=True)
    listening = socket.create_server(("127.0.0.1", 0))
    running = uvicorn.Server(uvicorn.Config(app, log_level="critical", lifespan="off"))
    thread = threading.Thread(target=running.run, kwargs={"sockets": [listening]}, daemon=True)
    thread.start()
    yield listening.getsockname()[1]
    running.should_exit = True
    thread.join(10)


@pytest.fixture
def held(room: Darkroom) -> Iterator[None]:
    """The darkroom's thread is kept busy."""
    begun, hold = threading.Event(), threading.Event()

    def wait() -> None:
        begun.set()
        hold.wait(30)

    room.submit(wait)
    assert begun.wait(30)
    yield
    hold.set()
    room.submit(lambda: None).result()


def send(port: int, head: str, data: bytes = b"") -> socket.socket:
    connection = socket.create_connection(("127.0.0.1", port), timeout=30)
    connection.sendall(f"POST /api/invert HTTP/1.1\r\nHost: localhost\r\n{head}\r\n".encode() + data)
    return connection


def answer_of(connection: socket.socket) -> tuple[int, str]:
    data = b""
    while b"}" not in data and (part := connection.recv(65536)):
        data += part
    return int(data.split()[1]), data.decode(errors="replace")


def until(condition, seconds: float = 20.0) -> bool:
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(0.01)
    return True


class TestPatience:
    def test_busy_is_said_at_once(self, client, room, body, held) -> None:
        with room.place(), room.place(), room.place(), room.place():
            answer = client.post("/api/invert", content=body)
        refused(answer, 503, "busy with 4 drawings. Try again in a moment")
        assert answer.headers["retry-after"] == "1"

    def test_one_who_sends_nothing_is_not_waited_for(self, live, room, monkeypatch) -> None:
        monkeypatch.setattr(pages, "BODY_SECONDS", 0.2)
        with send(live, "Content-Length: 100\r\n") as connection:
            status, text = answer_of(connection)
        assert status == 408 and "must arrive within" in text
        assert until(lambda: room.taken == 0)

    def test_one_who_waited_too_long_is_told(self, live, room, body, held, monkeypatch) -> None:
        monkeypatch.setattr(pages, "WORK_SECONDS", 0.2)
        with send(live, f"Content-Length: {len(body)}\r\n", body) as connection:
            status, text = answer_of(connection)
        assert status == 504 and "took longer" in text
        assert until(lambda: room.taken == 0)

    def test_one_who_went_away_is_not_worked_for(self, live, room, body, held) -> None:
        connection = send(live, f"Content-Length: {len(body)}\r\n", body)
        assert until(lambda: room.taken == 1)
        connection.close()
        assert until(lambda: room.taken == 0)  # while the thread is still held

    def test_an_announced_huge_body_is_not_sent_at_all(self, live) -> None:
        with send(live, f"Content-Length: {10**12}\r\nExpect: 100-continue\r\n") as connection:
            status, text = answer_of(connection)
        assert status == 413 and "at most 25 MB" in text

    def test_the_page_answers_while_the_darkroom_is_busy(self, live, held) -> None:
        connection = socket.create_connection(("127.0.0.1", live), timeout=30)
        connection.sendall(b"GET /api/health HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert answer_of(connection)[0] == 200
        connection.close()
