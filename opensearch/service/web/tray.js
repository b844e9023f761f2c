// The tray: what the query is made of, each part with its weight, for or against, removable.

import { $, make, picture } from "./elements.js";

const NAMES = { drawing: "Drawing", file: "File", words: "Words", item: "Item" };

export const nameOf = (part) => part.text ?? part.key ?? (part.kind === "drawing" ? "what is on the paper" : part.name);

export function show(parts, changed) {
  $("tray").replaceChildren(...parts.map((part) => entry(part, parts, changed)));
  $("tray-empty").hidden = parts.length > 0;
}

function entry(part, parts, changed) {
  const name = `${NAMES[part.kind]} ${nameOf(part)}`;
  const against = part.weight < 0;
  const weight = make("input", {
    type: "range", min: "0.1", max: "2", step: "0.1", value: String(Math.abs(part.weight)),
    "aria-label": `Weight of ${name}`,
    on: { change: (event) => { part.weight = Math.sign(part.weight) * Number(event.target.value); changed(); } },
  });
  const turn = make("button", {
    type: "button", "aria-pressed": String(against), "aria-label": `Move away from ${name}`,
    on: { click: () => { part.weight = -part.weight; changed(); } },
  }, against ? "− away" : "+ towards");
  const remove = make("button", {
    type: "button", "aria-label": `Remove ${name}`,
    on: { click: () => { parts.splice(parts.indexOf(part), 1); changed(part); } },
  }, "×");
  return make("li", { className: against ? "against" : "" },
    seen(part),
    make("span", {}, make("strong", {}, NAMES[part.kind]), make("br"), make("span", { className: "key" }, nameOf(part))),
    make("div", { className: "row" }, turn, make("label", {}, "weight", weight), remove));
}

function seen(part) {
  if (part.kind === "words") return make("span", { className: "blank", "aria-hidden": "true" }, "Aa");
  if (!part.seen) return make("span", { className: "blank", "aria-hidden": "true" }, "▲");
  return picture(part.seen, "", { width: 56, height: 56, loading: "eager" });
}
