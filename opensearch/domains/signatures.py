"""What a file is by its first bytes, in words, for files that are not what their names say."""

from __future__ import annotations

from typing import Final

HEAD: Final = 1024
"""Bytes that are enough to tell: a PDF document may begin with anything in so many."""

_READ: Final[tuple[tuple[bytes, str], ...]] = (
    (b"\x89PNG", "a PNG picture"),
    (b"\xff\xd8\xff", "a JPEG picture"),
    (b"GIF8", "a GIF picture"),
    (b"BM", "a BMP picture"),
    (b"qoif", "a QOI picture"),
    (b"\0\0\0\x0cjP  ", "a JPEG 2000 picture"),
    (b"8BPS", "a Photoshop picture"),
)
"""Pictures of formats that are read: what begins so and is not read is damaged."""

_SIGNS: Final[tuple[tuple[bytes, str], ...]] = (
    (b"version https://git-lfs", "a pointer of Git LFS; fetch the file itself by 'git lfs pull'"),
    (b"%PDF", "a PDF document"),
    (b"%!PS", "a PostScript document; save it as PDF or SVG"),
    (b"\xc5\xd0\xd3\xc6", "a PostScript document; save it as PDF or SVG"),
    (b"PK\x03\x04", "a zip archive or office document"),
    (b"PK\x05\x06", "an empty zip archive"),
    (b"\x1f\x8b", "gzip-compressed data"),
    (b"BZh", "bzip2-compressed data"),
    (b"\xfd7zXZ", "xz-compressed data"),
    (b"\x28\xb5\x2f\xfd", "zstd-compressed data"),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive"),
    (b"Rar!", "a RAR archive"),
    (b"\x1aE\xdf\xa3", "a Matroska or WebM video"),
    (b"OggS", "Ogg sound or video"),
    (b"ID3", "MP3 sound"),
    (b"fLaC", "FLAC sound"),
    (b"FLV", "a Flash video"),
    (b"\x7fELF", "a program"),
    (b"MZ", "a Windows program"),
    (b"SQLite format 3", "an SQLite database"),
    (b"\xd0\xcf\x11\xe0", "an old office document or Thumbs.db"),
    (b"glTF", "a glTF mesh; name it .glb"),
    (b"solid ", "an STL mesh; name it .stl"),
    (b"ply", "a PLY mesh; name it .ply"),
    (b"DDS ", "a DDS texture; save it as PNG"),
    (b"\x76\x2f\x31\x01", "an OpenEXR picture; save it as PNG"),
    (b"#?RADIANCE", "a Radiance picture; save it as PNG"),
    (b"gimp xcf", "a GIMP project; export it as PNG"),
    (b"SIMPLE  =", "a FITS picture; save it as TIFF"),
    (b"\x89HDF", "an HDF5 file"),
    (b"\x93NUMPY", "a NumPy array"),
)
_OWN: Final[dict[bytes, tuple[str, ...]]] = {
    b"glTF": (".glb", ".vrm"),
    b"solid ": (".stl",),
    b"ply": (".ply",),
    b"PK\x03\x04": (".3mf", ".usdz"),
    b"PK\x05\x06": (".3mf", ".usdz"),
    b"\x1f\x8b": (".svg", ".svgz"),
    b"<svg": (".svg", ".svgz"),
}
"""Suffixes of the files that are meant to begin so."""
_PICTURES: Final = (b"avif", b"avis", b"mif1", b"msf1", b"heic", b"heix")
_OS2_ICONS: Final = (b"CI", b"IC", b"CP", b"PT")
_OS2_HEADERS: Final = (12, 40, 64)
"""Sizes of the headers that follow the first 14 bytes of an icon."""
_TEXT: Final[tuple[tuple[bytes, str], ...]] = (
    (b"<!doctype html", "an HTML page, perhaps in place of a download that failed"),
    (b"<html", "an HTML page, perhaps in place of a download that failed"),
    (b"<head", "an HTML page, perhaps in place of a download that failed"),
    (b"<svg", "an SVG drawing; name it .svg"),
)


def told_by(head: bytes) -> str | None:
    """What the first `HEAD` bytes of a file that is no picture say it is; None when unknown.

    With the way out, where there is one.
    """
    read = _picture(head)
    if read is not None:
        return f"what was {read}"
    if head and not head.strip(b"\0"):
        return "nothing but zero bytes, as after a copy that was cut short"
    return _sign(head, "") or _text(head)


def mistaken(head: bytes, suffix: str) -> str | None:
    """What a file that is no mesh or drawing is in truth, with the way out; None when unknown.

    Args:
        head: its first `HEAD` bytes.
        suffix: of its name, in lower case: what it should be.
    """
    return _picture(head) or _sign(head, suffix) or _page(head, suffix)


def _picture(head: bytes) -> str | None:
    """The kind of a picture that can be read, were it whole and named so."""
    for sign, kind in _READ:
        if head.startswith(sign):
            return kind
    if head[4:8] == b"ftyp" and head[8:12] in _PICTURES:
        return "an AVIF or HEIF picture"
    return "a WebP picture" if head[:4] == b"RIFF" and head[8:12] == b"WEBP" else None


def _sign(head: bytes, suffix: str) -> str | None:
    for sign, kind in _SIGNS:
        if head.startswith(sign) and suffix not in _OWN.get(sign, ()):
            return kind
    icon = head[14:] if head.startswith(b"BA") else head  # the first of several
    if icon[:2] in _OS2_ICONS and int.from_bytes(icon[14:18], "little") in _OS2_HEADERS:
        return "an OS/2 icon; save it as PNG"
    if head[4:8] == b"ftyp":
        return "an MP4 or QuickTime video"
    return "a video or sound (RIFF)" if head[:4] == b"RIFF" else None


def _page(head: bytes, suffix: str) -> str | None:
    """What a text in markup is, where it is not plain XML."""
    text = head.removeprefix(b"\xef\xbb\xbf").lstrip().lower()
    for sign, kind in _TEXT:
        if text.startswith(sign) and suffix not in _OWN.get(sign, ()):
            return kind
    return None


def _text(head: bytes) -> str | None:
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "text (UTF-16)"
    page = _page(head, "")
    if page is not None:
        return page
    text = head.removeprefix(b"\xef\xbb\xbf").lstrip().lower()
    if text.startswith(b"<?xml"):
        svg = b"<svg" in text
        return "an SVG drawing; name it .svg" if svg else "an XML document"
    if text.startswith((b"{", b"[")):
        return "JSON text"
    if any(byte < 9 or 13 < byte < 32 for byte in head):
        return None
    try:
        head.decode("utf-8", "strict" if len(head) < HEAD else "ignore")
    except UnicodeDecodeError:
        return None
    return "text"
