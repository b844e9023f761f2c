"""Generative domain-migration hashing on pixels: its losses, critics and discrete step.

Source:
    Zhang et al., "Generative Domain-Migration Hashing for Sketch-to-Image Retrieval", ECCV 2018.
    The generators are in `encoders.migration`, as a trained model runs them.
"""

from opensearch.methods.gdmh_pixel.adversary import Discriminator, ImagePool
from opensearch.methods.gdmh_pixel.codes import category_codes, item_codes
from opensearch.methods.gdmh_pixel.losses import agreement, quantisation, scaled_gradient, triplet

__all__ = [
    "Discriminator",
    "ImagePool",
    "agreement",
    "category_codes",
    "item_codes",
    "quantisation",
    "scaled_gradient",
    "triplet",
]
