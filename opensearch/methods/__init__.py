"""Methods: one module a paper, with its losses and recipe."""
