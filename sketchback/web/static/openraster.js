// The drawing and its photograph as layers of one file, which Krita and GIMP open: OpenRaster 0.0.5, "File Layout" and
// "Layer Stack" of its specification at freedesktop.org.

import { zip } from "./zip.js";

const THUMBNAIL = 256; // pixels of its longer side at most

async function resized(picture, { width, height }) {
  const copy = document.createElement("canvas");
  [copy.width, copy.height] = [width, height];
  const context = copy.getContext("2d");
  context.imageSmoothingQuality = "high";
  context.drawImage(picture, 0, 0, width, height);
  return new Promise((done) => copy.toBlob(done, "image/png"));
}

/**
 * @param {{drawing: Blob, strokes?: ?Blob, photo: Blob}} pictures PNGs of the same thing: the drawing, the strokes of
 *   colour on it if there are any, and the photograph, whose size the others are brought to
 * @returns {Promise<Blob>} an .ora file, the photograph on top
 */
export async function openRaster({ drawing, strokes, photo }) {
  const top = await createImageBitmap(photo);
  const { width, height } = top;
  const layers = [{ name: "Photograph", src: "data/photograph.png", blob: photo }];
  for (const [name, blob] of [["Colour strokes", strokes], ["Drawing", drawing]]) {
    if (!blob) continue;
    const src = `data/${name.toLowerCase().replace(" ", "-")}.png`;
    layers.push({ name, src, blob: await resized(await createImageBitmap(blob), top) });
  }
  const stack = `<?xml version="1.0" encoding="UTF-8"?>
<image version="0.0.5" w="${width}" h="${height}"><stack>
${layers.map(({ name, src }) => `<layer name="${name}" src="${src}" x="0" y="0" opacity="1.0" visibility="visible" \
composite-op="svg:src-over"/>`).join("\n")}
</stack></image>
`;
  const ratio = Math.min(1, THUMBNAIL / Math.max(width, height));
  const small = { width: Math.max(1, Math.round(width * ratio)), height: Math.max(1, Math.round(height * ratio)) };
  const archive = await zip([
    { name: "mimetype", blob: new Blob(["image/openraster"]) }, // first, so that its place in the file is always the same
    { name: "stack.xml", blob: new Blob([stack]) },
    ...layers.map(({ src, blob }) => ({ name: src, blob })),
    { name: "mergedimage.png", blob: photo }, // it covers what lies below
    { name: "Thumbnails/thumbnail.png", blob: await resized(top, small) },
  ]);
  return new Blob([archive], { type: "image/openraster" });
}
