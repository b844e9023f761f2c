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

let known = ""; // of the index that the page shows: its name and its domains; empty until it answered
let starting = null;

const nameOf = (info) => JSON.stringify([info.name, Object.keys(info.items).sort(), info.bits, info.method]);

async function greet() {
  const info = await json("/v1/info");
  state.info = { ...info, fields: (await json("/v1/fields")).fields };
  known = nameOf(state.info);
  $("index-name").textContent = state.info.name;
  document.title = `${state.info.name} · opensearch`;
  const total = Object.values(state.info.items).reduce((sum, count) => sum + count, 0);
  $("holds").textContent = `${total.toLocaleString("en")} items`;
}

async function first() {
  try {
    await greet();
  } catch (error) {
    fail(error, start);
    return;
  }
  await restore();
}

const start = () => (starting ??= first().finally(() => { starting = null; }));

// Where another index is served here by now, title, places and fields follow; is it the same, only
// who waits for an answer wants a search, unless another one began meanwhile.
async function greetAgain({ waiting = false } = {}) {
  const before = results.newest();
  const waits = () => waiting && results.newest() === before;
  try {
    const other = nameOf(await json("/v1/info")) !== known;
    if (other) {
      await greet();
      state.settings.targets = state.settings.targets.filter((name) => name in state.info.items);
      options.show();
      adding.offer();
    }
    if (other || waits()) await renew();
  } catch (error) {
    if (waits()) fail(error, tryAgain);
  }
}

const tryAgain = () => greetAgain({ waiting: true });

async function begin() {
  $("options").open = matchMedia("(min-width: 48.01rem)").matches; // phones show hits sooner
  onLocked(unlocked);
  onChanged(renew);
  for (const part of [paper, adding, options, reconstructing]) part.listen();
  results.listen(greetAgain, tryAgain);
  $("opened").addEventListener("close", () => { remember(); opened.close(); });
  window.addEventListener("popstate", () => (known ? restore() : start()));
  window.addEventListener("focus", () => (known ? greetAgain() : start()));
  await start();
}

begin();
