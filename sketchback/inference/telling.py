"""What a user says about tone -> layers of tones, of which a generator is told and which its photograph keeps.

Said in three ways, alone or together: as colours in their places (strokes, or a reference photograph whose tones are
taken over), by name (skin, hair, background; sky, wall, ground), or as a change of the whole (lighter, warmer, more
colourful). Named parts need the generator's own answer: their places and their shading come from it. A change needs
the tones that it changes: those of the reference, of a candidate, or else of that answer.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
from PIL import ImageColor

from sketchback import images
from sketchback.images import tones
from sketchback.inference import regions
from sketchback.inference.tone_layers import LEAST, Layer, coverage, from_array

if TYPE_CHECKING:
    from sketchback.models.generator import Generator

CHANGES = ("lighter", "warmer", "colourful")
PLACED = ("reference", "strokes")
TOGETHER = 1_000_000  # pixels that a generator is shown at once; one needs up to 2 kB of memory for each
LIGHTEST = 0.88  # that a part may be as a whole, in luminance: a white wall has windows and shadows
FLAT = ("background", "sky")  # but these have none
MOST = 0.5  # of a cell: which part it belongs to
# What people mean by these words here is not what CSS means.
WORDS = {
    "skin": {"light": "#e8c4ac", "medium": "#c1906d", "olive": "#ad8660", "brown": "#8a5a3c", "dark": "#5e3c29"},
    "hair": {
        "blond": "#bf9b62",
        "red": "#8c4526",
        "brown": "#4b3323",
        "black": "#211b19",
        "grey": "#8e8a87",
        "white": "#d6d2cd",
    },
    "background": {"light": "#d8d4cd", "grey": "#808080", "dark": "#33312f", "blue": "#5d7d9e", "green": "#64785a"},
    "sky": {"blue": "#9dbfe0", "grey": "#b9bfc5"},
    "wall": {"brick": "#94553f", "brown": "#8a6a50", "yellow": "#d3b577", "red": "#9c5546"},
    "ground": {"grass": "#6b7d49", "green": "#6b7d49", "brown": "#77644f"},
}


def colour(said: str | Sequence[float], part: str = "") -> np.ndarray:
    """Reads a colour.

    Args:
        said: A word of `WORDS` for this part, a name of CSS, `"#6b4423"`, `"rgb(107, 68, 35)"`, or `(r, g, b)`: whole
            numbers 0 to 255, or others in [0, 1].
        part: What it is the colour of.

    Returns:
        `(3,)` float32, RGB in [0, 1].

    Raises:
        ValueError: It is none of those.

    >>> colour("#ff8000").round(2).tolist(), colour((0, 0, 255)).tolist(), colour((0.0, 0.5, 1.0)).tolist()
    ([1.0, 0.5, 0.0], [0.0, 0.0, 1.0], [0.0, 0.5, 1.0])
    """
    words = WORDS.get(part, {})
    try:
        if isinstance(said, str):
            text = said.strip().lower().replace("gray", "grey").replace("blonde", "blond")
            text = words.get(text, text)
            values, scale = np.array(ImageColor.getrgb(text)[:3]), 255
        else:
            values = np.asarray(said)
            scale = 255 if values.dtype.kind in "iu" else 1
        if values.shape == (3,) and 0 <= values.min() and values.max() <= scale:
            return values.astype(np.float32) / scale
    except (ValueError, TypeError):
        pass
    known = f"{', '.join(words)}, " if words else ""
    raise ValueError(
        f"A colour must be {known}a name such as teal, '#6b4423' or 'rgb(107, 68, 35)'. Received: {said!r}"
        f"{f' for {part}' if part else ''}."
    )


def check(tone: Any) -> Any:
    """Checks what can be checked before there is a drawing, and reads what is a file.

    Args:
        tone: See `options.Options`.

    Returns:
        A mapping, empty where nothing is told: of names in `regions.PARTS` to colours `(3,)`; of names in `CHANGES` to
        numbers; of `reference` to a photograph `(H, W, 3)`; of `strokes` to an array `(h, w, 3)`, NaN where nothing is
        told.

    Raises:
        FileNotFoundError: There is no such file.
        ValueError: A name, a colour, a number or an array is wrong.
        TypeError: It is none of those.
    """
    if tone is None:
        return {}
    if not isinstance(tone, Mapping):
        tone = {"strokes" if isinstance(tone, np.ndarray) else "reference": tone}
    readers: dict[str, Callable[[Any], Any]] = {"reference": _reference, "strokes": _strokes}
    readers |= {name: functools.partial(_change, name) for name in CHANGES}
    readers |= {name: functools.partial(colour, part=name) for name in regions.PARTS}
    for name in tone:
        if name not in readers:
            known = ", ".join((*regions.PARTS, *CHANGES, *PLACED))
            raise ValueError(f"`tone` may name {known}. Received: {name!r}. Leave it out.")
    read = {name: readers[name](said) for name, said in tone.items()}
    return {name: said for name, said in read.items() if name not in CHANGES or said != 0}


def _reference(said: Any) -> np.ndarray:
    try:
        return images.as_array(said)
    except (OSError, ValueError, TypeError) as error:
        kind = type(error) if isinstance(error, (FileNotFoundError, ValueError, TypeError)) else OSError
        raise kind(
            f"`tone` may be a reference photograph, an array, or what is told by name, as {{'skin': 'dark'}}; one for "
            f"all drawings. {error}"
        ) from None


def _strokes(said: Any) -> np.ndarray:
    array = np.asarray(said)
    if array.dtype.kind not in "fiu":
        raise ValueError(
            f"Strokes must be an array of colours (h, w, 3). Received: {type(said).__name__} {said!r:.60}."
        )
    values = array.astype(np.float32) / 255 if array.dtype == np.uint8 else array.astype(np.float32)
    told = values[~np.isnan(values)]
    if values.ndim != 3 or values.shape[-1] != 3 or 0 in values.shape or np.any((told < -1e-3) | (told > 1 + 1e-3)):
        raise ValueError(
            "`tone` must be (h, w, 3), RGB in [0, 1], NaN where nothing is told. "
            f"Received: shape={array.shape}{f', from {told.min():.4g} to {told.max():.4g}' if told.size else ''}."
        )
    return np.clip(values, 0.0, 1.0)


def _change(name: str, said: Any) -> float:
    try:
        value = float(said)
    except (TypeError, ValueError):
        value = np.nan
    if not -1 <= value <= 1:  # NaN is refused too
        raise ValueError(f"`{name}` must be a number from -1 to 1. Received: {said!r}. Try 0.2.")
    return value


def names_parts(tone: Mapping[str, Any]) -> bool:
    """Whether what `check` returned can only be understood beside the generator's own answer."""
    return any(name in regions.PARTS for name in tone)


def changes(tone: Mapping[str, Any]) -> dict[str, float]:
    """The changes in what `check` returned, for `change`."""
    return {name: tone[name] for name in CHANGES if name in tone}


def lay(
    tone: Mapping[str, Any], drawn: tuple[int, int], size: Sequence[int] | None = None, fit: str = "crop"
) -> Mapping[str, Any]:
    """What `check` returned, its reference photograph cropped to a drawing, and brought with it to another size.

    Args:
        tone: From `check`.
        drawn: `(height, width)` of the drawing itself.
        size: `(height, width)` that the drawing is brought to.
        fit: How, see `images.fit`; nothing is told of paper that it adds.
    """
    if "reference" not in tone:
        return tone
    laid = images.fit(tone["reference"], drawn)
    if size is not None:
        added = images.fit(np.zeros((*drawn, 1), np.float32), size, fit)  # is 1 there
        laid = np.where(added > 0, np.nan, images.fit(laid, size, fit)).astype(np.float32)
    return {**tone, "reference": laid}


def place(tone: Mapping[str, Any], *, photo: np.ndarray | None = None, sketch: np.ndarray) -> list[Layer]:
    """What is told of a drawing: the changed reference, over it named parts, over them strokes.

    Args:
        tone: From `check`, but a reference lies on the drawing as `lay` lays it.
        photo: `(H, W, 3)`, the generator's own answer, where `names_parts`.
        sketch: `(H, W, 1)`, the drawing as the generator sees it, which decides how many cells there are.

    Returns:
        Layers of `ceil(H / 16)` x `ceil(W / 16)` cells, the last on top.

    Raises:
        ValueError: A part that is named was not found.
    """
    seen = sketch.shape[0], sketch.shape[1]
    layers = []
    if "reference" in tone:
        layer = from_array(tone["reference"], seen)
        layers.append(layer._replace(tones=change(layer.tones, **changes(tone))) if changes(tone) else layer)
    if photo is not None and names_parts(tone):
        layers += _tell_parts(tone, photo, sketch)
    if "strokes" in tone:
        layers.append(from_array(tone["strokes"], seen))
    return layers


def answer(generator: Generator, sketches: np.ndarray, told: np.ndarray | None = None) -> np.ndarray:
    """The photographs that a generator makes of sketches and of what it is told.

    Args:
        generator: From `runtime.load`, `weights.load` or `models.build`.
        sketches: `(B, H, W, 1)` in [0, 1], sides multiples of its stride.
        told: `(B, h, w, 3)`, a tone for each cell, NaN where nothing is told; None tells nothing. A generator that
            takes no tones is told none.

    Returns:
        `(B, H, W, 3)` float32.
    """
    if told is None:
        told = np.stack([tones.untold(sketches.shape[1:3])] * len(sketches))
    some = max(TOGETHER // (sketches.shape[1] * sketches.shape[2]), 1)
    photos = []
    for begin in range(0, len(sketches), some):
        inputs: Any = sketches[begin : begin + some]
        if "tone" in generator.takes:
            inputs = [inputs, tones.encode(told[begin : begin + some])]
        photos.append(np.asarray(generator.predict_on_batch(inputs), np.float32))
    return np.concatenate(photos)


def _tell_parts(tone: Mapping[str, Any], photo: np.ndarray, sketch: np.ndarray) -> Iterator[Layer]:
    """Tells the parts that are named, in their places."""
    found = regions.find(photo, sketch)
    for name in (name for name in regions.LAYERS if name in tone):
        mask = found[name]
        together = regions.FACE if name in regions.FACE else regions.BUILDING
        others = np.max([found[other] for other in together if other != name], axis=0)
        own = tones.under(photo, tones.to_pixels(mask, (photo.shape[0], photo.shape[1])))
        covered = np.where(np.isfinite(own[..., 0]), coverage(mask), 0.0)
        if covered.max() < MOST:
            raise ValueError(
                f"A part that `tone` names must be found in the drawing. Received: {name}, and nothing that looks like "
                "it. Leave it out, or tell the colour in its place, by strokes."
            )
        lightest = 1.0 if name in FLAT else LIGHTEST
        wanted = tone[name] * min(1.0, lightest / max(_luminance(tone[name]), 1e-3))
        shaded = shade(own, wanted, covered >= MOST)
        known = np.where(covered[..., np.newaxis] >= LEAST, shaded, np.nan)
        yield Layer(known, mask, least=MOST, others=others, guide=photo)


def shade(own: np.ndarray, wanted: np.ndarray, typical: np.ndarray) -> np.ndarray:
    """One colour for several cells that keep their light and shadow.

    Args:
        own: `(h, w, 3)`, their tones in the generator's own answer, NaN in others.
        wanted: `(3,)`, the mean that they shall have.
        typical: `(h, w)`, which of them their mean is taken over.

    Returns:
        `(h, w, 3)` in [0, 1], NaN in others.
    """
    light = images.to_gray(own)[..., np.newaxis]
    mean = max(float(light[typical].mean()), 1e-3)
    # Darker as under less light; lighter as through a veil, or the highlights of black hair would glow in blond.
    shaded = wanted * light / mean if _luminance(wanted) < mean else wanted + light - mean
    return np.clip(shaded, 0.0, 1.0).astype(np.float32)


def _luminance(colour: np.ndarray) -> float:
    return float(images.to_gray(colour[np.newaxis, np.newaxis])[0, 0])


def change(tones: np.ndarray, *, lighter: float = 0.0, warmer: float = 0.0, colourful: float = 0.0) -> np.ndarray:
    """Changes the tones of a whole picture.

    Args:
        tones: `(h, w, 3)` in [0, 1], NaN where nothing is told, which stays.
        lighter: From -1 to 1, as a gamma of the lightness in CIELAB, 8 to the power of its opposite: 0.2 makes 50 of
            its 100 steps 63, and -0.2 makes them 35; black and white stay, so that nothing is lost at either end.
        warmer: From -1 to 1: 0.2 moves as far towards orange, or blue where it is negative.
        colourful: From -1, towards grey, to 1, which doubles the distance to grey.

    Returns:
        `(h, w, 3)` float32 in [0, 1].
    """
    is_told = np.isfinite(tones)
    lab = cv2.cvtColor(np.where(is_told, tones, 0).astype(np.float32), cv2.COLOR_RGB2LAB)
    stretched = lab * np.array([1, 1 + colourful, 1 + colourful], np.float32)
    lab = stretched + np.array([0, 30 * warmer, 60 * warmer], np.float32)
    lab[..., 0] = 100 * (np.clip(lab[..., 0], 0, 100) / 100) ** (8**-lighter)
    return np.where(is_told, np.clip(cv2.cvtColor(lab, cv2.COLOR_LAB2RGB), 0.0, 1.0), np.float32(np.nan))
