// Where to look, and how: domains, layout, filters.

import { $ } from "./elements.js";
import * as filters from "./filters.js";
import { score } from "./query.js";
import { changed, state } from "./state.js";

const usual = $("least-hint").textContent;

function hint(wrong) {
  $("least-hint").textContent = wrong ? "Passed over: scores lie between -1 and 1." : usual;
  $("least-hint").className = wrong ? "failed" : "key";
}

export function show() {
  const { info, settings } = state;
  for (const radio of document.querySelectorAll("input[name=layout]")) radio.checked = radio.value === settings.layout;
  $("where").value = settings.where;
  $("least").value = settings.least ?? "";
  hint(false);
  filters.targets(info.items, settings.targets, (targets) => set({ targets }));
  filters.fields(info.fields ?? [], settings.chosen, () => changed());
}

function set(some) {
  Object.assign(state.settings, some);
  changed();
}

export function listen() {
  $("where").addEventListener("change", (event) => set({ where: event.target.value }));
  $("least").addEventListener("change", ({ target }) => {
    const least = score(target.value);
    hint(least === null && (target.value.trim() || target.validity.badInput));
    set({ least });
  });
  $("layout").addEventListener("change", (event) => set({ layout: event.target.value }));
}
