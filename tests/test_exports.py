"""The public names of the package, sorted; a change here is a change of the interface."""

import subprocess
import sys

import pytest

import opensearch
from opensearch import errors

NAMES = [
    "Answer", "BundleError", "Content", "Engine", "Hit", "IndexMismatch", "InvalidInput", "Item",
    "Limits", "Mesh", "MissingExtra", "NotKept", "OpenSearchError", "OverLimit", "Overtaken",
    "PartlyStored", "Query", "Refused", "Report", "StoreError", "Superseded", "Understood",
    "UnknownWord", "UnreadableFile", "Words", "__version__", "starter_model",
]  # fmt: skip


def test_public_names():
    assert sorted(opensearch.__all__) == NAMES
    assert opensearch.Engine.__module__ == "opensearch.engine.engine"


@pytest.mark.parametrize("name", sorted(set(NAMES) - {"__version__"}))
def test_each_name_is_found_in_its_room(name):
    assert getattr(opensearch, name).__name__ == name


def test_a_name_that_is_not_there_is_told():
    with pytest.raises(AttributeError, match="module 'opensearch' has no attribute 'Motor'"):
        opensearch.Motor  # noqa: B018


def test_every_error_is_public():
    ours = {
        name
        for name, value in vars(errors).items()
        if isinstance(value, type) and issubclass(value, errors.OpenSearchError)
    }
    assert ours <= set(NAMES)


def test_import_stays_light():
    code = "import sys, opensearch; print('numpy' in sys.modules, 'click' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "False"]
