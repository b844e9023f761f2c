"""Whatever is handed to the engine: it is used, or refused in our words, and nothing is written."""

import inspect
import re
from io import StringIO
from pathlib import Path
from typing import get_args, get_origin

import numpy as np
import pytest

from opensearch.cluster import OnRay
from opensearch.engine import Engine, Query
from opensearch.engine.arguments import shown
from opensearch.engine.checking import checked
from opensearch.engine.query.parts import Part
from opensearch.errors import InvalidInput, OpenSearchError
from opensearch.experiments.evaluate import Evaluation
from opensearch.limits import Limits
from opensearch.model import Content, Mesh
from opensearch.records import Item, Names

MODEL = Path(__file__).parents[1] / "golden" / "model"
CODES = np.arange(16, dtype=np.uint8).reshape(8, 2)
VECTORS = np.eye(8, 4, dtype=np.float32)

# What no argument of a kind takes.
TEXT = [None, 5, b"photo", ["photo"], object()]
PATH = [None, 5, b"a.png", ["a.png"], "", "a\0b", "\ud800", object()]
FLAG = [None, 0, 1, "yes", []]
WHOLE = [None, 1.0, "1", True, -1, [1], np.float32(1), np.array([1])]
NUMBER = [None, "1", True, [1], float("nan"), float("inf"), 10**400]
TEXTS = [None, 5, "abc", b"abc", [5], [None], [b"a"], {"a": 1}, np.zeros((2, 2)), [["a"]]]
PICTURE = np.random.default_rng(0).integers(0, 256, (30, 40, 3), np.uint8)
FACE = np.array([[0, 1, 2]])
PART = Part(np.eye(4, dtype=np.float32)[0])
PATHS = [None, 5, "abc", b"abc", Path("abc"), [5], [None], [b"a"], {"a": 1}]
CALLED = [None, 5, "print"]
CODE_ARRAYS = [
    None, "abc", b"ab", [[1, 2]], CODES.tolist(), CODES.astype(np.int64), CODES[0], CODES[None],
    CODES[:, :1], CODES.astype(np.float32), np.array(None), np.array([["a", "b"]]),
]  # fmt: skip
VECTOR_ARRAYS = [
    None, "abc", [[0.5]], VECTORS[0], VECTORS[None], VECTORS.astype(int), VECTORS[:, :3],
    np.full((2, 4), np.nan), np.full((2, 4), np.inf), VECTORS.astype(complex), np.array("a"),
]  # fmt: skip
IDS = [
    None, 5, "12", b"12", [0.0], ["0"], [None], [True], [2**63], [10**30], {"0": 0},
    np.zeros(2), np.zeros((2, 2), int), np.array(0), [[0]],
]  # fmt: skip
UNKNOWN = ["no such domain", "\udce9", "a" * 10_000]


def none_too(values):
    """What an argument does not take that may be None."""
    return [value for value in values if value is not None]


class Closed:
    """A file object that cannot be read any more."""

    def read(self, size):
        raise ValueError("I/O operation on closed file")


INPUT = [
    None, 5, "", "a\0b", "\ud800", object(), {"a.png": 1}, StringIO("text"), Closed(),
    np.zeros(5, np.uint8),
    np.zeros((4, 4)), np.zeros((4, 4, 2), np.uint8), np.zeros((0, 4), np.uint8), b"", b"no picture",
    Content("text"), Content(b"a", 5), Content(b"a", "a.xyz"), Mesh(np.zeros((3, 2)), FACE),
    Mesh(np.zeros((3, 3)), np.zeros((1, 3))), Mesh(np.eye(3)[:2], FACE), Mesh([["a"]], FACE),
    Mesh(np.zeros((3, 3)), FACE), Mesh([[1, 2], [3]], FACE), "missing.png", Path("."),
]  # fmt: skip
INPUTS = [*TEXTS[:4], Path("abc"), np.zeros((4, 4), np.uint8), *[[each] for each in INPUT]]
FILES = [*INPUT[1:], *[[each] for each in INPUT], [["a.png"]], ("a.png", None), ("a.png", True),
         (5, 1.0), [("a.png", float("nan"))], [("a.png", -1.0)], [("a", 1, 2)]]  # fmt: skip
QUERY = {
    "text": [*none_too(TEXT), "dog " * 10_000],
    "sentence": [*none_too(TEXT), ""],
    "keys": [*TEXTS, ["no such key"]],
    "exclude": INPUTS,
    "source": none_too(TEXT),
    "targets": [*TEXTS, ["no such domain"]],
    "k": [*WHOLE, 0],
    "refine": none_too(FLAG),
    "score": [*TEXT, "best"],
    "depth": [*WHOLE, 0],
    "max_distance": none_too(WHOLE),
    "min_score": none_too(NUMBER),
    "where": [*none_too(TEXT), "", "a =", "(" * 100],
    "structure": [*none_too(TEXT), "tree", "hnsw"],
}
PARTS = [None, 5, "abc", [5], [("a.png", 1.0)], [(PART, 0)], [(PART, None)], [(PART, 1, 2)],
         [PART], {PART: 1.0}]  # fmt: skip
AXIS = [*none_too(TEXT), "Y", "w", "-y"]
WRONG = {
    "create": {"path": PATH, "model": none_too(PATH), "limits": [5, {}, "1 MB"]},
    "open": {"path": PATH, "model": none_too(PATH), "adopt": FLAG, "limits": [5, {}]},
    "open_for": {"export": PATH, "path": PATH, "model": none_too(PATH)},
    "add": {
        "sources": [*PATH, "missing"],
        "domain": [*none_too(TEXT), *UNKNOWN],
        "up": AXIS,
        "strict": FLAG,
        "prune": [*FLAG, "Force"],
        "exclude": [*TEXTS, ["[z-a]"]],
        "dry_run": FLAG,
        "compare": [*TEXT, "weight"],
        "reread": FLAG,
        "encoding": [None, "local", OnRay, object()],
        "progress": CALLED,
    },
    "add_items": {
        "inputs": INPUTS,
        "keys": [*TEXTS, [], [""], ["a", "b"]],
        "domain": [*none_too(TEXT), *UNKNOWN],
        "metadata": [5, "abc", [5], [None], {"a": 1}, [{5: 1}], [], [{"a": 2**64}],
                     [{"a": object()}]],
        "categories": [5, "a", b"a", [5], [b"a"], {"a": 1}, ["a", "b"]],
        "up": AXIS,
        "strict": FLAG,
        "reread": FLAG,
        "progress": CALLED,
    },
    "search": {"query": FILES, "up": AXIS, **QUERY},
    "ask_many": {"queries": [None, "a.png", ["a.png"], {"text": "disc"}, Query(text="disc")]},
    "ask": {"query": [None, "a.png", ["a.png"], {"text": "disc"}]},
    "part": {
        "given": INPUT[1:],
        "key": [*none_too(TEXT), "no such key"],
        "text": [*none_too(TEXT), "zorble"],
        "domain": none_too(TEXT),
        "up": AXIS,
    },
    "item": {"id_": WHOLE},
    "relabel": {
        "key": [*TEXT, "no such key"],
        "category": none_too(TEXT),
        "metadata": [5, "abc", [5], {5: 1}, {"a": object()}],
    },
    "fields": {"values": [*WHOLE, 0]},
    "embed": {"files": INPUTS, "domain": [*TEXT, *UNKNOWN]},
    "codes": {"embeddings": VECTOR_ARRAYS, "domain": [*none_too(TEXT)]},
    "add_codes": {
        "codes": CODE_ARRAYS,
        "domain": [*TEXT, "", "\ud800"],
        "keys": [*none_too(TEXTS), ["a"], [""] * 8],
        "metadata": [5, "abc", [5] * 8, [None] * 8, {"a": 1}, [{5: 1}] * 8, [{}],
                     [{"a": 2**64}] * 8, [{"a": object()}] * 8],
        "categories": [*none_too(TEXTS)[:5], "a" * 8, [5] * 8, ["a"]],
    },
    "add_embeddings": {
        "embeddings": [*VECTOR_ARRAYS, 2 * VECTORS, 0 * VECTORS, np.full((8, 4), 1e300)],
        "domain": [*TEXT, "", "a b", "../a", "\ud800"],
        "keys": [*TEXTS, ["a"], [""] * 8, ["a"] * 8],
        "metadata": [5, "abc", [5] * 8, [None] * 8, {"a": 1}, [{5: 1}] * 8, [{}],
                     [{"a": 2**64}] * 8, [{"a": object()}] * 8],
        "categories": [*none_too(TEXTS)[:5], "a" * 8, [5] * 8, ["a"]],
        "made_by": [*none_too(TEXT), "", "no such identity"],
    },
    "get": {"key": TEXT},
    "keys": {},
    "records": {},
    "search_batch": {
        "codes": CODE_ARRAYS,
        "targets": [*TEXTS, ["no such domain"]],
        "k": [*WHOLE, 0, 10**9, 10**30],
        "structure": [*none_too(TEXT), "tree", "hnsw"],
    },
    "build_structure": {"structure": [*TEXT, "tree"], "seed": WHOLE},
    "drop_structures": {},
    "items": {"ids": [*IDS, [7777]]},
    "iter_items": {"ids": IDS},
    "find": {
        "where": [*none_too(TEXT), "", "a ="],
        "keys": TEXTS,
        "folder": none_too(PATH),
        "targets": [*TEXTS, ["no such domain"]],
    },
    "remove": {
        "keys": TEXTS,
        "where": [*none_too(TEXT), "", "a =", "no = 1"],
        "folder": none_too(PATH),
        "ignore": FLAG,
    },
    "forget": {"names": TEXTS, "folder": none_too(PATH)},
    "ignored": {},
    "thumbnail": {"id_": WHOLE},
    "info": {},
    "verify": {"repair": FLAG},
    "duplicates": {
        "max_distance": none_too(WHOLE),
        "min_score": none_too(NUMBER),
        "domain": [*none_too(TEXT), *UNKNOWN],
        "exact": FLAG,
        "progress": CALLED,
    },
    "without_imprint": {"domain": [*none_too(TEXT), *UNKNOWN]},
    "export_to": {
        "folder": PATH,
        "progress": CALLED,
        "where": [*none_too(TEXT), "", "a =", "no = 1"],
    },
    "import_from": {"folder": [*PATH, "missing"], "progress": CALLED},
    "copy_to": {"path": [*PATH, "qdrant://host/name", "milvus://a:b@host/name"],
                "progress": CALLED},
    "compact": {},
    "close": {},
}  # fmt: skip
RIGHT = {
    "create": {"path": "{new}"},
    "open": {"path": "{index}"},
    "open_for": {"export": "{new}", "path": "{index}"},
    "add": {"sources": "{index}"},
    "add_items": {"inputs": [PICTURE], "keys": ["key"], "strict": True},
    "search": {"text": "disc"},
    "ask": {},
    "embed": {"files": [], "domain": "photo"},
    "part": {},
    "relabel": {"key": "k0", "category": None},
    "codes": {"embeddings": VECTORS},
    "add_codes": {"codes": CODES, "domain": "photo"},
    "add_embeddings": {"embeddings": VECTORS, "domain": "photo", "keys": list("abcdefgh")},
    "search_batch": {"codes": CODES},
    "build_structure": {"structure": "ivf"},
    "remove": {"keys": []},
    "export_to": {"folder": "{new}"},
    "import_from": {"folder": "{new}"},
    "copy_to": {"path": "{new}"},
}
CASES = [
    (name, argument, value)
    for name, wrong in WRONG.items()
    for argument, values in wrong.items()
    for value in values
]


@pytest.fixture(scope="module")
def engine(tmp_path_factory):
    with Engine.create(tmp_path_factory.mktemp("arguments") / "index", MODEL) as engine:
        items = [Item(-1, f"k{at}", "photo", path=f"/p/{at}") for at in range(8)]
        engine._store.put(items, CODES, np.tile(np.eye(4), (2, 1)))
        yield engine


def call(engine, name, arguments):
    new = engine.path.with_name("new")
    places = {"{index}": engine.path, "{new}": new}
    arguments = {k: places.get(v, v) if isinstance(v, str) else v for k, v in arguments.items()}
    sources = [arguments.pop("sources")] if "sources" in arguments else []
    if name in ("create", "open", "open_for"):
        getattr(Engine, name)(**arguments).close()
    elif name == "duplicates":
        list(engine.duplicates(**arguments))
    else:
        getattr(engine, name)(*sources, **arguments)


def test_every_argument_of_the_engine_is_in_the_table():
    public = {
        name: [
            each for each in inspect.signature(function).parameters.values() if each.name != "self"
        ]
        for name, function in inspect.getmembers(Engine, callable)
        if not name.startswith("_")
    }
    assert {name: {each.name for each in found} for name, found in public.items()} == {
        name: set(arguments) for name, arguments in WRONG.items()
    }


def test_an_argument_that_has_no_check_is_told_when_it_is_written():
    with pytest.raises(KeyError, match="colour"):
        checked()(lambda colour: colour)


def named(name, argument, value):
    """The name of a case, the same in every process: without where an object lies in memory."""
    return f"{name}-{argument}-{re.sub(' at 0x[0-9a-f]+', '', shown(value))[:40]}"


@pytest.mark.parametrize(("name", "argument", "value"), CASES, ids=[named(*case) for case in CASES])
def test_what_cannot_be_used_is_refused_in_our_words(engine, name, argument, value, monkeypatch):
    monkeypatch.chdir(engine.path.parent)  # where no file of the table is
    before = engine._store.meta()
    with pytest.raises(OpenSearchError) as refused:
        call(engine, name, {**RIGHT.get(name, {}), argument: value})
    assert len(str(refused.value)) > 15
    assert engine._store.meta() == before
    assert not engine.path.with_name("new").exists()


@pytest.mark.parametrize(("argument", "value"), [(a, v) for a, vs in QUERY.items() for v in vs])
def test_a_query_refuses_the_same(engine, argument, value, monkeypatch):
    monkeypatch.chdir(engine.path.parent)
    with pytest.raises(OpenSearchError):
        engine.ask(Query(**{"text": "disc", argument: value}))


@pytest.mark.parametrize("parts", PARTS)
def test_the_parts_of_a_query_are_pairs(parts):
    with pytest.raises(InvalidInput, match=r"parts must|pair|weight|part"):
        Query(text="disc", parts=parts)


@pytest.mark.parametrize("files", [None, "a.png", [5], ["a.png"], [("a.png", "1")], [(None, 1.0)]])
def test_the_files_of_a_query_are_pairs(files):
    with pytest.raises(InvalidInput, match=r"files must|pair|path|weight"):
        Query(files=files)


def test_the_refusal_says_what_was_wanted_and_what_came(engine):
    with pytest.raises(InvalidInput) as refused:
        engine.remove("abc")
    assert str(refused.value) == ("keys must be a list of texts, as in ['abc'], got 'abc' (str)")
    with pytest.raises(InvalidInput, match=r"^k must be a whole number of 1 or more, got True$"):
        engine.search(text="disc", k=True)
    with pytest.raises(InvalidInput, match=r"got an array of int64 of shape \(8, 2\)$"):
        engine.add_codes(CODES.astype(np.int64), "photo")


@pytest.mark.parametrize("argument", ["keys", "targets"])
def test_a_bare_string_is_no_list_of_names_to_the_type_checker_either(argument):
    functions = [getattr(Engine, name) for name in WRONG] + [Query]
    taken = [
        parameters[argument].annotation.removesuffix(" | None")
        for parameters in (inspect.signature(function).parameters for function in functions)
        if argument in parameters
    ]
    assert set(taken) == {"Names"}
    assert {get_origin(kind) for kind in get_args(Names)} == {list, tuple}


def test_an_evaluation_refuses_the_same():
    with pytest.raises(InvalidInput, match=r"splits must be a list of texts, as in \['unseen'\]"):
        Evaluation(Path("m"), Path("d"), splits="unseen")


def test_numbers_texts_and_paths_of_other_libraries_are_taken(engine):
    hits = engine.search(text="disc", k=np.int64(3), targets=np.array(["photo"]))
    assert len(hits) == 3
    assert len(engine.items(np.array([0, 1, -1], np.int32))) == 2
    assert engine.thumbnail(10**30) is None
    assert engine.remove(iter([])) == 0
    with Engine.open(str(engine.path), limits=Limits()) as other:
        assert other.info()["items"] == {"photo": 8}


def test_k_above_what_is_there_costs_nothing(engine):
    assert len(engine.search(text="disc", k=10**9, depth=10**9)) == 8
    distances, ids = engine.search_batch(CODES[:2], k=1000)
    assert ids.shape == distances.shape == (2, 1000)
    assert (ids[:, 8:] == -1).all()
    with pytest.raises(InvalidInput, match=r"1 queries for 1000000000 hits.* only 8 hits"):
        engine.search_batch(CODES[:1], k=10**9)


def test_an_empty_index_has_no_hits(tmp_path):
    with Engine.create(tmp_path / "index", MODEL) as engine:
        assert engine.search(text="disc") == []
        assert engine.search(text="disc", refine=False, score="hamming") == []
        assert engine.search_batch(CODES, k=3)[1].tolist() == [[-1] * 3] * 8
        engine.add_codes(CODES, "photo", keys=[f"k{at}" for at in range(8)])
        engine.remove([f"k{at}" for at in range(8)])
        assert engine.search(text="disc") == []


def test_a_check_of_its_own_lets_none_pass_where_the_annotation_does(engine):
    assert engine.relabel("k0", "cup", None).category == "cup"
    assert engine.relabel("k0", None, None).category is None
