"""A building in its street: its traits sampled, then sky, ground, façades, roofs and plants painted from them.

Units are pixels of a picture 240 high; (0, 0) lies on the ground in the middle.
"""

from __future__ import annotations

import cv2
import numpy as np

from sketchback.datasets.builtin.canvas import Canvas, Traits, box, curve, ellipse, palette, photograph, single

# Of each wall: its colours; height and length of its bricks, stones or boards; how much those differ; their joints.
WALLS = {
    "plaster": ("e8d6b0 e2be8c d69678 c8d0b4 ece8de bec8d4 dec85a", 900, 900, 0, 0),
    "brick": ("9c4e3a 8a4032 b0704e c4a882", 3, 8, 0.1, -0.12),
    "stone": ("c4b8a0 a8a094 cec4b2 968a78", 9, 19, 0.07, 0.16),
    "boards": ("785438 e2ded4 963e32 70848c", 4.5, 900, 0.05, 0.2),
}
KINDS = {"house": ((1, 4), (2, 6)), "block": ((3, 7), (4, 9)), "tower": ((2, 4), (2, 5))}  # floors and bays from, below
LAMP, SKY = np.array((0.88, 0.7, 0.38)), np.array((0.55, 0.66, 0.78))  # what a window shows


def sample(rng: np.random.Generator, street: Traits | None = None) -> Traits:
    """The traits of a building and its street, or of a neighbour in a `street` that has been sampled."""
    u, t = rng.uniform, Traits()

    def color(colors: str) -> np.ndarray:
        return rng.choice(palette(colors)) * u(0.88, 1.08)

    t.kind = str(rng.choice(list(KINDS), p=(0.4, 0.45, 0.15))) if street is None else "block"
    t.walls = str(rng.choice(list(WALLS), p=(0.45, 0.25, 0.15, 0.15)))
    t.floors, t.bays = (int(rng.integers(*ends)) for ends in KINDS[t.kind])
    t.storey = u(190, 240) / (t.floors + 1) if t.kind == "block" else min(56, u(92, 140) / t.floors)
    t.bay = max(u(230, 330) / t.bays, t.storey * 0.62) if t.kind == "block" else t.storey * u(0.75, 1)
    t.bays, t.dusk = (t.bays, u() < 0.1) if street is None else (2, street.dusk)
    t.roof = "flat" if t.kind == "block" and u() < 0.6 else str(rng.choice(("gable", "hip", "slope")))
    t.color, t.trim = color(WALLS[t.walls][0]), color("ece6d8 cebea0 f0f0ee 786c60")
    t.tiles, t.pitch, t.chimneys = color("a05234 8c4232 b06446 545862 46484e"), u(0.2, 0.36), rng.integers(3)
    t.shutter, t.door, t.awning = color("3c5a42 6e3c2c 4a607c"), color("5a3222 324a3c 781e1e 323c54"), u(0.1, 0.8, 3)
    t.pane, t.bars, t.arched = (u(0.18, 0.26), u(0.25, 0.33)), (rng.integers(2, 4), rng.integers(2, 5)), u() < 0.22
    t.shutters, t.pediment, t.balconies, t.shop = u() < 0.25, u() < 0.3, u() < 0.25, t.kind == "block" and u() < 0.5
    t.lit, t.entry, t.glass = u(0, 1, (8, 12)) < (0.5 if t.dusk else 0.03), int(rng.integers(t.bays)), u(0.3, 0.6)
    t.corner, t.side, t.center = street is None and u() < 0.35, 1 if u() < 0.5 else -1, u(-18, 18)
    t.depth, t.fade, t.spire, t.rough = u(0.5, 0.85), u(0.74, 0.88), u(0.9, 2.2), rng.standard_normal((64, 64))
    t.horizon, t.paved, t.cover = u(0.82, 0.93), u() < (0.35 if t.kind == "house" else 0.8), u(-0.8, 0.6)
    t.zenith, t.low = color("5486c8 78a6d6 b0becc 3c70be"), color("cedeec e2e6e8 bed4ea")
    if t.dusk:
        t.zenith, t.low = np.array((0.24, 0.25, 0.42)), np.array((0.93, 0.62, 0.45))
    t.lawn, t.paint, t.road = (
        color("60803c 788c4c 506e34"),
        color("f0f0ec 5a3c2c 3c4246"),
        color("787674 606064 968e82"),
    )
    t.plants = [(u(-170, 170), u(4, 24), u(8, 40), u(0.75, 1.25)) for _ in range(rng.integers(0, 5))]
    t.balance, t.vignette = u(0.94, 1.06, 3), u(0, 0.06)
    t.grain, t.noise = u(0.004, 0.012), rng.standard_normal((64, 64))
    t.neighbours = []
    for side in (-1, 1) if street is None else ():
        edge = t.bays * t.bay / 2 + side * t.center
        if u() < 0.5 and edge < 145:  # the frame ends at 160
            other = sample(rng, t)
            other.center = side * (edge + other.bays * other.bay / 2 + (4 if t.kind == "block" else u(6, 30)))
            t.neighbours.append(other)
    return single(t)


def paint(t: Traits, height: int, width: int) -> np.ndarray:
    """The picture `(height, width, 3)` with these traits."""
    canvas = Canvas(height, width, scale=height / 240, origin=(width / 2, height * t.horizon))
    _sky_and_ground(canvas, t)
    for building in (*t.neighbours, t):
        _building(canvas, building)
    leaves = 0.7 + 0.2 * cv2.resize(t.rough[:40], (width, height), interpolation=cv2.INTER_CUBIC)
    leaves = np.multiply.outer(np.array((0.42, 0.56, 0.24), np.float32), leaves)
    for number, (x, y, r, bright) in enumerate(t.plants):
        stem = r * 1.2 if r > 20 else r * 0.4  # a tree or a bush
        canvas.fill(ellipse(x + 4, y + 1, r * 0.9, 3), (0.04, 0.06, 0.04), 0.5, soft=2.5)
        canvas.fill(np.array([(x, y), (x, y - stem)]), (0.24, 0.18, 0.13), width=3)
        crown = curve(ellipse(0, 0, r, r * 0.9) * (1 + 0.12 * t.rough[number, :24, None]))
        canvas.fill(crown + (x, y - stem), leaves * np.float32(bright), soft=0.8)
        canvas.fill(crown * 0.7 + (x + r * 0.1, y - stem + r * 0.35), (0.08, 0.14, 0.06), 0.55, soft=r / 5)
    return photograph(cv2.merge(list(canvas.pixels)), t)


def _sky_and_ground(canvas: Canvas, t: Traits) -> None:
    """A sky that is lighter below, clouds, hills, and a street, or a lawn with a path to the door."""
    fall = np.clip((canvas.y + 230) / 230, 0, 1) + 0 * canvas.x
    corners = (t.rough[: 7 * k, : 4 * k] / k for k in (1, 2, 4))
    waves = (cv2.resize(corner, fall.shape[::-1], interpolation=cv2.INTER_CUBIC) for corner in corners)
    clouds = np.clip(sum(waves) * 0.5 + t.cover, 0, 0.8) * (1 - 0.6 * fall)
    sky = t.zenith[:, None, None] + (t.low - t.zenith)[:, None, None] * fall
    canvas.pixels = sky + clouds * ((0.4 * t.low + (0.3 if t.dusk else 0.58))[:, None, None] - sky)
    hills = np.stack([np.linspace(-900, 900, 60), -14 - 12 * abs(t.rough[0, :60])], -1)
    hills = np.concatenate([curve(hills, closed=False), [(900, 9), (-900, 9)]])
    canvas.fill(hills, 0.5 * t.lawn + 0.35 * t.low, soft=1)
    canvas.fill(box(-900, 0, 900, 90), (t.road if t.paved else t.lawn) * 0.95, soft=0.5)
    canvas.fill(box(-900, 20, 900, 90), (1, 1, 1), 0.08, soft=9)
    if t.paved:
        canvas.fill(box(-900, -1, 900, 7), t.road * 1.25)
        canvas.fill(box(-900, 7, 900, 8.6), t.road * 0.6)
    else:
        x = (t.entry + 0.5 - t.bays / 2) * t.bay + t.center
        canvas.fill(np.array([(x - 6, 0), (x + 6, 0), (x * 1.3 + 24, 60), (x * 1.3 - 24, 60)]), t.road * 1.2)


def _building(canvas: Canvas, t: Traits) -> None:
    """Façades and roof, seen from the front or with a corner towards us; a tower stands at the far end."""
    high, wide = t.floors * t.storey + 6, t.bays * t.bay
    left, right = t.center - wide / 2, t.center + wide / 2
    canvas.fill(box(left - 6, -3, right + 6, 5), (0.05, 0.06, 0.06), 0.5, soft=3)
    if t.kind == "tower":
        x, top, w = left if t.side < 0 else right, high + t.storey, t.storey * 0.45
        body = Traits(**vars(t) | dict(bay=2 * w, floors=t.floors + 1, arched=True, shutters=False, balconies=False))
        _mount(canvas, _facade(body, canvas.scale, bays=1), box(x - w, -top, x + w, 0))
        canvas.fill(box(x + w * 0.4, -top, x + w, 0), (0.05, 0.05, 0.09), 0.3, soft=3)
        spire = np.array([(x - w - 3, -top + 2), (x + w + 3, -top + 2), (x, -top - 2 * w * t.spire)])
        canvas.fill(spire, _tiles(canvas, t))
        canvas.fill(np.array([spire[1] - (w, 0), spire[1], spire[2]]), (0, 0, 0), 0.4)
    front = _facade(t, canvas.scale, bays=t.bays, entry=True)
    if not t.corner:
        _roof(canvas, t, np.array([(left, -high), (right, -high)]))
        _mount(canvas, front, box(left, -high, right, 0))
        return
    edge = t.center + t.side * wide * 0.22  # the corner that is nearest, and how far both sides recede
    x = np.array((edge - t.side * wide * 0.86, edge, edge + t.side * wide * t.depth * 0.5))
    fade, eye = np.array((t.fade, 1, t.fade * 0.94)), 14
    tops, feet = (np.stack([x, fade * y - eye], -1) for y in (eye - high, eye))
    _roof(canvas, t, tops)
    aside = _facade(t, canvas.scale, bays=max(1, round(t.bays * t.depth * 0.8))) * np.float32(0.65)
    for picture, ends in ((aside, [1, 2][:: t.side]), (front, [0, 1][:: t.side])):
        _mount(canvas, picture, np.concatenate([tops[ends], feet[ends[::-1]]]))


def _mount(canvas: Canvas, picture: np.ndarray, quad: np.ndarray) -> None:
    """Hangs a flat picture between four corners, clockwise from the upper left."""
    height, width = picture.shape[1:]
    target = (quad * canvas.scale + canvas.origin).astype(np.float32)
    view = cv2.getPerspectiveTransform(box(0, 0, width, height).astype(np.float32), target)
    size = canvas.pixels.shape[:0:-1]
    seen = cv2.warpPerspective(cv2.merge(list(picture)), view, size, borderMode=cv2.BORDER_REPLICATE)
    canvas.fill(quad, seen.transpose(2, 0, 1))


def _tiles(canvas: Canvas, t: Traits) -> np.ndarray:
    """Rows of tiles, of which no two are burnt alike."""
    shade = 0.07 * t.rough[(canvas.y / 3.2).astype(int) % 64, (canvas.x / 2).astype(int) % 64]
    return np.multiply.outer(t.tiles, 0.95 + shade - 0.2 * (canvas.y % 3.2 < 1))


def _roof(canvas: Canvas, t: Traits, tops: np.ndarray) -> None:
    """A ledge, a gable or slopes of tiles over the eaves of the front, and of the side if there are three tops."""
    a, b, wide = tops[0], tops[1], abs(tops[1, 0] - tops[0, 0])
    out, rise = np.sign(b[0] - a[0]), min(wide * t.pitch * (0.5 if t.kind == "block" else 1), 60)
    if t.roof == "flat":
        for start, end in zip(tops[:-1], tops[1:], strict=True):
            ledge = np.array([start - (out * 3, 0), end + (out * 3, 0), end + (out * 3, -6), start - (out * 3, 6)])
            canvas.fill(ledge, t.trim * 0.9)
            canvas.fill(ledge[2:], t.trim * 1.1, width=1.2)
        return
    for k in range(t.chimneys):
        x, y = a + (b - a) * (0.3 + 0.4 * k)
        canvas.fill(box(x - 5, y - rise - 9, x + 5, y), t.tiles * 0.8)
        canvas.fill(box(x - 6, y - rise - 11, x + 6, y - rise - 8), t.trim * 0.8)
    alone = len(tops) == 2
    a, b = a - (out * 6, -3), b + (out * 6 * alone, 3)
    if t.roof == "gable" and alone:
        peak, (x, y) = (a + b) / 2 - (0, rise * 1.25), (a + b) / 2 - (0, rise * 0.45)
        canvas.fill(np.array([tops[0] + (0, 1), tops[1] + (0, 1), peak + (0, 3)]), t.color * 0.9)
        canvas.fill(ellipse(x, y, 6, 7), t.trim)
        canvas.fill(ellipse(x, y, 4.5, 5.5), (0.2, 0.24, 0.3))
        canvas.fill(np.array([a, peak, b]) + (0, 4), t.color * 0.3, 0.5, soft=1.5, width=4)
        canvas.fill(np.array([a, peak, b]), t.tiles, width=5)
        return
    inset = np.array((wide * out * (0.28 if t.roof == "hip" else 0), 0))
    top_a, top_b, tiles = a + inset - (0, rise), b - inset - (0, rise), _tiles(canvas, t)
    if not alone:
        c = tops[2] + (out * 6, 3)
        top_b = b + ((c[0] - b[0]) * 0.45, -rise)
        canvas.fill(np.array([b, c, top_b]), tiles * np.float32(0.68) if t.roof == "hip" else t.color * 0.7)
        canvas.fill(np.array([c, top_b]), t.tiles * 0.6, width=3)
    canvas.fill(np.array([a, b, top_b, top_a]), tiles)
    canvas.fill(np.array([a, b]), t.trim * 0.75, width=2.2)
    canvas.fill(np.array([top_a, top_b]), t.tiles * 0.6, width=1.8)


def _facade(t: Traits, scale: float, *, bays: int, entry: bool = False) -> np.ndarray:
    """A flat front `(3, h, w)`: a wall and rows of windows; one with an `entry` has its door and shops."""
    high, wide = t.floors * t.storey + 6, bays * t.bay
    front = Canvas(round(high * scale), max(2, round(wide * scale)), scale=scale, origin=(0, 0))
    _, tall, long, differ, joint = WALLS[t.walls]
    course = (front.y / tall).astype(int)
    along = front.x / np.float32(long) + course % 2 * np.float32(0.5)
    shade = 1.04 - front.y / (10 * high) + differ * t.rough[course % 64, along.astype(int) % 64]
    shade = shade - joint * ((front.y % tall < 0.8) | (along % 1 < 0.8 / long))
    front.pixels = np.multiply.outer(t.color, shade.astype(np.float32))
    w, h, dark = t.bay * t.pane[0], t.storey * t.pane[1], t.color * 0.3
    ground = t.floors - 1 if entry else t.floors
    cells = [(f, k) for f in range(t.floors) for k in range(bays) if f < ground or not (t.shop or k == t.entry)]
    places = [((k + 0.5) * t.bay, 6 + (f + 0.5) * t.storey) for f, k in cells]

    def each(*outlines: np.ndarray) -> list[np.ndarray]:
        return [outline + place for place in places for outline in outlines]

    shape = box(-w, -h, w, h)
    if t.arched:
        shape = np.concatenate([[(w, h), (-w, h)], ellipse(0, -h, w, w * 0.8)[12:], [(w, -h)]])
    if places and t.shutters:
        leaves = [box(-w * 1.8, -h, -w - 1.5, h), box(w + 1.5, -h, w * 1.8, h)]
        front.fill(each(*leaves), t.shutter)
        front.fill(each(*(leaf[[0, 1, 2, 3, 0]] for leaf in leaves)), t.shutter * 0.5, width=0.9)
    if places:
        frame = shape * (1 + 1.6 / w, 1 + 1.6 / h)
        front.fill(each(frame + (1, 1.4)), dark, 0.5, soft=1)
        front.fill(each(frame), t.trim)
        front.fill(each(shape), SKY * t.glass)
        front.fill(each(np.array([(-w, -h), (w, -h), (-w, h * 0.4)])), SKY, 0.5)
        lit = [shape + place for place, cell in zip(places, cells, strict=True) if t.lit[cell]]
        if lit:
            front.fill(lit, LAMP)
        uprights = [np.array([(x, -h), (x, h)]) for x in np.linspace(-w, w, t.bars[0] + 1)]
        levels = [np.array([(-w, y), (w, y)]) for y in np.linspace(-h, h, t.bars[1])]
        front.fill(each(*uprights, *levels), t.paint, width=1.3)
        front.fill(each(box(-w - 3, h + 3, w + 3, h + 5)), dark, 0.5, soft=0.8)
        front.fill(each(box(-w - 3, h + 0.4, w + 3, h + 3)), t.trim)
        if t.pediment and not t.arched:
            front.fill(each(np.array([(-w - 4, -h - 2.5), (0, -h - 7), (w + 4, -h - 2.5)])), t.trim * 1.04)
        if t.balconies:
            rails = [np.array([(x, h - 9), (x, h)]) for x in np.linspace(-w - 5, w + 5, 9)]
            front.fill(each(*rails, np.array([(-w - 5, h - 9), (w + 5, h - 9)])), (0.12, 0.12, 0.13), width=0.9)
    if entry:
        x, w = (t.entry + 0.5) * t.bay, min(8, t.bay * 0.3)
        for k in range(bays) if t.shop else ():
            if k != t.entry:
                place, y = (k + 0.5) * t.bay, high - t.storey * 0.8
                front.fill(box(place - t.bay * 0.43, y, place + t.bay * 0.43, high - 4), t.paint)
                front.fill(box(place - t.bay * 0.4, y + 6, place + t.bay * 0.4, high - 6), SKY * 0.4)
                front.fill(box(place - t.bay * 0.45, y - 2, place + t.bay * 0.45, y + 7), t.awning)
        for grow, color in ((2, t.trim), (0, t.door * 0.6), (-1.5, t.door)):
            front.fill(box(x - w - grow, high - t.storey * 0.74 - grow, x + w + grow, high), color)
        front.fill(box(x - w * 0.6, high - t.storey * 0.7, x + w * 0.6, high - t.storey * 0.58), SKY * 0.5)
    front.fill(box(-9, -6, wide + 9, 8), t.color * 0.2, 0.5, soft=3)  # what the eaves keep off
    front.fill(box(0, 0, wide, 3), t.trim)
    front.fill(box(0, high - 5, wide, high), t.color * 0.5, 0.5 if not entry else 0.3)
    return front.pixels
