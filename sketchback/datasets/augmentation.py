"""Small random changes to training pairs, with imgaug: photograph and sketch always move together.

Geometry (flip, rotation, shear, perspective, crop) moves both; colour, blur and noise change the photograph alone,
because a drawing of the same scene in other light is the same drawing. Where the frame leaves the picture, both are
continued by reflection: there are no black corners, and every line keeps its counterpart.

imgaug 0.4.0 (2020) is the last release. It reads a name that NumPy 2 no longer has; `augment` imports it at first use
and sees to that.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from types import ModuleType
from typing import Any

import numpy as np

from sketchback.extras import install

NO_AUGMENTATION = "none"

_import_lock = threading.Lock()
_augmenters_of_thread = threading.local()


def _faces(iaa: ModuleType) -> tuple[Any, Any]:
    # No flip: `View.see` mirrors, so that the rate of mirroring is set in one place.
    geometry = iaa.Affine(
        rotate=(-5, 5),
        scale=(0.92, 1.1),
        translate_percent={"x": (-0.04, 0.04), "y": (-0.04, 0.04)},
        mode="reflect",
    )
    # Milder than buildings: the tone of skin cannot be read from a drawing, so varying it blurs what is learnt.
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


_KINDS: dict[str, Callable[[ModuleType], tuple[Any, Any]]] = {"faces": _faces, "buildings": _buildings}
AUGMENTATIONS = (NO_AUGMENTATION, *_KINDS)


def augment(
    photo: np.ndarray, sketch: np.ndarray | None, *, kind: str, seed: int
) -> tuple[np.ndarray, np.ndarray | None]:
    """Changes a photograph and its sketch at random, the same way for both where they must agree.

    The change depends on `kind`, `seed` and the size alone, not on the thread or on earlier calls. (Another release of
    OpenCV interpolates a little differently.) The kinds:

    - `"none"`: both come back as they are, the same arrays; imgaug is not needed.
    - `"faces"`: rotation up to 5 degrees, shift up to 4 % of the side, scale 0.92 to 1.1, mild contrast and
      brightness; no flip.
    - `"buildings"`: flip of half of the pictures, rotation up to 5 degrees, shear, perspective, crop; contrast,
      brightness, hue, saturation, blur, noise.

    Args:
        photo: `(H, W, 3)` RGB, float in [0, 1]; values outside are clipped.
        sketch: `(H, W, 1)`, float in [0, 1], paper = 1; None where it will be drawn from the changed photograph.
        kind: One of `AUGMENTATIONS`.
        seed: A whole number of at least 0.

    Returns:
        `(photo, sketch)` of the size given, float32 in [0, 1]; `sketch` is None where it was None. The photograph is
        rounded to whole 255ths once (imgaug changes colour on 8 bits), the sketch not at all.

    Raises:
        ValueError: The kind is unknown, the seed negative, an array of another shape or of integers, or the sketch of
            another size than its photograph.
        ImportError: imgaug is not installed.

    Source: imgaug 0.4.0 (Jung et al., https://github.com/aleju/imgaug).

    >>> photo, sketch = np.full((32, 40, 3), 0.5, np.float32), np.ones((32, 40, 1), np.float32)
    >>> new_photo, new_sketch = augment(photo, sketch, kind="buildings", seed=3)
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
    if kind == NO_AUGMENTATION:
        return photo, sketch

    geometry, colour = _augmenters(kind)
    # With one seed for both, the n-th augmenter of geometry and of colour would start from the same random state.
    geometry_seed, colour_seed = np.random.SeedSequence(int(seed)).spawn(2)

    if sketch is not None:
        sketch = _move(sketch, geometry, geometry_seed)
    photo = np.rint(_move(photo, geometry, geometry_seed) * 255.0).astype(np.uint8)
    colour.seed_(colour_seed)
    return colour.augment_image(photo).astype(np.float32) / 255.0, sketch


def _move(image: np.ndarray, geometry: Any, seed: np.random.SeedSequence) -> np.ndarray:
    # What is sampled depends on height and width only, so one seed moves photograph and sketch alike. As one image of
    # four channels they would move alike too, but slower: imgaug's Affine warps more than three channels one by one.
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
    own = _augmenters_of_thread.__dict__
    if kind not in own:
        own[kind] = _KINDS[kind](_imgaug())
    return own[kind]


def _imgaug() -> ModuleType:
    """imgaug's augmenters, imported while NumPy 2 has for a moment the name that imgaug misses.

    `np.sctypes` is read once, at import. `np.bool` (absent from NumPy 1.24 to 1.26) is read when called, by `SomeOf`,
    `OneOf` and polygons only: use none of these above. Nor `ElasticTransformation`, which fails on NumPy 2.
    """
    with _import_lock:
        missing = not hasattr(np, "sctypes")
        if missing:
            vars(np)["sctypes"] = {
                "int": [np.int8, np.int16, np.int32, np.int64],
                "uint": [np.uint8, np.uint16, np.uint32, np.uint64],
                "float": [np.float16, np.float32, np.float64, np.longdouble],
            }
        try:
            import imgaug.augmenters as iaa
        except ModuleNotFoundError as error:
            raise ImportError(
                f"Augmentation needs imgaug. Received: {error}. Run `{install()}` or pass kind='none'."
            ) from error
        finally:
            if missing:
                del vars(np)["sctypes"]
    return iaa
