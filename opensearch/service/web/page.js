// The page: joins what is asked, how it is asked and where the answers go.

import * as actions from "./actions.js";
import * as adding from "./adding.js";
import { json, onLocked, thumbnail } from "./api.js";
import { $ } from "./elements.js";
import * as opened from "./opened.js";
import * as options from "./options.js";
import * as paper from "./paper.js";
import { parsed } from "./query.js";
import * as reconstructing from "./reconstructing.js";
import * as results from "./results.js";
import { changed, onChanged, remember, state } from "./state.js";
import { fail } from "./status.js";
import { unlocked } from "./token.js";
import * as tray from "./tray.js";

const itemOf = (key) => json(`/v1/items?key=${encodeURIComponent(key)}`);

function showParts() {
  tray.show(state.parts, changed);
  reconstructing.offer();
}

// Something else is asked now: show it, remember it in the address, and search.
function renew(removed) {
  if (removed?.kind === "drawing") paper.clear();
  if (removed?.seen?.startsWith("blob:")) URL.revokeObjectURL(removed.seen);
  showParts();
  remember();
  return results.renew();
}

// Shows what the address says; drawings and files, which it cannot hold, stay.
async function restore() {
  const found = parsed(location.search);
  state.parts = [...state.parts.filter((part) => part.blob), ...found.parts];
  state.settings = found.settings;
  for (const part of state.parts.filter((each) => each.kind === "item" && !each.seen)) {
    itemOf(part.key).then((item) => { part.seen = thumbnail(item.id); tray.show(state.parts, changed); }, () => {});
  }
  options.show();
  adding.offer();
  showParts();
  const searching = results.renew();
  if (found.opened === null) opened.close();
  else itemOf(found.opened).then(actions.show, fail);
  return searching;
}

async function greet() {
  state.info = await json("/v1/info");
  $("index-name").textContent = state.info.name;
  document.title = `${state.info.name} · opensearch`;
  const total = Object.values(state.info.items).reduce((sum, count) => sum + count, 0);
  $("holds").textContent = `${total.toLocaleString("en")} items`;
  state.info.fields = (await json("/v1/fields")).fields;
}

async function begin() {
  $("options").open = matchMedia("(min-width: 48.01rem)").matches; // phones show hits sooner
  onLocked(unlocked);
  onChanged(renew);
  for (const part of [paper, adding, options, reconstructing, results]) part.listen();
  $("opened").addEventListener("close", () => { remember(); opened.close(); });
  window.addEventListener("popstate", restore);
  try {
    await greet();
  } catch (error) {
    fail(error);
  }
  await restore();
}

begin();
