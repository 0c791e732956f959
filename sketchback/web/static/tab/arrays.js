// Pictures as arrays of floats, and the arithmetic that `sketchback.images` does with them, to rounding.
//
// A picture is { height, width, channels, data: Float32Array }, row by row, values in [0, 1].

export const MIN_SIDE = 16;

export function picture(height, width, channels) {
  return { height, width, channels, data: new Float32Array(height * width * channels) };
}

/** A picture of what becomes of each value, which is given with its place. */
export const of = (image, what) => ({ ...image, data: image.data.map((value, place) => what(value, place)) });

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

/** Luminance, see `images.to_gray`; what has one channel stays. */
export function toGray(image) {
  if (image.channels === 1) return image;
  const made = picture(image.height, image.width, 1);
  for (let place = 0, at = 0; place < made.data.length; place += 1, at += 3) {
    made.data[place] = 0.299 * image.data[at] + 0.587 * image.data[at + 1] + 0.114 * image.data[at + 2];
  }
  return made;
}

/** Reduces to at most `longest` pixels of the longer side, see `images.reduce`. */
export function reduce(image, longest) {
  const ratio = longest / Math.max(image.height, image.width);
  if (ratio >= 1) return image;
  const [height, width] = [image.height, image.width].map((side) => Math.max(round(side * ratio), MIN_SIDE));
  return resize(image, height, width);
}

/** Brings a picture to a size, keeps its proportions and cuts what stands over, see `images.fit`. */
export function fit(image, height, width) {
  const ratio = Math.max(height / image.height, width / image.width);
  const scaled = [Math.max(round(image.height * ratio), height), Math.max(round(image.width * ratio), width)];
  const [top, left] = [Math.floor((scaled[0] - height) / 2), Math.floor((scaled[1] - width) / 2)];
  return gather(resize(image, ...scaled), height, width, (place) => top + place, (place) => left + place);
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
  const [rows, columns] = [image.height, image.width].map((side) => (place) => mirror(place, side));
  return gather(image, up(image.height), up(image.width), rows, columns);
}

/** The place in a mirrored row, which does not repeat its edges: ... 2 1 0 1 2 ... */
export function mirror(place, side) {
  const period = Math.max(2 * side - 2, 1); // one pixel is its own mirror image
  const inside = ((place % period) + period) % period;
  return inside < side ? inside : period - inside;
}

/** Continues a picture below and to the right by its last pixels. */
export const padTo = (image, height, width) => gather(
  image, height, width, (place) => clamp(place, image.height), (place) => clamp(place, image.width));

/** A part of a picture. */
export const crop = (image, height, width, top = 0, left = 0) => gather(
  image, height, width, (place) => top + place, (place) => left + place);

/** Continues a picture on all sides by its mirror image, which repeats the edges: ... 1 0 0 1 2 ... */
export function padSymmetric(image, [top, bottom], [left, right]) {
  const inside = (side, before) => (place) => {
    const at = (((place - before) % (2 * side)) + 2 * side) % (2 * side);
    return at < side ? at : 2 * side - 1 - at;
  };
  const [height, width] = [image.height + top + bottom, image.width + left + right];
  return gather(image, height, width, inside(image.height, top), inside(image.width, left));
}

/** A picture whose row `y` and column `x` come from `rows(y)` and `columns(x)` of another. */
function gather(image, height, width, rows, columns) {
  const { channels } = image;
  const made = picture(height, width, channels);
  const places = Array.from({ length: width }, (_, place) => columns(place));
  for (let row = 0; row < height; row += 1) {
    const source = rows(row) * image.width;
    places.forEach((column, place) => {
      const [to, at] = [(row * width + place) * channels, (source + column) * channels];
      for (let one = 0; one < channels; one += 1) made.data[to + one] = image.data[at + one];
    });
  }
  return made;
}
