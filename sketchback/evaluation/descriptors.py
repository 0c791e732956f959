"""What compares faces: a picture becomes a vector, and two vectors have a distance.

`hog` is a plain description of edges that knows nothing of faces. `dlib` is the face recogniser of the dlib library
(King 2017; models in the public domain, CC0): a detector, 5 landmarks, and a ResNet made for photographs. Its models
travel in the PyPI package `face-recognition-models`; the 68 landmarks in there, whose data are non-commercial, are
never opened.
"""

from __future__ import annotations

import functools
import importlib.util
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import cv2
import numpy as np

from sketchback import extras, images

Bounds = tuple[float, float, float, float]

# Top, bottom, left, right as shares of the picture. The inner face is rows 95:200 and columns 45:155 of CUFS's
# 250 x 200: from the brows to below the mouth, without hair, ears, outline and backdrop.
REGIONS: dict[str, Bounds] = {
    "inner face": (95 / 250, 200 / 250, 45 / 200, 155 / 200),
    "whole face": (0.0, 1.0, 0.0, 1.0),
}
PACKAGE = "face_recognition_models"
RESNET, LANDMARKS = "dlib_face_recognition_resnet_model_v1.dat", "shape_predictor_5_face_landmarks.dat"


class DescriptorError(ValueError):
    """What a descriptor needs is not installed."""


class Descriptor(NamedTuple):
    """A way to compare faces.

    Attributes:
        regions: The regions of a picture that it describes, as in `REGIONS`.
        describe: A picture, cropped to a region, `(H, W, C)` float in [0, 1] -> a vector of one size, and whether a
            face was found in it.
        distance: Vectors `(N, D)` and `(M, D)` -> how far apart they are, `(N, M)`; smaller is more alike.
    """

    regions: Mapping[str, Bounds]
    describe: Callable[[np.ndarray], tuple[np.ndarray, bool]]
    distance: Callable[[np.ndarray, np.ndarray], np.ndarray]


def crop(image: np.ndarray, bounds: Bounds) -> np.ndarray:
    """Cuts a region out of a picture.

    Args:
        image: `(H, W, C)` or `(H, W)`.
        bounds: Top, bottom, left, right as shares of the height and width, as in `REGIONS`.

    Returns:
        A view of `image`, whose edges lie at the nearest whole pixels.

    >>> crop(np.zeros((250, 200, 3)), REGIONS["inner face"]).shape
    (105, 110, 3)
    """
    (height, width), (top, bottom, left, right) = image.shape[:2], bounds
    return image[round(top * height) : round(bottom * height), round(left * width) : round(right * width)]


def hog(image: np.ndarray) -> np.ndarray:
    """Histograms of oriented gradients (Dalal and Triggs, CVPR 2005), at scikit-image's defaults but for the cells.

    The luminance in 8 bits, resized to 96 x 96, 9 orientations in 8 x 8 cells of 12 x 12 pixels, blocks of 2 x 2
    cells (L2-Hys), unit length. Of the 100 test sketches of CUFS this puts the right photograph at rank 1 for 99 by the
    whole face and for 60 by the inner face. The resize is part of these figures: it is bilinear between pixels,
    OpenCV's INTER_LINEAR, which does not average where it shrinks. With INTER_AREA, which `images.resize` takes, they
    are 100 and 61, with cubic interpolation 95 and 63. How luminance is rounded, or taken from colour sketches, does
    not move them.

    Args:
        image: `(H, W, 3)` or `(H, W, 1)` float in [0, 1], already cropped.

    Returns:
        `(1764,)` float32 of length 1; all zeros for a blank picture, which resembles no other.
    """
    from skimage.feature import hog as histograms  # takes most of a second to import

    gray = cv2.resize(images.to_uint8(images.to_gray(image)), (96, 96), interpolation=cv2.INTER_LINEAR)
    vector = histograms(gray, orientations=9, pixels_per_cell=(12, 12), cells_per_block=(2, 2))
    return (vector / (np.linalg.norm(vector) or 1.0)).astype(np.float32)


def cosine(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """1 minus the cosine of vectors of length 1 (or 0)."""
    return 1.0 - a @ b.T


def euclidean(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """The length of the difference of each vector of `a` and each of `b`."""
    squares = np.square(a).sum(axis=1)[:, np.newaxis] + np.square(b).sum(axis=1) - 2.0 * a @ b.T
    return np.sqrt(np.maximum(squares, 0.0))  # rounding may fall below 0


@functools.cache
def _models(package: str) -> tuple[Any, Any, Any]:
    """dlib's detector, landmarks and recogniser, from the package that holds their weights."""
    specification = importlib.util.find_spec(package)  # importing it would need setuptools
    folders = list(specification.submodule_search_locations or ()) if specification else []
    try:
        import dlib
    except ImportError:
        folders = []
    if not folders:
        raise DescriptorError(
            "The descriptor dlib needs the packages dlib-bin and face-recognition-models, and they are not installed: "
            f"{extras.install('identify')} (105 MB). The descriptor hog needs nothing."
        )
    landmarks, resnet = (str(Path(folders[0], "models", name)) for name in (LANDMARKS, RESNET))
    return dlib.get_frontal_face_detector(), dlib.shape_predictor(landmarks), dlib.face_recognition_model_v1(resnet)


def recognised(image: np.ndarray) -> tuple[np.ndarray, bool]:
    """dlib's 128 numbers for the largest face that its detector finds in a picture enlarged twice.

    Where it finds none, as in some drawings, the whole picture is taken for the face, and the second value is False.

    Args:
        image: `(H, W, 3)` or `(H, W, 1)` float in [0, 1].

    Returns:
        `(128,)` float64, and whether a face was found. By dlib's own threshold two photographs less than 0.6 apart
        (Euclidean) show one person.

    Raises:
        DescriptorError: dlib or its models are not installed.
    """
    detector, landmarks, resnet = _models(PACKAGE)
    import dlib

    pixels = images.to_uint8(np.repeat(image, 3, axis=-1) if image.shape[-1] == 1 else image)
    pixels = np.ascontiguousarray(pixels)
    faces = detector(pixels, 1)
    whole = dlib.rectangle(0, 0, pixels.shape[1] - 1, pixels.shape[0] - 1)
    largest = max(faces, key=lambda face: face.area(), default=whole)
    return np.array(resnet.compute_face_descriptor(pixels, landmarks(pixels, largest))), bool(faces)


def _hog() -> Descriptor:
    return Descriptor(REGIONS, lambda image: (hog(image), True), cosine)


def _dlib() -> Descriptor:
    _models(PACKAGE)  # not after the first pictures are read
    return Descriptor({"face": (0.0, 1.0, 0.0, 1.0)}, recognised, euclidean)


# Name -> what makes it ready.
DESCRIPTORS: dict[str, Callable[[], Descriptor]] = {"hog": _hog, "dlib": _dlib}
