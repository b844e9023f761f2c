// The grid of hits: mixed or by kind, going on as one scrolls.

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
    make("p", {}, make("strong", {}, title), make("br"), `${scored(hit)} · distance ${hit.distance}`),
    make("p", { className: "key" }, hit.key),
    on.more ? make("div", { className: "likes" }, like("+ like this", "More", on.more), like("− unlike", "Less", on.less)) : null);
}
