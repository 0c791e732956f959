"""What all verbs share at the command line."""

from sketchback.console.commands import STOPPED, add_view, one_line, parser, run, size
from sketchback.console.files import add_files, convert
from sketchback.console.progress import Bar, duration
from sketchback.console.quiet import diverted, import_keras

__all__ = [
    "STOPPED",
    "Bar",
    "add_files",
    "add_view",
    "convert",
    "diverted",
    "duration",
    "import_keras",
    "one_line",
    "parser",
    "run",
    "size",
]
