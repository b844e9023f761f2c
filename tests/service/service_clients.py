"""Clients of a service in this process."""

from pathlib import Path

from starlette.testclient import TestClient

from opensearch.limits import Limits
from opensearch.service.app import create_app
from opensearch.service.served import Served
from opensearch.service.settings import UPLOADS, Serving

MODEL = Path(__file__).parents[1] / "golden" / "model"
TOKEN = "a-token-of-the-tests"


def client_of(index, limits: Limits = UPLOADS, **settings):
    """A client of a service; a context, in which the service runs."""
    serving = Serving(**settings)
    app = create_app(Served(index, None, limits), serving)
    return TestClient(app, base_url="http://127.0.0.1:8765", raise_server_exceptions=False)
