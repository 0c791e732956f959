"""Reads thousands of bad files: made by hand, kind by kind, and made by chance from good ones.

    python benchmarks/fuzz.py                              20,000 pictures and 2,000 weight files
    python benchmarks/fuzz.py --images 0 --weights 0       only those made by hand
    python benchmarks/fuzz.py --images 2000 --seed 1       2,000 other pictures, and the same number of weight files

Pictures go through `images.read` and `images.probe`, weight files through `runtime.load`, as `invert` calls them:
every other one into Keras, the rest into the lightest runtime that is installed. A file is handled if it becomes a
right picture (or a generator), or one `ValueError` or `FileNotFoundError` whose message is one line that says what was
received. Anything else is a finding: another exception, a process that ends, a case that takes longer than --seconds.
Each case runs in a process that is watched, with bounded memory, and can be made again from its number; what was found
is kept in --keep. Exit status 1 if anything was found.
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import queue
import selectors
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
import hostile
import numpy as np

from sketchback import images

START = 600.0  # seconds that a process may take to begin
LOSS = 0.08  # of a JPEG, at most
MEMORY = 3 << 30  # bytes of addresses that one picture may take; a legal one of 100 megapixels takes two thirds of it

# ---- one case


def judge(path: Path, right: object = None) -> str:
    """Reads a picture as `invert` does: "read", "refused", or what is wrong."""
    try:
        seen = images.read(path, channels=3)
        height, width = images.probe(path)
    except (ValueError, FileNotFoundError) as error:
        if right is not None:
            return f"refused, though it is right: {error}"
        return _one_line(error)
    if seen.dtype != np.float32 or seen.ndim != 3 or not (seen.min() >= 0 and seen.max() <= 1):
        return f"wrong: {seen.dtype} {seen.shape} from {seen.min()} to {seen.max()}"
    if right is not None and (seen.shape != right.shape or np.abs(seen - right).max() > LOSS):
        return f"wrong: not the picture, {seen.shape} instead of {right.shape}"
    return "read" if right is None or seen.shape[:2] == (height, width) else f"wrong: probed {height} x {width}"


def judge_weights(path: Path, light: bool) -> str:
    """Loads weights: "read", "refused", or what is wrong."""
    from sketchback.inference import runtime

    try:
        generator = runtime.load(path, "auto" if light else "keras")
    except (ValueError, FileNotFoundError) as error:
        return _one_line(error)
    if isinstance(generator, runtime.LightGenerator):
        return "read"
    import keras

    keras.backend.clear_session()
    return "read" if all(np.isfinite(array).all() for array in generator.get_weights()) else "wrong: not finite"


def _one_line(error: Exception) -> str:
    message = str(error)
    fine = "\n" not in message and len(message) < 2000 and ("Received" in message or "names an architecture" in message)
    return "refused" if fine else f"wrong message: {message[:300]!r}"


def work(what: str, by_hand: bool, seed: int, first: int, last: int, keep: Path) -> None:
    """Runs cases in this process, which another watches: a line before each, and a line after."""
    import resource

    def say(**facts: object) -> None:
        print(json.dumps(facts), flush=True)

    pictures = what == "images"
    with tempfile.TemporaryDirectory(dir="/dev/shm" if Path("/dev/shm").is_dir() else None) as temporary:
        folder = Path(temporary)
        if not pictures:
            from sketchback import console
            from sketchback.inference import graphs

            os.environ[graphs.ENVIRONMENT] = str(folder)  # not the user's cache
            console.import_keras()
        good = hostile.good_pictures() if pictures else hostile.good_weights(folder)
        made = []
        if by_hand:
            kinds = hostile.pictures_by_hand() if pictures else hostile.weights_by_hand(good["as saved"])
            made = [(kind, make) for kind, makes in kinds.items() for make in makes]
            last = min(last, len(made))
        if pictures:
            used = int(Path("/proc/self/statm").read_text().split()[0]) * 4096
            resource.setrlimit(resource.RLIMIT_AS, (used + MEMORY, used + MEMORY))
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        for number in range(first, last):
            path = folder / f"{number}.{'png' if pictures else 'weights.h5'}"
            right = None
            if by_hand:
                kind, make = made[number]
                right = make(path)
            else:
                kind, data = (hostile.bad_picture if pictures else hostile.bad_weights)(good, seed, number)
                path.write_bytes(data)
            say(number=number, kind=kind)
            began = time.monotonic()
            lowered = kind == "no permission" and os.geteuid() == 0
            if lowered:  # root may read everything
                folder.chmod(0o755)
                os.seteuid(65_534)
            try:
                outcome = judge(path, right) if pictures else judge_weights(path, light=number % 2 == 1)
            except Exception as error:
                outcome = f"{type(error).__name__}: {str(error)[:300]}"
            if lowered:
                os.seteuid(0)
            peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
            if outcome not in ("read", "refused") and path.is_file() and not path.is_symlink():
                (keep / f"{what}-{'hand' if by_hand else seed}-{number}").write_bytes(path.read_bytes())
            say(number=number, outcome=outcome, seconds=time.monotonic() - began, peak=peak * 1024)
            if path.is_dir() and not path.is_symlink():
                path.rmdir()
            else:
                path.unlink(missing_ok=True)
    say(over=True)


# ---- all cases


def results(
    what: str, by_hand: bool, seed: int, total: int, seconds: float, keep: Path, jobs: int = 1
) -> Iterator[dict]:
    """What became of each case; `jobs` processes at once, each with its part of them."""
    edges = [total * job // jobs for job in range(jobs + 1)]
    found: queue.Queue[dict | BaseException | None] = queue.Queue()

    def run(first: int, last: int) -> None:
        try:
            for result in part(what, by_hand, seed, first, last, seconds, keep):
                found.put(result)
            found.put(None)
        except BaseException as error:
            found.put(error)

    threads = [threading.Thread(target=run, args=edge, daemon=True) for edge in itertools.pairwise(edges)]
    for thread in threads:
        thread.start()
    while jobs:
        result = found.get()
        if isinstance(result, BaseException):
            raise result
        if result is None:
            jobs -= 1
        else:
            yield result


def part(what: str, by_hand: bool, seed: int, first: int, total: int, seconds: float, keep: Path) -> Iterator[dict]:
    """Runs cases in a process of their own. One that ends or hangs is replaced."""
    while first < total:
        command = [
            sys.executable,
            __file__,
            "--worker",
            what,
            "--seed",
            str(seed),
            "--from",
            str(first),
            "--cases",
            str(total),
            "--keep",
            str(keep),
            *(["--by-hand"] if by_hand else []),
        ]
        process = subprocess.Popen(command, stdout=subprocess.PIPE)
        case, over = {}, False
        for line in _lines(process, seconds):
            facts = json.loads(line)
            over = "over" in facts
            if "kind" in facts:
                case = facts
            elif not over:
                yield {**case, **facts}
                first, case = facts["number"] + 1, {}
        ended = process.poll()
        process.kill()
        process.wait()
        if over:
            return
        if not case:
            raise SystemExit(f"the worker ended before a case: status {ended}")
        yield {
            **case,
            "outcome": "hung" if ended is None else f"ended its process: {ended}",
            "seconds": seconds,
            "peak": 0,
        }
        first = case["number"] + 1


def _lines(process: subprocess.Popen, seconds: float) -> Iterator[bytes]:
    """Lines of a process until it ends, or says nothing for so many seconds; it may take longer to begin."""
    rest, patience = b"", START
    with selectors.DefaultSelector() as selector:
        selector.register(process.stdout, selectors.EVENT_READ)
        while selector.select(patience):
            block = os.read(process.stdout.fileno(), 1 << 16)
            if not block:
                process.wait()
                return
            patience = seconds
            *lines, rest = (rest + block).split(b"\n")
            yield from lines


def table(title: str, outcomes: Iterator[dict]) -> list[dict]:
    """Prints what became of the cases, by kind; returns the findings."""
    counts: dict[str, Counter[str]] = {}
    findings: list[dict] = []
    slowest, peak, number = 0.0, 0, 0
    for number, result in enumerate(outcomes, start=1):
        outcome = result["outcome"] if result["outcome"] in ("read", "refused") else "finding"
        counts.setdefault(result["kind"], Counter())[outcome] += 1
        slowest, peak = max(slowest, result["seconds"]), max(peak, result["peak"])
        if outcome == "finding":
            findings.append(result)
            print(f"FOUND {result['kind']} {result['number']}: {result['outcome']}", file=sys.stderr, flush=True)
        if number % 100 == 0:
            print(f"{title}: {number}", file=sys.stderr, flush=True)
    if number:
        print(f"\n**{title}**\n\n| kind | tried | read | refused in one line | neither |")
        print("| --- | --- | --- | --- | --- |")
        for kind, own in [*sorted(counts.items()), ("all", sum(counts.values(), Counter()))]:
            print(f"| {kind} | {sum(own.values())} | {own['read']} | {own['refused']} | {own['finding']} |")
        print(f"\nSlowest {slowest:.1f} s; most memory {peak / 1e6:.0f} MB.", flush=True)
    return findings


def main() -> int:
    made = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    made.add_argument("--images", type=int, default=20_000, help="pictures made by chance (default: 20000)")
    made.add_argument("--weights", type=int, default=2_000, help="weight files made by chance (default: 2000)")
    made.add_argument("--seed", type=int, default=0, help="another one makes other files (default: 0)")
    made.add_argument(
        "--seconds",
        type=float,
        default=150.0,
        help="after which a case counts as hung (default: 150; hdf5.py gives up after 120)",
    )
    made.add_argument("--jobs", type=int, default=1, help="processes at once (default: 1)")
    made.add_argument(
        "--keep",
        type=Path,
        default=Path(tempfile.gettempdir()) / "findings",
        help="a folder for the files that were found wanting (default: %(default)s)",
    )
    made.add_argument("--skip-hand", action="store_true", help="leave out those made by hand")
    for name in ("--worker", "--from", "--cases", "--by-hand"):  # how a watched process is called
        made.add_argument(name, help=argparse.SUPPRESS, **({"action": "store_true"} if name == "--by-hand" else {}))
    arguments = made.parse_args()
    arguments.keep.mkdir(parents=True, exist_ok=True)
    if arguments.worker:
        work(
            arguments.worker,
            arguments.by_hand,
            arguments.seed,
            int(vars(arguments)["from"]),
            int(arguments.cases),
            arguments.keep,
        )
        return 0
    findings = []
    for what, count in (("images", arguments.images), ("weights", arguments.weights)):
        for by_hand in (False,) if arguments.skip_hand else (True, False):
            title = f"{'Pictures' if what == 'images' else 'Weight files'} made {'by hand' if by_hand else 'by chance'}"
            total = 10_000 if by_hand else count
            if total:
                jobs = 1 if by_hand else arguments.jobs
                findings += table(
                    title, results(what, by_hand, arguments.seed, total, arguments.seconds, arguments.keep, jobs)
                )
    print(f"\n{len(findings)} findings" + (f", kept in {arguments.keep}" if findings else ""))
    return 1 if findings else 0


if __name__ == "__main__":
    raise SystemExit(main())
