"""A person's file: read whole or not at all."""

import json
from importlib import resources
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vault.accounts import numbers
from vault.errors import Invalid, Malformed
from vault.profile import intake
from vault.profile.catalogue import catalogue


def sample() -> dict[str, Any]:
    text = resources.files("vault.cli.story").joinpath("sample_person.json").read_bytes()
    return json.loads(text)


def fields(person: object) -> set[str]:
    return {field for field, _ in intake.problems(person)}


def test_sample_is_valid_and_realistic() -> None:
    """The shipped sample passes, has every section, Chinese script, an emoji and a 40 KB section."""
    person = intake.read(json.dumps(sample()).encode())
    assert set(person["sections"]) == set(catalogue().sections)
    assert 38_000 <= len(person["sections"]["health"]["history"].encode()) <= 42_000
    assert any(ord(c) > 0xFFFF for c in json.dumps(person, ensure_ascii=False))
    assert numbers.is_valid(person["national_id"]["number"])
    assert str(numbers.birth_date(person["national_id"]["number"])) == person["sections"]["identity"]["birthdate"]


def test_locale_and_sections_may_be_missing() -> None:
    """Defaults: Simplified Chinese, no sections."""
    person = {name: sample()[name] for name in ("login", "password", "name", "national_id")}
    assert intake.read(json.dumps(person).encode()) == person | {"locale": "zh-CN", "sections": {}}


@pytest.mark.parametrize(
    ("path", "value", "field"),
    [
        (["login"], "13800138000", "login"),
        (["login"], 7, "login"),
        (["password"], "short", "password"),
        (["name"], "", "name"),
        (["name"], "a\x00", "name"),
        (["national_id"], "510107199006184623", "national_id"),
        (["national_id", "number"], "510107199006184624", "national_id.number"),
        (["national_id", "number"], 510107199006184623, "national_id"),
        (["national_id", "scheme"], "us-ssn", "national_id.scheme"),
        (["locale"], "fr", "locale"),
        (["sections"], [], "sections"),
        (["sections", "hobbies"], {}, "sections.hobbies"),
        (["sections", "identity"], 3, "sections.identity"),
        (["sections", "identity", "birthdate"], "18.6.1990", "sections.identity.birthdate"),
        (["sections", "finance", "accounts", 0, "cvv"], "123", "sections.finance.accounts[0].cvv"),
        (["sections", "contact", "phone_number"], "138 0013 0013", "sections.contact.phone_number"),
        (["sections", "employment", "monthly_income", "amount"], 12800.5, "sections.employment.monthly_income.amount"),
        (["colour"], "red", "colour"),
    ],
)
def test_bad_files_name_the_field(path: list[Any], value: object, field: str) -> None:
    """One thing wrong: the error names it by path."""
    person = sample()
    at: Any = person
    for name in path[:-1]:
        at = at[name]
    at[path[-1]] = value
    with pytest.raises(Invalid) as refused:
        intake.read(json.dumps(person).encode())
    assert [error["field"] for error in refused.value.members["errors"]] == [field]
    assert field in refused.value.public


def test_all_problems_are_told_at_once() -> None:
    """Several wrong fields make one error."""
    person = sample() | {"login": "a@b", "locale": 3}
    person["sections"]["identity"]["gender"] = "x"
    del person["password"]
    assert fields(person) == {"password", "login", "locale", "sections.identity.gender"}


@pytest.mark.parametrize("data", [b"", b"{", b"\xff\xfe{}", b"[" * 100_000, b"[]" + b" " * (5 * 1024 * 1024)])
def test_what_is_no_json_is_malformed(data: bytes) -> None:
    """Bytes that are not JSON, not UTF-8, too deep or too many are told as such."""
    with pytest.raises(Malformed):
        intake.read(data)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=12), inner, max_size=3),
    max_leaves=12,
)


@given(st.dictionaries(st.sampled_from(["login", "password", "name", "national_id", "locale", "sections"]), JSON))
def test_any_json_is_read_or_refused(person: dict[str, Any]) -> None:
    """No file makes the reader fail in another way."""
    for _, why in intake.problems(person):
        assert why
