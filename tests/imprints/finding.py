"""Copies found among a few imprints, as the tests ask for them."""

import numpy as np

from opensearch.imprints import KINDS, all_apart, kind_of
from opensearch.progress import quiet
from opensearch.search.neighbours import nearest


def pairs_among(imprints, apart=all_apart):
    """What `pairs` finds: (first, second) to (change, exact)."""
    found = {}
    pairs_of = KINDS[kind_of(imprints[0])].pairs
    for pairs in pairs_of(len(imprints), fetch_from(imprints), nearest, quiet, apart):
        rows = zip(
            pairs.first.tolist(), pairs.second.tolist(), pairs.changes, pairs.exact, strict=True
        )
        found |= {(first, second): (change, bool(exact)) for first, second, change, exact in rows}
    return found


def copies_among(asked, imprints):
    """What `copies` finds of one imprint, and `between` too: place to (change, exact)."""
    found = {}
    copies = KINDS[kind_of(asked)].copies(asked, len(imprints), fetch_from(imprints))
    for pairs in copies:
        rows = zip(pairs.second.tolist(), pairs.changes, pairs.exact, strict=True)
        found |= {place: (change, bool(exact)) for place, change, exact in rows}
    assert between(asked, imprints) == found.keys()
    return found


def between(asked, imprints):
    """Places of imprints that `between` finds to be copies of one."""
    places = np.arange(len(imprints))
    pairs = KINDS[kind_of(asked)].between(
        np.full_like(places, len(imprints)), places, fetch_from([*imprints, asked])
    )
    return {place for each in pairs for place in each.second.tolist()}


def fetch_from(imprints):
    """Imprints by place."""
    return lambda places: [imprints[place] for place in places]
