"""Searching the register: by what is asked for and why, by supervising authority, by name, code and state.

Every text is compared as it is: nothing in it is a pattern. Pages are by key, so that each costs the same.
"""

from dataclasses import dataclass
from typing import Any, Final

import sqlalchemy as sa

from vault.db import Session
from vault.ids import RequesterId
from vault.requesters.published import Organisation, as_organisation, briefs
from vault.requesters.standing import Capability, State, kept_in
from vault.requesters.tables import DeclarationRow, Requester

MOST: Final = 50
"""Organisations on one page."""
_FEW: Final = 1000
SEARCHED: Final = (State.ACTIVE, State.SUSPENDED, State.REVOKED, State.SURRENDERED, State.EXPIRED)
"""States that can be asked for."""


@dataclass(frozen=True, kw_only=True)
class Search:
    """What is looked for; without a member: any. ``form`` goes with ``item``; ``name`` and ``authority``: a part of the
    name in either language; ``after``: the last organisation of the page before."""

    item: str | None = None
    form: str | None = None
    purpose: str | None = None
    authority: str | None = None
    name: str | None = None
    uscc: str | None = None
    state: State | None = None
    after: RequesterId | None = None
    limit: int = 20

    def containing(self) -> dict[str, Any] | None:
        """What a declaration's body must have in it."""
        wanted: dict[str, Any] = {}
        if self.item or self.form:
            item: dict[str, Any] = {"item": self.item} if self.item else {}
            wanted["items"] = [item | ({"forms": [self.form]} if self.form else {})]
        if self.purpose:
            wanted["purpose"] = {"code": self.purpose}
        return wanted or None


@dataclass(frozen=True)
class Found:
    """A page, in the order of registration. ``next``: pass it as ``after`` for the following page."""

    organisations: list[Organisation]
    next: RequesterId | None


async def search(session: Session, wanted: Search, *, also: tuple[State, ...] = ()) -> Found:
    """One page of what fits. Raises Tampered. ``also``: kept states that the public does not see, for the desk."""
    limit, containing = min(wanted.limit, MOST), wanted.containing()
    chosen = sa.select(Requester).where(*_conditions(session, wanted, (*kept_in(Capability.LISTED), *also)))
    if containing is not None:
        chosen = chosen.where(Requester.id.in_(await _who_declared(session, containing)))
    rows = list(await session.scalars(chosen.order_by(Requester.id).limit(limit + 1)))
    page = rows[:limit]
    declared = await briefs(session, [row.id for row in page], containing) if page else []
    found = [
        as_organisation(row, [each for each in declared if each.requester == row.id], [], session.now) for row in page
    ]
    return Found(found, page[-1].id if len(rows) > limit else None)


def _conditions(session: Session, wanted: Search, kept: tuple[State, ...]) -> list[sa.ColumnElement[bool]]:
    found: list[sa.ColumnElement[bool]] = [Requester.status.in_(kept)]
    if wanted.state is not None:
        found.append(_is(session, wanted.state))
    if wanted.uscc:
        found.append(Requester.uscc == wanted.uscc)
    if wanted.name:
        found.append(_named(Requester.name, wanted.name))
    if wanted.authority:
        found.append(_named(Requester.contact[("supervising_authority", "name")], wanted.authority))
    if wanted.after is not None:
        found.append(Requester.id > wanted.after)
    return found


async def _who_declared(session: Session, containing: dict[str, Any]) -> Any:
    """Who declared this: by id where they are few, which the index finds; else a subquery, since where they are many
    the next page of them is found by walking on. Left to itself the planner takes the rare for common."""
    mine = sa.select(DeclarationRow.requester_id).where(DeclarationRow.body.contains(containing))
    few = list(await session.scalars(mine.limit(_FEW + 1)))
    return set(few) if len(few) <= _FEW else mine


def _named(column: Any, part: str) -> sa.ColumnElement[bool]:
    """A part of a name in either language; ``%``, ``_`` and the backslash are themselves."""
    return sa.or_(*(column[tag].astext.icontains(part, autoescape=True) for tag in ("en", "zh-CN")))


def _is(session: Session, state: State) -> sa.ColumnElement[bool]:
    """Rows in this state now, as :func:`vault.requesters.states.requester_state` reads them."""
    lapsed = sa.and_(Requester.status == "suspended", Requester.suspended_until <= session.now)
    in_force = sa.or_(Requester.status == "active", sa.func.coalesce(lapsed, sa.false()))
    ended = sa.func.coalesce(Requester.valid_until <= session.now, sa.true())
    match state:
        case State.ACTIVE:
            return sa.and_(in_force, sa.not_(ended))
        case State.EXPIRED:
            return sa.and_(in_force, ended)
        case State.SUSPENDED:
            return sa.and_(Requester.status == "suspended", sa.not_(sa.func.coalesce(lapsed, sa.false())))
        case _:
            return Requester.status == str(state)
