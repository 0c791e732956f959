"""What holds for the house as a whole: who imports whom, what the root exports, how fast a command answers."""

from __future__ import annotations

import ast
import graphlib
import os
import subprocess
import sys
import types
from pathlib import Path

import pytest

import sketchback
from sketchback.__main__ import VERBS, main

PACKAGE = Path(sketchback.__file__).parent
# The house from top to bottom: a room may use what stands below it, and nothing else.

LEVELS = [
    ["__main__"],
    ["finetune"],  # `train` with a rule of its own
    [verb for verb in VERBS if verb != "finetune"],
    ["web"],
    ["training"],
    ["evaluation"],
    ["inference"],
    ["weights"],
    ["datasets"],
    ["sketching"],
    ["models"],
    ["losses"],
    ["console"],
    ["images"],
    ["atomic", "extras", "npm", "signals"],
    ["__init__"],
]
LEVEL = {room: level for level, rooms in enumerate(LEVELS) for room in rooms}
# Through the module that they are parts of. A module that is not here has a test file of its name.
TESTED_BY_OTHERS = {
    "__main__",
    "datasets.builtin.buildings",
    "datasets.builtin.canvas",
    "datasets.builtin.faces",
    "extras",
    "images.opening",
    "inference.fast",
    "inference.onnx_files",
    "inference.onnx_layers",
    "models.generator",
    "training.building",
    "web.asking",
    "web.catalogue",
    "web.exchange",
    "web.parameters",
}
MODULES = {
    ".".join(path.relative_to(PACKAGE).with_suffix("").parts): path
    for path in sorted(PACKAGE.rglob("*.py"))
    if "static" not in path.parts
}


def imported(path: Path, later: bool = True) -> set[str]:
    """The modules of the house that a file imports, without `sketchback.`; also those that a function imports."""
    found: set[str] = set()
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for node in ast.walk(tree) if later else tree.body:
        if isinstance(node, ast.ImportFrom) and (node.module or "").partition(".")[0] == "sketchback":
            for alias in node.names:
                whole = f"{node.module}.{alias.name}".removeprefix("sketchback.")
                package = whole.rpartition(".")[0]
                found.add(whole if whole in MODULES or f"{whole}.__init__" in MODULES else package or "__init__")
    return {f"{name}.__init__" if f"{name}.__init__" in MODULES else name for name in found}


def room(module: str) -> str:
    return module.partition(".")[0]


def test_every_room_has_its_level() -> None:
    assert {room(module) for module in MODULES} == set(LEVEL)


@pytest.mark.parametrize("module", sorted(MODULES))
def test_imports_point_down(module: str) -> None:
    if module == "__init__":  # whose `load` reaches down when it is called
        assert not imported(MODULES[module], later=False)
        return
    for other in imported(MODULES[module]):
        assert room(other) == room(module) or LEVEL[room(other)] > LEVEL[room(module)], f"{module} imports {other}"


def test_there_are_no_circles() -> None:
    """Imports inside functions count; a package stands for what its `__init__` offers."""
    graph = {module: imported(path) - {module} for module, path in MODULES.items() if module != "__init__"}
    graph["__init__"] = set()
    assert list(graphlib.TopologicalSorter(graph).static_order())


def test_tests_mirror_the_package() -> None:
    here = Path(__file__).parent
    tests = {".".join(path.relative_to(here).with_suffix("").parts) for path in here.rglob("test_*.py")}
    expected = {_test_of(module) for module in MODULES}
    extra = {
        "test_house",
        "test_examples",
        "test_benchmarks",
        "web.test_static",
        "web.test_history",
        "web.test_late",
        "datasets.builtin.test_builtin",
        "training.recipes.test_recipes",
    }
    assert tests - extra <= expected
    alone = {
        name for name in expected - tests if not name.startswith("training.recipes.")
    }  # one test is for all of them
    without = {name for name in alone if not name.endswith("__init__")}
    assert without == set(map(_test_of, TESTED_BY_OTHERS))


def _test_of(module: str) -> str:
    parent, dot, name = module.rpartition(".")
    return f"{parent}{dot}test_{name}"


@pytest.mark.parametrize("verb", sorted(VERBS))
def test_a_verb_offers_a_function_of_its_name(verb: str) -> None:
    module = __import__(f"sketchback.{verb}", fromlist=[verb])
    assert isinstance(getattr(module, verb), types.FunctionType)


def test_the_root_exports_nothing_named_like_a_module() -> None:
    assert sketchback.__all__ == ["__version__", "load"]
    code = "import sketchback, sys; print(*vars(sketchback))"
    names = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert not set(names) & set(LEVEL)


def test_light_modules_do_not_import_keras() -> None:
    light = (
        "from sketchback import console, datasets, images, sketching, weights; "
        "from sketchback.datasets import augmentation; from sketchback.evaluation import identification, metrics; "
        "from sketchback.inference import graphs, pipeline, runtime; from sketchback.training import recipes, runs; "
    )
    heavy = "{'keras', 'tensorflow'} & {*sys.modules}"
    code = f"import sys; {light} from sketchback import {', '.join(VERBS)}; assert not {heavy}"
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.parametrize("verb", ["", *sorted(VERBS)])
def test_help_teaches_and_waits_for_nothing_that_is_slow_to_import(verb: str) -> None:
    slow = {"fastapi", "h5py", "imgaug", "keras", "matplotlib", "onnxruntime", "scipy", "skimage", "tensorflow"}
    module = f"sketchback.{verb}" if verb else "sketchback.__main__"
    code = f"""
import runpy, sys
sys.argv = ["{module}", "--help"]
try:
    runpy.run_module("{module}", run_name="__main__")
finally:
    print(*sys.modules, file=sys.stderr)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not slow & {*done.stderr.split()}
    assert f"sketchback{'.' + verb if verb else ' '}" in done.stdout
    assert len(done.stdout.splitlines()) > 8


def test_the_console_command(capsys) -> None:
    assert main(["--version"]) == 0
    assert capsys.readouterr().out == f"sketchback {sketchback.__version__}\n"
    assert main(["draw"]) == 2
    assert "sketch, train, finetune, invert, evaluate" in capsys.readouterr().err
    assert main(["sketch", "nowhere.png"]) == 2
    assert capsys.readouterr().err.startswith("error: ")


@pytest.mark.slow
def test_a_wheel_carries_the_weights(tmp_path: Path) -> None:
    """Builds the wheel, unpacks it elsewhere, and loads the faces from there."""
    root = PACKAGE.parent
    if not (root / "setup.py").exists():
        pytest.skip("needs the checkout, to build a wheel from it")
    source = tmp_path / "source"
    source.mkdir()
    listed = subprocess.run(
        ["git", "ls-files", "-z", "sketchback", "weights", "setup.py", "pyproject.toml", "README.md", "LICENSE"],
        cwd=root,
        capture_output=True,
        text=True,
    )
    if listed.returncode:
        pytest.skip("needs git, to leave out what is not part of the project")
    for name in filter(None, listed.stdout.split("\0")):
        target = source / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes((root / name).read_bytes())
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "-q"]
    subprocess.run([*pip, "wheel", "--no-deps", "-w", str(tmp_path), str(source)], check=True)
    wheel = next(tmp_path.glob("*.whl"))
    away = tmp_path / "away"
    subprocess.run([*pip, "install", "--no-deps", "--target", str(away), str(wheel)], check=True)
    code = (
        "import sketchback, sketchback.weights as w; print(sketchback.__file__); print(w.find('faces'));"
        "print(sketchback.load('faces').count_params())"
    )
    environment = {**os.environ, "PYTHONPATH": str(away), "TF_CPP_MIN_LOG_LEVEL": "3"}
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    module, weights, parameters = done.stdout.split("\n")[:3]
    assert Path(module).is_relative_to(away)
    assert Path(weights) == away / "sketchback" / "_weights" / "faces.weights.h5"
    assert int(parameters) > 1_000_000
    assert (away / "sketchback" / "py.typed").exists()
    assert (away / "sketchback" / "inference" / "shipped" / "scribbler.onnx").exists()
