// Pixels that touch each other, by a side or a corner.

/**
 * Yields the places of the pixels that are reached from some, each once.
 * @param starts their places
 * @param seen a Uint8Array that notes what was reached, and is not reached again
 * @param allowed whether a place may be reached
 */
export function* connected(starts, { height, width }, seen, allowed) {
  const stack = [...starts];
  for (const place of stack) seen[place] = 1;
  while (stack.length) {
    const place = stack.pop();
    yield place;
    const [row, column] = [Math.floor(place / width), place % width];
    for (let y = Math.max(row - 1, 0); y <= Math.min(row + 1, height - 1); y += 1) {
      for (let x = Math.max(column - 1, 0); x <= Math.min(column + 1, width - 1); x += 1) {
        const next = y * width + x;
        if (seen[next] || !allowed(next)) continue;
        seen[next] = 1;
        stack.push(next);
      }
    }
  }
}
