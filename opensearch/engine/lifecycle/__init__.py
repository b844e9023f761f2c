"""Lifecycle: creating, opening, compacting, checking and repairing an index."""
