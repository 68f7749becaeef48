"""A database that cannot write, and clocks that jump: refusals and no lies, and afterwards everything goes on."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

import asyncpg
import pytest

from tests.release.officers import NUMBER, ask_for_number, decide
from tests.release.world import Releases
from vault.authserver.errors import InvalidToken
from vault.consent import Given
from vault.errors import Unavailable
from vault.release.refusals import ApprovalLapsed, TooOften

FULL = """
CREATE FUNCTION no_room() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN RAISE EXCEPTION 'could not extend file: No space left on device' USING ERRCODE = 'disk_full'; END $$
"""


@asynccontextmanager
async def no_room_in(releases: Releases, table: str) -> AsyncIterator[None]:
    """While the block runs, whoever writes to the table hears what a full disk says (SQLSTATE 53100)."""
    await releases.administrator.execute(FULL)
    await releases.administrator.execute(
        f"CREATE TRIGGER full_disk BEFORE INSERT OR UPDATE ON {table} FOR EACH STATEMENT EXECUTE FUNCTION no_room()"
    )
    try:
        yield
    finally:
        await releases.administrator.execute("DROP FUNCTION no_room CASCADE")


@asynccontextmanager
async def read_only(releases: Releases) -> AsyncIterator[None]:
    """While the block runs, every connection finds the database read-only, as after a failover to a standby."""
    (row,) = await releases.administrator.rows("SELECT current_database() AS name")
    name = row["name"]
    await releases.administrator.execute(f'ALTER DATABASE "{name}" SET default_transaction_read_only = on')
    await _reconnect(releases)
    try:
        yield
    finally:
        connection = await asyncpg.connect(
            releases.administrator.url, server_settings={"default_transaction_read_only": "off"}
        )
        await connection.execute(f'ALTER DATABASE "{name}" RESET default_transaction_read_only')
        await connection.close()
        await _reconnect(releases)


async def _reconnect(releases: Releases) -> None:
    await releases.administrator.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
        "WHERE datname = current_database() AND pid <> pg_backend_pid()"
    )


async def delivered(releases: Releases, token: str, key: str) -> dict[str, object]:
    """The release under this key, asked for until there is an answer, as integrators are told to."""
    for _ in range(100):
        try:
            return await releases.values(token, key=key)
        except Unavailable:
            await asyncio.sleep(0.05)
    raise AssertionError("nothing was delivered after the fault had ended")


@pytest.mark.parametrize("table", ["releases", "grant_uses", "ledger_outbox", "seen_proofs"])
async def test_a_full_disk_when_recording(releases: Releases, given: Given, table: str) -> None:
    """Whichever part of the record finds no room: nothing is sent, nothing is counted, nothing is in the ledger."""
    general = await releases.given()
    token = await releases.token(general)
    async with no_room_in(releases, table):
        with pytest.raises(Unavailable):
            await releases.release(token, key="again")
    assert await releases.uses(general) == 0
    assert await releases.entries("release.delivered") == []
    assert await delivered(releases, token, "again")
    assert await releases.uses(general) == 1
    assert len(await releases.entries("release.delivered")) == 1


async def test_a_full_disk_when_sequencing(releases: Releases) -> None:
    """Recorded, and no room for the entry in the tree: nothing is sent until there is, and then it is one entry."""
    general = await releases.given()
    token = await releases.token(general)
    async with no_room_in(releases, "ledger_heads"):
        with pytest.raises(Unavailable):
            await releases.release(token, key="again")
        assert await releases.uses(general) == 1
    assert await delivered(releases, token, "again")
    assert await releases.uses(general) == 1
    assert len(await releases.entries("release.delivered")) == 1
    assert (await releases.fsck()).holds


async def test_a_read_only_database(releases: Releases) -> None:
    """No release while nothing can be written; afterwards the same request is delivered, once."""
    general = await releases.given()
    token = await releases.token(general)
    async with read_only(releases):
        with pytest.raises(Unavailable):
            await releases.release(token, key="again")
    assert await delivered(releases, token, "again")
    assert await releases.uses(general) == 1
    assert len(await releases.entries("release.delivered")) == 1


async def test_a_clock_set_back(releases: Releases) -> None:
    """What was made in the future is refused, no limit begins anew, and the ledger grows on in its own order."""
    releases.later(hours=4)
    general = await releases.given(frequency={"per": "hour", "count": 2})
    token = await releases.token(general)
    for _ in range(2):
        await releases.values(token)
    releases.later(hours=-3)
    with pytest.raises(InvalidToken):
        await releases.release(token)
    earlier = await releases.token(general)
    with pytest.raises(TooOften):
        await releases.release(earlier)
    moments = [entry["at"] for entry in await releases.entries("release.delivered")]
    assert len(moments) == 2
    assert (await releases.fsck()).holds


async def test_a_clock_set_forward(releases: Releases) -> None:
    """A token of before is over, as anybody's would be; a new one works, and so it does once the clock is right."""
    general = await releases.given()
    token = await releases.token(general)
    releases.later(hours=2)
    with pytest.raises(InvalidToken):
        await releases.release(token)
    assert await releases.values(await releases.token(general))
    releases.later(hours=-2)
    assert await releases.values(token)
    entries = await releases.entries("release.delivered")
    assert entries[0]["at"] - entries[1]["at"] == timedelta(hours=2) // timedelta(milliseconds=1)
    assert [entry["index"] for entry in entries] == sorted(entry["index"] for entry in entries)
    assert (await releases.fsck()).holds


async def test_an_approval_does_not_grow_younger(releases: Releases, given: Given) -> None:
    """Fresh for an hour by the clock of when it was given: set back beyond that, it opens nothing; set right, it does;
    set forward, it is over, as anybody's would be."""
    releases.later(hours=4)
    token = await releases.token(given)
    await decide(releases, await ask_for_number(releases, token))
    for hours in (-3, 2):
        releases.later(hours=hours)
        with pytest.raises(ApprovalLapsed):
            await releases.release(await releases.token(given), NUMBER, key="once")
        releases.later(hours=-hours)
    assert (await releases.values(token, NUMBER, key="once"))[NUMBER]
