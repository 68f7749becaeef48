"""What a requester says about an order, as claims of a JWS that it signed; checked, kept, recorded.

Whose signature it is was found before (:mod:`vault.authserver.deletion_statements`): what comes here is of a known
client, and what is refused is recorded.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated, Any, Final
from uuid import UUID

import msgspec
import sqlalchemy as sa

from vault import ids
from vault.crypto.canonical import digest
from vault.db import Session
from vault.deletion.kinds import ANSWERED, Outcome
from vault.deletion.tables import DeletionOrder, DeletionStatement
from vault.errors import Conflict, NotFound, VaultError
from vault.ids import RequesterId
from vault.ledger import log
from vault.ledger.events import Event
from vault.ledger.events import requester as by_requester
from vault.requesters.endpoints import is_given_up

TYP: Final = "deletion-statement+jwt"
FRESH_FOR: Final = timedelta(hours=1)
"""A statement is handed in within this time of being signed."""
LONGEST_KEPT: Final = timedelta(days=50 * 366)


class BadStatement(VaultError):
    """A statement whose signature holds and whose claims do not."""

    name, status, title = "bad-statement", 422, "This statement says nothing that can be kept"
    advice = "The detail says which claim is wrong; docs/webhooks.md shows a statement."


class Claims(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """``iss``: the client; ``aud``: the issuer; ``order``; ``outcome``; unless all is deleted, ``legal_basis`` (a code)
    and ``kept_until`` (RFC 3339)."""

    iss: str
    aud: str
    iat: int
    order: str
    outcome: Outcome
    legal_basis: Annotated[str, msgspec.Meta(pattern=r"^[a-z0-9][a-z0-9._:-]{1,78}$")] | None = None
    kept_until: Annotated[datetime, msgspec.Meta(tz=True)] | None = None

    def check(self, issuer: str, now: datetime) -> None:
        """Raises BadStatement."""
        if self.aud != issuer:
            raise BadStatement(f"aud must be {issuer}")
        if not abs(now.timestamp() - self.iat) <= FRESH_FOR.total_seconds():
            raise BadStatement("iat must be of the last hour")
        if self.outcome == "deleted":
            if self.legal_basis is not None or self.kept_until is not None:
                raise BadStatement("legal_basis and kept_until belong to what is kept")
            return
        if self.legal_basis is None or self.kept_until is None:
            raise BadStatement("legal_basis and kept_until must say on what ground and until when it is kept")
        if not now < self.kept_until <= now + LONGEST_KEPT:
            raise BadStatement("kept_until must be a moment to come, at most fifty years ahead")


@dataclass(frozen=True)
class Said:
    """A statement that a client signed: by whom, for whom, what, and as it came."""

    requester: RequesterId
    client: UUID
    claims: dict[str, Any]
    statement: str


def read_claims(claims: dict[str, Any]) -> Claims:
    """The claims as a type. Raises BadStatement naming the claim."""
    try:
        return msgspec.convert(claims, Claims)
    except msgspec.ValidationError as error:
        raise BadStatement(str(error)) from None


async def answer(session: Session, said: Said, order: UUID, *, issuer: str) -> str:
    """Keep what a requester says about an order; returns the outcome. Records ``deletion.answered``.

    What was kept may be deleted later, by another statement; what was deleted stays so. The same statement again
    changes nothing. It is for the client that holds the data to say so, and for another one of its organisation once
    that one was given up. Raises BadStatement, NotFound for another's order, Conflict, Tampered.
    """
    claims = read_claims(said.claims)
    row = await _of(session, said.requester, order)
    if said.client != row.client_id and not await is_given_up(session, row.client_id):
        raise NotFound("There is no such order.")
    if claims.order != ids.public(ids.DELETION, row.id):
        raise BadStatement("order must name the order it is handed in for")
    claims.check(issuer, session.now)
    held = digest(said.statement.encode())
    if await _is_known(session, row, held):
        return str(row.outcome)
    if row.outcome == "deleted":
        raise Conflict("You have said that all of it is deleted: nothing can be kept any more.")
    session.add(_row(session, row, said, held))
    row.state, row.outcome, row.answered_at = ANSWERED, claims.outcome, session.now
    row.basis, row.kept_until = claims.legal_basis, claims.kept_until
    await session.flush()
    event = Event(
        name="deletion.answered",
        actor=by_requester(said.requester),
        requester=said.requester,
        declaration=row.declaration_id,
        outcome=claims.outcome,
        reason=claims.legal_basis,
        ref=ids.public(ids.DELETION, row.id),
        digest=held,
    )
    await log.append(session, event, person=row.person_id)
    return claims.outcome


async def record_refusal(session: Session, said: Said, why: VaultError) -> None:
    """Write down that a known requester's statement was refused."""
    actor = by_requester(said.requester)
    event = Event(name="deletion.refused", actor=actor, requester=said.requester, reason=why.name)
    await log.append(session, event)


async def _of(session: Session, requester: RequesterId, order: UUID) -> DeletionOrder:
    """By its number and requester: a requester does not know whose it is. Locked."""
    mine = (DeletionOrder.requester_id == requester, DeletionOrder.id == order)
    person = (await session.execute(sa.select(DeletionOrder.person_id).where(*mine))).scalar_one_or_none()
    if person is None:
        raise NotFound("There is no such order.")
    row = await session.get(DeletionOrder, (person, order), with_for_update=True, populate_existing=True)
    if row is None:
        raise NotFound("There is no such order.")
    return row


async def _is_known(session: Session, row: DeletionOrder, held: bytes) -> bool:
    same = sa.select(DeletionStatement.id).where(
        DeletionStatement.person_id == row.person_id,
        DeletionStatement.order_id == row.id,
        DeletionStatement.digest == held,
    )
    return (await session.execute(same)).first() is not None


def _row(session: Session, row: DeletionOrder, said: Said, held: bytes) -> DeletionStatement:
    return DeletionStatement(
        person_id=row.person_id,
        id=ids.new_uuid(),
        order_id=row.id,
        client_id=said.client,
        statement=said.statement,
        digest=held,
        at=session.now,
    )
