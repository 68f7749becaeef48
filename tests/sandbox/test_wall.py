"""The rule itself, and consent, which asks it: real people and sandboxes never meet."""

from uuid import UUID

import asyncpg
import pytest

from tests.consent.world import asked, choice, declaration
from tests.organisations.world import new_uscc
from tests.profile.world import World
from tests.requesters.samples import application
from tests.requesters.world import cheap_doorway, let_in
from vault.consent import Given, Offer, check, give, parse
from vault.db import Database, Session
from vault.errors import Tampered
from vault.ids import PersonId, new_uuid
from vault.ledger.events import REGISTRY
from vault.profile.catalogue import catalogue
from vault.requesters import register
from vault.sandbox.persons import fresh_login, make
from vault.sandbox.wall import OtherSide, check_side, on_one_side
from vault.signin import Attempt, Holder, sign_in
from vault.vetting.decisions import Decided

OURS, THEIRS, CLIENT = new_uuid(), new_uuid(), new_uuid()


@pytest.mark.parametrize(
    ("test_of", "sandbox_of", "may_meet"),
    [
        (None, None, True),
        (OURS, CLIENT, True),
        (None, CLIENT, False),
        (OURS, None, False),
        (THEIRS, CLIENT, False),
        (THEIRS, None, False),
    ],
)
def test_the_rule(test_of: UUID | None, sandbox_of: UUID | None, may_meet: bool) -> None:
    """Real with real; made up with a sandbox of the same organisation; nothing else."""
    assert on_one_side(test_of, sandbox_of, OURS) is may_meet


async def _made_up(db: Database, bank: Decided) -> Holder:
    """Somebody made up for this bank, signed in."""
    door = cheap_doorway(db)
    login = await fresh_login(door)
    assert bank.requester is not None
    await db.run(make, bank.requester, login, by=REGISTRY)
    return (await sign_in(db, door, Attempt("person", login.login, login.password, "127.0.0.1"))).holder


async def _allow(session: Session, holder: Holder, client_id: UUID) -> Given:
    client = await register.client(session, client_id)
    declared = await register.declaration(session, client.declaration_id)
    return await give(
        session, holder, Offer(client, declared, check(parse(asked()), declared.body, catalogue())), choice()
    )


async def test_consent_stops_at_the_wall(database: Database, database_url: str) -> None:
    """Real person and sandbox, test person and production, test person and another's sandbox: none gives consent. And
    who was edited to the other side is refused as tampered with."""
    world = await World.founded(database)
    body = application(declaration=declaration())
    ours = await let_in(database, world.staff, body)
    theirs = await let_in(database, world.staff, application(declaration=declaration(), organisation__uscc=new_uscc()))
    real, made_up = await world.person(), await _made_up(database, ours)
    for holder, client_id in (
        (real, ours.sandbox),
        (made_up, ours.client_id),
        (made_up, theirs.sandbox),
        (made_up, theirs.client_id),
    ):
        assert client_id is not None
        with pytest.raises(OtherSide):
            await database.run(_allow, holder, client_id)
    assert ours.sandbox is not None
    given = await database.run(_allow, made_up, ours.sandbox)
    assert given.items
    administrator = await asyncpg.connect(database_url)
    await administrator.execute("UPDATE persons SET test_of = $1 WHERE person_id = $2", ours.requester, real.id)
    await administrator.execute("UPDATE clients SET sandbox_of = NULL WHERE id = $1", ours.sandbox)
    await administrator.close()
    async with database.begin() as session:
        with pytest.raises(Tampered):
            await register.client(session, ours.sandbox)
        assert ours.client_id is not None
        client = await register.client(session, ours.client_id)
        with pytest.raises(Tampered):
            await check_side(session, PersonId(real.id), client)
