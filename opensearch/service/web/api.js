// What the page asks of the service. Every failure is an Error in the service's own words.

export class Failed extends Error {
  constructor(failure) {
    super(failure.message);
    this.status = failure.status;
    this.kind = failure.kind;
  }
}

let unlock = null; // asks for the token; resolves once it was right

export function onLocked(ask) {
  unlock = ask;
}

async function ask(path, options = {}) {
  for (;;) {
    const response = await fetch(path, { ...options, credentials: "same-origin" });
    if (response.ok) return response;
    let failure = { message: `the service answered ${response.status}`, status: response.status };
    try {
      failure = (await response.json()).error ?? failure;
    } catch {
      // no JSON: what stands above will do
    }
    if (failure.kind !== "TokenWanted" || !unlock) throw new Failed(failure);
    await unlock();
  }
}

export const json = async (path, options) => (await ask(path, options)).json();

export const bytes = async (path, options) => (await ask(path, options)).arrayBuffer();

export const post = (path, body, options = {}) =>
  ask(path, { ...options, method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) });

// Search by a request that `request` of query.js made.
export async function search({ query, files }, signal) {
  if (!files.length) return (await post("/v1/search", query, { signal })).json();
  const form = new FormData();
  for (const file of files) form.append("file", file.blob, file.name);
  form.append("query", JSON.stringify(query));
  return json("/v1/search/files", { method: "POST", body: form, signal });
}

// A 3D model of a drawing or a file, as a blob of binary glTF.
export async function model({ kind, blob, name }) {
  const form = new FormData();
  form.append("file", blob, name);
  if (kind === "drawing") form.append("source", "sketch");
  return (await ask("/v1/reconstruct", { method: "POST", body: form })).blob();
}

export const thumbnail = (id) => `/v1/items/${id}/thumbnail`;
