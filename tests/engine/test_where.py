from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opensearch.engine.where import parse_where
from opensearch.errors import InvalidInput
from opensearch.records import Item

CUP = Item(
    id=7, key="a/cup 1.png", domain="photo", category="cup", metadata={"year": 2011, "ok": True}
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("domain = photo", True),
        ("domain != photo", False),
        ("year > 2010 and year <= 2011", True),
        ("year < 300", False),  # as numbers: as text "2011" < "300"
        ("category in (hat, cup)", True),
        ('key = "a/cup 1.png"', True),
        ("not category = cup", False),
        ("domain = sketch or (category = cup and not year = 1)", True),
        ("domain = sketch or category = cup and year = 1", False),  # and binds tighter
        ("colour = red", False),
        ("colour != red", False),  # a missing field is false either way
        ("not colour = red", True),
        ("ok = true", True),
        ("id >= 7", True),
        ("year > abc", False),
    ],
)
def test_an_expression_means(text, expected):
    assert parse_where(text)(CUP) is expected


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("", "a field at character 1"),
        ("year", "an operator: = != < <= > >= in at character 5"),
        ("year >", "a value at character 7"),
        ("year > 1 domain = a", "and, or, or the end at character 10"),
        ("(year > 1", "'\\)' at character 10"),
        ("category in cup", "'\\(' at character 13"),
        ("year = (", "a value at character 8"),
        ('key = "open', "a field, value or operator at character 7"),
    ],
)
def test_a_malformed_expression_shows_where(text, wanted):
    with pytest.raises(InvalidInput, match=wanted):
        parse_where(text)


def test_nesting_has_a_limit():
    with pytest.raises(InvalidInput, match="at most 50 nested"):
        parse_where("(" * 200 + "id = 1" + ")" * 200)


atoms = st.sampled_from(["year = 2011", "year = 1", "domain = photo", "domain = shape", "x = 1"])


@st.composite
def expressions(draw, depth=3):
    """A random expression and its truth for CUP, by Python's own operators."""
    if depth == 0 or draw(st.booleans()):
        atom = draw(atoms)
        return atom, atom in ("year = 2011", "domain = photo")
    kind = draw(st.sampled_from(["and", "or", "not"]))
    left, left_true = draw(expressions(depth=depth - 1))
    if kind == "not":
        return f"not ({left})", not left_true
    right, right_true = draw(expressions(depth=depth - 1))
    truth = (left_true and right_true) if kind == "and" else (left_true or right_true)
    return f"({left}) {kind} ({right})", truth


@given(expressions())
def test_any_expression_agrees_with_python(pair):
    text, truth = pair
    assert parse_where(text)(CUP) is truth


@given(st.text(max_size=40))
def test_no_text_does_more_than_be_refused(text):
    with suppress(InvalidInput):
        parse_where(text)(CUP)
