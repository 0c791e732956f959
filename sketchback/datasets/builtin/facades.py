"""The flat fronts of the built-in buildings: a wall of its material, and one window repeated along every storey.

Units are those of `demo_buildings`; y goes down from the eaves.
"""

from __future__ import annotations

import numpy as np

from sketchback.datasets.builtin.canvas import Canvas, Traits, box, smooth_noise

SKY, LAMP = np.array((0.55, 0.66, 0.78)), np.array((0.88, 0.7, 0.38))  # what a window shows


def facade(t: Traits, bays: int, scale: float, cells: list[np.ndarray], entry: bool = False) -> np.ndarray:
    """A front of `bays` x `t.floors` windows, each one of `cells`; `(3, h, w)`. One with an `entry` has its shops."""
    tall, long = t.storey, t.bay
    height, width = round((t.floors * tall + 7) * scale), round((bays * long + 6) * scale)
    front = Canvas(height, width, scale, (0, 0))
    front.pixels = wall(t, height, width, scale)
    high, wide = height / scale, width / scale
    if t.walls == "frame":
        beam, levels = np.array((0.27, 0.18, 0.12)) * (0.8 + t.glass), 5 + np.arange(t.floors + 1) * tall
        posts = 3 + np.arange(bays + 1) * long
        front.fill([np.array([(0, y), (wide, y)]) for y in levels], beam, width=3.6)
        front.fill([np.array([(x, 0), (x, high)]) for x in posts], beam, width=3)
        leaning = [
            np.array([(x + (1 - k % 2) * long, high), (x + long * (0.24 if k % 2 else 0.76), high - tall)])
            for k, x in enumerate(posts[:-1])
        ]
        front.fill(leaning, beam, width=2.4)
    elif t.courses and t.floors > 1:
        levels = [6 + floor * tall for floor in range(1, t.floors)]
        front.fill([box(0, y + 1, wide, y + 3.4) for y in levels], t.color * 0.35, 0.45, soft=0.8)
        front.fill([box(0, y - 1.2, wide, y + 1.2) for y in levels], t.trim)
    front.fill(box(0, high - 6, wide, high), t.trim * 0.5 if t.walls == "frame" else t.color * 0.55, 0.8)
    if entry:
        door, shop = window(t, scale, 0, "door"), window(t, scale, 0, "shop") if t.shop else None
    for floor in range(t.floors):
        for k in range(bays):
            cell = cells[(k % 2 if t.balconies else t.which[floor, k]) % len(cells)]
            if entry and floor == t.floors - 1:
                cell = door if k == t.door_bay else shop if t.shop else cell
            y, x = round((7 + floor * tall) * scale), round((3 + k * long) * scale)
            region = front.pixels[:, y : y + cell.shape[1], x : x + cell.shape[2]]
            cell = cell[:, : region.shape[1], : region.shape[2]]
            region *= 1 - cell[3]
            region += cell[:3]
    front.fill(box(-9, -6, wide + 9, 9), t.color * 0.2, t.shadow, soft=3)  # what the eaves keep off
    front.fill(box(0, 0, wide, 3.5), t.trim)
    if t.light * t.shadow > 0.25:  # the house across the street
        shadow = np.array([(-20, high * 0.45), (wide * 0.5, high + 20), (-20, high + 20)])
        front.fill(shadow, (0.06, 0.07, 0.12), 0.42, soft=2)
    return front.pixels


def wall(t: Traits, height: int, width: int, scale: float) -> np.ndarray:
    """A wall of its material, `(3, height, width)`; bricks and stones are looked up in a table of noise."""
    rows, columns = np.arange(height, dtype=np.float32) / scale, np.arange(width, dtype=np.float32) / scale
    shade = 1 + 0.035 * smooth_noise(t.rough, height, width, 5)
    if t.walls in ("brick", "stone"):
        tall, long, strength, joint = {"brick": (3.0, 8, 0.1, 0.12), "stone": (9, 19, 0.07, -0.16)}[t.walls]
        course = (rows / tall).astype(int)[:, None]
        along = columns / long + (course % 2) * np.float32(0.5)
        shade += strength * t.rough[course % 64, along.astype(int) % 64]
        shade += np.float32(joint) * ((rows % tall < 0.8)[:, None] | (along % 1 < 0.8 / long))
    elif t.walls == "boards":
        shade += 0.05 * t.rough[(rows / 4.5).astype(int) % 64, 0][:, None] - 0.2 * (rows % 4.5 < 0.9)[:, None]
    else:
        shade += 0.02 * smooth_noise(t.rough[::-1], height, width, 48)
    shade *= np.linspace(1.04, 0.94, height, dtype=np.float32)[:, None]
    return np.multiply.outer(t.color, shade)


def window(t: Traits, scale: float, variant: int, kind: str = "window") -> np.ndarray:
    """One bay of one storey with a `"window"`, `"door"` or `"shop"`, on clear ground: `(4, h, w)` with cover."""
    cell, tall = t.bay, t.storey
    w, h = {
        "window": (cell * t.pane[0] / 2, tall * t.pane[1] / 2),
        "shop": (cell * 0.43, tall * 0.36),
        "door": (min(cell * t.pane[0] * 0.55, 9), tall * 0.38),
    }[kind]
    middle = tall * 0.5 if kind == "window" else tall - h - 0.5
    c = Canvas(round(tall * scale), round(cell * scale), scale, (cell * scale / 2, middle * scale), planes=4)
    shape = box(-w, -h, w, h)
    if t.arched and kind != "shop":
        bow = np.linspace(np.pi, 0, 14)
        bow = np.stack([w * np.cos(bow), -h + w * (1 - np.sin(bow))], -1)
        shape = np.concatenate([[(-w, h)], bow, [(w, h)]])
    m, trim, dark = 2.2 if t.courses else 1.2, t.trim, t.color * 0.3
    if t.shutters and kind == "window":
        reach = min(w * 2 + m, cell / 2 - 0.5)
        leaves = [box(-reach, -h, -w - m, h), box(w + m, -h, reach, h)]
        c.fill([leaf + (1.2, 1.5) for leaf in leaves], dark, 0.5, soft=0.8)
        c.fill(leaves, t.shutter)
        slats = [np.array([(leaf[0, 0], y), (leaf[1, 0], y)]) for leaf in leaves for y in np.arange(-h + 2, h, 2.6)]
        c.fill(slats, t.shutter * 0.6, 0.6, width=0.9)
    frame = shape * (1 + m / w, 1 + m / h)
    c.fill(frame + (1, 1.4), dark, 0.5, soft=1)
    c.fill(frame, trim)
    if t.pediment and kind == "window" and not t.arched:
        peak = np.array([(-w - 4, -h - 2.5), (0, -h - 7), (w + 4, -h - 2.5)])
        c.fill(peak + (0, 1.6), dark, 0.5, soft=0.8)
        c.fill(peak, trim * 1.04)
    if kind == "door":
        c.fill(shape, t.door * 0.6)
        c.fill(shape * 0.9 + (0, h * 0.08), t.door)
        panels = [
            box(w * (x - 0.28), h * y0, w * (x + 0.28), h * y1)
            for x in (-0.45, 0.45)
            for y0, y1 in ((-0.45, 0.1), (0.25, 0.85))
        ]
        c.fill(panels, t.door * 0.7)
        c.fill(box(-w * 0.75, -h * 0.82, w * 0.75, -h * 0.58), (0.35, 0.4, 0.45))
        c.fill(box(-w - 3, h - 1.5, w + 3, h + 1), trim * 0.75)
        return c.pixels
    lit, drape, pane = t.lit[variant], t.curtain[variant], (1 - 1.4 / w, 1 - 1.4 / h)
    c.fill(shape, t.paint * 0.75)
    c.fill(shape * pane, LAMP if lit else SKY * t.glass * 1.5)
    if not lit:
        slope = (variant - 1) * 0.5 + 0.2
        c.fill(np.array([(-w, -h), (w, -h), (w, -h * slope), (-w, h * slope)]) * pane, SKY, 0.55, soft=1)
    if drape > 0.35 and kind == "window":
        half = np.array([(0.9, -0.9), (0.9 - 0.7 * drape, -0.9), (0.6, 0.9), (0.9, 0.9)]) * (w, h)
        c.fill([half, half * (-1, 1)], trim * 0.9, 0.6, soft=0.7)
    c.fill(np.array([(-w, -h + 2), (w, -h + 2)]), (0.02, 0.02, 0.03), 0.45, soft=0.9, width=2)
    upright, level = (t.panes[0] + 2, 1) if kind == "shop" else t.panes
    bars = [np.array([(x, -h), (x, h)]) for x in np.linspace(-w, w, upright + 1)[1:-1]]
    bars += [np.array([(-w, y), (w, y)]) for y in np.linspace(-h, h, level + 1)[1:-1]]
    if bars:
        c.fill(bars, t.paint, width=1.4)
    if kind == "shop":
        awning = np.array([(-w, -h - 3), (w, -h - 3), (w + 1, -h * 0.5), (-w - 1, -h * 0.5)])
        c.fill(awning + (0, 4), (0.03, 0.03, 0.04), 0.5, soft=1.5)
        c.fill(awning, t.awning)
    elif t.balconies and variant == 1:
        c.fill(box(-w - 6, h - 0.5, w + 6, h + 2), trim * 0.9)
        c.fill(box(-w - 5, h + 2, w + 5, h + 6), dark, 0.45, soft=1.2)
        rails = [np.array([(x, h - 9), (x, h)]) for x in np.arange(-w - 5, w + 5.5, 2.4)]
        c.fill([*rails, np.array([(-w - 5.5, h - 9), (w + 5.5, h - 9)])], (0.12, 0.12, 0.13), 0.9, width=0.9)
    elif t.sill:
        c.fill(box(-w - m - 1, h + m + 1, w + m + 1, h + m + 3.5), dark, 0.45, soft=0.8)
        c.fill(box(-w - m - 1, h + 0.4, w + m + 1, h + m + 0.6), trim * 1.05)
    return c.pixels
