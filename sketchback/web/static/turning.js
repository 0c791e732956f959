// Quarter turns, clockwise: of a picture, and of the sheet with all that is on it.

/** A picture after so many quarter turns. */
export async function turned(picture, quarters) {
  if (quarters % 4 === 0) return picture;
  const copy = document.createElement("canvas");
  const [width, height] = [picture.width, picture.height];
  [copy.width, copy.height] = quarters % 2 ? [height, width] : [width, height];
  const context = copy.getContext("2d");
  context.translate(copy.width / 2, copy.height / 2);
  context.rotate((quarters * Math.PI) / 2);
  context.drawImage(picture, -width / 2, -height / 2);
  return createImageBitmap(copy);
}

/** Turns a drawing by quarters, strokes and picture; an empty sheet becomes upright or wide. */
export async function turn(drawing, quarters = 1) {
  const { background } = drawing;
  const after = background.picture && await turned(background.picture, quarters);
  if (drawing.background !== background) return undefined; // something else was laid meanwhile
  const { ratio, picture, source, turns, cleaned, strokes } = drawing.content;
  if (!picture && !strokes.length) return drawing.lay({ ratio: ratio < 1 ? 4 / 3 : 4 / 5 });
  const { width, height } = background;
  const places = [
    ({ x, y }) => ({ x, y }), ({ x, y }) => ({ x: height - y, y: x }), ({ x, y }) => ({ x: width - x, y: height - y }),
    ({ x, y }) => ({ x: y, y: width - x }),
  ];
  const around = ({ points, ...stroke }) => (
    { ...stroke, points: points.map((point) => ({ ...point, ...places[quarters](point) })) });
  return drawing.lay({
    ratio: quarters % 2 ? 1 / ratio : ratio, picture: after, source, turns: (turns + quarters) % 4, cleaned,
    strokes: strokes.map(around),
  });
}
