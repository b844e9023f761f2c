"""Copies found among a few imprints, as the tests ask for them."""

from opensearch.imprints import KINDS, kind_of
from opensearch.progress import quiet
from opensearch.search.neighbours import nearest


def pairs_among(imprints):
    """What `pairs` finds: (first, second) to (change, exact)."""
    found = {}
    pairs_of = KINDS[kind_of(imprints[0])].pairs
    for pairs in pairs_of(len(imprints), fetch_from(imprints), nearest, quiet):
        rows = zip(
            pairs.first.tolist(), pairs.second.tolist(), pairs.changes, pairs.exact, strict=True
        )
        found |= {(first, second): (change, bool(exact)) for first, second, change, exact in rows}
    return found


def copies_among(asked, imprints):
    """What `copies` finds of one imprint: place to (change, exact)."""
    found = {}
    copies = KINDS[kind_of(asked)].copies(asked, len(imprints), fetch_from(imprints))
    for pairs in copies:
        rows = zip(pairs.second.tolist(), pairs.changes, pairs.exact, strict=True)
        found |= {place: (change, bool(exact)) for place, change, exact in rows}
    return found


def fetch_from(imprints):
    """Imprints by place."""
    return lambda places: [imprints[place] for place in places]
