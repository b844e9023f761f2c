"""One string where several are meant is refused in words wherever it can be given."""

from pathlib import Path

import pytest
from bare_strings import CALLS

from opensearch.engine import Engine
from opensearch.errors import InvalidInput

MODEL = Path(__file__).parents[1] / "golden" / "model"


@pytest.fixture(scope="module")
def engine(tmp_path_factory):
    with Engine.create(tmp_path_factory.mktemp("bare") / "index", MODEL) as made:
        yield made


@pytest.mark.parametrize("name", CALLS)
def test_one_where_several_are_meant_is_refused_with_what_to_write(engine, name):
    with pytest.raises(InvalidInput, match=r"must be (a list|a path|a flat)"):
        CALLS[name](engine)
    assert len(engine) == 0
