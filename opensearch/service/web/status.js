// The line above the hits, the remarks below it, and ways out of a failure.

import { $, make } from "./elements.js";

// Where the service names what the page has a field for. Only these phrases are put otherwise: a message
// may quote what somebody wrote, which stays as it is.
const PHRASES = [
  [/^`where` /, "the expression "],
  [", so `where` reads every record", ", so the expression reads every record"],
  ["as `max_distance` asks", "as the largest distance asks"],
  ["as `min_score` asks", "as the least score asks"],
  ["; /v1/words lists them", "; the field for words offers those that begin as what is written there"],
];

export const worded = (text) => PHRASES.reduce((said, [phrase, put]) => said.replace(phrase, put), text);

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
