"""Draws the six drawings of this folder again: three portraits and three buildings, stroke by stroke.

Nothing is traced from a photograph: every line is a curve through a few points given below, followed by a
hand that trembles a little and presses now more, now less. Run it with `python examples/drawings/draw.py`.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from pathlib import Path

import cv2
import numpy as np

FINE = 4  # the sheet is drawn this many times larger
Points = Sequence[tuple[float, float]] | np.ndarray


class Sheet:
    """White paper; `place` turns drawing units into pixels, ink only gets darker."""

    def __init__(
        self,
        height: int,
        width: int,
        unit: float,
        origin: tuple[float, float],
        seed: int,
        hand: tuple[float, float, float],
        tilt: float = 0.0,
    ) -> None:
        self.ink = np.zeros((height * FINE, width * FINE), np.float32)
        self.clip: np.ndarray | None = None
        self.rng = np.random.default_rng(seed)
        self.width, self.dark, self.tremble = hand
        turn = np.deg2rad(tilt)
        self.matrix = unit * np.array([(np.cos(turn), np.sin(turn)), (-np.sin(turn), np.cos(turn))])
        self.origin = np.array(origin, float)

    def place(self, points: Points) -> np.ndarray:
        return np.asarray(points, float) @ self.matrix + self.origin

    def stroke(
        self,
        points: Points,
        width: float = 1.0,
        dark: float = 1.0,
        taper: tuple[float, float] = (0.25, 0.3),
        sharp: bool = False,
        press: Callable[[np.ndarray], np.ndarray] | None = None,
        tremble: float = 1.0,
        pixels: bool = False,
    ) -> None:
        """Follows a curve through points; `width` and `dark` are relative to the hand's own."""
        line = np.asarray(points, float) if pixels else self.place(points)
        line = _resample(line if sharp else _curve(line), 1.5)
        n = len(line)
        s = np.linspace(0, 1, n)
        force = np.clip(s / max(taper[0], 1e-6), 0, 1) ** 0.6 * np.clip((1 - s) / max(taper[1], 1e-6), 0, 1) ** 0.6
        force = force * (1 + 0.16 * self._drift(n, 12))
        if press is not None:
            force = force * press(line)
        along = np.gradient(line, axis=0)
        normal = np.stack([-along[:, 1], along[:, 0]], -1) / np.maximum(np.hypot(*along.T), 1e-6)[:, None]
        line = line + normal * (self._drift(n, 14) * self.tremble * tremble)[:, None]
        self._lay(
            line,
            self.width * width * (0.35 + 0.65 * force),
            np.clip(self.dark * dark * (0.3 + 0.7 * force), 0, 1) * (force > 0.02),
        )

    def contour(self, points: Points, width: float = 1.0, dark: float = 1.0, times: int = 1, **options: object) -> None:
        """A line that is searched for: drawn several times, never quite at the same place."""
        points = np.asarray(points, float)
        for k in range(times):
            shift = self.rng.normal(0, 0.35 * (times > 1), 2) + self.rng.normal(0, 0.25 * (times > 1), points.shape)
            self.stroke(points + shift, width, dark * (1 if k == 0 else 0.55), **options)

    def fill(self, points: Points, dark: float = 1.0, sharp: bool = False) -> None:
        line = self.place(points)
        line = line if sharp else _curve(np.concatenate([line, line[:1]]))
        mask = np.zeros(self.ink.shape, np.uint8)
        cv2.fillPoly(mask, [np.rint(line * FINE).astype(np.int32)], 255)
        self._blend(np.s_[:, :], mask * np.float32(self.dark * dark / 255))

    def erase(self, points: Points, sharp: bool = False) -> None:
        """Lifts the ink off an area: what lies in front hides what was drawn behind."""
        self.ink *= 1 - self.area(points, sharp)

    def area(self, points: Points, sharp: bool = False) -> np.ndarray:
        line = self.place(points)
        line = line if sharp else _curve(np.concatenate([line, line[:1]]))
        mask = np.zeros(self.ink.shape, np.uint8)
        cv2.fillPoly(mask, [np.rint(line * FINE).astype(np.int32)], 1)
        return mask.astype(np.float32)

    def hatch(
        self,
        tone: np.ndarray,
        angle: float,
        gap: float,
        length: float = 22,
        dark: float = 1.0,
        width: float = 1.0,
        bend: float = 0.08,
        least: float = 0.06,
    ) -> None:
        """Parallel strokes all over the sheet, pressed as hard as `tone` (in pixels, 0 to 1) is dark."""
        height, wide = tone.shape
        way = np.array((np.cos(np.deg2rad(angle)), np.sin(np.deg2rad(angle))))
        across = np.array((-way[1], way[0]))
        reach = np.hypot(height, wide) / 2
        for offset in np.arange(-reach, reach, gap):
            at = -reach + self.rng.uniform(0, length)
            while at < reach:
                long = length * self.rng.uniform(0.6, 1.3)
                mid = np.array((wide / 2, height / 2)) + across * (offset + self.rng.normal(0, 0.25 * gap))
                ends = [mid + way * (at + long * k) + across * bend * long * (4 * k * (1 - k)) for k in (0, 0.5, 1)]
                at += long * self.rng.uniform(0.75, 1.0)
                x, y = np.clip(np.rint(np.array(ends)).astype(int).T, 0, np.array([[wide - 1], [height - 1]]))
                if tone[y, x].max() > least:
                    self.stroke(
                        ends,
                        width,
                        dark,
                        taper=(0.15, 0.35),
                        pixels=True,
                        tremble=0.4,
                        press=lambda line: _sample(tone, line),
                    )

    def _drift(self, n: int, wave: float) -> np.ndarray:
        knots = self.rng.normal(size=max(2, int(n / wave) + 3))
        return np.interp(np.linspace(0, len(knots) - 1, n), range(len(knots)), knots)

    def _lay(self, line: np.ndarray, width: np.ndarray, dark: np.ndarray) -> None:
        line, width = line * FINE, np.maximum(np.rint(width * FINE), 1).astype(int)
        rim = int(width.max()) + 2
        x0, y0 = np.maximum(np.floor(line.min(0)).astype(int) - rim, 0)
        x1, y1 = np.minimum(np.ceil(line.max(0)).astype(int) + rim, self.ink.shape[::-1])
        if x0 >= x1 or y0 >= y1:
            return
        mask = np.zeros((y1 - y0, x1 - x0), np.uint8)
        dots = np.rint(line - (x0, y0)).astype(int).tolist()
        for a, b, w, d in zip(dots, dots[1:], width.tolist(), (dark * 255).astype(int).tolist(), strict=False):
            if d > 0:
                cv2.line(mask, a, b, d, w)
        self._blend(np.s_[y0:y1, x0:x1], mask / np.float32(255))

    def _blend(self, window: tuple[slice, slice], ink: np.ndarray) -> None:
        if self.clip is not None:
            ink = ink * self.clip[window]
        self.ink[window] = 1 - (1 - self.ink[window]) * (1 - ink)

    def finish(self, tooth: float) -> np.ndarray:
        """The sheet at its size, `(H, W)` uint8; `tooth` is how much of the grain the pencil skips."""
        height, width = (n // FINE for n in self.ink.shape)
        ink = cv2.resize(self.ink, (width, height), interpolation=cv2.INTER_AREA)
        grain = cv2.GaussianBlur(self.rng.standard_normal((height, width), np.float32), (0, 0), 0.7) * 1.8
        ink = ink * np.clip(1 + tooth * grain * (1.15 - ink), 0, 1.3)
        paper = 0.99 + 0.006 * np.clip(grain, -1.5, 1.5)
        return np.rint(np.clip(paper * (1 - np.clip(ink, 0, 0.97)), 0, 1) * 255).astype(np.uint8)


def _curve(points: np.ndarray, steps: int = 10) -> np.ndarray:
    """Catmull-Rom through the points."""
    p = np.concatenate([points[:1], points, points[-1:]])
    u = (np.arange(steps) / steps)[None, :, None]
    a, b, c, d = (p[k : len(p) - 3 + k, None] for k in range(4))
    spans = b + 0.5 * u * (c - a + u * (2 * a - 5 * b + 4 * c - d + u * (3 * (b - c) + d - a)))
    return np.concatenate([spans.reshape(-1, 2), points[-1:]])


def _resample(line: np.ndarray, step: float) -> np.ndarray:
    lengths = np.concatenate([[0], np.cumsum(np.hypot(*np.diff(line, axis=0).T))])
    at = np.linspace(0, lengths[-1], max(4, int(lengths[-1] / step)))
    return np.stack([np.interp(at, lengths, line[:, k]) for k in (0, 1)], -1)


def _sample(tone: np.ndarray, line: np.ndarray) -> np.ndarray:
    x, y = (np.clip(np.rint(line[:, k]).astype(int), 0, tone.shape[1 - k] - 1) for k in (0, 1))
    return tone[y, x]


def _flip(points: Points, side: int) -> np.ndarray:
    return np.asarray(points, float) * (side, 1)


def _mix(a: Points, b: Points, t: float) -> np.ndarray:
    return np.asarray(a, float) * (1 - t) + np.asarray(b, float) * t


# ---- a head; (0, 0) lies between the eyes, an eye is 17 wide, the head 84 wide and 132 high ----

UPPER_LID = [(9, 1.6), (12, -1.9), (17, -4.4), (22.5, -3.2), (26.2, -0.4), (27.6, 0.6)]
LOWER_LID = [(9, 1.6), (13, 3.2), (18, 4.1), (22.8, 2.9), (26.2, 0.2)]
CREASE = [(10.4, -3.2), (13.5, -6.6), (18.5, -8.0), (23.8, -6.2), (27.6, -2.6)]
BROW = [(6.8, -10.0), (13.5, -12.8), (21, -14.2), (29.6, -9.8)]
WING = [(5.4, 19.6), (8.0, 21.4), (8.9, 24.8), (7.5, 27.6), (5.6, 27.3)]
NOSTRIL = [(2.3, 27.3), (3.8, 25.9), (6.0, 26.6), (5.6, 27.9), (3.8, 27.7)]
SEAM = [(-15, 40.4), (-9, 40.5), (-4, 39.9), (0, 40.9), (4, 39.9), (9, 40.5), (15, 40.4)]
TOP_LIP = [(-15, 40.4), (-8.5, 37.3), (-3, 35.2), (0, 36.3), (3, 35.2), (8.5, 37.3), (15, 40.4)]
LOW_LIP = [(-13, 42.0), (-8, 45.6), (0, 47.4), (8, 45.6), (13, 42.0)]
CHEEK = [(40.5, -22), (41.6, -4), (40.2, 14), (36.4, 32), (29, 47), (17, 60), (7, 65.4), (0, 66.4)]
EAR = [(41, -7), (45, -10.5), (48.2, -6), (47, 4), (44, 12), (40.6, 15)]


def eye(sheet: Sheet, side: int, gaze: float, lash: float, shade: float) -> None:
    """Lids, iris, pupil with its light, lashes; `shade` is how much of the iris is worked out."""
    upper, lower = _flip(UPPER_LID, side), _flip(LOWER_LID, side)
    middle, r = np.array((side * 17.6 + gaze, -0.7)), 5.0
    top, bottom = _curve(upper), _curve(lower)
    order, below = np.argsort(top[:, 0]), np.argsort(bottom[:, 0])

    def seen(p: np.ndarray) -> np.ndarray:
        over = np.interp(p[:, 0], top[order, 0], top[order, 1])
        return (p[:, 1] > over) & (p[:, 1] < np.interp(p[:, 0], bottom[below, 0], bottom[below, 1]))

    circle = middle + r * np.stack([np.cos(a := np.linspace(-np.pi * 0.6, np.pi * 1.4, 60)), np.sin(a)], -1)
    for part in np.split(circle, np.flatnonzero(np.diff(seen(circle).astype(int))) + 1):
        if len(part) > 5 and seen(part)[len(part) // 2]:
            sheet.stroke(part, 0.9, 0.95, taper=(0.05, 0.05), tremble=0.3)
    for angle in np.linspace(0, 2 * np.pi, int(46 * shade), endpoint=False):
        ray = middle + np.outer(np.linspace(1.7, r - 0.2, 6), (np.cos(angle), np.sin(angle)))
        ray = ray[seen(ray)]
        if len(ray) > 3:
            sheet.stroke(ray, 0.6, 0.5 + 0.4 * (np.sin(angle) < -0.2), tremble=0.2)
    sheet.fill(middle + 2.0 * np.stack([np.cos(a), np.sin(a)], -1)[::4], 1.0)
    sheet.erase(middle + (-1.3, -1.5) + 0.9 * np.stack([np.cos(a), np.sin(a)], -1)[::6])
    sheet.stroke(upper, 2.2, 1.0, taper=(0.35, 0.1))
    sheet.stroke(upper[:5] + (0, 0.5), 1.2, 0.9, taper=(0.3, 0.2))
    sheet.stroke(lower, 0.7, 0.6, taper=(0.4, 0.1))
    sheet.stroke(_flip(CREASE, side), 0.8, 0.7, taper=(0.4, 0.4))
    sheet.stroke(_flip([(9, 1.6), (7.6, 2.6), (9.4, 2.8)], side), 0.6, 0.6)
    for t in np.linspace(0.5, 1, int(13 * lash)):
        root = top[int(t * (len(top) - 8))]
        tip = root + (side * (0.4 + 3.6 * (t - 0.4)), -1.5 - 1.2 * np.sin(3 * t - 0.6))
        sheet.stroke([root, (root + tip) / 2 + (side * 0.5, 0.5), tip], 0.8, 0.9, taper=(0.0, 0.9), tremble=0.3)
    for t in np.linspace(0.5, 0.95, int(7 * lash)):
        root = bottom[int(t * (len(bottom) - 1))]
        sheet.stroke([root, root + (side * 0.9, 1.5)], 0.5, 0.5, taper=(0, 0.9), tremble=0.2)


def brow(
    sheet: Sheet, side: int, hairs: int, thick: float, width: float = 0.8, lift: float = 0.0, arch: float = 1.0
) -> None:
    path = _curve(_flip(BROW, side)) * (1, arch) + (0, lift - 11 * (1 - arch))
    for t in np.sort(sheet.rng.uniform(0, 1, hairs)):
        at = path[int(t * (len(path) - 1))]
        lean = np.deg2rad(-58 + 74 * t + sheet.rng.normal(0, 7))
        body = thick * (0.75 + 0.5 * np.sin(np.pi * min(1, t + 0.25))) * (1.25 - 0.65 * t)
        root = at + (0, sheet.rng.uniform(-0.2, 0.8) * body)
        tip = root + np.array((side * np.cos(lean), np.sin(lean))) * (2.6 + 2.8 * t)
        sheet.stroke([root, (root + tip) / 2 + (side * 0.3, -0.3), tip], width, 0.85, taper=(0.1, 0.7), tremble=0.3)


def nose(sheet: Sheet, shadow: int, bold: float = 1.0) -> None:
    for side in (-1, 1):
        sheet.contour(_flip(WING, side), 1.0 * bold, 0.8 if side == shadow else 0.65)
        sheet.fill(_flip(NOSTRIL, side), 0.85)
        sheet.stroke(_flip(NOSTRIL[:3], side), 0.8, 0.8)
    sheet.stroke([(-2.8, 27.6), (-1.2, 29.2), (0, 29.7), (1.2, 29.2), (2.8, 27.6)], 0.8 * bold, 0.7)
    sheet.stroke(_flip([(6.8, -9), (5.0, -3), (4.4, 5), (4.6, 10)], shadow), 0.8, 0.45, taper=(0.3, 0.6))
    sheet.stroke(_flip([(4.4, 18.0), (4.9, 20.4), (4.0, 23.4)], shadow), 0.7, 0.35, taper=(0.4, 0.5))


def mouth(sheet: Sheet, lips: float, smile: float = 0.0, bold: float = 1.0, lower: float = 0.6) -> None:
    """Seam, lips and the strokes that round them; `lips` is how dark, `lower` the lower one's share."""

    def bend(points: Points) -> np.ndarray:
        p = np.array(points, float)
        return np.stack([p[:, 0] * (1 + 0.03 * smile), p[:, 1] - smile * (p[:, 0] / 15) ** 2], -1)

    seam, top, low = bend(SEAM), bend(TOP_LIP), bend(LOW_LIP)
    sheet.stroke(seam, 1.5 * bold, 1.0, taper=(0.15, 0.15))
    sheet.stroke(seam[1:6], 1.1 * bold, 0.8)
    sheet.stroke(top[:4], 0.8 * bold, 0.6 + 0.2 * lips)
    sheet.stroke(top[3:], 0.8 * bold, 0.6 + 0.2 * lips)
    sheet.stroke(low, 0.9 * bold, 0.65, taper=(0.45, 0.45))
    for end in (seam[0], seam[-1]):
        sheet.stroke([end + (0, -1), end + (np.sign(end[0]) * 0.8, 0.3), end + (0, 1.3)], 1.0 * bold, 0.7)
    curves = [_curve(line) for line in (top, seam, low)]
    for x in np.arange(-13.5, 13.6, 0.75 / max(lips, 0.05)) if lips else ():
        a, b, c = (np.array((x, np.interp(x, line[:, 0], line[:, 1]))) for line in curves)
        sheet.stroke([a, (a + b) / 2 + (x * 0.02, 0), b + (x * 0.03, 0)], 0.8, 0.75 * lips, taper=(0.1, 0.1))
        bright = np.exp(-(((x + 3) / 4.5) ** 2))
        if abs(x) < 12.4 and lower:
            sheet.stroke(
                [b, (b + c) / 2 + (x * 0.04, 0), _mix(b, c, 0.95)],
                0.8,
                lower * lips * (1 - 0.75 * bright),
                taper=(0.0, 0.5),
            )


def ear(sheet: Sheet, side: int, bold: float = 1.0) -> None:
    sheet.contour(_flip(EAR, side), 1.1 * bold, 0.85)
    sheet.stroke(_flip([(42.4, -4), (45, -7), (46, -3), (44.6, 4)], side), 0.7 * bold, 0.6)
    sheet.stroke(_flip([(42.2, 1), (43.6, 3.4), (42.6, 7), (44, 9)], side), 0.7 * bold, 0.6)


def locks(
    sheet: Sheet,
    guides: Sequence[Points],
    strands: int,
    width: float = 0.8,
    dark: float = 0.7,
    stray: float = 0.6,
    shine: Callable[[np.ndarray], np.ndarray] | None = None,
) -> None:
    """Hair between neighbouring guide curves (of equally many points); strands start and end anywhere."""
    guides = [np.asarray(guide, float) for guide in guides]
    for a, b in zip(guides, guides[1:], strict=False):
        for _ in range(strands):
            t = sheet.rng.beta(0.8, 0.8)
            deep = 0.35 + 0.65 * abs(2 * t - 1) ** 1.3  # between two locks it is dark, on their backs there is light
            mid = _curve(_mix(a, b, t) + sheet.rng.normal(0, stray * 0.5, a.shape))
            start = int(len(mid) * max(0, sheet.rng.uniform(-0.4, 0.5)))
            end = int(len(mid) * min(1, sheet.rng.uniform(0.6, 1.5)))
            if end - start > 6:
                sheet.stroke(
                    mid[start:end:3],
                    width * sheet.rng.uniform(0.6, 1.3),
                    dark * deep * sheet.rng.uniform(0.5, 1.3),
                    taper=(0.3, 0.5),
                    press=shine,
                    tremble=0.5,
                )


class Tone:
    """How dark each place shall become, as soft shapes; in pixels of the finished sheet."""

    def __init__(self, sheet: Sheet) -> None:
        self.sheet = sheet
        self.values = np.zeros([n // FINE for n in sheet.ink.shape], np.float32)

    def add(self, points: Points, dark: float, soft: float) -> None:
        line = self.sheet.place(points)
        mask = np.zeros(self.values.shape, np.float32)
        cv2.fillPoly(mask, [np.rint(_curve(np.concatenate([line, line[:1]]))).astype(np.int32)], 1.0)
        mask = cv2.GaussianBlur(mask, (0, 0), soft) * abs(dark)
        self.values = self.values * (1 - mask) if dark < 0 else 1 - (1 - self.values) * (1 - mask)


def face_shadows(tone: Tone, shadow: int) -> None:
    """Where light from the other side leaves a head dark."""
    for side in (-1, 1):
        more = 1.0 if side == shadow else 0.55
        tone.add(_flip([(6, -7), (10, -10), (20, -11), (28, -7), (22, -6), (12, -4)], side), 0.5 * more, 4)
        tone.add(_flip([(4, -8), (8, -8), (9, 1), (6, 9), (4.5, 2)], side), 0.55 * more, 3)
        tone.add(_flip([(10, 4), (18, 6.5), (26, 3), (24, 8), (14, 8)], side), 0.22 * more, 3)
        tone.add(_flip([(5, 18), (10, 21), (10, 29), (5, 28)], side), 0.35 * more, 2.5)
        tone.add(
            _flip([(33, -34), (43, -30), (43, 10), (38, 34), (28, 50), (31, 30), (35, 8), (35, -12)], side),
            0.62 * more,
            7,
        )
        tone.add(_flip([(16, 33), (22, 30), (24, 44), (18, 46)], side), 0.16 * more, 4)
    tone.add(_flip([(28, 12), (36, 8), (33, 28), (22, 44), (20, 34)], shadow), 0.32, 7)
    tone.add(_flip([(2.5, 0), (6, 4), (8.5, 20), (5, 20)], shadow), 0.35, 2.5)
    tone.add([(-7, 28), (0, 31), (7, 28), (5, 33), (-4, 33)], 0.4, 2.5)
    tone.add([(-10, 48.5), (0, 50), (10, 48.5), (5, 53), (-5, 53)], 0.5, 3)
    tone.add([(-16, 61), (0, 64.5), (18, 60), (8, 68), (-8, 68)], 0.35, 3.5)


def face_pencil() -> np.ndarray:
    """A young woman with loose wavy hair; soft pencil, shaded."""
    sheet = Sheet(400, 320, 2.0, (158, 200), 5, hand=(1.25, 0.66, 0.35), tilt=-3)
    shadow = 1
    head = [*_flip(CHEEK, -1), *CHEEK[::-1], (38, -40), (22, -58), (0, -63), (-22, -58), (-38, -40)]
    shine = _band(sheet, -44, 11, 0.8)
    outside = 1 - sheet.area(head)
    # hair that falls behind the neck and shoulders
    sheet.clip = outside
    for side in (-1, 1):
        back = [
            [
                (side * (30 + 3 * k), -30),
                (side * (38 + 3.4 * k), 10),
                (side * (30 + 4.0 * k), 45),
                (side * (34 + 5.0 * k), 75),
                (side * (26 + 6.2 * k), 106),
            ]
            for k in range(6)
        ]
        locks(sheet, back, 20, 0.9, 0.9 if side == shadow else 0.75, stray=1.0)
    neck = [(-25, 40), (-23, 66), (-27, 84), (-44, 108), (44, 108), (27, 84), (23, 66), (25, 40)]
    sheet.erase(neck)
    tone = Tone(sheet)
    tone.add([(-24, 50), (0, 66), (25, 48), (24, 72), (6, 84), (-14, 74)], 0.75, 6)
    tone.add([(10, 66), (25, 60), (28, 106), (16, 106)], 0.5, 6)
    sheet.clip = outside * sheet.area(neck)
    sheet.hatch(tone.values, 38, 2.6, 24, 0.75)
    sheet.hatch(tone.values, -20, 3.2, 20, 0.5)
    sheet.clip = outside
    for side in (-1, 1):
        sheet.contour(_flip([(24, 50), (23, 68), (26, 82), (42, 92), (66, 99)], side), 1.0, 0.8, 2)
    sheet.stroke([(-8, 92), (-4, 97), (-3, 104)], 0.9, 0.5)
    sheet.stroke([(12, 93), (7, 97), (5, 104)], 0.9, 0.5)
    sheet.clip = sheet.area(head)
    tone = Tone(sheet)
    face_shadows(tone, shadow)
    tone.add([(-36, -36), (-20, -52), (0, -50), (20, -54), (38, -36), (24, -42), (0, -42), (-24, -40)], 0.3, 8)
    sheet.hatch(tone.values, 52, 2.3, 22, 0.72)
    sheet.hatch(tone.values - 0.22, 20, 2.9, 18, 0.6)
    sheet.hatch(tone.values - 0.45, 85, 3.2, 14, 0.5)
    sheet.clip = None
    for side in (-1, 1):
        sheet.contour(_flip(CHEEK[2:], side), 1.1, 0.85, 2)
    for side, gaze in ((-1, 0.4), (1, 0.4)):
        eye(sheet, side, gaze, 1.0, 1.0)
        brow(sheet, side, 85, 2.6, 0.8)
    nose(sheet, shadow)
    mouth(sheet, 0.8, 0.8)
    # hair in front: from the parting over the temples, down beside the cheeks
    part = -9
    for side, share in ((-1, 8), (1, 8)):
        guides = []
        for k in np.linspace(0, 1, share):
            fall = 1 + 0.25 * k
            guides.append(
                [
                    (part - side * 2.2, -58 - 13 * k),
                    (part + side * (11 + 12 * k), -52 - 14 * k),
                    (side * (29 + 14 * k) + part * 0.3, -36 - 6 * k),
                    (side * (38.5 + 12 * k), -8),
                    (side * (36 + 17 * k * fall), 24),
                    (side * (41 + 14 * k * fall), 52),
                    (side * (35 + 20 * k), 82),
                    (side * (39 + 22 * k), 106),
                ]
            )
        mass = np.array([*guides[0], *guides[-1][::-1]])
        sheet.ink *= 1 - 0.85 * sheet.area(mass)
        locks(sheet, guides, 19, 0.8, 0.95 if side == shadow else 0.75, stray=0.9, shine=shine)
        locks(sheet, guides[:2], 12, 0.9, 0.9, stray=0.6, shine=shine)
        sheet.contour(guides[-1], 1.0, 0.7, 2)
        sheet.contour(guides[0], 1.1, 0.85, 2)
    return sheet.finish(0.55)


def _band(sheet: Sheet, y: float, width: float, depth: float) -> Callable[[np.ndarray], np.ndarray]:
    """Light on hair: strokes press less where they pass a height."""

    def press(line: np.ndarray) -> np.ndarray:
        up = (line - sheet.origin) @ np.linalg.inv(sheet.matrix)
        return 1 - depth * np.exp(-(((up[:, 1] - y - 0.004 * up[:, 0] ** 2) / width) ** 2))

    return press


def face_ink() -> np.ndarray:
    """A man with a short beard; brush and ink."""
    sheet = Sheet(400, 320, 2.0, (162, 200), 11, hand=(1.9, 0.97, 0.4), tilt=2)
    shadow = -1
    cheek = [(41, -22), (42, -4), (41, 16), (38.5, 34), (32, 50), (21, 62), (9, 68), (0, 69)]
    for side in (-1, 1):
        ear(sheet, side, 1.2)
        sheet.stroke(_flip(cheek, side), 1.5, 1, taper=(0.05, 0.3))
        sheet.stroke(_flip([(30, 50), (29.5, 68), (31, 80), (50, 90), (78, 97)], side), 1.6, 1, taper=(0.2, 0.1))
        eye(sheet, side, -0.5, 0.4, 0.75)
        brow(sheet, side, 95, 3.2, 0.9, lift=1.6, arch=0.6)
        sheet.stroke(_flip([(12, 6.6), (17, 8.4), (23, 7.2)], side), 0.6, 0.7)
        sheet.stroke(_flip([(11, 24.5), (14, 27.5), (16.5, 31.5)], side), 0.7, 0.7)
    nose(sheet, shadow, 1.2)
    mouth(sheet, 0.5, 1.0, 1.1, lower=0)
    # shadow side, hatched with few firm strokes
    tone = Tone(sheet)
    tone.add(_flip([(34, -30), (43, -24), (43, 20), (36, 38), (33, 20), (35, -5)], shadow), 0.9, 2)
    tone.add(_flip([(3.5, -6), (7, -6), (8, 8), (8.8, 19), (5, 18)], shadow), 0.9, 1.5)
    tone.add([(-29, 56), (-16, 70), (0, 74), (18, 69), (29, 56), (30, 76), (8, 88), (-30, 84)], 0.95, 2)
    tone.add(_flip([(7, -8), (20, -10), (27, -6), (20, -6), (11, -4)], shadow), 0.7, 1.5)
    sheet.clip = sheet.area(
        [(-43, -60), (-43, 16), (-31, 52), (-29, 76), (-10, 92), (10, 92), (29, 76), (31, 52), (43, 16), (43, -60)],
        True,
    )
    sheet.hatch(tone.values, 60, 4.2, 30, 1, 0.62, least=0.3)
    sheet.clip = None
    # beard and moustache: short hairs that follow the jaw
    for side in (-1, 1):
        for _ in range(420):
            u, v = sheet.rng.uniform(0.02, 1), sheet.rng.beta(1.5, 1.1)
            outer = _curve(_flip(cheek[2:], side))
            inner = _curve(_flip([(37, 17), (32, 33), (23, 38), (19, 46), (10, 51.5), (0, 52.5)], side))
            at = _mix(inner[int(u * (len(inner) - 1))], outer[int(u * (len(outer) - 1))], v)
            way = np.array((side * (0.55 - 0.35 * u), 1.0)) * sheet.rng.uniform(3, 5.5)
            sheet.stroke([at, at + way * 0.5 + (side * 0.4, 0), at + way], 0.6, 1, taper=(0.1, 0.6), tremble=0.5)
        for t in sheet.rng.uniform(0.02, 1, 120):
            root = np.array((side * (0.8 + 13.5 * t), 31.0 + 4.6 * t**2 + sheet.rng.uniform(-1.0, 2.0) * (1.1 - t)))
            sheet.stroke(
                [root, root + (side * 1.6, 0.8), root + (side * 3.4, 2.6)], 0.6, 1, taper=(0.1, 0.6), tremble=0.4
            )
    # hair: a black mass with strokes of light left in it
    hair = [
        (-42, -14),
        (-46, -34),
        (-40, -58),
        (-22, -72),
        (2, -76),
        (26, -72),
        (42, -58),
        (46.5, -34),
        (42, -12),
        (40, -26),
        (34, -38),
        (22, -42),
        (6, -39),
        (-10, -44),
        (-24, -46),
        (-35, -36),
        (-39.5, -24),
    ]
    guides = [
        _mix(
            [(-28, -44), (-36, -58), (-20, -71), (8, -73), (32, -62), (43, -38)],
            [(-29, -42), (-22, -46), (-6, -43), (12, -40), (28, -40), (41, -22)],
            t,
        )
        for t in np.linspace(0, 1, 9)
    ]
    locks(sheet, guides, 16, 1.1, 1, stray=0.8)
    for side in (-1, 1):
        temple = [
            _flip(line, side)
            for line in (
                [(25, -42), (35, -40), (39.5, -26), (40.5, 4)],
                [(27, -50), (39, -46), (43, -30), (42, 4)],
                [(29, -60), (43, -54), (46.5, -34), (43, -6)],
            )
        ]
        locks(sheet, temple, 30, 1.0, 1, stray=0.7)
    for x in np.linspace(-26, 36, 44):
        rise = np.interp(x, [-26, -10, 6, 22, 36], [-46, -44, -39, -42, -38])
        sheet.stroke([(x, rise + 1.2), (x + 2, rise - 4), (x + 7, rise - 8)], 0.9, 1, taper=(0.6, 0.2))
    sheet.stroke(_curve(np.array(hair[:9], float)), 1.8, 1, taper=(0.05, 0.05))
    # shirt
    for side in (-1, 1):
        sheet.stroke(_flip([(27, 74), (34, 82), (28, 96), (14, 108)], side), 1.7, 1)
        sheet.stroke(_flip([(27, 74), (16, 88), (3, 99)], side), 1.5, 1)
        for k in range(5):
            sheet.stroke(_flip([(46 + 7 * k, 93 + 1.4 * k), (42 + 7 * k, 108)], side), 0.8, 0.9)
    sheet.stroke([(2, 97), (1, 108)], 1.2, 1)
    return sheet.finish(0.1)


def face_line() -> np.ndarray:
    """A woman with her hair up and a fringe to the side; one thin pen."""
    sheet = Sheet(400, 320, 1.96, (160, 206), 23, hand=(1.05, 0.88, 0.45), tilt=-1)
    even = dict(taper=(0.03, 0.08))
    for side in (-1, 1):
        ear(sheet, side)
        sheet.fill(_flip([(43, 18), (44.4, 20), (43, 22.4), (41.6, 20)], side), 0.9)
        eye(sheet, side, 0.2, 0.6, 0.55)
        brow(sheet, side, 40, 1.9, 0.8, lift=-0.5)
    jaw = [*CHEEK[1:], *_flip(CHEEK[1:-1], -1)[::-1]]
    sheet.stroke(jaw, 1.1, 1, **even)
    nose(sheet, 1)
    mouth(sheet, 0, 1.6)
    for side in (-1, 1):
        sheet.stroke(_flip([(18.5, 38), (19.6, 40), (19, 42.5)], side), 0.7, 0.5)
        sheet.stroke(_flip([(23, 54), (21.5, 72), (25, 84), (44, 92), (76, 99)], side), 1.1, 1, **even)
        sheet.stroke(_flip([(6, 95), (16, 92.5), (30, 94)], side), 0.8, 0.7)
        sheet.stroke(_flip([(40, 91), (30, 102), (20, 110)], side), 1.0, 0.9)
    sheet.stroke([(-3, 51.5), (0, 52.4), (3, 51.5)], 0.7, 0.5)
    crown = [(-42, -10), (-45.5, -30), (-38, -55), (-20, -69), (2, -72), (24, -68), (40, -54), (45.5, -30), (42, -10)]
    sheet.stroke(crown, 1.2, 1, **even)
    # the side fringe and what is combed back to the knot
    sweep = [
        _mix(
            [(12, -48), (2, -41), (-16, -34), (-33, -24), (-41, -6)],
            [(12, -70), (-10, -69), (-30, -60), (-43, -38), (-44, -12)],
            t,
        )
        for t in np.linspace(0, 1, 8)
    ]
    other = [
        _mix(
            [(12, -48), (22, -43), (33, -34), (40, -22), (41.5, -6)],
            [(12, -70), (28, -66), (40, -53), (45, -32), (43, -10)],
            t,
        )
        for t in np.linspace(0, 1, 5)
    ]
    for comb in (sweep, other):
        locks(sheet, comb, 5, 0.8, 0.95, stray=0.4)
        sheet.stroke(comb[0], 1.1, 1, **even)
    sheet.stroke([(12, -70), (11.6, -58), (12, -48)], 0.9, 0.9)
    knot = [(-16, -70), (-21, -80), (-14, -91), (2, -95), (18, -91), (24, -80), (18, -69)]
    sheet.stroke(knot, 1.2, 1, **even)
    for k in range(7):
        y = -72 - 3 * k
        sheet.stroke([(-17 + k, y), (-4 + k, y - 7 + k), (10, y - 5 + k), (20 - k, y + 2)], 0.7, 0.75)
    for side in (-1, 1):
        sheet.stroke(_flip([(42, -9), (43.6, 4), (40.4, 18), (43, 27)], side), 0.7, 0.8, taper=(0.1, 0.6))
    return sheet.finish(0.12)


# ---- buildings; units are pixels ----


def _edge(
    sheet: Sheet,
    a: tuple[float, float],
    b: tuple[float, float],
    width: float = 1.0,
    dark: float = 1.0,
    over: float = 2.5,
) -> None:
    """A ruled-by-eye edge that runs a little past its corners, as architects draw."""
    a, b = np.array(a, float), np.array(b, float)
    way = (b - a) / max(np.hypot(*(b - a)), 1e-6)
    a, b = a - way * sheet.rng.uniform(0, over), b + way * sheet.rng.uniform(0, over)
    sheet.stroke([a, _mix(a, b, 0.33), _mix(a, b, 0.66), b], width, dark, taper=(0.02, 0.06))


def _frame(sheet: Sheet, corners: Points, width: float = 1.0, dark: float = 1.0) -> None:
    for a, b in zip(corners, [*corners[1:], corners[0]], strict=True):
        _edge(sheet, a, b, width, dark)


class Plane:
    """A wall in space: `(u, v)` in [0, 1] to the sheet, so that windows shrink towards the far edge."""

    def __init__(self, corners: Points) -> None:
        unit = np.array([(0, 0), (1, 0), (1, 1), (0, 1)], np.float32)
        self.view = cv2.getPerspectiveTransform(unit, np.array(corners, np.float32))

    def __call__(self, *points: tuple[float, float]) -> np.ndarray:
        return cv2.perspectiveTransform(np.array([points], np.float32), self.view)[0].astype(float)


def _shade(sheet: Sheet, corners: Points, dark: float, angle: float, gap: float) -> None:
    """Hatches a polygon."""
    mask = np.zeros([n // FINE for n in sheet.ink.shape], np.float32)
    cv2.fillPoly(mask, [np.rint(sheet.place(corners)).astype(np.int32)], 1.0)
    keep, sheet.clip = sheet.clip, sheet.area(corners, sharp=True)
    sheet.hatch(mask, angle, gap, 34, dark, 0.75, bend=0.02)
    sheet.clip = keep


def _opening(
    sheet: Sheet,
    wall: Plane,
    u0: float,
    v0: float,
    u1: float,
    v1: float,
    arch: bool = False,
    panes: tuple[int, int] = (2, 3),
    frame: float = 0.12,
) -> None:
    """A window: surround, dark glass, bars, sill."""
    du, dv = (u1 - u0) * frame, (v1 - v0) * frame * 0.6
    inner = [(u0, v0), (u1, v0), (u1, v1), (u0, v1)]
    if arch:
        bow = np.linspace(np.pi, 0, 9)
        top = [((u0 + u1) / 2 + (u1 - u0) / 2 * np.cos(x), v0 - (v1 - v0) * 0.28 * np.sin(x)) for x in bow]
        _shade(sheet, wall(*top, (u1, v1), (u0, v1)), 0.75, 58, 2.3)
        sheet.stroke(wall(*top), 1.0, 0.9, taper=(0.02, 0.02))
        outer = [
            ((u0 + u1) / 2 + ((u1 - u0) / 2 + du) * np.cos(x), v0 - ((v1 - v0) * 0.28 + dv * 2) * np.sin(x))
            for x in bow
        ]
        sheet.stroke(wall(*outer), 0.8, 0.8, taper=(0.02, 0.02))
        for a, b in (((u1, v0), (u1, v1)), ((u1, v1), (u0, v1)), ((u0, v1), (u0, v0))):
            _edge(sheet, *wall(a, b), 0.9, 0.9, 1)
    else:
        _shade(sheet, wall(*inner), 0.75, 58, 2.3)
        _frame(sheet, wall(*inner), 0.9, 0.95)
        _frame(
            sheet,
            wall((u0 - du, v0 - dv), (u1 + du, v0 - dv), (u1 + du, v1 + dv * 0.4), (u0 - du, v1 + dv * 0.4)),
            0.7,
            0.7,
        )
    for k in range(1, panes[0]):
        u = u0 + (u1 - u0) * k / panes[0]
        a, b = wall((u, v0 - (0.25 * (v1 - v0) if arch else 0)), (u, v1))
        sheet.ink *= 1 - sheet.area([a - (0.9, 0), a + (0.9, 0), b + (0.9, 0), b - (0.9, 0)], sharp=True)
        _edge(sheet, a - (0.9, 0), b - (0.9, 0), 0.6, 0.8, 0.5)
        _edge(sheet, a + (0.9, 0), b + (0.9, 0), 0.6, 0.8, 0.5)
    for k in range(1, panes[1]):
        v = v0 + (v1 - v0) * k / panes[1]
        a, b = wall((u0, v), (u1, v))
        sheet.ink *= 1 - sheet.area([a - (0, 0.7), b - (0, 0.7), b + (0, 0.7), a + (0, 0.7)], sharp=True)
        _edge(sheet, a, b, 0.6, 0.8, 0.5)
    a, b, c, d = wall(
        (u0 - du * 1.6, v1 + dv * 0.5),
        (u1 + du * 1.6, v1 + dv * 0.5),
        (u1 + du * 1.6, v1 + dv * 1.6),
        (u0 - du * 1.6, v1 + dv * 1.6),
    )
    _frame(sheet, [a, b, c, d], 0.8, 0.8)
    _edge(sheet, d + (0, 1.6), c + (0, 1.6), 1.1, 0.6)


def _leaves(sheet: Sheet, x: float, y: float, rx: float, ry: float, count: int) -> None:
    """Foliage: curls, dense below and on the right, that hide what is behind them."""
    angle = np.linspace(0, 2 * np.pi, 26, endpoint=False)
    bump = 1 + sheet.rng.normal(0, 0.07, 26)
    sheet.erase(np.stack([x + rx * bump * np.cos(angle), y + ry * bump * np.sin(angle)], -1))
    for _ in range(count):
        a, r = sheet.rng.uniform(0, 2 * np.pi), np.sqrt(sheet.rng.uniform(0, 1)) ** 0.8
        low = 0.45 + 0.35 * r * np.sin(a) + 0.2 * r * np.cos(a)
        if sheet.rng.random() > low + 0.25 + 0.4 * (r > 0.85):
            continue
        at = np.array((x + rx * r * np.cos(a), y + ry * r * np.sin(a)))
        turn = sheet.rng.uniform(0, 2 * np.pi) + np.linspace(0, 3.6, 5)
        size = sheet.rng.uniform(1.6, 3.8)
        sheet.stroke(at + size * np.stack([np.cos(turn) * 1.2, np.sin(turn)], -1), 0.8, 0.5 + 0.5 * low)


def _grass(sheet: Sheet, x0: float, x1: float, y: float, count: int) -> None:
    for _ in range(count):
        x, low = sheet.rng.uniform(x0, x1), y + abs(sheet.rng.normal(0, 9))
        sheet.stroke(
            [(x, low), (x + 1, low - 3), (x + sheet.rng.normal(0, 2.5), low - sheet.rng.uniform(4, 8))], 0.7, 0.6
        )


def _courses(sheet: Sheet, wall: Plane, rows: int, share: float, long: float) -> None:
    """Hints of brick or stone: a few joints only, the eye fills in the rest."""
    for row in range(1, rows):
        v = row / rows
        u = sheet.rng.uniform(0, long)
        while u < 1:
            if sheet.rng.random() < share:
                _edge(sheet, *wall((u, v), (min(1, u + long), v)), 0.6, 0.5, 0.5)
                if sheet.rng.random() < 0.6:
                    _edge(sheet, *wall((u, v), (u, min(1, v + 1 / rows))), 0.6, 0.5, 0.2)
            u += long * sheet.rng.uniform(0.8, 1.3)


def house() -> np.ndarray:
    """A country house seen across its corner, with trees; pen."""
    sheet = Sheet(360, 480, 1.0, (0, 0), 31, hand=(1.15, 0.86, 0.45))
    front = Plane([(58, 168), (282, 148), (282, 302), (58, 284)])
    gable = Plane([(282, 148), (408, 170), (408, 284), (282, 302)])
    peak, far = np.array((350, 66.0)), np.array((116, 96.0))
    corners = [(46, 174), far, peak, (276, 152)]
    _frame(sheet, front((0, 0), (1, 0), (1, 1), (0, 1)), 1.2, 1)
    for a, b in (((408, 170), (408, 284)), ((408, 284), (282, 302)), ((418, 178), peak), ((276, 152), peak)):
        _edge(sheet, a, b, 1.3, 1)
    _edge(sheet, (414, 184), peak + (0, 8), 0.8, 0.8)
    _frame(sheet, corners, 1.3, 1)
    _edge(sheet, (47, 178), (277, 156), 0.9, 0.9)
    roof = Plane([far, peak, (276, 152), (46, 174)])
    for v in np.linspace(0.07, 0.95, 15):
        u = 0.0
        while u < 1:
            long = sheet.rng.uniform(0.03, 0.14)
            if sheet.rng.random() < 0.72:
                sheet.stroke(roof((u, v), (min(1, u + long / 2), v + 0.012), (min(1, u + long), v)), 0.8, 0.7)
            u += long
        for u in sheet.rng.uniform(0, 1, 13):
            _edge(sheet, *roof((u, v), (u, min(0.97, v + 0.055))), 0.6, 0.6, 0.3)
    _shade(sheet, gable((0, 0), (1, 0), (1, 1), (0, 1)), 0.38, 62, 4.2)
    _shade(sheet, [(284, 150), peak + (0, 10), (406, 172)], 0.38, 62, 4.2)
    _shade(sheet, front((0, 0), (1, 0), (1, 0.07), (0, 0.07)), 0.7, 20, 2.6)
    for u in (0.08, 0.3, 0.56, 0.79):
        _clear(sheet, front, u, 0.16, u + 0.12, 0.4)
        _opening(sheet, front, u, 0.16, u + 0.12, 0.4)
    for u in (0.08, 0.3, 0.79):
        _clear(sheet, front, u, 0.58, u + 0.12, 0.84)
        _opening(sheet, front, u, 0.58, u + 0.12, 0.84)
        for a, b in ((u - 0.075, u - 0.02), (u + 0.14, u + 0.195)):
            _frame(sheet, front((a, 0.57), (b, 0.57), (b, 0.85), (a, 0.85)), 0.8, 0.8)
            for v in np.linspace(0.6, 0.83, 9):
                _edge(sheet, *front((a, v), (b, v)), 0.6, 0.6, 0)
    for u, v0, v1 in ((0.2, 0.2, 0.42), (0.62, 0.2, 0.42), (0.2, 0.6, 0.84), (0.62, 0.6, 0.84)):
        _clear(sheet, gable, u, v0, u + 0.18, v1)
        _opening(sheet, gable, u, v0, u + 0.18, v1)
    attic = [(337, 118), (359, 121), (359, 144), (337, 142)]
    sheet.erase(attic, sharp=True)
    _shade(sheet, attic, 0.75, 58, 2.3)
    _frame(sheet, attic, 1.0, 1)
    _edge(sheet, (348, 119), (348, 143), 1.1, 0.8)
    door = front((0.555, 0.6), (0.665, 0.6), (0.665, 0.985), (0.555, 0.985))
    _shade(sheet, door, 0.55, 88, 2.6)
    _frame(sheet, door, 1.2, 1)
    for v0, v1 in ((0.64, 0.76), (0.79, 0.94)):
        _frame(sheet, front((0.573, v0), (0.647, v0), (0.647, v1), (0.573, v1)), 0.7, 0.8)
    porch = front((0.53, 0.57), (0.61, 0.5), (0.69, 0.57))
    sheet.erase(porch, sharp=True)
    _frame(sheet, porch, 1.2, 1)
    for k in range(3):
        a, b = front((0.54 - 0.012 * k, 0.99), (0.68 + 0.012 * k, 0.99))
        _edge(sheet, a + (0, 4 * k), b + (0, 4 * k), 1.0, 0.9)
    _courses(sheet, front, 26, 0.12, 0.035)
    for x, y in ((168, 66), (300, 44)):
        stack = [(x, y), (x + 20, y - 1), (x + 20, y + 40), (x, y + 42)]
        sheet.erase(stack, sharp=True)
        _frame(sheet, stack, 1.1, 1)
        _shade(sheet, [(x + 12, y), (x + 20, y), (x + 20, y + 40), (x + 12, y + 41)], 0.7, 75, 2.6)
        _frame(sheet, [(x - 3, y - 6), (x + 23, y - 7), (x + 23, y), (x - 3, y)], 1.0, 1)
    for root, lean in (((442, 300), -3), ((30, 292), 2)):
        for shift in (-4, 4):
            sheet.stroke(
                [(root[0] + shift * 1.4, root[1]), (root[0] + shift, root[1] - 40), (root[0] + lean, root[1] - 90)], 1.2
            )
    _leaves(sheet, 438, 178, 42, 66, 620)
    _leaves(sheet, 22, 206, 36, 56, 460)
    _leaves(sheet, 100, 292, 34, 15, 210)
    _leaves(sheet, 340, 299, 46, 15, 260)
    for y, x0, x1 in ((304, 0, 70), (308, 380, 480), (322, 240, 470), (338, 20, 180)):
        sheet.stroke([(x0, y), ((x0 + x1) / 2, y + 3), (x1, y - 1)], 1.0, 0.7)
    sheet.stroke([(188, 306), (176, 326), (140, 356)], 1.1, 0.9)
    sheet.stroke([(226, 310), (232, 330), (238, 358)], 1.1, 0.9)
    _grass(sheet, 0, 170, 318, 70)
    _grass(sheet, 250, 480, 326, 90)
    return sheet.finish(0.12)


def _clear(sheet: Sheet, wall: Plane, u0: float, v0: float, u1: float, v1: float) -> None:
    du, dv = (u1 - u0) * 0.14, (v1 - v0) * 0.09
    sheet.erase(wall((u0 - du, v0 - dv), (u1 + du, v0 - dv), (u1 + du, v1 + dv), (u0 - du, v1 + dv)), sharp=True)


def facade() -> np.ndarray:
    """A town house from the front, shop below, attic above; pencil."""
    sheet = Sheet(360, 480, 1.0, (0, 0), 47, hand=(1.25, 0.78, 0.5))
    left, right, top, ground = 62, 420, 62, 326
    wall = Plane([(left, top), (right, top - 2), (right + 1, ground), (left - 1, ground)])
    _frame(sheet, wall((0, 0), (1, 0), (1, 1), (0, 1)), 1.2, 1)
    for v, reach in ((0.0, 8), (-0.03, 11), (0.33, 3), (0.355, 4), (0.64, 4), (0.67, 6)):
        a, b = wall((0, v), (1, v))
        _edge(sheet, a - (reach, 0), b + (reach, 0), 1.1, 0.95)
    _shade(sheet, wall((0, 0.0), (1, 0.0), (1, 0.025), (0, 0.025)), 0.8, 30, 2.4)
    _shade(sheet, wall((0, 0.67), (1, 0.67), (1, 0.69), (0, 0.69)), 0.8, 30, 2.4)
    for x in np.arange(left, right, 9):  # the cornice's blocks
        _edge(sheet, (x, top + 2), (x, top + 7), 0.8, 0.8, 0.5)
    roof = [(left - 6, top - 10), (left + 16, 16), (right - 16, 15), (right + 6, top - 11)]
    _frame(sheet, roof, 1.2, 1)
    slope = Plane([roof[1], roof[2], roof[3], roof[0]])
    for v in np.linspace(0.12, 0.94, 8):
        for u in sheet.rng.uniform(0, 0.96, 22):
            sheet.stroke(slope((u, v), (u + 0.015, v + 0.02), (u + 0.035, v)), 0.8, 0.6)
    for k in range(4):
        x = left + 50 + 86 * k
        dormer = [(x - 14, 51), (x - 14, 29), (x, 17), (x + 14, 29), (x + 14, 51)]
        sheet.erase(dormer, sharp=True)
        _frame(sheet, dormer, 1.1, 1)
        pane = [(x - 8, 31), (x + 8, 31), (x + 8, 49), (x - 8, 49)]
        _shade(sheet, pane, 0.8, 58, 2.3)
        _frame(sheet, pane, 0.9, 0.9)
        _edge(sheet, (x, 31), (x, 49), 1.0, 0.9)
    for row, (v0, v1) in enumerate(((0.09, 0.28), (0.40, 0.60))):
        for k in range(6):
            u = 0.055 + 0.158 * k
            _opening(sheet, wall, u, v0, u + 0.095, v1, arch=row == 1, panes=(2, 3))
            a, b, c = wall((u - 0.02, v0 - 0.022), (u + 0.0475, v0 - 0.05), (u + 0.115, v0 - 0.022))
            if row == 0:
                _frame(sheet, [a, b, c], 0.9, 0.9)
            if k in ((1, 4), (2, 3))[row]:
                rail0, rail1 = wall((u - 0.03, v1 - 0.07), (u + 0.125, v1 - 0.07))
                foot0, foot1 = wall((u - 0.03, v1 + 0.015), (u + 0.125, v1 + 0.015))
                for t in np.linspace(0, 1, 12):
                    _edge(sheet, _mix(rail0, rail1, t), _mix(foot0, foot1, t), 0.7, 0.85, 0)
                for p, q in ((rail0, rail1), (foot0, foot1), (foot0 + (0, 3), foot1 + (0, 3))):
                    _edge(sheet, p, q, 1.1, 1, 1)
    for k in range(3):  # shops and the door between them
        u0, u1 = ((0.04, 0.40), (0.44, 0.56), (0.60, 0.96))[k]
        _frame(sheet, wall((u0, 0.74), (u1, 0.74), (u1, 1), (u0, 1)), 1.1, 1)
        if k == 1:
            _shade(sheet, wall((u0 + 0.012, 0.8), (u1 - 0.012, 0.8), (u1 - 0.012, 1), (u0 + 0.012, 1)), 0.6, 88, 2.4)
            _edge(sheet, *wall((0.5, 0.8), (0.5, 1)), 1.0, 1)
            _frame(sheet, wall((u0 + 0.01, 0.755), (u1 - 0.01, 0.755), (u1 - 0.01, 0.79), (u0 + 0.01, 0.79)), 0.8, 0.8)
            continue
        _shade(
            sheet, wall((u0 + 0.012, 0.82), (u1 - 0.012, 0.82), (u1 - 0.012, 0.95), (u0 + 0.012, 0.95)), 0.6, 58, 2.7
        )
        for t in np.linspace(u0, u1, 5):
            _edge(sheet, *wall((t, 0.76), (t, 0.97)), 1.1, 0.95)
        _edge(sheet, *wall((u0, 0.955), (u1, 0.955)), 1.0, 0.9)
        a, b, c, d = wall((u0 - 0.005, 0.755), (u1 + 0.005, 0.755), (u1 + 0.02, 0.825), (u0 - 0.02, 0.825))
        sheet.erase([a, b, c, d], sharp=True)
        _frame(sheet, [a, b, c, d], 1.1, 1)
        for t in np.linspace(0, 1, 15):
            _edge(sheet, _mix(a, b, t), _mix(d, c, t), 0.8, 0.8, 0)
            sheet.stroke([_mix(d, c, t), _mix(d, c, t + 0.035) + (0, 4), _mix(d, c, min(1, t + 0.07))], 0.8, 0.8)
    _courses(sheet, wall, 44, 0.05, 0.03)
    for k in range(14):
        y, reach = top + 8 + 18 * k, 14 if k % 2 else 20
        for x, way in ((left, 1), (right, -1)):
            _frame(sheet, [(x, y), (x + way * reach, y), (x + way * reach, y + 15), (x, y + 15)], 0.7, 0.7)
    for x0, x1, high in ((0, left - 10, 110), (right + 10, 480, 84)):  # neighbours, only begun
        _edge(sheet, (x0, high), (x1, high - 3), 0.9, 0.6)
        _edge(sheet, (x0, high + 7), (x1, high + 5), 0.8, 0.5)
        for y in (high + 26, high + 96):
            _frame(sheet, [(x0 + 15, y), (x0 + 37, y), (x0 + 37, y + 42), (x0 + 15, y + 42)], 0.8, 0.55)
    _edge(sheet, (0, ground + 1), (480, ground), 1.2, 1)
    _edge(sheet, (0, ground + 12), (480, ground + 11), 0.9, 0.8)
    for y in (344, 351):
        for x in sheet.rng.uniform(0, 460, 9):
            sheet.stroke([(x, y), (x + 15, y + 1), (x + 34, y)], 0.8, 0.5)
    lamp = [(34, 338), (34, 240), (34, 214)]
    sheet.stroke(lamp, 2.2, 1, taper=(0, 0))
    _frame(sheet, [(27, 212), (41, 212), (38, 194), (30, 194)], 1.1, 1)
    sheet.stroke([(28, 194), (34, 186), (40, 194)], 1.2, 1)
    return sheet.finish(0.4)


def tower() -> np.ndarray:
    """A village church with its tower; ink and hatching."""
    sheet = Sheet(360, 480, 1.0, (0, 0), 59, hand=(1.35, 0.92, 0.5))
    front, side = (
        Plane([(150, 122), (214, 116), (214, 322), (150, 314)]),
        Plane([(214, 116), (250, 124), (250, 312), (214, 322)]),
    )
    nave, ridge = (
        Plane([(250, 214), (426, 226), (426, 300), (250, 312)]),
        [(250, 152), (414, 172), (436, 232), (250, 216)],
    )
    tip = (201, 14)
    for wall in (front, side):
        _frame(sheet, wall((0, 0), (1, 0), (1, 1), (0, 1)), 1.2, 1)
    for wall, dark in ((side, 0.75),):
        _shade(sheet, wall((0, 0), (1, 0), (1, 1), (0, 1)), dark, 64, 3.2)
    _frame(sheet, [(142, 125), (214, 118), tip], 1.3, 1)
    _frame(sheet, [(214, 118), (258, 127), tip], 1.3, 1)
    _shade(sheet, [(214, 118), (258, 127), tip], 0.95, 80, 2.6)
    for v in np.linspace(0.2, 0.96, 15):
        a, b = _mix(tip, (142, 125), v), _mix(tip, (214, 118), v)
        for u in sheet.rng.uniform(0, 0.9, int(1 + 9 * v)):
            p, q = _mix(a, b, u), _mix(a, b, min(1, u + 0.07 / v))
            sheet.stroke([p, (p + q) / 2 + (0, 1.4), q], 0.7, 0.8)
    sheet.stroke([(201, 16), (201, 2)], 1.5, 1, taper=(0, 0))
    sheet.stroke([(196, 7), (206, 6.6)], 1.4, 1, taper=(0, 0))
    for v in (0.24, 0.55):
        for wall in (front, side):
            a, b = wall((-0.04, v), (1.02, v))
            _edge(sheet, a, b, 1.1, 1)
            _edge(sheet, a + (0, 4), b + (0, 4), 0.8, 0.9)
    for u in (0.16, 0.56):
        _opening(sheet, front, u, 0.1, u + 0.26, 0.205, arch=True, panes=(1, 4))
    _opening(sheet, front, 0.36, 0.36, 0.62, 0.5, arch=True, panes=(2, 3))
    for u in (0.3,):
        _clear(sheet, side, u, 0.07, u + 0.4, 0.21)
        _opening(sheet, side, u, 0.1, u + 0.4, 0.205, arch=True, panes=(1, 4))
    clock = front((0.5, 0.305))[0]
    angle = np.linspace(0, 2.05 * np.pi, 30)
    for r, width in ((12.5, 1.3), (10.4, 0.7)):
        circle = clock + r * np.stack([np.cos(angle) * 0.96, np.sin(angle)], -1)
        if width > 1:
            sheet.erase(circle)
        sheet.stroke(circle, width, 1, taper=(0, 0), tremble=0.5)
    for hand, width in (((2, -7.5), 1.2), ((4.8, 2.6), 1.4)):
        sheet.stroke([clock, clock + np.array(hand)], width, 1, taper=(0, 0.3))
    for a in np.linspace(0, 2 * np.pi, 12, endpoint=False):
        way = np.array((np.cos(a), np.sin(a)))
        sheet.stroke([clock + way * 8.6, clock + way * 10], 0.8, 1, taper=(0, 0))
    bow = np.linspace(np.pi, 0, 11)
    for grow, width in ((0.0, 1.3), (0.07, 0.9), (0.13, 0.9)):
        gate = [
            (0.25 - grow, 1.0),
            *[(0.5 + (0.25 + grow) * np.cos(x), 0.84 - (0.09 + grow * 0.4) * np.sin(x)) for x in bow],
            (0.75 + grow, 1.0),
        ]
        if grow == 0:
            _shade(sheet, front(*gate), 0.95, 88, 2.4)
        sheet.stroke(front(*gate), width, 1, taper=(0.02, 0.02))
    _edge(sheet, *front((0.5, 0.76), (0.5, 1)), 1.2, 1)
    _courses(sheet, front, 30, 0.2, 0.14)
    _frame(sheet, ridge, 1.3, 1)
    roof = Plane(ridge)
    for v in np.linspace(0.1, 0.95, 11):
        for u in sheet.rng.uniform(0, 0.95, 24):
            sheet.stroke(roof((u, v), (u + 0.02, v + 0.018), (u + 0.045, v)), 0.8, 0.75)
    _shade(sheet, [(250, 152), (276, 155), (290, 220), (250, 216)], 0.75, 50, 3.0)
    for a, b in (((426, 228), (426, 300)), ((426, 300), (250, 312)), ((250, 222), (434, 237))):
        _edge(sheet, a, b, 1.2, 1)
    _shade(sheet, nave((0, 0.04), (1, 0.04), (1, 0.16), (0, 0.16)), 0.85, 30, 2.5)
    for u in (0.12, 0.37, 0.62, 0.85):
        _opening(sheet, nave, u, 0.42, u + 0.075, 0.8, arch=True, panes=(2, 4))
    for u in (0.28, 0.53, 0.77, 0.985):
        _frame(sheet, nave((u - 0.018, 0.25), (u + 0.018, 0.25), (u + 0.024, 1), (u - 0.024, 1)), 1.0, 0.95)
        _shade(sheet, nave((u + 0.004, 0.27), (u + 0.018, 0.27), (u + 0.024, 1), (u + 0.004, 1)), 0.8, 80, 2.3)
    _courses(sheet, nave, 12, 0.14, 0.05)
    for x in (94, 100):
        sheet.stroke([(x, 318), (x + 1, 280), (x - 2 + (x - 97), 240)], 1.2, 1)
    _leaves(sheet, 92, 200, 48, 62, 620)
    _leaves(sheet, 452, 268, 34, 40, 330)
    _leaves(sheet, 136, 312, 16, 9, 90)
    for x in np.arange(4, 96, 12):  # a churchyard wall of rough stones
        for y in (308, 319):
            wide = sheet.rng.uniform(9, 12)
            sheet.stroke(
                [
                    (x, y),
                    (x + wide * 0.5, y - 1.5),
                    (x + wide, y),
                    (x + wide, y + 8),
                    (x + wide * 0.5, y + 9),
                    (x, y + 8),
                    (x, y),
                ],
                0.9,
                0.85,
            )
    sheet.stroke([(162, 318), (140, 336), (104, 358)], 1.1, 0.9)
    sheet.stroke([(206, 324), (206, 340), (214, 358)], 1.1, 0.9)
    sheet.stroke([(0, 332), (60, 330), (128, 334)], 1.1, 0.8)
    sheet.stroke([(222, 326), (330, 318), (480, 312)], 1.1, 0.8)
    _grass(sheet, 0, 110, 344, 60)
    _grass(sheet, 225, 475, 332, 110)
    for x, y in ((300, 62), (322, 50), (338, 66)):
        sheet.stroke([(x - 8, y - 3), (x - 3, y - 4), (x, y), (x + 4, y - 4), (x + 9, y - 2)], 0.9, 0.9)
    return sheet.finish(0.12)


DRAWINGS = {
    "face_pencil": face_pencil,
    "face_ink": face_ink,
    "face_line": face_line,
    "house": house,
    "facade": facade,
    "tower": tower,
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"which to draw: {', '.join(DRAWINGS)} (default: all)")
    parser.add_argument("--out", type=Path, default=Path(__file__).parent, help="folder (default: this one)")
    options = parser.parse_args()
    for name in options.names or DRAWINGS:
        if name not in DRAWINGS:
            parser.error(f"a drawing must be one of {', '.join(DRAWINGS)}. Received: {name}.")
        cv2.imwrite(str(options.out / f"{name}.png"), DRAWINGS[name](), [cv2.IMWRITE_PNG_COMPRESSION, 9])


if __name__ == "__main__":
    main()
