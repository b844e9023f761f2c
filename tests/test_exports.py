"""The public names of the package, sorted; a change here is a change of the interface."""

import subprocess
import sys

import opensearch


def test_public_names():
    assert sorted(opensearch.__all__) == ["Engine", "__version__", "starter_model"]
    assert opensearch.Engine.__module__ == "opensearch.engine.engine"


def test_import_stays_light():
    code = "import sys, opensearch; print('numpy' in sys.modules, 'click' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "False"]
