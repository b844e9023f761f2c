"""Domains trained together: one trunk, one head with batch norms a domain, losses that join them.

The head learns first, on features of the frozen trunk; then both, gently. The model that is kept
is the running average of the second part. Trained apart (`training.domain`), domains meet by
their prototypes alone; what this gains, and what it costs a domain that comes late, is measured.
"""

from opensearch.training.joint.finish import train_joint

__all__ = ["train_joint"]
