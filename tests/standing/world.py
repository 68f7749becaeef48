"""A bank with everything a requester can hold, and two workers of one installation that it may come to."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any, Final

import sqlalchemy as sa

from tests.authserver.bank import Bank
from tests.consent.world import Consents
from tests.profile.world import CONTACT, IDENTITY, Administrator, World
from tests.release.world import Releases, running
from tests.requesters.registered import Registered
from tests.requesters.samples import application
from vault import ids
from vault.authserver.errors import OAuthError
from vault.authserver.par import Pushed
from vault.authserver.resource import ResourceGate
from vault.authserver.server import AuthServer
from vault.authserver.service_tokens import QUERY, REVOKE
from vault.clock import FixedClock
from vault.consent import withdraw
from vault.db import Database, Session
from vault.errors import NotFound, Refused
from vault.ledger.events import requester as by_requester
from vault.ledger.follower import Receipts
from vault.release.engine import ReleaseEngine
from vault.requesters import published
from vault.requesters.activation import reserve
from vault.requesters.applications import read_application
from vault.requesters.measures import Act, surrender
from vault.requesters.standing import Capability, State
from vault.requesters.states import check_may
from vault.requesters.tables import Client, DeclarationRow, PermitRow, Requester

ENDED: Final = {State.REVOKED, State.SURRENDERED}


@dataclass
class Worker:
    """One process of the installation: its own connections, its own memory."""

    bank: Bank
    releases: Releases


@dataclass
class Trade:
    """What was begun while everything was in force: an access token, a refresh token, a code, two opened requests."""

    one: Worker
    other: Worker
    registered: Registered
    access: str
    refresh: str
    code: str
    opened: Pushed
    grant: str

    async def disclose(self, worker: Worker, token: str | None = None) -> bool:
        """A release with the token from before."""
        return await _works(worker.releases.release(token or self.access))

    async def tokens(self, worker: Worker) -> set[bool]:
        """A refresh, and a code."""
        refreshed = await _works(worker.bank.refresh(self.refresh))
        return {refreshed, await _works(worker.bank.redeem(self.code))}

    async def consent(self, worker: Worker) -> set[bool]:
        """A new request; and opening the page of, and allowing, one that was pushed before."""
        pushed = await _works(worker.bank.push())
        return {pushed, await _works(worker.bank.open(self.opened))}

    async def works(self, worker: Worker, capability: Capability) -> bool:
        """Whether this works now, tried where it is done."""
        db, requester = worker.bank.db, self.registered.requester
        match capability:
            case Capability.DISCLOSE:
                return await self.disclose(worker)
            case Capability.CONSENT:
                return _agreed(await self.consent(worker))
            case Capability.TOKENS:
                return _agreed(await self.tokens(worker))
            case Capability.WITHDRAWAL:
                grant = ids.parse(ids.GRANT, self.grant)
                done = await db.run(withdraw, worker.releases.consents.person, grant)
                return done.status == "withdrawn"
            case Capability.LISTED:
                return await _works(db.run(published.organisation, requester))
            case Capability.DECLARING:
                return await _works(db.run(self._reserve))
            case Capability.GIVING_UP | Capability.INTROSPECTION:
                return await self._as_caller(worker, capability)
            case _:
                return await _works(db.run(check_may, requester, capability))

    async def _reserve(self, session: Session) -> None:
        """What the first approval of a new declaration does."""
        owner = await session.get_one(Requester, self.registered.requester)
        await reserve(session, read_application(application(organisation__uscc=owner.uscc)).organisation)

    async def _as_caller(self, worker: Worker, capability: Capability) -> bool:
        """A token for exactly this, as the endpoints of grants take it."""
        scope = {Capability.GIVING_UP: REVOKE, Capability.INTROSPECTION: QUERY}[capability]
        return await _works(worker.bank.ask({"grant_type": "client_credentials", "scope": scope}))

    async def become(self, state: State, *, single: bool = False) -> None:
        """Bring the requester, or its one declaration, there: by acts, where acts lead there."""
        acts: dict[State, Act] = {State.SUSPENDED: "suspend", State.REVOKED: "revoke"}
        if state in acts:
            await self.registered.done(acts[state], single=single)
        elif state is State.SURRENDERED:
            owner = self.registered.requester
            declared = self.registered.declaration if single else None
            by = by_requester(owner)
            await self.registered.db.run(surrender, owner, reason="we close", by=by, declaration=declared)
        elif state is not State.ACTIVE:
            await self.registered.db.run(self._by_hand, state, single)

    async def _by_hand(self, session: Session, state: State, single: bool) -> None:
        """Where time or a first officer alone leads: the rows as they would be."""
        row: Any = await session.scalar(sa.select(DeclarationRow if single else Requester))
        if state is State.APPLIED:
            row.status = state
        elif state is State.EXPIRED:
            row.valid_until = session.now - timedelta(seconds=1) if not single else session.now
        else:
            row.valid_from = session.now + timedelta(minutes=1)

    async def statuses(self) -> set[str]:
        """Every kept status of the whole chain."""
        async with self.registered.db.begin() as session:
            tables: tuple[Any, ...] = (Requester, DeclarationRow, PermitRow, Client)
            return {str(await session.scalar(sa.select(table.status))) for table in tables}


def _agreed(tries: set[bool]) -> bool:
    assert len(tries) == 1, "the ways of doing it disagree"
    return tries.pop()


async def _works(trying: Any) -> bool:
    try:
        await trying
    except (OAuthError, Refused, NotFound):
        return False
    return True


@asynccontextmanager
async def trading(database: Database, database_url: str, clock: FixedClock) -> AsyncIterator[Trade]:
    """Everything begun, on both workers' installation; the ledger must hold at the end."""
    world = await World.founded(database)
    bank = await Bank.let_in(world, AuthServer(issuer="https://vault.example", database=database))
    consents = Consents(world, await world.person(), bank.decided)
    await world.write(consents.person, "identity", IDENTITY)
    await world.write(consents.person, "contact", CONTACT)
    async with running(consents, clock, Administrator(database_url)) as releases:
        releases.key, releases.server = bank.dpop, bank.server
        issued = await bank.redeem(await bank.code(consents.person))
        opened = await bank.push()
        await bank.open(opened)
        one = Worker(bank, releases)
        async with _second(one, database_url) as other:
            yield Trade(
                one=one,
                other=other,
                registered=Registered(database, world.staff, bank.decided),
                access=issued.access_token,
                refresh=str(issued.refresh_token),
                code=await bank.code(consents.person),
                opened=opened,
                grant=issued.grant_id,
            )


@asynccontextmanager
async def _second(one: Worker, database_url: str) -> AsyncIterator[Worker]:
    db = one.bank.db
    database = Database(database_url, db.ring, db.clock)
    server = AuthServer(issuer=one.bank.server.issuer, database=database)
    receipts = Receipts(database, one.releases.signer.keys)
    following = asyncio.create_task(receipts.run())
    engine = await ReleaseEngine.over(database, receipts, ResourceGate(server))
    try:
        yield Worker(replace(one.bank, server=server), replace(one.releases, engine=engine, server=server))
    finally:
        following.cancel()
        await asyncio.gather(following, return_exceptions=True)
        await database.close()
