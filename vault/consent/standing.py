"""How a grant stands, for whoever issues tokens under it: one row, checked, without what only the person sees."""

from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

import asyncpg
import msgspec
import sqlalchemy as sa
from sqlalchemy.dialects.postgresql.asyncpg import dialect

from vault.consent import status
from vault.consent.shares import open_officer_share as unseal_officer_share
from vault.consent.states import State, state_of
from vault.consent.tables import Grant
from vault.consent.terms import ItemForm, details
from vault.crypto.keyring import KeyRing
from vault.db import Session
from vault.errors import NotFound, Refused
from vault.ids import DeclarationId, GrantId, PersonId, RequesterId
from vault.requesters.declarations import Frequency

COLUMNS: Final = (*Grant.guarded_columns(), "mac")
"""What :func:`read_standing` reads."""
JOIN: Final = "LEFT JOIN grants g ON g.person_id = {person} AND g.id = {grant}"
"""For statements that ask for a grant beside other things; ``person`` and ``grant``: parameters."""
_COLUMNS: Final = tuple(Grant.__table__.c[name] for name in COLUMNS)
_ROW: Final = sa.select(*_COLUMNS).where(
    Grant.person_id == sa.bindparam("person", type_=sa.Uuid()), Grant.id == sa.bindparam("grant", type_=sa.Uuid())
)
_SQL: Final = str(_ROW.compile(dialect=dialect()))  # type: ignore[no-untyped-call]  # SQLAlchemy's own gap
_BY_ID: Final = sa.select(*_COLUMNS).where(Grant.id == sa.bindparam("grant", type_=sa.Uuid()))
_BY_ID_SQL: Final = str(_BY_ID.compile(dialect=dialect()))  # type: ignore[no-untyped-call]  # as below
_DAY: Final = timedelta(days=1)
RoleSecrets = Callable[[int], Awaitable[bytes]]


@dataclass(frozen=True)
class GrantStanding:
    """A grant as tokens need it. ``lapse``: None while it is live, else ``suspended``,
    ``withdrawn`` or ``expired``."""

    id: GrantId
    requester_id: RequesterId
    client_id: UUID
    declaration_id: DeclarationId
    items: tuple[ItemForm, ...]
    token_epoch: int
    given_at: datetime
    expires_at: datetime
    max_uses: int | None
    frequency: Frequency
    lapse: str | None
    share_number: int
    created_at: datetime
    status: tuple[UUID, int] | None
    """List and index under which the token status lists speak of its tokens."""
    record_digest: bytes
    """Names the consent in force."""

    def details(self, items: Iterable[ItemForm]) -> list[Any]:
        """These of its items as ``authorization_details`` (RFC 9396 section 7)."""
        days = max(1, -((self.given_at - self.expires_at) // _DAY))
        return details(items, days, self.max_uses, self.frequency)


async def standing(session: Session, person: PersonId, grant: GrantId) -> GrantStanding:
    """How the grant stands now. Raises NotFound, Tampered."""
    found = (await session.execute(_ROW, {"person": person, "grant": grant})).mappings().one_or_none()
    return read_standing(session.ring, None if found is None else {str(k): v for k, v in found.items()}, session.now)


async def standing_by_pool(
    connection: asyncpg.Connection, ring: KeyRing, person: PersonId, grant: GrantId, *, now: datetime
) -> GrantStanding:
    """The same over a plain connection: every introspection pays for it."""
    return read_standing(ring, await connection.fetchrow(_SQL, person, grant), now)


async def standing_by_id(
    connection: asyncpg.Connection, ring: KeyRing, grant: GrantId, *, now: datetime
) -> tuple[PersonId, GrantStanding]:
    """Whose grant it is and how it stands, for a client that names it. Raises NotFound, Tampered."""
    row = await connection.fetchrow(_BY_ID_SQL, grant)
    held = read_standing(ring, row, now)
    return PersonId(row["person_id"]), held


def read_standing(ring: KeyRing, row: Mapping[str, Any] | None, now: datetime) -> GrantStanding:
    """The standing behind one row, its MAC checked. Raises NotFound, Tampered."""
    if row is None:
        raise NotFound("There is no such grant.")
    Grant.check(ring, row)
    state = state_of(row["status"], row["expires_at"], now, lifted_at=row["suspended_until"])
    return GrantStanding(
        id=GrantId(row["id"]),
        requester_id=RequesterId(row["requester_id"]),
        client_id=row["client_id"],
        declaration_id=DeclarationId(row["declaration_id"]),
        items=tuple(ItemForm(each["item"], each["form"]) for each in row["items"]),
        token_epoch=row["token_epoch"],
        given_at=row["given_at"],
        expires_at=row["expires_at"],
        max_uses=row["max_uses"],
        frequency=msgspec.convert(row["frequency"], Frequency),
        lapse=None if state is State.ACTIVE else str(state),
        share_number=row["share_number"] or 1,
        created_at=row["first_given_at"] or row["given_at"],
        status=None if row["status_list"] is None else (row["status_list"], row["status_index"]),
        record_digest=row["record_digest"],
    )


async def end_tokens(session: Session, person: PersonId, grant: GrantId) -> None:
    """Raise the version that tokens are checked against: every token issued so far is dead. The consent stays."""
    row = await session.get(Grant, (person, grant), with_for_update=True, populate_existing=True)
    if row is None:
        raise NotFound("There is no such grant.")
    if _state(row, session.now) in {State.ACTIVE, State.SUSPENDED}:
        await status.raise_epoch(session, row)
    else:
        row.token_epoch += 1  # nothing is left to revoke: whoever is looking at the row just now looks again
    await session.flush()


async def open_officer_share(session: Session, person: PersonId, grant: GrantId, secrets: RoleSecrets) -> bytes:
    """The officers' share ``o`` of a live grant, for an officer who holds the release role: ``secrets`` gives the
    secret of the role's key by number. Raises NotFound, Refused when the grant has ended, Tampered, CannotOpen."""
    row = await session.get(Grant, (person, grant), populate_existing=True)
    if row is None or row.officer_share is None or row.officer_key is None:
        raise NotFound("There is no such grant, or it needs no officer.")
    if _state(row, session.now) is not State.ACTIVE:
        raise Refused("The grant has ended meanwhile.")
    return unseal_officer_share(await secrets(row.officer_key), row.officer_share, grant)


def _state(row: Grant, now: datetime) -> State:
    return state_of(row.status, row.expires_at, now, lifted_at=row.suspended_until)
