"""The built-in faces and buildings, drawn from a seed.

No data set has to be downloaded to try everything: these pictures are painted with polygons, soft masks and
one height map per head, and their sketches can be learnt from. All randomness is drawn first, into a bag of
traits; painting is then a pure function of the traits and the size.
"""

from __future__ import annotations

from collections.abc import Sequence
from types import SimpleNamespace as Traits

import cv2
import numpy as np

from .images import check_size

FACES = 512
BUILDINGS = 256

# Human skin from light to deep; a face takes a point on this line, evenly, and a little off it.
SKIN = (np.array([(244, 208, 190), (232, 190, 163), (214, 166, 134), (190, 139, 106), (156, 108, 80),
                  (120, 80, 59), (88, 58, 45), (64, 43, 36)], np.float32) / 255)
# From black to white; deep skin draws mostly from the dark end.
HAIR = (np.array([(22, 18, 18), (30, 22, 19), (48, 32, 24), (80, 52, 34), (112, 60, 36), (140, 104, 64),
                  (196, 160, 104), (120, 118, 116), (206, 202, 196)], np.float32) / 255)
IRIS = (np.array([(46, 28, 18), (72, 42, 24), (104, 80, 40), (84, 108, 70), (86, 122, 160), (112, 124, 132)],
                 np.float32) / 255)
STYLES = ("short", "long", "fringe", "curly", "bun", "bald", "scarf", "receding")


def face(seed: int, size: tuple[int, int] = (218, 178)) -> np.ndarray:
    """Paints a portrait, framed as CelebA frames its photographs.

    Args:
        seed: Which face, 0 or more; the built-in set is `range(FACES)`.
        size: `(height, width)`, each at least 16.

    Returns:
        `(height, width, 3)` float32 RGB in [0, 1]; the same seed and size give the same pixels.

    Raises:
        ValueError: `seed` is negative, or `size` too small.

    >>> face(7, size=(64, 48)).shape
    (64, 48, 3)
    """
    height, width = check_size(size)
    t = _draw_face(_generator(seed))
    scale = min(height / 218, width / 178)
    rim = int(12 * scale) + 2  # painted too, and cut off again when the camera is tilted
    canvas = _Canvas(height + 2 * rim, width + 2 * rim, scale,
                     (width / 2 + rim, height / 2 + 3 * scale + rim))
    _backdrop(canvas, t)
    strands = _strands(canvas, t)
    _hair_behind(canvas, t, strands)
    _body(canvas, t)
    _head(canvas, t)
    _eyes(canvas, t)
    _mouth(canvas, t)
    _beard(canvas, t, strands)
    _hair(canvas, t, strands)
    _glasses(canvas, t)
    turn = cv2.getRotationMatrix2D((width / 2 + rim, height / 2 + rim), t.tilt, t.zoom)
    turn[:, 2] += np.array(t.shift) * scale - rim
    picture = cv2.warpAffine(cv2.merge(list(canvas.pixels)), turn, (width, height), flags=cv2.INTER_CUBIC,
                             borderMode=cv2.BORDER_REFLECT)
    return _photograph(picture, t, scale)


def building(seed: int, size: tuple[int, int] = (240, 320)) -> np.ndarray:
    """Paints a house, a facade or a tower in its street.

    Args:
        seed: Which building, 0 or more; the built-in set is `range(BUILDINGS)`.
        size: `(height, width)`, each at least 16.

    Returns:
        `(height, width, 3)` float32 RGB in [0, 1]; the same seed and size give the same pixels.

    Raises:
        ValueError: `seed` is negative, or `size` too small.

    >>> building(7, size=(48, 64)).shape
    (48, 64, 3)
    """
    height, width = check_size(size)
    t = _draw_building(_generator(seed))
    scale = height / 240
    canvas = _Canvas(height, width, scale, (width / 2, height * t.horizon))
    _sky(canvas, t)
    _ground(canvas, t)
    for neighbour in t.neighbours:
        _house(canvas, neighbour)
    _house(canvas, t)
    _plants(canvas, t)
    return _photograph(cv2.merge(list(canvas.pixels)), t, scale)


# ---- what both share ----


class _Canvas:
    """Planes of colour `(3, H, W)`; outlines are filled on them in drawing units. A fourth counts cover."""

    def __init__(self, height: int, width: int, scale: float, origin: tuple[float, float],
                 planes: int = 3) -> None:
        self.pixels = np.zeros((planes, height, width), np.float32)
        self.scale, self.origin = scale, np.array(origin)
        self.x = ((np.arange(width, dtype=np.float32) + 0.5 - origin[0]) / scale).astype(np.float32)[None, :]
        self.y = ((np.arange(height, dtype=np.float32) + 0.5 - origin[1]) / scale).astype(np.float32)[:, None]

    def fill(self, outlines: np.ndarray | Sequence[np.ndarray], color: np.ndarray | Sequence[float],
             opacity: float = 1.0, soft: float = 0.0, width: float = 0.0) -> None:
        """Lays a colour, or a picture of the canvas' size, inside outlines, or along them at a `width`.

        `soft` is the standard deviation of the edge's blur; outlines inside outlines are holes.
        """
        outlines = [outlines] if isinstance(outlines, np.ndarray) else outlines
        outlines = [outline * self.scale + self.origin for outline in outlines]
        soft, width = soft * self.scale, width * self.scale
        every, margin = np.concatenate(outlines) if len(outlines) > 1 else outlines[0], 3 * soft + width + 2
        (left, upper), (right, lower) = every.min(0).tolist(), every.max(0).tolist()
        x0, y0 = max(int(left - margin), 0), max(int(upper - margin), 0)
        x1 = min(int(right + margin) + 2, self.pixels.shape[2])
        y1 = min(int(lower + margin) + 2, self.pixels.shape[1])
        if x0 >= x1 or y0 >= y1:
            return
        step = max(1, int(soft / 2))  # a soft mask needs no fine pixels
        mask = np.zeros((-(-(y1 - y0) // step), -(-(x1 - x0) // step)), np.uint8)
        points = [np.rint(((outline - (x0, y0)) / step - 0.5) * 16).astype(np.int32) for outline in outlines]
        if width:
            cv2.polylines(mask, points, False, 255, max(1, round(width / step)), cv2.LINE_AA, 4)
            opacity *= min(1.0, width / step)
        else:
            cv2.fillPoly(mask, points, 255, cv2.LINE_AA, 4)
        if soft > 0.45:  # below that the anti-aliasing is blur enough
            mask = cv2.GaussianBlur(mask, (0, 0), soft / step)
        if step > 1:
            mask = cv2.resize(mask, None, fx=step, fy=step, interpolation=cv2.INTER_LINEAR)
        alpha = mask[: y1 - y0, : x1 - x0] * np.float32(opacity / 255)
        if len(color) < len(self.pixels):
            color = (*color, 1.0)
        color = np.asarray(color, np.float32)
        color = color[:, y0:y1, x0:x1] if color.ndim == 3 else color[:, None, None]
        region = self.pixels[:, y0:y1, x0:x1]
        region += alpha * (color - region)


def _generator(seed: int) -> np.random.Generator:
    if seed < 0:
        raise ValueError(
            f"`seed` must be 0 or more. Received: seed={seed}. Choose one below FACES or BUILDINGS."
        )
    return np.random.default_rng(seed)


def _curve(points: Sequence[tuple[float, float]] | np.ndarray, closed: bool = True,
           steps: int = 6) -> np.ndarray:
    """A Catmull-Rom curve through points `(N, 2)`, with `steps` points a span."""
    p = np.asarray(points, np.float64)
    p = np.concatenate([p[-1:], p, p[:2]] if closed else [p[:1], p, p[-1:]])
    u = (np.arange(steps) / steps)[None, :, None]
    a, b, c, d = (p[k : len(p) - 3 + k, None] for k in range(4))
    spans = b + 0.5 * u * (c - a + u * (2 * a - 5 * b + 4 * c - d + u * (3 * (b - c) + d - a)))
    curve = spans.reshape(-1, 2)
    return curve if closed else np.concatenate([curve, p[-2:-1]])


def _both(half: Sequence[tuple[float, float]], **options: int) -> np.ndarray:
    """The closed curve of a right half and its mirror image."""
    half = np.asarray(half, np.float64)
    return _curve(np.concatenate([half, (half[half[:, 0] != 0] * (-1, 1))[::-1]]), **options)


def _ellipse(x: float, y: float, rx: float, ry: float) -> np.ndarray:
    angle = np.linspace(0, 2 * np.pi, 24, endpoint=False)
    return np.stack([x + rx * np.cos(angle), y + ry * np.sin(angle)], -1)


def _box(x0: float, y0: float, x1: float, y1: float) -> np.ndarray:
    return np.array([(x0, y0), (x1, y0), (x1, y1), (x0, y1)], np.float64)


def _mist(noise: np.ndarray, height: int, width: int, cells: int) -> np.ndarray:
    """Smooth noise: a corner of `noise` blown up to `(height, width)`, about `cells` waves high."""
    corner = noise[:cells, : max(2, min(cells * width // height, noise.shape[1]))]
    return cv2.resize(corner, (width, height), interpolation=cv2.INTER_CUBIC)


def _single(traits: dict[str, object]) -> Traits:
    # A float64 number would turn every float32 plane it meets into float64, at twice the time.
    return Traits(**{key: np.float32(value) if isinstance(value,
                                                          np.ndarray) and value.dtype == float else value for
                     key, value in traits.items()})


def _photograph(picture: np.ndarray, t: Traits, scale: float) -> np.ndarray:
    """What a camera adds: blur, exposure and white balance, a darker rim, grain."""
    height, width = picture.shape[:2]
    if t.blur * scale > 0.35:
        picture = cv2.GaussianBlur(picture, (0, 0), t.blur * scale)
    down, across = (np.linspace(-1, 1, n, dtype=np.float32) for n in (height, width))
    falloff = 1 - np.float32(t.vignette) * np.add.outer(down**2, across**2)
    noise = np.tile(t.noise * np.float32(t.grain), (-(-height // 128), -(-width // 128)))[:height, :width]
    picture = cv2.multiply(picture, cv2.merge([falloff * np.float32(gain) for gain in t.balance]))
    picture = cv2.add(picture, cv2.merge([noise] * 3))
    return np.clip(picture, 0, 1, out=picture)


# ---- faces; units are pixels of 218 x 178, (0, 0) lies between the eyes ----


def _draw_face(rng: np.random.Generator) -> Traits:
    uniform = rng.uniform

    def chance(p: float) -> bool:
        return bool(rng.random() < p)

    tone = uniform()
    skin = np.array([np.interp(tone * 7, range(8), SKIN[:, c]) for c in range(3)]) * uniform(0.97, 1.03, 3)
    style = str(rng.choice(STYLES, p=(0.24, 0.22, 0.13, 0.1, 0.1, 0.06, 0.07, 0.08)))
    fair = 1 if tone < 0.35 else 0.5 if tone < 0.6 else 0.12
    weights = np.array([2, 2, 2, 2 * fair, fair, 1.6 * fair, 1.6 * fair, 0.8, 0.5])
    hair = (HAIR[rng.choice(len(HAIR), p=weights / weights.sum())] * uniform(0.8, 1.15) * uniform(0.97, 1.03,
                                                                                                  3))
    iris = IRIS[rng.integers(0, 6 if tone < 0.4 else 2)]
    soft_face = style in ("long", "fringe", "bun", "scarf") or chance(0.25)
    traits = dict(skin=skin, hair=hair, iris=iris, style=style, tone=tone, half=uniform(39, 44.5),
                  jaw=uniform(0.68, 0.8) if soft_face else uniform(0.76, 0.9), chin=uniform(65, 74),
                  turn=rng.normal() * 2.5, light=uniform(0.15, 0.75) * (1 if chance(0.5) else -1),
                  ambient=uniform(0.3, 0.55), eye=uniform(18.5, 20.5), lid=uniform(3.6, 5.4),
                  slant=uniform(-1.2, 1.5), wide=uniform(9.0, 10.6), brow=uniform(-14.5, -11.5),
                  brow_width=uniform(1.2, 2.0) if soft_face else uniform(1.8, 3.0), arch=uniform(1, 3.5),
                  gaze=uniform(-1.3, 1.3), nose=uniform(21, 26), nostril=uniform(6.5, 9),
                  mouth=uniform(39, 43), lips=uniform(13.5, 17.5), full=uniform(2.4, 4.6),
                  smile=max(0.0, uniform(-2, 4)), open=max(0.0, uniform(-5, 5)),
                  red=uniform(0.35, 0.85) if soft_face else uniform(0.15, 0.4),
                  lashes=uniform(0.5, 1) if soft_face else uniform(0.2, 0.5), blush=uniform(0.05, 0.3),
                  age=uniform() ** 2, beard=0.0 if soft_face else max(0.0, uniform(-0.8, 1)),
                  moustache=not soft_face and chance(0.3), glasses=chance(0.16), rim=uniform(0.8, 2.0),
                  round=uniform(2, 5), earring=soft_face and chance(0.3), top=uniform(63, 71),
                  volume=uniform(3, 9), hairline=uniform(36, 44), drop=uniform(45, 125), flare=uniform(0, 12),
                  part=uniform(-16, 16), wave=max(0.0, uniform(-3, 3.5)), phase=uniform(0, 6),
                  radial=chance(0.5), cloth=uniform(0.06, 0.85) * 0.6 + 0.4 * rng.uniform(0.03, 0.9, 3),
                  cloth2=uniform(0.1, 0.9) * 0.55 + 0.45 * rng.uniform(0.05, 0.95, 3),
                  collar=str(rng.choice(("crew", "vee", "shirt", "jacket", "roll"))),
                  shoulder=uniform(84, 98), neck=uniform(20, 23) if soft_face else uniform(23, 28),
                  wall=str(rng.choice(("plain", "bokeh", "wall"))),
                  sky=uniform(0.05, 0.95) * (0.8 + 0.2 * rng.uniform(0, 1, (1, 3))) + rng.uniform(-0.12, 0.12,
                                                                                                  (4, 3)),
                  lamps=rng.uniform(0, 1, (14, 6)), pattern=rng.standard_normal((64, 64), np.float32),
                  tilt=rng.normal() * 3, zoom=uniform(0.98, 1.12), shift=tuple(rng.normal(size=2) * 2.5),
                  blur=uniform(0.0, 0.6),
                  balance=(0.14 * tone + uniform(0.92, 1.05)) * rng.uniform(0.96, 1.04, 3),
                  vignette=uniform(0, 0.08), grain=uniform(0.004, 0.014),
                  noise=rng.standard_normal((128, 128), np.float32))
    return _single(traits)


def _backdrop(canvas: _Canvas, t: Traits) -> None:
    """A gradient between four corner colours, with lights out of focus or panels of a wall."""
    height, width = canvas.pixels.shape[1:]
    far = _Canvas(-(-height // 3), -(-width // 3), canvas.scale / 3, canvas.origin / 3)  # out of focus anyway
    corners = cv2.resize(t.sky.reshape(2, 2, 3), (16, 16), interpolation=cv2.INTER_LINEAR)
    far.pixels[:] = cv2.resize(corners, far.pixels.shape[:0:-1], interpolation=cv2.INTER_LINEAR).transpose(
        2, 0, 1
    )
    for x, y, size, *color in t.lamps[: {"plain": 0, "bokeh": 14, "wall": 4}[t.wall]]:
        x, y, color = x * 220 - 110, y * 250 - 130, np.array(color)
        if t.wall == "bokeh":
            lamp = _ellipse(x, y, 6 + 14 * size, 6 + 14 * size)
            far.fill(lamp, color * 0.5 + 0.5 * color.max(), 0.2 + 0.3 * size, soft=1 + 4 * size)
        else:
            panel = [(x, -150), (x + 10 + 60 * size, -150), (x + 10 + 60 * size, 200), (x, 200)]
            far.fill(np.array(panel), color * 0.4 + 0.5 * t.sky[0], 0.6, soft=2.5)
    far.pixels += 0.025 * _mist(t.pattern, *far.pixels.shape[1:], 5)
    for plane, small in zip(canvas.pixels, far.pixels, strict=True):
        cv2.resize(small, (width, height), dst=plane, interpolation=cv2.INTER_LINEAR)


def _strands(canvas: _Canvas, t: Traits) -> np.ndarray:
    """The colour of hair (or of a scarf's cloth) everywhere: noise drawn out along the way the hair falls."""
    x, y = canvas.x - t.part, canvas.y
    if t.style == "curly":
        across, along = (x + 3 * np.sin(y / 4)) * 0.35, (y + 3 * np.sin(x / 4)) * 0.35
    elif t.radial or t.style in ("fringe", "receding"):
        across = cv2.phase(*np.broadcast_arrays(y + np.float32(t.top + 25), x)) * np.float32(26)
        across, along = across + t.wave * 0.4 * np.sin(y / 9 + t.phase), y * 0.03
    else:
        across = np.sqrt(x**2 + 0.7 * np.minimum(y + 8, 0) ** 2) + t.wave * np.sin(y / 9 + t.phase)
        across, along = across * 0.6, y * 0.03 + 0 * x
    if t.style == "scarf":
        across, along = across * 0.25, along * 0.5
    across, along = (np.ascontiguousarray(np.broadcast_to(v, canvas.pixels.shape[1:]),
                                          np.float32) + 200 for v in (across, along))
    locks = t.pattern + cv2.resize(t.pattern[:, :20], (64, 64))  # fine hair on broader locks
    streaks = cv2.remap(locks, across, along, cv2.INTER_LINEAR, borderMode=cv2.BORDER_WRAP)
    sheen = np.exp(-(((canvas.y + 44) / 13) ** 2)) * np.exp(-(((canvas.x - 22 * t.light) / 26) ** 2))
    shade = np.maximum(0.78 + 0.13 * streaks + 0.3 * t.light * canvas.x / 60 - 0.002 * np.maximum(canvas.y,
                                                                                                  0), 0.2)
    base = t.cloth2 if t.style == "scarf" else t.hair
    gloss = sheen * (0.05 if t.style in ("scarf", "curly") else 0.12) * np.maximum(0.6 + 0.5 * streaks, 0)
    return np.multiply.outer(base, shade + 0.4 * gloss) + 0.6 * gloss


def _hair_behind(canvas: _Canvas, t: Traits, strands: np.ndarray) -> None:
    w, v = t.half, t.volume
    if t.style in ("long", "fringe"):
        out = w + v + t.flare
        canvas.fill(_both([(0, -t.top), (w, -40), (out, 0), (out, t.drop * 0.7), (out - 6, t.drop),
                           (0, t.drop)]), strands * 0.55, soft=1.2)
    elif t.style == "curly":
        bump = 1 + 0.05 * np.sin(np.arange(28) * 2.4 + t.phase)[:, None]
        ring = _ellipse(0, -18, w + v + 10, t.top - 10 + v)
        canvas.fill(_curve(np.interp(np.arange(28)[:, None] * 24 / 28, range(24), ring[:, 0]) * bump * (1,
                                                                                                        0) +
                           np.interp(np.arange(28)[:, None] * 24 / 28, range(24), ring[:, 1]) * bump * (0,
                                                                                                        1)),
                    strands * 0.9, soft=1.6)
    elif t.style == "bun":
        canvas.fill(_ellipse(t.part / 2, -t.top - 4, 17 + v, 14 + v / 2), strands * 0.85, soft=1.2)


def _body(canvas: _Canvas, t: Traits) -> None:
    """Neck, shoulders and clothes, with the chin's shadow on the neck."""
    n, s = t.neck, t.shoulder
    neck = [(n * 0.95, 30), (n * 0.92, 62), (n, s - 10), (n + 12, s + 6), (n + 8, 220), (0, 220)]
    skin, cloth = t.skin, t.cloth
    canvas.fill(_both(neck), skin * (0.86, 0.81, 0.78))
    canvas.fill(_ellipse(t.light * 14, s - 8, 14, 26), skin, 0.6, soft=7)
    canvas.fill(_ellipse(-t.light * 26, s - 8, 10, 40), skin * 0.4, 0.5, soft=7)
    canvas.fill(_both([(n, 40), (t.half * 0.7, 66), (n * 0.8, t.chin + 9), (0, t.chin + 17)]),
                skin * (0.5, 0.4, 0.36), 0.7, soft=4)
    dip = {"crew": s + 10, "vee": s + 38, "shirt": s + 22, "jacket": s + 44, "roll": s - 12}[t.collar]
    edge = n + (1 if t.collar == "roll" else 5)
    trunk = _both([(0, dip), (edge * 0.55, dip - (dip - s) * 0.45), (edge, s - 7), (n + 28, s + 7),
                   (78, s + 20), (96, s + 46), (104, 230), (0, 240)])
    folds = _mist(t.pattern[::-1], *canvas.pixels.shape[1:], 7) * 0.07
    if t.collar == "crew" and t.round > 4:
        folds = folds + 0.14 * np.sign(np.sin(canvas.y * 0.5 * t.rim))
    fabric = np.multiply.outer(cloth, 0.92 + folds + t.light / 260 * canvas.x - 0.16 * (canvas.x / 80) ** 2)
    if t.collar == "jacket":  # what is worn under it
        canvas.fill(_both([(0, s + 12), (n, s - 4), (n + 8, s + 4), (n, 230), (0, 230)]), t.cloth2 * 0.95,
                    soft=0.5)
    canvas.fill(trunk, fabric * 0.6, soft=1.5)
    canvas.fill(trunk + (0, 1.5), fabric, soft=0.6)
    for side in (-1, 1):
        if t.collar in ("shirt", "jacket"):
            lapel = np.array([(n - 1, s - 13), (n + 7, s - 3), (n + 5, s + 20), (2, dip + 6), (n - 8, s + 6)])
            canvas.fill(_curve(lapel * (side, 1) + (0, 2), steps=3), cloth * 0.45, 0.6, soft=2)
            canvas.fill(lapel * (side, 1), fabric * 1.12 + 0.02, soft=0.4)
        canvas.fill(_curve([(side * 52, s + 30), (side * 46, s + 60), (side * 50, 200)], False), cloth * 0.4,
                    0.5, soft=3, width=4)
    if t.collar == "roll":
        canvas.fill(_both([(0, s - 14), (n, s - 19), (n + 4, s), (0, s + 9)]), fabric * 1.08, soft=0.7)


def _head_outline(t: Traits, grow: float = 0.0) -> np.ndarray:
    w, c = t.half + grow, t.chin + grow
    half = [(0, -62 - grow), (w * 0.5, -57), (w * 0.88, -38), (w, -4), (w * 0.97, 18),
            (w * (t.jaw + 0.07), 40), (w * t.jaw * 0.72, c - 11), (w * 0.27, c - 1.5), (0, c)]
    return _both(half)


def _head(canvas: _Canvas, t: Traits) -> None:
    """Ears and head. The head is a height map under a lamp: a sum of bumps, each a row times a column."""
    for side in (-1, 1) if t.style != "scarf" else ():
        ear = _curve([(side * (t.half - 3), -9), (side * (t.half + 5), -10), (side * (t.half + 5.5), 2),
                      (side * (t.half + 1), 15), (side * (t.half - 4), 15)])
        tone = 0.86 + 0.2 * side * t.light
        canvas.fill(ear, t.skin * (tone, tone * 0.93, tone * 0.9), soft=0.6)
        canvas.fill(_ellipse(side * (t.half + 2), -1, 1.6, 6), t.skin * (0.55, 0.42, 0.38), 0.6, soft=1.2)
        if t.earring:
            canvas.fill(_ellipse(side * (t.half + 2), 17, 1.8, 2.4), (0.9, 0.8, 0.5), soft=0.4)
    columns = np.flatnonzero(np.abs(canvas.x[0]) < t.half + 3)
    rows = np.flatnonzero((canvas.y[:, 0] > -64) & (canvas.y[:, 0] < t.chin + 3))
    window = np.s_[rows[0] : rows[-1] + 1], np.s_[columns[0] : columns[-1] + 1]
    x, y = canvas.x[:, window[1]], canvas.y[window[0]]
    bumps = []  # (x, width, y, height of the bump's extent, how far it stands out)
    for side in (-1, 1):
        bumps += [(side * t.eye, 9, -2, 6, -5.5), (side * 18, 12, t.brow, 4, 2.6),
                  (side * 23, 10, 21, 11, 4.2), (side * (t.nostril - 1), 3.2, t.nose - 1, 3, 2.6),
                  (side * t.half, 6, -24, 12, -3), (side * (t.lips + 5), 4, t.mouth, 8, -1.5 - 0.5 * t.smile)]
    bumps += [(0, 3.6, 6, 10, 4.2), (0, 4.8, t.nose - 4, 4.6, 5.5), (0, 15, t.mouth, 9, 3.5),
              (0, 2, 32, 3, -0.9), (0, 11, t.mouth + 10, 3, -2.2), (0, 9, t.chin - 9, 6, 3.5),
              (0, 24, -36, 16, 3)]
    bump = np.array(bumps, np.float32)
    columns = np.exp(-(((x.T - t.turn - bump[:, 0]) / bump[:, 1]) ** 2) / 2)
    rows = np.exp(-(((y - bump[:, 2]) / bump[:, 3]) ** 2) / 2) * bump[:, 4]
    ball = np.maximum(1 - (x / (t.half * 1.16)) ** 2 - ((y - 2) / 86) ** 2, 0.0)
    # OpenCV's product: NumPy's would wake a thread on every core for this little.
    relief = cv2.gemm(rows, columns, canvas.scale, np.sqrt(ball), 44 * canvas.scale, flags=cv2.GEMM_2_T)
    dx, dy = (cv2.Sobel(relief, cv2.CV_32F, k, 1 - k, ksize=3, scale=1 / 8) for k in (1, 0))
    lit = (0.80 - 0.55 * t.light * dx + 0.5 * dy) / np.sqrt(1 + dx**2 + dy**2)
    shade = t.ambient + (1 - t.ambient) * np.clip(lit * 1.25, 0, 1.35)
    shade += 0.012 * _mist(t.pattern, *shade.shape, 24)
    gloss = np.clip(lit - 0.78, 0, 1) ** 2 * (1.2 + 1.5 * t.tone)
    red = (1 - shade) * 0.25  # light that went through skin comes out red
    flush = rows[:, 2:3] / 4.2 * (columns[:, 2] + columns[:, 8]) * t.blush
    skin = np.multiply.outer(t.skin, shade)
    skin *= np.stack([1 + 0.7 * red, 1 - 0.35 * red - 0.3 * flush, 1 - 0.6 * red - 0.25 * flush])
    picture = np.zeros_like(canvas.pixels)
    picture[:, window[0], window[1]] = skin + gloss
    canvas.fill(_head_outline(t), picture, soft=0.6)
    dark = t.skin * (0.5, 0.36, 0.32)
    for side in (-1, 1):
        canvas.fill(_ellipse(t.turn + side * (t.nostril - 3.6), t.nose + 1.6, 1.9, 1.0), dark * 0.6, 0.8,
                    soft=0.7)
        wing = [(side * t.nostril, t.nose - 5), (side * (t.nostril + 1.6), t.nose - 1),
                (side * t.nostril, t.nose + 2)]
        canvas.fill(_curve(wing, False) + (t.turn, 0), dark, 0.32, soft=0.8, width=1.2)
        fold = [(side * (t.nostril + 3), t.nose - 3), (side * (t.lips + 2), t.mouth - 8),
                (side * (t.lips + 5), t.mouth)]
        canvas.fill(_curve(fold, False) + (t.turn, 0), dark, 0.06 + 0.25 * t.age + 0.05 * t.smile, soft=1.4,
                    width=1.5)
    canvas.fill(_ellipse(t.turn, t.nose + 3, t.nostril - 1, 1.2), dark, 0.5, soft=1.4)
    canvas.fill(_ellipse(t.turn + t.light * 2, t.nose - 5, 1.8, 2.2), (1, 1, 1), 0.28, soft=1.4)


def _eyes(canvas: _Canvas, t: Traits) -> None:
    dark, line = t.skin * (0.5, 0.38, 0.34), t.skin * 0.12 + t.hair * 0.15
    for side in (-1, 1):
        x, w, up, low = t.turn + side * t.eye, t.wide, t.lid, t.lid * 0.62
        u = np.linspace(-1, 1, 13)  # from the inner corner to the outer
        upper = np.stack([x + side * w * u, -up * (1 - np.abs(u - 0.05) ** 2.2) - t.slant * (u + 1) / 2], -1)
        lower = np.stack([x + side * w * u, low * (1 - np.abs(u + 0.05) ** 2.0) - t.slant * (u + 1) / 2], -1)
        almond = np.concatenate([upper, lower[::-1]])
        canvas.fill(_ellipse(x, -4, w + 2, 6), dark, 0.25 + 0.2 * t.lashes, soft=3)
        canvas.fill(upper - (0, 3), dark, 0.55, soft=0.7, width=1.2)
        canvas.fill(almond, np.array((0.86, 0.83, 0.81)) * (0.75 + 0.25 * t.skin[0]), soft=0.5)
        order = np.argsort(upper[:, 0])

        def inside(circle: np.ndarray, upper: np.ndarray = upper[order],
                   lower: np.ndarray = lower[order]) -> np.ndarray:
            top, bottom = (np.interp(circle[:, 0], lid[:, 0], lid[:, 1]) for lid in (upper, lower))
            return np.stack([circle[:, 0], np.clip(circle[:, 1], top, bottom)], -1)

        middle = x + t.gaze, -0.6 - t.slant / 2
        canvas.fill(inside(_ellipse(*middle, 5.0, 5.0)), t.iris * 0.45, soft=0.5)
        canvas.fill(inside(_ellipse(middle[0], middle[1] + 0.6, 4.0, 3.8)), t.iris * 1.2, soft=0.6)
        canvas.fill(inside(_ellipse(*middle, 2.0, 2.0)), (0.02, 0.02, 0.02), soft=0.3)
        canvas.fill(upper + (0, 1.4), (0.1, 0.07, 0.06), 0.5, soft=0.9, width=2)
        canvas.fill(upper, line, 0.6 + 0.4 * t.lashes, soft=0.35, width=1.3 + 1.0 * t.lashes)
        canvas.fill(upper[8:] * 1.0 + (side * 0.8, -0.6), line, t.lashes, soft=0.4, width=1.5)
        canvas.fill(lower, dark * 0.7, 0.5, soft=0.5, width=1.0)
        canvas.fill(lower + (0, 3.5 + t.age), dark, 0.12 + 0.3 * t.age, soft=1.2, width=1.6)
        canvas.fill(_ellipse(middle[0] + 1.4 * np.sign(t.light), middle[1] - 1.5, 0.8, 0.8), (1, 1, 1), 0.85)
        b, tall = t.brow, t.brow_width
        brow = [(-10, 1.5), (-9.5, 1.5 - tall), (0, -t.arch - tall * 0.8), (8, -t.arch * 0.9 - tall * 0.3),
                (13, 1.5), (8, -t.arch * 0.9 + 0.8), (0, -t.arch + tall * 0.6)]
        brow = _curve(np.array(brow) * (side, 1) + (x, b))
        color = t.hair * 0.8 if t.tone < 0.5 else t.hair * 0.6
        canvas.fill(brow, color * 0.7 + dark * 0.3, 0.6, soft=1.1)
        canvas.fill(brow, color * 0.7, 0.55, soft=0.5)


def _mouth(canvas: _Canvas, t: Traits) -> None:
    y, w, f, up, gap = t.mouth, t.lips + t.smile, t.full, t.smile, t.open
    lip = t.skin * (1 - t.red) * (0.86, 0.64,
                                  0.62) + t.red * np.array((0.70, 0.22, 0.25)) * (0.45 + 0.6 * t.skin[0])
    seam = [(w, -up * 0.7), (w * 0.55, 0.2), (w * 0.2, 0.5), (0, 1.0)]
    below = [(0, 1.0 + gap), (w * 0.3, 0.8 + gap), (w * 0.65, 0.4 + gap * 0.6), (w, -up * 0.7)]
    bow = [(0, -f * 0.75), (w * 0.2, -f), (w * 0.55, -f * 0.65 - up * 0.2)]
    base = [(w * 0.6, f * 0.8 + gap * 0.8), (w * 0.25, f * 1.35 + gap), (0, f * 1.4 + gap)]
    place = (t.turn, y)
    canvas.fill(_both([(0, f * 1.6 + gap), (w * 0.6, f + gap)]) + (place[0], y + 3), t.skin * 0.5, 0.35,
                soft=1.8)
    canvas.fill(_both(bow + seam) + place, lip * (0.78, 0.72, 0.72), 0.95, soft=0.6)
    canvas.fill(_both([*below[:3], *base]) + place, lip * 1.05, 0.95, soft=0.7)
    if gap > 1:
        hole = _both([seam[3], *seam[2::-1], *below[2::-1]]) + place
        canvas.fill(hole, (0.17, 0.06, 0.06), soft=0.4)
        teeth = [(0, 0.8), (w * 0.6, 0.3), (w * 0.62, 0.5 + gap * 0.3), (0, 0.6 + gap * 0.72)]
        canvas.fill(_both(teeth) + place, (0.88, 0.85, 0.8), 0.95, soft=0.5)
    else:
        canvas.fill(_curve((np.array(seam + [(-x, v) for x, v in seam[2::-1]]) + place), False), lip * 0.3,
                    0.85, soft=0.4, width=1.3)
    for side in (-1, 1):
        canvas.fill(_ellipse(t.turn + side * (w + 0.5), y - up * 0.7, 1.8, 1.4), lip * 0.3, 0.6, soft=0.9)
    canvas.fill(_ellipse(t.turn + 2 * t.light, y + f * 0.75 + gap, w * 0.3, f * 0.2), (1, 0.9, 0.9), 0.3,
                soft=0.9)


def _beard(canvas: _Canvas, t: Traits, strands: np.ndarray) -> None:
    w, c, opacity = t.half, t.chin, min(0.92, t.beard * 1.3)
    if opacity > 0.1:
        rim = [(0, c + 3), (w * 0.45, c), (w * t.jaw, c - 19), (w * 0.99, 18), (w * 0.98, 2), (w * 0.9, 12),
               (w * 0.72, 32), (w * 0.5, 34), (t.lips * 0.5, 34.5), (0, 35.5)]
        lip = _both([(0, t.mouth - t.full - 1), (t.lips + 1, t.mouth), (t.lips * 0.5, t.mouth + 6 + t.open),
                     (0, t.mouth + 7 + t.open)])
        canvas.fill([_both(rim) + (t.turn * 0.4, 0), lip + (t.turn, 0)], strands * 0.9, opacity, soft=1.8)
    if t.moustache or opacity > 0.5:
        top = t.mouth - t.full - 0.5
        hair = [(0, top - 5), (t.lips * 0.6, top - 4), (t.lips + 3, top + 4), (t.lips * 0.7, top + 1.5),
                (0, top)]
        canvas.fill(_both(hair) + (t.turn, 0), strands * 0.85, 0.85, soft=0.9)


def _hair(canvas: _Canvas, t: Traits, strands: np.ndarray) -> None:
    """What lies in front of the head: a cap from the crown to the hairline, longer where hair is long."""
    w, v, top, line = t.half, t.volume, t.top, t.hairline
    crown = [(0, -top), (w * 0.6, -top + 6), (w + v * 0.6, -36)]
    if t.style == "bald":
        side = [(w, -38), (w + 1.5, -15), (w - 1, 4), (w - 4, -8), (w - 3, -30)]
        for mirror in (-1, 1):
            canvas.fill(_curve(side) * (mirror, 1), strands, 0.5, soft=2)
        return
    if t.style == "scarf":
        out, chin = (_both([*crown, (w + v, -5), (w + v - 2, 35), (w + 4, 72), (w + 12, 118), (0, 128)]),
                     t.chin - 3)
        face = _both([(0, -44), (w * 0.45, -41), (w * 0.82, -26), (w * 0.92, 5), (w * 0.84, 38),
                      (w * 0.4, chin - 5), (0, chin)])
        canvas.fill([out, face], t.skin * (0.4, 0.3, 0.27), 0.7, soft=3)
        canvas.fill([out, face], strands, soft=0.6)
        for side, low in ((-1, 96), (1, 104)):
            fold = _curve([(side * w * 0.9, 42), (side * w * 0.5, t.chin + 10), (-side * 20, low + 14)],
                          False)
            canvas.fill(fold, t.cloth2 * 0.3, 0.5, soft=2.5, width=4)
        return
    if t.style in ("long", "fringe"):
        out, drop = w + v + t.flare, t.drop
        crown += [(w + v, -12), (out, 25), (out, drop * 0.75), (out - 5, drop), (out - 16, drop * 0.92),
                  (w - 3, 40), (w - 2, 12)]
    elif t.style == "curly":
        crown += [(w + v + 3, -18), (w + v + 3, 5), (w + 2, 18), (w - 2, 4)]
    elif t.style == "bun":
        crown += [(w + 2, -15), (w + 1, -4), (w - 2, -5)]
    else:
        crown += [(w + v * 0.5, -18), (w + 1, 2), (w - 1.5, 9), (w - 2.5, -3)]
    if t.style == "fringe":
        crown += [(w - 3, -6), (w - 6, -16), (w * 0.5, -18), (0, -19)]
    elif t.style == "receding":
        crown += [(w - 4, -22), (w * 0.75, -44), (w * 0.5, -54), (0, -48)]
    else:
        crown += [(w - 3, -14), (w * 0.86, -28), (w * 0.52, -line), (0, -line - 3)]
    cap = _both(crown)
    inner = (np.abs(cap[:, 0]) < w * 0.8) & (cap[:, 1] < -8) & (cap[:, 1] > -56)
    if t.style in ("long", "bun", "short"):  # a parting lifts the hairline on one side
        cap[inner, 1] -= 7 * np.exp(-(((cap[inner, 0] - t.part) / 8) ** 2)) * (t.style != "short")
        cap[inner, 1] += 0.18 * cap[inner, 0] * np.sign(t.part) * (t.style == "short")
    canvas.fill(cap + (0, 2.5), t.skin * (0.4, 0.3, 0.27), 0.5, soft=2.5)
    canvas.fill(cap, strands, soft=1.5)
    if t.style in ("long", "bun"):
        canvas.fill(np.array([(t.part, -top + 3), (t.part * 1.05, -line - 8)]), t.hair * 0.4, 0.6, soft=1,
                    width=1.5)


def _glasses(canvas: _Canvas, t: Traits) -> None:
    if not t.glasses:
        return
    frame = t.cloth2 * 0.3
    for side in (-1, 1):
        angle = np.linspace(0, 2 * np.pi, 32)
        bend = 2 / t.round
        ring = np.stack([np.sign(np.cos(angle)) * np.abs(np.cos(angle)) ** bend * 14,
                         np.sign(np.sin(angle)) * np.abs(np.sin(angle)) ** bend * 11], -1)
        ring += (t.turn + side * (t.eye + 0.5), 1)
        canvas.fill(ring, (0.9, 0.95, 1), 0.07)
        canvas.fill(ring + (0, 1.5), t.skin * 0.3, 0.4, soft=1, width=t.rim)
        canvas.fill(ring, frame, soft=0.3, width=t.rim + 0.4)
        canvas.fill(np.array([(t.turn + side * (t.eye + 14), -3), (side * (t.half + 1), -4)]), frame,
                    width=t.rim)
    canvas.fill(_curve([(t.turn - 5, -1), (t.turn, -3), (t.turn + 5, -1)], False), frame, soft=0.3,
                width=t.rim)


# ---- buildings; units are pixels of a picture 240 high, (0, 0) lies on the ground in the middle ----

WALLS = {"plaster": [(232, 214, 176), (226, 190, 140), (214, 150, 120), (200, 208, 180), (236, 232, 222),
                     (190, 200, 212), (222, 200, 90), (176, 120, 100)],
         "brick": [(156, 78, 58), (138, 64, 50), (176, 112, 78), (120, 70, 56), (196, 168, 130)],
         "stone": [(196, 184, 160), (168, 160, 148), (206, 196, 178), (150, 138, 120)],
         "boards": [(120, 84, 56), (226, 222, 212), (150, 62, 50), (112, 132, 140), (86, 70, 56)],
         "frame": [(238, 230, 212), (232, 214, 170), (222, 196, 160)]}
ROOFS = {"tile": [(160, 82, 58), (140, 66, 50), (176, 100, 70)],
         "slate": [(84, 88, 98), (70, 72, 78), (100, 96, 96)]}


def _draw_building(rng: np.random.Generator, main: Traits | None = None) -> Traits:
    """The traits of a building; a neighbour shares the light of `main`."""
    uniform = rng.uniform

    def chance(p: float) -> bool:
        return bool(rng.random() < p)

    def pick(colors: list[tuple[int, int, int]]) -> np.ndarray:
        return np.array(colors[rng.integers(len(colors))]) / 255 * uniform(0.88, 1.08)

    kind = str(rng.choice(("house", "block", "tower"), p=(0.4, 0.45, 0.15)))
    walls = str(rng.choice(list(WALLS),
                           p={"house": (0.35, 0.2, 0.1, 0.2, 0.15), "block": (0.5, 0.25, 0.25, 0, 0),
                              "tower": (0.3, 0.3, 0.4, 0, 0)}[kind]))
    floors = int(rng.integers(*{"house": (1, 4), "block": (3, 7), "tower": (2, 4)}[kind]))
    storey = {"house": min(58, uniform(92, 140) / floors), "block": uniform(190, 250) / (floors + 1),
              "tower": uniform(34, 42)}[kind]
    bays = int(rng.integers(*{"house": (2, 6), "block": (4, 9), "tower": (2, 5)}[kind]))
    bay = storey * uniform(0.72, 1.0) if kind != "block" else max(uniform(230, 350) / bays, storey * 0.62)
    dusk = chance(0.1) if main is None else main.dusk
    roof = {"house": ("gable", "hip", "side", "mansard"), "block": ("flat", "flat", "side", "mansard"),
            "tower": ("gable", "hip", "side", "flat")}[kind][rng.integers(4)]
    traits = dict(kind=kind, main=main is None, walls=walls, floors=floors, storey=storey, bays=bays, bay=bay,
                  roof=roof, dusk=dusk, color=pick(WALLS[walls]),
                  trim=pick([(236, 230, 216), (206, 190, 160), (240, 240, 238), (120, 108, 96)]),
                  tiles=pick(ROOFS["slate" if roof == "mansard" or chance(0.3) else "tile"]),
                  pitch=uniform(0.32, 0.6), pane=(uniform(0.36, 0.52), uniform(0.5, 0.66)),
                  arched=chance(0.22), panes=(int(rng.integers(1, 3)), int(rng.integers(1, 4))),
                  paint=pick([(240, 240, 236), (90, 60, 44), (60, 66, 70), (226, 220, 200)]),
                  shutters=walls != "stone" and chance(0.3),
                  shutter=pick([(60, 90, 66), (110, 60, 44), (74, 96, 124), (180, 170, 150)]),
                  pediment=chance(0.35), sill=chance(0.8), balconies=chance(0.3), flowers=chance(0.25),
                  courses=chance(0.6), quoins=chance(0.25), shop=kind == "block" and chance(0.5),
                  awning=rng.uniform(0.1, 0.8, 3),
                  door=pick([(90, 50, 34), (50, 74, 60), (120, 30, 30), (50, 60, 84), (60, 50, 46)]),
                  door_bay=int(rng.integers(0, bays)), which=rng.integers(0, 3, (8, 12)),
                  glass=uniform(0.1, 0.3), curtain=rng.uniform(0, 1, 3),
                  lit=rng.random(3) < (0.6 if dusk else 0.04), chimneys=int(rng.integers(0, 3)),
                  corner=(kind != "block" and chance(0.45)) or chance(0.15), side=1 if chance(0.5) else -1,
                  depth=uniform(0.5, 0.85), fade=uniform(0.72, 0.88), lean=uniform(0, 0.05),
                  center=uniform(-18, 18), dormers=chance(0.6), spire=uniform(0.9, 2.2),
                  belfry=uniform(30, 44), shadow=uniform(0.1, 0.75),
                  rough=rng.standard_normal((64, 64), np.float32))
    if main is not None:
        return _single(traits | dict(light=main.light))
    night = np.array((0.84, 0.78, 0.88)) if dusk else np.ones(3)
    traits |= dict(light=uniform(-1, 1), horizon=uniform(0.82, 0.93), clouds=max(0.0, uniform(-0.6, 1)),
                   cover=uniform(-0.6, 0.8),
                   zenith=np.array((0.24, 0.25,
                                    0.42) if dusk else pick([(84, 134, 200), (120, 166, 214), (176, 190, 204),
                                                             (60, 112, 190), (206, 210, 214)])),
                   low=np.array((0.93, 0.62,
                                 0.45) if dusk else pick([(206, 222, 236), (226, 230, 232),
                                                          (190, 212, 234)])),
                   lawn=pick([(96, 128, 60), (120, 140, 76), (80, 110, 52)]),
                   street=pick([(120, 118, 116), (96, 96, 100), (150, 142, 130)]),
                   path=str(rng.choice(("street", "lawn"),
                                       p=(0.35, 0.65) if kind == "house" else (0.8, 0.2))),
                   plants=[(uniform(-170, 170), uniform(4, 24), uniform(16, 46) * (1 if chance(0.4) else 0.4),
                            chance(0.4), uniform(0.7, 1.25),
                            uniform(-0.06, 0.1)) for _ in range(rng.integers(0,
                                                                             6 if kind != "block" else 4))],
                   neighbours=[], balance=uniform(0.92, 1.06) * night * rng.uniform(0.97, 1.03, 3),
                   blur=uniform(0, 0.5), vignette=uniform(0, 0.06), grain=uniform(0.004, 0.012),
                   noise=rng.standard_normal((128, 128), np.float32))
    t = _single(traits)
    half = t.bays * t.bay / 2
    for side in (-1, 1):
        if chance(0.3 if kind == "house" else 0.75):
            other = _draw_building(rng, main=t)
            other.corner, other.kind, other.lean = False, "block", t.lean
            gap = 0 if kind == "block" else uniform(4, 30)
            other.center = t.center + side * (half + other.bays * other.bay / 2 + gap)
            t.neighbours.append(other)
    return t


def _sky(canvas: _Canvas, t: Traits) -> None:
    fall = np.clip((canvas.y + 230) / 230, 0, 1)
    clouds = sum(cv2.resize(t.rough[: 7 * k, : 4 * k], (96, 72),
                            interpolation=cv2.INTER_CUBIC) / k for k in (1, 2, 4))
    clouds = np.clip(clouds * 0.55 + t.cover * 0.7, 0, 1) * t.clouds * 0.85
    clouds = cv2.resize(clouds, canvas.pixels.shape[:0:-1], interpolation=cv2.INTER_LINEAR) * (1 - 0.6 * fall)
    white = 0.4 * t.low + (0.35 if t.dusk else 0.58)
    for plane, top, low, cloud in zip(canvas.pixels, t.zenith, t.low, white, strict=True):
        plane[:] = top + (low - top) * fall**1.3
        plane += clouds * (cloud - plane)


def _ground(canvas: _Canvas, t: Traits) -> None:
    hills = np.stack([np.linspace(-400, 400, 40), -14 - 12 * np.abs(t.rough[0, :40])], -1)
    canvas.fill(np.concatenate([_curve(hills, False), [(400, 9), (-400, 9)]]), 0.5 * t.lawn + 0.35 * t.low,
                soft=1.2)
    grain = 1 + 0.06 * _mist(t.rough, *canvas.pixels.shape[1:], 40)
    near = np.multiply.outer(t.lawn if t.path == "lawn" else t.street, grain * (0.85 + 0.006 * canvas.y))
    canvas.fill(_box(-900, 0, 900, 90), near, soft=0.5)
    if t.path == "street":
        canvas.fill(_box(-900, -1, 900, 7), t.street * 1.25)
        canvas.fill(_box(-900, 7, 900, 8.6), t.street * 0.6, soft=0.4)
    else:
        walk = (t.door_bay + 0.5 - t.bays / 2) * t.bay + t.center
        canvas.fill(np.array([(walk - 6, 0), (walk + 6, 0), (walk * 1.3 + 24, 60), (walk * 1.3 - 24, 60)]),
                    t.street * 1.2, soft=0.6)


def _wall(t: Traits, height: int, width: int, scale: float) -> np.ndarray:
    """A wall of its material, `(3, height, width)`; courses are looked up in a table of noise."""
    rows, columns = np.arange(height, dtype=np.float32) / scale, np.arange(width, dtype=np.float32) / scale
    shade = 1 + 0.035 * _mist(t.rough, height, width, 5) + 0.02 * _mist(t.rough[::-1], height, width, 48)
    tall, long, strength = {"brick": (3.0, 8, 0.1), "stone": (9, 19, 0.07)}.get(t.walls, (0, 0, 0))
    if tall:
        row = (rows / tall).astype(int)
        column = ((columns[None] / long) + (row[:, None] % 2) * 0.5).astype(int)
        shade += strength * t.rough[row[:, None] % 64, column % 64]
        seam = (rows % tall < 0.8)[:, None] | ((columns[None] + (row[:, None] % 2) * 0.5 * long) % long < 0.8)
        shade[seam] += 0.12 if t.walls == "brick" else -0.16
    elif t.walls == "boards":
        shade += 0.05 * t.rough[(rows / 4.5).astype(int) % 64, 0][:, None] - 0.2 * (rows % 4.5 < 0.9)[:, None]
    shade *= np.linspace(1.04, 0.94, height, dtype=np.float32)[:, None]
    return np.multiply.outer(t.color, shade)


def _window(t: Traits, scale: float, variant: int, door: bool = False, shop: bool = False) -> np.ndarray:
    """One bay of one storey on clear ground, `(4, h, w)` with cover; (0, 0) is the middle of its opening."""
    cell, tall = t.bay, t.storey
    w, h = (t.bay * t.pane[0] / 2, t.storey * t.pane[1] / 2)
    if door:
        w, h = min(w * 1.1, 9), tall * 0.38
    if shop:
        w, h = cell * 0.43, tall * 0.36
    middle = tall - h - 0.5 if door or shop else tall * 0.5
    c = _Canvas(round(tall * scale), round(cell * scale), scale, (cell * scale / 2, middle * scale), planes=4)
    shape = _box(-w, -h, w, h)
    if t.arched and not shop:
        bow = np.linspace(np.pi, 0, 14)
        shape = np.concatenate([[(-w, h)], np.stack([w * np.cos(bow), -h + w * (1 - np.sin(bow))], -1),
                                [(w, h)]])
    m = 2.2 if t.courses else 1.2
    trim, dark = t.trim, t.color * 0.3
    if t.shutters and not (door or shop):
        for side in (-1, 1):
            leaf = _box(side * (w + m), -h, side * min(w * 2 + m, cell / 2 - 0.5), h)
            c.fill(leaf + (1.2, 1.5), dark, 0.5, soft=0.8)
            c.fill(leaf, t.shutter)
            slats = [np.array([(leaf[0, 0], y), (leaf[1, 0], y)]) for y in np.arange(-h + 2, h, 2.6)]
            c.fill(slats, t.shutter * 0.6, 0.6, width=0.9)
    c.fill(shape * (1 + m / w, 1 + m / h) + (1, 1.4), dark, 0.5, soft=1)
    c.fill(shape * (1 + m / w, 1 + m / h), trim)
    if t.pediment and not (door or shop) and not t.arched:
        peak = np.array([(-w - 4, -h - 2.5), (0, -h - 7), (w + 4, -h - 2.5)])
        c.fill(peak + (0, 1.6), dark, 0.5, soft=0.8)
        c.fill(peak, trim * 1.04)
    if door:
        c.fill(shape, t.door * 0.6)
        c.fill(shape * 0.9 + (0, h * 0.08), t.door)
        c.fill([_box(w * (x - 0.28), h * y0, w * (x + 0.28), h * y1) for x in (-0.45, 0.45) for y0,
                y1 in ((-0.45, 0.1), (0.25, 0.85))], t.door * 0.7)
        c.fill(_box(-w * 0.75, -h * 0.82, w * 0.75, -h * 0.58), (0.35, 0.4, 0.45))
        c.fill(_box(-w - 3, h - 1.5, w + 3, h + 1), trim * 0.75)
        return c.pixels
    warm, sky = np.array((0.98, 0.78, 0.42)), np.array((0.55, 0.66, 0.78))
    glass = warm * 0.9 if t.lit[variant] else sky * t.glass * 1.5
    c.fill(shape, t.paint * 0.75)
    c.fill(shape * (1 - 1.4 / w, 1 - 1.4 / h), glass)
    if not t.lit[variant]:
        slope = (variant - 1) * 0.5 + 0.2
        shine = np.array([(-w, -h), (w, -h), (w, -h * slope), (-w, h * slope)]) * (1 - 1.4 / w, 1 - 1.4 / h)
        c.fill(shine, sky, 0.55, soft=1)
    drape = t.curtain[variant]
    if drape > 0.35 and not shop:
        for side in (-1, 1):
            c.fill(np.array([(side * w * 0.9, -h * 0.9), (side * w * (0.9 - 0.7 * drape), -h * 0.9),
                             (side * w * 0.6, h * 0.9), (side * w * 0.9, h * 0.9)]), trim * 0.9, 0.6,
                   soft=0.7)
    c.fill(np.array([(-w, -h + 2), (w, -h + 2)]), (0.02, 0.02, 0.03), 0.45, soft=0.9, width=2)
    upright, level = t.panes[0] + (2 if shop else 0), 1 if shop else t.panes[1]
    bars = [np.array([(x, -h), (x, h)]) for x in np.linspace(-w, w, upright + 1)[1:-1]]
    bars += [np.array([(-w, y), (w, y)]) for y in np.linspace(-h, h, level + 1)[1:-1]]
    if bars:
        c.fill(bars, t.paint, width=1.4)
    if shop:
        canopy = np.array([(-w, -h - 3), (w, -h - 3), (w + 1, -h * 0.5), (-w - 1, -h * 0.5)])
        c.fill(canopy + (0, 4), (0.03, 0.03, 0.04), 0.5, soft=1.5)
        c.fill(canopy, t.awning)
    elif t.balconies and variant == 1:
        c.fill(_box(-w - 6, h - 0.5, w + 6, h + 2), trim * 0.9)
        c.fill(_box(-w - 5, h + 2, w + 5, h + 6), dark, 0.45, soft=1.2)
        rails = [np.array([(x, h - 9), (x, h)]) for x in np.arange(-w - 5, w + 5.5, 2.4)]
        c.fill(rails, (0.12, 0.12, 0.13), 0.85, width=0.8)
        c.fill(np.array([(-w - 5.5, h - 9), (w + 5.5, h - 9)]), (0.12, 0.12, 0.13), width=1.2)
    elif t.sill:
        c.fill(_box(-w - m - 1, h + m + 1, w + m + 1, h + m + 3.5), dark, 0.45, soft=0.8)
        c.fill(_box(-w - m - 1, h + 0.4, w + m + 1, h + m + 0.6), trim * 1.05)
        if t.flowers:
            bed = [_ellipse(x, h - 1 + 0.7 * r, 2, 2) for x,
                   r in zip(np.linspace(-w, w, 7), t.rough[0], strict=False)]
            c.fill(bed[::2], (0.25, 0.42, 0.18), 0.9, soft=0.5)
            c.fill(bed[1::2], (0.75, 0.2, 0.25), 0.9, soft=0.5)
    return c.pixels


def _facade(t: Traits, bays: int, scale: float, cells: list[np.ndarray], shops: bool = False,
            door: int = -1) -> np.ndarray:
    """A flat front of `bays` x `t.floors` windows, each one of `cells`; `(3, h, w)`."""
    tall, long = t.storey, t.bay
    height, width = round((t.floors * tall + 7) * scale), round((bays * long + 6) * scale)
    wall = _Canvas(height, width, scale, (0, 0))
    wall.pixels = _wall(t, height, width, scale)
    high, wide = height / scale, width / scale
    if t.quoins:
        ends = [(y, 6 if k % 2 else 9) for k, y in enumerate(np.arange(6, high, 6.0))]
        wall.fill([_box(0, y, reach, y + 5.2) for y, reach in ends], t.trim * 0.95)
        wall.fill([_box(wide - reach, y, wide, y + 5.2) for y, reach in ends], t.trim * 0.95)
    if t.walls == "frame":
        beam = np.array((0.27, 0.18, 0.12)) * (0.8 + t.glass)
        for floor in range(t.floors + 1):
            y = 5 + floor * tall
            wall.fill(np.array([(0, y), (wide, y)]), beam, width=3.6)
        for k in range(bays + 1):
            x = 3 + k * long
            wall.fill(np.array([(x, 0), (x, high)]), beam, width=3)
            if k < bays:
                ends = (np.array([(x, high),
                                  (x + long * 0.24, high - tall)]) if k % 2 else np.array([(x + long, high),
                                                                                           (x + long * 0.76,
                                                                                            high - tall)]))
                wall.fill(ends, beam, width=2.4)
    if t.courses:
        for floor in range(1, t.floors):
            y = 6 + floor * tall
            wall.fill(_box(0, y + 1, wide, y + 3.4), t.color * 0.35, 0.45, soft=0.8)
            wall.fill(_box(0, y - 1.2, wide, y + 1.2), t.trim)
    wall.fill(_box(0, high - 6, wide, high), t.color * 0.55 if t.walls != "frame" else t.trim * 0.5, 0.8)
    entry = _window(t, scale, 0, door=True) if door >= 0 else None
    shop = _window(t, scale, 0, shop=True) if shops else None
    for floor in range(t.floors):
        for k in range(bays):
            which = t.which[floor, k % 12] if not t.balconies else t.which[floor, 0] if k % 2 else 0
            cell = cells[which % len(cells)]
            if floor == t.floors - 1:
                cell = entry if k == door else shop if shops else cell
            y, x = round((7 + floor * tall) * scale), round((3 + k * long) * scale)
            region = wall.pixels[:, y : y + cell.shape[1], x : x + cell.shape[2]]
            cell = cell[:, : region.shape[1], : region.shape[2]]
            region *= 1 - cell[3]
            region += cell[:3]
    wall.fill(_box(-9, -6, wide + 9, 9), t.color * 0.2, t.shadow, soft=3)  # what the eaves keep off
    wall.fill(_box(0, 0, wide, 3.5), t.trim)
    if t.light * t.shadow > 0.25:  # the house across the street
        wall.fill(np.array([(-20, high * 0.45), (wide * 0.5, high + 20), (-20, high + 20)]),
                  (0.06, 0.07, 0.12), 0.42, soft=2)
    return wall.pixels


def _mount(canvas: _Canvas, picture: np.ndarray, quad: np.ndarray, gain: float = 1.0) -> None:
    """Hangs a flat picture between four corners (top left, top right, bottom right, bottom left)."""
    height, width = picture.shape[1:]
    target = quad * canvas.scale + canvas.origin
    x0, y0 = np.maximum(np.floor(target.min(0)), 0).astype(int)
    x1, y1 = np.minimum(np.ceil(target.max(0)), canvas.pixels.shape[:0:-1]).astype(int)
    if x0 >= x1 or y0 >= y1:
        return
    corners = np.array([(0, 0), (width, 0), (width, height), (0, height)], np.float32)
    view = cv2.getPerspectiveTransform(corners, (target - (x0, y0)).astype(np.float32))
    warped = cv2.warpPerspective(cv2.merge(list(picture * np.float32(gain))), view,
                                 (int(x1 - x0), int(y1 - y0)), flags=cv2.INTER_LINEAR,
                                 borderMode=cv2.BORDER_REPLICATE)
    whole = np.zeros_like(canvas.pixels)
    for plane, part in zip(whole, cv2.split(warped), strict=True):
        plane[y0:y1, x0:x1] = part
    canvas.fill(quad, whole)


def _house(canvas: _Canvas, t: Traits) -> None:
    """Walls, roof, chimneys and tower of one building, in one- or two-point perspective."""
    high, wide = t.floors * t.storey + 7, t.bays * t.bay + 6
    x0, x1 = t.center - wide / 2, t.center + wide / 2
    cells = [_window(t, canvas.scale, variant) for variant in range(3 if t.main else 2)]
    front = _facade(t, t.bays, canvas.scale, cells, t.shop, t.door_bay)
    canvas.fill(_box(x0 - 6, -3, x1 + 6, 5), (0.05, 0.06, 0.06), 0.5, soft=3)
    if t.kind == "tower":
        _tower(canvas, t, x0 if t.side < 0 else x1, high)
    if not t.corner:
        lean = wide * t.lean / 2
        quad = np.array([(x0 + lean, -high), (x1 - lean, -high), (x1, 0), (x0, 0)])
        _roof(canvas, t, quad[0], quad[1])
        _mount(canvas, front, quad, 1 - 0.12 * abs(t.light))
        return
    eye, edge = (14,
                 t.center + t.side * wide * 0.22)  # the corner that is nearest, and how far both sides recede
    flat, deep = edge - t.side * wide * 0.86, edge + t.side * wide * t.depth * 0.5

    def ends(x: float, fade: float) -> tuple[tuple[float, float], tuple[float, float]]:
        return (x, -eye - (high - eye) * fade), (x, -eye + eye * fade)

    far, near, back = ends(flat, t.fade), ends(edge, 1.0), ends(deep, t.fade * 0.94)
    _roof(canvas, t, np.array(far[0]), np.array(near[0]), np.array(back[0]))
    facing, aside = (far, near), (near, back)
    if t.side < 0:
        facing, aside = facing[::-1], aside[::-1]
    bays = max(1, round(t.bays * t.depth * 0.8))
    lit = 1.05 if t.light * t.side < 0 else 0.8
    for picture, (a, b), gain in ((_facade(t, bays, canvas.scale, cells), aside, 0.62 if lit > 1 else 1.05),
                                  (front, facing, lit)):
        _mount(canvas, picture, np.array([a[0], b[0], b[1], a[1]]), gain)


def _shingles(canvas: _Canvas, t: Traits) -> np.ndarray:
    """The roof's colour everywhere: rows of tiles, of which no two are burnt alike."""
    y = canvas.y[canvas.y < -20][:, None]
    rows = (y / 3.2).astype(np.int32) % 64
    table = np.stack([t.rough[rows[:, 0]], np.roll(t.rough[rows[:, 0]], 1, 1)], -1).reshape(len(rows), -1)
    shade = table[:, ((canvas.x[0] + 800) / 2).astype(int) % 128] * np.float32(0.07)
    shade += 0.95 - np.float32(0.2) * (y % 3.2 < 1) + 0.12 * t.light / 160 * canvas.x
    roof = np.zeros_like(canvas.pixels)
    np.multiply.outer(t.tiles, shade, out=roof[:, : len(y)])
    return roof


def _roof(canvas: _Canvas, t: Traits, left: np.ndarray, right: np.ndarray,
          back: np.ndarray | None = None) -> None:
    wide = abs(right[0] - left[0])
    rise = min(wide * t.pitch * (0.55 if t.kind != "block" else 0.2), 62)
    for k in range(t.chimneys if t.roof != "flat" else 0):
        x = left[0] + (right[0] - left[0]) * (0.3 + 0.45 * k)
        y = left[1] + (right[1] - left[1]) * (0.3 + 0.45 * k)
        canvas.fill(_box(x - 5, y - rise - 9, x + 5, y), t.tiles * 0.8)
        canvas.fill(_box(x + 1, y - rise - 9, x + 5, y), t.tiles * 0.5)
        canvas.fill(_box(x - 6, y - rise - 11, x + 6, y - rise - 8), t.trim * 0.8)
    if t.roof == "flat":
        over = np.array((np.sign(right[0] - left[0]) * 3, 0))
        for outline in [(left, right)] + ([(right, back)] if back is not None else []):
            ledge = np.array([outline[0] - over, outline[1] + over, outline[1] + over - (0, 6),
                              outline[0] - over - (0, 6)])
            canvas.fill(ledge, t.trim * (0.9 if outline[0] is left else 0.65))
            canvas.fill(ledge[2:] + (0, 0), t.trim * 1.1, width=1.2)
        return
    shingles, out = _shingles(canvas, t), np.sign(right[0] - left[0]) * 6
    a, b = left - (out, -3), right + (out if back is None else 0, 3)
    if t.roof == "gable" and back is None:
        peak = (a + b) / 2 - (0, rise * 1.25)
        gable = np.array([left + (0, 1), right + (0, 1), peak + (0, 3)])
        canvas.fill(gable, t.color * (0.9 if t.walls != "frame" else 0.85))
        canvas.fill(_ellipse(*((left + right) / 2 - (0, rise * 0.42)), 6, 7), t.trim)
        canvas.fill(_ellipse(*((left + right) / 2 - (0, rise * 0.42)), 4.5, 5.5), (0.2, 0.24, 0.3))
        canvas.fill(np.array([a, peak, b]) + (0, 4), t.color * 0.3, 0.4, soft=2, width=4)
        for end, gain in ((a, 1.0), (b, 0.75)):
            canvas.fill(np.array([end, peak]), t.tiles * gain, width=5)
            canvas.fill(np.array([end, peak]) + (0, 3.2), t.trim * gain, width=1.6)
        return
    inset = {"hip": 0.28, "side": 0.0, "mansard": 0.08, "gable": 0.0}[t.roof] * wide * np.sign(out)
    rise = rise * 1.15 if t.roof != "mansard" else min(rise * 1.2, t.storey * 1.1)
    top_a, top_b = a + (inset, -rise), b + (-inset, -rise)
    if back is not None:
        c = back + (out, 3)
        top_b = b + ((c[0] - b[0]) * 0.45, -rise * 1.05)
        side = np.array([b, c, c + (-(c[0] - b[0]) * 0.35, -rise * 0.6), top_b])
        if t.roof in ("gable", "side"):
            canvas.fill(np.array([b, c, top_b]), t.color * 0.75)
            canvas.fill(np.array([c, top_b]), t.tiles * 0.6, width=4)
        else:
            canvas.fill(side[[0, 1, 3]], shingles * 0.68)
    canvas.fill(np.array([a, b, top_b, top_a]), shingles)
    canvas.fill(np.array([a, b]), t.trim * 0.75, width=2.2)
    canvas.fill(np.array([top_a, top_b]), t.tiles * 0.6, width=1.8)
    if t.dormers and rise > 18 and back is None:
        for k in range(1, min(t.bays, 5)):
            at = a + (b - a) * k / min(t.bays, 5) - (0, rise * 0.3)
            canvas.fill(_box(-6, -10, 6, 5) + at, t.trim * 0.95)
            canvas.fill(_box(-4, -8, 4, 4) + at, (0.2, 0.24, 0.3))
            canvas.fill(np.array([(-8, -9), (0, -16), (8, -9)]) + at, t.tiles * 0.7)
            canvas.fill(_box(6, -9, 9, 5) + at, (0.05, 0.05, 0.06), 0.35, soft=1)


def _tower(canvas: _Canvas, t: Traits, x: float, high: float) -> None:
    w, top = t.belfry / 2, high + t.storey * 1.1
    body = Traits(**vars(t))
    body.bays, body.bay, body.floors, body.arched, body.shutters = (1, t.belfry - 6,
                                                                    max(2, int(top / t.storey)), True, False)
    body.storey, body.balconies, body.flowers = (top - 7) / body.floors, False, False
    peak = np.array((x, -top - w * 2 * t.spire))
    canvas.fill(np.array([(x - w - 3, -top + 2), (x + w + 3, -top + 2), peak]), _shingles(canvas, t))
    canvas.fill(np.array([(x + w * 0.25, -top + 2), (x + w + 3, -top + 2), peak]), t.tiles * 0.35, 0.5)
    canvas.fill(np.array([peak + (0, 2), peak - (0, 9)]), (0.2, 0.2, 0.2), width=1.2)
    cells = [_window(body, canvas.scale, 0)] * 3
    _mount(canvas, _facade(body, 1, canvas.scale, cells), _box(x - w, -top, x + w, 0), 0.95)
    canvas.fill(_box(x + w * 0.4, -top, x + w, 0), (0.05, 0.05, 0.09), 0.3, soft=4)


def _plants(canvas: _Canvas, t: Traits) -> None:
    """Trees and bushes: a ball of noise, lit from above, cut where the noise ends."""
    for x, y, r, tree, bright, yellow in t.plants:
        stem, ry = (r * 1.25 if tree else r * 0.35), r * (1.1 if tree else 0.6)
        canvas.fill(_ellipse(x + 4, y + 1, r * 0.9, 3 + r * 0.06), (0.04, 0.06, 0.04), 0.5, soft=2.5)
        if tree:
            canvas.fill(np.array([(x - 2.5, y), (x - 1.2, y - stem), (x + 1.2, y - stem), (x + 2.5, y)]),
                        (0.24, 0.18, 0.13))
        left, right = (np.searchsorted(canvas.x[0], x + k * r * 1.5) for k in (-1, 1))
        above, below = (np.searchsorted(canvas.y[:, 0], y - stem + k * ry * 1.5) for k in (-1, 1))
        u, v = (canvas.x[:, left:right] - x) / r, (canvas.y[above:below] - (y - stem)) / ry
        if not (u.size and v.size):
            continue
        leaves = _mist(t.rough, v.size, u.size, 12) * 0.5 + _mist(t.rough[::-1], v.size, u.size, 30) * 0.5
        cover = np.clip((1 - np.sqrt(u**2 + v**2) + 0.3 * leaves) * 5, 0, 1)
        shade = np.clip(0.62 - 0.3 * v + 0.2 * t.light * u + 0.26 * leaves, 0.12, 1.3) * bright
        green = np.multiply.outer(np.float32((0.32 + yellow * 2, 0.45 + yellow, 0.18)), shade)
        region = canvas.pixels[:, above:below, left:right]
        region += cover * (green - region)
