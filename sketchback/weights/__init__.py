"""Trained weights: find, verify, load, save."""

from sketchback.weights.files import describe, load, read, save
from sketchback.weights.mapping import WeightsError
from sketchback.weights.registry import (
    DEFAULT,
    ENVIRONMENT,
    FAITHFUL,
    SUFFIX,
    SUMS,
    find,
    folders,
    installed,
    names,
    read_sums,
    sampler_of,
    sha256,
    shows,
    takes_tone,
    write_sum,
)

__all__ = [
    "DEFAULT",
    "ENVIRONMENT",
    "FAITHFUL",
    "SUFFIX",
    "SUMS",
    "WeightsError",
    "describe",
    "find",
    "folders",
    "installed",
    "load",
    "names",
    "read",
    "read_sums",
    "sampler_of",
    "save",
    "sha256",
    "shows",
    "takes_tone",
    "write_sum",
]
