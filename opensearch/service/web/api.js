// What the page asks of the service. Every failure is an Error in the service's own words, or says
// that there is no service any more; a search that was given up is an AbortError.

export class Failed extends Error {
  constructor(failure) {
    super(failure.message);
    this.status = failure.status;
    this.kind = failure.kind;
  }
}

export const SILENT = "Silent"; // the kind of a failure where nobody answers

// What fetch, or the body of an answer, gives. It ends in a TypeError where the service is gone, and
// where a file of the form that is sent can no longer be read.
async function reached(asked, form = null) {
  try {
    return await asked;
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    if (form instanceof FormData) await readable(form);
    throw new Failed({ kind: SILENT, message: "the service does not answer; is `opensearch serve` still running?" });
  }
}

async function readable(form) {
  for (const file of [...form.values()].filter((value) => value instanceof Blob)) {
    try {
      await file.slice(0, 1).arrayBuffer();
    } catch {
      throw new Failed({ kind: "FileChanged", message: `${file.name} was changed or removed; choose it again` });
    }
  }
}

let unlock = null; // asks for the token; resolves once it was right

export function onLocked(ask) {
  unlock = ask;
}

async function ask(path, options = {}) {
  for (;;) {
    const response = await reached(fetch(path, { ...options, credentials: "same-origin" }), options.body);
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

export const json = async (path, options) => reached((await ask(path, options)).json());

export const bytes = async (path, options) => reached((await ask(path, options)).arrayBuffer());

export const post = (path, body, options = {}) =>
  ask(path, { ...options, method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) });

// Search by a request that `request` of query.js made.
export async function search({ query, files }, signal) {
  if (!files.length) return reached((await post("/v1/search", query, { signal })).json());
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
  return reached((await ask("/v1/reconstruct", { method: "POST", body: form })).blob());
}

export const thumbnail = (id) => `/v1/items/${id}/thumbnail`;
