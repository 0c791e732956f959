"""The guard: who is let in, and what every answer carries."""

from __future__ import annotations

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from sketchback.web.guard import Guard


def client(**options: object) -> TestClient:
    app = FastAPI()
    app.add_api_route("/", lambda: "in", methods=["GET", "POST"])
    return TestClient(Guard(app, **options), base_url="http://127.0.0.1:8000")


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost:1234", "LOCALHOST", "[::1]:8000"])
def test_its_own_names(host: str) -> None:
    assert client().get("/", headers={"Host": host}).json() == "in"


@pytest.mark.parametrize(
    "host",
    ["evil.example", "evil.example:8000", "127.0.0.1.evil.example", "192.168.1.7", "localhost@evil.example", ""],
)
def test_dns_rebinding_is_refused(host: str) -> None:
    answer = client().get("/", headers={"Host": host})
    assert answer.status_code == 403
    assert "its own names only" in answer.json()["error"] and repr(host) in answer.json()["error"]


def test_where_the_network_is_let_in_addresses_are_too_and_other_names_are_not() -> None:
    open_to_network = client(hosts=["localhost", "Studio"], addresses=True)
    for host in ("192.168.1.7:8000", "[fe80::1]:8000", "studio:8000"):
        assert open_to_network.get("/", headers={"Host": host}).status_code == 200
    assert open_to_network.get("/", headers={"Host": "evil.example"}).status_code == 403


@pytest.mark.parametrize(
    "name, value",
    [
        ("Origin", "http://evil.example"),
        ("Origin", "null"),
        ("Origin", "http://127.0.0.1:9999"),
        ("Sec-Fetch-Site", "cross-site"),
        ("Sec-Fetch-Site", "same-site"),
    ],
)
def test_another_site_cannot_send(name: str, value: str) -> None:
    answer = client().post("/", headers={name: value})
    assert answer.status_code == 403 and "not by another web site" in answer.json()["error"]


def test_the_page_and_programs_can_send() -> None:
    own = {"Origin": "http://127.0.0.1:8000", "Sec-Fetch-Site": "same-origin"}
    assert client().post("/", headers=own).json() == client().post("/").json() == "in"


@pytest.mark.parametrize("path, host", [("/", "localhost"), ("/nowhere", "localhost"), ("/", "evil.example")])
def test_headers_of_every_answer(path: str, host: str) -> None:
    headers = client().get(path, headers={"Host": host}).headers
    assert headers["content-security-policy"].startswith("default-src 'none'; script-src 'self'; style-src 'self';")
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["cross-origin-opener-policy"] == headers["cross-origin-resource-policy"] == "same-origin"
    assert headers["referrer-policy"] == "no-referrer" and headers["cache-control"] == "no-store"
