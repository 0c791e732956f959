"""A building in its street from a seed: what is drawn about it, and sky, ground, houses and trees painted from that.

Units are pixels of a picture 240 high; (0, 0) lies on the ground in the middle.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import cv2
import numpy as np

from sketchback.datasets.builtin import canvas as painting
from sketchback.datasets.builtin.canvas import Canvas, Traits, box, curve, ellipse, smooth_noise
from sketchback.datasets.builtin.facades import facade, window

WALLS = {
    "plaster": [
        (232, 214, 176),
        (226, 190, 140),
        (214, 150, 120),
        (200, 208, 180),
        (236, 232, 222),
        (190, 200, 212),
        (222, 200, 90),
        (176, 120, 100),
    ],
    "brick": [(156, 78, 58), (138, 64, 50), (176, 112, 78), (120, 70, 56), (196, 168, 130)],
    "stone": [(196, 184, 160), (168, 160, 148), (206, 196, 178), (150, 138, 120)],
    "boards": [(120, 84, 56), (226, 222, 212), (150, 62, 50), (112, 132, 140), (86, 70, 56)],
    "frame": [(238, 230, 212), (232, 214, 170), (222, 196, 160)],
}
TILES, SLATE = [(160, 82, 58), (140, 66, 50), (176, 100, 70)], [(84, 88, 98), (70, 72, 78), (100, 96, 96)]
# The share of each kind; of each of WALLS in it; floors and bays (from, below); the roofs it may have.
KINDS = {
    "house": (0.4, (0.35, 0.2, 0.1, 0.2, 0.15), (1, 4), (2, 6), ("gable", "hip", "side", "mansard")),
    "block": (0.45, (0.5, 0.25, 0.25, 0, 0), (3, 7), (4, 9), ("flat", "flat", "side", "mansard")),
    "tower": (0.15, (0.3, 0.3, 0.4, 0, 0), (2, 4), (2, 5), ("gable", "hip", "side", "flat")),
}


def draw(rng: np.random.Generator, main: Traits | None = None) -> Traits:
    """The traits of a building and its street; a neighbour shares the light of `main`, and has no street."""
    uniform, chance = rng.uniform, partial(painting.chance, rng)

    def pick(*colors: tuple[int, int, int]) -> np.ndarray:
        return np.array(colors[rng.integers(len(colors))]) / 255 * uniform(0.88, 1.08)

    kind = str(rng.choice(list(KINDS), p=[share for share, *_ in KINDS.values()])) if main is None else "block"
    _, materials, floors, bays, roofs = KINDS[kind]
    walls, roof = str(rng.choice(list(WALLS), p=materials)), str(rng.choice(roofs))
    floors, bays = int(rng.integers(*floors)), int(rng.integers(*bays))
    if kind == "house":
        storey = min(58, uniform(92, 140) / floors)
    else:
        storey = uniform(190, 250) / (floors + 1) if kind == "block" else uniform(34, 42)
    bay = storey * uniform(0.72, 1.0) if kind != "block" else max(uniform(230, 350) / bays, storey * 0.62)
    if main is not None:
        bays = min(bays, 2)  # the frame holds no more of it
    dusk = chance(0.1) if main is None else main.dusk
    t = painting.traits(
        kind=kind,
        main=main is None,
        walls=walls,
        floors=floors,
        storey=storey,
        bays=bays,
        bay=bay,
        roof=roof,
        dusk=dusk,
        color=pick(*WALLS[walls]),
        trim=pick((236, 230, 216), (206, 190, 160), (240, 240, 238), (120, 108, 96)),
        tiles=pick(*(SLATE if roof == "mansard" or chance(0.3) else TILES)),
        pitch=uniform(0.32, 0.6),
        pane=(uniform(0.36, 0.52), uniform(0.5, 0.66)),
        arched=chance(0.22),
        panes=(int(rng.integers(1, 3)), int(rng.integers(1, 4))),
        paint=pick((240, 240, 236), (90, 60, 44), (60, 66, 70), (226, 220, 200)),
        shutters=walls != "stone" and chance(0.3),
        shutter=pick((60, 90, 66), (110, 60, 44), (74, 96, 124), (180, 170, 150)),
        pediment=chance(0.35),
        sill=chance(0.8),
        balconies=chance(0.3),
        courses=chance(0.6),
        shop=kind == "block" and chance(0.5),
        awning=uniform(0.1, 0.8, 3),
        door=pick((90, 50, 34), (50, 74, 60), (120, 30, 30), (50, 60, 84), (60, 50, 46)),
        door_bay=int(rng.integers(0, bays)),
        which=rng.integers(0, 2, (8, 12)),
        glass=uniform(0.1, 0.3),
        curtain=uniform(0, 1, 2),
        lit=rng.random(2) < (0.6 if dusk else 0.04),
        chimneys=int(rng.integers(0, 3)),
        corner=main is None and ((kind != "block" and chance(0.45)) or chance(0.15)),
        side=1 if chance(0.5) else -1,
        depth=uniform(0.5, 0.85),
        fade=uniform(0.72, 0.88),
        lean=uniform(0, 0.05),
        center=uniform(-18, 18),
        dormers=chance(0.6),
        spire=uniform(0.9, 2.2),
        belfry=uniform(30, 44),
        shadow=uniform(0.1, 0.75),
        light=uniform(-1, 1),
        rough=rng.standard_normal((64, 64), np.float32),
    )
    if main is not None:
        t.light, t.lean = main.light, main.lean
        return t
    zenith = pick((84, 134, 200), (120, 166, 214), (176, 190, 204), (60, 112, 190), (206, 210, 214))
    low = pick((206, 222, 236), (226, 230, 232), (190, 212, 234))
    night = np.array((0.84, 0.78, 0.88)) if dusk else np.ones(3)
    plants = [
        (
            uniform(-170, 170),
            uniform(4, 24),
            uniform(16, 46) * (1 if chance(0.4) else 0.4),
            chance(0.4),
            uniform(0.7, 1.25),
            uniform(-0.06, 0.1),
        )
        for _ in range(rng.integers(0, 6 if kind != "block" else 4))
    ]
    street = painting.traits(
        horizon=uniform(0.82, 0.93),
        clouds=max(0.0, uniform(-0.6, 1)),
        cover=uniform(-0.6, 0.8),
        zenith=np.array((0.24, 0.25, 0.42)) if dusk else zenith,
        low=np.array((0.93, 0.62, 0.45)) if dusk else low,
        lawn=pick((96, 128, 60), (120, 140, 76), (80, 110, 52)),
        street=pick((120, 118, 116), (96, 96, 100), (150, 142, 130)),
        paved=chance(0.35 if kind == "house" else 0.8),
        plants=plants,
        neighbours=[],
        balance=uniform(0.92, 1.06) * night * uniform(0.97, 1.03, 3),
        blur=uniform(0, 0.5),
        vignette=uniform(0, 0.06),
        grain=uniform(0.004, 0.012),
        noise=rng.standard_normal((128, 128), np.float32),
    )
    t = Traits(**vars(t), **vars(street))
    for side in (-1, 1):
        edge = t.bays * t.bay / 2 + 6 + side * t.center
        if chance(0.3 if kind == "house" else 0.5) and edge < 145:  # the frame ends at 160
            other = draw(rng, main=t)
            gap = 0 if kind == "block" else uniform(4, 30)
            other.center = side * (edge + other.bays * other.bay / 2 + gap)
            t.neighbours.append(other)
    return t


def paint(t: Traits, height: int, width: int) -> np.ndarray:
    """The picture `(height, width, 3)` of what was drawn."""
    scale = height / 240
    canvas = Canvas(height, width, scale, (width / 2, height * t.horizon))
    _sky(canvas, t)
    _ground(canvas, t)
    for house in [*t.neighbours, t]:
        _house(canvas, house)
    for plant in t.plants:
        _plant(canvas, t, *plant)
    return painting.photograph(cv2.merge(list(canvas.pixels)), t, scale)


def _sky(canvas: Canvas, t: Traits) -> None:
    fall = np.clip((canvas.y[canvas.y < 10][:, None] + 230) / 230, 0, 1)
    size = canvas.pixels.shape[2], len(fall)
    sky = canvas.pixels[:, : len(fall)]
    sky[:] = t.zenith[:, None, None] + (t.low - t.zenith)[:, None, None] * fall**1.3
    if t.clouds:
        waves = (cv2.resize(t.rough[: 7 * k, : 4 * k], (96, 72), interpolation=cv2.INTER_CUBIC) / k for k in (1, 2, 4))
        clouds = np.clip(sum(waves) * 0.55 + t.cover * 0.7, 0, 1) * t.clouds * 0.85
        clouds = cv2.resize(clouds, size, interpolation=cv2.INTER_LINEAR) * (1 - 0.6 * fall)
        sky += clouds * ((0.4 * t.low + np.float32(0.35 if t.dusk else 0.58))[:, None, None] - sky)


def _ground(canvas: Canvas, t: Traits) -> None:
    """Hills far away, then a street or a lawn with a path to the door."""
    hills = curve(np.stack([np.linspace(-400, 400, 40), -14 - 12 * np.abs(t.rough[0, :40])], -1), False)
    canvas.fill(np.concatenate([hills, [(400, 9), (-400, 9)]]), 0.5 * t.lawn + 0.35 * t.low, soft=1.2)

    def near(rows: slice, columns: slice) -> np.ndarray:
        grain = smooth_noise(t.rough, rows.stop - rows.start, columns.stop - columns.start, 6)
        shade = (1 + 0.06 * grain) * (0.85 + 0.006 * canvas.y[rows])
        return np.multiply.outer(t.street if t.paved else t.lawn, shade)

    canvas.fill(box(-900, 0, 900, 90), near, soft=0.5)
    if t.paved:
        canvas.fill(box(-900, -1, 900, 7), t.street * 1.25)
        canvas.fill(box(-900, 7, 900, 8.6), t.street * 0.6, soft=0.4)
    else:
        x = (t.door_bay + 0.5 - t.bays / 2) * t.bay + t.center
        path = np.array([(x - 6, 0), (x + 6, 0), (x * 1.3 + 24, 60), (x * 1.3 - 24, 60)])
        canvas.fill(path, t.street * 1.2, soft=0.6)


def _house(canvas: Canvas, t: Traits) -> None:
    """Walls, roof, chimneys and tower of one building, in one- or two-point perspective."""
    high, wide = t.floors * t.storey + 7, t.bays * t.bay + 6
    x0, x1 = t.center - wide / 2, t.center + wide / 2
    cells = [window(t, canvas.scale, variant) for variant in range(2 if t.main or t.balconies else 1)]
    front = facade(t, t.bays, canvas.scale, cells, entry=t.main)
    canvas.fill(box(x0 - 6, -3, x1 + 6, 5), (0.05, 0.06, 0.06), 0.5, soft=3)
    if t.kind == "tower":
        _tower(canvas, t, x0 if t.side < 0 else x1, high)
    if not t.corner:
        lean = wide * t.lean / 2
        quad = np.array([(x0 + lean, -high), (x1 - lean, -high), (x1, 0), (x0, 0)])
        _roof(canvas, t, quad[0], quad[1])
        _mount(canvas, front * np.float32(1 - 0.12 * abs(t.light)), quad)
        return
    eye, edge = 14, t.center + t.side * wide * 0.22  # the corner that is nearest, and how far both sides recede
    x = np.array((edge - t.side * wide * 0.86, edge, edge + t.side * wide * t.depth * 0.5))
    fade = np.array((t.fade, 1.0, t.fade * 0.94))
    tops, feet = (np.stack([x, fade * y - eye], -1) for y in (eye - high, eye))
    _roof(canvas, t, *tops)
    aside = facade(t, max(1, round(t.bays * t.depth * 0.8)), canvas.scale, cells)
    bright = t.light * t.side < 0
    for picture, ends, gain in ((aside, [1, 2], 0.62 if bright else 1.05), (front, [0, 1], 1.05 if bright else 0.8)):
        ends = ends[:: t.side]
        _mount(canvas, picture * np.float32(gain), np.concatenate([tops[ends], feet[ends[::-1]]]))


def _mount(canvas: Canvas, picture: np.ndarray, quad: np.ndarray) -> None:
    """Hangs a flat picture between four corners (top left, top right, bottom right, bottom left)."""
    height, width = picture.shape[1:]
    corners = np.array([(0, 0), (width, 0), (width, height), (0, height)], np.float32)

    def seen(rows: slice, columns: slice) -> np.ndarray:
        target = (quad * canvas.scale + canvas.origin - (columns.start, rows.start)).astype(np.float32)
        view = cv2.getPerspectiveTransform(corners, target)
        size = columns.stop - columns.start, rows.stop - rows.start
        return np.stack([cv2.warpPerspective(p, view, size, borderMode=cv2.BORDER_REPLICATE) for p in picture])

    canvas.fill(quad, seen)


def _roof(canvas: Canvas, t: Traits, left: np.ndarray, right: np.ndarray, back: np.ndarray | None = None) -> None:
    """A flat roof's ledge, a gable, or a slope of tiles, over the eaves from left to right (and on, to the back)."""
    along, wide = right - left, abs(right[0] - left[0])
    out, rise = np.sign(along[0]), min(wide * t.pitch * (0.55 if t.kind != "block" else 0.2), 62)
    if t.roof == "flat":
        for start, end, gain in [(left, right, 0.9)] + ([(right, back, 0.65)] if back is not None else []):
            ledge = np.array([start - (out * 3, 0), end + (out * 3, 0), end + (out * 3, -6), start - (out * 3, 6)])
            canvas.fill(ledge, t.trim * gain)
            canvas.fill(ledge[2:], t.trim * 1.1, width=1.2)
        return
    for k in range(t.chimneys):
        x, y = left + along * (0.3 + 0.45 * k)
        canvas.fill(box(x - 5, y - rise - 9, x + 5, y), t.tiles * 0.8)
        canvas.fill(box(x + 1, y - rise - 9, x + 5, y), t.tiles * 0.5)
        canvas.fill(box(x - 6, y - rise - 11, x + 6, y - rise - 8), t.trim * 0.8)
    a, b = left - (out * 6, -3), right + (out * 6 if back is None else 0, 3)
    if t.roof == "gable" and back is None:
        peak, eye = (a + b) / 2 - (0, rise * 1.25), (left + right) / 2 - (0, rise * 0.42)
        canvas.fill(np.array([left + (0, 1), right + (0, 1), peak + (0, 3)]), t.color * 0.9)
        canvas.fill(ellipse(*eye, 6, 7), t.trim)
        canvas.fill(ellipse(*eye, 4.5, 5.5), (0.2, 0.24, 0.3))
        canvas.fill(np.array([a, peak, b]) + (0, 4), t.color * 0.3, 0.4, soft=2, width=4)
        for end, gain in ((a, 1.0), (b, 0.75)):
            canvas.fill(np.array([end, peak]), t.tiles * gain, width=5)
            canvas.fill(np.array([end, peak]) + (0, 3.2), t.trim * gain, width=1.6)
        return
    inset = {"hip": 0.28, "side": 0.0, "mansard": 0.08, "gable": 0.0}[t.roof] * wide * out
    rise = rise * 1.15 if t.roof != "mansard" else min(rise * 1.2, t.storey * 1.1)
    top_a, top_b = a + (inset, -rise), b - (inset, rise)
    if back is not None:
        c = back + (out * 6, 3)
        top_b = b + ((c[0] - b[0]) * 0.45, -rise * 1.05)
        walled = t.roof in ("gable", "side")
        canvas.fill(np.array([b, c, top_b]), t.color * 0.75 if walled else _tiles(canvas, t, 0.68))
        if walled:
            canvas.fill(np.array([c, top_b]), t.tiles * 0.6, width=4)
    canvas.fill(np.array([a, b, top_b, top_a]), _tiles(canvas, t))
    canvas.fill(np.array([a, b]), t.trim * 0.75, width=2.2)
    canvas.fill(np.array([top_a, top_b]), t.tiles * 0.6, width=1.8)
    if t.dormers and rise > 18 and back is None:
        for k in range(1, min(t.bays, 5)):
            at = a + (b - a) * k / min(t.bays, 5) - (0, rise * 0.3)
            canvas.fill(box(-6, -10, 6, 5) + at, t.trim * 0.95)
            canvas.fill(box(-4, -8, 4, 4) + at, (0.2, 0.24, 0.3))
            canvas.fill(np.array([(-8, -9), (0, -16), (8, -9)]) + at, t.tiles * 0.7)
            canvas.fill(box(6, -9, 9, 5) + at, (0.05, 0.05, 0.06), 0.35, soft=1)


def _tiles(canvas: Canvas, t: Traits, gain: float = 1.0) -> Callable[[slice, slice], np.ndarray]:
    """Rows of tiles, of which no two are burnt alike."""

    def seen(rows: slice, columns: slice) -> np.ndarray:
        x, y = canvas.x[:, columns], canvas.y[rows]
        shade = 0.07 * t.rough[(y / 3.2).astype(int) % 64, ((x + 800) / 2).astype(int) % 64]
        shade += 0.95 - 0.2 * (y % 3.2 < 1) + np.float32(0.12 * t.light / 160) * x
        return np.multiply.outer(t.tiles * np.float32(gain), shade)

    return seen


def _tower(canvas: Canvas, t: Traits, x: float, high: float) -> None:
    """A belfry at the side `x`, a storey higher than the house, under a spire."""
    w, top = t.belfry / 2, high + t.storey * 1.1
    floors = max(2, int(top / t.storey))
    body = Traits(
        **vars(t)
        | dict(bay=t.belfry - 6, floors=floors, storey=(top - 7) / floors, arched=True, shutters=False, balconies=False)
    )
    peak = np.array((x, -top - w * 2 * t.spire))
    canvas.fill(np.array([(x - w - 3, -top + 2), (x + w + 3, -top + 2), peak]), _tiles(canvas, t))
    canvas.fill(np.array([(x + w * 0.25, -top + 2), (x + w + 3, -top + 2), peak]), t.tiles * 0.35, 0.5)
    canvas.fill(np.array([peak + (0, 2), peak - (0, 9)]), (0.2, 0.2, 0.2), width=1.2)
    front = facade(body, 1, canvas.scale, [window(body, canvas.scale, 0)])
    _mount(canvas, front * np.float32(0.95), box(x - w, -top, x + w, 0))
    canvas.fill(box(x + w * 0.4, -top, x + w, 0), (0.05, 0.05, 0.09), 0.3, soft=4)


def _plant(canvas: Canvas, t: Traits, x: float, y: float, r: float, tree: bool, bright: float, yellow: float) -> None:
    """A tree or a bush: a ball of noise, lit from above, cut where the noise ends."""
    stem, ry = (r * 1.25, r * 1.1) if tree else (r * 0.35, r * 0.6)
    canvas.fill(ellipse(x + 4, y + 1, r * 0.9, 3 + r * 0.06), (0.04, 0.06, 0.04), 0.5, soft=2.5)
    if tree:
        trunk = np.array([(x - 2.5, y), (x - 1.2, y - stem), (x + 1.2, y - stem), (x + 2.5, y)])
        canvas.fill(trunk, (0.24, 0.18, 0.13))
    left, right = (np.searchsorted(canvas.x[0], x + k * r * 1.5) for k in (-1, 1))
    above, below = (np.searchsorted(canvas.y[:, 0], y - stem + k * ry * 1.5) for k in (-1, 1))
    u, v = (canvas.x[:, left:right] - x) / r, (canvas.y[above:below] - (y - stem)) / ry
    if u.size and v.size:
        leaves = smooth_noise(t.rough, v.size, u.size, 12) / 2 + smooth_noise(t.rough[::-1], v.size, u.size, 30) / 2
        cover = np.clip((1 - np.sqrt(u**2 + v**2) + 0.3 * leaves) * 5, 0, 1)
        shade = np.clip(0.62 - 0.3 * v + 0.2 * t.light * u + 0.26 * leaves, 0.12, 1.3) * bright
        green = np.multiply.outer(np.float32((0.32 + yellow * 2, 0.45 + yellow, 0.18)), shade)
        region = canvas.pixels[:, above:below, left:right]
        region += cover * (green - region)
