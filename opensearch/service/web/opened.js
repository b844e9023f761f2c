// A hit opened: its picture, or the shape to turn; its path, its metadata, what is nearly the same.

import { bytes, json, thumbnail } from "./api.js";
import { $, make, picture } from "./elements.js";
import { entry, grid } from "./hits.js";
import { mesh, view } from "./viewer.js";

let shown = 0; // counts what was opened, so that what comes late is dropped
let shape = null;

export async function open(item, actions) {
  const mine = ++shown;
  const still = () => mine === shown;
  release();
  $("opened-title").textContent = item.key;
  $("opened-picture").replaceChildren(picture(thumbnail(item.id), item.key, { loading: "eager" }));
  $("opened-actions").replaceChildren(...buttons(item, actions));
  $("near").replaceChildren();
  $("copies").replaceChildren();
  $("copies-title").hidden = true;
  facts(item);
  if (!$("opened").open) $("opened").showModal();
  const [record, near] = await Promise.all([
    json(`/v1/items/${item.id}`), json(`/v1/items/${item.id}/near`).catch(() => ({ hits: [] })),
  ]);
  if (!still()) return;
  facts(record);
  const list = grid("Items that are nearly the same");
  list.append(...near.hits.map((hit) => entry(hit, { open: actions.open })));
  $("near-title").hidden = !near.hits.length;
  $("near").replaceChildren(...(near.hits.length ? [list] : []));
  if (record.original) await larger(record, still);
}

// A 3D model made of a drawing, in the place of a hit.
export function openModel(file, { triangles, told }) {
  shown++;
  release();
  $("opened-title").textContent = "A 3D model of your drawing";
  const canvas = make("canvas", {
    tabIndex: 0, role: "img", id: "shape",
    "aria-label": "The model in 3D. Drag or use the arrow keys to turn it, + and - to come nearer.",
  });
  $("opened-picture").replaceChildren(canvas);
  $("opened-actions").replaceChildren(make("a", { href: URL.createObjectURL(file), download: "model.glb" }, "Save it (.glb)"));
  const used = told.mode === "nearest" ? told.retrieved.slice(0, 1) : told.retrieved;
  rows({
    "made of": used.map((each) => each.key).join(", "), "how": told.mode,
    [told.confidence_kind ?? "confidence"]: told.confidence, "remarks": told.notes.join("; "),
  });
  $("near-title").hidden = true;
  $("near").replaceChildren();
  if (!$("opened").open) $("opened").showModal();
  shape = view(canvas, triangles);
  if (!shape) $("opened-picture").replaceChildren("This browser shows no 3D; save the model to look at it.");
}

export function close() {
  shown++;
  release();
  if ($("opened").open) $("opened").close();
}

function release() {
  shape?.release();
  shape = null;
}

function buttons(item, actions) {
  const button = (text, act) => make("button", { type: "button", on: { click: act } }, text);
  return [
    button("+ More like this", () => actions.more(item)), button("− Less like this", () => actions.less(item)),
    button("Find its copies", () => copies(item, actions)),
    ...(item.path ? [button("Copy its path", (event) => copy(item.path, event.target))] : []),
  ];
}

// Other files of the same picture or shape: looked for when asked, since all items are compared.
async function copies(item, actions) {
  const mine = shown;
  const tell = (...what) => { if (mine === shown) $("copies").replaceChildren(...what); };
  $("copies-title").hidden = false;
  tell("Looking…");
  try {
    const { hits, notes } = await json(`/v1/items/${item.id}/copies`);
    const list = grid("Copies");
    list.append(...hits.map((hit) => entry(hit, { open: actions.open })));
    tell(hits.length ? list : "No copy of it was found.", ...notes.slice(1).map((note) => make("p", { className: "key" }, note)));
  } catch (error) {
    tell(error.message);
  }
}

async function copy(text, button) {
  try {
    await navigator.clipboard.writeText(text);
    button.textContent = "Copied";
  } catch {
    button.textContent = "Select it below";
  }
}

function facts(item) {
  rows({ domain: item.domain, category: item.category, path: item.path, score: item.score, distance: item.distance, ...item.metadata });
}

function rows(told) {
  $("opened-facts").replaceChildren(...Object.entries(told)
    .filter(([, value]) => value !== null && value !== undefined && value !== "")
    .map(([name, value]) => make("div", {}, make("dt", {}, name), make("dd", {}, String(value)))));
}

// In place of the thumbnail: the original picture, the shape in 3D, or what its encoder sees.
async function larger(item, still) {
  const file = `/v1/items/${item.id}/file`;
  try {
    const views = json(`/v1/items/${item.id}/views`);
    if ((await views).up === null) {
      if (still()) $("opened-picture").replaceChildren(await original(file, item));
      return;
    }
    if (still()) turntable(item, await views);
    const triangles = mesh(await bytes(`/v1/items/${item.id}/mesh`));
    if (!still()) return;
    const canvas = make("canvas", {
      tabIndex: 0, role: "img", id: "shape",
      "aria-label": `${item.key} in 3D. Drag or use the arrow keys to turn it, + and - to come nearer.`,
    });
    const before = [...$("opened-picture").children];
    $("opened-picture").replaceChildren(canvas);
    shape = view(canvas, triangles);
    if (!shape) $("opened-picture").replaceChildren(...before);
  } catch {
    // the thumbnail stays
  }
}

async function original(file, item) {
  const response = await fetch(file);
  if (!response.headers.get("content-type")?.startsWith("image/")) return picture(`/v1/items/${item.id}/views/0`, item.key);
  return make("img", { src: URL.createObjectURL(await response.blob()), alt: item.key });
}

// Views of a shape, turned by a slider: while the triangles load, and where there is no WebGL.
function turntable(item, { count }) {
  const image = make("img", { src: `/v1/items/${item.id}/views/0`, alt: `${item.key}, view 1 of ${count}` });
  const slider = make("input", {
    type: "range", min: "0", max: String(count - 1), value: "0", "aria-label": "Turn it",
    on: { input: (event) => {
      const at = Number(event.target.value);
      image.src = `/v1/items/${item.id}/views/${at}`;
      image.alt = `${item.key}, view ${at + 1} of ${count}`;
    } },
  });
  $("opened-picture").replaceChildren(image, slider);
}
