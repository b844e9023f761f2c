// A binary glTF of one triangle mesh, as `/v1/reconstruct` makes it: its triangles, and what is told of them.

import { facets } from "./viewer.js";

const FLOATS = 5126, CORNERS = { 5121: Uint8Array, 5123: Uint16Array, 5125: Uint32Array };

export function glb(buffer) {
  const words = new DataView(buffer);
  if (words.getUint32(0, true) !== 0x46546c67) throw new Error("the service sent no model");
  const length = words.getUint32(12, true);
  const document = JSON.parse(new TextDecoder().decode(new Uint8Array(buffer, 20, length)));
  const data = 20 + length + 8;
  const { attributes, indices } = document.meshes[0].primitives[0];
  const array = (number) => {
    const { bufferView, byteOffset = 0, componentType, count, type } = document.accessors[number];
    const kind = componentType === FLOATS ? Float32Array : CORNERS[componentType];
    const start = data + (document.bufferViews[bufferView].byteOffset ?? 0) + byteOffset;
    return new kind(buffer, start, count * (type === "VEC3" ? 3 : 1));
  };
  return { triangles: facets(array(attributes.POSITION), array(indices)), told: document.asset.extras ?? {} };
}
