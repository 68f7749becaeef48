"""The release desk: one officer decides about one waiting release, without seeing the data or whose it is."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Final

import sqlalchemy as sa

from vault import ids
from vault.consent.standing import open_officer_share
from vault.crypto.sealing import same
from vault.db import Database, Session
from vault.errors import Conflict, Invalid, NotFound, Refused, Tampered
from vault.ids import ReleaseId, RequesterId, StaffId
from vault.ledger import log
from vault.ledger.events import Event, Item
from vault.ledger.events import officer as by_officer
from vault.registry import officer, role_secret
from vault.release import denials
from vault.release.approvals import APPROVE, DENY, FRESH_FOR, WAITS, Verdict, keep_share
from vault.release.checks import kind_of, request_digest
from vault.release.tables import APPROVED, DENIED, WAITING, Approval, Release
from vault.requesters import register
from vault.requesters.names import names
from vault.requesters.permits import Permit
from vault.signin import Holder
from vault.webhooks import Happened, announce
from vault.webhooks.kinds import APPROVAL_DECIDED

ROLE: Final = "release"
MOST_LISTED: Final = 200
SHORTEST_REASON: Final = 4
LONGEST_REASON: Final = 500


class VettedByYou(Refused):
    """Who let a requester in does not also let data out to it."""

    name, title = "vetted-by-you", "You vetted this requester, so another officer must decide"
    advice = "Leave it to another officer with the release role."


@dataclass(frozen=True, slots=True)
class Waiting:
    """A release as officers see it: who asks for which items, for what; never whose they are.

    ``kind``: ``grant`` where an approval of all releases of its grant would do, else ``release``; ``beside``: how many
    others of the same grant wait; ``ends_at``: when it is abandoned. ``state``: lapsed once it is.
    """

    id: ReleaseId
    requester_id: RequesterId
    requester_name: dict[str, str]
    purpose: str
    items: list[dict[str, str]]
    at: datetime
    state: str
    kind: str
    beside: int
    ends_at: datetime


@dataclass(frozen=True, slots=True)
class Ruling:
    """What an officer says about a release. ``code``: of a denial, one of :mod:`vault.release.denials`; ``reason``:
    one line in their own words, kept at the desk."""

    approve: bool
    reason: str
    code: str | None = None

    def check(self) -> None:
        """Raises Invalid by field."""
        check_reason(self.reason)
        if not self.approve:
            denials.check(self.code)
        elif self.code is not None:
            raise Invalid.field("code", "belongs to a denial")


@dataclass(frozen=True, slots=True)
class Decided:
    """Where a release stands after the decision. An approval ends by itself at ``expires_at``."""

    id: ReleaseId
    state: str
    expires_at: datetime | None


async def waiting(session: Session, holder: Holder) -> list[Waiting]:
    """What waits, oldest first, at most 200. Takes the role release."""
    await officer(session, holder, ROLE)
    fresh = (Release.state == WAITING, Release.at > session.now - WAITS)
    found = sa.select(Release).where(*fresh).order_by(Release.at, Release.id).limit(MOST_LISTED)
    return await _seen(session, (await session.execute(found)).scalars().all())


async def one(session: Session, holder: Holder, release_id: ReleaseId) -> Waiting:
    """One release, waiting or decided. Takes the role release. NotFound."""
    await officer(session, holder, ROLE)
    return (await _seen(session, [await _find(session, release_id)]))[0]


async def decide(session: Session, holder: Holder, release_id: ReleaseId, ruling: Ruling) -> Decided:
    """An officer's decision, signed; an approval contributes the officers' share for an hour.

    Raises VettedByYou, Conflict when it was decided already, NotFound, NotLive, Invalid. What is refused here rolls
    back: :func:`decide_on_record` records it.
    """
    # 1. Who decides, and is it theirs to decide?
    ruling.check()
    row, _ = await to_decide(session, holder, release_id)
    # 2. The decision, over exactly what was asked for.
    verdict = Verdict(
        release=row.id,
        request_digest=row.request_digest,
        decision=APPROVE if ruling.approve else DENY,
        reason=ruling.reason.strip(),
        code=ruling.code,
        at=session.now,
        expires_at=session.now + FRESH_FOR,
    )
    approval = _row(holder, row, verdict)
    # 3. The share, from the officers' keeping into the approval's.
    if ruling.approve:
        secrets = partial(role_secret, session, holder, ROLE)
        share = await open_officer_share(session, row.person_id, row.grant_id, secrets)
        approval.share = keep_share(session.ring, row.person_id, approval.id, share)
    session.add(approval)
    row.state, row.decided_at, row.reason = (APPROVED if ruling.approve else DENIED), session.now, ruling.code
    await session.flush()
    # 4. The entry, and word to who waits.
    await log.append(session, _event(holder, row, verdict, approval), person=row.person_id)
    await tell(session, row)
    return Decided(row.id, row.state, verdict.expires_at if ruling.approve else None)


async def decide_on_record(db: Database, holder: Holder, release_id: ReleaseId, ruling: Ruling) -> Decided:
    """As :func:`decide`, in a transaction of its own; what is refused by rule is recorded in another one."""
    try:
        return await db.run(decide, holder, release_id, ruling)
    except VettedByYou as refused:
        await db.run(record_refusal, holder, release_id, refused)
        raise


async def to_decide(session: Session, holder: Holder, release_id: ReleaseId) -> tuple[Release, Permit]:
    """A waiting release, locked, for an officer who may decide about it, and the permit it is under.

    Raises VettedByYou, Conflict when it was decided or abandoned, NotFound, NotLive, Tampered.
    """
    member = await officer(session, holder, ROLE)
    row = await _locked(session, await _find(session, release_id))
    permit, _ = await register.permit(session, row.declaration_id)
    if member.id in permit.signatures:
        raise VettedByYou
    if row.state != WAITING:
        raise Conflict("This release has been decided already.")
    if session.now >= row.at + WAITS:
        raise Conflict("This release waited for more than a day and is abandoned.")
    _check_is_what_was_asked(row)
    return row, permit


async def tell(session: Session, row: Release) -> None:
    """Tell who waits that it was decided."""
    happened = Happened(
        type=APPROVAL_DECIDED, requester=row.requester_id, client=row.client_id, grant=row.grant_id, release=row.id
    )
    await announce(session, happened)


async def record_refusal(session: Session, holder: Holder, release_id: ReleaseId, why: Refused) -> None:
    row = await _find(session, release_id)
    event = Event(
        name="release.approval_refused",
        actor=by_officer(holder.id),
        requester=row.requester_id,
        ref=ids.public(ids.RELEASE, release_id),
        reason=why.name,
    )
    await log.append(session, event, person=row.person_id)


def check_reason(reason: str) -> None:
    if not SHORTEST_REASON <= len(reason.strip()) <= LONGEST_REASON or not reason.isprintable():
        raise Invalid.field("reason", f"must be one line of {SHORTEST_REASON} to {LONGEST_REASON} characters")


def _check_is_what_was_asked(row: Release) -> None:
    """What the officer sees must be what the digest under the signature says: the row itself has no MAC."""
    shown = [(each["item"], each["form"]) for each in row.items]
    if not same(row.request_digest, request_digest(row.grant_id, row.client_id, shown)):
        raise Tampered(private="a waiting release shows other items than were asked for")


async def _find(session: Session, release_id: ReleaseId) -> Release:
    """By its number alone: the desk does not know whose it is. Only releases that an officer was asked about."""
    asked = Release.state.in_((WAITING, APPROVED, DENIED))
    found = await session.execute(sa.select(Release).where(Release.id == release_id, asked))
    row = found.scalar_one_or_none()
    if row is None:
        raise NotFound("There is no such release at the desk.")
    return row


async def _seen(session: Session, rows: Sequence[Release]) -> list[Waiting]:
    called = await names(session, {row.requester_id for row in rows})
    return [
        Waiting(
            id=row.id,
            requester_id=row.requester_id,
            requester_name=called.get(row.requester_id, {}),
            purpose=row.purpose,
            items=row.items,
            at=row.at,
            state="lapsed" if row.state == WAITING and session.now >= row.at + WAITS else row.state,
            kind=kind_of((each["item"], each["form"]) for each in row.items),
            beside=await _beside(session, row),
            ends_at=row.at + WAITS,
        )
        for row in rows
    ]


async def _beside(session: Session, row: Release) -> int:
    """Others of the same grant that wait: what looks alike is told apart by its number and time."""
    found = sa.select(sa.func.count()).where(
        Release.person_id == row.person_id,
        Release.grant_id == row.grant_id,
        Release.id != row.id,
        Release.state == WAITING,
        Release.at > session.now - WAITS,
    )
    return (await session.execute(found)).scalar_one()


def _row(holder: Holder, row: Release, verdict: Verdict) -> Approval:
    return Approval(
        person_id=row.person_id,
        id=ids.new_uuid(),
        release_id=row.id,
        officer_id=StaffId(holder.id),
        decision=verdict.decision,
        reason=verdict.reason,
        request_digest=verdict.request_digest,
        signature=holder.bundle.sign(verdict.message()),
        at=verdict.at,
        expires_at=verdict.expires_at,
        code=verdict.code,
    )


def _event(holder: Holder, row: Release, verdict: Verdict, approval: Approval) -> Event:
    is_approval = verdict.decision == APPROVE
    return Event(
        name="release.approved" if is_approval else "release.denied",
        actor=by_officer(holder.id),
        requester=row.requester_id,
        declaration=row.declaration_id,
        purpose=row.purpose,
        items=tuple(Item(each["item"], each["form"]) for each in row.items),
        ref=ids.public(ids.RELEASE, row.id),
        reason=verdict.code,
        approval=verdict.digest(approval.signature),
    )


async def _locked(session: Session, row: Release) -> Release:
    key = (row.person_id, row.id)
    locked = await session.get(Release, key, with_for_update=True, populate_existing=True)
    if locked is None:
        raise NotFound
    return locked
