// A 3D model of the drawing, or of the first file.

import { model } from "./api.js";
import { $ } from "./elements.js";
import { glb } from "./glb.js";
import { openModel } from "./opened.js";
import { state } from "./state.js";
import { fail, say } from "./status.js";

const drawing = () => state.parts.find((part) => part.blob && part.weight > 0);

export function offer() {
  $("reconstruct").hidden = !state.info.reconstructs || !drawing();
}

async function reconstruct() {
  $("reconstruct").disabled = true;
  say("Making a 3D model…");
  try {
    const file = await model(drawing());
    openModel(file, glb(await file.arrayBuffer()));
    say("");
  } catch (error) {
    fail(error);
  } finally {
    $("reconstruct").disabled = false;
  }
}

export function listen() {
  $("reconstruct").addEventListener("click", reconstruct);
}
