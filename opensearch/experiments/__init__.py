"""Experiments: measuring models, and making what the project ships."""
