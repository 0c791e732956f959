"""The weights that the page offers: where they are, and what it says of each."""

from __future__ import annotations

from pathlib import Path

from sketchback import weights

TITLES = {  # others are called by their names
    "faces-tone": "Faces",
    "faces": "Faces, softer",
    "faces-unet": "Faces, second opinion",
}
ABOUT = {
    "faces-tone": "Portraits from the front, drawn in any way; skin, hair, backdrop and light can be told.",
    "faces": "An earlier training of the same network: softer, nearer to the mean, and takes no colours.",
    "faces-unet": "Another network that learnt faces, in less time: to compare with; takes no colours.",
    "buildings": "Houses and façades; sky, wall, ground and light can be told.",
}


def find(given: str | Path | None = None) -> dict[str, Path]:
    """The weights that may be asked for by name: the file that was given, and those that are installed.

    Args:
        given: A name or a file, as `weights.find` takes it. A file is known by its name without the suffix.

    Returns:
        Name -> file, `given` first.

    Raises:
        FileNotFoundError: There is nothing at `given`, or there are no weights at all.
    """
    found: dict[str, Path] = {}
    if given is not None:
        path = weights.find(given).resolve()
        found[path.name.removesuffix(weights.SUFFIX)] = path
    for name in weights.names():
        installed = weights.installed(name)
        if installed is not None:
            found.setdefault(name, installed)
    if not found:
        raise FileNotFoundError("There must be weights to choose from. Received: none. Train some: sketchback.train.")
    return found


def title(name: str) -> str:
    """A name as people read it.

    >>> title("faces-tone"), title("my-old_houses")
    ('Faces', 'My old houses')
    """
    return TITLES.get(name) or (name.replace("-", " ").replace("_", " ").strip().capitalize() or name)
