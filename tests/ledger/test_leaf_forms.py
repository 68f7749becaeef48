"""Drafts made from a form are the drafts of the whole events."""

from dataclasses import replace
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.ledger.test_leaf import AT, BANK, delivered
from vault import ids
from vault.crypto.canonical import reread
from vault.errors import Invalid
from vault.ledger.events import REGISTRY, check
from vault.ledger.leaf import draft, read
from vault.ledger.leaf_forms import BLANK, Form

BLANKED = replace(delivered(BANK), consent=BLANK, commit=BLANK)
OPEN = ("consent", "commit")
digests = st.binary(min_size=32, max_size=32)


@given(st.uuids(), st.uuids(), digests, digests)
def test_a_draft_of_a_form_is_the_draft_of_the_event(release: UUID, entry: UUID, consent: bytes, commit: bytes) -> None:
    """Byte for byte, but for the nonce; and the sequencer takes it."""
    whole = replace(delivered(BANK), ref=ids.public(ids.RELEASE, release), consent=consent, commit=commit)
    check(whole, tagged=True)
    form = Form(BLANKED, ids.RELEASE, open_to=OPEN)
    made = form.filled(release, {"consent": consent, "commit": commit}).draft(entry, AT)
    other = draft(whole, entry, AT)
    assert made.replace(read(made, entry)["nonce"].encode(), read(other, entry)["nonce"].encode()) == other


@pytest.mark.parametrize(
    "given_digests",
    [
        {"consent": bytes(32)},
        {"consent": bytes(32), "commit": bytes(31)},
        {"consent": bytes(32), "commit": bytes(32), "approval": bytes(32)},
        {"consent": bytes(32), "digest": bytes(32)},
    ],
)
def test_a_form_takes_its_own_digests_and_no_others(given_digests: dict[str, bytes]) -> None:
    """Nothing is left blank, nothing is added, nothing is shorter."""
    form = Form(BLANKED, ids.RELEASE, open_to=OPEN)
    with pytest.raises(Invalid):
        form.filled(ids.new_uuid(), given_digests)


def test_an_event_off_the_catalogue_is_no_form() -> None:
    """Who may act and what must be said is checked when the form is made."""
    for wrong in (replace(BLANKED, actor=REGISTRY), replace(BLANKED, purpose=None), replace(BLANKED, source="web")):
        with pytest.raises(Invalid):
            Form(wrong, ids.RELEASE, open_to=OPEN)


def test_forms_do_not_remember_what_was_filled_in() -> None:
    """One release's digests never stand in another's entry."""
    form = Form(BLANKED, ids.RELEASE, open_to=OPEN)
    first = form.filled(ids.new_uuid(), dict.fromkeys(OPEN, b"1" * 32)).draft(ids.new_uuid(), AT)
    second = form.filled(ids.new_uuid(), dict.fromkeys(OPEN, b"2" * 32)).draft(ids.new_uuid(), AT)
    assert {reread(first)[name] for name in OPEN}.isdisjoint({reread(second)[name] for name in OPEN})
