"""What `train` and `finetune` are told at the command line."""

from __future__ import annotations

import pytest

from sketchback import console
from sketchback.training.session import Session, add_arguments, resolve


def asked(*argv: str) -> Session:
    made = console.parser("train", "")
    add_arguments(made, "faces")
    return resolve(made.parse_args(argv))


def test_without_data_the_recipe_shrinks():
    stage = asked().recipe.single
    assert stage.size == (64, 64) and stage.epochs <= 10 and len(asked().stages) == 1


SMALL_TO_LONG = ["small", "all-sets", "large", "aspect", "long"]


def test_with_data_all_stages_are_run_and_a_changed_number_makes_a_single_run():
    assert [stage.name for stage in asked("--data", "x").stages] == SMALL_TO_LONG
    assert [stage.name for stage in asked("faces-tone", "--data", "x").stages] == [
        "tone",
        "hands",
        "more-hands",
        "longer",
        "structure",
        "structure-longer",
        "structure-pairs",
        "structure-registered",
        "adversarial",
        "artists",
        "retoned",
        "matched",
        "identity",
        "pairs",
        "pairs-structure",
        "registered",
        "excess",
        "near",
    ]
    one = asked("--data", "x", "--epochs", "8", "--size", "32x48", "--width", "6", "--no-skips", "--no-flip")
    (stage,) = one.stages
    assert (stage.epochs, stage.size, stage.flip, stage.learning_rate) == (8, (32, 48), False, 4e-4)
    assert one.recipe.arguments == {"width": 6, "skips": False}
    assert asked("faces2017", "--data", "x").stages[0].size == (72, 88)
    assert asked("--data", "x", "--model", "unet_resnet", "--encoder", "scratch").recipe.encoder == "scratch"


def test_weights_bring_their_architecture_and_what_they_take(caplog):
    for argv in (["--model", "unet_resnet"], ["--width", "6"], ["--encoder", "scratch"]):
        session = asked("buildings", "--data", "x", "--epochs", "2", *argv)
        assert (session.recipe.model, session.recipe.arguments) == ("scribbler", {"tone": True})
        assert f"these do not count: {argv[0].strip('-')}" in caplog.text


def test_a_folder_that_holds_one_run_resumes_as_one(tmp_path):
    assert len(asked("--resume", "--out", str(tmp_path)).stages) == 5
    (tmp_path / "recipe.json").write_text("{}")
    assert len(asked("--resume", "--out", str(tmp_path)).stages) == 1


@pytest.mark.parametrize(
    ("argv", "words"),
    [
        (["--data", "x", "--stage", "large", "--epochs", "2"], "Received: also epochs. Leave --stage out"),
        (["--data", "x", "--fit", "pad"], "`fit` must be crop where .*Set both to 1"),
        (["--matching", "0.2"], "`matching` is about what the discriminator .*: matching=0.2, adversarial=0"),
        (["--near", "4"], "`near` is about what the discriminator .*: near=4, adversarial=0"),
        (["--retoned", "0.2"], "`retoned` is a share of `told`. Received: retoned=0.2, told=0"),
        (["--hands", "CUFS"], "`hands` are those of the artist. Received: hands=CUFS, artist=0"),
        (["--artist", "0.2", "--hands", "Dürer"], "Hands must be some of CUFS, .*Received: 'Dürer'"),
        (["--data", "x", "--encoder", "imagenet"], "--encoder is for --model unet_resnet. Received: model scribbler"),
        (["--processes", "-1"], "`processes` must be 0 or more. Received: processes=-1"),
        (["--workers", "4", "--rank", "0"], "`--workers` must be addresses"),
    ],
)
def test_what_contradicts_itself_is_refused(argv, words):
    with pytest.raises(ValueError, match=words):
        asked(*argv)


def test_workers_are_read_and_processes_are_not_workers():
    session = asked("--data", "x", "--workers", "h1:4000,h2:4000", "--rank", "1", "--processes", "5")
    assert (session.workers, session.rank, session.processes) == (("h1:4000", "h2:4000"), 1, 5)
    assert asked("--threads", "2").processes == 2 and asked().processes is None  # as it was called before
    assert len(session.stages) == 1  # several machines share a single run
