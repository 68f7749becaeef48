"""Hourly keys: made once an hour, usable for two, gone after."""

import asyncio
from datetime import timedelta

import pytest

from tests.conftest import fresh_ring
from tests.profile.world import Administrator
from vault.authserver.hygiene import delete_ended_requests
from vault.authserver.replay import forget_old_proofs, see
from vault.authserver.server import AuthServer
from vault.authserver.token_keys import KeyCache, NoTokenKey, current_key, delete_old_keys, usable_keys
from vault.clock import FixedClock
from vault.db import Database
from vault.errors import CannotOpen


@pytest.fixture
def administrator(database_url: str) -> Administrator:
    return Administrator(database_url)


async def test_all_workers_get_the_same_key(database: Database) -> None:
    """Of several that need it first at once, one makes it."""
    keys = await asyncio.gather(*(database.run(current_key) for _ in range(6)))
    assert len({(key.id, key.key) for key in keys}) == 1


async def test_a_new_hour_a_new_key(database: Database, clock: FixedClock) -> None:
    """The old one still opens for an hour, then is nowhere: not in the database, not in the process."""
    cache = KeyCache()
    first = await cache.current(database)
    assert await cache.current(database) is first
    clock.move(timedelta(hours=1))
    second = await cache.current(database)
    assert second.id != first.id
    assert (await cache.get(database, first.id)).key == first.key
    clock.move(timedelta(hours=1))
    assert await database.run(delete_old_keys) == 1
    for place in (cache, KeyCache()):
        with pytest.raises(NoTokenKey):
            await place.get(database, first.id)
    assert [key.id for key in await database.run(usable_keys)] == [second.id]


async def test_time_decides_not_the_sweep(database: Database, clock: FixedClock) -> None:
    """A key past its two hours does not open even while its row is still there."""
    first = await database.run(current_key)
    clock.move(timedelta(hours=2))
    with pytest.raises(NoTokenKey):
        await KeyCache().get(database, first.id)


@pytest.mark.parametrize(
    "edit",
    [
        "delete_after = delete_after + interval '1 year'",
        "valid_from = valid_from - interval '1 minute'",
        "id = gen_random_uuid()",
    ],
)
async def test_a_longer_life_does_not_open(database: Database, administrator: Administrator, edit: str) -> None:
    """The times are bound to the wrapped key."""
    await database.run(current_key)
    await administrator.execute(f"UPDATE token_keys SET {edit}")
    with pytest.raises(CannotOpen):
        await database.run(usable_keys)


async def test_the_wrapped_key_needs_the_ring(database: Database, administrator: Administrator) -> None:
    """The database alone opens nothing."""
    key = await database.run(current_key)
    [row] = await administrator.rows("SELECT wrapped FROM token_keys")
    assert key.key not in row["wrapped"]
    assert fresh_ring().derive("token-keys", b"x") != database.ring.derive("token-keys", b"x")


async def test_a_proof_is_new_once(database: Database, clock: FixedClock) -> None:
    """Two connections, one hash: one of them is told that it is new; another hash is new for both."""
    end = clock.now() + timedelta(seconds=90)
    pool = await database.pool()
    async with pool.acquire() as one, pool.acquire() as two:
        both = await asyncio.gather(see(one, [(b"a" * 32, end)]), see(two, [(b"a" * 32, end)]))
        assert sorted(len(fresh) for fresh in both) == [0, 1]
        assert await see(one, [(b"a" * 32, end), (b"b" * 32, end)]) == {b"b" * 32}
        assert await see(one, []) == set()


async def test_old_proofs_are_forgotten(database: Database, clock: FixedClock) -> None:
    """Once too old to be presented; not a second before."""
    pool = await database.pool()
    async with pool.acquire() as connection:
        await see(connection, [(b"a" * 32, clock.now() + timedelta(seconds=90))])
    clock.move(timedelta(seconds=89))
    assert await database.run(forget_old_proofs) == 0
    clock.move(timedelta(seconds=1))
    assert await database.run(forget_old_proofs) == 1


async def test_tidying_an_empty_house(database: Database) -> None:
    """Nothing to delete is no error."""
    assert await database.run(delete_ended_requests) == 0
    assert AuthServer(issuer="https://vault.example", database=database).token_url.startswith("https://")
