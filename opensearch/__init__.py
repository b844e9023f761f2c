"""One index over sketches, photos and 3D shapes, searched from any domain to any domain."""

__version__ = "0.1.0"
