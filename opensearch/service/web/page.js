// The page: what is asked, when it is asked, and where the answers go.

import { json, model, onLocked, post, search, thumbnail } from "./api.js";
import { Pad } from "./drawing.js";
import { $, make } from "./elements.js";
import * as filters from "./filters.js";
import { glb } from "./glb.js";
import { entry, explained, forget, grid } from "./hits.js";
import * as opened from "./opened.js";
import { PAGE, address, asks, parsed, request, score } from "./query.js";
import * as tray from "./tray.js";

const WHILE_DRAWING = 250; // milliseconds between searches of an unfinished stroke

let parts = [];
let settings = {};
let info = { items: {} };
let asking = null; // the AbortController of the newest search: older answers are dropped
let pages = []; // of each list shown: {domain, list, offset, more}
let drawn = 0;

// Searching

async function renew() {
  asking?.abort();
  if (!asks(parts)) {
    asking = null;
    pages = [];
    $("found").replaceChildren();
    say(parts.length ? "Everything moves away; add something to look for." : "");
    remark([]);
    beside([]);
    return;
  }
  const mine = (asking = new AbortController());
  say("Searching…");
  const start = performance.now();
  try {
    const domains = settings.layout === "apart" ? shownDomains() : [null];
    const answers = await Promise.all(domains.map((domain) => search(asked(domain, 0), mine.signal)));
    if (asking !== mine) return;
    pages = answers.map((answer, at) => ({ domain: domains[at], offset: PAGE, more: answer.more, list: grid(domains[at] ?? "Hits"), loading: false }));
    pages.forEach((page, at) => page.list.append(...answers[at].hits.map(hitEntry)));
    $("found").replaceChildren(...pages.flatMap(section));
    forget();
    told(answers, performance.now() - start);
    $("results").dataset.answered = String(Number($("results").dataset.answered ?? 0) + 1);
  } catch (error) {
    if (error.name !== "AbortError" && asking === mine) fail(error);
  }
}

const shownDomains = () => (settings.targets.length ? settings.targets : Object.keys(info.items).filter((name) => info.items[name]));

const asked = (domain, offset) => request(parts, { ...settings, targets: domain === null ? settings.targets : [domain] }, { offset });

function section(page) {
  const more = make("button", { type: "button", hidden: !page.more, on: { click: () => goOn(page) } }, "More");
  page.button = more;
  return page.domain === null ? [page.list, more] : [make("h3", {}, page.domain), page.list, more];
}

async function goOn(page) {
  const mine = asking;
  if (page.loading || !page.more || !mine) return;
  page.loading = true;
  try {
    const answer = await search(asked(page.domain, page.offset), mine.signal);
    if (asking !== mine) return;
    page.list.append(...answer.hits.map(hitEntry));
    page.offset += PAGE;
    page.more = answer.more;
    page.button.hidden = !page.more;
  } catch (error) {
    if (error.name !== "AbortError" && asking === mine) fail(error);
  } finally {
    page.loading = false;
  }
}

function told(answers, milliseconds) {
  const hits = answers.reduce((sum, answer) => sum + answer.hits.length, 0);
  const notes = [...new Set(answers.flatMap((answer) => answer.notes))];
  const more = answers.some((answer) => answer.more) ? " or more" : "";
  beside(answers);
  if (hits) say(`${hits}${more} hits in ${Math.round(milliseconds)} ms`);
  else say(notes.length ? "Nothing found." : "Nothing found: no item is left where you look. Loosen the filters, or look in more kinds.");
  remark(notes);
}

// What stands beside the hits: what to begin with, what the numbers say, ways out of finding nothing.
function beside(answers) {
  const hits = answers.flatMap((answer) => answer.hits);
  $("welcome").hidden = parts.length > 0;
  $("jump").hidden = !hits.length;
  $("jump").textContent = `See ${hits.length} hits ↓`;
  $("meaning").hidden = !hits.length;
  if (hits.length) $("meaning-text").textContent = explained(hits[0].score_kind, info.bits);
  const out = (text, drop) => make("button", { type: "button", on: { click: () => { drop(); showSettings(); changed(); } } }, text);
  const filtered = settings.where || settings.least !== null || Object.values(settings.chosen).some((values) => values.length);
  $("ways-out").replaceChildren(...(hits.length || !answers.length ? [] : [
    filtered ? out("Drop the filters", () => Object.assign(settings, { where: "", least: null, chosen: {} })) : null,
    settings.targets.length ? out("Look everywhere", () => { settings.targets = []; }) : null,
  ].filter(Boolean)));
}

function say(text, failed = false) {
  $("status").textContent = text;
  $("status").className = failed ? "failed" : "";
}

const remark = (notes) => $("remarks").replaceChildren(...notes.map((note) => make("li", {}, note)));

function fail(error) {
  say(error.message, true);
  remark([]);
}

// What the query is made of

const hitEntry = (hit) => entry(hit, actions);
const actions = { open: (item) => openItem(item), more: (item) => like(item, 1), less: (item) => like(item, -1) };

function like(item, weight) {
  const same = parts.find((part) => part.kind === "item" && part.key === item.key);
  if (same) same.weight = weight;
  else parts.push({ kind: "item", key: item.key, weight, seen: thumbnail(item.id) });
  if ($("opened").open) opened.close();
  changed();
}

// The query is another now: show it, ask it, and remember it in the address.
function changed(removed = null) {
  if (removed?.kind === "drawing") pad.clear();
  if (removed?.seen?.startsWith("blob:")) URL.revokeObjectURL(removed.seen);
  showTray();
  const place = address(parts, settings);
  if (place !== address(...now())) history.pushState(null, "", place === "/" ? location.pathname : place);
  return renew();
}

function now() {
  const found = parsed(location.search);
  return [found.parts, found.settings, found.opened];
}

function drew(finished) {
  for (const [id, none] of [["undo", !pad.strokes.done.length], ["redo", !pad.strokes.undone.length], ["clear", pad.blank]]) $(id).disabled = none;
  if (!finished && performance.now() - drawn < WHILE_DRAWING) return;
  drawn = performance.now();
  $("draw-here").hidden = !pad.blank;
  const before = parts.find((part) => part.kind === "drawing");
  if (pad.blank) {
    if (before) parts.splice(parts.indexOf(before), 1);
    if (before || finished) changed();
    return;
  }
  const blob = pad.picture();
  const part = before ?? { kind: "drawing", name: "drawing.png", weight: 1 };
  if (!before) parts.push(part);
  if (part.seen) URL.revokeObjectURL(part.seen);
  Object.assign(part, { blob, seen: URL.createObjectURL(blob) });
  changed();
}

function addFiles(files) {
  for (const blob of files) {
    const seen = blob.type.startsWith("image/") && blob.type !== "image/svg+xml" ? URL.createObjectURL(blob) : null;
    parts.push({ kind: "file", blob, name: blob.name || "pasted.png", weight: 1, seen });
  }
  if (files.length) changed();
}

// A 3D model of the drawing, or of the first file

const drawing = () => parts.find((part) => part.blob && part.weight > 0);

function showTray() {
  tray.show(parts, changed);
  $("reconstruct").hidden = !info.reconstructs || !drawing();
}

async function reconstruct() {
  const part = drawing();
  $("reconstruct").disabled = true;
  say("Making a 3D model…");
  try {
    const file = await model(part);
    opened.openModel(file, glb(await file.arrayBuffer()));
    say("");
  } catch (error) {
    fail(error);
  } finally {
    $("reconstruct").disabled = false;
  }
}

// A hit opened, and the address of it

async function openItem(item, remember = true) {
  if (remember) history.pushState(null, "", address(parts, settings, item.key));
  try {
    await opened.open(item, actions);
  } catch (error) {
    fail(error);
  }
}

// Shows what the address says; drawings and files, which it cannot hold, stay.
async function restore() {
  const found = parsed(location.search);
  parts = [...parts.filter((part) => part.blob), ...found.parts];
  settings = found.settings;
  for (const part of parts.filter((each) => each.kind === "item" && !each.seen)) {
    json(`/v1/items?key=${encodeURIComponent(part.key)}`).then((item) => { part.seen = thumbnail(item.id); tray.show(parts, changed); }, () => {});
  }
  for (const radio of document.querySelectorAll("input[name=layout]")) radio.checked = radio.value === settings.layout;
  showSettings();
  showTray();
  const searching = renew();
  if (found.opened === null) opened.close();
  else json(`/v1/items?key=${encodeURIComponent(found.opened)}`).then((item) => openItem(item, false), fail);
  return searching;
}

function showSettings() {
  $("where").value = settings.where;
  $("least").value = settings.least ?? "";
  filters.targets(info.items, settings.targets, (targets) => { settings.targets = targets; changed(); });
  filters.fields(info.fields ?? [], settings.chosen, () => changed());
  const category = info.fields?.find((field) => field.name === "category");
  const begin = (text) => { parts.push({ kind: "words", text, weight: 1 }); changed(); };
  $("welcome-words-title").hidden = !category;
  $("welcome-words").replaceChildren(...(category?.values ?? []).slice(0, 10).map(({ value }) =>
    make("button", { type: "button", on: { click: () => begin(String(value).replaceAll(/[_-]/g, " ")) } }, String(value))));
}

// Listening

const pad = new Pad($("paper"), drew);

function tools() {
  const choose = (erase) => {
    pad.erase = erase;
    $("pencil").setAttribute("aria-pressed", String(!erase));
    $("eraser").setAttribute("aria-pressed", String(erase));
  };
  $("pencil").addEventListener("click", () => choose(false));
  $("eraser").addEventListener("click", () => choose(true));
  for (const name of ["undo", "redo", "clear"]) $(name).addEventListener("click", () => pad[name]());
  $("width").addEventListener("input", (event) => { pad.width = Number(event.target.value); });
  document.addEventListener("keydown", (event) => {
    if (!(event.ctrlKey || event.metaKey) || event.key.toLowerCase() !== "z" || event.target.matches("input, select")) return;
    event.preventDefault();
    if (event.shiftKey) pad.redo();
    else pad.undo();
  });
}

function inputs() {
  $("words-form").addEventListener("submit", (event) => {
    event.preventDefault();
    const text = $("words").value.trim();
    if (!text) return;
    parts.push({ kind: "words", text, weight: 1 });
    $("words").value = "";
    changed();
  });
  $("words").addEventListener("input", complete);
  $("reconstruct").addEventListener("click", reconstruct);
  $("file").addEventListener("change", (event) => { addFiles([...event.target.files]); event.target.value = ""; });
  document.addEventListener("paste", (event) => addFiles([...event.clipboardData.files]));
  document.addEventListener("dragover", (event) => { event.preventDefault(); document.body.classList.add("dropping"); });
  document.addEventListener("dragleave", (event) => { if (!event.relatedTarget) document.body.classList.remove("dropping"); });
  document.addEventListener("drop", (event) => {
    event.preventDefault();
    document.body.classList.remove("dropping");
    addFiles([...event.dataTransfer.files]);
  });
  $("where").addEventListener("change", (event) => { settings.where = event.target.value; changed(); });
  $("least").addEventListener("change", (event) => { settings.least = score(event.target.value); changed(); });
  $("layout").addEventListener("change", (event) => { settings.layout = event.target.value; changed(); });
  $("opened").addEventListener("close", () => { if (parsed(location.search).opened !== null) history.pushState(null, "", address(parts, settings)); opened.close(); });
  window.addEventListener("popstate", restore);
  new IntersectionObserver(([end]) => { if (end.isIntersecting && pages.length === 1) goOn(pages[0]); }, { rootMargin: "600px" }).observe($("end"));
}

let completing = 0;
async function complete() {
  const mine = ++completing;
  const prefix = $("words").value.trim();
  if (!prefix) return;
  const { words } = await json(`/v1/words?limit=12&prefix=${encodeURIComponent(prefix)}`).catch(() => ({ words: [] }));
  if (mine === completing) $("known-words").replaceChildren(...words.map((word) => make("option", { value: word })));
}

// The token is asked for once and kept by the browser as a cookie that no script can read.
let unlocking = null;
onLocked(() => (unlocking ??= new Promise((resolve) => {
  $("locked").showModal();
  $("token-form").addEventListener("submit", async function give(event) {
    event.preventDefault();
    try {
      await post("/v1/session", { token: $("token").value });
    } catch (error) {
      $("token-wrong").textContent = error.message;
      return;
    }
    $("token-form").removeEventListener("submit", give);
    $("locked").close();
    unlocking = null;
    resolve();
  });
})));

async function begin() {
  $("options").open = matchMedia("(min-width: 48.01rem)").matches; // phones show hits sooner
  tools();
  inputs();
  try {
    info = await json("/v1/info");
    $("index-name").textContent = info.name;
    document.title = `${info.name} · opensearch`;
    const total = Object.values(info.items).reduce((sum, count) => sum + count, 0);
    $("holds").textContent = `${total.toLocaleString("en")} items`;
    info.fields = (await json("/v1/fields")).fields;
  } catch (error) {
    fail(error);
  }
  await restore();
}

begin();
