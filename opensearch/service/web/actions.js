// What can be done with a hit: open it, or look for more or less like it.

import { thumbnail } from "./api.js";
import { $ } from "./elements.js";
import * as opened from "./opened.js";
import { changed, remember, state } from "./state.js";
import { fail } from "./status.js";

export const actions = { open, more: (item) => like(item, 1), less: (item) => like(item, -1) };

function open(item) {
  remember(item.key);
  return show(item);
}

// As `open`, of an item that the address names already.
export async function show(item) {
  try {
    await opened.open(item, actions);
  } catch (error) {
    fail(error);
  }
}

function like(item, weight) {
  const same = state.parts.find((part) => part.kind === "item" && part.key === item.key);
  if (same) same.weight = weight;
  else state.parts.push({ kind: "item", key: item.key, weight, seen: thumbnail(item.id) });
  if ($("opened").open) opened.close();
  changed();
}
