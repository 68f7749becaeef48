"""How much a requester may take: set by officers, slowed down by the watch, read by its own desk.

One officer may lower a quota, or set it at the default or below; more than the default takes a second one of another
unit. Each act is an entry. What holds is leased by the server processes (:mod:`vault.release.leases`) within a second.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

import sqlalchemy as sa

from vault.crypto.canonical import canonical, digest
from vault.db import Database, Session
from vault.errors import Conflict, Invalid
from vault.ids import RequesterId
from vault.ledger.events import REGISTRY, Actor, Event
from vault.ledger.events import officer as by_officer
from vault.ledger.log import append
from vault.registry import StaffMember, officer, staff_member
from vault.release.leases import QUOTA, Limit
from vault.release.tables import QuotaPeriod, RequesterQuota
from vault.requesters.hidden import reads_as
from vault.requesters.measures import LONGEST_REASON, SHORTEST_REASON
from vault.requesters.owned import owner
from vault.requesters.two_officers import ROLE, AnotherOfficer
from vault.signin import Holder

MOST: Final = 1_000_000_000


@dataclass(frozen=True, slots=True)
class Quota:
    """What holds for a requester. ``leased`` of ``per_day`` are used today, or held by a server process for use;
    ``per_minute`` until ``slowed_until``, None while it is not slowed down; ``proposed`` waits for a second officer."""

    per_day: int
    is_default: bool
    leased: int
    per_minute: int | None
    slowed_until: datetime | None
    proposed: int | None


@dataclass(frozen=True, slots=True)
class Whose:
    """A requester, and what it may have a day unless something else is said."""

    requester: RequesterId
    default: int


async def quota_of(session: Session, whose: Whose) -> Quota:
    """What holds now. Raises NotFound, Tampered."""
    requester, default = whose.requester, whose.default
    await owner(session, requester)
    row = await session.get(RequesterQuota, requester)
    starts, _ = Limit(QUOTA, 0).period(session.now)
    leased = await session.scalar(
        sa.select(QuotaPeriod.leased).where(
            QuotaPeriod.requester_id == requester, QuotaPeriod.kind == QUOTA, QuotaPeriod.starts == starts
        )
    )
    per_day = default if row is None or row.per_day is None else row.per_day
    until = None if row is None else row.slowed_until
    is_slowed = row is not None and until is not None and session.now < until
    return Quota(
        per_day=per_day,
        is_default=row is None or row.per_day is None,
        leased=min(leased or 0, per_day),
        per_minute=row.per_minute if row is not None and is_slowed else None,
        slowed_until=until if is_slowed else None,
        proposed=None if row is None else row.proposed_per_day,
    )


async def set_quota(session: Session, holder: Holder, whose: Whose, *, per_day: int, reason: str) -> Quota:
    """One officer sets the quota of a day; above the default it is only proposed, for a second one to decide.

    Raises Invalid, NotFound, Conflict while another proposal waits, Refused without the role vetting.
    """
    member = await officer(session, holder, ROLE)
    _check(per_day, reason)
    row = await _locked(session, whose.requester)
    if row.proposed_per_day is not None and per_day > whose.default:
        raise Conflict("Another proposal waits to be decided: decide that one first.")
    if per_day > whose.default:
        row.proposed_per_day, row.proposed_reason, row.proposed_by = per_day, reason, member.id
        await _say(session, "quota.proposed", row, by=by_officer(member.id), count=per_day, reason=reason)
    else:
        row.per_day, row.reason = per_day, reason
        row.proposed_per_day = row.proposed_reason = row.proposed_by = None
        await _say(session, "quota.set", row, by=by_officer(member.id), count=per_day, reason=reason)
    return await quota_of(session, whose)


async def decide_quota(session: Session, holder: Holder, whose: Whose, *, agree: bool, reason: str) -> Quota:
    """The second officer's word about a proposal. Raises AnotherOfficer, Conflict when there is none, Invalid."""
    member = await officer(session, holder, ROLE)
    _check(0, reason)
    row = await _locked(session, whose.requester)
    if row.proposed_per_day is None or row.proposed_by is None:
        raise Conflict("Nothing is proposed about this quota.")
    first = await staff_member(session, row.proposed_by)
    if first.id == member.id:
        raise AnotherOfficer("same-officer")
    if _unit(first) == _unit(member):
        raise AnotherOfficer("same-unit")
    count = row.proposed_per_day
    if agree:
        row.per_day, row.reason = count, f"{row.proposed_reason} / {reason}"
    row.proposed_per_day = row.proposed_reason = row.proposed_by = None
    name, by = "quota.set" if agree else "quota.declined", by_officer(member.id)
    await _say(session, name, row, by=by, count=count, reason=reason, second=first)
    return await quota_of(session, whose)


async def decide_on_record(db: Database, holder: Holder, whose: Whose, *, agree: bool, reason: str) -> Quota:
    """As :func:`decide_quota`, in a transaction of its own; what is refused by rule is recorded in another one."""
    try:
        return await db.run(decide_quota, holder, whose, agree=agree, reason=reason)
    except AnotherOfficer as refused:
        event = Event(
            name="quota.attempt_refused", actor=by_officer(holder.id), requester=whose.requester, reason=refused.reason
        )
        await db.run(append, event)
        raise


async def throttle(session: Session, requester: RequesterId, per_minute: int, *, until: datetime, reason: str) -> None:
    """Slow a requester down: all of its clients together get ``per_minute`` releases a minute until then.

    Holds in every server process within a second. Where it is slowed down already the slower rate and the later end
    hold. ``reason``: a code or one line. Raises Invalid, NotFound.
    """
    _check(per_minute, reason)
    if until <= session.now:
        raise Invalid.field("until", "must lie in the future")
    row = await _locked(session, requester)
    if row.per_minute is not None and row.slowed_until is not None and session.now < row.slowed_until:
        per_minute, until = min(per_minute, row.per_minute), max(until, row.slowed_until)
    row.per_minute, row.slowed_until, row.slowed_reason = per_minute, until, reason
    await _say(session, "requester.throttled", row, by=REGISTRY, count=per_minute, reason=reason)


async def _locked(session: Session, requester: RequesterId) -> RequesterQuota:
    await owner(session, requester)
    row = await session.get(RequesterQuota, requester, with_for_update=True, populate_existing=True)
    if row is None:
        row = RequesterQuota(requester_id=requester)
        session.add(row)
    return row


async def _say(  # noqa: PLR0913 - the facts of one entry
    session: Session,
    name: str,
    row: RequesterQuota,
    *,
    by: Actor,
    count: int,
    reason: str,
    second: StaffMember | None = None,
) -> None:
    await session.flush()
    said = canonical({"v": 1, "kind": name, "requester": row.requester_id.hex, "count": count, "reason": reason})
    event = Event(
        name=name,
        actor=by,
        requester=row.requester_id,
        count=count,
        digest=digest(said),
        second=None if second is None else second.id,
    )
    await append(session, event)


def _check(count: int, reason: str) -> None:
    if not 0 <= count <= MOST:
        raise Invalid.field("per_day", f"must be a number from 0 to {MOST}")
    if not SHORTEST_REASON <= len(reason.strip()) <= LONGEST_REASON or not reason.isprintable():
        raise Invalid.field("reason", f"must be one line of {SHORTEST_REASON} to {LONGEST_REASON} characters")


def _unit(member: StaffMember) -> tuple[str, str]:
    return reads_as(member.organisation), reads_as(member.unit)
