"""Strict JSON: whole or refused, and never with a value in the refusal."""

import contextlib
from datetime import datetime
from typing import Any, Literal

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vault.edge import strict
from vault.errors import Invalid, Malformed


class Wish(msgspec.Struct, forbid_unknown_fields=True):
    """A shape to decode into."""

    name: str
    count: int = 1
    kind: Literal["a", "b"] = "a"


def refused(body: bytes, kind: type[Any] = dict) -> dict[str, str]:
    """The first error of a refusal."""
    with pytest.raises(Invalid) as caught:
        strict.decode(body, kind)
    errors = caught.value.members["errors"]
    assert isinstance(errors, list)
    return dict(errors[0])


def test_what_has_the_shape_is_taken() -> None:
    """A body of the documented shape becomes the type."""
    assert strict.decode('{"name": "名", "count": 3}'.encode(), Wish) == Wish("名", 3)


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[1,]", b"{'a': 1}", b"\xff\xfe", b'{"a": "\xff"}', b"nul", b'{"a": "\\ud800"}', b"NaN"]
)
def test_what_is_no_json_is_malformed(body: bytes) -> None:
    """Neither guessed at nor repaired."""
    with pytest.raises(Malformed):
        strict.decode(body, dict)


@pytest.mark.parametrize(
    ("body", "field"),
    [
        (b'{"name": 1}', "name"),
        (b'{"name": "x", "count": "3"}', "count"),
        (b'{"name": "x", "count": true}', "count"),
        (b'{"name": "x", "extra": 1}', "$"),
        (b"{}", "$"),
        (b"[]", "$"),
    ],
)
def test_another_shape_is_refused_by_field(body: bytes, field: str) -> None:
    """Wrong types, unknown and missing fields are named by their path."""
    assert refused(body, Wish)["field"] == field


def test_a_refusal_never_repeats_the_value() -> None:
    """An error may be logged or shown to somebody else."""
    assert "secret" not in str(refused(b'{"name": "x", "kind": "secret"}', Wish))


@pytest.mark.parametrize(
    ("value", "why"),
    [
        ({"a": ["x\x00y"]}, "NUL"),
        ({"a\x00": 1}, "NUL"),
        ([0] * 10_000, "more than 1000 members"),
        ({str(n): n for n in range(1_001)}, "more than 1000 members"),
        ({"a": "x" * 100_001}, "more than 100000 characters"),
        ({"a": 2**53}, "beyond the integers"),
        ({"a": -(2**70)}, "beyond the integers"),
    ],
)
def test_what_is_beyond_the_bounds_is_refused(value: object, why: str) -> None:
    """NUL characters, endless lists and texts, integers that other readers cannot hold."""
    assert why in refused(msgspec.json.encode(value), object)["why"]


@pytest.mark.parametrize("depth", [17, 200, 200_000])
def test_deep_nesting_is_refused(depth: int) -> None:
    """Neither the stack nor the patience of whoever reads it is tried."""
    with pytest.raises((Invalid, Malformed)):
        strict.decode(b"[" * depth + b"]" * depth, object)


_JSON: st.SearchStrategy[Any] = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53) + 1, 2**53 - 1)
    | st.text(st.characters(codec="utf-8", exclude_characters="\0")),
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.text(min_size=1, max_size=5), inner, max_size=5),
    max_leaves=20,
)


@given(_JSON)
def test_decoding_gives_back_what_was_encoded(value: object) -> None:
    """What is within the bounds passes unchanged; what is not is refused, never altered."""
    with contextlib.suppress(Invalid):
        assert strict.decode(msgspec.json.encode(value), object) == value


def test_a_query_may_hold_numbers() -> None:
    """The parameters of an address are texts; their types are those of the fields."""
    assert strict.query({"name": "x", "count": "12"}, Wish).count == 12
    with pytest.raises(Invalid):
        strict.query({"name": "x", "other": "1"}, Wish)


class _Since(msgspec.Struct, forbid_unknown_fields=True):
    moment: datetime | None = None


@pytest.mark.parametrize("number", ["0.5", "1795368198", "1e9", "-1"])
def test_a_number_is_no_moment(number: str) -> None:
    """Seconds since 1970 are not what is described, though the parser would take them."""
    assert strict.query({"moment": "2026-11-22T08:30:00Z"}, _Since).moment is not None
    with pytest.raises(Invalid, match="moment"):
        strict.query({"moment": number}, _Since)
