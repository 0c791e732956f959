// The page in a photograph, as `sketchback.sketching.page_detection` finds it and shows it from straight above.

import { MIN_SIDE, of, picture, resize, round, toGray } from "./arrays.js";
import { blur, dilate, slopes } from "./filters.js";
import { lines, solve } from "./lines.js";

const DETECTION = 480; // pixels on the long side at which the page is sought
const LINES = 6; // candidates for each side of the page
const [NEAR, FAR] = [4, 12]; // pixels: paper is this far inside an edge, table this far and farther outside
const CONTRAST = 0.08; // between paper and table, in square roots of luminance
const FOCAL = 0.8; // focal length over the picture's long side
const INSET = 0.004; // of every side, where paper and table mix
const RADIANS = Math.PI / 180;
const DIRECTIONS = [[0, 1], [-1, 0], [0, -1], [1, 0]]; // top, right, bottom, left: where the paper lies

/** The four corners of a page, [x, y] from the upper left clockwise; null where none is found with confidence. */
export function findPage(image) {
  const scale = Math.min(DETECTION / Math.max(image.height, image.width), 1);
  const [height, width] = [image.height, image.width].map((side) => Math.max(round(side * scale), MIN_SIDE));
  const small = toGray(resize(image, height, width));
  const tone = blur(of(small, Math.sqrt), 1.5);
  const [dx, dy] = slopes(tone).map((one) => one.data.map((value) => value / 8));
  const strength = { height, width, channels: 1, data: dx.map((value, place) => Math.hypot(value, dy[place])) };
  const edge = thin(strength, dx, dy);
  const sides = DIRECTIONS.map(([x, y]) => {
    const facing = edge.map((one, place) => (
      one && strength.data[place] > 0.015 && dx[place] * x + dy[place] * y > 0.8 * strength.data[place]));
    return linesToward({ height, width, data: facing }, y, Math.max(Math.floor(Math.min(height, width) / 8), 12));
  });
  let [best, most] = [null, 0];
  for (const corners of quadrilaterals(sides)) {
    if (!isPlausible(corners, height, width)) continue;
    const lengths = between(corners).map(([x, y]) => Math.hypot(x, y));
    const seen = sidesOf(corners).map((side) => support(tone, side));
    const total = seen.reduce((sum, share, place) => sum + share * lengths[place], 0);
    const whole = lengths.reduce((sum, length) => sum + length);
    if (Math.min(...seen) >= 0.25 && total >= 0.6 * whole && total > most) [best, most] = [corners, total];
  }
  if (!best || paperOutside(tone, best) > 0.1) return null;
  return refined(strength, tone, best).map(([x, y]) => (
    [((x + 0.5) * image.width) / width - 0.5, ((y + 0.5) * image.height) / height - 0.5]));
}

/** Where the gradient is largest along its own direction (Canny 1986), rounded to rows or columns. */
export function thin({ height, width, data }, dx, dy) {
  return Uint8Array.from(data, (value, place) => {
    const [row, column] = [Math.floor(place / width), place % width];
    if (Math.abs(dx[place]) > Math.abs(dy[place])) {
      return value >= (column > 0 ? data[place - 1] : 0) && value > (column < width - 1 ? data[place + 1] : 0);
    }
    return value >= (row > 0 ? data[place - width] : 0) && value > (row < height - 1 ? data[place + width] : 0);
  });
}

/** The strongest lines [distance, angle] whose normals are within 30 degrees of the axis, distinct. */
function linesToward(edge, downwards, least) {
  const angles = Array.from({ length: 121 }, (_, place) => ((downwards ? 90 : 0) - 30 + place / 2) * RADIANS);
  const chosen = [];
  const places = [];
  for (const [distance, angle] of lines(edge, angles, least)) {
    const place = distance - (edge.width / 2) * Math.cos(angle) - (edge.height / 2) * Math.sin(angle);
    const apart = ([other, turned]) => Math.abs(place - other) > 4 || Math.abs(angle - turned) > 2 * RADIANS;
    if (!places.every(apart)) continue;
    chosen.push([distance, angle]);
    places.push([place, angle]);
    if (chosen.length === LINES) break;
  }
  return chosen;
}

/** The corners of all choices of a top, right, bottom and left line. */
function quadrilaterals([tops, rights, bottoms, lefts]) {
  return tops.flatMap((top) => rights.flatMap((right) => bottoms.flatMap((bottom) => lefts.map((left) => (
    [[left, top], [top, right], [right, bottom], [bottom, left]].map(meet))))));
}

function meet([[r1, t1], [r2, t2]]) { // Cramer's rule
  const determinant = Math.sin(t2 - t1);
  return [(r1 * Math.sin(t2) - r2 * Math.sin(t1)) / determinant, (r2 * Math.cos(t1) - r1 * Math.cos(t2)) / determinant];
}

const sidesOf = (corners) => corners.map((corner, place) => [corner, corners[(place + 1) % 4]]);
const between = (corners) => sidesOf(corners).map(([from, to]) => [to[0] - from[0], to[1] - from[1]]);
const area = (corners) => sidesOf(corners).reduce((sum, [[x, y], [x2, y2]]) => sum + x * y2 - y * x2, 0) / 2;

/** Whether it lies in the picture, is convex, and could be a page seen by a camera. */
function isPlausible(corners, height, width) {
  const beyond = 0.02 * Math.max(height, width);
  const isInside = ([x, y]) => Math.min(x, y) >= -beyond && x <= width + beyond && y <= height + beyond;
  if (!corners.every(isInside)) return false;
  const sides = between(corners);
  if (!sides.every(([x, y], place) => x * sides[(place + 1) % 4][1] > y * sides[(place + 1) % 4][0])) return false;
  const lengths = sides.map(([x, y]) => Math.hypot(x, y));
  const ratios = [lengths[0] / Math.max(lengths[2], 1e-6), lengths[1] / Math.max(lengths[3], 1e-6)];
  const share = area(corners) / (height * width);
  return ratios.every((ratio) => ratio > 0.6 && ratio < 1 / 0.6) && share > 0.15 && share < 0.97;
}

/** `count` points along a side, and the unit normal that points to the paper. */
function along([[x, y], [x2, y2]], count) {
  const length = Math.hypot(x2 - x, y2 - y);
  const points = Array.from({ length: count }, (_, place) => {
    const share = 0.02 + (0.96 * place) / (count - 1);
    return [x + share * (x2 - x), y + share * (y2 - y)];
  });
  return { points, inwards: [-(y2 - y) / length, (x2 - x) / length] };
}

/** The tones at points moved towards the paper. */
const tones = (tone, { points, inwards }, step) => (
  points.map(([x, y]) => valueAt(tone, x + step * inwards[0], y + step * inwards[1])));

/** The share of a side that has paper inside and table outside, near and farther. */
function support(tone, side) {
  const line = along(side, 60);
  const [inside, near, far] = [NEAR, -NEAR, -FAR].map((step) => tones(tone, line, step));
  return inside.filter((value, place) => Math.min(value - near[place], value - far[place]) > CONTRAST).length / 60;
}

/** The share of what lies outside a quadrilateral that is as bright as the paper just inside it. */
function paperOutside(tone, corners) {
  const normal = [0, 1, 2].map(() => [0, 0, 0, 0]); // of a plane through the paper: light falls off on the table too
  for (const side of sidesOf(corners)) {
    const line = along(side, 60);
    const [inside, outside] = [NEAR, -NEAR].map((step) => tones(tone, line, step));
    line.points.forEach(([x, y], place) => {
      if (inside[place] - outside[place] <= CONTRAST) return;
      const terms = [x, y, 1, inside[place]];
      normal.forEach((row, one) => row.forEach((_, other) => { row[other] += terms[one] * terms[other]; }));
    });
  }
  const slope = solve(normal);
  const mask = picture(tone.height, tone.width, 1);
  mask.data = mask.data.map((_, place) => Number(sidesOf(corners.map((one) => one.map(Math.round))).every(
    ([[x, y], [x2, y2]]) => (
      (x2 - x) * (Math.floor(place / tone.width) - y) >= (y2 - y) * ((place % tone.width) - x)))));
  const near = dilate(mask, [FAR, FAR]);
  let [paper, all] = [0, 0];
  tone.data.forEach((value, place) => {
    if (near.data[place]) return;
    const expected = slope[0] * (place % tone.width) + slope[1] * Math.floor(place / tone.width) + slope[2];
    all += 1;
    paper += Number(value > expected - CONTRAST);
  });
  return all ? paper / all : 0;
}

/** Each side through the steepest places near it, by a robust fit. */
function refined(strength, tone, corners) {
  const fitted = sidesOf(corners).map((side) => {
    const line = along(side, 120);
    const steps = Array.from({ length: 33 }, (_, place) => -4 + place / 4);
    const steepness = steps.map((step) => tones(strength, line, step));
    const [inside, outside] = [NEAR, -NEAR].map((step) => tones(tone, line, step));
    const places = line.points.flatMap(([x, y], place) => {
      if (inside[place] - outside[place] <= CONTRAST) return [];
      const best = steps.reduce((most, _, one) => (steepness[one][place] > steepness[most][place] ? one : most), 0);
      return [[x + steps[best] * line.inwards[0], y + steps[best] * line.inwards[1]]];
    });
    return fitLine(places);
  });
  const moved = quadrilaterals(fitted.map((line) => [line]))[0];
  const far = Math.max(...moved.flatMap(([x, y], place) => (
    [Math.abs(x - corners[place][0]), Math.abs(y - corners[place][1])])));
  return far < 8 ? moved : corners;
}

/** [distance, angle] of a line through points, by least squares weighted anew as Welsch proposes. */
function fitLine(points) {
  let weights = points.map(() => 1);
  let line = [0, 0];
  for (let round = 0; round < 20; round += 1) {
    const sum = (what) => weights.reduce((all, weight, place) => all + weight * what(points[place]), 0);
    const all = sum(() => 1);
    const [x, y] = [sum((point) => point[0]) / all, sum((point) => point[1]) / all];
    const xx = sum((point) => (point[0] - x) ** 2);
    const yy = sum((point) => (point[1] - y) ** 2);
    const xy = sum((point) => (point[0] - x) * (point[1] - y));
    const direction = Math.atan2(2 * xy, xx - yy) / 2;
    const angle = Math.atan2(Math.cos(direction), -Math.sin(direction));
    line = [x * Math.cos(angle) + y * Math.sin(angle), angle];
    const off = (point) => point[0] * Math.cos(angle) + point[1] * Math.sin(angle) - line[0];
    weights = points.map((point) => Math.exp(-((off(point) / 2.9846) ** 2)));
  }
  return line;
}

/** A value between the pixels of a picture, interpolated; outside is the edge's, or `outside` if that is given. */
export function valueAt({ height, width, channels, data }, x, y, channel = 0, outside = undefined) {
  const [left, top] = [Math.floor(x), Math.floor(y)];
  const at = (row, column) => {
    const [inRow, inColumn] = [Math.min(Math.max(row, 0), height - 1), Math.min(Math.max(column, 0), width - 1)];
    if (outside !== undefined && (inRow !== row || inColumn !== column)) return outside;
    return data[(inRow * width + inColumn) * channels + channel];
  };
  const [right, down] = [x - left, y - top];
  return (1 - down) * ((1 - right) * at(top, left) + right * at(top, left + 1))
    + down * ((1 - right) * at(top + 1, left) + right * at(top + 1, left + 1));
}

/** Shows a page as from straight above; its proportions follow from the perspective, see `page_detection.rectify`. */
export function rectify(image, corners) {
  const matrix = perspective(corners);
  const focal = FOCAL * Math.max(image.height, image.width);
  const [middleX, middleY] = [(image.width - 1) / 2, (image.height - 1) / 2];
  const [across, down] = [0, 1].map((one) => {
    const [x, y, z] = matrix.map((row) => row[one]);
    return Math.hypot((x - middleX * z) / focal, (y - middleY * z) / focal, z);
  });
  const [proportion, pixels] = [across / down, area(corners)];
  const width = Math.max(round(Math.sqrt(pixels * proportion)), MIN_SIDE);
  const made = picture(Math.max(round(Math.sqrt(pixels / proportion)), MIN_SIDE), width, image.channels);
  for (let place = 0; place < made.height * width; place += 1) {
    const u = INSET + (1 - 2 * INSET) * (((place % width) + 0.5) / width);
    const v = INSET + (1 - 2 * INSET) * ((Math.floor(place / width) + 0.5) / made.height);
    const [x, y, z] = matrix.map(([one, other, rest]) => one * u + other * v + rest);
    for (let channel = 0; channel < image.channels; channel += 1) {
      made.data[place * image.channels + channel] = valueAt(image, x / z, y / z, channel);
    }
  }
  return made;
}

/** The matrix that takes the corners of the unit square to those of a page. */
function perspective(corners) {
  const unit = [[0, 0], [1, 0], [1, 1], [0, 1]];
  const rows = unit.flatMap(([u, v], place) => {
    const [x, y] = corners[place];
    return [[u, v, 1, 0, 0, 0, -u * x, -v * x, x], [0, 0, 0, u, v, 1, -u * y, -v * y, y]];
  });
  const [a, b, c, d, e, f, g, h] = solve(rows);
  return [[a, b, c], [d, e, f], [g, h, 1]];
}
