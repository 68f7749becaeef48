"""Searching by postings finds what reading every entry would, whatever is indexed already."""

import itertools
from collections import Counter
from collections.abc import Mapping
from typing import Any

import asyncpg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.ledger.world import BANK, FOUNDED, SHOP, Log, released
from vault import ids
from vault.db import REGULATOR
from vault.errors import Tampered
from vault.ledger import searching
from vault.ledger.events import Event, Item, requester
from vault.ledger.indexing import index_next
from vault.ledger.postings import BLOCK, HOUR_MS, decode, encode, places
from vault.ledger.searching import Sieve
from vault.ledger.tallying import Cell, counted

WIDTH = 256
BANKS = [ids.public(ids.REQUESTER, each) for each in (BANK, SHOP)]
FILTERS: list[Mapping[str, frozenset[str]]] = [
    {},
    {"requester": frozenset({BANKS[0]})},
    {"purpose": frozenset({"insurance.claim"})},
    {"event": frozenset({"release.refused"})},
    {"item": frozenset({"contact.address"})},
    {"reason": frozenset({"over_asked"})},
    {"purpose": frozenset({""})},
    {"requester": frozenset(BANKS), "item": frozenset({"contact.address", "identity.name"})},
    {
        "requester": frozenset({BANKS[1]}),
        "item": frozenset({"contact.address"}),
        "event": frozenset({"release.refused"}),
    },
    {"requester": frozenset({"req_" + "0" * 32})},
]


def refused(items: tuple[str, ...]) -> Event:
    return Event(
        name="release.refused",
        actor=requester(SHOP),
        requester=SHOP,
        reason="over_asked",
        items=tuple(map(Item, items)),
    )


async def asked(log: Log, sieves: list[Sieve]) -> None:
    async with log.database.begin(REGULATOR) as session:
        for sieve in sieves:
            await searching.find(session, sieve)


async def filled(log: Log) -> list[dict[str, Any]]:
    """A ledger of two full blocks and some: everything in it, in order."""
    await log.fill(500)
    person, _ = await log.person()
    await log.record(FOUNDED)
    await log.record(*[refused(("contact.address",)), released(BANK, purpose="insurance.claim")] * 10, person=person)
    await log.drain()
    return await log.members()


@given(st.sets(st.integers(0, BLOCK - 1)))
def test_postings_round_trip(chosen: set[int]) -> None:
    """Any set of places comes back, highest first, in no more than one bit per entry."""
    stored = encode(sorted(chosen))
    assert list(places(decode(stored))) == sorted(chosen, reverse=True)
    assert len(stored) <= 1 + BLOCK // 8


@pytest.mark.parametrize("stored", [b"", b"\x00", b"\x03\x00", b"\x01\x00"])
def test_what_is_no_posting_is_refused(stored: bytes) -> None:
    """Unknown kinds and halves of places."""
    with pytest.raises(Tampered):
        decode(stored)


async def test_every_filter_finds_what_reading_would(log: Log) -> None:
    """None, one or two blocks indexed; alone, combined, with a period: the same entries in the same order."""
    members = await filled(log)
    start = members[-1]["at"]
    periods = [(None, None), (100, 300), (None, 255), (start, None), (start + 1, None)]
    for indexed in range(3):
        async with log.database.begin(REGULATOR) as session:
            for facets, (since, until) in itertools.product(FILTERS, periods):
                sieve = Sieve(facets, since, until)
                wanted = [each["index"] for each in reversed(members) if sieve.fits(each)]
                assert await searching.find(session, sieve, limit=1000) == wanted, (indexed, facets, since, until)
        assert await index_next(log.database, width=WIDTH) == (indexed < 2)


async def test_tallies_are_what_counting_would_give(log: Log) -> None:
    """By hour, event and reason, whatever is indexed already."""
    members = await filled(log)
    wanted = Counter(
        Cell(each["at"] // HOUR_MS, each["event"], each.get("reason", ""))
        for each in members
        if each["event"] in {"release.delivered", "release.refused"} and each.get("requester") == BANKS[1]
    )
    sieve = Sieve({"requester": frozenset({BANKS[1]})})
    for _ in range(3):
        async with log.database.begin(REGULATOR) as session:
            found = await counted(session, sieve, ["release.delivered", "release.refused"], ["release.refused"])
        assert found == wanted
        await index_next(log.database, width=WIDTH)


async def test_pages_follow_each_other_across_blocks(log: Log) -> None:
    """Every entry once, wherever a page ends."""
    members = await filled(log)
    while await index_next(log.database, width=WIDTH):
        pass
    sieve, seen = Sieve({"requester": frozenset({BANKS[0]})}), list[int]()
    async with log.database.begin(REGULATOR) as session:
        while page := await searching.find(session, sieve, before=seen[-1] if seen else None, limit=37):
            seen += page
        found = await searching.entries_at(session, seen[:5])
    assert seen == [each["index"] for each in reversed(members) if sieve.fits(each)]
    assert [each.members for each in found] == [members[index] for index in seen[:5]]


@pytest.mark.parametrize(
    "change",
    [
        "ledger_postings SET bits = '\\x01'::bytea WHERE facet = 'requester'",
        "ledger_postings SET value = 'x' WHERE facet = 'event'",
        "ledger_blocks SET last_at = 0",
    ],
)
async def test_edited_postings_are_refused(log: Log, change: str) -> None:
    """An administrator cannot make entries unfindable by writing something else into the index."""
    await log.fill(WIDTH)
    await log.drain()
    assert await index_next(log.database, width=WIDTH)
    connection = await asyncpg.connect(log.admin_url)
    await connection.execute(f"UPDATE {change}")
    await connection.close()
    sieves = [Sieve({"requester": frozenset({BANKS[0]})}), Sieve({"event": frozenset({"x"})})]
    with pytest.raises(Tampered):
        await asked(log, sieves)


async def test_what_is_not_in_the_tree_is_not_indexed(log: Log) -> None:
    """The index is made from leaves that the tiles have, or not at all."""
    await log.fill(WIDTH)
    await log.drain()
    connection = await asyncpg.connect(log.admin_url)
    await connection.execute("SET session_replication_role = replica")
    await connection.execute(
        "UPDATE ledger_bodies SET body = replace(encode(body, 'escape'), 'credit', 'crebit')::bytea, "
        "purpose = 'crebit.assessment' WHERE idx = 7"
    )
    await connection.close()
    with pytest.raises(Tampered):
        await index_next(log.database, width=WIDTH)
