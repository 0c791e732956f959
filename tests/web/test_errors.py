"""Every error is a sentence in JSON, whoever raises it."""

from __future__ import annotations

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from sketchback.web import errors


@pytest.fixture
def client() -> TestClient:
    app = FastAPI()
    errors.add_handlers(app)

    @app.get("/refused")
    async def refused() -> None:
        raise errors.RefusedError(503, "Come again.", headers={"Retry-After": "1"})

    @app.get("/bug")
    async def bug() -> None:
        raise ZeroDivisionError("a secret")

    @app.get("/number")
    async def number(n: int) -> None: ...

    return TestClient(app, raise_server_exceptions=False)


@pytest.mark.parametrize(
    "method, path, status, sentence",
    [
        ("GET", "/refused", 503, "Come again."),
        ("GET", "/nowhere", 404, "There is nothing at '/nowhere'. The API is described at /docs."),
        ("POST", "/number", 405, "POST is not what '/number' takes. The API is described at /docs."),
        ("GET", "/bug", 500, "Something went wrong here, not with your drawing. The terminal says more."),
    ],
)
def test_errors(client: TestClient, method: str, path: str, status: int, sentence: str) -> None:
    answer = client.request(method, path)
    assert (answer.status_code, answer.json()) == (status, {"error": sentence})


def test_headers_and_parameters(client: TestClient) -> None:
    assert client.get("/refused").headers["retry-after"] == "1"
    assert client.post("/number").headers["allow"] == "GET"
    answer = client.get("/number?n=" + "x" * 5000)
    assert answer.status_code == 400
    assert answer.json()["error"].startswith("`n`: ") and len(answer.json()["error"]) < 300
