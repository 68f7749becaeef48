"""A bank with members, made through public acts."""

import itertools
from dataclasses import dataclass
from uuid import UUID

import msgspec
import sqlalchemy as sa

from tests.requesters.samples import application
from tests.requesters.world import Staff, both_approve, cheap_doorway
from vault import ids
from vault.db import LEDGER, Database
from vault.ids import RequesterId
from vault.organisations.inviting import invite
from vault.organisations.joining import Newcomer, Ticket, join
from vault.requesters.applications import read_application
from vault.requesters.uscc import check_character
from vault.signin import Attempt, Holder, prepare, sign_in
from vault.vetting.desk import Applied, apply

PASSWORD = "correct horse battery staple"
_serial = itertools.count(1)


@dataclass
class Bank:
    """An organisation, its client, its first member, and the application that let it in."""

    db: Database
    id: RequesterId
    client_id: UUID
    applied: Applied
    administrator: Holder

    async def member(self, *roles: str, by: Holder | None = None) -> Holder:
        """Somebody joins by an invitation of the administrator's and signs in."""
        invited = await self.db.run(invite, by or self.administrator, list(roles))
        return await joined(self.db, Ticket(ids.public(ids.INVITATION, invited.id), invited.token))


async def joined(db: Database, ticket: Ticket) -> Holder:
    """Somebody new uses a ticket and signs in."""
    login, door = f"member-{next(_serial)}-x", cheap_doorway(db)
    newcomer = Newcomer("李雷", login, await prepare(door, PASSWORD))
    await db.run(join, ticket, newcomer)
    return await entered(db, login)


async def entered(db: Database, login: str, password: str = PASSWORD) -> Holder:
    """A member signs in."""
    return (await sign_in(db, cheap_doorway(db), Attempt("member", login, password, "127.0.0.1"))).holder


def new_uscc() -> str:
    """A code nobody has used."""
    first = f"91350100M{next(_serial):08}"
    return first + check_character(first)


async def let_in(db: Database, staff: Staff) -> tuple[Applied, RequesterId, UUID]:
    """A bank applies and both officers approve."""
    applied = await db.run(apply, read_application(application(organisation__uscc=new_uscc())))
    decided = await both_approve(db, staff, applied.id)
    assert decided.requester is not None
    assert decided.client_id is not None
    return applied, decided.requester, decided.client_id


async def opened_bank(db: Database, staff: Staff) -> Bank:
    """A bank whose first member has joined."""
    applied, requester, client_id = await let_in(db, staff)
    first = await joined(db, Ticket(ids.public(ids.APPLICATION, applied.id), applied.status_token))
    return Bank(db, requester, client_id, applied, first)


async def recorded(db: Database, event: str) -> list[dict[str, object]]:
    """The members of every entry of that name that waits in the outbox, oldest first."""

    async with db.begin(LEDGER) as session:
        rows = await session.execute(sa.text("SELECT draft FROM ledger_outbox ORDER BY id"))
        found = [msgspec.json.decode(bytes(row.draft)) for row in rows]
    return [each for each in found if each["event"] == event]
