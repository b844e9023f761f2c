"""What reads files is loaded when the first of its kind comes."""

import subprocess
import sys
from importlib import import_module

import pytest

from opensearch.domains import meshes
from opensearch.domains.later import later
from opensearch.domains.meshes import FORMATS


def test_a_function_is_called_with_all_it_is_given():
    assert later("fractions", "Fraction")(6, denominator=4) == import_module("fractions").Fraction(
        3, 2
    )


def test_whoever_asks_loads_no_format():
    code = (
        "import sys; from opensearch.engine import Engine\n"
        "late = ['svg.drawing', *(f'meshes.{name}' for name in ('obj', 'off', 'ply', 'stl'))]\n"
        "late = ['tinycss2', 'cssselect2', *(f'opensearch.domains.{name}' for name in late)]\n"
        "print([name for name in late if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize("suffix", FORMATS)
def test_every_loader_is_there(suffix, monkeypatch):
    """What stands in the registry as text is a function of a module."""
    found = []

    class Asked:
        def __init__(self, module):
            self._module = import_module(module)

        def __getattr__(self, name):
            found.append(getattr(self._module, name))
            return lambda *_: found[-1].__module__

    monkeypatch.setattr("opensearch.domains.later.import_module", Asked)
    assert FORMATS[suffix].load(b"", None, None).startswith(f"{meshes.__name__}.")
    assert callable(found[0])
