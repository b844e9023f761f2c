"""Drawings, made of strokes or of ink on paper, brought to one look."""
