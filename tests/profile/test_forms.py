"""Forms: what leaves of a value."""

import json
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vault.errors import BadConfiguration
from vault.profile import forms
from vault.profile.catalogue import WrongForm, catalogue, item, parse
from vault.profile.shapes import Labels, Mask, completed_years, show

TODAY = date(2026, 11, 22)
LINES = st.text(st.characters(exclude_categories=("Cs", "Cc")), min_size=1, max_size=60)


def shown(name: str, value: Any, form: str, today: date = TODAY) -> Any:
    return forms.render(item(name), value, form, today=today)


@pytest.mark.parametrize(
    ("name", "value", "masked"),
    [
        ("contact.phone_number", "+8613800130013", "138****0013"),
        ("contact.phone_number", "+442071838750", "+44******8750"),
        ("identity.name", "张伟", "张*"),
        ("identity.name", "欧阳静怡", "欧***"),
        ("identity.name", "王", "*"),
        ("contact.email", "jingyi@example.com", "j*****@example.com"),
        ("contact.email", "j@example.com", "*@example.com"),
        (
            "identity.national_id",
            {"scheme": "cn-ric", "number": "510107199006184623"},
            {"scheme": "cn-ric", "number": "**************4623"},
        ),
        (
            "contact.address",
            {
                "country": "中国",
                "region": "四川省",
                "locality": "成都市",
                "street_address": "人民南路27号",
                "formatted": "…",
            },
            {"country": "中国", "region": "四川省", "locality": "成都市"},
        ),
        (
            "finance.accounts",
            [{"bank": "A", "number": "6222024402013581477", "currency": "CNY"}, {"bank": "B", "number": "1234"}],
            [{"bank": "A", "currency": "CNY", "number": "***************1477"}, {"bank": "B", "number": "****"}],
        ),
    ],
)
def test_masks(name: str, value: Any, masked: Any) -> None:
    """Masks show the shape, never more than two thirds, of what they hide."""
    assert shown(name, value, "masked") == masked


@given(LINES, st.integers(0, 8), st.integers(0, 8))
def test_mask_hides_at_least_a_third(text: str, start: int, end: int) -> None:
    """Whatever the parameters, a third of the characters or more are stars, and the length stays."""
    masked = show(Mask(start=start, end=end), text, TODAY)
    assert len(masked) == len(text)
    assert 3 * masked.count("*") >= len(text)


@pytest.mark.parametrize(
    ("amount", "band"),
    [
        (0, {"to": 3000}),
        (2999, {"to": 3000}),
        (3000, {"from": 3000, "to": 5000}),
        (12800, {"from": 10000, "to": 15000}),
        (15000, {"from": 15000, "to": 20000}),
        (10**9, {"from": 100000}),
    ],
)
def test_income_bands_include_their_lower_edge(amount: int, band: dict[str, int]) -> None:
    """A band runs from its lower edge up to, not including, its upper one, and carries the currency."""
    value = {"amount": amount, "currency": "CNY"}
    assert shown("employment.monthly_income", value, "band") == band | {"currency": "CNY"}


@given(st.integers(0, 10**12))
def test_band_holds_its_value(amount: int) -> None:
    """Every value lies in the band it is given."""
    band = shown("employment.monthly_income", {"amount": amount, "currency": "CNY"}, "band")
    assert band.get("from", 0) <= amount < band.get("to", amount + 1)


@pytest.mark.parametrize(
    ("born", "today", "years"),
    [
        ("2008-11-22", date(2026, 11, 22), 18),
        ("2008-11-23", date(2026, 11, 22), 17),
        ("2008-02-29", date(2026, 2, 28), 17),
        ("2008-02-29", date(2026, 3, 1), 18),
        ("2008-02-29", date(2028, 2, 29), 20),
        ("2027-01-01", date(2026, 11, 22), -1),
    ],
)
def test_years_are_completed_years(born: str, today: date, years: int) -> None:
    """Who was born on 29 February grows older on 1 March in common years."""
    assert completed_years(date.fromisoformat(born), today) == years
    assert shown("identity.birthdate", born, "predicate:over_18", today) is (years >= 18)


def test_age_band_shows_a_range_of_years() -> None:
    """A date of birth leaves as a range of ages."""
    assert shown("identity.birthdate", "1990-06-18", "band") == {"from": 35, "to": 45}


@pytest.mark.parametrize(
    ("name", "value", "form", "answer"),
    [
        ("employment.monthly_income", {"amount": 10000, "currency": "CNY"}, "predicate:at_least_10000_cny", True),
        ("employment.monthly_income", {"amount": 9999, "currency": "CNY"}, "predicate:at_least_10000_cny", False),
        ("employment.monthly_income", {"amount": 10**6, "currency": "JPY"}, "predicate:at_least_10000_cny", False),
        ("identity.nationality", "CN", "predicate:chinese", True),
        ("identity.nationality", "SG", "predicate:chinese", False),
        ("contact.phone_number", "+8613800130013", "predicate:mainland", True),
        ("contact.phone_number", "+85261234567", "predicate:mainland", False),
        ("health.allergies", [], "predicate:any", False),
        ("health.allergies", [{"substance": "x"}], "predicate:any", True),
    ],
)
def test_predicates_answer_yes_or_no(name: str, value: Any, form: str, answer: bool) -> None:
    """A predicate gives a truth value and nothing else."""
    assert shown(name, value, form) is answer


@pytest.mark.parametrize(
    ("name", "value", "form", "word"),
    [
        ("employment.contract", "permanent", "label:employment_type", "open_ended"),
        ("employment.contract", "temporary", "label:employment_type", "time_limited"),
        ("employment.contract", "none", "label:employment_type", "not_employed"),
        ("employment.since", "2016-11-22", "label:tenure", "long"),
        ("employment.since", "2016-11-23", "label:tenure", "established"),
        ("employment.since", "2026-11-21", "label:tenure", "new"),
        ("finance.credit_score", {"score": 750, "bureau": "A"}, "label:credit_grade", "excellent"),
        ("finance.credit_score", {"score": 749, "bureau": "A"}, "label:credit_grade", "good"),
        ("finance.credit_score", {"score": 0, "bureau": "A"}, "label:credit_grade", "weak"),
        ("finance.housing", "family", "label:tenancy", "shared"),
        ("identity.birthdate", "2008-11-22", "label:age_group", "adult"),
        ("identity.birthdate", "2008-11-23", "label:age_group", "minor"),
    ],
)
def test_labels_answer_with_a_word_of_the_list(name: str, value: Any, form: str, word: str) -> None:
    """The first rule that applies names the word; people read it in their language."""
    assert shown(name, value, form) == word
    for locale in ("en", "zh-CN"):
        said = forms.preview(item(name), value, form, today=TODAY, locale=locale)
        assert said
        assert said != word or locale == "en"


@given(st.integers(0, 1000), st.dates(date(1900, 1, 1), date(2026, 11, 22)))
def test_a_label_is_one_of_its_published_list_and_no_more(score: int, born: date) -> None:
    """Whatever the value, what leaves is a name from the list: nothing of the value itself can be in it."""
    for name, value, form in (
        ("finance.credit_score", {"score": score, "bureau": "Bureau of Nowhere"}, "label:credit_grade"),
        ("identity.birthdate", born.isoformat(), "label:age_group"),
    ):
        kind = item(name).form(form)
        assert isinstance(kind, Labels)
        assert shown(name, value, form) in {rule.name for rule in kind.rules}


@given(st.integers(10**9, 10**11 - 1))
def test_a_masked_number_never_leaks_its_middle(number: int) -> None:
    """Four digits or more of any phone number are stars, and the number is not in what leaves."""
    whole = f"+86{number}"
    masked = shown("contact.phone_number", whole, "masked")
    assert masked.count("*") >= 4
    assert str(number) not in masked


@given(LINES, LINES)
def test_a_relayed_contact_shows_nothing(local: str, domain: str) -> None:
    """Of a relayed value nothing at all comes out of a form, for requesters or on the consent page."""
    value = f"{local}@{domain}"
    assert shown("contact.email", value, "relay") is None
    said = forms.preview(item("contact.email"), value, "relay", today=TODAY, locale="en")
    assert said == forms.preview(item("contact.email"), "x@y", "relay", today=TODAY, locale="en")


@pytest.mark.parametrize(
    "rules",
    [
        [],
        [{"name": "only", "text": {"en": "a", "zh-CN": "甲"}}],
        [{"name": "one", "least": 1, "text": {"en": "a", "zh-CN": "甲"}}] * 2,
        [{"name": n, "least": i, "text": {"en": n, "zh-CN": "甲"}} for i, n in enumerate("abc")],
        [{"name": n, "least": 9 - i, "text": {"en": n, "zh-CN": "甲"}} for i, n in enumerate("abc")],
        [{"name": "a", "least": 1, "text": {"en": "a"}}, {"name": "b", "text": {"en": "b", "zh-CN": "乙"}}],
    ],
    ids=["none", "one", "same name", "ascending", "no last", "one language"],
)
def test_a_list_that_leaves_a_value_without_a_word_is_refused(rules: list[dict[str, Any]]) -> None:
    """A list must have one word for every value, in both languages; otherwise the catalogue does not load."""
    form = {"of": "amount", "label": {"en": "grade", "zh-CN": "等级"}, "rules": rules}
    text = {"en": "x", "zh-CN": "某"}
    field = {"schema": {"type": "integer"}, "sensitivity": "general", "label": text, "description": text}
    section = {"label": text, "description": text, "fields": {"f": field | {"forms": {"label:grade": form}}}}
    body = {"version": 1, "$defs": {}, "forbidden": [], "sections": {"s": section}}
    with pytest.raises(BadConfiguration):
        parse(json.dumps(body).encode())


def test_wrong_form_names_item_and_form() -> None:
    """Asking for a form the item does not have is an error that names both."""
    with pytest.raises(WrongForm) as refused:
        shown("identity.gender", "female", "masked")
    assert (refused.value.members["item"], refused.value.members["form"]) == ("identity.gender", "masked")


def test_forms_are_called_by_words_in_both_languages() -> None:
    """Every form of every field has a name people can read, in English and Chinese."""
    for field in catalogue():
        for form in field.forms:
            english, chinese = forms.label(field, form, "en"), forms.label(field, form, "zh-CN")
            assert english
            assert chinese
            assert english != chinese
    assert forms.label(item("identity.birthdate"), "predicate:over_18", "zh-CN") == "是否年满18周岁"
