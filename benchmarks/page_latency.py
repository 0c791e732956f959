"""How long the page takes from the end of a stroke to the photograph that holds it, in a real browser.

    python benchmarks/page_latency.py                    40 strokes, a minute and a half
    python benchmarks/page_latency.py --weights faces-unet --strokes 10
    python benchmarks/page_latency.py --site site        a folder from `export --format web`: inference in the browser

It starts `sketchback.serve`, or a plain host of files, on a free port, opens the pencil portrait of the samples in an
installed Chromium, and adds strokes with the mouse. The clock begins when the pen is lifted and ends when a photograph
is shown that was asked for afterwards, so the answer to half a stroke does not count. Exit status 1 if a stroke was
not followed by any.
"""

from __future__ import annotations

import argparse
import contextlib
import functools
import http.server
import os
import shutil
import statistics
import threading
import time
from collections.abc import Iterator

import numpy as np
from page_load import page
from playwright.sync_api import Page, sync_playwright

from sketchback.weights import DEFAULT

CHROMIUM = ("chromium", "chromium-browser", "google-chrome")
# `data-milliseconds` of the photograph is how long its request took: what was asked for earlier is older than that.
WATCH = """() => {
    window.waited = [];
    const photo = document.getElementById("photo");
    let lifted = 0;
    document.getElementById("canvas").addEventListener("pointerup", () => { lifted = performance.now(); });
    new MutationObserver(() => {
        const now = performance.now();
        if (!lifted || now - Number(photo.dataset.milliseconds) < lifted - 1) return;
        window.waited.push(now - lifted);
        lifted = 0;
    }).observe(photo, { attributes: true, attributeFilter: ["data-milliseconds"] });
}"""


@contextlib.contextmanager
def portrait(url: str) -> Iterator[tuple[Page, float]]:
    """The page in an installed Chromium with the pencil portrait of its samples, and the seconds that took."""
    program = next(filter(None, map(shutil.which, CHROMIUM)), None)
    if program is None:
        raise SystemExit(f"error: a browser is needed, one of {', '.join(CHROMIUM)}. Received: none on the path.")
    with sync_playwright() as running:
        browser = running.chromium.launch(executable_path=program, args=["--no-sandbox", "--disable-gpu"])
        view = browser.new_page(viewport={"width": 1280, "height": 800}, color_scheme="light")
        yield view, photograph_seconds(view, url)
        browser.close()


def photograph_seconds(view: Page, url: str) -> float:
    """From opening the page to the photograph of the sample, which is clicked as soon as it is there."""
    began = time.perf_counter()
    view.goto(url)
    view.get_by_role("button", name="Portrait in pencil").click()
    view.locator("#photo[data-milliseconds]").wait_for(timeout=120_000)
    return time.perf_counter() - began


class Silent(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        pass


@contextlib.contextmanager
def host(folder: str) -> Iterator[str]:
    """A plain host of the files in a folder; its address."""
    handler = functools.partial(Silent, directory=folder)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()


def strokes(url: str, count: int, pause: int = 1200, seed: int = 0) -> tuple[list[float], list[float], list[float]]:
    """Draws at random places: milliseconds from lifting the pen to the photograph, and of the request alone; seconds
    from opening the page to its first photograph, the first time and again.
    """
    rng, requests = np.random.default_rng(seed), []
    with portrait(url) as (view, first):
        view.wait_for_timeout(2000)
        again = photograph_seconds(view, url)
        photo = view.locator("#photo[data-milliseconds]")
        view.wait_for_timeout(2000)
        view.evaluate(WATCH)
        sheet = view.locator("#canvas").bounding_box()
        for left, top in rng.uniform(0, 0.7, (count, 2)):
            for step in range(13):
                view.mouse.move(
                    sheet["x"] + (left + 0.02 * step) * sheet["width"],
                    sheet["y"] + (top + 0.02 * step) * sheet["height"],
                )
                if step == 0:
                    view.mouse.down()
                view.wait_for_timeout(16)  # a mouse tells its place some 60 times a second
            view.mouse.up()
            view.wait_for_timeout(pause)
            requests.append(float(photo.get_attribute("data-milliseconds")))
        return view.evaluate("window.waited"), requests, [first, again]


def main() -> int:
    made = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    made.add_argument("--strokes", type=int, default=40, help="how many (default: 40)")
    made.add_argument("--weights", default=DEFAULT, help=f"as `serve` takes them (default: {DEFAULT})")
    made.add_argument("--site", metavar="SITE", help="a folder from `export --format web` instead of a server")
    made.add_argument("--pause", type=int, default=1200, help="milliseconds between strokes (default: 1200)")
    arguments = made.parse_args()
    load = os.getloadavg()[0]
    with contextlib.ExitStack() as stack:
        url = (
            stack.enter_context(host(arguments.site))
            if arguments.site
            else stack.enter_context(page(arguments.weights))[1]
        )
        waited, requests, firsts = strokes(url, arguments.strokes, arguments.pause)
    print(f"{len(waited)} of {arguments.strokes} strokes followed by their photograph before the next; load {load:.1f}")
    print(f"opened to the first photograph: {firsts[0]:.1f} s, the second time {firsts[1]:.1f} s")
    if waited:
        median, late = statistics.median(waited), np.percentile(waited, 90)
        print(
            f"pen lifted to photograph: median {median:.0f} ms, 90th percentile {late:.0f}, "
            f"longest {max(waited):.0f}; the request alone: median {statistics.median(requests):.0f} ms"
        )
    return 0 if len(waited) == arguments.strokes else 1


if __name__ == "__main__":
    raise SystemExit(main())
