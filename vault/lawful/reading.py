"""Orders as the two roles see them, the sealed files with what proves them, and the figures that everybody may know."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa

from vault.crypto.canonical import digest
from vault.crypto.sealing import same
from vault.db import Database, Session
from vault.errors import NotFound, Tampered
from vault.ids import StaffId
from vault.lawful.ceremony import OPENED, PEELED
from vault.lawful.deciding import ENDED, IN_FORCE, PROPOSED
from vault.lawful.signers import signer
from vault.lawful.tables import LawfulOpening, LawfulOrderRow
from vault.ledger.follower import Receipts
from vault.ledger.receipt import Receipt
from vault.signin.holders import Holder

MOST: Final = 100


@dataclass(frozen=True)
class OpeningView:
    """One opening. ``state``: peeled, opened, or late: the second step never came."""

    id: UUID
    state: str
    at: datetime
    expires_at: datetime
    opened_at: datetime | None


@dataclass(frozen=True)
class OrderView:
    """An order. ``state``: proposed, in_force, refused, ended, lapsed (nobody signed in time) or over."""

    id: UUID
    kind: str
    basis: str
    authority: str
    number: str
    issued_on: str
    document_digest: bytes
    recipient: str
    recipient_public: bytes
    items: list[dict[str, Any]]
    state: str
    proposed_by: StaffId
    at: datetime
    lapses_at: datetime
    officer: StaffId | None
    regulator: StaffId | None
    valid_until: datetime
    reveal_at: datetime
    openings: int
    used: int
    court_due_at: datetime | None
    court_number: str | None
    court_confirmed_at: datetime | None
    is_overdue: bool
    made: list[OpeningView]


@dataclass(frozen=True)
class Figures:
    """How many orders of a kind were ever in force, openings made under them, and emergencies that wait for a court, in
    time or not."""

    kind: str
    orders: int
    openings: int
    awaiting_court: int
    overdue: int


async def listing(session: Session, holder: Holder) -> list[OrderView]:
    """The newest hundred. Raises Refused without one of the two roles, Tampered."""
    await signer(session, holder)
    rows = await session.scalars(sa.select(LawfulOrderRow).order_by(LawfulOrderRow.id.desc()).limit(MOST))
    return [_view(row, [], session.now) for row in rows]


async def one(session: Session, holder: Holder, which: UUID) -> OrderView:
    """One order with its openings. Raises NotFound, Refused, Tampered."""
    await signer(session, holder)
    row = await session.get(LawfulOrderRow, which, populate_existing=True)
    if row is None:
        raise NotFound("There is no such order.")
    made = await session.scalars(
        sa.select(LawfulOpening).where(LawfulOpening.order_id == which).order_by(LawfulOpening.id)
    )
    return _view(row, [_opening(each, session.now) for each in made], session.now)


async def sealed_file(
    db: Database, receipts: Receipts, holder: Holder, which: UUID, *, within: float
) -> tuple[bytes, Receipt]:
    """The file for the recipient and the receipt of its entry, for the regulator who opened it.

    Nothing is given out before the receipt is there. Raises NotFound, Refused, Tampered, Unavailable.
    """
    content, entry = await db.run(_content, holder, which)
    return content, await receipts.wait(entry, within)


async def figures(session: Session) -> list[Figures]:
    """By kind, for everybody. Raises Tampered when a row was edited."""
    rows = (await session.scalars(sa.select(LawfulOrderRow).where(LawfulOrderRow.state.in_((IN_FORCE, ENDED))))).all()
    return [
        Figures(
            kind=kind,
            orders=sum(row.kind == kind for row in rows),
            openings=sum(row.used for row in rows if row.kind == kind),
            awaiting_court=sum(_awaits(row) for row in rows if row.kind == kind),
            overdue=sum(_is_overdue(row, session.now) for row in rows if row.kind == kind),
        )
        for kind in ("court", "emergency")
    ]


async def _content(session: Session, holder: Holder, which: UUID) -> tuple[bytes, Any]:
    await signer(session, holder)
    opening = await session.scalar(sa.select(LawfulOpening).where(LawfulOpening.id == which))
    if opening is None or opening.state != OPENED or opening.content is None or opening.content_digest is None:
        raise NotFound("There is no such file.")
    row = await session.get(LawfulOrderRow, opening.order_id)
    if row is None or row.regulator_id != holder.id:
        raise NotFound("There is no such file.")
    if not same(digest(opening.content), opening.content_digest):
        raise Tampered(private="a sealed file is not the one that was opened")
    return opening.content, opening.entry_id


def _view(row: LawfulOrderRow, made: list[OpeningView], now: datetime) -> OrderView:
    state = row.state
    if state == PROPOSED and now >= row.lapses_at:
        state = "lapsed"
    if state == IN_FORCE and (now >= row.valid_until or row.used >= row.openings):
        state = "over"
    return OrderView(
        id=row.id,
        kind=row.kind,
        basis=row.basis,
        authority=row.authority,
        number=row.number,
        issued_on=row.issued_on,
        document_digest=row.document_digest,
        recipient=row.recipient_name,
        recipient_public=row.recipient_public,
        items=row.items,
        state=state,
        proposed_by=row.proposed_by,
        at=row.at,
        lapses_at=row.lapses_at,
        officer=row.officer_id,
        regulator=row.regulator_id,
        valid_until=row.valid_until,
        reveal_at=row.reveal_at,
        openings=row.openings,
        used=row.used,
        court_due_at=row.court_due_at,
        court_number=row.court_number,
        court_confirmed_at=row.court_confirmed_at,
        is_overdue=_is_overdue(row, now),
        made=made,
    )


def _opening(row: LawfulOpening, now: datetime) -> OpeningView:
    state = "late" if row.state == PEELED and now >= row.expires_at else row.state
    return OpeningView(row.id, state, row.at, row.expires_at, row.opened_at)


def _awaits(row: LawfulOrderRow) -> bool:
    return row.court_due_at is not None and row.court_confirmed_at is None


def _is_overdue(row: LawfulOrderRow, now: datetime) -> bool:
    return _awaits(row) and row.court_due_at is not None and now >= row.court_due_at
