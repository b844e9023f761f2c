// The answers: searched for whenever something else is asked, and more of them as one scrolls.

import { actions } from "./actions.js";
import { SILENT, search } from "./api.js";
import { $, make } from "./elements.js";
import { entry, explained, forget, grid } from "./hits.js";
import * as options from "./options.js";
import { PAGE, asks, request } from "./query.js";
import { changed, state } from "./state.js";
import { fail, remark, say } from "./status.js";

let asking = null; // the AbortController of the newest search: older answers are dropped
let pages = []; // of each list shown: {domain, list, offset, more}
let greetAgain = () => {}; // asks the service which index it is, and searches anew if it is another
let tryAgain = () => {}; // searches anew in any case

export const newest = () => asking;

export async function renew() {
  asking?.abort();
  if (!asks(state.parts)) {
    nothing();
    return;
  }
  const mine = (asking = new AbortController());
  say("Searching…");
  const start = performance.now();
  try {
    const domains = state.settings.layout === "apart" ? shownDomains() : [null];
    const answers = await Promise.all(domains.map((domain) => search(asked(domain, 0), mine.signal)));
    if (asking !== mine) return;
    show(domains, answers);
    told(answers, performance.now() - start);
    $("results").dataset.answered = String(Number($("results").dataset.answered ?? 0) + 1);
  } catch (error) {
    if (error.name !== "AbortError" && asking === mine) failed(error);
  }
}

// The hits of what was asked before go; a filter that cannot be read can be dropped.
function failed(error) {
  clear();
  tell(error);
  if (error.kind !== SILENT) {
    $("ways-out").append(...waysOut());
    greetAgain(); // a place that is unknown: another index may be served here by now
  }
}

// What the service refused, it would refuse again.
const tell = (error) => fail(error, error.kind === SILENT ? tryAgain : null);

function clear() {
  pages = [];
  $("found").replaceChildren();
  beside([]);
}

function nothing() {
  asking = null;
  clear();
  say(state.parts.length ? "Everything is set to “away”; add something to look for." : "");
  remark([]);
}

function shownDomains() {
  const { targets } = state.settings;
  return targets.length ? targets : Object.keys(state.info.items).filter((name) => state.info.items[name]);
}

function asked(domain, offset) {
  const targets = domain === null ? state.settings.targets : [domain];
  return request(state.parts, { ...state.settings, targets }, { offset });
}

const items = (answer) => answer.hits.map((hit) => entry(hit, actions));

function show(domains, answers) {
  pages = answers.map((answer, at) => {
    const list = grid(domains[at] ?? "Hits");
    list.append(...items(answer));
    return { domain: domains[at], offset: PAGE, more: answer.more, list, loading: false };
  });
  $("found").replaceChildren(...pages.flatMap(section));
  forget();
}

function section(page) {
  page.button = make("button", { type: "button", hidden: !page.more, on: { click: () => goOn(page) } }, "More");
  const title = page.domain === null ? [] : [make("h3", {}, page.domain)];
  return [...title, page.list, page.button];
}

async function goOn(page) {
  const mine = asking;
  if (page.loading || !page.more || !mine) return;
  page.loading = true;
  try {
    const answer = await search(asked(page.domain, page.offset), mine.signal);
    if (asking !== mine) return;
    page.list.append(...items(answer));
    page.offset += PAGE;
    page.more = answer.more;
    page.button.hidden = !page.more;
  } catch (error) {
    if (error.name !== "AbortError" && asking === mine) tell(error);
  } finally {
    page.loading = false;
  }
}

// One list goes on by itself; of several, each has its button.
export function listen(greet, again) {
  [greetAgain, tryAgain] = [greet, again];
  const seen = ([end]) => { if (end.isIntersecting && pages.length === 1) goOn(pages[0]); };
  new IntersectionObserver(seen, { rootMargin: "600px" }).observe($("end"));
}

function told(answers, milliseconds) {
  const hits = answers.reduce((sum, answer) => sum + answer.hits.length, 0);
  const notes = [...new Set(answers.flatMap((answer) => answer.notes))];
  const more = answers.some((answer) => answer.more) ? " or more" : "";
  beside(answers);
  if (hits) say(`${hits}${more} ${hits === 1 ? "hit" : "hits"} in ${Math.round(milliseconds)} ms`);
  else say(notes.length ? "Nothing found." : "Nothing found: no item passes. Loosen the filters, or look in more places.");
  remark(notes);
}

// What stands beside the hits: what to begin with, what the numbers say, ways out of finding nothing.
function beside(answers) {
  const hits = answers.flatMap((answer) => answer.hits);
  $("welcome").hidden = state.parts.length > 0;
  $("jump").hidden = !hits.length;
  $("jump").textContent = `See ${hits.length} hits ↓`;
  $("meaning").hidden = !hits.length;
  if (hits.length) $("meaning-text").textContent = explained(hits[0].score_kind, state.info.bits);
  $("ways-out").replaceChildren(...(hits.length || !answers.length ? [] : waysOut()));
}

function waysOut() {
  const { settings } = state;
  const out = (text, dropped) => make("button", {
    type: "button", on: { click: () => { Object.assign(state.settings, dropped); options.show(); changed(); } },
  }, text);
  const filtered = settings.where || settings.least !== null || Object.values(settings.chosen).some((values) => values.length);
  return [
    filtered ? out("Drop the filters", { where: "", least: null, chosen: {} }) : null,
    settings.targets.length ? out("Look everywhere", { targets: [] }) : null,
  ].filter(Boolean);
}
