"""The release desk: an officer approves a grant's releases up to a number and an end, and may end that early."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa

from vault import ids
from vault.consent.standing import GrantStanding, open_officer_share
from vault.consent.standing import standing as grant_standing
from vault.db import Database, Session
from vault.errors import Conflict, Invalid, NotFound
from vault.ids import ReleaseId, RequesterId, StaffId
from vault.ledger import log
from vault.ledger.events import Event, Item
from vault.ledger.events import officer as by_officer
from vault.registry import officer, role_secret
from vault.release.checks import kind_of
from vault.release.desk import MOST_LISTED, VettedByYou, check_reason, record_refusal, tell, to_decide
from vault.release.standing import LONGEST, MOST, ROLE, Standing, keep
from vault.release.tables import APPROVED, WAITING, Release, StandingApproval
from vault.requesters.names import names
from vault.signin import Holder

_DAY: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Allowance:
    """What an officer allows: how many releases, for how many days, and why (one line, kept at the desk)."""

    ceiling: int
    days: int
    reason: str

    def check(self) -> None:
        """Raises Invalid by field."""
        check_reason(self.reason)
        if not 1 <= self.ceiling <= MOST:
            raise Invalid.field("ceiling", f"must be 1 to {MOST}")
        if not 1 <= self.days <= LONGEST.days:
            raise Invalid.field("days", f"must be 1 to {LONGEST.days}")


@dataclass(frozen=True, slots=True)
class InForce:
    """A standing approval as officers see it; never whose."""

    id: UUID
    officer: StaffId
    requester_id: RequesterId
    requester_name: dict[str, str]
    items: list[dict[str, Any]]
    ceiling: int
    uses: int
    at: datetime
    expires_at: datetime


async def allow(session: Session, holder: Holder, release_id: ReleaseId, allowance: Allowance) -> InForce:
    """Approve the releases of the grant that this waiting one belongs to; it and what waits beside it may leave.

    Raises VettedByYou, Conflict when it was decided or when each of its releases takes an approval of its own,
    NotFound, NotLive, Refused when the grant has ended, Invalid. Refusals roll back: see :func:`allow_on_record`.
    """
    # 1. Who decides, and is it theirs to decide, and for the grant as a whole?
    allowance.check()
    row, permit = await to_decide(session, holder, release_id)
    grant = await grant_standing(session, row.person_id, row.grant_id)
    if kind_of((each["item"], each["form"]) for each in row.items) != "grant":
        raise Conflict("Each release of these items takes an approval of its own.")
    # 2. What is signed: this consent, this permit, the items of the grant that may be approved as a whole.
    signed = _standing(grant, permit.digest(), allowance, session.now)
    made = _row(holder, row, signed)
    # 3. The share, from the officers' keeping into the approval's.
    secrets = partial(role_secret, session, holder, ROLE)
    share = await open_officer_share(session, row.person_id, row.grant_id, secrets)
    made.share = keep(session.ring, row.person_id, made.id, 0, share)
    session.add(made)
    # 4. What waits and is covered is approved by it.
    for waits in await _covered(session, row):
        waits.state, waits.decided_at = APPROVED, session.now
        await tell(session, waits)
    await session.flush()
    # 5. The entry.
    await log.append(session, _given(holder, row, signed, made.signature), person=row.person_id)
    return (await _seen(session, [made]))[0]


async def allow_on_record(db: Database, holder: Holder, release_id: ReleaseId, allowance: Allowance) -> InForce:
    """As :func:`allow`, in a transaction of its own; what is refused by rule is recorded in another one."""
    try:
        return await db.run(allow, holder, release_id, allowance)
    except VettedByYou as refused:
        await db.run(record_refusal, holder, release_id, refused)
        raise


async def in_force(session: Session, holder: Holder) -> list[InForce]:
    """Standing approvals that may still be used, newest first, at most 200. Takes the role release."""
    await officer(session, holder, ROLE)
    found = (
        sa.select(StandingApproval)
        .where(StandingApproval.share.is_not(None), StandingApproval.expires_at > session.now)
        .where(StandingApproval.ended_at.is_(None), StandingApproval.uses < StandingApproval.ceiling)
        .order_by(StandingApproval.id.desc())
        .limit(MOST_LISTED)
    )
    return await _seen(session, (await session.execute(found)).scalars().all())


async def end(session: Session, holder: Holder, approval: UUID, *, reason: str) -> None:
    """End a standing approval: the next release asks an officer again. Any release officer may.

    Raises NotFound, Conflict when it has ended, Invalid. Records ``approval.ended``.
    """
    member = await officer(session, holder, ROLE)
    check_reason(reason)
    found = sa.select(StandingApproval.person_id).where(StandingApproval.id == approval)
    person = (await session.execute(found)).scalar_one_or_none()
    if person is None:
        raise NotFound("There is no such approval.")
    row = await session.get(StandingApproval, (person, approval), with_for_update=True, populate_existing=True)
    if row is None or row.ended_at is not None:
        raise Conflict("This approval has ended already.")
    row.ended_at, row.ended_by, row.share = session.now, member.id, None
    event = Event(
        name="approval.ended",
        actor=by_officer(member.id),
        requester=row.requester_id,
        ref=ids.public(ids.APPROVAL, row.id),
    )
    await log.append(session, event, person=row.person_id)


def _standing(grant: GrantStanding, permit: bytes, allowance: Allowance, now: datetime) -> Standing:
    items = tuple((each.item, each.form) for each in grant.items if kind_of([(each.item, each.form)]) == "grant")
    return Standing(
        id=ids.new_uuid(),
        record_digest=grant.record_digest,
        permit_digest=permit,
        items=items,
        ceiling=allowance.ceiling,
        reason=allowance.reason.strip(),
        at=now,
        expires_at=min(now + allowance.days * _DAY, grant.expires_at),
    )


def _row(holder: Holder, row: Release, signed: Standing) -> StandingApproval:
    return StandingApproval(
        person_id=row.person_id,
        id=signed.id,
        grant_id=row.grant_id,
        requester_id=row.requester_id,
        declaration_id=row.declaration_id,
        officer_id=StaffId(holder.id),
        record_digest=signed.record_digest,
        permit_digest=signed.permit_digest,
        items=[{"item": item, "form": form} for item, form in signed.items],
        ceiling=signed.ceiling,
        reason=signed.reason,
        signature=holder.bundle.sign(signed.message()),
        uses=0,
        at=signed.at,
        expires_at=signed.expires_at,
    )


async def _covered(session: Session, row: Release) -> list[Release]:
    waiting = (
        sa.select(Release)
        .where(Release.person_id == row.person_id, Release.grant_id == row.grant_id, Release.state == WAITING)
        .order_by(Release.id)
        .with_for_update()
    )
    rows = (await session.execute(waiting)).scalars().all()
    return [each for each in rows if kind_of((item["item"], item["form"]) for item in each.items) == "grant"]


def _given(holder: Holder, row: Release, signed: Standing, signature: bytes) -> Event:
    return Event(
        name="approval.given",
        actor=by_officer(holder.id),
        requester=row.requester_id,
        declaration=row.declaration_id,
        purpose=row.purpose,
        items=tuple(Item(item, form) for item, form in signed.items),
        ref=ids.public(ids.APPROVAL, signed.id),
        count=signed.ceiling,
        approval=signed.digest(signature),
    )


async def _seen(session: Session, rows: Sequence[StandingApproval]) -> list[InForce]:
    called = await names(session, {row.requester_id for row in rows})
    return [
        InForce(
            row.id,
            row.officer_id,
            row.requester_id,
            called.get(row.requester_id, {}),
            row.items,
            row.ceiling,
            row.uses,
            row.at,
            row.expires_at,
        )
        for row in rows
    ]
