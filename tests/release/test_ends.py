"""No is no, at once: whatever ends, however late, the very next release is refused."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

import asyncpg
import pytest
import sqlalchemy as sa

from tests.release.world import Releases
from vault.accounts.tables import Person
from vault.consent import withdraw
from vault.db import Guarded, Session
from vault.errors import VaultError
from vault.ids import GrantId, PersonId
from vault.release.refusals import GrantEnded
from vault.requesters.liveness import NotLive
from vault.requesters.tables import Client, DeclarationRow, PermitRow, Requester

SUSPENDED: dict[str, type[Guarded]] = {
    "client": Client,
    "requester": Requester,
    "declaration": DeclarationRow,
    "permit": PermitRow,
    "person": Person,
}


async def suspend(releases: Releases, what: str) -> None:
    """The registry stops it: the row changes by whoever may write its MAC."""

    async def act(session: Session) -> None:
        for row in (await session.execute(sa.select(SUSPENDED[what]))).scalars():  # a client's sandbox too
            row.status = "suspended"  # type: ignore[attr-defined]  # each of the five has a status

    await releases.consents.db.run(act)


async def shorten(releases: Releases, what: str) -> None:
    """Its validity ends in a minute."""

    async def act(session: Session) -> None:
        row = (await session.execute(sa.select(SUSPENDED[what]))).scalars().one()
        row.valid_until = session.now + timedelta(minutes=1)  # type: ignore[attr-defined]  # each of the three has one

    await releases.consents.db.run(act)


@asynccontextmanager
async def between_load_and_record(releases: Releases) -> AsyncIterator[None]:
    """While the block runs, a release may load and cannot record: the table it must write is locked."""
    connection = await asyncpg.connect(releases.administrator.url)
    try:
        async with connection.transaction():
            await connection.execute("LOCK TABLE grant_uses IN SHARE MODE")
            yield
    finally:
        await connection.close()


async def is_waiting(releases: Releases) -> None:
    """Until the release under way waits for a lock."""
    query = "SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE '%WITH held%'"
    for _ in range(500):
        if await releases.administrator.rows(query):
            return
        await asyncio.sleep(0.01)
    raise AssertionError("no release is waiting")


@pytest.mark.parametrize("what", SUSPENDED)
async def test_what_is_suspended_stops_the_next_release(releases: Releases, what: str) -> None:
    """Client, requester, declaration, permit, person: each alone is enough, and the refusal is an entry."""
    token = await releases.token(await releases.given())
    await releases.values(token)
    await suspend(releases, what)
    with pytest.raises(GrantEnded if what == "person" else NotLive):
        await releases.release(token)
    reasons = [entry["reason"] for entry in await releases.entries("release.refused")]
    assert reasons == ["account_closed" if what == "person" else f"{what}-suspended"]


@pytest.mark.parametrize("what", ["requester", "declaration", "permit"])
async def test_what_expires_stops_the_next_release(releases: Releases, what: str) -> None:
    """Validity ends by the clock, without anybody doing anything."""
    token = await releases.token(await releases.given())
    await shorten(releases, what)
    await releases.values(token)
    releases.later(minutes=1)
    with pytest.raises(NotLive):
        await releases.release(token)


async def test_a_withdrawal_stops_the_next_release(releases: Releases) -> None:
    """The tokens are dead, although they are current and nobody took them back."""
    given = await releases.given()
    token = await releases.token(given)
    await releases.values(token)
    await releases.consents.db.run(withdraw, releases.consents.person, given.grant)
    for _ in range(2):
        with pytest.raises(GrantEnded):
            await releases.release(token)
    assert {entry["reason"] for entry in await releases.entries("release.refused")} == {"withdrawn"}


@pytest.mark.parametrize("what", SUSPENDED)
async def test_what_is_suspended_between_load_and_record_stops_this_release(releases: Releases, what: str) -> None:
    """Everything was live when it was loaded; the statement that records finds that it is not."""
    given = await releases.given()
    token = await releases.token(given)
    async with between_load_and_record(releases):
        under_way = asyncio.create_task(releases.release(token))
        await is_waiting(releases)
        await suspend(releases, what)
    with pytest.raises(VaultError) as refused:
        await under_way
    assert isinstance(refused.value, GrantEnded | NotLive)
    assert await releases.uses(given) == 0
    assert await releases.entries("release.delivered") == []


async def test_a_withdrawal_between_load_and_record_stops_this_release(releases: Releases) -> None:
    """The person was faster."""
    given = await releases.given()
    token = await releases.token(given)
    async with between_load_and_record(releases):
        under_way = asyncio.create_task(releases.release(token))
        await is_waiting(releases)
        await releases.consents.db.run(withdraw, releases.consents.person, given.grant)
    with pytest.raises(GrantEnded):
        await under_way
    assert await releases.uses(given) == 0
    assert await releases.entries("release.delivered") == []


async def test_a_withdrawal_under_way_is_waited_for(releases: Releases) -> None:
    """A release that comes while the withdrawal holds the grant's lock waits for it, and is refused."""
    given = await releases.given()
    token = await releases.token(given)
    async with releases.consents.db.begin() as session:
        await withdraw(session, releases.consents.person, given.grant)
        under_way = asyncio.create_task(releases.release(token))
        await is_waiting(releases)
    with pytest.raises(GrantEnded):
        await under_way
    assert await releases.entries("release.delivered") == []


async def test_expiry_between_load_and_record_stops_this_release(releases: Releases) -> None:
    """The clock passes the end of the grant while the release waits; trying again, it sees."""
    given = await releases.given()
    token = await releases.token(given)
    async with between_load_and_record(releases):
        under_way = asyncio.create_task(releases.release(token))
        await is_waiting(releases)
        releases.clock.at = given.expires_at
        await _touch(releases, given.grant)
    with pytest.raises(GrantEnded):
        await under_way


async def _touch(releases: Releases, grant: GrantId) -> None:
    """Anything that changes the grant's row makes the release look again."""

    async def act(session: Session) -> None:
        from vault.consent.standing import end_tokens

        await end_tokens(session, PersonId(releases.consents.person.id), grant)

    await releases.consents.db.run(act)


async def test_what_took_long_is_checked_once_more_before_it_leaves(releases: Releases) -> None:
    """The release holds a snapshot from before the suspension and waits for the grant's lock: it is recorded, and
    yet nothing is sent."""
    given = await releases.given()
    token = await releases.token(given)
    connection = await asyncpg.connect(releases.administrator.url)
    async with connection.transaction():
        await connection.execute("SELECT FROM grants WHERE id = $1 FOR UPDATE", given.grant)
        under_way = asyncio.create_task(releases.release(token))
        await is_waiting(releases)
        await suspend(releases, "requester")
        await asyncio.sleep(1.1)
    await connection.close()
    with pytest.raises(NotLive):
        await under_way


async def test_withdrawals_while_releases_rain_let_none_through_afterwards(releases: Releases) -> None:
    """Forty requests while the person withdraws: whoever asked after the withdrawal had answered gets nothing."""
    given = await releases.given()
    token = await releases.token(given)
    before = [asyncio.create_task(releases.release(token)) for _ in range(20)]
    await releases.consents.db.run(withdraw, releases.consents.person, given.grant)
    after = await asyncio.gather(*(releases.release(token) for _ in range(20)), return_exceptions=True)
    assert all(isinstance(each, GrantEnded) for each in after)
    await asyncio.gather(*before, return_exceptions=True)
    withdrawn = (await releases.entries("grant.withdrawn"))[0]["index"]
    delivered = [entry["index"] for entry in await releases.entries("release.delivered")]
    assert len(delivered) == await releases.uses(given)
    assert all(index < withdrawn for index in delivered)
