// A hit as it is shown: its picture, its numbers in words, and what can be done with it.

import { thumbnail } from "./api.js";
import { make, picture } from "./elements.js";

export function grid(label) {
  return make("ol", { className: "hits", role: "list", "aria-label": label });
}

// A score in words: how likely it is that the hit is what was asked for, where that is known.
export function scored({ score, score_kind: kind }) {
  if (score === null) return "no score";
  return kind === "probability" ? `${Math.round(100 * score)} % likely` : `score ${score.toFixed(2)}`;
}

// Pictures of the hits that are shown: one that stays is shown again as it is, decoded already.
const shown = new Map();

function seen({ id, thumbnail: sent }) {
  const kept = shown.get(id);
  const image = kept ?? picture(sent ?? thumbnail(id), "", { loading: sent ? "eager" : "lazy" });
  shown.set(id, image);
  return image;
}

// Forget the pictures that are not shown any more.
export function forget() {
  for (const [id, image] of shown) if (!image.isConnected) shown.delete(id);
}

// What the numbers of hits say, in words; `bits` of the index's codes.
export function explained(kind, bits) {
  const score = {
    probability: "“80 % likely” means that of ten hits with such a score, eight were right, in trials half of which asked for things that were not there. Below 50 % a hit is more likely wrong than right.",
    cosine: "The score is 1 for what means the same to the model and about 0 for what has nothing to do with it. Only scores of one query can be compared.",
    asymmetric: "The score is 1 where every bit of an item's code agrees with the query as clearly as can be, and 0 where half of them do. Only scores of one query can be compared.",
    likeness: "The score is 1 for the same picture or shape.",
  }[kind] ?? "There is no score here: hits are in order of their distance.";
  return `${score} The distance is how many of ${bits} bits of their codes differ: hits are found by the distance and put in order by the score.`;
}

// How likely a hit is, as a bar; only to look at, since the words say it.
function bar({ score, score_kind: kind }) {
  if (kind !== "probability") return null;
  const meter = make("span", { className: "bar", "aria-hidden": "true" }, make("span"));
  meter.firstChild.style.width = `${Math.round(100 * score)}%`;
  return meter;
}

// One hit; `on` has open, more and less, each called with it.
export function entry(hit, on) {
  const title = hit.category ? `${hit.domain} · ${hit.category}` : hit.domain;
  const look = make("button", {
    type: "button", className: "look", "aria-label": `Open ${hit.key}, ${title}, hit ${hit.rank}`,
    on: { click: () => on.open(hit) },
  }, on.more ? seen(hit) : picture(thumbnail(hit.id), ""));
  const like = (text, label, act) => make("button", {
    type: "button", "aria-label": `${label} like ${hit.key}`, on: { click: () => act(hit) },
  }, text);
  return make("li", { data: { id: hit.id } },
    look,
    make("p", {}, make("strong", {}, title)),
    make("p", { className: "score" }, scored(hit), make("span", { className: "key" }, `distance ${hit.distance}`)),
    bar(hit),
    make("p", { className: "key file-name", title: hit.key }, hit.key.split("/").at(-1)),
    on.more ? make("div", { className: "likes" }, like("+ more", "More", on.more), like("− less", "Less", on.less)) : null);
}
