"""The page in a real browser: what a person does with it, from the first stroke to the download."""

from __future__ import annotations

import re
import shutil
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import numpy as np
import pytest
from PIL import Image
from places import DRAWINGS
from tabletop import TILTED, head, photographed
from visits import LINE, Visit

from sketchback import images
from sketchback.web import app
from sketchback.web.worker import InferenceWorker

STATIC = Path(app.__file__).parent / "static"

# ---- the files, without a browser


def sources(*suffixes: str) -> dict[str, str]:
    return {path.name: path.read_text(encoding="utf-8") for path in STATIC.iterdir() if path.suffix in suffixes}


def test_nothing_comes_from_elsewhere() -> None:
    for name, text in sources(".html", ".css", ".js", ".svg").items():
        own = text.replace("http://www.w3.org/2000/svg", "")
        assert not re.search(r"https?://|//[a-z]+\.[a-z]|@import|url\(", own), name


def test_every_import_and_element_is_there() -> None:
    page, scripts = sources(".html")["index.html"], sources(".js")
    ids = re.findall(r'\bid="([^"]+)"', page)
    assert len(ids) == len(set(ids))
    wanted = set(re.findall(r'(?:aria-labelledby|aria-describedby|for)="([^"]+)"|href="#([^"]+)"', page))
    for script in scripts.values():
        wanted |= {(name, "") for name in re.findall(r'(?:element|act|enable)\("([^"]+)"', script)}
        assert set(re.findall(r'(?:from|import) "\./([^"]+)"', script)) <= set(scripts)
    assert {one or other for one, other in wanted} <= set(ids)


def test_samples_are_the_drawings_of_the_examples() -> None:
    samples = sorted((STATIC / "samples").iterdir())
    assert [path.name for path in samples] == sorted(path.name for path in DRAWINGS.glob("*.png"))
    for path in samples:  # in 16 greys, a third of the bytes
        difference = images.read(path, 1) - images.read(DRAWINGS / path.name, 1)
        assert np.abs(difference).max() <= 0.5 / 15 + 1e-3
        assert path.stat().st_size < 50_000


# ---- in a browser


@pytest.mark.browser
class TestDrawing:
    def test_a_stroke_and_then_another_photograph(self, visit) -> None:
        seen = visit()
        assert seen.page.locator("#photo").is_hidden()
        first = seen.inferred(lambda: seen.stroke(*LINE))
        assert first.shape == (512, 410, 3)
        canvas = seen.canvas()
        assert canvas.shape == (960, 768) and np.median(canvas) == 255 and canvas.min() < 80
        assert 0.001 < (canvas < 128).mean() < 0.05
        second = seen.inferred(lambda: seen.stroke((0.7, 0.1), (0.7, 0.9)))
        assert (first != second).any()

    def test_undo_redo_clear(self, visit) -> None:
        seen = visit()
        assert seen.disabled("Undo") and seen.disabled("Redo") and seen.disabled("Clear: a new sheet")
        photo = seen.inferred(lambda: seen.stroke(*LINE))
        one = seen.canvas()
        seen.inferred(lambda: seen.stroke((0.7, 0.1), (0.7, 0.9)))
        two = seen.canvas()
        np.testing.assert_array_equal(seen.inferred(lambda: seen.click("Undo")), photo)
        np.testing.assert_array_equal(seen.canvas(), one)
        seen.page.keyboard.press("Control+Shift+Z")
        np.testing.assert_array_equal(seen.canvas(), two)
        seen.click("Clear: a new sheet")
        assert seen.canvas().min() == 255 and seen.page.locator("#photo").is_hidden()
        seen.page.keyboard.press("Control+Z")
        np.testing.assert_array_equal(seen.canvas(), two)

    def test_the_eraser(self, visit) -> None:
        seen = visit()
        seen.stroke((0.1, 0.5), (0.9, 0.5))
        seen.page.keyboard.press("e")
        assert seen.page.get_by_role("radio", name="Eraser").is_checked()
        seen.page.locator("#width").fill("100")
        seen.stroke((0.5, 0.3), (0.5, 0.7))
        row = seen.canvas()[480]
        assert row[384] == 255 and row[150] < 128 and row[650] < 128

    def test_what_comes_above_the_sheet_bends_no_line(self, visit) -> None:
        seen = visit()
        seen.page.locator("#canvas").scroll_into_view_if_needed()
        box = seen.page.locator("#canvas").bounding_box()
        middle = box["y"] + box["height"] / 2
        seen.page.mouse.move(box["x"] + 40, middle)
        seen.page.mouse.down()
        seen.page.mouse.move(box["x"] + 100, middle, steps=4)
        seen.page.evaluate("document.querySelector('main').style.paddingTop = '60px'")
        assert seen.page.locator("#canvas").bounding_box()["y"] > box["y"] + 50
        seen.page.mouse.move(box["x"] + 160, middle, steps=4)
        seen.page.mouse.up()
        rows = np.flatnonzero((seen.canvas() < 128).any(axis=1))
        assert 0 < np.ptp(rows) < 20

    def test_a_pen_presses(self, visit) -> None:
        seen = visit()
        seen.page.evaluate("""() => {
            const canvas = document.getElementById("canvas");
            const box = canvas.getBoundingClientRect();
            canvas.setPointerCapture = () => {};
            for (const [y, pressure] of [[0.25, 0.1], [0.75, 1]]) {
                const at = (type, x) => canvas.dispatchEvent(new PointerEvent(type, {
                    pointerId: 7, pointerType: "pen", pressure, buttons: 1, bubbles: true,
                    clientX: box.left + x * box.width, clientY: box.top + y * box.height }));
                at("pointerdown", 0.2);
                for (let x = 0.25; x <= 0.8; x += 0.05) at("pointermove", x);
                at("pointerup", 0.8);
            }
        }""")
        ink = 255.0 - seen.canvas()
        assert 0 < 3 * ink[:480].sum() < ink[480:].sum()

    def test_by_keyboard_alone(self, visit) -> None:
        seen = visit()
        page = seen.page

        def tab_to(id: str) -> None:
            for _ in range(40):
                if page.evaluate("document.activeElement.id") == id:
                    return
                page.keyboard.press("Tab")
            raise AssertionError(f"{id} is out of reach")

        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.className") == "skip"
        page.keyboard.press("Enter")
        tab_to("canvas")
        page.keyboard.press(" ")
        assert seen.says("status") in ("Pencil down", "Making the photograph…", "Nothing is drawn yet")  # of a dot
        for _ in range(5):
            page.keyboard.press("Shift+ArrowRight")
        seen.inferred(lambda: page.keyboard.press(" "))
        assert seen.canvas()[480, 384:580].max() < 128
        tab_to("download-button")
        assert seen.downloads(lambda: page.keyboard.press("Enter"))[0] == "photograph.png"

    def test_the_sheet_turns_with_what_is_drawn(self, visit) -> None:
        seen = visit()
        seen.click("Turn by a quarter")
        seen.until(lambda: seen.canvas().shape == (720, 960))  # an empty sheet becomes wide
        seen.click("Turn by a quarter")
        seen.stroke(*LINE)
        drawn = seen.canvas().astype(float)
        seen.click("Turn by a quarter")
        seen.until(lambda: seen.canvas().shape == (768, 960))
        assert np.abs(seen.canvas() - np.rot90(drawn, -1)).mean() < 0.5  # smoothed otherwise, but there
        seen.click("Undo")
        np.testing.assert_array_equal(seen.canvas(), drawn)

    def test_the_thickest_pencil_still_draws_lines(self, visit) -> None:
        seen = visit()
        seen.page.locator("#width").fill("100")
        seen.stroke((0.1, 0.5), (0.9, 0.5))
        assert 15 < (seen.canvas()[:, 384] < 128).sum() < 25  # of 960: what the generators take for a line


@pytest.mark.browser
class TestPictures:
    def test_open_a_file(self, visit, file: Path) -> None:
        seen = visit()
        with seen.page.expect_file_chooser() as chooser:
            seen.click("Open")
        first = seen.inferred(lambda: chooser.value.set_files(file))
        assert seen.canvas().shape == (720, 960) and seen.canvas().min() < 80
        assert (seen.inferred(lambda: seen.stroke(*LINE)) != first).any()

    def test_cleaning_can_be_switched_and_the_last_choice_counts(self, visit, tmp_path: Path) -> None:
        grey = np.full((250, 200, 1), 0.6, np.float32)
        grey[60:200, 90:96] = 0.1
        seen = visit()
        seen.inferred(lambda: seen.give(images.write(tmp_path / "grey.png", grey)))
        assert np.median(seen.canvas()) > 240  # paper is white
        seen.inferred(lambda: seen.page.locator(".switch").click())
        assert np.median(seen.canvas()) < 160  # as it was
        seen.inferred(lambda: seen.page.locator(".switch").click())
        late = []
        seen.page.route("**/api/sketch?clean=false", lambda route: late.append(route))
        seen.page.locator(".switch").click()
        seen.until(lambda: late)
        seen.inferred(lambda: seen.page.locator(".switch").click())
        with seen.page.expect_response("**/api/sketch?clean=false"):
            late[0].continue_()
        seen.settle()
        assert seen.page.get_by_role("switch").is_checked() and np.median(seen.canvas()) > 240

    def test_an_upside_down_picture_is_turned_and_stays_so(self, visit, file: Path) -> None:
        seen, turned = visit(), "Turn by a quarter"
        sketch = images.read(file, 1)
        sketch[8:12, 10:40] = 0.1  # an end that differs from the other
        images.write(file, sketch)
        seen.inferred(lambda: seen.give(file))
        before = seen.canvas().astype(float)
        for shape in ((960, 720), (720, 960)):
            seen.click(turned)
            seen.until(lambda shape=shape: seen.canvas().shape == shape)
        about = [np.abs(seen.canvas() - one).mean() for one in (before[::-1, ::-1], before)]
        assert 5 * about[0] < about[1]
        seen.inferred(lambda: seen.page.locator(".switch").click())  # the file is read again
        about = [np.abs(seen.canvas() - one).mean() for one in (before[::-1, ::-1], before)]
        assert 5 * about[0] < about[1]

    def test_drop_and_paste(self, visit, file: Path) -> None:
        seen = visit()
        carried = seen.carried(file)
        seen.page.dispatch_event("body", "dragenter", {"dataTransfer": carried})
        assert seen.page.locator("#drop").is_visible()
        seen.inferred(lambda: seen.page.dispatch_event("body", "drop", {"dataTransfer": carried}))
        assert seen.page.locator("#drop").is_hidden()
        seen.click("Clear: a new sheet")
        paste = """(carried) => dispatchEvent(new ClipboardEvent("paste", { clipboardData: carried }))"""
        seen.inferred(lambda: seen.page.evaluate(paste, carried))
        assert seen.canvas().min() < 80

    def test_the_camera(self, visit) -> None:
        seen = visit(permissions=["camera"])
        seen.click("Camera")
        seen.page.get_by_role("heading", name="Photograph a drawing").wait_for()
        seen.until(lambda: seen.page.evaluate("document.getElementById('video').videoWidth") > 0)
        seen.inferred(lambda: seen.click("Take the picture"))
        assert seen.page.locator("#camera").is_hidden()

    def test_a_camera_that_still_starts_is_said(self, visit) -> None:
        seen = visit()
        seen.page.evaluate("""() => {
            window.picture = new MediaStream();
            navigator.mediaDevices.getUserMedia = async () => picture;
        }""")
        seen.click("Camera")
        seen.click("Take the picture")
        seen.until(lambda: seen.says("camera-note") == "The camera is still starting; try again in a moment.")
        assert seen.page.locator("#camera").is_visible() and not seen.alert()
        seen.page.evaluate("""() => {
            const canvas = document.createElement("canvas");
            const context = canvas.getContext("2d");
            picture.addTrack(canvas.captureStream().getVideoTracks()[0]);
            setInterval(() => {
                context.fillStyle = "white";
                context.fillRect(0, 0, 300, 150);
                context.fillStyle = "black";
                context.fillRect(100, 20, 8, 110);
            }, 50);
        }""")
        seen.until(lambda: not seen.says("camera-note"))
        seen.inferred(lambda: seen.click("Take the picture"))
        assert seen.page.locator("#camera").is_hidden() and seen.canvas().min() < 80

    def test_what_is_transparent_in_a_large_file_is_paper(self, visit, tmp_path: Path) -> None:
        values = np.random.default_rng(0).integers(0, 256, (900, 900, 4), np.uint8)
        values[..., 3] = 0  # what lies below it makes the file large
        values[200:700, 400:420] = (20, 20, 20, 255)
        large = tmp_path / "large.webp"
        Image.fromarray(values).save(large, lossless=True, exact=True, method=0, quality=0)
        assert large.stat().st_size > 2_000_000
        seen = visit()
        seen.page.locator(".switch").click()  # as it is
        seen.inferred(lambda: seen.give(large))
        assert np.median(seen.canvas()) > 240 and seen.canvas().min() < 80

    def test_a_bad_file_gets_a_sentence_and_changes_nothing(self, visit, file: Path, tmp_path: Path) -> None:
        large, bad = tmp_path / "large.png", tmp_path / "bad.png"
        Image.new("1", (7000, 7000)).save(large)
        seen = visit()
        first = seen.inferred(lambda: seen.stroke(*LINE))
        for data, words in (
            (b"hello", "must be PNG, JPEG"),
            (b"", "must be PNG, JPEG"),
            (file.read_bytes()[:80], "damaged"),
            (large.read_bytes(), "at most 40 megapixels"),
        ):
            bad.write_bytes(data)
            seen.give(bad)
            seen.until(seen.alert)
            assert seen.alert().startswith("bad.png: ") and words in seen.alert()
            seen.click("Close this message")
            assert not seen.alert()
        np.testing.assert_array_equal(seen.photo(), first)
        seen.inferred(lambda: seen.give(file))  # and it goes on

    def test_white_on_black_is_turned_and_an_empty_sheet_is_said(self, visit, file: Path, tmp_path: Path) -> None:
        seen, black = visit(), images.write(tmp_path / "black.png", 1 - images.read(file, 1))
        seen.inferred(lambda: seen.give(black))
        assert "white on black" in seen.alert() and np.median(seen.canvas()) > 240
        seen.give(images.write(tmp_path / "blank.png", np.full((60, 80, 1), 0.9, np.float32)))
        seen.until(lambda: "blank.png: Something must be drawn" in seen.alert())
        seen.click("Clear: a new sheet")
        seen.stroke((0.5, 0.5), (0.501, 0.5))  # a dot: no alert while somebody begins to draw
        seen.until(lambda: seen.says("status") == "Nothing is drawn yet")

    def test_weights_that_cannot_be_loaded_are_said_and_no_longer_waited_for(
        self, browser, weight_files, serving, tmp_path: Path
    ) -> None:
        whole, copy = weight_files["faces"].read_bytes(), tmp_path / "copy.weights.h5"
        copy.write_bytes(whole)
        worker = InferenceWorker({"copy": copy})
        copy.write_bytes(whole[:3000])
        with serving(app.application(worker)) as port:
            seen = Visit(browser, f"http://127.0.0.1:{port}/")
            seen.until(lambda: "'copy' cannot be loaded" in seen.alert())
            asked: list[str] = []
            seen.page.on("request", lambda request: asked.append(request.url))
            seen.page.wait_for_timeout(700)
            assert not asked and not seen.says("status")
            seen.context.close()

    def test_an_uploaded_house_and_a_face_upside_down_are_noticed(self, visit, tmp_path: Path) -> None:
        seen = visit()
        seen.inferred(lambda: seen.give(DRAWINGS / "house.png"))
        seen.until(lambda: "looks like a building, and “Faces, softer” was chosen" in seen.alert())
        seen.inferred(lambda: seen.click("Use Buildings"))
        assert seen.page.get_by_role("radio", name="Buildings").is_checked() and not seen.alert()
        assert seen.page.locator("#photo").get_attribute("data-weights") == "buildings"
        seen.page.get_by_role("radio", name="Faces").check(force=True)
        face = images.read(DRAWINGS / "face_ink.png", 1)
        seen.inferred(lambda: seen.give(images.write(tmp_path / "down.png", face[::-1, ::-1])))
        seen.until(lambda: "This face looks upside down." in seen.alert())
        before = seen.canvas().astype(float)
        seen.inferred(lambda: seen.click("Turn it"))
        assert np.abs(seen.canvas() - before[::-1, ::-1]).mean() < 1
        with seen.page.expect_response("**/api/notice*"):
            seen.inferred(lambda: seen.give(DRAWINGS / "face_ink.png"))
        seen.settle()
        assert not seen.alert()

    def test_a_photograph_of_paper_that_is_not_cleaned_is_noticed(self, visit, tmp_path: Path) -> None:
        seen = visit()
        seen.page.locator(".switch").click()
        photo = photographed(head(), TILTED, (680, 620))
        seen.inferred(lambda: seen.give(images.write(tmp_path / "table.png", photo)))
        seen.until(lambda: "This looks like a photograph of paper." in seen.alert())
        seen.inferred(lambda: seen.click("Clean it"))
        assert seen.page.get_by_role("switch").is_checked() and np.median(seen.canvas()) > 190

    def test_a_house_among_faces_in_a_batch(self, visit) -> None:
        seen = visit()
        seen.give(DRAWINGS / "house.png", DRAWINGS / "face_ink.png")
        seen.until(lambda: "2 of 2 done" in seen.says("batch-status"))
        assert seen.page.get_by_text("looks like a building").count() == 1
        before = seen.page.locator("#batch-cards img").nth(1).get_attribute("src")
        seen.click("Use Buildings house.png")
        seen.until(lambda: seen.page.get_by_text("looks like a building").count() == 0)
        seen.until(lambda: seen.page.locator("#batch-cards li").first.get_attribute("data-state") == "done")
        assert seen.page.locator("#batch-cards img").nth(1).get_attribute("src") != before

    def test_other_weights_are_offered_where_the_chosen_ones_fail(self, visit, file: Path) -> None:
        seen = visit()
        seen.page.route("**/api/invert?weights=faces*", lambda route: route.abort())
        seen.give(DRAWINGS / "house.png", file)
        seen.until(lambda: "0 of 2 done, 2 could not be made" in seen.says("batch-status"))
        assert seen.disabled("Download all")
        seen.click("Use Buildings house.png")
        seen.until(lambda: seen.page.locator("#batch-cards li").first.get_attribute("data-state") == "done")
        with zipfile.ZipFile(seen.downloads(lambda: seen.click("Download all"))[1]) as archive:
            assert archive.namelist() == ["house-photograph.png"]

    def test_several_at_once(self, visit, file: Path, tmp_path: Path) -> None:
        (tmp_path / "two").mkdir()
        again, bad = tmp_path / "two" / file.name, tmp_path / "notes.txt"
        shutil.copy(file, again)
        bad.write_text("hello")
        seen = visit()
        seen.give(file, again, bad)
        seen.until(lambda: "done" in seen.says("batch-status"))
        assert seen.says("batch-status") == "2 of 3 done, 1 could not be made"
        assert seen.page.locator("#batch-progress").evaluate("bar => bar.value / bar.max") == 1
        states = seen.page.locator("#batch-cards li").evaluate_all("cards => cards.map((card) => card.dataset.state)")
        assert states == ["done", "done", "failed"]
        assert "must be PNG, JPEG" in seen.page.locator("#batch-cards li").last.inner_text()
        with zipfile.ZipFile(seen.downloads(lambda: seen.click("Download all"))[1]) as archive:
            assert archive.testzip() is None
            assert archive.namelist() == ["my drawing-photograph.png", "my drawing-photograph-2.png"]
            assert {Image.open(archive.open(name)).size for name in archive.namelist()} == {(80, 60)}
        seen.inferred(lambda: seen.page.get_by_role("button", name="To the sheet").first.click())
        seen.click("Put these drawings away")
        assert seen.page.locator("#batch").is_hidden()


PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}

# A touch in the middle of an element.
TOUCH = """([selector, kind]) => {
    const touched = document.querySelector(selector);
    touched.setPointerCapture = () => {}; // there is no such finger
    const { left, top, width, height } = touched.getBoundingClientRect();
    const at = { clientX: left + width / 2, clientY: top + height / 2, button: 0 };
    touched.dispatchEvent(new PointerEvent(kind, { ...at, pointerType: "touch", pointerId: 7, bubbles: true }));
}"""


def held_back(seen: Visit) -> list[Any]:
    """The requests for files that are made from now on; they go on when the test says so."""
    late: list[Any] = []
    seen.page.route("**/api/invert*format=png*", lambda route: late.append(route))
    return late


@pytest.mark.browser
class TestPhotograph:
    def test_switching_weights(self, visit) -> None:
        seen = visit()
        faces = seen.inferred(lambda: seen.stroke(*LINE))
        assert seen.page.locator("#photo").get_attribute("data-weights") == "faces"
        buildings = seen.inferred(lambda: seen.page.get_by_role("radio", name="Buildings").check(force=True))
        assert seen.page.locator("#photo").get_attribute("data-weights") == "buildings"
        assert (faces != buildings).any()
        assert "no such building" in seen.page.locator(".warning").inner_text().lower()
        seen.click("What to know")
        assert "Weights\nBuildings" in seen.says("card") and "skin" not in seen.page.locator("#card").inner_text()
        assert seen.says("weights-about") == "Houses and façades; sky, wall, ground and light can be told."
        assert "one: for research; two: for all\n" in seen.says("card")  # each term once

    def test_a_sample_and_an_empty_sheet_fit_the_weights(self, visit) -> None:
        seen = visit()
        seen.page.get_by_role("radio", name="Buildings").check(force=True)
        seen.until(lambda: seen.canvas().shape == (720, 960))
        assert seen.number() == 0  # nothing is made of white paper
        seen.inferred(lambda: seen.click("Portrait in lines"))
        assert seen.page.get_by_role("radio", name="Faces").is_checked()
        assert seen.page.locator("#photo").get_attribute("data-weights") == "faces"

    def test_a_sample_keeps_the_weights_that_were_chosen_for_such_things(self, browser, weight_files, serving) -> None:
        files = {**weight_files, "drawings-of-mine": weight_files["faces"]}
        with serving(app.application(InferenceWorker(files))) as port:
            seen = Visit(browser, f"http://127.0.0.1:{port}/")
            seen.page.get_by_role("radio", name="Drawings of mine").check(force=True)
            for sample, weights in (
                ("Portrait in pencil", "drawings-of-mine"),
                ("House", "buildings"),
                ("Portrait in lines", "drawings-of-mine"),  # not the first that show faces
            ):
                seen.inferred(lambda sample=sample: seen.click(sample))
                assert seen.page.locator("#photo").get_attribute("data-weights") == weights
            seen.context.close()

    def test_weights_that_a_sample_brought_go_with_it(self, visit, file: Path) -> None:
        seen = visit()
        seen.inferred(lambda: seen.click("House"))
        seen.inferred(lambda: seen.give(file))
        assert seen.page.locator("#photo").get_attribute("data-weights") == "faces"
        seen.inferred(lambda: seen.click("House"))
        seen.page.get_by_role("radio", name="Faces").check(force=True)
        seen.inferred(lambda: seen.page.get_by_role("radio", name="Buildings").check(force=True))
        seen.inferred(lambda: seen.give(file))  # those were chosen
        assert seen.page.locator("#photo").get_attribute("data-weights") == "buildings"

    def test_where_answers_are_slow_none_is_asked_for_before_the_pen_is_lifted(self, visit) -> None:
        seen = visit()
        asked: list[str] = []

        def late(route) -> None:
            asked.append(route.request.url)
            seen.page.wait_for_timeout(400)
            route.continue_()

        seen.page.route("**/api/invert*", late)
        seen.inferred(lambda: seen.stroke(*LINE))
        asked.clear()
        seen.page.mouse.down()
        for step in range(10):
            seen.page.mouse.move(200 + 10 * step, 300)
            seen.page.wait_for_timeout(30)
        assert not asked
        seen.inferred(seen.page.mouse.up)
        assert len(asked) == 2  # and its detail

    def test_download(self, visit, file: Path) -> None:
        seen = visit()
        seen.inferred(lambda: seen.give(file))
        for kind, format in (("png", "PNG"), ("jpg", "JPEG"), ("webp", "WEBP"), ("tiff", "TIFF"), ("pdf", None)):
            seen.page.get_by_label("File format").select_option(kind)
            name, data = seen.downloads(lambda: seen.click("Download"))
            assert name == f"my drawing-photograph.{kind}"
            if format is None:
                assert data.read().startswith(b"%PDF")
            else:
                assert (Image.open(data).format, Image.open(data).size) == (format, (960, 720))

    def test_a_file_that_comes_after_the_sheet_was_cleared(self, visit, file: Path) -> None:
        seen = visit()
        seen.inferred(lambda: seen.give(file))
        late = held_back(seen)
        seen.click("Download")
        seen.until(lambda: late)
        assert seen.says("status") == "Preparing the file…"
        seen.click("Clear: a new sheet")
        assert seen.downloads(late[0].continue_)[0] == "my drawing-photograph.png"
        assert seen.says("status") == "" and seen.disabled("Download")

    def test_the_slider_lays_the_drawing_over_it(self, visit) -> None:
        seen = visit()
        slider = seen.page.locator("#compare")
        assert slider.is_disabled()
        seen.inferred(lambda: seen.stroke(*LINE))
        slider.focus()
        for _ in range(30):
            seen.page.keyboard.press("ArrowRight")
        assert seen.page.locator("#over").evaluate("image => image.style.clipPath") == "inset(0px 70% 0px 0px)"
        assert slider.get_attribute("aria-valuetext") == "30 percent drawing"
        box = seen.page.locator("#photo-picture").bounding_box()
        seen.page.mouse.click(box["x"] + 0.6 * box["width"], box["y"] + 50)  # on the picture itself
        assert abs(float(slider.input_value()) - 60) <= 1

    def test_a_finger_that_scrolls_the_page_lays_no_drawing_over_it(self, visit) -> None:
        seen = visit()
        seen.inferred(lambda: seen.stroke(*LINE))
        seen.page.locator("#compare").fill("20")
        share = "document.getElementById('compare').value"
        for kind, expected in (("pointerdown", "50"), ("pointercancel", "20")):
            seen.page.evaluate(TOUCH, ["#photo-picture", kind])
            assert seen.page.evaluate(share) == expected

    def test_a_server_that_went_away_is_said_and_the_drawing_stays(self, browser, weight_files, serving, file) -> None:
        with serving(app.application(InferenceWorker(weight_files))) as port:
            seen = Visit(browser, f"http://127.0.0.1:{port}/")
            seen.inferred(lambda: seen.give(file))
            before = seen.canvas()
        for action in (lambda: seen.page.locator(".switch").click(), lambda: seen.stroke(*LINE)):
            action()
            seen.until(seen.alert)
            said = seen.page.locator("#alert p").inner_text()
            assert said == "The server cannot be reached. Is it still running in the terminal?"
            seen.click("Close this message")
        seen.click("Undo")
        np.testing.assert_array_equal(seen.canvas(), before)
        seen.context.close()


@pytest.fixture(scope="module")
def desk_url(telling_files, serving) -> Iterator[str]:
    with serving(app.application(InferenceWorker(telling_files))) as port:
        yield f"http://127.0.0.1:{port}/"


@pytest.fixture
def desk(browser, desk_url: str) -> Iterator[Visit]:
    """A visit to a page whose weights take tone, with a drawing on the sheet."""
    seen = Visit(browser, desk_url)
    seen.inferred(lambda: seen.stroke(*LINE))
    yield seen
    seen.context.close()
    assert not seen.errors and not seen.foreign


def assert_everything_has_a_name(seen: Visit) -> None:
    for role in ("button", "radio", "slider", "combobox", "spinbutton", "switch", "checkbox", "link"):
        for one in seen.page.get_by_role(role).all():
            named = one.evaluate(
                "one => one.getAttribute('aria-label') || one.textContent.trim() || one.title "
                "|| one.querySelector('img')?.alt || one.labels?.[0]?.textContent.trim()"
            )
            assert named, one.evaluate("one => one.outerHTML")


def redness(photo: np.ndarray, y: float, x: float) -> float:
    """Red against blue around a place, from -255 to 255."""
    height, width = photo.shape[:2]
    around = photo[int(y * height) - 10 : int(y * height) + 10, int(x * width) - 10 : int(x * width) + 10].astype(float)
    return float((around[..., 0] - around[..., 2]).mean())


@pytest.mark.browser
class TestDesk:
    """What a person tells of the photograph beside the drawing."""

    def told(self, seen: Visit) -> list[str]:
        return seen.page.locator("#told li > span").all_inner_texts()

    def strip(self, seen: Visit) -> list[str]:
        """The addresses of the four candidates, once they are all there."""
        seen.until(lambda: "stale" not in (seen.page.locator("#candidate-strip").get_attribute("class") or ""))
        return seen.page.locator("#candidate-strip img").evaluate_all("all => all.map((one) => one.src)")

    def test_see_four_choose_one_and_keep_it(self, desk: Visit) -> None:
        own = desk.photo()
        assert len(set(self.strip(desk))) == 4
        third = desk.page.get_by_role("button", name="Candidate 2 of seed 0", exact=True)
        chosen = desk.inferred(third.click)
        assert np.abs(chosen.astype(float) - own).mean() > 3 and third.get_attribute("aria-pressed") == "true"
        assert self.told(desk) == ["Candidate 2 of seed 0"]
        changed = desk.inferred(lambda: desk.stroke((0.1, 0.95), (0.3, 0.95)))
        np.testing.assert_allclose(changed[:100, 300:].mean(), chosen[:100, 300:].mean(), atol=3)  # its tone is kept
        before = self.strip(desk)
        first = desk.page.get_by_role("button", name="Candidate 0 of seed 0", exact=True)
        desk.inferred(first.click)
        desk.inferred(third.click)
        desk.page.wait_for_timeout(800)
        assert self.strip(desk) == before  # the four are the same, whichever is taken
        desk.click("Four more")
        after = self.strip(desk)
        assert not set(before) & set(after)
        assert desk.page.get_by_role("button", name="Candidate 7 of seed 0").is_visible()
        desk.page.get_by_role("spinbutton", name="Seed").fill("12")
        desk.page.keyboard.press("Enter")
        assert desk.page.get_by_role("button", name="Candidate 0 of seed 12", exact=True).is_visible()
        for no_seed in ("-3", "1.5", ""):
            desk.page.get_by_role("spinbutton", name="Seed").fill(no_seed)
            desk.page.keyboard.press("Enter")
            assert desk.page.locator("#seed").evaluate("field => field.validationMessage") != ""
            assert desk.page.get_by_role("button", name="Candidate 0 of seed 12", exact=True).is_visible()
        assert self.told(desk) == ["Candidate 2 of seed 0"]
        np.testing.assert_allclose(
            desk.inferred(lambda: desk.click("Take back: Candidate 2 of seed 0"))[:100, 300:], own[:100, 300:], atol=3
        )

    def test_what_was_told_of_one_drawing_is_not_told_of_the_next(self, desk: Visit, file: Path) -> None:
        desk.page.locator("[data-slider=fidelity]").fill("40")
        desk.page.get_by_role("combobox", name="Skin: colour in a word").select_option("dark")
        again = desk.page.get_by_role("button", name="Tell what the drawing before was told")
        for action in (lambda: desk.click("Portrait in lines"), lambda: desk.give(file)):
            assert self.told(desk) == ["Skin: dark", "Fidelity 0.4"] and again.is_hidden()
            plain = desk.inferred(action)
            assert self.told(desk) == ["Fidelity 0.4"]
            assert desk.inferred(again.click).mean() < plain.mean()
        desk.click("Clear: a new sheet")
        assert self.told(desk) == ["Fidelity 0.4"]

    def test_a_reference_that_is_read_late_is_not_told_of_what_came_since(self, desk: Visit, file: Path) -> None:
        desk.page.evaluate("""() => {
            const read = createImageBitmap;
            window.createImageBitmap = async (one) => {
                await new Promise((done) => setTimeout(done, one.name === "late.png" ? 900 : 0));
                return read(one);
            };
        }""")
        late = file.with_name("late.png")
        late.write_bytes(file.read_bytes())
        reference = desk.page.locator("#reference")
        reference.set_input_files(late)
        reference.set_input_files(file)
        desk.page.wait_for_timeout(1200)
        assert self.told(desk) == [f"Colours of {file.name}"]
        reference.set_input_files(late)
        desk.click("Clear: a new sheet")
        desk.page.wait_for_timeout(1200)
        assert self.told(desk) == []

    def test_colours_on_an_empty_sheet_stay_for_other_weights(self, desk: Visit) -> None:
        desk.click("Clear: a new sheet")
        desk.page.keyboard.press("c")
        desk.stroke((0.3, 0.12), (0.7, 0.12))
        (painted,) = self.told(desk)
        for name in ("Buildings", "Faces"):
            desk.page.locator("#weights label", has_text=name).first.click()
        assert self.told(desk) == [painted]

    def test_undo_brings_back_what_was_told_with_the_drawing(self, desk: Visit) -> None:
        drawn = desk.canvas()
        skin = desk.page.get_by_role("combobox", name="Skin: colour in a word")
        again = desk.page.get_by_role("button", name="Tell what the drawing before was told")
        skin.select_option("dark")
        desk.page.locator("[data-slider=fidelity]").fill("40")
        desk.click("Clear: a new sheet")
        skin.select_option("light")
        desk.click("Undo")
        assert self.told(desk) == ["Skin: dark", "Fidelity 0.4"] and again.is_hidden()
        np.testing.assert_array_equal(desk.canvas(), drawn)
        desk.click("Redo")
        assert self.told(desk) == ["Skin: light", "Fidelity 0.4"] and again.is_visible()
        desk.click("Turn by a quarter")  # the same drawing, as it were
        skin.select_option("olive")
        desk.click("Undo")
        assert self.told(desk) == ["Skin: olive", "Fidelity 0.4"]

    def test_paint_a_colour_rub_it_out_and_take_it_back(self, desk: Visit) -> None:
        own = desk.photo()
        drawn = desk.canvas()
        desk.page.keyboard.press("c")
        painted = desk.inferred(lambda: desk.stroke((0.3, 0.12), (0.7, 0.12)))
        assert redness(painted, 0.12, 0.5) > 100 and abs(redness(painted, 0.9, 0.5)) < 20
        np.testing.assert_array_equal(desk.canvas(), drawn)  # it is no part of the drawing
        assert self.told(desk) == ["Painted #b3261e"]
        desk.click("Rub out")
        assert redness(desk.inferred(lambda: desk.stroke((0.2, 0.12), (0.8, 0.12))), 0.12, 0.5) < 50
        desk.inferred(lambda: desk.click("Undo"))
        taken_back = desk.inferred(lambda: desk.click("Take back: Painted #b3261e"))
        np.testing.assert_array_equal(taken_back, own)
        assert not self.told(desk) and desk.says("told-none").startswith("Nothing yet")
        desk.inferred(lambda: desk.click("Undo"))  # also that
        assert self.told(desk) == ["Painted #b3261e"]
        turned = desk.inferred(lambda: desk.click("Turn by a quarter"))
        assert turned.shape[1] > turned.shape[0] and redness(turned, 0.5, 0.88) > 100  # it turns with the drawing

    def test_on_a_phone_the_photograph_stays_in_sight_while_telling(self, desk: Visit) -> None:
        desk.page.set_viewport_size({"width": 390, "height": 844})
        desk.page.get_by_role("slider", name="Lighter or darker").scroll_into_view_if_needed()
        desk.page.locator("#told-title").evaluate("title => title.scrollIntoView()")
        thumbnail = desk.page.locator("#tone .thumbnail")
        desk.until(thumbnail.is_visible)
        assert thumbnail.bounding_box()["y"] >= 0
        thumbnail.click()
        desk.until(thumbnail.is_hidden)

    def test_by_keyboard_a_colour_is_painted_too(self, desk: Visit) -> None:
        desk.page.keyboard.press("c")
        desk.page.locator("#canvas").focus()
        desk.page.keyboard.press(" ")
        for _ in range(5):
            desk.page.keyboard.press("Shift+ArrowRight")
        assert redness(desk.inferred(lambda: desk.page.keyboard.press(" ")), 0.5, 0.6) > 100

    def test_what_is_told_comes_back_with_a_drawing_of_very_many_strokes(self, desk: Visit) -> None:
        desk.page.evaluate("""async () => {
            const { drawing } = await import("/page/state.js");
            const at = (x, y) => ({ x, y, pressure: 0.5 });
            const rows = Array.from({ length: 305 }, (_, row) => [at(100, 20 + 2 * row), at(140, 20 + 2 * row)]);
            drawing.start({ ratio: 0.8, strokes: rows.map((points) => ({ points, width: 4.5, eraser: false })) });
        }""")
        desk.settle()
        desk.page.get_by_role("combobox", name="Skin: colour in a word").select_option("dark")
        desk.click("Clear: a new sheet")
        desk.stroke(*LINE)
        assert not desk.page.locator("#told li").count()
        desk.click("Undo")
        desk.click("Undo")
        assert desk.page.locator("#told li").all_inner_texts()[0].startswith("Skin: dark")

    def test_tone_of_the_whole_of_parts_and_of_a_reference(self, desk: Visit, tmp_path: Path) -> None:
        own = desk.photo().mean()
        slider = desk.page.get_by_role("slider", name="Lighter or darker")
        assert desk.inferred(lambda: slider.fill("-30")).mean() < own - 20
        assert self.told(desk) == ["Darker by 30"]
        desk.inferred(lambda: slider.fill("0"))
        skin = desk.page.get_by_role("combobox", name="Skin: colour in a word")
        assert desk.inferred(lambda: skin.select_option("dark")).mean() < own - 10
        assert desk.inferred(lambda: desk.page.get_by_label("Skin: any colour").fill("#ff0000")).shape
        assert self.told(desk) == ["Skin: #ff0000"] and skin.input_value() == "own"
        assert redness(desk.photo(), 0.55, 0.3) > 60
        blue = images.write(tmp_path / "sea.png", np.full((60, 80, 3), (0.1, 0.2, 0.9), np.float32))
        desk.inferred(lambda: desk.click("Take back: Skin: #ff0000"))
        assert redness(desk.inferred(lambda: desk.page.locator("#reference").set_input_files(blue)), 0.5, 0.9) < -60
        assert self.told(desk) == ["Colours of sea.png"]
        red = images.write(tmp_path / "fire.png", np.full((60, 80, 3), (0.9, 0.2, 0.1), np.float32))
        carried = desk.carried(red)
        drop = lambda: desk.page.dispatch_event("#tone", "drop", {"dataTransfer": carried})  # noqa: E731
        assert redness(desk.inferred(drop), 0.5, 0.9) > 60
        assert self.told(desk) == ["Colours of fire.png"]

    def test_a_finger_that_scrolls_the_page_tells_nothing(self, desk: Visit) -> None:
        slider = desk.page.locator("[data-slider=warmer]")
        desk.inferred(lambda: slider.fill("10"))
        desk.page.evaluate(TOUCH, ["[data-slider=warmer]", "pointerdown"])
        slider.fill("40")
        assert self.told(desk) == ["Warmer by 40"]
        desk.page.evaluate(TOUCH, ["[data-slider=warmer]", "pointercancel"])
        assert self.told(desk) == ["Warmer by 10"] and slider.input_value() == "10"

    def test_fidelity_acts_and_files_come_in_three_sizes(self, desk: Visit) -> None:
        paper, lively = 127.0, desk.photo()
        faithful = desk.inferred(lambda: desk.page.locator("[data-slider=fidelity]").fill("100"))
        assert 0 < paper - faithful.min() < (paper - lively.min()) / 2  # its strokes darken less
        for size in ((768, 960), (1536, 1920), (3072, 3840)):
            desk.page.get_by_label("Size of the file").select_option(f"{size[0]} \u00d7 {size[1]}")
            desk.page.get_by_label("File format").select_option("jpg")
            assert Image.open(desk.downloads(lambda: desk.click("Download"))[1]).size == size

    def test_a_file_is_of_what_was_there_when_it_was_asked_for(self, desk: Visit) -> None:
        desk.page.keyboard.press("c")
        desk.inferred(lambda: desk.stroke((0.3, 0.12), (0.7, 0.12)))
        desk.page.get_by_label("File format").select_option("ora")
        late = held_back(desk)
        desk.click("Download")
        desk.until(lambda: late)
        desk.inferred(lambda: desk.click("Portrait in lines"))
        name, data = desk.downloads(late[0].continue_)
        assert name == "photograph.ora" and desk.says("status") == "Photograph ready"
        assert "data/colour-strokes.png" in zipfile.ZipFile(data).namelist()

    def test_what_is_soon_made_again_is_made_fast(self, browser, desk_url: str) -> None:
        asked: list[dict[str, list[str]]] = []

        def can(route) -> None:
            answer = route.fetch()
            listed = answer.json()
            for one in listed["weights"]:
                one["can"]["fast"] = True
            route.fulfill(response=answer, json=listed)

        def exact(route) -> None:  # whatever this machine can
            asked.append(parse_qs(urlsplit(route.request.url).query))
            route.continue_(url=route.request.url.replace("&fast=true", ""))

        seen = Visit(browser, desk_url)
        seen.page.route("**/api/weights", can)
        seen.page.route("**/api/invert?*", exact)
        seen.page.reload()
        seen.inferred(lambda: seen.stroke(*LINE))
        seen.until(lambda: any("candidate" in one for one in asked))
        seen.inferred(lambda: seen.page.locator("[data-slider=fidelity]").fill("100"))
        for one in asked:  # a step of fidelity would have to be made ready first
            assert ("fast" in one) == ("scale" in one and "fidelity" not in one)
        assert any("fast" in one for one in asked) and any("scale" not in one for one in asked)
        seen.context.close()

    def test_detail_comes_when_the_pen_rests(self, desk: Visit) -> None:
        scales = []
        asked = lambda request: scales.append(parse_qs(urlsplit(request.url).query).get("scale", ["all"])[0])  # noqa: E731
        desk.page.on(
            "request", lambda one: asked(one) if "api/invert" in one.url and "candidate" not in one.url else None
        )
        desk.inferred(lambda: desk.stroke(*LINE))
        assert scales[0] == "1" and scales[-1] == "all"

    def test_a_batch_is_made_with_what_was_told(self, desk: Visit, file: Path) -> None:
        desk.page.keyboard.press("c")
        desk.stroke((0.3, 0.12), (0.7, 0.12))  # that is told of the drawing on the sheet alone
        desk.page.locator("#candidate-strip button").nth(2).click()
        desk.page.locator("[data-slider=lighter]").fill("30")
        desk.page.locator("[data-slider=fidelity]").fill("40")
        desk.page.get_by_label("Size of the file").select_option("2")
        desk.settle()
        with desk.page.expect_request("**/api/invert?*format=png*") as sent:
            desk.give(file, file)
        query = parse_qs(urlsplit(sent.value.url).query)
        told = {"lighter": ["0.3"], "fidelity": ["0.4"], "candidate": ["2"], "seed": ["0"], "scale": ["2"]}
        assert query == {"weights": ["faces"], "format": ["png"], **told}
        desk.until(lambda: "2 of 2 done" in desk.says("batch-status"))
        with zipfile.ZipFile(desk.downloads(lambda: desk.click("Download all"))[1]) as archive:
            assert {Image.open(archive.open(name)).size for name in archive.namelist()} == {(160, 120)}

    def test_a_batch_is_a_multiple_of_the_sheet(self, desk: Visit, tmp_path: Path) -> None:
        sketch = np.ones((1200, 1600, 1), np.float32)  # four times this is more than a photograph may have
        sketch[100:1100, 200:220] = sketch[500:520, 100:1500] = 0.1
        large = images.write(tmp_path / "large.png", sketch)
        desk.page.get_by_label("Size of the file").select_option("4")
        desk.give(large, large)
        desk.until(lambda: "2 of 2 done" in desk.says("batch-status"))
        with zipfile.ZipFile(desk.downloads(lambda: desk.click("Download all"))[1]) as archive:
            assert {max(Image.open(archive.open(name)).size) for name in archive.namelist()} == {4 * 960}

    def test_a_reload_keeps_what_was_painted_and_told(self, desk: Visit) -> None:
        desk.page.keyboard.press("c")
        desk.inferred(lambda: desk.stroke((0.3, 0.12), (0.7, 0.12)))
        desk.inferred(lambda: desk.page.locator("[data-slider=lighter]").fill("10"))
        desk.click("Four more")
        painted = desk.inferred(desk.page.get_by_role("button", name="Candidate 5 of seed 0").click)
        desk.page.wait_for_timeout(500)  # the draft follows the last change after 300 ms
        desk.page.reload()
        desk.until(lambda: desk.number() > 0)
        desk.settle()
        assert self.told(desk) == ["Candidate 5 of seed 0", "Painted #b3261e", "Lighter by 10"]
        np.testing.assert_array_equal(desk.photo(), painted)
        taken = desk.page.get_by_role("button", name="Candidate 5 of seed 0", exact=True)
        assert taken.get_attribute("aria-pressed") == "true"  # the strip shows the four that it is one of
        desk.inferred(lambda: desk.click("Undo"))  # the stroke of colour is still one
        assert self.told(desk) == ["Candidate 5 of seed 0", "Lighter by 10"]

    def test_what_the_chosen_weights_cannot_do_is_hidden(self, desk: Visit) -> None:
        for id in ("tone", "candidates", "colour-tool", "fidelity"):
            assert desk.page.locator(f"#{id}").is_visible(), id
        desk.page.keyboard.press("c")
        desk.inferred(lambda: desk.page.get_by_role("radio", name="Buildings").check(force=True))
        for id in ("tone", "candidates", "colour-tool", "colour-row"):
            assert desk.page.locator(f"#{id}").is_hidden(), id
        assert desk.page.get_by_role("radio", name="Pencil").is_checked() and not desk.alert()

    def test_everything_has_a_name_and_fits(self, desk: Visit) -> None:
        desk.page.keyboard.press("c")
        assert_everything_has_a_name(desk)
        for width in (320, 390, 800, 1280):
            desk.page.set_viewport_size({"width": width, "height": 800})
            assert desk.page.evaluate("document.documentElement.scrollWidth") <= width
            assert desk.page.locator("#candidates-title").bounding_box()["height"] < 30  # one line


@pytest.mark.browser
class TestLooks:
    def test_nothing_is_wider_than_the_screen(self, visit, file: Path) -> None:
        seen = visit(has_touch=True)
        seen.give(file, file)
        seen.until(lambda: "2 of 2 done" in seen.says("batch-status"))
        seen.inferred(lambda: seen.click("Portrait in lines"))
        for width, height in ((320, 568), (390, 844), (768, 1024), (1280, 800), (2200, 1200)):
            seen.page.set_viewport_size({"width": width, "height": height})
            assert seen.page.evaluate("document.documentElement.scrollWidth") <= width
            cut = seen.page.evaluate(
                """(width) => [...document.querySelectorAll("main button, header button")]
                .filter((one) => one.checkVisibility() && !one.closest("#samples")) // these scroll by themselves
                .filter((one) => {
                    const { left, right } = one.getBoundingClientRect();
                    return left < 0 || right > width || one.scrollWidth > one.clientWidth + 1;
                }).map((one) => one.outerHTML)""",
                width,
            )
            assert not cut, width

    def test_on_a_phone_the_photograph_stays_in_sight(self, visit) -> None:
        seen = visit(**PHONE)
        seen.inferred(lambda: seen.click("Portrait in lines"))
        seen.page.locator("#canvas").evaluate("canvas => canvas.scrollIntoView({ block: 'end' })")
        thumbnail = seen.page.get_by_role("button", name="Show the photograph")
        seen.until(thumbnail.is_visible)
        for place in ("start", "center", "end"):  # it covers no button, wherever the page was scrolled to
            seen.page.locator("#canvas").evaluate("(canvas, block) => canvas.scrollIntoView({ block })", place)
            covered = seen.page.evaluate("""() => [...document.querySelectorAll(".pair button")].filter((one) => {
                if (!one.checkVisibility()) return false;
                const { left, top, width, height } = one.getBoundingClientRect();
                const found = document.elementFromPoint(left + width / 2, top + height / 2);
                return found && !one.contains(found) && !found.closest("#drawing-head");
            }).map((one) => one.id)""")
            assert not covered, place
        seen.click("Clear: a new sheet")
        assert seen.canvas().min() == 255
        seen.inferred(lambda: seen.click("Undo"))
        thumbnail.click()
        seen.until(thumbnail.is_hidden)

    def test_two_fingers_zoom_and_draw_nothing(self, visit) -> None:
        seen = visit(**PHONE)
        box = seen.page.locator("#canvas").bounding_box()
        x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
        device = seen.context.new_cdp_session(seen.page)

        def touch(kind: str, *places: float) -> None:  # the fingers lie side by side, so far from the middle
            points = [{"x": x + place, "y": y, "id": finger} for finger, place in enumerate(places)]
            device.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})
            seen.page.wait_for_timeout(20)

        touch("touchStart", 0)
        for step in range(6):  # one finger draws
            touch("touchMove", 10 * step)
        touch("touchEnd")
        drawn = seen.canvas()
        assert drawn.min() < 255 and seen.page.evaluate("visualViewport.scale") == 1
        touch("touchStart", -20)
        touch("touchStart", -20, 20)
        for step in range(12):
            touch("touchMove", -20 - 8 * step, 20 + 8 * step)
        touch("touchEnd")
        seen.until(lambda: seen.page.evaluate("visualViewport.scale") > 1.5)
        np.testing.assert_array_equal(seen.canvas(), drawn)
        seen.page.keyboard.press("Control+z")
        assert seen.canvas().min() == 255  # nothing else is to be undone

    @pytest.mark.parametrize("turned", [False, True])
    def test_fingers_find_what_they_touch(self, visit, file: Path, turned: bool) -> None:
        width, height = sorted(PHONE["viewport"].values(), reverse=turned)
        seen = visit(**{**PHONE, "viewport": {"width": width, "height": height}})
        seen.give(file, file)
        seen.until(lambda: "2 of 2 done" in seen.says("batch-status"))
        seen.inferred(lambda: seen.click("Portrait in lines"))
        seen.page.locator("#versions button").first.click()
        small = seen.page.evaluate(
            """() => [...document.querySelectorAll("button, select, input:not(.segments input, .switch input)")]
            .filter((one) => one.checkVisibility() && !one.matches(".unseen, .link"))
            .filter((one) => one.getBoundingClientRect().height < 40).map((one) => one.outerHTML)"""
        )
        assert not small

    def test_on_a_phone_the_sheet_stays_where_it_is(self, visit) -> None:
        seen = visit(**PHONE)
        seen.page.locator("#canvas").evaluate("canvas => canvas.scrollIntoView({ block: 'end' })")
        before = seen.page.locator("#canvas").bounding_box()
        seen.inferred(lambda: seen.stroke(*LINE))
        seen.until(seen.page.get_by_role("button", name="Show the photograph").is_visible)
        assert seen.page.locator("#canvas").bounding_box() == before

    def test_on_a_small_screen_both_are_seen_at_once(self, visit) -> None:
        seen = visit(viewport={"width": 800, "height": 600})
        seen.inferred(lambda: seen.click("Portrait in lines"))
        seen.page.evaluate("scrollTo(0, 0)")
        for id in ("canvas", "photo"):
            box = seen.page.locator(f"#{id}").bounding_box()
            assert box["y"] > 0 and box["y"] + box["height"] <= 600 and box["height"] > 250
        box = seen.page.locator("#theme-button").bounding_box()
        assert box["x"] + box["width"] > 750  # in the corner

    def test_below_a_batch_errors_are_seen_and_no_thumbnail(self, visit, file: Path) -> None:
        seen = visit()
        seen.inferred(lambda: seen.click("Portrait in lines"))
        seen.give(*[file] * 8)
        seen.until(lambda: "8 of 8 done" in seen.says("batch-status"))
        seen.page.route("**/api/*", lambda route: route.abort())
        for width, height in ((390, 700), (1280, 800)):
            seen.page.set_viewport_size({"width": width, "height": height})
            seen.page.locator("footer").scroll_into_view_if_needed()
            seen.until(lambda: seen.page.locator("#photo").bounding_box()["y"] < -200)
            for thumbnail in seen.page.locator(".thumbnail").all():
                box = thumbnail.bounding_box() or {"y": -1, "height": 0}
                assert box["y"] + box["height"] <= 0
            seen.page.get_by_role("button", name="To the sheet").last.dispatch_event("click")
            seen.until(seen.alert)
            box = seen.page.locator("#alert").bounding_box()
            assert 0 <= box["x"] and box["x"] + box["width"] <= width
            assert 0 <= box["y"] and box["y"] + box["height"] <= height
            seen.click("Close this message")

    def test_light_and_dark(self, visit) -> None:
        seen = visit(color_scheme="dark")
        ground = "getComputedStyle(document.body).backgroundColor"
        dark = seen.page.evaluate(ground)
        seen.click("Dark colours")
        light = seen.page.evaluate(ground)
        assert sum(map(int, re.findall(r"\d+", dark))) < 150 < 600 < sum(map(int, re.findall(r"\d+", light)))
        seen.page.reload()
        seen.until(lambda: seen.page.evaluate(ground) == light)  # remembered
        assert seen.canvas().min() == 255  # the sheet stays white

    def test_everything_has_a_name(self, visit) -> None:
        assert_everything_has_a_name(visit())

    def test_help_gives_the_focus_back(self, visit) -> None:
        seen = visit()
        seen.click("Help")
        assert seen.page.get_by_role("dialog", name="Help").is_visible()
        seen.page.keyboard.press("Escape")
        assert seen.page.locator("#help").is_hidden()
        assert seen.page.evaluate("document.activeElement.id") == "help-button"

    def test_the_api_describes_itself_without_a_network(self, visit, url: str) -> None:
        seen = visit()
        seen.page.goto(f"{url}docs")
        seen.page.get_by_text("/api/invert", exact=True).wait_for()
        seen.page.get_by_text("/api/sketch", exact=True).wait_for()
