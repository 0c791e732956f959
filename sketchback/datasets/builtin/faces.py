"""A portrait: its traits sampled, then backdrop, body, head, features and hair painted from them.

Units are pixels of a picture of 218 x 178; (0, 0) lies between the eyes.
"""

from __future__ import annotations

import cv2
import numpy as np

from sketchback.datasets.builtin import canvas as painting
from sketchback.datasets.builtin.canvas import Canvas, Traits, box, curve, ellipse, mirrored

# Skin from light to deep; black, brown, red, blond, grey and white hair; irises from brown to grey.
SKIN = painting.palette("f4d0be d6a686 9c6c50 684534 402b24")
HAIR = painting.palette("161212 38241a 503422 703c24 c4a068 787674 cecac4")
IRIS = painting.palette("2e1c12 5c3c20 546c46 567aa0 707c84")
STYLES = ("short", "long", "fringe", "curly", "bun", "bald", "scarf")


def sample(rng: np.random.Generator) -> Traits:
    """The traits of a face; one with `soft` features has no beard, deep skin comes mostly with dark hair and eyes."""
    u, t = rng.uniform, Traits()
    t.tone, t.style = u(), str(rng.choice(STYLES, p=(0.3, 0.2, 0.13, 0.12, 0.1, 0.08, 0.07)))
    t.skin = np.array([np.interp(t.tone * 4, range(5), plane) for plane in SKIN.T])
    fair = 1.0 if t.tone < 0.4 else 0.15
    share = np.array([3, 2.5, 2, fair, 2 * fair, 0.8, 0.5])
    t.hair = HAIR[rng.choice(len(HAIR), p=share / share.sum())] * u(0.8, 1.15)
    t.iris, t.cloth = IRIS[rng.integers(0, 5 if fair == 1 else 2)], u(0.06, 0.85) * 0.6 + 0.4 * u(0.03, 0.9, 3)
    t.collar, t.shoulder, t.stripes = rng.choice(("crew", "vee", "shirt")), u(84, 98), u() < 0.15
    t.soft = t.style in ("long", "fringe", "bun", "scarf") or u() < 0.25
    t.half, t.chin, t.jaw = u(39, 44.5), u(65, 74), u(0.68, 0.8) if t.soft else u(0.76, 0.9)
    t.turn, t.age, t.eye, t.lid, t.wide = rng.normal() * 2.5, u() ** 2, u(18.5, 20.5), u(3.6, 5.4), u(9, 10.6)
    t.slant, t.gaze, t.lashes = u(-1.2, 1.5), u(-1.3, 1.3), u(0.5, 1) if t.soft else u(0.2, 0.5)
    t.brow, t.arch, t.thick = u(-14.5, -11.5), u(1, 3.5), u(1.2, 2) if t.soft else u(1.8, 3)
    t.nose, t.nostril, t.mouth, t.lips, t.full = u(21, 26), u(6.5, 9), u(39, 43), u(13.5, 17.5), u(2.4, 4.6)
    t.smile, t.open, t.red = max(0, u(-2, 4)), max(0, u(-5, 5)), u(0.35, 0.8) if t.soft else u(0.1, 0.35)
    t.beard, t.glasses, t.rim, t.round = 0 if t.soft else max(0, u(-0.9, 1)), u() < 0.16, u(0.8, 2), u(2, 5)
    t.top, t.volume, t.hairline, t.drop, t.flare = u(63, 71), u(3, 9), u(36, 46), u(45, 125), u(0, 12)
    t.part, t.wave, t.strands = u(-16, 16), max(0, u(-3, 3.5)), rng.standard_normal((64, 64))
    t.corners, t.spots = u(0.05, 0.95) * u(0.8, 1, 3) + u(-0.12, 0.12, (4, 3)), u(0, 1, (12, 6))
    t.backdrop, t.light, t.ambient = rng.integers(3), u(0.15, 0.75) * (1 if u() < 0.5 else -1), u(0.3, 0.55)
    t.tilt, t.zoom, t.shift = rng.normal() * 3, u(0.98, 1.12), rng.normal(size=2) * 2.5
    t.vignette, t.grain, t.noise = u(0, 0.08), u(0.004, 0.014), rng.standard_normal((64, 64))
    t.balance = (0.14 * t.tone + u(0.92, 1.05)) * u(0.96, 1.04, 3)  # a camera exposes longer for deep skin
    return painting.single(t)


def paint(t: Traits, height: int, width: int) -> np.ndarray:
    """The portrait `(height, width, 3)` with these traits."""
    scale = min(height / 218, width / 178)
    rim = int(12 * scale) + 2  # painted too, and cut off again when the camera is tilted
    origin = width / 2 + rim, height / 2 + 3 * scale + rim
    canvas = Canvas(height + 2 * rim, width + 2 * rim, scale=scale, origin=origin)
    hair = _strands(canvas, t)
    _backdrop(canvas, t)
    _hair_behind(canvas, t, hair)
    _body(canvas, t)
    _head(canvas, t)
    _eyes(canvas, t)
    _nose_and_mouth(canvas, t)
    _hair_in_front(canvas, t, hair)
    if t.glasses:
        _glasses(canvas, t)
    turn = cv2.getRotationMatrix2D((width / 2 + rim, height / 2 + rim), t.tilt, t.zoom)
    turn[:, 2] += t.shift * scale - rim
    picture = cv2.warpAffine(cv2.merge(list(canvas.pixels)), turn, (width, height), borderMode=cv2.BORDER_REFLECT)
    return painting.photograph(picture, t)


def _backdrop(canvas: Canvas, t: Traits) -> None:
    """A gradient between four colours, with lights or panels; it is out of focus, so it is painted small."""
    height, width = canvas.pixels.shape[1:]
    far = Canvas(-(-height // 4), -(-width // 4), scale=canvas.scale / 4, origin=tuple(canvas.origin / 4))
    down, across = (np.linspace(0, 1, n, dtype=np.float32) for n in far.pixels.shape[1:])
    weights = np.stack([np.outer(v, h) for v in (1 - down, down) for h in (1 - across, across)])
    far.pixels = np.tensordot(t.corners.T, weights, 1)
    for x, y, size, *rgb in t.spots[: (0, 12, 4)[t.backdrop]]:
        x, y, color = x * 220 - 110, y * 250 - 130, np.array(rgb) * 0.5 + 0.4
        if t.backdrop == 1:
            far.fill(ellipse(x, y, 6 + 14 * size, 6 + 14 * size), color, 0.2 + 0.3 * size, soft=1 + 4 * size)
        else:
            far.fill(box(x, -150, x + 10 + 60 * size, 200), color * t.corners[0] * 1.4, 0.6, soft=2.5)
    canvas.pixels = np.stack([cv2.resize(plane, (width, height)) for plane in far.pixels])


def _body(canvas: Canvas, t: Traits) -> None:
    """Neck, shoulders and clothes."""
    n, s, skin = (21 if t.soft else 25), t.shoulder, t.skin
    canvas.fill(mirrored([(n * 0.95, 30), (n * 0.92, 62), (n, s - 10), (n + 12, s + 6), (n + 8, 220)]), skin * 0.82)
    canvas.fill(ellipse(-t.light * 26, s - 8, 10, 40), skin * 0.4, 0.5, soft=5)
    shadow = mirrored([(n, 40), (t.half * 0.7, 66), (n * 0.8, t.chin + 9), (0, t.chin + 17)])
    canvas.fill(shadow, skin * (0.5, 0.4, 0.36), 0.7, soft=4)
    dip = s + {"crew": 8, "vee": 38, "shirt": 22}[t.collar]
    neckline = [(0, dip), (n * 0.65, dip - (dip - s) * 0.45), (n + 5, s - 7), (n + 28, s + 7)]
    trunk = mirrored([*neckline, (78, s + 20), (96, s + 46), (104, 230), (0, 240)])
    shade = 0.92 + np.float32(t.light / 260) * canvas.x - 0.16 * (canvas.x / 80) ** 2
    shade = shade + 0.14 * t.stripes * np.sign(np.sin(canvas.y * 0.6))
    fabric = np.multiply.outer(t.cloth, shade)
    canvas.fill(trunk - (0, 1.5), t.cloth * 0.5, soft=1.5)
    canvas.fill(trunk, fabric, soft=0.6)
    for side in (-1, 1) if t.collar == "shirt" else ():
        lapel = np.array([(n - 1, s - 13), (n + 7, s - 3), (n + 5, s + 20), (2, dip + 6), (n - 8, s + 6)]) * (side, 1)
        canvas.fill(lapel + (0, 2), t.cloth * 0.45, 0.6, soft=2)
        canvas.fill(lapel, fabric * np.float32(1.12), soft=0.4)


def _head(canvas: Canvas, t: Traits) -> None:
    """Ears and head. The head is a height map under a lamp: a ball, and bumps that are each a row times a column."""
    w, c, m = t.half, t.chin, t.mouth
    for side in (-1, 1) if t.style != "scarf" else ():
        ear = curve(np.array([(w - 3, -9), (w + 5, -10), (w + 5.5, 2), (w + 1, 15), (w - 4, 15)]) * (side, 1))
        canvas.fill(ear, t.skin * (0.86 + 0.2 * side * t.light) * (1, 0.93, 0.9), soft=0.6)
        canvas.fill(ellipse(side * (w + 2), -1, 1.6, 6), t.skin * (0.55, 0.42, 0.38), 0.6, soft=1.2)
    # Each bump: x, its spread, y, its spread, how far it stands out. `pairs` are left and right.
    pairs: list[tuple[float, ...]] = [
        (t.eye, 9.0, -2, 6, -5.5),
        (18, 12, t.brow, 4, 2.6),
        (23, 10, 21, 11, 4.2),
        (w, 6, -24, 12, -3),
    ]
    pairs += [(t.nostril - 1, 3.2, t.nose - 1, 3, 2.6), (t.lips + 5, 4, m, 8, -1.5 - 0.5 * t.smile)]
    middle = [(0, 3.6, 6, 10, 4.2), (0, 4.8, t.nose - 4, 4.6, 5.5), (0, 15, m, 9, 3.5), (0, 11, m + 10, 3, -2.2)]
    middle += [(0, 9, c - 9, 6, 3.5), (0, 24, -36, 16, 3)]
    bumps = np.array([*pairs, *((-x, *rest) for x, *rest in pairs), *middle], np.float32)
    spans = ((canvas.y[:, 0], (-66, c + 4)), (canvas.x[0], (-w - 4, w + 4)))
    inside = tuple(slice(*np.searchsorted(line, ends)) for line, ends in spans)
    x, y = canvas.x[:, inside[1]], canvas.y[inside[0]]
    columns = np.exp(-(((x.T - t.turn - bumps[:, 0]) / bumps[:, 1]) ** 2) / 2)
    rows = np.exp(-(((y - bumps[:, 2]) / bumps[:, 3]) ** 2) / 2) * bumps[:, 4]
    ball = np.sqrt(np.maximum(1 - (x / (w * 1.16)) ** 2 - ((y - 2) / 86) ** 2, 0))
    # OpenCV's product: NumPy's would wake a thread on every core for this little.
    relief = cv2.gemm(rows, columns, canvas.scale, ball, 44 * canvas.scale, flags=cv2.GEMM_2_T)
    dx, dy = (cv2.Sobel(relief, cv2.CV_32F, k, 1 - k, ksize=3, scale=1 / 8) for k in (1, 0))
    lit = (0.8 - 0.55 * t.light * dx + 0.5 * dy) / np.sqrt(1 + dx**2 + dy**2)
    shade = t.ambient + (1 - t.ambient) * np.clip(lit * 1.25, 0, 1.35)
    red = (1 - shade) * 0.25  # light that went through skin comes out red
    skin = np.zeros_like(canvas.pixels)
    skin[(slice(None), *inside)] = np.multiply.outer(t.skin, shade) * np.stack(
        [1 + 0.7 * red, 1 - 0.35 * red, 1 - 0.6 * red]
    )
    skin[(slice(None), *inside)] += np.clip(lit - 0.78, 0, 1) ** 2 * (1.2 + 1.5 * t.tone)
    jaw = [(w * (t.jaw + 0.07), 40), (w * t.jaw * 0.72, c - 11), (w * 0.27, c - 1.5), (0, c)]
    canvas.fill(mirrored([(0, -62), (w * 0.5, -57), (w * 0.88, -38), (w, -4), (w * 0.97, 18), *jaw]), skin, soft=0.6)


def _eyes(canvas: Canvas, t: Traits) -> None:
    """Eyes, lids, lashes and brows."""
    dark, line, a, b = t.skin * (0.5, 0.38, 0.34), t.skin * 0.12 + t.hair * 0.15, t.arch, t.thick
    u = np.linspace(-1, 1, 13)  # from the inner corner to the outer
    for side in (-1, 1):
        x = t.turn + side * t.eye
        upper = np.stack([x + side * t.wide * u, -t.lid * (1 - abs(u) ** 2.2) - t.slant * (u + 1) / 2], -1)
        lower = np.stack([x + side * t.wide * u, t.lid * 0.62 * (1 - u**2) - t.slant * (u + 1) / 2], -1)
        canvas.fill(ellipse(x, -4, t.wide + 2, 6), dark, 0.25 + 0.2 * t.lashes, soft=3)
        canvas.fill(upper - (0, 3), dark, 0.55, soft=0.7, width=1.2)
        canvas.fill(np.concatenate([upper, lower[::-1]]), np.array((0.86, 0.83, 0.81)) * (0.75 + 0.25 * t.skin[0]))
        for radius, color in ((5, t.iris * 0.45), (3.9, t.iris * 1.2), (2, (0.02, 0.02, 0.02))):
            circle = ellipse(x + t.gaze, -0.6 - t.slant / 2, radius, radius)
            top, bottom = (np.interp(circle[:, 0], *lid[::side].T) for lid in (upper, lower))
            circle[:, 1] = np.clip(circle[:, 1], top, bottom)  # what the lids leave of it
            canvas.fill(circle, color, soft=0.5)
        canvas.fill(upper + (0, 0.7), line, 0.6 + 0.4 * t.lashes, soft=0.5, width=2 + t.lashes)
        canvas.fill(lower, dark * 0.7, 0.5, soft=0.5, width=1)
        canvas.fill(lower + (0, 3.5 + t.age), dark, 0.12 + 0.3 * t.age, soft=1.2, width=1.6)
        canvas.fill(ellipse(x + t.gaze + np.sign(t.light), -2, 0.8, 0.8), (1, 1, 1), 0.85)
        tail = [(8, -a * 0.9 - b * 0.3), (13, 1.5), (8, -a * 0.9 + 0.8), (0, -a + b * 0.6)]
        brow = curve(np.array([(-10, 1.5), (-9.5, 1.5 - b), (0, -a - b * 0.8), *tail]) * (side, 1) + (x, t.brow))
        canvas.fill(brow, t.hair * 0.5 + dark * 0.2, 0.8, soft=0.8)


def _nose_and_mouth(canvas: Canvas, t: Traits) -> None:
    """Nostrils, the wings of the nose, the folds from there to the mouth, and lips; teeth between open ones."""
    dark, n, y, place = t.skin * (0.5, 0.36, 0.32), t.nostril, t.nose, (t.turn, t.mouth)
    w, f, gap, up = t.lips + t.smile, t.full, t.open, t.smile * 0.7
    lip = t.skin * (1 - t.red) * (0.86, 0.64, 0.62) + t.red * (0.45 + 0.6 * t.skin[0]) * np.array((0.7, 0.22, 0.25))
    for side in (-1, 1):
        canvas.fill(ellipse(t.turn + side * (n - 3.6), y + 1.6, 1.9, 1), dark * 0.6, 0.8, soft=0.7)
        wing = np.array([(n, y - 5), (n + 1.6, y - 1), (n, y + 2)]) * (side, 1) + (t.turn, 0)
        canvas.fill(curve(wing, closed=False), dark, 0.4, soft=0.7, width=1.2)
        fold = np.array([(n + 3, y - 3), (w + 2, t.mouth - 8), (w + 5, t.mouth)]) * (side, 1) + (t.turn, 0)
        canvas.fill(curve(fold, closed=False), dark, 0.06 + 0.3 * t.age, soft=1.4, width=1.5)
    canvas.fill(ellipse(t.turn, y + 3, n - 1, 1.2), dark, 0.5, soft=1.4)
    seam, below = [(0, 1), (w * 0.5, 0.3), (w, -up)], [(w * 0.6, 0.5 + gap * 0.7), (0, 1 + gap)]
    bow = [(w * 0.55, -f * 0.65 - up * 0.3), (w * 0.2, -f), (0, -f * 0.75)]
    base = [(w * 0.6, f * 0.8 + gap * 0.8), (0, f * 1.4 + gap)]
    canvas.fill(mirrored([(0, f * 1.6 + gap + 3), (w * 0.6, f + gap + 3)]) + place, t.skin * 0.5, 0.35, soft=1.8)
    canvas.fill(mirrored(seam + bow) + place, lip * (0.78, 0.72, 0.72), soft=0.6)
    canvas.fill(mirrored(seam + base) + place, lip * 1.05, soft=0.6)
    canvas.fill(mirrored(seam + below) + place, (0.17, 0.06, 0.06) if gap else lip * 0.3, soft=0.4)
    if gap > 1:
        teeth = [(0, 0.8), (w * 0.6, 0.3), (w * 0.62, 0.5 + gap * 0.3), (0, 0.6 + gap * 0.72)]
        canvas.fill(mirrored(teeth) + place, (0.88, 0.85, 0.8), soft=0.5)


def _strands(canvas: Canvas, t: Traits) -> np.ndarray:
    """The colour of hair, or of a scarf, everywhere: noise drawn out along the way the hair falls."""
    x, y = (np.ascontiguousarray(v) for v in np.broadcast_arrays(canvas.x - np.float32(t.part), canvas.y))
    if t.style == "curly":
        across, along = (x + 3 * np.sin(canvas.y / 4)) * 0.35, (y + 3 * np.sin(canvas.x / 4)) * 0.35
    elif t.style in ("short", "fringe"):  # from the crown outwards
        across, along = cv2.phase(y + (t.top + 25), x) * 26, y * 0.03
    else:
        across, along = cv2.magnitude(x, 0.84 * np.minimum(y + 8, 0)) * 0.6, y * 0.03
        across += t.wave * 0.6 * np.sin(canvas.y / 9)
    locks = t.strands + cv2.resize(t.strands[:, :20], (64, 64))  # fine hair on broader locks
    streaks = cv2.remap(locks, across + 200, along + 200, cv2.INTER_LINEAR, borderMode=cv2.BORDER_WRAP)
    sheen = np.exp(-(((canvas.y + 44) / 13) ** 2)) * np.exp(-(((canvas.x - 22 * t.light) / 26) ** 2))
    streaks *= 0.04 if t.style == "scarf" else 0.13
    shade = 0.78 + streaks + t.light / 200 * canvas.x - 0.002 * np.maximum(canvas.y, 0) + 0.2 * sheen
    return np.multiply.outer(t.cloth if t.style == "scarf" else t.hair, np.maximum(shade, 0.2)) + 0.05 * sheen


def _hair_behind(canvas: Canvas, t: Traits, hair: np.ndarray) -> None:
    w, v = t.half, t.volume
    out = w + v + t.flare
    if t.style in ("long", "fringe"):
        fall = [(0, -t.top), (w, -40), (out, 0), (out, t.drop * 0.7), (out - 6, t.drop), (0, t.drop)]
        canvas.fill(mirrored(fall), hair * np.float32(0.55), soft=1.2)
    elif t.style == "curly":
        bumpy = 1 + 0.06 * np.sin(np.arange(24) * 2.4)[:, None]
        canvas.fill(curve(ellipse(0, -18, w + v + 10, t.top - 10 + v) * bumpy), hair, soft=1.6)
    elif t.style == "bun":
        canvas.fill(ellipse(t.part / 2, -t.top - 4, 17 + v, 14 + v / 2), hair * np.float32(0.85), soft=1.2)


def _hair_in_front(canvas: Canvas, t: Traits, hair: np.ndarray) -> None:
    """Beard, then a cap from the crown down the outside and up to the hairline; a scarf has a hole for the face."""
    w, v, c, m, lips, line = t.half, t.volume, t.chin, t.mouth, t.lips, t.hairline
    if t.beard > 0.1:
        cheek = [(w * 0.99, 18), (w * 0.98, 2), (w * 0.9, 12), (w * 0.72, 32), (lips * 0.5, 34.5), (0, 35.5)]
        rim = mirrored([(0, c + 3), (w * 0.45, c), (w * t.jaw, c - 19), *cheek])
        mouth = mirrored([(0, m - t.full - 1), (lips + 1, m), (lips * 0.5, m + 6 + t.open), (0, m + 7 + t.open)])
        canvas.fill([rim, mouth + (t.turn, 0)], hair, min(0.92, t.beard * 1.3), soft=1.8)
    out, drop = w + v + t.flare, t.drop
    long = [(w + v, -12), (out, 25), (out - 2, drop * 0.8), (out - 10, drop), (w - 3, 40), (w - 2, 12)]
    sides = {
        "short": [(w + v * 0.5, -18), (w + 1, 2), (w - 1.5, 9), (w - 2.5, -3)],
        "bald": [(w, -38), (w + 1.5, -15), (w - 1, 4), (w - 4, -8), (w - 3, -30)],
        "curly": [(w + v + 3, -18), (w + v + 3, 5), (w + 2, 18), (w - 2, 4)],
        "bun": [(w + 2, -15), (w + 1, -4), (w - 2, -5)],
        "scarf": [(w + v, -5), (w + v - 2, 35), (w + 4, 72), (w + 12, 118), (0, 128)],
    }.get(t.style, long)
    if t.style == "bald":
        canvas.fill([curve(np.array(sides) * (side, 1)) for side in (-1, 1)], hair, 0.5, soft=2)
        return
    crown = [(0, -t.top), (w * 0.6, -t.top + 6), (w + v * 0.6, -36), *sides]
    if t.style == "fringe":
        crown += [(w - 3, -6), (w - 6, -16), (w * 0.5, -18), (0, -19)]
    elif t.style != "scarf":
        crown += [(w - 3, -14), (w * 0.86, -28), (w * 0.52, -line), (0, -line - 3)]
    cap = mirrored(crown)
    outlines = [cap]
    inner = (abs(cap[:, 0]) < w * 0.8) & (cap[:, 1] < -8) & (cap[:, 1] > -56)
    if t.style == "short":  # combed to one side
        cap[inner, 1] += 0.18 * cap[inner, 0] * np.sign(t.part)
    elif t.style in ("long", "bun"):  # a parting lifts the hairline
        cap[inner, 1] -= 7 * np.exp(-(((cap[inner, 0] - t.part) / 8) ** 2))
    elif t.style == "scarf":
        face = [(0, -44), (w * 0.45, -41), (w * 0.82, -26), (w * 0.92, 5), (w * 0.84, 38), (w * 0.4, c - 8)]
        outlines.append(mirrored([*face, (0, c - 3)]))
    canvas.fill([outline + (0, 2.5) for outline in outlines], t.skin * (0.4, 0.3, 0.27), 0.5, soft=2.5)
    canvas.fill(outlines, hair, soft=1)


def _glasses(canvas: Canvas, t: Traits) -> None:
    frame, around = t.cloth * 0.3, ellipse(0, 0, 1, 1)
    around = np.sign(around) * abs(around) ** (2 / t.round) * (14, 11)  # between an ellipse and a rectangle
    for side in (-1, 1):
        ring = around[[*range(24), 0]] + (t.turn + side * (t.eye + 0.5), 1)
        canvas.fill(ring + (0, 1.5), t.skin * 0.3, 0.4, soft=1, width=t.rim)
        canvas.fill(ring, frame, width=t.rim + 0.4)
        canvas.fill(np.array([(t.turn + side * (t.eye + 14), -3), (side * (t.half + 1), -4)]), frame, width=t.rim)
    canvas.fill(curve([(t.turn - 5, -1), (t.turn, -3), (t.turn + 5, -1)], closed=False), frame, width=t.rim)
