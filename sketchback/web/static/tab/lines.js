// Straight lines in edges, by Hough's transform (Duda and Hart 1972), and systems of linear equations.

/** A field of lines `x cos(angle) + y sin(angle) = distance`; pixels vote for those that pass through them. */
class Votes {
  constructor({ height, width, data }, angles) {
    this.reach = height + width; // of distances, to both sides
    this.span = 2 * this.reach + 1;
    this.cells = new Int32Array(angles.length * this.span);
    this.cosines = Float64Array.from(angles, Math.cos);
    this.sines = Float64Array.from(angles, Math.sin);
    data.forEach((edge, place) => { if (edge) this.add(place % width, Math.floor(place / width)); });
  }

  add(x, y, votes = 1) {
    for (let angle = 0; angle < this.cosines.length; angle += 1) {
      const distance = Math.floor(x * this.cosines[angle] + y * this.sines[angle] + 0.5) + this.reach;
      this.cells[angle * this.span + distance] += votes;
    }
  }

  highest() {
    let best = 0;
    for (let cell = 1; cell < this.cells.length; cell += 1) if (this.cells[cell] > this.cells[best]) best = cell;
    return best;
  }

  /** Whether no neighbour has more. */
  isPeak(cell) {
    const { cells, span } = this;
    const [here, left, up] = [cells[cell], cells[cell - 1] ?? 0, cells[cell - span] ?? 0];
    return here > left && here >= (cells[cell + 1] ?? 0) && here > up && here >= (cells[cell + span] ?? 0);
  }
}

/** The peaks above `least` votes: [distance, angle, votes][], the strongest first. */
export function lines(edges, angles, least) {
  const votes = new Votes(edges, angles);
  const found = [];
  votes.cells.forEach((count, cell) => {
    if (count <= least || !votes.isPeak(cell)) return;
    found.push([(cell % votes.span) - votes.reach, angles[Math.floor(cell / votes.span)], count]);
  });
  return found.sort((one, other) => other[2] - one[2]);
}

/**
 * Segments of at least `length` pixels with gaps of at most `gap`: [dx, dy][]. The line with most votes is taken first,
 * and what lies on it votes for no other; OpenCV takes pixels by chance instead (`cv2.HoughLinesP`).
 */
export function segments(edges, angles, least, length, gap) {
  const votes = new Votes(edges, angles);
  const { height, width } = edges;
  const left = Uint8Array.from(edges.data);
  const found = [];
  for (;;) {
    const best = votes.highest();
    if (votes.cells[best] < least) return found;
    const runs = walk(left, height, width, angles[Math.floor(best / votes.span)], (best % votes.span) - votes.reach, gap);
    if (!runs.length) votes.cells[best] = 0;
    for (const run of runs) {
      for (const place of run) {
        left[place] = 0;
        votes.add(place % width, Math.floor(place / width), -1);
      }
      const [from, to] = [run[0], run.at(-1)];
      const span = [(to % width) - (from % width), Math.floor(to / width) - Math.floor(from / width)];
      if (Math.max(...span.map(Math.abs)) >= length) found.push(span);
    }
  }
}

/** The edge pixels on a line, in runs; one to each side of it counts as on it. */
function walk(edges, height, width, angle, distance, gap) {
  const [cosine, sine] = [Math.cos(angle), Math.sin(angle)];
  const steep = Math.abs(cosine) > Math.abs(sine); // it goes down rather than across
  const runs = [];
  let since = Infinity;
  for (let step = 0; step < (steep ? height : width); step += 1) {
    const across = Math.round(steep ? (distance - step * sine) / cosine : (distance - step * cosine) / sine);
    let seen = false;
    for (const beside of [across, across - 1, across + 1]) {
      const [x, y] = steep ? [beside, step] : [step, beside];
      if (x < 0 || y < 0 || x >= width || y >= height || !edges[y * width + x]) continue;
      if (!seen && since > gap) runs.push([]);
      runs.at(-1).push(y * width + x);
      seen = true;
    }
    since = seen ? 0 : since + 1;
  }
  return runs;
}

/** The solution of a system of equations, each a row of factors and what they sum up to; by elimination with pivots. */
export function solve(rows) {
  const size = rows.length;
  for (let pivot = 0; pivot < size; pivot += 1) {
    let largest = pivot;
    for (let row = pivot; row < size; row += 1) {
      if (Math.abs(rows[row][pivot]) > Math.abs(rows[largest][pivot])) largest = row;
    }
    [rows[pivot], rows[largest]] = [rows[largest], rows[pivot]];
    for (let row = 0; row < size; row += 1) {
      if (row === pivot) continue;
      const factor = rows[row][pivot] / rows[pivot][pivot];
      for (let column = pivot; column <= size; column += 1) rows[row][column] -= factor * rows[pivot][column];
    }
  }
  return rows.map((row, place) => row[size] / row[place]);
}
