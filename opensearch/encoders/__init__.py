"""Encoders: backbone, projector and pooling of each domain, the bundle that holds them."""
