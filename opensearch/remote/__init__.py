"""Sources at an address, such as s3://bucket/photos: listed by fsspec, fetched file by file."""

from opensearch.remote.addresses import Root, root_of
from opensearch.remote.fetching import fetched
from opensearch.remote.listing import addresses_below, find_sources, look_at

__all__ = ["Root", "addresses_below", "fetched", "find_sources", "look_at", "root_of"]
