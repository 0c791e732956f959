"""The verb: a process that serves the page, and what it says when it cannot."""

from __future__ import annotations

import io
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
import types
import urllib.error
import urllib.request
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import uvicorn
from fastapi.testclient import TestClient
from PIL import Image

from sketchback import models, serve, weights


def ask(address: str, data: bytes | None = None, **headers: str) -> tuple[int, bytes]:
    request = urllib.request.Request(address, data, {"Content-Type": "application/octet-stream", **headers})
    try:
        with urllib.request.urlopen(request, timeout=120) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read()


@pytest.mark.processes
def test_it_serves_many_at_once_on_this_machine_only_until_ctrl_c(tmp_path) -> None:
    weights.save(models.build("scribbler", width=4, halvings=2, blocks=1), tmp_path / f"{weights.DEFAULT}.weights.h5")
    process = subprocess.Popen(
        [sys.executable, "-m", "sketchback.serve", "--no-browser", "--port", "0"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, weights.ENVIRONMENT: str(tmp_path)},
    )
    try:
        found = re.fullmatch(
            r"The page is at (http://127\.0\.0\.1:\d+)/ \(Ctrl-C ends it\)\n", process.stdout.readline()
        )
        url = found[1]
        end = time.monotonic() + 120
        while not json.loads(ask(f"{url}/api/health")[1])["ready"]:
            assert time.monotonic() < end
            time.sleep(0.1)
        for other in ("192.168.1.7", "[fe80::1]", "example.com", socket.gethostname()):
            assert ask(f"{url}/", Host=other)[0] == 403
        noise = io.BytesIO()
        Image.fromarray(np.random.default_rng(0).integers(0, 256, (300, 240, 3), np.uint8)).save(noise, "PNG")
        with ThreadPoolExecutor(20) as threads:
            sent = [threads.submit(ask, f"{url}/api/invert", noise.getvalue()) for _ in range(20)]
            assert ask(f"{url}/api/health")[0] == 200  # meanwhile
            answers = [one.result() for one in sent]
        good = [data for status, data in answers if status == 200]
        busy = [data for status, data in answers if status == 503]
        assert len(good) >= 16 and len(set(good)) == 1 and len(good) + len(busy) == 20
        assert all("busy" in json.loads(data)["error"] for data in busy)
        assert json.loads(ask(f"{url}/api/health")[1])["taken"] == 0
    finally:
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=60)
    assert process.returncode in (0, 130) and "Traceback" not in said, said


@pytest.mark.parametrize("host", ["127.0.0.1", "0.0.0.0"])
def test_the_network_is_let_in_where_that_is_asked_for(host: str, tmp_path, monkeypatch, capsys) -> None:
    weights.save(models.build("scribbler", width=2, halvings=1, blocks=0), tmp_path / "own.weights.h5")
    applications, opened = [], []
    # A real configuration would have the logs written to what pytest closes.
    monkeypatch.setattr(uvicorn, "Config", lambda application, **_: applications.append(application))
    monkeypatch.setattr(uvicorn, "Server", lambda _: types.SimpleNamespace(run=lambda sockets: sockets[0].close()))
    monkeypatch.setattr(serve.webbrowser, "open", opened.append)
    monkeypatch.setattr(serve.listening, "has_screen", lambda: True)
    serve.serve(host=host, port=0, weights=tmp_path / "own.weights.h5")
    said, is_open = capsys.readouterr().out, host == "0.0.0.0"
    assert ("Everybody on your network can reach it" in said) == is_open
    assert len(opened) == 1 and opened[0] in said
    client = TestClient(applications[0])
    for name, is_known in (("127.0.0.1", True), ("192.168.1.7", is_open), (socket.gethostname(), is_open)):
        assert client.get("/api/health", headers={"Host": name}).status_code == (200 if is_known else 403), name
    assert client.get("/api/health", headers={"Host": "example.com"}).status_code == 403


@pytest.mark.parametrize(
    "arguments, words",
    [
        (["--weights", "nobody"], "known name"),
        (["--weights", "artist"], "must turn sketches into photographs"),
        (["--weights", "enlarger"], "must turn sketches into photographs"),
        (["--port", "99999"], "0 to 65535"),
        (["--port", "many"], "invalid int value"),
        (["--host", "192.0.2.1"], "no address of this machine"),
    ],
)
def test_what_is_wrong_gets_one_line(arguments: list[str], words: str, capsys) -> None:
    try:
        code = serve.main(["--no-browser", *arguments])
    except SystemExit as stop:  # argparse
        code = stop.code
    said = capsys.readouterr().err
    assert code == 2
    assert words in said and len(said.strip().splitlines()) == 1


def test_without_the_extra(monkeypatch, capsys) -> None:
    monkeypatch.setitem(sys.modules, "uvicorn", None)
    assert serve.main(["--no-browser"]) == 2
    said = capsys.readouterr().err
    assert 'pip install -e ".[page]"' in said and len(said.splitlines()) == 1
