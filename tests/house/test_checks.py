"""Every check that may refuse a request says what to mend, in the languages of the pages."""

from tests.house.checks import every_check
from vault.authserver.mending import MENDING, address
from vault.authserver.mending_callers import CALLERS
from vault.authserver.mending_requests import REQUESTS

_DYNAMIC = {"over-asked"}
"""Named by the consent room, whose refusal becomes OAuth's."""


def test_every_check_has_its_page() -> None:
    """A check without one leaves an integrator alone with a code."""
    assert sorted(every_check() - set(MENDING)) == []


def test_every_page_is_about_a_check() -> None:
    """A page about a check that is gone misleads."""
    assert sorted(set(MENDING) - every_check() - _DYNAMIC) == []


def test_a_check_is_explained_once() -> None:
    """In one group, by a sentence."""
    assert not CALLERS.keys() & REQUESTS.keys()
    assert all(text.endswith(".") for text in MENDING.values())


def test_where_an_error_points() -> None:
    """To the page of its check, and nowhere for what is none."""
    assert address("https://vault.example", "dpop-htu") == "https://vault.example/integrate/errors/dpop-htu"
    assert address("https://vault.example", "internal") is None
