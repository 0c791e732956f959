"""Small random changes to training pairs, with imgaug: photograph and sketch always move together.

Geometry (flip, rotation, shear, perspective, crop) moves both; colour, blur and noise touch the photograph
alone, because a drawing of the same scene in other light is the same drawing. Where the frame leaves the
picture, both are continued by reflection: there are no black corners, and every line keeps its counterpart.

imgaug 0.4.0 (2020) is the last release. It reads a name that NumPy 2 no longer has; `augment` imports it at
first use and sees to that.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from types import ModuleType
from typing import Any

import numpy as np

_IMPORTING = threading.Lock()
_OF_THIS_THREAD = threading.local()


def _faces(iaa: ModuleType) -> tuple[Any, Any]:
    # No flip: `batches` mirrors faces, so that the rate of mirroring is set in one place.
    geometry = iaa.Affine(
        rotate=(-5, 5),
        scale=(0.92, 1.1),
        translate_percent={"x": (-0.04, 0.04), "y": (-0.04, 0.04)},
        mode="reflect",
    )
    # Milder than buildings: the tone of skin cannot be read from a drawing, so varying it blurs the goal.
    colour = iaa.Sequential([iaa.LinearContrast((0.9, 1.1)), iaa.Multiply((0.93, 1.07))])
    return geometry, colour


def _buildings(iaa: ModuleType) -> tuple[Any, Any]:
    # Each warp resamples and softens a little: rotation and shear share one, the other two are not always on.
    geometry = iaa.Sequential(
        [
            iaa.Fliplr(0.5),
            iaa.Affine(rotate=(-5, 5), shear={"x": (-6, 6), "y": (-3, 3)}, scale=(1.0, 1.1), mode="reflect"),
            iaa.Sometimes(0.5, iaa.PerspectiveTransform(scale=(0.01, 0.05), keep_size=True)),
            iaa.Sometimes(0.5, iaa.Crop(percent=(0, 0.1), keep_size=True)),
        ]
    )
    # Hue and saturation count in imgaug's 255 steps: 6 of them are 8 degrees of hue.
    # Blur and noise are faint because the photograph is what the network learns to produce.
    colour = iaa.Sequential(
        [
            iaa.LinearContrast((0.85, 1.15)),
            iaa.Multiply((0.9, 1.1)),
            iaa.AddToHueAndSaturation(value_hue=(-6, 6), value_saturation=(-25, 25)),
            iaa.Sometimes(0.3, iaa.GaussianBlur((0.3, 0.8))),
            iaa.Sometimes(0.3, iaa.AdditiveGaussianNoise(scale=(0.0, 0.02 * 255))),
        ]
    )
    return geometry, colour


AUGMENTATIONS: dict[str, Callable[[ModuleType], tuple[Any, Any]] | None] = {
    "none": None,
    "faces": _faces,
    "buildings": _buildings,
}


def augment(photo: np.ndarray, sketch: np.ndarray | None, kind: str, seed: int) -> tuple[np.ndarray, np.ndarray | None]:
    """Changes a photograph and its sketch at random, the same way for both where they must agree.

    The change depends on `kind`, `seed` and the size alone, not on the thread or on earlier calls. (Another
    release of OpenCV interpolates a little differently.) The kinds:

    - `"none"`: both come back as they are, the same arrays; imgaug is not needed.
    - `"faces"`: rotation up to 5 degrees, shift up to 4 % of the side, scale 0.92 to 1.1, mild contrast and
      brightness. No flip: `batches` does it.
    - `"buildings"`: flip in half of all cases, rotation up to 5 degrees, shear, perspective, crop; contrast,
      brightness, hue, saturation, blur, noise. Since it flips, nobody else should.

    Args:
        photo: photograph, (H, W, 3), float RGB in [0, 1]; values outside are clipped.
        sketch: its sketch, (H, W, 1), float in [0, 1], paper = 1; or None where the sketch will be drawn from
            the changed photograph.
        kind: one of the keys of `AUGMENTATIONS`.
        seed: a whole number of at least 0.

    Returns:
        `(photo, sketch)` of the size given, float32 in [0, 1]; `sketch` is None where it was None. The
        photograph is rounded to whole 255ths once (imgaug changes colour on 8 bits), the sketch not at all.

    Raises:
        ValueError: for an unknown `kind`, a negative `seed`, arrays of another shape or of integers, or a
            sketch of another size than its photograph.
        ImportError: if imgaug is not installed.

    Source: imgaug 0.4.0 (Jung et al., https://github.com/aleju/imgaug), augmenters named in `AUGMENTATIONS`.

    Example:
        >>> photo, sketch = np.full((32, 40, 3), 0.5, np.float32), np.ones((32, 40, 1), np.float32)
        >>> new_photo, new_sketch = augment(photo, sketch, "buildings", seed=3)
        >>> new_photo.shape, new_sketch.shape, float(new_sketch.min())
        ((32, 40, 3), (32, 40, 1), 1.0)
    """
    if kind not in AUGMENTATIONS:
        raise ValueError(
            f"`kind` must be one of {', '.join(map(repr, AUGMENTATIONS))}. Received: kind={kind!r}. "
            "Choose 'none' for no change."
        )
    if not isinstance(seed, (int, np.integer)) or seed < 0:
        raise ValueError(
            f"`seed` must be a whole number of at least 0. Received: seed={seed!r}. "
            "Use, for example, the index of the example."
        )
    _check(photo, sketch)
    if AUGMENTATIONS[kind] is None:
        return photo, sketch

    geometry, colour = _augmenters(kind)
    # Seeded alike, the n-th augmenter of geometry and of colour would start from one random state.
    geometry_seed, colour_seed = np.random.SeedSequence(int(seed)).spawn(2)

    if sketch is not None:
        sketch = _move(sketch, geometry, geometry_seed)
    photo = np.rint(_move(photo, geometry, geometry_seed) * 255.0).astype(np.uint8)
    colour.seed_(colour_seed)
    return colour.augment_image(photo).astype(np.float32) / 255.0, sketch


def _move(image: np.ndarray, geometry: Any, seed: np.random.SeedSequence) -> np.ndarray:
    # Draws depend on height and width only, so from one seed photograph and sketch move alike. As one image
    # of four channels they would too, but slower: imgaug's Affine warps more than three channels one by one.
    geometry.seed_(seed)
    moved = geometry.augment_image(np.ascontiguousarray(image, np.float32))
    return np.clip(np.ascontiguousarray(moved), 0.0, 1.0)


def _check(photo: np.ndarray, sketch: np.ndarray | None) -> None:
    if photo.ndim != 3 or photo.shape[2] != 3 or not np.issubdtype(photo.dtype, np.floating):
        raise ValueError(
            "`photo` must be (H, W, 3), float RGB in [0, 1]. "
            f"Received: shape={photo.shape}, dtype={photo.dtype}. Read it with `sketchback.images`."
        )
    if sketch is None:
        return
    if sketch.ndim != 3 or sketch.shape[2] != 1 or not np.issubdtype(sketch.dtype, np.floating):
        raise ValueError(
            "`sketch` must be (H, W, 1), float in [0, 1], paper = 1, or None. "
            f"Received: shape={sketch.shape}, dtype={sketch.dtype}. Read it with `sketchback.images`."
        )
    if sketch.shape[:2] != photo.shape[:2]:
        raise ValueError(
            "`photo` and `sketch` must have one size. "
            f"Received: photo {photo.shape[:2]}, sketch {sketch.shape[:2]} (height, width). Resize one."
        )


def _augmenters(kind: str) -> tuple[Any, Any]:
    """This thread's own (geometry, colour): an augmenter carries its random state, so none is shared."""
    own = _OF_THIS_THREAD.__dict__
    if kind not in own:
        own[kind] = AUGMENTATIONS[kind](_imgaug())
    return own[kind]


def _imgaug() -> ModuleType:
    """imgaug's augmenters, imported with the name it misses on NumPy 2 put back, and taken away again.

    `np.sctypes` is read once, at import. `np.bool` (absent from NumPy 1.24 to 1.26) is read when called, by
    `SomeOf`, `OneOf` and polygons only: use none of these above. Nor `ElasticTransformation`, which fails on
    NumPy 2.
    """
    with _IMPORTING:
        missing = not hasattr(np, "sctypes")
        if missing:
            np.sctypes = {
                "int": [np.int8, np.int16, np.int32, np.int64],
                "uint": [np.uint8, np.uint16, np.uint32, np.uint64],
                "float": [np.float16, np.float32, np.float64, np.longdouble],
            }
        try:
            import imgaug.augmenters as iaa
        except ModuleNotFoundError as error:
            raise ImportError(
                f"Augmentation needs imgaug. Received: {error}. Run `pip install imgaug` or pass kind='none'."
            ) from error
        finally:
            if missing:
                del np.sctypes
    return iaa
