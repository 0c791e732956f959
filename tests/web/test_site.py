"""The page without a server: what is written, and the same page in a real browser, also without a network."""

from __future__ import annotations

import base64
import functools
import http.server
import io
import json
import re
import shutil
import threading
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import cv2
import npm_program
import numpy as np
import pytest
import small_weights
from PIL import Image
from places import DRAWINGS
from tabletop import BEIGE, TILTED, head, light, photographed
from visits import CHROMIUM, FLAGS, LINE, Visit

from sketchback import images, models, weights
from sketchback import npm as npm_packages
from sketchback.export import main
from sketchback.images import tones
from sketchback.inference import regions, telling, tone_layers
from sketchback.inference.padding import pad_to_multiple
from sketchback.invert import invert
from sketchback.sketching import cleanup, oddities
from sketchback.web import app, site
from sketchback.web.worker import InferenceWorker

pytest.importorskip("onnxruntime", reason="needs the light extra")


@pytest.fixture
def npm(tmp_path: Path, monkeypatch) -> Path:
    """An `npm` that fetches a package with files of a few bytes, the only program on the path."""
    files = {name: b"\0asm" if name.endswith(".wasm") else b"export const env = {};" for name in site.RUNTIME.files}
    data = npm_program.archive(files)
    monkeypatch.setattr(site, "RUNTIME", npm_program.pinned(data, site.RUNTIME.files))
    return npm_program.install(tmp_path / "programs", data, monkeypatch)


# ---- what is written


@pytest.mark.slow
def test_a_page_is_written_whole_with_its_weights(npm, weight_files, tmp_path: Path) -> None:
    import onnxruntime

    out = tmp_path / "site"
    given = [str(weight_files[name]) for name in ("faces", "buildings")]
    for names in (given[:1], given):  # the second takes the place of the first
        assert main([*names, "--format", "web", "-o", str(out), "--quiet"]) == 0
    index = (out / "index.html").read_text(encoding="utf-8")
    assert "Content-Security-Policy" in index and not re.search(r'(?:href|src)="/', index)
    listed = json.loads((out / "page" / "weights.json").read_text(encoding="utf-8"))
    assert listed["default"] == "faces" and [one["name"] for one in listed["weights"]] == ["faces", "buildings"]
    assert [one["name"] for one in listed["helpers"]] == ["enlarger"]  # which ships; neither takes tone, or a sampler
    assert listed["weights"][0]["can"]["scales"] == [1, 2, 4] and not listed["weights"][0]["can"]["fast"]
    listed_files = [*listed["weights"], *listed["helpers"], *listed["runtimes"].values()]
    large = [out / "page" / one["file"] for one in listed_files]
    assert [path.stat().st_size for path in large] == [one["bytes"] for one in listed_files]
    worker = (out / "service-worker.js").read_text(encoding="utf-8")
    kept = json.loads(re.search(r"FILES = (\[.*?\]);", worker, re.S)[1])
    files = {path.relative_to(out).as_posix() for path in out.rglob("*") if path.is_file()}
    alone = {path.relative_to(out).as_posix() for path in large} | {"index.html", "service-worker.js"}
    assert {*kept, *alone} - {"./"} == files and len(files) == len(kept) - 1 + len(alone)
    for path in (one for one in (out / "page").rglob("*.js") if one.parent.name != "onnxruntime"):
        for named in re.findall(r'(?:from|import) "(\.[^"]+)"', path.read_text(encoding="utf-8")):
            assert (path.parent / named).is_file(), f"{path} imports {named}"
    assert "/api/" not in (out / "page" / "backend.js").read_text(encoding="utf-8")

    sketch = np.random.default_rng(0).random((1, 64, 64, 1), np.float32)
    sketch[:, 20:40, 30:34] = 0
    (photo,) = onnxruntime.InferenceSession(large[0], providers=["CPUExecutionProvider"]).run(None, {"sketch": sketch})
    np.testing.assert_allclose(photo[0], invert(sketch[0], weights=weight_files["faces"]), rtol=0, atol=1 / 255)


def test_a_folder_of_somebody_else_is_not_touched(npm, weight_files, tmp_path: Path, capsys) -> None:
    (tmp_path / "letter.txt").write_text("mine")
    assert main([str(weight_files["faces"]), "--format", "web", "-o", str(tmp_path)]) == 2
    assert "must be new, or hold an earlier one" in capsys.readouterr().err
    assert (tmp_path / "letter.txt").read_text() == "mine"


def test_two_files_of_one_name_are_refused(npm, weight_files, tmp_path: Path, capsys) -> None:
    other = tmp_path / weight_files["faces"].name
    shutil.copy(weight_files["faces"], other)
    with pytest.raises(ValueError, match="needs a name of its own. Received: "):
        site.write([weight_files["faces"], other], tmp_path / "site")


def test_damaged_weights_are_refused(npm, weight_files, tmp_path: Path, capsys) -> None:
    damaged = tmp_path / "mine.weights.h5"
    damaged.write_bytes(weight_files["faces"].read_bytes()[:3000])
    assert main([str(weight_files["faces"]), str(damaged), "--format", "web", "-o", str(tmp_path / "site")]) == 2
    assert "mine.weights.h5" in capsys.readouterr().err and not (tmp_path / "site").exists()


def test_without_npm_it_says_what_to_install(npm, weight_files, tmp_path: Path, capsys) -> None:
    npm.unlink()
    assert main([str(weight_files["faces"]), "--format", "web", "-o", str(tmp_path / "site")]) == 2
    said = capsys.readouterr().err
    assert "Install Node.js" in said and said.count("\n") == 1 and not (tmp_path / "site").exists()


# ---- in a browser


class Host:
    """A plain host of a folder, as `python -m http.server` is, that can be ended.

    It refuses some paths once, and answers for `held` when `released` is set.
    """

    def __init__(self, folder: Path, refused: Iterable[str] = (), held: str = "", **headers: str):
        self.asked: list[str] = []
        self.released = threading.Event()
        host, refused = self, set(refused)

        class Handler(http.server.SimpleHTTPRequestHandler):
            def log_message(self, *_: object) -> None:
                pass

            def do_GET(self) -> None:
                host.asked.append(self.path)
                if held and self.path.startswith(held):
                    host.released.wait(60)
                if self.path in refused:
                    refused.remove(self.path)
                    self.send_error(503)
                else:
                    super().do_GET()

            def end_headers(self) -> None:
                for name, value in headers.items():
                    self.send_header(name, value)
                super().end_headers()

        self.server = http.server.ThreadingHTTPServer(
            ("127.0.0.1", 0), functools.partial(Handler, directory=str(folder))
        )
        self.url = f"http://127.0.0.1:{self.server.server_port}/"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def end(self) -> None:
        self.server.shutdown()
        self.server.server_close()


@pytest.fixture(scope="module")
def told(tmp_path_factory) -> Path:
    """A folder with both ends of weights that take tone, a sampler and an enlarger."""
    folder, rng = tmp_path_factory.mktemp("told"), np.random.default_rng(0)
    for seed, name in enumerate(("told", "told-faithful")):
        made = small_weights.make(seed, width=2, blocks=1, tone=True)
        made.set_weights([(0.5 * array).astype(np.float16) for array in made.get_weights()])  # calmer, and as published
        weights.save(made, folder / f"{name}.weights.h5", recipe=json.dumps({"size": [64, 48]}))
    helpers = {"tones": models.build("tone_sampler", width=4, blocks=1)}
    helpers["enlarger"] = models.build("enlarger", width=2, blocks=0)
    for name, helper in helpers.items():
        scale = 0.2 if name == "tones" else 0.1  # candidates that one can tell apart
        helper.set_weights([rng.normal(0, scale, array.shape) for array in helper.get_weights()])
        weights.save(helper, folder / f"{name}.weights.h5")
    return folder


@pytest.fixture(scope="module")
def folder(weight_files, told, tmp_path_factory) -> Path:
    try:
        npm_packages.fetch(site.RUNTIME)
    except (ImportError, OSError) as error:
        pytest.skip(str(error))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(weights.ENVIRONMENT, str(told))
        names = [weight_files["faces"], weight_files["buildings"], "told"]
        return site.write(names, tmp_path_factory.mktemp("page") / "site")


@pytest.fixture
def hosted() -> Iterator[Callable[..., Host]]:
    started: list[Host] = []

    def start(*arguments: object, **headers: str) -> Host:
        started.append(Host(*arguments, **headers))
        return started[-1]

    yield start
    for one in started:
        one.end()


def kept(visit: Visit) -> None:
    visit.until(lambda: visit.says("status") == "" and visit.page.evaluate("document.body.dataset.kept") == "true")


def reopened(visit: Visit, address: str) -> None:
    visit.page.goto(address)
    visit.until(lambda: visit.page.evaluate("document.body.dataset.ready") == "true")


@pytest.fixture
def host(folder: Path) -> Iterator[Host]:
    started = Host(folder)
    yield started
    started.end()


@pytest.fixture
def seen(browser, host: Host) -> Iterator[Visit]:
    visit = Visit(browser, host.url)
    kept(visit)
    yield visit
    visit.context.close()
    assert not visit.errors and not visit.foreign


@pytest.mark.browser
class TestWithoutServer:
    def test_the_photograph_is_that_of_python(self, seen, weight_files, told, monkeypatch) -> None:
        monkeypatch.setenv(weights.ENVIRONMENT, str(told))  # with its enlarger
        seen.stroke(*LINE)
        seen.inferred(lambda: seen.stroke((0.7, 0.1), (0.7, 0.9)))
        for name in ("Faces", "Buildings"):
            seen.page.get_by_role("radio", name=name).check(force=True)
            seen.settle()
            drawn = Image.fromarray(seen.canvas())
            _, file = seen.downloads(lambda: seen.click("Download"))
            photo = np.asarray(Image.open(file).convert("RGB"), np.int16)
            expected = np.asarray(invert(drawn, weights=weight_files[name.lower()]), np.int16)
            assert photo.shape == (960, 768, 3) and np.abs(photo - expected).max() <= 1

    def test_it_goes_on_without_a_network(self, seen, host) -> None:
        host.end()
        seen.context.set_offline(True)
        seen.page.reload()
        seen.until(lambda: seen.page.evaluate("document.body.dataset.ready") == "true")
        assert seen.page.evaluate("crossOriginIsolated")  # it may have threads now
        first = seen.inferred(lambda: seen.page.get_by_role("button", name="Portrait in pencil").click())
        assert (seen.inferred(lambda: seen.stroke(*LINE)) != first).any()
        seen.page.get_by_role("radio", name="Buildings").check(force=True)  # which were never loaded
        seen.until(lambda: "could not be loaded. Is there a network?" in seen.alert())

    def test_it_leaves_its_address_to_a_server(self, seen, host, weight_files, serving) -> None:
        host.end()
        with serving(app.application(InferenceWorker(weight_files)), port=host.server.server_port):
            seen.page.goto(host.url)
            seen.until(lambda: seen.page.get_by_role("link", name="HTTP API").is_visible())
            reopened(seen, host.url)
            assert seen.page.get_by_role("link", name="HTTP API").is_visible()
            assert not any(name.startswith("page of") for name in seen.page.evaluate("caches.keys()"))

    @pytest.mark.parametrize(("opened", "vary"), [("index.html", "Accept, Origin"), ("", "*")])
    def test_it_is_kept_of_any_host(self, browser, hosted, folder, opened: str, vary: str) -> None:
        host = hosted(folder, Vary=vary)
        seen = Visit(browser, host.url + opened)
        kept(seen)
        host.end()
        reopened(seen, host.url + opened)
        assert seen.page.evaluate("crossOriginIsolated")
        seen.context.close()

    def test_a_new_version_is_there_after_a_reload(self, browser, hosted, folder, tmp_path: Path) -> None:
        copy = Path(shutil.copytree(folder, tmp_path / "site"))
        host = hosted(copy)
        seen = Visit(browser, host.url)
        kept(seen)
        (old,) = (copy / "page" / "weights").glob("buildings-*.onnx")
        old.rename(old.with_name("buildings-new.onnx"))  # whose name changes with its content
        for path in (copy / "page" / "weights.json", copy / "service-worker.js"):
            text = path.read_text(encoding="utf-8").replace(old.name, "buildings-new.onnx")
            path.write_text(re.sub('VERSION = "', 'VERSION = "new ', text), encoding="utf-8")
        seen.page.get_by_role("radio", name="Buildings").check(force=True)
        seen.stroke(*LINE)
        seen.until(lambda: "There is a new version of this page. Close all its tabs" in seen.alert())
        # The browser looks for it in its own time; a page that is opened meanwhile may have it at once.
        seen.page.evaluate("async () => { await (await navigator.serviceWorker.getRegistration()).update(); }")
        waiting = "async () => Boolean((await navigator.serviceWorker.getRegistration()).waiting)"
        seen.until(lambda: seen.page.evaluate(waiting))
        seen.page.reload()
        # Chromium lets an old service worker that it takes for busy go on for 5 minutes.
        seen.until(lambda: seen.number() > 0, 330)  # of the new one: the old one has no such weights
        assert (
            not seen.page.evaluate(waiting) and not seen.alert() and seen.canvas().min() < 80
        )  # the drawing is still there
        seen.context.close()

    def test_what_does_not_arrive_is_said_and_asked_for_again(self, browser, hosted, folder) -> None:
        host = hosted(folder, ["/page/tab/paper.js", "/page/zip.js"])
        context = browser.new_context(service_workers="block")
        page = context.new_page()
        page.goto(host.url)
        page.get_by_text("The page could not be loaded whole. Reload it.").wait_for()
        page.reload()
        page.get_by_text("The page could not be loaded whole. Is there a network? Then try again.").wait_for()
        page.get_by_role("button", name="Portrait in pencil").click()
        page.locator("#photo[data-number='1']").wait_for()
        context.close()

    def test_a_folder_that_is_opened_without_a_host_says_what_to_do(self, browser, folder) -> None:
        page = browser.new_page()
        page.goto((folder / "index.html").as_uri())
        page.get_by_text("A page needs a host: run python -m http.server in this folder").wait_for()
        page.close()

    def test_each_large_file_is_fetched_once(self, browser, hosted, folder) -> None:
        host = hosted(folder)
        seen = Visit(browser, host.url)
        seen.page.get_by_role("radio", name="Told").check(force=True)
        seen.page.get_by_role("button", name="Portrait in pencil").click()  # before anything has come
        seen.until(lambda: "stale" not in (seen.page.locator("#candidate-strip").get_attribute("class") or ""))
        seen.settle()
        large = [path for path in host.asked if path.endswith((".wasm", ".onnx"))]
        assert len(large) == len(set(large)) > 3
        seen.context.close()

    def test_weights_that_are_still_coming_hold_up_no_others(self, browser, hosted, folder) -> None:
        host = hosted(folder, held="/page/weights/faces-")
        seen = Visit(browser, host.url)
        seen.stroke(*LINE)
        seen.until(lambda: any(path.startswith("/page/weights/faces-") for path in host.asked))
        seen.page.get_by_role("radio", name="Buildings").check(force=True)
        seen.until(lambda: seen.number() == 1)
        assert seen.page.locator("#photo").get_attribute("data-weights") == "buildings"
        host.released.set()
        seen.page.get_by_role("radio", name="Faces").check(force=True)
        seen.until(lambda: seen.page.locator("#photo").get_attribute("data-weights") == "faces")
        seen.context.close()

    def test_two_pages_of_one_host_keep_their_own(self, browser, hosted, folder, tmp_path: Path) -> None:
        for name in "ab":
            shutil.copytree(folder, tmp_path / name)
        host = hosted(tmp_path)
        seen = Visit(browser, f"{host.url}a/")
        seen.inferred(lambda: seen.stroke(*LINE))
        seen.until(lambda: seen.page.locator("#versions li").count() == 1)
        reopened(seen, f"{host.url}b/")
        assert seen.canvas().min() == 255 and seen.page.locator("#versions li").count() == 0
        reopened(seen, f"{host.url}a/")
        assert seen.canvas().min() < 80
        seen.context.close()

    @pytest.mark.parametrize("is_right", [True, False], ids=["right", "wrong"])
    def test_on_a_gpu(self, browser, hosted, folder, weight_files, file, tmp_path: Path, is_right) -> None:
        copy = Path(shutil.copytree(folder, tmp_path / "site"))
        script = copy / "page" / "tab" / "runtime.js"  # the only GPU of a test is one that Chromium imitates
        only_real = "!(adapter.info.isFallbackAdapter ?? adapter.isFallbackAdapter)"
        assert only_real in script.read_text(encoding="utf-8")
        script.write_text(script.read_text(encoding="utf-8").replace(only_real, "true"), encoding="utf-8")
        listed = json.loads((copy / "page" / "weights.json").read_text(encoding="utf-8"))
        if not is_right:  # as a driver with errors would make them
            listed["weights"][0]["check"]["values"][7] += 0.1
            (copy / "page" / "weights.json").write_text(json.dumps(listed), encoding="utf-8")
        host = hosted(copy)
        flags = [flag for flag in FLAGS if flag != "--disable-gpu"]
        flags += ["--enable-unsafe-webgpu", "--use-webgpu-adapter=swiftshader"]
        with browser.browser_type.launch(executable_path=CHROMIUM, args=flags) as started:
            seen = Visit(started, host.url, service_workers="block")
            can = "async () => 'Suspending' in WebAssembly && Boolean(await navigator.gpu?.requestAdapter())"
            if not seen.page.evaluate(can):
                pytest.skip("this Chromium imitates no GPU")
            made = """async (bytes) => {
                const { invert } = await import("/page/backend.js");
                const asked = { weights: "faces", format: "png", scale: 1 };
                const file = await invert(new Blob([new Uint8Array(bytes)]), asked);
                return [...new Uint8Array(await file.arrayBuffer())];
            }"""
            photo = images.decode(bytes(seen.page.evaluate(made, list(file.read_bytes()))))
        expected = invert(images.read(file, 1), weight_files["faces"])
        np.testing.assert_allclose(photo, expected, atol=1.01 / 255)
        assert any("WebAssembly takes its place" in text for text in seen.said) != is_right
        files = {kind: f"/page/{listed['runtimes'][kind]['file']}" for kind in ("wasm", "webgpu")}
        assert files["webgpu"] in host.asked and files["wasm"] not in host.asked

    def test_what_the_tab_cannot_do_is_not_offered(self, seen) -> None:
        assert seen.page.get_by_text("HTTP API").is_hidden()
        assert seen.page.locator("#format option").all_inner_texts() == ["PNG", "JPEG", "WebP", "ORA, layers"]

    def test_a_photograph_of_paper_is_cleaned_as_python_does(self, seen, tmp_path: Path) -> None:
        table = photographed(head() * BEIGE, TILTED / 2, (340, 310))
        flat = light((200, 160)) * head(200, 160)
        house = images.reduce(images.read(DRAWINGS / "house.png", 1), 200)
        turn = cv2.getRotationMatrix2D((120, 150), 5, 1)
        frame = np.ones((300, 240), np.float32)
        for side in range(20, 120, 20):
            cv2.rectangle(frame, (side, side + 30), (240 - side, 270 - side), 0.1, 2)
        leaning = cv2.warpAffine(frame, turn, (240, 300), borderValue=1.0)[..., np.newaxis]
        small = np.ones((400, 300, 1), np.float32)
        small[60:180, 40:136] = images.resize(head(), (120, 96))
        small[300, 200] = 0.2  # a speck
        noise = 0.05 * np.random.default_rng(0).standard_normal(flat.shape).astype(np.float32)
        for picture in (table, flat, house, leaning, small, np.clip(flat + noise, 0, 1)):
            height, width, channels = picture.shape
            given = {"height": height, "width": width, "channels": channels, "values": picture.ravel().tolist()}
            made = seen.page.evaluate(
                """async ({ values, ...given }) => {
                    const { clean } = await import("/page/tab/cleanup.js");
                    const { height, width, data } = clean({ ...given, data: Float32Array.from(values) });
                    return [height, width, [...data]];
                }""",
                given,
            )
            expected = cleanup.clean(picture)
            assert made[:2] == list(expected.shape[:2])
            assert np.abs(np.reshape(made[2], expected.shape) - expected).mean() < 3 / 255
        seen.inferred(lambda: seen.give(images.write(tmp_path / "table.png", table)))
        shape = cleanup.clean(table).shape
        assert seen.canvas().shape[0] / seen.canvas().shape[1] == pytest.approx(shape[0] / shape[1], rel=0.02)
        assert np.percentile(seen.canvas(), 75) > 245  # neither table nor beige
        seen.page.locator("label[for=clean]").click()
        seen.until(lambda: "looks like a photograph of paper" in seen.alert())
        seen.page.locator("label[for=clean]").click()
        seen.until(lambda: seen.page.locator("#alert").is_hidden())

    def test_a_file_is_opened_and_a_dot_is_no_drawing(self, seen, tmp_path: Path) -> None:
        seen.stroke((0.5, 0.5), (0.501, 0.5))
        seen.until(lambda: seen.says("status") == "Nothing is drawn yet")
        seen.give(images.write(tmp_path / "empty.png", np.ones((60, 80, 1), np.float32)))
        seen.until(lambda: "Something must be drawn" in seen.alert())
        sketch = np.ones((60, 80, 1), np.float32)
        sketch[8:52, 10:14] = sketch[48:52, 10:70] = 0.1
        seen.inferred(lambda: seen.give(images.write(tmp_path / "drawn.png", sketch)))
        assert seen.canvas().shape == (720, 960) and seen.canvas().min() < 80

    def test_it_is_told_tones_samples_mixes_and_enlarges_as_python_does(self, seen, told, monkeypatch) -> None:
        monkeypatch.setenv(weights.ENVIRONMENT, str(told))

        def address(picture: np.ndarray) -> str:
            written = io.BytesIO()
            Image.fromarray(picture).save(written, "PNG")
            return "data:image/png;base64," + base64.b64encode(written.getvalue()).decode()

        rng = np.random.default_rng(0)
        drawn = np.full((90, 70), 255, np.uint8)
        drawn[10:80, 30:34] = drawn[40:44, 5:65] = 20
        colours = np.zeros((45, 35, 4), np.uint8)
        colours[5:30, 10:25] = (200, 60, 40, 255)
        reference = images.to_uint8(images.resize(rng.random((6, 5, 3), np.float32), (60, 80)))
        strokes = np.where(colours[..., 3:] > 0, colours[..., :3] / 255, np.nan).astype(np.float32)
        changes = {"lighter": 0.2, "warmer": -0.3, "colourful": 0.5}
        asked: list[tuple[dict[str, object], dict[str, object]]] = [
            ({"tone": {"strokes": address(colours)}}, {"tone": strokes}),
            ({"tone": {"reference": address(reference)}}, {"tone": Image.fromarray(reference)}),
            ({"tone": changes}, {"tone": changes}),
            ({"tone": {"wall": "#94553f", "lighter": 0.2}}, {"tone": {"wall": "#94553f", "lighter": 0.2}}),
            ({"tone": {"skin": "#5e3c29"}, "candidate": 1}, {"tone": {"skin": "#5e3c29"}, "candidates": 2}),
            ({}, {}),
            ({"candidate": 0}, {"candidates": 1}),
            ({"candidate": 2, "seed": 7}, {"candidates": 3, "seed": 7}),
            ({"candidate": 1, "tone": {"strokes": address(colours)}}, {"candidates": 2, "tone": strokes}),
            (
                {"candidate": 1, "tone": {"strokes": address(colours), "lighter": 0.2}},
                {"candidates": 2, "tone": {"strokes": strokes, "lighter": 0.2}},
            ),
            ({"scale": 2, "tone": {"strokes": address(colours)}}, {"scale": 2, "tone": strokes}),
            ({"fidelity": 0.35}, {"fidelity": 0.35}),
            ({"fidelity": 1, "candidate": 1}, {"fidelity": 1, "candidates": 2}),
        ]
        for options, settings in asked:
            made = seen.page.evaluate(
                """async ([drawing, { tone: { strokes, reference, ...said } = {}, ...options }]) => {
                    const { invert } = await import("/page/backend.js");
                    const blob = async (address) => {
                        const [kind, text] = address.split(";base64,");
                        return new Blob([Uint8Array.from(atob(text), (one) => one.charCodeAt(0))], { type: kind });
                    };
                    const tone = { ...said };
                    if (strokes) tone.strokes = await blob(strokes);
                    if (reference) tone.reference = await blob(reference);
                    const wanted = { weights: "told", format: "png", scale: 1, tone, ...options };
                    const photo = await invert(await blob(drawing), wanted, { later: options.scale > 1 });
                    return [...new Uint8Array(await photo.arrayBuffer())];
                }""",
                [address(drawn), options],
            )
            photo = np.asarray(Image.open(io.BytesIO(bytes(made))).convert("RGB"), np.int16)
            photos = invert(Image.fromarray(drawn), weights="told", **{"scale": 1, **settings})
            expected = np.asarray(photos[-1] if "candidates" in settings else photos, np.int16)
            assert photo.shape == expected.shape and photo.std() > 5
            assert np.abs(photo - expected).max() <= 1, options

    def test_another_subject_and_a_face_upside_down_are_noticed(self, seen) -> None:
        for path in sorted(DRAWINGS.glob("*.png"))[1::2]:
            drawing = images.reduce(images.read(path, 1), 200)
            beside = np.pad(drawing, ((100, 100), (0, 500), (0, 0)), constant_values=1)  # small on its sheet
            for sketch in (drawing, drawing[::-1, ::-1], beside, beside[::-1, ::-1]):
                height, width, _ = sketch.shape
                found = seen.page.evaluate(
                    """async ([height, width, values]) => {
                        const { notice } = await import("/page/tab/subject.js");
                        return notice({ height, width, channels: 1, data: Float32Array.from(values) });
                    }""",
                    [height, width, sketch.ravel().tolist()],
                )
                assert found == oddities.notice(sketch)
        seen.inferred(lambda: seen.give(DRAWINGS / "house.png"))
        seen.until(lambda: "looks like a building, and “Faces, softer” was chosen" in seen.alert())

    def test_it_finds_the_parts_that_python_finds(self, seen) -> None:
        photo = np.full((120, 112, 3), (0.2, 0.15, 0.12), np.float32)
        photo[:90, :20] = (0.7, 0.8, 0.9)
        photo[16:96, 24:96] = (0.15, 0.1, 0.08)
        photo[48:112, 32:80] = (0.75, 0.55, 0.45)
        sketch = np.ones((120, 112, 1), np.float32)
        sketch[16:96, 24:96] = 0.4
        sketch[48:112, 32:80] = 0.95
        sketch[108:111] = 0  # where the ground ends
        found = seen.page.evaluate(
            """async ([photo, sketch]) => {
                const { find } = await import("/page/tab/regions.js");
                const image = (channels, values) => (
                    { height: 120, width: 112, channels, data: Float32Array.from(values) });
                const found = find(image(3, photo), image(1, sketch));
                return Object.fromEntries(Object.entries(found).map(([name, mask]) => [name, [...mask.data]]));
            }""",
            [photo.ravel().tolist(), sketch.ravel().tolist()],
        )
        for name, mask in regions.find(photo, sketch).items():
            assert mask.any() and found[name] == mask.ravel().tolist(), name

    @pytest.mark.parametrize(
        "tone", [{"skin": "#5e3c29", "hair": "#8e8a87"}, {"lighter": 0.3, "skin": "#ffffff"}], ids=str
    )
    def test_what_is_told_is_kept_as_in_python(self, seen, tone) -> None:
        y, x = np.mgrid[0:120, 0:100].astype(np.float32) / 100
        photo = np.stack([0.7 - 0.2 * x, 0.6 - 0.2 * y, 0.5 + 0.1 * x], axis=-1)
        photo[16:60, 20:80] = (0.15, 0.1, 0.08)
        photo[40:112, 32:70] = (0.75, 0.55, 0.45)
        photo += 0.02 * np.random.default_rng(0).standard_normal(photo.shape, np.float32)
        sketch = np.ones((120, 100, 1), np.float32)
        sketch[16:60, 20:80] = 0.4
        strokes = np.full((60, 50, 3), np.nan, np.float32)
        strokes[20:31, 5:9] = (0.9, 0.1, 0.2)
        made = seen.page.evaluate(
            """async ([photo, sketch, strokes, tone]) => {
                const { keep, flatten } = await import("/page/tab/tone_layers.js");
                const { place } = await import("/page/tab/telling.js");
                const image = (height, width, channels, values) => (
                    { height, width, channels, data: Float32Array.from(values, (value) => value ?? NaN) });
                const own = image(120, 100, 3, photo);
                const layers = await place({ ...tone, strokes: image(60, 50, 3, strokes) }, {
                    size: [120, 100], sketch: image(120, 100, 1, sketch), answer: async () => own, changesAnswer: true,
                });
                return [[...flatten(layers, own).data], [...keep(own, layers).data]];
            }""",
            [
                photo.ravel().tolist(),
                sketch.ravel().tolist(),
                [None if np.isnan(value) else float(value) for value in strokes.ravel()],
                tone,
            ],
        )
        told = telling.place(telling.check(tone | {"strokes": strokes}), photo=photo, sketch=sketch)
        if "lighter" in tone:
            told = [tone_layers.whole(telling.change(tones.of_photo(photo), lighter=tone["lighter"])), *told]
        flat, expected = tone_layers.flatten(told, (120, 100)), tone_layers.keep(photo, told)
        assert np.abs(expected - photo).max() > 0.2
        np.testing.assert_allclose(np.array(made[0], np.float32).reshape(flat.shape), flat, atol=1 / 255)
        np.testing.assert_allclose(np.reshape(made[1], photo.shape), expected, atol=1 / 255)

    def test_its_arithmetic_is_that_of_python(self, seen) -> None:
        def run(call: str, image: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
            height, width, channels = image.shape
            given = {"height": height, "width": width, "channels": channels, "values": image.ravel().tolist()}
            made = seen.page.evaluate(
                f"""async ({{ values, ...given }}) => {{
                    const {{ resize, reduce, padToMultiple }} = await import("/page/tab/arrays.js");
                    const image = {{ ...given, data: Float32Array.from(values) }};
                    return [...({call}).data];
                }}""",
                given,
            )
            return np.asarray(made, np.float32).reshape(shape)

        rng = np.random.default_rng(0)
        for size, wanted, cubic in (
            ((96, 60, 1), (40, 31), True), ((40, 31, 3), (96, 60), True), ((40, 31, 3), (96, 60), False),
            ((37, 90, 1), (17, 100), True),
        ):  # fmt: skip
            image = rng.random(size, np.float32)
            expected = images.resize(image, wanted, cubic)
            made = run(f"resize(image, {wanted[0]}, {wanted[1]}, {str(cubic).lower()})", image, expected.shape)
            np.testing.assert_allclose(made, expected, rtol=0, atol=1e-6)
        image = rng.random((37, 90, 1), np.float32)
        expected = pad_to_multiple(image[np.newaxis], 16)[0]
        np.testing.assert_array_equal(run("padToMultiple(image, 16)", image, expected.shape), expected)
        expected = images.reduce(image, 50)
        np.testing.assert_allclose(run("reduce(image, 50)", image, expected.shape), expected, rtol=0, atol=1e-6)

    def test_it_finds_empty_sheets_as_python_does(self, seen) -> None:
        grain = 0.8 + 0.01 * np.random.default_rng(0).standard_normal((120, 100, 1))
        for length, faint in ((2, 0.0), (4, 0.0), (30, 0.0), (30, 0.7), (30, 0.75)):
            sheet = np.clip(grain, 0, 1).astype(np.float32)
            sheet[50, 30 : 30 + length] = faint
            found = seen.page.evaluate(
                """async (values) => {
                    const { isEmpty } = await import("/page/tab/oddities.js");
                    return isEmpty({ height: 120, width: 100, channels: 1, data: Float32Array.from(values) });
                }""",
                sheet.ravel().tolist(),
            )
            assert found == oddities.is_empty(sheet), (length, faint)

    def test_white_on_black_is_noticed_and_turned_as_python_does(self, seen, tmp_path: Path) -> None:
        table = photographed(head(), TILTED, (680, 620), table=(0.1, 0.1, 0.1))
        drawings = [images.reduce(images.read(path, 1), 200) for path in sorted(DRAWINGS.glob("*.png"))[::2]]
        sheets = [images.reduce(images.to_gray(table)[..., np.newaxis], 200), *drawings]
        sheets += [0.1 + 0.8 * (1 - drawing) for drawing in drawings]  # a board is not quite black
        for sheet in sheets:
            height, width, _ = sheet.shape
            note, made = seen.page.evaluate(
                """async ([height, width, values]) => {
                    const { turnNegative } = await import("/page/tab/oddities.js");
                    const sheet = { height, width, channels: 1, data: Float32Array.from(values) };
                    const { note, sketch } = turnNegative(sheet);
                    return [note ?? "", [...sketch.data]];
                }""",
                [height, width, sheet.ravel().tolist()],
            )
            negative = oddities.is_negative(sheet)
            assert note == (oddities.TURNED if negative else "")
            expected = oddities.invert_tones(sheet) if negative else sheet
            np.testing.assert_allclose(np.reshape(made, sheet.shape), expected, rtol=0, atol=1e-5)
        seen.inferred(lambda: seen.give(images.write(tmp_path / "board.png", sheets[-1])))
        assert "white on black" in seen.alert() and np.median(seen.canvas()) > 240
