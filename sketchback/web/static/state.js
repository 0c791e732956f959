// The state of the page: the drawing, and the name of the file to download.

import { DrawingCanvas } from "./canvas.js";
import { element } from "./ui.js";

export const drawing = new DrawingCanvas(element("canvas"), element("colours"), element("cross"));

export const download = { name: "photograph" }; // without its suffix
