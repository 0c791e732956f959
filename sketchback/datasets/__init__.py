"""Photographs and drawings: folders as data sets come, split by person, shown in batches.

`find` recognises a folder by its layout; `batches` and `augmentation`, which need Keras and imgaug, are imported apart.
"""

from sketchback.datasets.examples import Example
from sketchback.datasets.sources import DEMOS, find, find_all, fingerprint, is_demo, terms
from sketchback.datasets.splits import SPLITS, subset

__all__ = ["DEMOS", "SPLITS", "Example", "find", "find_all", "fingerprint", "is_demo", "subset", "terms"]
