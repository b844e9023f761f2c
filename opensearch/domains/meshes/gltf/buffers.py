"""The bytes that a glTF file keeps: its buffers, and the views of them.

Source:
    Khronos glTF 2.0, section 3.6.1; EXT_meshopt_compression.
"""

from __future__ import annotations

import base64
import binascii
import re
from typing import Any, Final
from urllib.parse import unquote_to_bytes

import numpy as np
from numpy.typing import NDArray

from opensearch.domains.limits import check_bytes
from opensearch.domains.meshes.gltf.document import Document, entry, extension, whole
from opensearch.domains.meshes.gltf.meshopt import decode
from opensearch.domains.meshes.triangles import Neighbours
from opensearch.errors import UnreadableFile
from opensearch.limits import Limits

# A scheme, a drive, a host or a root: whatever does not stay in the folder of the file.
_ELSEWHERE = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:|[/\\]")
_MESHOPT: Final = ("EXT_meshopt_compression", "KHR_meshopt_compression")


class Buffers:
    """Buffer views by number, each read and decompressed once.

    A buffer is opened when the first view of it is asked for, so that one that only holds
    pictures or animations may be missing.
    """

    def __init__(self, document: Document, neighbours: Neighbours, limits: Limits) -> None:
        self._document = document
        self._neighbours = neighbours
        self._limits = limits
        self._buffers: dict[int, memoryview] = {}
        self._views: dict[int, NDArray[np.uint8]] = {}
        self._unpacked = 0

    def view(self, index: Any) -> tuple[NDArray[np.uint8], int]:
        """The bytes of a buffer view, and the distance of its elements, 0 where they are packed.

        Raises:
            UnreadableFile: the view or its buffer is missing, damaged or cut short.
            OverLimit: compressed views hold more than `limits.bytes`.
        """
        view = entry(self._document.tree, "bufferViews", index)
        packed = next((said for name in _MESHOPT if (said := extension(view, name))), None)
        if index not in self._views:
            self._views[index] = self._part(view) if packed is None else self._unpack(packed)
        stride = view.get("byteStride") if packed is None else packed.get("byteStride")
        return self._views[index], whole({"byteStride": stride or 0}, "byteStride")

    def _part(self, view: dict[str, Any]) -> NDArray[np.uint8]:
        number = view.get("buffer")
        buffer = self._buffer(number)
        start, length = whole(view, "byteOffset", 0), whole(view, "byteLength")
        if start + length > len(buffer):
            raise UnreadableFile(
                f"is cut short: a view reaches to byte {start + length:,} of buffer {number},"
                f" which holds {len(buffer):,}"
            )
        return np.frombuffer(buffer, np.uint8, length, start)

    def _unpack(self, packed: dict[str, Any]) -> NDArray[np.uint8]:
        self._unpacked += whole(packed, "count") * whole(packed, "byteStride")
        check_bytes(self._unpacked, self._limits)
        return decode(self._part(packed), packed)

    def _buffer(self, index: Any) -> memoryview:
        buffer = entry(self._document.tree, "buffers", index)
        if index not in self._buffers:
            self._buffers[index] = self._read(buffer, index)
        return self._buffers[index]

    def _read(self, buffer: dict[str, Any], index: int) -> memoryview:
        uri, chunk = buffer.get("uri"), self._document.chunk
        if uri is None:
            if index or chunk is None:
                raise UnreadableFile(f"has no data for buffer {index}")
            return chunk
        if not isinstance(uri, str):
            raise UnreadableFile(f"has a damaged address of buffer {index}")
        if uri[:5].lower() == "data:":
            return memoryview(_of_data_uri(uri))
        if _ELSEWHERE.match(uri):
            raise UnreadableFile(f"keeps its buffer elsewhere: {uri!r} is not beside it")
        data = self._neighbours[uri.replace("\\", "/")]
        if not data:
            raise UnreadableFile(f"lacks its buffer {uri!r}")
        return memoryview(data)


def _of_data_uri(uri: str) -> bytes:
    head, comma, body = uri.partition(",")
    if not comma:
        raise UnreadableFile("has a buffer whose data: address is damaged")
    if not head.lower().endswith(";base64"):
        return unquote_to_bytes(body)
    plain = unquote_to_bytes(body).rstrip(b"= \r\n")
    try:
        return base64.b64decode(plain + b"=" * (-len(plain) % 4))
    except binascii.Error as error:
        raise UnreadableFile("has a buffer whose base64 is damaged") from error
