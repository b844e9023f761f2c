"""Rows of word-vector files, one at a time: word2vec text and binary, GloVe, npz.

The format is told from the content, never from the suffix.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from opensearch.errors import UnreadableFile
from opensearch.files import reading_arrays

Values: TypeAlias = list[bytes] | NDArray[np.floating]
Row: TypeAlias = tuple[str, Values]
"""A word as written, and its numbers: decimal text fields, or parsed already."""

MAX_DIM = 65_536
"""Most numbers a vector may have: more means that a header lies or the file is no table."""
_BLOCK = 1 << 20
_NUMBER = re.compile(rb"[0-9]+")
_DIGITS = 18
"""Most that a count of words or numbers may have."""
_FORMATS = "word2vec text or binary, GloVe text, or npz with `words` and `vectors`"


def read_rows(path: Path) -> tuple[int, Iterator[Row]]:
    """Open a word-vector file.

    Args:
        path: the file.

    Returns:
        The numbers a vector has, and the rows in the order of the file; text rows are
        parsed only by whoever wants them (`numbers`), which is what a scan costs most.

    Raises:
        UnreadableFile: missing, empty, packed or none of the formats; raised later by the
            rows where the file turns out damaged or cut off.
    """
    try:
        with path.open("rb") as file:
            head = file.read(_BLOCK)
    except OSError as error:
        raise UnreadableFile(f"{path} cannot be opened: {error.strerror}") from error
    if head[:4] == b"PK\x03\x04":
        return _npz(path)
    first, _, rest = head.partition(b"\n")
    fields = first.split()
    if len(fields) == 2 and all(_NUMBER.fullmatch(field) for field in fields):
        if max(map(len, fields)) > _DIGITS:
            raise UnreadableFile(f"{path} is no word-vector file; {_FORMATS} can be read, unpacked")
        count, dim = int(fields[0]), int(fields[1])
        if not 0 < dim <= MAX_DIM:
            raise UnreadableFile(f"{path} promises vectors of {dim} numbers; 1 to {MAX_DIM} work")
        text = _is_text(rest.partition(b"\n")[0])
        rows = _text(path, dim, 1) if text else _binary(path, dim, count)
        return dim, _counted(path, rows, count)
    dim = len(fields) - 1
    if not 0 < dim <= MAX_DIM or not _is_text(first):
        raise UnreadableFile(f"{path} is no word-vector file; {_FORMATS} can be read, unpacked")
    return dim, _text(path, dim, 0)


def numbers(path: Path, word: str, values: Values) -> NDArray[np.float32]:
    """The vector of a row, shape (d,), finite and not zero.

    Raises:
        UnreadableFile: a field is no number, or the vector is zero or not finite.
    """
    try:
        with np.errstate(over="ignore"):
            vector = np.array(values, dtype=np.float32)
    except ValueError as error:
        raise UnreadableFile(f"{path}: the row of {word!r} holds no numbers: {error}") from error
    if not np.isfinite(vector).all() or not vector.any():
        raise UnreadableFile(f"{path}: the vector of {word!r} is zero or not finite")
    return vector


def _is_text(line: bytes) -> bool:
    """Whether a word is followed by nothing but decimal numbers."""
    try:
        return bool([float(field) for field in line.split()[1:]])
    except ValueError:
        return False


def _text(path: Path, dim: int, skip: int) -> Iterator[Row]:
    with path.open("rb") as file:
        for number, line in enumerate(file, start=1):
            if number <= skip or not line.strip():
                continue
            # GloVe has words with spaces in them, so the numbers are counted from the end
            word, *fields = line.rsplit(maxsplit=dim)
            if len(fields) != dim:
                raise UnreadableFile(
                    f"{path} line {number} holds {len(fields)} numbers, wanted {dim}"
                )
            yield word.decode("utf-8", errors="replace"), fields


def _binary(path: Path, dim: int, count: int) -> Iterator[Row]:
    with path.open("rb") as file:
        file.readline()
        buffer, at, width = b"", 0, 4 * dim
        for _ in range(count):
            end = buffer.find(b" ", at)
            while end < 0 or len(buffer) < end + 1 + width:
                block = file.read(_BLOCK)
                if not block or (end < 0 and len(buffer) - at > _BLOCK):
                    return
                buffer, at = buffer[at:] + block, 0
                end = buffer.find(b" ")
            word = buffer[at:end].lstrip(b"\n").decode("utf-8", errors="replace")
            yield word, np.frombuffer(buffer, "<f4", dim, end + 1)
            at = end + 1 + width


def _counted(path: Path, rows: Iterator[Row], count: int) -> Iterator[Row]:
    """The rows, and an error at their end unless there are as many as the header said."""
    seen = 0
    for row in rows:
        seen += 1
        yield row
    if seen != count:
        raise UnreadableFile(f"{path} promises {count} words but holds {seen}; fetch it again")


def _npz(path: Path) -> tuple[int, Iterator[Row]]:
    try:
        with reading_arrays(), path.open("rb") as file:
            archive = np.load(file, allow_pickle=False)
            words, vectors = archive["words"], archive["vectors"]
    except (OSError, ValueError) as error:
        raise UnreadableFile(f"{path} is no npz with `words` and `vectors`: {error}") from error
    if vectors.ndim != 2 or words.shape != vectors.shape[:1] or words.dtype.kind != "U":
        raise UnreadableFile(
            f"{path} holds words {words.dtype}{words.shape} and vectors {vectors.shape};"
            " wanted n strings and (n, d) numbers"
        )
    if vectors.dtype.kind != "f" or not 0 < vectors.shape[1] <= MAX_DIM:
        raise UnreadableFile(f"{path} holds vectors {vectors.dtype}{vectors.shape}, wanted floats")
    return vectors.shape[1], zip(words.tolist(), vectors, strict=True)
