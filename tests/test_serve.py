"""The verb, and the page in a real browser: what a person does with it, from the first stroke to the download."""

from __future__ import annotations

import base64
import io
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from sketchback import images, models, serve, weights

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


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Weights of toy size under the names that the page knows."""
    made = tmp_path_factory.mktemp("weights")
    for name, width, size in (("faces", 4, [64, 64]), ("buildings", 6, [48, 64])):
        generator = models.build("scribbler", width=width, halvings=2, blocks=1)
        weights.save(
            generator,
            made / f"{name}.weights.h5",
            recipe=json.dumps({"size": size}),
            note=f"toy {name}",
            terms="one: for research; two: for all; one: for research",
        )
    return made


class Process:
    """`python -m sketchback.serve` as a user starts it."""

    def __init__(self, folder: Path, *arguments: str):
        environment = {**os.environ, weights.ENVIRONMENT: str(folder)}
        command = [sys.executable, "-m", "sketchback.serve", "--no-browser", "--port", "0", *arguments]
        self.process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment
        )
        self.said = self.process.stdout.readline()
        self.url = re.search(r"http://\S+/", self.said)[0]

    def get(self, path: str) -> dict[str, object]:
        with urllib.request.urlopen(self.url + path, timeout=60) as answer:
            return json.load(answer)

    def wait_until_ready(self) -> None:
        end = time.monotonic() + 180
        while not self.get("api/health")["ready"]:
            assert time.monotonic() < end and self.process.poll() is None
            time.sleep(0.1)

    def stop(self) -> tuple[int, str]:
        self.process.send_signal(signal.SIGINT)
        _, said = self.process.communicate(timeout=60)
        return self.process.returncode, said


@pytest.fixture(scope="module")
def server(folder: Path) -> Iterator[Process]:
    made = Process(folder)
    made.wait_until_ready()
    yield made
    code, said = made.stop()
    assert code in (0, 130)  # where a shell runs it in the background, Python does not see Ctrl-C
    assert "Traceback" not in said, said


def post(url: str, data: bytes) -> tuple[int, bytes]:
    request = urllib.request.Request(url, data, {"Content-Type": "application/octet-stream"})
    try:
        with urllib.request.urlopen(request, timeout=120) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, error.read()


class TestCommand:
    def test_it_listens_on_this_machine_only(self, server: Process) -> None:
        assert re.fullmatch(r"The page is at http://127\.0\.0\.1:\d+/ \(Ctrl-C ends it\)\n", server.said)

    def test_twenty_uploads_at_once(self, server: Process) -> None:
        noise = Image.fromarray(np.random.default_rng(0).integers(0, 256, (600, 480, 3), np.uint8))
        written = io.BytesIO()
        noise.save(written, "PNG")
        answers: list[tuple[int, bytes]] = []
        threads = [
            threading.Thread(target=lambda: answers.append(post(f"{server.url}api/invert", written.getvalue())))
            for _ in range(20)
        ]
        for thread in threads:
            thread.start()
        assert server.get("api/health")["status"] == "ok"  # meanwhile
        for thread in threads:
            thread.join()
        assert len(answers) == 20 and {status for status, _ in answers} <= {200, 503}
        good = [data for status, data in answers if status == 200]
        assert len(good) >= 16 and len(set(good)) == 1
        for status, data in answers:
            if status == 503:
                assert "busy" in json.loads(data)["error"]
        assert post(f"{server.url}api/invert", written.getvalue()) == (200, good[0])
        assert server.get("api/health")["taken"] == 0

    @pytest.mark.parametrize(
        "arguments, words",
        [
            (["--weights", "nobody"], "known name"),
            (["--port", "99999"], "0 to 65535"),
            (["--port", "many"], "invalid int value"),
            (["--host", "no.such.host.invalid"], "address of this machine"),
            (["--host", "192.0.2.1"], "no address of this machine"),
        ],
    )
    def test_what_is_wrong_gets_one_line(self, arguments: list[str], words: str, capsys) -> None:
        try:
            code = serve.main(["--no-browser", *arguments])
        except SystemExit as stop:  # argparse
            code = stop.code
        said = capsys.readouterr().err
        assert code == 2
        assert words in said and len(said.strip().splitlines()) == 1

    def test_a_port_that_is_taken(self, folder: Path, capsys, monkeypatch) -> None:
        monkeypatch.setenv(weights.ENVIRONMENT, str(folder))
        with socket.create_server(("127.0.0.1", 0)) as other:
            assert serve.main(["--no-browser", "--port", str(other.getsockname()[1])]) == 2
        assert "is taken; choose another --port" in capsys.readouterr().err

    def test_the_next_port_where_none_was_asked_for(self, monkeypatch) -> None:
        with socket.create_server(("127.0.0.1", 0)) as other:
            taken = other.getsockname()[1]
            monkeypatch.setattr(serve, "PORT", taken)
            with serve._listen("127.0.0.1", None) as listening:
                assert listening.getsockname()[1] != taken

    def test_without_the_extra(self, folder: Path) -> None:
        code = (
            "import sys; sys.modules['uvicorn'] = None\n"
            "from sketchback.serve import main; raise SystemExit(main(['--no-browser']))"
        )
        environment = {**os.environ, weights.ENVIRONMENT: str(folder)}
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=environment)
        assert done.returncode == 2
        assert 'pip install -e ".[page]"' in done.stderr and len(done.stderr.splitlines()) == 1

    def test_no_browser_where_there_is_no_screen(self, monkeypatch) -> None:
        for name in ("SSH_CONNECTION", "CI", "DISPLAY", "WAYLAND_DISPLAY"):
            monkeypatch.delenv(name, raising=False)
        monkeypatch.setattr(sys, "platform", "linux")
        assert not serve.has_screen()
        monkeypatch.setenv("DISPLAY", ":0")
        assert serve.has_screen()
        monkeypatch.setenv("SSH_CONNECTION", "there")
        assert not serve.has_screen()


# ---- in a browser


@pytest.fixture(scope="module")
def browser():
    if CHROMIUM is None:
        pytest.skip("needs Chromium: apt-get install chromium")
    playwright = pytest.importorskip("playwright.sync_api", reason="needs playwright: pip install playwright")
    with playwright.sync_playwright() as running:
        started = running.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield started
        started.close()


class Visit:
    """A person's visit to the page. The page allows no `eval`, so it is asked, not waited in."""

    def __init__(self, browser, url: str, **options: object):
        self.context = browser.new_context(**{"viewport": {"width": 1280, "height": 800}, **options})
        self.page = self.context.new_page()
        self.errors: list[str] = []
        self.foreign: list[str] = []
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))
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
        return int(self.page.locator("#photo").get_attribute("data-number") or 0)

    def photo(self) -> bytes:
        return self._bytes("""() => {
            const [photo, copy] = [document.getElementById("photo"), document.createElement("canvas")];
            [copy.width, copy.height] = [photo.naturalWidth, photo.naturalHeight];
            copy.getContext("2d").drawImage(photo, 0, 0);
            return copy.toDataURL("image/png");
        }""")

    def sheet(self) -> np.ndarray:
        data = self._bytes("document.getElementById('sheet').toDataURL('image/png')")
        return np.asarray(Image.open(io.BytesIO(data)).convert("L"))

    def _bytes(self, address: str) -> bytes:
        return base64.b64decode(self.page.evaluate(address).partition(",")[2])

    def developed(self, action: Callable[[], object]) -> bytes:
        """Does something, waits for the photograph that follows, and for the last one of it."""
        before = self.number()
        action()
        self.until(lambda: self.number() > before)
        self.settle()
        return self.photo()

    def settle(self) -> None:
        seen, since = self.number(), time.monotonic()
        while time.monotonic() - since < 0.4 or self.page.evaluate("document.body.classList.contains('developing')"):
            if self.number() != seen:
                seen, since = self.number(), time.monotonic()
            self.page.wait_for_timeout(50)

    def stroke(self, *points: tuple[float, float]) -> None:
        """Draws with the mouse; points in parts of the sheet."""
        self.page.locator("#sheet").scroll_into_view_if_needed()
        box = self.page.locator("#sheet").bounding_box()
        places = [(box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in points]
        self.page.mouse.move(*places[0])
        self.page.mouse.down()
        for place in places[1:]:
            self.page.mouse.move(*place, steps=6)
        self.page.mouse.up()

    def click(self, name: str) -> None:
        self.page.get_by_role("button", name=name, exact=True).click()

    def disabled(self, name: str) -> bool:
        found = self.page.get_by_role("button", name=name, exact=True)
        return found.get_attribute("aria-disabled") == "true"

    def alert(self) -> str:
        shown = self.page.locator("#alert")
        return shown.inner_text().strip() if shown.is_visible() else ""


@pytest.fixture
def visit(browser, server: Process) -> Iterator[Callable[..., Visit]]:
    made: list[Visit] = []

    def start(**options: object) -> Visit:
        made.append(Visit(browser, server.url, **options))
        return made[-1]

    yield start
    for one in made:
        errors, foreign = one.errors, one.foreign
        one.context.close()
        assert not errors
        assert not foreign  # nothing was asked of anybody else


@pytest.fixture
def drawing(tmp_path: Path) -> Path:
    sketch = np.ones((60, 80, 1), np.float32)  # fills the sheet: cleaning has nothing to crop
    sketch[8:52, 10:14] = sketch[8:52, 66:70] = sketch[28:30, 10:70] = 0.1
    return images.write(tmp_path / "my drawing.png", sketch)


LINE = ((0.2, 0.2), (0.8, 0.5), (0.3, 0.8))


class TestDrawing:
    def test_a_stroke_and_then_another_photograph(self, visit) -> None:
        seen = visit()
        assert seen.page.locator("#photo").is_hidden()
        first = seen.developed(lambda: seen.stroke(*LINE))
        assert Image.open(io.BytesIO(first)).size == (410, 512)
        second = seen.developed(lambda: seen.stroke((0.7, 0.1), (0.7, 0.9)))
        assert first != second
        assert int(seen.page.locator("#photo").get_attribute("data-milliseconds")) > 0

    def test_the_sheet_is_white_paper_with_dark_ink(self, visit) -> None:
        seen = visit()
        seen.stroke(*LINE)
        sheet = seen.sheet()
        assert sheet.shape == (960, 768)
        assert np.median(sheet) == 255 and sheet.min() < 80
        assert 0.001 < (sheet < 128).mean() < 0.05

    def test_undo_redo_clear(self, visit) -> None:
        seen = visit()
        assert seen.disabled("Undo") and seen.disabled("Redo") and seen.disabled("Clear: a new sheet")
        first = seen.developed(lambda: seen.stroke(*LINE))
        one = seen.sheet()
        seen.developed(lambda: seen.stroke((0.7, 0.1), (0.7, 0.9)))
        two = seen.sheet()
        assert seen.developed(lambda: seen.click("Undo")) == first
        np.testing.assert_array_equal(seen.sheet(), one)
        seen.developed(lambda: seen.page.keyboard.press("Control+Shift+Z"))
        np.testing.assert_array_equal(seen.sheet(), two)
        seen.click("Clear: a new sheet")
        assert seen.sheet().min() == 255 and seen.page.locator("#photo").is_hidden()
        seen.developed(lambda: seen.page.keyboard.press("Control+Z"))
        np.testing.assert_array_equal(seen.sheet(), two)

    def test_the_eraser(self, visit) -> None:
        seen = visit()
        seen.stroke((0.1, 0.5), (0.9, 0.5))
        seen.page.keyboard.press("e")
        assert seen.page.get_by_role("radio", name="Eraser").is_checked()
        seen.page.locator("#width").fill("100")
        seen.developed(lambda: seen.stroke((0.5, 0.3), (0.5, 0.7)))
        row = seen.sheet()[480]
        assert row[384] == 255 and row[150] < 128 and row[650] < 128

    def test_a_pen_presses(self, visit) -> None:
        seen = visit()
        widths = seen.page.evaluate(
            """() => {
                const sheet = document.getElementById("sheet");
                const box = sheet.getBoundingClientRect();
                sheet.setPointerCapture = () => {};
                const draw = (y, pressure) => {
                    const at = (type, x) => sheet.dispatchEvent(new PointerEvent(type, {
                        pointerId: 7, pointerType: "pen", pressure, buttons: 1, bubbles: true,
                        clientX: box.left + x * box.width, clientY: box.top + y * box.height }));
                    at("pointerdown", 0.2);
                    for (let x = 0.25; x <= 0.8; x += 0.05) at("pointermove", x);
                    at("pointerup", 0.8);
                };
                draw(0.25, 0.1);
                draw(0.75, 1);
                const column = sheet.getContext("2d").getImageData(sheet.width / 2, 0, 1, sheet.height).data;
                const dark = (from, to) => {
                    let sum = 0;
                    for (let y = from; y < to; y += 1) sum += 255 - column[4 * y];
                    return sum;
                };
                return [dark(0, sheet.height / 2), dark(sheet.height / 2, sheet.height)];
            }"""
        )
        assert 0 < 3 * widths[0] < widths[1]

    def test_by_keyboard_alone(self, visit) -> None:
        seen = visit()
        page = seen.page
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.className") == "skip"
        page.keyboard.press("Enter")
        reached = [page.evaluate("document.activeElement.id")]
        while "sheet" not in reached and len(reached) < 20:
            page.keyboard.press("Tab")
            reached.append(page.evaluate("document.activeElement.id"))
        assert "sheet" in reached
        page.keyboard.press(" ")
        assert page.locator("#status").inner_text() == "Pencil down"
        for _ in range(5):
            page.keyboard.press("Shift+ArrowRight")
        seen.developed(lambda: page.keyboard.press(" "))
        assert seen.sheet()[480, 384:580].max() < 128
        seen.developed(lambda: page.keyboard.press("ArrowDown") or page.keyboard.press(" "))
        for _ in range(40):  # from here to the download
            page.keyboard.press("Tab")
            if page.evaluate("document.activeElement.id") == "download-button":
                break
        with page.expect_download() as saved:
            page.keyboard.press("Enter")
        assert saved.value.suggested_filename == "photograph.png"

    def test_the_sheet_turns_with_what_is_drawn(self, visit) -> None:
        seen = visit()
        assert seen.sheet().shape == (960, 768)
        seen.developed(lambda: seen.stroke(*LINE))
        ink = (seen.sheet() < 128).sum()
        seen.developed(lambda: seen.click("Turn the sheet: upright or wide"))
        assert seen.sheet().shape == (720, 960)
        assert 0.3 * ink < (seen.sheet() < 128).sum() < ink  # smaller, all there


class TestPictures:
    def test_open_a_file(self, visit, drawing: Path) -> None:
        seen = visit()
        with seen.page.expect_file_chooser() as chooser:
            seen.click("Open")
        first = seen.developed(lambda: chooser.value.set_files(drawing))
        assert seen.sheet().shape == (720, 960)
        assert seen.sheet().min() < 80
        assert seen.developed(lambda: seen.stroke(*LINE)) != first

    def test_cleaning_can_be_switched_off(self, visit, tmp_path: Path) -> None:
        shade = np.linspace(0.9, 0.5, 200, dtype=np.float32)[np.newaxis, :, np.newaxis]
        paper = np.repeat(shade, 250, axis=0)
        paper[60:200, 90:96] = 0.1
        seen = visit()
        path = images.write(tmp_path / "shaded.png", paper)
        seen.developed(lambda: seen.page.locator("#files").set_input_files(path))
        assert np.median(seen.sheet()[:, -40:]) > 240  # paper is white
        seen.developed(lambda: seen.page.locator(".switch").click())
        assert np.median(seen.sheet()[:, -40:]) < 160  # as it was

    def test_the_last_choice_of_cleaning_counts(self, visit, tmp_path: Path) -> None:
        shade = np.full((250, 200, 1), 0.6, np.float32)
        shade[60:200, 90:96] = 0.1
        seen = visit()
        path = images.write(tmp_path / "grey.png", shade)
        seen.developed(lambda: seen.page.locator("#files").set_input_files(path))
        late = []
        seen.page.route("**/api/sketch?clean=false", lambda route: late.append(route))
        seen.page.locator(".switch").click()
        seen.until(lambda: late)
        seen.developed(lambda: seen.page.locator(".switch").click())
        with seen.page.expect_response("**/api/sketch?clean=false"):
            late[0].continue_()
        seen.settle()
        assert seen.page.get_by_role("switch").is_checked() and np.median(seen.sheet()) > 240

    def test_a_picture_that_cannot_be_read_again_stays(self, visit, drawing: Path) -> None:
        seen = visit()
        seen.developed(lambda: seen.page.locator("#files").set_input_files(drawing))
        before = seen.sheet()
        seen.page.route("**/api/sketch?*", lambda route: route.abort())
        seen.page.locator(".switch").click()
        seen.until(seen.alert)
        assert "cannot be reached" in seen.alert()
        assert seen.page.locator("#status").inner_text() == "Photograph ready"
        np.testing.assert_array_equal(seen.sheet(), before)

    def test_drop_and_paste(self, visit, drawing: Path) -> None:
        seen = visit()
        give = """(bytes) => {
            const carried = new DataTransfer();
            carried.items.add(new File([new Uint8Array(bytes)], "given.png", { type: "image/png" }));
            return carried;
        }"""
        carried = seen.page.evaluate_handle(give, list(drawing.read_bytes()))
        seen.page.dispatch_event("body", "dragenter", {"dataTransfer": carried})
        assert seen.page.locator("#drop").is_visible()
        seen.developed(lambda: seen.page.dispatch_event("body", "drop", {"dataTransfer": carried}))
        assert seen.page.locator("#drop").is_hidden()
        seen.click("Clear: a new sheet")
        paste = """(carried) => dispatchEvent(new ClipboardEvent("paste", { clipboardData: carried }))"""
        seen.developed(lambda: seen.page.evaluate(paste, carried))
        assert seen.sheet().min() < 80

    def test_the_camera(self, visit) -> None:
        seen = visit(permissions=["camera"])
        seen.click("Camera")
        seen.page.get_by_role("heading", name="Photograph a drawing").wait_for()
        seen.until(lambda: seen.page.evaluate("document.getElementById('video').videoWidth") > 0)
        seen.developed(lambda: seen.click("Take the picture"))
        assert seen.page.locator("#camera").is_hidden()

    def test_a_sample_brings_its_weights(self, visit) -> None:
        seen = visit()
        seen.developed(lambda: seen.click("House"))
        assert seen.page.get_by_role("radio", name="Buildings").is_checked()
        assert seen.page.locator("#photo").get_attribute("data-weights") == "buildings"

    @pytest.mark.parametrize("kind", ["text", "100 megapixels", "damaged", "empty"])
    def test_a_bad_file_gets_a_sentence(self, visit, drawing: Path, tmp_path: Path, kind: str) -> None:
        path = tmp_path / "bad.png"
        if kind == "100 megapixels":
            Image.new("1", (10_000, 10_000)).save(path)
        else:
            path.write_bytes({"text": b"hello", "damaged": drawing.read_bytes()[:80], "empty": b""}[kind])
        seen = visit()
        first = seen.developed(lambda: seen.stroke(*LINE))
        seen.page.locator("#files").set_input_files(path)
        seen.until(seen.alert)
        words = {"100 megapixels": "at most 40 megapixels", "damaged": "damaged"}.get(kind, "must be PNG, JPEG")
        assert seen.alert().startswith("bad.png: ") and words in seen.alert()
        assert seen.photo() == first  # what was there is still there
        seen.click("Close this message")
        assert not seen.alert()
        seen.developed(lambda: seen.page.locator("#files").set_input_files(drawing))  # and it goes on

    def test_several_at_once(self, visit, tmp_path: Path) -> None:
        paths = []
        for number in range(3):
            sketch = np.ones((60, 50, 1), np.float32)
            sketch[6:54, 6:9] = sketch[6:54, 41:44] = sketch[10 * number + 10, 6:44] = 0.1
            paths.append(images.write(tmp_path / f"drawing {number}.png", sketch))
        bad = tmp_path / "notes.txt"
        bad.write_text("hello")
        seen = visit()
        page = seen.page
        page.locator("#files").set_input_files([*paths, bad])
        seen.until(lambda: "done" in page.locator("#batch-status").inner_text())
        assert page.locator("#batch-status").inner_text() == "3 of 4 done, 1 could not be read"
        assert page.locator("#batch-progress").evaluate("bar => bar.value / bar.max") == 1
        states = page.locator("#batch-cards li").evaluate_all("cards => cards.map((card) => card.dataset.state)")
        assert states == ["done", "done", "done", "failed"]
        assert "must be PNG, JPEG" in page.locator("#batch-cards li").last.inner_text()
        with page.expect_download() as saved:
            seen.click("Download all")
        with zipfile.ZipFile(saved.value.path()) as archive:
            assert archive.testzip() is None
            assert archive.namelist() == [f"drawing {number}-photograph.png" for number in range(3)]
            sizes = {Image.open(archive.open(name)).size for name in archive.namelist()}
            assert sizes == {(50, 60)}
        seen.developed(lambda: seen.click("To the sheet drawing 1.png"))
        seen.click("Put these drawings away")
        assert page.locator("#batch").is_hidden()


class TestPhotograph:
    def test_switching_weights(self, visit) -> None:
        seen = visit()
        faces = seen.developed(lambda: seen.stroke(*LINE))
        assert seen.page.locator("#photo").get_attribute("data-weights") == "faces"
        buildings = seen.developed(lambda: seen.page.get_by_role("radio", name="Buildings").check(force=True))
        assert seen.page.locator("#photo").get_attribute("data-weights") == "buildings"
        assert faces != buildings
        seen.click("What to know")
        card = seen.page.locator("#card").inner_text()
        assert "toy buildings" in card
        assert "one: for research; two: for all\n" in card  # each term once

    def test_an_empty_sheet_takes_the_shape_of_the_weights(self, visit) -> None:
        seen = visit()
        seen.page.get_by_role("radio", name="Buildings").check(force=True)
        seen.until(lambda: seen.sheet().shape == (720, 960))
        assert seen.number() == 0  # nothing is made of white paper

    @pytest.mark.parametrize(
        "kind, format", [("png", "PNG"), ("jpg", "JPEG"), ("webp", "WEBP"), ("tiff", "TIFF"), ("pdf", None)]
    )
    def test_download(self, visit, drawing: Path, kind: str, format: str | None) -> None:
        seen = visit()
        seen.developed(lambda: seen.page.locator("#files").set_input_files(drawing))
        seen.page.get_by_label("File format").select_option(kind)
        with seen.page.expect_download() as saved:
            seen.click("Download")
        assert saved.value.suggested_filename == f"my drawing-photograph.{kind}"
        path = saved.value.path()
        if format is None:
            assert path.read_bytes().startswith(b"%PDF")
        else:
            assert (Image.open(path).format, Image.open(path).size) == (format, (960, 720))

    def test_the_slider_lays_the_drawing_over_it(self, visit) -> None:
        seen = visit()
        assert seen.page.locator("#compare").is_disabled()
        seen.developed(lambda: seen.stroke(*LINE))
        seen.page.locator("#compare").focus()
        for _ in range(30):
            seen.page.keyboard.press("ArrowRight")
        assert seen.page.locator("#over").evaluate("image => image.style.clipPath") == "inset(0px 70% 0px 0px)"
        assert seen.page.locator("#compare").get_attribute("aria-valuetext") == "30 percent drawing"
        box = seen.page.locator("#photo-paper").bounding_box()
        seen.page.mouse.click(box["x"] + 0.6 * box["width"], box["y"] + 50)  # on the picture itself
        assert abs(float(seen.page.locator("#compare").input_value()) - 60) <= 1

    def test_a_server_that_went_away_is_said(self, browser, folder: Path) -> None:
        server = Process(folder)
        seen = Visit(browser, server.url)
        server.stop()
        seen.stroke(*LINE)
        seen.until(seen.alert)
        assert seen.alert() == "The server cannot be reached. Is it still running in the terminal?"
        seen.context.close()


class TestLooks:
    @pytest.mark.parametrize("width, height", [(320, 568), (390, 844), (768, 1024), (1280, 800), (2200, 1200)])
    def test_nothing_is_wider_than_the_screen(self, visit, drawing: Path, width: int, height: int) -> None:
        seen = visit(viewport={"width": width, "height": height}, has_touch=True)
        seen.page.locator("#files").set_input_files([drawing, drawing])
        seen.until(lambda: "2 of 2 done" in seen.page.locator("#batch-status").inner_text())
        seen.developed(lambda: seen.click("Portrait in lines"))
        assert seen.page.evaluate("document.documentElement.scrollWidth") <= width
        for button in seen.page.locator("main button:visible, header button:visible").all():
            if button.evaluate("one => !one.closest('#samples')"):  # which scrolls by itself
                box = button.bounding_box()
                assert 0 <= box["x"] and box["x"] + box["width"] <= width
                assert button.evaluate("one => one.scrollWidth <= one.clientWidth + 1")  # no text is cut

    def test_on_a_phone_the_photograph_stays_in_sight(self, visit) -> None:
        seen = visit(viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True)
        seen.developed(lambda: seen.click("Portrait in lines"))
        seen.page.locator("#sheet").evaluate("sheet => sheet.scrollIntoView({ block: 'end' })")
        peek = seen.page.get_by_role("button", name="Show the photograph")
        seen.until(peek.is_visible)
        peek.click()
        seen.until(peek.is_hidden)

    def test_beside_a_batch_no_photograph_floats(self, visit, drawing: Path) -> None:
        seen = visit()
        seen.developed(lambda: seen.click("Portrait in lines"))
        seen.page.locator("#files").set_input_files([drawing] * 8)
        seen.until(lambda: "8 of 8 done" in seen.page.locator("#batch-status").inner_text())
        seen.page.locator("footer").scroll_into_view_if_needed()
        seen.until(lambda: seen.page.locator("#photo").bounding_box()["y"] < -200)
        seen.page.wait_for_timeout(300)
        assert seen.page.locator("#peek").is_hidden()

    @pytest.mark.parametrize("width, height", [(390, 700), (1280, 800)])
    def test_an_error_is_seen_wherever_one_is(self, visit, drawing: Path, width: int, height: int) -> None:
        seen = visit(viewport={"width": width, "height": height})
        seen.page.locator("#files").set_input_files([drawing] * 8)
        seen.until(lambda: "8 of 8 done" in seen.page.locator("#batch-status").inner_text())
        seen.page.locator("footer").scroll_into_view_if_needed()
        seen.until(lambda: seen.page.evaluate("scrollY") > 400)
        seen.page.route("**/api/*", lambda route: route.abort())
        seen.page.get_by_role("button", name="To the sheet").last.dispatch_event("click")
        seen.until(seen.alert)
        box = seen.page.locator("#alert").bounding_box()
        assert 0 <= box["x"] and box["x"] + box["width"] <= width
        assert 0 <= box["y"] and box["y"] + box["height"] <= height

    def test_light_and_dark(self, visit) -> None:
        seen = visit(color_scheme="dark")
        ground = "getComputedStyle(document.body).backgroundColor"
        dark = seen.page.evaluate(ground)
        seen.click("Dark colours")
        light = seen.page.evaluate(ground)
        assert sum(map(int, re.findall(r"\d+", dark))) < 150 < 600 < sum(map(int, re.findall(r"\d+", light)))
        seen.page.reload()
        seen.until(lambda: seen.page.evaluate(ground) == light)  # remembered
        assert seen.sheet().min() == 255  # paper stays white

    def test_everything_has_a_name(self, visit) -> None:
        seen = visit()
        for role in ("button", "radio", "slider", "combobox", "switch", "checkbox", "link"):
            for one in seen.page.get_by_role(role).all():
                named = one.evaluate(
                    "one => one.getAttribute('aria-label') || one.textContent.trim() || one.title "
                    "|| one.querySelector('img')?.alt || one.labels?.[0]?.textContent.trim()"
                )
                assert named, one.evaluate("one => one.outerHTML")

    def test_help(self, visit) -> None:
        seen = visit()
        seen.click("Help")
        assert seen.page.get_by_role("dialog", name="Help").is_visible()
        seen.page.keyboard.press("Escape")
        assert seen.page.locator("#help").is_hidden()
        assert seen.page.evaluate("document.activeElement.id") == "help-button"

    def test_the_api_describes_itself_without_a_network(self, visit, server: Process) -> None:
        seen = visit()
        seen.page.goto(f"{server.url}docs")
        seen.page.get_by_text("/api/invert", exact=True).wait_for()
        seen.page.get_by_text("/api/sketch", exact=True).wait_for()
