// Which blocks of a picture are skin, hair and background, or sky, wall and ground, as `sketchback.inference.regions`
// guesses it.

import { padTo, picture, resize } from "./arrays.js";
import { blur, close, dilate, open, percentiles } from "./filters.js";
import { BLOCK, CELL, cellsOf, toLab } from "./tones.js";

export const PARTS = ["skin", "hair", "background", "sky", "wall", "ground"];
const [STEP, SKIN] = [9, 20]; // of colour in CIELAB: from a block to the next, and from skin to what still is skin
const DARKER = 14; // in lightness, 0 to 100: hair against skin
const PLAIN = 0.6; // of the mean ink: blocks with less are paper

/**
 * The blocks of each part, as a mask of 0 and 1; maybe none.
 * @param photo a generator's own answer
 * @param sketch the drawing, of the same size
 */
export function find(photo, sketch) {
  const cells = [sketch.height, sketch.width].map(cellsOf);
  const [rows, columns] = cells.map((cell) => cell * (CELL / BLOCK));
  const blocks = (image) => resize(padTo(image, ...cells.map((cell) => cell * CELL)), rows, columns);
  const colours = blocks(photo).data;
  const lab = Array.from({ length: rows * columns }, (_, at) => toLab(colours.subarray(3 * at, 3 * at + 3)));
  const ink = blocks(sketch);
  ink.data = ink.data.map((value) => 1 - value);
  const inks = blur(ink, 1).data;
  const mean = inks.reduce((sum, one) => sum + one) / inks.length;
  const grid = new Grid(rows, columns, lab);
  const plain = grid.where((at) => inks[at] <= PLAIN * mean);
  const parts = { ...face(grid, plain), ...building(grid, plain) };
  return Object.fromEntries(PARTS.map((name) => [name, grid.mask(parts[name])]));
}

/** Blocks with their colours. */
class Grid {
  constructor(rows, columns, lab) { Object.assign(this, { rows, columns, lab }); }

  /** Which blocks are so; `what` is given the place, and where it is, y and x from 0 to 1. */
  where(what) {
    return this.lab.map((_, at) => (
      Boolean(what(at, (Math.floor(at / this.columns) + 0.5) / this.rows, ((at % this.columns) + 0.5) / this.columns))));
  }

  /** The blocks of `allowed` that are reached from `start`, from neighbour to neighbour where `step` lets it. */
  spread(start, allowed, step = () => true) {
    const found = allowed.map((one, at) => one && start[at]);
    const stack = [...found.keys()].filter((at) => found[at]);
    while (stack.length) {
      const at = stack.pop();
      const column = at % this.columns;
      const across = [...column > 0 ? [at - 1] : [], ...column < this.columns - 1 ? [at + 1] : []];
      for (const next of [...across, at - this.columns, at + this.columns]) {
        if (!allowed[next] || found[next] || !step(at, next)) continue; // outside nothing is allowed
        found[next] = true;
        stack.push(next);
      }
    }
    return found;
  }

  /** As `spread`, where the colour changes little. */
  flood(start, allowed) {
    return this.spread(start, allowed, (at, next) => (
      Math.hypot(...this.lab[at].map((value, one) => value - this.lab[next][one])) < STEP));
  }

  /** 1 where it is true, and 0. */
  mask(blocks) { return { ...picture(this.rows, this.columns, 1), data: Float32Array.from(blocks) }; }

  /** A filter of `filters.js` over what is true. */
  filter(blocks, how, reach) { return Array.from(how(this.mask(blocks), [reach, reach]).data, Boolean); }
}

function face(grid, plain) {
  const { rows, columns, lab } = grid;
  const median = (blocks, one) => percentiles(lab.filter((_, at) => blocks[at]).map((values) => values[one]), [50])[0];
  const away = []; // 1 near the edge of the picture
  const middle = grid.where((at, y, x) => {
    away[at] = Math.hypot((y - 0.55) / 0.5, (x - 0.5) / 0.45);
    return away[at] < 0.4;
  });
  const lightness = median(middle, 0);
  const light = grid.where((at) => middle[at] && lab[at][0] >= lightness); // without eyes, lips and shadows
  const colour = [0, 1, 2].map((one) => median(light, one));
  let skin = grid.spread(middle, grid.where((at) => {
    const [l, a, b] = lab[at].map((value, one) => value - colour[one]);
    return Math.hypot(l, 1.3 * a, 1.3 * b) + 20 * Math.max(away[at] - 0.5, -0.4) < SKIN;
  }));
  const closed = grid.filter(skin, close, 2); // eyes, mouth
  skin = skin.map((one, at) => one || (closed[at] && away[at] < 0.7));

  const darker = grid.where((at) => lab[at][0] < colour[0] - DARKER);
  const backdrop = grid.where((at) => !skin[at] && (plain[at] || !darker[at]));
  const edge = grid.where((at, y, x) => y < 1 / rows || (y < 0.67 && (x < 1 / columns || x > 1 - 1 / columns)));
  const background = grid.flood(edge, backdrop);
  const chin = skin.includes(true) ? (Math.floor(skin.lastIndexOf(true) / columns) + 0.5) / rows : 1;
  const lines = [...skin.keys()].filter((at) => skin[at]).map((at) => (Math.floor(at / columns) + 0.5) / rows);
  const nose = lines.length ? lines.reduce((sum, y) => sum + y) / lines.length : 1;
  const dark = grid.where((at, y) => !skin[at] && !background[at] && darker[at] && y <= chin);
  const hairy = grid.filter(dark, open, 1); // outlines and shadows beside the cheeks are dark too, but thin and low
  const beside = grid.filter(skin, dilate, 1);
  return { skin, background, hair: grid.spread(grid.where((at, y) => beside[at] && y < nose), hairy) };
}

function building(grid, plain) {
  const sky = grid.flood(grid.where((at, y) => y < 1 / grid.rows), grid.where((at, y) => plain[at] && y < 0.67));
  const ground = grid.flood(grid.where((at, y) => y > 1 - 1 / grid.rows), grid.where((at, y) => !sky[at] && y > 0.7));
  return { sky, ground, wall: grid.where((at) => !sky[at] && !ground[at]) };
}
