"""Asks the page for photographs, many clients at once, and counts what they get.

    python benchmarks/page_load.py                            64 clients for a minute
    python benchmarks/page_load.py --clients 8 --seconds 10
    python benchmarks/page_load.py --asked 'candidate=2&lighter=0.1'
    python benchmarks/page_load.py --schema                   its API, fuzzed from its own description by schemathesis

It starts `sketchback.serve` on a free port and ends it. Each client sends one drawing after another to /api/invert, and
comes again at once when it is told that the page is busy. An answer is right if it is the very file that the same
drawing gave when nobody else was asking, or a "busy" that is a sentence and says when to come again. Everything else
counts as wrong. Memory is the server's resident memory (Linux only). Exit status 1 if an answer was wrong, if memory
grew by more than a tenth, or if the server did not live to the end.

`--schema` needs schemathesis (pip install schemathesis). One of its checks is left out: that a body of any bytes should
be accepted, which no picture decoder can hold.
"""

from __future__ import annotations

import argparse
import contextlib
import http.client
import json
import re
import shutil
import signal
import subprocess
import sys
import time
import urllib.parse
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from sketchback.weights import DEFAULT

DRAWINGS = Path(__file__).parents[1] / "examples" / "drawings"
NAMES = ("face_ink", "house", "face_pencil")
START = 300.0  # seconds that the page may take to be ready
ANSWER = 120.0  # and one answer
GROWTH = 1.1


@contextlib.contextmanager
def page(weights: str) -> Iterator[tuple[subprocess.Popen, str]]:
    """A server of its own: its process and its address."""
    command = [sys.executable, "-m", "sketchback.serve", "--port", "0", "--no-browser", "--weights", weights]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        said = process.stdout.readline()
        found = re.search(r"http://\S+", said)
        if not found:
            raise SystemExit(f"the page did not start: exit status {process.wait()}")
        url, end = found[0], time.monotonic() + START
        while not health(url)["ready"]:
            if process.poll() is not None or time.monotonic() > end:
                raise SystemExit("the page did not become ready")
            time.sleep(0.2)
        yield process, url
    finally:
        process.terminate()
        if process.wait(60) not in (0, -signal.SIGTERM):
            print(f"  the server ended with status {process.returncode}")


def ask(url: str, method: str, path: str, body: bytes | None = None) -> tuple[int, dict[str, str], bytes]:
    """One request: status, headers in small letters, body."""
    place = urllib.parse.urlsplit(url)
    connection = http.client.HTTPConnection(place.hostname, place.port, timeout=ANSWER)
    try:
        connection.request(method, path, body, {"Content-Type": "application/octet-stream"} if body else {})
        answer = connection.getresponse()
        return answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read()
    finally:
        connection.close()


def health(url: str) -> dict[str, object]:
    """What the page says of itself."""
    return json.loads(ask(url, "GET", "/api/health")[2])


def memory(process: subprocess.Popen) -> tuple[float, float]:
    """Resident memory and its highest value, MB; NaN where there is no /proc."""
    try:
        lines = Path(f"/proc/{process.pid}/status").read_text(encoding="ascii")
    except OSError:
        return float("nan"), float("nan")
    return tuple(int(re.search(rf"{name}:\s+(\d+)", lines)[1]) * 1024 / 1e6 for name in ("VmRSS", "VmHWM"))


def load(clients: int, seconds: float, weights: str, asked: str) -> int:
    """Many clients at once; prints the row, returns the exit status."""
    path = f"/api/invert?format=jpg&{asked}".rstrip("&")
    drawings = [(DRAWINGS / f"{name}.png").read_bytes() for name in NAMES]
    with page(weights) as (process, url):
        alone = []
        for drawing in drawings * 2:  # twice: the first time, memory is taken that stays
            status, _, photograph = ask(url, "POST", path, drawing)
            if status != 200:
                raise SystemExit(f"the page does not invert: {status} {photograph[:200]!r}")
            alone.append(photograph)
        before = memory(process)[0]
        end = time.monotonic() + seconds

        def insist(number: int) -> Counter[str]:
            own: Counter[str] = Counter()
            while time.monotonic() < end:
                which = (number + own.total()) % len(drawings)
                try:
                    status, headers, body = ask(url, "POST", path, drawings[which])
                    own[judge(status, headers, body, alone[which])] += 1
                except (OSError, http.client.HTTPException) as error:
                    own[f"no answer: {type(error).__name__}"] += 1
            return own

        with ThreadPoolExecutor(clients) as pool:
            counts = sum(pool.map(insist, range(clients)), Counter())
        time.sleep(2)  # until what was begun is done
        lives = process.poll() is None and health(url)["taken"] == 0
        after, peak = memory(process) if lives else (float("nan"), float("nan"))
    wrong = counts.total() - counts["right"] - counts["busy"]
    print("| clients | seconds | requests | right photographs | busy | errors | MB before | MB after | highest |")
    print("| --- | --- | --- | --- | --- | --- | --- | --- | --- |")
    print(
        f"| {clients} | {seconds:.0f} | {counts.total()} | {counts['right']} | {counts['busy']} | {wrong} | "
        f"{before:.0f} | {after:.0f} | {peak:.0f} |"
    )
    for outcome in counts.keys() - {"right", "busy"}:
        print(f"  {counts[outcome]} x {outcome}")
    if not lives:
        print("  the server did not live to the end, or still holds places")
    return 1 if wrong or not lives or after > before * GROWTH else 0


def judge(status: int, headers: dict[str, str], body: bytes, right: bytes) -> str:
    """Says whether an answer is "right" or "busy", or else what it was."""
    if status == 200:
        return "right" if body == right else "another picture"
    if status == 503 and headers.get("retry-after", "").isdigit() and "busy" in json.loads(body).get("error", ""):
        return "busy"
    return f"{status} {body[:80]!r}"


def schema(examples: int, weights: str) -> int:
    """Fuzzes the API from its own description; schemathesis prints the counts."""
    program = shutil.which("schemathesis", path=Path(sys.executable).parent) or shutil.which("schemathesis")
    if program is None:
        raise SystemExit("error: --schema needs schemathesis. Received: none on the path. pip install schemathesis")
    with page(weights) as (process, url):
        drawing = (DRAWINGS / f"{NAMES[0]}.png").read_bytes()
        ask(url, "POST", "/api/invert", drawing)  # the first takes memory that stays
        before = memory(process)[0]
        command = f"{program} run {url}openapi.json --phases examples,coverage,fuzzing --max-examples {examples}"
        command += f" --exclude-checks positive_data_acceptance --seed 0 --request-timeout {ANSWER:.0f} --no-color"
        status = subprocess.run(command.split()).returncode
        lives = process.poll() is None and health(url)["status"] == "ok"
        after = memory(process)[0]
        print(f"\nthe server {'lives' if lives else 'does not live'}; {before:.0f} MB before, {after:.0f} MB after")
    return status or (0 if lives else 1)


def main() -> int:
    made = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    made.add_argument("--clients", type=int, default=64)
    made.add_argument("--seconds", type=float, default=60.0)
    made.add_argument("--weights", default=DEFAULT, help=f"a name or a file (default: {DEFAULT})")
    made.add_argument("--asked", default="", metavar="QUERY", help="further parameters of each photograph")
    made.add_argument("--schema", action="store_true", help="fuzz the API from its own description instead")
    made.add_argument("--examples", type=int, default=200, help="for each operation, with --schema (default: 200)")
    arguments = made.parse_args()
    if arguments.schema:
        return schema(arguments.examples, arguments.weights)
    return load(arguments.clients, arguments.seconds, arguments.weights, arguments.asked)


if __name__ == "__main__":
    raise SystemExit(main())
