"""The engine: where the rooms meet for users."""

from opensearch.engine.apart import verify_index
from opensearch.engine.engine import Engine
from opensearch.engine.folder import is_index
from opensearch.engine.ingest.planning import plan_new
from opensearch.engine.query import Query, Score
from opensearch.engine.ranking import Answer

__all__ = ["Answer", "Engine", "Query", "Score", "is_index", "plan_new", "verify_index"]
