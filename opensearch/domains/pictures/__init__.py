"""Raster pictures of many formats as Pillow images of eight bits."""
