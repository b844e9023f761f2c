"""Encoding on many machines: batches of files go to workers that Ray starts, results come back.

`OnRay` is the one name for callers: `engine.add(folder, encoding=OnRay("local", workers=2))`. What
is encoded elsewhere is written here, by the one writer that an index has.
"""

from opensearch.cluster.on_ray import OnRay

__all__ = ["OnRay"]
