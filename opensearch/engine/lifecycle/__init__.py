"""Lifecycle: an index made, opened, followed through compactions, checked and mended."""
