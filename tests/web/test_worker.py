"""The inference worker: what it reads and refuses, what it writes, its one thread and its places."""

from __future__ import annotations

import io
import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import small_weights
from PIL import Image

from sketchback import images, weights
from sketchback.inference import runtime
from sketchback.inference.options import Options
from sketchback.invert import invert
from sketchback.sketching import cleanup
from sketchback.web import catalogue
from sketchback.web.asking import Asked
from sketchback.web.worker import BusyError, InferenceWorker, UnusableError, decode


def in_bytes(picture: Image.Image, kind: str = "PNG") -> bytes:
    written = io.BytesIO()
    picture.save(written, format=kind)
    return written.getvalue()


NOISE = Image.fromarray(np.random.default_rng(0).integers(0, 256, (64, 64), np.uint8))


@pytest.fixture
def worker(weight_files) -> Iterator[InferenceWorker]:
    made = InferenceWorker(weight_files, places=2)
    yield made
    made.close()


class TestDecode:
    @pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "TIFF", "BMP", "GIF"])
    def test_every_kind_of_picture(self, kind: str) -> None:
        image = decode(in_bytes(Image.new("RGB", (30, 20), (255, 128, 128)), kind), channels=3)
        assert image.shape == (20, 30, 3)
        np.testing.assert_allclose(image[10, 10], [1, 0.5, 0.5], atol=0.02)

    def test_a_large_one_is_reduced(self) -> None:
        assert decode(in_bytes(Image.new("L", (4000, 1000), 255))).shape == (400, 1600, 1)
        assert decode(in_bytes(Image.new("L", (4000, 20), 255))).shape == (16, 1600, 1)

    @pytest.mark.parametrize(
        "data, words",
        [
            (b"", "must be PNG, JPEG, WebP, TIFF, BMP or GIF. Received: your file"),
            (b"hello", "must be PNG, JPEG, WebP, TIFF, BMP or GIF. Received: your file"),
            (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 100 100\n", "must be PNG, JPEG"),  # Pillow would run gs
            (in_bytes(NOISE)[:2000], "Received: your file, which is damaged"),
            (in_bytes(NOISE, "WEBP")[:1000], "Received: your file, which is damaged"),
            (in_bytes(Image.new("L", (1, 1))), "at least 16 x 16"),
            (
                in_bytes(Image.new("1", (7000, 7000))),
                "at most 40 megapixels. Received: your file with 7000 rows x 7000 columns",
            ),
        ],
        ids=["empty", "text", "PostScript", "half a PNG", "half a WebP", "a dot", "49 megapixels"],
    )
    def test_what_is_refused(self, data: bytes, words: str) -> None:
        with pytest.raises(ValueError, match=words):
            decode(data)


class TestCatalogue:
    def test_what_was_given_comes_first(self, weight_files) -> None:
        known = catalogue.find(weight_files["buildings"])
        assert next(iter(known.items())) == ("buildings", weight_files["buildings"].resolve())
        assert set(known) >= set(weights.names())

    def test_a_file_of_that_name_in_this_folder_is_not_meant(self, weight_files, tmp_path: Path, monkeypatch) -> None:
        monkeypatch.chdir(tmp_path)
        (tmp_path / "faces").write_text("not weights")
        for place in (weight_files["faces"].parent, weight_files["faces"]):  # a folder, or one file
            monkeypatch.setenv(weights.ENVIRONMENT, str(place))
            assert catalogue.find()["faces"] == weight_files["faces"]


class TestPhotographs:
    @pytest.mark.parametrize("backend", ["onnx", "keras"])
    def test_the_same_as_the_command_makes(self, worker, weight_files, drawing, tmp_path, monkeypatch, backend) -> None:
        monkeypatch.setenv(runtime.ENVIRONMENT, backend)
        path = tmp_path / "drawing.png"
        path.write_bytes(drawing)
        photo = worker.submit(worker.invert, drawing, "faces").result()
        np.testing.assert_array_equal(photo, invert(path, weight_files["faces"]))
        both = worker.submit(worker.invert, drawing, "faces", Asked(Options(compare=True))).result()
        np.testing.assert_array_equal(both, images.side_by_side([images.read(path, 1), photo]))

    def test_cleaning_is_that_of_the_package(self, worker, drawing: bytes) -> None:
        np.testing.assert_array_equal(worker.sketch(drawing), cleanup.clean(decode(drawing, channels=3)))
        np.testing.assert_array_equal(worker.sketch(drawing, clean=False), decode(drawing))


class TestWeights:
    def test_warming_loads_all_of_them(self, worker) -> None:
        assert not worker.ready
        worker.warm()
        worker.submit(lambda: None).result()  # behind it in the queue
        assert worker.ready and worker.failure is None

    def test_ready_means_the_default_itself(self, telling_files, drawing: bytes) -> None:
        worker = InferenceWorker(telling_files)
        for fidelity, ready in ((0.5, False), (None, True)):
            worker.submit(worker.invert, drawing, worker.default, Asked(fidelity=fidelity)).result()
            assert worker.ready is ready
        worker.close()

    def test_only_known_names(self, worker, weight_files) -> None:
        assert worker.check_weights(None) == worker.check_weights("faces") == "faces"
        for name in (str(weight_files["faces"]), "../faces", ""):
            with pytest.raises(ValueError, match="must be one of faces, buildings"):
                worker.check_weights(name)

    def test_damaged_ones_are_left_out_unless_they_are_the_default(self, weight_files, tmp_path, caplog) -> None:
        broken = tmp_path / "broken.weights.h5"
        broken.write_text("not HDF5")
        assert list(InferenceWorker({**weight_files, "broken": broken}).known) == ["faces", "buildings"]
        assert "left out" in caplog.text and str(broken) in caplog.text
        with pytest.raises(weights.WeightsError):
            InferenceWorker({"broken": broken, **weight_files})

    def test_ones_that_were_damaged_since(self, weight_files, tmp_path: Path, drawing: bytes, caplog) -> None:
        whole, copy = weight_files["faces"].read_bytes(), tmp_path / "copy.weights.h5"
        copy.write_bytes(whole)
        worker = InferenceWorker({"copy": copy})
        copy.write_bytes(whole[:3000])
        worker.warm()  # does not raise, but whoever waits is told
        worker.submit(lambda: None).result()
        assert not worker.ready and "'copy' cannot be loaded" in str(worker.failure)
        with pytest.raises(UnusableError, match="'copy' cannot be loaded; the terminal says why"):
            worker.submit(worker.invert, drawing, "copy").result()
        assert "whole HDF5 file" in caplog.text
        worker.close()

    def test_data_that_is_one_text_is_a_list_of_one(self, tmp_path: Path) -> None:
        made = small_weights.make(0, width=2, blocks=0)
        file = weights.save(made, tmp_path / "own.weights.h5", data="Portraits of my family")
        worker = InferenceWorker({"own": file})
        assert worker.describe()[0]["data"] == ["Portraits of my family"]
        worker.close()

    def test_what_is_said_about_them(self, worker) -> None:
        row = worker.describe()[1]
        assert (row["name"], row["title"], row["size"]) == ("buildings", "Buildings", [48, 64])
        assert (row["architecture"], row["note"]) == ("scribbler", "toy buildings")
        assert (row["about"], row["shows"]) == (
            "Houses and façades; sky, wall, ground and light can be told.",
            "building",
        )


class TestQueue:
    def test_places_are_counted(self, worker) -> None:
        with worker.place():
            with worker.place():
                assert worker.taken == 2
                with pytest.raises(BusyError, match="busy with 2 drawings"), worker.place():
                    pass
            assert worker.taken == 1
        assert worker.taken == 0

    def test_one_at_a_time_and_what_was_cancelled_never_begins(self, worker) -> None:
        hold, begun = threading.Event(), []
        first = worker.submit(hold.wait)
        second = worker.submit(begun.append, "second")
        third = worker.submit(begun.append, "third")
        assert second.cancel()
        hold.set()
        third.result()
        assert first.result() and begun == ["third"]
