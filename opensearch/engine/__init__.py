"""The engine: where the rooms meet for users."""

from opensearch.engine.engine import Engine
from opensearch.engine.query import Query, Score
from opensearch.engine.ranking import Answer

__all__ = ["Answer", "Engine", "Query", "Score"]
