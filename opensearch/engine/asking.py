"""Asking an index: queries of any kind, and the embeddings and codes of their inputs.

Nothing here writes to the index. `query` answers.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from opensearch.engine import arguments as must
from opensearch.engine.checking import checked
from opensearch.engine.open_index import OpenIndex
from opensearch.engine.query.answering import answer
from opensearch.engine.query.answers import Answer
from opensearch.engine.query.many import answer_many, search_codes
from opensearch.engine.query.parts import Part, made_part
from opensearch.engine.query.query import Query, Score, Weighted, queries_, weighted
from opensearch.errors import OpenSearchError
from opensearch.model import InputLike
from opensearch.records import Hit, Names, Several, Up
from opensearch.store import again


class Asking(OpenIndex):
    """The methods of `Engine` that answer queries."""

    def search(  # noqa: PLR0913 - a query in one call, each part by name
        self,
        query: Weighted | Sequence[Weighted] = (),
        *,
        text: str | None = None,
        sentence: str | None = None,
        keys: Names = (),
        exclude: Several[InputLike] = (),
        source: str | None = None,
        up: Up | None = None,
        targets: Names = (),
        k: int = 10,
        refine: bool | None = None,
        score: Score = "rescored",
        depth: int = 1000,
        max_distance: int | None = None,
        min_score: float | None = None,
        where: str | None = None,
        structure: str | None = None,
    ) -> list[Hit]:
        """The `k` nearest items, best first; see `Query` for the arguments."""
        return self.ask(
            Query(
                files=weighted(query),
                text=text,
                sentence=sentence,
                keys=keys,
                exclude=exclude,  # type: ignore[arg-type]  # checked and made inputs there
                source=source,
                up=up,
                targets=targets,
                k=k,
                refine=refine,
                score=score,
                depth=depth,
                max_distance=max_distance,
                min_score=min_score,
                where=where,
                structure=structure,
            )
        ).hits

    @checked(query=must.a(Query, "a Query"))
    def ask(self, query: Query) -> Answer:
        """As `search`, with the remarks on how the query was understood."""
        return again(lambda: answer(query, self._generations, self.model))

    @checked(queries=queries_)
    def ask_many(self, queries: Sequence[Query]) -> Iterator[Answer | OpenSearchError]:
        """As `ask`, of many: their files are embedded in batches.

        Returns:
            For each query, in order, its answer or the error that `ask` would raise.
        """
        return answer_many(queries, self._generations, self.model)

    @checked()
    def part(
        self,
        given: InputLike | None = None,
        *,
        key: str | None = None,
        text: str | None = None,
        domain: str | None = None,
        up: Up | None = None,
    ) -> Part:
        """An input, a stored item or words as a part of queries, read and encoded once.

        Args:
            given: a file, picture or mesh, of `domain` if that is given, with the axis `up` up.
            key: of a stored item.
            text: words.

        Raises:
            InvalidInput: not just one of the three is given, or the key or the words are unknown.
            UnreadableFile: the input cannot be read.
        """
        return made_part(self.model, self._store, (given, key, text), domain, up)  # type: ignore[arg-type]  # checked

    @checked()
    def search_batch(
        self,
        codes: NDArray[np.uint8],
        targets: Names = (),
        k: int = 10,
        structure: str | None = None,
    ) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
        """Nearest items of many codes at once, without records; see `items` for those.

        Args:
            codes: shape (n, bits // 8).
            targets: domains searched; all that the index holds when empty.
            k: hits wanted.
            structure: name of a backend, such as `hnsw`, whose structure was built; `exact` or
                `None`: by none.

        Returns:
            Hamming distances (n, k) and ids (n, k), in order of (distance, id); short rows
            are padded with id -1 and the largest distance.

        Raises:
            InvalidInput: codes of another shape, a domain that the index does not hold, or a
                structure that was not built.
        """
        return search_codes(self._generations, codes, targets, k, structure)

    @checked()
    def embed(self, files: Several[InputLike], domain: str) -> NDArray[np.float32]:
        """Embeddings (n, d), unit rows, of files, pictures or meshes of one domain."""
        self.model.bundle.domain(domain)
        return self.model.embed(files, domain)  # type: ignore[arg-type]  # made inputs by the check

    @checked()
    def codes(
        self, embeddings: NDArray[np.float32], domain: str | None = None
    ) -> NDArray[np.uint8]:
        """Codes (n, bits // 8) of embeddings (n, d)."""
        return self.model.hasher.encode(embeddings, domain)
