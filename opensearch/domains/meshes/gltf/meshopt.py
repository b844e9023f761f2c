"""Buffer views packed by meshoptimizer, unpacked.

Source:
    EXT_meshopt_compression (bitstreams, appendix A and B) and KHR_meshopt_compression, which
    adds version 1 of the attribute stream.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from opensearch.domains.meshes.gltf.document import Properties, whole
from opensearch.domains.meshes.gltf.meshopt_indices import indices, triangles
from opensearch.domains.meshes.gltf.meshopt_rows import unpack_rows
from opensearch.errors import UnreadableFile


def decode(data: NDArray[np.uint8], packed: Properties) -> NDArray[np.uint8]:
    """The bytes of a packed view.

    Args:
        data: what is packed, shape (n,).
        packed: what the extension says of it: mode, count, byteStride, filter.

    Returns:
        Shape (count * byteStride,).

    Raises:
        UnreadableFile: damaged, or of a mode or filter that geometry does not have.
    """
    count, stride = whole(packed, "count"), whole(packed, "byteStride")
    mode, after = packed.get("mode"), packed.get("filter", "NONE")
    try:
        if mode == "ATTRIBUTES":
            return _filtered(unpack_rows(data, count, stride), after)
        if mode in ("TRIANGLES", "INDICES") and stride in (2, 4) and after == "NONE":
            numbers = (triangles if mode == "TRIANGLES" else indices)(data.tobytes(), count)
            return numbers.astype(f"<u{stride}").view(np.uint8)
    except (IndexError, ValueError) as error:
        raise UnreadableFile("has damaged EXT_meshopt_compression data") from error
    raise UnreadableFile(
        f"has EXT_meshopt_compression data of an unknown kind ({mode!r}, {stride} bytes)"
    )


def _filtered(rows: NDArray[np.uint8], after: Any) -> NDArray[np.uint8]:
    """What a filter makes of decoded rows, shape (count * stride,)."""
    if after == "EXPONENTIAL":
        words = rows.view("<i4")
        mantissa = ((words << 8) >> 8).astype(np.float32)
        return np.asarray(np.ldexp(mantissa, words >> 24), "<f4").ravel().view(np.uint8)
    if after == "QUATERNION" and rows.shape[1] == 8:
        return _quaternions(rows.view("<i2")).ravel().view(np.uint8)
    if after == "NONE":
        return rows.ravel()
    raise UnreadableFile(
        f"has EXT_meshopt_compression data with the filter {after!r} where geometry belongs"
    )


def _quaternions(rows: NDArray[np.int16]) -> NDArray[np.int16]:
    """Unit quaternions from their three smallest parts, shape (n, 4)."""
    last = rows[:, 3].astype(np.int64)
    small = rows[:, :3] * (np.sqrt(0.5) / (last | 3))[:, None]
    largest = np.sqrt(np.maximum(1.0 - (small * small).sum(axis=1), 0.0))
    places = (last[:, None] + np.arange(1, 5)) % 4
    full = np.empty((len(rows), 4))
    np.put_along_axis(full, places, np.column_stack([small, largest]), axis=1)
    return np.asarray(np.rint(full * 32767), "<i2")
