"""What may be asked: request within declaration within catalogue, whatever is asked."""

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.consent.world import asked, declaration
from tests.requesters.samples import text
from vault.consent.terms import BadDetails, ItemForm, OverAsked, check, details, parse, within
from vault.profile.catalogue import catalogue
from vault.requesters.declarations import Declaration, Frequency

BODY = msgspec.convert(declaration(), Declaration)
ITEMS = [field.item for field in catalogue()]
FORMS = sorted({form for field in catalogue() for form in field.forms})


@st.composite
def declared(draw: st.DrawFn) -> Declaration:
    """Any declaration, its items within the catalogue."""
    names = draw(st.lists(st.sampled_from(ITEMS), min_size=1, max_size=8, unique=True))
    items = [
        {
            "item": name,
            "forms": draw(st.lists(st.sampled_from(list(catalogue().item(name).forms)), min_size=1, unique=True)),
            "required": draw(st.booleans()),
            "necessity": text(name),
        }
        for name in names
    ]
    return msgspec.convert(declaration(items=items), Declaration)


NAMES = st.sampled_from([*ITEMS, "identity.shoe_size", "hobbies.chess"])
WANTED = st.dictionaries(NAMES, st.sampled_from([*FORMS, "whole"]), min_size=1, max_size=10)


@given(declared(), WANTED)
def test_request_is_within_declaration_within_catalogue(body: Declaration, wanted: dict[str, str]) -> None:
    """Either all terms lie in both, or the refusal names exactly the items that do not."""
    too_much = {
        item
        for item, form in wanted.items()
        if (found := body.item(item)) is None or form not in found.forms or form not in catalogue().item(item).forms
    }
    if too_much:
        with pytest.raises(OverAsked) as refused:
            check(parse(asked(wanted)), body, catalogue())
        assert set(refused.value.items) == set(refused.value.members["items"]) == too_much
        assert all(item in refused.value.public for item in too_much)
    else:
        terms = check(parse(asked(wanted)), body, catalogue())
        assert {item.item: item.form for item in terms.items} == wanted


def test_a_declaration_beyond_the_catalogue_allows_nothing_beyond_it() -> None:
    """An item or form the catalogue does not have (any more) is too much even when declared."""
    items = [
        {"item": "identity.shoe_size", "forms": ["raw"], "required": False, "necessity": text("size")},
        {"item": "identity.name", "forms": ["raw", "band"], "required": False, "necessity": text("name")},
    ]
    body = msgspec.convert(declaration(items=items), Declaration)
    with pytest.raises(OverAsked) as refused:
        check(parse(asked({"identity.shoe_size": "raw", "identity.name": "band"})), body, catalogue())
    assert refused.value.items == ["identity.shoe_size", "identity.name"]


@pytest.mark.parametrize(
    ("limits", "exceeded"),
    [
        ({"duration_days": 91}, ["duration_days"]),
        ({"max_uses": 21}, ["max_uses"]),
        ({"frequency": {"per": "day", "count": 11}}, ["frequency"]),
        ({"frequency": {"per": "hour", "count": 1}}, ["frequency"]),
        ({"duration_days": 365, "max_uses": 100}, ["duration_days", "max_uses"]),
    ],
)
def test_limits_beyond_the_declaration_are_named(limits: dict[str, Any], exceeded: list[str]) -> None:
    """Longer, more often or faster than declared is too much, by name."""
    with pytest.raises(OverAsked) as refused:
        check(parse(asked(**limits)), BODY, catalogue())
    assert (refused.value.items, refused.value.limits) == ([], exceeded)


@given(st.integers(1, 1000), st.integers(1, 100), st.sampled_from(["hour", "day"]), st.sampled_from(["hour", "day"]))
def test_a_slower_rate_is_slower_in_every_window(asks: int, may: int, per: str, window: str) -> None:
    """Whoever keeps to an accepted rate never has more uses in a declared window than declared."""
    body = msgspec.convert(declaration(frequency={"per": window, "count": may}), Declaration)
    try:
        check(parse(asked(frequency={"per": per, "count": asks})), body, catalogue())
    except OverAsked:
        return
    in_window = asks * (24 if (per, window) == ("hour", "day") else 1)
    assert in_window <= may


def test_silence_about_limits_means_the_declared_ones() -> None:
    """Without max_uses and frequency those of the declaration hold."""
    terms = check(parse(asked()), BODY, catalogue())
    assert (terms.max_uses, terms.frequency) == (20, Frequency(per="day", count=10))


@pytest.mark.parametrize(
    "wrong",
    [
        None,
        {},
        [],
        "personal_information.v1",
        [{}],
        [{"type": "personal_information.v2", "items": [], "duration_days": 1}],
        [{"type": "account_information"}],
        asked() + asked(),
        asked(actions=["read"]),
        asked(duration_days=0),
        asked(duration_days="30"),
        asked(duration_days=True),
        asked(duration_days=1.5),
        asked(max_uses=0),
        asked(frequency={"per": "second", "count": 1}),
        asked(frequency={"per": "day"}),
        asked(locations="https://vault.example"),
        asked({"identity": "raw"}),
        asked({"identity.name; drop table": "raw"}),
        asked({"identity.name": "raw "}),
        [asked()[0] | {"items": []}],
        [asked()[0] | {"items": [{"item": "identity.name"}]}],
        [asked()[0] | {"items": [{"item": "identity.name", "form": "raw", "x": 1}]}],
        [asked()[0] | {"items": asked()[0]["items"] * 2}],
        [asked()[0] | {"items": [{"item": f"identity.a{n}", "form": "raw"} for n in range(10_000)]}],
    ],
)
def test_anything_but_the_documented_shape_is_refused(wrong: object) -> None:
    """Unknown types and members, wrong types, missing members, doubled items (RFC 9396 section 5)."""
    with pytest.raises(BadDetails):
        parse(wrong)


@given(st.dictionaries(NAMES, st.sampled_from(FORMS), max_size=6), st.dictionaries(NAMES, st.sampled_from(FORMS)))
def test_later_links_of_the_chain(wanted: dict[str, str], allowed: dict[str, str]) -> None:
    """Grant, token and release: what is asked is allowed, or named."""
    too_much = {item for item, form in wanted.items() if allowed.get(item) != form}
    ask, may = ([ItemForm(*each) for each in them.items()] for them in (wanted, allowed))
    if too_much:
        with pytest.raises(OverAsked) as refused:
            within(ask, may)
        assert set(refused.value.items) == too_much
    else:
        within(ask, may)


def test_what_was_granted_can_be_asked_again() -> None:
    """The authorization_details of a token response are themselves of the documented shape."""
    granted = details([ItemForm("identity.name", "raw")], 30, None, Frequency(per="day", count=1))
    assert "max_uses" not in granted[0]
    assert parse(granted).items[0].item == "identity.name"


def test_terms_speak_both_languages() -> None:
    """Items and forms are called by words a person can read."""
    terms = check(parse(asked()), BODY, catalogue())
    spoken = [(item.label("zh-CN"), item.form_label("zh-CN"), item.label("en")) for item in terms.items]
    assert spoken[0] == ("姓名", "完整内容", "Full name")
    assert spoken[1][1] == "是否年满18周岁"
