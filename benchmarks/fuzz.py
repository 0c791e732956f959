"""Reads thousands of bad files: made by hand, kind by kind, and made by chance from good ones.

    python benchmarks/fuzz.py                              20,000 pictures and 2,000 weight files
    python benchmarks/fuzz.py --images 0 --weights 0       only those made by hand
    python benchmarks/fuzz.py --images 2000 --seed 1       2,000 other pictures, and 2,000 weight files

Pictures go through `images.read` and `images.probe`, weight files through `runtime.load`, as `invert` calls them:
every other one into Keras, the rest into the lightest runtime that is installed. A file is handled if it becomes a
right picture (or a generator), or one `ValueError` or `FileNotFoundError` whose message is one line that says what was
received. Anything else is a finding: another exception, a process that ends, a case that takes longer than --seconds.
Each case runs in a process that is watched, with bounded memory, and can be made again from its number; what was found
is kept in --keep. Exit status 1 if anything was found.
"""

from __future__ import annotations

import argparse
import functools
import itertools
import multiprocessing
import os
import resource
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import numpy as np

from sketchback import images

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
import hostile

START = 600.0  # seconds that a process may take to begin, and to make a bad file
LOSS = 0.08  # of a JPEG, at most
MEMORY = 3 << 30  # bytes of addresses that one picture may take; a legal one of 100 megapixels takes two thirds of it


def judge(path: Path, right: Any = None) -> str:
    """Reads a picture as `invert` does: "read", "refused", or what is wrong."""
    try:
        seen = images.read(path, channels=3)
        height, width = images.probe(path)
    except (ValueError, FileNotFoundError) as error:
        return one_line(error) if right is None else f"refused, though it is right: {error}"
    if seen.dtype != np.float32 or seen.ndim != 3 or not (seen.min() >= 0 and seen.max() <= 1):
        return f"wrong: {seen.dtype} {seen.shape} from {seen.min()} to {seen.max()}"
    if right is not None and (seen.shape != right.shape or np.abs(seen - right).max() > LOSS):
        return f"wrong: not the picture, {seen.shape} instead of {right.shape}"
    return "read" if right is not None or seen.shape[:2] == (height, width) else f"wrong: probed {height} x {width}"


def judge_weights(path: Path, light: bool) -> str:
    """Loads weights: "read", "refused", or what is wrong."""
    from sketchback.inference import runtime

    try:
        generator = runtime.load(path, "auto" if light else "keras")
    except (ValueError, FileNotFoundError) as error:
        return one_line(error)
    if isinstance(generator, runtime.LightGenerator):
        return "read"
    import keras

    keras.backend.clear_session()
    return "read" if all(np.isfinite(array).all() for array in generator.get_weights()) else "wrong: not finite"


def one_line(error: Exception) -> str:
    message = str(error)
    fine = "\n" not in message and len(message) < 2000 and ("Received" in message or "names an architecture" in message)
    return "refused" if fine else f"wrong message: {message[:300]!r}"


def peak() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


# ---- in the process that is watched


def work(say: Connection, what: str, by_hand: bool, seed: int, first: int, last: int, keep: Path) -> None:
    """Runs cases, and says their number and kind before each, and what became of it after."""
    with tempfile.TemporaryDirectory(dir="/dev/shm" if Path("/dev/shm").is_dir() else None) as temporary:
        folder = Path(temporary)
        make = pictures(by_hand, seed) if what == "images" else weight_files(by_hand, seed, folder)
        before = peak()
        for number in range(first, last):
            path = folder / f"{number}.{'png' if what == 'images' else 'weights.h5'}"
            made = make(number, path)
            if made is None:  # of those made by hand, no more
                break
            kind, right = made
            say.send((number, kind))
            began = time.monotonic()
            lowered = kind == "no permission" and os.geteuid() == 0
            if lowered:  # root may read everything
                folder.chmod(0o755)
                os.seteuid(65_534)
            try:
                outcome = judge(path, right) if what == "images" else judge_weights(path, light=number % 2 == 1)
            except Exception as error:
                outcome = f"{type(error).__name__}: {str(error)[:300]}"
            if lowered:
                os.seteuid(0)
            if outcome not in ("read", "refused") and path.is_file() and not path.is_symlink():
                (keep / f"{what}-{'hand' if by_hand else seed}-{number}").write_bytes(path.read_bytes())
            say.send((outcome, time.monotonic() - began, peak() - before))
            if path.is_dir() and not path.is_symlink():
                path.rmdir()
            else:
                path.unlink(missing_ok=True)
    say.send(None)


Make = Callable[[int, Path], "tuple[str, Any] | None"]  # writes case so and so; its kind, and the right picture


def pictures(by_hand: bool, seed: int) -> Make:
    good, kinds = hostile.good_pictures(), hostile.pictures_by_hand()
    used = int(Path("/proc/self/statm").read_text().split()[0]) * 4096
    resource.setrlimit(resource.RLIMIT_AS, (used + MEMORY, used + MEMORY))
    return hand(kinds) if by_hand else chance(hostile.bad_picture, good, seed)


def weight_files(by_hand: bool, seed: int, folder: Path) -> Make:
    from sketchback import console
    from sketchback.inference import graphs

    os.environ[graphs.ENVIRONMENT] = str(folder)  # not the user's cache
    console.import_keras()
    good = hostile.good_weights(folder)
    return hand(hostile.weights_by_hand(good["as saved"])) if by_hand else chance(hostile.bad_weights, good, seed)


def hand(kinds: dict[str, list[hostile.Make]]) -> Make:
    made = [(kind, make) for kind, makes in kinds.items() for make in makes]
    return lambda number, path: (made[number][0], made[number][1](path)) if number < len(made) else None


def chance(bad: Callable[..., tuple[str, bytes]], good: Any, seed: int) -> Make:
    def make(number: int, path: Path) -> tuple[str, Any]:
        kind, data = bad(good, seed, number)
        path.write_bytes(data)
        return kind, None

    return make


# ---- in the process that watches


def watch(what: str, by_hand: bool, seed: int, first: int, last: int, options: argparse.Namespace) -> Iterator[tuple]:
    """Runs cases in another process, and yields (kind, number, outcome, seconds, bytes); one that ends is replaced."""
    context = multiprocessing.get_context("spawn")
    while first < last:
        heard, say = context.Pipe(duplex=False)
        process = context.Process(target=work, args=(say, what, by_hand, seed, first, last, options.keep))
        process.start()
        say.close()
        kind = ""
        try:
            while True:
                if not heard.poll(options.seconds if kind else START):
                    raise TimeoutError
                said = heard.recv()
                if said is None:
                    return
                if kind:
                    yield (kind, first, *said)
                    first, kind = first + 1, ""
                else:
                    first, kind = said
        except (EOFError, TimeoutError) as error:
            process.join(0 if isinstance(error, TimeoutError) else None)
            if not kind:
                raise SystemExit(f"the worker ended before a case: status {process.exitcode}") from None
            outcome = "hung" if process.exitcode is None else f"ended its process: {process.exitcode}"
            yield kind, first, outcome, options.seconds, 0
            first += 1
        finally:
            process.kill()
            process.join()


def table(title: str, outcomes: Iterator[tuple]) -> int:
    """Prints what became of the cases, by kind; returns the number of findings."""
    counts: dict[str, Counter[str]] = {}
    slowest, most, findings = 0.0, 0, 0
    for kind, number, outcome, seconds, size in outcomes:
        found = outcome not in ("read", "refused")
        counts.setdefault(kind, Counter())["finding" if found else outcome] += 1
        slowest, most, findings = max(slowest, seconds), max(most, size), findings + found
        if found:
            print(f"FOUND {kind} {number}: {outcome}", file=sys.stderr, flush=True)
    print(f"\n**{title}**\n\n| kind | tried | read | refused in one line | neither |")
    print("| --- | --- | --- | --- | --- |")
    for kind, own in [*sorted(counts.items()), ("all", sum(counts.values(), Counter()))]:
        print(f"| {kind} | {sum(own.values())} | {own['read']} | {own['refused']} | {own['finding']} |")
    print(f"\nSlowest {slowest:.1f} s; most memory {most / 1e6:.0f} MB.", flush=True)
    return findings


def main() -> int:
    made = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    made.add_argument("--images", type=int, default=20_000, help="pictures made by chance (default: 20000)")
    made.add_argument("--weights", type=int, default=2_000, help="weight files made by chance (default: 2000)")
    made.add_argument("--seed", type=int, default=0, help="another one makes other files (default: 0)")
    made.add_argument(
        "--seconds", type=float, default=150.0, help="after which a case counts as hung (default: 150; 120 is refused)"
    )
    made.add_argument("--jobs", type=int, default=1, help="processes at once (default: 1)")
    made.add_argument("--keep", type=Path, default=Path(tempfile.gettempdir()) / "findings", help="what was found")
    made.add_argument("--skip-hand", action="store_true", help="leave out those made by hand")
    options = made.parse_args()
    options.keep.mkdir(parents=True, exist_ok=True)
    findings = 0
    for what, title, count in (("images", "Pictures", options.images), ("weights", "Weight files", options.weights)):
        if not options.skip_hand:
            findings += table(f"{title} made by hand", watch(what, True, options.seed, 0, 10_000, options))
        if count:
            edges = itertools.pairwise(count * job // options.jobs for job in range(options.jobs + 1))
            with ThreadPoolExecutor(options.jobs) as pool:
                run = functools.partial(watch, what, False, options.seed, options=options)
                parts = pool.map(lambda edge, run=run: list(run(first=edge[0], last=edge[1])), edges)
                findings += table(f"{title} made by chance", itertools.chain.from_iterable(parts))
    print(f"\n{findings} findings" + (f", kept in {options.keep}" if findings else ""))
    return 1 if findings else 0


if __name__ == "__main__":
    raise SystemExit(main())
