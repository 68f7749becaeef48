"""What a section may hold, and how it is told when it may not."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vault.errors import Invalid, TooLarge
from vault.profile import documents
from vault.profile.catalogue import UnknownItem

NUMBER = "510107199006184623"


def whys(section: str, document: object) -> dict[str, str]:
    found: dict[str, str] = {}
    for where, why in documents.problems(section, document):
        found[where] = f"{found.get(where, '')} {why}"
    return found


@pytest.mark.parametrize(
    "name",
    [
        "cvv", "CVV", "cvv2", "CVC", "card_verification_code", "cardVerificationCode", "card-verification-code",
        "pin", "PIN", "cardPIN", "card_pin", "ｐｉｎ", "password", "bankPassword", "passwordHint", "magnetic_stripe",
        "magstripe", "track2", "track_2_data", "Track-2", "银行卡密码", "交易密码", "卡片验证码", "otp", "privateKey",
    ],
)  # fmt: skip
def test_forbidden_names_are_refused_by_name(name: str) -> None:
    """However it is spelled, the error names the field and says why it is never stored."""
    found = documents.problems("finance", {"accounts": [{"bank": "中行", "number": "6222024402013581477", name: "1"}]})
    assert len(found) == 1
    where, why = found[0]
    assert where.startswith("finance.accounts[0].")
    assert "never stored" in why


@pytest.mark.parametrize("name", ["opinion", "spinning", "pinyin", "tracking", "passage", "shipping", "notes"])
def test_innocent_names_are_not_forbidden(name: str) -> None:
    """Words that merely contain a forbidden one are not taken for it."""
    assert documents.forbidden(name) is None


def test_forbidden_at_top_level_and_deep() -> None:
    """Depth does not matter."""
    assert "PINs" in whys("contact", {"pin": "1234"})["contact.pin"]
    assert "PINs" in whys("contact", {"address": {"a": {"b": [{"pin": 1}]}}})["contact.address.a.b[0].pin"]


@pytest.mark.parametrize(
    ("document", "where", "why"),
    [
        ([], "identity", "object"),
        ({"shoe_size": 42}, "identity.shoe_size", "not in the catalogue"),
        ({"张伟的身份证": 1}, "identity.(a name that is no identifier)", "not in the catalogue"),
        ({"name": ""}, "identity.name", "empty"),
        ({"name": 7}, "identity.name", "text"),
        ({"name": None}, "identity.name", "leave a field out"),
        ({"name": "x" * 121}, "identity.name", "120"),
        ({"name": "a\x00b"}, "identity.name", "control characters"),
        ({"name": "a\x1bb"}, "identity.name", "control characters"),
        ({"name": "a\ud800b"}, "identity.name", "Unicode"),
        ({"name": 1.5}, "identity.name", "whole numbers"),
        ({"name": 1.0}, "identity.name", "whole numbers"),
        ({"name": 2**53}, "identity.name", "too large"),
        ({"birthdate": "1990-02-30"}, "identity.birthdate", "date"),
        ({"birthdate": "1990-W01-1"}, "identity.birthdate", "date"),
        ({"birthdate": "19900618"}, "identity.birthdate", "date"),
        ({"nationality": "China"}, "identity.nationality", "ISO 3166"),
        ({"nationality": "CN\n"}, "identity.nationality", ""),
        ({"gender": "f"}, "identity.gender", "one of: female"),
        ({"gender": True}, "identity.gender", "one of: female"),
        ({"national_id": {"scheme": "cn-ric"}}, "identity.national_id", "lacks number"),
        ({"national_id": {"scheme": "cn-ric", "number": NUMBER[:-1] + "4"}}, "identity.national_id.number", "check"),
        ({"national_id": {"scheme": "cn-ric", "number": NUMBER, "x": 1}}, "identity.national_id", "does not know: x"),
    ],
)
def test_wrong_documents_are_told_by_path(document: Any, where: str, why: str) -> None:
    """Each wrong field is named by its path with the reason."""
    found = whys("identity", document)
    assert why in found[where]


def test_every_problem_is_collected() -> None:
    """One answer names all that is wrong."""
    with pytest.raises(Invalid) as refused:
        documents.check("identity", {"name": "", "birthdate": "x", "cvv": 1, "shoe_size": 3, "gender": 1.5})
    named = {error["field"] for error in refused.value.members["errors"]}
    assert named >= {"identity.name", "identity.birthdate", "identity.cvv", "identity.shoe_size", "identity.gender"}


@given(st.text(st.characters(categories=("Lu", "Ll", "Nd")), min_size=6, max_size=40))
def test_errors_never_repeat_a_value(secret: str) -> None:
    """Whatever somebody put into the wrong place does not come back in the error."""
    marked = f"val{secret}ue"
    for document in ({"birthdate": marked}, {"national_id": {"scheme": marked, "number": marked}}, {"gender": marked}):
        assert marked not in str(documents.problems("identity", document))
    assert marked not in str(documents.problems("finance", {"accounts": [{"bank": 3, "number": f"{marked}!"}]}))


def test_nesting_without_end_is_refused() -> None:
    """A document nested a thousand levels deep is refused, not recursed into."""
    deep: Any = {}
    for _ in range(900):
        deep = {"a": deep}
    assert "nested deeper" in documents.problems("contact", {"address": deep})[0][1]


def test_long_lists_are_refused() -> None:
    """Ten thousand entries are told as one problem."""
    found = documents.problems("finance", {"accounts": [{"bank": "x"}] * 10_000})
    assert found == [("finance.accounts", "has more than 1000 entries")]


def test_many_problems_are_bounded() -> None:
    """An answer names fifty fields at most."""
    assert len(documents.problems("identity", {f"x{n}": 1 for n in range(900)})) == 50


def test_forty_kilobytes_of_notes_are_fine_and_more_than_the_bound_is_not() -> None:
    """A long section is stored; one above 256 KiB is refused as too large."""
    assert documents.check("preferences", {"notes": "静" * 13_500})
    with pytest.raises(TooLarge):
        documents.check("health", {"history": "🍵" * 65_536})


def test_unknown_section_is_told() -> None:
    """There is no section the catalogue does not have."""
    with pytest.raises(UnknownItem):
        documents.check("hobbies", {})


def test_empty_document_is_fine() -> None:
    """All fields are optional: a section can be emptied."""
    assert documents.check("identity", {}) == {}
