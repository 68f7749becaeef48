"""Auditors: let in and ended by two officers, known by keys of their own, allowed to read what entries say.

What they read names no person: tags that only the person can link, organisations, items, times. It is still more than
everybody should have, hence two officers, an entry for each, and an end at the very next request.
"""

import re
from typing import Final
from uuid import UUID

from vault import ids
from vault.db import Session
from vault.errors import Invalid, NotFound, Refused, Unauthenticated
from vault.ledger.events import Event
from vault.ledger.events import officer as by_officer
from vault.ledger.log import append
from vault.registry import StaffMember, officer
from vault.requesters.hidden import reads_as
from vault.signin.holders import Holder
from vault.witness.passes import check_pass, named
from vault.witness.tables import Auditor

ROLE: Final = "vetting"
ACTIVE, ENDED = "active", "ended"
_NAME: Final = re.compile(r"[^\x00-\x1f\x7f]{2,120}")


async def add(session: Session, name: str, public: bytes, *, by: tuple[Holder, Holder]) -> UUID:
    """Let an auditor in under its Ed25519 key. Raises Invalid, and Refused unless two officers of two units do it."""
    first, second = await _two(session, by)
    if not _NAME.fullmatch(name):
        raise Invalid.field("name", "must have 2 to 120 characters")
    if len(public) != 32:
        raise Invalid.field("key", "must be an Ed25519 public key: 32 bytes")
    row = Auditor(
        id=ids.new_uuid(),
        name=name,
        public=public,
        status=ACTIVE,
        officers=[ids.public(ids.STAFF, each.id) for each in (first, second)],
        added_at=session.now,
    )
    session.add(row)
    await session.flush()
    await _record(session, "auditor.added", row.id, first=first, second=second)
    return row.id


async def end(session: Session, auditor: UUID, *, by: tuple[Holder, Holder]) -> None:
    """From the next request on it reads nothing. Raises NotFound, Refused, Tampered."""
    first, second = await _two(session, by)
    row = await session.get(Auditor, auditor, with_for_update=True)
    if row is None or row.status != ACTIVE:
        raise NotFound("There is no such auditor in force.")
    row.status = ENDED
    await session.flush()
    await _record(session, "auditor.ended", row.id, first=first, second=second)


async def admit(session: Session, header: str, audience: str) -> UUID:
    """The auditor whose pass is in an Authorization header, in force now. Raises Unauthenticated, Tampered.

    An auditor that does not exist, one that was ended and a false pass look the same.
    """
    token, who = named(header)
    try:
        row = await session.get(Auditor, ids.parse(ids.AUDITOR, who))
    except NotFound:
        row = None
    if row is None or row.status != ACTIVE:
        raise Unauthenticated("The pass is not one that this auditor's key made.")
    check_pass(token, row.public, audience, session.now)
    return row.id


async def _two(session: Session, by: tuple[Holder, Holder]) -> tuple[StaffMember, StaffMember]:
    first, second = [await officer(session, holder, ROLE) for holder in by]
    if first.id == second.id:
        raise Refused("This takes two different officers.")
    if (reads_as(first.organisation), reads_as(first.unit)) == (reads_as(second.organisation), reads_as(second.unit)):
        raise Refused("This takes two officers of different units.")
    return first, second


async def _record(session: Session, name: str, auditor: UUID, *, first: StaffMember, second: StaffMember) -> None:
    ref = ids.public(ids.AUDITOR, auditor)
    await append(session, Event(name=name, actor=by_officer(first.id), second=second.id, ref=ref))
