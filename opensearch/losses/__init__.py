"""Losses that several methods may use; those of a single paper stay in its folder."""
