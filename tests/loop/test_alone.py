"""One run a folder, told across processes."""

import subprocess
import sys

import pytest

from opensearch.errors import InvalidInput
from opensearch.loop import alone

HOLD = """
import sys
from pathlib import Path
from opensearch.loop import alone
with alone(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""


def test_a_second_run_is_refused_until_the_first_ends(tmp_path):
    out = tmp_path / "a model"
    first = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(out)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    with first:
        assert first.stdout.readline() == b"held\n"
        refused = pytest.raises(InvalidInput, match=r"another run is training into .*a model; wait")
        with refused, alone(out):
            pytest.fail("two at once")
        first.kill()
    with alone(out):
        pass
    with alone(out):  # released by the end of the block, too
        pass
    assert list(out.iterdir()) == []


def test_an_error_within_releases_the_lock(tmp_path):
    with pytest.raises(ZeroDivisionError), alone(tmp_path):
        raise ZeroDivisionError
    with alone(tmp_path):
        pass


def test_a_folder_that_cannot_be_is_left_to_who_writes(tmp_path):
    (tmp_path / "file").write_text("")
    with alone(tmp_path / "file"):
        pass
