"""The authors' weight files of 2017: as Keras 2 wrote them, generator and VGG in one file."""

from __future__ import annotations

from sketchback.weights import untrusted


def is_2017(contents: untrusted.Contents) -> bool:
    """Whether Keras 2 wrote a file, as it did the authors'."""
    return "layer_names" in contents.lists


def places_2017(contents: untrusted.Contents) -> list[str]:
    """Where an authors' file has its 24 kernels and biases; VGG, a nested group of many arrays, is left out."""
    found: list[str] = []
    for name in contents.lists.get("layer_names", []):
        members = contents.lists.get(f"{name}/weight_names", [])
        if len(members) == 2:
            found += [f"{name}/{member}" for member in members]
    return found
