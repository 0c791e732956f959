"""What all verbs share: arguments, one line for an error, exit statuses."""

from __future__ import annotations

import argparse
import os
import signal
import subprocess
import sys
from collections.abc import Callable

import pytest

from sketchback import __version__, console
from sketchback.atomic import replacing


def made() -> argparse.ArgumentParser:
    parser = console.parser("toy", "A toy.")
    console.add_view(parser, ["pencil"])
    return parser


def fail_with(error: BaseException) -> Callable[[argparse.Namespace], None]:
    def fail(_: argparse.Namespace) -> None:
        raise error

    return fail


@pytest.mark.parametrize("text", ["", "120", "x", "120x", "x160", "1x2x3", "-16x16", "16.5x16", "axb", "²x16", "15x99"])
def test_size(text):
    assert console.size("096X64") == (96, 64)
    with pytest.raises(argparse.ArgumentTypeError):
        console.size(text)


def test_arguments(capsys):
    arguments = made().parse_args([])
    assert (arguments.size, arguments.style, arguments.fit, arguments.quiet) == (None, None, None, False)
    with pytest.raises(SystemExit) as stop:
        made().parse_args(["--version"])
    assert stop.value.code == 0 and capsys.readouterr().out == f"sketchback {__version__}\n"
    with pytest.raises(SystemExit) as stop:
        console.run(lambda _: 0, made(), ["--size", "8x8"])
    error = capsys.readouterr().err
    assert stop.value.code == 2 and error.startswith("error: argument --size") and error.count("\n") == 1
    assert "at least 16 x 16. Received: size=(8, 8)" in error


@pytest.mark.parametrize(("returned", "status"), [(None, 0), (0, 0), (3, 3)])
def test_status(returned, status):
    assert console.run(lambda _: returned, made(), []) == status


@pytest.mark.parametrize(
    ("error", "line", "status"),
    [
        (ValueError("one\n  two"), "error: one two", 2),
        (ValueError(), "error: ValueError", 2),
        (FileNotFoundError(2, "No such file or directory", "a.png"), "error: No such file or directory: a.png", 2),
        (OSError(18, "Invalid cross-device link", "a", None, "b"), "error: Invalid cross-device link: a -> b", 2),
        (MemoryError(), "error: MemoryError", 2),
        (ImportError("No module named 'flask'"), "error: No module named 'flask'", 2),
        (KeyboardInterrupt(), "stopped", 130),
    ],
)
def test_an_expected_error_is_one_line(error, line, status, capsys):
    assert console.run(fail_with(error), made(), []) == status
    assert capsys.readouterr() == ("", line + "\n")


def test_an_unexpected_error_keeps_its_traceback():
    with pytest.raises(RuntimeError):
        console.run(fail_with(RuntimeError("a bug of ours")), made(), [])


@pytest.mark.skipif(os.name != "posix", reason="signals of POSIX")
def test_ctrl_c_changes_nothing_while_the_process_ends():
    program = (
        "import atexit, signal, time\nfrom sketchback import console\n"
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"  # whatever pytest was started with
        "atexit.register(lambda: (print('ending', flush=True), time.sleep(1)))\n"  # TensorFlow takes its time too
        "raise SystemExit(console.run(lambda _: 3, console.parser('toy', ''), []))\n"
    )
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout.readline() == b"ending\n"
        process.send_signal(signal.SIGINT)
        assert process.communicate(timeout=60)[1] == b"" and process.returncode == 3


@pytest.mark.skipif(os.name != "posix", reason="signals of POSIX")
@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM", "SIGHUP"])
def test_no_half_of_a_file_stays_where_a_command_is_asked_to_stop(name, tmp_path, capsys):
    def write(_: argparse.Namespace) -> None:
        with replacing(tmp_path / "out.bin") as temporary:
            temporary.write_bytes(b"half")
            signal.raise_signal(getattr(signal, name))

    before = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)]
    signal.signal(getattr(signal, name), signal.SIG_DFL)  # under `nohup`, pytest ignores it
    try:
        assert console.run(write, made(), []) == console.STOPPED
    finally:
        for number, own in zip((signal.SIGINT, signal.SIGTERM, signal.SIGHUP), before, strict=True):
            signal.signal(number, own)
    assert capsys.readouterr().err == "stopped\n" and not list(tmp_path.iterdir())


def test_a_reader_that_goes_away_is_no_error():
    program = (
        "from sketchback import console\ndef main(_):\n    for i in range(100000): print(i)\n"
        "raise SystemExit(console.run(main, console.parser('toy', ''), []))\n"
    )
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout.readline() == b"0\n"
        process.stdout.close()
        assert process.stderr.read() == b"" and process.wait(30) == 0
