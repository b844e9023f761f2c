"""A model of the toy domains that is there already: what it finds plays no part here."""

from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def toy_model():
    """A bundle of the domains photo, shape and sketch, 16 bits."""
    return Path(__file__).parents[1] / "golden" / "model"
