"""Words with their unit vectors, and how a name or phrase is found among them."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from string import ascii_lowercase
from typing import Final

import numpy as np
from numpy.typing import NDArray

from opensearch.errors import InvalidInput, UnknownWord
from opensearch.semantic.names import normalise, spellings, variants, without_codes, words_of
from opensearch.semantic.sphere import unit

_SHORTEST: Final = 3
_LONGEST: Final = 40
"""Only names of at most so many letters are checked for typing slips."""


class Vocabulary:
    """A table of normal spellings and unit vectors, kept as float16.

    float16 from the start: a space restored from disk then gives bit for bit the vectors
    that training saw.

    Args:
        words: n distinct normal spellings.
        vectors: shape (n, d), any length but zero.
        aliases: other normal spellings, each with the word it stands for.

    Raises:
        InvalidInput: the counts differ, or a word's vector is zero or not finite.
    """

    def __init__(
        self,
        words: Sequence[str],
        vectors: NDArray[np.floating],
        aliases: Mapping[str, str] | None = None,
    ) -> None:
        if vectors.ndim != 2 or len(words) != len(vectors):
            raise InvalidInput(f"{len(words)} words came with vectors of shape {vectors.shape}")
        self.words = tuple(words)
        self.vectors = _compact(self.words, vectors)
        self._rows = {word: row for row, word in enumerate(self.words)}
        self._rows |= {alias: self._rows[word] for alias, word in (aliases or {}).items()}

    @property
    def dim(self) -> int:
        """Numbers a vector has."""
        return int(self.vectors.shape[1])

    def listed(self, name: str) -> str | None:
        """The listed word that a name is or is an alias of, `None` where it is not as a whole.

        Singular, plural, accents and British or American spelling make no difference.
        """
        found = self._among(_all_spellings(name))
        return None if found is None else self.words[self._rows[found]]

    def find(self, name: str) -> NDArray[np.float32] | None:
        """The vector that `listed` finds, shape (d,), unit; `None` if it finds nothing.

        Args:
            name: a word or phrase in any spelling.
        """
        spelling = self.listed(name)
        return None if spelling is None else self._of(spelling)

    def compose(self, name: str) -> NDArray[np.float32] | None:
        """As `find`, else the unit mean of the vectors of the name's words.

        What `spellings` finds goes first, whole or in words: categories were composed so before
        there were `variants` and `without_codes`, and a category's vector must not move.

        Returns:
            Shape (d,), unit; `None` if a word of the name is not listed.
        """
        ways = (name, spellings), (name, _all_spellings), (without_codes(name), _all_spellings)
        return next(
            (v for each, forms in ways if (v := self._composed(each, forms)) is not None), None
        )

    def vector(self, name: str) -> NDArray[np.float32]:
        """As `compose`, but an unknown name is an error.

        Raises:
            UnknownWord: no vector; the text names the nearest spellings.
        """
        found = self.compose(name)
        if found is None:
            raise UnknownWord(self.complaint([name]))
        return found

    def complaint(self, names: Sequence[str]) -> str:
        """One sentence that names the words without vectors and the nearest known ones."""
        near = {n: None for name in names[:5] for n in self.offers(name)}
        listed = ", ".join(repr(name) for name in names[:5])
        more = f" and {len(names) - 5} more" if len(names) > 5 else ""
        hint = f"similar words: {', '.join(near)}" if near else "no listed word is similar"
        return f"no vector is known for {listed}{more}; {hint}"

    def _composed(
        self, name: str, forms: Callable[[str], Iterable[str]]
    ) -> NDArray[np.float32] | None:
        """The vector of a name in some spellings, whole or as the mean of its words."""
        whole = self._among(forms(name))
        if whole is not None:
            return self._of(whole)
        parts = [self._among(forms(word)) for word in words_of(name)]
        found = [self._of(part) for part in parts if part is not None]
        return unit(np.mean(found, axis=0)) if found and len(found) == len(parts) else None

    def _among(self, forms: Iterable[str]) -> str | None:
        return next((form for form in forms if form in self._rows), None)

    def _of(self, spelling: str) -> NDArray[np.float32]:
        return unit(self.vectors[self._rows[spelling]])

    def near(self, name: str, count: int = 3, alike: float = 0.7) -> list[str]:
        """The listed words and aliases spelled most alike, the nearest first.

        Only words with the same first letter and nearly the same length are compared, since
        a training set may miss hundreds of names in tens of thousands of words.

        Args:
            alike: share of letters that agree, at least, see `difflib`.
        """
        text = normalise(name)
        likely = [
            word for word in self._rows if word[:1] == text[:1] and abs(len(word) - len(text)) < 4
        ]
        return difflib.get_close_matches(text, likely, n=count, cutoff=alike)

    def offers(self, name: str, count: int = 3) -> list[str]:
        """What may be asked for in place of an unknown name: longer names of it, else near ones.

        `pump` is offered `air pump`: the shorter names first. Near are names that one slip of the
        hand makes of it, such as `dog` for `dgo`, then those of the same letters, such as `bicycle`
        for `bycicle`, before those that `near` finds.
        """
        text = normalise(name)
        longer = sorted((word for word in self.words if word.endswith(f" {text}")), key=len)
        if text and longer:
            return longer[:count]
        slips = (word for word in _one_slip_off(text) if word in self._rows)
        letters = sorted(text)
        mixed = (
            word
            for word in self._rows
            if (word[:1], len(word)) == (text[:1], len(text)) and sorted(word) == letters
        )
        return list(dict.fromkeys([*slips, *mixed, *self.near(name, count)]))[:count]

    def starting(self, prefix: str) -> list[str]:
        """The listed words that begin so, sorted; all of them for an empty prefix."""
        text = prefix.lstrip().casefold().replace("_", " ").replace("-", " ")
        return sorted(word for word in self.words if word.startswith(text))


def _one_slip_off(text: str) -> Iterator[str]:
    """Texts that this one may be a typing slip of: letters swapped, one left out, one too many."""
    if not _SHORTEST <= len(text) <= _LONGEST:
        return
    cuts = [(text[:at], text[at:]) for at in range(len(text) + 1)]
    yield from (a + b[1] + b[0] + b[2:] for a, b in cuts if len(b) > 1)
    yield from (a + letter + b for a, b in cuts for letter in ascii_lowercase)
    yield from (a + b[1:] for a, b in cuts if b)


def _all_spellings(name: str) -> Iterator[str]:
    yield from spellings(name)
    yield from variants(name)


def _compact(words: Sequence[str], vectors: NDArray[np.floating]) -> NDArray[np.float16]:
    if vectors.dtype == np.float16:
        return np.asarray(vectors, dtype=np.float16)
    wide = np.asarray(vectors, dtype=np.float64)
    with np.errstate(invalid="ignore", over="ignore"):
        length = np.linalg.norm(wide, axis=1, keepdims=True)
    bad = ~(np.isfinite(length[:, 0]) & (length[:, 0] > 0))
    if bad.any():
        word = words[int(bad.argmax())]
        raise InvalidInput(f"the vector of {word!r} is zero or not finite; leave the word out")
    return np.asarray(wide / length, dtype=np.float16)
