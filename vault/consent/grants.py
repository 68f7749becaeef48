"""A person's grants: seen and withdrawn."""

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import msgspec
import sqlalchemy as sa

from vault.accounts import the_person
from vault.consent import records
from vault.consent.ending import end
from vault.consent.states import state_of
from vault.consent.tables import WITHDRAWN, Grant, GrantUse
from vault.consent.terms import ItemForm
from vault.crypto.sealing import same, seal
from vault.db import Session
from vault.errors import Invalid, NotFound, Tampered
from vault.ids import DeclarationId, GrantId, PersonId, RequesterId
from vault.ledger.events import PERSON
from vault.signin.holders import Holder

_LONGEST_REASON: Final = 500


@dataclass(frozen=True)
class GrantView:
    """A grant as its person sees it. ``status``: active, suspended, expired or withdrawn. ``record``: the consent
    record, in which purpose, requester's name and item forms stand as they were agreed to; ``created_at``: when the
    first consent of this grant was given; ``ended_by``: ``person`` or ``requester``, once it is withdrawn;
    ``suspended_until``: when a suspension is over by itself."""

    id: GrantId
    requester_id: RequesterId
    client_id: UUID
    declaration_id: DeclarationId
    declaration_number: int
    items: tuple[ItemForm, ...]
    status: str
    token_epoch: int
    given_at: datetime
    expires_at: datetime
    withdrawn_at: datetime | None
    max_uses: int | None
    frequency: Mapping[str, Any]
    uses: int
    last_used_at: datetime | None
    locale: str
    approval_needed: bool
    record: Mapping[str, Any]
    record_signature: bytes
    withdrawal_reason: bytes | None
    created_at: datetime
    ended_by: str | None
    notice: bytes | None
    suspended_until: datetime | None

    def reason(self, holder: Holder) -> str | None:
        """The person's own words on withdrawing; only they can read them."""
        return None if self.withdrawal_reason is None else holder.bundle.unseal(self.withdrawal_reason).decode()

    def receipt(self, signing_public: bytes) -> dict[str, Any]:
        """The consent receipt (see :func:`vault.consent.records.receipt`)."""
        record_bytes = msgspec.json.encode(self.record, order="sorted")
        return records.receipt(record_bytes, self.record_signature, signing_public, notice=self.notice)


async def for_person(session: Session, person: PersonId) -> list[GrantView]:
    """All grants of a person, newest first. Raises Tampered when a row was edited."""
    rows = await session.execute(_with_uses(person).order_by(Grant.given_at.desc(), Grant.id.desc()))
    return [_view(grant, uses, session.now) for grant, uses in rows]


async def one(session: Session, person: PersonId, grant: UUID) -> GrantView:
    """One grant of this person. NotFound for anybody else's, as for one that does not exist; Tampered."""
    found = (await session.execute(_with_uses(person).where(Grant.id == grant))).first()
    if found is None:
        raise NotFound("You have no such grant.")
    return _view(found[0], found[1], session.now)


async def withdraw(
    session: Session, holder: Holder, grant: UUID, reason: str | None = None, *, delete: bool = True
) -> GrantView:
    """End a grant: no token of it opens anything from the moment this commits.

    ``reason``: the person's own words, at most 500 characters, readable only by them. A grant that is withdrawn
    already stays as it was.
    ``delete``: the requester must also delete what it has (PIPL art. 47). Raises NotFound, Invalid, Tampered. Records
    ``grant.withdrawn`` and ``deletion.ordered``.
    """
    person = await the_person(session, holder)
    sealed_reason = _sealed_reason(holder, reason)
    # 1. The row lock: a release in flight finishes before it or finds the grant withdrawn.
    row = await session.get(Grant, (person, GrantId(grant)), with_for_update=True, populate_existing=True)
    if row is None:
        raise NotFound("You have no such grant.")
    if row.status != WITHDRAWN:
        # 2. The signature is the person's proof.
        signed = records.withdrawal_to_sign(row.id, row.record_digest, session.now)
        row.withdrawal_signature = holder.bundle.sign(signed)
        row.withdrawal_reason = sealed_reason
        await end(session, row, by=PERSON, delete=delete)
    return await one(session, person, grant)


def _sealed_reason(holder: Holder, reason: str | None) -> bytes | None:
    if not reason:
        return None
    if len(reason) > _LONGEST_REASON or any(unicodedata.category(c) in {"Cc", "Cs"} and c != "\n" for c in reason):
        raise Invalid.field("reason", f"must be plain text of at most {_LONGEST_REASON} characters")
    return seal(holder.bundle.box_public, reason.encode())


def _with_uses(person: PersonId) -> sa.Select[Grant, GrantUse]:
    uses = sa.and_(GrantUse.person_id == Grant.person_id, GrantUse.grant_id == Grant.id)
    return sa.select(Grant, GrantUse).join(GrantUse, uses).where(Grant.person_id == person)


def _view(grant: Grant, uses: GrantUse, now: datetime) -> GrantView:
    if not same(records.record_digest(grant.record), grant.record_digest):
        raise Tampered(private="a consent record does not fit its digest")
    return GrantView(
        id=grant.id,
        requester_id=grant.requester_id,
        client_id=grant.client_id,
        declaration_id=grant.declaration_id,
        declaration_number=grant.declaration_number,
        items=tuple(ItemForm(each["item"], each["form"]) for each in grant.items),
        status=str(state_of(grant.status, grant.expires_at, now, lifted_at=grant.suspended_until)),
        token_epoch=grant.token_epoch,
        given_at=grant.given_at,
        expires_at=grant.expires_at,
        withdrawn_at=grant.withdrawn_at,
        max_uses=grant.max_uses,
        frequency=grant.frequency,
        uses=uses.uses,
        last_used_at=uses.last_used_at,
        locale=grant.locale,
        approval_needed=grant.approval_needed,
        record=msgspec.json.decode(grant.record),
        record_signature=grant.record_signature,
        withdrawal_reason=grant.withdrawal_reason,
        created_at=grant.first_given_at or grant.given_at,
        ended_by=None if grant.withdrawn_at is None else grant.ended_by or "person",
        notice=grant.notice,
        suspended_until=grant.suspended_until,
    )
