"""Moving a query along the sphere towards its neighbour, before the final search."""

from opensearch.refinement.rule import (
    LAMBDA_SEEN,
    LAMBDA_UNSEEN,
    LambdaRule,
    fit_threshold,
)
from opensearch.refinement.slerp import refine, refine_one

__all__ = ["LAMBDA_SEEN", "LAMBDA_UNSEEN", "LambdaRule", "fit_threshold", "refine", "refine_one"]
