"""How the processors of a cluster are shared out."""

import pytest

from opensearch.cluster.connecting import sized
from opensearch.errors import InvalidInput


@pytest.mark.parametrize(
    ("nodes", "workers", "expected"),
    [
        ([2], None, (1, 2)),
        ([2], 2, (2, 1)),
        ([2], 8, (8, 1)),
        ([16], None, (4, 4)),
        ([16], 1, (1, 4)),
        ([64, 64], None, (32, 4)),
        ([64, 64], 100, (100, 1)),
        ([8, 2], None, (5, 2)),
    ],
)
def test_workers_share_the_processors(nodes, workers, expected):
    assert sized(nodes, workers) == expected


def test_a_cluster_without_processors_is_refused():
    with pytest.raises(InvalidInput, match="has a processor to give"):
        sized([], 2)
