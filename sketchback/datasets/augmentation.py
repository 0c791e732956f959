"""Small random changes to training pairs: photograph and sketch always move together.

Geometry (flip, rotation, shear, perspective, crop) moves both, in one warp: each warp softens, and what is learnt is
as sharp as the photographs that are shown. Colour, by imgaug, changes the photograph alone, because a drawing of the
same scene in other light is the same drawing. Where the frame leaves the picture, both are continued by reflection:
there are no black corners, and every line keeps its counterpart.

imgaug 0.4.0 (2020) is the last release. It reads a name that NumPy 2 no longer has; `augment` imports it at first use
and sees to that.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from types import ModuleType
from typing import Any, NamedTuple

import cv2
import numpy as np

from sketchback.extras import install

NO_AUGMENTATION = "none"
SQUARE = np.array([[-0.5, -0.5], [0.5, -0.5], [0.5, 0.5], [-0.5, 0.5]])  # its corners, x and y

_import_lock = threading.Lock()
_colours_of_thread = threading.local()


class _Geometry(NamedTuple):
    """How far a picture is moved at most; shares are of its sides, angles in degrees."""

    scale: tuple[float, float]
    rotation: float = 5.0
    shear: tuple[float, float] = (0.0, 0.0)  # along x, along y
    shift: float = 0.0
    crop: float = 0.0  # of half of the pictures: from each side
    perspective: float = 0.0  # likewise: the deviation of each corner, at most
    flip: bool = False


# No flip of faces: `View.see` mirrors, so that the rate of mirroring is set in one place.
_GEOMETRY = {
    "faces": _Geometry(scale=(0.92, 1.1), shift=0.04),
    "buildings": _Geometry(scale=(1.0, 1.1), shear=(6.0, 3.0), crop=0.1, perspective=0.05, flip=True),
}


def _colour_of_faces(iaa: ModuleType) -> Any:
    # Milder than buildings: the tone of skin cannot be read from a drawing, so varying it blurs what is learnt.
    return iaa.Sequential([iaa.LinearContrast((0.9, 1.1)), iaa.Multiply((0.93, 1.07))])


def _colour_of_buildings(iaa: ModuleType) -> Any:
    # Hue and saturation count in imgaug's 255 steps: 6 of them are 8 degrees of hue.
    # No blur and no noise: the photograph is what the network learns to produce.
    return iaa.Sequential(
        [
            iaa.LinearContrast((0.85, 1.15)),
            iaa.Multiply((0.9, 1.1)),
            iaa.AddToHueAndSaturation(value_hue=(-6, 6), value_saturation=(-25, 25)),
        ]
    )


_COLOURS: dict[str, Callable[[ModuleType], Any]] = {"faces": _colour_of_faces, "buildings": _colour_of_buildings}
AUGMENTATIONS = (NO_AUGMENTATION, *_GEOMETRY)


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
      brightness, hue and saturation.

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

    # Each from its own: so what moves does not depend on what is coloured.
    geometry_seed, colour_seed = np.random.SeedSequence(int(seed)).spawn(2)
    corners = _corners(_GEOMETRY[kind], photo.shape[0], photo.shape[1], np.random.default_rng(geometry_seed))
    if sketch is not None:
        sketch = _move(sketch, corners)
    photo = np.rint(_move(photo, corners) * 255.0).astype(np.uint8)
    colour = _colour(kind)
    colour.seed_(colour_seed)
    return colour.augment_image(photo).astype(np.float32) / 255.0, sketch


def _corners(most: _Geometry, height: int, width: int, rng: np.random.Generator) -> np.ndarray:
    """The corners of the part of a picture that is shown, `(4, 2)`: x and y in pixels from its centre."""
    corners = SQUARE.copy()
    if rng.random() < 0.5:
        left, right, top, bottom = rng.uniform(0, most.crop, 4)
        corners += [[left, top], [-right, top], [-right, -bottom], [left, -bottom]]
    if rng.random() < 0.5:
        corners *= 1 - 2 * np.abs(rng.normal(0, most.perspective * rng.uniform(0.2, 1), (4, 2)))
    if most.flip and rng.random() < 0.5:
        corners[:, 0] *= -1
    corners *= [width, height]
    along_x, along_y = np.tan(np.radians(rng.uniform(-1, 1, 2) * most.shear))
    angle = np.radians(rng.uniform(-most.rotation, most.rotation))
    turned = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    moved = corners @ np.array([[1, along_y], [along_x, 1]]) @ turned / rng.uniform(*most.scale)
    return moved + rng.uniform(-most.shift, most.shift, 2) * [width, height]


def _move(image: np.ndarray, corners: np.ndarray) -> np.ndarray:
    """What lies between the corners, `(H, W, C)` float32 in [0, 1], at the size of the image."""
    height, width = image.shape[:2]
    centre = np.array([width, height], np.float32) / 2 - 0.5  # pixels are points at their centres
    shown = centre + SQUARE * [width, height]
    moved = cv2.warpPerspective(
        np.ascontiguousarray(1 - image, np.float32),  # darkness: none stays none, and paper exactly white
        cv2.getPerspectiveTransform((corners + centre).astype(np.float32), shown.astype(np.float32)),
        (width, height),
        flags=cv2.INTER_CUBIC,
        borderMode=cv2.BORDER_REFLECT,
    )
    return np.clip(1 - moved.reshape(image.shape), 0.0, 1.0)


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


def _colour(kind: str) -> Any:
    """This thread's own augmenter: it carries its random state, so none is shared."""
    own = _colours_of_thread.__dict__
    if kind not in own:
        own[kind] = _COLOURS[kind](_imgaug())
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
