"""Opening one file: its domain, given or guessed from its content, its views, what to record."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from opensearch.config import ReaderSettings
from opensearch.domains import open_reader
from opensearch.domains.collections.catalog import digest, fingerprint
from opensearch.domains.opening.guess import guess_domain, looks_like_photo, shows_page
from opensearch.domains.reading import Reader, Reading, thumbnail
from opensearch.domains.sketch import is_drawn
from opensearch.errors import InvalidInput, OverLimit, UnreadableFile
from opensearch.limits import Limits
from opensearch.records import Source, Stamp, Up

_OTHER: Final = {"sketch": "photo", "photo": "sketch"}
_TIMES: Final = 2
"""How often a file is read that changes meanwhile."""


class NoReader(InvalidInput):
    """A file of a domain that there is no reader for.

    Attributes:
        domain: its name.
    """

    def __init__(self, domain: str, known: Mapping[str, ReaderSettings]) -> None:
        super().__init__(f"no reader for the domain {domain!r}; there are {', '.join(known)}")
        self.domain = domain


@dataclass(frozen=True, slots=True)
class Opened:
    """What opening one file gave.

    `sure` says whether the domain was given, or certain; `doubt` that a query given as a drawing
    looks like a photo of a thing. The rest is what an index keeps beside the code, taken before
    the views, and empty where it was not asked for: size in bytes, time of change in ns, 16-byte
    digest, JPEG thumbnail, imprint.
    """

    domain: str
    sure: bool
    reading: Reading
    size: int = 0
    mtime_ns: int = 0
    digest: bytes = b""
    thumbnail: bytes = b""
    imprint: bytes = b""
    doubt: bool = False


class Opener:
    """Opens files in this process; several threads may share one.

    Args:
        settings: how each domain's files become views.
        limits: what one file may cost.
    """

    def __init__(self, settings: Mapping[str, ReaderSettings], limits: Limits) -> None:
        self._settings = settings
        self._limits = limits
        self._readers: dict[str, Reader] = {}

    def open(
        self,
        path: Path,
        part: int | None = None,
        domain: str | None = None,
        books: bool = False,
        up: Up | None = None,
        stamp: Stamp | None = None,
    ) -> Opened:
        """The domain and views of a file.

        Args:
            part: the line of an .ndjson file.
            domain: what it is taken for; guessed from its content when `None`.
            books: also give what an index keeps of it.
            up: which axis of a shape is up; told by its format when `None`.
            stamp: what was found of it before; only a file that changed since is digested again.

        Raises:
            UnreadableFile: it cannot be read, is over the limits, or changes all the time.
            NoReader: its domain is none of `settings`.
        """
        if not books:
            found = self._recognised(path, part, domain, up, hurried=False)
            doubt = self._as_photo(path, domain) and not shows_page(path, self._limits)
            return Opened(*found, doubt=doubt)
        for _ in range(_TIMES):
            before = fingerprint(path)
            try:
                opened = self._with_books(path, part, domain, up, stamp)
            except UnreadableFile:
                if fingerprint(path) == before:
                    raise  # else it may have been half written
            else:
                # A drawing of many is its own line, whatever is added below.
                if part is not None or fingerprint(path) == before:
                    return opened
        raise UnreadableFile(
            f"{path.name!r} changed while it was read: index it again once it is complete"
        )

    def _with_books(
        self, path: Path, part: int | None, domain: str | None, up: Up | None, stamp: Stamp | None
    ) -> Opened:
        """The file and what an index keeps of it, if it stays as it is meanwhile."""
        size, mtime_ns = fingerprint(path)
        if stamp is not None and (stamp.size, stamp.mtime_ns) == (size, mtime_ns):
            mark = stamp.digest
        else:
            mark = digest(Source(path, path.name, part))
        domain, sure, reading = self._recognised(path, part, domain, up, hurried=True)
        imprint = reading.imprint() if reading.imprint is not None else b""
        return Opened(domain, sure, reading, size, mtime_ns, mark, thumbnail(reading), imprint)

    def _recognised(
        self, path: Path, part: int | None, domain: str | None, up: Up | None, *, hurried: bool
    ) -> tuple[str, bool, Reading]:
        """The domain of a file, whether that is certain, and its views.

        A guess without a reader falls back to the other kind of picture. So does a guessed sketch
        without ink: it was a picture. A blank file of a drawing program is refused instead.
        """
        if domain is not None:
            return domain, True, self._as_said(domain, path, part, up)
        guess = guess_domain(path, self._limits, hurried, "cartoon" in self._settings)
        other = _OTHER.get(guess.domain, "")
        if guess.domain not in self._settings and other in self._settings:
            return other, False, self._read(other, path, part)
        try:
            return guess.domain, guess.sure, self._read(guess.domain, path, part, up)
        except UnreadableFile as error:
            if guess.domain != "sketch" or is_drawn(path) or other not in self._settings:
                raise
            try:
                return other, False, self._read(other, path, part)
            except UnreadableFile:
                raise error from None  # the reason that belongs to the guess is the one to act on

    def _as_said(self, domain: str, path: Path, part: int | None, up: Up | None) -> Reading:
        try:
            return self._read(domain, path, part, up)
        except OverLimit:
            raise
        except UnreadableFile as error:
            if self._as_photo(path, domain):
                raise UnreadableFile(
                    f"{error}; if it is a photo of an object, its domain is photo"
                ) from error
            raise

    def _as_photo(self, path: Path, domain: str | None) -> bool:
        """Whether a file that is said to be a drawing is a photograph by its looks."""
        settings = self._settings.get(domain or "")
        drawing = settings is not None and settings.reader == "sketch" and not is_drawn(path)
        return drawing and looks_like_photo(path, self._limits)

    def _read(self, domain: str, path: Path, part: int | None, up: Up | None = None) -> Reading:
        if domain not in self._readers:
            if domain not in self._settings:
                raise NoReader(domain, self._settings)
            self._readers[domain] = open_reader(self._settings[domain], self._limits)
        return self._readers[domain](path, part, up)
