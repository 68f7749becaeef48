"""Orders as the person, the organisation, officers and regulators see them."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final
from uuid import UUID

import sqlalchemy as sa

from vault.db import Session
from vault.deletion.kinds import OPEN
from vault.deletion.tables import DeletionOrder, DeletionStatement
from vault.errors import Invalid
from vault.ids import DeclarationId, GrantId, PersonId, RequesterId
from vault.requesters.names import names

MOST_LISTED: Final = 200
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)
_PLACE: Final = re.compile(r"([0-9]{1,16})\.([0-9a-f]{32})")


@dataclass(frozen=True)
class Place:
    """Where an order stands among the overdue ones; of those due at one moment the older one comes first."""

    due_at: datetime
    id: UUID

    def public(self) -> str:
        """For an address: microseconds since 1970, and the order's id."""
        return f"{(self.due_at - _EPOCH) // _MICROSECOND}.{self.id.hex}"

    @classmethod
    def read(cls, text: str) -> "Place":
        """From what :meth:`public` gave. Raises Invalid."""
        known = _PLACE.fullmatch(text)
        if known is None:
            raise Invalid.field("after", "must be the next of an earlier page")
        return cls(_EPOCH + int(known[1]) * _MICROSECOND, UUID(hex=known[2]))


@dataclass(frozen=True)
class Order:
    """An order. ``state``: open, overdue, deleted, partly or kept; ``grant`` is for the person and the requester alone,
    and so are ``statements``: the signed answers as they came, oldest first."""

    id: UUID
    grant: GrantId
    requester_id: RequesterId
    requester_name: dict[str, str]
    client_id: UUID
    why: str
    ordered_at: datetime
    due_at: datetime
    state: str
    basis: str | None
    kept_until: datetime | None
    answered_at: datetime | None
    statements: tuple[str, ...] = ()
    declaration_id: DeclarationId | None = None

    @property
    def place(self) -> Place:
        """Where the next page of overdue orders begins after this one."""
        return Place(self.due_at, self.id)


async def for_person(session: Session, person: PersonId, *, grant: UUID | None = None) -> list[Order]:
    """A person's orders with the answers, newest first; of one grant where one is named. Raises Tampered."""
    wanted = sa.select(DeletionOrder).where(DeletionOrder.person_id == person)
    if grant is not None:
        wanted = wanted.where(DeletionOrder.grant_id == grant)
    rows = (await session.scalars(wanted.order_by(DeletionOrder.id.desc()).limit(MOST_LISTED))).all()
    said = await session.scalars(
        sa.select(DeletionStatement)
        .where(DeletionStatement.person_id == person, DeletionStatement.order_id.in_([row.id for row in rows]))
        .order_by(DeletionStatement.id)
    )
    by_order: dict[UUID, tuple[str, ...]] = {}
    for each in said.all():
        by_order[each.order_id] = (*by_order.get(each.order_id, ()), each.statement)
    return await _seen(session, rows, by_order)


async def of_requester(
    session: Session, requester: RequesterId, *, before: UUID | None = None, limit: int = 50
) -> list[Order]:
    """A requester's orders, newest first; for the next page pass the last one's id as ``before``. Raises Tampered."""
    wanted = sa.select(DeletionOrder).where(DeletionOrder.requester_id == requester)
    if before is not None:
        wanted = wanted.where(DeletionOrder.id < before)
    rows = await session.scalars(wanted.order_by(DeletionOrder.id.desc()).limit(min(limit, MOST_LISTED)))
    return await _seen(session, rows.all(), {})


async def overdue(
    session: Session, *, requester: RequesterId | None = None, after: Place | None = None, limit: int = 50
) -> list[Order]:
    """What was to be deleted and nobody answered, the longest overdue first; for the next page pass the last one's
    ``place`` as ``after``. For officers and regulators: show neither grant nor person. Raises Tampered."""
    wanted = sa.select(DeletionOrder).where(DeletionOrder.state == OPEN, DeletionOrder.due_at <= session.now)
    if requester is not None:
        wanted = wanted.where(DeletionOrder.requester_id == requester)
    if after is not None:
        # Many are due at one moment: a vault that was erased, a requester that was revoked.
        wanted = wanted.where(sa.tuple_(DeletionOrder.due_at, DeletionOrder.id) > sa.tuple_(after.due_at, after.id))
    ordered = wanted.order_by(DeletionOrder.due_at, DeletionOrder.id).limit(min(limit, MOST_LISTED))
    return await _seen(session, (await session.scalars(ordered)).all(), {})


async def counts(session: Session, requester: RequesterId) -> tuple[int, int]:
    """How many orders a requester has not answered, and how many of them are overdue."""
    late = sa.func.count().filter(DeletionOrder.due_at <= session.now)
    mine = sa.select(sa.func.count(), late).where(DeletionOrder.requester_id == requester, DeletionOrder.state == OPEN)
    found = (await session.execute(mine)).one()
    return int(found[0]), int(found[1])


async def _seen(session: Session, rows: Sequence[DeletionOrder], said: dict[UUID, tuple[str, ...]]) -> list[Order]:
    called = await names(session, {row.requester_id for row in rows})
    return [
        Order(
            id=row.id,
            grant=row.grant_id,
            requester_id=row.requester_id,
            requester_name=called.get(row.requester_id, {}),
            client_id=row.client_id,
            why=row.why,
            ordered_at=row.ordered_at,
            due_at=row.due_at,
            state=_state(row, session.now),
            basis=row.basis,
            kept_until=row.kept_until,
            answered_at=row.answered_at,
            statements=said.get(row.id, ()),
            declaration_id=row.declaration_id,
        )
        for row in rows
    ]


def _state(row: DeletionOrder, now: datetime) -> str:
    if row.state == OPEN:
        return "overdue" if now >= row.due_at else OPEN
    return str(row.outcome)
