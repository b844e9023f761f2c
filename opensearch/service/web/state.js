// What is asked now, and what the index holds; the address of the page remembers what is asked.

import { address, parsed, settings } from "./query.js";

export const state = { parts: [], settings: settings(), info: { items: {} } };

let heard = () => {};

export function onChanged(listener) {
  heard = listener;
}

// To be called by whoever changed the parts or the settings; `removed` is a part that is gone.
export const changed = (removed = null) => heard(removed);

// Puts what is asked into the address, with the key of the item that is opened.
export function remember(opened = null) {
  const before = parsed(location.search);
  const place = address(state.parts, state.settings, opened);
  if (place === address(before.parts, before.settings, before.opened)) return;
  history.pushState(null, "", place === "/" ? location.pathname : place);
}
