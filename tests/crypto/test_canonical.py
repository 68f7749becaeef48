"""One byte form: whatever order it was written in, the same bytes; whatever differs, different bytes."""

from datetime import UTC, datetime, timedelta, timezone
from typing import Any
from uuid import UUID

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vault.crypto.canonical import b64, canonical, plain, unb64

scalars = st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | st.text(max_size=20)
values = st.recursive(scalars, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner))


@given(value=values)
def test_canonical_bytes_are_json_and_stable(value: Any) -> None:
    """They decode to what was encoded, and encode to themselves."""
    encoded = canonical(value)
    assert msgspec.json.decode(encoded) == value
    assert canonical(msgspec.json.decode(encoded)) == encoded


@given(value=st.dictionaries(st.text(max_size=8), scalars, min_size=2))
def test_the_order_of_members_does_not_matter(value: dict[str, Any]) -> None:
    """Members are sorted."""
    assert canonical(dict(reversed(value.items()))) == canonical(value)


@pytest.mark.parametrize("value", [1.0, [0.5], {"a": {"b": [1, 2.5]}}, (1.5,)])
def test_floats_have_no_canonical_form(value: object) -> None:
    """At any depth they are refused."""
    with pytest.raises(TypeError, match="floats"):
        canonical(value)


@given(value=st.binary(max_size=100))
def test_base64url_comes_back(value: bytes) -> None:
    """Without padding, in the alphabet of RFC 4648 section 5."""
    assert unb64(b64(value)) == value
    assert set(b64(value)) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")


@pytest.mark.parametrize("text", ["A", "AB==", "AAA=", "+/+/", "A A A", "AB\n", "AAé", "AAB", "****"])
def test_other_spellings_are_refused(text: str) -> None:
    """One value has one spelling: padding, other alphabets, white space and stray bits are errors."""
    with pytest.raises(ValueError, match=r".*"):
        unb64(text)


def test_database_values_have_one_form() -> None:
    """Ids as hex, bytes as base64url, moments in microseconds whatever their zone."""
    at = datetime(2026, 11, 22, 8, 30, 0, 123456, tzinfo=UTC)
    there = at.astimezone(timezone(timedelta(hours=8)))
    assert plain([UUID(int=1), b"\xff", at]) == ["0" * 31 + "1", "_w", plain(there)]
