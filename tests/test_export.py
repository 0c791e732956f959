"""`python -m sketchback.export`: what it refuses; what it writes is tried in inference/test_exporters.py."""

from __future__ import annotations

import pytest

from sketchback import export as command
from sketchback.export import export, main


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"format": "caffe"}, r"`format` must be one of onnx, openvino, saved_model, litert\. Received: 'caffe'"),
        ({"format": "litert", "half": True}, r"`half` is for ONNX\. Received: format='litert'"),
        ({"format": "litert", "out": "a.onnx"}, r"must end in \.tflite\. Received: a\.onnx"),
        ({"format": "litert", "size": (8, 8)}, r"at least 16 x 16\. Received: "),
    ],
)
def test_arguments_that_will_not_do(settings, words):
    with pytest.raises(ValueError, match=words):
        export("faces", **settings)


@pytest.mark.parametrize(("format", "place"), [("saved_model", "mine"), ("onnx", "mine.onnx")])
def test_a_folder_that_holds_something_else_stays(format, place, tmp_path):
    (tmp_path / place).mkdir()
    (tmp_path / place / "thesis.txt").write_text("years of work")
    with pytest.raises(ValueError, match=rf"place.*Received: .*{place}"):
        export("faces", tmp_path / place, format=format)
    assert (tmp_path / place / "thesis.txt").read_text() == "years of work"


def test_every_option_reaches_the_function(monkeypatch):
    given = []
    monkeypatch.setattr(command, "export", lambda *names, **options: given.append((names, options)))
    assert main(["faces", "-o", "a.onnx", "--size", "64x48", "--half"]) == 0
    assert given == [(("faces", "a.onnx"), {"format": "onnx", "size": (64, 48), "half": True})]


def test_the_command_says_an_error_in_one_line(capsys):
    assert main(["faces", "--format", "caffe"]) == 2
    said = capsys.readouterr().err
    assert (
        said.startswith("error: `--format` must be one of onnx, ")
        and ", web. Received" in said
        and said.count("\n") == 1
    )
