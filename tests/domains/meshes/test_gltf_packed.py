import DracoPy
import numpy as np
import pytest
from gltf_files import CORNERS, FACES, Model, box_model
from hypothesis import given
from hypothesis import strategies as st

from opensearch.domains.meshes.gltf import load
from opensearch.domains.meshes.gltf.meshopt import decode
from opensearch.domains.meshes.triangles import Beside
from opensearch.errors import OverLimit, UnreadableFile
from opensearch.limits import Limits

BITS = {0: (0, 2, 4, 8), 1: (0, 1, 2, 4), 2: (1, 2, 4, 8)}


def read(model, folder, **limits):
    bounds = Limits(**limits)
    return load(model.glb(), Beside(folder, bounds), bounds)


def pack_group(values, bits):
    """16 deltas in `bits` bits each, those that do not fit behind them; None when all fit worse."""
    if bits == 0:
        return None if values.any() else b""
    if bits == 8:
        return values.tobytes()
    most = (1 << bits) - 1
    rows = np.minimum(values, most).astype(np.uint8)
    singles = (rows[:, None] >> np.arange(bits)[::-1]) & 1
    packed = np.packbits(singles.ravel(), bitorder="little" if bits == 1 else "big")
    return packed.tobytes() + values[values >= most].tobytes()


def zigzag(steps, kind):
    signed = steps.astype(kind).view(np.dtype(kind).str.replace("u", "i"))
    return ((signed << 1) ^ (signed >> (8 * signed.itemsize - 1))).astype(kind)


def pack_rows(rows, version=0, channels=None):
    """An attribute stream of `rows`, shape (n, stride), uint8, as the bitstream wants it."""
    count, stride = rows.shape
    channels = channels or [0] * (stride // 4)
    first = rows[0].copy()
    deltas = np.empty_like(rows)
    for at, channel in enumerate(channels):
        lane = slice(4 * at, 4 * at + 4)
        before = np.vstack([first[lane], rows[:-1, lane]])
        kind = ("u1", "<u2", "<u4")[channel & 3]
        old, new = before.copy().view(kind), rows[:, lane].copy().view(kind)
        if channel & 3 == 2:
            turn = channel >> 4
            step = old ^ new
            step = (step << turn) | (step >> (32 - turn)) if turn else step
            deltas[:, lane] = step.astype("<u4").view("u1")
        else:
            deltas[:, lane] = zigzag(new - old, kind).view("u1")
    block = min((0x2000 // stride) & ~15, 256)
    out = bytes([0xA0 + version])
    for start in range(0, count, block):
        out += pack_block(deltas[start : start + block], version)
    tail = first.tobytes() + (bytes(channels) if version else b"")
    return out + bytes(max(len(tail), 24 if version else 32) - len(tail)) + tail


def pack_block(deltas, version):
    count, stride = deltas.shape
    groups = -(-count // 16)
    padded = np.zeros((16 * groups, stride), np.uint8)
    padded[:count] = deltas
    controls = [lane % 4 if padded[:, lane].any() else 2 for lane in range(stride)]
    controls = [3 if said == 2 and padded[:, k].any() else said for k, said in enumerate(controls)]
    out = b""
    if version:
        marks = np.array(controls).reshape(-1, 4) << (0, 2, 4, 6)
        out = marks.sum(axis=1).astype(np.uint8).tobytes()
    for lane in range(stride):
        said = controls[lane] if version else 0
        if said == 3:
            out += deltas[:, lane].tobytes()
        if said < 2:
            out += pack_lane(padded[:, lane].reshape(-1, 16), BITS[said + version])
    return out


def pack_lane(groups, widths):
    modes, body = [], b""
    for group in groups:
        tried = [
            (len(data), k, data)
            for k, b in enumerate(widths)
            if (data := pack_group(group, b)) is not None
        ]
        _, mode, data = min(tried)
        modes.append(mode)
        body += data
    modes += [0] * (-len(modes) % 4)
    head = (np.array(modes).reshape(-1, 4) << (0, 2, 4, 6)).sum(axis=1).astype(np.uint8)
    return head.tobytes() + body


def number(value):
    out = b""
    while value > 127:
        out += bytes([value & 127 | 128])
        value >>= 7
    return out + bytes([value])


def pack_triangles(faces):
    """A triangle stream that spells every corner out, or takes it from an edge or the count."""
    codes, data, last, fresh, edge = b"", b"", 0, 0, None
    for a, b, c in faces.tolist():
        if edge == (a, b) and c == fresh:
            codes, fresh = codes + b"\x00", fresh + 1
        elif edge == (a, b):
            step = c - last
            codes, data, last = (
                codes + b"\x0f",
                data + number(2 * step if step >= 0 else -2 * step - 1),
                c,
            )
        else:
            codes, data = codes + b"\xff", data + b"\xff"
            for corner in (a, b, c):
                step, last = corner - last, corner
                data += number(2 * step if step >= 0 else -2 * step - 1)
        edge = (a, c)
    return b"\xe1" + codes + data + bytes(16)


def packed(data, mode, count, stride, after="NONE"):
    said = {"mode": mode, "count": count, "byteStride": stride, "filter": after}
    return decode(np.frombuffer(data, np.uint8), said)


def meshopt_view(model, data, mode, count, stride, **more):
    """A view that has `data` packed, and nothing unpacked behind it."""
    place = model.view(data)
    real = model.tree["bufferViews"][place]
    said = {"mode": mode, "count": count, "byteStride": stride, **more}
    real["extensions"] = {
        "EXT_meshopt_compression": {
            **{name: real[name] for name in ("buffer", "byteOffset", "byteLength")},
            **said,
        }
    }
    real.update(buffer=1, byteOffset=0, byteLength=count * stride)
    return place


def meshopt_box():
    model = Model(extensionsRequired=["EXT_meshopt_compression"], buffers=[{"byteLength": 10**6}])
    rows = CORNERS.view(np.uint8).reshape(len(CORNERS), 12)
    points = meshopt_view(model, pack_rows(rows), "ATTRIBUTES", len(CORNERS), 12)
    corners = meshopt_view(model, pack_triangles(FACES), "TRIANGLES", FACES.size, 2)
    position = model.accessor(CORNERS, points)
    indices = model.accessor(FACES.ravel(), corners)
    model.mesh({"attributes": {"POSITION": position}, "indices": indices})
    return model


def test_a_model_packed_by_meshopt_is_read(tmp_path):
    triangles = read(meshopt_box(), tmp_path)
    assert np.array_equal(triangles.vertices[triangles.faces], CORNERS[FACES])


@given(st.integers(1, 700), st.integers(1, 5), st.integers(0, 2**32 - 1), st.integers(0, 3))
def test_rows_come_back_from_both_versions(count, fours, seed, shape):
    rng = np.random.default_rng(seed)
    steps = rng.integers(0, (2, 4, 30, 256)[shape], (count, 4 * fours), np.uint8)
    rows = np.cumsum(steps * (rng.random(4 * fours) < 0.7), axis=0, dtype=np.uint8)
    channels = [int(rng.choice([0, 1, 2 + 16 * rng.integers(16)])) for _ in range(fours)]
    for data in (pack_rows(rows), pack_rows(rows, 1, channels)):
        found = packed(data, "ATTRIBUTES", count, 4 * fours)
        assert np.array_equal(found.reshape(rows.shape), rows)


@given(st.integers(1, 60), st.integers(0, 2**32 - 1))
def test_triangles_and_indices_come_back(count, seed):
    rng = np.random.default_rng(seed)
    faces = rng.integers(0, 300, (count, 3))
    for at in range(1, count):  # some on the last edge of the one before
        if rng.random() < 0.5:
            faces[at, :2] = faces[at - 1, [0, 2]]
    found = packed(pack_triangles(faces), "TRIANGLES", 3 * count, 4).view("<u4")
    assert np.array_equal(found.reshape(-1, 3), faces)
    steps = np.diff(faces.ravel(), prepend=0)
    stream = b"".join(number(2 * (2 * s if s >= 0 else -2 * s - 1)) for s in steps.tolist())
    found = packed(b"\xd1" + stream + bytes(4), "INDICES", 3 * count, 2).view("<u2")
    assert np.array_equal(found, faces.ravel())


def test_triangles_of_a_fan_follow_edges_and_counted_vertices():
    # New vertices 0 1 2; then each on the edge (first, last) of the one before, with the next
    # vertex; by hand: code f0 takes three new ones, code 00 the edge seen last and a new one.
    stream = b"\xe1" + b"\xf0\x00\x00" + bytes(16)
    found = packed(stream, "TRIANGLES", 9, 4).view("<u4")
    assert found.reshape(-1, 3).tolist() == [[0, 1, 2], [0, 2, 3], [0, 3, 4]]


def test_filters_make_floats_and_quaternions():
    # Exponent -2 with mantissa 5, and exponent 3 with mantissa -1, by hand.
    words = np.array([[(-2 & 255) << 24 | 5], [3 << 24 | 0xFFFFFF]], np.uint32)
    floats = packed(pack_rows(words.view(np.uint8)), "ATTRIBUTES", 2, 4, "EXPONENTIAL")
    assert floats.view("<f4").tolist() == [1.25, -8.0]
    # Largest part is number 3 (w): x, y, z scaled by sqrt(2) * 2^15.
    turn = np.array([[0.5, -0.5, 0.5, 0]]) * np.sqrt(2) * 32767
    rows = np.rint(turn).astype("<i2")
    rows[0, 3] = 32764 | 3
    found = packed(pack_rows(rows.view(np.uint8)), "ATTRIBUTES", 1, 8, "QUATERNION").view("<i2")
    assert np.allclose(found / 32767, [0.5, -0.5, 0.5, 0.5], atol=1e-3)


def test_damaged_meshopt_data_name_their_extension(tmp_path):
    whole = pack_rows(CORNERS.view(np.uint8).reshape(8, 12))
    for data in (whole[:-1], whole[:20], b"\x5f" + whole[1:], whole[:1]):
        with pytest.raises(UnreadableFile, match="damaged EXT_meshopt_compression data"):
            packed(data, "ATTRIBUTES", 8, 12)
    for data in (b"\xe1\xff\xff", b"\xe1" + b"\xff" * 40):
        with pytest.raises(UnreadableFile, match="damaged EXT_meshopt_compression data"):
            packed(data, "TRIANGLES", 36, 2)
    with pytest.raises(UnreadableFile, match="the filter 'COLOR' where geometry belongs"):
        packed(whole, "ATTRIBUTES", 8, 12, "COLOR")
    model = meshopt_box()
    model.tree["bufferViews"][0]["extensions"]["EXT_meshopt_compression"]["count"] = 10**11
    with pytest.raises(OverLimit, match="over the limit of"):
        read(model, tmp_path)


def draco_box(**options):
    model = Model(extensionsRequired=["KHR_draco_mesh_compression"])
    data = DracoPy.encode(CORNERS, FACES, quantization_bits=16, **options)
    place = {"bufferView": model.view(data), "attributes": {"POSITION": 0}}
    primitive = model.box()
    for accessor in model.tree["accessors"]:
        del accessor["bufferView"]  # nothing but the packed data
    primitive["extensions"] = {"KHR_draco_mesh_compression": place}
    model.mesh(primitive)
    return model


def as_sets(corners):
    return {frozenset(map(tuple, face)) for face in corners.round(3).tolist()}


@pytest.mark.parametrize("level", [0, 7, 10])
def test_a_model_packed_by_draco_is_read(tmp_path, level):
    triangles = read(draco_box(compression_level=level), tmp_path)
    found = triangles.vertices[triangles.faces]
    assert as_sets(found) == as_sets(CORNERS[FACES])


def test_damaged_draco_data_name_their_extension(tmp_path):
    model = draco_box()
    model.tree["bufferViews"][0]["byteLength"] //= 2
    with pytest.raises(UnreadableFile, match="KHR_draco_mesh_compression data"):
        read(model, tmp_path)
    model = draco_box()
    said = model.tree["meshes"][0]["primitives"][0]["extensions"]["KHR_draco_mesh_compression"]
    said["attributes"] = {"POSITION": 5}
    with pytest.raises(UnreadableFile, match="data without the POSITION"):
        read(model, tmp_path)


def test_an_extension_that_the_file_can_do_without_is_no_reason_to_refuse(tmp_path):
    triangles = read(box_model(extensionsUsed=["ACME_squash"]), tmp_path)
    assert len(triangles.faces) == 12
