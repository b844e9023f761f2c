"""Experiments: measuring a model, giving it new codes, and the demo."""
