"""`python -m sketchback.sketch`: photographs become sketches on disk."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from sketchback import images, sketching
from sketchback.datasets import builtin
from sketchback.sketch import main, sketch


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    skimage = pytest.importorskip("skimage.data")
    return images.write(tmp_path / "photo.png", images.from_uint8(skimage.astronaut()[:120, 180:280]))


@pytest.mark.parametrize("style", ["pencil", "xdog", "line", "random"])
def test_every_style_writes_what_the_function_draws(photo: Path, tmp_path: Path, style: str) -> None:
    target = tmp_path / "sketch.png"
    assert main([str(photo), "-o", str(target), "--style", style, "--quiet"]) == 0
    written = images.read(target, channels=1)
    drawn = sketching.sketch(images.read(photo), style, seed=0)
    np.testing.assert_allclose(written, drawn, atol=0.5 / 255 + 1e-6)
    assert written.std() > 0.01


def test_every_kind_of_photograph(photo: Path) -> None:
    drawn, data = sketch(photo), photo.read_bytes()
    np.testing.assert_array_equal(sketch(images.read(photo)), drawn)
    assert sketch(data) == images.encode(drawn)
    with Image.open(photo) as picture:
        np.testing.assert_array_equal(np.asarray(sketch(picture)), images.to_uint8(drawn)[..., 0])
    first, second = sketch([photo, data], "random", seed=3)
    np.testing.assert_array_equal(first, sketch(photo, "random", seed=3))
    assert second == sketch(data, "random", seed=4)


def test_parameters_reach_the_style(photo: Path) -> None:
    np.testing.assert_array_equal(sketch(photo, "pencil", blur=9), sketching.pencil(images.read(photo), blur=9))


@pytest.mark.parametrize("wrong", [{"style": "xdog", "blur": 9}, {"style": "random", "steps": 3}, {"colour": "red"}])
def test_parameters_of_another_style_are_refused(photo: Path, wrong: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="takes these options: .*Received: (blur|steps|colour), which"):
        sketch(photo, **wrong)


def test_the_command_draws_with_the_seed_that_it_is_given(photo: Path, tmp_path: Path) -> None:
    for seed in (1, 2):
        target = tmp_path / f"{seed}.png"
        assert main([str(photo), "-o", str(target), "--style", "random", "--seed", str(seed), "--quiet"]) == 0
        assert target.read_bytes() == images.encode(sketch(photo, "random", seed=seed))


def test_each_photograph_draws_its_own_style(photo: Path, tmp_path: Path) -> None:
    folder, out = tmp_path / "in", tmp_path / "out"
    for name in ("a", "b"):
        images.write(folder / f"{name}.png", images.read(photo))
    assert main([str(folder), "-o", str(out), "--style", "random", "--quiet"]) == 0
    assert (out / "a.png").read_bytes() != (out / "b.png").read_bytes()


def test_a_building_is_no_subject_for_the_artist(photo: Path, tmp_path: Path, caplog) -> None:
    caplog.set_level("INFO")
    images.write(tmp_path / "house.png", builtin.building(1, (240, 320)))
    for picture, is_said in ((photo, False), (tmp_path / "house.png", True)):
        caplog.clear()
        assert main([str(picture), "-o", str(tmp_path / "a.png"), "--style", "artist"]) == 0
        assert ("looks like a building, and style artist draws faces" in caplog.text) == is_said


def test_paper_and_compare(photo: Path, tmp_path: Path) -> None:
    target = tmp_path / "both.jpg"
    assert main([str(photo), "-o", str(target), "--paper", "--compare", "--quiet"]) == 0
    assert images.probe(target) == (120, 100 + 4 + 100)
    assert sketch(photo, paper=True).mean() < sketch(photo).mean()


def test_paper_and_compare_at_another_size(photo: Path, monkeypatch) -> None:
    small = np.ones((32, 40, 1), np.float32)
    monkeypatch.setattr(sketching, "sketch", lambda *_, **__: small)  # the neural style takes minutes
    assert sketch(photo, style="neural", size=(32, 40), paper=True).shape[:2] == (32, 40)
    assert sketch(photo, style="neural", size=(32, 40), compare=True).shape[:2] == (32, 84)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--style", "oil"], "pencil, xdog, line, artist, neural, random"),
        (["--style", "pencil", "--phi", "3"], "--blur, --scale"),
        (["--style", "random", "--blur", "3"], "none. Received: --blur, which is for style pencil"),
        (["--hand", "CUFS"], "--hand, which is for style artist"),
        (["--blur", "4"], "odd"),
        (["--seed", "3"], "--seed is for --style random and --paper. Received: --seed 3 alone"),
        (["--style", "xdog", "--sigma", "-1"], "positive"),
        (["--scale", "0"], "positive"),
        (["--drawing", "x.png"], "--drawing, which is for style neural"),
    ],
)
def test_bad_options_get_one_line(photo: Path, tmp_path: Path, capsys, arguments: list[str], said: str) -> None:
    assert main([str(photo), "-o", str(tmp_path / "s.png"), *arguments]) == 2
    error = capsys.readouterr().err
    assert len(error.strip().splitlines()) == 1 and said in error
    assert not (tmp_path / "s.png").exists()


def test_neural_style_at_the_command_line(photo: Path, tmp_path: Path) -> None:
    small = images.write(tmp_path / "small.png", images.resize(images.read(photo), (32, 32)))
    target = tmp_path / "neural.png"
    arguments = [str(small), "-o", str(target), "--style", "neural", "--steps", "2", "--vgg16", "random", "--quiet"]
    assert main(arguments) == 0
    assert images.read(target, channels=1).shape == (32, 32, 1)
