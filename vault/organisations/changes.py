"""Changes that a member signs and, where it takes two, a second member signs as well.

1. A member with the role asks: what is wrong with it is told at once, then it is signed.
2. Where one is enough it is made in the same transaction. Otherwise it waits, at most a week.
3. Another member, who may and has no part in it, confirms with their own signature: it is checked again and made. Or
   somebody refuses it, or who proposed it takes it back.
Each step has its entry.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa

from vault import ids
from vault.clock import millis
from vault.crypto.canonical import b64, canonical, digest
from vault.crypto.signing import verify_ed25519
from vault.db import Database, Session
from vault.errors import Conflict, NotFound, Refused
from vault.ids import MemberId, RequesterId
from vault.ledger.events import Event
from vault.ledger.events import member as by_member
from vault.ledger.log import append
from vault.organisations import client_changes, endpoint_changes, memberships, surrendering
from vault.organisations.kinds import Kind, Made
from vault.organisations.members import Member, locked_desk, member, member_for
from vault.organisations.roles import ADMINISTRATOR, KEYS
from vault.organisations.tables import ChangeRow, MemberRow, Organisation
from vault.signin.holders import Holder

WAITS: Final = timedelta(days=7)
KINDS: Final[dict[str, Kind]] = {
    **client_changes.KINDS,
    **endpoint_changes.KINDS,
    **memberships.KINDS,
    **surrendering.KINDS,
}
"""Every kind of change by name."""
MOST_OPEN: Final = 50
"""Changes of one organisation that may wait at the same time."""
PROPOSE, CONFIRM, REFUSE = "propose", "confirm", "refuse"


class OwnProposal(Refused):
    """Nobody confirms what they proposed, or what makes them more powerful."""

    name, title = "own-proposal", "A second member must confirm this"
    advice = "Ask another member with the role administrator or keys; you can take your own proposal back."


@dataclass(frozen=True)
class Change:
    """A change as members see it. ``state``: open, expired, made or refused; ``subject``: what it changes."""

    id: UUID
    kind: str
    subject: UUID | None
    body: dict[str, Any]
    proposed_by: MemberId
    made_at: datetime
    expires_at: datetime
    state: str
    decided_by: MemberId | None
    decided_at: datetime | None


async def propose(
    session: Session, holder: Holder, kind_name: str, subject: UUID | None, *, body: dict[str, Any]
) -> Change:
    """Make a change, or propose it where it takes two. Raises Refused, NotFound, Invalid by field, Conflict."""
    kind = KINDS[kind_name]
    by = await member_for(session, holder, kind.role)
    desk = await locked_desk(session, by.organisation)
    made = Made(by.organisation, subject, body, by=by, second=None)
    await kind.check(session, made)
    row = _row(session, holder, kind_name, made)
    session.add(row)
    await session.flush()
    if kind.takes_two(desk.two_members, body):
        await _check_room(session, by.organisation)
        await append(session, _event("change.proposed", row, by, what=digest(canonical(body))))
    else:
        row.status, row.decided_at = "made", session.now
        await kind.make(session, desk, made)
    return _view(row, session.now)


async def confirm(session: Session, holder: Holder, which: UUID) -> Change:
    """Confirm what another member proposed. Raises OwnProposal, Refused, NotFound, Conflict, Invalid by field.

    A refusal raised here rolls everything back: :func:`confirm_on_record` records it.
    """
    by = await member_for(session, holder, ADMINISTRATOR, KEYS)
    desk, row = await _open(session, by, which)
    kind = KINDS[row.kind]
    first = await _proposer(session, row)
    if by.id == row.proposed_by or by.signing_public == first.signing_public or kind.gains(row.subject, by):
        raise OwnProposal
    made = Made(by.organisation, row.subject, row.body, by=by, second=row.proposed_by)
    await kind.check(session, made)
    _decide(session, holder, row, CONFIRM)
    await kind.make(session, desk, made)
    return _view(row, session.now)


async def confirm_on_record(db: Database, holder: Holder, which: UUID) -> Change:
    """As :func:`confirm`, in a transaction of its own; what is refused by rule is recorded in another one."""
    try:
        return await db.run(confirm, holder, which)
    except OwnProposal as refused:
        await db.run(_record_refusal, holder, which, refused.name)
        raise


async def refuse(session: Session, holder: Holder, which: UUID) -> Change:
    """Refuse a proposal, or take one's own back. Raises Refused, NotFound, Conflict."""
    by = await member_for(session, holder, ADMINISTRATOR, KEYS)
    _, row = await _open(session, by, which)
    _decide(session, holder, row, REFUSE)
    await KINDS[row.kind].drop(session, row.subject)
    await append(session, _event("change.refused", row, by))
    return _view(row, session.now)


async def changes(session: Session, organisation: RequesterId, *, limit: int = 50) -> list[Change]:
    """The newest changes of an organisation, open and decided ones."""
    wanted = sa.select(ChangeRow).where(ChangeRow.requester_id == organisation)
    rows = await session.execute(wanted.order_by(ChangeRow.id.desc()).limit(limit))
    return [_view(row, session.now) for row in rows.scalars()]


async def change(session: Session, organisation: RequesterId, which: UUID) -> Change:
    """One change. NotFound for another organisation's, as for one that does not exist."""
    row = await session.get(ChangeRow, which)
    if row is None or row.requester_id != organisation:
        raise NotFound("There is no such change.")
    return _view(row, session.now)


def message(row: ChangeRow, act: str, at: datetime) -> bytes:
    """What a member signs: canonical bytes of the whole change, what they do with it, and when (ms since 1970)."""
    return canonical(
        {
            "v": 1,
            "kind": "organisation change",
            "change": ids.public(ids.CHANGE, row.id),
            "requester": ids.public(ids.REQUESTER, row.requester_id),
            "of": row.kind,
            "subject": row.subject.hex if row.subject else None,
            "body": b64(digest(canonical(row.body))),
            "act": act,
            "at": millis(at),
        }
    )


def _row(session: Session, holder: Holder, kind_name: str, made: Made) -> ChangeRow:
    row = ChangeRow(
        id=ids.new_uuid(),
        requester_id=made.organisation,
        kind=kind_name,
        subject=made.subject,
        body=made.body,
        proposed_by=made.by.id,
        made_at=session.now,
        expires_at=session.now + WAITS,
        status="open",
        decided_by=None,
        decision_signature=None,
        decided_at=None,
    )
    row.signature = holder.bundle.sign(message(row, PROPOSE, session.now))
    return row


async def _open(session: Session, by: Member, which: UUID) -> tuple[Organisation, ChangeRow]:
    """The organisation and a change that can still be decided, both locked."""
    desk = await locked_desk(session, by.organisation)
    row = await session.get(ChangeRow, which, with_for_update=True, populate_existing=True)
    if row is None or row.requester_id != by.organisation:
        raise NotFound("There is no such change.")
    if row.status != "open":
        raise Conflict("This change was decided already.")
    if session.now >= row.expires_at:
        raise Conflict("This proposal has expired: propose it again.")
    return desk, row


async def _proposer(session: Session, row: ChangeRow) -> MemberRow:
    """Who proposed it, still active; their signature is checked as anybody would."""
    first = await session.get(MemberRow, row.proposed_by)
    if first is None or first.status != "active" or KINDS[row.kind].role not in first.roles:
        raise Conflict("Who proposed this is no longer a member who may: propose it again.")
    verify_ed25519(first.signing_public, message(row, PROPOSE, row.made_at), row.signature)
    return first


def _decide(session: Session, holder: Holder, row: ChangeRow, act: str) -> None:
    row.status = "made" if act == CONFIRM else "refused"
    row.decided_by, row.decided_at = MemberId(holder.id), session.now
    row.decision_signature = holder.bundle.sign(message(row, act, session.now))


async def _check_room(session: Session, organisation: RequesterId) -> None:
    waiting = sa.select(sa.func.count()).where(
        ChangeRow.requester_id == organisation, ChangeRow.status == "open", ChangeRow.expires_at > session.now
    )
    if (await session.execute(waiting)).scalar_one() > MOST_OPEN:
        raise Conflict("Too many changes wait for a second member: decide some of them first.")


async def _record_refusal(session: Session, holder: Holder, which: UUID, why: str) -> None:
    by = await member(session, holder)
    event = Event(
        name="change.confirmation_refused",
        actor=by_member(by.id),
        requester=by.organisation,
        ref=ids.public(ids.CHANGE, which),
        reason=why,
    )
    await append(session, event)


def _event(name: str, row: ChangeRow, by: Member, *, what: bytes | None = None) -> Event:
    return Event(
        name=name,
        actor=by_member(by.id),
        requester=row.requester_id,
        ref=ids.public(ids.CHANGE, row.id),
        outcome=row.kind,
        digest=what,
    )


def _view(row: ChangeRow, now: datetime) -> Change:
    state = "expired" if row.status == "open" and now >= row.expires_at else row.status
    return Change(
        row.id,
        row.kind,
        row.subject,
        row.body,
        row.proposed_by,
        row.made_at,
        row.expires_at,
        state,
        row.decided_by,
        row.decided_at,
    )
