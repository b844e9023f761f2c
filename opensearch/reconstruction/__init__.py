"""From a sketch to a 3D model, guided by the shapes of an index that are like it.

Source: Wang, Qian, Wang, Fang, "Unsupervised learning of 3D model reconstruction from hand-drawn
sketches", ACM Multimedia 2018.
"""

from opensearch.reconstruction.reconstruct import Reconstruction, is_possible, reconstruct
from opensearch.reconstruction.sheet import save_pictures
from opensearch.reconstruction.surfaces import mesh_file, write_mesh

__all__ = [
    "Reconstruction",
    "is_possible",
    "mesh_file",
    "reconstruct",
    "save_pictures",
    "write_mesh",
]
