"""What native code prints goes elsewhere, and comes back."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from sketchback import console


def test_what_is_written_past_python_is_diverted(tmp_path, capfd):
    with (tmp_path / "notes").open("wb") as notes, pytest.raises(ValueError):
        print("before")
        with console.diverted(notes.fileno(), 1, 2):
            os.write(1, b"one ")
            os.write(2, b"two")
            raise ValueError
    os.write(1, b"after")
    assert capfd.readouterr() == ("before\nafter", "")
    assert (tmp_path / "notes").read_bytes() == b"one two"


@pytest.mark.slow
def test_keras_is_imported_without_a_word():
    program = "import sys; from sketchback import console; print('keras' in sys.modules); console.import_keras()"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == ("False\n", "")
