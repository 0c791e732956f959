"""Photographs and drawings: folders as data sets come, split by person or building, shown in batches.

`find` recognises a folder by its contents.
"""

from sketchback.datasets.examples import Example, fingerprint, is_demo
from sketchback.datasets.sources import as_folders, find, find_all, find_beside, terms
from sketchback.datasets.splits import SPLITS, check_split, subset

__all__ = [
    "SPLITS",
    "Example",
    "as_folders",
    "check_split",
    "find",
    "find_all",
    "find_beside",
    "fingerprint",
    "is_demo",
    "subset",
    "terms",
]
