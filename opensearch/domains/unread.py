"""Files of kinds that are not read, and the way in for each."""

from __future__ import annotations

from typing import Final

from opensearch.domains.meshes import FORMATS

_GLB, _STL, _STEP = "export it as .glb", "export it as .stl or .glb", "export it as .step"
_OBJ = "export it as .obj or .glb"
_CLOUD = "point clouds are not read; make a mesh of it and export that as .ply or .glb"
_NDJSON = "write drawings of strokes as lines of an .ndjson file, pictures as .png"
_FLAT = "export it as .stl or .glb, a flat drawing as .svg"
_SVG, _PNG, _FRAME = "export it as .svg or .png", "export it as .png", "save a frame as .png"

CONVERT: Final[dict[str, str]] = {
    ".blend": "open it in Blender and export it as .glb",
    **dict.fromkeys((".x3d", ".x3dv", ".x3db", ".wrl", ".vrml"), f"open it in Blender and {_GLB}"),
    **dict.fromkeys((".max", ".ma", ".mb", ".c4d", ".lwo", ".lws", ".hip", ".ztl"), _GLB),
    ".drc": f"turn it into .ply with draco_decoder, or {_GLB}",
    **dict.fromkeys((".ldr", ".mpd"), _OBJ),
    ".dat": f"if it is a part of LDraw, {_OBJ}",
    **dict.fromkeys((".skp", ".3dm", ".jt", ".ifc", ".ifczip", ".abc"), _STL),
    **dict.fromkeys((".dxf", ".dwg"), _FLAT),
    **dict.fromkeys((".sldprt", ".sldasm", ".ipt", ".iam", ".catpart", ".catproduct"), _STEP),
    **dict.fromkeys((".prt", ".asm", ".f3d", ".fcstd", ".x_t", ".x_b", ".sat", ".brep"), _STEP),
    **dict.fromkeys((".gcode", ".ctm", ".amf", ".x", ".ac", ".md2", ".pmx", ".vox", ".vtk"), _STL),
    **dict.fromkeys((".scad", ".vdb", ".b3dm", ".m3d", ".ms3d", ".lxo"), _STL),
    **dict.fromkeys((".eps", ".ps", ".cdr", ".odg", ".inkml", ".drawio"), _SVG),
    **dict.fromkeys((".pdf", ".ai"), f"pip install 'opensearch-visual[pdf]', or {_SVG}"),
    **dict.fromkeys((".xopp", ".xoj", ".rnote", ".excalidraw", ".tldr", ".fig", ".sketch"), _SVG),
    **dict.fromkeys((".xd", ".isf", ".vsdx", ".vsd", ".goodnotes"), _SVG),
    **dict.fromkeys((".npz", ".npy", ".tfrecord"), _NDJSON),
    **dict.fromkeys((".xcf", ".kra", ".clip", ".procreate", ".afphoto", ".afdesign"), _PNG),
    **dict.fromkeys((".exr", ".hdr", ".dds", ".pcx", ".sgi", ".fits", ".icns"), _PNG),
    **dict.fromkeys((".pam", ".xbm", ".xpm", ".cur", ".djvu", ".jxr", ".wmf", ".emf"), _PNG),
    **dict.fromkeys((".pcd", ".las", ".laz", ".xyz", ".pts", ".e57"), _CLOUD),
    **dict.fromkeys((".splat", ".ksplat", ".spz"), _CLOUD),
    **dict.fromkeys((".mesh", ".msh", ".vtp", ".vtu", ".binvox", ".smf", ".wrz"), _STL),
    **dict.fromkeys((".mp4", ".mov", ".avi", ".mkv", ".webm", ".m4v", ".lottie"), _FRAME),
    **dict.fromkeys((".zip", ".7z", ".rar", ".tar", ".tgz", ".gz", ".bz2", ".xz"), "unpack it"),
}
"""Suffixes of files that are not read, and what their own program makes of such a file."""


def way_in(suffix: str) -> str | None:
    """What to do with a file of a suffix, in lower case, that is not read; None if unknown."""
    form = FORMATS.get(suffix)
    if form is not None and form.extra is not None:
        return f"pip install 'opensearch-visual[{form.extra.name}]' to read it"
    return CONVERT.get(suffix)
