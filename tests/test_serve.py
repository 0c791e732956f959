"""The verb: a process that serves the page, and what it says when it cannot."""

from __future__ import annotations

import io
import json
import os
import re
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from PIL import Image

from sketchback import models, serve, weights


def ask(address: str, data: bytes | None = None) -> tuple[int, bytes]:
    request = urllib.request.Request(address, data, {"Content-Type": "application/octet-stream"})
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
