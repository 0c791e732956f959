"""Where parameters lie in an `.h5`, and what is refused before one of them is used."""

from __future__ import annotations

from pathlib import Path

import h5py
import numpy as np
import pytest

from sketchback import models
from sketchback.weights import mapping, untrusted
from sketchback.weights.mapping import WeightsError

SMALL = {
    "scribbler": {"width": 2, "halvings": 2, "blocks": 1, "normalisation": "batch"},
    "sketchback2017": {},
    "unet_resnet": {"width": 1},
}
PATH = Path("a.weights.h5")
PLACES, SHAPES = ["layers/one/vars/0", "layers/one/vars/1"], [(3, 3, 1, 2), (2,)]


@pytest.mark.parametrize("architecture", list(models.ARCHITECTURES))
def test_places_are_where_keras_stores(architecture: str, tmp_path: Path) -> None:
    generator, rng = models.build(architecture, **SMALL.get(architecture, {})), np.random.default_rng(0)
    generator.set_weights([rng.random(array.shape, np.float32) for array in generator.get_weights()])
    generator.save_weights(tmp_path / PATH)
    places, shapes = mapping.places(generator), mapping.shapes(generator)
    with h5py.File(tmp_path / PATH) as file:
        for place, shape, array in zip(places, shapes, generator.get_weights(), strict=True):
            assert shape == array.shape
            np.testing.assert_array_equal(file[place][()], array)


def contents(**changes: np.ndarray | None) -> untrusted.Contents:
    arrays = {place: np.ones(shape, np.float32) for place, shape in zip(PLACES, SHAPES, strict=True)}
    arrays |= {f"layers/one/vars/{name[1:]}": array for name, array in changes.items()}
    return untrusted.Contents(
        {}, {}, {place: array for place, array in arrays.items() if array is not None}, {"layers/one/vars/1": "a link"}
    )


def ordered(found: untrusted.Contents) -> list[np.ndarray]:
    return mapping.ordered(PATH, found, "scribbler", PLACES, SHAPES)


def test_any_precision_becomes_float32() -> None:
    bias = np.array([0.1, -2.5])
    for kind in (np.float16, np.float32, np.float64):
        array = ordered(contents(_1=bias.astype(kind)))[1]
        assert array.dtype == np.float32
        np.testing.assert_array_equal(array, bias.astype(kind).astype(np.float32))


@pytest.mark.parametrize(
    ("found", "said"),
    [
        (contents(_1=None), "at layers/one/vars/1. Received: a link."),
        (contents(_0=None), "at layers/one/vars/0. Received: nothing."),
        (contents(_0=np.ones((1, 3, 3, 2), np.float32)), r"vars/0 must be \(3, 3, 1, 2\). Received: \(1, 3, 3, 2\)."),
        (contents(_1=np.float32([0, np.nan])), "NaN or infinity at layers/one/vars/1."),
        (contents(_1=np.float64([0, 1e300])), "NaN or infinity at layers/one/vars/1."),  # float32 does not hold it
    ],
    ids=["link", "missing", "shape", "nan", "too large"],
)
def test_what_is_refused(found: untrusted.Contents, said: str) -> None:
    with pytest.raises(WeightsError, match=f"^a.weights.h5 .*{said}"):
        ordered(found)


def test_parameters_are_counted() -> None:
    mapping.check_count(PATH, contents(), "scribbler", 20)
    for claimed in (19, 21):
        with pytest.raises(WeightsError, match=rf"the {claimed} parameters of scribbler .* Received: 20, and a link"):
            mapping.check_count(PATH, contents(), "scribbler", claimed)
    mapping.check_count(PATH, contents(), "scribbler", 19, or_more=True)
    with pytest.raises(WeightsError, match="at least 21 parameters .* Received: 20"):
        mapping.check_count(PATH, contents(), "scribbler", 21, or_more=True)
