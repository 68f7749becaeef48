"""The shapes of the public register's answers. They grow by members; none changes its meaning."""

from datetime import datetime
from typing import Any

import msgspec

from vault import ids
from vault.crypto.canonical import b64
from vault.ids import RequesterId
from vault.requesters import published
from vault.requesters.searching import Found
from vault.requesters.standing import FINAL, KEPT, MEANINGS, WORKS, Capability, State, allows


class BriefView(msgspec.Struct, frozen=True):
    """A declaration in a line. ``items``: [{item, forms, required}]."""

    declaration: str
    number: int
    status: str
    purpose: dict[str, Any]
    items: list[dict[str, Any]]
    valid_from: datetime
    valid_until: datetime


class HistoryView(msgspec.Struct, frozen=True):
    """Something that was done: suspend, restore, revoke, surrender, shorten or
    narrow; to one ``declaration``, or to all.

    ``confirmed`` false: a suspension by one officer that a second one has not confirmed; it lapses after 72 hours.
    """

    act: str
    by: str
    at: datetime
    declaration: str | None
    until: datetime | None
    confirmed: bool


class OrganisationView(msgspec.Struct, frozen=True):
    """A registered organisation. ``contact``: privacy, complaints and deletion; supervising authority; policies with
    the digest they had."""

    requester: str
    name: dict[str, str]
    uscc: str
    status: str
    contact: dict[str, Any]
    vetted_at: datetime | None
    valid_until: datetime | None
    declarations: list[BriefView]
    history: list[HistoryView]


class RegisterPage(msgspec.Struct, frozen=True):
    """``next``: pass it as ``after`` for the following page; absent when there is none."""

    organisations: list[OrganisationView]
    next: str | None


class PermitSignature(msgspec.Struct, frozen=True):
    """One of the two: ``signature`` over ``message`` of the permit, by ``public_key`` (Ed25519), base64url."""

    officer: str
    organisation: str
    unit: str
    public_key: str
    signature: str


class PermitView(msgspec.Struct, frozen=True):
    """``message``: the very bytes both officers signed, base64url; canonical JSON that names the digest of the
    declaration, the requester and the end. ``valid_until`` may be earlier than the signed one, never later."""

    message: str
    signatures: list[PermitSignature]
    digest: str
    signed_until: datetime
    valid_until: datetime


class PublishedView(msgspec.Struct, frozen=True):
    """A declaration. ``digest``: SHA-256 over the canonical form (RFC 8785) of ["declaration", 1, body], base64url;
    ``narrowed``: what supervisory authorities cut from it since (items, forms, frequency)."""

    declaration: str
    number: int
    status: str
    organisation: OrganisationView
    body: dict[str, Any]
    digest: str
    valid_from: datetime
    valid_until: datetime
    permit: PermitView
    narrowed: dict[str, Any] | None


class StateView(msgspec.Struct, frozen=True):
    """A state. ``kept`` false: read off the clock; ``final``: nothing leads out of it."""

    name: str
    meaning: dict[str, str]
    kept: bool
    final: bool


class CapabilityView(msgspec.Struct, frozen=True):
    """What works or not, and in which states it does."""

    name: str
    meaning: dict[str, str]
    works_in: list[str]


class StatusTable(msgspec.Struct, frozen=True):
    """What still works in each state."""

    states: list[StateView]
    capabilities: list[CapabilityView]


def page_view(found: Found) -> RegisterPage:
    """A page of the search."""
    return RegisterPage([organisation_view(each) for each in found.organisations], _requester(found.next))


def organisation_view(found: published.Organisation) -> OrganisationView:
    """An organisation."""
    return OrganisationView(
        requester=ids.public(ids.REQUESTER, found.id),
        name=found.name,
        uscc=found.uscc,
        status=str(found.state),
        contact=found.contact,
        vetted_at=found.vetted_at,
        valid_until=found.valid_until,
        declarations=[brief_view(each) for each in found.declarations],
        history=[history_view(each) for each in found.history],
    )


def brief_view(found: published.Brief) -> BriefView:
    """A declaration in a line."""
    return BriefView(
        declaration=ids.public(ids.DECLARATION, found.id),
        number=found.number,
        status=str(found.state),
        purpose=found.purpose,
        items=found.items,
        valid_from=found.valid_from,
        valid_until=found.valid_until,
    )


def history_view(found: published.Event) -> HistoryView:
    """Something that was done."""
    declared = None if found.declaration is None else ids.public(ids.DECLARATION, found.declaration)
    return HistoryView(found.act, found.by, found.at, declared, found.until, found.is_confirmed)


def published_view(found: published.Published) -> PublishedView:
    """A declaration with its permit."""
    brief = found.brief
    return PublishedView(
        declaration=ids.public(ids.DECLARATION, brief.id),
        number=brief.number,
        status=str(brief.state),
        organisation=organisation_view(found.owner),
        body=found.body,
        narrowed=found.narrowed,
        digest=b64(found.digest),
        valid_from=brief.valid_from,
        valid_until=brief.valid_until,
        permit=PermitView(
            message=b64(found.permit.terms.message()),
            signatures=[_signature(each) for each in found.signatures],
            digest=b64(found.permit.digest()),
            signed_until=found.permit.terms.valid_until,
            valid_until=found.permit_valid_until,
        ),
    )


def status_table() -> StatusTable:
    """The one table, as it is asked."""
    return StatusTable(
        states=[StateView(str(each), dict(MEANINGS[each]), each in KEPT, each in FINAL) for each in State],
        capabilities=[
            CapabilityView(str(each), dict(WORKS[each]), [str(state) for state in State if allows(state, each)])
            for each in Capability
        ],
    )


def _signature(found: published.Signature) -> PermitSignature:
    return PermitSignature(
        officer=ids.public(ids.STAFF, found.officer),
        organisation=found.organisation,
        unit=found.unit,
        public_key=b64(found.public_key),
        signature=b64(found.signature),
    )


def _requester(found: RequesterId | None) -> str | None:
    return None if found is None else ids.public(ids.REQUESTER, found)
