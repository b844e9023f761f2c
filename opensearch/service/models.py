"""What is asked and answered, typed: the OpenAPI document is made of these."""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, Field

from opensearch.engine import Score
from opensearch.records import Hit, Item, Up
from opensearch.service.values import Flag, Metadata, Number, Whole

Weight: TypeAlias = Annotated[
    Number,
    Field(ge=-100, le=100, description="above 0 joins the query, below 0 moves it away; not 0"),
]
Key: TypeAlias = Annotated[str, Field(min_length=1, max_length=4096)]
MOST_THUMBNAILS: Final = 48


class Asked(BaseModel):
    """Base of what is asked: an unknown field is an error, and so is infinity."""

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)


class FilePart(Asked):
    """An uploaded file of any domain."""

    kind: Literal["file"]
    file: Whole = Field(ge=0, description="which of the `file` fields of the form, from 0")
    weight: Weight = 1.0
    domain: str | None = Field(default=None, description="what it is; told from it when absent")
    up: Up | None = Field(default=None, description="axis that is up in a mesh")


class DrawingPart(Asked):
    """A drawing as strokes; a PNG of one is an uploaded file."""

    kind: Literal["drawing"]
    strokes: list[list[tuple[Number, Number]]] = Field(
        min_length=1, description="points (x, y) of each stroke in order, y downwards"
    )
    weight: Weight = 1.0


class WordsPart(Asked):
    """Words."""

    kind: Literal["words"]
    text: str = Field(min_length=1)
    weight: Weight = 1.0


class ItemPart(Asked):
    """An item of the index, which is no hit of itself."""

    kind: Literal["item"]
    key: Key
    weight: Weight = 1.0


Part: TypeAlias = Annotated[
    FilePart | DrawingPart | WordsPart | ItemPart, Field(discriminator="kind")
]


class SearchAsked(Asked):
    """A search: what it is made of, where to look, and how."""

    parts: list[Part] = Field(default_factory=list, description="joined by their weights")
    targets: list[str] = Field(default_factory=list, description="domains; all when empty")
    k: Whole = Field(default=24, ge=1, description="hits wanted")
    offset: Whole = Field(default=0, ge=0, description="hits passed over before the first wanted")
    where: str | None = Field(
        default=None, description="filter, such as domain = photo and year > 2010"
    )
    max_distance: Whole | None = Field(
        default=None, ge=0, le=4096, description="Hamming, inclusive"
    )
    score: Score = "rescored"
    refine: Flag | None = Field(
        default=None,
        description="move towards the nearest item of each domain; null: where the model's"
        " calibration found that it helps",
    )
    min_score: Number | None = Field(default=None, description="least score of a hit")
    depth: Whole = Field(default=1000, ge=1, le=10_000, description="candidates scored")
    structure: str | None = Field(
        default=None, description="a structure that was built, such as hnsw; null, or exact: none"
    )
    thumbnails: Whole = Field(
        default=0,
        ge=0,
        le=MOST_THUMBNAILS,
        description="hits of those wanted that come with their thumbnails, the first ones",
    )


class HitFound(BaseModel):
    """One hit; `score_kind` says what its score is."""

    model_config = ConfigDict(from_attributes=True)

    rank: int
    id: int
    key: str
    path: str = Field(description="of its file on the service's machine, empty where none is kept")
    domain: str
    category: str | None
    distance: int = Field(description="Hamming distance of the codes")
    score: float | None
    score_kind: str | None = Field(
        description="probability, cosine, asymmetric, likeness; null: no score"
    )
    cosine: float | None = Field(description="of the embeddings of item and query")
    metadata: dict[str, Any]
    thumbnail: str | None = Field(
        default=None, description="a JPEG as `data:` address, where it was asked for and is kept"
    )

    @classmethod
    def of(cls, hit: Hit) -> HitFound:
        """A hit of the engine."""
        return cls.model_validate(hit)


class PartTaken(BaseModel):
    """How a part of the query was understood."""

    kind: str
    domain: str | None = Field(description="of a file or item; null of words")
    sure: bool = Field(description="false where the domain was guessed from the content")


class TextUnderstood(BaseModel):
    """How the words of a query were read."""

    words: list[str] = Field(description="what was searched for")
    excluded: list[str] = Field(description="what the query moves away from")
    not_counted: list[str] = Field(description="words that name no thing")
    unknown: dict[str, list[str]] = Field(description="words without a vector, and near ones")


class SearchAnswer(BaseModel):
    """Hits, best first."""

    hits: list[HitFound]
    more: bool = Field(description="whether a larger offset may give more")
    likely: bool | None = Field(
        description="whether a hit is as likely as not to be what was asked for; null: not known"
    )
    notes: list[str] = Field(description="remarks on how the query was understood")
    parts: list[PartTaken]
    understood: TextUnderstood
    took_ms: dict[str, float] = Field(
        description="milliseconds of each stage: queue, decode, render, encode, search, rescore,"
        " fetch; and total"
    )


class ItemRecord(BaseModel):
    """An item of the index."""

    id: int
    key: str
    domain: str
    category: str | None
    path: str = Field(description="of its file on the service's machine, empty where none is kept")
    size: int = Field(description="bytes of the file")
    metadata: dict[str, Any]
    original: bool = Field(description="whether its file can be fetched here")

    @classmethod
    def of(cls, item: Item, original: bool) -> ItemRecord:
        """An item of the engine."""
        names = cls.model_fields.keys() - {"original"}
        fields = {name: getattr(item, name) for name in names}
        return cls.model_validate({**fields, "original": original})


class ItemEdit(Asked):
    """What is said anew of an item; what is absent stays.

    Metadata that are not there say nothing; to take all away is to give none, `{}`.
    """

    category: str | None = Field(default=None, max_length=1000, description="null: none")
    metadata: Metadata = Field(
        default_factory=dict, description="in place of all there was; {}: none"
    )


class Views(BaseModel):
    """Pictures of an item as its encoder sees it."""

    count: int
    size: int = Field(description="pixels of a side")
    up: str | None = Field(description="axis that is up, of a shape")


class Near(BaseModel):
    """Items that are nearly the same as one."""

    hits: list[HitFound]


class Copies(BaseModel):
    """Copies of an item; their scores say how like they are, 0 to 1."""

    hits: list[HitFound]
    notes: list[str] = Field(description="what it was taken for, and what was done to which copy")


class Books(BaseModel):
    """What became of an upload."""

    key: str
    id: int
    domain: str
    replaced: bool
    guessed: bool
    damaged: str | None = Field(None, description="what the file lacks of the item, if anything")


class Removed(BaseModel):
    """How many items were removed."""

    removed: int


class Words(BaseModel):
    """Words that the model knows."""

    words: list[str]
    whole: bool = Field(description="false where others are known, too")


class Value(BaseModel):
    """A value of a field and how many of the items looked at have it."""

    value: str | bool | int | float
    count: int


class FieldSeen(BaseModel):
    """A field to filter by."""

    name: str
    kind: Literal["text", "number", "truth"]
    values: list[Value] = Field(description="most frequent first")
    distinct: int
    low: float | None
    high: float | None
    sampled: bool = Field(description="whether only some of the items were looked at")


class Fields(BaseModel):
    """Fields to filter by."""

    fields: list[FieldSeen]


class Info(BaseModel):
    """What the index holds and what the service allows."""

    name: str
    items: dict[str, int] = Field(description="by domain")
    domains: list[str] = Field(description="that the model can read")
    bits: int
    method: str
    generation: int
    last_transaction: int
    writable: bool
    reconstructs: bool = Field(description="whether /v1/reconstruct can make 3D models here")
    limits: dict[str, int] = Field(description="bytes of a body, parts of a query, hits, text")
    version: str


class Session(Asked):
    """The token, given once for a cookie."""

    token: str = Field(min_length=1, max_length=4096)


class State(BaseModel):
    """Whether the service is up."""

    status: Literal["ok", "starting"]
