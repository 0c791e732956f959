"""The application: its files, and how it describes itself."""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import urljoin

import pytest
from fastapi.testclient import TestClient

from sketchback.inference import regions, telling
from sketchback.web.app import application
from sketchback.web.worker import InferenceWorker


@pytest.fixture(scope="module")
def client(weight_files) -> Iterator[TestClient]:
    with TestClient(application(InferenceWorker(weight_files)), base_url="http://127.0.0.1:8000") as made:
        yield made


@pytest.mark.parametrize("path", ["/", "/docs"])
def test_a_page_and_all_that_it_names(client, path: str) -> None:
    page = client.get(path)
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert "script-src 'self';" in page.headers["content-security-policy"]
    named = [urljoin(path, address) for address in re.findall(r'(?:src|href)="([^"#][^"]*)"', page.text)]
    assert len(named) >= 3
    for address in named:
        assert client.get(address).status_code == 200, address


def test_the_head_of_a_file(client) -> None:
    for address in ("/", "/docs", "/page/main.js"):
        head, whole = client.head(address), client.get(address)
        assert head.status_code == 200 and not head.content and head.headers == whole.headers


def test_unchanged_files_are_not_sent_again(client) -> None:
    tag = client.get("/page/main.js").headers["etag"]
    again = client.get("/page/main.js", headers={"If-None-Match": tag})
    assert (again.status_code, again.content) == (304, b"")


@pytest.mark.parametrize(
    "path",
    ["../app.py", "%2e%2e/app.py", "..%2fapp.py", "/etc/passwd", "samples/", "samples", "%00"],
)
def test_no_path_leads_to_another_file(client, path: str) -> None:
    assert client.get(f"/page/{path}").status_code == 404


def test_only_its_own_names(client) -> None:
    assert client.get("/", headers={"Host": "evil.example"}).status_code == 403


def test_the_schema_describes_what_there_is(client) -> None:
    schema = client.get("/openapi.json").json()
    assert set(schema["paths"]) == {"/api/health", "/api/weights", "/api/invert", "/api/sketch", "/api/notice"}
    invert = schema["paths"]["/api/invert"]["post"]
    names = {one["name"] for one in invert["parameters"]}
    assert names == {
        *("weights", "clean", "compare", "format", "candidate", "seed", "fidelity", "scale", "fast"),
        *regions.PARTS,
        *telling.CHANGES,
    }
    form = invert["requestBody"]["content"]["multipart/form-data"]["schema"]
    assert form["required"] == ["drawing"] and set(form["properties"]) == {"drawing", "strokes", "reference"}
    assert set(invert["responses"]) == {"200", "400", "403", "408", "413", "415", "422", "500", "503", "504"}
    assert "image/png" in invert["requestBody"]["content"] and "image/png" in invert["responses"]["200"]["content"]
