// The paper and its tools: what is drawn is a part of the query while there is anything to see.

import { Pad } from "./drawing.js";
import { $ } from "./elements.js";
import { changed, state } from "./state.js";

const WHILE_DRAWING = 250; // milliseconds between searches of an unfinished stroke

const pad = new Pad($("paper"), drew);
let drawn = 0;

export const clear = () => pad.clear();

function drew(finished) {
  for (const [id, none] of [["undo", !pad.strokes.done.length], ["redo", !pad.strokes.undone.length], ["clear", pad.blank]]) $(id).disabled = none;
  if (!finished && performance.now() - drawn < WHILE_DRAWING) return;
  drawn = performance.now();
  $("draw-here").hidden = !pad.blank;
  const before = state.parts.find((part) => part.kind === "drawing");
  if (pad.blank) {
    if (before) state.parts.splice(state.parts.indexOf(before), 1);
    if (before || finished) changed();
    return;
  }
  const blob = pad.picture();
  const part = before ?? { kind: "drawing", name: "drawing.png", weight: 1 };
  if (!before) state.parts.push(part);
  if (part.seen) URL.revokeObjectURL(part.seen);
  Object.assign(part, { blob, seen: URL.createObjectURL(blob) });
  changed();
}

function choose(erase) {
  pad.erase = erase;
  $("pencil").setAttribute("aria-pressed", String(!erase));
  $("eraser").setAttribute("aria-pressed", String(erase));
}

export function listen() {
  $("pencil").addEventListener("click", () => choose(false));
  $("eraser").addEventListener("click", () => choose(true));
  for (const name of ["undo", "redo", "clear"]) $(name).addEventListener("click", () => pad[name]());
  $("width").addEventListener("input", (event) => { pad.width = Number(event.target.value); });
  document.addEventListener("keydown", (event) => {
    if (!(event.ctrlKey || event.metaKey) || event.key.toLowerCase() !== "z" || event.target.matches("input, select")) return;
    event.preventDefault();
    if (event.shiftKey) pad.redo();
    else pad.undo();
  });
}
