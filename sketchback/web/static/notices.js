// What a person may have overlooked in a picture, in one line with a button: it was not cleaned, it is upside down, it
// shows something else than the weights do.

import { notice } from "./backend.js";
import { update } from "./result.js";
import { drawing } from "./state.js";
import { turn } from "./turning.js";
import { element, say } from "./ui.js";
import { choice, choose, chosen, showing, shows, titleOf } from "./weights.js";

const LOOKED_AT = 512; // pixels of the longer side

/** The other weights that suit what was noticed, if the named ones do not. */
export function suited(noticed, name) {
  const other = ["building", "face"].find((subject) => noticed.includes(subject));
  return other && shows(name) && other !== shows(name) ? showing(other) : undefined;
}

let settle = () => {}; // closes the question that was asked

let asked = null; // the picture that it is about

drawing.addEventListener("change", () => { if (drawing.background.picture !== asked) settle(); });
choice.addEventListener("change", () => settle());

/** Looks at the picture on the sheet, and asks, unless something else is being said. */
export async function ask() {
  const { picture } = drawing.background;
  asked = picture;
  const noticed = await notice(drawing.picture(LOOKED_AT));
  if (drawing.background.picture !== picture || !element("alert").hidden) return;
  const other = suited(noticed, chosen());
  settle = () => {};
  if (noticed.includes("paper") && !element("clean").checked) {
    settle = say("This looks like a photograph of paper.", { label: "Clean it", action: () => element("clean").click() });
  } else if (noticed.includes("small") && !element("clean").checked) {
    settle = say("This drawing is small on its sheet.", { label: "Cut it out", action: () => element("clean").click() });
  } else if (noticed.includes("upside down") && shows(chosen()) === "face") {
    settle = say("This face looks upside down.", { label: "Turn it", action: () => turn(drawing, 2) });
  } else if (other) {
    settle = say(`This looks like a ${other.shows}, and “${titleOf(chosen())}” was chosen.`, {
      label: `Use ${other.title}`,
      action: () => {
        choose(other.name);
        update();
      },
    });
  }
}
