"""The engine: an open index with its model, and `Engine`, the one class that users need."""

from opensearch.engine.engine import Engine
from opensearch.engine.ingest.runs import plan_new
from opensearch.engine.lifecycle.layout import is_index
from opensearch.engine.query import Answer, Query, Score, Understood
from opensearch.engine.query.words import Words
from opensearch.engine.verify import verify_index

__all__ = [
    "Answer",
    "Engine",
    "Query",
    "Score",
    "Understood",
    "Words",
    "is_index",
    "plan_new",
    "verify_index",
]
