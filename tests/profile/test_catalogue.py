"""The catalogue that ships, and catalogues that must not."""

import json
from importlib import resources
from typing import Any

import pytest

from vault.errors import BadConfiguration
from vault.profile.catalogue import LANGUAGES, UnknownItem, WrongForm, catalogue, compartment, item, parse
from vault.requesters.declarations import FormName, ItemName


def shipped() -> dict[str, Any]:
    text = resources.files("vault.profile").joinpath("catalogue_v1.json").read_bytes()
    return json.loads(text)


def changed(path: str, value: object) -> bytes:
    data = shipped()
    at = data
    *above, last = path.split("/")
    for name in above:
        at = at[name]
    at[last] = value
    return json.dumps(data).encode()


def test_shipped_catalogue_has_the_six_sections() -> None:
    """Identity, contact, employment, finance, health and preferences are there, in this order."""
    assert list(catalogue().sections) == ["identity", "contact", "employment", "finance", "health", "preferences"]


@pytest.mark.parametrize("name", ["identity.national_id", "finance.accounts", "finance.credit_score", "health.history"])
def test_what_the_law_calls_sensitive_is_sensitive(name: str) -> None:
    """Specific identity, financial accounts and health (PIPL art. 28) lie in the sensitive compartment."""
    assert item(name).is_sensitive
    assert compartment(item(name)) == "sensitive"


def test_all_of_health_is_sensitive() -> None:
    """No health field is in the general compartment."""
    assert all(field.is_sensitive for field in catalogue().section("health").fields.values())


def test_identity_has_both_compartments() -> None:
    """A name is general and a resident identity number is not, in one section."""
    assert {field.compartment for field in catalogue().section("identity").fields.values()} == {"general", "sensitive"}


def test_every_item_and_form_has_words_in_both_languages() -> None:
    """Labels and descriptions exist in English and Chinese and differ."""
    for field in catalogue():
        assert set(field.label) == set(LANGUAGES)
        assert field.label["en"] != field.label["zh-CN"]
        assert set(field.description) == set(LANGUAGES)


def test_every_item_and_form_can_be_declared() -> None:
    """The names fit the patterns a declaration is held to."""
    import msgspec

    for field in catalogue():
        assert msgspec.convert(field.item, ItemName) == field.item
        for form in field.forms:
            assert msgspec.convert(form, FormName) == form


@pytest.mark.parametrize("name", ["identity", "identity.", "identity.nose", "nowhere.name", "", ".", "identity.name.x"])
def test_unknown_items_are_refused(name: str) -> None:
    """What the catalogue does not list does not exist."""
    with pytest.raises(UnknownItem):
        item(name)


def test_wrong_form_is_refused_naming_item_and_form() -> None:
    """The error says which item and which form."""
    with pytest.raises(WrongForm) as refused:
        item("identity.name").form("band")
    assert refused.value.members == {"item": "identity.name", "form": "band"}
    assert "identity.name" in refused.value.public


NAME = "sections/identity/fields/name"


@pytest.mark.parametrize(
    ("path", "value", "why"),
    [
        ("version", 2, "version 2"),
        (f"{NAME}/schema", {"type": "string"}, "maxLength"),
        (f"{NAME}/schema", {"type": "number", "maximum": 3, "minimum": 1}, "floats"),
        (f"{NAME}/schema", {"type": "strung"}, "no JSON Schema"),
        (f"{NAME}/schema", {"$ref": "#/$defs/nothing"}, "not there"),
        (f"{NAME}/schema", {"type": "object", "properties": {}, "additionalProperties": True}, "additionalProperties"),
        (f"{NAME}/schema", {"type": "array", "maxItems": 3, "items": {"type": "string"}}, "maxLength"),
        (f"{NAME}/sensitivity", "secret", "sensitivity"),
        (f"{NAME}/forms", {}, "no form"),
        (f"{NAME}/forms", {"whole": {}}, "not a form"),
        (f"{NAME}/forms", {"predicate:": {}}, "not a form"),
        (f"{NAME}/forms", {"band": {"of": "amount", "edges": [3, 2]}}, "ascend"),
        (f"{NAME}/forms", {"masked": {"begin": 1}}, "begin"),
        (f"{NAME}/forms", {"predicate:x": {"test": "present", "label": {"en": "x"}}}, "zh-CN"),
        (f"{NAME}/label", {"en": "Name"}, "zh-CN"),
        (f"{NAME}/colour", "red", "colour"),
    ],
)
def test_broken_catalogue_is_refused_at_load(path: str, value: object, why: str) -> None:
    """A catalogue with one thing wrong does not load, and the error says what."""
    with pytest.raises(BadConfiguration, match=why):
        parse(changed(path, value))
