"""A glTF file taken apart: its tree of properties and its binary chunk.

Source:
    Khronos glTF 2.0, sections 3.2 (asset), 3.12 (extensions) and 4.4 (binary container).
"""

from __future__ import annotations

import json
import struct
from typing import Any, Final, NamedTuple, TypeAlias, TypeGuard

from opensearch.errors import UnreadableFile

Properties: TypeAlias = dict[str, Any]
"""One JSON object of the file, its values not yet checked."""

_MAGIC = b"glTF"
_JSON_CHUNK, _BINARY_CHUNK = 0x4E4F534A, 0x004E4942

READ_EXTENSIONS: Final = frozenset(
    {
        "EXT_mesh_gpu_instancing",
        "EXT_meshopt_compression",
        "KHR_draco_mesh_compression",
        "KHR_mesh_quantization",
        "KHR_meshopt_compression",
        "KHR_node_visibility",
    }
)
"""Extensions that change geometry, and that these modules read."""

_HARMLESS = (
    *("ADOBE_materials_", "EXT_lights_", "EXT_materials_", "EXT_texture_", "FB_materials_"),
    *(
        "GOOGLE_texture_",
        "KHR_lights_",
        "KHR_materials_",
        "KHR_technique_",
        "KHR_techniques_",
        "KHR_texture_",
    ),
    *("MSFT_texture_", "MSFT_packing_", "NV_materials_", "PTC_materials_"),
    *("3DTILES_", "AGI_", "CESIUM_", "KHR_xmp", "VRMC_", "KHR_audio", "KHR_physics_"),
)
_HARMLESS_NAMES = frozenset(
    {
        *("EXT_feature_metadata", "EXT_instance_features", "EXT_mesh_features"),
        *("EXT_mesh_manifold", "EXT_structural_metadata", "FB_geometry_metadata"),
        *("FB_ngon_encoding", "GODOT_single_root", "KHR_animation_pointer"),
        *("KHR_implicit_shapes", "KHR_interactivity", "KHR_node_hoverability"),
        *("KHR_node_selectability", "MSFT_lod", "VRM"),
    }
)


class Document(NamedTuple):
    """The tree of a file's properties and what its binary chunk holds, if it has one."""

    tree: Properties
    chunk: memoryview | None


def parse(data: bytes) -> Document:
    """Split a .gltf or .glb, whichever its first bytes say it is.

    Raises:
        UnreadableFile: not glTF 2, cut short, or in need of an extension that is not read.
    """
    text, chunk = _chunks(data) if data[:4] == _MAGIC else (memoryview(data), None)
    try:
        tree = json.loads(str(text, "utf-8-sig"))
    except (ValueError, RecursionError) as error:
        raise UnreadableFile(f"is not a glTF: its JSON is damaged ({error})") from error
    if not isinstance(tree, dict):
        raise UnreadableFile("is not a glTF: its JSON is not an object")
    _check_version(tree)
    _check_extensions(tree)
    return Document(tree, chunk)


def entries(tree: Properties, name: str) -> list[Properties]:
    """The list of objects called `name`, empty when it is not there.

    Raises:
        UnreadableFile: it is there and is anything else.
    """
    found = tree.get(name, [])
    if not isinstance(found, list) or not all(isinstance(entry, dict) for entry in found):
        raise UnreadableFile(f"has {name!r} that are no list of objects")
    return found


def entry(tree: Properties, name: str, index: Any) -> Properties:
    """The object at `index` of the list called `name`.

    Raises:
        UnreadableFile: there is none.
    """
    # Of a long list only this entry is looked at: files name entries many thousand times.
    found = tree.get(name, [])
    if not isinstance(found, list):
        raise UnreadableFile(f"has {name!r} that are no list of objects")
    if not is_count(index) or index >= len(found):
        raise UnreadableFile(f"names {name} {index!r}, but has only {len(found)}")
    wanted = found[index]
    if not isinstance(wanted, dict):
        raise UnreadableFile(f"has {name!r} that are no list of objects")
    return wanted


def whole(owner: Properties, name: str, default: int | None = None) -> int:
    """The integer from 0 up called `name`.

    Raises:
        UnreadableFile: it is anything else, or missing without a `default`.
    """
    value = owner.get(name, default)
    if not is_count(value):
        raise UnreadableFile(f"has {name!r} = {value!r} where an integer from 0 up belongs")
    return value


def is_count(value: Any) -> TypeGuard[int]:
    """Whether a JSON value is an integer from 0 up."""
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def extension(owner: Properties, name: str) -> Properties | None:
    """What an extension says of an object, None when it says nothing.

    Raises:
        UnreadableFile: it says something that is no object.
    """
    found = owner.get("extensions", {})
    said = found.get(name) if isinstance(found, dict) else found
    if said is None or isinstance(said, dict):
        return said
    raise UnreadableFile(f"has a damaged extension {name}")


def _chunks(data: bytes) -> tuple[memoryview, memoryview | None]:
    """The JSON chunk and the binary chunk of a .glb; chunks of other kinds are passed over."""
    if len(data) < 20:
        raise UnreadableFile("is cut short: a binary glTF has a header of 20 bytes")
    version, length, json_length, kind = struct.unpack_from("<IIII", data, 4)
    if version == 1:
        raise UnreadableFile(_OLD)
    if version != 2:
        raise UnreadableFile(f"is binary glTF {version}; this reader takes version 2")
    if length > len(data):
        raise UnreadableFile(
            f"is cut short: its header promises {length:,} bytes, it holds {len(data):,}"
        )
    if kind != _JSON_CHUNK or 20 + json_length > length:
        raise UnreadableFile("has a damaged header: it does not begin with a whole JSON chunk")
    whole_file = memoryview(data)[:length]
    at, chunk = 20 + json_length, None
    while at + 8 <= length and chunk is None:
        size, kind = struct.unpack_from("<II", data, at)
        if at + 8 + size > length:
            raise UnreadableFile(
                f"is cut short: a chunk promises {size:,} bytes, {length - at - 8:,} are left"
            )
        if kind == _BINARY_CHUNK:
            chunk = whole_file[at + 8 : at + 8 + size]
        at += 8 + size
    return whole_file[20 : 20 + json_length], chunk


_OLD = "is glTF 1.0, which is not read; convert it to glTF 2.0"


def _check_version(tree: Properties) -> None:
    asset = tree.get("asset")
    about = asset if isinstance(asset, dict) else {}
    version = str(about.get("version", ""))
    # Version 1 kept its meshes by name, and did not have to say that it is version 1.
    if version.split(".")[0] == "1" or isinstance(tree.get("meshes"), dict):
        raise UnreadableFile(_OLD)
    wanted = str(about.get("minVersion", version or "2.0"))
    if wanted.split(".")[0] != "2":
        raise UnreadableFile(f"is glTF {wanted}; this reader takes version 2")
    if not asset and "meshes" not in tree:
        raise UnreadableFile("is not a glTF: it has neither 'asset' nor 'meshes'")


def _check_extensions(tree: Properties) -> None:
    required = tree.get("extensionsRequired", [])
    if not isinstance(required, list):
        raise UnreadableFile("has 'extensionsRequired' that are no list")
    for name in required:
        known = name in READ_EXTENSIONS or name in _HARMLESS_NAMES
        if not known and not str(name).startswith(_HARMLESS):
            raise UnreadableFile(f"needs the glTF extension {name}, which is not read")
