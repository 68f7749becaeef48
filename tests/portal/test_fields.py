"""Forms made from the catalogue: what is shown in them comes back as it was."""

from typing import Any

import pytest

from vault.portal.fields import Group, Input, controls, document_of
from vault.portal.languages import languages
from vault.portal.pages import local
from vault.portal.reasons import reason
from vault.profile import documents
from vault.profile.catalogue import catalogue

ENGLISH, CHINESE = languages()["en"], languages()["zh-CN"]
FULL: dict[str, dict[str, Any]] = {
    "identity": {
        "name": "欧阳静怡",
        "gender": "female",
        "birthdate": "1990-03-07",
        "national_id": {"scheme": "cn-ric", "number": "110105199003072346"},
    },
    "contact": {
        "phone_number": "+8613812340013",
        "address": {"formatted": "line one\nline two", "locality": "朝阳区"},
        "emergency_contact": {"name": "王", "phone_number": "+8613812340014"},
    },
    "employment": {"contract": "permanent", "monthly_income": {"amount": 0, "currency": "CNY"}},
    "finance": {
        "accounts": [{"bank": "一", "number": "1234"}, {"bank": "二", "number": "5678", "kind": "debit"}],
        "tax_residency": ["CN", "SG"],
    },
    "health": {"allergies": [{"substance": "花生", "severity": "mild"}], "history": "x" * 5_000},
    "preferences": {"marketing": False, "contact_hours": {"from": "09:00", "to": "18:00"}, "notes": "🙂"},
}


def flat(groups: list[Input | Group]) -> dict[str, str]:
    """What a browser would send of untouched inputs."""
    sent: dict[str, str] = {}
    for each in groups:
        sent |= flat(each.inputs) if isinstance(each, Group) else {each.name: each.value}
    return sent


def read_back(section: str, sent: dict[str, str]) -> dict[str, Any]:
    """The document behind submitted fields."""
    return document_of(catalogue().section(section), list(sent), lambda name: sent.get(name, ""))


@pytest.mark.parametrize("section", list(FULL))
def test_an_untouched_form_gives_back_its_document(section: str) -> None:
    """Every field type: texts, choices, numbers, yes and no, groups, lists."""
    kind = catalogue().section(section)
    documents.check(section, FULL[section])
    assert read_back(section, flat(controls(kind, FULL[section], ENGLISH))) == FULL[section]


@pytest.mark.parametrize("section", list(catalogue().sections))
def test_an_empty_form_is_an_empty_document(section: str) -> None:
    """What is left empty is left out; what is filled in beforehand makes no value."""
    assert read_back(section, flat(controls(catalogue().section(section), {}, ENGLISH))) == {}


@pytest.mark.parametrize("section", list(catalogue().sections))
def test_every_input_is_called_something_in_both_languages(section: str) -> None:
    """And no label is a bare name of the catalogue."""
    for language in (ENGLISH, CHINESE):
        for made in controls(catalogue().section(section), FULL[section], language):
            inputs = made.inputs if isinstance(made, Group) else [made]
            assert all(each.label and "_" not in each.label for each in (made, *inputs))


def test_a_list_grows_by_one() -> None:
    """With the button, not by script."""
    kind = catalogue().section("finance")
    sent = flat(controls(kind, FULL["finance"], ENGLISH, more="finance.accounts"))
    assert {name for name in sent if name.startswith("finance.accounts[3]")} == {
        f"finance.accounts[3].{member}" for member in ("bank", "kind", "number", "currency")
    }
    assert read_back("finance", sent) == FULL["finance"]


def test_what_is_no_number_stays_as_it_was_typed() -> None:
    """So that it can be shown again beside the reason."""
    sent = {"employment.monthly_income.amount": "a lot", "employment.monthly_income.currency": "CNY"}
    assert read_back("employment", sent)["monthly_income"]["amount"] == "a lot"


@pytest.mark.parametrize(
    "path",
    [
        "//evil.example",
        "https://evil.example",
        "/\\evil.example",
        "\\\\evil.example",
        "evil.example",
        "/x\r\nSet-Cookie: a=b",
        "javascript:alert(1)",
        "/" + "x" * 3_000,
        "",
        "/a\\b",
    ],
)
def test_nobody_is_sent_elsewhere(path: str) -> None:
    """Going back to where one came from leads nowhere but here."""
    assert local(path, "/home") == "/home"


def test_reasons_are_said_in_the_reader_s_language() -> None:
    """What the rooms say in English is matched and said again."""
    assert reason(CHINESE, "must not be longer than 120 characters") == "不能超过 120 个字符"
    assert reason(ENGLISH, "must have 12 to 256 characters") == "must have 12 to 256 characters"
    assert reason(CHINESE, "something new") == "something new"
