"""Inversion as users call it: arrays, paths, files, folders, and everything that can be wrong with them."""

from __future__ import annotations

import json
import types
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from sketchback import images, models, weights
from sketchback.invert import invert, main
from sketchback.sketching import cleanup


@pytest.fixture(scope="module")
def generator():
    return models.build("scribbler", width=4, halvings=2, blocks=1)


@pytest.fixture(scope="module")
def tiny(generator, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return weights.save(generator, tmp_path_factory.mktemp("weights") / "tiny.weights.h5", recipe="test")


@pytest.fixture
def drawing(tmp_path: Path) -> Path:
    sketch = np.ones((40, 33, 1), np.float32)
    sketch[10:30, 15:18] = 0.1
    return images.write(tmp_path / "drawing.png", sketch)


@pytest.fixture
def on_paper(tmp_path: Path) -> Path:
    """A beige sheet with a drawing, on a brown table."""
    picture = np.zeros((200, 160, 3), np.float32) + np.float32([0.35, 0.25, 0.2])
    picture[25:175, 20:140] = (0.93, 0.86, 0.72)
    picture[50:150, 50:110] = 0.1
    picture[70:130, 65:95] = (0.93, 0.86, 0.72)
    return images.write(tmp_path / "paper.png", picture)


class TestFunction:
    @pytest.mark.parametrize("shape", [(16, 16), (17, 31, 1), (205, 282, 3)])
    def test_any_size_in_the_same_size_out(self, generator, shape: tuple[int, ...]) -> None:
        photo = invert(np.ones(shape, np.float32), generator)
        assert photo.shape == (*shape[:2], 3)
        assert photo.dtype == np.float32
        assert 0 <= photo.min() <= photo.max() <= 1

    def test_a_batch_is_its_sketches_one_by_one(self, generator) -> None:
        batch = np.random.default_rng(0).random((3, 24, 20, 1), np.float32)
        together = invert(batch, generator)
        assert together.shape == (3, 24, 20, 3)
        for one, photo in zip(batch, together, strict=True):
            np.testing.assert_allclose(invert(one, generator), photo, atol=1e-5)

    def test_a_path_a_name_and_an_array_agree(self, generator, tiny: Path, drawing: Path) -> None:
        from_path = invert(drawing, tiny)
        np.testing.assert_array_equal(from_path, invert(images.read(drawing, channels=1), tiny))
        np.testing.assert_allclose(from_path, invert(str(drawing), generator), atol=1e-5)

    def test_runtimes_agree(self, tiny: Path, drawing: Path) -> None:
        photos = [invert(drawing, tiny, runtime=runtime) for runtime in ("onnx", "keras", "auto")]
        np.testing.assert_allclose(photos[0], photos[1], atol=1 / 255)
        np.testing.assert_array_equal(photos[0], photos[2])  # onnxruntime is installed where tests run
        with pytest.raises(ValueError, match="`runtime` must be one of auto, onnx, keras. Received: 'torch'"):
            invert(drawing, tiny, runtime="torch")

    def test_8_bit_and_float_agree(self, generator) -> None:
        values = np.random.default_rng(1).integers(0, 256, (20, 20), np.uint8)
        np.testing.assert_array_equal(invert(values, generator), invert(images.from_uint8(values), generator))

    def test_size_and_fit(self, generator) -> None:
        sketch = np.ones((40, 20, 1), np.float32)
        assert invert(sketch, generator, size=(32, 32), fit="pad").shape == (32, 32, 3)

    def test_a_sketch_is_brought_to_what_the_generator_knows(self, generator) -> None:
        sketch = np.random.default_rng(2).random((64, 48, 1), np.float32)
        photo = invert(sketch, generator, working=(24, 24))  # covers 24 x 24: 32 x 24
        small = invert(images.resize(sketch, (32, 24)), generator)
        np.testing.assert_allclose(photo, images.resize(small, (64, 48), cubic=True), atol=1e-6)
        photo = invert(sketch, generator, working=(96, 64))  # and this covers 96 x 64: 96 x 72
        large = invert(images.resize(sketch, (96, 72), cubic=True), generator)
        np.testing.assert_allclose(photo, images.resize(large, (64, 48), cubic=True), atol=1e-6)

    def test_a_ribbon_is_enlarged_within_bounds(self, generator) -> None:
        seen = []
        watched = types.SimpleNamespace(
            stride=16,
            layers=generator.layers,
            predict_on_batch=lambda batch: (seen.append(batch.shape), generator.predict_on_batch(batch))[1],
        )
        ribbon = np.random.default_rng(2).random((16, 200, 1), np.float32)
        assert invert(ribbon, watched, working=(64, 64)).shape == (16, 200, 3)
        assert 16 * 200 < seen[0][1] * seen[0][2] < 5 * 64 * 64  # to cover 64 x 64 it would be 64 x 800

    def test_the_weights_say_what_they_know(self, generator, tmp_path: Path) -> None:
        path = tmp_path / "small.weights.h5"
        weights.save(generator, path, recipe=json.dumps({"size": [24, 24]}))
        sketch = np.random.default_rng(2).random((64, 48, 1), np.float32)
        np.testing.assert_allclose(invert(sketch, path), invert(sketch, generator, working=(24, 24)), atol=1e-5)

    def test_clean_inverts_the_cleaned_sketch(self, generator, on_paper: Path) -> None:
        picture = images.read(on_paper)
        cleaned = cleanup.clean(picture)
        assert cleaned.shape[:2] != picture.shape[:2]  # the sheet, without the table
        expected = invert(cleaned, generator)
        np.testing.assert_array_equal(invert(picture, generator, clean=True), expected)
        np.testing.assert_array_equal(invert(on_paper, generator, clean=True), expected)
        np.testing.assert_array_equal(invert(images.to_uint8(picture), generator, clean=True), expected)
        assert invert(on_paper, generator, size=(32, 24), clean=True).shape == (32, 24, 3)

    def test_a_cleaned_batch_needs_one_size(self, generator, on_paper: Path) -> None:
        picture = images.read(on_paper)
        batch = np.stack([picture, np.ones_like(picture)])
        with pytest.raises(ValueError, match="batch must have one size.*after cleaning.*Give `size`"):
            invert(batch, generator, clean=True)
        together = invert(batch, generator, size=(32, 24), clean=True)
        np.testing.assert_allclose(together[0], invert(picture, generator, size=(32, 24), clean=True), atol=1e-5)

    @pytest.mark.parametrize(
        "bad",
        [
            np.ones((8, 8)),
            np.ones((20, 20, 2)),
            np.ones(20),
            np.full((20, 20), 200.0),
            np.full((20, 20), np.nan),
        ],
        ids=["small", "two channels", "flat", "0 to 255 as float", "nan"],
    )
    def test_a_wrong_array_is_refused(self, generator, bad: np.ndarray) -> None:
        with pytest.raises(ValueError, match="Received"):
            invert(bad, generator)

    def test_a_rewritten_file_is_read_anew(self, tmp_path: Path) -> None:
        path = tmp_path / "changing.weights.h5"
        sketch = np.random.default_rng(3).random((16, 16), np.float32)
        photos = []
        for value in (0.0, 3.0):
            generator = models.build("scribbler", width=4, halvings=2, blocks=1)
            generator.get_layer("photo").bias.assign(np.full(3, value, np.float32))
            weights.save(generator, path)
            photos.append(invert(sketch, path))
        assert photos[1].mean() > photos[0].mean() + 0.1


def bad_inputs(tmp_path: Path, tiny: Path, drawing: Path) -> dict[str, list[str]]:
    empty = tmp_path / "empty"
    empty.mkdir()
    (tmp_path / "text.png").write_text("hello")
    whole = tmp_path / "whole.jpg"
    Image.fromarray(np.random.default_rng(0).integers(0, 256, (64, 64, 3), np.uint8)).save(whole)
    (tmp_path / "cut.jpg").write_bytes(whole.read_bytes()[:1500])
    Image.fromarray(np.zeros((1, 1), np.uint8)).save(tmp_path / "dot.png")
    (tmp_path / "not.h5").write_text("not HDF5")
    (tmp_path / "cut.h5").write_bytes(tiny.read_bytes()[:3000])
    (tmp_path / "file").write_text("in the way")
    good = [str(drawing), "--weights", str(tiny)]
    target = ["-o", str(tmp_path / "result.png")]
    return {
        "missing": [str(tmp_path / "no.png"), *target, "--weights", str(tiny)],
        "empty folder": [str(empty), *target, "--weights", str(tiny)],
        "text": [str(tmp_path / "text.png"), *target, "--weights", str(tiny)],
        "truncated": [str(tmp_path / "cut.jpg"), *target, "--weights", str(tiny)],
        "1 x 1": [str(tmp_path / "dot.png"), *target, "--weights", str(tiny)],
        "unknown weights": [str(drawing), *target, "--weights", "nobody"],
        "not HDF5": [str(drawing), *target, "--weights", str(tmp_path / "not.h5")],
        "cut HDF5": [str(drawing), *target, "--weights", str(tmp_path / "cut.h5")],
        "unwritable": [*good, "-o", str(tmp_path / "file" / "result.png")],
        "unknown suffix": [*good, "-o", str(tmp_path / "result.xyz")],
        "onto itself": [*good, "-o", str(drawing)],
        "unknown fit": [*good, *target, "--size", "32x32", "--fit", "stretch"],
        "unknown runtime": [*good, *target, "--runtime", "torch"],
    }


class TestCommand:
    @pytest.mark.parametrize("suffix", ["png", "jpg", "webp", "tiff", "bmp", "pdf"])
    def test_one_file(self, tiny: Path, drawing: Path, tmp_path: Path, suffix: str) -> None:
        target = tmp_path / f"out.{suffix}"
        assert main([str(drawing), "-o", str(target), "--weights", str(tiny), "--quiet"]) == 0
        if suffix != "pdf":
            assert Image.open(target).size == (33, 40)
        assert target.stat().st_size > 100

    def test_a_folder_of_many_kinds(self, tiny: Path, tmp_path: Path) -> None:
        folder = tmp_path / "in"
        folder.mkdir()
        page = Image.fromarray(np.full((24, 30), 200, np.uint8))
        page.save(folder / "a.png")
        page.save(folder / "a.jpg")  # the same name twice
        page.convert("CMYK").save(folder / "b.tiff")
        page.convert("P").save(folder / "c.gif")
        out = tmp_path / "out"
        assert main([str(folder), "-o", str(out), "--weights", str(tiny), "--compare", "--quiet"]) == 0
        assert sorted(path.name for path in out.iterdir()) == ["a-jpg.png", "a-png.png", "b.png", "c.png"]
        assert Image.open(out / "b.png").size == (64, 24)  # sketch, gap of 4, photograph

    def test_a_bad_file_among_good_ones(self, tiny: Path, drawing: Path, tmp_path: Path, caplog) -> None:
        bad = tmp_path / "bad.png"
        bad.write_text("not a picture")
        out = tmp_path / "out"
        assert main([str(bad), str(drawing), "-o", str(out), "--weights", str(tiny)]) == 2
        assert [path.name for path in out.iterdir()] == ["drawing.png"]
        assert "bad.png" in caplog.text and "1 of 2 files failed" in caplog.text

    def test_clean(self, tiny: Path, on_paper: Path, tmp_path: Path) -> None:
        target = tmp_path / "out.png"
        command = [str(on_paper), "-o", str(target), "--weights", str(tiny), "--quiet", "--compare"]
        cleaned = cleanup.clean(images.read(on_paper))
        height, width = cleaned.shape[:2]
        assert main([*command, "--clean"]) == 0
        written = images.read(target)
        assert written.shape == (height, 2 * width + 4, 3)  # cleaned sketch, gap, photograph
        np.testing.assert_allclose(written[:, :width], np.repeat(cleaned, 3, -1), atol=0.5 / 255 + 1e-6)
        assert main(command) == 0
        assert images.read(target).shape == (200, 324, 3)  # off unless asked for

    def test_an_all_white_sketch_works(self, tiny: Path, tmp_path: Path) -> None:
        white = images.write(tmp_path / "white.png", np.ones((20, 20, 1), np.float32))
        assert main([str(white), "-o", str(tmp_path / "p.png"), "--weights", str(tiny), "--quiet"]) == 0

    KINDS = (
        "missing",
        "empty folder",
        "text",
        "truncated",
        "1 x 1",
        "unknown weights",
        "not HDF5",
        "cut HDF5",
        "unwritable",
        "unknown suffix",
        "onto itself",
        "unknown fit",
        "unknown runtime",
    )

    @pytest.mark.parametrize("kind", KINDS)
    def test_bad_input_gets_one_line(self, kind: str, tiny: Path, drawing: Path, tmp_path: Path, capsys) -> None:
        before = drawing.read_bytes()
        arguments = bad_inputs(tmp_path, tiny, drawing)[kind]
        assert main(arguments) == 2
        said = capsys.readouterr()
        assert said.out == ""
        assert len(said.err.strip().splitlines()) == 1
        assert said.err.startswith("error: ")
        assert drawing.read_bytes() == before
        assert not (tmp_path / "result.png").exists()

    @pytest.mark.parametrize("option", ["--size", "--working"])
    def test_a_size_below_the_minimum(self, option: str, tiny: Path, drawing: Path, capsys) -> None:
        with pytest.raises(SystemExit) as stop:
            main([str(drawing), "--weights", str(tiny), option, "8x8"])
        assert stop.value.code == 2
        assert "at least 16 x 16" in capsys.readouterr().err
