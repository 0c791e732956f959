"""Inversion as users call it: every kind of picture, files, folders, streams, and what can be wrong with them."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import numpy as np
import pytest
import small_weights
from PIL import Image

from sketchback import images, models, weights
from sketchback.inference import fast
from sketchback.inference import runtime as runtimes
from sketchback.invert import invert, main
from sketchback.sketching import cleanup, oddities


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


@pytest.mark.parametrize("shape", [(16, 16), (17, 31, 1), (18, 20, 2), (205, 282, 3), (33, 20, 4), (2, 40, 33)])
def test_arrays_of_any_size(generator, shape: tuple[int, ...]) -> None:
    sketch = np.ones(shape, np.float32)
    sketch[(slice(None),) * (shape[0] == 2) + (slice(4, 12), slice(8, 10))] = 0.4  # where that is alpha, too
    photo = invert(sketch, generator)
    assert photo.shape == ((*shape, 3) if shape[0] == 2 else (*shape[:2], 3)) and photo.dtype == np.float32
    assert 0 <= photo.min() <= photo.max() <= 1


def test_what_is_given_comes_back_in_kind(generator, tiny: Path, drawing: Path) -> None:
    data, palette = drawing.read_bytes(), Image.open(drawing).convert("P", palette=Image.Palette.ADAPTIVE)
    photo = invert(drawing, generator)
    expected = images.encode(photo)
    np.testing.assert_allclose(invert(str(drawing), tiny), photo, atol=1e-5)
    for array in (images.read(drawing, channels=1), images.read(drawing)):
        np.testing.assert_allclose(invert(array, generator), photo, atol=1e-5)
    assert invert(data, generator) == expected
    picture = invert(palette, generator)
    assert isinstance(picture, Image.Image) and images.encode(images.as_array(picture)) == expected
    several = invert([drawing, data, np.eye(20)], generator)
    np.testing.assert_array_equal(several[0], photo)
    assert several[1] == expected and several[2].shape == (20, 20, 3)
    assert invert((), generator) == []


def test_a_batch_is_its_sketches_one_by_one(generator) -> None:
    batch = np.random.default_rng(0).random((3, 24, 20, 1), np.float32)
    together = invert(batch, generator)
    np.testing.assert_array_equal(together, invert(batch[..., 0], generator))
    for one, photo in zip(batch, together, strict=True):
        np.testing.assert_allclose(invert(one, generator), photo, atol=1e-5)


def test_runtimes_agree(tiny: Path, drawing: Path) -> None:
    photos = [invert(drawing, tiny, runtime=runtime) for runtime in ("onnx", "keras", "auto")]
    np.testing.assert_allclose(photos[0], photos[1], atol=1 / 255)
    np.testing.assert_array_equal(photos[0], photos[2])  # onnxruntime is installed where tests run
    with pytest.raises(ValueError, match="`runtime` must be one of auto, onnx, keras, fast. Received: 'torch'"):
        invert(drawing, tiny, runtime="torch")


def test_fast_at_the_command_line(tiny: Path, drawing: Path, tmp_path: Path, monkeypatch, capsys) -> None:
    given = [str(drawing), "-o", str(tmp_path / "photo.png"), "--weights", str(tiny), "--fast"]
    monkeypatch.setattr(fast, "PRECISION", "FP32")  # a CPU without bfloat16 computes in float32
    assert main(given) == 0
    expected = invert(drawing, tiny)
    np.testing.assert_allclose(images.read(tmp_path / "photo.png"), expected, atol=4 / 255)
    monkeypatch.setitem(sys.modules, "openvino", None)
    given[-2] = str(shutil.copy(tiny, tmp_path))  # weights that are not loaded yet
    assert main(given) == 2 and "needs openvino and onnx" in capsys.readouterr().err
    with pytest.raises(SystemExit):
        main([*given, "--runtime", "keras"])
    assert "not allowed with" in capsys.readouterr().err


def test_clean_inverts_the_cleaned_sketch(generator, on_paper: Path) -> None:
    picture = images.read(on_paper)
    cleaned = cleanup.clean(picture)
    assert cleaned.shape[:2] != picture.shape[:2]  # the sheet, without the table
    expected = invert(cleaned, generator)
    for same in (picture, on_paper, images.to_uint8(picture)):
        np.testing.assert_array_equal(invert(same, generator, clean=True), expected)
    both = invert(picture, generator, clean=True, compare=True)
    np.testing.assert_array_equal(both, images.side_by_side([cleaned, expected]))
    bare = np.ones_like(picture)
    bare[50:150, 75:80] = 0.1  # a drawing without a table
    batch = np.stack([picture, bare])
    with pytest.raises(ValueError, match="batch must have one size.*after cleaning.*Give `size`"):
        invert(batch, generator, clean=True)
    together = invert(batch, generator, size=(32, 24), clean=True)
    np.testing.assert_allclose(together[0], invert(picture, generator, size=(32, 24), clean=True), atol=1e-5)


@pytest.mark.parametrize("bad", [np.ones((8, 8)), np.ones(20), np.full((20, 20), 200.0)], ids=str)
def test_a_wrong_array_is_refused(generator, bad: np.ndarray) -> None:
    with pytest.raises(ValueError, match="Received"):
        invert(bad, generator)


def test_white_on_black_is_turned_and_said(generator, drawing: Path, caplog) -> None:
    sketch = images.read(drawing, channels=1)
    together = invert([sketch, 1 - sketch], generator)  # each by itself
    np.testing.assert_allclose(*together, atol=1e-5)
    assert [record.message for record in caplog.records] == [oddities.TURNED]


def test_in_a_folder_what_is_said_names_the_drawing(tiny: Path, drawing: Path, tmp_path: Path, caplog) -> None:
    sketch = images.read(drawing, channels=1)
    for name, picture in (("board", 1 - sketch), ("empty", np.ones_like(sketch)), ("plain", sketch)):
        images.write(tmp_path / "in" / f"{name}.png", picture)
    caplog.set_level("INFO")
    assert main([str(tmp_path / "in"), "-o", str(tmp_path / "out"), "--weights", str(tiny)]) == 2
    said = [record.message.replace(str(tmp_path / "in"), "in") for record in caplog.records]
    assert "in/board.png is white on black: it was turned into black on white." in said
    assert any(line.startswith("error: in/empty.png: Something must be drawn") for line in said)


def test_a_drawing_for_other_weights_or_for_cleaning_is_noticed(generator, on_paper: Path, tmp_path: Path, caplog):
    house = Path(__file__).parents[1] / "examples" / "drawings" / "house.png"
    for name, words in (("faces", ["looks like a building. Try --weights buildings"]), ("buildings", [])):
        path = weights.save(generator, tmp_path / f"{name}.weights.h5")
        for odd, said in ((house, words), (on_paper, ["looks like a photograph of paper. Try --clean"])):
            caplog.clear()
            arguments = [str(odd), "--weights", str(path), "-o", str(tmp_path / "photo.png"), "--scale", "1"]
            assert main(arguments) == 0
            noticed = [line for line in caplog.messages if "looks like" in line]
            assert len(noticed) == len(said) and all(f"{odd} {one}" in noticed[0] for one in said)
            caplog.clear()
            assert main([*arguments, "--quiet"]) == 0 and not caplog.messages


@pytest.mark.parametrize("clean", [False, True])
def test_an_empty_sheet_gets_a_sentence(generator, clean: bool) -> None:
    with pytest.raises(ValueError, match=r"must be drawn.*Received: an empty one\. Draw on it"):
        invert(np.full((40, 30), 0.9), generator, clean=clean)


def test_a_rewritten_file_is_read_anew(tmp_path: Path) -> None:
    photos, generator = [], models.build("scribbler", width=4, halvings=2, blocks=1)
    for value in (0.0, 3.0):
        generator.get_layer("photo").bias.assign(np.full(3, value, np.float32))
        path = weights.save(generator, tmp_path / "changing.weights.h5")
        photos.append(invert(np.eye(16), path))
    assert photos[1].mean() > photos[0].mean() + 0.1


def test_the_command_writes_what_the_function_gives(tiny: Path, on_paper: Path, tmp_path: Path) -> None:
    options = {"clean": True, "compare": True, "size": (30, 20), "fit": "pad", "working": (32, 32)}
    words = ["--clean", "--compare", "--size", "30x20", "--fit", "pad", "--working", "32x32", "--runtime", "onnx"]
    assert main([str(on_paper), "--weights", str(tiny), "--quiet", *words]) == 0
    expected = invert(on_paper, tiny, runtime="onnx", **options)
    assert (tmp_path / "paper.photo.png").read_bytes() == images.encode(expected)
    assert expected.shape == (30, 20 + 4 + 20, 3)


def test_the_help_names_the_weights_that_ship(capsys) -> None:
    with pytest.raises(SystemExit):
        main(["--help"])
    assert f"{', '.join(weights.names())}, or a file" in " ".join(capsys.readouterr().out.split())


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["missing.png"], "must exist"),
        (["text.png"], "no decoder recognises"),
        (["drawing.png", "--weights", "nobody"], "Known names"),
        (["drawing.png", "--weights", "text.png"], "HDF5"),
        (["drawing.png", "--weights", "cut.h5"], "HDF5"),
        (["drawing.png", "--size", "32x32", "--fit", "stretch"], "`fit` must be one of"),
        (["drawing.png", "--runtime", "torch"], "`runtime` must be one of"),
    ],
)
def test_bad_input_gets_one_line(arguments, words, tiny: Path, drawing: Path, capsys, monkeypatch) -> None:
    monkeypatch.chdir(drawing.parent)
    Path("text.png").write_text("hello")
    Path("cut.h5").write_bytes(tiny.read_bytes()[:3000])
    assert main(["--weights", str(tiny), "-o", "result.png", *arguments]) == 2
    said = capsys.readouterr()
    assert said.out == "" and said.err.startswith("error: ") and said.err.count("\n") == 1 and words in said.err
    assert not Path("result.png").exists()


# Tone and candidates


@pytest.fixture(scope="module")
def told_one(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Weights that take a tone map, beside a sampler."""
    folder = tmp_path_factory.mktemp("told")
    weights.save(models.build("tone_sampler", width=4, blocks=1), folder / "tones.weights.h5")
    return weights.save(small_weights.make(width=2, blocks=1, tone=True), folder / "told.weights.h5")


def test_tone_in_every_form(told_one: Path, drawing: Path, tmp_path: Path) -> None:
    reference = images.write(tmp_path / "reference.png", np.full((40, 33, 3), (0.9, 0.2, 0.2), np.float32))
    expected = invert(drawing, told_one, tone=np.full((1, 1, 3), images.read(reference)[0, 0]))
    assert np.abs(expected - invert(drawing, told_one)).max() > 0.01
    for tone in (reference, reference.read_bytes(), Image.open(reference), images.to_uint8(images.read(reference))):
        np.testing.assert_allclose(invert(drawing, told_one, tone=tone), expected, atol=1e-3)
    assert main([str(drawing), "--weights", str(told_one), "--tone", str(reference), "--quiet"]) == 0
    taken_over = invert(drawing, told_one, tone=reference)
    assert drawing.with_name("drawing.photo.png").read_bytes() == images.encode(taken_over)
    for argv, said in (
        (["--lighter", "-0.3"], {"lighter": -0.3}),
        (["--tone", str(reference), "--lighter", "-0.3"], {"reference": reference, "lighter": -0.3}),
    ):
        assert main([str(drawing), "--weights", str(told_one), *argv, "--quiet"]) == 0
        assert drawing.with_name("drawing.photo.png").read_bytes() == images.encode(
            invert(drawing, told_one, tone=said)
        )


def test_a_reference_photograph_is_not_overwritten(told_one: Path, drawing: Path, tmp_path: Path, capsys) -> None:
    reference = images.write(tmp_path / "reference.png", np.full((40, 33, 3), 0.5, np.float32))
    before = reference.read_bytes()
    argv = [str(drawing), "--weights", str(told_one), "--tone", str(reference), "--out", str(reference)]
    assert main(argv) == 2 and "must not overwrite its source" in capsys.readouterr().err
    assert reference.read_bytes() == before


def test_a_reference_photograph_stays_on_its_drawing(told_one: Path, drawing: Path) -> None:
    sketch = images.read(drawing, channels=1)
    reference = np.zeros((*sketch.shape[:2], 3), np.float32)
    reference[: len(reference) // 2, :, 0] = 1
    for size, fit in (((48, 96), "squeeze"), ((32, 96), "pad"), ((32, 96), "crop")):
        on_it, paper = images.fit(reference, size, fit), images.fit(np.zeros_like(sketch), size, fit)
        on_it = np.where(paper > 0, np.nan, on_it)  # nothing is told of paper that is added
        expected = invert(images.fit(sketch, size, fit), told_one, tone=on_it)
        made = invert(sketch, told_one, size=size, fit=fit, tone={"reference": reference})
        np.testing.assert_allclose(made, expected, atol=0.01, err_msg=fit)


def test_candidates_in_kind_and_as_files(told_one: Path, drawing: Path, tmp_path: Path, monkeypatch, capsys) -> None:
    monkeypatch.setenv(weights.ENVIRONMENT, str(told_one.parent))
    several = invert(drawing, told_one, candidates=3, seed=1)
    assert several.shape == (3, 40, 33, 3)
    assert invert(drawing.read_bytes(), told_one, candidates=3, seed=1) == [images.encode(one) for one in several]
    words = ["--weights", str(told_one), "--candidates", "3", "--seed", "1", "--quiet"]
    for _ in range(2):  # what an earlier call wrote is no drawing
        assert main([str(drawing), *words]) == 0
        assert main([str(drawing.parent), "-o", str(tmp_path / "all.pdf"), *words]) == 0
    for number, one in enumerate(several, 1):
        assert drawing.with_name(f"drawing.photo-{number}.png").read_bytes() == images.encode(one)
    assert images.read(drawing.with_name("drawing.photo.png")).shape == (84, 70, 3)
    assert len(list(drawing.parent.glob("*.png"))) == 1 + 1 + 3
    images.write(drawing.with_name("drawing-1.png"), np.ones((20, 20, 1)))
    capsys.readouterr()
    assert main([str(drawing.parent), "-o", str(tmp_path / "photos"), *words]) == 2  # two would be drawing-1.png
    assert f"of {drawing.with_name('drawing-1.png')} and of {drawing}." in capsys.readouterr().err


def test_mirrored_is_asked_of_weights_that_are_loaded_here(tiny: Path, drawing: Path) -> None:
    found = invert(drawing, tiny, mirrored=True)
    np.testing.assert_array_equal(found, invert(drawing, runtimes.load(tiny, mirrored=True)))
    assert (found != invert(drawing, tiny)).any()
    assert main([str(drawing), "--weights", str(tiny), "--mirrored", "--quiet"]) == 0
    np.testing.assert_array_equal(
        images.read(drawing.with_name("drawing.photo.png")), images.as_array(images.encode(found))
    )
    with pytest.raises(
        ValueError, match=r"Received: mirrored=True, and a generator\. Load it with runtime\.load\(name, m"
    ):
        invert(drawing, runtimes.load(tiny), mirrored=True)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--skin", "dark"], "`--skin` needs weights that take a tone map. Received: tiny, which take"),
        (["--skin", "skinny"], "A colour must be light, medium"),
        (["--candidates", "4"], "`--candidates` needs weights that take a tone map"),
        (["--fidelity", "0.5"], "`fidelity` needs both ends"),
        (["--seed", "3"], "--seed is for --candidates. Received: --seed 3 alone"),
        (["--fit", "pad"], "--fit is for --size. Received: --fit pad alone"),
    ],
)
def test_what_weights_cannot_do_is_one_line(words, said: str, tiny: Path, drawing: Path, capsys, monkeypatch) -> None:
    monkeypatch.chdir(drawing.parent)
    assert main(["drawing.png", "--weights", str(tiny), *words]) == 2
    line = capsys.readouterr().err
    assert line.startswith("error: ") and line.count("\n") == 1 and said in line
