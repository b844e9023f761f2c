"""The one training loop: steps, learning rates, checkpoints, lines of metrics.

It stands below `hashing` because the codes of migration are trained by it as well, as methods are
through `training`. It knows no model and no loss: a `Job` brings both.
"""

from opensearch.loop.ahead import Ahead
from opensearch.loop.alone import alone
from opensearch.loop.checkpoint import RunFolder
from opensearch.loop.job import LOSS, Descent, Job, Learner, run_job
from opensearch.loop.schedule import cosine, due, step_seed, warmed

__all__ = [
    "LOSS",
    "Ahead",
    "Descent",
    "Job",
    "Learner",
    "RunFolder",
    "alone",
    "cosine",
    "due",
    "run_job",
    "step_seed",
    "warmed",
]
