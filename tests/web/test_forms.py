"""Forms as browsers send them; what the page refuses of them is in test_api.py."""

from __future__ import annotations

import pytest

from sketchback.web import forms


@pytest.mark.parametrize("file", ["my name=anna.png", 'a; name="strokes"', "drawing.png"])
def test_what_a_file_is_called_is_not_the_name_of_its_part(file: str) -> None:
    head = f'Content-Disposition: form-data; name="drawing"; filename="{file}"'
    body = f"--x\r\n{head}\r\nContent-Type: image/png\r\n\r\nink\r\n--x--".encode()
    assert forms.read("multipart/form-data; boundary=x", body, ["drawing", "strokes"]) == {"drawing": b"ink"}
