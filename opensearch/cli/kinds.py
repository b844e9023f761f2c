"""The kinds of 3D files that verbs name alike in their help."""

from __future__ import annotations

SHAPES = """\b
3D files:
    always                                           3mf glb gltf obj off ply stl
    with pip install 'opensearch-visual[cad]'        step stp iges igs
    with pip install 'opensearch-visual[assimp]'     3ds dae fbx
    with pip install 'opensearch-visual[usd]'        usd usda usdc usdz
    any other kind: its own program exports it as glb or stl."""
