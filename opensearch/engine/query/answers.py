"""The answer to a query: its hits, and what is said of all of them."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from opensearch.domains.opening.opener import Opened
from opensearch.engine.query.meaning import LIKELY
from opensearch.engine.query.query import Query
from opensearch.engine.query.understood import Understood
from opensearch.records import Hit, ScoreKind


@dataclass(frozen=True)
class Answer:
    """The answer to a query.

    Attributes:
        hits: best first.
        notes: remarks the user should see.
        opened: the query's inputs as their encoders saw them, `files` first, then `exclude`.
        understood: how the query was read.
        score_kind: what the scores are; `None` where there are none.
        likely: whether a hit is as likely as not to be of what was asked; `None` where several
            things were asked for and no hit seems likely for all of them, or where scores
            are no probabilities.
        refined: target domains in which refinement ordered the hits, each with the ids of those
            hits that would not be among its first `k` without it.
    """

    hits: list[Hit]
    notes: list[str]
    opened: list[Opened] = field(default_factory=list)
    understood: Understood = field(default_factory=Understood)
    score_kind: ScoreKind | None = None
    likely: bool | None = None
    refined: dict[str, list[int]] = field(default_factory=dict)

    def __repr__(self) -> str:
        """How many hits there are, the best of them, and the remarks."""
        count = len(self.hits)
        said = [f"{count} hit{'s' * (count != 1)}"]
        if self.hits:
            best = self.hits[0]
            score = "" if best.score is None else f" ({best.score:.2f})"
            said.append(f"best {best.key or best.id}{score}")
        return f"<Answer: {'; '.join([*said, *self.notes])}>"


def concluded(found: Answer, query: Query) -> Answer:
    """The answer with what can be said of all of its hits."""
    ids = {hit.id for hit in found.hits}
    refined = {target: [i for i in own if i in ids] for target, own in found.refined.items()}
    asked = []
    if query.max_distance is not None:
        asked.append(f"lies within {query.max_distance} bits, as `max_distance` asks")
    if query.min_score is not None:
        most = "; no score is above 1" if query.min_score > 1 else ""
        asked.append(f"scores {query.min_score:g} or more, as `min_score` asks{most}")
    if asked and not found.hits:
        found.notes.append(f"no hit {', and '.join(asked)}")
    if found.score_kind != "probability" or not found.hits:
        return replace(found, refined=refined)
    best = max(hit.score or 0.0 for hit in found.hits)
    if best < LIKELY and not _of_one_thing(query, found):
        return replace(found, refined=refined)
    if best < LIKELY:
        found.notes.append(
            f"nothing here is likely to be what was asked for: the best hit has {best:.2f}"
        )
    return replace(found, refined=refined, likely=best >= LIKELY)


def _of_one_thing(query: Query, found: Answer) -> bool:
    """Whether a query is of the kind that probabilities were fitted on: one file, item or word.

    A hit of several things is rarely near to each of them, so that none seems likely.
    """
    things = [*query.files, *query.keys, *query.parts, *found.understood.words]
    return len(things) == 1 and not query.exclude and not found.understood.excluded
