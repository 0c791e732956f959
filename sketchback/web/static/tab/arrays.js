// Pictures as arrays of floats, and the arithmetic that `sketchback.images` does with them, to rounding.
//
// A picture is { height, width, channels, data: Float32Array }, row by row, values in [0, 1].

export const MIN_SIDE = 16;

export function picture(height, width, channels) {
  return { height, width, channels, data: new Float32Array(height * width * channels) };
}

/** Rounds halves to even, as Python does: sizes must be the same. */
export function round(value) {
  const below = Math.floor(value);
  const rest = value - below;
  return rest > 0.5 || (rest === 0.5 && below % 2 !== 0) ? below + 1 : below;
}

const clamp = (place, side) => Math.min(Math.max(place, 0), side - 1);

/** Resizes by area where it shrinks; bilinearly or bicubically where it grows, see `images.resize`. */
export function resize(image, height, width, cubic = false) {
  const smaller = [Math.min(height, image.height), Math.min(width, image.width)];
  const resized = along(along(image, 0, smaller[0], areas), 1, smaller[1], areas);
  const grow = cubic ? cubics : lines;
  const grown = along(along(resized, 1, width, grow), 0, height, grow);
  if (cubic && grown !== resized) grown.data.forEach((value, place) => { grown.data[place] = clip(value); });
  return grown;
}

export const clip = (value) => Math.min(Math.max(value, 0), 1);

/** Reduces to at most `longest` pixels of the longer side, see `images.reduce`. */
export function reduce(image, longest) {
  const ratio = longest / Math.max(image.height, image.width);
  if (ratio >= 1) return image;
  const [height, width] = [image.height, image.width].map((side) => Math.max(round(side * ratio), MIN_SIDE));
  return resize(image, height, width);
}

/** What each pixel of the result is made of along one axis: [first place, weights][]. */
function areas(side, wanted) { // INTER_AREA of OpenCV
  const scale = side / wanted;
  return Array.from({ length: wanted }, (_, place) => {
    const [begin, end] = [place * scale, (place + 1) * scale];
    const cell = Math.min(scale, side - begin);
    const last = Math.min(Math.floor(end), side - 1);
    const first = Math.min(Math.ceil(begin), last);
    const weights = [];
    if (first - begin > 1e-3) weights.push((first - begin) / cell);
    const from = first - weights.length;
    for (let at = first; at < last; at += 1) weights.push(1 / cell);
    if (end - last > 1e-3) weights.push(Math.min(end - last, 1, cell) / cell);
    return [from, weights];
  });
}

function lines(side, wanted) {
  return Array.from({ length: wanted }, (_, place) => {
    const at = (place + 0.5) * (side / wanted) - 0.5;
    const share = at - Math.floor(at);
    return [Math.floor(at), [1 - share, share]];
  });
}

const SHARP = -0.75; // of OpenCV's cubic

function cubics(side, wanted) {
  return Array.from({ length: wanted }, (_, place) => {
    const at = (place + 0.5) * (side / wanted) - 0.5;
    const share = at - Math.floor(at);
    const near = (x) => ((SHARP + 2) * x - (SHARP + 3)) * x * x + 1;
    const far = (x) => ((SHARP * x - 5 * SHARP) * x + 8 * SHARP) * x - 4 * SHARP;
    const three = [far(share + 1), near(share), near(1 - share)];
    return [Math.floor(at) - 1, [...three, 1 - three[0] - three[1] - three[2]]];
  });
}

/** A weighted sum along an axis (0: down, 1: across); what lies outside is the edge's. */
function along(image, axis, wanted, how) {
  const side = axis ? image.width : image.height;
  if (side === wanted) return image;
  const { channels } = image;
  const made = axis ? picture(image.height, wanted, channels) : picture(wanted, image.width, channels);
  const line = image.width * channels;
  for (const [place, [from, weights]] of how(side, wanted).entries()) {
    weights.forEach((weight, index) => {
      const source = clamp(from + index, side);
      if (axis) {
        for (let row = 0; row < image.height; row += 1) {
          const [to, at] = [(row * wanted + place) * channels, row * line + source * channels];
          for (let one = 0; one < channels; one += 1) made.data[to + one] += weight * image.data[at + one];
        }
      } else {
        const [to, at] = [place * line, source * line];
        for (let column = 0; column < line; column += 1) made.data[to + column] += weight * image.data[at + column];
      }
    });
  }
  return made;
}

/** Continues a picture below and to the right until both sides are multiples; mirrored at its last row and column. */
export function padToMultiple(image, multiple) {
  const up = (side) => Math.ceil(side / multiple) * multiple;
  return gather(image, up(image.height), up(image.width), mirror);
}

/** The place in a mirrored row, which does not repeat its edges: ... 2 1 0 1 2 ... */
export function mirror(place, side) {
  const period = 2 * side - 2;
  const inside = ((place % period) + period) % period;
  return inside < side ? inside : period - inside;
}

/** The upper left part of a picture. */
export const crop = (image, height, width) => gather(image, height, width, (place) => place);

function gather(image, height, width, from) {
  if (image.height === height && image.width === width) return image;
  const { channels } = image;
  const made = picture(height, width, channels);
  const columns = Array.from({ length: width }, (_, place) => from(place, image.width));
  for (let row = 0; row < height; row += 1) {
    const source = from(row, image.height) * image.width;
    columns.forEach((column, place) => {
      const [to, at] = [(row * width + place) * channels, (source + column) * channels];
      for (let one = 0; one < channels; one += 1) made.data[to + one] = image.data[at + one];
    });
  }
  return made;
}
