"""The public register: what everybody may know of requesters and their declarations, also of those that have ended.

Rows are checked as everywhere, bodies are compared with the digests that officers signed, and nothing is given out that
is not named here: contacts that are meant for the public, no responsible person, no key of a client.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa

from vault.clock import from_millis, millis
from vault.crypto.canonical import unb64
from vault.crypto.sealing import same
from vault.db import Session
from vault.errors import NotFound, Tampered
from vault.ids import DeclarationId, RequesterId, StaffId
from vault.registry import staff_member
from vault.requesters.declarations import stored_declaration, stored_digest
from vault.requesters.narrowing import narrowed
from vault.requesters.permits import Permit, PermitTerms
from vault.requesters.standing import Capability, State, allows
from vault.requesters.states import declaration_state, requester_state
from vault.requesters.tables import DeclarationRow, Measure, PermitRow, Requester

CONTACTS: Final = (
    "privacy_contact",
    "complaint_contact",
    "deletion_contact",
    "supervising_authority",
    "policy_url",
    "policies",
)
MOST_DECLARATIONS: Final = 500
"""Of one answer; the newest."""


@dataclass(frozen=True)
class Brief:
    """A declaration in a line."""

    id: DeclarationId
    requester: RequesterId
    number: int
    purpose: dict[str, Any]
    items: list[dict[str, Any]]
    state: State
    valid_from: datetime
    valid_until: datetime


@dataclass(frozen=True)
class Event:
    """Something that was done about a standing: ``act`` as in measures, ``by`` officer, regulator, requester, registry;
    ``is_confirmed``: a second officer agreed, or none was needed."""

    act: str
    by: str
    at: datetime
    declaration: DeclarationId | None
    until: datetime | None
    is_confirmed: bool


@dataclass(frozen=True)
class Organisation:
    """A requester as everybody may see it."""

    id: RequesterId
    name: dict[str, str]
    uscc: str
    state: State
    contact: dict[str, Any]
    vetted_at: datetime | None
    valid_until: datetime | None
    declarations: list[Brief]
    history: list[Event]


@dataclass(frozen=True)
class Signature:
    """One of the two under a permit: whose, and the key (Ed25519, 32 bytes) that verifies it (64 bytes)."""

    officer: StaffId
    organisation: str
    unit: str
    public_key: bytes
    signature: bytes


@dataclass(frozen=True)
class Published:
    """A declaration with its permit, as everybody may see and verify it. ``body`` to the letter as it was signed;
    ``narrowed``: what was cut from it since."""

    brief: Brief
    owner: Organisation
    body: dict[str, Any]
    digest: bytes
    permit: Permit
    permit_valid_until: datetime
    signatures: list[Signature]
    narrowed: dict[str, Any] | None


async def organisation(session: Session, requester: RequesterId) -> Organisation:
    """A requester that was let in at some time, whatever became of it. Raises NotFound, Tampered."""
    row = await _listed(session, requester)
    return as_organisation(row, await briefs(session, [requester]), await _history(session, requester), session.now)


async def _listed(session: Session, requester: RequesterId) -> Requester:
    row = await session.get(Requester, requester)
    if row is None or not allows(requester_state(row, session.now), Capability.LISTED):
        raise NotFound("There is no such organisation in the register.")
    return row


async def declaration(session: Session, declaration_id: DeclarationId) -> Published:
    """A declaration, whatever became of it. Raises NotFound, Tampered."""
    found = await session.execute(
        sa.select(DeclarationRow, PermitRow)
        .join(PermitRow, PermitRow.declaration_id == DeclarationRow.id)
        .where(DeclarationRow.id == declaration_id)
    )
    pair = found.one_or_none()
    if pair is None:
        raise NotFound("There is no such declaration in the register.")
    declared, permitted = pair
    permit = _permit(declared, permitted)
    owner, history = await _listed(session, declared.requester_id), await _history(session, declared.requester_id)
    mine = [each for each in history if each.declaration in (None, declared.id)]
    return Published(
        brief=_brief(declared, permitted, session.now),
        owner=as_organisation(owner, [], mine, session.now),
        body=declared.body,
        digest=declared.digest,
        permit=permit,
        permit_valid_until=permitted.valid_until,
        signatures=[await _signature(session, StaffId(who), made) for who, made in permit.signatures.items()],
        narrowed=declared.narrowed,
    )


async def briefs(
    session: Session, requesters: Iterable[RequesterId], containing: dict[str, Any] | None = None
) -> list[Brief]:
    """The declarations of these requesters, newest first, at most :data:`MOST_DECLARATIONS`; with ``containing`` only
    those whose body has this in it. Raises Tampered."""
    chosen = (
        sa.select(DeclarationRow, PermitRow)
        .join(PermitRow, PermitRow.declaration_id == DeclarationRow.id)
        .where(DeclarationRow.requester_id.in_(set(requesters)))
        .order_by(DeclarationRow.id.desc())
        .limit(MOST_DECLARATIONS)
    )
    if containing is not None:
        chosen = chosen.where(DeclarationRow.body.contains(containing))
    return [_brief(declared, permit, session.now) for declared, permit in await session.execute(chosen)]


def as_organisation(row: Requester, declared: list[Brief], history: list[Event], now: datetime) -> Organisation:
    """A requester's row with what of it is public."""
    return Organisation(
        id=row.id,
        name=row.name,
        uscc=row.uscc,
        state=requester_state(row, now),
        contact={name: row.contact[name] for name in CONTACTS if name in row.contact},
        vetted_at=row.vetted_at,
        valid_until=row.valid_until,
        declarations=declared,
        history=history,
    )


def _brief(declared: DeclarationRow, permit: PermitRow, now: datetime) -> Brief:
    digest = stored_digest(declared.body)
    if not same(digest, declared.digest) or not same(digest, permit.declaration_digest):
        raise Tampered(private=f"declaration {declared.id} does not fit its digest")
    return Brief(
        id=declared.id,
        requester=declared.requester_id,
        number=declared.number,
        purpose=declared.body["purpose"],
        items=_items(declared),
        state=declaration_state(declared, permit, now),
        valid_from=declared.valid_from,
        valid_until=min(declared.valid_until, permit.valid_until),
    )


def _items(declared: DeclarationRow) -> list[dict[str, Any]]:
    """What may be asked for now; the body itself stays as it was signed."""
    if declared.narrowed is None:
        return [{name: each[name] for name in ("item", "forms", "required")} for each in declared.body["items"]]
    left = narrowed(stored_declaration(declared.body), declared.narrowed)
    return [{"item": each.item, "forms": each.forms, "required": each.required} for each in left.items]


def _permit(declared: DeclarationRow, row: PermitRow) -> Permit:
    terms = PermitTerms(row.declaration_digest, declared.requester_id, from_millis(millis(row.signed_until)))
    signed = {UUID(hex=each["officer"]): unb64(each["signature"]) for each in row.signatures}
    return Permit(declared.id, terms, signed)


async def _signature(session: Session, officer: StaffId, made: bytes) -> Signature:
    member = await staff_member(session, officer)
    return Signature(officer, member.organisation, member.unit, member.signing_public, made)


async def _history(session: Session, requester: RequesterId) -> list[Event]:
    """What took effect, newest first: not what was only proposed."""
    chosen = sa.select(Measure).where(
        Measure.requester_id == requester, sa.or_(Measure.state == "done", Measure.act == "suspend")
    )
    rows = await session.scalars(chosen.order_by(Measure.id.desc()).limit(MOST_DECLARATIONS))
    return [_event(row) for row in rows]


def _event(row: Measure) -> Event:
    at = row.at if row.act == "suspend" else row.decided_at or row.at
    return Event(row.act, row.actor_kind, at, row.declaration_id, row.until, row.state == "done")
