"""The hair of the built-in faces, their beards and a scarf; units and the origin are those of `demo_faces`."""

from __future__ import annotations

import cv2
import numpy as np

from sketchback.datasets.builtin.canvas import Canvas, Traits, curve, ellipse, mirrored

STYLES = ("short", "long", "fringe", "curly", "bun", "bald", "scarf", "receding")


def strands(canvas: Canvas, t: Traits) -> np.ndarray:
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
    shape = canvas.pixels.shape[1:]
    across, along = (np.ascontiguousarray(np.broadcast_to(v, shape), np.float32) + 200 for v in (across, along))
    locks = t.pattern + cv2.resize(t.pattern[:, :20], (64, 64))  # fine hair on broader locks
    streaks = cv2.remap(locks, across, along, cv2.INTER_LINEAR, borderMode=cv2.BORDER_WRAP)
    sheen = np.exp(-(((canvas.y + 44) / 13) ** 2)) * np.exp(-(((canvas.x - 22 * t.light) / 26) ** 2))
    shade = 0.78 + 0.13 * streaks + 0.3 * t.light * canvas.x / 60 - 0.002 * np.maximum(canvas.y, 0)
    base = t.cloth2 if t.style == "scarf" else t.hair
    gloss = sheen * (0.05 if t.style in ("scarf", "curly") else 0.12) * np.maximum(0.6 + 0.5 * streaks, 0)
    return np.multiply.outer(base, np.maximum(shade, 0.2) + 0.4 * gloss) + 0.6 * gloss


def behind(canvas: Canvas, t: Traits, hair: np.ndarray) -> None:
    """Hair that falls or stands behind head and shoulders."""
    w, v = t.half, t.volume
    if t.style in ("long", "fringe"):
        out = w + v + t.flare
        fall = [(0, -t.top), (w, -40), (out, 0), (out, t.drop * 0.7), (out - 6, t.drop), (0, t.drop)]
        canvas.fill(mirrored(fall), hair * 0.55, soft=1.2)
    elif t.style == "curly":
        bump = 1 + 0.05 * np.sin(np.arange(28) * 2.4 + t.phase)[:, None]
        ring = ellipse(0, -18, w + v + 10, t.top - 10 + v)
        ring = np.stack([np.interp(np.arange(28) * 24 / 28, range(24), axis) for axis in ring.T], -1)
        canvas.fill(curve(ring * bump), hair * 0.9, soft=1.6)
    elif t.style == "bun":
        canvas.fill(ellipse(t.part / 2, -t.top - 4, 17 + v, 14 + v / 2), hair * 0.85, soft=1.2)


def beard(canvas: Canvas, t: Traits, hair: np.ndarray) -> None:
    """Beard and moustache, of the hair's colour."""
    w, c, opacity = t.half, t.chin, min(0.92, t.beard * 1.3)
    if opacity > 0.1:
        rim = [
            (0, c + 3),
            (w * 0.45, c),
            (w * t.jaw, c - 19),
            (w * 0.99, 18),
            (w * 0.98, 2),
            (w * 0.9, 12),
            (w * 0.72, 32),
            (w * 0.5, 34),
            (t.lips * 0.5, 34.5),
            (0, 35.5),
        ]
        lip = [
            (0, t.mouth - t.full - 1),
            (t.lips + 1, t.mouth),
            (t.lips * 0.5, t.mouth + 6 + t.open),
            (0, t.mouth + 7 + t.open),
        ]
        outlines = [mirrored(rim) + (t.turn * 0.4, 0), mirrored(lip) + (t.turn, 0)]
        canvas.fill(outlines, hair * 0.9, opacity, soft=1.8)
    if t.moustache or opacity > 0.5:
        top = t.mouth - t.full - 0.5
        outline = [(0, top - 5), (t.lips * 0.6, top - 4), (t.lips + 3, top + 4), (t.lips * 0.7, top + 1.5), (0, top)]
        canvas.fill(mirrored(outline) + (t.turn, 0), hair * 0.85, 0.85, soft=0.9)


def front(canvas: Canvas, t: Traits, hair: np.ndarray) -> None:
    """What lies in front of the head: a cap from the crown to the hairline, longer where hair is long."""
    w, v, top, line = t.half, t.volume, t.top, t.hairline
    crown = [(0, -top), (w * 0.6, -top + 6), (w + v * 0.6, -36)]
    if t.style == "bald":
        side = [(w, -38), (w + 1.5, -15), (w - 1, 4), (w - 4, -8), (w - 3, -30)]
        for mirror in (-1, 1):
            canvas.fill(curve(side) * (mirror, 1), hair, 0.5, soft=2)
        return
    if t.style == "scarf":
        _scarf(canvas, t, hair, crown)
        return
    if t.style in ("long", "fringe"):
        out, drop = w + v + t.flare, t.drop
        crown += [
            (w + v, -12),
            (out, 25),
            (out, drop * 0.75),
            (out - 5, drop),
            (out - 16, drop * 0.92),
            (w - 3, 40),
            (w - 2, 12),
        ]
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
    cap = mirrored(crown)
    inner = (np.abs(cap[:, 0]) < w * 0.8) & (cap[:, 1] < -8) & (cap[:, 1] > -56)
    if t.style == "short":
        cap[inner, 1] += 0.18 * cap[inner, 0] * np.sign(t.part)
    elif t.style in ("long", "bun"):  # a parting lifts the hairline on one side
        cap[inner, 1] -= 7 * np.exp(-(((cap[inner, 0] - t.part) / 8) ** 2))
    canvas.fill(cap + (0, 2.5), t.skin * (0.4, 0.3, 0.27), 0.5, soft=2.5)
    canvas.fill(cap, hair, soft=1.5)
    if t.style in ("long", "bun"):
        parting = np.array([(t.part, -top + 3), (t.part * 1.05, -line - 8)])
        canvas.fill(parting, t.hair * 0.4, 0.6, soft=1, width=1.5)


def _scarf(canvas: Canvas, t: Traits, cloth: np.ndarray, crown: list[tuple[float, float]]) -> None:
    w, v, chin = t.half, t.volume, t.chin - 3
    out = mirrored([*crown, (w + v, -5), (w + v - 2, 35), (w + 4, 72), (w + 12, 118), (0, 128)])
    face = [(0, -44), (w * 0.45, -41), (w * 0.82, -26), (w * 0.92, 5), (w * 0.84, 38), (w * 0.4, chin - 5), (0, chin)]
    canvas.fill([out, mirrored(face)], t.skin * (0.4, 0.3, 0.27), 0.7, soft=3)
    canvas.fill([out, mirrored(face)], cloth, soft=0.6)
    for side, low in ((-1, 96), (1, 104)):
        fold = curve([(side * w * 0.9, 42), (side * w * 0.5, t.chin + 10), (-side * 20, low + 14)], False)
        canvas.fill(fold, t.cloth2 * 0.3, 0.5, soft=2.5, width=4)
