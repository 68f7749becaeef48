"""From an order to what it does, by the rooms that know how: nothing is decided here."""

from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

import msgspec

from vault import ids
from vault.clock import from_millis
from vault.consent import measures as of_grants
from vault.consent.deletion import order_deletion
from vault.consent.whose import whose
from vault.db import Session
from vault.errors import Invalid
from vault.ids import DeclarationId, GrantId, PersonId, RequesterId
from vault.ledger.events import regulator
from vault.powers.orders import Target
from vault.powers.tables import PowerOrder
from vault.requesters import supervising
from vault.requesters.measures import Act, Order
from vault.requesters.narrowing import read_cut

_ACTS: Final[dict[str, Act]] = {"suspend": "suspend", "lift": "restore", "narrow": "narrow"}


class GrantCut(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is taken out of a grant: items by name; ``until``: an earlier end, ms since 1970."""

    without: list[str] = []
    until: int | None = None


@dataclass(frozen=True)
class Found:
    """Whom an order is about: the requester; the declaration, where it names one or a grant; the grant's person."""

    requester: RequesterId
    declaration: DeclarationId | None
    person: PersonId | None


async def find(session: Session, target: Target) -> Found:
    """Whom an order is about. Locks what it is about. Raises NotFound."""
    if target.kind == "grant":
        person, requester, declaration = await whose(session, target.id)
        return Found(requester, declaration, person)
    requester, of = RequesterId(target.id), None
    if target.kind == "declaration":
        of = DeclarationId(target.id)
        requester = await supervising.owner_of(session, of)
    await supervising.hold(session, requester)
    return Found(requester, of, None)


async def carry_out(session: Session, row: PowerOrder) -> None:
    """Do what an order says. Raises Conflict when it does not fit how things stand, Invalid, NotFound, Tampered."""
    if row.act == "order_deletion":
        await order_deletion(session, row.target_id, "regulator", by=regulator(_two(row)[0]))
    elif row.target_kind == "grant":
        await _about_grant(session, row)
    elif row.measure_id is not None:
        assert row.second_id is not None
        await supervising.confirm(session, row.measure_id, second=row.second_id)
    else:
        await _about_requester(session, row)


async def _about_grant(session: Session, row: PowerOrder) -> None:
    grant = GrantId(row.target_id)
    by, second = _two(row)
    ordered = of_grants.Ordered(regulator(by), second, row.reason_code, ids.public(ids.POWER, row.id))
    if row.act == "suspend":
        await of_grants.suspend(session, grant, ordered, until=row.lapses_at if second is None else None)
    elif row.act == "lift":
        await of_grants.lift(session, grant, ordered)
    else:
        cut = grant_cut(row.cut)
        until = None if cut.until is None else from_millis(cut.until)
        await of_grants.narrow(session, grant, ordered, of_grants.Cut(frozenset(cut.without), until))


async def _about_requester(session: Session, row: PowerOrder) -> None:
    declaration = DeclarationId(row.target_id) if row.target_kind == "declaration" else None
    cut = None if row.cut is None else read_cut(row.cut)
    wanted = Order(_ACTS[row.act], row.requester_id, declaration, row.reason_code, cut=cut)
    if row.act == "narrow" and declaration is None:
        assert row.second_id is not None
        await supervising.narrow_all(session, wanted, by=row.proposed_by, second=row.second_id)
        return
    # A measure names who proposed it first, then who confirmed it.
    row.measure_id = await supervising.order(
        session,
        wanted,
        by=row.proposed_by,
        second=row.second_id,
        lapses_at=row.lapses_at if row.second_id is None else None,
    )
    await session.flush()


def check_cut(target: Target, cut: Any) -> None:
    """Raises Invalid for what is no cut of such a thing."""
    if cut is not None:
        grant_cut(cut) if target.kind == "grant" else read_cut(cut)


def grant_cut(stored: Any) -> GrantCut:
    """Raises Invalid."""
    try:
        return msgspec.convert(stored, GrantCut)
    except msgspec.ValidationError as error:
        raise Invalid.field("cut", str(error)) from None


def _two(row: PowerOrder) -> tuple[UUID, UUID | None]:
    """Who acts in the entry, and who beside them: the one who confirmed, and the one who proposed."""
    return (row.proposed_by, None) if row.second_id is None else (row.second_id, row.proposed_by)
