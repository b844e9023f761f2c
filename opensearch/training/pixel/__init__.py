"""Training on pixels: domains migrate to a pivot domain, and one network hashes what comes of it.

Generators, discriminators and the hash network learn together, a step for all domains at a time.
All that a run goes on from is in one module's tensors (`model.PixelModel`) and three optimisers,
and all chance is a function of (seed, step); so a run that was cut off equals one that was not.
"""

from opensearch.training.pixel.check import check_pairs, check_pixel
from opensearch.training.pixel.finish import train_pixel

__all__ = ["check_pairs", "check_pixel", "train_pixel"]
