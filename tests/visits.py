"""A person's visit to the page, in a real browser."""

from __future__ import annotations

import base64
import io
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--use-fake-device-for-media-stream",
    "--use-fake-ui-for-media-stream",
]
LINE = ((0.2, 0.2), (0.8, 0.5), (0.3, 0.8))


class Visit:
    """A person's visit to the page. The page allows no `eval`, so it is asked again and again, not waited in."""

    def __init__(self, browser, url: str, **options: object):
        self.context = browser.new_context(**{"viewport": {"width": 1280, "height": 800}, **options})
        self.page = self.context.new_page()
        self.errors: list[str] = []
        self.foreign: list[str] = []
        self.said: list[str] = []  # at the console
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))
        self.page.on("console", lambda message: self.said.append(message.text))
        self.page.on("request", lambda request: self._look(request.url, url))
        self.page.goto(url)
        self.until(lambda: self.page.evaluate("document.body.dataset.ready") == "true")

    def _look(self, asked: str, url: str) -> None:
        if not asked.startswith((url, "blob:", "data:")):
            self.foreign.append(asked)

    def until(self, condition: Callable[[], object], seconds: float = 60) -> None:
        end = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < end, f"not seen within {seconds} s; the page says {self.alert()!r}"
            self.page.wait_for_timeout(30)

    def number(self) -> int:
        """How many photographs were shown so far."""
        return int(self.page.locator("#photo").get_attribute("data-number") or 0)

    def photo(self) -> np.ndarray:
        return self._read("""() => {
            const [photo, copy] = [document.getElementById("photo"), document.createElement("canvas")];
            [copy.width, copy.height] = [photo.naturalWidth, photo.naturalHeight];
            copy.getContext("2d").drawImage(photo, 0, 0);
            return copy.toDataURL("image/png");
        }""")

    def canvas(self) -> np.ndarray:
        return self._read("document.getElementById('canvas').toDataURL('image/png')")[..., 0]

    def _read(self, address: str) -> np.ndarray:
        data = base64.b64decode(self.page.evaluate(address).partition(",")[2])
        return np.asarray(Image.open(io.BytesIO(data)).convert("RGB"))

    def inferred(self, action: Callable[[], object]) -> np.ndarray:
        """Does something, waits for the photographs that follow, and returns the last."""
        before = self.number()
        action()
        self.until(lambda: self.number() > before)
        self.settle()
        return self.photo()

    def settle(self) -> None:
        busy = "document.body.classList.contains('inferring') || photo.ariaBusy === 'true'"  # its detail is to come
        seen, since = self.number(), time.monotonic()
        while time.monotonic() - since < 0.4:
            if self.page.evaluate(busy) or self.number() != seen:
                seen, since = self.number(), time.monotonic()
            self.page.wait_for_timeout(40)

    def stroke(self, *points: tuple[float, float]) -> None:
        """Draws with the mouse; points in parts of the canvas."""
        self.page.locator("#canvas").scroll_into_view_if_needed()
        box = self.page.locator("#canvas").bounding_box()
        places = [(box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in points]
        self.page.mouse.move(*places[0])
        self.page.mouse.down()
        for place in places[1:]:
            self.page.mouse.move(*place, steps=6)
        self.page.mouse.up()

    def carried(self, file: Path) -> Any:
        """What a person drops or pastes who carries this picture."""
        carry = """([bytes, name]) => {
            const carried = new DataTransfer();
            carried.items.add(new File([new Uint8Array(bytes)], name, { type: "image/png" }));
            return carried;
        }"""
        return self.page.evaluate_handle(carry, [list(file.read_bytes()), file.name])

    def click(self, name: str) -> None:
        self.page.get_by_role("button", name=name, exact=True).click()

    def give(self, *files: Path) -> None:
        self.page.locator("#files").set_input_files(files)

    def disabled(self, name: str) -> bool:
        found = self.page.get_by_role("button", name=name, exact=True)
        return found.get_attribute("aria-disabled") == "true"

    def says(self, id: str) -> str:
        return self.page.locator(f"#{id}").inner_text()

    def alert(self) -> str:
        return self.says("alert").strip() if self.page.locator("#alert").is_visible() else ""

    def downloads(self, action: Callable[[], object]) -> tuple[str, io.BytesIO]:
        with self.page.expect_download() as saved:
            action()
        return saved.value.suggested_filename, io.BytesIO(saved.value.path().read_bytes())
