"""`sketchback VERB ...`, the same as `python -m sketchback.VERB ...`."""

from __future__ import annotations

import importlib
import sys

from sketchback import __version__

VERBS = {
    "sketch": "photographs -> sketches",
    "train": "teach a generator the way back",
    "finetune": "train on from existing weights",
    "invert": "drawings -> photographs",
    "evaluate": "score weights on a test split, baselines beside every score",
    "serve": "the page: draw in a browser, see the photograph",
    "export": "one file for other runtimes: ONNX, OpenVINO, SavedModel, LiteRT",
}


def main(argv: list[str] | None = None) -> int:
    """Calls the verb's own `main` with the rest of the arguments."""
    argv = sys.argv[1:] if argv is None else argv
    if argv and argv[0] in VERBS:
        return importlib.import_module(f"sketchback.{argv[0]}").main(argv[1:])
    if argv and argv[0] == "--version":
        print(f"sketchback {__version__}")
        return 0
    usage = "\n".join(f"  sketchback {verb:9} {text}" for verb, text in VERBS.items())
    if not argv or argv[0] in ("-h", "--help"):
        print(f"sketchback {__version__}: turn sketches back into photographs\n\n{usage}\n")
        print("`sketchback VERB --help` says more.")
        return 0
    print(f"error: a verb must be one of {', '.join(VERBS)}. Received: {argv[0]!r}.", file=sys.stderr)
    return 2


if __name__ == "__main__":
    raise SystemExit(main())
