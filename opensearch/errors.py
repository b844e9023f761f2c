"""Every error a caller of `opensearch` may see.

    OpenSearchError            exit 1   the base: catch it to catch them all
    ├── InvalidInput           exit 2   an argument, option or setting that cannot be used
    │   └── UnknownWord        exit 2   a category or word without a vector
    ├── UnreadableFile         exit 1   a file of the user's that cannot be read
    │   └── OverLimit          exit 1   a file that would cost more than its limits allow
    ├── BundleError            exit 1   a model folder that is missing, damaged or too new
    ├── StoreError             exit 1   an index that is missing, damaged, too new or locked
    │   ├── Superseded         exit 1   a store that compaction has replaced by a newer one
    │   ├── Overtaken          exit 1   a read without a lock that a writer's commits overtook
    │   ├── NotKept            exit 1   an item that lacks what was asked for
    │   └── PartlyStored       exit 1   codes added in bulk, of which only the first were stored
    ├── Refused                exit 1   a step that would lose much and was not forced
    ├── IndexMismatch          exit 4   a model and an index that do not belong together
    └── MissingExtra           exit 1   an optional package that is not installed

Errors of lmdb, faiss, pillow, embreex and onnxruntime never leave their rooms: they are
raised again as one of these, with `from` keeping the cause.
"""

from __future__ import annotations

import errno
import re
from typing import Any, Final

FULL = (errno.ENOSPC, errno.EDQUOT)
"""Error numbers for a full disk and for an exhausted quota."""

_LONGEST_PATH: Final = 4096
_LONG, _KEPT = 256, 60
# A file name has at most 255 bytes: a path is shown whole, so that it can be copied.
_LONG_WORD: Final = re.compile(r"\S{256,}(?<![;:,.)])")
_LONG_NAME: Final = re.compile(r"[^/]{256,}")
_LONG_QUOTE: Final = re.compile(r"""(?<!\w)(['"])((?:(?!\1).){256,}?)\1(?!\w)""", re.DOTALL)


def brief(message: str) -> str:
    """A message with very long quoted texts and very long words shortened."""
    message = _LONG_QUOTE.sub(lambda found: f"{found[1]}{shortened(found[2])}{found[1]}", message)
    return _LONG_WORD.sub(lambda found: shortened(found[0]), message)


def shortened(text: str) -> str:
    """The beginning and length of a very long text; other texts, and paths, as they are."""
    is_path = len(text) < _LONGEST_PATH and "/" in text and not _LONG_NAME.search(text)
    if len(text) < _LONG or is_path:
        return text
    return f"{text[:_KEPT]}... ({len(text):,} characters)"


def system_reason(error: OSError) -> str:
    """The system's reason for an error; a full disk is called that."""
    text = error.strerror or str(error)
    return f"the disk is full ({text})" if error.errno in FULL else text


class OpenSearchError(Exception):
    """Base of every error raised on purpose; its text is one line for the user.

    Very long words and quoted texts in it are shortened, see `brief`.
    """

    exit_code = 1

    def __init__(self, text: str = "") -> None:
        super().__init__(brief(text))


class InvalidInput(OpenSearchError):
    """A value given by the caller that cannot be used; the text names the way out."""

    exit_code = 2


class UnknownWord(InvalidInput):
    """A category or word that the semantic provider has no vector for."""


class UnreadableFile(OpenSearchError):
    """A file that its reader cannot turn into views: damaged, empty or of a wrong kind."""


class OverLimit(UnreadableFile):
    """A file whose pixels, faces, bytes or seconds are over the limits."""


class BundleError(OpenSearchError):
    """A model bundle that is missing, incomplete, damaged or of a newer format."""


class StoreError(OpenSearchError):
    """An index whose store is missing, locked, damaged or of a newer format."""


class Superseded(StoreError):
    """A store that compaction has replaced: nothing was written; open the index again."""


class Overtaken(StoreError):
    """A read of a read-only index that commits overtook again and again; nothing is damaged."""


class NotKept(StoreError):
    """A stored item without what was asked of it, such as an embedding; the index is sound."""


class PartlyStored(StoreError):
    """Codes added in bulk, of which only the first were stored.

    Attributes:
        ids: the ids of those, in order.
    """

    def __init__(self, text: str, ids: Any) -> None:
        super().__init__(text)
        self.ids = ids


class Refused(OpenSearchError):
    """A step that would lose much and was not forced; nothing was lost."""


class IndexMismatch(OpenSearchError):
    """A model whose space, hash or encoders differ from those that made the index."""

    exit_code = 4


class MissingExtra(OpenSearchError):
    """A feature that needs an optional package; the text names the extra to install."""


def unwritable(error: OSError) -> type[OpenSearchError]:
    """The class for a file that the user named and that the system would not write.

    A full or failing disk is no fault of the name.
    """
    return OpenSearchError if error.errno in (*FULL, errno.EIO) else InvalidInput
