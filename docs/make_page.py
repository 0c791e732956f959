"""Make docs/page.png, a picture of the page with a drawing of ours, in an installed Chromium.

pip install -e ".[test]" && python docs/make_page.py
"""

from __future__ import annotations

import shutil
import socket
import subprocess
import sys
import time
from pathlib import Path

from playwright.sync_api import Error, Page, sync_playwright

HERE = Path(__file__).parent
SAMPLE = "Portrait in pencil"
PATIENCE = 120.0  # seconds


def until(page: Page, expression: str) -> None:
    """Waits for what a JavaScript expression says; the page's rules allow no other way to look inside."""
    end = time.monotonic() + PATIENCE
    while not page.evaluate(expression):
        if time.monotonic() > end:
            raise SystemExit(f"the page never came to this: {expression}")
        page.wait_for_timeout(100)


def main() -> None:
    chromium = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if chromium is None:
        raise SystemExit("A picture of the page needs an installed Chromium. Received: none.")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    serve = [sys.executable, "-m", "sketchback.serve", "--port", str(port), "--no-browser", "--quiet"]
    with subprocess.Popen(serve) as server, sync_playwright() as playwright:
        try:
            browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
            page = browser.new_page(viewport={"width": 1280, "height": 800}, color_scheme="light")
            end = time.monotonic() + PATIENCE
            while True:
                try:
                    page.goto(f"http://127.0.0.1:{port}/")
                    break
                except Error:  # not listening yet
                    if time.monotonic() > end or server.poll() is not None:
                        raise
                    time.sleep(0.2)
            until(page, "document.body.dataset.ready === 'true'")
            page.get_by_role("button", name=SAMPLE).click()
            until(page, "Number(document.getElementById('photo').dataset.number || 0) >= 1")
            page.wait_for_timeout(500)
            page.screenshot(path=HERE / "page.png")
        finally:
            server.terminate()
    print("wrote", HERE / "page.png")


if __name__ == "__main__":
    main()
