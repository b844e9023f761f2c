"""What a reading process loads while no job has come."""

import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

LOADED_LATE = """
import sys
from pathlib import Path
from opensearch.config import ReaderSettings
from opensearch.domains.opening import worker
from opensearch.domains.opening.opener import Opener
from opensearch.limits import Limits

worker._foresee()
before = set(sys.modules)
named = {"photo": "image", "sketch": "sketch"}
kinds = {name: ReaderSettings(reader=reader) for name, reader in named.items()}
Opener(kinds, Limits()).open(Path(sys.argv[1]))
print(*sorted(name for name in set(sys.modules) - before if name.split(".")[0] in ("scipy", "PIL")))
"""


@pytest.mark.parametrize("kind", ["photo", "sketch"])
def test_a_first_picture_waits_for_no_large_package(kind, tmp_path):
    """A query by a picture starts a process ahead; loading these took it .16 s, reading 5 ms."""
    rng = np.random.default_rng(0)
    shown = rng.integers(0, 256, (64, 64, 3), np.uint8)
    if kind == "sketch":
        shown = np.full((64, 64, 3), 255, np.uint8)
        shown[20:44, 30:33] = 0
    file = tmp_path / f"{kind}.png"
    Image.fromarray(shown).save(file)
    asked = [sys.executable, "-c", LOADED_LATE, str(file)]
    done = subprocess.run(asked, capture_output=True, text=True, check=True)
    assert done.stdout.split() == []
