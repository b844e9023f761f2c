"""Suffixes of raster pictures; whatever the suffix, a picture is read by what its bytes say."""

from __future__ import annotations

from typing import Final

BY_PILLOW: Final = frozenset(
    {
        *(".png", ".apng", ".jpg", ".jpeg", ".jpe", ".jfif", ".mpo", ".webp", ".avif", ".gif"),
        *(".bmp", ".dib", ".tif", ".tiff", ".jp2", ".j2k", ".jpf", ".jpx", ".j2c"),
        *(".tga", ".ppm", ".pgm", ".pbm", ".pnm", ".pfm", ".psd", ".qoi", ".ico"),
    }
)
BY_HEIF: Final = frozenset({".heic", ".heif", ".hif"})
BY_JXL: Final = frozenset({".jxl"})
BY_RAW: Final = frozenset(
    {
        *(".dng", ".cr2", ".cr3", ".crw", ".nef", ".nrw", ".arw", ".srf", ".sr2", ".raf", ".rw2"),
        *(".orf", ".pef", ".srw", ".3fr", ".iiq", ".erf", ".mrw", ".x3f", ".kdc", ".dcr", ".mef"),
    }
)
IMAGE_SUFFIXES: Final = BY_PILLOW | BY_HEIF | BY_JXL | BY_RAW
