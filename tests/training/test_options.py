"""What `train` and `finetune` are told at the command line."""

from __future__ import annotations

import pytest

from sketchback import console
from sketchback.training import options
from sketchback.training.recipes import Recipe


def test_the_command_without_data_shrinks_and_then_takes_what_is_given():
    def asked(*argv: str) -> Recipe:
        made = console.parser("train", "")
        options.add(made, "faces")
        made.add_argument("--weights")
        return options.options(made.parse_args(argv))[0]

    assert asked().size == (64, 64) and asked().epochs <= 10
    given = asked("--epochs", "8", "--size", "32x48", "--width", "6", "--no-skips", "--no-flip", "--clip", "0.5")
    assert (given.epochs, given.size, given.flip, given.clip) == (8, (32, 48), False, 0.5)
    assert given.arguments == {"width": 6, "blocks": 2, "skips": False}
    assert asked("--data", "x", "--model", "sketchback2017").arguments == {}
    assert asked("faces2017", "--data", "x").size == (72, 88)
    with pytest.raises(ValueError, match="Give one"):
        asked("--vgg16", "a.npz", "--features", "random")


def test_workers_are_read_and_threads_are_not_workers():
    made = console.parser("train", "")
    options.add(made, "faces")
    made.add_argument("--weights")
    _, given = options.options(made.parse_args(["--workers", "h1:4000,h2:4000", "--rank", "1", "--threads", "5"]))
    assert (given["workers"], given["rank"], given["threads"]) == (["h1:4000", "h2:4000"], 1, 5)
    _, given = options.options(made.parse_args([]))
    assert (given["workers"], given["rank"], given["threads"]) == ([], None, 2)
