"""How good a ranking is: measures a query, and the any-to-any matrix with its intervals."""

from opensearch.evaluation.comparison import Comparison, Difference, compare
from opensearch.evaluation.direction import Encode, Rank, Refine, Ties
from opensearch.evaluation.matrix import WORD, Cell, Matrix, Mean, Words
from opensearch.evaluation.metrics import (
    MAIN,
    METRICS,
    Metric,
    average_precision,
    average_precision_at,
    average_precision_voc,
    precision_at,
)
from opensearch.evaluation.nearest_views import nearest_views
from opensearch.evaluation.paired import PairedCell, paired_intervals
from opensearch.evaluation.protocol import any_to_any, word_to_any
from opensearch.evaluation.ranks import relevant_ranks
from opensearch.evaluation.sets import Labelled
from opensearch.evaluation.table import format_matrix
from opensearch.evaluation.ties import expected_average_precision

__all__ = [
    "MAIN",
    "METRICS",
    "WORD",
    "Cell",
    "Comparison",
    "Difference",
    "Encode",
    "Labelled",
    "Matrix",
    "Mean",
    "Metric",
    "PairedCell",
    "Rank",
    "Refine",
    "Ties",
    "Words",
    "any_to_any",
    "average_precision",
    "average_precision_at",
    "average_precision_voc",
    "compare",
    "expected_average_precision",
    "format_matrix",
    "nearest_views",
    "paired_intervals",
    "precision_at",
    "relevant_ranks",
    "word_to_any",
]
