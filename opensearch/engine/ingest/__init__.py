"""Ingest: files and items into an index, and out of it when they are gone."""
