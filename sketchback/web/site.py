"""The page as a folder of files that any host serves: inference runs in the visitor's tab, by onnxruntime-web.

The same page as `serve` shows, with another backend (`static/tab/`). onnxruntime-web comes from npm when the folder is
written; it is pinned, and checked before anything of it is used.
"""

from __future__ import annotations

import hashlib
import json
import logging
import tempfile
from collections.abc import Iterable, Sequence
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from sketchback import npm, weights
from sketchback.atomic import is_replaceable, replacing_folder
from sketchback.images.tones import CELL
from sketchback.inference import exporters, onnx_files, pipeline, runtime
from sketchback.inference import fidelity as fidelities
from sketchback.inference.options import ENLARGER
from sketchback.web.worker import InferenceWorker

if TYPE_CHECKING:
    from importlib.resources.abc import Traversable  # Python 3.11

PAGE = "page"  # the folder of all that index.html loads
LIST = "weights.json"  # in it
CHECKED = 48  # values of a picture, by which a tab knows that its GPU computes rightly
# What a browser may do with the page: load its own files, and compile WebAssembly.
POLICY = (
    "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; worker-src 'self'; style-src 'self'; "
    "img-src 'self' blob: data:; media-src 'self' blob:; connect-src 'self'; form-action 'none'; base-uri 'none'"
)

logger = logging.getLogger(__name__)

VERSION = "1.30.0"
PROGRAMS = {kind: f"onnxruntime/ort-{kind}-{VERSION}.wasm" for kind in ("wasm", "webgpu")}
RUNTIME = npm.Package(
    "onnxruntime-web",
    VERSION,
    "sha512-q0y+JrrtukXSzsBWEMccVfqX25LRmosXHF+CaRJmg8pZClzcV7svNc4rKY3jL02Vb7QmRMDs1SigqR4CXAfKYQ==",
    # WebAssembly with SIMD, for one thread or several; that with WebGPU needs a browser in which WebAssembly can wait
    # (JSPI): the one for all is 27 MB, more than some hosts take. Not every host knows `.mjs`.
    {
        "dist/ort.wasm.bundle.min.mjs": "onnxruntime/ort.js",
        "dist/ort-wasm-simd-threaded.wasm": PROGRAMS["wasm"],
        "dist/ort.jspi.bundle.min.mjs": "onnxruntime/ort-webgpu.js",
        "dist/ort-wasm-simd-threaded.jspi.wasm": PROGRAMS["webgpu"],
    },
)


def write(names: Sequence[str | Path], out: str | Path = "site") -> Path:
    """Writes the page with its weights as a folder.

    Args:
        names: Weights, names or files; the first are the page's default.
        out: The folder. One that holds an earlier page is replaced whole.

    Returns:
        The folder.

    Raises:
        FileNotFoundError: There are no such weights.
        ValueError: `out` holds something else, the package is not the pinned one, or the written weights give other
            photographs.
        ImportError: npm or a package that writes graphs is not installed.
        OSError: npm cannot fetch the package, or it cannot be written there.
    """
    out = Path(out)
    if not is_replaceable(out, f"{PAGE}/{LIST}"):
        raise ValueError(f"The folder of a page must be new, or hold an earlier one. Received: {out}. Name another.")
    paths = [weights.find(name) for name in names]
    found = {path.name.removesuffix(weights.SUFFIX): path for path in paths}
    if len(found) < len({path.resolve() for path in paths}):
        raise ValueError(
            f"Each of a page's weights needs a name of its own. Received: {', '.join(map(str, paths))}. Rename a file."
        )
    for path in found.values():
        weights.describe(path)  # damaged ones are refused, where a server would leave them out
    page = npm.fetch(RUNTIME)
    large = {file: page.pop(file) for file in PROGRAMS.values()}
    helpers, rows = [], []
    asked = InferenceWorker(found)
    samplers = {name: weights.sampler_of(asked.facts[name]) for name, can in asked.can.items() if can["candidates"]}
    for name, path in _helpers(samplers.values()).items():
        facts, data = _network(name, path)
        helpers.append(facts)
        large[facts["file"]] = data
    for row in asked.describe():
        name, path = str(row["name"]), found[str(row["name"])]
        facts, data = _network(name, path)
        if facts["takes"][0] != "sketch":
            raise ValueError(f"A page needs weights that turn sketches into photographs. Received: {name}.")
        can = {**asked.can[name], "fast": False}  # a browser computes in float32
        rows.append({**row, **facts, "can": can, "sampler": samplers.get(name)})
        large[facts["file"]] = data
        if fidelities.faithful_end(path).is_file():
            facts, files = _between(name, path, facts, data)
            helpers.append(facts)
            large |= files
    runtimes = {kind: {"file": file, "bytes": len(large[file])} for kind, file in PROGRAMS.items()}
    listed = {"default": rows[0]["name"], "runtimes": runtimes, "helpers": helpers, "weights": rows}
    page |= _static() | {LIST: json.dumps(listed, indent=1).encode()}
    index = page.pop("index.html").decode()
    policy = f'<meta charset="utf-8">\n<meta http-equiv="Content-Security-Policy" content="{POLICY}">'
    small = {"index.html": index.replace('<meta charset="utf-8">', policy).encode()}
    worker = page.pop("tab/service-worker.js").decode()
    small |= {f"{PAGE}/{name}": data for name, data in page.items()}
    kept = ["./", *(name for name in small if name != "index.html")]  # a host answers ./ with index.html
    worker = worker.replace('"VERSION"', json.dumps(_version(small))).replace('["FILES"]', json.dumps(kept, indent=1))
    files = small | {f"{PAGE}/{name}": data for name, data in large.items()} | {"service-worker.js": worker.encode()}
    with replacing_folder(out) as temporary:
        for name, data in files.items():
            (temporary / name).parent.mkdir(parents=True, exist_ok=True)
            (temporary / name).write_bytes(data)
    logger.info("%s (%.1f MB): serve it with python -m http.server -d %s", out, exporters.length(out) / 1e6, out)
    return out


def _version(files: dict[str, bytes]) -> str:
    digest = hashlib.sha256()
    for name, data in sorted(files.items()):
        digest.update(f"{name} {len(data)} ".encode() + data)
    return digest.hexdigest()[:16]


def _static() -> dict[str, bytes]:
    """The page's own files, with the backend that is the tab."""
    found: dict[str, bytes] = {}

    def add(folder: Traversable, prefix: str = "") -> None:
        for file in folder.iterdir():
            if file.is_dir():
                add(file, f"{prefix}{file.name}/")
            elif not file.name.startswith(("docs.", "leaving.")):  # which are a server's
                found[prefix + file.name] = file.read_bytes()

    add(resources.files(__package__) / "static")
    found["backend.js"] = found.pop("tab/backend.js")
    return found


def _helpers(samplers: Iterable[str]) -> dict[str, Path]:
    """The networks that help generators in the tab and are installed, by name."""
    found = {name: weights.installed(name) for name in (*samplers, ENLARGER)}
    return {name: path for name, path in found.items() if path is not None}


def _network(name: str, path: Path) -> tuple[dict[str, Any], bytes]:
    """What the tab must know of a network, and its ONNX file in half precision, seen to give the same pictures."""
    network = _load(path)
    data = onnx_files.fill(network.graph, network.arrays)
    return {
        "name": name,
        "check": _compare(network, path, {"": data}),
        "takes": network.takes,
        "stride": network.stride,
        "size": pipeline.trained_size(network),
        "file": f"weights/{name}-{hashlib.sha256(data).hexdigest()[:12]}.onnx",
        "bytes": len(data),
    }, data


def _between(name: str, path: Path, facts: dict[str, Any], data: bytes) -> tuple[dict[str, Any], dict[str, bytes]]:
    """As `_network`, of what lies between the two ends of a training, with all files that it needs but the first end.

    Args:
        name: Of the weights.
        path: Their file.
        facts: From `_network`.
        data: From `_network`.
    """
    other, other_data = _network(f"{name}{weights.FAITHFUL}", fidelities.faithful_end(path))
    ends = {Path(one["file"]).name: content for one, content in ((facts, data), (other, other_data))}
    made = onnx_files.between(ends)
    name = f"{name}-between"
    file = f"weights/{name}-{hashlib.sha256(made).hexdigest()[:12]}.onnx"
    check = _compare(_load(path, 0.5), path, {file: made, **ends})
    parts = [{key: one[key] for key in ("file", "bytes")} for one in (facts, other)]
    takes = [*facts["takes"], "fidelity"]
    own = {"name": name, "check": check, "takes": takes, "file": file, "bytes": len(made), "parts": parts}
    return {**facts, **own}, {file: made, other["file"]: other_data}


def _load(path: Path, fidelity: float | None = None) -> runtime.LightGenerator:
    network = runtime.load(path, "onnx", fidelity=fidelity)
    if not isinstance(network, runtime.LightGenerator):
        raise ValueError(f"A page needs weights that run in ONNX Runtime. Received: {path}.")
    return network


def _compare(network: runtime.LightGenerator, path: Path, files: dict[str, bytes]) -> dict[str, Any]:
    """Raises `ValueError` where the first of some files gives other pictures than the network that it was made of.

    Returns:
        What a tab can compare a GPU with, see `check` in `static/tab/runtime.js`: the shapes of what is given, and some
        values of what is made of it.
    """
    import onnxruntime

    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:  # they may be mapped into memory
        places = [Path(folder) / (Path(name).name or "network") for name in files]
        for place, content in zip(places, files.values(), strict=True):
            place.write_bytes(content)
        session = onnxruntime.InferenceSession(places[0], providers=["CPUExecutionProvider"])
    height, width = 4 * network.stride, 6 * network.stride
    sides = {"tone": (height // CELL, width // CELL), "fidelity": (1, 1)}
    if network.takes[0] == "photo":  # the sketch that leads an enlarger has twice its sides
        sides["sketch"] = 2 * height, 2 * width
    shapes = {one.name: (1, *sides.get(one.name, (height, width)), one.shape[-1]) for one in session.get_inputs()}
    given = {name: _pattern(shape) for name, shape in shapes.items()}
    expected = network([given[name] for name in network.takes])
    difference = float(np.abs(session.run(None, given)[0] - expected).max())
    if not difference <= runtime.TOLERANCE:  # NaN is refused too
        raise ValueError(
            f"Weights in half precision must give the same pictures within 1/255. Received: {difference:.2g} for "
            f"{path}. Train on, or publish them in half precision."
        )
    at = np.linspace(0, expected.size - 1, CHECKED, dtype=int)
    values = [round(float(value), 5) for value in expected.ravel()[at]]
    return {"shapes": shapes, "places": at.tolist(), "values": values}


def _pattern(shape: tuple[int, ...]) -> np.ndarray:
    """Values in [0, 1] that a tab can make too; the first is 0.5, a fidelity between both ends."""
    return ((7919 * np.arange(np.prod(shape)) + 125) % 251 / 250).astype(np.float32).reshape(shape)
