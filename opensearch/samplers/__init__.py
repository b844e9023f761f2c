"""Samplers: which items make up a batch. All chance comes from the generator they are given."""
