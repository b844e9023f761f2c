"""Query: what is asked, the point of the space that it stands for, and the hits around it."""

from opensearch.engine.query.answers import Answer
from opensearch.engine.query.query import Query, Score
from opensearch.engine.query.understood import Understood

__all__ = ["Answer", "Query", "Score", "Understood"]
