"""Places in the token status lists: random, never given twice, dead with what they stand for."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

from tests.consent.changing import FIRST, before, changed
from tests.consent.world import Consents, choice
from tests.profile.world import Administrator, together
from vault.consent import Given, withdraw
from vault.consent.standing import end_tokens, standing
from vault.consent.status import SIZE, allocate, decoys
from vault.db import Database, Session
from vault.ids import PersonId, new_uuid

Place = tuple[Any, int]


async def place_of(consents: Consents, given: Given) -> Place:
    """Where the grant's tokens stand now."""
    held = await consents.db.run(standing, PersonId(consents.person.id), given.grant)
    assert held.status is not None
    return held.status


async def values(administrator: Administrator) -> dict[int, int]:
    """What the rows say: index → value."""
    return {row["idx"]: row["value"] for row in await administrator.rows("SELECT idx, value FROM status_entries")}


def test_half_of_a_list_are_decoys() -> None:
    """They depend on the seed alone, and each seems to end at some moment of the list's life."""
    one, other = decoys(b"1" * 32), decoys(b"2" * 32)
    assert one == decoys(b"1" * 32)
    assert one.keys() != other.keys()
    assert 0.47 < len(one) / SIZE < 0.53
    assert all(0 <= moment < 1 for moment in one.values())
    assert 0.4 < sum(one.values()) / len(one) < 0.6


async def test_no_index_is_given_twice(database: Database) -> None:
    """Not one after the other, not at the same time, and never a decoy."""

    async def several(session: Session) -> list[Place]:
        return [await allocate(session, new_uuid(), session.now + timedelta(days=1)) for _ in range(20)]

    def act() -> Awaitable[list[Place]]:
        return database.run(several)

    acts: list[Callable[[], Awaitable[list[Place]]]] = [act] * 4
    outcomes = await together(*acts)
    drawn = [place for each in outcomes if isinstance(each, list) for place in each]
    assert len(drawn) == len(set(drawn)) == 80
    assert len({index for _, index in drawn}) > 70
    assert [index for _, index in drawn] != sorted(index for _, index in drawn)


async def test_a_full_list_is_closed(database: Database, administrator: Administrator) -> None:
    """What is full gets no more, and its indexes stay taken: another list is opened."""

    async def one(session: Session) -> Place:
        return await allocate(session, new_uuid(), session.now + timedelta(days=1))

    first, _ = await database.run(one)
    await administrator.execute(
        "INSERT INTO status_entries (list_id, idx, client_id, value, until, version, mac) "
        f"SELECT '{first}', n, gen_random_uuid(), 0, now(), 1, '\\x00' FROM generate_series(0, {SIZE - 1}) n "
        "ON CONFLICT DO NOTHING"
    )
    second, _ = await database.run(one)
    assert second != first
    (row,) = await administrator.rows("SELECT closed_at FROM status_lists WHERE id = $1", first)
    assert row["closed_at"] is not None


async def test_what_ends_tokens_shows(consents: Consents, administrator: Administrator) -> None:
    """Tokens ended: the place says so for good, and the next tokens stand somewhere else. So after a change; and after
    a withdrawal nothing of it holds."""
    given = await consents.given(choice(*FIRST), items=FIRST)
    places = [await place_of(consents, given)]
    await consents.db.run(end_tokens, PersonId(consents.person.id), given.grant)
    places.append(await place_of(consents, given))
    await changed(consents, "merge", await before(consents, given.grant), FIRST)
    places.append(await place_of(consents, given))
    said = await values(administrator)
    assert [said[index] for _, index in places] == [1, 1, 0]
    assert len(set(places)) == 3
    await consents.db.run(withdraw, consents.person, given.grant, None)
    assert set((await values(administrator)).values()) == {1}
