"""Who asks a server, and whom is trusted to be one: the environment or files say so.

Never an address, which stands in histories, logs and lists of processes.
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
    """What the environment says of user and password, or of a token.

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
    """What the environment says of certificates that a server of TLS may show; else the usual.

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
