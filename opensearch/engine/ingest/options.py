"""The options of one run of adding."""

from __future__ import annotations

from dataclasses import dataclass

from opensearch.domains.collections.excluding import NOTHING, Excluded
from opensearch.engine.ingest.changes import BY_TIME, Comparing
from opensearch.engine.ingest.encoding import IN_PLACE, Encoding
from opensearch.progress import Count, uncounted
from opensearch.records import Up


@dataclass(frozen=True)
class Run:
    """The options of one run of `add` or `add_items`.

    Attributes:
        domain: what everything is taken for, or `None` to tell from folder or content.
        up: which axis is up in every mesh, or `None` to tell from manifest or format.
        strict: stop at the first file that fails.
        comparing: what makes a file a changed one.
        excluded: which files are passed over, by patterns.
        progress: called with files settled and files in all.
        encoding: where files are read and encoded.
    """

    domain: str | None = None
    up: Up | None = None
    strict: bool = False
    comparing: Comparing = BY_TIME
    excluded: Excluded = NOTHING
    progress: Count = uncounted
    encoding: Encoding = IN_PLACE
