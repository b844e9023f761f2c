"""New codes for a model: the hasher fitted anew on its training files, all else as it is.

    python -m opensearch.experiments.refit MODEL OUT --data DIR [--data DIR ...] \
        [--hasher gdmh] [--bits 64] [--seed 0]

OUT gets a bundle with the encoders and the space of MODEL. An index made with MODEL does not fit
it: the collection is indexed again. DIR are the collections that MODEL was trained on; of their
`train` splits the files of its categories are taken, through the cache of features.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from opensearch.config import HashSettings
from opensearch.encoders.bundle import Bundle, PartCard, plain_identity, write_bundle
from opensearch.encoders.tensors import identity, save_tensors
from opensearch.engine.model import Model
from opensearch.experiments.codes import TRAIN, hash_data
from opensearch.experiments.embedded import embed_collection
from opensearch.hashing import Progress, check_bits, fit_hasher, quiet
from opensearch.training.cache import cache_folder
