// What is asked, apart from any page: parts and settings, as a request and as an address.
//
// A part is {kind, weight, ...}: `drawing` and `file` with {blob, name}, `words` with {text}, `item`
// with {key}. Settings are {targets, layout, where, chosen, least}; `chosen` holds values by field,
// `least` is the least score of a hit, null for any.

export const PAGE = 24;
const IN_VIEW = 18; // hits whose thumbnails come with the answer: about as many as a screen shows

export const settings = () => ({ targets: [], layout: "mixed", where: "", chosen: {}, least: null });

// A value as `where` reads it, in whichever quotation marks it does not hold itself.
export function quoted(value) {
  const text = String(value);
  return text.includes('"') ? `'${text.replaceAll("'", "")}'` : `"${text}"`;
}

export function filter({ where, chosen }) {
  const terms = Object.entries(chosen)
    .filter(([, values]) => values.length)
    .map(([field, values]) => `${quoted(field)} in (${values.map(quoted).join(", ")})`);
  if (where.trim()) terms.push(terms.length ? `(${where.trim()})` : where.trim());
  return terms.join(" and ");
}

export const asks = (parts) => parts.some((part) => part.weight > 0);

// The body of a search, and the files that it names in their order.
export function request(parts, { targets, ...rest }, { offset = 0, k = PAGE } = {}) {
  const files = [];
  const said = parts.filter((part) => part.weight !== 0).map((part) => {
    const weight = part.weight;
    if (part.kind === "words") return { kind: "words", text: part.text, weight };
    if (part.kind === "item") return { kind: "item", key: part.key, weight };
    files.push(part);
    const domain = part.kind === "drawing" ? { domain: "sketch" } : {};
    return { kind: "file", file: files.length - 1, weight, ...domain };
  });
  const where = filter(rest);
  const least = rest.least === null ? {} : { min_score: rest.least };
  const thumbnails = offset ? 0 : Math.min(k, IN_VIEW);
  return { files, query: { parts: said, targets, k, offset, thumbnails, ...(where && { where }), ...least } };
}

const ending = (value, weight) => (weight === 1 ? value : `${value}~${weight}`);

function ended(text) {
  const found = /^(.*)~(-?\d+(?:\.\d+)?)$/s.exec(text);
  const weight = found ? Number(found[2]) : 1;
  return weight && Math.abs(weight) <= 100 ? [found ? found[1] : text, weight] : [text, 1];
}

// The address of a query; files and drawings cannot stand in one.
export function address(parts, { targets, layout, where, chosen, least }, opened = null) {
  const terms = new URLSearchParams();
  for (const part of parts) {
    if (part.kind === "words") terms.append("words", ending(part.text, part.weight));
    if (part.kind === "item") terms.append("item", ending(part.key, part.weight));
  }
  for (const target of targets) terms.append("to", target);
  if (layout !== "mixed") terms.set("layout", layout);
  if (where.trim()) terms.set("where", where.trim());
  if (least !== null) terms.set("least", least);
  for (const [field, values] of Object.entries(chosen)) {
    for (const value of values) terms.append("is", JSON.stringify([field, value]));
  }
  if (opened !== null) terms.set("open", opened);
  const text = terms.toString();
  return text ? `?${text}` : "/";
}

// What an address says; whatever is wrong in it is passed over.
export function parsed(text) {
  const terms = new URLSearchParams(text);
  const found = { parts: [], settings: settings(), opened: terms.get("open") };
  for (const [name, value] of terms) {
    if (name === "words" || name === "item") {
      const [said, weight] = ended(value);
      if (said) found.parts.push({ kind: name, [name === "words" ? "text" : "key"]: said, weight });
    }
    if (name === "to") found.settings.targets.push(value);
    if (name === "layout" && value === "apart") found.settings.layout = value;
    if (name === "where") found.settings.where = value;
    if (name === "least") found.settings.least = score(value);
    if (name === "is") choose(found.settings.chosen, value);
  }
  return found;
}

// A least score as it is written, null for none and for what is no score.
export function score(text) {
  const number = text.trim() === "" ? NaN : Number(text);
  return Math.abs(number) <= 1 ? number : null;
}

function choose(chosen, text) {
  try {
    const [field, value] = JSON.parse(text);
    if (typeof field === "string" && value !== undefined) (chosen[field] ??= []).push(value);
  } catch {
    // somebody's own address
  }
}
