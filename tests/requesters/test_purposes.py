"""The list of purposes: complete, in both languages, and every mistake in it is named."""

import json
from importlib import resources
from typing import Any

import pytest

from vault.errors import BadConfiguration
from vault.requesters.purposes import parse, purposes

FILE: dict[str, Any] = json.loads(resources.files("vault.requesters").joinpath("purposes_v1.json").read_bytes())


def test_the_shipped_list_is_whole() -> None:
    """Every code is in its category."""
    listed = purposes()
    assert listed.version == 1
    assert len(listed.by_code) == len(FILE["purposes"]) >= 30
    assert {each.category for each in listed.by_code.values()} == set(listed.categories)


def test_unknown_and_retired_purposes_are_not_declared() -> None:
    """The reason says which."""
    file = json.loads(json.dumps(FILE))
    file["purposes"][0]["retired"] = True
    listed = parse(json.dumps(file).encode())
    assert "is not in version 1" in (listed.why_not("credit.unheard-of") or "")
    assert "no longer" in (listed.why_not(file["purposes"][0]["code"]) or "")
    assert listed.why_not(file["purposes"][1]["code"]) is None


@pytest.mark.parametrize(
    "change",
    [
        {"code": "Credit Card"},
        {"code": "insurance.card"},
        {"category": "nothing"},
        {"name": {"en": "Only English"}},
        {"description": {"en": "Both", "zh-CN": ""}},
        {"surprise": 1},
    ],
)
def test_a_broken_list_does_not_start(change: dict[str, Any]) -> None:
    """Before anything is served."""
    file = json.loads(json.dumps(FILE))
    file["purposes"][0] |= change
    with pytest.raises(BadConfiguration):
        parse(json.dumps(file).encode())


def test_a_code_is_given_once() -> None:
    """It keeps its meaning."""
    file = {**FILE, "purposes": [FILE["purposes"][0]] * 2}
    with pytest.raises(BadConfiguration, match="twice"):
        parse(json.dumps(file).encode())
