// Where to look, and how: domains, layout, filters.

import { $ } from "./elements.js";
import * as filters from "./filters.js";
import { score } from "./query.js";
import { changed, state } from "./state.js";

export function show() {
  const { info, settings } = state;
  for (const radio of document.querySelectorAll("input[name=layout]")) radio.checked = radio.value === settings.layout;
  $("where").value = settings.where;
  $("least").value = settings.least ?? "";
  filters.targets(info.items, settings.targets, (targets) => set({ targets }));
  filters.fields(info.fields ?? [], settings.chosen, () => changed());
}

function set(some) {
  Object.assign(state.settings, some);
  changed();
}

export function listen() {
  $("where").addEventListener("change", (event) => set({ where: event.target.value }));
  $("least").addEventListener("change", (event) => set({ least: score(event.target.value) }));
  $("layout").addEventListener("change", (event) => set({ layout: event.target.value }));
}
