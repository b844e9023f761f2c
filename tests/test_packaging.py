"""What is installed is what is here: a package that is not listed is missed by users alone."""

import configparser
from pathlib import Path

ROOT = Path(__file__).parents[1]


def test_every_package_of_ours_is_installed():
    setup = configparser.ConfigParser()
    setup.read(ROOT / "setup.cfg", encoding="utf-8")
    found = {
        ".".join(path.parent.relative_to(ROOT).parts)
        for path in (ROOT / "opensearch").rglob("__init__.py")
    }
    listed = set(setup["options"]["packages"].split())
    assert found - listed == set(), "add it to `packages` in setup.cfg"
