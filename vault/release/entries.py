"""What the ledger says of a release. Item names come from the catalogue, never from what a caller sent. Pure."""

from collections.abc import Iterable
from typing import Any, NamedTuple
from uuid import UUID

import msgspec

from vault import ids
from vault.consent.records import commitment
from vault.crypto.canonical import b64
from vault.ids import ReleaseId
from vault.ledger.events import Event, Item, requester
from vault.ledger.leaf_forms import BLANK, Drafting, Form
from vault.ledger.receipt import Receipt, decode
from vault.profile.catalogue import catalogue
from vault.release.checks import Chosen
from vault.release.loaded import Loaded
from vault.sandbox.wall import mark


class Said(NamedTuple):
    """What the entry of a delivery says of it by digests: of the payload, and of the officer's approval, if one was
    needed."""

    commit: bytes
    approval: bytes | None


def delivered(loaded: Loaded, release: ReleaseId, names: tuple[tuple[str, str], ...], said: Said) -> Drafting:
    """Authorised by person and registry, and about to be sent. Both authorisations are cited by digest.

    All that the entries of one client under one declaration share is checked and put together once.
    """
    grant, followed = loaded.grant, loaded.register.followed
    asked = ("delivered", grant["requester_id"], grant["declaration_number"], names, said.approval is None)
    form: Form | None = followed.get(asked)
    if form is None:
        form = followed.put(asked, _form(loaded, names, approved=said.approval is not None))
    digests = {"consent": _consent(loaded, release), "commit": said.commit}
    if said.approval is not None:
        digests["approval"] = said.approval
    return form.filled(release, digests)


def _form(loaded: Loaded, names: tuple[tuple[str, str], ...], *, approved: bool) -> Form:
    event = Event(
        name="release.delivered",
        **_terms(loaded),
        items=tuple(Item(item, form) for item, form in names),
        ref=ids.public(ids.RELEASE, UUID(int=0)),
        consent=BLANK,
        permit=loaded.register.permit_digest,
        approval=BLANK if approved else None,
        commit=BLANK,
        outcome=mark(loaded.register.client["sandbox_of"]),
    )
    return Form(event, ids.RELEASE, open_to=("consent", "commit", *(("approval",) if approved else ())))


def requested(loaded: Loaded, release: ReleaseId, chosen: Iterable[Chosen]) -> Event:
    """A sensitive release waits for an officer."""
    return Event(
        name="release.requested",
        **_terms(loaded),
        items=tuple(Item(each.item, each.form) for each in chosen),
        ref=ids.public(ids.RELEASE, release),
        consent=_consent(loaded, release),
        permit=loaded.register.permit_digest,
    )


def refused(loaded: Loaded, reason: str, items: Iterable[str], release: ReleaseId) -> Event:
    """A known requester was refused."""
    known = tuple(Item(name) for name in items if catalogue().find(name) is not None)
    return Event(
        name="release.refused", **_terms(loaded), items=known, reason=reason, ref=ids.public(ids.RELEASE, release)
    )


def _terms(loaded: Loaded) -> dict[str, Any]:
    grant = loaded.grant
    return {
        "actor": requester(grant["requester_id"]),
        "requester": grant["requester_id"],
        "declaration": grant["declaration_id"],
        "declaration_version": grant["declaration_number"],
        "purpose": loaded.body.purpose.code,
    }


def _consent(loaded: Loaded, release: ReleaseId) -> bytes:
    """Another commitment for each release, so that a grant's entries cannot be tied together."""
    return commitment(loaded.grant["commitment_key"], loaded.grant["record_digest"], release.bytes)


def is_about(receipt: Receipt, release: ReleaseId, commit: bytes) -> bool:
    """Whether a receipt proves the delivery of exactly this payload in this release."""
    members = msgspec.json.decode(decode(receipt.entry, "The entry"))
    said = members.get("event"), members.get("ref"), members.get("commit")
    return said == ("release.delivered", ids.public(ids.RELEASE, release), b64(commit))
