"""Ingest: adding files and items to an index, and removing those whose files are gone."""
