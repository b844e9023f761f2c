"""Credentials for a server, and certificates to trust: from the environment or from files.

Never from an address, which ends up in histories, logs and lists of processes.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

from opensearch.errors import InvalidInput

TOKEN, FILE = "OPENSEARCH_MILVUS_TOKEN", "OPENSEARCH_MILVUS_TOKEN_FILE"
_USER, _PASSWORD = "OPENSEARCH_MILVUS_USER", "OPENSEARCH_MILVUS_PASSWORD"
_TRUSTED: Final = "OPENSEARCH_MILVUS_CA_FILE"


def credentials() -> dict[str, str]:
    """User and password, or a token, from the environment.

    Raises:
        InvalidInput: the file of the token cannot be read.
    """
    token, file = os.environ.get(TOKEN, ""), os.environ.get(FILE, "")
    if not token and file:
        try:
            token = Path(file).read_text("utf-8").strip()
        except (OSError, ValueError) as error:
            raise InvalidInput(f"{FILE} names a file that cannot be read: {error}") from error
    if token:
        return {"token": token}
    user = os.environ.get(_USER, "")
    return {"user": user, "password": os.environ.get(_PASSWORD, "")} if user else {}


def trusted() -> dict[str, str]:
    """The certificates that the environment names to trust a TLS server by; none for the usual.

    Raises:
        InvalidInput: the file cannot be read.
    """
    file = os.environ.get(_TRUSTED, "")
    if not file:
        return {}
    try:
        Path(file).read_bytes()
    except OSError as error:
        raise InvalidInput(f"{_TRUSTED} names a file that cannot be read: {error}") from error
    return {"server_pem_path": file}
