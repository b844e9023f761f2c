// The line above the hits, the remarks below it, and ways out of a failure.

import { $, make } from "./elements.js";

// What the service calls things that the page has a field for.
const CALLED = {
  max_distance: "the largest distance", min_score: "the least score", targets: "the places to look", text: "the words",
  where: "the expression",
};

export function worded(text) {
  const named = text.replaceAll(/`(\w+)`/g, (quoted, name) => CALLED[name] ?? quoted);
  return named.replace("; /v1/words lists them", "; the field for words offers those that begin as what is written there");
}

export function say(text, failed = false) {
  $("status").textContent = worded(text);
  $("status").className = failed ? "failed" : "";
}

export const remark = (notes) => $("remarks").replaceChildren(...notes.map((note) => make("li", {}, worded(note))));

// Tell a failure; `again` does what failed once more. Without it the ways out that stand there stay.
export function fail(error, again = null) {
  say(error.message, true);
  remark([]);
  if (again) $("ways-out").replaceChildren(make("button", { type: "button", on: { click: again } }, "Try again"));
}
