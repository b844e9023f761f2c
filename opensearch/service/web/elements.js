// Making elements. Texts are set as texts, never as markup.

export const $ = (id) => document.getElementById(id);

export function make(tag, { on = {}, data = {}, ...fields } = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(fields)) {
    if (name in element && !name.startsWith("aria")) element[name] = value;
    else element.setAttribute(name, value);
  }
  Object.assign(element.dataset, data);
  for (const [name, heard] of Object.entries(on)) element.addEventListener(name, heard);
  element.append(...children.filter((child) => child !== null));
  return element;
}

// A picture; where there is none, its name in its place.
export function picture(src, alt, fields = {}) {
  return make("img", {
    src, alt, loading: "lazy", decoding: "async", width: 192, height: 192, ...fields,
    on: { error: (event) => event.target.replaceWith(make("span", { className: "blank" }, "no picture")) },
  });
}
