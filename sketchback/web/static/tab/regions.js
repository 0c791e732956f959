// Which blocks of a picture are skin, hair and background, or sky, wall and ground, as `sketchback.inference.regions`
// guesses it.

import { padTo, picture, resize } from "./arrays.js";
import { blur, close, dilate, open, percentiles } from "./filters.js";
import { BLOCK, CELL, cellsOf, toLab } from "./tones.js";

const PARTS = ["skin", "hair", "background", "sky", "wall", "ground"];
export const TOGETHER = [PARTS.slice(0, 3), PARTS.slice(3)]; // of a face, of a building
// Where two are told of one place, the later counts.
export const LAYERS = ["hair", "skin", "background", "wall", "ground", "sky"];
const [STEP, SKIN] = [9, 20]; // of colour in CIELAB: from a block to the next, and from skin to what still is skin
// The same with less of lightness: from skin to a backdrop, at least; to shaded skin, at most.
const [ALIKE, SHADED] = [12, 26];
const DARKER = 14; // in lightness, 0 to 100: hair against skin
const BELOW = 0.1; // of the height: how far hair reaches below the chin
const PLAIN = 0.6; // of the mean ink: blocks with less, around them too, are paper
const BARE = 0.3; // of the ink of blocks with strokes: no stroke passes through those with less
const MOST_BARE = 0.12; // of ink: nor through these
const [SKY, GROUND] = [0.85, 0.7]; // of the height: down to where, and from where on

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
  const meanOf = (values) => values.reduce((sum, one) => sum + one) / values.length;
  const [mean, meanInk] = [inks, ink.data].map(meanOf);
  const drawn = ink.data.filter((one) => one > meanInk); // thin lines leave little ink in a block
  const bare = Math.min(drawn.length ? BARE * percentiles(drawn, [90])[0] : 1, MOST_BARE);
  const grid = new Grid(rows, columns, lab);
  const plain = grid.where((at) => inks[at] <= PLAIN * mean);
  const parts = { ...face(grid, plain), ...building(grid, plain, grid.where((at) => ink.data[at] < bare)) };
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
  const colourOf = (blocks) => [0, 1, 2].map((one) => median(blocks, one));
  const away = []; // 1 near the edge of the picture
  const middle = grid.where((at, y, x) => {
    away[at] = Math.hypot((y - 0.55) / 0.5, (x - 0.5) / 0.45);
    return away[at] < 0.4;
  });
  const lightness = median(middle, 0);
  const light = grid.where((at) => middle[at] && lab[at][0] >= lightness); // without eyes, lips and shadows
  const colour = colourOf(light);
  const far = (at, from, weight) => {
    const [l, a, b] = lab[at].map((value, one) => value - from[one]);
    return Math.hypot(weight * l, 1.3 * a, 1.3 * b);
  };
  const lit = grid.spread(middle, grid.where((at) => far(at, colour, 1) + 20 * Math.max(away[at] - 0.5, -0.4) < SKIN));
  const lines = [...lit.keys()].filter((at) => lit[at]).map((at) => (Math.floor(at / columns) + 0.5) / rows);
  const [chin, nose] = lines.length ? [lines.at(-1), lines.reduce((sum, y) => sum + y) / lines.length] : [1, 1];

  const unlikeSkin = lab.map((_, at) => far(at, colour, 0.6));
  const darker = grid.where((at) => lab[at][0] < colour[0] - DARKER);
  const backdrop = grid.where((at) => !lit[at] && (plain[at] || !darker[at]) && unlikeSkin[at] > ALIKE);
  const edge = grid.where((at, y, x) => y < 1 / rows || (y < 0.67 && (x < 1 / columns || x > 1 - 1 / columns)));
  const background = grid.flood(edge, backdrop);
  let skin = lit;
  const crown = grid.where((at, y) => !lit[at] && !background[at] && darker[at] && y < nose);
  if (crown.includes(true)) {
    const middling = median(crown, 0);
    const hairColour = colourOf(grid.where((at) => crown[at] && lab[at][0] <= middling));
    // Shaded skin, as temples, ears and the neck are.
    skin = grid.spread(lit, grid.where((at) => lit[at] || (
      !background[at] && unlikeSkin[at] < Math.min(far(at, hairColour, 0.6), SHADED))));
  }
  const closed = grid.filter(skin, close, 2); // eyes, mouth
  skin = skin.map((one, at) => one || (closed[at] && away[at] < 0.7 && !background[at]));

  const dark = grid.where((at, y) => !skin[at] && !background[at] && darker[at] && y <= chin + BELOW);
  const thick = grid.filter(dark, open, 1); // outlines and shadows beside the cheeks are dark too, but thin and low
  const beside = grid.filter(skin, dilate, 1);
  const hair = grid.spread(
    grid.where((at, y) => beside[at] && thick[at] && y < nose), grid.where((at, y) => thick[at] || (dark[at] && y < nose)));
  return { skin, background, hair };
}

function building(grid, plain, bare) {
  const { rows, columns } = grid;
  const bottom = grid.where((at, y) => y > 1 - 1 / rows);
  // Both end at strokes, and the ground has some of its own; the sky reaches the outlines.
  const ground = grid.filter(
    grid.flood(bottom, grid.where((at, y) => bottom[at] || (bare[at] && y > GROUND))), close, 1);
  const above = grid.where((at, y) => !ground[at] && y < SKY);
  const free = grid.flood(grid.where((at, y) => y < 1 / rows), grid.where((at) => plain[at] && above[at]));
  const sky = grid.where((at) => {
    const column = at % columns;
    const beside = free[at - columns] || free[at + columns] || (column > 0 && free[at - 1])
      || (column < columns - 1 && free[at + 1]);
    return free[at] || (beside && bare[at] && above[at]);
  });
  return { sky, ground, wall: grid.where((at) => !sky[at] && !ground[at]) };
}
