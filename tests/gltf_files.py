"""A small writer of glTF files for tests: arrays become accessors, the tree is left to the test."""

import base64
import json
import struct

import numpy as np

COMPONENTS = {"i1": 5120, "u1": 5121, "i2": 5122, "u2": 5123, "u4": 5125, "f4": 5126}
WIDTHS = {1: "SCALAR", 3: "VEC3", 4: "VEC4", 16: "MAT4"}

CORNERS = np.array([(x, y, z) for x in (0, 1) for y in (0, 2) for z in (0, 3)], np.float32)
"""A box of 1 × 2 × 3 from the origin."""
FACES = np.array(
    [
        *([0, 1, 3], [0, 3, 2], [4, 6, 7], [4, 7, 5], [0, 4, 5], [0, 5, 1]),
        *([2, 3, 7], [2, 7, 6], [0, 2, 6], [0, 6, 4], [1, 5, 7], [1, 7, 3]),
    ],
    np.uint16,
)


class Model:
    """A tree of glTF properties and the bytes of its one buffer."""

    def __init__(self, **tree):
        self.tree = {
            "asset": {"version": "2.0"},
            "scene": 0,
            "scenes": [{"nodes": [0]}],
            "nodes": [{"mesh": 0}],
            "meshes": [],
            "accessors": [],
            "bufferViews": [],
            **tree,
        }
        self.data = b""

    def view(self, data, **more):
        """The number of a new buffer view that holds `data`."""
        self.data += bytes(-len(self.data) % 8)
        place = {"buffer": 0, "byteOffset": len(self.data), "byteLength": len(data)}
        self.tree["bufferViews"].append({**place, **more})
        self.data += data
        return len(self.tree["bufferViews"]) - 1

    def accessor(self, rows, view=None, **more):
        """The number of a new accessor of `rows`, shape (n,) or (n, width)."""
        rows = np.asarray(rows)
        width = rows.shape[1] if rows.ndim == 2 else 1
        kind = {"componentType": COMPONENTS[rows.dtype.str[1:]], "type": WIDTHS[width]}
        view = self.view(rows.tobytes()) if view is None else view
        self.tree["accessors"].append({"bufferView": view, "count": len(rows), **kind, **more})
        return len(self.tree["accessors"]) - 1

    def mesh(self, *primitives, **more):
        """The number of a new mesh."""
        self.tree["meshes"].append({"primitives": list(primitives), **more})
        return len(self.tree["meshes"]) - 1

    def box(self, **attributes):
        """A primitive of the box."""
        positions = self.accessor(CORNERS)
        return {
            "attributes": {"POSITION": positions, **attributes},
            "indices": self.accessor(FACES.ravel()),
        }

    def glb(self):
        """The model as a .glb."""
        tree = {**self.tree, "buffers": [{"byteLength": len(self.data)}, *self.spare()]}
        text = json.dumps(tree).encode()
        text += b" " * (-len(text) % 4)
        body = self.data + bytes(-len(self.data) % 4)
        chunks = struct.pack("<I4s", len(text), b"JSON") + text
        chunks += struct.pack("<I4s", len(body), b"BIN\0") + body
        return struct.pack("<4sII", b"glTF", 2, 12 + len(chunks)) + chunks

    def gltf(self, uri=None):
        """The model as a .gltf, its buffer named `uri` or written into it."""
        held = "data:application/octet-stream;base64," + base64.b64encode(self.data).decode()
        buffer = {"byteLength": len(self.data), "uri": held if uri is None else uri}
        return json.dumps({**self.tree, "buffers": [buffer, *self.spare()]}).encode()

    def spare(self):
        """Further buffers, which packed views fall back to."""
        return self.tree.get("buffers", [])


def box_model(**tree):
    """A model of the box alone."""
    model = Model(**tree)
    model.mesh(model.box())
    return model
