"""What comes late: answers after the person went on, and what the browser gives and takes meanwhile."""

from __future__ import annotations

import zipfile
from pathlib import Path

import numpy as np
import pytest
from places import DRAWINGS
from visits import LINE, Visit

from sketchback import images

pytestmark = pytest.mark.browser

COUNT = """() => {
    window.addresses = new Set();
    const [create, revoke] = [URL.createObjectURL, URL.revokeObjectURL];
    URL.createObjectURL = (blob) => {
        const address = create.call(URL, blob);
        addresses.add(address);
        return address;
    };
    URL.revokeObjectURL = (address) => {
        addresses.delete(address);
        revoke.call(URL, address);
    };
}"""


class Held:
    """Requests that wait until they are let go."""

    def __init__(self, seen: Visit, pattern: str):
        self.seen, self.pattern, self.routes = seen, pattern, []
        seen.page.route(pattern, lambda route: self.routes.append(route))

    def wait(self) -> None:
        self.seen.until(lambda: self.routes)

    def release(self) -> None:
        for route in self.routes:
            route.continue_()
        self.seen.page.unroute(self.pattern)


def dark(seen: Visit) -> int:
    return int((seen.canvas() < 150).sum())


def focused(seen: Visit) -> str:
    return seen.page.evaluate("document.activeElement.id || document.activeElement.textContent.trim()")


@pytest.fixture
def small(tmp_path: Path) -> Path:
    """A drawing that cleaning cuts out."""
    sketch = np.ones((200, 200, 1), np.float32)
    sketch[90:120, 90:94] = sketch[90:94, 90:120] = 0.1
    return images.write(tmp_path / "small.png", sketch)


def test_what_is_drawn_before_the_weights_are_known_stays(visit) -> None:
    seen = visit()
    weights = Held(seen, "**/api/weights")
    seen.page.reload(wait_until="load")
    weights.wait()
    seen.stroke(*LINE)
    drawn = dark(seen)
    assert drawn > 500 and not seen.alert()
    seen.inferred(weights.release)
    assert dark(seen) == drawn and not seen.disabled("Undo") and not seen.alert()


def test_cleaning_that_is_switched_while_a_picture_is_read(visit, small: Path) -> None:
    seen = visit()
    reading = Held(seen, "**/api/sketch*")
    seen.give(small)
    reading.wait()
    seen.page.locator(".switch").click()
    seen.inferred(reading.release)
    as_it_is = dark(seen)
    seen.inferred(lambda: seen.page.locator(".switch").click())
    assert dark(seen) > 3 * as_it_is  # cut out, it fills the sheet


@pytest.mark.parametrize("action", ["Clear: a new sheet", "Go back to this"])
def test_a_picture_that_comes_after_another_wish_is_dropped(visit, file: Path, action: str) -> None:
    seen = visit()
    seen.inferred(lambda: seen.stroke(*LINE))
    if action == "Go back to this":
        seen.page.locator("#versions button").first.click()
    reading = Held(seen, "**/api/sketch*")
    seen.give(file)
    reading.wait()
    with seen.page.expect_response("**/api/sketch*"):
        seen.page.get_by_role("button", name=action).click()
        after = seen.canvas()
        reading.release()
    seen.settle()
    np.testing.assert_array_equal(seen.canvas(), after)


def test_a_picture_is_never_lost_without_being_asked(visit, file: Path) -> None:
    seen = visit()
    keeps = """async () => {
        const asks = !dispatchEvent(new Event("beforeunload", { cancelable: true }));
        const drafts = await (await import("/page/store.js")).all("drafts");
        return [asks, drafts.some(({ content }) => content.picture)];
    }"""
    seen.page.evaluate(
        """() => {
            const write = HTMLCanvasElement.prototype.toBlob;
            HTMLCanvasElement.prototype.toBlob = function (...all) { setTimeout(() => write.apply(this, all), 1000); };
        }"""
    )
    seen.give(file)
    seen.until(lambda: dark(seen) > 500)
    states = [seen.page.evaluate(keeps)]
    assert states == [[True, False]]  # its PNG is being written
    seen.until(lambda: states.append(seen.page.evaluate(keeps)) or states[-1] == [False, True])
    assert all(asks or has for asks, has in states)


def test_a_browser_whose_storage_was_emptied_keeps_what_follows(visit) -> None:
    seen = visit()
    seen.inferred(lambda: seen.stroke(*LINE))
    seen.until(lambda: seen.page.locator("#versions li").count() == 1)
    session = seen.context.new_cdp_session(seen.page)
    session.send("Storage.clearDataForOrigin", {"origin": seen.page.url.rstrip("/"), "storageTypes": "indexeddb"})
    seen.inferred(lambda: seen.stroke((0.1, 0.9), (0.9, 0.9)))
    seen.until(lambda: seen.page.locator("#versions li").count() == 1)
    assert "never leaves this machine" in seen.says("history-note")


def test_a_camera_that_is_asked_for_twice_opens_once(visit) -> None:
    seen = visit(permissions=["camera"])
    seen.page.evaluate("""() => {
        window.tracks = [];
        const devices = navigator.mediaDevices;
        const own = devices.getUserMedia.bind(devices);
        devices.getUserMedia = async (wanted) => {
            await new Promise((done) => setTimeout(done, 300));
            const stream = await own(wanted);
            tracks.push(...stream.getTracks());
            return stream;
        };
    }""")
    seen.page.get_by_role("button", name="Camera").dblclick()
    seen.page.get_by_role("heading", name="Photograph a drawing").wait_for()
    seen.page.keyboard.press("Escape")
    seen.until(lambda: seen.page.evaluate("tracks.map((one) => one.readyState)") == ["ended"])


def test_a_batch_leaves_nothing_to_the_next(visit, file: Path, small: Path) -> None:
    seen = visit()
    seen.page.evaluate(COUNT)
    held: list[int] = []
    for _ in range(3):
        seen.give(file, small)
        seen.until(lambda: "2 of 2 done" in seen.says("batch-status"))
        held.append(seen.page.evaluate("addresses.size"))
    assert len(set(held)) == 1
    seen.give(DRAWINGS / "house.png", DRAWINGS / "face_ink.png")
    seen.until(lambda: "2 of 2 done" in seen.says("batch-status"))
    late = Held(seen, "**/api/invert?weights=buildings*")
    seen.click("Use Buildings house.png")
    late.wait()
    seen.give(file, small)
    seen.until(lambda: seen.page.get_by_text("house.png").count() == 0 and "2 of 2 done" in seen.says("batch-status"))
    seen.page.unroute(late.pattern)  # the page has given it up
    with zipfile.ZipFile(seen.downloads(lambda: seen.click("Download all"))[1]) as archive:
        assert archive.namelist() == ["my drawing-photograph.png", "small-photograph.png"]
    seen.click("Put these drawings away")
    assert seen.page.evaluate("addresses.size") == 1  # of the archive, which is being saved


def test_a_batch_that_is_stopped_says_so_and_keeps_the_focus(visit, file: Path, small: Path) -> None:
    seen = visit()
    making = Held(seen, "**/api/invert*")
    seen.give(file, small)
    making.wait()
    stop = seen.page.get_by_role("button", name="Stop")
    stop.focus()
    seen.page.keyboard.press("Enter")
    seen.until(lambda: seen.says("batch-status") == "Stopped: 0 of 2 done")
    states = seen.page.locator("#batch-cards li").evaluate_all("cards => cards.map((card) => card.dataset.state)")
    assert states == ["stopped", "stopped"] and focused(seen) == "batch-title"
    seen.page.unroute(making.pattern)


def test_a_file_that_fails_leaves_the_status_of_the_photograph(visit) -> None:
    seen = visit()
    seen.inferred(lambda: seen.stroke(*LINE))
    seen.page.route("**/api/invert*", lambda route: route.abort())
    seen.stroke((0.1, 0.9), (0.9, 0.9))
    seen.until(lambda: seen.says("status") == "No photograph")
    seen.click("Close this message")
    seen.click("Download")
    seen.until(lambda: "cannot be reached" in seen.alert())
    seen.until(lambda: not seen.disabled("Download"))
    assert seen.says("status") == "No photograph"


def test_a_file_is_asked_for_once_though_strokes_go_on(visit) -> None:
    seen = visit()
    seen.inferred(lambda: seen.stroke(*LINE))
    file = Held(seen, "**/api/invert?*format=png*")
    seen.click("Download")
    file.wait()
    seen.inferred(lambda: seen.stroke((0.1, 0.9), (0.9, 0.9)))
    assert seen.disabled("Download")
    name, _ = seen.downloads(file.release)
    assert name == "photograph.png"
    seen.until(lambda: not seen.disabled("Download"))


def test_a_photograph_is_asked_for_again(visit) -> None:
    seen = visit()
    seen.page.route("**/api/invert*", lambda route: route.abort())
    seen.stroke(*LINE)
    seen.until(lambda: "cannot be reached" in seen.alert())
    seen.settle()
    seen.page.unroute("**/api/invert*")
    seen.inferred(lambda: seen.click("Try again"))
    assert not seen.alert() and focused(seen) == "canvas"


def test_controls_say_what_the_tools_do_after_going_back(visit) -> None:
    seen = visit()
    address = seen.page.url
    seen.page.get_by_role("radio", name="Eraser").check(force=True)
    seen.page.locator("#width").fill("90")
    seen.page.locator("#compare").evaluate("slider => { slider.disabled = false; slider.value = 70; }")
    seen.page.goto(f"{address}docs")
    seen.page.go_back()
    seen.until(lambda: seen.page.evaluate("document.body.dataset.ready") == "true")
    tool = "import('/page/state.js').then(({ drawing }) => [drawing.tool, drawing.widths[drawing.tool]])"
    tool, width = seen.page.evaluate(tool)
    assert seen.page.locator("[name=tool]:checked").input_value() == tool
    assert (int(seen.page.locator("#width").input_value()) > 60) == (width > 15)
    assert seen.page.locator("#compare").input_value() == "0"


def test_an_answer_that_breaks_off_gets_a_sentence(visit) -> None:
    seen = visit()
    seen.page.evaluate("() => { Response.prototype.blob = async () => { throw new TypeError('network error'); }; }")
    seen.stroke(*LINE)
    seen.until(lambda: "The answer of the server broke off. Try again." in seen.alert())


def test_letters_act_at_the_drawing_alone(visit, file: Path) -> None:
    seen = visit()
    eraser = seen.page.get_by_role("radio", name="Eraser")
    seen.page.get_by_role("button", name="Help").focus()
    seen.page.keyboard.press("e")
    assert not eraser.is_checked()
    seen.page.locator("#canvas").focus()
    seen.page.keyboard.press("e")
    assert eraser.is_checked()
    seen.click("Help")
    before = seen.canvas()
    seen.page.evaluate(
        "(files) => dispatchEvent(new ClipboardEvent('paste', { clipboardData: files }))", seen.carried(file)
    )
    seen.page.keyboard.press("Escape")
    np.testing.assert_array_equal(seen.canvas(), before)
    assert not seen.page.locator("#status").inner_text()


def test_a_version_that_is_deleted_leaves_the_focus_among_the_others(visit) -> None:
    seen = visit()
    seen.inferred(lambda: seen.stroke(*LINE))
    seen.until(lambda: seen.page.locator("#versions li").count() == 1)
    seen.page.locator("#versions button").first.click()
    seen.page.once("dialog", lambda dialog: dialog.accept())
    seen.page.get_by_role("button", name="Delete", exact=True).click()
    seen.until(lambda: seen.page.locator("#versions li").count() == 0)
    seen.until(lambda: focused(seen) == "canvas")


def test_a_version_is_deleted_in_the_moment_in_which_it_is_named(visit) -> None:
    seen = visit()
    seen.inferred(lambda: seen.stroke(*LINE))
    seen.until(lambda: seen.page.locator("#versions li").count() == 1)
    seen.page.locator("#versions button").first.click()
    seen.page.get_by_label("Name", exact=True).fill("Gone")
    seen.page.once("dialog", lambda dialog: dialog.accept())
    seen.page.get_by_role("button", name="Delete", exact=True).click()
    seen.page.locator("#version").wait_for(state="hidden")
    seen.page.wait_for_timeout(200)
    assert seen.page.locator("#versions li").count() == 0


def test_all_versions_go_and_the_drawings_of_open_tabs_stay(visit) -> None:
    seen = visit()
    seen.inferred(lambda: seen.stroke(*LINE))
    seen.until(lambda: seen.page.locator("#versions li").count() == 1)
    other = seen.context.new_page()
    other.goto(seen.page.url)
    other.on("dialog", lambda dialog: dialog.accept())
    other.get_by_role("button", name="Delete all").click()
    other.locator("#history").wait_for(state="hidden")
    drafts = "async () => (await (await import('/page/store.js')).all('drafts')).length"
    assert seen.page.evaluate(drafts) == 1


def test_what_is_told_last_is_kept_without_a_photograph(visit) -> None:
    seen = visit()
    seen.inferred(lambda: seen.stroke(*LINE))
    held = Held(seen, "**/api/invert*")
    seen.page.get_by_role("radio", name="Buildings").check(force=True)
    held.wait()
    seen.page.wait_for_timeout(500)
    drafts = "async () => (await (await import('/page/store.js')).all('drafts'))[0].told.weights"
    assert seen.page.evaluate(drafts) == "buildings"


def test_text_that_is_selected_beyond_a_dialog_leaves_it_open(visit) -> None:
    seen = visit()
    seen.click("Help")
    box = seen.page.locator("#help").bounding_box()
    for begin in (40, 4):  # on the text, and beside it
        seen.page.mouse.move(box["x"] + begin, box["y"] + 60)
        seen.page.mouse.down()
        seen.page.mouse.move(box["x"] - 40, box["y"] + 60, steps=4)
        seen.page.mouse.up()
        assert seen.page.locator("#help").is_visible()
    seen.page.mouse.click(box["x"] - 40, box["y"] + 60)
    assert seen.page.locator("#help").is_hidden()


def test_no_photograph_is_said_to_be_ready_before_there_is_one(visit) -> None:
    seen = visit()
    seen.inferred(lambda: seen.stroke(*LINE))
    held = Held(seen, "**/api/invert*")
    seen.page.reload()
    held.wait()
    seen.page.wait_for_timeout(200)
    assert seen.page.locator("#photo").is_hidden() and seen.says("status") != "Photograph ready"


def test_by_keyboard_the_point_stays_on_a_sheet_that_was_turned(visit) -> None:
    seen = visit()
    seen.page.locator("#canvas").focus()
    for _ in range(30):
        seen.page.keyboard.press("Shift+ArrowDown")
    seen.click("Turn by a quarter")
    seen.page.locator("#canvas").focus()
    for key in ("Space", "ArrowUp", "ArrowUp", "Space"):
        seen.page.keyboard.press(key)
    assert dark(seen) > 0


def test_a_message_goes_with_the_picture_that_it_is_about(visit, tmp_path: Path) -> None:
    seen = visit()
    face = images.read(DRAWINGS / "face_pencil.png", 1)
    images.write(tmp_path / "turned.png", face[::-1, ::-1])
    seen.inferred(lambda: seen.give(tmp_path / "turned.png"))
    seen.until(lambda: "upside down" in seen.alert())
    seen.click("Clear: a new sheet")
    assert not seen.alert()


@pytest.mark.parametrize("end", ["Undo", "Clear: a new sheet", "other weights"])
def test_a_question_goes_with_what_it_is_about(end: str, visit, tmp_path: Path) -> None:
    seen = visit()
    seen.inferred(lambda: seen.stroke(*LINE))
    face = images.read(DRAWINGS / "face_pencil.png", 1)
    images.write(tmp_path / "turned.png", face[::-1, ::-1])
    seen.inferred(lambda: seen.give(tmp_path / "turned.png"))
    seen.until(lambda: "upside down" in seen.alert())
    if end == "other weights":
        seen.page.get_by_role("radio", name="Buildings").check(force=True)
    else:
        seen.click(end)
    seen.until(lambda: not seen.alert())


def test_a_complaint_that_is_over_takes_no_question_with_it(visit, tmp_path: Path) -> None:
    seen = visit()
    refusal = {"status": 400, "content_type": "application/json", "body": '{"error": "Nothing looks like hair."}'}
    seen.page.route("**/api/invert*", lambda route: route.fulfill(**refusal))
    seen.stroke(*LINE)
    seen.until(lambda: "hair" in seen.alert())
    seen.settle()
    seen.page.unroute("**/api/invert*")
    face = images.read(DRAWINGS / "face_pencil.png", 1)
    images.write(tmp_path / "turned.png", face[::-1, ::-1])
    seen.give(tmp_path / "turned.png")
    seen.until(lambda: "upside down" in seen.alert())
    seen.settle()
    assert "upside down" in seen.alert()


def test_an_empty_sheet_says_nothing_of_a_photograph(visit) -> None:
    seen = visit()
    held = Held(seen, "**/api/invert*")
    seen.stroke(*LINE)
    held.wait()
    seen.click("Clear: a new sheet")
    seen.page.wait_for_timeout(800)  # after half of that it would say that the photograph is being made
    assert seen.says("status") == ""


def test_what_belongs_to_a_drawing_comes_and_goes_with_it(visit, small: Path) -> None:
    seen = visit()

    def belongs() -> tuple[str, str]:
        name = seen.downloads(lambda: seen.click("Download"))[0]
        return seen.page.evaluate("document.querySelector('#weights :checked').value"), Path(name).stem

    seen.inferred(lambda: seen.stroke(*LINE))
    own = ("faces", "photograph")
    assert belongs() == own
    seen.inferred(lambda: seen.click("House"))
    assert belongs() == ("buildings", "house-photograph")
    seen.inferred(lambda: seen.click("Undo"))
    assert belongs() == own
    seen.inferred(lambda: seen.click("Redo"))
    assert belongs() == ("buildings", "house-photograph")
    seen.click("Clear: a new sheet")
    seen.inferred(lambda: seen.stroke(*LINE))
    assert belongs() == own
    seen.inferred(lambda: seen.give(small))
    assert belongs() == ("faces", "small-photograph") and seen.page.locator("#clean").is_checked()
    seen.inferred(lambda: seen.page.locator(".switch").click())
    assert not seen.page.locator("#clean").is_checked()
    seen.inferred(lambda: seen.click("Undo"))
    assert seen.page.locator("#clean").is_checked()  # so was this one read


def test_undo_by_the_place_of_its_key(visit) -> None:
    seen = visit()
    seen.stroke(*LINE)
    pressed = "{ key: 'я', code: 'KeyZ', ctrlKey: true, bubbles: true }"
    seen.page.evaluate(f"() => void document.body.dispatchEvent(new KeyboardEvent('keydown', {pressed}))")
    assert dark(seen) == 0


def test_a_pencil_that_was_lifted_unseen_draws_no_more(visit) -> None:
    seen = visit()
    box = seen.page.locator("#canvas").bounding_box()
    mouse = seen.context.new_cdp_session(seen.page)

    def move(kind: str, share: float, buttons: int) -> None:
        at = {"x": box["x"] + share * box["width"], "y": box["y"] + share * box["height"]}
        mouse.send(
            "Input.dispatchMouseEvent",
            {"type": kind, **at, "button": "left" if buttons else "none", "buttons": buttons},
        )

    move("mousePressed", 0.2, 1)
    for step in range(1, 11):
        move("mouseMoved", 0.2 + step / 100, 1)
    before = dark(seen)
    move("mouseMoved", 0.8, 0)
    assert dark(seen) < before + 100  # the end of its line; all the way it is 1,700 more


def test_a_stroke_ends_where_the_phone_is_turned(visit) -> None:
    seen = visit(viewport={"width": 390, "height": 844})
    seen.page.locator("#canvas").scroll_into_view_if_needed()
    box = seen.page.locator("#canvas").bounding_box()
    seen.page.mouse.move(box["x"] + 20, box["y"] + 20)
    seen.page.mouse.down()
    seen.page.mouse.move(box["x"] + 80, box["y"] + 20, steps=6)
    before = dark(seen)
    seen.page.set_viewport_size({"width": 844, "height": 390})
    seen.until(lambda: not seen.disabled("Undo"))
    seen.page.mouse.move(400, 300, steps=6)
    assert dark(seen) == pytest.approx(before, abs=100)
    seen.page.mouse.up()
    seen.click("Undo")
    assert dark(seen) == 0


def test_a_picture_that_is_dropped_on_a_dialog_is_not_laid_behind_it(visit, small: Path) -> None:
    seen = visit()
    seen.click("Help")
    dropped = "(files) => dispatchEvent(new DragEvent('drop', { dataTransfer: files, cancelable: true }))"
    assert seen.page.evaluate(dropped, seen.carried(small)) is False  # nor opened by the browser
    seen.page.wait_for_timeout(300)
    assert dark(seen) == 0
