// Words and files that join the query: written, chosen, dropped or pasted.

import { json } from "./api.js";
import { $, make } from "./elements.js";
import { changed, state } from "./state.js";

const OFFERED = 10; // categories of the index to begin with

let completing = 0; // counts what was typed, so that what comes late is dropped

function addWords(text) {
  state.parts.push({ kind: "words", text, weight: 1 });
  changed();
}

function addFiles(files) {
  for (const blob of files) {
    const seen = blob.type.startsWith("image/") && blob.type !== "image/svg+xml" ? URL.createObjectURL(blob) : null;
    state.parts.push({ kind: "file", blob, name: blob.name || "pasted.png", weight: 1, seen });
  }
  if (files.length) changed();
}

// Offers categories that the index holds, as words to begin with.
export function offer() {
  const category = state.info.fields?.find((field) => field.name === "category");
  $("welcome-words-title").hidden = !category;
  $("welcome-words").replaceChildren(...(category?.values ?? []).slice(0, OFFERED).map(({ value }) =>
    make("button", { type: "button", on: { click: () => addWords(String(value).replaceAll(/[_-]/g, " ")) } }, String(value))));
}

async function complete() {
  const mine = ++completing;
  const prefix = $("words").value.trim();
  if (!prefix) return;
  const { words } = await json(`/v1/words?limit=12&prefix=${encodeURIComponent(prefix)}`).catch(() => ({ words: [] }));
  if (mine === completing) $("known-words").replaceChildren(...words.map((word) => make("option", { value: word })));
}

function submit(event) {
  event.preventDefault();
  const text = $("words").value.trim();
  if (!text) return;
  $("words").value = "";
  addWords(text);
}

export function listen() {
  $("words-form").addEventListener("submit", submit);
  $("words").addEventListener("input", complete);
  $("file").addEventListener("change", (event) => { addFiles([...event.target.files]); event.target.value = ""; });
  document.addEventListener("paste", (event) => addFiles([...event.clipboardData.files]));
  document.addEventListener("dragover", (event) => { event.preventDefault(); document.body.classList.add("dropping"); });
  document.addEventListener("dragleave", (event) => { if (!event.relatedTarget) document.body.classList.remove("dropping"); });
  document.addEventListener("drop", (event) => {
    event.preventDefault();
    document.body.classList.remove("dropping");
    addFiles([...event.dataTransfer.files]);
  });
}
