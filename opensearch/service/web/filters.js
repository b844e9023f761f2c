// Filters made of the index's own fields: domains to search, values to choose.

import { $, make } from "./elements.js";

const MOST = 12;

export function targets(items, chosen, changed) {
  const boxes = Object.entries(items).filter(([, count]) => count).map(([name, count]) => make("label", {},
    make("input", {
      type: "checkbox", value: name, checked: !chosen.length || chosen.includes(name),
      on: { change: () => changed(picked()) },
    }), ` ${name} (${count.toLocaleString("en")})`));
  $("targets").replaceChildren(make("legend", {}, "Where to look"), ...boxes);
}

// All boxes are none: a domain that is added later is searched, too.
function picked() {
  const boxes = [...$("targets").querySelectorAll("input")];
  const checked = boxes.filter((box) => box.checked).map((box) => box.value);
  return checked.length === boxes.length ? [] : checked;
}

export function fields(found, chosen, changed) {
  const shown = found.filter((field) => field.name !== "domain" && field.kind !== "number" && field.values.length > 1);
  $("fields").replaceChildren(...shown.slice(0, MOST).map((field) => group(field, chosen, changed)));
}

function group(field, chosen, changed) {
  const select = make("select", {
    id: `field-${field.name}`, multiple: true, size: Math.min(6, field.values.length),
    on: { change: () => {
      chosen[field.name] = [...select.selectedOptions].map((option) => field.values[option.index].value);
      changed();
    } },
  }, ...field.values.map(({ value, count }) => make("option", {
    value: String(value), selected: (chosen[field.name] ?? []).includes(value),
  }, `${value} (${count.toLocaleString("en")}${field.sampled ? " +" : ""})`)));
  const hint = field.sampled ? make("span", { className: "key" }, "A + stands for more: not all items were counted.") : null;
  return make("p", {}, make("label", { htmlFor: select.id }, field.name), select, ...(hint ? [hint] : []));
}
