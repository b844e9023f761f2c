"""Measurements run by hand, and the fitting of what is shipped as data."""
