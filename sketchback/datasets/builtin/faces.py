"""A portrait from a seed: what is drawn about it, and backdrop, body, head and features painted from that.

Units are pixels of a picture of 218 x 178; (0, 0) lies between the eyes.
"""

from __future__ import annotations

from functools import partial

import cv2
import numpy as np

from sketchback.datasets.builtin import canvas as painting
from sketchback.datasets.builtin import hair as hairdos
from sketchback.datasets.builtin.canvas import Canvas, Traits, box, curve, ellipse, mirrored, smooth_noise

# Human skin from light to deep; a face takes a point on this line, evenly, and a little off it.
SKIN = (
    np.array(
        [
            (244, 208, 190),
            (232, 190, 163),
            (214, 166, 134),
            (190, 139, 106),
            (156, 108, 80),
            (120, 80, 59),
            (88, 58, 45),
            (64, 43, 36),
        ],
        np.float32,
    )
    / 255
)
# From black to white; deep skin draws mostly from the dark end.
HAIR = (
    np.array(
        [
            (22, 18, 18),
            (30, 22, 19),
            (48, 32, 24),
            (80, 52, 34),
            (112, 60, 36),
            (140, 104, 64),
            (196, 160, 104),
            (120, 118, 116),
            (206, 202, 196),
        ],
        np.float32,
    )
    / 255
)
IRIS = (
    np.array([(46, 28, 18), (72, 42, 24), (104, 80, 40), (84, 108, 70), (86, 122, 160), (112, 124, 132)], np.float32)
    / 255
)


def draw(rng: np.random.Generator) -> Traits:
    """The traits of a face."""
    uniform, chance = rng.uniform, partial(painting.chance, rng)
    tone = uniform()
    skin = np.array([np.interp(tone * 7, range(8), SKIN[:, c]) for c in range(3)]) * uniform(0.97, 1.03, 3)
    style = str(rng.choice(hairdos.STYLES, p=(0.24, 0.22, 0.13, 0.1, 0.1, 0.06, 0.07, 0.08)))
    fair = 1 if tone < 0.35 else 0.5 if tone < 0.6 else 0.12
    weights = np.array([2, 2, 2, 2 * fair, fair, 1.6 * fair, 1.6 * fair, 0.8, 0.5])
    hair = HAIR[rng.choice(len(HAIR), p=weights / weights.sum())] * uniform(0.8, 1.15) * uniform(0.97, 1.03, 3)
    iris = IRIS[rng.integers(0, 6 if tone < 0.4 else 2)]
    soft = style in ("long", "fringe", "bun", "scarf") or chance(0.25)
    return painting.traits(
        skin=skin,
        hair=hair,
        iris=iris,
        style=style,
        tone=tone,
        half=uniform(39, 44.5),
        jaw=uniform(0.68, 0.8) if soft else uniform(0.76, 0.9),
        chin=uniform(65, 74),
        turn=rng.normal() * 2.5,
        light=uniform(0.15, 0.75) * (1 if chance(0.5) else -1),
        ambient=uniform(0.3, 0.55),
        eye=uniform(18.5, 20.5),
        lid=uniform(3.6, 5.4),
        slant=uniform(-1.2, 1.5),
        wide=uniform(9.0, 10.6),
        brow=uniform(-14.5, -11.5),
        brow_width=uniform(1.2, 2.0) if soft else uniform(1.8, 3.0),
        arch=uniform(1, 3.5),
        gaze=uniform(-1.3, 1.3),
        nose=uniform(21, 26),
        nostril=uniform(6.5, 9),
        mouth=uniform(39, 43),
        lips=uniform(13.5, 17.5),
        full=uniform(2.4, 4.6),
        smile=max(0.0, uniform(-2, 4)),
        open=max(0.0, uniform(-5, 5)),
        red=uniform(0.35, 0.85) if soft else uniform(0.15, 0.4),
        lashes=uniform(0.5, 1) if soft else uniform(0.2, 0.5),
        blush=uniform(0.05, 0.3),
        age=uniform() ** 2,
        beard=0.0 if soft else max(0.0, uniform(-0.8, 1)),
        moustache=not soft and chance(0.3),
        glasses=chance(0.16),
        rim=uniform(0.8, 2.0),
        round=uniform(2, 5),
        earring=soft and chance(0.3),
        top=uniform(63, 71),
        volume=uniform(3, 9),
        hairline=uniform(36, 44),
        drop=uniform(45, 125),
        flare=uniform(0, 12),
        part=uniform(-16, 16),
        wave=max(0.0, uniform(-3, 3.5)),
        phase=uniform(0, 6),
        radial=chance(0.5),
        cloth=uniform(0.06, 0.85) * 0.6 + 0.4 * uniform(0.03, 0.9, 3),
        cloth2=uniform(0.1, 0.9) * 0.55 + 0.45 * uniform(0.05, 0.95, 3),
        collar=str(rng.choice(("crew", "vee", "shirt", "jacket", "roll"))),
        shoulder=uniform(84, 98),
        neck=uniform(20, 23) if soft else uniform(23, 28),
        wall=str(rng.choice(("plain", "bokeh", "wall"))),
        sky=uniform(0.05, 0.95) * (0.8 + 0.2 * uniform(0, 1, (1, 3))) + uniform(-0.12, 0.12, (4, 3)),
        lamps=uniform(0, 1, (14, 6)),
        pattern=rng.standard_normal((64, 64), np.float32),
        tilt=rng.normal() * 3,
        zoom=uniform(0.98, 1.12),
        shift=tuple(rng.normal(size=2) * 2.5),
        blur=uniform(0.0, 0.6),
        balance=(0.14 * tone + uniform(0.92, 1.05)) * uniform(0.96, 1.04, 3),
        vignette=uniform(0, 0.08),
        grain=uniform(0.004, 0.014),
        noise=rng.standard_normal((128, 128), np.float32),
    )


def paint(t: Traits, height: int, width: int) -> np.ndarray:
    """The portrait `(height, width, 3)` of what was drawn."""
    scale = min(height / 218, width / 178)
    rim = int(12 * scale) + 2  # painted too, and cut off again when the camera is tilted
    canvas = Canvas(height + 2 * rim, width + 2 * rim, scale, (width / 2 + rim, height / 2 + 3 * scale + rim))
    _backdrop(canvas, t)
    locks = hairdos.strands(canvas, t)
    hairdos.behind(canvas, t, locks)
    _body(canvas, t)
    _head(canvas, t)
    _nose(canvas, t)
    _eyes(canvas, t)
    _mouth(canvas, t)
    hairdos.beard(canvas, t, locks)
    hairdos.front(canvas, t, locks)
    if t.glasses:
        _glasses(canvas, t)
    turn = cv2.getRotationMatrix2D((width / 2 + rim, height / 2 + rim), t.tilt, t.zoom)
    turn[:, 2] += np.array(t.shift) * scale - rim
    picture = cv2.merge(list(canvas.pixels))
    picture = cv2.warpAffine(picture, turn, (width, height), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REFLECT)
    return painting.photograph(picture, t, scale)


def _backdrop(canvas: Canvas, t: Traits) -> None:
    """A gradient between four corner colours, with lights out of focus or panels of a wall."""
    height, width = canvas.pixels.shape[1:]
    far = Canvas(-(-height // 3), -(-width // 3), canvas.scale / 3, canvas.origin / 3)  # out of focus anyway
    corners = cv2.resize(t.sky.reshape(2, 2, 3), (16, 16), interpolation=cv2.INTER_LINEAR)
    corners = cv2.resize(corners, far.pixels.shape[:0:-1], interpolation=cv2.INTER_LINEAR)
    far.pixels[:] = corners.transpose(2, 0, 1)
    for x, y, size, *color in t.lamps[: {"plain": 0, "bokeh": 14, "wall": 4}[t.wall]]:
        x, y, color = x * 220 - 110, y * 250 - 130, np.array(color)
        if t.wall == "bokeh":
            lamp = ellipse(x, y, 6 + 14 * size, 6 + 14 * size)
            far.fill(lamp, color * 0.5 + 0.5 * color.max(), 0.2 + 0.3 * size, soft=1 + 4 * size)
        else:
            panel = box(x, -150, x + 10 + 60 * size, 200)
            far.fill(panel, color * 0.4 + 0.5 * t.sky[0], 0.6, soft=2.5)
    far.pixels += 0.025 * smooth_noise(t.pattern, *far.pixels.shape[1:], 5)
    for plane, small in zip(canvas.pixels, far.pixels, strict=True):
        cv2.resize(small, (width, height), dst=plane, interpolation=cv2.INTER_LINEAR)


def _body(canvas: Canvas, t: Traits) -> None:
    """Neck, shoulders and clothes, with the chin's shadow on the neck."""
    n, s, skin, cloth = t.neck, t.shoulder, t.skin, t.cloth
    neck = [(n * 0.95, 30), (n * 0.92, 62), (n, s - 10), (n + 12, s + 6), (n + 8, 220), (0, 220)]
    canvas.fill(mirrored(neck), skin * (0.86, 0.81, 0.78))
    canvas.fill(ellipse(t.light * 14, s - 8, 14, 26), skin, 0.6, soft=7)
    canvas.fill(ellipse(-t.light * 26, s - 8, 10, 40), skin * 0.4, 0.5, soft=7)
    shadow = mirrored([(n, 40), (t.half * 0.7, 66), (n * 0.8, t.chin + 9), (0, t.chin + 17)])
    canvas.fill(shadow, skin * (0.5, 0.4, 0.36), 0.7, soft=4)
    dip = {"crew": s + 10, "vee": s + 38, "shirt": s + 22, "jacket": s + 44, "roll": s - 12}[t.collar]
    edge = n + (1 if t.collar == "roll" else 5)
    trunk = mirrored(
        [
            (0, dip),
            (edge * 0.55, dip - (dip - s) * 0.45),
            (edge, s - 7),
            (n + 28, s + 7),
            (78, s + 20),
            (96, s + 46),
            (104, 230),
            (0, 240),
        ]
    )
    folds = smooth_noise(t.pattern[::-1], *canvas.pixels.shape[1:], 7) * 0.07
    if t.collar == "crew" and t.round > 4:
        folds = folds + 0.14 * np.sign(np.sin(canvas.y * 0.5 * t.rim))
    fabric = np.multiply.outer(cloth, 0.92 + folds + t.light / 260 * canvas.x - 0.16 * (canvas.x / 80) ** 2)
    if t.collar == "jacket":  # what is worn under it
        under = [(0, s + 12), (n, s - 4), (n + 8, s + 4), (n, 230), (0, 230)]
        canvas.fill(mirrored(under), t.cloth2 * 0.95, soft=0.5)
    canvas.fill(trunk, fabric * 0.6, soft=1.5)
    canvas.fill(trunk + (0, 1.5), fabric, soft=0.6)
    for side in (-1, 1):
        if t.collar in ("shirt", "jacket"):
            lapel = np.array([(n - 1, s - 13), (n + 7, s - 3), (n + 5, s + 20), (2, dip + 6), (n - 8, s + 6)])
            canvas.fill(curve(lapel * (side, 1) + (0, 2), steps=3), cloth * 0.45, 0.6, soft=2)
            canvas.fill(lapel * (side, 1), fabric * 1.12 + 0.02, soft=0.4)
        sleeve = curve([(side * 52, s + 30), (side * 46, s + 60), (side * 50, 200)], False)
        canvas.fill(sleeve, cloth * 0.4, 0.5, soft=3, width=4)
    if t.collar == "roll":
        canvas.fill(mirrored([(0, s - 14), (n, s - 19), (n + 4, s), (0, s + 9)]), fabric * 1.08, soft=0.7)


def _head(canvas: Canvas, t: Traits) -> None:
    """Ears and head. The head is a height map under a lamp: a sum of bumps, each a row times a column."""
    for side in (-1, 1) if t.style != "scarf" else ():
        ear = curve(
            [
                (side * (t.half - 3), -9),
                (side * (t.half + 5), -10),
                (side * (t.half + 5.5), 2),
                (side * (t.half + 1), 15),
                (side * (t.half - 4), 15),
            ]
        )
        tone = 0.86 + 0.2 * side * t.light
        canvas.fill(ear, t.skin * (tone, tone * 0.93, tone * 0.9), soft=0.6)
        canvas.fill(ellipse(side * (t.half + 2), -1, 1.6, 6), t.skin * (0.55, 0.42, 0.38), 0.6, soft=1.2)
        if t.earring:
            canvas.fill(ellipse(side * (t.half + 2), 17, 1.8, 2.4), (0.9, 0.8, 0.5), soft=0.4)
    columns = np.flatnonzero(np.abs(canvas.x[0]) < t.half + 3)
    rows = np.flatnonzero((canvas.y[:, 0] > -64) & (canvas.y[:, 0] < t.chin + 3))
    window = np.s_[rows[0] : rows[-1] + 1], np.s_[columns[0] : columns[-1] + 1]
    x, y = canvas.x[:, window[1]], canvas.y[window[0]]
    bumps = []  # (x, width, y, height of the bump's extent, how far it stands out)
    for side in (-1, 1):
        bumps += [
            (side * t.eye, 9, -2, 6, -5.5),
            (side * 18, 12, t.brow, 4, 2.6),
            (side * 23, 10, 21, 11, 4.2),
            (side * (t.nostril - 1), 3.2, t.nose - 1, 3, 2.6),
            (side * t.half, 6, -24, 12, -3),
            (side * (t.lips + 5), 4, t.mouth, 8, -1.5 - 0.5 * t.smile),
        ]
    bumps += [
        (0, 3.6, 6, 10, 4.2),
        (0, 4.8, t.nose - 4, 4.6, 5.5),
        (0, 15, t.mouth, 9, 3.5),
        (0, 2, 32, 3, -0.9),
        (0, 11, t.mouth + 10, 3, -2.2),
        (0, 9, t.chin - 9, 6, 3.5),
        (0, 24, -36, 16, 3),
    ]
    bump = np.array(bumps, np.float32)
    columns = np.exp(-(((x.T - t.turn - bump[:, 0]) / bump[:, 1]) ** 2) / 2)
    rows = np.exp(-(((y - bump[:, 2]) / bump[:, 3]) ** 2) / 2) * bump[:, 4]
    ball = np.maximum(1 - (x / (t.half * 1.16)) ** 2 - ((y - 2) / 86) ** 2, 0.0)
    # OpenCV's product: NumPy's would wake a thread on every core for this little.
    relief = cv2.gemm(rows, columns, canvas.scale, np.sqrt(ball), 44 * canvas.scale, flags=cv2.GEMM_2_T)
    dx, dy = (cv2.Sobel(relief, cv2.CV_32F, k, 1 - k, ksize=3, scale=1 / 8) for k in (1, 0))
    lit = (0.80 - 0.55 * t.light * dx + 0.5 * dy) / np.sqrt(1 + dx**2 + dy**2)
    shade = t.ambient + (1 - t.ambient) * np.clip(lit * 1.25, 0, 1.35)
    shade += 0.012 * smooth_noise(t.pattern, *shade.shape, 24)
    gloss = np.clip(lit - 0.78, 0, 1) ** 2 * (1.2 + 1.5 * t.tone)
    red = (1 - shade) * 0.25  # light that went through skin comes out red
    flush = rows[:, 2:3] / 4.2 * (columns[:, 2] + columns[:, 8]) * t.blush
    skin = np.multiply.outer(t.skin, shade)
    skin *= np.stack([1 + 0.7 * red, 1 - 0.35 * red - 0.3 * flush, 1 - 0.6 * red - 0.25 * flush])
    picture = np.zeros_like(canvas.pixels)
    picture[:, window[0], window[1]] = skin + gloss
    w, c = t.half, t.chin
    outline = [
        (0, -62),
        (w * 0.5, -57),
        (w * 0.88, -38),
        (w, -4),
        (w * 0.97, 18),
        (w * (t.jaw + 0.07), 40),
        (w * t.jaw * 0.72, c - 11),
        (w * 0.27, c - 1.5),
        (0, c),
    ]
    canvas.fill(mirrored(outline), picture, soft=0.6)


def _nose(canvas: Canvas, t: Traits) -> None:
    """The lines about the nose: nostrils, wings, the folds to the mouth, a shadow and a light."""
    dark, place = t.skin * (0.5, 0.36, 0.32), (t.turn, 0)
    for side in (-1, 1):
        n, y = t.nostril, t.nose
        canvas.fill(ellipse(t.turn + side * (n - 3.6), y + 1.6, 1.9, 1.0), dark * 0.6, 0.8, soft=0.7)
        wing = curve([(side * n, y - 5), (side * (n + 1.6), y - 1), (side * n, y + 2)], False)
        canvas.fill(wing + place, dark, 0.32, soft=0.8, width=1.2)
        fold = [(side * (n + 3), y - 3), (side * (t.lips + 2), t.mouth - 8), (side * (t.lips + 5), t.mouth)]
        canvas.fill(curve(fold, False) + place, dark, 0.06 + 0.25 * t.age + 0.05 * t.smile, soft=1.4, width=1.5)
    canvas.fill(ellipse(t.turn, t.nose + 3, t.nostril - 1, 1.2), dark, 0.5, soft=1.4)
    canvas.fill(ellipse(t.turn + t.light * 2, t.nose - 5, 1.8, 2.2), (1, 1, 1), 0.28, soft=1.4)


def _eyes(canvas: Canvas, t: Traits) -> None:
    """Eyes, lids, lashes and brows."""
    dark, line = t.skin * (0.5, 0.38, 0.34), t.skin * 0.12 + t.hair * 0.15
    w, b, tall = t.wide, t.arch, t.brow_width
    u = np.linspace(-1, 1, 13)  # from the inner corner to the outer
    for side in (-1, 1):
        x = t.turn + side * t.eye
        upper = np.stack([x + side * w * u, -t.lid * (1 - np.abs(u - 0.05) ** 2.2) - t.slant * (u + 1) / 2], -1)
        lower = np.stack([x + side * w * u, t.lid * 0.62 * (1 - np.abs(u + 0.05) ** 2.0) - t.slant * (u + 1) / 2], -1)
        canvas.fill(ellipse(x, -4, w + 2, 6), dark, 0.25 + 0.2 * t.lashes, soft=3)
        canvas.fill(upper - (0, 3), dark, 0.55, soft=0.7, width=1.2)
        white = np.array((0.86, 0.83, 0.81)) * (0.75 + 0.25 * t.skin[0])
        canvas.fill(np.concatenate([upper, lower[::-1]]), white, soft=0.5)
        middle = x + t.gaze, -0.6 - t.slant / 2
        circles = [
            (ellipse(*middle, 5.0, 5.0), t.iris * 0.45, 0.5),
            (ellipse(middle[0], middle[1] + 0.6, 4.0, 3.8), t.iris * 1.2, 0.6),
            (ellipse(*middle, 2.0, 2.0), (0.02, 0.02, 0.02), 0.3),
        ]
        for circle, color, soft in circles:  # what the lids leave of them
            top, bottom = (np.interp(circle[:, 0], *lid[::side].T) for lid in (upper, lower))
            canvas.fill(np.stack([circle[:, 0], np.clip(circle[:, 1], top, bottom)], -1), color, soft=soft)
        canvas.fill(upper + (0, 1.4), (0.1, 0.07, 0.06), 0.5, soft=0.9, width=2)
        canvas.fill(upper, line, 0.6 + 0.4 * t.lashes, soft=0.35, width=1.3 + 1.0 * t.lashes)
        canvas.fill(upper[8:] + (side * 0.8, -0.6), line, t.lashes, soft=0.4, width=1.5)
        canvas.fill(lower, dark * 0.7, 0.5, soft=0.5, width=1.0)
        canvas.fill(lower + (0, 3.5 + t.age), dark, 0.12 + 0.3 * t.age, soft=1.2, width=1.6)
        canvas.fill(ellipse(middle[0] + 1.4 * np.sign(t.light), middle[1] - 1.5, 0.8, 0.8), (1, 1, 1), 0.85)
        brow = np.array(
            [
                (-10, 1.5),
                (-9.5, 1.5 - tall),
                (0, -b - tall * 0.8),
                (8, -b * 0.9 - tall * 0.3),
                (13, 1.5),
                (8, -b * 0.9 + 0.8),
                (0, -b + tall * 0.6),
            ]
        )
        brow, color = curve(brow * (side, 1) + (x, t.brow)), t.hair * (0.8 if t.tone < 0.5 else 0.6)
        canvas.fill(brow, color * 0.7 + dark * 0.3, 0.6, soft=1.1)
        canvas.fill(brow, color * 0.7, 0.55, soft=0.5)


def _mouth(canvas: Canvas, t: Traits) -> None:
    """Lips, and teeth where they are open."""
    y, w, f, up, gap, place = t.mouth, t.lips + t.smile, t.full, t.smile, t.open, (t.turn, t.mouth)
    rouge = t.red * np.array((0.70, 0.22, 0.25)) * (0.45 + 0.6 * t.skin[0])
    lip = t.skin * (1 - t.red) * (0.86, 0.64, 0.62) + rouge
    seam = [(w, -up * 0.7), (w * 0.55, 0.2), (w * 0.2, 0.5), (0, 1.0)]
    below = [(0, 1.0 + gap), (w * 0.3, 0.8 + gap), (w * 0.65, 0.4 + gap * 0.6)]
    bow = [(0, -f * 0.75), (w * 0.2, -f), (w * 0.55, -f * 0.65 - up * 0.2)]
    base = [(w * 0.6, f * 0.8 + gap * 0.8), (w * 0.25, f * 1.35 + gap), (0, f * 1.4 + gap)]
    canvas.fill(mirrored([(0, f * 1.6 + gap), (w * 0.6, f + gap)]) + (t.turn, y + 3), t.skin * 0.5, 0.35, soft=1.8)
    canvas.fill(mirrored(bow + seam) + place, lip * (0.78, 0.72, 0.72), 0.95, soft=0.6)
    canvas.fill(mirrored(below + base) + place, lip * 1.05, 0.95, soft=0.7)
    if gap > 1:
        canvas.fill(mirrored([seam[3], *seam[2::-1], *below[::-1]]) + place, (0.17, 0.06, 0.06), soft=0.4)
        teeth = [(0, 0.8), (w * 0.6, 0.3), (w * 0.62, 0.5 + gap * 0.3), (0, 0.6 + gap * 0.72)]
        canvas.fill(mirrored(teeth) + place, (0.88, 0.85, 0.8), 0.95, soft=0.5)
    else:
        closed = curve(np.array(seam + [(-x, v) for x, v in seam[2::-1]]) + place, False)
        canvas.fill(closed, lip * 0.3, 0.85, soft=0.4, width=1.3)
    for side in (-1, 1):
        canvas.fill(ellipse(t.turn + side * (w + 0.5), y - up * 0.7, 1.8, 1.4), lip * 0.3, 0.6, soft=0.9)
    shine = ellipse(t.turn + 2 * t.light, y + f * 0.75 + gap, w * 0.3, f * 0.2)
    canvas.fill(shine, (1, 0.9, 0.9), 0.3, soft=0.9)


def _glasses(canvas: Canvas, t: Traits) -> None:
    frame, angle = t.cloth2 * 0.3, np.linspace(0, 2 * np.pi, 32)
    around = np.stack([np.cos(angle), np.sin(angle)], -1)
    for side in (-1, 1):
        ring = np.sign(around) * np.abs(around) ** (2 / t.round) * (14, 11) + (t.turn + side * (t.eye + 0.5), 1)
        canvas.fill(ring, (0.9, 0.95, 1), 0.07)
        canvas.fill(ring + (0, 1.5), t.skin * 0.3, 0.4, soft=1, width=t.rim)
        canvas.fill(ring, frame, soft=0.3, width=t.rim + 0.4)
        canvas.fill(np.array([(t.turn + side * (t.eye + 14), -3), (side * (t.half + 1), -4)]), frame, width=t.rim)
    bridge = curve([(t.turn - 5, -1), (t.turn, -3), (t.turn + 5, -1)], False)
    canvas.fill(bridge, frame, soft=0.3, width=t.rim)
