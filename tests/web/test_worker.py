"""The darkroom: what it reads and refuses, what it writes, its one thread and its places."""

from __future__ import annotations

import io
import threading
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from sketchback import images, models, weights
from sketchback.inference import runtime
from sketchback.invert import invert
from sketchback.sketching import cleanup
from sketchback.web import worker
from sketchback.web.worker import BusyError, Darkroom, UnusableError


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    generator = models.build("scribbler", width=4, halvings=2, blocks=1)
    return weights.save(generator, tmp_path_factory.mktemp("weights") / "tiny.weights.h5", recipe="test")


@pytest.fixture
def room(tiny: Path):
    made = Darkroom({"tiny": tiny}, places=2)
    yield made
    made.close()


def in_bytes(picture: Image.Image, kind: str = "PNG", **options: object) -> bytes:
    written = io.BytesIO()
    picture.save(written, format=kind, **options)
    return written.getvalue()


@pytest.fixture(scope="module")
def drawing() -> bytes:
    values = np.full((40, 33), 255, np.uint8)
    values[10:30, 15:18] = 20
    return in_bytes(Image.fromarray(values))


class TestDecode:
    @pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "TIFF", "BMP", "GIF"])
    def test_every_kind_of_picture(self, kind: str) -> None:
        image = worker.decode(in_bytes(Image.new("L", (30, 20), 128), kind))
        assert image.shape == (20, 30, 1)
        np.testing.assert_allclose(image, 128 / 255, atol=0.02)

    def test_colour(self) -> None:
        image = worker.decode(in_bytes(Image.new("RGB", (30, 20), (255, 0, 0))), channels=3)
        assert image.shape == (20, 30, 3)
        np.testing.assert_array_equal(image[0, 0], [1, 0, 0])

    def test_a_large_one_is_reduced(self) -> None:
        assert worker.decode(in_bytes(Image.new("L", (4000, 1000), 255))).shape == (400, 1600, 1)
        assert worker.decode(in_bytes(Image.new("L", (4000, 20), 255))).shape == (16, 1600, 1)

    @pytest.mark.parametrize(
        "data",
        [
            b"",
            b"hello",
            b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 100 100\n",
            b"<svg xmlns='x'/>",
            b"RIFF1234WAVE",
        ],
    )
    def test_what_is_no_picture(self, data: bytes) -> None:
        with pytest.raises(ValueError, match="must be PNG, JPEG, WebP, TIFF, BMP or GIF. Received: your file"):
            worker.decode(data)

    def test_too_many_pixels_are_refused_before_they_are_decoded(self) -> None:
        bomb = in_bytes(Image.new("1", (10_000, 10_000)))
        with pytest.raises(ValueError, match="at most 40 megapixels. Received: your file with 10000 x 10000"):
            worker.decode(bomb)

    @pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
    def test_a_damaged_one(self, kind: str) -> None:
        noise = Image.fromarray(np.random.default_rng(0).integers(0, 256, (64, 64), np.uint8))
        whole = in_bytes(noise, kind)
        with pytest.raises(ValueError, match="Received: your file, which is damaged"):
            worker.decode(whole[: len(whole) // 2])

    def test_a_dot(self) -> None:
        with pytest.raises(ValueError, match="at least 16 x 16"):
            worker.decode(in_bytes(Image.new("L", (1, 1))))


class TestEncode:
    @pytest.mark.parametrize("kind", ["png", "jpg", "jpeg", "webp", "tiff"])
    @pytest.mark.parametrize("channels", [1, 3])
    def test_what_was_written_can_be_read(self, kind: str, channels: int) -> None:
        image = np.full((20, 30, channels), 0.5, np.float32)
        opened = Image.open(io.BytesIO(worker.encode(image, kind)))
        assert opened.format == worker.FORMATS[kind][0]
        assert opened.size == (30, 20)
        assert abs(np.asarray(opened).mean() - 128) < 2

    def test_pdf(self) -> None:
        assert worker.encode(np.ones((20, 30, 3), np.float32), "pdf").startswith(b"%PDF")

    def test_an_unknown_format(self) -> None:
        with pytest.raises(ValueError, match=r"must be one of png, .* Received: 'exe'"):
            worker.encode(np.ones((20, 30, 3), np.float32), "exe")


class TestCatalogue:
    def test_what_was_given_comes_first(self, tiny: Path) -> None:
        known = worker.catalogue(tiny)
        assert next(iter(known.items())) == ("tiny", tiny.resolve())
        assert set(known) >= set(weights.names())

    def test_a_file_of_that_name_in_this_folder_is_not_meant(self, tiny, tmp_path: Path, monkeypatch) -> None:
        monkeypatch.setenv(weights.ENVIRONMENT, str(tiny.parent))
        monkeypatch.chdir(tmp_path)
        (tmp_path / "tiny").write_text("not weights")
        assert worker.catalogue()["tiny"] == tiny
        monkeypatch.setenv(weights.ENVIRONMENT, str(tiny))  # one file, as `weights.folders` allows
        assert worker.catalogue()["tiny"] == tiny


class TestDarkroom:
    def test_the_same_photograph_as_the_command_makes(self, room, tiny, drawing, tmp_path: Path) -> None:
        path = tmp_path / "drawing.png"
        path.write_bytes(drawing)
        photo = room.submit(room.invert, drawing, "tiny").result()
        np.testing.assert_array_equal(photo, invert(path, tiny))
        both = room.submit(room.invert, drawing, "tiny", False, True).result()
        np.testing.assert_array_equal(both, images.side_by_side([images.read(path, 1), photo]))

    def test_it_runs_without_keras_where_it_can(self, tiny, drawing, monkeypatch) -> None:
        photos = []
        for name in ("onnx", "keras"):
            monkeypatch.setenv(runtime.ENVIRONMENT, name)
            room = Darkroom({"tiny": tiny})
            photos.append(room.submit(room.invert, drawing, "tiny").result())
            room.close()
        np.testing.assert_allclose(photos[0], photos[1], atol=1 / 255)

    def test_cleaning_is_that_of_the_house(self, room, drawing: bytes) -> None:
        expected = cleanup.clean(worker.decode(drawing, channels=3))
        np.testing.assert_array_equal(room.sketch(drawing), expected)
        np.testing.assert_array_equal(room.sketch(drawing, clean=False), worker.decode(drawing))

    def test_warming_loads_all_of_them(self, room) -> None:
        assert not room.ready
        room.warm()
        room.submit(lambda: None).result()  # behind it in the queue
        assert room.ready

    def test_weights_that_were_damaged_since(self, tiny: Path, tmp_path: Path, drawing: bytes, caplog) -> None:
        copy = tmp_path / "copy.weights.h5"
        copy.write_bytes(tiny.read_bytes())
        room = Darkroom({"copy": copy})
        copy.write_bytes(tiny.read_bytes()[:3000])
        room.warm()  # does not raise
        with pytest.raises(UnusableError, match="'copy' cannot be loaded; the terminal says why"):
            room.submit(room.invert, drawing, "copy").result()
        assert "whole HDF5 file" in caplog.text
        room.close()

    def test_damaged_weights_are_left_out_unless_they_are_the_default(self, tiny: Path, tmp_path: Path, caplog) -> None:
        broken = tmp_path / "broken.weights.h5"
        broken.write_text("not HDF5")
        assert list(Darkroom({"tiny": tiny, "broken": broken}).known) == ["tiny"]
        assert "left out" in caplog.text and str(broken) in caplog.text
        with pytest.raises(weights.WeightsError):
            Darkroom({"broken": broken, "tiny": tiny})

    def test_only_known_names(self, room, tiny: Path) -> None:
        assert room.check_weights(None) == room.check_weights("tiny") == "tiny"
        for name in (str(tiny), "../tiny", ""):
            with pytest.raises(ValueError, match="must be one of tiny"):
                room.check_weights(name)

    def test_places_are_counted(self, room) -> None:
        with room.place():
            with room.place():
                assert room.taken == 2
                with pytest.raises(BusyError, match="busy with 2 drawings"), room.place():
                    pass
            assert room.taken == 1
        assert room.taken == 0

    def test_one_at_a_time_and_what_was_cancelled_is_not_begun(self, room) -> None:
        hold, begun = threading.Event(), []
        first = room.submit(hold.wait)
        second = room.submit(begun.append, "second")
        third = room.submit(begun.append, "third")
        assert second.cancel()
        hold.set()
        third.result()
        assert first.result() and begun == ["third"]

    def test_it_says_what_its_weights_are(self, room) -> None:
        (row,) = room.describe()
        assert (row["name"], row["title"], row["architecture"]) == ("tiny", "Tiny", "scribbler")
        assert row["size"] is None  # the file does not say
