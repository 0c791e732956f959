"""What the page keeps: the drawing over a reload, the versions that were looked at, the layers of a file."""

from __future__ import annotations

import io
import os
import re
import shutil
import subprocess
import time
import zipfile
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
from PIL import Image
from visits import LINE, Visit

from sketchback.web import app
from sketchback.web.worker import InferenceWorker

VERSIONS = "#versions button"


def reload(seen: Visit) -> None:
    seen.page.reload()  # at once: the last change is kept while the page goes
    seen.until(lambda: seen.page.evaluate("document.body.dataset.ready") == "true")


def count(seen: Visit) -> int:
    return seen.page.locator(VERSIONS).count()


def drafts(seen: Visit) -> list[str]:
    """The tabs whose drawings are kept."""
    all = "async () => (await (await import('/page/store.js')).all('drafts')).map(({ tab }) => tab)"
    return seen.page.evaluate(all)


def looked_at(seen: Visit, versions: int) -> None:
    """Waits until so many are kept; on a machine that is busy, what is between two strokes may be one as well."""
    seen.until(lambda: count(seen) >= versions)


@pytest.mark.browser
class TestDraft:
    def test_a_reload_brings_the_drawing_back(self, visit, file: Path) -> None:
        seen = visit()
        seen.page.get_by_role("radio", name="Buildings").check(force=True)
        seen.inferred(lambda: seen.give(file))
        picture = seen.canvas()
        seen.inferred(lambda: seen.stroke(*LINE))
        drawn = seen.canvas()
        reload(seen)
        seen.until(lambda: seen.number() > 0)
        np.testing.assert_array_equal(seen.canvas(), drawn)
        assert seen.page.get_by_role("radio", name="Buildings").is_checked()
        seen.click("Undo")  # each stroke is still one
        np.testing.assert_array_equal(seen.canvas(), picture)
        assert seen.downloads(lambda: seen.click("Download"))[0] == "my drawing-photograph.png"
        seen.inferred(lambda: seen.page.locator(".switch").click())  # the file can be read again
        seen.click("Clear: a new sheet")
        reload(seen)
        assert seen.canvas().min() == 255

    def test_every_tab_has_its_own(self, visit) -> None:
        seen = visit()
        seen.inferred(lambda: seen.stroke(*LINE))
        seen.page.wait_for_timeout(500)
        other = seen.context.new_page()
        other.goto(seen.page.url)
        other.locator("body[data-ready=true]").wait_for()
        assert other.locator("#photo").is_hidden()

    def test_a_duplicated_tab_goes_on_with_a_copy(self, visit) -> None:
        seen = visit()
        seen.inferred(lambda: seen.stroke(*LINE))
        drawn = seen.canvas()
        reload(seen)  # what is no duplicate stays the same tab
        assert len(drafts(seen)) == 1
        with seen.page.expect_popup() as opened:
            seen.page.evaluate("() => void open(location.href)")  # its session is a copy, as a duplicate's is
        copy = opened.value
        copy.locator("body[data-ready=true]").wait_for()
        shown = "document.getElementById('canvas').toDataURL()"
        assert copy.evaluate(shown) == seen.page.evaluate(shown)
        seen.until(lambda: len(drafts(seen)) == 2)
        copy.get_by_role("button", name="Clear: a new sheet").click()
        seen.until(lambda: len(drafts(seen)) == 1)
        reload(seen)
        np.testing.assert_array_equal(seen.canvas(), drawn)

    def test_who_comes_back_may_go_on_with_the_last_one(self, visit) -> None:
        seen = visit()
        seen.inferred(lambda: seen.stroke(*LINE))
        drawn, url = seen.canvas(), seen.page.url
        seen.page.wait_for_timeout(500)

        def opened():
            page = seen.context.new_page()
            seen.page.close()
            seen.page = page
            page.goto(url)
            page.locator("body[data-ready=true]").wait_for()

        opened()
        assert "last drawing" in seen.alert() and seen.canvas().min() == 255
        seen.stroke((0.2, 0.2), (0.3, 0.2))  # another one is begun, and the offer goes
        seen.until(lambda: seen.page.locator("#alert").is_hidden())
        seen.click("Clear: a new sheet")
        seen.page.wait_for_timeout(500)
        opened()
        seen.inferred(lambda: seen.click("Go on with it"))
        np.testing.assert_array_equal(seen.canvas(), drawn)
        seen.until(lambda: len(drafts(seen)) == 1)
        other = seen.context.new_page()  # beside it nothing is offered
        other.goto(url)
        other.locator("body[data-ready=true]").wait_for()
        assert other.locator("#alert").is_hidden()
        other.close()
        opened()
        seen.page.evaluate("import('/page/store.js').then(({ clear }) => clear('drafts'))")
        seen.click("Go on with it")
        seen.until(lambda: "deleted" in seen.alert())
        assert seen.canvas().min() == 255

    @pytest.mark.parametrize("locks", [True, False])
    def test_the_last_of_closed_tabs_are_kept_and_all_of_open_ones(self, visit, locks: bool) -> None:
        seen = visit()
        if not locks:  # as over plain HTTP from another machine
            seen.context.add_init_script("Object.defineProperty(Navigator.prototype, 'locks', { value: undefined })")
            reload(seen)
        seen.inferred(lambda: seen.stroke(*LINE))
        reload(seen)
        assert seen.canvas().min() < 80
        (own,) = drafts(seen)
        seen.page.evaluate("""async () => {
            const { put } = await import("/page/store.js");
            const now = Date.now() + 60_000; // after what the page may still keep
            for (let one = 0; one < 6; one += 1) await put("drafts", { tab: `closed ${one}`, when: now + one });
        }""")
        other = seen.context.new_page()
        other.goto(seen.page.url)
        other.locator("body[data-ready=true]").wait_for()
        assert set(drafts(seen)) - {own} == {f"closed {one}" for one in range(1, 6)}
        assert own in drafts(seen) or not locks  # it is the oldest

    def test_where_nothing_can_be_kept_the_browser_asks_first(self, visit) -> None:
        seen = visit()
        seen.context.add_init_script("delete window.indexedDB; Object.defineProperty(window, 'indexedDB', {})")
        reload(seen)
        seen.inferred(lambda: seen.stroke(*LINE))
        seen.until(lambda: "keeps no history" in seen.says("history-note"))
        asked = []
        seen.page.on("dialog", lambda dialog: (asked.append(dialog.type), dialog.accept()))
        seen.page.reload()
        assert asked == ["beforeunload"]


@pytest.mark.browser
class TestVersions:
    def test_kept_compared_gone_back_to_named_and_deleted(self, visit) -> None:
        seen = visit()
        seen.inferred(lambda: seen.stroke(*LINE))
        first = seen.canvas()
        looked_at(seen, 1)
        photo, place = seen.photo(), count(seen)  # after a second in which nothing followed
        assert "never leaves this machine" in seen.says("history-note")
        seen.inferred(lambda: seen.page.get_by_role("radio", name="Buildings").check(force=True))
        looked_at(seen, 2)  # the same drawing with other weights is another version
        seen.inferred(lambda: seen.stroke((0.7, 0.1), (0.7, 0.9)))
        second = seen.canvas()
        looked_at(seen, 3)
        seen.page.locator(VERSIONS).nth(count(seen) - place).click()  # the newest comes first
        assert seen.page.locator("#version img").evaluate_all("all => all.every((one) => one.naturalWidth > 100)")
        seen.page.get_by_label("Name", exact=True).fill("One line")
        seen.page.locator("#compare").fill("60")
        seen.click("Go back to this")
        seen.until(lambda: np.array_equal(seen.photo(), photo))
        assert seen.page.locator("#compare").input_value() == "0"  # all of the photograph is seen
        np.testing.assert_array_equal(seen.canvas(), first)
        assert seen.page.get_by_role("radio", name="Faces").is_checked()
        named = seen.page.get_by_role("button", name="Version One line")
        seen.until(lambda: named.get_attribute("aria-current") == "true")
        keys = "async () => (await (await import('/page/versions.js')).list()).map(({ key }) => key)"
        assert len(set(seen.page.evaluate(keys))) == count(seen)  # what is there already is not kept twice
        seen.click("Undo")
        np.testing.assert_array_equal(seen.canvas(), second)
        assert seen.page.get_by_role("radio", name="Buildings").is_checked()  # with which it was looked at
        reload(seen)
        looked_at(seen, 3)
        seen.page.get_by_role("button", name="Version One line").click()
        kept = count(seen)
        seen.page.once("dialog", lambda dialog: dialog.dismiss())
        seen.click("Delete")
        assert seen.page.locator("#version").is_visible() and count(seen) == kept  # it was no slip of the finger
        seen.page.on("dialog", lambda dialog: dialog.accept())
        seen.click("Delete")
        seen.until(lambda: count(seen) < kept)
        assert seen.page.locator("#version").is_hidden()
        seen.click("Delete all")
        seen.until(lambda: count(seen) == 0)
        seen.click("Clear: a new sheet")
        reload(seen)
        assert seen.page.locator("#history").is_hidden()

    def test_a_picture_that_was_gone_back_to_is_not_kept_twice(self, visit, file: Path) -> None:
        seen = visit()
        seen.inferred(lambda: seen.give(file))
        looked_at(seen, 1)
        kept = count(seen)
        for times in (1, 2):
            seen.page.locator(VERSIONS).last.click()
            seen.inferred(lambda: seen.click("Go back to this"))
            current = seen.page.locator(f"{VERSIONS}[aria-current=true]")
            seen.until(lambda current=current: current.count() == 1)
            assert count(seen) == kept, times

    def test_a_name_does_not_bring_back_what_another_tab_deleted(self, visit) -> None:
        seen = visit()
        seen.inferred(lambda: seen.stroke(*LINE))
        looked_at(seen, 1)
        seen.page.locator(VERSIONS).last.click()
        other = seen.context.new_page()
        other.goto(seen.page.url)
        other.on("dialog", lambda dialog: dialog.accept())
        other.get_by_role("button", name="Delete all").click()
        other.locator("#history").wait_for(state="hidden")
        seen.page.get_by_label("Name", exact=True).fill("Gone")
        seen.page.keyboard.press("Enter")
        seen.until(lambda: count(seen) == 0)
        other.reload()
        other.locator("body[data-ready=true]").wait_for()
        other.wait_for_timeout(300)
        assert other.locator("#history").is_hidden()

    def test_the_photograph_is_kept_with_all_its_detail(self, browser, telling_files, serving) -> None:
        bodies: list[bytes] = []

        def delay(route) -> None:
            answer = route.fetch()
            bodies.append(answer.body())
            if "scale=1" not in route.request.url:
                time.sleep(1.5)  # longer than what is looked at has to be seen
            route.fulfill(response=answer)

        with serving(app.application(InferenceWorker(telling_files))) as port:
            seen = Visit(browser, f"http://127.0.0.1:{port}/")
            seen.page.route(re.compile("/api/invert(?!.*candidate)"), delay)
            seen.inferred(lambda: seen.stroke(*LINE))
            looked_at(seen, 1)
            kept = seen.page.evaluate("""async () => {
                const [version] = await (await import("/page/versions.js")).list();
                return [...new Uint8Array(await version.photo.arrayBuffer())];
            }""")
            seen.context.close()
        assert bytes(kept) == bodies[-1] != bodies[0]

    def test_where_no_detail_comes_the_photograph_is_kept_without(self, browser, telling_files, serving) -> None:
        refuse = lambda route: route.continue_() if "scale=1" in route.request.url else route.abort()  # noqa: E731
        with serving(app.application(InferenceWorker(telling_files))) as port:
            seen = Visit(browser, f"http://127.0.0.1:{port}/")
            seen.page.route(re.compile("/api/invert(?!.*candidate)"), refuse)
            seen.stroke(*LINE)
            seen.until(lambda: seen.says("status") == "Photograph ready, without all its detail")
            looked_at(seen, 1)
            seen.context.close()

    def test_what_was_passed_over_is_not_kept(self, visit) -> None:
        seen = visit()
        seen.page.evaluate("""async () => {
            const { photographs, snapshot } = await import("/page/state.js");
            for (const text of ["passed over", "looked at"]) {
                const [drawing, photo] = [new Blob([text]), new Blob([text])];
                photographs.dispatchEvent(
                    new CustomEvent("shown", { detail: { drawing, photo, snapshot: snapshot() } }));
            }
        }""")
        looked_at(seen, 1)
        seen.page.wait_for_timeout(1200)
        assert count(seen) == 1

    def test_the_oldest_without_a_name_go_first(self, visit) -> None:
        seen = visit()
        gone = """async ([names, most, bytes]) => {
            const { superfluous } = await import("/page/versions.js");
            return superfluous(names.map((name, id) => ({ id, name, bytes: 10 })), most, bytes).map(({ id }) => id);
        }"""
        names = ["", "kept", "", "also", "", ""]
        for most, size, expected in ((9, 999, []), (4, 999, [0, 2]), (9, 35, [0, 2, 4]), (2, 999, [0, 1, 2, 4])):
            assert sorted(seen.page.evaluate(gone, [names, most, size])) == expected
        assert seen.page.evaluate(gone, [[""], 9, 1]) == []  # the newest stays


def layers(data: io.BytesIO) -> tuple[zipfile.ZipFile, list[str], dict[str, Image.Image]]:
    """Opens an .ora file and checks what OpenRaster 0.0.5 asks of every one."""
    archive = zipfile.ZipFile(data)
    first = archive.infolist()[0]
    assert archive.testzip() is None
    assert (first.filename, first.compress_type, first.header_offset, first.extra) == ("mimetype", 0, 0, b"")
    assert archive.read("mimetype") == b"image/openraster"
    image = ElementTree.fromstring(archive.read("stack.xml"))
    size = int(image.get("w", 0)), int(image.get("h", 0))
    assert image.tag == "image" and image.get("version") == "0.0.5"
    stack = image.findall("./stack/layer")
    pictures = {str(layer.get("name")): Image.open(archive.open(str(layer.get("src")))) for layer in stack}
    for layer in stack:
        assert (layer.get("x"), layer.get("y"), layer.get("composite-op")) == ("0", "0", "svg:src-over")
    for picture in (*pictures.values(), Image.open(archive.open("mergedimage.png"))):
        assert (picture.format, picture.size) == ("PNG", size)
    thumbnail = Image.open(archive.open("Thumbnails/thumbnail.png"))
    assert thumbnail.format == "PNG" and max(thumbnail.size) == min(256, max(size))
    assert abs(thumbnail.width / thumbnail.height - size[0] / size[1]) < 0.02
    return archive, list(pictures), pictures


def krita(folder: Path, *arguments: str) -> str:
    """Runs Krita in a folder, on a display of Xvfb's. Skips where Xvfb gives it none, as it now and then does.

    Returns:
        What it said.
    """
    own = {name: value for name, value in os.environ.items() if not name.startswith("QT_")}  # OpenCV sets some
    command = ["xvfb-run", "-a", "krita", *arguments]
    for _ in range(3):
        done = subprocess.run(command, cwd=folder, check=False, capture_output=True, timeout=300, env=own)
        said = (done.stdout + done.stderr).decode(errors="replace")
        if "could not connect to display" not in said and "Xvfb failed to start" not in said:
            return said
    pytest.skip("Xvfb gives Krita no display")


@pytest.mark.browser
class TestOpenRaster:
    def test_drawing_and_photograph_are_layers(self, visit) -> None:
        seen = visit()
        seen.inferred(lambda: seen.stroke(*LINE))
        seen.page.get_by_label("File format").select_option("ora")
        name, data = seen.downloads(lambda: seen.click("Download"))
        assert name == "photograph.ora"
        archive, names, pictures = layers(data)
        assert names == ["Photograph", "Drawing"]  # from top to bottom
        assert pictures["Photograph"].size == (768, 960)
        assert archive.read("mergedimage.png") == archive.read("data/photograph.png")
        np.testing.assert_array_equal(np.asarray(pictures["Drawing"].convert("L")), seen.canvas())

    @pytest.mark.skipif(not (shutil.which("krita") and shutil.which("xvfb-run")), reason="needs Krita and Xvfb")
    def test_krita_opens_it(self, visit, tmp_path: Path) -> None:
        seen = visit()
        seen.inferred(lambda: seen.stroke(*LINE))
        seen.page.get_by_label("File format").select_option("ora")
        _, data = seen.downloads(lambda: seen.click("Download"))
        (tmp_path / "photograph.ora").write_bytes(data.getvalue())
        for name in ("opened.png", "opened.kra"):
            said = krita(tmp_path, "photograph.ora", "--export", "--export-filename", name)
            # What it wrote counts: it may crash on its way out.
            assert (tmp_path / name).is_file(), said
        archive, names, _ = layers(data)
        merged, opened = (Image.open(file) for file in (archive.open("mergedimage.png"), tmp_path / "opened.png"))
        np.testing.assert_array_equal(opened.convert("RGB"), merged.convert("RGB"))
        document = zipfile.ZipFile(tmp_path / "opened.kra").read("maindoc.xml").decode()
        assert re.findall(r'<layer [^>]*\bname="([^"]*)"', document) == names

    def test_colour_strokes_are_a_layer_and_all_get_the_size_of_the_photograph(self, visit) -> None:
        seen = visit()
        made = seen.page.evaluate("""async () => {
            const { openRaster } = await import("/page/openraster.js");
            const picture = (width, height, colour) => {
                const canvas = Object.assign(document.createElement("canvas"), { width, height });
                const context = canvas.getContext("2d");
                context.fillStyle = colour;
                context.fillRect(0, 0, width / 2, height);
                return new Promise((done) => canvas.toBlob(done, "image/png"));
            };
            const file = await openRaster({
                drawing: await picture(40, 50, "black"), strokes: await picture(40, 50, "red"),
                photo: await picture(80, 100, "blue") });
            return [file.type, [...new Uint8Array(await file.arrayBuffer())]];
        }""")
        assert made[0] == "image/openraster"
        _, names, pictures = layers(io.BytesIO(bytes(made[1])))
        assert names == ["Photograph", "Colour strokes", "Drawing"]
        strokes = pictures["Colour strokes"].convert("RGBA")
        assert strokes.getpixel((10, 50)) == (255, 0, 0, 255) and strokes.getpixel((70, 50))[3] == 0
