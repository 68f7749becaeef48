"""The published schema of authorization_details says what the parser takes, and nothing else."""

import copy
from typing import Any

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.consent.world import asked
from vault.consent import BadDetails, parse
from vault.consent.schema import DIALECT, schema

ISSUER = "https://vault.example"
CHECKER = jsonschema.Draft202012Validator(schema(ISSUER))
GOOD = asked(max_uses=3, frequency={"per": "hour", "count": 2}, locations=["https://vault.example/v1"])[0]
ODD = st.one_of(
    st.none(), st.booleans(), st.integers(-5, 10**6), st.text(max_size=60), st.lists(st.text(max_size=5), max_size=3),
    st.sampled_from(["identity.name", "raw", "day", "personal_information.v1", "personal_information.v2", 0, 1, 1095]),
)  # fmt: skip


def _takes(details: dict[str, Any]) -> bool:
    try:
        parse([details])
    except BadDetails:
        return False
    return True


def test_it_is_a_schema_of_2020_12() -> None:
    """It has an address of its own and nothing that its dialect does not know."""
    made = schema(ISSUER)
    jsonschema.Draft202012Validator.check_schema(made)
    assert (made["$schema"], made["$id"]) == (DIALECT, f"{ISSUER}/schemas/personal_information.v1.json")
    assert "\\\\Z" not in str(made)
    assert made["additionalProperties"] is False


def test_both_take_what_is_good() -> None:
    """With all members, and with the needed ones only."""
    assert _takes(GOOD)
    assert CHECKER.is_valid(GOOD)
    needed = {name: GOOD[name] for name in ("type", "items", "duration_days")}
    assert _takes(needed)
    assert CHECKER.is_valid(needed)


@pytest.mark.parametrize("name", sorted(GOOD))
def test_both_know_what_is_needed(name: str) -> None:
    """A member that may be missing for the one may be missing for the other."""
    without = {each: value for each, value in GOOD.items() if each != name}
    assert _takes(without) == CHECKER.is_valid(without)


def test_both_refuse_unknown_members() -> None:
    """RFC 9396 section 5: at every depth."""
    for path in ([], ["frequency"], ["items", 0]):
        changed = copy.deepcopy(GOOD)
        inner: Any = changed
        for step in path:
            inner = inner[step]
        inner["unknown"] = 1
        assert not _takes(changed)
        assert not CHECKER.is_valid(changed)


@settings(max_examples=300)
@given(st.sampled_from(sorted(GOOD)), ODD)
def test_both_agree_about_odd_members(name: str, value: object) -> None:
    """Whatever stands in a member's place is taken by both or by none."""
    changed = GOOD | {name: value}
    assert _takes(changed) == CHECKER.is_valid(changed)


@settings(max_examples=300)
@given(st.sampled_from(["item", "form", "per", "count"]), ODD)
def test_both_agree_about_odd_inner_members(name: str, value: object) -> None:
    """The same one level below."""
    changed = copy.deepcopy(GOOD)
    (changed["items"][0] if name in {"item", "form"} else changed["frequency"])[name] = value
    names = [each["item"] for each in changed["items"] if isinstance(each["item"], str)]
    if len(set(names)) == len(names):  # that no item is named twice is beyond a schema
        assert _takes(changed) == CHECKER.is_valid(changed)
