"""TIFF pages whose packing and predictor no library at hand undoes together."""

import io
import struct
import zlib

import numpy as np
import pytest
import tifffile
from PIL import Image

from opensearch.domains.pictures import tiff
from opensearch.domains.pictures.opening import opened
from opensearch.errors import UnreadableFile
from opensearch.limits import Limits

HIGH, WIDE = 37, 41
FLOATS, DIFFERENCES = 3, 2
CODES = {"none": 1, "lzw": 5, "zlib": 8, "packbits": 32773, "zstd": 50000}


def ramp(kind, samples):
    """Values (h, w, samples) that grow to the right, and down in every second sample."""
    down, right = np.meshgrid(np.linspace(0, 1, HIGH), np.linspace(0, 1, WIDE), indexing="ij")
    both = np.stack([down if at % 2 else right for at in range(samples)], axis=-1)
    kind = np.dtype(kind)
    return (both * (1 if kind.kind == "f" else np.iinfo(kind).max)).astype(kind)


def differences(part):
    """Reference: each sample less that on its left, as whole numbers that wrap."""
    whole = part.view(f"u{part.itemsize}")
    return np.diff(whole, axis=1, prepend=np.zeros_like(whole[:, :1]))


def floats(part):
    """Reference: bytes of a row by their place, highest first, each less that of a pixel before."""
    rows, _, samples = part.shape
    high_first = part.astype(part.dtype.newbyteorder(">"))
    parts = high_first.view(np.uint8).reshape(rows, -1, part.itemsize).swapaxes(1, 2)
    flat = parts.reshape(rows, -1, samples)
    return np.diff(flat, axis=1, prepend=np.zeros_like(flat[:, :1]))


def packed(raw, compression):
    """Bytes of a strip; LZW and Zstandard are taken from a TIFF that Pillow makes."""
    if compression == "zlib":
        return zlib.compress(raw)
    if compression == "none":
        return raw
    buffer = io.BytesIO()
    picture = Image.frombytes("L", (len(raw), 1), raw)
    name = {"lzw": "tiff_lzw"}.get(compression, compression)
    picture.save(buffer, "TIFF", compression=name)
    with tifffile.TiffFile(io.BytesIO(buffer.getvalue())) as file:
        page = file.pages[0]
        start, length = page.dataoffsets[0], page.databytecounts[0]
    return buffer.getvalue()[start : start + length]


def written(path, values, compression, predictor, *, order="<", tile=None, planar=False):
    """A TIFF of values (h, w, samples) in strips of ten rows, or in tiles."""
    planes = np.moveaxis(values, -1, 0)[..., None] if planar else values[None]
    tall, across = tile or (10, WIDE)
    parts = []
    for plane in planes:
        for top in range(0, HIGH, tall):
            for left in range(0, WIDE, across):
                part = plane[top : top + tall, left : left + across]
                if tile:
                    part = np.pad(
                        part,
                        ((0, tall - part.shape[0]), (0, across - part.shape[1]), (0, 0)),
                        "edge",
                    )
                part = np.ascontiguousarray(part)
                if predictor == FLOATS:
                    raw = floats(part).tobytes()
                else:
                    turned = differences(part) if predictor == DIFFERENCES else part
                    raw = turned.astype(turned.dtype.newbyteorder(order)).tobytes()
                parts.append(packed(raw, compression))
    samples = values.shape[2]
    tags = {256: [WIDE], 257: [HIGH], 258: [8 * values.itemsize] * samples}
    tags |= {259: [CODES[compression]], 262: [2 if samples > 1 else 1], 277: [samples]}
    tags |= {284: [2 if planar else 1], 317: [predictor]}
    tags |= {339: [{"u": 1, "i": 2, "f": 3}[values.dtype.kind]] * samples}
    tags |= {322: [across], 323: [tall], 324: [], 325: []} if tile else {278: [tall]}
    places, counts = (324, 325) if tile else (273, 279)
    starts = np.cumsum([8, *map(len, parts)]).tolist()
    tags |= {places: starts[:-1], counts: [len(part) for part in parts]}
    path.write_bytes(tagged(b"".join(parts), tags, order))
    return path


def tagged(body, tags, order):
    """A TIFF of strips or tiles, its directory behind them; all values of 32 bits."""
    mark = b"II" if order == "<" else b"MM"
    start = 8 + len(body) + 2 + 12 * len(tags) + 4
    directory, far = struct.pack(f"{order}H", len(tags)), b""
    for tag, numbers in sorted(tags.items()):
        values = struct.pack(f"{order}{len(numbers)}I", *numbers)
        if len(numbers) > 1:
            values, far = struct.pack(f"{order}I", start + len(far)), far + values
        directory += struct.pack(f"{order}HHI", tag, 4, len(numbers)) + values
    head = mark + struct.pack(f"{order}HI", 42, 8 + len(body))
    return head + body + directory + bytes(4) + far


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("samples", [1, 3])
@pytest.mark.parametrize(
    ("kind", "compression", "predictor"),
    [
        ("f2", "zlib", FLOATS),
        ("f4", "zlib", FLOATS),
        ("f8", "zlib", FLOATS),
        ("f4", "lzw", FLOATS),
        ("f4", "zstd", FLOATS),
        ("f2", "lzw", 1),
        ("f4", "lzw", 1),
        ("f8", "zstd", 1),
        ("u2", "lzw", DIFFERENCES),
        ("u4", "lzw", 1),
        ("u4", "zstd", DIFFERENCES),
        ("i2", "lzw", DIFFERENCES),
    ],
)
def test_packed_pages_are_read(tmp_path, kind, compression, predictor, samples, order):
    values = ramp(kind, samples)
    for at, ways in enumerate(({}, {"tile": (16, 16)}, {"planar": samples > 1})):
        path = written(tmp_path / f"{at}.tif", values, compression, predictor, order=order, **ways)
        with opened(path, Limits(), 4096) as image:
            seen = np.asarray(image.convert("RGB")).astype(int)
        wanted = np.broadcast_to(ramp("f8", samples) * 255, (HIGH, WIDE, 3))
        assert np.abs(seen - wanted).max() <= 2


def test_a_page_that_ends_early_is_refused(tmp_path):
    whole = written(tmp_path / "a.tif", ramp("f4", 1), "lzw", FLOATS).read_bytes()
    with tifffile.TiffFile(tmp_path / "a.tif") as file:
        start, length = file.pages[0].dataoffsets[1], file.pages[0].databytecounts[1]
    beyond = whole.replace(struct.pack("<I", start), struct.pack("<I", len(whole)))
    with pytest.raises(UnreadableFile, match="a part of it lies beyond its end"):
        tiff.deep_tiff(beyond, Limits())
    short = whole.replace(struct.pack("<I", length), struct.pack("<I", length // 2))
    with pytest.raises((UnreadableFile, OSError)):
        tiff.deep_tiff(short, Limits())


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("samples", [1, 3])
@pytest.mark.parametrize("compression", ["none", "zlib", "lzw", "packbits"])
@pytest.mark.parametrize("bits", [2, 5, 10, 14, 17])
def test_samples_of_an_odd_number_of_bits_are_read(tmp_path, bits, compression, samples, order):
    values = (ramp("f8", samples) * (2**bits - 1)).round().astype(np.int64)
    places = values[..., None] >> np.arange(bits - 1, -1, -1) & 1
    rows = np.packbits(places.astype(np.uint8).reshape(HIGH, -1), axis=1)
    parts = [packed(rows[top : top + 10].tobytes(), compression) for top in range(0, HIGH, 10)]
    tags = {256: [WIDE], 257: [HIGH], 258: [bits] * samples, 259: [CODES[compression]]}
    tags |= {262: [2 if samples > 1 else 1], 277: [samples], 278: [10], 279: [*map(len, parts)]}
    tags |= {273: np.cumsum([8, *map(len, parts)]).tolist()[:-1]}
    (tmp_path / "a.tif").write_bytes(tagged(b"".join(parts), tags, order))
    with opened(tmp_path / "a.tif", Limits(), 4096) as image:
        seen = np.asarray(image.convert("RGB")).astype(int)
    wanted = np.broadcast_to(values * (255 / (2**bits - 1)), (HIGH, WIDE, 3))
    assert np.abs(seen - wanted).max() <= 1


@pytest.mark.parametrize("kind", ["u2", "f4"])
@pytest.mark.parametrize("multiplied", [False, True])
def test_deep_colours_multiplied_with_their_opacity_are_read(tmp_path, kind, multiplied):
    values = ramp(kind, 4)
    values[..., 3] = values[:, ::-1, 0]  # clear to the right
    wanted = ramp("f8", 3)
    clear = wanted[:, ::-1, :1]
    if multiplied:
        share = clear.astype("f8")
        values[..., :3] = (values[..., :3] * share).astype(kind)
    tifffile.imwrite(
        tmp_path / "a.tif",
        values,
        photometric="rgb",
        extrasamples=["assocalpha" if multiplied else "unassalpha"],
    )
    with opened(tmp_path / "a.tif", Limits(), 4096) as image:
        seen = np.asarray(image.convert("RGBA")).astype(float) / 255
    on_white = seen[..., :3] * seen[..., 3:] + 1 - seen[..., 3:]
    np.testing.assert_allclose(on_white, wanted * clear + 1 - clear, atol=0.01)
