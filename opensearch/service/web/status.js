// The line above the hits, and the remarks below it.

import { $, make } from "./elements.js";

export function say(text, failed = false) {
  $("status").textContent = text;
  $("status").className = failed ? "failed" : "";
}

export const remark = (notes) => $("remarks").replaceChildren(...notes.map((note) => make("li", {}, note)));

export function fail(error) {
  say(error.message, true);
  remark([]);
}
