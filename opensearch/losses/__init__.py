"""Losses that more than one method may use; what only one paper needs stays in its folder."""
